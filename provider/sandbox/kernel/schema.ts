import { isObject } from "./input.ts";
import { repr, type Violation } from "./python.ts";

/** The part of JSON Schema that the services' bodies need. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly [further: string]: unknown;
}

type Path = readonly (string | number)[];

/** What is wrong with a value, as Python's jsonschema would tell it; undefined where nothing is. The least deep fault wins. */
export function violationOf(value: unknown, schema: Schema): Violation | undefined {
  let best: Violation | undefined;
  for (const found of violations(value, schema, [], []))
    if (!best || found.path.length < best.path.length) best = found;
  return best;
}

function* violations(value: unknown, schema: Schema, schemaPath: Path, path: Path): Generator<Violation> {
  const broken = (rule: string, message: string): Violation => ({ rule, message, schemaPath, path, schema, value });
  for (const rule of Object.keys(schema)) {
    const check = CHECKS[rule];
    const message = check?.(value, schema);
    if (message !== undefined) yield broken(rule, message);
    if (rule === "properties" && isObject(value))
      for (const [name, part] of Object.entries(schema.properties!))
        if (name in value) yield* violations(value[name], part, [...schemaPath, "properties", name], [...path, name]);
    if (rule === "patternProperties" && isObject(value))
      for (const [pattern, part] of Object.entries(schema.patternProperties!))
        for (const [name, one] of Object.entries(value))
          if (new RegExp(pattern).test(name))
            yield* violations(one, part, [...schemaPath, "patternProperties", pattern], [...path, name]);
    if (rule === "additionalProperties" && isObject(value) && typeof schema.additionalProperties === "object")
      for (const name of further(value, schema))
        yield* violations(
          value[name],
          schema.additionalProperties,
          [...schemaPath, "additionalProperties"],
          [...path, name],
        );
    if (rule === "items" && Array.isArray(value))
      for (const [index, item] of value.entries())
        yield* violations(item, schema.items!, [...schemaPath, "items"], [...path, index]);
  }
}

type Check = (value: unknown, schema: Schema) => string | undefined;

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

const CHECKS: Readonly<Record<string, Check>> = {
  type(value, { type }) {
    const types = typeof type === "string" ? [type] : type!;
    return types.some((one) => isOf(value, one))
      ? undefined
      : `${repr(value)} is not of type ${types.map(repr).join(", ")}`;
  },
  enum: (value, schema) =>
    schema.enum!.includes(value) ? undefined : `${repr(value)} is not one of ${repr(schema.enum)}`,
  pattern: (value, { pattern }) =>
    typeof value === "string" && !new RegExp(pattern!).test(value)
      ? `${repr(value)} does not match ${repr(pattern)}`
      : undefined,
  format: (value, { format }) =>
    format === "uuid" && typeof value === "string" && !UUID.test(value) ? `${repr(value)} is not a 'uuid'` : undefined,
  minLength(value, { minLength }) {
    if (typeof value !== "string" || value.length >= minLength!) return undefined;
    return minLength === 1 ? `${repr(value)} should be non-empty` : `${repr(value)} is too short`;
  },
  maxLength: (value, { maxLength }) =>
    typeof value === "string" && value.length > maxLength! ? `${repr(value)} is too long` : undefined,
  minimum: (value, { minimum }) =>
    typeof value === "number" && value < minimum! ? `${repr(value)} is less than the minimum of ${minimum}` : undefined,
  maximum: (value, { maximum }) =>
    typeof value === "number" && value > maximum!
      ? `${repr(value)} is greater than the maximum of ${maximum}`
      : undefined,
  minItems(value, { minItems }) {
    if (!Array.isArray(value) || value.length >= minItems!) return undefined;
    return minItems === 1 ? `${repr(value)} should be non-empty` : `${repr(value)} is too short`;
  },
  uniqueItems: (value) =>
    Array.isArray(value) && new Set(value.map((one) => JSON.stringify(one))).size < value.length
      ? `${repr(value)} has non-unique elements`
      : undefined,
  minProperties(value, { minProperties }) {
    if (!isObject(value) || Object.keys(value).length >= minProperties!) return undefined;
    return minProperties === 1
      ? `${repr(value)} should be non-empty`
      : `${repr(value)} does not have enough properties`;
  },
  required(value, { required }) {
    const missing = isObject(value) ? required!.find((name) => !(name in value)) : undefined;
    return missing === undefined ? undefined : `${repr(missing)} is a required property`;
  },
  additionalProperties(value, schema) {
    if (!isObject(value) || schema.additionalProperties !== false) return undefined;
    const names = further(value, schema);
    if (names.length === 0) return undefined;
    const patterns = Object.keys(schema.patternProperties ?? {});
    if (patterns.length > 0) {
      const verb = names.length === 1 ? "does" : "do";
      return `${[...names].sort().map(repr).join(", ")} ${verb} not match any of the regexes: ${patterns.map(repr).sort().join(", ")}`;
    }
    const verb = names.length === 1 ? "was" : "were";
    return `Additional properties are not allowed (${names.map(repr).join(", ")} ${verb} unexpected)`;
  },
  anyOf: (value, { anyOf }) =>
    anyOf!.some((schema) => violationOf(value, schema) === undefined)
      ? undefined
      : `${repr(value)} is not valid under any of the given schemas`,
};

function further(value: object, { properties = {}, patternProperties = {} }: Schema): string[] {
  const patterns = Object.keys(patternProperties).map((pattern) => new RegExp(pattern));
  return Object.keys(value).filter((name) => !(name in properties) && !patterns.some((one) => one.test(name)));
}

function isOf(value: unknown, type: string): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}
