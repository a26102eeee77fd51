import type { Entry, Sandbox } from "../../provider/sandbox/index.ts";
import { type Ask, byKind, login, ofProvider, purposeOf, ROUTES, type RouteName, startCloud } from "./cloud.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { Bench, emptyServer, type Run } from "./program.ts";

const COUNTS = [1, 10, 100];
/** At hardware's speed: a deploy takes minutes, as the pauses of a wait are made for. */
const SPEED = 1;

/** Whole runs of `up`, each with so many new servers on one network, at the speed of hardware. */
export const waiting: Benchmark = {
  name: "waiting",
  about: `requests while ${COUNTS.join(", ")} servers wait at the same time, by both routes, at hardware's speed; memory; own time`,
  usual: "12 min",
  async run(say, only) {
    const figures: Figure[] = [
      { what: "memory of Pulumi's own server, nothing of ours in it", value: await emptyServer(), unit: "MiB" },
    ];
    for (const route of (Object.keys(ROUTES) as RouteName[]).filter((one) => !only || one.includes(only)))
      figures.push(
        ...(await Promise.all(COUNTS.map((count) => apart(() => measure(say, route, count), count)))).flat(),
      );
    return figures;
  },
};

/** The others begin once the single server is on its way, whose own time they would take: in the waits nobody works. */
async function apart<T>(work: () => Promise<T>, count: number): Promise<T> {
  if (count > 1) await new Promise((resolve) => setTimeout(resolve, 20_000));
  return work();
}

async function measure(say: (line: string) => void, route: RouteName, count: number): Promise<Figure[]> {
  const cloud = await startCloud(count, SPEED);
  const bench = new Bench(
    route,
    { networks: 1, servers: count, volumes: 0, attachments: 0 },
    cloud.environment("demo"),
  );
  try {
    const watch = watchWork(cloud, route);
    const run = await bench.up("--parallel", "200");
    const asked = ofProvider(cloud.journal());
    const work = await watch;
    const { requests, seconds } = longestWait(asked, work.to);
    for (const [kind, times] of byKind(requests)) say(`  ${String(times).padStart(5)} ${kind}`);
    const servers = `${count} server${count > 1 ? "s" : ""}, ${route}`;
    say(
      `${servers}: up took ${((run.ended - run.began) / 1000).toFixed(0)} s; the wait is ${seconds.toFixed(0)} s of it`,
    );
    const figures: Figure[] = [
      {
        what: `${servers}: while all wait`,
        value: requests.length / seconds,
        unit: "requests/s",
        ...(count === 100 && { atMost: 0.2 }),
      },
      { what: `${servers}: in that wait`, value: requests.length, unit: "requests" },
      { what: `${servers}: whole up`, value: asked.length, unit: "requests" },
    ];
    if (count === 100) {
      const one = bench.stored().filter(({ urn }) => String(urn).includes("::server-"));
      const bytes = one.map((resource) => JSON.stringify(resource).length);
      figures.push(
        { what: `${servers}: memory of the provider's process`, value: run.providerPeak, unit: "MiB", atMost: 143 },
        { what: `${servers}: state of each`, value: Math.max(...bytes), unit: "bytes", atMost: 3000 },
      );
    }
    if (count === 1)
      figures.push({
        what: `${servers}: own time of up`,
        value: await own(run, work, asked),
        unit: "s",
        atMost: 5,
      });
    return figures;
  } finally {
    bench.remove();
    await cloud.stop();
  }
}

/** Milliseconds after the last write until every server has been looked at for the first time, by itself. */
const FIRST_LOOKS = 30_000;

/**
 * The longest time in which nothing was written, without its beginning, until the first server is done: the cloud was at work on all of
 * them. What was asked in it, and how long it was.
 */
function longestWait(entries: readonly Entry[], done: number): { requests: Entry[]; seconds: number } {
  const at = (entry: Entry) => Date.parse(entry.at);
  const writes = entries.filter((entry) => purposeOf(entry) === "write");
  let [from, to] = [0, 0];
  for (const [index, write] of writes.entries()) {
    const next = writes[index + 1];
    if (next && at(next) - at(write) > to - from) [from, to] = [at(write), at(next)];
  }
  from += FIRST_LOOKS;
  to = Math.min(to, done);
  return { requests: entries.filter((entry) => at(entry) > from && at(entry) < to), seconds: (to - from) / 1000 };
}

/** From when the cloud worked on machines, and when it was done with the first: by its tenant who looks twice a second. */
async function watchWork(cloud: Sandbox, route: RouteName): Promise<{ from: number; to: number }> {
  const tenant = await login(cloud.url, "demo", "demo");
  const state = route === "nova" ? serverState : nodeState;
  let from = 0;
  for (;;) {
    const now = await state(tenant);
    if (now === "working" && from === 0) from = Date.now();
    if (now === "done" && from > 0) return { from, to: Date.now() };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

type State = "idle" | "working" | "done";

async function serverState(tenant: Ask): Promise<State> {
  const { servers } = (await tenant("GET", "/compute/v2.1/servers/detail")) as {
    servers: { status: string }[];
  };
  if (servers.length === 0) return "idle";
  return servers.some(({ status }) => status === "ACTIVE") ? "done" : "working";
}

async function nodeState(tenant: Ask): Promise<State> {
  const { nodes } = (await tenant("GET", "/baremetal/v1/nodes?fields=provision_state")) as {
    nodes: { provision_state: string }[];
  };
  const states = nodes.map((node) => node.provision_state);
  return states.includes("active") ? "done" : states.every((state) => state === "available") ? "idle" : "working";
}

/** The seconds of a run in which the cloud neither worked on the machine nor answered a request. */
async function own(run: Run, work: { from: number; to: number }, entries: readonly Entry[]): Promise<number> {
  const outside = entries.filter(({ at }) => Date.parse(at) < work.from || Date.parse(at) > work.to);
  const answering = outside.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  return (run.ended - run.began - (work.to - work.from) - answering) / 1000;
}
