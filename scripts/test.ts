/** `npm test`: runs the test suites, starts the test cloud when one of them needs it, and ends with "N passed, N failed". */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cloudIsUp } from "../tests/cloud/client.ts";
import { startTestSandbox } from "../tests/cloud/sandbox.ts";
import { ended, start, stopOnSignal } from "./children.ts";
import { chooseSuites, type Suite } from "./suites.ts";
import { type Count, tapReader } from "./tap-output.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
process.chdir(ROOT);
const began = Date.now();
let stopCloud = async () => {};
/** Where the sandboxes of this run write their journals. */
const journals = mkdtempSync(join(tmpdir(), "pulumi-baremetal-journals-"));
process.on("exit", () => rmSync(journals, { recursive: true, force: true }));

function say(text: string): void {
  console.log(text);
}

/** Runs a command; `onLine` gets its output line by line, else it goes to the terminal. Resolves to the exit status. */
async function run(
  command: string[],
  onLine?: (line: string) => void,
  env: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const child = start(command, { env, stdio: ["ignore", onLine ? "pipe" : "inherit", "inherit"] });
  const status = ended(child);
  if (child.stdout && onLine) {
    const lines = createInterface({ input: child.stdout }).on("line", onLine);
    await new Promise((done) => lines.once("close", done));
  }
  return status;
}

function testFiles({ folder = "", only }: Suite): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".test.ts") && !file.includes("node_modules"))
    .filter((file) => only === undefined || only.includes(file))
    .sort()
    .map((file) => join(folder, file));
}

async function runTap(suite: Suite, files: string[]): Promise<Count> {
  const sandbox = suite.cloud === "sandbox" ? await startTestSandbox() : undefined;
  try {
    const { SANDBOX_URL: _, ...inherited } = process.env;
    const env = { ...inherited, SANDBOX_JOURNALS: journals };
    const url = suite.cloud === "own sandbox" ? "own" : sandbox?.url;
    return await runFiles(suite, files, url ? { ...env, SANDBOX_URL: url } : env);
  } finally {
    await sandbox?.stop();
  }
}

async function runFiles(suite: Suite, files: string[], env: NodeJS.ProcessEnv): Promise<Count> {
  const reader = tapReader();
  const options = [`--jobs=${suite.jobs ?? 1}`, `--timeout=${suite.timeout ?? 60}`, "--reporter=tap", "--no-color"];
  const show = (line: string) => {
    for (const shown of reader.take(line)) say(shown);
  };
  const status = await run(["tap", "run", ...options, ...files], show, env);
  const count = reader.count() ?? { passed: 0, failed: 0 };
  if (count.passed + count.failed === 0) say(`    ${suite.name}: not one test ran`);
  // tap may end badly without a failed assertion: that is a failure too
  const bad = (status !== 0 || count.passed === 0) && count.failed === 0;
  return bad ? { ...count, failed: 1 } : count;
}

async function runSuite(suite: Suite): Promise<Count> {
  if (suite.command) {
    say(`${suite.name}: ${suite.about} (usually ${suite.usual})`);
    return (await run(suite.command)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  }
  const folder = suite.folder as string;
  if (!existsSync(folder)) {
    say(`${suite.name}: none yet`);
    return { passed: 0, failed: 0 };
  }
  const files = testFiles(suite);
  if (files.length === 0) {
    say(`${suite.name}: no *.test.ts in ${folder}`);
    return { passed: 0, failed: 1 };
  }
  say(`${suite.name}: ${suite.about}, ${files.length} files (usually ${suite.usual})`);
  return runTap(suite, files);
}

/** Starts the cloud unless it runs. One that is started here starts from nothing and is stopped at the end. */
async function startCloud(): Promise<boolean> {
  const found = await cloudIsUp();
  if (!found) {
    say("cloud: not running, so it is started for these tests and stopped after them");
    stopCloud = async () => {
      stopCloud = async () => {};
      await run(["bash", "tests/cloud/down.sh"]);
    };
    if ((await run(["bash", "tests/cloud/down.sh", "--purge"])) !== 0) return false;
  } else say("cloud: running already, so it is used as it is and left running");
  return (await run(["bash", "tests/cloud/up.sh"])) === 0;
}

async function main(): Promise<number> {
  const suites = chooseSuites(process.argv.slice(2));
  say(`Running: ${suites.map((suite) => suite.name).join(", ")}`);
  const total: Count = { passed: 0, failed: 0 };
  let cloud: boolean | undefined;
  for (const suite of suites) {
    const usable = suite.folder === undefined || existsSync(suite.folder);
    const real = suite.cloud === "real";
    if (real && usable) cloud ??= await startCloud();
    const started = Date.now();
    const count = real && usable && cloud === false ? { passed: 0, failed: 1 } : await runSuite(suite);
    if (real && cloud === false) say(`${suite.name}: not run, because the cloud did not start: see above`);
    total.passed += count.passed;
    total.failed += count.failed;
    const seconds = ((Date.now() - started) / 1000).toFixed(0);
    say(`  ${suite.name}: ${count.passed} passed, ${count.failed} failed in ${seconds} s\n`);
  }
  await stopCloud();
  say(`Took ${((Date.now() - began) / 1000).toFixed(0)} s.`);
  if (total.passed + total.failed === 0) total.failed = 1;
  say(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
}

stopOnSignal(() => stopCloud());

main().then(
  (status) => process.exit(status),
  async (error: unknown) => {
    say(String(error instanceof Error ? error.message : error));
    await stopCloud();
    process.exit(2);
  },
);
