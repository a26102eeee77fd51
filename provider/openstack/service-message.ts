const LIMIT = 600;

/**
 * The service's own words out of an error body, whatever its form: nova `{"badRequest": {"message"}}`, neutron
 * `{"NeutronError": {"type", "message", "detail"}}`, keystone `{"error": {"message"}}`, ironic `{"error_message": ...}`
 * (a JSON text or an object with `faultstring`), octavia `{"faultstring"}`, placement `{"errors": [{"detail"}]}`,
 * glance's and proxies' HTML. At most 600 characters; empty where the body says nothing.
 */
export function serviceMessage(text: string): string {
  const trimmed = text.trim();
  if (!trimmed) return "";
  let found: string | undefined;
  if (trimmed.startsWith("{") || trimmed.startsWith("[") || trimmed.startsWith('"')) {
    try {
      found = fromJson(JSON.parse(trimmed), 0);
    } catch {
      found = undefined;
    }
  }
  const words = (found ?? (/<[a-z!/]/i.test(trimmed) ? fromHtml(trimmed) : trimmed)).replace(/\s+/g, " ").trim();
  return words.length > LIMIT ? `${words.slice(0, LIMIT)}…` : words;
}

/** Neutron's `type` of an error (`OverQuota`, `IpAddressInUse`), or nova's key (`badRequest`), where there is one. */
export function serviceErrorType(text: string): string | undefined {
  try {
    const body: unknown = JSON.parse(text);
    if (!isRecord(body)) return undefined;
    const neutron = body["NeutronError"];
    if (isRecord(neutron) && typeof neutron["type"] === "string") return neutron["type"];
    const keys = Object.keys(body);
    return keys.length === 1 && isRecord(body[keys[0]!]) ? keys[0] : undefined;
  } catch {
    return undefined;
  }
}

function fromJson(value: unknown, depth: number): string | undefined {
  if (depth > 6) return undefined;
  if (typeof value === "string") {
    const inner = value.trim();
    if (inner.startsWith("{")) {
      try {
        return fromJson(JSON.parse(inner), depth + 1) ?? inner;
      } catch {
        return inner;
      }
    }
    return inner && /<\/?[a-z][^>]*>/i.test(inner) ? fromHtml(inner) : inner || undefined;
  }
  if (Array.isArray(value)) {
    const parts = value.map((item) => fromJson(item, depth + 1)).filter((part) => part !== undefined);
    return parts.length ? parts.join("; ") : undefined;
  }
  if (!isRecord(value)) return undefined;
  for (const key of ["error_message", "faultstring", "NeutronError", "errors"]) {
    if (key in value) {
      const found = fromJson(value[key], depth + 1);
      if (found) return found;
    }
  }
  const message = value["message"] ?? value["detail"] ?? value["description"] ?? value["title"];
  if (typeof message === "string" && message) {
    const detail = value["detail"];
    const text = fromJson(message, depth + 1) ?? message;
    return typeof detail === "string" && detail.trim() && !text.includes(detail.trim())
      ? `${text} (${detail.trim()})`
      : text;
  }
  if (message !== undefined) return fromJson(message, depth + 1);
  for (const inner of Object.values(value)) {
    if (isRecord(inner)) {
      const found = fromJson(inner, depth + 1);
      if (found) return found;
    }
  }
  return undefined;
}

function fromHtml(html: string): string {
  return html
    .replace(/<(script|style|head)\b[\s\S]*?<\/\1>/gi, (block) => /<title>([\s\S]*?)<\/title>/i.exec(block)?.[1] ?? " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/&nbsp;/g, " ")
    .replace(/&lt;/g, "<")
    .replace(/&gt;/g, ">")
    .replace(/&quot;/g, '"')
    .replace(/&#x?\w+;/g, " ")
    .replace(/&amp;/g, "&");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
