import type { AnyDefinition, ObjectSchema, PropertySchema } from "../../provider/core/index.ts";

/** A property in Pulumi's package schema. */
interface PackageProperty {
  type?: string;
  $ref?: string;
  description?: string;
  default?: unknown;
  secret?: boolean;
  willReplaceOnChanges?: boolean;
  items?: PackageProperty;
  additionalProperties?: PackageProperty;
  oneOf?: PackageProperty[];
}

interface PackageType {
  type: string;
  description?: string;
  properties?: Record<string, PackageProperty>;
  required?: string[];
  enum?: { value: unknown; name?: string }[];
}

const pascal = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
/** `disks` -> `disk`, `addresses` -> `address`: an item's type is named after one of its kind. */
export const singular = (text: string) =>
  text
    .replace(/(ss|x|ch)es$/, "$1")
    .replace(/ies$/, "y")
    .replace(/([^s])s$/, "$1");

/** The package as Pulumi's schema describes it, for the languages that Pulumi generates and for its registry. */
export function packageSchema(
  definitions: readonly AnyDefinition[],
  meta: { version: string; description: string; repository: string },
) {
  const types: Record<string, PackageType> = {};

  const property = (schema: PropertySchema, name: string): PackageProperty => {
    const { description, default: fallback, secret, replaces } = schema;
    return {
      ...shape(schema, name),
      ...(description && { description }),
      ...(fallback !== undefined && { default: fallback }),
      ...(secret && { secret }),
      ...(replaces && { willReplaceOnChanges: true }),
    };
  };
  const refer = (name: string, type: PackageType) => {
    types[`baremetal:index:${name}`] = type;
    return { $ref: `#/types/baremetal:index:${name}` };
  };
  const shape = (schema: PropertySchema, name: string): PackageProperty => {
    const words = literals(schema);
    if (words) return refer(name, { type: "string", enum: words.map((value) => ({ value })) });
    if (schema.type === "array")
      return { type: "array", items: property(schema["items"] as PropertySchema, singular(name)) };
    if (schema.type === "object") {
      const values = valuesOf(schema);
      if (values) return { type: "object", additionalProperties: property(values, singular(name)) };
      return refer(name, {
        type: "object",
        ...(schema.description && { description: schema.description }),
        ...members(schema as unknown as ObjectSchema, name),
      });
    }
    const choices = alternatives(schema);
    if (choices?.length === 1) return shape(choices[0]!, name);
    if (choices) return { oneOf: choices.map((choice) => property(choice, name)) };
    if (!schema.type) throw new Error(`${name}: a property of this form has no place in Pulumi's schema`);
    return { type: schema.type };
  };
  const members = (schema: ObjectSchema, name: string, skip: readonly string[] = []) => {
    const entries = Object.entries(schema.properties).filter(([key]) => !skip.includes(key));
    const required = ((schema["required"] as string[] | undefined) ?? []).filter((key) => !skip.includes(key));
    return {
      properties: Object.fromEntries(entries.map(([key, value]) => [key, property(value, `${name}${pascal(key)}`)])),
      ...(required.length && { required }),
    };
  };

  const resources = Object.fromEntries(
    definitions.map((definition) => {
      const inputs = definition.inputs as unknown as ObjectSchema;
      const outputs = definition.outputs as unknown as ObjectSchema;
      const own = Object.entries(inputs.properties)
        .filter(([, value]) => value["sdkSets"])
        .map(([key]) => key);
      const given = members(inputs, definition.type, own);
      const made = members(outputs, `${definition.type}Result`);
      return [
        `baremetal:index:${definition.type}`,
        {
          description: `${definition.description}\n\n## Example Usage\n\n\`\`\`typescript\n${definition.example}\n\`\`\`\n`,
          inputProperties: given.properties,
          requiredInputs: given.required ?? [],
          properties: { ...given.properties, ...made.properties },
          required: [...new Set([...(given.required ?? []), ...(made.required ?? [])])],
        },
      ];
    }),
  );
  return {
    name: "baremetal",
    displayName: "Bare Metal",
    version: meta.version,
    description: meta.description,
    keywords: ["pulumi", "openstack", "ironic", "bare-metal", "category/infrastructure", "kind/native"],
    license: "Apache-2.0",
    repository: meta.repository,
    publisher: "pulumi-baremetal",
    language: { nodejs: { packageName: "pulumi-baremetal" } },
    config: {},
    types: Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1))),
    provider: {
      description:
        "OpenStack credentials are read from the `openstack:` configuration, OS_* variables and clouds.yaml.",
    },
    resources,
  };
}

/** The texts that a property may be, where it is a choice of texts. */
export function literals(schema: PropertySchema): string[] | undefined {
  const choices = (schema["anyOf"] ?? (schema["const"] === undefined ? undefined : [schema])) as
    | PropertySchema[]
    | undefined;
  if (!choices?.every((choice) => typeof choice["const"] === "string")) return undefined;
  return choices.map((choice) => choice["const"] as string);
}

/** The schema of a map's values, where the schema is a map. */
export function valuesOf(schema: PropertySchema): PropertySchema | undefined {
  const patterns = schema["patternProperties"] as Record<string, PropertySchema> | undefined;
  const extra = schema["additionalProperties"];
  return patterns
    ? Object.values(patterns)[0]
    : typeof extra === "object" && extra !== null
      ? (extra as PropertySchema)
      : undefined;
}

/** The forms that a value may have; null, which Pulumi's schema does not know, is the absence of the others. */
export function alternatives(schema: PropertySchema): PropertySchema[] | undefined {
  const choices = schema["anyOf"] as PropertySchema[] | undefined;
  return choices?.filter((choice) => choice.type !== "null");
}
