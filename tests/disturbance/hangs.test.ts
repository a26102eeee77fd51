/**
 * A 30-second hang at the first of every kind of request of a whole life, and nobody notices but for a line. The hangs are
 * spread over stacks that live side by side, a provider for each, on a cloud with a machine for each: thirty seconds are waited
 * in parallel.
 */
import t from "tap";
import { systemClock, Turns } from "../../provider/core/index.ts";
import { resolveCloudConfig, Session } from "../../provider/openstack/index.ts";
import type { Fleet } from "../../provider/sandbox/index.ts";
import { describeLeftovers, leftovers } from "../cloud/admin.ts";
import { tenantEnv } from "../cloud/client.ts";
import { setQuota } from "../cloud/faults.ts";
import { startTestSandbox, TEST_FLEET } from "../cloud/sandbox.ts";
import type { Provider } from "../interruption/provider.ts";
import { startProxy } from "../interruption/proxy.ts";
import { type Declared, Stack } from "../interruption/stack.ts";
import { Wire } from "../interruption/wire.ts";
import { WAYS, type Way } from "./life.ts";

/** Stacks at a time, and so machines of each sort. */
const STACKS = 16;
const HANG = Number(process.env["HANG_SECONDS"] ?? 30);

/** The test fleet with more of the machines that the ways take. */
function larger(): Fleet {
  const more = ["bm-0", "beta-0"].flatMap((name) => {
    const node = TEST_FLEET.nodes.find((one) => one.name === name)!;
    return Array.from({ length: STACKS }, (_, index) => ({
      ...node,
      name: `${name}-more-${index}`,
      nics: node.nics.map((nic, card) => ({
        ...nic,
        address: `52:54:01:${name === "bm-0" ? "00" : "01"}:${index.toString(16).padStart(2, "0")}:0${card}`,
        port: `Eth9/${name}-${index}-${card}`,
      })),
      connectors: Object.fromEntries(Object.entries(node.connectors).map(([type, id]) => [type, `${id}-${index}`])),
    }));
  });
  return { ...TEST_FLEET, nodes: [...TEST_FLEET.nodes, ...more] };
}

const sandbox = await startTestSandbox({ fleet: larger() });
process.env["SANDBOX_URL"] = sandbox.url;
t.teardown(() => sandbox.stop());

/** The same program as of the whole lives, declared as this engine wants it. */
function programOf(way: Way, machine: Record<string, unknown>, attached = true): Declared[] {
  const program: Declared[] = [
    { type: "IsolatedNetwork", name: "net", inputs: () => ({ cidr: "10.75.0.0/24" }) },
    { type: "Volume", name: "data", inputs: () => ({ sizeGiB: 1 }) },
    { type: "Volume", name: "more", inputs: () => ({ sizeGiB: 1 }) },
    {
      type: "Server",
      name: "machine",
      inputs: (idOf) => ({
        image: "tiny",
        networks: [{ network: idOf("net") }],
        volumes: [idOf("data")],
        power: "on",
        ...way.machine,
        ...machine,
      }),
    },
  ];
  const attachment: Declared = {
    type: "VolumeAttachment",
    name: "attachment",
    inputs: (idOf) => ({ volume: idOf("more"), server: idOf("machine"), ...way.attachment }),
  };
  return attached ? [...program, attachment] : program;
}

/** Lives on a line on which the first of each of these kinds hangs. */
async function live(way: Way, name: string, hanging: ReadonlySet<string>) {
  const proxy = await startProxy();
  const met = new Set<string>();
  proxy.decide = ({ kind }) => {
    if (!hanging.has(kind) || met.has(kind)) return undefined;
    met.add(kind);
    return { hang: HANG };
  };
  const lines: string[] = [];
  const progress = (line: string) => void lines.push(line);
  const session = new Session(resolveCloudConfig({ env: proxy.env(tenantEnv(way.tenant)) }), { progress });
  const provider: Provider = {
    wire: new Wire(),
    lines,
    context: {
      cloud: session,
      clock: systemClock,
      turns: new Turns(),
      signal: new AbortController().signal,
      progress,
      warn: progress,
      async place() {
        const { authUrl, region, projectId } = await session.principal();
        return { authUrl, region: region ?? "", projectId };
      },
      engineAlive: async () => true,
    },
    loseEngine() {},
    close: () => session.close(),
  };
  const stack = new Stack(name);
  const renamed = { name: "renamed", metadata: { tier: "db" } };
  const steps = [
    () => stack.up(provider, programOf(way, {})),
    () => stack.up(provider, programOf(way, renamed)),
    () => stack.up(provider, programOf(way, { ...renamed, power: "off" }, false)),
    () => stack.up(provider, programOf(way, renamed)),
    () => stack.up(provider, programOf(way, { ...renamed, image: "tiny-2", allowReinstall: true })),
    () => stack.refresh(provider),
    () => stack.destroy(provider),
  ];
  const ended: string[] = [];
  for (const step of steps) {
    const outcome = await step();
    ended.push(outcome.ended === "failed" ? `${outcome.resource}: ${outcome.failure.message}` : outcome.ended);
    if (outcome.ended !== "done") break;
  }
  provider.close();
  const kinds = new Set(proxy.log.map(({ kind }) => kind));
  await proxy.close();
  return { ended, kinds, met, lines };
}

/** How many things were made, by kind of request. */
function made(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, service, route = "", status, agent } of sandbox.journal()) {
    if (agent !== "pulumi-baremetal" || method !== "POST" || status >= 300 || status < 200) continue;
    if (!/\/(networks|subnets|ports|volumes|servers|allocations|attachments|targets)$/.test(route)) continue;
    counts[`${service} ${route}`] = (counts[`${service} ${route}`] ?? 0) + 1;
  }
  return counts;
}

for (const tenant of ["alpha", "beta"] as const) {
  await setQuota("cinder", tenant, { volumes: -1 });
  await setQuota("nova", tenant, { instances: -1, cores: -1, ram: -1 });
}

for (const [key, way] of Object.entries(WAYS))
  t.test(`${way.title}: a ${HANG}-second hang at each kind of request`, { timeout: 1_800_000 }, async (t) => {
    const before = made();
    const calm = await live(way, `calm-${key}`, new Set());
    t.same(
      calm.ended,
      Array.from({ length: 7 }, () => "done"),
      "undisturbed every step ends well",
    );
    const once = Object.entries(made()).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
    const kinds = [...calm.kinds];
    const lives = await Promise.all(
      Array.from({ length: STACKS }, (_, index) =>
        live(way, `hang-${key}-${index}`, new Set(kinds.filter((_, at) => at % STACKS === index))),
      ),
    );
    for (const { ended, lines } of lives) t.same(ended, calm.ended, "as undisturbed", { lines });
    const met = lives.flatMap(({ met }) => [...met]);
    t.same(
      kinds.filter((kind) => !met.includes(kind)),
      [],
      `each of ${kinds.length} kinds hung once`,
    );
    const untold = lives.filter(
      ({ met, lines }) => met.size > 0 && !lines.some((line) => /has not answered/.test(line)),
    );
    if (HANG > 11) t.same(untold, [], "each life tells of it");
    const all = made();
    for (const [kind, count] of once)
      t.equal(all[kind]! - (before[kind] ?? 0), count * (STACKS + 1), `${kind}: none made twice`);
    t.equal(describeLeftovers(await leftovers(way.tenant)), "", "and nothing is left");
  });
