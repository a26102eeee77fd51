#!/usr/bin/env node
// Starts one of the TypeScript scripts beside this file on a machine that has nothing but some Node (18 or newer) and npm:
//   node scripts/bootstrap.mjs test [arguments]      runs scripts/test.ts
// Plain JavaScript with Node's own modules only, because nothing is installed yet.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const [name, ...args] = process.argv.slice(2);
if (!name || !existsSync(join(root, "scripts", `${name}.ts`))) {
  console.error("usage: node scripts/bootstrap.mjs NAME [arguments], where scripts/NAME.ts exists");
  process.exit(2);
}

/** Why node_modules has to be installed (again), or "" when it is what package-lock.json says. */
function reasonToInstall() {
  const read = (path) => JSON.parse(readFileSync(join(root, path), "utf8")).packages;
  if (!existsSync(join(root, "node_modules", ".package-lock.json"))) return "they are not here yet";
  const wanted = read("package-lock.json");
  const have = read("node_modules/.package-lock.json");
  for (const path of new Set([...Object.keys(wanted), ...Object.keys(have)])) {
    if (path === "") continue;
    const [want, got] = [wanted[path], have[path]];
    if (!want || (got && got.version !== want.version)) return `${path} is not the version of package-lock.json`;
    if (!got && !want.optional && !want.devOptional && !want.peer) return `${path} is missing`;
  }
  return existsSync(join(bin, "node")) ? "" : "the project's own Node is missing";
}

function run(command, argv, env) {
  const { status, signal, error } = spawnSync(command, argv, { cwd: root, stdio: "inherit", env });
  if (error) console.error(`${command}: ${error.message}`);
  return signal ? 130 : (status ?? 1);
}

const path = (process.env.PATH ?? "").split(":").filter((folder) => folder !== bin);
const reason = reasonToInstall();
if (reason) {
  console.log(`Installing the npm packages, because ${reason} (usually 30 to 60 s).`);
  // Not "npm ci": it refuses a lock file without the packages for other platforms, which a mirror of the registry may not have.
  // This installs the locked versions too and leaves the lock file as it is.
  const status = run("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"], {
    ...process.env,
    PATH: path.join(":"),
  });
  if (status !== 0) {
    console.error(
      "npm install failed: see above. It needs the npm registry; run the command again when it can be reached.",
    );
    process.exit(status);
  }
}
// Node 22 comes with the packages: everything from here on runs with it
const env = { ...process.env, PATH: [bin, ...path].join(":") };
// tap comes built with a plugin that compiles TypeScript, which .taprc turns off; the run that would rebuild it still has the plugin
const tap = join(root, "node_modules/@tapjs/test/test-built/dist/esm/index.js");
if (!existsSync(tap) || readFileSync(tap, "utf8").includes("@tapjs/typescript")) {
  console.log("Preparing the test runner (usually 15 s, once).");
  if (run("tap", ["build"], env) !== 0) process.exit(1);
}
// SIGTERM reaches this process alone, and is handed on; Ctrl-C reaches both, and the script ends what it has started.
const script = spawn(join(bin, "node"), [join("scripts", `${name}.ts`), ...args], { cwd: root, stdio: "inherit", env });
process.on("SIGTERM", () => script.kill("SIGTERM"));
process.on("SIGINT", () => undefined);
script.on("error", (error) => {
  console.error(`${join(bin, "node")}: ${error.message}`);
  process.exit(1);
});
script.on("close", (status, signal) => process.exit(signal ? 130 : (status ?? 1)));
