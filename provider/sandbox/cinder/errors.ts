import type { Answer, Call, Version } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";

/** 400 in these words. */
export const bad = (message: string): Refusal => new Refusal(400, message);

/** 400: the input cannot be. */
export const invalidInput = (reason: string): Refusal => bad(`Invalid input received: ${reason}`);

/** 400: the volume's state does not allow it. */
export const invalidVolume = (reason: string): Refusal => bad(`Invalid volume: ${reason}`);

/** 404 in these words. */
export const notFound = (message: string): Refusal => new Refusal(404, message);

/** 404 of a thing with an id: `Volume … could not be found.` */
export const gone = (kind: string, id: unknown): Refusal => notFound(`${kind} ${id ?? "None"} could not be found.`);

/** 403: the policy of this name says no. */
export const forbidden = (policy: string): Refusal =>
  new Refusal(403, `Policy doesn't allow ${policy} to be performed.`);

/** 409 in these words. */
export const conflict = (message: string): Refusal => new Refusal(409, message);

/** 413: a quota, by the name of cinder's error. */
export const overQuota = (name: string, message: string): Refusal =>
  new Refusal(413, `${name}: ${message}`, { headers: { "Retry-After": "0" } });

/** 500 that cinder really answers. */
export const failed = (
  message = "The server has either erred or is incapable of performing the requested operation.",
): Refusal => new Refusal(500, message);

/** 400 without an explanation, as webob words it. */
export const malformed = (): Refusal =>
  bad("The server could not comply with the request since it is either malformed or otherwise incorrect.");

/** 404 of a path that leads nowhere: an HTML page. */
export const noPath = (): Refusal => new Refusal(404, "The resource could not be found.", { type: "path" });

const NAMES: Record<number, string> = {
  400: "badRequest",
  401: "unauthorized",
  403: "forbidden",
  404: "itemNotFound",
  405: "badMethod",
  409: "conflictingRequest",
  413: "overLimit",
  415: "badMediaType",
  501: "notImplemented",
  503: "serviceUnavailable",
};

/** What an answer says of the microversion. */
export function versionHeaders(version: Version): Record<string, string> {
  if (version[0] === 0) return {};
  return { "OpenStack-API-Version": `volume ${version[0]}.${version[1]}`, Vary: "OpenStack-API-Version" };
}

/** A refusal in cinder's form. */
export function refuse(refusal: Refusal, call: Pick<Call, "version">): Answer {
  if (refusal.type === "path")
    return {
      status: 404,
      headers: { "Content-Type": "text/html; charset=UTF-8" },
      body: "<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  The resource could not be found.<br /><br />\n\n\n\n </body>\n</html>",
    };
  const message = refusal.type === "malformed" ? "Malformed request body" : refusal.message;
  const retryAfter = refusal.headers["Retry-After"];
  const name = NAMES[refusal.status] ?? "computeFault";
  return {
    status: refusal.status,
    headers: { "Content-Type": "application/json", ...versionHeaders(call.version), ...refusal.headers },
    body: {
      [name]: {
        code: refusal.status,
        message,
        ...(refusal.status === 413 && retryAfter !== undefined ? { retryAfter } : {}),
      },
    },
  };
}
