import type { Answer, Call, Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { created, nothing } from "./answers.ts";
import { read, readBoolean } from "./arguments.ts";
import { denied, fault, notAcceptable } from "./errors.ts";
import { DRIVERS, interfaceError, usualInterfaces } from "./hardware.ts";
import { dashed, type Ironic } from "./ironic.ts";
import { DELETABLE } from "./machine.ts";
import { NodeView } from "./node-view.ts";
import { checkName, nodeOf } from "./nodes.ts";
import { NODE_SCHEMA } from "./nodes-change.ts";
import { authorize, may } from "./policy.ts";
import { INTERFACES, type NodeRow } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import { hasField, minor, VERSIONED_FIELDS } from "./versions.ts";

/** `POST /v1/nodes`. */
export async function createNode(ironic: Ironic, call: Call): Promise<Answer> {
  const body = (call.body ?? {}) as Json;
  checkSchema("node", NODE_SCHEMA, body);
  for (const name of ["chassis_uuid", "instance_uuid", "uuid"]) read(name, "uuid", body[name]);
  const flags: Json = {};
  for (const name of ["automated_clean", "console_enabled", "disable_power_off", "maintenance", "retired"])
    flags[name] = readBoolean(name, body[name]);
  const { caller } = call;
  const own = may(caller, "baremetal:node:create:self_owned_node");
  if (!own) authorize(caller, "baremetal:node:create");
  for (const field of Object.keys(VERSIONED_FIELDS))
    if (!hasField(field, minor(call)) && (body[field] ?? null) !== null && body[field] !== "") throw notAcceptable();
  const name = (body["name"] ?? null) as string | null;
  if (name !== null) checkName(call, name, (one) => `Cannot create node with invalid name '${one}'`);
  let owner = (body["owner"] ?? null) as string | null;
  if (!caller.system && own && caller.projectId && !may(caller, "baremetal:node:list_all")) {
    if (owner && owner !== caller.projectId)
      throw fault(400, "Cannot create a node as a project scoped admin with an owner other than your own project.");
    owner = caller.projectId;
  }
  const driver = String(body["driver"]);
  await ironic.conductor.reach();
  if (!DRIVERS.includes(driver))
    throw fault(
      400,
      `No valid host was found. Reason: No conductor service registered which supports driver ${driver} for conductor group "${body["conductor_group"] ?? ""}". Ensure the driver is valid and enabled.`,
    );
  const id = typeof body["uuid"] === "string" ? dashed(body["uuid"]) : ironic.world.random.uuid();
  const { nodes } = ironic.tables;
  if (name !== null && nodes.by("name", name).length > 0) throw fault(409, `A node with name ${name} already exists.`);
  if (nodes.get(id)) throw fault(409, `A node with UUID ${id} already exists.`);
  const instance = (body["instance_uuid"] ?? null) as string | null;
  if (instance && nodes.by("instance", instance).length > 0)
    throw fault(
      409,
      `Instance ${instance} is already associated with a node, it cannot be associated with this other node ${id}`,
    );
  const row = blankNode(ironic, id, driver);
  for (const kind of INTERFACES) {
    const value = body[`${kind}_interface`];
    if (typeof value !== "string") continue;
    const wrong = interfaceError(kind, value);
    if (wrong) throw fault(400, wrong);
    row[`${kind}_interface`] = value;
  }
  for (const field of ["driver_info", "extra", "instance_info", "properties", "network_data"] as const)
    if (isObject(body[field])) row[field] = body[field];
  for (const field of [
    "description",
    "lessee",
    "resource_class",
    "shard",
    "parent_node",
    "retired_reason",
    "instance_name",
    "chassis_uuid",
  ] as const)
    if (typeof body[field] === "string") row[field] = body[field];
  row.name = name;
  row.owner = owner;
  row.instance_uuid = instance;
  row.conductor_group = String(body["conductor_group"] ?? "").toLowerCase();
  row.automated_clean = (flags["automated_clean"] ?? null) as boolean | null;
  row.maintenance = flags["maintenance"] === true;
  row.retired = flags["retired"] === true;
  row.disable_power_off = flags["disable_power_off"] === true;
  if (minor(call) < 11) row.provision_state = "available";
  nodes.put(row);
  return created(ironic, call, `nodes/${id}`, new NodeView(ironic, call).show(row));
}

/** A node of which nothing is known yet. */
export function blankNode(ironic: Ironic, id: string, driver: string): NodeRow {
  return {
    id,
    ...usualInterfaces(),
    name: null,
    created_at: ironic.now(),
    updated_at: null,
    automated_clean: null,
    boot_mode: null,
    clean_step: {},
    conductor_group: "",
    console_enabled: false,
    disable_power_off: false,
    deploy_step: {},
    description: null,
    driver,
    driver_info: {},
    driver_internal_info: {},
    extra: {},
    fault: null,
    health: null,
    inspection_finished_at: null,
    inspection_started_at: null,
    instance_info: {},
    instance_name: null,
    instance_uuid: null,
    last_error: null,
    lessee: null,
    maintenance: false,
    maintenance_reason: null,
    network_data: {},
    owner: null,
    parent_node: null,
    power_state: null,
    properties: {},
    protected: false,
    protected_reason: null,
    provision_state: "enroll",
    provision_updated_at: null,
    raid_config: {},
    reservation: null,
    resource_class: null,
    retired: false,
    retired_reason: null,
    secure_boot: null,
    service_step: {},
    shard: null,
    target_power_state: null,
    target_provision_state: null,
    target_raid_config: {},
    traits: [],
    allocation_id: null,
    chassis_uuid: null,
  };
}

/** `DELETE /v1/nodes/{node}`. */
export async function removeNode(ironic: Ironic, call: Call): Promise<Answer> {
  const found = ironic.node(call.params["node"] ?? "", minor(call));
  const policy = may(call.caller, "baremetal:node:delete")
    ? "baremetal:node:delete"
    : "baremetal:node:delete:self_owned_node";
  const { id } = nodeOf(ironic, call, policy);
  if (found.id !== id) throw denied(policy);
  await ironic.conductor.exclusive(id, call.caller, ({ node }) => {
    if (!node.maintenance && node.instance_uuid)
      throw fault(409, `Node ${id} is associated with instance ${node.instance_uuid}.`);
    if (node.protected) throw fault(403, `Node ${id} is protected and cannot be undeployed, rebuilt or deleted`);
    if (!node.maintenance && ![...DELETABLE, "available"].includes(node.provision_state))
      throw fault(
        409,
        `Can not delete node "${id}" while it is in provision state "${node.provision_state}". Valid provision states to perform deletion are: "('manageable', 'enroll', 'adopt failed', 'available')", or set the node into maintenance mode`,
      );
    forgetNode(ironic, node);
  });
  return nothing;
}

/** Deletes a node with all that belongs to it. */
function forgetNode(ironic: Ironic, { id, allocation_id: allocation }: NodeRow): void {
  const { nodes, ports, portgroups, connectors, targets, history, bios, firmware, inventories, allocations } =
    ironic.tables;
  for (const table of [ports, portgroups, connectors, targets, history, bios, firmware])
    for (const row of table.by("node", id)) table.delete(row.id);
  inventories.delete(id);
  if (allocation) allocations.delete(allocation);
  nodes.delete(id);
}
