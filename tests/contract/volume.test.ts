import "../cloud/own-sandbox.ts";
import t from "tap";
import { create, diff, read, remove, update } from "../../provider/core/index.ts";
import { volume } from "../../provider/resources/volume.ts";
import { type Json, until } from "../cloud/client.ts";
import { clearBackendFault, setBackendFault } from "../cloud/faults.ts";
import { cloudOrSkip, contextFor, dyingAfter, failureOf, inputsOf, unique } from "./context.ts";

const found = await cloudOrSkip("beta", ["cinder", "glance"]);
if (typeof found === "string") {
  t.plan(0, found);
  process.exit(0);
}
const beta = found;
const context = contextFor("beta");
const prefix = unique("vol");

const get = async (id: string) =>
  ((await beta.call("cinder", "GET", `/volumes/${id}`)) as Record<string, Json>)["volume"]!;
const gone = async (id: string) => (await beta.raw("cinder", "GET", `/volumes/${id}`)).status === 404;
const named = async (name: string) =>
  (await beta.list("cinder", "/volumes/detail", "volumes")).filter((one) => one["name"] === name);
const rest = (id: string) =>
  until(`${id} rests`, async () => ["available", "in-use", "error"].includes(String((await get(id))["status"])));

t.teardown(async () => {
  context.close();
  for (const left of await beta.list("cinder", "/volumes/detail", "volumes")) {
    if (!String(left["name"]).startsWith(prefix) || left["status"] === "deleting") continue;
    t.fail(`${left["name"]} was left behind`);
    await beta.raw("cinder", "DELETE", `/volumes/${left["id"]}`);
  }
});

t.test("a volume: made, left alone, changed in place, drift seen, deleted", async (t) => {
  const name = `${prefix}-plain`;
  const inputs = inputsOf(volume, name, { sizeGiB: 1, metadata: { team: "db", env: "test" }, description: "data" });
  const { id, outputs } = await create(volume, context, inputs as never);
  t.match(outputs, {
    volumeId: id,
    status: "available",
    actualSizeGiB: 1,
    volumeType: "iscsi",
    multiattach: false,
    encrypted: false,
    attachments: [],
    condition: "ready",
  });
  t.match(await get(id), {
    name,
    metadata: { team: "db", pulumi_baremetal: /^pulumi-baremetal:[0-9a-f]{20}:[0-9a-f]{12}:sealed$/ },
  });
  t.same(
    await update(volume, context, id, outputs, inputs as never),
    outputs,
    "an update without change changes nothing",
  );
  t.same((await read(volume, context, id, outputs))?.inputs, inputs, "a refresh shows the program's own words");
  t.match(await failureOf(create(volume, context, inputs as never)), { code: "already-there" });

  const changed = inputsOf(volume, name, {
    name: `${name}-renamed`,
    sizeGiB: 2,
    metadata: { team: "web" },
    bootable: true,
  });
  const after = await update(volume, context, id, outputs, changed as never);
  t.match(after, { actualSizeGiB: 2, actualBootable: true, metadata: { team: "web" } });
  t.same((await read(volume, context, id, after))?.inputs, changed);

  await beta.call("cinder", "POST", `/volumes/${id}/metadata`, { metadata: { stray: "1" } });
  await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-extend": { new_size: 3 } });
  await rest(id);
  const drifted = await read(volume, context, id, after);
  t.match(drifted?.inputs, { sizeGiB: 3, metadata: { team: "web", stray: "1" } });
  t.match(await failureOf(update(volume, context, id, drifted!.outputs, changed as never)), {
    code: "would-lose-data",
    details: { path: "sizeGiB" },
  });
  const larger = { ...changed, sizeGiB: 4 };
  t.match(await update(volume, context, id, drifted!.outputs, larger as never), {
    actualSizeGiB: 4,
    metadata: { team: "web" },
  });
  t.notOk("stray" in ((await get(id))["metadata"] as Json));

  await remove(volume, context, id, after);
  t.ok(await gone(id));
  await remove(volume, context, id, after);
  t.equal(await read(volume, context, id, after), undefined);
});

t.test("what would lose data is refused in preview", async (t) => {
  const inputs = inputsOf(volume, "x", { sizeGiB: 1, type: "iscsi" });
  t.throws(() => diff(volume, inputs, { ...inputs, type: "nfs" }), {
    code: "would-lose-data",
    details: { path: "type" },
  });
  t.same(diff(volume, inputs, { ...inputs, type: "nfs", replaceTrigger: "2" }), {
    replaces: ["type", "replaceTrigger"],
    deleteBeforeReplace: false,
  });
});

t.test("from an image, a snapshot and another volume", async (t) => {
  const origin = inputsOf(volume, `${prefix}-image`, { sizeGiB: 1, image: "tiny" });
  const { id, outputs } = await create(volume, context, origin as never);
  t.match(outputs, { actualBootable: true, status: "available" });
  const { snapshot } = (await beta.call("cinder", "POST", "/snapshots", {
    snapshot: { volume_id: id, name: "s" },
  })) as Record<string, Json>;
  await until(
    "the snapshot is there",
    async () =>
      ((await beta.call("cinder", "GET", `/snapshots/${snapshot?.["id"]}`)) as Record<string, Json>)["snapshot"]?.[
        "status"
      ] === "available",
  );
  const copies = [{ snapshot: String(snapshot?.["id"]) }, { sourceVolume: id }];
  for (const [index, from] of copies.entries()) {
    const copy = inputsOf(volume, `${prefix}-copy${index}`, from);
    const made = await create(volume, context, copy as never);
    t.match(made.outputs, { actualSizeGiB: 1, status: "available" }, "the size comes from the source");
    t.notOk("sizeGiB" in made.outputs);
    await remove(volume, context, made.id, made.outputs);
  }
  t.match(await failureOf(remove(volume, context, id, outputs)), {
    code: "in-use",
    message: new RegExp(`1 snapshot: s ${snapshot?.["id"]}`),
  });
  await beta.call("cinder", "DELETE", `/snapshots/${snapshot?.["id"]}`);
  await until(
    "the snapshot is gone",
    async () => (await beta.raw("cinder", "GET", `/snapshots/${snapshot?.["id"]}`)).status === 404,
  );
  await remove(volume, context, id, outputs);
  t.ok(await gone(id));
  const nowhere = inputsOf(volume, `${prefix}-noimage`, { sizeGiB: 1, image: "no-such-image" });
  t.match(await failureOf(create(volume, context, nowhere as never)), {
    code: "not-found",
    details: { path: "image" },
  });
});

t.test("a create that dies is gone on with; an edited one begins afresh", async (t) => {
  const name = `${prefix}-die`;
  const inputs = inputsOf(volume, name, { sizeGiB: 1 });
  const first = contextFor("beta");
  await t.rejects(create(dyingAfter(volume, 1, first), first, inputs as never));
  first.close();
  const [left] = await named(name);
  const { id, outputs } = await create(volume, context, inputs as never);
  t.equal(id, left?.["id"], "taken over");
  t.equal((await named(name)).length, 1);
  await remove(volume, context, id, outputs);

  const second = contextFor("beta");
  await t.rejects(create(dyingAfter(volume, 1, second), second, inputs as never));
  second.close();
  const edited = inputsOf(volume, name, { sizeGiB: 1, type: "iscsi" });
  const again = await create(volume, context, edited as never);
  t.equal((await named(name)).filter((one) => one["status"] !== "deleting").length, 1, "the unfinished one is gone");
  await remove(volume, context, again.id, again.outputs);
});

t.test("two creates of one resource at once: one volume, and nobody says another", async (t) => {
  const name = `${prefix}-race`;
  const inputs = inputsOf(volume, name, { sizeGiB: 1 });
  const first = contextFor("beta");
  await t.rejects(create(dyingAfter(volume, 1, first), first, inputs as never));
  first.close();
  const runs = await Promise.allSettled([
    create(volume, context, inputs as never),
    create(volume, contextFor("beta"), inputs as never),
  ]);
  const left = await named(name);
  t.equal(left.length, 1);
  const won = runs.flatMap((run) => (run.status === "fulfilled" ? [run.value] : []));
  t.ok(won.length > 0, "one wins");
  // Both may: who takes over in the moment in which the other seals goes on with the same volume.
  for (const { id } of won) t.equal(id, left[0]?.["id"]);
  for (const run of runs) if (run.status === "rejected") t.match(run.reason, { message: /another run|already/ });
  await remove(volume, context, won[0]!.id, won[0]!.outputs);
});

t.test("an existing volume is adopted: nothing but its mark is changed", async (t) => {
  const { volume: made } = (await beta.call("cinder", "POST", "/volumes", {
    volume: { name: `${prefix}-hand`, size: 1, description: "by hand", metadata: { a: "b" } },
  })) as Record<string, Json>;
  const id = String(made?.["id"]);
  await rest(id);
  const inputs = inputsOf(volume, "adopted", { sizeGiB: 1, adopt: id });
  const { outputs } = await create(volume, context, inputs as never);
  t.match(await get(id), {
    name: `${prefix}-hand`,
    description: "by hand",
    metadata: { a: "b", pulumi_baremetal: /:sealed$/ },
  });
  t.same((await read(volume, context, id, outputs))?.inputs, inputs);
  await remove(volume, context, id, outputs);
  t.ok(await gone(id));
});

t.test("a back end that fails: Cinder's own words, and nothing is left", async (t) => {
  const inputs = inputsOf(volume, `${prefix}-fails`, { sizeGiB: 1 });
  await setBackendFault("cinder.create_volume", "the array is on fire");
  try {
    t.match(await failureOf(create(volume, context, inputs as never)), {
      code: "volume-failed",
      message: /removed again: Cinder shows the status error: .*create volume/,
    });
  } finally {
    await clearBackendFault("cinder.create_volume");
  }
  await until("the failed one is gone", async () => (await named(`${prefix}-fails`)).length === 0);
  const { id, outputs } = await create(volume, context, inputs as never);
  await remove(volume, context, id, outputs);
});

t.test("more than the quota allows is told as what it is", async (t) => {
  const inputs = inputsOf(volume, `${prefix}-huge`, { sizeGiB: 900_000 });
  t.match(await failureOf(create(volume, context, inputs as never)), { message: /quota/i });
});
