/** Two runs that make one resource at the same time: one object, whoever comes first at each of their steps. */
import t from "tap";
import { create, type Failure, type Found, type Mark, settle } from "../../../provider/core/index.ts";
import { contextOf, programInputs, Store, type ThingInputs, thing } from "./fixture.ts";

const mark = (nonce?: string, shape = "aaaaaaaaaaaa"): Mark => ({ tag: "t", shape, ...(nonce && { nonce }) });
const object = (id: string, created: string, itsMark: Mark): Found => ({ id, created, mark: itsMark });

t.test("who stays where several are finished at once", async (t) => {
  const own = { id: "b", mark: mark("ours") };
  const ours = object("b", "2", own.mark);
  const table: [string, Found[], ReturnType<typeof settle>, boolean?][] = [
    ["alone", [ours], { remove: [] }],
    ["a POST that was done twice", [object("a", "1", mark("ours")), ours], { remove: ["a"] }],
    ["an older one of another run", [object("a", "1", mark("theirs")), ours], { yieldTo: "a" }],
    ["a younger one of another run", [ours, object("c", "3", mark("theirs"))], { remove: ["c"] }],
    ["of the same second: the smaller id", [ours, object("a", "2", mark("theirs"))], { yieldTo: "a" }],
    ["and the other way round", [ours, object("c", "2", mark("theirs"))], { remove: ["c"] }],
    ["a finished one", [ours, object("c", "3", mark())], { yieldTo: "c" }],
    [
      "the finished old half of a replacement that creates first",
      [ours, object("a", "1", mark(undefined, "bbbbbbbbbbbb"))],
      { remove: [] },
      false,
    ],
    [
      "finished with other settings, where there can be one only",
      [ours, object("a", "1", mark(undefined, "b"))],
      { yieldTo: "a" },
    ],
  ];
  for (const [title, found, expected, deleteBeforeReplace = true] of table)
    t.same(settle(found, own, { deleteBeforeReplace }), expected, title);
});

/** A pseudo-random order, the same for the same seed. */
function orderOf(seed: number): () => number {
  let state = seed * 2654435761;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 3266489917) >>> 0;
    return state / 2 ** 32;
  };
}

/** Runs creates whose every cloud call waits until the seed lets it go; one of them may die on the way. */
async function together(seed: number, programs: ThingInputs[], more: { dies?: boolean; orphan?: number } = {}) {
  const { dies = false, orphan } = more;
  const store = new Store();
  const random = orderOf(seed);
  const waiting: { run: number; go(): void }[] = [];
  const dead = new Set<number>();
  const turn = (run: number) => new Promise<void>((go) => waiting.push({ run, go }));
  const runs = programs.map((inputs, run) => {
    const turnBefore =
      <A extends unknown[], T>(call: (...given: A) => Promise<T>) =>
      async (...given: A): Promise<T> => {
        await turn(run);
        return call(...given);
      };
    const patient = {
      ...thing,
      find: turnBefore(thing.find),
      observe: turnBefore(thing.observe),
      perform: turnBefore(thing.perform),
      mark: turnBefore(thing.mark),
    };
    const context = contextOf(store, { engineAlive: async () => run !== orphan });
    return create(patient, context, inputs as never).then(
      ({ id }) => id,
      (error: Failure) => error,
    );
  });
  let open = true;
  const all = Promise.all(runs).then((ended) => {
    open = false;
    return ended;
  });
  for (let steps = 0; open && steps < 5_000; steps++) {
    await new Promise((resolve) => setImmediate(resolve));
    const able = waiting.filter(({ run }) => !dead.has(run));
    const next = able[Math.floor(random() * able.length)];
    if (!next) break;
    waiting.splice(waiting.indexOf(next), 1);
    if (dies && dead.size === 0 && random() < 0.1) dead.add(next.run);
    else next.go();
  }
  const ended = dead.size ? await Promise.race([all, Promise.all(runs.filter((_, run) => !dead.has(run)))]) : await all;
  return { store, ended, died: dead.size > 0 };
}

const SEEDS = Array.from({ length: 300 }, (_, index) => index + 1);

/** What is wrong with the end: not one object, or one that is not finished, or not what the run with an engine answered. */
function wrongWith(store: Store, ended: readonly unknown[]): string {
  const left = [...store.things.values()];
  if (left.length !== 1) return `${left.length} objects`;
  if (left[0]?.mark?.nonce) return "unfinished";
  return ended.includes(left[0]?.id) ? "" : "nobody's";
}

t.test("the provider of a killed engine beside a new run: one object, and the new run has it", async (t) => {
  for (const seed of SEEDS) {
    const { store, ended } = await together(seed, [programInputs(), programInputs()], { orphan: 0 });
    const wrong = wrongWith(store, ended.slice(1));
    if (wrong) t.fail(`seed ${seed}: ${wrong}`, { things: [...store.things.values()], ended: ended.map(String) });
  }
  t.pass(`${SEEDS.length} orders`);
});

t.test("also where the program was edited in between", async (t) => {
  for (const seed of SEEDS) {
    const programs = [programInputs({ kind: "a" }), programInputs({ kind: "b" })];
    const { store, ended } = await together(seed, programs, { orphan: 0 });
    const wrong = wrongWith(store, ended.slice(1));
    if (wrong) t.fail(`seed ${seed}: ${wrong}`, { things: [...store.things.values()], ended: ended.map(String) });
  }
  t.pass(`${SEEDS.length} orders`);
});

t.test("two runs at once, both with an engine: one object, in any order of their steps", async (t) => {
  for (const seed of SEEDS) {
    const { store, ended } = await together(seed, [programInputs(), programInputs()]);
    const wrong = wrongWith(store, ended);
    if (wrong) t.fail(`seed ${seed}: ${wrong}`, { things: [...store.things.values()], ended: ended.map(String) });
  }
  t.pass(`${SEEDS.length} orders`);
});

t.test("one of two dies on the way, and the next run finishes", async (t) => {
  let deaths = 0;
  for (const seed of SEEDS) {
    const { store, died } = await together(seed, [programInputs(), programInputs()], { dies: true });
    if (died) deaths++;
    const finished = () => [...store.things.values()].filter((one) => one.mark && !one.mark.nonce);
    if (finished().length === 0) await create(thing, contextOf(store), programInputs() as never);
    // Who died right after its POST may leave an unfinished one: that is what `orphans` is for.
    if (finished().length !== 1 || (store.things.size > 1 && !died))
      t.fail(`seed ${seed}`, { things: [...store.things.values()] });
  }
  t.ok(deaths > SEEDS.length / 3, `${deaths} deaths`);
});

t.test("two runs of different programs at once, both with an engine: one object at most", async (t) => {
  for (const seed of SEEDS) {
    const programs = [programInputs({ kind: "a" }), programInputs({ kind: "b" })];
    const { store, ended } = await together(seed, programs);
    if (store.things.size > 1) t.fail(`seed ${seed}`, { things: [...store.things.values()], ended: ended.map(String) });
  }
  t.pass(`${SEEDS.length} orders`);
});
