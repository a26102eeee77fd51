import "../cloud/own-sandbox.ts";
import t from "tap";
import { create, read, remove, update } from "../../provider/core/index.ts";
import { volumeAttachment } from "../../provider/resources/volume-attachment.ts";
import { type Json, until } from "../cloud/client.ts";
import { getNode, ironic, waitProvision } from "../cloud/nodes.ts";
import { makeAvailable } from "../cloud/reset.ts";
import { cloudOrSkip, contextFor, dyingAfter, failureOf, inputsOf, unique } from "./context.ts";

const found = await cloudOrSkip("alpha", ["nova", "cinder", "ironic", "neutron", "glance"]);
if (typeof found === "string") {
  t.plan(0, found);
  process.exit(0);
}
const alpha = found;
const context = contextFor("alpha");
const prefix = unique("att");
/** The machine for the Ironic route; the other suites use its neighbours. */
const NODE = "alpha-0";

type Body = Record<string, Json>;
/** What was made, machines before their volumes before their networks. */
const undo: {
  machine: (() => Promise<unknown>)[];
  volume: (() => Promise<unknown>)[];
  network: (() => Promise<unknown>)[];
} = {
  machine: [],
  volume: [],
  network: [],
};
t.teardown(async () => {
  context.close();
  for (const step of [...undo.machine, ...undo.volume, ...undo.network.reverse()])
    await step().catch((error: unknown) => t.comment(String(error)));
});

const volumeOf = async (id: string) => ((await alpha.call("cinder", "GET", `/volumes/${id}`)) as Body)["volume"]!;

const attachmentsOf = async (volume: string) =>
  (await alpha.list("cinder", "/attachments", "attachments")).filter((one) => one["volume_id"] === volume);

async function makeVolume(name: string): Promise<string> {
  const { volume } = (await alpha.call("cinder", "POST", "/volumes", {
    volume: { name: `${prefix}-${name}`, size: 1 },
  })) as Body;
  const id = String(volume?.["id"]);
  undo.volume.push(async () => {
    await until("the volume is free", async () => (await volumeOf(id))["status"] !== "detaching", 30);
    if ((await volumeOf(id))["status"] !== "available")
      t.fail(`volume ${name} was left ${(await volumeOf(id))["status"]}`);
    await alpha.call("cinder", "DELETE", `/volumes/${id}`);
  });
  await until("the volume is there", async () => (await volumeOf(id))["status"] === "available");
  return id;
}

async function makePort(name: string): Promise<string> {
  const { network } = (await alpha.call("neutron", "POST", "/networks", {
    network: { name: `${prefix}-${name}` },
  })) as Body;
  undo.network.push(() =>
    until(
      "the network can go",
      async () => [204, 404].includes((await alpha.raw("neutron", "DELETE", `/networks/${network?.["id"]}`)).status),
      60,
      1,
    ),
  );
  await alpha.call("neutron", "POST", "/subnets", {
    subnet: { network_id: network?.["id"], cidr: "10.77.0.0/24", ip_version: 4 },
  });
  const { port } = (await alpha.call("neutron", "POST", "/ports", { port: { network_id: network?.["id"] } })) as Body;
  undo.network.push(() => alpha.raw("neutron", "DELETE", `/ports/${port?.["id"]}`));
  return String(port?.["id"]);
}

async function makeServer(name: string, flavor: string, networks: unknown): Promise<string> {
  const flavors = await alpha.list("nova", "/flavors", "flavors");
  const images = await alpha.list("glance", "/images?name=tiny", "images");
  const body = {
    name: `${prefix}-${name}`,
    flavorRef: flavors.find((one) => one["name"] === flavor)?.["id"],
    imageRef: images[0]?.["id"],
    networks,
  };
  const { server } = (await alpha.call("nova", "POST", "/servers", { server: body })) as Body;
  const id = String(server?.["id"]);
  undo.machine.push(async () => {
    // On a busy machine Nova gives up before the node has let go; asking again finishes it.
    await until(
      "the server is gone",
      async () => (await alpha.raw("nova", "DELETE", `/servers/${id}`)).status === 404,
      300,
      3,
    );
  });
  const state = await until(
    "the server stands",
    async () => {
      const { server: now } = (await alpha.call("nova", "GET", `/servers/${id}`)) as Body;
      return ["ACTIVE", "ERROR"].includes(String(now?.["status"])) && now;
    },
    240,
    1,
  );
  if (state["status"] === "ERROR") throw new Error(`the server failed: ${JSON.stringify(state["fault"])}`);
  return id;
}

t.test("a virtual machine gets the volume while it runs, and gives it back", async (t) => {
  const server = await makeServer("vm", "vm.tiny", "none");
  const volume = await makeVolume("hot");
  const inputs = inputsOf(volumeAttachment, "hot", { server, volume });

  const first = contextFor("alpha");
  await t.rejects(create(dyingAfter(volumeAttachment, 1, first), first, inputs as never), "a run dies after asking");
  first.close();
  const { id, outputs } = await create(volumeAttachment, context, inputs as never);
  t.equal(id, `${server}/${volume}`);
  t.match(outputs, { route: "nova", state: "usable", attachmentId: String, device: /^\/dev\//, condition: "ready" });
  t.match(await volumeOf(volume), { status: "in-use", attachments: [{ server_id: server }] });
  t.equal((await attachmentsOf(volume)).length, 1, "once only");
  t.same(await update(volumeAttachment, context, id, outputs, inputs as never), outputs);
  t.same((await read(volumeAttachment, context, id, outputs))?.inputs, inputs);

  const twice = inputsOf(volumeAttachment, "twice", { server: "00000000-0000-0000-0000-000000000000", volume });
  t.match(await failureOf(create(volumeAttachment, context, twice as never)), {
    code: "not-found",
    details: { path: "server" },
  });
  const wrong = inputsOf(volumeAttachment, "wrong", { server, volume, initiator: "iqn.2026-01.org.example:vm" });
  t.match(await failureOf(create(volumeAttachment, context, wrong as never)), {
    code: "unsupported",
    details: { path: "initiator" },
  });

  // Somebody detaches it by hand: a refresh sees it gone, and a delete is content.
  await alpha.call("nova", "DELETE", `/servers/${server}/os-volume_attachments/${volume}`);
  await until("it is off", async () => (await volumeOf(volume))["status"] === "available");
  t.equal(await read(volumeAttachment, context, id, outputs), undefined);
  await remove(volumeAttachment, context, id, outputs);

  const again = await create(volumeAttachment, context, inputs as never);
  const other = await makeServer("vm2", "vm.tiny", "none");
  const held = inputsOf(volumeAttachment, "held", { server: other, volume });
  t.match(await failureOf(create(volumeAttachment, context, held as never)), {
    code: "in-use",
    message: new RegExp(`held by ${server}`),
  });
  await remove(volumeAttachment, context, again.id, again.outputs);
  t.match(await volumeOf(volume), { status: "available", attachments: [] });
});

t.test(
  "a bare metal machine of Nova is refused before anything is written; an export to its system is not",
  async (t) => {
    const server = await makeServer("bm", "baremetal", [{ port: await makePort("bm") }]);
    const volume = await makeVolume("bm");
    const inputs = inputsOf(volumeAttachment, "bm", { server, volume });
    context.requests.length = 0;
    t.match(await failureOf(create(volumeAttachment, context, inputs as never)), {
      code: "unsupported",
      message: /Server\.volumes.*initiator/s,
    });
    t.notOk(
      context.requests.some((line) => /^(POST|PUT|PATCH|DELETE) /.test(line) && !line.includes("/auth/tokens")),
      "nothing was written",
    );

    const direct = inputsOf(volumeAttachment, "bm-direct", {
      server,
      volume,
      initiator: "iqn.2026-01.org.example:bm",
      mode: "ro" as const,
    });
    const first = contextFor("alpha");
    await t.rejects(
      create(dyingAfter(volumeAttachment, 1, first), first, direct as never),
      "a run dies between export and completion",
    );
    first.close();
    const { id, outputs } = await create(volumeAttachment, context, direct as never);
    t.match(outputs, {
      route: "direct",
      state: "exported",
      iscsi: {
        initiator: "iqn.2026-01.org.example:bm",
        portal: "127.0.0.1:3260",
        target: /^iqn\.2010-10\.org\.openstack:volume-/,
        lun: 1,
      },
      loginUserData: /node\.session\.auth\.password.*oscloudsecret0/s,
    });
    t.notMatch(JSON.stringify(outputs["iscsi"]), /oscloudsecret0/);
    t.equal((await attachmentsOf(volume)).length, 1, "once only");
    t.equal((await volumeOf(volume))["status"], "in-use");
    t.same((await read(volumeAttachment, context, id, outputs))?.inputs, direct);
    await remove(volumeAttachment, context, id, outputs);
    t.match(await volumeOf(volume), { status: "available", attachments: [] });
    t.equal(await read(volumeAttachment, context, id, outputs), undefined);
  },
);

t.test("a machine taken through Ironic", async (t) => {
  await until(
    `${NODE} is free`,
    async () => {
      const node = await getNode(NODE);
      return node["provision_state"] === "available" && !node["instance_uuid"];
    },
    240,
    2,
  );
  const node = String((await getNode(NODE))["uuid"]);
  const allocation = await alpha.call("ironic", "POST", "/allocations", {
    name: prefix,
    resource_class: "metal",
    candidate_nodes: [node],
  });
  const server = String(allocation["uuid"]);
  await until(
    "the machine is reserved",
    async () => (await alpha.call("ironic", "GET", `/allocations/${server}`))["state"] === "active",
  );
  undo.machine.push(async () => {
    await makeAvailable(NODE);
    await ironic("DELETE", `/allocations/${server}`).catch(() => undefined);
  });
  await ironic("PATCH", `/nodes/${node}`, [
    { op: "add", path: "/instance_info/image_source", value: "http://127.0.0.1/x.img" },
    { op: "add", path: "/instance_info/image_checksum", value: "0".repeat(32) },
    { op: "add", path: "/instance_info/root_gb", value: 10 },
  ]);
  const port = await makePort("node");
  await ironic("POST", `/nodes/${node}/vifs`, { id: port });
  await ironic("PUT", `/nodes/${node}/states/provision`, { target: "active" });
  await waitProvision(NODE, ["active"], 120);
  await until("it is on", async () => (await getNode(NODE))["power_state"] === "power on");

  const volume = await makeVolume("iron");
  const strict = inputsOf(volumeAttachment, "iron", { server, volume });
  t.match(await failureOf(create(volumeAttachment, context, strict as never)), {
    code: "needs-power-cycle",
    details: { path: "allowPowerCycle" },
  });
  t.equal((await getNode(NODE))["power_state"], "power on", "nothing was done to it");

  const inputs = inputsOf(volumeAttachment, "iron", { server, volume, allowPowerCycle: true });
  const targets = () => alpha.list("ironic", `/volume/targets?node=${node}&detail=true`, "targets");
  let made: Awaited<ReturnType<typeof create>> | undefined;
  for (const step of [2, 3, 4]) {
    const first = contextFor("alpha");
    await t.rejects(
      create(dyingAfter(volumeAttachment, step, first), first, inputs as never),
      `a run dies after step ${step}`,
    );
    first.close();
    if (step === 2) {
      await until("it is off", async () => (await getNode(NODE))["power_state"] === "power off");
      const left = await read(volumeAttachment, context, `${server}/${volume}`, { ...inputs, route: "ironic" });
      t.match(left?.inputs, { condition: /half-made: the machine was switched off/ }, "a refresh tells of it");
    }
    made = await create(volumeAttachment, context, inputs as never);
    t.match(made.outputs, {
      route: "ironic",
      state: "exported",
      condition: "ready",
      targetId: String,
      connectorId: String,
    });
    t.match(await getNode(NODE), { power_state: "power on", provision_state: "active" }, "and the machine runs again");
    t.equal((await targets()).length, 1, "one target");
    t.match((await targets())[0], {
      volume_id: volume,
      boot_index: 1,
      extra: { pulumi_baremetal: /^pulumi-baremetal:/ },
    });
    t.equal((await volumeOf(volume))["status"], "in-use");
    t.same((await alpha.call("ironic", "GET", `/allocations/${server}`))["extra"], {}, "no note is left");
    if (step !== 4) await remove(volumeAttachment, context, made.id, made.outputs);
  }
  const { id, outputs } = made!;
  t.comment(JSON.stringify(await alpha.call("cinder", "GET", `/attachments/${outputs["attachmentId"]}`)));
  t.same(await update(volumeAttachment, context, id, outputs, inputs as never), outputs);
  t.same((await read(volumeAttachment, context, id, outputs))?.inputs, inputs);

  const second = await makeVolume("iron2");
  const more = inputsOf(volumeAttachment, "iron2", { server, volume: second, allowPowerCycle: true });
  const two = await create(volumeAttachment, context, more as never);
  t.same((await targets()).map((target) => target["boot_index"]).sort(), [1, 2]);
  t.match(await failureOf(remove(volumeAttachment, context, two.id, { ...two.outputs, allowPowerCycle: false })), {
    code: "needs-power-cycle",
  });
  // Two at once take turns: the machine is not switched off under the other.
  await Promise.all([
    remove(volumeAttachment, context, id, outputs),
    remove(volumeAttachment, context, two.id, two.outputs),
  ]);
  t.same(await targets(), []);
  t.match(await getNode(NODE), { power_state: "power on", provision_state: "active" });
  for (const one of [volume, second]) t.match(await volumeOf(one), { status: "available", attachments: [] });

  // The machine is given back with the volume on it: Ironic takes the target off, and the attachment is gone.
  const last = await create(volumeAttachment, context, inputs as never);
  const [target] = await targets();
  await ironic("PUT", `/nodes/${node}/states/provision`, { target: "deleted" });
  await waitProvision(NODE, ["available"], 120);
  await until("the volume is free", async () => (await volumeOf(volume))["status"] === "available", 60);
  t.same(await targets(), []);
  t.equal(await read(volumeAttachment, context, last.id, last.outputs), undefined);

  // Not every deploy interface does that. A target left behind would give the volume to whoever gets the machine next:
  // a refresh tells of it, and the delete takes it off the free machine.
  const { uuid, volume_type, boot_index, extra } = target as Record<string, unknown>;
  await ironic("POST", "/volume/targets", { uuid, node_uuid: node, volume_type, volume_id: volume, boot_index, extra });
  const stray = await read(volumeAttachment, context, last.id, last.outputs);
  t.match(stray?.inputs, { condition: /still registered with node/ });
  await remove(volumeAttachment, context, last.id, stray!.outputs);
  t.same(await targets(), []);
  t.equal(await read(volumeAttachment, context, last.id, last.outputs), undefined);
});
