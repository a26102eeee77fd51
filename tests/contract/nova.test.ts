import "../cloud/own-sandbox.ts";
import t from "tap";
import { create, read, remove, update } from "../../provider/core/index.ts";
import type { NovaAction } from "../../provider/machines/nova/index.ts";
import type { MachineInputs } from "../../provider/machines/spec.ts";
import { admin, type Json, until } from "../cloud/client.ts";
import { cloudOrSkip, contextFor, dyingAfter, failureOf } from "./context.ts";
import { machine, stage } from "./nova-support.ts";

const found = await cloudOrSkip("alpha", ["nova", "neutron", "glance", "cinder"]);
if (typeof found === "string") {
  t.comment(found);
  t.plan(0, found);
  process.exit(0);
}
const alpha = found;
const call = alpha.call.bind(alpha);
const here = await stage(t, alpha, ["10.61.0.0/24", "10.62.0.0/24"]);
const { context, prefix, networks, mine, serverOf, ports, said, act, settled, virtual } = here;

t.test("virtual: made, left alone, refreshed, changed in place, deleted", async (t) => {
  const program = virtual("short", { metadata: { role: "db", tier: "1" } });
  const { id, outputs } = await create(machine, context, program);
  t.match(outputs, {
    via: "nova",
    serverId: id,
    condition: "ready",
    flavorName: "vm.tiny",
    powerState: "on",
    provisionState: "ACTIVE",
    address: /^10\.61\.0\./,
    facts: { cpus: 1, memoryGiB: 0.125, diskGiB: 1 },
    metadata: { role: "db", tier: "1" },
    wiped: "notVisible",
  });
  t.ok(JSON.stringify(outputs).length < 3000, "state stays small");
  t.match(await serverOf(id), {
    name: `${prefix}-short`,
    description: /^\[pulumi-baremetal:[0-9a-f]{20}:[0-9a-f]{12}:sealed\]$/,
    tags: [/^pulumi-baremetal-[0-9a-f]{20}$/],
  });

  const lines = context.lines.length;
  t.same(await update(machine, context, id, outputs, program), outputs, "an update without change");
  t.same(said(lines), [], "takes no step");
  t.same((await read(machine, context, id, outputs))?.inputs, program, "a refresh shows the program's own words");
  t.match(await failureOf(create(machine, context, program)), { code: "already-there" }, "it is not made twice");

  const changed = virtual("short", { name: `${prefix}-other`, metadata: { role: "cache", owner: "me" } });
  const after = await update(machine, context, id, outputs, changed);
  const server = await serverOf(id);
  t.equal(server["name"], `${prefix}-other`);
  t.match(server["metadata"], { role: "cache", owner: "me" });
  t.notOk("tier" in (server["metadata"] as Json), "a key that left the program leaves the server");
  t.same(after["metadata"], { role: "cache", owner: "me" }, "keys of ours do not show");

  await remove(machine, context, id, after);
  t.equal((await alpha.raw("nova", "GET", `/servers/${id}`)).status, 404);
  t.same(await ports(networks[0]), [], "its port went with it");
  await remove(machine, context, id, after);
  t.equal(await read(machine, context, id, after), undefined);
});

t.test("virtual: power is kept only where the program sets it", async (t) => {
  const { id, outputs } = await create(machine, context, virtual("power"));
  await act(id, { "os-stop": null });
  await settled(id, "SHUTOFF");
  const free = await read(machine, context, id, outputs);
  t.match(free?.outputs, { powerState: "off", provisionState: "SHUTOFF" });
  t.notOk("power" in (free?.inputs ?? {}), "what the program does not set is no drift");
  const on = virtual("power", { power: "on" });
  const after = await update(machine, context, id, free?.outputs ?? {}, on);
  t.match(after, { power: "on", powerState: "on" });
  await act(id, { "os-stop": null });
  await settled(id, "SHUTOFF");
  t.match((await read(machine, context, id, after))?.inputs, { power: "off" }, "a refresh shows the drift");
  t.match(await update(machine, context, id, after, on), { power: "on", powerState: "on" }, "and an update ends it");
  const off = await update(machine, context, id, after, virtual("power", { power: "off" }));
  t.match(off, { powerState: "off" });
  t.equal((await serverOf(id))["status"], "SHUTOFF");
  await remove(machine, context, id, off);
});

t.test("virtual: networks come and go in place, a port of the program's own stays", async (t) => {
  const { id, outputs } = await create(machine, context, virtual("nets"));
  const made = await call("neutron", "POST", "/ports", { port: { network_id: networks[1], name: `${prefix}-own` } });
  const own = String((made["port"] as Json)["id"]);
  const both = await update(
    machine,
    context,
    id,
    outputs,
    virtual("nets", { networks: [{ network: networks[0], addresses: ["10.61.0.77"] }, { port: own }] }),
  );
  t.match(both["ports"], [
    { network: networks[0], addresses: ["10.61.0.77"] },
    { id: own, network: networks[1] },
  ]);
  const one = await update(machine, context, id, both, virtual("nets", { networks: [{ network: networks[1] }] }));
  t.match(one["ports"], [{ network: networks[1] }]);
  t.equal((one["ports"] as Json[]).length, 1);
  t.not((one["ports"] as Json[])[0]?.["id"], own);
  const left = (await call("neutron", "GET", `/ports/${own}`))["port"] as Json;
  t.equal(left["device_id"], "", "the program's own port is off the machine and still there");

  const lost = String((one["ports"] as Json[])[0]?.["id"]);
  await call("nova", "DELETE", `/servers/${id}/os-interface/${lost}`);
  await until("it is off", async () => (await ports(networks[1])).every((port) => port["device_id"] === ""));
  await call("neutron", "DELETE", `/ports/${lost}`);
  const seen = await read(machine, context, id, one);
  t.match(
    seen,
    { inputs: { networks: [], condition: /networks\[0\]/ } },
    "a port taken off and deleted behind our back is drift",
  );
  const again = await update(machine, context, id, one, virtual("nets", { networks: [{ network: networks[1] }] }));
  t.match(again, { condition: "ready", ports: [{ network: networks[1] }] });
  await remove(machine, context, id, again);
  t.same(
    (await ports(networks[1])).map((port) => port["id"]),
    [own],
  );
  await call("neutron", "DELETE", `/ports/${own}`);
});

t.test("virtual: a port that Nova forgot to let go of goes with the server that is gone", async (t) => {
  const { id, outputs } = await create(machine, context, virtual("forgotten"));
  await call("nova", "DELETE", `/servers/${id}`);
  await until("it is gone", () => here.gone(id));
  const [left] = (await ports(networks[0])) as [Json];
  const bound = { device_id: id, device_owner: "compute:nova" };
  await call("neutron", "PUT", `/ports/${left["id"]}`, { port: bound });
  await remove(machine, context, id, outputs);
  t.same(await ports(networks[0]), [], "nothing is left");
});

t.test("virtual: deletion protection is a lock that our own changes pass", async (t) => {
  const { id, outputs } = await create(machine, context, virtual("lock", { deletionProtection: true }));
  t.match(await serverOf(id), { locked: true, description: /:sealed\]$/ });
  t.match(await failureOf(remove(machine, context, id, outputs)), { code: "protected" });
  t.equal((await alpha.raw("nova", "DELETE", `/servers/${id}`)).status, 409, "in the cloud too");
  const changed = virtual("lock", { deletionProtection: true, metadata: { a: "b" }, power: "off" });
  const after = await update(machine, context, id, outputs, changed);
  t.match(await serverOf(id), { locked: true, status: "SHUTOFF", metadata: { a: "b" } });
  const open = await update(machine, context, id, after, virtual("lock", { deletionProtection: false }));
  t.match(await serverOf(id), { locked: false });
  await remove(machine, context, id, open);
});

t.test("virtual: a reinstall is refused, then allowed", async (t) => {
  const { id, outputs } = await create(machine, context, virtual("image", { userData: "#cloud-config\n" }));
  const other = { image: "tiny-2", userData: "#cloud-config\nruncmd: []\n", metadata: { a: "b" } };
  const refused = await failureOf(update(machine, context, id, outputs, virtual("image", other)));
  t.match(refused, { code: "needs-reinstall", message: /tiny-2/ });
  const after = await update(machine, context, id, outputs, virtual("image", { ...other, allowReinstall: true }));
  const server = await serverOf(id);
  t.match(after, { image: "tiny-2", imageId: (server["image"] as Json)["id"], condition: "ready" });
  t.match(server, { status: "ACTIVE", name: `${prefix}-image`, description: /:sealed\]$/, metadata: { a: "b" } });
  t.not(after["installDigest"], outputs["installDigest"]);
  const lines = context.lines.length;
  await update(machine, context, id, after, virtual("image", { ...other, allowReinstall: true }));
  t.same(said(lines), [], "once is enough");
  await remove(machine, context, id, after);
});

for (const [step, what] of [
  [1, "the port"],
  [2, "the server"],
] as const)
  t.test(`virtual: a create that died after it made ${what} is gone on with`, async (t) => {
    const dying = contextFor("alpha");
    const died = create(dyingAfter(machine, step, dying), dying, virtual("died"));
    await t.rejects(died);
    dying.close();
    const { id, outputs } = await create(machine, context, virtual("died"));
    t.equal((await mine()).length, 1, "there is one server");
    t.equal((await ports(networks[0])).length, 1, "and one port");
    t.match(outputs, { condition: "ready", provisionState: "ACTIVE" });
    t.match(await serverOf(id), { description: /:sealed\]$/ });
    await remove(machine, context, id, outputs);
  });

t.test("virtual: a create whose answer was lost makes no second server", async (t) => {
  const deaf = {
    ...machine,
    perform: async (given: typeof context, action: NovaAction) => {
      await machine.perform(given, action);
      return undefined;
    },
  };
  const { id, outputs } = await create(deaf, context, virtual("lost"));
  t.equal((await mine()).length, 1);
  t.equal(outputs["serverId"], id);
  await remove(machine, context, id, outputs);
});

t.test("virtual: one that somebody else made is adopted, then kept like any other", async (t) => {
  const image = String((await alpha.list("glance", "/images?name=tiny", "images"))[0]?.["id"]);
  const flavor = (await alpha.list("nova", "/flavors", "flavors")).find((one) => one["name"] === "vm.tiny");
  const made = await call("nova", "POST", "/servers", {
    server: {
      name: `${prefix}-foreign`,
      description: "by hand",
      imageRef: image,
      flavorRef: flavor?.["id"],
      networks: [{ uuid: networks[0] }],
      metadata: { a: "b" },
    },
  });
  const foreign = String((made["server"] as Json)["id"]);
  await settled(foreign, "ACTIVE");
  const program = virtual("adopt", { adopt: foreign, metadata: { a: "c" } } as never);
  const { id, outputs } = await create(machine, context, program);
  t.equal(id, foreign);
  t.match(await serverOf(id), {
    name: `${prefix}-foreign`,
    description: /^by hand \[pulumi-baremetal:.*:sealed\]$/,
    metadata: { a: "b" },
  });
  const after = await update(machine, context, id, outputs, program);
  t.equal((await ports(networks[0])).length, 1, "its port is taken over, no second one is made");
  t.match(after, { metadata: { a: "c" }, ports: [{ network: networks[0] }], condition: "ready" });
  await remove(machine, context, id, after);
  t.same(await ports(networks[0]), []);
});

t.test("virtual: a resource that is renamed keeps server and ports", async (t) => {
  const { id, outputs } = await create(machine, context, virtual("before"));
  const port = (outputs["ports"] as Json[])[0]?.["id"];
  const after = await update(machine, context, id, outputs, virtual("after"));
  const server = await serverOf(id);
  t.match(after, { condition: "ready", ports: [{ id: port }] });
  t.equal(server["name"], `${prefix}-after`);
  t.equal((server["tags"] as string[]).length, 1, "the tag by which Nova finds it has moved");
  t.match(await failureOf(create(machine, context, virtual("after"))), { code: "already-there" });
  await remove(machine, context, id, after);
  t.same(await ports(networks[0]), []);
});

t.test("virtual: of a create that died, the program edited since, nothing stays", async (t) => {
  const dying = contextFor("alpha");
  await t.rejects(create(dyingAfter(machine, 2, dying), dying, virtual("edited")));
  dying.close();
  const before = (await mine())[0]?.["id"];
  const { id, outputs } = await create(machine, context, virtual("edited", { hardware: { flavor: "vm.small" } }));
  t.not(id, before);
  t.same(
    (await mine()).map((server) => server["id"]),
    [id],
  );
  t.equal((await ports(networks[0])).length, 1);
  await remove(machine, context, id, outputs);
});

t.test("virtual: volumes are attached with the create, and are free after the delete", async (t) => {
  const made = await call("cinder", "POST", "/volumes", {
    volume: { size: 1, name: `${prefix}-data`, volume_type: "iscsi" },
  });
  const volume = String((made["volume"] as Json)["id"]);
  const is = (status: string) =>
    until(`the volume is ${status}`, async () => {
      const seen = (await call("cinder", "GET", `/volumes/${volume}`))["volume"] as Json;
      return seen["status"] === status;
    });
  const program = virtual("volumes", { volumes: [volume] });
  const { id, outputs } = await create(machine, context, program);
  await is("in-use");
  t.match(await failureOf(create(machine, context, virtual("second", { volumes: [volume] }))), {
    code: "in-use",
  });
  t.same((await read(machine, context, id, outputs))?.inputs, program);
  await remove(machine, context, id, outputs);
  await is("available");
  await call("cinder", "DELETE", `/volumes/${volume}`);
});

t.test("virtual: where nothing is free nothing is left", async (t) => {
  const { project } = await admin();
  const flavor = { name: `${prefix}-nowhere`, ram: 128, vcpus: 1, disk: 1 };
  const made = (await project.call("nova", "POST", "/flavors", { flavor }))["flavor"] as Json;
  t.teardown(() => project.raw("nova", "DELETE", `/flavors/${made["id"]}`));
  await project.call("nova", "POST", `/flavors/${made["id"]}/os-extra_specs`, {
    extra_specs: { "trait:HW_CPU_X86_SGX": "required" },
  });
  const none = await failureOf(create(machine, context, virtual("none", { hardware: { flavor: flavor.name } })));
  t.match(none, { code: "no-capacity", message: /nowhere.*No valid host/s });
  t.same(await mine(), []);
  t.same(await ports(networks[0]), []);
});

t.test("what cannot be is refused before anything is touched", async (t) => {
  const cases: [Partial<MachineInputs>, string][] = [
    [{ hardware: { flavor: "vm.huge" } }, "not-found"],
    [{ hardware: { flavor: "baremetal" } }, "nothing-fits"],
    [{ hardware: { cpus: 900 } }, "nothing-fits"],
    [{ image: "no-such-image" }, "not-found"],
    [{ volumes: ["3f0e9c0a-0000-4000-8000-000000000000"] }, "not-found"],
    [{ networks: [{ port: "3f0e9c0a-0000-4000-8000-000000000000" }] }, "not-found"],
  ];
  for (const [more, code] of cases) {
    const failed = await failureOf(create(machine, context, virtual("never", more)));
    t.equal(failed.code, code, JSON.stringify(more));
  }
  t.same(await mine(), []);
  t.same(await ports(networks[0]), []);
});
