import type { Caller } from "../kernel/call.ts";
import { eui64, formatAddress, parseAddress, parsePrefix, usable } from "./addresses.ts";
import { invalidInput, refusal } from "./errors.ts";
import type { FixedIp, SubnetRow } from "./rows.ts";
import type { State } from "./state.ts";

/** An address that is asked for: on a subnet, itself, or both. */
export interface WantedIp {
  subnet_id?: string;
  ip_address?: string;
}

/** For whom addresses are looked for. */
export interface Place {
  readonly network: string;
  readonly mac: string;
  readonly deviceOwner: string;
  readonly caller: Caller;
  /** Addresses that the port has already: it may keep them. */
  readonly have: readonly FixedIp[];
}

const isAutomatic = (subnet: SubnetRow): boolean =>
  subnet.ipv6_address_mode === "slaac" || subnet.ipv6_address_mode === "dhcpv6-stateless";

const serves = (subnet: SubnetRow, owner: string): boolean =>
  subnet.service_types.length === 0 || subnet.service_types.includes(owner);

/**
 * Finds the addresses of a port. Nothing is taken yet: {@link takeAddresses}. `wanted` undefined: one of each IP version that
 * the network has. Throws where an address is taken, impossible, or none is left.
 */
export function findAddresses(state: State, place: Place, wanted: readonly WantedIp[] | undefined): FixedIp[] {
  const subnets = state.subnets.by("network", place.network);
  const found: FixedIp[] = [];
  if (wanted === undefined) {
    const eligible = subnets.filter((subnet) => serves(subnet, place.deviceOwner));
    if (subnets.length > 0 && eligible.length === 0) throw noneLeft(place.network);
    for (const version of [4, 6])
      found.push(
        ...anyOf(
          state,
          place,
          eligible.filter((subnet) => subnet.ip_version === version && !isAutomatic(subnet)),
        ),
      );
  } else {
    if (wanted.length > 0 && subnets.length === 0) throw invalidInput("IP allocation requires subnets for network");
    // Those with an address first: the others must not take it from them.
    for (const one of wanted) if (one.ip_address !== undefined) found.push(exactly(state, place, subnets, one));
    for (const one of wanted)
      if (one.ip_address === undefined) found.push(onSubnet(state, place, one.subnet_id, found));
  }
  const slaac = subnets.filter((subnet) => isAutomatic(subnet) && subnet.ipv6_ra_mode !== undefined);
  if (!place.deviceOwner.startsWith("network:router") && (wanted === undefined || place.have.length === 0))
    for (const subnet of slaac)
      if (!found.some(({ subnet_id }) => subnet_id === subnet.id))
        found.push({ subnet_id: subnet.id, ip_address: eui64(parsePrefix(subnet.cidr)!, place.mac) });
  return found.sort((one, other) => (one.ip_address < other.ip_address ? -1 : 1));
}

/** One address of the first of these subnets that has one left. */
function anyOf(state: State, place: Place, subnets: SubnetRow[]): FixedIp[] {
  if (subnets.length === 0) return [];
  for (const subnet of subnets) {
    const address = freeAddress(state, subnet, []);
    if (address !== undefined) return [{ subnet_id: subnet.id, ip_address: address }];
  }
  throw noneLeft(place.network);
}

function noneLeft(network: string) {
  return refusal(409, "IpAddressGenerationFailure", `No more IP addresses available on network ${network}.`);
}

function exactly(state: State, place: Place, subnets: SubnetRow[], wanted: WantedIp): FixedIp {
  const parsed = parseAddress(wanted.ip_address)!;
  const ip_address = formatAddress(parsed);
  let subnet: SubnetRow | undefined;
  if (wanted.subnet_id !== undefined) {
    subnet = knownSubnet(state, place, wanted.subnet_id);
    if (!usable(parsePrefix(subnet.cidr)!, parsed))
      throw refusal(400, "InvalidIpForSubnet", `IP address ${ip_address} is not a valid IP for the specified subnet.`);
  } else {
    subnet = subnets.find((one) => usable(parsePrefix(one.cidr)!, parsed));
    if (!subnet)
      throw refusal(
        400,
        "InvalidIpForNetwork",
        `IP address ${ip_address} is not a valid IP for any of the subnets on the specified network.`,
      );
  }
  const kept = place.have.some((one) => one.subnet_id === subnet.id && one.ip_address === ip_address);
  if (!kept && state.allocations.get(`${subnet.id}|${ip_address}`))
    throw refusal(
      409,
      "IpAddressAlreadyAllocated",
      `IP address ${ip_address} already allocated in subnet ${subnet.id}`,
    );
  return { subnet_id: subnet.id, ip_address };
}

function onSubnet(state: State, place: Place, id: string | undefined, found: readonly FixedIp[]): FixedIp {
  if (id === undefined) throw invalidInput("IP allocation requires subnet_id or ip_address");
  const subnet = knownSubnet(state, place, id);
  if (isAutomatic(subnet)) return { subnet_id: id, ip_address: eui64(parsePrefix(subnet.cidr)!, place.mac) };
  const kept = place.have.find(
    (one) => one.subnet_id === id && !found.some((other) => other.ip_address === one.ip_address),
  );
  if (kept) return { ...kept };
  const ip_address = freeAddress(state, subnet, found);
  if (ip_address === undefined) throw noneLeft(place.network);
  return { subnet_id: id, ip_address };
}

function knownSubnet(state: State, place: Place, id: string): SubnetRow {
  const subnet = state.subnet(place.caller, id);
  if (subnet.network_id !== place.network)
    throw invalidInput(
      `Failed to create port on network ${place.network}, because fixed_ips included invalid subnet ${id}`,
    );
  return subnet;
}

/** Some free address of the subnet's pools; undefined where none is left. */
function freeAddress(state: State, subnet: SubnetRow, also: readonly FixedIp[]): string | undefined {
  const isFree = (address: string) =>
    !state.allocations.get(`${subnet.id}|${address}`) &&
    !also.some((one) => one.subnet_id === subnet.id && one.ip_address === address);
  const version = subnet.ip_version;
  const pools = subnet.allocation_pools.map(({ start, end }) => ({
    first: parseAddress(start)!.value,
    last: parseAddress(end)!.value,
  }));
  const total = pools.reduce((sum, { first, last }) => sum + (last - first + 1n), 0n);
  const at = (index: bigint): string => {
    let left = index;
    for (const { first, last } of pools) {
      const size = last - first + 1n;
      if (left < size) return formatAddress({ version, value: first + left });
      left -= size;
    }
    throw new Error("an index beyond the pools");
  };
  const few = total > 0xffff_ffffn ? 0xffff_ffff : Number(total);
  if (few === 0) return undefined;
  for (let tries = 0; tries < 10; tries++) {
    const address = at(BigInt(state.world.random.below(few)));
    if (isFree(address)) return address;
  }
  for (let n = 0n; n < total; n++) {
    const address = at(n);
    if (isFree(address)) return address;
  }
  return undefined;
}

/** Gives the addresses to a port, and back those that it no longer has. */
export function takeAddresses(
  state: State,
  port: { id: string; network_id: string },
  before: readonly FixedIp[],
  now: readonly FixedIp[],
): void {
  const key = ({ subnet_id, ip_address }: FixedIp) => `${subnet_id}|${ip_address}`;
  const kept = new Set(now.map(key));
  for (const one of before) if (!kept.has(key(one))) state.allocations.delete(key(one));
  for (const one of now)
    if (!state.allocations.get(key(one)))
      state.allocations.put({
        id: key(one),
        subnet_id: one.subnet_id,
        network_id: port.network_id,
        port_id: port.id,
      });
}
