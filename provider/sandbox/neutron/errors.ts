import { type Answer, type Json, Refusal } from "../kernel/call.ts";

/** A refusal with Neutron's own name of the error. */
export function refusal(status: number, type: string, message: string): Refusal {
  return new Refusal(status, message, { type });
}

/** A body, query or request that the API layer refuses. */
export const badRequest = (message: string): Refusal => refusal(400, "HTTPBadRequest", message);

/** Input that has the right form and cannot be taken. */
export const invalidInput = (message: string): Refusal =>
  refusal(400, "InvalidInput", `Invalid input for operation: ${message}.`);

/** A request about a resource that cannot be done. */
export const badFor = (resource: string, message: string): Refusal =>
  refusal(400, "BadRequest", `Bad ${resource} request: ${message}.`);

/** A path that leads nowhere, or what the caller must not know of. */
export const hidden = (): Refusal => refusal(404, "HTTPNotFound", "The resource could not be found.");

/** A rule of the policy forbids it. */
export const forbidden = (rule: string): Refusal =>
  refusal(403, "PolicyNotAuthorized", `${rule} is disallowed by policy`);

const METHOD = "The server could not comply with the request since it is either malformed or otherwise incorrect.";

/** A refusal in Neutron's form, `identity` being Keystone's address; in Keystone's middleware's form where there is no valid token. */
export function refuse(failure: Refusal, identity: string): Answer {
  const headers = { ...failure.headers };
  if (failure.status === 401)
    return {
      status: 401,
      headers: { "WWW-Authenticate": `Keystone uri="${identity}"`, ...headers },
      body: { error: { code: 401, title: "Unauthorized", message: failure.message } },
    };
  if (failure.detail?.["html"])
    return {
      status: failure.status,
      headers: { "content-type": "text/html; charset=UTF-8", ...headers },
      body: String(failure.detail["html"]),
    };
  return { status: failure.status, headers, body: neutronError(failure) };
}

function neutronError(failure: Refusal): Json {
  let { type, message } = failure;
  if (type === "malformed") [type, message] = ["HTTPBadRequest", "Body contains invalid data"];
  else if (failure.status === 405) [type, message] = ["HTTPMethodNotAllowed", METHOD];
  else type ??= TYPES[failure.status] ?? "HTTPInternalServerError";
  if (failure.status === 500 && failure.type === undefined)
    message = "Request Failed: internal server error while processing your request.";
  return { NeutronError: { type, message, detail: "" } };
}

const TYPES: Record<number, string> = {
  400: "HTTPBadRequest",
  403: "HTTPForbidden",
  404: "HTTPNotFound",
  409: "HTTPConflict",
  413: "HTTPRequestEntityTooLarge",
  429: "HTTPTooManyRequests",
  503: "HTTPServiceUnavailable",
};
