/**
 * The provider's process is killed at an API call, and the same command is typed again: one of each, with the machine that was
 * begun, nothing left over, nothing wiped that should not be. The process is a real one, and SIGKILL ends it.
 *
 * KILL_ROUTE, KILL_OPERATION: a part of their names. KILL_STRIDE: every so many-th request is a point to kill at, 1 is all.
 * KILL_AT: this request alone. KILL_WHEN: "after" the cloud has answered it (the default), or "before" it hears of it.
 */
import t, { type Test } from "tap";
import { canonical } from "../../provider/core/index.ts";
import { describeLeftovers, leftovers, resetTenant } from "../cloud/admin.ts";
import { startTestSandbox } from "../cloud/sandbox.ts";
import { beyond, countOf, type Deeds, deedsIn, machinesOf } from "./cloud.ts";
import { type Finish, untilDone } from "./finish.ts";
import { type Edits, ROUTES, type Route } from "./programs.ts";
import { ProviderProcesses } from "./provider-process.ts";
import { atRequest, startProxy } from "./proxy.ts";
import { type Outcome, Stack } from "./stack.ts";

/** A command, and what stands before it. */
interface Operation {
  readonly title: string;
  /** The program before; undefined where there is nothing. */
  readonly from: Edits | undefined;
  /** The program that is run and killed; undefined for `destroy`. */
  readonly to: Edits | undefined;
  /** The machine is another one afterwards. */
  readonly replaces?: true;
}

const edits = (machine: Record<string, unknown>, more: Edits = {}): Edits => ({
  machine: { allowReinstall: true, ...machine },
  ...more,
});

/** In an order in which each begins with what the one before it left, or with little more. */
const OPERATIONS: readonly Operation[] = [
  { title: "create", from: undefined, to: edits({}) },
  { title: "rename and metadata", from: edits({}), to: edits({ name: "renamed", metadata: { tier: "db" } }) },
  { title: "power off", from: edits({ power: "on" }), to: edits({ power: "off" }) },
  { title: "power on", from: edits({ power: "off" }), to: edits({ power: "on" }) },
  { title: "attach", from: edits({}, { second: "there" }), to: edits({}, { second: "attached" }) },
  { title: "detach", from: edits({}, { second: "attached" }), to: edits({}, { second: "there" }) },
  { title: "reinstall", from: edits({}), to: edits({ image: "tiny-2" }) },
  { title: "replace", from: edits({}), to: edits({ replaceTrigger: "again" }), replaces: true },
  { title: "delete", from: edits({}), to: undefined },
];

const { KILL_STRIDE, KILL_ROUTE = "", KILL_OPERATION = "", KILL_AT, KILL_WHEN = "after" } = process.env;
const STRIDE = Number(KILL_STRIDE ?? 37);
/** Longer than all points together take. */
const timeout = 7_200_000;

// As fast as it goes: a wait is then a few requests, and each request is a point.
const sandbox = await startTestSandbox({ speed: 1000 });
process.env["SANDBOX_URL"] = sandbox.url;
const proxy = await startProxy();
const processes = new ProviderProcesses(proxy.addressOf(sandbox.url));
proxy.kill = () => processes.kill();
t.teardown(async () => {
  await processes.stop();
  await proxy.close();
  await sandbox.stop();
});

/** The program is run, undisturbed, until it is done. */
const reach = (stack: Stack, route: Route, edits: Edits): Promise<Finish> =>
  untilDone((edited) => processes.up(stack, route, edited), edits);

/** An operation's command, once. */
const once = (stack: Stack, route: Route, { to }: Operation) =>
  to ? processes.up(stack, route, to) : processes.destroy(stack, route);

/** A stack that stands as the operation finds it. */
async function before(stack: Stack, route: Route, { from }: Operation): Promise<void> {
  if (!from) return;
  const { outcome, lines } = await reach(stack, route, from);
  if (outcome.ended !== "done") throw new Error(`it does not come up:\n${lines.join("\n")}\n${wordsOf(outcome)}`);
}

/** What the operation does and leaves when nothing happens to it. */
async function measure(stack: Stack, route: Route, operation: Operation) {
  await before(stack, route, operation);
  proxy.restart();
  const { outcome, lines } = await once(stack, route, operation);
  if (outcome.ended !== "done") throw new Error(`undisturbed it fails:\n${lines.join("\n")}\n${wordsOf(outcome)}`);
  return {
    requests: proxy.log.map(({ kind }) => kind),
    deeds: deedsIn(proxy.log),
    whole: await countOf(route.tenant),
  };
}

/** The requests to kill at; another first one for each operation, so that a stride does not always meet the login. */
function points(requests: number, nth: number): number[] {
  if (KILL_AT) return [Number(KILL_AT)];
  const first = 1 + ((nth * 7) % Math.min(STRIDE, requests));
  return Array.from({ length: Math.ceil((requests - first + 1) / STRIDE) }, (_, index) => first + index * STRIDE);
}

const wordsOf = (outcome: Outcome) => (outcome.ended === "failed" ? outcome.failure.message : outcome.ended);

const idsOf = (stack: Stack) => Object.fromEntries(stack.state.map(({ name, id }) => [name, id]));

for (const [row, route] of ROUTES.entries())
  t.test(route.title, { skip: !route.title.includes(KILL_ROUTE), timeout }, async (t) => {
    await resetTenant(route.tenant);
    const stack = new Stack("killed");
    for (const [column, operation] of OPERATIONS.entries())
      if (operation.title.includes(KILL_OPERATION))
        await t.test(operation.title, { timeout }, (t) =>
          killedEverywhere(t, stack, route, operation, row * OPERATIONS.length + column),
        );
    const { outcome } = await processes.destroy(stack, route);
    t.equal(wordsOf(outcome), "done", "destroy");
    t.equal(describeLeftovers(await leftovers(route.tenant)), "", "nothing is left");
  });

async function killedEverywhere(t: Test, stack: Stack, route: Route, operation: Operation, nth: number): Promise<void> {
  const measured = await measure(stack, route, operation);
  if (!operation.from) {
    t.match(measured.whole, route.whole, "undisturbed it makes one of each");
    await processes.destroy(stack, route);
  }
  const list = points(measured.requests.length, nth);
  let passed = 0;
  for (const at of list) {
    await before(stack, route, operation);
    const problems = await killedAt(stack, route, operation, at, measured);
    if (problems.length === 0) passed++;
    t.same(problems, [], `killed ${KILL_WHEN} request ${at}, ${measured.requests[at - 1]}`, {
      replay: `KILL_ROUTE="${route.title}" KILL_OPERATION="${operation.title}" KILL_AT=${at} KILL_WHEN=${KILL_WHEN} npm test interruption`,
    });
    if (problems.length > 0) {
      await resetTenant(route.tenant);
      stack.state = [];
    }
  }
  t.comment(`${passed} of ${list.length} points of ${measured.requests.length} requests`);
}

/** One point. Answers what is wrong; the stack then stands as the operation left it, or for a create has been destroyed again. */
async function killedAt(
  stack: Stack,
  route: Route,
  operation: Operation,
  at: number,
  asked: { deeds: Deeds; whole: Record<string, number> },
): Promise<string[]> {
  const problems: string[] = [];
  const old = idsOf(stack);
  proxy.restart();
  proxy.decide = atRequest(at, `kill ${KILL_WHEN as "before" | "after"}`);
  const first = await once(stack, route, operation);
  await proxy.settled();
  proxy.decide = () => undefined;
  // A wait may have asked less often this time; then nothing was killed, and it must have ended well.
  if (first.outcome.ended === "failed")
    problems.push(`failed instead of being killed: ${first.outcome.failure.message}`);
  const begun = await machinesOf(route.tenant);

  const again = operation.to
    ? await reach(stack, route, operation.to)
    : { ...(await processes.destroy(stack, route)), adopted: {} };
  if (again.outcome.ended !== "done")
    problems.push(`the next run does not finish:\n${again.lines.join("\n")}\n${wordsOf(again.outcome)}`);
  if (Object.keys(again.adopted).length > 1) problems.push(`refused more than once: ${JSON.stringify(again.adopted)}`);
  const whole = await countOf(route.tenant);
  if (canonical(whole) !== canonical(asked.whole))
    problems.push(
      `not one of each: ${JSON.stringify(whole)}, not ${JSON.stringify(asked.whole)}\n${describeLeftovers(await leftovers(route.tenant))}`,
    );
  const extra = beyond(deedsIn(proxy.log), asked.deeds);
  if (extra) problems.push(`done beyond what was asked:\n${extra}`);
  const now = idsOf(stack);
  if (operation.to && !operation.replaces)
    for (const id of [
      ...begun,
      ...Object.entries(old)
        .filter(([name]) => name in now)
        .map(([, id]) => id),
    ])
      if (!Object.values(now).includes(id))
        problems.push(`${id} was there and is not in the state now: ${JSON.stringify(now)}`);
  if (!operation.from && problems.length === 0) {
    const gone = await processes.destroy(stack, route);
    if (gone.outcome.ended !== "done") problems.push(`it is not destroyed: ${gone.lines.join("\n")}`);
    const left = describeLeftovers(await leftovers(route.tenant));
    if (left) problems.push(`left over after destroy:\n${left}`);
  }
  return problems;
}
