import t from "tap";
import {
  type Action,
  converge,
  type Failure,
  failure,
  type Seen,
  type Step,
  Turns,
} from "../../../provider/core/index.ts";
import { contextOf, FakeClock, Store } from "./fixture.ts";

interface Look extends Seen {
  turn: number;
}

/** Runs the loop over a script of steps. */
async function run(script: (turn: number, taken: readonly Action[]) => Step, limit = 3600, more = {}) {
  const performed: string[] = [];
  const clock = new FakeClock();
  const context = contextOf(new Store(), { clock, ...more });
  let turn = 0;
  const seen = await converge<Look, Action>(context, {
    label: "Thing a",
    limit,
    operation: "create",
    observe: async () => ({ turn: turn++ }),
    next: (look, taken) => script(look.turn, taken),
    perform: async (action) => void performed.push(action.name),
  });
  return { seen, performed, clock, lines: context.lines };
}

t.test("it takes one step after another until done", async (t) => {
  const { performed } = await run((turn) =>
    turn === 0 ? { do: { name: "a" } } : turn === 1 ? { do: { name: "b" } } : { done: "x" },
  );
  t.same(performed, ["a", "b"]);
});

t.test("a long wait looks rarely, tells once a minute, and names the usual time", async (t) => {
  const { clock, lines } = await run((turn) =>
    turn < 100 ? { wait: { for: "deploying", usual: 600, interval: 10 } } : { done: "x" },
  );
  t.ok(Math.max(...clock.sleeps) <= 10_000, "never longer than the interval");
  t.ok(clock.sleeps[0]! <= 1000, "quick at first");
  t.match(lines[0], "Thing a: deploying (usually 10 min)");
  t.ok(lines.length < clock.now() / 60_000 + 2, "about a line a minute");
});

t.test("a state that is new is looked at closely again; the time told goes on", async (t) => {
  const texts = ["installing (deploying)", "installing (wait call-back)", "installing (deploying)"];
  const { clock } = await run((turn) =>
    turn < 120 ? { wait: { for: texts[Math.floor(turn / 40)]!, interval: 10 } } : { done: "x" },
  );
  for (const first of [0, 40, 80])
    t.ok(clock.sleeps[first]! <= 1000 && clock.sleeps[first + 39]! > 5000, `look ${first + 1} on`);
});

t.test("a time-out says what was waited for", async (t) => {
  await t.rejects(
    run(() => ({ wait: { for: "deploying" } }), 60),
    { code: "timed-out", message: /longer than 1 min; last seen: deploying/ },
  );
  const late = { mover: "operator", next: "ask the operator." } as const;
  await t.rejects(
    run(() => ({ wait: { for: "on hold", late } }), 60),
    { code: "timed-out", message: /The cloud operator's move: ask the operator\./ },
    "and whose move it is where that is known",
  );
});

t.test(
  "a wait that nobody works on any more fails when it has shown unchanged for long enough, not before",
  async (t) => {
    const stuck = { after: 120, failed: failure("stuck-state", "put down") };
    const clock = new FakeClock();
    const began = clock.now();
    await t.rejects(
      run(() => ({ wait: { for: "deploying", stuck } }), 3600, { clock }),
      { code: "stuck-state", message: /put down/ },
    );
    const passed = (clock.now() - began) / 1000;
    t.ok(passed >= 120 && passed < 130, `after ${passed} s`);
    const { seen } = await run((turn) =>
      turn === 300 ? { done: "x" } : { wait: { for: `deploying (${turn % 20 === 0 ? "busy" : "free"})`, stuck } },
    );
    t.equal(seen.turn, 300, "what changes now and then goes on");
  },
);

t.test("a step that shows no effect gets time, then fails; silence is no success", async (t) => {
  await t.rejects(
    run(() => ({ do: { name: "attach" } })),
    { code: "no-effect", message: /"attach" was accepted/ },
  );
});

t.test("a step that is undone each time is not repeated for ever", async (t) => {
  await t.rejects(
    run((turn) => (turn % 2 ? { wait: { for: "settling" } } : { do: { name: "attach" } })),
    { code: "no-effect", message: /done twice/ },
  );
});

t.test("a failure of next comes with the time it took", async (t) => {
  await t.rejects(
    run((turn) => (turn < 3 ? { wait: { for: "x" } } : { failed: failure("quota", "full") })),
    { code: "quota", message: /full \(after/ },
  );
});

t.test("an interruption says that the next run goes on", async (t) => {
  const controller = new AbortController();
  await t.rejects(
    run(
      (turn) => {
        if (turn === 2) controller.abort();
        return { wait: { for: "deploying" } };
      },
      3600,
      { signal: controller.signal },
    ),
    { code: "interrupted", message: /goes on/ },
  );
});

/** Runs the loop over a cloud on which looks and steps fail as a script says. */
async function disturbed(script: {
  observe?(clock: FakeClock): Failure | undefined;
  /** Answers what a try of the only step ends in; `done` says that it took effect. */
  perform?(tries: number, clock: FakeClock): { done: boolean; error?: Failure };
  ready(clock: FakeClock): boolean;
  limit?: number;
}) {
  const clock = new FakeClock();
  const context = contextOf(new Store(), { clock });
  const told: { at: number; line: string }[] = [];
  let made = 0;
  let tries = 0;
  const outcome = await converge<Seen, Action>(
    { ...context, progress: (line) => void told.push({ at: clock.now(), line }) },
    {
      label: "Thing a",
      limit: script.limit ?? 8 * 3600,
      operation: "create",
      async observe() {
        const failed = script.observe?.(clock);
        if (failed) throw failed;
        return made ? { id: "thing-1" } : {};
      },
      next: ({ id }) =>
        id === undefined
          ? { do: { name: "make" } }
          : script.ready(clock)
            ? { done: "ready" }
            : { wait: { for: "deploying", usual: 600 } },
      async perform() {
        const { done, error } = script.perform?.(++tries, clock) ?? { done: true };
        if (done) made++;
        if (error) throw error;
      },
    },
  ).then(
    () => "done",
    (error: Failure) => error,
  );
  return { outcome, made, tries, told, clock };
}
const lost = (showsWithin?: number) =>
  failure("answer-lost", "no answer to POST /things", { unknownOutcome: true, ...(showsWithin && { showsWithin }) });

t.test("a step whose answer was lost", async (t) => {
  t.match(
    await disturbed({ perform: () => ({ done: true, error: lost() }), ready: () => true }),
    { outcome: "done", made: 1, tries: 1 },
    "and that was done is not done again",
  );
  const again = await disturbed({
    perform: (tries) => (tries < 2 ? { done: false, error: lost() } : { done: true }),
    ready: () => true,
  });
  t.match(again, { outcome: "done", made: 1, tries: 2 }, "and that was not done is done again");
  t.ok(again.clock.now() > 60_000, "but only when it would show by now");
  const soon = await disturbed({
    perform: (tries) => (tries < 2 ? { done: false, error: lost(5) } : { done: true }),
    ready: () => true,
  });
  t.ok(soon.outcome === "done" && soon.clock.now() < 15_000, "which is sooner where the failure says so");
  const never = await disturbed({ perform: () => ({ done: false, error: lost(5) }), ready: () => true });
  t.match(never, { outcome: { code: "answer-lost" }, tries: 3, made: 0 }, "and not for ever");
});

t.test("answers lost of several steps are counted for each", async (t) => {
  const clock = new FakeClock();
  const made: string[] = [];
  const steps = ["a", "b", "c", "d"];
  let tries = 0;
  await converge<Seen, Action>(contextOf(new Store(), { clock }), {
    label: "Thing a",
    limit: 3600,
    operation: "create",
    observe: async () => ({}),
    next: () => (made.length < steps.length ? { do: { name: steps[made.length]! } } : { done: "ready" }),
    async perform({ name }) {
      if (tries++ % 2) made.push(name);
      throw lost(5);
    },
  });
  t.same(made, steps);
});

t.test("a cloud that does not answer in the middle of the work", async (t) => {
  const broken = failure("service-broken", "Ironic (baremetal) answered 503 to GET /v1/nodes/1");
  const between = (clock: FakeClock, from: number, to: number) =>
    clock.now() >= from * 60_000 && clock.now() < to * 60_000;
  const restart = await disturbed({
    observe: (clock) => (between(clock, 60, 65) ? broken : undefined),
    ready: (clock) => clock.now() > 2 * 3600_000,
  });
  t.equal(restart.outcome, "done", "is waited for");
  t.ok(
    restart.told.some(({ line }) => /does not answer: Ironic .* 503/.test(line)),
    "and told",
  );
  t.match(
    restart.told.find(({ at, line }) => at > 65 * 60_000 && line.includes("deploying"))?.line,
    /\(1 h 5 min, usually 10 min\)/,
    "and the wait goes on with the time that it has taken in all",
  );
  const gone = await disturbed({
    observe: (clock) => (between(clock, 60, 999) ? broken : undefined),
    ready: () => false,
  });
  t.match(gone.outcome, { code: "service-broken" }, "but not for ever");
  const first = await disturbed({ observe: () => broken, ready: () => true });
  t.match(first, { outcome: { code: "service-broken" }, told: [] }, "and not before anything was seen");
  const refused = failure("not-allowed", "Ironic (baremetal) answered 403");
  const other = await disturbed({
    observe: (clock) => (between(clock, 60, 65) ? refused : undefined),
    ready: () => false,
  });
  t.match(other.outcome, { code: "not-allowed" }, "and only what passes by itself");
  const closed = failure("service-unreachable", "no answer from Neutron (network): connect ECONNREFUSED");
  const shut = await disturbed({
    perform: (_, clock) => (clock.now() < 180_000 ? { done: false, error: closed } : { done: true }),
    ready: () => true,
  });
  t.match(shut, { outcome: "done", made: 1 }, "a step that did not reach it is taken when it answers again");
});

t.test("six hours: a line each minute, with step, elapsed and usual time", async (t) => {
  const { told, outcome } = await disturbed({ ready: (clock) => clock.now() > 6 * 3600_000 });
  t.equal(outcome, "done");
  const times = told.map(({ at }) => at);
  t.ok(
    times.every((at, index) => index === 0 || at - times[index - 1]! <= 60_000),
    "never later than that",
  );
  t.match(told.at(-1)?.line, /^Thing a: deploying \((5 h 59 min|6 h), usually 10 min\)$/);
});

t.test("one change at a time for each machine, in order, failures included", async (t) => {
  const turns = new Turns();
  const order: string[] = [];
  const work =
    (name: string, fail = false) =>
    async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      order.push(`${name} ends`);
      if (fail) throw new Error(name);
    };
  await Promise.allSettled([
    turns.take("m", work("a", true)),
    turns.take("m", work("b")),
    turns.take("other", work("c")),
  ]);
  t.ok(order.indexOf("a ends") < order.indexOf("b begins"));
  t.ok(order.indexOf("c begins") < order.indexOf("a ends"), "other machines do not wait");
});
