import type { Answer, Call, Refusal } from "../kernel/call.ts";
import { Refusal as Refused } from "../kernel/call.ts";

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

const MALFORMED =
  "The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.";

/** A page of Flask's for a path that no resource has. */
const NO_PATH =
  "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>\n";

/** A refusal in Keystone's form. */
export function refuse(refusal: Refusal, call: Pick<Call, "path">, url: string): Answer {
  const { status, type, headers } = refusal;
  if (status === 405)
    return {
      status,
      headers: { ...headers, "content-type": "application/json" },
      body: { message: "The method is not allowed for the requested URL." },
    };
  if (status === 404 && refusal.message === "The resource could not be found." && call.path !== "")
    return { status, headers: { "content-type": "text/html; charset=utf-8" }, body: NO_PATH };
  const message = type === "malformed" ? `Expecting to find valid JSON in request body. ${MALFORMED}` : refusal.message;
  const authenticate: Record<string, string> = status === 401 ? { "WWW-Authenticate": `Keystone uri="${url}/v3"` } : {};
  return {
    status,
    headers: { ...authenticate, ...headers },
    body: { error: { code: status, message, title: TITLES[status] ?? "Error", ...refusal.detail } },
  };
}

/** 401, always in the same words. */
export function unauthorized(): Refused {
  return new Refused(401, "The request you have made requires authentication.");
}

/** 403 of a policy. */
export function forbidden(action?: string): Refused {
  return new Refused(403, `You are not authorized to perform the requested action${action ? `: ${action}` : ""}.`);
}

/** 400 for a part of the body that is not there. */
export function expecting(attribute: string, target: string): Refused {
  return new Refused(400, `Expecting to find ${attribute} in ${target}. ${MALFORMED}`);
}

/** 400 with Keystone's explanation behind the message. */
export function malformed(message: string): Refused {
  return new Refused(400, `${message} ${MALFORMED}`);
}

/** 404 of a thing: `Could not find user: ID.` */
export function notFound(what: string, id: string): Refused {
  return new Refused(404, `Could not find ${what}: ${id}.`);
}

/** 409 of a name that is taken. */
export function duplicate(what: string, why: string): Refused {
  return new Refused(409, `Conflict occurred attempting to store ${what} - ${why}`);
}
