import type { Call, Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { findAddresses, takeAddresses, type WantedIp } from "./allocation.ts";
import { bind, needsBinding, unbind } from "./binding.ts";
import type { Given } from "./body.ts";
import type { Collection } from "./collection.ts";
import { refusal } from "./errors.ts";
import { PORT, pairsOf } from "./port-attributes.ts";
import { deletePort } from "./port-removal.ts";
import { portView } from "./port-view.ts";
import type { NetworkRow, PortRow } from "./rows.ts";
import { defaultGroup, needGroups, needOneKind } from "./security-groups.ts";
import type { State } from "./state.ts";

/** `/v2.0/ports`. */
export function portCollection(state: State): Collection<PortRow> {
  return {
    path: "ports",
    resource: "port",
    plural: "ports",
    quota: "port",
    attributes: PORT,
    table: state.ports,
    guarded: ["binding:vif_type", "binding:vif_details", "binding:host_id", "binding:profile", "resource_request"],
    missing: (id) => refusal(404, "PortNotFound", `Port ${id} could not be found.`),
    sees: (caller, row) => state.seesPort(caller, row),
    target(caller, of) {
      const network = state.networks.get(String(of.network_id));
      // Whoever makes a port on a network that there is not, or that is not for him, is told so first.
      if (of.id === undefined) state.network(caller, String(of.network_id));
      return {
        owner: String(of.project_id),
        parentOwner: network?.project_id,
        shared: network !== undefined && state.isShared(network.id, caller),
        deviceOwner: String(of.device_owner ?? ""),
      };
    },
    view: (row) => portView(state, row),
    narrow(filters) {
      const networks = filters.get("network_id");
      if (networks) return networks.flatMap((id) => state.ports.by("network", String(id)));
      const devices = filters.get("device_id");
      if (devices && !devices.includes("")) return devices.flatMap((id) => state.ports.by("device", String(id)));
      const owners = filters.get("project_id") ?? filters.get("tenant_id");
      return owners?.flatMap((owner) => state.ports.by("project", String(owner)));
    },
    create: (given, call) => create(state, given, call),
    update: (row, given, call) => update(state, row, given, call),
    remove(row) {
      mayGo(state, row);
      deletePort(state, row);
    },
  };
}

/** Ports of these are the business of those who made them. */
const ROUTERS =
  /^network:(router_interface|router_gateway|floatingip|router_interface_distributed|router_ha_interface|ha_router_replicated_interface|router_centralized_snat)$/;

function mayGo(state: State, port: PortRow): void {
  if (
    ROUTERS.test(port.device_owner) &&
    (port.device_owner === "network:floatingip" || state.routers.get(port.device_id))
  )
    throw refusal(
      409,
      "ServicePortInUse",
      `Port ${port.id} cannot be deleted directly via the port API: has device owner ${port.device_owner}.`,
    );
  for (const trunk of state.trunks.values()) {
    if (trunk.port_id === port.id)
      throw refusal(409, "PortInUseAsTrunkParent", `Port ${port.id} is currently a parent port for trunk ${trunk.id}.`);
    if (trunk.sub_ports.some(({ port_id }) => port_id === port.id))
      throw refusal(409, "PortInUseAsSubPort", `Port ${port.id} is currently a subport for trunk ${trunk.id}.`);
  }
}

/** What a new port is made of; the rest is chosen. */
export interface NewPort {
  name: string;
  description: string;
  project_id: string;
  mac_address: string | undefined;
  fixed_ips: WantedIp[] | undefined;
  admin_state_up: boolean;
  device_id: string;
  device_owner: string;
  port_security_enabled: boolean;
  security_groups: string[];
}

/** Puts a port into the table, with its addresses. Throws where the addresses cannot be had. */
export function addPort(state: State, call: Pick<Call, "caller">, network: NetworkRow, made: NewPort): PortRow {
  const mac = chooseMac(state, network, made.mac_address);
  const id = state.id();
  const addresses = findAddresses(
    state,
    { network: network.id, mac, deviceOwner: made.device_owner, caller: call.caller, have: [] },
    made.fixed_ips,
  );
  const { fixed_ips, mac_address: _, ...rest } = made;
  const port: PortRow = {
    id,
    ...rest,
    network_id: network.id,
    mac_address: mac,
    status: "DOWN",
    fixed_ips: addresses,
    qos_policy_id: null,
    allowed_address_pairs: [],
    extra_dhcp_opts: [],
    ip_allocation: fixed_ips?.length === 0 ? "none" : "immediate",
    vnic_type: "normal",
    host_id: "",
    profile: {},
    vif_type: "unbound",
    bound_by: null,
    device_profile: null,
    numa_affinity_policy: null,
    ...state.stamps(1),
  };
  takeAddresses(state, port, [], addresses);
  return state.ports.put(port);
}

function chooseMac(state: State, network: NetworkRow, wanted: string | undefined): string {
  const taken = (mac: string) => state.ports.by("mac", `${network.id}|${mac}`).length > 0;
  if (wanted !== undefined) {
    if (taken(wanted)) throw macInUse(network.id, wanted);
    return wanted;
  }
  for (;;) {
    const mac = state.world.random.mac();
    if (!taken(mac)) return mac;
  }
}

function macInUse(network: string, mac: string) {
  return refusal(
    409,
    "MacAddressInUse",
    `Unable to complete operation for network ${network}. The mac address ${mac} is in use.`,
  );
}

const PAIRS_WITHOUT_SECURITY = () =>
  refusal(
    409,
    "AddressPairAndPortSecurityRequired",
    "Port Security must be enabled in order to have allowed address pairs on a port.",
  );

const GROUPS_WITHOUT_SECURITY = () =>
  refusal(
    400,
    "PortSecurityAndIPRequiredForSecurityGroups",
    "Port security must be enabled and port must have an IP address in order to use security groups.",
  );

async function create(state: State, { values, sent }: Given, call: Call): Promise<PortRow> {
  const network = state.network(call.caller, String(values["network_id"]));
  const owner = values["project_id"] as string;
  const device = values["device_owner"] as string;
  const trusted = device.startsWith("network:");
  const secure =
    (values["port_security_enabled"] as boolean | undefined) ?? (trusted ? false : network.port_security_enabled);
  const asked = sent.includes("security_groups") ? (values["security_groups"] as string[]) : undefined;
  const pairs = (values["allowed_address_pairs"] ?? []) as unknown[];
  if (!secure && asked && asked.length > 0) throw GROUPS_WITHOUT_SECURITY();
  if (!secure && pairs.length > 0) throw PAIRS_WITHOUT_SECURITY();
  if (asked) {
    needGroups(state, call.caller, asked);
    needOneKind(state, asked);
  }
  state.needQosPolicy(call.caller, values["qos_policy_id"]);
  const fallback = defaultGroup(state, owner);
  const port = addPort(state, call, network, {
    name: values["name"] as string,
    description: values["description"] as string,
    project_id: owner,
    mac_address: values["mac_address"] as string | undefined,
    fixed_ips: values["fixed_ips"] as WantedIp[] | undefined,
    admin_state_up: values["admin_state_up"] as boolean,
    device_id: values["device_id"] as string,
    device_owner: device,
    port_security_enabled: secure,
    security_groups: asked ?? (secure ? [fallback.id] : []),
  });
  port.allowed_address_pairs = pairsOf(pairs, port.mac_address);
  port.qos_policy_id = values["qos_policy_id"] as string | null;
  port.device_profile = values["device_profile"] as string | null;
  port.numa_affinity_policy = values["numa_affinity_policy"] as string | null;
  // Only a request for several ports sets their tags; one for a single port is not heard.
  if (isObject(call.body) && "ports" in call.body) port.tags = values["tags"] as string[];
  setDhcpOptions(port, values["extra_dhcp_opts"]);
  setBinding(port, values);
  state.ports.put(port);
  if (needsBinding(port)) await bind(state, port.id);
  return state.ports.get(port.id) ?? port;
}

function setDhcpOptions(port: PortRow, value: unknown): void {
  for (const option of (value ?? []) as {
    opt_name: string;
    opt_value: string | null;
    ip_version?: number | string;
  }[]) {
    const version = Number(option.ip_version ?? 4);
    port.extra_dhcp_opts = port.extra_dhcp_opts.filter(
      (have) => have.opt_name !== option.opt_name || have.ip_version !== version,
    );
    if (option.opt_value !== null)
      port.extra_dhcp_opts.push({ opt_name: option.opt_name, opt_value: option.opt_value, ip_version: version });
  }
}

/** Writes what a binding is asked for; true where that is another than before. */
function setBinding(port: PortRow, values: Json): boolean {
  const before = JSON.stringify([port.vnic_type, port.host_id, port.profile]);
  if (values["binding:vnic_type"] !== undefined) port.vnic_type = values["binding:vnic_type"] as string;
  if (values["binding:host_id"] !== undefined) port.host_id = String(values["binding:host_id"] ?? "");
  if (values["binding:profile"] !== undefined) port.profile = (values["binding:profile"] ?? {}) as Json;
  return JSON.stringify([port.vnic_type, port.host_id, port.profile]) !== before;
}

async function update(state: State, row: PortRow, { values }: Given, call: Call): Promise<PortRow> {
  const network = state.networks.get(row.network_id)!;
  if ("mac_address" in values) values["mac_address"] ??= chooseMac(state, network, undefined);
  const mac = values["mac_address"] as string | undefined;
  if (mac !== undefined && mac !== row.mac_address) changeMac(state, row, mac);
  const vnic = values["binding:vnic_type"];
  if (vnic !== undefined && vnic !== row.vnic_type && row.vif_type !== "unbound")
    throw refusal(
      409,
      "PortInUse",
      `Unable to complete operation on port ${row.id} for network ${row.network_id}. Port already has an attached device ${row.device_id}.`,
    );
  const secure = (values["port_security_enabled"] as boolean | undefined) ?? row.port_security_enabled;
  const groups = (values["security_groups"] as string[] | undefined) ?? row.security_groups;
  const pairs =
    values["allowed_address_pairs"] === undefined
      ? row.allowed_address_pairs
      : pairsOf(values["allowed_address_pairs"], mac ?? row.mac_address);
  if (!secure && values["security_groups"] !== undefined && groups.length > 0) throw GROUPS_WITHOUT_SECURITY();
  if (!secure && pairs.length > 0) throw PAIRS_WITHOUT_SECURITY();
  if (!secure && groups.length > 0)
    throw refusal(
      409,
      "PortSecurityPortHasSecurityGroup",
      "Port has security group associated. Cannot disable port security or IP address until security group is removed.",
    );
  if (values["security_groups"] !== undefined) {
    needGroups(state, call.caller, groups);
    needOneKind(state, groups);
  }
  state.needQosPolicy(call.caller, values["qos_policy_id"]);
  const written = Object.keys(values).filter((name) => !UNHEARD.has(name));
  if (values["fixed_ips"] !== undefined)
    moveAddresses(state, row, network, values["fixed_ips"] as WantedIp[], call, mac);
  const direct = [
    "name",
    "description",
    "admin_state_up",
    "device_id",
    "device_owner",
    "mac_address",
    "qos_policy_id",
    "numa_affinity_policy",
  ] as const;
  for (const name of direct) if (values[name] !== undefined) Object.assign(row, { [name]: values[name] });
  row.port_security_enabled = secure;
  row.security_groups = groups;
  row.allowed_address_pairs = pairs;
  setDhcpOptions(row, values["extra_dhcp_opts"]);
  const rebound = setBinding(row, values);
  // The binding is written after everything else: its revision is not yet in the answer.
  const before = row.revision_number;
  if (written.length > 0) state.touch(state.ports, row);
  else state.ports.put(row);
  if (rebound || (row.host_id !== "" && row.vif_type === "binding_failed")) {
    if (row.host_id === "" && row.vif_type !== "unbound") unbind(state, row);
    else if (row.host_id !== "") await bind(state, row.id);
  } else if (values["admin_state_up"] === true && row.vif_type === "other" && row.status === "DOWN")
    await bind(state, row.id);
  const now = state.ports.get(row.id) ?? row;
  const onlyBinding = written.length > 0 && written.every((name) => name.startsWith("binding:"));
  return onlyBinding && now.vif_type === "unbound" ? { ...now, revision_number: before } : now;
}

/** Without a DNS service beside it, Neutron hears of names and keeps none. */
const UNHEARD = new Set(["dns_name"]);

function changeMac(state: State, port: PortRow, mac: string): void {
  if (port.vif_type !== "unbound" && port.vif_type !== "binding_failed")
    throw refusal(
      409,
      "PortBound",
      `Unable to complete operation on port ${port.id}, port is already bound, port type: ${port.vif_type}, old_mac ${port.mac_address}, new_mac ${mac}.`,
    );
  if (state.ports.by("mac", `${port.network_id}|${mac}`).length > 0) throw macInUse(port.network_id, mac);
}

function moveAddresses(
  state: State,
  port: PortRow,
  network: NetworkRow,
  wanted: WantedIp[],
  call: Call,
  mac: string | undefined,
): void {
  const addresses = findAddresses(
    state,
    {
      network: network.id,
      mac: mac ?? port.mac_address,
      deviceOwner: port.device_owner,
      caller: call.caller,
      have: port.fixed_ips,
    },
    wanted,
  );
  takeAddresses(state, port, port.fixed_ips, addresses);
  port.fixed_ips = addresses;
  if (addresses.length > 0) port.ip_allocation = "immediate";
}
