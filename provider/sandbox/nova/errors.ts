import type { Answer, Call, Caller } from "../kernel/call.ts";
import { hasRole, Refusal } from "../kernel/call.ts";

/** A refusal by nova's own controllers, as opposed to those of the web framework in front of them. */
export class NovaRefusal extends Refusal {}

/** 400 in nova's words. */
export const bad = (message: string): NovaRefusal => new NovaRefusal(400, message);
/** 403 in nova's words. */
export const forbidden = (message: string): NovaRefusal => new NovaRefusal(403, message);
/** 404 in nova's words. */
export const missing = (message: string): NovaRefusal => new NovaRefusal(404, message);
/** 409 in nova's words. */
export const conflict = (message: string): NovaRefusal => new NovaRefusal(409, message);
/** What nova answers where the microversion has no such thing. */
export const noSuchResource = (): NovaRefusal => missing("The resource could not be found.");

/** 501 of nova for what a machine cannot do. */
export const unsupported = (): NovaRefusal => new NovaRefusal(501, "The requested functionality is not supported.");

/** Whose work a policy allows. */
export type Right = "reader" | "member" | "manager" | "admin";

/** Whether a policy with this right lets the caller through. */
export function may(caller: Caller, right: Right): boolean {
  return !caller.system && hasRole(caller, right, "admin");
}

/** Refuses with 403 where the policy does not let the caller through. */
export function allow(caller: Caller, right: Right, rule: string): void {
  if (!may(caller, right)) throw notAllowed(rule);
}

/** 403 of a policy. */
export function notAllowed(rule: string): NovaRefusal {
  const name = rule.startsWith("compute:") ? rule : `os_compute_api:${rule}`;
  return forbidden(`Policy doesn't allow ${name} to be performed.`);
}

const KEYS: Record<number, string> = {
  400: "badRequest",
  401: "unauthorized",
  403: "forbidden",
  404: "itemNotFound",
  405: "badMethod",
  409: "conflictingRequest",
  413: "overLimit",
  415: "badMediaType",
  429: "overLimit",
  501: "notImplemented",
  503: "serviceUnavailable",
};

const PAGE = `<html>
 <head>
  <title>404 Not Found</title>
 </head>
 <body>
  <h1>404 Not Found</h1>
  The resource could not be found.<br /><br />



 </body>
</html>`;

/** Puts refusals into nova's forms. What nova's own controllers refuse carries microversion headers, the rest does not. */
export class Refuser {
  readonly #marks = new WeakMap<object, "none" | "plain" | "versioned">();

  /** Which headers the answer to a call carries, where that is already known. */
  marked(call: object): "none" | "plain" | "versioned" | undefined {
    return this.#marks.get(call);
  }

  mark(call: object, headers: "none" | "plain" | "versioned"): void {
    this.#marks.set(call, headers);
  }

  refuse(refusal: Refusal, call: Pick<Call, "method" | "path" | "id" | "version">): Answer {
    const { status, message, headers } = refusal;
    const ours = refusal instanceof NovaRefusal;
    if (!ours && (status === 404 || status === 405)) {
      this.mark(call, "plain");
      return { status: 404, headers: { "content-type": "text/html; charset=UTF-8" }, body: PAGE };
    }
    if (call.version[0] === 0) this.mark(call, "plain");
    const text = refusal.type === "malformed" ? "Malformed request body" : message;
    return { status, headers, body: { [KEYS[status] ?? "computeFault"]: { code: status, message: text } } };
  }
}
