import { type Answer, atLeast, type Call, Refusal } from "../kernel/call.ts";
import { violationText } from "../kernel/python.ts";
import { type Schema, violationOf } from "../kernel/schema.ts";

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

const EXPLANATIONS: Record<number, string> = {
  400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
  403: "Access was denied to this resource.",
  404: "The resource could not be found.",
  406: "The resource could not be generated that was acceptable to your browser (content of type application/json. ",
  409: "There was a conflict when trying to complete your request.",
  413: "The body of your request was too large for this server.",
  500: "The server has either erred or is incapable of performing the requested operation.",
  503: "The server is currently unavailable. Please try again at a later time.",
};

/** Name of the header that asks for and tells a microversion. */
export const VERSION_HEADER = "openstack-api-version";

/** The microversion of an answer; nothing where the request's own was refused. */
export function versionHeader({ version: [major, minor] }: Pick<Call, "version">): Record<string, string> {
  return major === 0 ? {} : { [VERSION_HEADER]: `placement ${major}.${minor}` };
}

/** A refusal in Placement's form. */
export function refuse(refusal: Refusal, call: Pick<Call, "method" | "id" | "version">): Answer {
  const { status, type } = refusal;
  const usual = EXPLANATIONS[status] ?? refusal.message;
  const unknown = status === 404 && refusal.message === EXPLANATIONS[404];
  const message = type === "malformed" ? "Malformed JSON: Expecting value: line 1 column 1 (char 0)" : refusal.message;
  const detail =
    status === 405
      ? `The method ${call.method} is not allowed for this resource. \n\n The method specified is not allowed for this resource.`
      : status === 406
        ? `${usual}\n\n ${refusal.message}`
        : `${usual}\n\n ${unknown ? "" : message}  `;
  const code = atLeast(call, 1, 23) ? { code: type?.startsWith("placement.") ? type : "placement.undefined_code" } : {};
  const handled = call.version[0] > 0 && !unknown && !(refusal instanceof Bare);
  return {
    status,
    headers: { ...versionHeader(call), ...(handled ? { vary: VERSION_HEADER } : {}), ...refusal.headers },
    body: {
      errors: [{ status, title: TITLES[status] ?? "Error", detail, ...code, request_id: call.id, ...refusal.detail }],
    },
  };
}

/** 400. */
export function bad(message: string, type?: string): Refusal {
  return new Refusal(400, message, type === undefined ? {} : { type });
}

/** A refusal that the real Placement makes outside of its handlers: without `vary`. */
export class Bare extends Refusal {}

/** 404 of something. */
export function missing(message: string): Refusal {
  return new Refusal(404, message);
}

/** 404 of something, made outside of the handlers. */
export function lost(message: string): Refusal {
  return new Bare(404, message);
}

/** 404 that names the reason behind a text of its own, or twice. */
export function twice(text?: string): (message: string) => Refusal {
  return (message) => missing(`${text ?? message}: ${message}`);
}

/** 409. */
export function conflict(message: string, type?: string): Refusal {
  return new Refusal(409, message, type === undefined ? {} : { type });
}

/** 409 of a generation that is not the present one. */
export function outdated(message: string): Refusal {
  return conflict(message, "placement.concurrent_update");
}

/** Refuses a body that breaks the schema. */
export function checkBody(call: Call, schema: Schema): void {
  const found = violationOf(call.body ?? null, schema);
  if (found) throw bad(`JSON does not validate: ${violationText(found).replaceAll("\n", " ")}`);
}

/** Refuses a query that breaks the schema. */
export function checkQuery(call: Call, schema: Schema): void {
  const found = violationOf(Object.fromEntries(call.query), schema);
  if (found) throw bad(`Invalid query string parameters: ${violationText(found).replaceAll("\n", " ")}`);
}
