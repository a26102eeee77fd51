import { isIP, isIPv4, isIPv6 } from "node:net";
import { isObject, isUuid } from "../kernel/input.ts";
import { repr, str } from "../kernel/python.ts";
import { bad } from "./errors.ts";

/**
 * The part of JSON Schema that nova's API uses. Rules are judged in the order in which they are written, and the first
 * that does not hold is the one that nova tells of.
 */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly [rule: string]: unknown;
}

const compiled = new Map<string, RegExp>();

/** A pattern of a schema as a regular expression; the same one each time. */
function regex(pattern: string): RegExp {
  const have = compiled.get(pattern) ?? new RegExp(pattern);
  compiled.set(pattern, have);
  return have;
}

interface Problem {
  readonly path: (string | number)[];
  readonly value: unknown;
  readonly message: string;
  /** Nova tells just the message. */
  readonly bare?: boolean;
}

/** The body, judged by the schema. Throws 400 in nova's words. */
export function validate(schema: Schema, body: unknown): void {
  const problem = judge(schema, body === undefined ? null : body, []).next().value;
  if (!problem) return;
  const { path, value, message, bare } = problem;
  if (bare || path.length === 0) throw bad(message);
  throw bad(`Invalid input for field/attribute ${path.at(-1)}. Value: ${str(value)}. ${message}`);
}

/** The query, judged by a schema of its parameters; each is a list of the values given. */
export function validateQuery(schema: Schema, query: URLSearchParams): void {
  const given = Object.fromEntries([...new Set(query.keys())].map((key) => [key, query.getAll(key)]));
  const problem = judge(schema, given, []).next().value;
  if (!problem) return;
  const { path, value, message } = problem;
  if (path.length === 0) throw bad(message);
  throw bad(`Invalid input for query parameters ${path[0]}. Value: ${str(value)}. ${message}`);
}

type Path = (string | number)[];

function* judge(schema: Schema, value: unknown, path: Path): Generator<Problem, undefined> {
  for (const [rule, wanted] of Object.entries(schema)) {
    const check = RULES[rule];
    if (check && wanted !== undefined) yield* check(value, wanted, path, schema);
  }
  return undefined;
}

const TYPES: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: Array.isArray,
  object: isObject,
};

const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]*$/u;

/** Formats that name their own whole message. */
const NAMES: Record<string, { test: (text: string) => boolean; reason: string }> = {
  name: {
    test: (text) => PRINTABLE.test(text) && !/^\p{Z}|\p{Z}$/u.test(text),
    reason: "printable characters. Can not start or end with whitespace.",
  },
  az_name: {
    test: (text) => PRINTABLE.test(text) && !/^\p{Z}|\p{Z}$|:/u.test(text),
    reason: "printable characters except :.Can not start or end with whitespace.",
  },
};

const FORMATS: Record<string, (text: string) => boolean> = {
  uuid: isUuid,
  ipv4: isIPv4,
  ipv6: isIPv6,
  base64: (text) =>
    /^[A-Za-z0-9+/]*={0,2}$/.test(text.replace(/[^A-Za-z0-9+/=]/g, "")) &&
    text.replace(/[^A-Za-z0-9+/=]/g, "").length % 4 === 0,
  "date-time": (text) => isoTime(text) !== undefined,
  regex: (text) => {
    try {
      new RegExp(text);
      return text !== "";
    } catch {
      return false;
    }
  },
  cidr: (text) => {
    const [address = "", size = ""] = text.split("/");
    return isIP(address) > 0 && /^\d+$/.test(size) && Number(size) <= (isIPv4(address) ? 32 : 128);
  },
};

type Rule = (value: unknown, wanted: unknown, path: Path, schema: Schema) => Generator<Problem, undefined>;

/** A rule that holds or does not, with the words for when it does not. */
function plain(check: (value: unknown, wanted: unknown) => string | undefined): Rule {
  return function* (value, wanted, path) {
    const message = check(value, wanted);
    if (message !== undefined) yield { path, value, message };
    return undefined;
  };
}

const length = (text: string) => [...text].length;

const number = (value: unknown): number | undefined => {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
};

const RULES: Record<string, Rule> = {
  type: plain((value, wanted) => {
    const types = [wanted].flat() as string[];
    if (types.some((type) => TYPES[type]?.(value))) return undefined;
    return `${repr(value)} is not of type ${types.map(repr).join(", ")}`;
  }),
  enum: plain((value, wanted) =>
    (wanted as unknown[]).includes(value) ? undefined : `${repr(value)} is not one of ${repr(wanted)}`,
  ),
  pattern: plain((value, wanted) =>
    typeof value !== "string" || regex(String(wanted)).test(value)
      ? undefined
      : `${repr(value)} does not match ${repr(wanted)}`,
  ),
  printable: plain((value) =>
    typeof value !== "string" || PRINTABLE.test(value)
      ? undefined
      : `${repr(value)} does not match the allowed characters`,
  ),
  minLength: plain((value, wanted) => {
    if (typeof value !== "string" || length(value) >= Number(wanted)) return undefined;
    return `${repr(value)} ${wanted === 1 ? "should be non-empty" : "is too short"}`;
  }),
  maxLength: plain((value, wanted) =>
    typeof value === "string" && length(value) > Number(wanted) ? `${repr(value)} is too long` : undefined,
  ),
  minItems: plain((value, wanted) => {
    if (!Array.isArray(value) || value.length >= Number(wanted)) return undefined;
    return `${repr(value)} ${wanted === 1 ? "should be non-empty" : "is too short"}`;
  }),
  maxItems: plain((value, wanted) =>
    Array.isArray(value) && value.length > Number(wanted) ? `${repr(value)} is too long` : undefined,
  ),
  minProperties: plain((value, wanted) => {
    if (!isObject(value) || Object.keys(value).length >= Number(wanted)) return undefined;
    return `${repr(value)} ${wanted === 1 ? "should be non-empty" : "does not have enough properties"}`;
  }),
  maxProperties: plain((value, wanted) =>
    isObject(value) && Object.keys(value).length > Number(wanted)
      ? `${repr(value)} has too many properties`
      : undefined,
  ),
  uniqueItems: plain((value) => {
    if (!Array.isArray(value)) return undefined;
    return new Set(value.map((item) => JSON.stringify(item))).size < value.length
      ? `${repr(value)} has non-unique elements`
      : undefined;
  }),
  minimum: plain((value, wanted) => {
    const given = number(value);
    return given !== undefined && given < Number(wanted) ? `${given} is less than the minimum of ${wanted}` : undefined;
  }),
  maximum: plain((value, wanted) => {
    const given = number(value);
    return given !== undefined && given > Number(wanted)
      ? `${given} is greater than the maximum of ${wanted}`
      : undefined;
  }),
  *format(value, wanted, path) {
    const format = String(wanted);
    const named = NAMES[format];
    if (named && !(typeof value === "string" && named.test(value)))
      yield {
        path,
        value,
        message: `An invalid 'name' value was provided. The name must be: ${named.reason}`,
        bare: true,
      };
    const test = FORMATS[format];
    if (test && typeof value === "string" && !test(value))
      yield { path, value, message: `${repr(value)} is not a ${repr(format)}` };
    return undefined;
  },
  *properties(value, wanted, path) {
    if (!isObject(value)) return undefined;
    for (const [name, schema] of Object.entries(wanted as Record<string, Schema>))
      if (name in value) yield* judge(schema, value[name], [...path, name]);
    return undefined;
  },
  *patternProperties(value, wanted, path) {
    if (!isObject(value)) return undefined;
    for (const [pattern, schema] of Object.entries(wanted as Record<string, Schema>))
      for (const [name, item] of Object.entries(value))
        if (regex(pattern).test(name)) yield* judge(schema, item, [...path, name]);
    return undefined;
  },
  *additionalProperties(value, wanted, path, schema) {
    if (!isObject(value) || wanted === true) return undefined;
    const patterns = Object.keys((schema["patternProperties"] as object | undefined) ?? {});
    const known = (schema["properties"] as object | undefined) ?? {};
    const extra = Object.keys(value).filter(
      (name) => !(name in known) && !patterns.some((pattern) => regex(pattern).test(name)),
    );
    if (extra.length === 0) return undefined;
    if (isObject(wanted)) {
      for (const name of extra) yield* judge(wanted as Schema, value[name], [...path, name]);
      return undefined;
    }
    const names = extra.sort().map(repr).join(", ");
    const message =
      patterns.length > 0
        ? `${names} ${extra.length === 1 ? "does" : "do"} not match any of the regexes: ${patterns.sort().map(repr).join(", ")}`
        : `Additional properties are not allowed (${names} ${extra.length === 1 ? "was" : "were"} unexpected)`;
    yield { path, value, message };
    return undefined;
  },
  *required(value, wanted, path) {
    if (!isObject(value)) return undefined;
    for (const name of wanted as string[])
      if (!(name in value)) yield { path, value, message: `${repr(name)} is a required property` };
    return undefined;
  },
  *items(value, wanted, path) {
    if (!Array.isArray(value)) return undefined;
    for (const [index, item] of value.entries()) yield* judge(wanted as Schema, item, [...path, index]);
    return undefined;
  },
  *allOf(value, wanted, path) {
    for (const schema of wanted as Schema[]) yield* judge(schema, value, path);
    return undefined;
  },
  *oneOf(value, wanted, path) {
    const fitting = (wanted as Schema[]).filter((schema) => !judge(schema, value, path).next().value);
    if (fitting.length === 0)
      yield { path, value, message: `${repr(value)} is not valid under any of the given schemas` };
    if (fitting.length > 1)
      yield {
        path,
        value,
        message: `${repr(value)} is valid under each of ${fitting.slice(1).map(repr).join(", ")}, ${repr(fitting[0])}`,
      };
    return undefined;
  },
};

/** A time as the queries of nova take it, in milliseconds; undefined where it is none. */
export function isoTime(text: string): number | undefined {
  const form = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$/;
  if (!form.test(text)) return undefined;
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/.test(text.slice(10))
    ? text
    : text.length > 10
      ? `${text}Z`
      : `${text}T00:00:00Z`;
  const time = Date.parse(zoned.replace(" ", "T").replace(/([+-]\d{2})(\d{2})$/, "$1:$2"));
  return Number.isNaN(time) ? undefined : time;
}
