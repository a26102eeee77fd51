import t from "tap";
import { create, diff, Failure, HalfMade, read, remove, update, upgrade } from "../../../provider/core/index.ts";
import { contextOf, PLACE, programInputs, Store, thing } from "./fixture.ts";

t.test("a create makes, waits, seals and answers with inputs and outputs", async (t) => {
  const store = new Store();
  const { id, outputs } = await create(thing, contextOf(store), programInputs() as never);
  t.equal(id, "thing-1");
  t.match(outputs, { size: 10, state: "ready", condition: "ready", place: PLACE, stateVersion: 2 });
  t.equal(store.things.get(id)?.mark?.nonce, undefined, "it is sealed");
});

t.test("a create that dies at any write is gone on with, never doubled", async (t) => {
  for (const when of ["before", "after"] as const)
    for (const write of [1, 2]) {
      const store = new Store();
      store.failAt = { write, when, error: new Error("killed") };
      await t.rejects(create(thing, contextOf(store), programInputs() as never), `${when} write ${write}`);
      store.failAt = undefined;
      const sealedAlready = [...store.things.values()].some((one) => one.mark && !one.mark.nonce);
      if (sealedAlready) {
        await t.rejects(create(thing, contextOf(store), programInputs() as never), { code: "already-there" });
        const adopted = await create(thing, contextOf(store), programInputs({ adopt: "thing-1" }) as never);
        t.equal(adopted.id, "thing-1", "adopt finishes it");
      } else await create(thing, contextOf(store), programInputs() as never);
      t.equal(store.things.size, 1, `one object after dying ${when} write ${write}`);
    }
});

t.test("an answer that was lost is looked for, not asked for twice", async (t) => {
  const store = new Store();
  store.failAt = {
    write: 1,
    when: "after",
    error: new Failure({ code: "x", what: "504", mover: "operator", next: "", unknownOutcome: true }),
  };
  await create(thing, contextOf(store), programInputs() as never);
  t.equal(store.things.size, 1);
  t.same(store.calls, ["create", "mark"]);
});

t.test("a failure after something was made brings id, outputs and the reason to state", async (t) => {
  const store = new Store();
  store.failAt = { write: 2, when: "before" };
  const half = await create(thing, contextOf(store), programInputs() as never).catch((error) => error);
  t.type(half, HalfMade);
  t.equal(half.id, "thing-1");
  t.match(half.outputs, { size: 10, condition: /^half-made/ });
  t.match(half.reasons[0], /Thing a, thing-1: injected/);
  store.failAt = undefined;
  const outputs = await update(thing, contextOf(store), half.id, half.outputs, programInputs() as never);
  t.match(outputs, { condition: "ready" });
  t.equal(store.things.get("thing-1")?.mark?.nonce, undefined, "update finished and sealed it");
});

t.test("an edit between the tries converges the old half to absent first", async (t) => {
  const store = new Store();
  store.failAt = { write: 2, when: "before" };
  await t.rejects(create(thing, contextOf(store), programInputs({ kind: "a" }) as never));
  store.failAt = undefined;
  await create(thing, contextOf(store), programInputs({ kind: "b" }) as never);
  t.same([...store.things.keys()], ["thing-2"]);
});

t.test("a finished object that state does not know is never taken silently", async (t) => {
  const store = new Store();
  await create(thing, contextOf(store), programInputs() as never);
  const refused = await create(thing, contextOf(store), programInputs() as never).catch((error) => error);
  t.equal(refused.code, "already-there");
  t.match(refused.message, /thing-1/);
  t.match(refused.message, /adopt/);
  t.equal(store.things.size, 1);
});

t.test("another's object cannot be adopted", async (t) => {
  const store = new Store();
  await create(thing, contextOf(store), programInputs() as never);
  await t.rejects(
    create(thing, contextOf(store), programInputs({ identity: "shop/dev/Thing/other", adopt: "thing-1" }) as never),
    { code: "already-there" },
  );
});

t.test("whoever finds another's nonce stops", async (t) => {
  const store = new Store();
  const context = contextOf(store, {
    progress: () => {
      const one = store.things.get("thing-1");
      if (one?.mark) one.mark = { ...one.mark, nonce: "ffffffffffff" };
    },
  });
  const error = await create(thing, context, programInputs() as never).catch((e) => e);
  t.match(error.message, /another run/);
  t.equal(store.calls.includes("delete"), false, "and removes nothing");
});

t.test("a mark that the service loses is written again, not taken for another's", async (t) => {
  const store = new Store();
  store.failAt = { write: 2, when: "before" };
  await t.rejects(create(thing, contextOf(store), programInputs() as never));
  store.failAt = undefined;
  let marks = 0;
  const forgetful = {
    ...thing,
    mark: async (...args: Parameters<typeof thing.mark>) => {
      if (++marks > 1) await thing.mark(...args);
    },
  };
  const { id } = await create(forgetful, contextOf(store), programInputs() as never);
  t.equal(id, "thing-1");
  t.equal(store.things.size, 1);
  t.equal(store.things.get(id)?.mark?.nonce, undefined, "and it is sealed in the end");
});

t.test("nothing is sealed when the engine is gone", async (t) => {
  const store = new Store();
  await t.rejects(
    create(thing, contextOf(store, { engineAlive: async () => false }), programInputs() as never),
    /engine/,
  );
  t.type(store.things.get("thing-1")?.mark?.nonce, "string");
});

t.test("a configuration that points elsewhere changes and forgets nothing", async (t) => {
  const store = new Store();
  const { id, outputs } = await create(thing, contextOf(store), programInputs() as never);
  const elsewhere = contextOf(store, { place: async () => ({ ...PLACE, projectId: "p2" }) });
  await t.rejects(read(thing, elsewhere, id, outputs), { code: "wrong-cloud" });
  await t.rejects(remove(thing, elsewhere, id, outputs), { code: "wrong-cloud" });
  await t.rejects(update(thing, elsewhere, id, outputs, programInputs() as never), { code: "wrong-cloud" });
  t.equal(store.things.size, 1);
});

t.test("a rename writes the new mark and keeps the object", async (t) => {
  const store = new Store();
  const { id, outputs } = await create(thing, contextOf(store), programInputs() as never);
  const before = store.things.get(id)?.mark?.tag;
  await update(thing, contextOf(store), id, outputs, programInputs({ identity: "shop/dev/Thing/b" }) as never);
  t.not(store.things.get(id)?.mark?.tag, before);
  t.equal(store.things.size, 1);
});

t.test("delete accepts what is already gone, and read says it is gone", async (t) => {
  const store = new Store();
  const { id, outputs } = await create(thing, contextOf(store), programInputs() as never);
  await remove(thing, contextOf(store), id, outputs);
  t.equal(await read(thing, contextOf(store), id, outputs), undefined);
  await remove(thing, contextOf(store), id, outputs);
});

t.test("gone is not believed where the credential cannot see", async (t) => {
  const store = new Store();
  const { id, outputs } = await create(thing, contextOf(store), programInputs() as never);
  store.things.clear();
  const blind = {
    ...thing,
    proveVisible: async () =>
      Promise.reject(new Failure({ code: "not-allowed", what: "hidden", mover: "you", next: "" })),
  };
  await t.rejects(read(blind, contextOf(store), id, outputs), { code: "not-allowed" });
  await t.rejects(remove(blind, contextOf(store), id, outputs), { code: "not-allowed" });
});

t.test("drift shows in the inputs", async (t) => {
  const store = new Store();
  const { id, outputs } = await create(thing, contextOf(store), programInputs() as never);
  store.things.get(id)!.size = 7;
  const found = await read(thing, contextOf(store), id, outputs);
  t.equal(found?.inputs["size"], 7);
});

t.test("state of an older release is brought up, a newer one refused", async (t) => {
  t.match(upgrade(thing, { oldSize: 3, stateVersion: 1 }), { size: 3, stateVersion: 2 });
  t.throws(() => upgrade(thing, { stateVersion: 3 }), { code: "version-too-old" });
});

t.test("diff asks for a replacement only for what is known to differ", async (t) => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  t.same(diff(thing, { size: 1, kind: "a" }, { size: 2, kind: "b" }), {
    replaces: ["kind"],
    deleteBeforeReplace: true,
  });
  t.same(diff(thing, { size: 1, kind: "a" }, { size: 2, kind: unknown }), { replaces: [], deleteBeforeReplace: false });
});
