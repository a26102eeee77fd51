import type { Answer, Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { isObject, object } from "../kernel/input.ts";
import { repr } from "../kernel/python.ts";
import type { Handler, Route } from "../kernel/service.ts";
import { actionBody } from "./bodies.ts";
import { bad, failed, noPath, notFound, versionHeaders } from "./errors.ts";
import { type Schema, validate } from "./schema.ts";
import { since } from "./versions.ts";

/** A path of the API, which stands with and without the project in it. `from` is the first minor microversion that has it. */
export function api(method: string, path: string, handle: Handler, from = 0): Route[] {
  const whole: Handler = async (call) => {
    const { project } = call.params;
    // between services the path names the project that it is about, and the caller is a service
    if (project !== undefined && project !== call.caller.projectId && !call.inner) throw bad("Malformed request url");
    const type = call.headers["content-type"];
    if (call.body !== undefined && type !== undefined && !type.includes("json"))
      throw new Refusal(415, "Unsupported Content-Type");
    if (!since(call, from)) throw noMethod();
    const answer = await handle(call);
    return {
      ...answer,
      headers: { "Content-Type": "application/json", ...versionHeaders(call.version), ...answer.headers },
    };
  };
  return [`/v3/{project}${path}`, `/v3${path}`].map((one) => ({ method, path: one, handle: whole }));
}

/** 404 of a method that this microversion does not have. */
export const noMethod = () => notFound("The resource could not be found.");

/** An answer without a body, as most deletes have it. */
export const empty = (status: number): Answer => ({ status, headers: { "Content-Type": "text/html; charset=UTF-8" } });

/** The body, judged by its schema; the wrapped part of it. Without a body cinder answers 500. */
export function bodyOf(call: Call, schema: Schema, name: string): Json {
  if (call.body === undefined) throw failed();
  validate(schema, call.body);
  return object(object(call.body)[name]);
}

/** What does one action: `POST /volumes/{id}/action`. `from` is its first minor microversion. */
export interface Action {
  readonly from?: number;
  run(call: Call, body: Json): Answer | Promise<Answer>;
}

/** Finds the action that a body names, judges the body and does it. */
export function act(
  call: Call,
  actions: Readonly<Record<string, Action>>,
  schemas: Readonly<Record<string, Schema>>,
): Answer | Promise<Answer> {
  const { body } = call;
  if (body === undefined) throw noAction(null);
  if (typeof body === "number" || typeof body === "boolean" || body === null) throw noMethod();
  if ((typeof body === "string" ? body.length : Object.keys(body).length) !== 1) throw bad("Malformed request body");
  if (!isObject(body)) throw noMethod();
  const name = Object.keys(body)[0]!;
  const action = Object.hasOwn(actions, name) ? actions[name] : undefined;
  const schema = schemas[name];
  if (!action || !schema) throw noAction(name);
  if (!since(call, action.from ?? 0)) throw noMethod();
  validate(actionBody(name, schema), body);
  return action.run(call, object(body[name]));
}

const noAction = (name: string | null) =>
  bad(`There is no such action: ${name ?? repr(null)}. Verify the request body and Content-Type header and try again.`);

/** The pages of paths that lead nowhere: below /v3 they need a token, elsewhere not. */
export function deadEnds(): Route[] {
  const handle = () => {
    throw noPath();
  };
  return ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"].flatMap((method) => [
    { method, path: "/v3/{rest*}", handle },
    { method, path: "/{rest*}", handle, public: true },
  ]);
}
