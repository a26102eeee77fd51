import type { Call, Caller, Json } from "../kernel/call.ts";
import type { Given } from "./body.ts";
import type { Collection } from "./collection.ts";
import { badRequest, invalidInput, refusal } from "./errors.ts";
import { NETWORK } from "./network-attributes.ts";
import { deletePort } from "./port-removal.ts";
import type { NetworkRow, SegmentRow } from "./rows.ts";
import { addSegment, mtuOf, segmentsOf, takeSegment, type Wanted } from "./segments.ts";
import { type State, segmentKey } from "./state.ts";

/** `/v2.0/networks`. */
export function networkCollection(state: State): Collection<NetworkRow> {
  return {
    path: "networks",
    resource: "network",
    plural: "networks",
    quota: "network",
    attributes: NETWORK,
    table: state.networks,
    guarded: ["provider:network_type", "provider:physical_network", "provider:segmentation_id", "segments"],
    missing: (id) => refusal(404, "NetworkNotFound", `Network ${id} could not be found.`),
    sees: (caller, row) => state.seesNetwork(caller, row),
    target(caller, of) {
      const id = String(of.id ?? "");
      return {
        owner: String(of.project_id),
        shared: id !== "" && state.isShared(id, caller),
        external: id !== "" && state.isExternal(id),
      };
    },
    view: (row, caller) => view(state, row, caller),
    created: (row, caller) => ({ ...view(state, row, caller), is_default: row.is_default }),
    narrow(filters) {
      const owners = filters.get("project_id") ?? filters.get("tenant_id");
      return owners?.flatMap((owner) => state.networks.by("project", String(owner)));
    },
    create: (given, call) => create(state, given, call),
    update: (row, given, call) => update(state, row, given, call),
    remove: (row) => remove(state, row),
  };
}

function view(state: State, row: NetworkRow, caller: Caller): Json {
  const external = state.isExternal(row.id);
  const segments = segmentsOf(state, row);
  return {
    id: row.id,
    name: row.name,
    tenant_id: row.project_id,
    project_id: row.project_id,
    admin_state_up: row.admin_state_up,
    mtu: row.mtu,
    status: row.status,
    subnets: state.subnets.by("network", row.id).map(({ id }) => id),
    shared: state.isShared(row.id, caller),
    availability_zone_hints: [],
    availability_zones: [],
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    "router:external": external,
    description: row.description,
    port_security_enabled: row.port_security_enabled,
    qos_policy_id: row.qos_policy_id,
    dns_domain: row.dns_domain,
    l2_adjacency: true,
    ...(external ? { is_default: row.is_default } : {}),
    tags: row.tags,
    created_at: row.created_at,
    updated_at: row.updated_at,
    revision_number: row.revision_number,
    ...(segments.length === 1 ? provider(segments[0]!) : { segments: segments.map(provider) }),
  };
}

function provider(segment: SegmentRow): Json {
  return {
    "provider:network_type": segment.network_type,
    "provider:physical_network": segment.physical_network,
    "provider:segmentation_id": segment.segmentation_id,
  };
}

function wantedSegments(values: Json): Wanted[] {
  const own: Wanted = {};
  for (const name of ["network_type", "physical_network", "segmentation_id"] as const) {
    const value = values[`provider:${name}`];
    if (value !== undefined) Object.assign(own, { [name]: value });
  }
  const list = values["segments"];
  if (list === undefined || list === null) return [own];
  if (Object.keys(own).length > 0)
    throw refusal(400, "SegmentsSetInConjunctionWithProviders", "Segments and provider values cannot both be set.");
  if (!Array.isArray(list) || list.length === 0) throw badRequest(`Invalid data format for segments: '${list}'`);
  return (list as Json[]).map((one) => ({
    network_type: one?.["provider:network_type"] as string,
    physical_network: (one?.["provider:physical_network"] as string) ?? null,
    segmentation_id: (one?.["provider:segmentation_id"] as number) ?? null,
  }));
}

function checkMtu(mtu: number, most: number): number {
  if (mtu > most) throw invalidInput(`Requested MTU is too big, maximum is ${most}`);
  return mtu === 0 ? most : mtu;
}

function create(state: State, { values }: Given, call: Call): NetworkRow {
  const hints = values["availability_zone_hints"] as unknown[];
  if (hints.length > 0)
    throw refusal(404, "AvailabilityZoneNotFound", `AvailabilityZone ${hints.join(", ")} could not be found.`);
  state.needQosPolicy(call.caller, values["qos_policy_id"]);
  const segments = wantedSegments(values).map((wanted) => takeSegment(state, wanted));
  const mtu = checkMtu(values["mtu"] as number, Math.min(...segments.map(({ network_type }) => mtuOf(network_type))));
  const network = addNetwork(state, {
    name: values["name"] as string,
    description: values["description"] as string,
    project_id: values["project_id"] as string,
    admin_state_up: values["admin_state_up"] as boolean,
    mtu,
    port_security_enabled: values["port_security_enabled"] as boolean,
    qos_policy_id: values["qos_policy_id"] as string | null,
    dns_domain: values["dns_domain"] as string,
    is_default: values["is_default"] as boolean,
  });
  for (const segment of segments) addSegment(state, network.id, segment);
  if (values["shared"]) shareWithAll(state, network, "access_as_shared", true);
  if (values["router:external"]) shareWithAll(state, network, "access_as_external", true);
  return network;
}

/** Puts a network into the table. */
export function addNetwork(
  state: State,
  values: Omit<NetworkRow, "id" | "status" | "created_at" | "updated_at" | "revision_number" | "tags">,
): NetworkRow {
  return state.networks.put({ id: state.id(), status: "ACTIVE", ...values, ...state.stamps(1) });
}

/** Makes a network everybody's, as shared or as external, or takes that back. */
export function shareWithAll(state: State, network: NetworkRow, action: string, on: boolean): void {
  const entry = state.rbac.by("object", network.id).find((one) => one.action === action && one.target_tenant === "*");
  if (on && !entry)
    state.rbac.put({
      id: state.id(),
      project_id: network.project_id,
      object_type: "network",
      object_id: network.id,
      action,
      target_tenant: "*",
    });
  if (!on && entry) state.rbac.delete(entry.id);
}

/** Whether somebody besides the owner has ports on the network. */
export function strangersOn(state: State, network: NetworkRow, project: string): boolean {
  return state.ports
    .by("network", network.id)
    .some(
      (port) =>
        port.project_id !== network.project_id &&
        port.project_id !== "" &&
        !port.device_owner.startsWith("network:") &&
        (project === "*" || port.project_id === project) &&
        !state.rbac
          .by("object", network.id)
          .some((one) => one.target_tenant === port.project_id && one.action === "access_as_shared"),
    );
}

function update(state: State, row: NetworkRow, { values }: Given, call: Call): NetworkRow {
  const segments = segmentsOf(state, row);
  changeSegment(state, row, values, segments);
  state.needQosPolicy(call.caller, values["qos_policy_id"]);
  if (values["mtu"] !== undefined)
    row.mtu = checkMtu(values["mtu"] as number, Math.min(...segments.map(({ network_type }) => mtuOf(network_type))));
  if (values["shared"] === false && state.isShared(row.id, call.caller)) {
    if (strangersOn(state, row, "*"))
      throw refusal(
        409,
        "InvalidSharedSetting",
        `Unable to reconfigure sharing settings for network ${row.id}. Multiple projects are using it.`,
      );
  }
  if (values["router:external"] === false && state.isExternal(row.id)) {
    const gateway = state.ports
      .by("network", row.id)
      .some(({ device_owner }) => device_owner === "network:router_gateway" || device_owner === "network:floatingip");
    if (gateway)
      throw refusal(
        409,
        "ExternalNetworkInUse",
        `External network ${row.id} cannot be updated to be made non-external, since it has existing gateway ports.`,
      );
  }
  const direct = [
    "name",
    "description",
    "admin_state_up",
    "port_security_enabled",
    "qos_policy_id",
    "dns_domain",
    "is_default",
  ] as const;
  for (const name of direct) if (values[name] !== undefined) Object.assign(row, { [name]: values[name] });
  if (values["shared"] !== undefined) shareWithAll(state, row, "access_as_shared", values["shared"] === true);
  if (values["router:external"] !== undefined)
    shareWithAll(state, row, "access_as_external", values["router:external"] === true);
  const written = Object.keys(values).some((name) => !name.startsWith("provider:"));
  return written ? state.touch(state.networks, row) : state.networks.put(row);
}

/** Only the number of a VLAN can be changed. */
function changeSegment(state: State, row: NetworkRow, values: Json, segments: SegmentRow[]): void {
  const names = ["network_type", "physical_network", "segmentation_id"] as const;
  const given = names.filter((name) => values[`provider:${name}`] !== undefined);
  if (given.length === 0) return;
  const [segment] = segments;
  if (!segment || segments.length > 1)
    throw refusal(400, "SegmentsSetInConjunctionWithProviders", "Segments and provider values cannot both be set.");
  const changed = given.filter((name) => values[`provider:${name}`] !== segment[name]);
  if (changed.length === 0) return;
  if (changed.some((name) => name !== "segmentation_id")) {
    throw invalidInput(
      "Plugin does not support updating the following provider network attributes: provider:physical_network, provider:network_type",
    );
  }
  const number = values["provider:segmentation_id"] as number;
  if (state.ports.by("network", row.id).some(({ host_id }) => host_id !== ""))
    throw invalidInput(
      `Provider network attributes can be updated only when there are no bound ports on the network, ${row.id} has some`,
    );
  if (state.segments.by("number", segmentKey({ ...segment, segmentation_id: number })).length > 0)
    throw refusal(
      409,
      "VlanIdInUse",
      `Unable to create the network. The VLAN ${number} on physical network ${segment.physical_network} is in use.`,
    );
  segment.segmentation_id = number;
  state.touch(state.segments, segment, 2);
}

/** Ports that Neutron itself made for a network do not keep it. */
const AUTOMATIC = new Set(["network:dhcp", "network:distributed"]);

function remove(state: State, row: NetworkRow): void {
  const ports = state.ports.by("network", row.id);
  const using = ports.filter(({ device_owner }) => !AUTOMATIC.has(device_owner));
  if (using.length > 0)
    throw refusal(
      409,
      "NetworkInUse",
      `Unable to complete operation on network ${row.id}. There are one or more ports still in use on the network, id for these ports is: ${using.map(({ id }) => id).join(",")}.`,
    );
  for (const port of ports) deletePort(state, port);
  for (const subnet of state.subnets.by("network", row.id)) state.subnets.delete(subnet.id);
  for (const segment of state.segments.by("network", row.id)) state.segments.delete(segment.id);
  for (const entry of state.rbac.by("object", row.id)) state.rbac.delete(entry.id);
  state.networks.delete(row.id);
}
