/** Builds dist/: the provider as ESM, the SDK as CommonJS (programs of Pulumi's default template are CommonJS). */
import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const tsc = (project: string) =>
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", project], { cwd: root, stdio: "inherit" });

rmSync(join(root, "dist"), { recursive: true, force: true });
tsc("tsconfig.build.json");
tsc("sdk/nodejs/tsconfig.json");
copyFileSync(join(root, "sdk/nodejs/package.json"), join(root, "dist/sdk/nodejs/package.json"));
