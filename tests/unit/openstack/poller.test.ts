import t from "tap";
import { Poller } from "../../../provider/openstack/index.ts";
import { fakeClock } from "./support.ts";

interface Node {
  uuid: string;
  state: string;
}

function bench(interval = 10_000) {
  const clock = fakeClock();
  const poller = new Poller({ clock, random: () => 0 });
  const began: number[] = [];
  let fail: Error | undefined;
  let takes = 0;
  const nodes: Node[] = [{ uuid: "1", state: "deploying" }];
  const list = async (signal: AbortSignal) => {
    began.push(clock.now());
    if (takes) await clock.sleep(takes, signal);
    if (fail) throw fail;
    return nodes.map((node) => ({ ...node }));
  };
  return {
    clock,
    poller,
    began,
    nodes,
    watch: poller.watch<Node>("nodes", list, interval),
    failWith: (error: Error | undefined) => {
      fail = error;
    },
    takes: (milliseconds: number) => {
      takes = milliseconds;
    },
  };
}

t.test("100 waits cost one list call per interval", async (t) => {
  const { clock, watch, began } = bench();
  let looks = 0;
  const stop = new AbortController();
  const waiter = async () => {
    for (;;) {
      await watch.fresh({ signal: stop.signal });
      looks++;
    }
  };
  const waiters = Array.from({ length: 100 }, () => waiter().catch(() => {}));
  await clock.advance(60_000);
  t.equal(began.length, 7, "at 0 and after each 10 s");
  t.equal(looks, 700, "every waiter saw every list");
  stop.abort();
  await Promise.all(waiters);
  t.equal(clock.sleepers(), 0, "no timer runs when nobody waits");
  await clock.advance(60_000);
  t.equal(began.length, 7, "and nothing is listed");
});

t.test("who joins while a list is under way gets the next one, not this", async (t) => {
  const { clock, watch, began, nodes, takes } = bench();
  takes(1000);
  const first = watch.fresh();
  await clock.advance(500);
  nodes[0]!.state = "active";
  const second = watch.fresh();
  let answered = false;
  second.then(() => {
    answered = true;
  });
  await clock.advance(1000);
  await first;
  t.notOk(answered, "the list that had begun does not serve the later one");
  await clock.advance(10_000);
  t.equal((await second).byId("1")?.state, "active");
  t.equal(began.length, 2);
});

t.test("a list that is new enough is shared at once", async (t) => {
  const { clock, watch, began } = bench();
  const before = clock.now() - 1;
  await watch.fresh();
  await clock.advance(3000);
  const snapshot = await watch.fresh({ notBefore: before });
  t.equal(snapshot.takenAt, began[0]);
  t.equal(began.length, 1);
  const newer = watch.fresh({ notBefore: began[0]! });
  await clock.advance(10_000);
  t.ok((await newer).takenAt > began[0]!, "asked for after that moment, not in it");
});

t.test("a list under way serves who says that it is new enough", async (t) => {
  const { clock, watch, began, takes } = bench();
  takes(1000);
  const before = clock.now() - 1;
  const first = watch.fresh();
  await clock.advance(500);
  const second = watch.fresh({ notBefore: before });
  await clock.advance(500);
  t.equal((await second).takenAt, (await first).takenAt);
  t.equal(began.length, 1);
});

t.test("an error reaches all who wait, once, and the next list is tried as usual", async (t) => {
  const { clock, watch, began, failWith } = bench();
  failWith(new Error("503"));
  const waits = Array.from({ length: 3 }, () => watch.fresh());
  for (const wait of waits) await t.rejects(wait, { message: "503" });
  t.equal(began.length, 1);
  failWith(undefined);
  const again = watch.fresh();
  await clock.advance(9000);
  t.equal(began.length, 1, "not before the interval is over");
  await clock.advance(1000);
  t.ok(await again);
});

t.test("the shortest interval among those who wait counts", async (t) => {
  const { clock, watch, poller, began } = bench();
  await watch.fresh();
  const slow = watch.fresh();
  await clock.advance(1000);
  const quick = poller.watch<Node>("nodes", async () => [], 5000).fresh();
  await clock.advance(4000);
  await Promise.all([slow, quick]);
  t.strictSame(began, [1_000_000, 1_005_000]);
});

t.test("intervals are spread by up to a fifth, never shortened", async (t) => {
  const clock = fakeClock();
  const began: number[] = [];
  const watch = new Poller({ clock, random: () => 1 }).watch(
    "k",
    async () => {
      began.push(clock.now());
      return [];
    },
    10_000,
  );
  await watch.fresh();
  const next = watch.fresh();
  await clock.advance(12_000);
  await next;
  t.strictSame(began, [1_000_000, 1_012_000]);
});

t.test("an abort ends the wait, and the list when nobody else waits", async (t) => {
  const { clock, watch, takes } = bench();
  takes(60_000);
  const stop = new AbortController();
  const wait = watch.fresh({ signal: stop.signal });
  await clock.advance(10);
  stop.abort(new Error("ctrl-c"));
  await t.rejects(wait, { message: "ctrl-c" });
  await clock.advance(0);
  t.equal(clock.sleepers(), 0, "the list call was aborted too");
  await t.rejects(watch.fresh({ signal: AbortSignal.abort(new Error("late")) }), { message: "late" });
});

t.test("lookup uses the list and asks for a missing one only when told to", async (t) => {
  const { clock, watch } = bench(0);
  t.match(await watch.lookup("1"), { state: "deploying" });
  t.equal(await watch.lookup("2"), undefined);
  t.match(await watch.lookup("2", { fetchMissing: async (uuid) => ({ uuid, state: "found" }) }), { state: "found" });
  await clock.advance(0);
});

t.test("next is a fresh list in one go; close ends all waits", async (t) => {
  const { poller, clock } = bench();
  t.equal((await poller.next("other", async () => [1, 2], 1000)).items.length, 2);
  const wait = poller.next("other", async () => [], 1000);
  await clock.advance(0);
  poller.close();
  await t.rejects(wait, { message: "the session was closed" });
});
