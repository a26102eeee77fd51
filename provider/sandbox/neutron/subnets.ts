import type { Call, Json } from "../kernel/call.ts";
import { repr } from "../kernel/python.ts";
import {
  defaultPools,
  formatAddress,
  formatPrefix,
  lastOf,
  overlap,
  type Prefix,
  parseAddress,
  parsePrefix,
  type Range,
} from "./addresses.ts";
import type { Given } from "./body.ts";
import type { Collection } from "./collection.ts";
import { badFor, invalidInput, refusal } from "./errors.ts";
import type { SubnetRow } from "./rows.ts";
import type { State } from "./state.ts";
import { SUBNET } from "./subnet-attributes.ts";
import { takePrefix } from "./subnet-pools.ts";

/** `/v2.0/subnets`. */
export function subnetCollection(state: State): Collection<SubnetRow> {
  return {
    path: "subnets",
    resource: "subnet",
    plural: "subnets",
    quota: "subnet",
    attributes: SUBNET,
    table: state.subnets,
    guarded: ["segment_id"],
    missing: (id) => refusal(404, "SubnetNotFound", `Subnet ${id} could not be found.`),
    sees: (caller, row) => state.seesSubnet(caller, row),
    target(caller, of) {
      const network = state.networks.get(String(of.network_id));
      // Whoever makes a subnet on a network that there is not is told so, whatever else he may.
      if (!network) throw refusal(404, "NetworkNotFound", `Network ${of.network_id} could not be found.`);
      return {
        owner: String(of.project_id),
        parentOwner: network.project_id,
        shared: state.isShared(network.id, caller),
        external: state.isExternal(network.id),
      };
    },
    view: (row) => view(state, row),
    narrow(filters) {
      const networks = filters.get("network_id");
      if (networks) return networks.flatMap((id) => state.subnets.by("network", String(id)));
      const owners = filters.get("project_id") ?? filters.get("tenant_id");
      return owners?.flatMap((owner) => state.subnets.by("project", String(owner)));
    },
    create: (given, call) => create(state, given, call),
    update: (row, given) => update(state, row, given),
    remove: (row) => remove(state, row),
  };
}

function view(state: State, row: SubnetRow): Json {
  return { ...row, tenant_id: row.project_id, "router:external": state.isExternal(row.network_id) };
}

function create(state: State, { values }: Given, call: Call): SubnetRow {
  const network = state.network(call.caller, String(values["network_id"]));
  const version = values["ip_version"] as 4 | 6;
  const pool = values["subnetpool_id"] as string | null | undefined;
  let cidr = parsePrefix(values["cidr"]);
  if (!cidr && !pool) throw badFor("subnets", "a subnetpool must be specified in the absence of a cidr");
  const checked = { ...values, ...(cidr ? { cidr: formatPrefix(cidr) } : {}) };
  checkSubnet(checked, version, cidr);
  if (pool) cidr = takePrefix(state, call.caller, pool, values["prefixlen"] as number | undefined, cidr);
  const prefix = cidr!;
  if (prefix.length === 0) throw invalidInput("0 is not allowed as CIDR prefix length");
  const gateway = values["gateway_ip"] === undefined ? firstGateway(prefix) : (values["gateway_ip"] as string | null);
  const pools = values["allocation_pools"] as Range[] | undefined;
  if (pools) checkPools(pools, prefix, gateway);
  for (const other of state.subnets.by("network", network.id))
    if (overlap(parsePrefix(other.cidr)!, prefix))
      throw invalidInput(
        `Requested subnet with cidr: ${formatPrefix(prefix)} for network: ${network.id} overlaps with another subnet`,
      );
  return addSubnet(state, {
    name: values["name"] as string,
    description: values["description"] as string,
    project_id: values["project_id"] as string,
    network_id: network.id,
    ip_version: version,
    subnetpool_id: pool ?? null,
    enable_dhcp: values["enable_dhcp"] as boolean,
    ipv6_ra_mode: (values["ipv6_ra_mode"] as string | undefined) ?? null,
    ipv6_address_mode: (values["ipv6_address_mode"] as string | undefined) ?? null,
    gateway_ip: gateway,
    cidr: formatPrefix(prefix),
    allocation_pools: pools ?? defaultPools(prefix, gateway),
    host_routes: (values["host_routes"] as SubnetRow["host_routes"] | undefined) ?? [],
    dns_nameservers: (values["dns_nameservers"] as string[] | undefined) ?? [],
    service_types: (values["service_types"] as string[] | undefined) ?? [],
    segment_id: (values["segment_id"] as string | undefined) ?? null,
  });
}

/** The gateway that a subnet gets by itself: the first address, in IPv6 the network's own. */
export function firstGateway(prefix: Prefix): string {
  return formatAddress({ version: prefix.version, value: prefix.version === 4 ? prefix.value + 1n : prefix.value });
}

/** Puts a subnet into the table; its network counts that as a change. */
export function addSubnet(
  state: State,
  values: Omit<SubnetRow, "id" | "created_at" | "updated_at" | "revision_number" | "tags">,
): SubnetRow {
  const subnet = state.subnets.put({ id: state.id(), ...values, ...state.stamps(0) });
  const network = state.networks.get(subnet.network_id);
  if (network) state.touch(state.networks, network);
  return subnet;
}

/** What is said of a subnet that cannot be, whatever else there is. `before`: the subnet that is changed. */
function checkSubnet(values: Json, version: 4 | 6, prefix: Prefix | undefined, before?: SubnetRow): void {
  sameVersion(prefix?.version, version, values["cidr"], "cidr");
  if (prefix && values["enable_dhcp"] && !before?.enable_dhcp) checkForDhcp(prefix);
  const gateway = values["gateway_ip"] as string | null | undefined;
  if (gateway) {
    const parsed = parseAddress(gateway)!;
    sameVersion(parsed.version, version, gateway, "gateway_ip");
    if (prefix && !gatewayPossible(prefix, parsed.value)) throw invalidInput("Gateway is not valid on subnet");
  }
  const servers = (values["dns_nameservers"] ?? []) as string[];
  const whose = before?.id ?? "new subnet";
  if (servers.length > 5)
    throw refusal(
      400,
      "DNSNameServersExhausted",
      `Unable to complete operation for ${whose}. The number of DNS nameservers exceeds the limit 5.`,
    );
  for (const server of servers) sameVersion(parseAddress(server)?.version, version, server, "dns_nameserver");
  const routes = (values["host_routes"] ?? []) as SubnetRow["host_routes"];
  if (routes.length > 20)
    throw refusal(
      400,
      "HostRoutesExhausted",
      `Unable to complete operation for ${whose}. The number of host routes exceeds the limit 20.`,
    );
  for (const { destination, nexthop } of routes) {
    sameVersion(parsePrefix(destination)?.version, version, destination, "destination");
    sameVersion(parseAddress(nexthop)?.version, version, nexthop, "nexthop");
  }
  const modes = ["ipv6_ra_mode", "ipv6_address_mode"] as const;
  if (version === 4) {
    for (const mode of modes) if (values[mode]) throw invalidInput(`${mode} is not valid when ip_version is 4`);
  } else checkModes(values, prefix);
}

function checkModes(values: Json, prefix: Prefix | undefined): void {
  const { ipv6_ra_mode: ra, ipv6_address_mode: mode } = values;
  if ((ra || mode) && values["enable_dhcp"] === false)
    throw invalidInput("ipv6_ra_mode or ipv6_address_mode cannot be set when enable_dhcp is set to False");
  if (ra && mode && ra !== mode)
    throw invalidInput(
      `ipv6_ra_mode set to '${ra}' with ipv6_address_mode set to '${mode}' is not valid. If both attributes are set, they must be the same value`,
    );
  const automatic = (ra ?? mode) === "slaac" || (ra ?? mode) === "dhcpv6-stateless";
  if (automatic && prefix && prefix.length !== 64)
    throw invalidInput(
      `Invalid CIDR ${formatPrefix(prefix)} for IPv6 address mode. OpenStack uses the EUI-64 address format, which requires the prefix to be /64`,
    );
}

function checkForDhcp(prefix: Prefix): void {
  if (prefix.length > (prefix.version === 4 ? 30 : 126))
    throw invalidInput("Subnet has a prefix length that is incompatible with DHCP service enabled");
  if (prefix.version === 6) return;
  const first = Number(prefix.value >> 24n);
  if (first >= 224 && first < 240) throw invalidInput("Multicast IP subnet is not supported if enable_dhcp is True");
  if (first === 127) throw invalidInput("Loopback IP subnet is not supported if enable_dhcp is True");
  if (prefix.value === 0n) throw invalidInput("First IP '0.0.0.0' of network is not supported if enable_dhcp is True.");
}

/** A gateway outside the subnet is allowed; the network's and the broadcast address are none. */
function gatewayPossible(prefix: Prefix, gateway: bigint): boolean {
  if (prefix.version === 6 || prefix.length >= 31) return true;
  return gateway !== prefix.value && gateway !== lastOf(prefix);
}

function sameVersion(have: number | undefined, version: number, value: unknown, name: string): void {
  if (have !== undefined && have !== version)
    throw invalidInput(`${name} '${value}' does not match the ip_version '${version}'`);
}

const asText = ({ start, end }: Range): string => `${start}-${end}`;

function bounds(pool: Range): { start: bigint; end: bigint } {
  return { start: parseAddress(pool.start)!.value, end: parseAddress(pool.end)!.value };
}

function checkPools(pools: Range[], prefix: Prefix, gateway: string | null): void {
  for (const pool of pools) {
    const { start, end } = bounds(pool);
    const version = parseAddress(pool.start)!.version;
    if (version !== parseAddress(pool.end)!.version || start > end)
      throw refusal(
        400,
        "InvalidAllocationPool",
        `The allocation pool ${repr({ start: pool.start, end: pool.end })} is not valid.`,
      );
    if (version !== prefix.version)
      throw refusal(400, "InvalidAllocationPool", `The allocation pool ${asText(pool)} is not valid.`);
    const edge = prefix.length < (prefix.version === 4 ? 31 : 129) ? 1n : 0n;
    const last = lastOf(prefix) - (prefix.version === 4 ? edge : 0n);
    if (start < prefix.value + edge || end > last)
      throw refusal(
        400,
        "OutOfBoundsAllocationPool",
        `The allocation pool ${asText(pool)} spans beyond the subnet cidr ${formatPrefix(prefix)}.`,
      );
  }
  for (const [n, one] of pools.entries())
    for (const other of pools.slice(n + 1)) {
      const [left, right] = [bounds(one), bounds(other)];
      if (left.start <= right.end && right.start <= left.end)
        throw refusal(
          409,
          "OverlappingAllocationPools",
          `Found overlapping allocation pools: ${asText(one)} ${asText(other)} for subnet ${formatPrefix(prefix)}.`,
        );
    }
  keepGatewayOut(gateway, pools);
}

function keepGatewayOut(gateway: string | null, pools: Range[]): void {
  const parsed = gateway === null ? undefined : parseAddress(gateway);
  if (!parsed) return;
  for (const pool of pools) {
    const { start, end } = bounds(pool);
    if (parsed.value >= start && parsed.value <= end)
      throw refusal(
        409,
        "GatewayConflictWithAllocationPools",
        `Gateway ip ${gateway} conflicts with allocation pool ${asText(pool)}.`,
      );
  }
}

function update(state: State, row: SubnetRow, { values }: Given): SubnetRow {
  const prefix = parsePrefix(row.cidr)!;
  checkSubnet({ ...values, cidr: row.cidr }, row.ip_version, prefix, row);
  const gateway = values["gateway_ip"] === undefined ? row.gateway_ip : (values["gateway_ip"] as string | null);
  if (gateway !== row.gateway_ip && row.gateway_ip) {
    const holder = state.allocations.get(`${row.id}|${row.gateway_ip}`);
    const port = holder && state.ports.get(holder.port_id);
    if (port?.device_owner.startsWith("network:router"))
      throw refusal(
        409,
        "GatewayIpInUse",
        `Current gateway ip ${row.gateway_ip} already in use by port ${port.id}. Unable to update.`,
      );
  }
  const pools = values["allocation_pools"] as Range[] | undefined;
  if (pools) checkPools(pools, prefix, gateway);
  else if (gateway !== row.gateway_ip) keepGatewayOut(gateway, row.allocation_pools);
  Object.assign(row, values);
  // These have tables of their own: writing them alone is no revision of the subnet.
  const beside = ["allocation_pools", "host_routes", "dns_nameservers", "service_types"];
  const written = Object.keys(values).some((name) => !beside.includes(name));
  return written ? state.touch(state.subnets, row) : state.subnets.put(row);
}

function remove(state: State, row: SubnetRow): void {
  const inUse = (ports: string) =>
    refusal(409, "SubnetInUse", `Unable to complete operation on subnet ${row.id}: ${ports}.`);
  for (const { port_id } of state.allocations.by("subnet", row.id)) {
    const port = state.ports.get(port_id);
    if (port && port.device_owner !== "network:dhcp")
      throw inUse("One or more ports have an IP allocation from this subnet");
  }
  for (const allocation of state.allocations.by("subnet", row.id)) {
    const port = state.ports.get(allocation.port_id);
    state.allocations.delete(allocation.id);
    if (!port) continue;
    port.fixed_ips = port.fixed_ips.filter(({ subnet_id }) => subnet_id !== row.id);
    state.touch(state.ports, port);
  }
  state.subnets.delete(row.id);
  const network = state.networks.get(row.network_id);
  if (network) state.touch(state.networks, network);
}
