/** All exchanges and their recordings, and how one is run and judged. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { compare, type Difference, markKnown } from "./compare.ts";
import { type Exchange, type Outcome, runExchange } from "./exchange.ts";
import { known as general, type Known } from "./known.ts";
import { normalise, type Step } from "./normalise.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const RECORDINGS = `${HERE}recordings`;

/** An exchange and where it is. */
export interface Entry extends Exchange {
  service: string;
  topic: string;
  /** <service>/<topic>/<slug> */
  id: string;
  /** File of its recording. */
  recording: string;
}

/** Everything that there is. */
export interface Suite {
  entries: Entry[];
  known: Known[];
  /** Recordings that no exchange has. */
  orphans: string[];
}

/** What came of one exchange. */
export interface Result {
  entry: Entry;
  requests: number;
  /** Requests without any difference. */
  equal: number;
  differences: Difference[];
  cleanupErrors: Error[];
}

/** A recording as it is in its file. */
interface Recording {
  exchange: string;
  steps: Step[];
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}

/** Reads all files <service>/<topic>.ts. Each of the filters must be part of an exchange's id or name. */
export async function loadSuite(filters: string[] = []): Promise<Suite> {
  const entries: Entry[] = [];
  const known = [...general];
  const folders = readdirSync(HERE, { withFileTypes: true }).filter((one) => one.isDirectory());
  for (const service of folders.map((one) => one.name).sort()) {
    if (service === "recordings") continue;
    for (const file of readdirSync(HERE + service).sort()) {
      if (!file.endsWith(".ts")) continue;
      const module = (await import(`./${service}/${file}`)) as { exchanges?: Exchange[]; known?: Known[] };
      known.push(...(module.known ?? []));
      const topic = file.slice(0, -3);
      for (const one of module.exchanges ?? []) {
        const id = `${service}/${topic}/${slug(one.name)}`;
        if (entries.some((other) => other.id === id)) throw new Error(`two exchanges are called ${id}`);
        entries.push({ ...one, service, topic, id, recording: `${RECORDINGS}/${id}.json` });
      }
    }
  }
  const wanted = ({ id, name }: Entry) => filters.every((filter) => id.includes(filter) || name.includes(filter));
  const files = existsSync(RECORDINGS) ? readdirSync(RECORDINGS, { recursive: true, encoding: "utf8" }) : [];
  const owned = new Set(entries.map(({ recording }) => recording));
  const orphans = files.filter((file) => file.endsWith(".json") && !owned.has(`${RECORDINGS}/${file}`));
  return { entries: entries.filter(wanted), known, orphans };
}

/** Runs an exchange and writes its recording; an exchange that failed is not written. */
export async function record(entry: Entry): Promise<Outcome & { changed: boolean; size: number }> {
  const outcome = await runExchange(entry);
  const recording: Recording = { exchange: entry.name, steps: outcome.error ? [] : normalise(outcome) };
  const text = `${JSON.stringify(recording, null, 2)}\n`;
  const before = existsSync(entry.recording) ? readFileSync(entry.recording, "utf8") : "";
  if (!outcome.error) {
    mkdirSync(dirname(entry.recording), { recursive: true });
    writeFileSync(entry.recording, text);
  }
  return { ...outcome, changed: before !== text, size: text.length };
}

/** Runs an exchange and compares it with its recording. */
export async function judge(entry: Entry, known: Known[]): Promise<Result> {
  const failed = (path: string, recorded: unknown, got: unknown) => ({
    step: 0,
    request: entry.name,
    path,
    recorded,
    got,
  });
  if (!existsSync(entry.recording)) {
    const missing = failed("recording", undefined, `record it: node tests/parity/run.ts record ${entry.id}`);
    return { entry, requests: 0, equal: 0, differences: [missing], cleanupErrors: [] };
  }
  const recorded = JSON.parse(readFileSync(entry.recording, "utf8")) as Recording;
  const outcome = await runExchange(entry);
  const steps = normalise(outcome);
  // after a failure the steps that never came are not differences of their own
  const upTo = outcome.error ? recorded.steps.slice(0, steps.length) : recorded.steps;
  const differences = compare(upTo, steps);
  if (outcome.error) differences.push({ ...failed("exchange", "done", String(outcome.error)), step: steps.length + 1 });
  markKnown(entry.id, entry.name, differences, known);
  const unequal = new Set(differences.map(({ step }) => step));
  const equal = steps.filter((_, index) => !unequal.has(index + 1)).length;
  return { entry, requests: recorded.steps.length, equal, differences, cleanupErrors: outcome.cleanupErrors };
}

/** One line for each service. */
export function summary(results: Result[]): string[] {
  const services = [...new Set(results.map(({ entry }) => entry.service))];
  return services.map((service) => {
    const own = results.filter(({ entry }) => entry.service === service);
    const sum = (count: (result: Result) => number) => own.reduce((total, result) => total + count(result), 0);
    const known = sum(({ differences }) => differences.filter((one) => one.known).length);
    const unknown = sum(({ differences }) => differences.filter((one) => !one.known).length);
    const requests = `${sum((result) => result.requests)} requests: ${sum((result) => result.equal)} equal`;
    return `${service}: ${own.length} exchanges, ${requests}, ${known} known differences, ${unknown} unknown`;
  });
}

/** Entries of known.ts and its like that nothing needed. */
export function unused(known: Known[], results: Result[]): Known[] {
  const used = new Set(results.flatMap(({ differences }) => differences.map((one) => one.known)));
  return known.filter((entry) => !used.has(entry));
}
