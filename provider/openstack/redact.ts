import { inspect } from "node:util";

/** What stands where a secret was. */
export const REDACTED = "[secret]";

/** A value that never prints itself: logs, JSON, templates and inspection all show `[secret]`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The value itself, for the one request that needs it. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return REDACTED;
  }
  toJSON(): string {
    return REDACTED;
  }
  [inspect.custom](): string {
    return REDACTED;
  }
}

const SECRET_KEY =
  /pass(word|wd|phrase)?$|^admin_?pass|^(rescue_)?password|secret|token|^(user|vendor)_?data$|config_?drive|private_?key|personality|credential|^authorization$|^cookie$|^set-cookie$|^auth_(username|password)$|^psk$/i;
/** Names that look like secrets but only name them, so that requests stay readable. */
const HARMLESS_KEY =
  /^(application_credential|application_credentials|credential|credentials|application_credential_id|token_ttl)$/i;

/** Whether a value under this key is never to be shown. */
export function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key) && !HARMLESS_KEY.test(key);
}

/** A URL without user, password and the values of secret query parameters (console tokens, signatures). */
export function redactUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return redactText(url);
  }
  if (parsed.username || parsed.password) {
    parsed.username = "";
    parsed.password = "";
  }
  for (const key of [...parsed.searchParams.keys()]) {
    // A noVNC address carries its token inside another parameter: `path=websockify?token=…`.
    const nested = /token|signature/i.test(parsed.searchParams.get(key) ?? "");
    if (nested || isSecretKey(key) || /sig(nature)?$|^key$/i.test(key)) parsed.searchParams.set(key, REDACTED);
  }
  return parsed.toString().replaceAll(encodeURIComponent(REDACTED), REDACTED);
}

const IN_TEXT: readonly [RegExp, string][] = [
  // Fernet and JWS tokens of Keystone.
  [/\bgAAAA[A-Za-z0-9_=-]{16,}/g, REDACTED],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g, REDACTED],
  [/\b(x-(?:auth|subject|service)-token\s*[:=]\s*)\S+/gi, `$1${REDACTED}`],
  [
    /(["']?[\w-]*(?:password|passwd|admin_?pass|adminPass|secret|user_?data|config_?drive|private_?key)["']?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s,;&"'{}]+)/gi,
    `$1${REDACTED}`,
  ],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/:@"']+:[^\s/@"']+@/gi, "$1"],
  [/([?&](?:token|signature|sig|secret|password)=)[^\s&"'<>]+/gi, `$1${REDACTED}`],
];

/** Text without what looks like a token or a password, and without each of the `known` secrets. */
export function redactText(text: string, known: Iterable<string> = []): string {
  let result = text;
  for (const secret of known) if (secret.length >= 4) result = result.replaceAll(secret, REDACTED);
  for (const [pattern, replacement] of IN_TEXT) result = result.replace(pattern, replacement);
  return result;
}

/** A copy of a JSON value in which everything under a secret key, and every secret inside a text, is masked. */
export function redactBody(value: unknown, known: readonly string[] = []): unknown {
  if (typeof value === "string") {
    return /^[a-z]+:\/\/\S+$/i.test(value) ? redactText(redactUrl(value), known) : redactText(value, known);
  }
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return value.map((item) => redactBody(item, known));
  if (typeof value !== "object" || value === null || value instanceof Secret) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      isSecretKey(key) && isSecretValue(inner) ? REDACTED : redactBody(inner, known),
    ]),
  );
}

/** Headers as a plain object, secret ones masked. */
export function redactHeaders(headers: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...headers].map(([key, value]) => [key, isSecretKey(key) ? REDACTED : redactText(value)]));
}

/**
 * The texts that stand under secret keys of a request body. Services quote what they refuse ("Invalid input for field
 * user_data. Value: ..."), so these are masked in their answers too.
 */
export function secretsIn(value: unknown, underSecret = false): string[] {
  if (typeof value === "string") return underSecret ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item) => secretsIn(item, underSecret));
  if (typeof value !== "object" || value === null) return [];
  // An object under a secret key (Keystone's `password: {user: {...}}`) holds names too: its own keys tell.
  return Object.entries(value).flatMap(([key, inner]) => secretsIn(inner, isSecretKey(key)));
}

function isSecretValue(value: unknown): boolean {
  return value !== null && value !== undefined && value !== "" && typeof value !== "boolean";
}
