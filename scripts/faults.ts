/**
 * `npm run faults [stages] [-- --resume]`: tries every fault of the matrix (tests/faults/matrix) on the real cloud, which must run
 * (`npm run cloud:up`), and writes docs/faults.md. Stages: ironic, nova, volume, network; all where none is named. With --resume
 * what passed in the last run is not run again; its results are kept in the temporary folder. With --page
 * nothing is run, and the page is written from them.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cloudIsUp, SERVICES, serviceUrl } from "../tests/cloud/client.ts";
import { report } from "../tests/faults/report.ts";
import { readResults } from "../tests/faults/results.ts";
import { ended, start, stopOnSignal } from "./children.ts";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const PAGE = join(ROOT, "docs/faults.md");
const RESULTS = join(tmpdir(), "pulumi-baremetal-faults.jsonl");
const ALL = ["ironic", "nova", "volume", "network"];

const { values, positionals } = parseArgs({
  options: { resume: { type: "boolean" }, page: { type: "boolean" } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !ALL.includes(name));
if (unknown.length > 0) {
  console.error(`There is no stage ${unknown.join(", ")}. There are: ${ALL.join(" ")}`);
  process.exit(2);
}
if (process.env["SANDBOX_URL"] || !(await cloudIsUp())) {
  console.error("The faults are tried on the real cloud, which does not run: npm run cloud:up");
  process.exit(2);
}
if (!values.resume && !values.page) rmSync(RESULTS, { force: true });

/** Runs one stage; its TAP goes to the terminal. */
async function run(stage: string): Promise<boolean> {
  const env = { ...process.env, FAULTS: "all", FAULTS_RESULTS: RESULTS, TAP_TIMEOUT: "14400" };
  const argv = ["--disable-warning=ExperimentalWarning", join(ROOT, `tests/faults/${stage}.test.ts`)];
  return (await ended(start([process.execPath, ...argv], { cwd: ROOT, env, stdio: "inherit" }))) === 0;
}

/** The highest version that Ironic and Nova say they speak: by these a release is known. */
async function cloudVersion(): Promise<string> {
  const version = async (service: "ironic" | "nova") => {
    const body = await (await fetch(`${serviceUrl(service)}${SERVICES[service].path}/`)).json();
    const { version: one } = body as { version?: { version?: string } };
    return one?.version ?? "unknown";
  };
  return `a real OpenStack (Ironic ${await version("ironic")}, Nova ${await version("nova")})`;
}

stopOnSignal();
if (!values.page) {
  const build = start([process.execPath, "scripts/build.ts", "--quick"], { cwd: ROOT, stdio: "inherit" });
  if ((await ended(build)) !== 0) process.exit(1);
}
let good = true;
const cloud = await cloudVersion();
for (const stage of values.page ? [] : positionals.length ? positionals : ALL) {
  console.log(`# ${stage}`);
  good = (await run(stage)) && good;
}
const results = existsSync(RESULTS) ? readResults(RESULTS) : [];
const machine = `${cpus().length} CPUs, load ${loadavg()[0]!.toFixed(0)}`;
writeFileSync(PAGE, report(results, { date: new Date().toISOString().slice(0, 16).replace("T", " "), cloud, machine }));
console.log(`Written: ${PAGE}`);
process.exit(good ? 0 : 1);
