import t from "tap";
import { SharedCollection, spacing } from "../../../provider/openstack/collection.ts";
import { Poller } from "../../../provider/openstack/index.ts";
import { fakeClock } from "./support.ts";

function bench() {
  const clock = fakeClock();
  const objects = new Map<string, { id: string; state: string }>();
  const calls = { get: 0, list: 0 };
  const collection = new SharedCollection(
    "servers",
    {
      get: async (id: string) => {
        calls.get++;
        const found = objects.get(id);
        return found && { ...found };
      },
      list: async () => {
        calls.list++;
        return [...objects.values()].filter((one) => !one.id.startsWith("hidden")).map((one) => ({ ...one }));
      },
    },
    new Poller({ clock, random: () => 0 }),
    clock,
  );
  return { clock, objects, calls, collection };
}

t.test("one object that is waited on is read by itself", async (t) => {
  const { clock, objects, calls, collection } = bench();
  objects.set("a", { id: "a", state: "BUILD" });
  for (let look = 0; look < 5; look++) {
    t.equal((await collection.look("a"))?.state, "BUILD");
    await clock.advance(2000);
  }
  t.strictSame(calls, { get: 5, list: 0 });
});

t.test("what was seen recently will do for whoever says so, until we change it", async (t) => {
  const { clock, objects, calls, collection } = bench();
  objects.set("a", { id: "a", state: "BUILD" });
  const wait = async (seconds: number) => {
    const { get } = calls;
    for (let second = 0; second < seconds; second += 3) {
      await collection.look("a", 20_000);
      await clock.advance(3000);
    }
    return calls.get - get;
  };
  t.equal(await wait(9), 3, "a new state is looked at each time");
  await wait(51);
  t.equal(await wait(60), 3, "one that has long shown the same each 20 s");
  objects.set("a", { id: "a", state: "ERROR" });
  while ((await collection.look("a", 20_000))?.state !== "ERROR") await clock.advance(1000);
  t.equal(await wait(9), 3, "and closely again when it has changed");
  await wait(51);
  const { get } = calls;
  collection.touch("a");
  await collection.look("a", 20_000);
  t.equal(calls.get, get + 1, "after a change of ours at once");
  await collection.look("a");
  t.equal(calls.get, get + 2, "without the word each look is new");
});

t.test("what was not there is looked for each time, whatever will do", async (t) => {
  const { calls, collection } = bench();
  await collection.look("gone", 20_000);
  await collection.look("gone", 20_000);
  t.equal(calls.get, 2);
});

t.test("100 objects that are waited on cost at most one list in 10 seconds", async (t) => {
  const { clock, objects, calls, collection } = bench();
  const ids = Array.from({ length: 100 }, (_, index) => `s${index}`);
  for (const id of ids) objects.set(id, { id, state: "BUILD" });
  let done = 0;
  const wait = async (id: string, index: number) => {
    await clock.sleep(index * 37);
    while ((await collection.look(id))?.state !== "ACTIVE") await clock.sleep(2000);
    done++;
  };
  const waits = ids.map(wait);
  await clock.advance(20_000);
  const { list, get } = calls;
  await clock.advance(60_000);
  t.ok(calls.list - list <= 6, `${calls.list - list} lists in a minute`);
  t.equal(calls.get, get, "and no other request");
  for (const one of objects.values()) one.state = "ACTIVE";
  await clock.advance(22_000);
  await Promise.all(waits);
  t.equal(done, 100);
});

t.test("after a touch the next look is newer, without waiting for the next list", async (t) => {
  const { clock, objects, calls, collection } = bench();
  for (const id of ["a", "b", "c"]) objects.set(id, { id, state: "on" });
  for (const id of ["a", "b", "c"]) await collection.look(id);
  await clock.advance(1000);
  await collection.look("a");
  await clock.advance(1);
  objects.get("b")!.state = "off";
  collection.touch("b");
  const { get } = calls;
  t.equal((await collection.look("b"))?.state, "off");
  t.equal(calls.get, get + 1);
});

t.test("each look at an id is newer than the one before it", async (t) => {
  const { clock, objects, collection } = bench();
  for (const id of ["a", "b"]) objects.set(id, { id, state: "0" });
  await collection.look("a");
  await collection.look("b");
  for (let step = 1; step < 5; step++) {
    await clock.advance(600);
    objects.get("a")!.state = String(step);
    const look = collection.look("a");
    await clock.advance(600);
    t.equal((await look)?.state, String(step));
  }
});

t.test("what a list leaves out is gone only when its own address says so", async (t) => {
  const { clock, objects, collection } = bench();
  for (const id of ["a", "hidden", "gone"]) objects.set(id, { id, state: "on" });
  for (const id of ["a", "hidden", "gone"]) await collection.look(id);
  objects.delete("gone");
  await clock.advance(5000);
  await collection.look("a");
  t.equal((await collection.look("hidden"))?.state, "on");
  t.equal(await collection.look("gone"), undefined);
});

t.test("lists are further apart the more ids wait", async (t) => {
  t.strictSame([1, 10, 50, 100, 1000].map(spacing), [500, 1000, 5000, 10_000, 10_000]);
});
