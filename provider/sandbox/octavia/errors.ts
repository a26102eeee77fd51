import type { Answer } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";

const TITLES: Record<number, string> = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** A refusal by what handles a request: `{"faultcode", "faultstring", "debuginfo"}`. */
export function fault(status: number, message: string): Refusal {
  return new Refusal(status, message, { type: "fault" });
}

/** A refusal before anything handles the request: `{"code", "title", "description"}`. */
export function outer(status: number, description: string, title: string = TITLES[status] ?? ""): Refusal {
  return new Refusal(status, description, { type: "outer", detail: { title } });
}

/** 404 of a thing; `kind` as Octavia says it: "Load Balancer". */
export function notFound(kind: string, id: string): Refusal {
  return fault(404, `${kind} ${id} not found.`);
}

/** 400 for something that a body names and that is not there. */
export function noSuch(kind: string, id: string): Refusal {
  return fault(400, `${kind} ${id} not found.`);
}

/** 400 of a rule that concerns several fields or things. */
export function invalid(detail: string): Refusal {
  return fault(400, `Validation failure: ${detail}`);
}

/** 400 for a value that does not go with an option. */
export function badOption(value: string, option: string): Refusal {
  return fault(400, `${value} is not a valid option for ${option}`);
}

/** 409 while something is pending, or its parent is not ACTIVE. */
export function immutable(kind: string, id: string): Refusal {
  return fault(409, `${kind} ${id} is immutable and cannot be updated.`);
}

/** 403 of a quota. */
export function quotaMet(kind: string): Refusal {
  return fault(403, `Quota has been met for resources: ${kind}`);
}

/** 501 of the amphora driver. */
export function unsupported(what: string): Refusal {
  return fault(501, `Provider 'amphora' does not support a requested option: ${what}`);
}

/** A refusal in Octavia's form. */
export function refuse(refusal: Refusal): Answer {
  const { status, headers, type, detail, message } = refusal;
  if (type === "fault" || type === "malformed")
    return {
      status,
      headers,
      body: {
        faultcode: status >= 500 ? "Server" : "Client",
        faultstring: type === "malformed" ? "Request is not in valid JSON format" : message,
        debuginfo: null,
      },
    };
  // Paths and methods that are not there: the kernel's words are not Octavia's, which has none.
  const description = type === undefined && (status === 404 || status === 405) ? "" : message;
  return { status, headers, body: { code: status, title: detail?.["title"] ?? TITLES[status] ?? "", description } };
}
