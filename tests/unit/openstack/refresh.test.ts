import t from "tap";
import type { Cloud, Relation } from "../../../provider/openstack/cloud.ts";
import { ReadingCloud, RefreshReads, related } from "../../../provider/openstack/refresh.ts";
import { fakeClock } from "./support.ts";

interface Part {
  readonly id: string;
  readonly of: string;
}

function bench() {
  const clock = fakeClock();
  const parts: Part[] = [];
  const calls = { of: 0, all: 0 };
  let listable = true;
  let takes = 0;
  let fail: Error | undefined;
  const relation: Relation<Part> = {
    name: "parts by machine",
    list: "parts",
    of: async (key) => {
      calls.of++;
      return parts.filter((part) => part.of === key);
    },
    all: async () => {
      calls.all++;
      if (takes) await clock.sleep(takes);
      if (fail) throw fail;
      return listable ? [...parts] : undefined;
    },
    keyOf: (part) => part.of,
  };
  const reads = new RefreshReads(clock);
  /** Reads objects at the same time; each is one of the state. */
  const read = async (keys: readonly string[], from = relation) => {
    const found = keys.map((key) => {
      reads.begin(key);
      return reads.find(from, key);
    });
    await clock.advance(50);
    return (await Promise.all(found)).map((some) => some.map(({ id }) => id));
  };
  return {
    clock,
    parts,
    calls,
    relation,
    reads,
    read,
    set: (more: { listable?: boolean; takes?: number; fail?: Error }) => {
      listable = more.listable ?? listable;
      takes = more.takes ?? takes;
      fail = more.fail;
    },
  };
}

const keys = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `m${from + index}`);

t.test("1,000 reads, eight at a time, share one list", async (t) => {
  const { parts, calls, read } = bench();
  for (const key of keys(0, 1000)) parts.push({ id: `part of ${key}`, of: key });
  for (let from = 0; from < 1000; from += 8) {
    const some = keys(from, Math.min(from + 8, 1000));
    t.strictSame(
      await read(some),
      some.map((key) => [`part of ${key}`]),
    );
  }
  t.strictSame(calls, { of: 0, all: 1 });
});

t.test("a few are asked for one by one, also where they come one after the other", async (t) => {
  const { calls, read } = bench();
  for (const key of keys(0, 5)) await read([key]);
  t.strictSame(calls, { of: 5, all: 0 });
  await read(["m5"]);
  t.strictSame(calls, { of: 5, all: 1 }, "the sixth has the list asked for");
  await read(keys(6, 100));
  t.strictSame(calls, { of: 5, all: 1 });
});

t.test("what costs as much for one as for all is asked for once", async (t) => {
  const { calls, read, relation } = bench();
  const whole = { ...relation, whole: true };
  await read(["m0"], whole);
  await read(["m1"], whole);
  t.strictSame(calls, { of: 0, all: 1 });
});

t.test("objects that share a part ask for it once", async (t) => {
  const { clock, calls, reads, relation } = bench();
  const found = ["a", "b", "c"].map((object) => {
    reads.begin(object);
    return reads.find(relation, "shared");
  });
  await clock.advance(50);
  await Promise.all(found);
  t.strictSame(calls, { of: 1, all: 0 });
});

t.test("an object that is read again is read in another refresh: nothing older serves it", async (t) => {
  const { parts, calls, read } = bench();
  await read(keys(0, 10));
  parts.push({ id: "new", of: "m3" });
  t.strictSame(await read(["m3"]), [["new"]]);
  t.strictSame(calls, { of: 1, all: 1 });
});

t.test("after a write nothing older serves", async (t) => {
  const { parts, read, reads } = bench();
  await read(keys(0, 10));
  parts.push({ id: "ours", of: "m20" });
  reads.forget();
  t.strictSame(await read(["m20"]), [["ours"]]);
});

t.test("a list that was under way at a write does not serve who asks after it", async (t) => {
  const { clock, parts, reads, relation, set, calls } = bench();
  set({ takes: 1000 });
  const early = keys(0, 10).map((key) => reads.find(relation, key));
  await clock.advance(500);
  parts.push({ id: "ours", of: "m20" });
  reads.forget();
  const late = keys(20, 30).map((key) => reads.find(relation, key));
  await clock.advance(5000);
  await Promise.all(early);
  t.equal((await late[0])?.[0]?.id, "ours");
  t.equal(calls.all, 2);
});

t.test("a list serves for a minute from its arrival, however long it took", async (t) => {
  const { clock, calls, reads, relation, set } = bench();
  set({ takes: 90_000 });
  const slow = keys(0, 10).map((key) => reads.find(relation, key));
  await clock.advance(95_000);
  await Promise.all(slow);
  await clock.advance(50_000);
  await reads.find(relation, "m50");
  t.equal(calls.all, 1);
  await clock.advance(10_000);
  const again = keys(60, 70).map((key) => reads.find(relation, key));
  await clock.advance(95_000);
  await Promise.all(again);
  t.equal(calls.all, 2);
});

t.test("a list that fails fails those who wait for it; the next ask again", async (t) => {
  const { clock, reads, relation, set, calls } = bench();
  set({ fail: new Error("503") });
  const failing = keys(0, 10).map((key) => t.rejects(reads.find(relation, key), { message: "503" }));
  await clock.advance(50);
  await Promise.all(failing);
  set({});
  const found = keys(0, 10).map((key) => reads.find(relation, key));
  await clock.advance(50);
  await Promise.all(found);
  t.equal(calls.all, 2);
});

t.test("where everything would be too much each is asked for", async (t) => {
  const { calls, read, set } = bench();
  set({ listable: false });
  await read(keys(0, 10));
  t.strictSame(calls, { of: 10, all: 1 });
});

t.test("a cloud of reads: what a list of objects leaves out is gone only when its own address says so", async (t) => {
  const { clock, reads, relation } = bench();
  const calls = { get: 0, list: 0 };
  const objects = [...keys(0, 10), "hidden"].map((id) => ({ id }));
  const cloud = new ReadingCloud({} as Cloud, reads);
  const collection = cloud.collection("machines", {
    get: async (id) => {
      calls.get++;
      return objects.find((one) => one.id === id);
    },
    list: async () => {
      calls.list++;
      return objects.filter(({ id }) => id !== "hidden");
    },
  });
  const looks = [...keys(0, 10), "hidden", "gone"].map((id) => collection.look(id));
  await clock.advance(50);
  t.strictSame(
    (await Promise.all(looks)).map((found) => found?.id),
    [...keys(0, 10), "hidden", undefined],
  );
  t.strictSame(calls, { get: 2, list: 1 });
  t.equal(related(cloud, relation, "m0") instanceof Promise, true);
});

t.test("outside of a refresh each asks the cloud itself", async (t) => {
  const { calls, relation } = bench();
  for (const key of keys(0, 10)) await related({} as Cloud, relation, key);
  t.strictSame(calls, { of: 10, all: 0 });
});
