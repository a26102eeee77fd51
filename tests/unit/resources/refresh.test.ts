/** A refresh of 100 resources on the embedded cloud: what it asks, and that it shows what reading each by itself shows. */
import t from "tap";
import {
  type AnyDefinition,
  type Clock,
  check,
  create,
  read,
  systemClock,
  Turns,
} from "../../../provider/core/index.ts";
import type { Cloud } from "../../../provider/openstack/cloud.ts";
import { resolveCloudConfig, Session } from "../../../provider/openstack/index.ts";
import { definitions } from "../../../provider/resources/index.ts";
import { byKind, ofProvider, purposeOf, ROUTES, startCloud } from "../../bench/cloud.ts";

/** Waits of seconds take milliseconds, as in the embedded cloud. */
const FASTER = 20;
const BEGAN = Date.now();
const clock: Clock = {
  now: () => BEGAN + (Date.now() - BEGAN) * FASTER,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / FASTER, signal),
};

/** As many as the engine reads at the same time. */
const PARALLEL = 8;
const FEW = 5;

const cloud = await startCloud(10, 1000);
t.teardown(() => cloud.stop());
const session = new Session(resolveCloudConfig({ env: cloud.environment("demo") }), { clock });
t.teardown(() => session.close());
/** The next run, whose clock is the true one: an answer serves for a minute. */
const next = new Session(resolveCloudConfig({ env: cloud.environment("demo") }));
t.teardown(() => next.close());
const context = {
  cloud: session as Cloud,
  clock,
  turns: new Turns(),
  signal: new AbortController().signal,
  progress: () => {},
  warn: () => {},
  engineAlive: async () => true,
  async place() {
    const { authUrl, region, projectId } = await session.principal();
    return { authUrl, region: region ?? "", projectId };
  },
};

interface Made {
  readonly definition: AnyDefinition;
  readonly id: string;
  readonly outputs: Record<string, unknown>;
}

async function make(type: string, name: string, program: Record<string, unknown>): Promise<Made> {
  const definition = definitions.find((one) => one.type === type)!;
  const { inputs, problems } = check(definition, undefined, {
    ...program,
    identity: `refresh/dev/${type}/${name}`,
    // On a busy machine the fast clock runs away from the cloud's.
    timeouts: { create: "99h" },
  });
  if (problems.length) throw new Error(problems.map(({ path, reason }) => `${path} ${reason}`).join("; "));
  return { definition, ...(await create(definition, context, inputs as never)) };
}

const times = <T>(count: number, work: (index: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, index) => work(index)));

async function inGroups<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += PARALLEL)
    results.push(...(await Promise.all(items.slice(from, from + PARALLEL).map(work))));
  return results;
}

t.test("a refresh of 100 resources", { timeout: 300_000 }, async (t) => {
  const networks = await times(35, (i) => make("IsolatedNetwork", `n${i}`, { cidr: "10.9.0.0/24" }));
  const volumes = await times(35, (i) => make("Volume", `v${i}`, { sizeGiB: 1 }));
  const server = (i: number) => ({
    ...(i < 10 ? ROUTES.nova : ROUTES.ironic),
    image: "debian-12",
    networks: [{ network: networks[i]!.id }],
  });
  const servers = await times(20, (i) => make("Server", `s${i}`, server(i)));
  const attachments = await times(10, (i) =>
    make("VolumeAttachment", `a${i}`, {
      server: servers[i]!.id,
      volume: volumes[i]!.id,
      initiator: `iqn.2026-01.refresh:${i}`,
    }),
  );
  const all = [...networks, ...volumes, ...servers, ...attachments];
  t.equal(all.length, 100);

  const before = cloud.journal().length;
  const refreshed = await inGroups(all, ({ definition, id, outputs }) =>
    read(definition, { ...context, cloud: next.reading(`${definition.type} ${id}`) }, id, outputs),
  );
  const asked = ofProvider(cloud.journal().slice(before));
  const of = (purpose: string) => asked.filter((entry) => purposeOf(entry) === purpose);
  t.comment([...byKind(asked)].map(([kind, count]) => `${count} ${kind}`).join("\n"));
  // Four types of resources by both routes in one stack; it does not grow with the number of resources.
  t.ok(of("list").length <= 14, `${of("list").length} lists`);
  t.equal(of("write").length, 0, "nothing is written");
  for (const [kind, count] of byKind(of("object"))) t.ok(count <= FEW, `${count} ${kind}`);

  const alone = await inGroups(all, ({ definition, id, outputs }) =>
    read(definition, { ...context, cloud: next }, id, outputs),
  );
  for (const [index, found] of refreshed.entries())
    t.same(found, alone[index], `${all[index]!.definition.type} ${index} shows what it shows by itself`);
});

t.test(
  "what somebody changed before a refresh shows in it, though it was read in the refresh before",
  { timeout: 300_000 },
  async (t) => {
    const volumes = await times(8, (i) => make("Volume", `w${i}`, { sizeGiB: 1, name: `before ${i}` }));
    const readAll = () =>
      inGroups(volumes, async ({ definition, id, outputs }) => {
        const reading = { ...context, cloud: next.reading(`${definition.type} ${id}`) };
        return (await read(definition, reading, id, outputs))?.inputs["name"];
      });
    t.same(
      await readAll(),
      volumes.map((_, i) => `before ${i}`),
    );
    const other = new Session(resolveCloudConfig({ env: cloud.environment("demo") }), { clock });
    t.teardown(() => other.close());
    for (const [i, { id }] of volumes.entries())
      await other.service("block-storage").put(`/volumes/${id}`, { volume: { name: `after ${i}` } });
    t.same(
      await readAll(),
      volumes.map((_, i) => `after ${i}`),
    );
  },
);
