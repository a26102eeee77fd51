import type { Json } from "../../kernel/call.ts";
import { Refusal } from "../../kernel/call.ts";
import { isUuid, list } from "../../kernel/input.ts";
import { fault } from "../errors.ts";
import type { PortgroupRow, PortRow } from "../rows.ts";
import { HardwareError, InvalidValue, sdkText, type Task, textOf } from "./task.ts";

/** Networks on which a node's ramdisk works. */
export type Use = "provisioning" | "cleaning" | "rescuing" | "inspection" | "servicing";

/** Where a port keeps the Neutron port of its tenant. */
export const TENANT = "tenant_vif_port_id";

/** Seconds of hardware time between two looks at a port that does not bind. */
const LOOK = 10;
const LOOKS = 100;

/** A Neutron port as far as Ironic reads it. */
interface NeutronPort {
  id: string;
  network_id: string;
  status: string;
  mac_address: string;
  "binding:host_id"?: string;
  "binding:profile"?: Json;
  "binding:vif_type"?: string;
}

const urlOf = (task: Task, path: string) => `${task.ironic.world.url}/network${path}`;

/** The id of the network for a use. Throws {@link InvalidValue} where none is named or the caller does not see it. */
export async function networkFor(task: Task, use: Use): Promise<string> {
  const label = use === "servicing" ? "servicing network" : `${use}_network`;
  const named = task.node.driver_info[`${use}_network`] ?? task.ironic.tables.settings.get("network")?.name;
  if (typeof named !== "string" || named === "")
    throw new InvalidValue(`UUID or name of ${label} is not set in configuration or in node driver_info.`);
  return findNetwork(task, named, label);
}

/** What validation finds wrong with the networks of a node: only an administrator's eyes see all of them. */
export async function validateNetwork(task: Task): Promise<void> {
  if (task.node.network_interface !== "neutron") return;
  if (task.caller.roles.has("admin")) {
    await networkFor(task, "cleaning");
    await networkFor(task, "provisioning");
  }
  if (task.node.disable_power_off)
    throw new InvalidValue(
      "Nodes with disable_power_off cannot be used with the neutron network interface (disallowed in the configuration)",
    );
}

async function findNetwork(task: Task, ident: string, label: string): Promise<string> {
  const missing = () => new InvalidValue(`${label} with name or UUID ${ident} was not found`);
  try {
    if (isUuid(ident)) {
      const { network } = await task.ask<{ network: Json }>(
        "neutron",
        "GET",
        `/v2.0/networks/${ident}`,
        undefined,
        "caller",
      );
      return String(network["id"]);
    }
    const path = `/v2.0/networks?name=${encodeURIComponent(ident)}`;
    const { networks } = await task.ask<{ networks: Json[] }>("neutron", "GET", path, undefined, "caller");
    if (networks.length > 1)
      throw new InvalidValue(
        `More than one ${label} was found for name ${ident}: ${networks.map(({ id }) => id).join(", ")}`,
      );
    if (networks.length === 1) return String(networks[0]!["id"]);
  } catch (error) {
    if (error instanceof HardwareError) throw error;
    if (error instanceof Refusal && error.status === 404) throw missing();
    throw new HardwareError(`Could not retrieve network: ${sdkText(error, urlOf(task, `/v2.0/networks/${ident}`))}`);
  }
  throw missing();
}

const cards = (task: Task): PortRow[] => task.ironic.tables.ports.by("node", task.node.id);
const groups = (task: Task): PortgroupRow[] => task.ironic.tables.portgroups.by("node", task.node.id);
const vifOf = (one: PortRow | PortgroupRow): string | undefined => one.internal_info[TENANT] as string | undefined;

/** Changes a Neutron port as Ironic itself, after the caller proved that it sees it. */
async function update(task: Task, id: string, change: Json): Promise<NeutronPort> {
  const path = `/v2.0/ports/${id}`;
  await task.ask("neutron", "GET", path, undefined, "caller");
  return (await task.ask<{ port: NeutronPort }>("neutron", "PUT", path, { port: change })).port;
}

/** Waits until a port is ACTIVE. Throws where it does not bind. */
async function bound(task: Task, id: string): Promise<void> {
  const { world } = task.ironic;
  for (let look = 0; look < LOOKS; look++) {
    const { port } = await task.ask<{ port: NeutronPort }>("neutron", "GET", `/v2.0/ports/${id}`);
    if (port.status === "ACTIVE") return;
    if (port["binding:vif_type"] === "binding_failed") throw new Error(`Binding failed for neutron port ${id}`);
    await Promise.race([task.ironic.portChanges.next(id), world.clock.sleep(LOOK)]);
    await task.alive();
  }
  throw new HardwareError(`Port ${id} failed to reach status ACTIVE`);
}

/** Puts the node on the network of a use: a Neutron port of Ironic's own for each card that boots. */
export async function addNetwork(task: Task, use: Use): Promise<void> {
  if (task.node.network_interface !== "neutron") return;
  const network = await networkFor(task, use);
  await removePorts(task, network).catch(() => {});
  const { node } = task;
  const wanted = cards(task).filter((card) => card.pxe_enabled);
  if (wanted.length === 0) throw new HardwareError(`No available PXE-enabled  ports on node ${node.id}.`);
  let failures = 0;
  for (const card of wanted) {
    try {
      const port = await addPort(task, network, card);
      card.internal_info[`${use}_vif_port_id`] = port;
      card.updated_at = task.ironic.now();
      task.ironic.tables.ports.put(card);
    } catch (error) {
      if (error instanceof TypeError) throw error;
      failures++;
    }
  }
  if (failures < wanted.length) return;
  await removePorts(task, network).catch(() => {});
  throw new HardwareError(
    `Failed to create neutron ports for node's ${node.id} ports [${wanted.map(describe).join(", ")}].`,
  );
}

async function addPort(task: Task, network: string, card: PortRow): Promise<string> {
  const { node } = task;
  if (Object.keys(card.local_link_connection).length === 0) throw new HardwareError("no local link connection");
  const { port } = await task.ask<{ port: NeutronPort }>("neutron", "POST", "/v2.0/ports", {
    port: {
      network_id: network,
      admin_state_up: true,
      "binding:vnic_type": "baremetal",
      device_id: node.instance_uuid ?? node.id,
    },
  });
  await update(task, port.id, {
    "binding:host_id": node.id,
    device_owner: "baremetal:none",
    mac_address: card.address,
    "binding:profile": profile(card),
  });
  await bound(task, port.id);
  return port.id;
}

const profile = (card: PortRow): Json => ({
  local_link_information: [card.local_link_connection],
  ...(card.physical_network ? { physical_network: card.physical_network } : {}),
});

const describe = (card: PortRow) =>
  `Port(address='${card.address}',node_uuid=${card.node_uuid},physical_network=${card.physical_network === null ? "None" : `'${card.physical_network}'`},pxe_enabled=${card.pxe_enabled ? "True" : "False"},uuid=${card.id})`;

/** Takes the node off the network of a use. */
export async function removeNetwork(task: Task, use: Use): Promise<void> {
  if (task.node.network_interface !== "neutron") return;
  await removePorts(task, await networkFor(task, use));
  for (const card of cards(task)) {
    if (!(`${use}_vif_port_id` in card.internal_info)) continue;
    delete card.internal_info[`${use}_vif_port_id`];
    card.updated_at = task.ironic.now();
    task.ironic.tables.ports.put(card);
  }
}

async function removePorts(task: Task, network: string): Promise<void> {
  const addresses = cards(task)
    .filter((card) => card.pxe_enabled)
    .map((card) => `mac_address=${encodeURIComponent(card.address)}`);
  if (addresses.length === 0) return;
  const path = `/v2.0/ports?network_id=${network}&${addresses.join("&")}`;
  let ports: NeutronPort[];
  try {
    ({ ports } = await task.ask<{ ports: NeutronPort[] }>("neutron", "GET", path));
  } catch (error) {
    throw new HardwareError(
      `Could not get given network VIF for ${task.node.id} from neutron, possible network issue. ${sdkText(error, urlOf(task, path))}`,
    );
  }
  for (const port of ports) {
    const one = `/v2.0/ports/${port.id}`;
    try {
      await task.ask("neutron", "DELETE", one);
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) continue;
      throw new HardwareError(
        `Could not remove VIF ${port.id} of node ${task.node.id}, possibly a network issue: ${sdkText(error, urlOf(task, one))}`,
      );
    }
  }
}

/** Binds the tenant's ports to the node. Throws where it has none, or one does not bind. */
export async function configureTenant(task: Task): Promise<void> {
  if (task.node.network_interface !== "neutron") return;
  const all = cards(task);
  if (all.length === 0) throw new HardwareError(`No ports are associated with node ${task.node.id}`);
  const plugs = [...all.filter((card) => !card.portgroup_uuid), ...groups(task)].filter(vifOf);
  for (const one of plugs) await plug(task, one);
  if (plugs.length === 0)
    throw new HardwareError(`No neutron ports or portgroups are associated with node ${task.node.id}`);
}

/** Binds one card's, or group's, tenant port. */
export async function plug(task: Task, one: PortRow | PortgroupRow): Promise<void> {
  const { node } = task;
  const vif = vifOf(one) as string;
  const members = "mode" in one ? cards(task).filter((card) => card.portgroup_uuid === one.id) : [one];
  const binding: Json = {
    local_link_information: members.map((card) => card.local_link_connection),
    ...("mode" in one
      ? {
          local_group_information: { id: one.id, name: one.name, bond_mode: one.mode, bond_properties: one.properties },
        }
      : {}),
    ...(one.physical_network ? { physical_network: one.physical_network } : {}),
  };
  try {
    await update(task, vif, {
      "binding:vnic_type": "baremetal",
      "binding:host_id": node.id,
      ...(one.address ? { mac_address: one.address } : {}),
      "binding:profile": binding,
    });
    await bound(task, vif);
  } catch (error) {
    if (error instanceof HardwareError) throw error;
    throw new HardwareError(
      `Could not add public network VIF ${vif} to node ${node.id}, possible network issue. ${sdkText(error, urlOf(task, `/v2.0/ports/${vif}`))}`,
    );
  }
}

/** Unbinds the tenant's ports. */
export async function unconfigureTenant(task: Task): Promise<void> {
  if (task.node.network_interface !== "neutron") return;
  for (const one of [...cards(task).filter((card) => !card.portgroup_uuid), ...groups(task)]) {
    const vif = vifOf(one);
    if (vif) await unbind(task, vif, Boolean(one.address));
  }
}

async function unbind(task: Task, vif: string, resetMac = true): Promise<void> {
  try {
    await update(task, vif, { "binding:host_id": "", "binding:profile": {} });
    if (resetMac) await update(task, vif, { mac_address: null });
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return;
    throw new HardwareError(
      `Unable to clear binding profile for neutron port ${vif}. Error: ${sdkText(error, urlOf(task, `/v2.0/ports/${vif}`))}`,
    );
  }
}

/** The tenant's ports of a node. */
export function vifsOf(task: Task | { ironic: Task["ironic"]; node: { id: string } }): { id: string }[] {
  const { tables } = task.ironic;
  return [...tables.ports.by("node", task.node.id), ...tables.portgroups.by("node", task.node.id)]
    .map(vifOf)
    .filter((id) => id !== undefined)
    .map((id) => ({ id }));
}

/** Attaches a tenant's port to a free card. Throws refusals. */
export async function attachVif(task: Task, vif: Json): Promise<void> {
  const id = String(vif["id"]);
  const physnets = await physnetsOf(task, id);
  const one = freeCard(task, id, physnets, vif);
  if (one.address) await moveAddress(task, id, one.address);
  keepVif(task, one, id);
  if (task.node.network_interface !== "neutron" && task.node.network_interface !== "flat") return;
  try {
    if (task.node.provision_state === "active") await plug(task, one);
    else await seedHost(task, id);
  } catch (error) {
    if (error instanceof HardwareError) throw fault(500, error.message);
    throw error;
  }
}

function keepVif(task: Task, one: PortRow | PortgroupRow, id: string | undefined): void {
  if (id === undefined) delete one.internal_info[TENANT];
  else one.internal_info[TENANT] = id;
  one.updated_at = task.ironic.now();
  if ("mode" in one) task.ironic.tables.portgroups.put(one);
  else task.ironic.tables.ports.put(one);
}

async function physnetsOf(task: Task, id: string): Promise<Set<string>> {
  const get = <T>(path: string) => task.ask<T>("neutron", "GET", path, undefined, "caller");
  let port: NeutronPort;
  try {
    ({ port } = await get<{ port: NeutronPort }>(`/v2.0/ports/${id}`));
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) throw fault(400, `Neutron port ${id} was not found`);
    throw fault(500, `Could not retrieve neutron port: ${sdkText(error, urlOf(task, `/v2.0/ports/${id}`))}`);
  }
  const { network } = await get<{ network: Json }>(`/v2.0/networks/${port.network_id}`).catch((error: unknown) => {
    throw fault(500, `Could not retrieve network: ${textOf(error)}`);
  });
  const segments = list(network["segments"]) as Json[];
  const named = segments.length > 0 ? segments : [network];
  return new Set(
    named.map((one) => one["provider:physical_network"]).filter((name): name is string => typeof name === "string"),
  );
}

function freeCard(task: Task, id: string, physnets: ReadonlySet<string>, wanted: Json): PortRow | PortgroupRow {
  const all = cards(task);
  const taken = [...all, ...groups(task)].find((one) => vifOf(one) === id);
  if (taken)
    throw fault(
      409,
      `Unable to attach VIF because VIF ${id} is already attached to Ironic ${"mode" in taken ? "Portgroup" : "Port"} ${taken.id}`,
    );
  const allowed = (card: PortRow) =>
    physnets.size === 0 || card.physical_network === null || physnets.has(card.physical_network);
  const usable = all.filter(
    (card) => !vifOf(card) && Object.keys(card.local_link_connection).length > 0 && allowed(card),
  );
  const { port_uuid: port, portgroup_uuid: group } = wanted;
  const busy = new Set(all.filter(vifOf).map((card) => card.portgroup_uuid));
  const free: (PortRow | PortgroupRow)[] = usable.filter(
    (card) => (port === undefined || card.id === port) && !card.portgroup_uuid && group === undefined,
  );
  if (port === undefined)
    for (const one of groups(task)) {
      const members = usable.filter((card) => card.portgroup_uuid === one.id);
      if ((group !== undefined && group !== one.id) || vifOf(one) || members.length === 0) continue;
      if (!busy.has(one.id)) free.push(one);
      else if (group === undefined) free.push(...members);
    }
  const rank = (one: PortRow | PortgroupRow) => {
    const matches = one.physical_network !== null && physnets.has(one.physical_network);
    const isGroup = "mode" in one;
    return (matches ? 4 : 0) + (isGroup ? 2 : 0) + (isGroup || one.pxe_enabled ? 1 : 0);
  };
  const [best] = free.sort((left, right) => rank(right) - rank(left));
  if (!best) throw fault(400, `Unable to attach VIF ${id}, not enough free physical ports.`);
  return best;
}

async function moveAddress(task: Task, id: string, address: string): Promise<void> {
  try {
    const { port } = await task.ask<{ port: NeutronPort }>("neutron", "GET", `/v2.0/ports/${id}`, undefined, "caller");
    const host = port["binding:host_id"];
    if (host) await unbind(task, id);
    await update(task, id, { mac_address: address });
    if (host) await update(task, id, { "binding:host_id": host, "binding:profile": port["binding:profile"] ?? {} });
  } catch {
    throw fault(
      500,
      `Unable to attach VIF ${id} because Ironic can not update Neutron port ${id} MAC address to match physical MAC address ${address}`,
    );
  }
}

async function seedHost(task: Task, id: string): Promise<void> {
  const path = `/v2.0/ports/${id}`;
  try {
    const { port } = await task.ask<{ port: NeutronPort }>("neutron", "GET", path, undefined, "caller");
    if (port["binding:host_id"]) await unbind(task, id);
    await update(task, id, {
      "binding:vnic_type": "baremetal",
      "binding:host_id": task.node.id,
      "binding:profile": {},
    });
  } catch (error) {
    if (error instanceof HardwareError) throw error;
    throw new HardwareError(
      `Could not seed network configuration for VIF ${id}to node ${task.node.id}, possible network, state, or access permission issue. ${sdkText(error, urlOf(task, path))}`,
    );
  }
}

/** Takes a tenant's port off the node. Throws 400 where it is not attached. */
export async function detachVif(task: Task, id: string): Promise<void> {
  const { node } = task;
  const one = [...groups(task), ...cards(task)].find((each) => vifOf(each) === id);
  if (!one) throw fault(400, `Unable to detach VIF ${id} from node ${node.id} because it is not attached to it.`);
  keepVif(task, one, undefined);
  if (["active", "deleting", "available"].includes(node.provision_state)) await unbind(task, id);
}

/** Takes all tenants' ports off the node, as far as Neutron lets. */
export async function removeVifs(task: Task): Promise<void> {
  for (const { id } of vifsOf(task))
    await detachVif(task, id).catch((error: unknown) => {
      if (!(error instanceof HardwareError) && !(error instanceof Refusal)) throw error;
    });
}
