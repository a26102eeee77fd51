import type { Answer, Call } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";

/** Refused by Ironic itself, in its usual form. */
export function fault(status: number, message: string): Refusal {
  return new Refusal(status, message, { type: "fault" });
}

/** Refused before Ironic looks at the request: another form, and no version headers. */
export function aborted(status: number, message = ""): Refusal {
  return new Refusal(status, message, { type: "aborted" });
}

/** 406 of a field, a verb or an endpoint that the asked version does not have. */
export function notAcceptable(message = "Request not acceptable."): Refusal {
  return fault(406, message);
}

/** 406 that names the version it takes. */
export function needs(minor: number): Refusal {
  return notAcceptable(`Request not acceptable. The minimal required API version should be 1.${minor}`);
}

/** 403 of a policy. */
export function denied(policy: string): Refusal {
  return fault(403, `Access was denied to the following resource: ${policy}`);
}

/** 404 of a node. */
export function noNode(ident: string): Refusal {
  return fault(404, `Node ${ident} could not be found.`);
}

/** 409: somebody works on the node. */
export function locked(node: string, host: string): Refusal {
  return fault(409, `Node ${node} is locked by host ${host}, please retry after the current operation is completed.`);
}

/** 400: not in this state. */
export function wrongState(action: string, node: string, state: string | null): Refusal {
  return fault(
    400,
    `The requested action "${action}" can not be performed on node "${node}" while it is in state "${python(state)}".`,
  );
}

const python = (value: string | null) => value ?? "None";

/** 400: not while it is in maintenance. */
export function inMaintenance(operation: string, node: string): Refusal {
  return fault(400, `The ${operation} operation can't be performed on node ${node} because it's in maintenance mode.`);
}

const TITLES: Record<number, string> = {
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  413: "Request Entity Too Large",
  429: "Too Many Requests",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Headers that tell which versions there are, and which one answers. */
export function versionHeaders(call: Pick<Call, "version">): Record<string, string> {
  return {
    "X-OpenStack-Ironic-API-Minimum-Version": "1.1",
    "X-OpenStack-Ironic-API-Maximum-Version": `1.${NEWEST}`,
    "X-OpenStack-Ironic-API-Version": call.version.join("."),
  };
}

/** The newest microversion. */
export const NEWEST = 115;

/** The inner object of an error is a text: JSON as Python writes it. */
function inText(body: object): { error_message: string } {
  const entries = Object.entries(body).map(([key, value]) => `"${key}": ${JSON.stringify(value)}`);
  const text = `{${entries.join(", ")}}`;
  const ascii = text.replace(
    /[\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return { error_message: ascii };
}

/** A refusal as Ironic sends it. */
export function refuse(refusal: Refusal, call: Pick<Call, "method" | "path" | "version">, keystone: string): Answer {
  const { status, message, headers } = refusal;
  if (status === 401)
    return {
      status,
      headers: { ...headers, "WWW-Authenticate": `Keystone uri="${keystone}"` },
      body: { error: { code: 401, title: "Unauthorized", message } },
    };
  if (refusal.type === "malformed") return refuse(malformed(call), call, keystone);
  if (refusal.type === "fault" || status === 500) {
    const faultcode = status >= 500 ? "Server" : "Client";
    return {
      status,
      headers: { ...versionHeaders(call), ...headers },
      body: inText({ faultcode, faultstring: message, debuginfo: null }),
    };
  }
  const description = refusal.type === "aborted" ? message : status === 404 || status === 405 ? "" : message;
  return { status, headers, body: inText({ code: status, title: TITLES[status] ?? "Error", description }) };
}

/** Broken JSON: endpoints that take their arguments from the body find none; others cannot read it. */
function malformed(call: Pick<Call, "path">): Refusal {
  const missing = /\/states\/(power|provision|boot_mode|secure_boot)$/.test(call.path)
    ? "target"
    : /\/states\/console$/.test(call.path)
      ? "enabled"
      : /\/boot_device$/.test(call.path)
        ? "boot_device"
        : undefined;
  return missing
    ? fault(400, `Missing mandatory parameter: ${missing}`)
    : fault(400, "Expecting value: the body is no JSON.");
}
