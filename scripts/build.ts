/**
 * Builds dist/: the provider as ESM, the SDK as CommonJS (programs of Pulumi's default template are CommonJS).
 * --quick: nothing is built while dist/ is newer than its sources, and types are not checked (the suite "types" does it).
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const stamp = join(root, "dist/.built");
const quick = process.argv.includes("--quick");

/** Beside dist/, which stays whole for programs that run meanwhile. */
const next = join(root, `dist.next-${process.pid}`);

const tsc = (project: string, folder: string) =>
  execFileSync(
    join(root, "node_modules/.bin/tsc"),
    ["-p", project, "--outDir", folder, ...(quick ? ["--noCheck"] : [])],
    {
      cwd: root,
      stdio: "inherit",
    },
  );

/** Whether dist/ is as new as everything that it is made from. */
function fresh(): boolean {
  if (!existsSync(stamp)) return false;
  const built = statSync(stamp).mtimeMs;
  const sources = ["provider", "sdk/nodejs"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((file) => join(root, folder, file)),
  );
  return [...sources, join(root, "tsconfig.json"), join(root, "tsconfig.build.json")].every(
    (file) => statSync(file).mtimeMs <= built,
  );
}

if (!(quick && fresh())) {
  const began = new Date();
  try {
    tsc("tsconfig.build.json", next);
    tsc("sdk/nodejs/tsconfig.json", join(next, "sdk/nodejs"));
    copyFileSync(join(root, "sdk/nodejs/package.json"), join(next, "sdk/nodejs/package.json"));
    chmodSync(join(next, "provider/cli/main.js"), 0o755);
    const built = join(next, ".built");
    writeFileSync(built, "");
    utimesSync(built, began, began);
    rmSync(join(root, "dist"), { recursive: true, force: true });
    renameSync(next, join(root, "dist"));
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}
