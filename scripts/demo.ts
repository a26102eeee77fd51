/**
 * `npm run demo`: the first example on the embedded cloud (`npm run demo -- real`: on a real OpenStack on this machine). Preview,
 * up, a look at the machine, destroy; by `pulumi` where it is on PATH, else by the embedded engine.
 */
import { spawn, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startSandbox } from "../provider/sandbox/index.ts";
import { cloudIsUp, tenantEnv } from "../tests/cloud/client.ts";
import { demoByEngine } from "./demo/by-engine.ts";

const root = join(import.meta.dirname, "..");
const began = Date.now();
const say = (text: string) => console.log(text);

/** Runs a command to its end; its exit code. The embedded cloud goes on answering from this process meanwhile. */
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
}

async function embedded(): Promise<DemoCloud> {
  const sandbox = await startSandbox();
  say(`An OpenStack with ${sandbox.fleet.nodes.length} simulated machines runs at ${sandbox.url},`);
  say("100 times faster than hardware.");
  return { env: sandbox.environment(), image: "debian-12", stop: () => sandbox.stop() };
}

async function real(): Promise<DemoCloud> {
  if (await cloudIsUp()) say("The test cloud is running: it is used as it is.");
  else {
    say("Starting a real OpenStack on this machine, listening on 127.0.0.1 only.");
    await mustRun(["bash", "tests/cloud/up.sh"]);
  }
  return { env: tenantEnv("alpha"), image: "tiny", stop: async () => {} };
}

const onReal = process.argv[2] === "real";
const cloud = onReal ? await real() : await embedded();
await mustRun(["node", "scripts/build.ts", "--quick"]);

// The example as a newcomer has it: a folder of its own with the package installed.
const folder = mkdtempSync(join(tmpdir(), "first-machine-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
cpSync(join(root, "examples/first-machine"), folder, { recursive: true });
mkdirSync(join(folder, "node_modules"));
for (const name of ["@pulumi", "@types", "typescript"])
  symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
symlinkSync(root, join(folder, "node_modules/pulumi-baremetal"));

const env = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("OS_"))),
  ...cloud.env,
  PULUMI_BACKEND_URL: `file://${folder}`,
  PULUMI_CONFIG_PASSPHRASE: "demo",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  NODE_COMPILE_CACHE: join(tmpdir(), "pulumi-baremetal-compile-cache"),
};

/** The same four steps by the real CLI, with its own output. */
async function demoByPulumi(): Promise<boolean> {
  const step = (title: string, ...args: string[]) => {
    say(`\n== ${title}: pulumi ${args.join(" ")}`);
    return run(["pulumi", ...args, "--stack", "demo", "--non-interactive"], { cwd: folder, env });
  };
  await mustRun(["pulumi", "stack", "init", "demo"], { cwd: folder, env });
  await step("An image that this cloud has", "config", "set", "image", cloud.image);
  let failed = await step("What would be made", "preview");
  failed ||= await step("Make it", "up", "--yes", "--skip-preview");
  failed ||= await step("A look at the machine", "stack", "output");
  // Whatever was made is taken away again, also when a step failed.
  const gone = await step("And away with it", "destroy", "--yes", "--skip-preview");
  return !failed && !gone;
}

const cli = spawnSync("pulumi", ["version"], { encoding: "utf8" });
const byCli = cli.status === 0;
say(
  byCli
    ? `Running examples/first-machine by pulumi ${cli.stdout.trim()}.`
    : "No `pulumi` on PATH: examples/first-machine is run by the embedded engine.",
);
const well = byCli ? await demoByPulumi() : await demoByEngine({ folder, env, image: cloud.image, say });
await cloud.stop();
if (!well) process.exit(1);
say(`
Done in ${((Date.now() - began) / 1000).toFixed(0)} s. Next: change examples/first-machine/index.ts and run this again, or
  npm run demo -- real                       the same on a real OpenStack on this machine
  node provider/cli/main.ts sandbox          the embedded cloud alone, for programs and clients of your own`);
