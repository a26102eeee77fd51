/**
 * Randomised runs: lost answers, repeated answers, 504 after the work, kills, orphaned providers that still work, two runs at
 * once, edits between the tries. At the end one of each, nothing left over, nobody robbed.
 * CHAOS_RUNS says how many, CHAOS_FROM the first one's seed, CHAOS_SEED=N replays one.
 */
import { join } from "node:path";
import t, { type Test } from "tap";
import "../cloud/own-sandbox.ts";
import { findOrphans } from "../../provider/cli/orphans/find.ts";
import { takeAway } from "../../provider/cli/orphans/take-away.ts";
import { readStates } from "../../provider/cli/state-files.ts";
import { describeLeftovers, leftovers, resetTenant } from "../cloud/admin.ts";
import { exportState } from "../orphans/state.ts";
import { countOf, machinesOf } from "./cloud.ts";
import { finish } from "./finish.ts";
import { type Edits, programOf, ROUTES, type Route } from "./programs.ts";
import { startProvider } from "./provider.ts";
import { Seeded } from "./seeded.ts";
import { Stack } from "./stack.ts";
import type { Mishap } from "./wire.ts";

const skip = process.env["SANDBOX_URL"] === undefined && "needs the embedded cloud: npm test interruption";
const RUNS = Number(process.env["CHAOS_RUNS"] ?? 45);
const SEEDS = process.env["CHAOS_SEED"]
  ? [Number(process.env["CHAOS_SEED"])]
  : Array.from({ length: RUNS }, (_, index) => Number(process.env["CHAOS_FROM"] ?? 1) + index);

const EDITS: readonly Edits[] = [
  {},
  { machine: { name: "other-name" } },
  { machine: { metadata: { tier: "db" } } },
  { machine: { image: "tiny-2", allowReinstall: true } },
  { machine: { power: "off" } },
  { second: "there" },
  { second: "attached" },
];

/** What the tenant has more when the program stands. */
function wholeOf(route: Route, { second, machine }: Edits): Record<string, number> {
  const whole: Record<string, number> = { ...route.whole };
  if (second) whole["volume"]! += 1;
  for (const held of ["attachment", "volume target"]) if (second === "attached" && held in whole) whole[held]! += 1;
  // Ironic detaches the volumes of a machine that is off; they come back with its power.
  if (machine?.["power"] === "off" && route.machine["route"] === "nova") whole["attachment"] = 0;
  return whole;
}

/** Somebody else's machine of the same project, which no run may touch. */
async function bystander(route: Route) {
  const stack = new Stack(`bystander-${route.tenant}`);
  const program = programOf(route).map((one) =>
    one.type === "IsolatedNetwork" ? { ...one, inputs: () => ({ cidr: "10.99.0.0/24" }) } : one,
  );
  const outcome = await stack.up(startProvider(route.tenant), program);
  if (outcome.ended !== "done") throw new Error(`the bystander did not come up: ${JSON.stringify(outcome)}`);
  return { stack, id: stack.state.find(({ name }) => name === "machine")!.id };
}

function mishapsOf(dice: Seeded): Mishap[] {
  const kinds = ["kill before", "kill after", "lose", "504", "repeat", "503", "delay"] as const;
  return Array.from({ length: dice.between(1, 4) }, () => ({ request: dice.between(1, 90), what: dice.pick(kinds) }));
}

/** A run of which something happens to; what its engine has saved at its end is the stack's state. */
async function troubled(stack: Stack, route: Route, edits: Edits, dice: Seeded): Promise<string> {
  const which = dice.number();
  if (which < 0.6) {
    const mishaps = mishapsOf(dice);
    const provider = startProvider(route.tenant, mishaps);
    const outcome = await stack.up(provider, programOf(route, edits));
    provider.close();
    return `up with ${mishaps.map(({ request, what }) => `${what} at ${request}`).join(", ")}: ${outcome.ended}`;
  }
  const request = dice.between(1, 80);
  const first = startProvider(route.tenant, [{ request, what: "pause" }]);
  const theirs = new Stack(stack.project);
  theirs.state = structuredClone(stack.state);
  const running = theirs.up(first, programOf(route, edits));
  await Promise.race([first.wire.paused, running]);
  if (which < 0.8) {
    // Its engine was killed; what it had saved is what the next run begins with. The orphan goes on meanwhile.
    stack.state = structuredClone(theirs.state);
    first.loseEngine();
  }
  const second = startProvider(route.tenant);
  const ours = stack.up(second, programOf(route, edits));
  setTimeout(() => first.wire.release(), dice.between(0, 200));
  const [one, other] = await Promise.all([running, ours]);
  for (const provider of [first, second]) provider.close();
  if (which >= 0.8 && one.ended === "done" && other.ended !== "done") stack.state = theirs.state;
  return `${which < 0.8 ? "an orphan" : "two runs at once"}, paused at ${request}: ${one.ended}, ${other.ended}`;
}

const others = new Map<Route, Awaited<ReturnType<typeof bystander>>>();
let alone: Record<string, Record<string, number>> = {};

t.test("before", { skip }, async (t) => {
  for (const tenant of ["alpha", "beta"] as const) await resetTenant(tenant);
  for (const route of ROUTES.filter((one, index) => ROUTES.findIndex(({ tenant }) => tenant === one.tenant) === index))
    others.set(route, await bystander(route));
  for (const tenant of ["alpha", "beta"] as const) alone = { ...alone, [tenant]: await countOf(tenant) };
  t.pass();
});

/**
 * What a killed create left of a resource that the program has dropped since, no run can know of: `pulumi-baremetal orphans` takes it
 * away. Nothing else may need that.
 */
async function takeAwayDropped(t: Test, stack: Stack, route: Route, edits: Edits): Promise<void> {
  const { context, close } = startProvider(route.tenant);
  const folder = t.testdir();
  const dropped = programOf(route, { second: "attached" }).filter(
    ({ name }) => !programOf(route, edits).some((kept) => kept.name === name),
  );
  for (const begun of dropped) {
    const file = exportState(stack, join(folder, `${begun.name}.json`), [begun]);
    const { found } = await findOrphans(context, readStates([file]), 0);
    await takeAway(
      context,
      found.filter(({ owner }) => owner?.stack === `${stack.project}/dev` && owner.name === begun.name),
      () => {},
    );
  }
  close();
}

for (const seed of SEEDS)
  t.test(`seed ${seed}`, { skip, timeout: 300_000 }, async (t) => {
    const dice = new Seeded(`chaos:${seed}`);
    const route = dice.pick(ROUTES);
    const stack = new Stack(`chaos${seed}`);
    const story = [route.title];
    let edits: Edits = {};
    for (let tried = dice.between(1, 3); tried > 0; tried--) {
      if (dice.chance(0.35)) edits = dice.pick(EDITS);
      story.push(`${JSON.stringify(edits)} ${await troubled(stack, route, edits, dice)}`);
    }
    const replay = `CHAOS_SEED=${seed}`;
    // An image that was changed in between may be installed by now: going back is a reinstall too.
    edits = { ...edits, machine: { ...edits.machine, allowReinstall: true } };
    const end = await finish(stack, route, edits);
    const whole = t.equal(end.outcome.ended, "done", `the last up finishes (${replay})`, { story, lines: end.lines });
    await takeAwayDropped(t, stack, route, edits);
    const before = alone[route.tenant]!;
    const now = await countOf(route.tenant);
    for (const [kind, count] of Object.entries(wholeOf(route, edits)))
      t.equal((now[kind] ?? 0) - (before[kind] ?? 0), count, `${kind}: as many as the program says (${replay})`, {
        story,
        lines: end.lines,
      });
    const machines = await machinesOf(route.tenant);
    for (const [of, other] of others)
      if (of.tenant === route.tenant) t.ok(machines.includes(other.id), `nobody is robbed (${replay})`, { story });
    const gone = await stack.destroy(startProvider(route.tenant));
    t.equal(gone.ended, "done", `destroy finishes (${replay})`, { story, gone });
    if (
      !t.same(await countOf(route.tenant), before, `nothing is left (${replay})`, { story, lines: end.lines }) ||
      !whole
    ) {
      t.comment(describeLeftovers(await leftovers(route.tenant)));
      await resetTenant(route.tenant);
      for (const [of] of others) if (of.tenant === route.tenant) others.set(of, await bystander(of));
      alone[route.tenant] = await countOf(route.tenant);
    }
  });

t.test("after", { skip }, async (t) => {
  for (const [route, { stack, id }] of others) {
    t.ok((await machinesOf(route.tenant)).includes(id), "the bystander is still there");
    t.equal((await stack.destroy(startProvider(route.tenant))).ended, "done");
  }
});
