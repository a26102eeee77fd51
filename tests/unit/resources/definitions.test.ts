import t from "tap";
import type { ObjectSchema, PropertySchema } from "../../../provider/core/index.ts";
import { check } from "../../../provider/core/index.ts";
import { definitions } from "../../../provider/resources/index.ts";

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

for (const definition of definitions) {
  const inputs = definition.inputs as unknown as ObjectSchema;
  const outputs = definition.outputs as unknown as ObjectSchema;

  t.test(`${definition.type}: no output has an input's name, for state keeps both side by side`, async (t) => {
    t.same(
      Object.keys(outputs.properties).filter((name) => name in inputs.properties),
      [],
    );
  });

  t.test(`${definition.type}: everything public says what it is`, async (t) => {
    t.ok(definition.description.length > 80);
    t.match(definition.example, /import \* as baremetal from "pulumi-baremetal"/);
    const silent = (schema: ObjectSchema) =>
      Object.entries(schema.properties).filter(([, property]) => !text(property));
    t.same(silent(inputs), []);
    t.same(silent(outputs), []);
  });

  t.test(`${definition.type}: an unknown in the place of any input passes`, async (t) => {
    for (const name of Object.keys(inputs.properties)) {
      const required = Object.fromEntries(
        ((inputs["required"] as string[] | undefined) ?? []).map((key) => [key, UNKNOWN]),
      );
      const { problems } = check(definition, undefined, { ...required, [name]: UNKNOWN });
      t.same(
        problems.filter((problem) => problem.path.startsWith(name)),
        [],
        name,
      );
    }
  });
}

const text = (property: PropertySchema): boolean => (property.description ?? "").length > 10;
