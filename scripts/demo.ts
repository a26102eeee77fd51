/**
 * `npm run demo`: the first example on the embedded cloud (with `-- real`: on a real OpenStack on this machine). Preview, up, a
 * look at the machine, destroy; by `pulumi` where it is on PATH, else by the embedded engine.
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "../provider/sandbox/index.ts";
import { cloudIsUp, tenantEnv } from "../tests/cloud/client.ts";

const root = join(import.meta.dirname, "..");
const began = Date.now();
const say = (text: string) => console.log(text);

/** Runs a command to its end; its exit code. Not in lockstep: the embedded cloud answers from this process. */
function run(command: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Promise<number> {
  const [file, ...args] = command as [string, ...string[]];
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: "inherit", ...options });
    child.on("error", reject);
    child.on("close", (status) => resolve(status ?? 1));
  });
}

async function mustRun(
  command: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  const status = await run(command, options);
  if (status !== 0) process.exit(status);
}

/** A cloud for the demo: the variables of its user, an image that it has, and what stops it. */
interface DemoCloud {
  env: Record<string, string>;
  image: string;
  stop(): Promise<void>;
  /** What to say of it at the end. */
  next: string;
}

async function embedded(): Promise<DemoCloud> {
  const sandbox = await startSandbox();
  say(
    `An OpenStack with ${sandbox.fleet.nodes.length} simulated machines runs at ${sandbox.url}, 100 times faster than hardware.`,
  );
  return {
    env: sandbox.environment(),
    image: "debian-12",
    stop: () => sandbox.stop(),
    next: "`npm run demo -- real` does the same on a real OpenStack, started on this machine in some minutes.",
  };
}

async function real(): Promise<DemoCloud> {
  if (await cloudIsUp()) say("The test cloud is running: it is used as it is.");
  else {
    say("Starting a real OpenStack on this machine, listening on 127.0.0.1 only.");
    await mustRun(["bash", "tests/cloud/up.sh"]);
  }
  return {
    env: tenantEnv("alpha"),
    image: "tiny",
    stop: async () => {},
    next: "The OpenStack goes on running; `npm run cloud:down` stops it.",
  };
}

const cloud = process.argv[2] === "real" ? await real() : await embedded();
await mustRun(["node", "scripts/build.ts", "--quick"]);

// The example as a newcomer has it: a folder of its own with the package installed.
const folder = mkdtempSync(join(tmpdir(), "first-machine-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
cpSync(join(root, "examples/first-machine"), folder, { recursive: true });
mkdirSync(join(folder, "node_modules"));
for (const name of ["@pulumi", "@types", "typescript"])
  symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
symlinkSync(root, join(folder, "node_modules/pulumi-baremetal"));

const cli = spawnSync("pulumi", ["version"], { encoding: "utf8" });
const byCli = cli.status === 0;
const pulumi = byCli
  ? ["pulumi"]
  : ["node", "--disable-warning=ExperimentalWarning", join(root, "provider/engine/main.ts")];
say(
  byCli
    ? `Running examples/first-machine by pulumi ${cli.stdout.trim()}.`
    : "No `pulumi` on PATH: examples/first-machine is run by the embedded engine.",
);
const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OS_"))),
  ...cloud.env,
  PULUMI_BACKEND_URL: `file://${folder}`,
  PULUMI_CONFIG_PASSPHRASE: "demo",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  NODE_COMPILE_CACHE: join(tmpdir(), "pulumi-baremetal-compile-cache"),
};
const step = (title: string, ...args: string[]) => {
  say(`\n== ${title}: pulumi ${args.join(" ")}`);
  return run([...pulumi, ...args, "--stack", "demo", "--non-interactive"], { cwd: folder, env });
};

if (byCli) await mustRun(["pulumi", "stack", "init", "demo"], { cwd: folder, env });
if (cloud.image !== "debian-12") await step("This cloud has a small image", "config", "set", "image", cloud.image);
let failed = await step("What would be made", "preview");
failed ||= await step("Make it", "up", "--yes", "--skip-preview");
failed ||= await step("A look at the machine", "stack", "output");
// Whatever was made is taken away again, also when a step failed.
const gone = await step("And away with it", "destroy", "--yes", "--skip-preview");
await cloud.stop();
if (failed || gone) process.exit(1);
say(`
Done in ${((Date.now() - began) / 1000).toFixed(0)} s: a network, a volume and a bare metal machine came up and went away again.
Next: change examples/first-machine/index.ts and run this again. ${cloud.next}`);
