import type { Call, Json } from "../kernel/call.ts";
import { bool, isObject, isUuid } from "../kernel/input.ts";
import { fault } from "./errors.ts";
import { str } from "./schema.ts";

/** How a value of a query or body is read. */
export type Kind = "string" | "boolean" | "uuid" | "uuid_or_name" | "name" | "integer" | "list" | "mac" | "any" | Types;

/** A value that must be of one of Python's types. */
export type Types = readonly ("NoneType" | "dict" | "str" | "list")[];

/** Name → kind; a name that ends in `!` must be given. */
export type Arguments = Readonly<Record<string, Kind>>;

/** Whether the text can be a name: letters, digits, `-._~`. */
export const isName = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= 255 && /^[a-zA-Z0-9\-._~]+$/.test(value);

const BOOLEANS = "'0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'";

/** One value as its kind reads it. Throws 400 in Ironic's words. */
export function read(name: string, kind: Kind, value: unknown): unknown {
  if (Array.isArray(kind)) return readTypes(name, kind as Types, value);
  if (value === null || value === undefined) return undefined;
  switch (kind) {
    case "string":
      if (typeof value !== "string") throw fault(400, `Expected string for ${name}: ${str(value)}`);
      return value;
    case "boolean":
      return readBoolean(name, value);
    case "uuid":
      if (!isUuid(value)) throw fault(400, `Expected UUID for ${name}: ${str(value)}`);
      return value;
    case "uuid_or_name":
      if (!isName(value)) throw fault(400, `Expected UUID or name for ${name}: ${str(value)}`);
      return value;
    case "name":
      if (!isName(value)) throw fault(400, `Expected name for ${name}: ${str(value)}`);
      return value;
    case "integer": {
      const text = String(value).trim();
      if (!/^[+-]?\d+$/.test(text)) throw fault(400, `Expected an integer for ${name}: ${str(value)}`);
      return Number(text);
    }
    case "list": {
      const parts = Array.isArray(value) ? value.map(String) : String(value).split(",");
      return [...new Set(parts.map((part) => part.trim().toLowerCase()).filter((part) => part !== ""))];
    }
    case "mac": {
      const mac = String(value).toLowerCase();
      if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac))
        throw fault(400, `Expected valid MAC address for ${name}: ${str(value)}`);
      return mac;
    }
    default:
      return value;
  }
}

/** A truth as oslo's strict booleans take it. Throws 400. */
export function readBoolean(name: string, value: unknown): boolean | undefined {
  if (value === null || value === undefined) return undefined;
  const found = bool(value);
  if (found === undefined)
    throw fault(400, `Invalid ${name}: Unrecognized value '${str(value)}', acceptable values are: ${BOOLEANS}`);
  return found;
}

function readTypes(name: string, types: Types, value: unknown): unknown {
  const type =
    value === null || value === undefined
      ? "NoneType"
      : typeof value === "string"
        ? "str"
        : Array.isArray(value)
          ? "list"
          : isObject(value)
            ? "dict"
            : "other";
  if (!(types as readonly string[]).includes(type))
    throw fault(400, `Expected types ${types.map((one) => `<class '${one}'>`).join(", ")} for ${name}: ${str(value)}`);
  return value ?? undefined;
}

/** What the query says, and for those without a body of their own what the body says. Throws 400. */
export function argumentsOf(call: Call, wanted: Arguments, source: "query" | "both" = "query"): Json {
  const given: Json = {};
  for (const key of new Set(call.query.keys())) {
    const values = call.query.getAll(key);
    given[key] = values.length > 1 ? values : values[0];
  }
  if (source === "both" && isObject(call.body)) Object.assign(given, call.body);
  const names = new Map(Object.keys(wanted).map((name) => [name.replace("!", ""), name]));
  const unexpected = Object.keys(given).filter((name) => !names.has(name));
  if (unexpected.length > 0) throw fault(400, `Unexpected arguments: ${unexpected.join(", ")}`);
  const result: Json = {};
  for (const [name, declared] of names) {
    if (Object.hasOwn(given, name)) {
      const value = read(name, wanted[declared] as Kind, given[name]);
      if (value !== undefined) result[name] = value;
    } else if (declared.endsWith("!")) throw fault(400, `Missing mandatory parameter: ${name}`);
  }
  return result;
}
