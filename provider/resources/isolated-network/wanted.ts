import type { Identity } from "../../core/index.ts";
import type { Subnet } from "../../openstack/neutron/index.ts";
import type { NetworkInputs, SubnetInput } from "../isolated-network.ts";
import { defaultGateway, defaultPools, normal, parseBlock } from "./addresses.ts";

/** The subnets that a program asks for, whichever form it uses. */
export const wantedSubnets = (inputs: Partial<NetworkInputs>): readonly SubnetInput[] =>
  inputs.cidr === undefined ? (inputs.subnets ?? []) : [{ cidr: inputs.cidr }];

/** The subnet of this block. */
export const subnetOf = (subnets: readonly Subnet[], cidr: string): Subnet | undefined =>
  subnets.find((subnet) => normal(subnet.cidr) === normal(cidr));

/** The name of the resource in its program. */
export const logicalName = (identity: Identity): string => identity.split("/").pop() ?? "";

/** Neutron wants a domain with a dot at its end. */
export const domainOf = (domain: string): string => (domain === "" || domain.endsWith(".") ? domain : `${domain}.`);

const modeOf = (subnet: Subnet): string | undefined => subnet.ipv6_address_mode ?? undefined;

/** Whether this subnet cannot become what is wanted without being made anew. */
export const needsNewSubnet = (wanted: SubnetInput, subnet: Subnet, last: SubnetInput | undefined): boolean =>
  (wanted.ipv6Mode !== undefined || last?.ipv6Mode !== undefined) && wanted.ipv6Mode !== modeOf(subnet);

/** The body that makes a subnet, without the parts that do not come from the program. */
export function subnetBody(wanted: SubnetInput): Record<string, unknown> {
  return {
    cidr: normal(wanted.cidr),
    ip_version: wanted.cidr.includes(":") ? 6 : 4,
    ...(wanted.gateway !== undefined && { gateway_ip: wanted.gateway === "none" ? null : normal(wanted.gateway) }),
    ...(wanted.dhcp !== undefined && { enable_dhcp: wanted.dhcp }),
    ...(wanted.allocationPools && {
      allocation_pools: wanted.allocationPools.map(({ start, end }) => ({ start: normal(start), end: normal(end) })),
    }),
    ...(wanted.dnsServers && { dns_nameservers: wanted.dnsServers.map(normal) }),
    ...(wanted.hostRoutes && { host_routes: routesOf(wanted) }),
    ...(wanted.ipv6Mode && { ipv6_address_mode: wanted.ipv6Mode, ipv6_ra_mode: wanted.ipv6Mode }),
  };
}

const routesOf = (wanted: SubnetInput) =>
  (wanted.hostRoutes ?? []).map(({ destination, nextHop }) => ({
    destination: normal(destination),
    nexthop: normal(nextHop),
  }));

const inOrder = (texts: readonly string[]): string => JSON.stringify(texts.map(normal));
const anyOrder = (texts: readonly string[]): string =>
  JSON.stringify(texts.map((text) => text.split(" ").map(normal).join(" ")).sort());
const poolTexts = (pools: readonly { start: string; end: string }[]) =>
  pools.map(({ start, end }) => `${start} ${end}`);
const routeTexts = (routes: readonly { destination: string; nexthop: string }[]) =>
  routes.map((route) => `${route.destination} ${route.nexthop}`);

/**
 * What to write on a subnet. A property that the program does not set is left as it is; one that it set the last time
 * and does not set any more goes back to Neutron's default.
 */
export function subnetChanges(
  wanted: SubnetInput,
  subnet: Subnet,
  last: SubnetInput | undefined,
): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  const block = parseBlock(subnet.cidr);
  const known = "wrong" in block ? undefined : block;

  const gateway = wanted.gateway ?? (last?.gateway === undefined ? undefined : known && defaultGateway(known));
  const wantedGateway = gateway === "none" ? null : gateway === undefined ? subnet.gateway_ip : normal(gateway);
  if (wantedGateway !== (subnet.gateway_ip && normal(subnet.gateway_ip))) changes["gateway_ip"] = wantedGateway;

  const dhcp = wanted.dhcp ?? (last?.dhcp === undefined ? undefined : true);
  if (dhcp !== undefined && dhcp !== subnet.enable_dhcp) changes["enable_dhcp"] = dhcp;

  const pools = wanted.allocationPools ?? (last?.allocationPools && known && defaultPools(known, wantedGateway));
  if (pools && anyOrder(poolTexts(pools)) !== anyOrder(poolTexts(subnet.allocation_pools)))
    changes["allocation_pools"] = pools.map(({ start, end }) => ({ start: normal(start), end: normal(end) }));

  const servers = wanted.dnsServers ?? (last?.dnsServers && []);
  if (servers && inOrder(servers) !== inOrder(subnet.dns_nameservers)) changes["dns_nameservers"] = servers.map(normal);

  if (wanted.hostRoutes || last?.hostRoutes) {
    const routes = routesOf(wanted);
    if (anyOrder(routeTexts(routes)) !== anyOrder(routeTexts(subnet.host_routes))) changes["host_routes"] = routes;
  }
  return changes;
}

/** A subnet in the program's own words where they still hold; what the program does not set is not mentioned. */
export function actualSubnet(wanted: SubnetInput, subnet: Subnet): SubnetInput {
  const gateway = wanted.gateway === "none" ? null : wanted.gateway && normal(wanted.gateway);
  return {
    ...wanted,
    ...(gateway !== undefined &&
      gateway !== (subnet.gateway_ip && normal(subnet.gateway_ip)) && { gateway: subnet.gateway_ip ?? "none" }),
    ...(wanted.dhcp !== undefined && { dhcp: subnet.enable_dhcp }),
    ...(wanted.allocationPools &&
      anyOrder(poolTexts(wanted.allocationPools)) !== anyOrder(poolTexts(subnet.allocation_pools)) && {
        allocationPools: subnet.allocation_pools.map(({ start, end }) => ({ start, end })),
      }),
    ...(wanted.dnsServers &&
      inOrder(wanted.dnsServers) !== inOrder(subnet.dns_nameservers) && { dnsServers: [...subnet.dns_nameservers] }),
    ...(wanted.hostRoutes &&
      anyOrder(routeTexts(routesOf(wanted))) !== anyOrder(routeTexts(subnet.host_routes)) && {
        hostRoutes: subnet.host_routes.map(({ destination, nexthop }) => ({ destination, nextHop: nexthop })),
      }),
    ...(wanted.ipv6Mode !== undefined &&
      wanted.ipv6Mode !== modeOf(subnet) &&
      modeOf(subnet) !== undefined && { ipv6Mode: modeOf(subnet) as "slaac" }),
  };
}
