import { isIP, isIPv4, isIPv6 } from "node:net";
import type { Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { str } from "../kernel/python.ts";
import { fault } from "./errors.ts";

/** What a field of a body may be, after WSME's types. */
export type Type =
  | {
      readonly kind: "text";
      readonly min?: number;
      readonly max?: number;
      readonly pattern?: RegExp;
      readonly shown?: string;
    }
  | { readonly kind: "integer"; readonly min?: number; readonly max?: number }
  | { readonly kind: "choice"; readonly of: readonly (string | number)[] }
  | { readonly kind: "uuid" | "bool" | "address" | "cidr" | "alpn" | "url" | "url path" }
  | { readonly kind: "list"; readonly of: Type }
  | { readonly kind: "map"; readonly of: Type }
  | { readonly kind: "object"; readonly fields: Fields };

/** A field: its type, and what happens when it is left out. */
export type Field = Type & { readonly mandatory?: true; readonly default?: unknown };

/** The fields of an object, in the order in which they are looked at. */
export type Fields = Readonly<Record<string, Field>>;

/** A value that cannot even be read as its type: told with the whole body. */
class Unreadable extends Error {}

/** Fields that an object does not have; `path` is where it stands. */
class Unknown extends Error {
  path: string[] = [];
  readonly names: string[];

  constructor(names: string[]) {
    super(names.join(", "));
    this.names = names;
  }
}

/**
 * The object below `root` of a body, with the defaults of fields that were left out. Throws the refusal in WSME's words.
 * @param argument how Octavia's code names the body: messages show it
 */
export function readBody(body: unknown, argument: string, root: string, type: Type): unknown {
  if (body === undefined || body === null) throw fault(400, `Missing argument: "${argument}"`);
  const whole: Type = { kind: "object", fields: { [root]: { ...type, mandatory: true } } };
  try {
    const read = readValue(whole, body) as Json;
    if (read[root] === null) throw input(root, null, "Mandatory field missing.");
    return read[root];
  } catch (error) {
    if (error instanceof Unreadable) throw input(argument, body, error.message);
    if (error instanceof Unknown) {
      const several = error.names.length > 1 ? "attributes" : "attribute";
      throw fault(400, `Unknown ${several} for argument ${[argument, ...error.path].join(".")}: ${error.message}`);
    }
    throw error;
  }
}

/** {@link readBody} of an object. */
export function readObject(body: unknown, argument: string, root: string, fields: Fields): Json {
  return readBody(body, argument, root, { kind: "object", fields }) as Json;
}

function input(field: string, value: unknown, why: string) {
  return fault(400, `Invalid input for field/attribute ${field}. Value: '${str(value)}'. ${why}`);
}

/** First pass: the value as its type, where it can be read as that at all. */
function readValue(type: Type, value: unknown): unknown {
  if (value === null) return null;
  switch (type.kind) {
    case "integer":
      return wholeNumber(value);
    case "choice":
      return typeof type.of[0] === "number" ? wholeNumber(value, true) : value;
    case "bool":
      if (typeof value === "boolean") return value;
      if (typeof value === "number") return value !== 0;
      if (["true", "t", "yes", "y", "on", "1"].includes(String(value).toLowerCase())) return true;
      if (["false", "f", "no", "n", "off", "0"].includes(String(value).toLowerCase())) return false;
      throw new Unreadable(`Value not an unambiguous boolean: ${str(value)}`);
    case "list":
      if (!Array.isArray(value)) throw new Unreadable(`Value not a valid list: ${str(value)}`);
      return value.map((one) => readValue(type.of, one));
    case "map":
      if (!isObject(value)) throw new Unreadable(`Value not a valid dict: ${str(value)}`);
      return value;
    case "object":
      return readFields(type.fields, value);
    default:
      return value;
  }
}

function wholeNumber(value: unknown, fraction = false): number {
  if (typeof value === "number") return fraction ? value : Math.trunc(value);
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value)) return Number(value);
  if (fraction && typeof value === "string" && /^\s*[+-]?\d*\.?\d+\s*$/.test(value)) return Number(value);
  throw new Unreadable(
    typeof value === "string"
      ? `invalid literal for int() with base 10: ${str([value]).slice(1, -1)}`
      : `Value should be a number: ${str(value)}`,
  );
}

function readFields(fields: Fields, value: unknown): Json {
  if (!isObject(value)) throw new Unreadable(`Value not a valid dict: ${str(value)}`);
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(fields, key));
  if (unknown.length > 0) throw new Unknown(unknown);
  const read: Json = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!Object.hasOwn(value, name)) {
      if (field.mandatory) throw input(name, null, "Mandatory field missing.");
      if (field.default !== undefined) read[name] = structuredClone(field.default);
      continue;
    }
    let one: unknown;
    try {
      one = readValue(field, value[name]);
    } catch (error) {
      if (error instanceof Unknown) error.path.unshift(name);
      throw error;
    }
    const checked = check(field, one);
    if (checked.why !== undefined) throw input(name, one, checked.why);
    read[name] = checked.value;
  }
  return read;
}

/** Second pass: whether the value keeps the type's limits. */
function check(type: Type, value: unknown): { value: unknown; why?: string } {
  if (value === null) return { value };
  switch (type.kind) {
    case "list": {
      const values: unknown[] = [];
      for (const one of value as unknown[]) {
        // The real one takes it, and fails over it later with a 500.
        if (one === null) return { value, why: "Value should not be null" };
        const checked = check(type.of, one);
        if (checked.why !== undefined) return { value, why: checked.why };
        values.push(checked.value);
      }
      return { value: values };
    }
    case "map": {
      for (const one of Object.values(value as Json)) {
        const { why } = check(type.of, one);
        if (why !== undefined) return { value, why };
      }
      return { value };
    }
    case "integer":
      if (type.min !== undefined && (value as number) < type.min)
        return { value, why: `Value should be greater or equal to ${type.min}` };
      if (type.max !== undefined && (value as number) > type.max)
        return { value, why: `Value should be lower or equal to ${type.max}` };
      return { value };
    case "text":
      return { value, ...textProblem(type, value) };
    case "choice":
      if (type.of.includes(value as string)) return { value };
      return { value, why: `Value should be one of: ${type.of.join(", ")}` };
    case "object":
    case "bool":
      return { value };
    default:
      return formatted(type.kind, value);
  }
}

function textProblem(type: Type & { kind: "text" }, value: unknown): { why?: string } {
  if (typeof value !== "string") return { why: "Value should be string" };
  const length = [...value].length;
  if (type.min !== undefined && length < type.min)
    return { why: `Value should have a minimum character requirement of ${type.min}` };
  if (type.max !== undefined && length > type.max)
    return { why: `Value should have a maximum character requirement of ${type.max}` };
  if (type.pattern && !type.pattern.test(value))
    return { why: `Value should match the pattern ${type.shown ?? type.pattern.source}` };
  return {};
}

function formatted(kind: "uuid" | "address" | "cidr" | "alpn" | "url" | "url path", value: unknown) {
  const text = typeof value === "string" ? value : "";
  switch (kind) {
    case "uuid": {
      const hex = text
        .replace(/^urn:/, "")
        .replace(/^uuid:/, "")
        .replace(/[{}-]/g, "")
        .toLowerCase();
      if (!/^[0-9a-f]{32}$/.test(hex)) return { value, why: "Value should be UUID format" };
      return { value: hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5") };
    }
    case "address":
      return isIP(text) ? { value } : { value, why: "Value should be IPv4 or IPv6 format" };
    case "cidr": {
      const cidr = cidrOf(text);
      return cidr === undefined ? { value, why: "Value should be IPv4 or IPv6 CIDR format" } : { value: cidr };
    }
    case "alpn":
      return ALPN.includes(text) ? { value } : { value, why: "Value should be a valid ALPN protocol ID" };
    case "url":
      return isUrl(text) ? { value } : { value, why: "Value must be a valid URL string" };
    case "url path":
      return /^\/[^\s]*$/.test(text) && !text.startsWith("//")
        ? { value }
        : { value, why: "Value must be a valid URL Path string" };
  }
}

const ALPN = ["h2", "http/1.1", "http/1.0"];

/** Whether the text is an http or https address with a host, without blanks or control characters. */
export function isUrl(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return !/[\x00-\x20\x7f-\x9f]/.test(text) && /^https?:\/\/[^/?#]+/i.test(text) && URL.canParse(text);
}

/** The network of `10.1.2.3/8` as `10.0.0.0/8`; undefined where the text is none. */
function cidrOf(text: string): string | undefined {
  const [address = "", length, more] = text.split("/");
  if (more !== undefined || (length !== undefined && !/^\d{1,3}$/.test(length))) return undefined;
  if (isIPv6(address)) return Number(length ?? 128) <= 128 ? `${address}/${length ?? 128}` : undefined;
  const bits = Number(length ?? 32);
  if (!isIPv4(address) || bits > 32) return undefined;
  const number = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(number / size) * size;
  return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${bits}`;
}
