import { canonical } from "./identity.ts";
import { hasUnknown } from "./unknown.ts";
import type { ObjectSchema } from "./validation.ts";

type Values = Readonly<Record<string, unknown>>;

/** The inputs, top level, in which two programs differ. An unknown differs from everything. */
export function changedInputs(schema: ObjectSchema, olds: Values, news: Values): string[] {
  return Object.keys(schema.properties).filter(
    (name) => hasUnknown(news[name]) || canonical(olds[name]) !== canonical(news[name]),
  );
}

/**
 * The changed inputs that need a new object. A value that is not known yet never asks for one: the engine asks for
 * differences with unknowns in a real run too, and a machine is not thrown away on a guess.
 */
export function replacingInputs(schema: ObjectSchema, olds: Values, news: Values): string[] {
  return changedInputs(schema, olds, news).filter(
    (name) => schema.properties[name]?.replaces && !hasUnknown(news[name]),
  );
}

/** The values that make two objects of one identity different objects; what {@link shapeOf} hashes. */
export function replacingValues(schema: ObjectSchema, inputs: Values): Values {
  return Object.fromEntries(
    Object.entries(schema.properties)
      .filter(([name, property]) => property.replaces && inputs[name] !== undefined)
      .map(([name]) => [name, inputs[name]]),
  );
}

/** Plain JSON for a host: undefined dropped at any depth, everything else that is no JSON refused. */
export function clean(value: unknown, path = ""): unknown {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((item, index) => clean(item, `${path}[${index}]`));
  if (
    typeof value === "object" &&
    (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
  ) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return Object.fromEntries(entries.map(([key, item]) => [key, clean(item, path ? `${path}.${key}` : key)]));
  }
  throw new TypeError(
    `${path || "value"} is ${typeof value === "object" ? (value?.constructor?.name ?? "an object") : String(value)}, which state cannot hold`,
  );
}
