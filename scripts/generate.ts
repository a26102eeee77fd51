/**
 * Writes schema.json and the Node SDK from the definitions, docs/failures.md from the catalogue and docs/releases.md from
 * the table of microversions. `--check` writes nothing and fails where what is checked in differs from what would be written.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { definitions } from "../provider/resources/index.ts";
import { failuresPage } from "./generate/failures.ts";
import { releasesPage } from "./generate/releases.ts";
import { packageSchema } from "./generate/schema.ts";
import { kebab, sdkFile, sdkIndex } from "./generate/sdk.ts";

const root = join(import.meta.dirname, "..");
const meta = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  version: string;
  description: string;
  repository?: { url: string };
};

/** As the project's formatter leaves it. */
const format = (path: string, text: string): string =>
  execFileSync(join(root, "node_modules/.bin/biome"), ["format", "--stdin-file-path", path], {
    input: text,
    encoding: "utf8",
    cwd: root,
  });

const schema = packageSchema(definitions, {
  version: meta.version,
  description: meta.description,
  repository: meta.repository?.url ?? "",
});
const files: Record<string, string> = {
  "schema.json": `${JSON.stringify(schema, null, 2)}\n`,
  "docs/failures.md": failuresPage(),
  "docs/releases.md": releasesPage(),
  "sdk/nodejs/index.ts": sdkIndex(definitions),
  ...Object.fromEntries(
    definitions.map((definition) => [`sdk/nodejs/${kebab(definition.type)}.ts`, sdkFile(definition)]),
  ),
};
for (const path of Object.keys(files)) if (path.endsWith(".ts")) files[path] = format(path, files[path]!);

const read = (path: string) => {
  try {
    return readFileSync(join(root, path), "utf8");
  } catch {
    return undefined;
  }
};
const stale = Object.entries(files)
  .filter(([path, text]) => read(path) !== text)
  .map(([path]) => path);
if (process.argv.includes("--check")) {
  if (stale.length) {
    console.error(`not as generated: ${stale.join(", ")}. Run \`npm run generate\`.`);
    process.exit(1);
  }
} else {
  for (const path of stale) writeFileSync(join(root, path), files[path]!);
  console.log(stale.length ? `written: ${stale.join(", ")}` : "everything is as generated");
}
