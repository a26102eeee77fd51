import t, { type Test } from "tap";
import { Type } from "typebox";
import {
  type AnyDefinition,
  commonInputs,
  commonOutputs,
  create,
  defineResource,
  HalfMade,
  read,
  remove,
  update,
} from "../../provider/core/index.ts";
import { type IronicAction, ironicRoute } from "../../provider/machines/ironic/index.ts";
import { machineInputs, machineOutputs } from "../../provider/machines/spec.ts";
import { type Json, login, type Tenant, until } from "../cloud/client.ts";
import { clearNodeFaults, powerBehindTheBack, setMaintenance, setNodeFault } from "../cloud/faults.ts";
import { getNode, ironic, vifs } from "../cloud/nodes.ts";
import { makeAvailable } from "../cloud/reset.ts";
import { cloudOrSkip, contextFor, failureOf, inputsOf, type TestContext, unique } from "./context.ts";

const found = await cloudOrSkip("alpha", ["ironic", "neutron", "glance"]);
if (typeof found === "string") {
  t.comment(found);
  t.plan(0, found);
  process.exit(0);
}
const raw = { alpha: found, beta: await login("beta") };
const contexts = { alpha: contextFor("alpha"), beta: contextFor("beta") };
const prefix = unique("iron");

/** The route as a resource of its own, until a program meets it as Server. */
const server: AnyDefinition = defineResource({
  type: "Server",
  description: "",
  example: "",
  inputs: Type.Object({ ...commonInputs, ...machineInputs }),
  outputs: Type.Object({ ...commonOutputs, ...machineOutputs }),
  deleteBeforeReplace: true,
  timeouts: { create: 240, update: 240, delete: 240 },
  stateVersion: 1,
  ...ironicRoute,
});

/** The only node of its kind that each tenant has, so that a test knows on which one it is. */
const special = { class: "metal", traits: ["CUSTOM_NVME"] };
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBubXkP0 tester";
const networks = new Map<Tenant, string>();

async function networkOf(tenant: Tenant, suffix = ""): Promise<string> {
  const { network } = (await raw[tenant].call("neutron", "POST", "/networks", {
    network: { name: `${prefix}-${tenant}${suffix}` },
  })) as { network: { id: string } };
  await raw[tenant].call("neutron", "POST", "/subnets", {
    subnet: { network_id: network.id, cidr: "10.88.0.0/24", ip_version: 4 },
  });
  return network.id;
}

for (const tenant of ["alpha", "beta"] as const) networks.set(tenant, await networkOf(tenant));

const program = (tenant: Tenant, name: string, more: Json = {}) =>
  inputsOf(server, `${prefix}-${name}`, {
    route: "ironic",
    hardware: special,
    image: "tiny",
    networks: [{ network: networks.get(tenant) }],
    ...more,
  });

const allocations = (tenant: Tenant) => raw[tenant].list("ironic", "/allocations", "allocations");
const tagged = async (tenant: Tenant) =>
  (await allocations(tenant)).filter(({ name }) => String(name).startsWith("pulumi-baremetal-"));
const portsOf = async (tenant: Tenant) =>
  raw[tenant].list("neutron", `/ports?network_id=${networks.get(tenant)}&device_owner=`, "ports");
const steps = (context: TestContext, from = 0) => context.lines.slice(from).map((line) => line.replace(/^[^:]*: /, ""));

/** The definition whose `perform` is watched: `before` runs ahead of the step, `after` behind it. */
function watched(hooks: {
  before?: (action: IronicAction) => Promise<void>;
  after?: (action: IronicAction) => Promise<void>;
}): AnyDefinition {
  return {
    ...server,
    perform: async (context: never, action: IronicAction) => {
      await hooks.before?.(action);
      const id = await ironicRoute.perform(context, action);
      await hooks.after?.(action);
      return id;
    },
  };
}

/** What a delete must leave: no reservation, no port, the node clean and free. */
async function nothingIsLeft(t: Test, tenant: Tenant, node: string) {
  t.same(await tagged(tenant), [], "no reservation is left");
  t.same(
    (await portsOf(tenant)).map(({ name }) => name),
    [],
    "no port is left",
  );
  const seen = await getNode(node);
  t.match(seen, {
    provision_state: "available",
    instance_uuid: null,
    instance_info: {},
    maintenance: false,
    protected: false,
  });
  t.same(seen["instance_info"], {}, "the node says nothing of us");
  t.same(await vifs(node), [], "nothing is attached to it");
}

t.teardown(async () => {
  for (const tenant of ["alpha", "beta"] as const) {
    contexts[tenant].close();
    await clearNodeFaults(`${tenant}-2`);
    for (const allocation of await tagged(tenant)) {
      t.fail(`reservation ${allocation["name"]} was left behind`);
      if (allocation["node_uuid"]) await makeAvailable(`${tenant}-2`).catch(() => undefined);
      await raw[tenant].raw("ironic", "DELETE", `/allocations/${allocation["uuid"]}`);
    }
    await makeAvailable(`${tenant}-2`);
    for (const network of await raw[tenant].list(
      "neutron",
      `/networks?project_id=${raw[tenant].projectId}`,
      "networks",
    )) {
      if (!String(network["name"]).startsWith(prefix)) continue;
      for (const port of await raw[tenant].list("neutron", `/ports?network_id=${network["id"]}`, "ports"))
        await raw[tenant].raw("neutron", "DELETE", `/ports/${port["id"]}`);
      await raw[tenant].raw("neutron", "DELETE", `/networks/${network["id"]}`);
    }
  }
});

t.test("an owner's machine: made, left alone, kept on, renamed, rewired, protected, deleted", async (t) => {
  const context = contexts.alpha;
  const first = {
    sshKeys: [key],
    userData: "#cloud-config\n",
    metadata: { team: "a" },
    power: "on",
    name: `${prefix}-web`,
  };
  const inputs = program("alpha", "web", first);
  const { id, outputs } = await create(server, context, inputs as never);
  t.match(outputs, {
    allocationId: id,
    nodeName: "alpha-2",
    powerState: "on",
    provisionState: "active",
    condition: "ready",
    resourceClass: "metal",
    address: /^10\.88\.0\./,
    ports: [{ network: networks.get("alpha"), mac: "52:54:00:01:02:00" }],
    facts: { cpus: 32, memoryGiB: 128, diskGiB: 480, traits: ["CUSTOM_NVME", "CUSTOM_RACK_R0", "HW_CPU_X86_AVX2"] },
    wiped: "notVisible",
  });
  t.ok(JSON.stringify(outputs).length < 3000, "state stays small");
  t.match(await getNode("alpha-2"), {
    instance_uuid: id,
    instance_name: `${prefix}-web`,
    instance_info: { display_name: `${prefix}-web` },
  });

  let lines = context.lines.length;
  t.same(await update(server, context, id, outputs, inputs as never), outputs, "an update without change");
  t.equal(context.lines.length, lines, "takes no step");
  t.same((await read(server, context, id, outputs))?.inputs, inputs, "a refresh shows the program's own words");
  t.match(await failureOf(create(server, context, inputs as never)), { code: "already-there" }, "it is not made twice");
  const none = await failureOf(create(server, context, program("alpha", "second") as never));
  t.match(none, { code: "no-capacity", message: /metal \(32 CPUs.*0 free\)/ }, "taken is told from not there");

  await powerBehindTheBack("alpha-2", "power off");
  t.match((await read(server, context, id, outputs))?.inputs, { power: "off" }, "power off behind the back shows");
  await setMaintenance("alpha-2", true, "new disk");
  t.match(
    (await read(server, context, id, outputs))?.inputs,
    { condition: "maintenance: new disk" },
    "so does maintenance",
  );
  lines = context.lines.length;
  t.match(await failureOf(update(server, context, id, outputs, inputs as never)), {
    code: "in-maintenance",
    message: /alpha-2.*new disk/,
  });
  t.equal((await getNode("alpha-2"))["power_state"], "power off", "nothing is powered in maintenance");
  await setMaintenance("alpha-2", false);
  let now = await update(server, context, id, outputs, inputs as never);
  t.same(
    steps(context, lines).filter((line) => !line.startsWith("power to change")),
    ["power on"],
  );
  t.match(now, { powerState: "on", condition: "ready" });

  const other = await networkOf("alpha", "-2");
  const wide = {
    ...inputs,
    name: `${prefix}-wide`,
    metadata: { team: "b" },
    networks: [...inputs.networks, { network: other }],
  };
  now = await update(server, context, id, now, wide as never);
  t.match(
    now,
    { name: `${prefix}-wide`, ports: [{ network: networks.get("alpha") }, { network: other }] },
    "renamed and on two networks",
  );
  t.equal((await vifs("alpha-2")).length, 2);
  now = await update(server, context, id, now, inputs as never);
  t.equal((await vifs("alpha-2")).length, 1, "and on one again");
  await raw.alpha.call("neutron", "DELETE", `/networks/${other}`);

  now = await update(server, context, id, now, { ...inputs, deletionProtection: true } as never);
  t.match(await failureOf(remove(server, context, id, now)), { code: "protected" });
  t.equal((await getNode("alpha-2"))["provision_state"], "active");
  now = await update(server, context, id, now, inputs as never);
  t.equal((await getNode("alpha-2"))["protected"], false, "leaving it out takes the protection off");

  lines = context.lines.length;
  now = await update(server, context, id, now, { ...inputs, identity: `proj/other/Server/${prefix}-web` } as never);
  t.same(steps(context, lines), [], "another stack name reinstalls nothing");
  t.equal((await read(server, context, id, now))?.inputs["identity"], `proj/other/Server/${prefix}-web`);

  await remove(server, context, id, now);
  await nothingIsLeft(t, "alpha", "alpha-2");
  await remove(server, context, id, now);
  t.equal(await read(server, context, id, now), undefined, "gone is gone, however often it is asked");
});

t.test("a lessee's machine, and reinstalls", async (t) => {
  const context = contexts.beta;
  const inputs = program("beta", "leased", { userData: "#!/bin/sh\n" });
  const { id, outputs } = await create(server, context, inputs as never);
  t.match(outputs, { nodeName: "beta-2", provisionState: "active", powerState: "on", fault: undefined });
  t.same((await read(server, context, id, outputs))?.inputs, inputs);

  const anew = { ...inputs, image: "tiny-2" };
  t.match(await failureOf(update(server, context, id, outputs, anew as never)), {
    code: "needs-reinstall",
    details: { path: "image" },
  });
  t.equal((await getNode("beta-2"))["provision_state"], "active", "refused means untouched");
  const userData = { ...inputs, userData: "#!/bin/sh\ntrue\n" };
  t.match(await failureOf(update(server, context, id, outputs, userData as never)), {
    code: "needs-reinstall",
    details: { path: "userData" },
  });

  // Killed right after the rebuild was asked for: the next run waits for it and does not begin it again.
  const killed = contextFor("beta");
  const dying = watched({
    after: async (action) => {
      if (action.name !== "reinstall") return;
      killed.cancel();
      throw new Error("killed");
    },
  });
  const allowed = { ...anew, allowReinstall: true };
  const half = await update(dying, killed, id, outputs, allowed as never).then(
    () => t.fail("it was killed"),
    (error) => error,
  );
  t.ok(half instanceof HalfMade);
  killed.close();
  const lines = context.lines.length;
  const after = await update(server, context, id, half.outputs, allowed as never);
  t.notOk(steps(context, lines).includes("reinstall"), "an interrupted reinstall goes on");
  t.not(after["imageId"], outputs["imageId"]);
  t.match(after, { image: "tiny-2", provisionState: "active" });
  t.same(await update(server, context, id, after, allowed as never), after, "then it is done");
  await remove(server, context, id, after);
  await nothingIsLeft(t, "beta", "beta-2");
});

t.test("what does not fit is told with what there is", async (t) => {
  const context = contexts.alpha;
  const huge = program("alpha", "huge", { hardware: { cpus: 64, fabric: "roce" } });
  const failed = await failureOf(create(server, context, huge as never));
  t.match(failed, {
    code: "nothing-fits",
    message: /metal \(16 CPUs, 64 GiB memory.*2 free|1 free.*CPUs: 16, no roce fabric/s,
  });
  t.match(failed.message, /CUSTOM_NVME/);
  const unknown = program("alpha", "unknown", { hardware: { class: "gold" } });
  t.match(await failureOf(create(server, context, unknown as never)), {
    code: "nothing-fits",
    message: /class gold; there are\n {2}metal/,
  });
  t.match(await failureOf(create(server, context, program("alpha", "image", { image: "nope" }) as never)), {
    code: "not-found",
  });
  t.same(await tagged("alpha"), [], "nothing was reserved for it");
});

for (const [when, name] of [
  ["after the reservation", "reserve a machine"],
  ["during the install", "install"],
] as const)
  t.test(`a create that died ${when} is taken over`, async (t) => {
    const inputs = program("alpha", `dies-${name.split(" ")[0]}`);
    const killed = contextFor("alpha");
    const dying = watched({
      after: async (action) => {
        if (action.name !== name) return;
        killed.cancel();
        throw new Error("killed");
      },
    });
    await t.rejects(create(dying, killed, inputs as never));
    killed.close();
    const [left] = await tagged("alpha");
    const { id, outputs } = await create(server, contexts.alpha, inputs as never);
    t.equal(id, left?.["uuid"], "it goes on with the reservation that is there");
    t.equal((await tagged("alpha")).length, 1, "there is exactly one");
    t.equal((await portsOf("alpha")).length, 1, "and one port");
    t.match(outputs, { provisionState: "active", condition: "ready" });
    await remove(server, contexts.alpha, id, outputs);
    await nothingIsLeft(t, "alpha", "alpha-2");
  });

t.test("a failed install is tried once more", async (t) => {
  await setNodeFault("alpha-2", "deploy", "disk on fire");
  const heals = watched({
    before: async (action) => {
      if (action.name === "install" && action.args.attempt === 2) await clearNodeFaults("alpha-2");
    },
  });
  const lines = contexts.alpha.lines.length;
  const { id, outputs } = await create(heals, contexts.alpha, program("alpha", "heals") as never);
  t.equal(steps(contexts.alpha, lines).filter((line) => line === "install").length, 2);
  t.match(outputs, { provisionState: "active", condition: "ready" });

  await setNodeFault("alpha-2", "erase_devices_metadata", "stuck platter");
  t.match(await failureOf(remove(server, contexts.alpha, id, outputs)), {
    code: "clean-failed",
    message: /alpha-2.*stuck platter/,
  });
  t.match(
    await failureOf(remove(server, contexts.alpha, id, outputs)),
    { code: "clean-failed" },
    "still, until somebody mends it",
  );
  t.same(await tagged("alpha"), []);
  t.same(await portsOf("alpha"), [], "the ports are gone all the same");
  await makeAvailable("alpha-2");
  await remove(server, contexts.alpha, id, outputs);
  await nothingIsLeft(t, "alpha", "alpha-2");
});

for (const [tenant, words] of [
  ["alpha", /disk on fire/],
  ["beta", /the operator can see it/],
] as const)
  t.test(
    `an install that fails twice is told to ${tenant}, and can be deleted although that fails once too`,
    async (t) => {
      const node = `${tenant}-2`;
      await setNodeFault(node, "deploy", "disk on fire");
      const inputs = program(tenant, "broken");
      const error = await create(server, contexts[tenant], inputs as never).then(
        () => undefined,
        (error) => error,
      );
      t.ok(error instanceof HalfMade, "state learns of it");
      t.match(error.cause, { code: "deploy-failed", message: words });
      t.match(error.cause.message, /2 times/);
      t.match(error.outputs, { condition: /half-made/, provisionState: "deploy failed", imageId: undefined });
      await clearNodeFaults(node);
      await setNodeFault(node, "tear_down", "no route to BMC");
      const heals = watched({
        before: async (action) => {
          if (action.name === "take the machine down" && action.args.attempt === 2) await clearNodeFaults(node);
        },
      });
      await remove(heals, contexts[tenant], error.id, error.outputs);
      await nothingIsLeft(t, tenant, node);
    },
  );

t.test("volumes come with the install and stay when the machine goes", async (t) => {
  const skip = await cloudOrSkip("alpha", ["cinder"]);
  if (typeof skip === "string") return t.comment(skip);
  const { volume } = (await raw.alpha.call("cinder", "POST", "/volumes", {
    volume: { name: prefix, size: 1, volume_type: "iscsi" },
  })) as { volume: { id: string } };
  const state = async () =>
    ((await raw.alpha.call("cinder", "GET", `/volumes/${volume.id}`)) as { volume: Json }).volume;
  await until("the volume is there", async () => (await state())["status"] === "available", 60);
  t.teardown(async () => raw.alpha.raw("cinder", "DELETE", `/volumes/${volume.id}`));
  const missing = program("alpha", "lost", { volumes: ["00000000-0000-4000-8000-000000000000"] });
  t.match(await failureOf(create(server, contexts.alpha, missing as never)), {
    code: "not-found",
    details: { path: "volumes[0]" },
  });
  const inputs = program("alpha", "stores", { volumes: [volume.id] });
  const { id, outputs } = await create(server, contexts.alpha, inputs as never);
  t.match(await state(), { status: "in-use", attachments: [{ server_id: id }] });
  t.same((await read(server, contexts.alpha, id, outputs))?.inputs, inputs);
  await remove(server, contexts.alpha, id, outputs);
  t.equal((await state())["status"], "available");
  await nothingIsLeft(t, "alpha", "alpha-2");
  t.same(
    (await ironic("GET", `/volume/targets?node=${outputs["nodeId"]}`))["targets"],
    [],
    "no volume target is left on the node",
  );
});
