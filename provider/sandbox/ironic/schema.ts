import { repr, type Violation, violationText } from "../kernel/python.ts";
import { type Schema, violationOf } from "../kernel/schema.ts";
import { fault } from "./errors.ts";

/** What is wrong with each alternative, where a value fits none. */
const causesOf = ({ rule, schema, value }: Violation): (Violation & { alternative: number })[] =>
  rule === "anyOf"
    ? (schema as Schema).anyOf!.map((one, alternative) => ({ ...violationOf(value, one)!, alternative }))
    : [];

/** What is wrong with the value, in the words of Python's jsonschema; undefined where nothing is. */
export function schemaError(schema: Schema, value: unknown): string | undefined {
  const violation = violationOf(value, schema);
  if (!violation) return undefined;
  let cause: Violation | undefined;
  for (let causes = causesOf(violation); causes.length > 0; causes = causesOf(cause))
    cause = causes.reduce((least, one) => (one.path.length < least.path.length ? one : least));
  return cause ? `${violation.message}. Possible root cause: ${cause.message}` : violation.message;
}

/** The same at length: with the rule and the place. Of alternatives it tells the one of the value's type. */
export function schemaErrorText(schema: Schema, value: unknown): string | undefined {
  const violation = violationOf(value, schema);
  if (!violation) return undefined;
  const [near, ...others] = causesOf(violation).filter(({ rule, path }) => rule !== "type" || path.length > 0);
  return near && others.length === 0
    ? violationText({ ...near, schemaPath: [near.alternative, ...near.schemaPath] })
    : violationText(violation);
}

/** Refuses (400) a value that does not fit: `Schema error for NAME: …`, or without a name `Schema error: …`. */
export function checkSchema(name: string | undefined, schema: Schema, value: unknown): void {
  const message = schemaError(schema, value);
  if (message) throw fault(400, `Schema error${name ? ` for ${name}` : ""}: ${message}`);
}

/** A value as Python's `%s` writes it. */
export const str = (value: unknown): string => (typeof value === "string" ? value : repr(value));
