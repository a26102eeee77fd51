import { type Answer, type Call, Refusal } from "../kernel/call.ts";

const REASONS: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Request Entity Too Large",
  415: "Unsupported Media Type",
  416: "Request Range Not Satisfiable",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

const UNAUTHORIZED =
  "This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required.";

/** A refusal as Glance's page. */
export function refuse(refusal: Refusal, call: Pick<Call, "method" | "id">, keystone: string): Answer {
  const { status } = refusal;
  const title = `${status} ${REASONS[status] ?? "Error"}`;
  const explanation =
    status === 401
      ? UNAUTHORIZED
      : status === 405
        ? `The method ${call.method} is not allowed for this resource. `
        : refusal.message;
  const detail = typeof refusal.detail?.["detail"] === "string" ? refusal.detail["detail"] : "";
  const rest = status === 405 || status === 415 ? "" : "\n\n";
  const page = `<html>\n <head>\n  <title>${title}</title>\n </head>\n <body>\n  <h1>${title}</h1>\n  ${escaped(explanation)}<br /><br />\n${escaped(detail)}${rest}\n </body>\n</html>`;
  // The middleware that refuses a token stands in front of the one that names the request.
  const named: Record<string, string> =
    status === 401 ? { "WWW-Authenticate": `Keystone uri="${keystone}"` } : { "x-openstack-request-id": call.id };
  return {
    status,
    headers: { ...named, ...refusal.headers, "content-type": "text/html; charset=UTF-8" },
    body: page,
  };
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#x27;");
}

/** 400 in Glance's words. */
export function bad(message: string): Refusal {
  return new Refusal(400, message);
}

/** 403 of a policy. */
export function notAllowed(action: string): Refusal {
  return new Refusal(403, `You are not authorized to complete ${action} action.`);
}

/** 403 with the reason below the usual explanation. */
export function denied(detail: string): Refusal {
  return new Refusal(403, "Access was denied to this resource.", { detail: { detail } });
}

/** 409 with the reason below the usual explanation. */
export function conflict(detail: string): Refusal {
  return new Refusal(409, "There was a conflict when trying to complete your request.", { detail: { detail } });
}

/** 404 of an image. */
export function noImage(id: string): Refusal {
  return new Refusal(404, `No image found with ID ${id}`);
}

/** 415: the type that came, and why it is not taken. */
export function wrongType(type: string, detail: string, headers: Record<string, string> = {}): Refusal {
  return new Refusal(415, `The request media type ${type} is not supported by this server.\n`, {
    detail: { detail },
    headers,
  });
}
