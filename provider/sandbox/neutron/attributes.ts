import { bool } from "../kernel/input.ts";
import { str } from "../kernel/python.ts";
import { canonicalAddress, formatPrefix, parsePrefix } from "./addresses.ts";
import { invalidInput } from "./errors.ts";

/** What the API knows of one attribute of a resource. */
export interface Attribute {
  /** May be given on create, on update. */
  readonly create: boolean;
  readonly update: boolean;
  /** A list can be filtered by it, sorted by it. */
  readonly filter: boolean;
  readonly sort: boolean;
  /** The policy has a say in it. */
  readonly enforce: boolean;
  /** Value where it is left out of a create; NOTHING: no value; undefined: it must be given. */
  readonly byDefault: unknown;
  /** Makes the value what is kept. Throws a refusal where that cannot be. */
  readonly convert: ((value: unknown) => unknown) | undefined;
  /** What is wrong with the value. */
  readonly check: ((value: unknown) => string | undefined) | undefined;
  /** Keys of a dictionary whose use the policy judges one by one. */
  readonly keys: readonly string[] | undefined;
}

/** The attributes of a resource by name, in the order in which they are looked at. */
export type Attributes = Readonly<Record<string, Attribute>>;

/** Default of attributes that stay absent. */
export const NOTHING = Symbol("nothing");

/**
 * An attribute in one line. `flags`: c(reate), u(pdate), f(ilter), s(ort), e(nforced by policy), r(equired on create).
 */
export function attribute(
  flags: string,
  more: {
    byDefault?: unknown;
    convert?: (value: unknown) => unknown;
    check?: (value: unknown) => string | undefined;
    keys?: readonly string[];
  } = {},
): Attribute {
  return {
    create: flags.includes("c"),
    update: flags.includes("u"),
    filter: flags.includes("f"),
    sort: flags.includes("s"),
    enforce: flags.includes("e"),
    byDefault: "byDefault" in more ? more.byDefault : flags.includes("r") ? undefined : NOTHING,
    convert: more.convert,
    check: more.check,
    keys: more.keys,
  };
}

/** A boolean, whatever its spelling. */
export function toBoolean(value: unknown): boolean {
  const known = typeof value === "string" || typeof value === "number" ? TRUTH[str(value).toLowerCase()] : bool(value);
  if (known === undefined || value === null) throw invalidInput(`'${str(value)}' cannot be converted to boolean`);
  return known;
}

const TRUTH: Record<string, boolean> = { true: true, "1": true, false: false, "0": false };

/** An integer, whatever its spelling. */
export function toInteger(value: unknown): number {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "number") return Math.trunc(value);
  if (typeof value === "string" && /^\s*[-+]?\d+\s*$/.test(value)) return Number(value);
  throw invalidInput(`'${str(value)}' is not an integer`);
}

/** An empty list where there is none. */
export const orEmptyList = (value: unknown): unknown => value ?? [];

/** Text in lower case; anything else is refused. */
export function toLowerCase(value: unknown): string {
  if (typeof value !== "string") throw invalidInput(`Input value ${str(value)} must be string type`);
  return value.toLowerCase();
}

/** A prefix without host bits. */
export function toPrefix(value: unknown): unknown {
  const prefix = parsePrefix(value);
  if (!prefix) throw invalidInput(`${str(value)} is not in a CIDR format`);
  return formatPrefix(prefix);
}

/** An address in its short form; anything else stays, and is refused by the check. */
export const toAddress = (value: unknown): unknown => canonicalAddress(value) ?? value;

/** Text up to a length. */
export const text =
  (most?: number) =>
  (value: unknown): string | undefined => {
    if (typeof value !== "string") return `'${str(value)}' is not a valid string`;
    return most !== undefined && value.length > most ? `'${value}' exceeds maximum length of ${most}` : undefined;
  };

/** Text up to a length, or none. */
export const textOrNone =
  (most?: number) =>
  (value: unknown): string | undefined =>
    value === null ? undefined : text(most)(value);

/** Text that is not blank. */
export const filledText =
  (most?: number) =>
  (value: unknown): string | undefined =>
    text(most)(value) ?? ((value as string).trim() ? undefined : `'${value}' Blank strings are not permitted`);

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** A UUID. */
export const uuid = (value: unknown): string | undefined =>
  typeof value === "string" && UUID.test(value) ? undefined : `'${str(value)}' is not a valid UUID`;

/** A UUID, or none. */
export const uuidOrNone = (value: unknown): string | undefined => (value === null ? undefined : uuid(value));

/** A list of different UUIDs. */
export const uuids = (value: unknown): string | undefined => {
  if (!Array.isArray(value)) return `'${str(value)}' is not a list`;
  const wrong = value.map(uuid).find((reason) => reason !== undefined);
  if (wrong) return wrong;
  const twice = value.filter((one, n) => value.indexOf(one) !== n);
  return twice.length > 0 ? `Duplicate items in the list: '${twice.join(", ")}'` : undefined;
};

/** One of some values. */
export const oneOf =
  (...values: readonly unknown[]) =>
  (value: unknown): string | undefined =>
    values.includes(value) ? undefined : `${str(value)} is not in valid_values`;

/** A number within bounds. */
export const between =
  (least: number | undefined, most?: number) =>
  (value: unknown): string | undefined => {
    const number = value as number;
    if (least !== undefined && number < least) return `'${number}' is too small - must be at least '${least}'`;
    if (most !== undefined && number > most) return `'${number}' is too large - must be no larger than '${most}'`;
    return undefined;
  };

/** No negative number. */
export const notNegative = (value: unknown): string | undefined =>
  (value as number) < 0 ? `'${value}' should be non-negative` : undefined;

/** An IP address. */
export const address = (value: unknown): string | undefined =>
  canonicalAddress(value) === undefined ? `'${str(value)}' is not a valid IP address` : undefined;

/** An IP address, or none. */
export const addressOrNone = (value: unknown): string | undefined => (value === null ? undefined : address(value));

/** A prefix with its length, such as `10.0.0.0/24`. */
export const prefix = (value: unknown): string | undefined =>
  typeof value === "string" && value.includes("/") && parsePrefix(value)
    ? undefined
    : `'${str(value)}' is not a valid IP subnet`;

/** A list of prefixes. */
export const prefixes = (value: unknown): string | undefined =>
  Array.isArray(value)
    ? (value.map(prefix).find((reason) => reason !== undefined) ??
      (new Set(value).size < value.length
        ? `Duplicate items in the list: '${value.filter((one, n) => value.indexOf(one) !== n).join(", ")}'`
        : undefined))
    : `'${str(value)}' is not a list`;

/** A prefix, or none. */
export const prefixOrNone = (value: unknown): string | undefined => (value === null ? undefined : prefix(value));

/** A dictionary, or none. */
export const dictionaryOrNone = (value: unknown): string | undefined =>
  value === null || (typeof value === "object" && !Array.isArray(value))
    ? undefined
    : `'${str(value)}' is not a dictionary`;

/** The attributes that nearly every resource has. */
export const STANDARD: Attributes = {
  description: attribute("cuf", { byDefault: "", check: text(255) }),
  created_at: attribute(""),
  updated_at: attribute(""),
  revision_number: attribute("f"),
};

/** Tags, which are written through paths of their own. */
export const TAGS: Attributes = {
  tags: attribute("f"),
  "tags-any": attribute("f"),
  "not-tags": attribute("f"),
  "not-tags-any": attribute("f"),
};

/** What a resource is known by: id, name and owner. */
export const BASE: Attributes = {
  id: attribute("fs"),
  name: attribute("cufs", { byDefault: "", check: text(255) }),
  tenant_id: attribute("cfs", { check: text(255) }),
  project_id: attribute("cfs", { check: text(255) }),
};
