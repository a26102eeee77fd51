/**
 * Records, compares and lists exchanges:
 *   node tests/parity/run.ts record|compare|list [filter…] [--cloud real|sandbox] [--reset | --no-reset]
 */
import { parseArgs } from "node:util";
import { describeLeftovers, leftovers } from "../cloud/leftovers.ts";
import { resetTenants, useReal, useSandbox } from "./clouds.ts";
import { describe } from "./compare.ts";
import { judge, loadSuite, type Result, record, type Suite, summary, unused } from "./suite.ts";

const USAGE = `usage: node tests/parity/run.ts record|compare|list [filter…] [--cloud real|sandbox] [--reset | --no-reset]
  record    runs the exchanges on the real cloud and writes tests/parity/recordings/
  compare   runs them on the sandbox (or --cloud real: is the recording stable?) and shows the differences
  list      names them
  filter    part of <service>/<topic>/<slug> or of the name; several must all match
  --reset   tenants are reset first (default on the real cloud; --no-reset is quicker)`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cloud: { type: "string" },
    reset: { type: "boolean" },
    "no-reset": { type: "boolean" },
    help: { type: "boolean", short: "h" },
  },
});
const [command, ...filters] = positionals;

function list(suite: Suite): void {
  for (const { id, name, tenant } of suite.entries) console.log(`${id}  (${tenant})  ${name}`);
}

async function start(suite: Suite, real: boolean) {
  const cloud = real ? useReal() : await useSandbox();
  if (values.reset || (real && !values["no-reset"]))
    await cloud.alone(() => resetTenants(suite.entries.map(({ tenant }) => tenant)));
  return cloud;
}

/** Whether all were recorded. */
async function recordAll(suite: Suite): Promise<boolean> {
  const cloud = await start(suite, true);
  let failures = 0;
  for (const entry of suite.entries) {
    const { error, cleanupErrors, steps, changed, size } = await cloud.alone(() => record(entry));
    if (error) failures++;
    const what = error ? `FAILED after ${steps.length} requests: ${error.message}` : changed ? "recorded" : "unchanged";
    console.log(`${what}: ${entry.id} (${steps.length} requests)`);
    if (size > 200_000) console.log(`  ${Math.round(size / 1000)} kB: can it be smaller?`);
    for (const problem of cleanupErrors) console.log(`  cleaning up: ${problem.message}`);
  }
  for (const tenant of new Set(suite.entries.map((entry) => entry.tenant))) {
    const left = await cloud.alone(() => leftovers(tenant));
    if (left.length > 0)
      console.log(`left behind in ${tenant} (by an exchange, or by somebody else):\n${describeLeftovers(left)}`);
  }
  return failures === 0;
}

/** Whether all was as recorded or known. */
async function compareAll(suite: Suite, real: boolean): Promise<boolean> {
  const cloud = await start(suite, real);
  const known = real ? suite.known.filter((entry) => entry.real) : suite.known;
  const results: Result[] = [];
  try {
    for (const entry of suite.entries) {
      const result = await cloud.alone(() => judge(entry, known));
      results.push(result);
      const { differences, cleanupErrors } = result;
      const word = differences.length === 0 ? "ok" : differences.every((one) => one.known) ? "known" : "different";
      console.log(`${word.padEnd(9)} ${entry.id}`);
      if (word === "different") console.log(describe(differences));
      for (const problem of cleanupErrors) console.log(`  cleaning up: ${problem.message}`);
    }
  } finally {
    await cloud.stop();
  }
  console.log(`\n${summary(results).join("\n")}`);
  if (filters.length === 0) {
    if (!real)
      for (const { path, reason } of unused(known, results)) console.log(`known but never seen: ${path} (${reason})`);
    for (const orphan of suite.orphans) console.log(`recording without an exchange: ${orphan}`);
  }
  return results.every(({ differences }) => differences.every((one) => one.known));
}

async function main(): Promise<boolean> {
  const real = (values.cloud ?? (command === "record" ? "real" : "sandbox")) === "real";
  const known = ["record", "compare", "list"].includes(command ?? "");
  if (values.help || !known || (values.cloud !== undefined && !["real", "sandbox"].includes(values.cloud))) {
    console.error(USAGE);
    return values.help === true;
  }
  if (command === "record" && !real) throw new Error("only the real cloud is recorded");
  const suite = await loadSuite(filters);
  if (suite.entries.length === 0) throw new Error(`no exchange matches ${filters.join(" ")}`);
  if (command === "list") list(suite);
  return command === "list" || (command === "record" ? recordAll(suite) : compareAll(suite, real));
}

// a reader who goes away (head) does not stop an exchange half-way
process.stdout.on("error", () => {});
try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
