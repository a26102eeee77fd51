/** What npm ships: no stray file, and usable from fresh folders, CommonJS and ESM, types included. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { openStack } from "../../provider/engine/index.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const work = mkdtempSync(join(tmpdir(), "pulumi-baremetal-package-"));
t.teardown(() => rmSync(work, { recursive: true, force: true }));

interface Packed {
  filename: string;
  files: { path: string }[];
}
const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", work], { cwd: root, maxBuffer: 1e7 });
// npm 11 prints an array, later ones an object by name.
const answer = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Packed[] | Record<string, Packed>;
const packed = Array.isArray(answer) ? answer[0]! : Object.values(answer)[0]!;

t.test("the package holds the built code, its types, the schema and the papers, and nothing else", async (t) => {
  const stray = packed.files
    .map((file) => file.path)
    .filter((path) => !/^dist\/(provider|sdk\/nodejs)\/.*\.(js|d\.ts)$/.test(path))
    .sort();
  t.same(stray, [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "dist/sdk/nodejs/package.json",
    "package.json",
    "schema.json",
  ]);
});

/** A folder of its own with the packed package installed as a user would. */
async function freshFolder(t: Test, name: string, files: Record<string, string>) {
  const folder = join(work, name);
  mkdirSync(folder);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  writeFileSync(join(folder, "Pulumi.yaml"), `name: ${name}\nruntime: nodejs\n`);
  const tarball = join(work, packed.filename);
  const packages = [tarball, "@pulumi/pulumi@3.259.0", "typescript@5.9.3", "@types/node@22.20.5"];
  t.comment(`npm install in ${name}`);
  await run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", ...packages], {
    cwd: folder,
    maxBuffer: 1e7,
  });
  return folder;
}

const program = readFileSync(join(import.meta.dirname, "fixtures/program.ts"), "utf8");

/** The program's plan: it loads the installed package in the program and in the provider, and asks no cloud. */
async function preview(folder: string) {
  const stack = await openStack({
    projectDir: folder,
    stack: "dev",
    backendDir: join(folder, "state"),
    passphrase: "test",
  });
  return stack.preview({});
}

t.test("it works from Pulumi's default TypeScript template (CommonJS)", { timeout: 300_000 }, async (t) => {
  const tsconfig = {
    compilerOptions: {
      strict: true,
      outDir: "bin",
      target: "es2020",
      module: "commonjs",
      moduleResolution: "node",
      sourceMap: true,
      experimentalDecorators: true,
      pretty: true,
      noFallthroughCasesInSwitch: true,
      noImplicitReturns: true,
      forceConsistentCasingInFileNames: true,
    },
    files: ["index.ts"],
  };
  const folder = await freshFolder(t, "template", {
    "package.json": JSON.stringify({ name: "template", main: "index.ts" }),
    "tsconfig.json": JSON.stringify(tsconfig),
    "index.ts": program,
  });
  await t.resolves(run("npx", ["tsc", "--noEmit"], { cwd: folder }), "its types compile");
  const result = await preview(folder);
  t.equal(result.exitCode, 0, result.stdout);
  t.equal(result.summary["create"], 4, "stack, network, volume, server");
});

t.test("it works from an ESM program", { timeout: 300_000 }, async (t) => {
  const folder = await freshFolder(t, "esm", {
    "package.json": JSON.stringify({ name: "esm", type: "module", main: "index.js" }),
    "tsconfig.json": JSON.stringify({
      compilerOptions: { strict: true, module: "nodenext", target: "es2022" },
      files: ["index.ts"],
    }),
    "index.ts": program,
  });
  writeFileSync(
    join(folder, "Pulumi.yaml"),
    "name: esm\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
  );
  await t.resolves(run("npx", ["tsc"], { cwd: folder }), "its types compile");
  const result = await preview(folder);
  t.equal(result.exitCode, 0, result.stdout);
  t.equal(result.summary["create"], 4);
});

t.test("its types are precise, and fit @pulumi/openstack", { timeout: 120_000 }, async (t) => {
  const folder = join(work, "types");
  mkdirSync(folder);
  for (const file of ["mistakes.ts", "with-openstack.ts"])
    cpSync(join(import.meta.dirname, "fixtures", file), join(folder, file));
  const compilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    module: "nodenext",
    types: ["node"],
    paths: { "pulumi-baremetal": [root], "@pulumi/*": [join(root, "node_modules/@pulumi/*")] },
    typeRoots: [join(root, "node_modules/@types")],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  await t.resolves(
    run(join(root, "node_modules/.bin/tsc"), ["-p", folder], { cwd: folder }).catch((error) =>
      Promise.reject(new Error(error.stdout)),
    ),
  );
});
