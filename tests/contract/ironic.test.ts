import "../cloud/own-sandbox.ts";
import t from "tap";
import { create, HalfMade, read, remove, update } from "../../provider/core/index.ts";
import { type Json, until } from "../cloud/client.ts";
import { clearNodeFaults, setMaintenance, setNodeFault } from "../cloud/faults.ts";
import { getNode, ironic, vifs } from "../cloud/nodes.ts";
import { cloudOrSkip, failureOf } from "./context.ts";
import { server, setUp, steps } from "./ironic-kit.ts";

const kit = await setUp("alpha");
if (!kit) process.exit(0);
const { context, makeNetwork, network, nothingIsLeft, prefix, program, raw, reservations } = kit;

t.test("an owner's machine: made, left alone, kept on, renamed, rewired, protected, deleted", async (t) => {
  const inputs = program("web", {
    name: `${prefix}-web`,
    sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBubXkP0 tester"],
    userData: "#cloud-config\n",
    metadata: { team: "a" },
    power: "on",
  });
  const { id, outputs } = await create(server, context, inputs);
  t.match(outputs, {
    allocationId: id,
    nodeName: "alpha-2",
    powerState: "on",
    provisionState: "active",
    condition: "ready",
    resourceClass: "metal",
    address: /^10\.88\.0\./,
    ports: [{ network, mac: "52:54:00:01:02:00" }],
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
  t.same(await update(server, context, id, outputs, inputs), outputs, "an update without change");
  t.equal(context.lines.length, lines, "takes no step");
  t.same((await read(server, context, id, outputs))?.inputs, inputs, "a refresh shows the program's own words");
  t.match(await failureOf(create(server, context, inputs)), { code: "already-there" }, "it is not made twice");
  const none = await failureOf(create(server, context, program("second")));
  t.match(none, { code: "no-capacity", message: /metal \(32 CPUs.*0 free\)/ }, "taken is told from not there");

  await ironic("PUT", "/nodes/alpha-2/states/power", { target: "power off" });
  await until("it is off", async () => (await getNode("alpha-2"))["power_state"] === "power off", 30);
  t.match((await read(server, context, id, outputs))?.inputs, { power: "off" }, "power off behind the back shows");
  await setMaintenance("alpha-2", true, "new disk");
  const condition = { condition: "maintenance: new disk" };
  t.match((await read(server, context, id, outputs))?.inputs, condition, "so does maintenance");
  const refused = await failureOf(update(server, context, id, outputs, inputs));
  t.match(refused, { code: "in-maintenance", message: /alpha-2.*new disk/ });
  t.equal((await getNode("alpha-2"))["power_state"], "power off", "nothing is powered in maintenance");
  await setMaintenance("alpha-2", false);
  lines = context.lines.length;
  let now = await update(server, context, id, outputs, inputs);
  t.equal(steps(context, lines)[0], "power on");
  t.match(now, { powerState: "on", condition: "ready" });

  const other = await makeNetwork("-2");
  const wide = {
    ...inputs,
    name: `${prefix}-wide`,
    metadata: { team: "b" },
    networks: [{ network }, { network: other }],
    deletionProtection: true,
  };
  now = await update(server, context, id, now, wide);
  t.match(now, { name: `${prefix}-wide`, ports: [{ network }, { network: other }] }, "renamed and on two networks");
  t.equal((await vifs("alpha-2")).length, 2);
  t.match(await failureOf(remove(server, context, id, now)), { code: "protected" });
  t.equal((await getNode("alpha-2"))["provision_state"], "active");

  const moved = { ...inputs, identity: `proj/other/Server/${prefix}-web` };
  lines = context.lines.length;
  now = await update(server, context, id, now, moved);
  t.notOk(steps(context, lines).includes("reinstall"), "another stack name reinstalls nothing");
  t.equal((await vifs("alpha-2")).length, 1, "on one network again");
  t.equal((await getNode("alpha-2"))["protected"], false, "leaving protection out takes it off");
  t.same((await read(server, context, id, now))?.inputs, moved);
  await raw.call("neutron", "DELETE", `/networks/${other}`);

  await remove(server, context, id, now);
  await nothingIsLeft(t);
  await remove(server, context, id, now);
  t.equal(await read(server, context, id, now), undefined, "gone is gone, however often it is asked");
});

t.test("what does not fit is told with what there is", async (t) => {
  const huge = program("huge", { hardware: { cpus: 64, fabric: "roce" } });
  const failed = await failureOf(create(server, context, huge));
  t.match(failed, { code: "nothing-fits", message: /metal \(16 CPUs, 64 GiB memory.*: CPUs: 16, no roce fabric/ });
  t.match(failed.message, /CUSTOM_NVME/);
  const gold = program("unknown", { hardware: { class: "gold" } });
  t.match(await failureOf(create(server, context, gold)), {
    code: "nothing-fits",
    message: /class gold; there are\n.*metal \(16 CPUs/s,
  });
  const image = program("image", { image: "nope" });
  t.match(await failureOf(create(server, context, image)), { code: "not-found" });
  t.same(await reservations(), [], "nothing was reserved for it");
});

t.test("an install that fails twice is told in Ironic's own words", async (t) => {
  await setNodeFault("alpha-2", "deploy", "disk on fire");
  const inputs = program("broken");
  const error: unknown = await create(server, context, inputs).catch((error) => error);
  if (!(error instanceof HalfMade)) throw error;
  t.match(error.cause, { code: "deploy-failed", message: /alpha-2.*2 times.*disk on fire/s });
  t.match(error.outputs, { condition: /half-made/, provisionState: "deploy failed" });
  t.notOk("imageId" in error.outputs, "nothing is said to be installed");
  await clearNodeFaults("alpha-2");
  const now = await update(server, context, error.id, error.outputs, inputs);
  t.match(now, { provisionState: "active", condition: "ready" }, "the next run goes on with it");
  await remove(server, context, error.id, now);
  await nothingIsLeft(t);
});

t.test("volumes come with the install and stay when the machine goes", async (t) => {
  const skip = await cloudOrSkip("alpha", ["cinder"]);
  if (typeof skip === "string") return t.comment(skip);
  const { volume } = (await raw.call("cinder", "POST", "/volumes", {
    volume: { name: prefix, size: 1, volume_type: "iscsi" },
  })) as { volume: { id: string } };
  const state = async () => ((await raw.call("cinder", "GET", `/volumes/${volume.id}`)) as { volume: Json }).volume;
  t.teardown(() => raw.raw("cinder", "DELETE", `/volumes/${volume.id}`));
  await until("the volume is there", async () => (await state())["status"] === "available", 60);
  const lost = program("lost", { volumes: ["00000000-0000-4000-8000-000000000000"] });
  t.match(await failureOf(create(server, context, lost)), { code: "not-found", details: { path: "volumes[0]" } });
  const inputs = program("stores", { volumes: [volume.id] });
  const { id, outputs } = await create(server, context, inputs);
  t.match(await state(), { status: "in-use", attachments: [{ server_id: id }] });
  t.same((await read(server, context, id, outputs))?.inputs, inputs);
  await remove(server, context, id, outputs);
  t.equal((await state())["status"], "available");
  await nothingIsLeft(t);
  const targets = await ironic("GET", `/volume/targets?node=${outputs["nodeId"]}`);
  t.same(targets["targets"], [], "the next user of the node does not get them");
});
