/** Projects for whole rehearsals, and the command line as a person runs it. */
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import { plainEnvironment } from "../lifecycle/environment.ts";

const root = join(import.meta.dirname, "../..");

/** A machine on a network of its own; `power` and `hardware` come from the configuration. */
export const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const baremetal = require("pulumi-baremetal");
const config = new pulumi.Config();
const network = new baremetal.IsolatedNetwork("web", { cidr: "10.20.0.0/24" });
const machine = new baremetal.Server("web", {
  hardware: { class: config.get("class") ?? "baremetal" },
  image: "debian-12",
  networks: [{ network: network.id }],
  power: config.get("power"),
});
exports.address = machine.address;
`;

/** A project in a folder of its own, with the package installed; gone when the test ends. */
export function project(t: Test, files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "rehearsed-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const all = {
    "Pulumi.yaml": "name: shop\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
    "index.js": PROGRAM,
    ...files,
  };
  for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
  install(folder);
  return folder;
}

/** A copy of an example with the package installed; gone when the test ends. */
export function example(t: Test, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), "rehearsed-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(root, "examples", name), folder, { recursive: true });
  install(folder);
  return folder;
}

function install(folder: string): void {
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["@pulumi", "@types", "typescript"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  symlinkSync(root, join(folder, "node_modules/pulumi-baremetal"));
}

/** All files of a folder with their contents, without node_modules. */
export function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (one) => one.isFile() && !one.parentPath.includes("node_modules"),
  );
  return Object.fromEntries(
    files.map((one) => [join(one.parentPath, one.name), readFileSync(join(one.parentPath, one.name), "utf8")]),
  );
}

/** How a command ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Any Node.js command in a folder. */
export function runNode(folder: string, args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...plainEnvironment(),
        NODE_COMPILE_CACHE: join(tmpdir(), "pulumi-baremetal-compile-cache"),
        NO_COLOR: "1",
        ...env,
      },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (data) => (stdout += data));
    child.stderr.on("data", (data) => (stderr += data));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

/** `pulumi-baremetal rehearse` in a folder. */
export const rehearse = (folder: string, args: readonly string[] = [], env: Record<string, string> = {}) =>
  runNode(folder, [join(root, "provider/cli/main.ts"), "rehearse", ...args], env);
