import t from "tap";
import { type Action, converge, failure, type Seen, type Step, Turns } from "../../../provider/core/index.ts";
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
