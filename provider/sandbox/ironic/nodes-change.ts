import type { Call, Json } from "../kernel/call.ts";
import { bool, isObject } from "../kernel/input.ts";
import type { Schema } from "../kernel/schema.ts";
import { argumentsOf, read, readBoolean } from "./arguments.ts";
import { freeNode } from "./conductor/allocate.ts";
import type { Task } from "./conductor/task.ts";
import { fault, notAcceptable } from "./errors.ts";
import { DRIVERS, interfaceError } from "./hardware.ts";
import { dashed, type Ironic } from "./ironic.ts";
import { CHANGEABLE, UPDATABLE } from "./machine.ts";
import { checkName, nodeOf } from "./nodes.ts";
import { applyPatch, checkAllowed, type Operation, readPatch, rootOf, valuesOf } from "./patch.ts";
import { authorize, may } from "./policy.ts";
import { INTERFACES, type NodeRow } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import { hasField, minor, VERSIONED_FIELDS } from "./versions.ts";

const text: Schema = { type: ["string", "null"] };
const flag: Schema = { type: ["string", "boolean", "null"] };
const map: Schema = { type: ["object", "null"] };

const PROPERTIES: Readonly<Record<string, Schema>> = {
  automated_clean: flag,
  boot_mode: text,
  chassis_uuid: text,
  conductor_group: text,
  console_enabled: flag,
  description: { type: ["string", "null"], maxLength: 4096 },
  disable_power_off: flag,
  driver: { type: "string" },
  driver_info: map,
  extra: map,
  instance_info: map,
  instance_name: { type: ["string", "null"], minLength: 1, maxLength: 255 },
  instance_uuid: text,
  lessee: text,
  maintenance: flag,
  name: text,
  network_data: map,
  owner: text,
  parent_node: { type: ["string", "null"], maxLength: 36 },
  properties: map,
  resource_class: { type: ["string", "null"], maxLength: 80 },
  retired: flag,
  retired_reason: text,
  secure_boot: flag,
  shard: text,
  uuid: text,
  ...Object.fromEntries(INTERFACES.map((kind) => [`${kind}_interface`, text])),
};

/** What a node may be made with. */
export const NODE_SCHEMA: Schema = {
  type: "object",
  properties: PROPERTIES,
  required: ["driver"],
  additionalProperties: false,
};

const PATCH_PROPERTIES = { ...PROPERTIES, protected: flag, protected_reason: text };
const PATCH_SCHEMA: Schema = { ...NODE_SCHEMA, properties: PATCH_PROPERTIES };

const ALLOWED = [
  "automated_clean",
  "bios_interface",
  "boot_interface",
  "chassis_uuid",
  "conductor_group",
  "console_interface",
  "deploy_interface",
  "description",
  "disable_power_off",
  "driver",
  "driver_info",
  "extra",
  "inspect_interface",
  "instance_info",
  "instance_name",
  "instance_uuid",
  "lessee",
  "maintenance",
  "management_interface",
  "name",
  "network_data",
  "network_interface",
  "owner",
  "power_interface",
  "properties",
  "protected",
  "protected_reason",
  "raid_interface",
  "rescue_interface",
  "resource_class",
  "retired",
  "retired_reason",
  "shard",
  "storage_interface",
  "vendor_interface",
  "parent_node",
  "firmware_interface",
];

/** Policies of particular fields, by how their path begins. */
const POLICIES: readonly [string, string][] = [
  ["/instance_info", "update_instance_info"],
  ["/extra", "update_extra"],
  ["/driver_info", "update:driver_info"],
  ["/properties", "update:properties"],
  ["/chassis_uuid", "update:chassis_uuid"],
  ["/instance_uuid", "update:instance_uuid"],
  ["/instance_name", "update_instance_info"],
  ["/lessee", "update:lessee"],
  ["/owner", "update:owner"],
  ["/driver", "update:driver_interfaces"],
  ["/network_data", "update:network_data"],
  ["/conductor_group", "update:conductor_group"],
  ["/name", "update:name"],
  ["/retired", "update:retired"],
  ["/shard", "update:shard"],
  ["/parent_node", "update:parent_node"],
  ["/disable_power_off", "update:disable_power_off"],
];

const FLAGS = ["automated_clean", "console_enabled", "disable_power_off", "protected", "maintenance", "retired"];
const MAPS = ["driver_info", "extra", "instance_info", "network_data", "properties"];

/** Changes a node as a JSON patch says. Answers what `show` makes of it, still locked as in Ironic. Throws whatever Ironic refuses. */
export async function changeNode<T>(ironic: Ironic, call: Call, show: (node: NodeRow) => T): Promise<T> {
  const patch = readPatch(call.body);
  const { reset_interfaces: reset } = argumentsOf({ ...call, body: undefined }, { reset_interfaces: "boolean" });
  if (reset !== undefined && minor(call) < 45) throw notAcceptable();
  checkPatch(call, patch, reset === true);
  const node = authorizePatch(ironic, call, patch);
  checkMoment(call, node, patch);
  for (const name of valuesOf(patch, "/name"))
    if (typeof name === "string")
      checkName(call, name, (one) => `Node ${call.params["node"]}: Cannot change name to invalid name '${one}'`);
  const wanted = await patched(ironic, node, patch);
  const changed = Object.keys(wanted).filter(
    (field) => JSON.stringify(wanted[field]) !== JSON.stringify(node[field as keyof NodeRow]),
  );
  const shown = isObject(wanted["instance_info"]) ? wanted["instance_info"]["display_name"] : undefined;
  if (changed.includes("instance_info") && !wanted["instance_name"] && typeof shown === "string" && shown) {
    wanted["instance_name"] = shown;
    changed.push("instance_name");
  }
  checkDriver(call, node, wanted, changed);
  await ironic.conductor.reach();
  checkFlags(node, wanted, changed);
  checkInterfaces(node, wanted, changed);
  return ironic.conductor.exclusive(node.id, call.caller, (task) => {
    write(task, wanted, changed);
    return show(node);
  });
}

function checkPatch(call: Call, patch: readonly Operation[], reset: boolean): void {
  checkAllowed(patch, ALLOWED);
  for (const operation of patch) {
    const field = rootOf(operation);
    const whole = operation.path === `/${field}` && operation.op !== "remove";
    if (whole && field in VERSIONED_FIELDS && !hasField(field, minor(call))) throw notAcceptable();
  }
  if (reset && valuesOf(patch, "/driver").length === 0)
    throw fault(400, "The reset_interfaces parameter can only be used when changing the node's driver.");
  const [description] = valuesOf(patch, "/description");
  if (typeof description === "string" && description.length > 4096)
    throw fault(400, "Cannot update node with description exceeding 4096 characters");
}

function authorizePatch(ironic: Ironic, call: Call, patch: readonly Operation[]): NodeRow {
  const policies: string[] = [];
  let general = false;
  for (const { path, value } of patch) {
    const found = POLICIES.find(([begin]) => path.startsWith(begin));
    if (found) policies.push(found[1]);
    else if (INTERFACES.some((kind) => path === `/${kind}_interface`)) policies.push("update:driver_interfaces");
    else if (path.startsWith("/automated_clean") && bool(value) === false) policies.push("disable_cleaning");
    else general = true;
  }
  if (general || policies.length === 0) policies.push("update");
  const [first = "update", ...rest] = policies;
  const node = nodeOf(ironic, call, `baremetal:node:${first}`);
  for (const policy of rest) authorize(call.caller, `baremetal:node:${policy}`, node);
  return node;
}

/** Whether the node is in a state to be changed. */
function checkMoment(call: Call, node: NodeRow, patch: readonly Operation[]): void {
  const state = node.provision_state;
  const only = patch.length === 1 && patch[0]?.op === "remove" && patch[0].path === "/instance_uuid";
  if (node.maintenance && only) return;
  if (node.target_provision_state && !UPDATABLE.has(state))
    throw fault(409, `Node ${call.params["node"]} can not be updated while a state transition is in progress.`);
  if (state === "inspecting" && minor(call) >= 39)
    throw fault(409, `Cannot update node "${node.id}" while it is in state "inspecting".`);
  if (valuesOf(patch, "/owner").length === 0) return;
  if (state === "active" && !may(call.caller, "baremetal:node:update_owner_provisioned", node))
    throw fault(409, `Cannot update owner of node "${node.id}" while it is in state "active".`);
  if (node.allocation_id)
    throw fault(409, `Cannot update owner of node "${node.id}" while it is allocated to an allocation with an  owner.`);
}

/** The fields of the node after the patch, checked. */
async function patched(ironic: Ironic, node: NodeRow, patch: readonly Operation[]): Promise<Json> {
  const document: Json = { uuid: node.id };
  for (const field of Object.keys(PATCH_PROPERTIES)) document[field] = node[field as keyof NodeRow] ?? null;
  document["uuid"] = node.id;
  const result = applyPatch(document, patch);
  checkSchema("patch", PATCH_SCHEMA, result);
  for (const field of FLAGS)
    result[field] = readBoolean(field, result[field]) ?? (field === "automated_clean" ? null : false);
  for (const field of ["chassis_uuid", "instance_uuid"]) {
    read(field, "uuid", result[field]);
    result[field] = typeof result[field] === "string" ? dashed(result[field]) : null;
  }
  for (const field of MAPS) result[field] ??= {};
  result["conductor_group"] = String(result["conductor_group"] ?? "").toLowerCase();
  for (const kind of INTERFACES) result[`${kind}_interface`] ??= node[`${kind}_interface`];
  delete result["uuid"];
  for (const field of Object.keys(PATCH_PROPERTIES)) if (field !== "uuid") result[field] ??= null;
  const chassis = result["chassis_uuid"];
  if (typeof chassis === "string" && !ironic.tables.chassis.get(chassis))
    throw fault(400, `Chassis ${chassis} could not be found.`);
  return result;
}

function checkDriver(call: Call, node: NodeRow, wanted: Json, changed: readonly string[]): void {
  if (!DRIVERS.includes(String(wanted["driver"])))
    throw fault(
      400,
      `No valid host was found. Reason: No conductor service registered which supports driver ${wanted["driver"]} for conductor group "${wanted["conductor_group"]}". Ensure the driver is valid and enabled.`,
    );
  if (changed.includes("driver") && node.console_enabled)
    throw fault(
      409,
      `Node ${call.params["node"]} can not update the driver while the console is enabled. Please stop the console first.`,
    );
}

function checkFlags(node: NodeRow, wanted: Json, changed: readonly string[]): void {
  const state = node.provision_state;
  if (changed.includes("maintenance") && !wanted["maintenance"]) {
    wanted["maintenance_reason"] = null;
    wanted["fault"] = null;
    (changed as string[]).push("maintenance_reason", "fault");
  }
  if (changed.includes("protected")) {
    if (!wanted["protected"]) wanted["protected_reason"] = null;
    else if (state !== "active" && state !== "rescue")
      throw fault(
        409,
        `Node ${node.id} can only be made protected in provision states 'active' or 'rescue', the current state is '${state}'`,
      );
  }
  if (wanted["protected_reason"] && changed.includes("protected_reason") && !wanted["protected"])
    throw fault(400, "The protected_reason field can only be set when protected is True");
  if (changed.includes("retired")) {
    if (!wanted["retired"]) wanted["retired_reason"] = null;
    else if (state === "available")
      throw fault(
        409,
        `Node ${node.id} can not have 'retired' set in provision state 'available', the current state is 'available'`,
      );
  }
  if (wanted["retired_reason"] && changed.includes("retired_reason") && !wanted["retired"])
    throw fault(400, "The retired_reason field can only be set when retired is True");
}

const inChangeable = (node: NodeRow) => (CHANGEABLE as readonly string[]).includes(node.provision_state);

function checkInterfaces(node: NodeRow, wanted: Json, changed: readonly string[]): void {
  for (const kind of INTERFACES) {
    const field = `${kind}_interface`;
    if (!changed.includes(field)) continue;
    if (!inChangeable(node) && !node.maintenance && !wanted["maintenance"])
      throw fault(
        409,
        `Node ${node.id} can not have ${field} updated unless it is in one of allowed (${CHANGEABLE.join(", ")}) states or in maintenance mode. Current state is '${node.provision_state}'.`,
      );
    const wrong = interfaceError(kind, String(wanted[field]));
    if (wrong) throw fault(400, wrong);
  }
}

function write(task: Task, wanted: Json, changed: readonly string[]): void {
  const { node, ironic } = task;
  const instance = wanted["instance_uuid"] as string | null;
  const allowed = CHANGEABLE.join(", ");
  const state = node.provision_state;
  if (changed.includes("instance_uuid") && instance && node.instance_uuid)
    throw fault(409, `Node ${node.id} is associated with instance ${node.instance_uuid}.`);
  if (changed.includes("resource_class") && node.resource_class && !inChangeable(node))
    throw fault(
      409,
      `Node ${node.id} can not have resource_class updated unless it is in one of allowed (${allowed}) states. Current state is '${state}'.`,
    );
  if (changed.includes("instance_uuid") && node.allocation_id && !instance && !node.maintenance && !inChangeable(node))
    throw fault(
      409,
      `Node ${node.id} with an allocation can not have instance_uuid removed unless it is in one of allowed (${allowed}) states or in maintenance mode. Current state is '${state}'.`,
    );
  const { nodes } = ironic.tables;
  const name = wanted["name"] as string | null;
  if (changed.includes("name") && name !== null && nodes.by("name", name).some((other) => other !== node))
    throw fault(409, `A node with name ${name} already exists.`);
  if (changed.includes("instance_uuid") && instance && nodes.by("instance", instance).some((other) => other !== node))
    throw fault(
      409,
      `Instance ${instance} is already associated with a node, it cannot be associated with this other node ${node.id}`,
    );
  if (changed.includes("instance_uuid") && !instance) freeNode(ironic, node);
  for (const field of new Set([...changed, "protected_reason", "retired_reason"]))
    (node as unknown as Json)[field] = wanted[field] ?? null;
  task.save();
}
