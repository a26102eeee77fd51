import type { Answer, Call, Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { linksOf, nothing, ok, only, shownFields, versioned } from "./answers.ts";
import { argumentsOf, isName } from "./arguments.ts";
import { validateDeploy } from "./conductor/deploy.ts";
import { attachVif, detachVif, validateNetwork, vifsOf } from "./conductor/network.ts";
import { validateStorage } from "./conductor/storage.ts";
import { HardwareError, InvalidValue, Task } from "./conductor/task.ts";
import { aborted, fault } from "./errors.ts";
import { HOST } from "./host.ts";
import type { Ironic } from "./ironic.ts";
import { history, showEvent } from "./node-history.ts";
import { nodeOf } from "./nodes.ts";
import { listScope } from "./policy.ts";
import type { NodeRow } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import { TRAIT } from "./traits.ts";
import { minor } from "./versions.ts";

/** The routes of what belongs to one node. */
export function nodePartRoutes(ironic: Ironic): Route[] {
  const at = (method: string, path: string, since: number, handle: (call: Call) => Answer | Promise<Answer>) =>
    route(
      method,
      `/v1/nodes/{node}/${path}`,
      versioned((call) => {
        if (minor(call) < since) throw aborted(404);
        return handle(call);
      }),
    );
  return [
    at("GET", "traits", 37, (call) =>
      ok({ traits: [...nodeOf(ironic, call, "baremetal:node:traits:list").traits].sort() }),
    ),
    at("PUT", "traits", 37, (call) => setTraits(ironic, call)),
    at("PUT", "traits/{trait}", 37, (call) => addTrait(ironic, call)),
    at("DELETE", "traits", 37, (call) => removeTraits(ironic, call)),
    at("DELETE", "traits/{trait}", 37, (call) => removeTraits(ironic, call)),
    at("GET", "vifs", 28, (call) => listVifs(ironic, call)),
    at("POST", "vifs", 28, (call) => attach(ironic, call)),
    at("DELETE", "vifs/{vif}", 28, (call) => detach(ironic, call)),
    at("GET", "bios", 40, (call) => listBios(ironic, call)),
    at("GET", "bios/{setting}", 40, (call) => showBios(ironic, call)),
    at("GET", "firmware", 86, (call) => listFirmware(ironic, call)),
    at("GET", "history", 78, (call) => history(ironic, call)),
    at("GET", "history/{event}", 78, (call) => showEvent(ironic, call)),
    at("GET", "inventory", 81, (call) => inventory(ironic, call)),
    at("GET", "children", 83, (call) => children(ironic, call)),
    at("GET", "vmedia", 93, (call) => virtualMedia(ironic, call, "get", "get_virtual_media")),
    at("POST", "vmedia", 89, (call) => virtualMedia(ironic, call, "attach", "attach_virtual_media")),
    at("DELETE", "vmedia", 89, (call) => virtualMedia(ironic, call, "detach", "detach_virtual_media")),
    at("GET", "validate", 1, (call) => validate(ironic, call)),
    at("GET", "management/boot_device", 1, (call) => bootDevice(ironic, call)),
    at("GET", "management/boot_device/supported", 1, (call) => bootDevices(ironic, call)),
    at("PUT", "management/boot_device", 1, (call) => setBootDevice(ironic, call)),
    at("PUT", "management/inject_nmi", 1, (call) => injectNmi(ironic, call)),
    at("GET", "vendor_passthru/methods", 1, (call) => vendor(ironic, call)),
    at("POST", "vendor_passthru", 1, (call) => vendor(ironic, call)),
    at("POST", "vendor_passthru/{method}", 1, (call) => vendor(ironic, call)),
  ];
}

/** Changes the node's traits under its lock. */
async function changeTraits(ironic: Ironic, call: Call, node: NodeRow, change: (now: string[]) => string[]) {
  await ironic.conductor.exclusive(node.id, call.caller, (task) => {
    const traits = [...new Set(change(task.node.traits))];
    if (traits.length > 50) throw fault(400, `Node ${node.id} cannot have more than 50 traits`);
    task.node.traits = traits;
    task.save();
  });
}

const WHICH =
  "A single node trait may be added via PUT /v1/nodes/<node identifier>/traits/<trait> with no body, or all node traits may be replaced via PUT /v1/nodes/<node identifier>/traits with the list of traits specified in the request body.";

async function setTraits(ironic: Ironic, call: Call): Promise<Answer> {
  const body: unknown = call.body ?? {};
  checkSchema(
    "body",
    { type: "object", properties: { traits: { type: "array", items: TRAIT } }, additionalProperties: false },
    body,
  );
  const node = nodeOf(ironic, call, "baremetal:node:traits:set");
  const traits = isObject(body) ? body["traits"] : undefined;
  if (!Array.isArray(traits)) throw fault(400, WHICH);
  await changeTraits(ironic, call, node, () => traits.map(String));
  return nothing;
}

async function addTrait(ironic: Ironic, call: Call): Promise<Answer> {
  const { trait = "" } = call.params;
  checkSchema("trait", TRAIT, trait);
  const node = nodeOf(ironic, call, "baremetal:node:traits:set");
  if (isObject(call.body) && "traits" in call.body) throw fault(400, WHICH);
  if (call.body !== undefined) throw fault(400, "No body should be provided when adding a trait");
  await changeTraits(ironic, call, node, (now) => [...now, trait]);
  return {
    status: 204,
    headers: { Location: `${ironic.base(call)}/v1/nodes/${call.params["node"]}/traits/${trait}` },
  };
}

async function removeTraits(ironic: Ironic, call: Call): Promise<Answer> {
  const node = nodeOf(ironic, call, "baremetal:node:traits:delete");
  const { trait } = call.params;
  await changeTraits(ironic, call, node, (now) => {
    if (trait !== undefined && !now.includes(trait))
      throw fault(404, `Node ${node.id} doesn't have a trait '${trait}'`);
    return trait === undefined ? [] : now.filter((one) => one !== trait);
  });
  return nothing;
}

/** A look at the node that needs no lock of its own. */
async function sharing(ironic: Ironic, call: Call, policy: string): Promise<Task> {
  const node = nodeOf(ironic, call, policy);
  await ironic.conductor.reach();
  return new Task(ironic, node, call.caller, ironic.conductor.generation);
}

/** What validation finds is refused. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HardwareError) throw fault(error instanceof InvalidValue ? 400 : 500, error.message);
    throw error;
  }
}

async function listVifs(ironic: Ironic, call: Call): Promise<Answer> {
  const task = await sharing(ironic, call, "baremetal:node:vif:list");
  await refusing(() => validateNetwork(task));
  return ok({ vifs: vifsOf(task) });
}

async function attach(ironic: Ironic, call: Call): Promise<Answer> {
  const vif: unknown = call.body ?? {};
  checkSchema("vif", { type: "object", properties: { id: { type: "string" } }, required: ["id"] }, vif);
  if (!isObject(vif)) throw fault(400, "Schema error for vif");
  if (!isName(vif["id"])) throw fault(400, `Expected UUID or name for id: ${vif["id"]}`);
  const node = nodeOf(ironic, call, "baremetal:node:vif:attach");
  if (minor(call) >= 67 && "port_uuid" in vif && "portgroup_uuid" in vif)
    throw fault(400, "Cannot specify both port_uuid and portgroup_uuid");
  await ironic.conductor.exclusive(node.id, call.caller, async (task) => {
    await refusing(() => validateNetwork(task));
    await attachVif(task, vif);
  });
  return nothing;
}

async function detach(ironic: Ironic, call: Call): Promise<Answer> {
  const { vif = "" } = call.params;
  if (!isName(vif)) throw fault(400, `Expected UUID or name for vif_id: ${vif}`);
  const node = nodeOf(ironic, call, "baremetal:node:vif:detach");
  await ironic.conductor.exclusive(node.id, call.caller, async (task) => {
    await refusing(() => validateNetwork(task));
    await refusing(() => detachVif(task, vif));
  });
  return nothing;
}

const REGISTRY = {
  attribute_type: null,
  allowable_values: [],
  lower_bound: null,
  max_length: null,
  min_length: null,
  read_only: null,
  reset_required: null,
  unique: null,
  upper_bound: null,
};

function listBios(ironic: Ironic, call: Call): Answer {
  const { fields, detail } = argumentsOf(call, { fields: "list", detail: "boolean" }) as {
    fields?: string[];
    detail?: boolean;
  };
  const node = nodeOf(ironic, call, "baremetal:node:bios:get");
  if (minor(call) < 74 && (fields || detail !== undefined))
    throw fault(400, `Invalid query parameter ?${fields ? `fields=${fields.join(",")}` : "detail=True"} received.`);
  const shown = shownFields(115, fields, detail, ["name", "value"]);
  const base = ironic.base(call);
  const bios = ironic.tables.bios.by("node", node.id).map(({ name, value, created_at, updated_at }) => ({
    created_at,
    updated_at,
    ...only({ name, value, ...REGISTRY }, shown),
    links: linksOf(base, `nodes/${call.params["node"]}/bios/${name}`),
  }));
  return ok({ bios });
}

function showBios(ironic: Ironic, call: Call): Answer {
  const node = nodeOf(ironic, call, "baremetal:node:bios:get");
  const { setting = "" } = call.params;
  const row = ironic.tables.bios.get(`${node.id}/${setting}`);
  if (!row) throw fault(404, `Node ${node.id} doesn't have a BIOS setting '${setting}'`);
  const { name, value, created_at, updated_at } = row;
  const more = minor(call) >= 74 ? REGISTRY : {};
  const links = linksOf(ironic.base(call), `nodes/${node.id}/bios/${name}`);
  return ok({ [name]: { created_at, updated_at, name, value, ...more, links } });
}

function listFirmware(ironic: Ironic, call: Call): Answer {
  const { fields, detail } = argumentsOf(call, { fields: "list", detail: "boolean" }) as {
    fields?: string[];
    detail?: boolean;
  };
  const node = nodeOf(ironic, call, "baremetal:node:firmware:get");
  const plain = ["component", "initial_version", "current_version", "last_version_flashed"];
  const identity = ["vendor", "model", "serial_number"];
  const shown = shownFields(115, fields, detail, minor(call) >= 114 ? [...plain, ...identity] : plain);
  const firmware = ironic.tables.firmware
    .by("node", node.id)
    .map(({ id: _, node_uuid: __, created_at, updated_at, ...rest }) => ({
      created_at,
      updated_at,
      ...only(rest, shown ?? [...plain, ...identity]),
    }));
  return ok({ firmware });
}

function inventory(ironic: Ironic, call: Call): Answer {
  const node = nodeOf(ironic, call, "baremetal:node:inventory:get");
  const row = ironic.tables.inventories.get(node.id);
  if (!row) throw fault(404, `Node inventory record for node ${node.id} could not be found.`);
  return ok({ inventory: row.inventory, plugin_data: row.plugin_data });
}

function children(ironic: Ironic, call: Call): Answer {
  const node = nodeOf(ironic, call, "baremetal:node:get");
  const project = listScope(call.caller, "node");
  const found = ironic.tables.nodes.filter(
    (one) => one.parent_node === node.id && (!project || one.owner === project || one.lessee === project),
  );
  const href = `${ironic.base(call)}/v1/nodes?parent_node=${node.id}`;
  return ok({ children: found.map(({ id }) => id), links: { href, rel: "children" } });
}

async function virtualMedia(ironic: Ironic, call: Call, what: string, method: string): Promise<Answer> {
  const { node } = await sharing(ironic, call, `baremetal:node:vmedia:${what}`);
  throw fault(400, `Driver ${node.driver} does not support ${method} (disabled or not implemented).`);
}

/** `GET /v1/nodes/{node}/validate`: what each interface finds missing. */
async function validate(ironic: Ironic, call: Call): Promise<Answer> {
  const task = await sharing(ironic, call, "baremetal:node:validate");
  const checks: Record<string, () => void | Promise<void>> = {
    boot: () => {},
    deploy: () => validateDeploy(task),
    management: () => {},
    network: () => validateNetwork(task),
    power: () => {},
    bios: () => {},
    console: () => {},
    firmware: () => {},
    inspect: () => {},
    raid: () => {},
    rescue: () => {},
    storage: () => validateStorage(task),
  };
  const verdicts: Json = {};
  for (const [kind, check] of Object.entries(checks)) {
    try {
      await check();
      verdicts[kind] = { result: true };
    } catch (error) {
      if (!(error instanceof HardwareError)) throw error;
      const reason =
        error instanceof InvalidValue
          ? error.message
          : `Unexpected exception, traceback saved into log by ironic conductor service that is running on ${HOST}: ${error.message}`;
      verdicts[kind] = { result: false, reason };
    }
  }
  return ok(verdicts);
}

const DEVICES = ["pxe", "disk", "cdrom"];

async function bootDevice(ironic: Ironic, call: Call): Promise<Answer> {
  const { id } = nodeOf(ironic, call, "baremetal:node:get_boot_device");
  return ironic.conductor.exclusive(id, call.caller, ({ node }) =>
    ok(node.driver_internal_info["boot_device"] ?? { boot_device: "pxe", persistent: false }),
  );
}

async function bootDevices(ironic: Ironic, call: Call): Promise<Answer> {
  await sharing(ironic, call, "baremetal:node:get_boot_device");
  return ok({ supported_boot_devices: DEVICES });
}

async function setBootDevice(ironic: Ironic, call: Call): Promise<Answer> {
  const { boot_device: device, persistent = false } = argumentsOf(
    call,
    { "boot_device!": "string", persistent: "boolean" },
    "both",
  );
  const { id } = nodeOf(ironic, call, "baremetal:node:set_boot_device");
  await ironic.conductor.exclusive(id, call.caller, async (task) => {
    await refusing(() => task.steer("set_boot_device"));
    if (!DEVICES.includes(String(device))) throw fault(400, `Invalid boot device ${device} specified.`);
    task.internal("boot_device", { boot_device: device, persistent });
    task.save();
  });
  return nothing;
}

async function injectNmi(ironic: Ironic, call: Call): Promise<Answer> {
  if (minor(call) < 29) throw fault(404, "Resource could not be found.");
  argumentsOf(call, {}, "both");
  const { id } = nodeOf(ironic, call, "baremetal:node:inject_nmi");
  await ironic.conductor.exclusive(id, call.caller, async (task) => {
    await refusing(() => task.steer("inject_nmi"));
  });
  return nothing;
}

/** The sandbox's hardware has no extensions of a vendor. */
async function vendor(ironic: Ironic, call: Call): Promise<Answer> {
  await sharing(ironic, call, "baremetal:node:vendor_passthru");
  if (call.method === "GET") return ok({});
  const method = call.params["method"] ?? call.query.get("method");
  if (!method) throw fault(400, "Missing mandatory parameter: method");
  throw fault(400, `No handler for method ${method}`);
}
