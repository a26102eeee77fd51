import type { Call, Json } from "../kernel/call.ts";
import { canonicalAddress } from "./addresses.ts";
import {
  type Attributes,
  addressOrNone,
  attribute,
  BASE,
  STANDARD,
  TAGS,
  toLowerCase,
  uuid,
  uuidOrNone,
} from "./attributes.ts";
import type { Given } from "./body.ts";
import type { Collection } from "./collection.ts";
import { badFor, refusal } from "./errors.ts";
import { domainName, hostName } from "./network-attributes.ts";
import { deletePort } from "./port-removal.ts";
import { addPort } from "./ports.ts";
import type { FloatingIpRow, PortRow } from "./rows.ts";
import type { State } from "./state.ts";

const { name: _, ...UNNAMED } = BASE;

const FLOATING_IP: Attributes = {
  ...UNNAMED,
  floating_ip_address: attribute("cfse", { byDefault: null, check: addressOrNone }),
  subnet_id: attribute("c", { byDefault: null, check: uuidOrNone }),
  floating_network_id: attribute("crfs", { check: uuid }),
  router_id: attribute("fs"),
  port_id: attribute("cufs", { byDefault: null, check: uuidOrNone }),
  fixed_ip_address: attribute("cufs", { byDefault: null, check: addressOrNone }),
  status: attribute("fs"),
  ...STANDARD,
  dns_name: attribute("c", { byDefault: "", convert: toLowerCase, check: hostName }),
  dns_domain: attribute("c", { byDefault: "", convert: toLowerCase, check: domainName }),
  port_forwardings: attribute(""),
  port_details: attribute(""),
  qos_policy_id: attribute("cue", { byDefault: null, check: uuidOrNone }),
  ...TAGS,
};

/** `/v2.0/floatingips`. */
export function floatingIpCollection(state: State): Collection<FloatingIpRow> {
  return {
    path: "floatingips",
    resource: "floatingip",
    plural: "floatingips",
    quota: "floatingip",
    attributes: FLOATING_IP,
    table: state.floatingIps,
    missing: (id) => refusal(404, "FloatingIPNotFound", `Floating IP ${id} could not be found`),
    sees: (caller, row) => row.project_id === caller.projectId || state.seesAll(caller),
    target: (_caller, of) => ({ owner: String(of.project_id) }),
    view: (row) => view(state, row),
    narrow(filters) {
      const owners = filters.get("project_id") ?? filters.get("tenant_id");
      return owners?.flatMap((owner) => state.floatingIps.by("project", String(owner)));
    },
    create: (given, call) => create(state, given, call),
    update: (row, given, call) => update(state, row, given, call),
    remove(row) {
      if (row.forwardings.length > 0) throw forwards(row.id);
      const port = state.ports.get(row.floating_port_id);
      state.floatingIps.delete(row.id);
      if (port) deletePort(state, port);
    },
  };
}

const forwards = (id: string) =>
  refusal(409, "FipInUseByPortForwarding", `Floating IP ${id} in use by Port Forwarding resources.`);

function view(state: State, row: FloatingIpRow): Json {
  const { floating_port_id: _port, name: _name, forwardings, ...rest } = row;
  const port = row.port_id === null ? undefined : state.ports.get(row.port_id);
  return {
    ...rest,
    tenant_id: row.project_id,
    port_details: port
      ? {
          name: port.name,
          network_id: port.network_id,
          mac_address: port.mac_address,
          admin_state_up: port.admin_state_up,
          status: port.status,
          device_id: port.device_id,
          device_owner: port.device_owner,
        }
      : null,
    port_forwardings: forwardings.map(
      ({ external_port_range: _e, internal_port_range: _i, description: _d, ...one }) => one,
    ),
  };
}

function create(state: State, { values }: Given, call: Call): FloatingIpRow {
  const id = String(values["floating_network_id"]);
  const network = state.network(call.caller, id);
  if (!state.isExternal(network.id)) throw badFor("floatingip", `Network ${id} is not a valid external network`);
  state.needQosPolicy(call.caller, values["qos_policy_id"]);
  const wanted = {
    ...(values["subnet_id"] === null ? {} : { subnet_id: String(values["subnet_id"]) }),
    ...(values["floating_ip_address"] === null ? {} : { ip_address: canonicalAddress(values["floating_ip_address"])! }),
  };
  if (!state.subnets.by("network", network.id).some(({ ip_version }) => ip_version === 4))
    throw badFor("floatingip", `Network ${id} does not contain any IPv4 subnet`);
  const port = addPort(state, call, network, {
    name: "",
    description: "",
    project_id: "",
    mac_address: undefined,
    fixed_ips: Object.keys(wanted).length > 0 ? [wanted] : undefined,
    admin_state_up: true,
    device_id: "PENDING",
    device_owner: "network:floatingip",
    port_security_enabled: false,
    security_groups: [],
  });
  const row: FloatingIpRow = {
    id: state.id(),
    name: "",
    project_id: values["project_id"] as string,
    description: values["description"] as string,
    floating_ip_address: port.fixed_ips.find(({ ip_address }) => !ip_address.includes(":"))!.ip_address,
    floating_network_id: network.id,
    floating_port_id: port.id,
    router_id: null,
    port_id: null,
    fixed_ip_address: null,
    status: "DOWN",
    qos_policy_id: values["qos_policy_id"] as string | null,
    dns_name: "",
    dns_domain: "",
    forwardings: [],
    ...state.stamps(0),
  };
  port.device_id = row.id;
  state.ports.put(port);
  try {
    if (values["port_id"] !== null) associate(state, row, values, call);
  } catch (failure) {
    deletePort(state, port);
    throw failure;
  }
  return state.floatingIps.put(row);
}

function update(state: State, row: FloatingIpRow, { values }: Given, call: Call): FloatingIpRow {
  const before = row.port_id;
  if ("port_id" in values || "fixed_ip_address" in values) {
    const port = "port_id" in values ? values["port_id"] : row.port_id;
    if (port === null) {
      if (values["fixed_ip_address"])
        throw badFor("floatingip", "fixed_ip_address cannot be specified without a port_id");
      Object.assign(row, { port_id: null, router_id: null, fixed_ip_address: null, status: "DOWN" });
    } else if (row.forwardings.length > 0) throw forwards(row.id);
    else associate(state, row, { ...values, port_id: port }, call);
  }
  if (values["description"] !== undefined) row.description = values["description"] as string;
  if (values["qos_policy_id"] !== undefined) {
    state.needQosPolicy(call.caller, values["qos_policy_id"]);
    row.qos_policy_id = values["qos_policy_id"] as string | null;
  }
  // Writing a description is a write of its own beside the association that is written again.
  const twice = values["description"] !== undefined && !("port_id" in values) && before !== null;
  return state.touch(state.floatingIps, row, twice ? 2 : 1);
}

function associate(state: State, row: FloatingIpRow, values: Json, call: Call): void {
  const port = state.port(call.caller, String(values["port_id"]));
  const fixed = fixedAddress(port, values["fixed_ip_address"] as string | null | undefined);
  const router = routerBetween(state, port, fixed.subnet_id, row.floating_network_id);
  if (!router)
    throw refusal(
      404,
      "ExternalGatewayForFloatingIPNotFound",
      `External network ${row.floating_network_id} is not reachable from subnet ${fixed.subnet_id}.  Therefore, cannot associate Port ${port.id} with a Floating IP.`,
    );
  const other = state.floatingIps
    .by("port", port.id)
    .find(
      (one) =>
        one.id !== row.id &&
        one.fixed_ip_address === fixed.ip_address &&
        one.floating_network_id === row.floating_network_id,
    );
  if (other)
    throw refusal(
      409,
      "FloatingIPPortAlreadyAssociated",
      `Cannot associate floating IP ${row.floating_ip_address} (${row.id}) with port ${port.id} using fixed IP ${fixed.ip_address}, as that fixed IP already has a floating IP on external network ${row.floating_network_id}.`,
    );
  row.port_id = port.id;
  row.fixed_ip_address = fixed.ip_address;
  row.router_id = router;
}

function fixedAddress(port: PortRow, wanted: string | null | undefined) {
  const four = port.fixed_ips.filter(({ ip_address }) => !ip_address.includes(":"));
  if (wanted) {
    const found = four.find(({ ip_address }) => ip_address === canonicalAddress(wanted));
    if (!found) throw badFor("floatingip", `Port ${port.id} does not have fixed ip ${wanted}`);
    return found;
  }
  const [first, second] = four;
  if (!first) throw badFor("floatingip", `Cannot add floating IP to port ${port.id} that has no fixed IPv4 addresses`);
  if (second)
    throw badFor(
      "floatingip",
      `Port ${port.id} has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP`,
    );
  return first;
}

/** The router that has the subnet on one side and the external network on the other. */
export function routerBetween(state: State, port: PortRow, subnet: string, external: string): string | undefined {
  for (const near of state.ports.by("network", port.network_id)) {
    if (near.device_owner !== "network:router_interface") continue;
    if (!near.fixed_ips.some(({ subnet_id }) => subnet_id === subnet)) continue;
    const router = state.routers.get(near.device_id);
    const gateway = router?.gateway_port_id ? state.ports.get(router.gateway_port_id) : undefined;
    if (router && gateway?.network_id === external) return router.id;
  }
  return undefined;
}
