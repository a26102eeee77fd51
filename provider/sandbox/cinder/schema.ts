import { isObject, isUuid } from "../kernel/input.ts";
import { repr, str } from "../kernel/python.ts";
import { bad, invalidInput } from "./errors.ts";

/**
 * The part of JSON Schema that cinder's API uses. Rules are judged in the order in which they are written, and the first that
 * does not hold is told.
 */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly [rule: string]: unknown;
}

type Path = readonly (string | number)[];

interface Problem {
  readonly path: Path;
  readonly value: unknown;
  readonly message: string;
  /** Told alone, without the place. */
  readonly bare?: boolean;
}

/** Judges a body. Throws 400 in cinder's words. */
export function validate(schema: Schema, body: unknown): void {
  const problem = judge(schema, body, []);
  if (!problem) return;
  const { path, value, message, bare } = problem;
  if (bare || path.length === 0) throw bad(message);
  throw bad(`Invalid input for field/attribute ${path.at(-1)}. Value: ${str(value)}. ${message}`);
}

function judge(schema: Schema, value: unknown, path: Path): Problem | undefined {
  for (const [rule, wanted] of Object.entries(schema)) {
    const found = RULES[rule]?.(value, wanted, path, schema);
    if (found) return found;
  }
  return undefined;
}

const TYPES: Record<string, (value: unknown) => boolean> = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: Array.isArray,
  object: isObject,
};

/** Formats that a text must have; the others of cinder's formats throw in their own words. */
const FORMATS: Record<string, (value: unknown) => boolean> = {
  uuid: (value) => isUuid(value),
  base64: (value) => typeof value === "string" && /^[A-Za-z0-9+/=\s]*$/.test(value),
};

function tooLong(name: string) {
  return (value: unknown): void => {
    const length = typeof value === "string" ? [...value.trim()].length : 0;
    if (length > 255) throw invalidInput(`${name} has ${length} characters, more than 255.`);
  };
}

/** Whether each of the values is one that cinder knows for this kind of status. */
function oneOf(kind: string, valid: readonly string[], shown: string, empty = true) {
  return (value: unknown): void => {
    if (empty && !value) return;
    if (!valid.includes(String(value ?? "").toLowerCase()))
      throw bad(`${kind}: ${str(value)} is invalid, valid statuses are: ${shown}.`);
  };
}

const tuple = (values: readonly string[]): string => `(${values.map(repr).join(", ")})`;

const VOLUME_STATUSES = [
  ..."creating available deleting error error_deleting error_managing managing attaching in-use detaching".split(" "),
  ..."maintenance restoring-backup error_restoring reserved awaiting-transfer backing-up error_backing-up".split(" "),
  ..."error_extending downloading uploading retyping extending".split(" "),
];
const SNAPSHOT_STATUSES =
  "error available creating deleting deleted updating error_deleting unmanaging backing-up restoring".split(" ");
const MIGRATION_STATUSES = "none starting migrating completing error success".split(" ");

/** Formats with words of their own. */
const TALKING: Record<string, (value: unknown) => void> = {
  name_non_mandatory_remove_white_spaces: tooLong("name"),
  description_non_mandatory_remove_white_spaces: tooLong("description"),
  volume_status: oneOf("Volume status", VOLUME_STATUSES, tuple(VOLUME_STATUSES)),
  volume_attach_status: oneOf("Volume attach status", ["attached", "detached"], "['attached', 'detached']"),
  volume_migration_status: oneOf("Volume migration status", MIGRATION_STATUSES, tuple(MIGRATION_STATUSES)),
  snapshot_status: oneOf("Snapshot status", SNAPSHOT_STATUSES, tuple(SNAPSHOT_STATUSES), false),
  backup_status: oneOf("Backup status", ["available", "error"], "['available', 'error']", false),
  validate_volume_reset_body(value) {
    const { status, attach_status, migration_status } = (value ?? {}) as Record<string, unknown>;
    if (!status && !attach_status && !migration_status)
      throw bad("Must specify 'status', 'attach_status' or 'migration_status' for update.");
  },
};

type Rule = (value: unknown, wanted: unknown, path: Path, schema: Schema) => Problem | undefined;

/** A rule that holds or does not, with the words for when it does not. */
const plain =
  (check: (value: unknown, wanted: unknown) => string | undefined): Rule =>
  (value, wanted, path) => {
    const message = check(value, wanted);
    return message === undefined ? undefined : { path, value, message };
  };

const length = (text: string): number => [...text].length;

const numberOf = (value: unknown): number | undefined => {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^\s*[-+]?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
};

const patterns = new Map<string, RegExp>();

function regex(source: string): RegExp {
  const have = patterns.get(source) ?? new RegExp(source.replaceAll("0-9-_", "0-9\\-_"));
  patterns.set(source, have);
  return have;
}

const anySchema = (value: unknown, schemas: unknown, path: Path): boolean =>
  (schemas as Schema[]).some((schema) => !judge(schema, value, path));

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
  minLength: plain((value, wanted) =>
    typeof value === "string" && length(value) < Number(wanted)
      ? `${repr(value)} ${value === "" ? "should be non-empty" : "is too short"}`
      : undefined,
  ),
  maxLength: plain((value, wanted) =>
    typeof value === "string" && length(value) > Number(wanted) ? `${repr(value)} is too long` : undefined,
  ),
  minimum: plain((value, wanted) => {
    const given = numberOf(value);
    return given !== undefined && given < Number(wanted) ? `${given} is less than the minimum of ${wanted}` : undefined;
  }),
  maximum: plain((value, wanted) => {
    const given = numberOf(value);
    return given !== undefined && given > Number(wanted)
      ? `${given} is greater than the maximum of ${wanted}`
      : undefined;
  }),
  minProperties: plain((value, wanted) =>
    isObject(value) && Object.keys(value).length < Number(wanted)
      ? `${repr(value)} ${Object.keys(value).length === 0 ? "should be non-empty" : "does not have enough properties"}`
      : undefined,
  ),
  maxProperties: plain((value, wanted) =>
    isObject(value) && Object.keys(value).length > Number(wanted)
      ? `${repr(value)} has too many properties`
      : undefined,
  ),
  uniqueItems: plain((value) =>
    Array.isArray(value) && new Set(value.map((item) => JSON.stringify(item))).size < value.length
      ? `${repr(value)} has non-unique elements`
      : undefined,
  ),
  required: plain((value, wanted) => {
    if (!isObject(value)) return undefined;
    const missing = (wanted as string[]).find((name) => !(name in value));
    return missing === undefined ? undefined : `${repr(missing)} is a required property`;
  }),
  oneOf: plain((value, wanted) =>
    anySchema(value, wanted, []) ? undefined : `${repr(value)} is not valid under any of the given schemas`,
  ),
  anyOf: plain((value, wanted) =>
    anySchema(value, wanted, []) ? undefined : `${repr(value)} is not valid under any of the given schemas`,
  ),
  items(value, wanted, path) {
    if (!Array.isArray(value)) return undefined;
    for (const [index, item] of value.entries()) {
      const problem = judge(wanted as Schema, item, [...path, index]);
      if (problem) return problem;
    }
    return undefined;
  },
  properties(value, wanted, path) {
    if (!isObject(value)) return undefined;
    for (const [name, schema] of Object.entries(wanted as Record<string, Schema>)) {
      if (!Object.hasOwn(value, name)) continue;
      const problem = judge(schema, value[name], [...path, name]);
      if (problem) return problem;
    }
    return undefined;
  },
  patternProperties(value, wanted, path) {
    if (!isObject(value)) return undefined;
    for (const [pattern, schema] of Object.entries(wanted as Record<string, Schema>))
      for (const [name, item] of Object.entries(value)) {
        const problem = regex(pattern).test(name) ? judge(schema, item, [...path, name]) : undefined;
        if (problem) return problem;
      }
    return undefined;
  },
  additionalProperties(value, wanted, path, schema) {
    if (wanted !== false || !isObject(value)) return undefined;
    const known = schema.properties ?? {};
    const allowed = Object.keys((schema["patternProperties"] as object | undefined) ?? {});
    const extra = Object.keys(value).filter(
      (name) => !Object.hasOwn(known, name) && !allowed.some((pattern) => regex(pattern).test(name)),
    );
    if (extra.length === 0) return undefined;
    const names = [...extra].sort().map(repr).join(", ");
    const message =
      allowed.length > 0
        ? `${names} ${extra.length > 1 ? "do" : "does"} not match any of the regexes: ${allowed.map(repr).join(", ")}`
        : `Additional properties are not allowed (${names} ${extra.length > 1 ? "were" : "was"} unexpected)`;
    return { path, value, message };
  },
  format(value, wanted, path) {
    const format = String(wanted);
    TALKING[format]?.(value);
    if (format === "name" || format === "name_skip_leading_trailing_spaces") return named(format, value, path);
    const holds = FORMATS[format]?.(value) ?? true;
    return holds ? undefined : { path, value, message: `${repr(value)} is not a ${repr(format)}` };
  },
};

/** Names that must not be empty. */
function named(format: string, value: unknown, path: Path): Problem | undefined {
  const text = typeof value === "string" ? value : "";
  const told = (reason: string): Problem => ({
    path,
    value,
    message: `An invalid 'name' value was provided. ${reason}`,
    bare: true,
  });
  if (text === "") return told("The 'name' can not be None.");
  if (text.trim() === "") return told("The 'name' can not be empty.");
  if (format !== "name" && length(text.trim()) > 255) return told("The 'name' can not be greater than 255 characters.");
  return undefined;
}
