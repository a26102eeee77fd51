/**
 * `npm run demo`: the first example on a real OpenStack on this machine. Preview, up, a look at what there is, destroy;
 * by `pulumi` where it is on PATH, else by the embedded engine.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cloudIsUp, tenantEnv } from "../tests/cloud/client.ts";

const root = join(import.meta.dirname, "..");
const say = (text: string) => console.log(text);

function run(command: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): number {
  const [file, ...args] = command as [string, ...string[]];
  return spawnSync(file, args, { cwd: root, stdio: "inherit", ...options }).status ?? 1;
}

function mustRun(command: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): void {
  const status = run(command, options);
  if (status !== 0) process.exit(status);
}

if (await cloudIsUp()) say("The test cloud is running: it is used as it is.");
else {
  say("Starting a real OpenStack on this machine, listening on 127.0.0.1 only.");
  mustRun(["bash", "tests/cloud/up.sh"]);
}

say("Building the package (usually 10 s).");
mustRun(["node", "scripts/build.ts"]);

// The example as a newcomer has it: a folder of its own with the package installed.
const folder = mkdtempSync(join(tmpdir(), "first-machine-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
cpSync(join(root, "examples/first-machine"), folder, { recursive: true });
mkdirSync(join(folder, "node_modules"));
for (const name of ["@pulumi", "@types", "typescript"])
  symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
symlinkSync(root, join(folder, "node_modules/pulumi-baremetal"));

const cli = spawnSync("pulumi", ["version"], { encoding: "utf8" });
const pulumi =
  cli.status === 0
    ? ["pulumi"]
    : ["node", "--disable-warning=ExperimentalWarning", join(root, "provider/engine/main.ts")];
say(
  cli.status === 0
    ? `Running examples/first-machine by pulumi ${cli.stdout.trim()}.`
    : "No `pulumi` on PATH: examples/first-machine is run by the embedded engine.",
);
const env = {
  ...process.env,
  ...tenantEnv("alpha"),
  PULUMI_BACKEND_URL: `file://${folder}`,
  PULUMI_CONFIG_PASSPHRASE: "demo",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  NODE_COMPILE_CACHE: join(tmpdir(), "pulumi-baremetal-compile-cache"),
};
const step = (title: string, ...args: string[]) => {
  say(`\n== ${title}: pulumi ${args.join(" ")}`);
  return run([...pulumi, ...args, "--stack", "demo", "--non-interactive"], { cwd: folder, env });
};

if (cli.status === 0) mustRun(["pulumi", "stack", "init", "demo"], { cwd: folder, env });
step("This cloud has a small image", "config", "set", "image", "tiny");
let failed = step("What would be made", "preview");
failed ||= step("Make it (usually 1 min)", "up", "--yes", "--skip-preview");
failed ||= step("Once more: nothing to do", "up", "--yes", "--skip-preview");
// Whatever was made is taken away again, also when a step failed.
const gone = step("And away with it", "destroy", "--yes", "--skip-preview");
if (failed || gone) process.exit(1);
say(`
Done: a network, a volume and a bare metal machine came up on a real OpenStack and went away again.
Next: change examples/first-machine/index.ts and run this again; \`npm run cloud:down\` stops the cloud.`);
