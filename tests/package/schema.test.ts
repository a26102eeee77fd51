/** schema.json is what Pulumi's own tools take. */
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import t from "tap";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => JSON.parse(readFileSync(join(root, path), "utf8"));
const schema = read("schema.json") as {
  types: Record<string, unknown>;
  resources: Record<
    string,
    {
      properties: Record<string, unknown>;
      required: string[];
      inputProperties: Record<string, unknown>;
      requiredInputs: string[];
    }
  >;
};

t.test("schema.json is as the definitions say", async () => {
  execFileSync(process.execPath, [join(root, "scripts/generate.ts"), "--check"], { cwd: root });
});

t.test("it has the form of a Pulumi package schema", async (t) => {
  const check = new Ajv({ allErrors: true, strict: false }).compile(read("tests/package/pulumi-package.schema.json"));
  check(schema);
  t.same(check.errors ?? [], []);
});

t.test("every reference leads somewhere, and what is required exists", async (t) => {
  const references = [...JSON.stringify(schema).matchAll(/"#\/types\/([^"]+)"/g)].map((match) => match[1]!);
  t.ok(references.length > 10);
  t.same(
    references.filter((token) => !(token in schema.types)),
    [],
  );
  for (const [token, resource] of Object.entries(schema.resources)) {
    t.same(
      resource.required.filter((name) => !(name in resource.properties)),
      [],
      token,
    );
    t.same(
      resource.requiredInputs.filter((name) => !(name in resource.inputProperties)),
      [],
      token,
    );
  }
});

const cli = spawnSync("pulumi", ["version"]).status === 0;
t.test("`pulumi schema check` takes it", { skip: !cli && "no `pulumi` on PATH" }, async () => {
  execFileSync("pulumi", ["schema", "check", join(root, "schema.json")]);
});
