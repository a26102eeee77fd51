import { byKind, ofProvider, purposeOf, type RouteName, startCloud } from "./cloud.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { Bench, type Size } from "./program.ts";

const mixed = (count: number): Size => ({
  networks: count / 4,
  servers: count / 4,
  volumes: count / 4,
  attachments: count / 4,
});
const serversOnly = (count: number): Size => ({ networks: 1, servers: count - 1, volumes: 0, attachments: 0 });

const STACKS: readonly { name: string; route: RouteName; size: Size }[] = (["nova", "ironic"] as const).flatMap(
  (route) =>
    [100, 1000].flatMap((count) => [
      { name: `${count} of all kinds, ${route}`, route, size: mixed(count) },
      { name: `${count}: servers and their network, ${route}`, route, size: serversOnly(count) },
    ]),
);

/** Requests of a refresh that finds everything as it was. */
export const refresh: Benchmark = {
  name: "refresh",
  about: "requests of a refresh that finds nothing changed, of 100 and of 1,000 resources, by both routes",
  usual: "10 min",
  async run(say, only) {
    const figures: Figure[] = [];
    for (const { name, route, size } of STACKS.filter((stack) => !only || stack.name.includes(only)))
      figures.push(...(await measure(say, name, route, size)));
    return figures;
  },
};

async function measure(say: (line: string) => void, name: string, route: RouteName, size: Size): Promise<Figure[]> {
  const cloud = await startCloud(size.servers, 1000);
  const bench = new Bench(route, size, cloud.environment("demo"));
  try {
    const made = await bench.up("--parallel", "200");
    const before = cloud.journal().length;
    const making = ofProvider(cloud.journal()).length / Object.values(size).reduce((sum, count) => sum + count);
    say(`${name}: made in ${((made.ended - made.began) / 1000).toFixed(0)} s`);
    const done = await bench.refresh();
    const asked = ofProvider(cloud.journal().slice(before));
    for (const [kind, count] of byKind(asked)) say(`  ${String(count).padStart(5)} ${kind}`);
    if (/[~+-] +\d+ (updated|deleted|created)/.test(done.text)) throw new Error(`it changed something:\n${done.text}`);
    const count = (purpose: string) => asked.filter((entry) => purposeOf(entry) === purpose).length;
    return [
      { what: `making ${name}: with all waits, for each resource`, value: making, unit: "requests" },
      { what: `refresh of ${name}: lists`, value: count("list"), unit: "requests", atMost: 10 },
      { what: `refresh of ${name}: of single objects`, value: count("object"), unit: "requests" },
      { what: `refresh of ${name}: login, versions`, value: count("login") + count("discovery"), unit: "requests" },
      { what: `refresh of ${name}: time`, value: (done.ended - done.began) / 1000, unit: "s" },
    ];
  } finally {
    bench.remove();
    await cloud.stop();
  }
}
