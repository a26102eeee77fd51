import { type Call, type Json, Refusal } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { parseAddress, parsePrefix, sizeOf } from "./addresses.ts";
import { type Attributes, attribute } from "./attributes.ts";
import { hidden, refusal } from "./errors.ts";
import { EXTENSIONS } from "./extension-list.ts";
import { filtersOf, passes, withFields } from "./query.ts";
import type { NetworkRow, SubnetRow } from "./rows.ts";
import type { State } from "./state.ts";

/** What there is besides the collections that somebody fills: versions, extensions, lists that never change, statistics. */
export function aroundRoutes(state: State): Route[] {
  const list = (path: string, name: string, items: (call: Call) => Json[]) =>
    route("GET", `/v2.0/${path}`, (call) => {
      const found = items(call);
      return { status: 200, body: { [name]: found.map((item) => withFields(item, call.query)) } };
    });
  return [
    ...versionRoutes(),
    ...extensionRoutes(),
    list("availability_zones", "availability_zones", () => []),
    list("flavors", "flavors", () => []),
    list("metering/metering-labels", "metering_labels", () => []),
    list("metering/metering-label-rules", "metering_label_rules", () => []),
    list("service-providers", "service_providers", () => PROVIDERS),
    list("default-security-group-rules", "default_security_group_rules", () => DEFAULT_RULES),
    list("floatingip_pools", "floatingip_pools", (call) => floatingIpPools(state, call)),
    list("network-ip-availabilities", "network_ip_availabilities", (call) => availabilities(state, call)),
    route("GET", "/v2.0/network-ip-availabilities/{id}", (call) => {
      const network = state.network(call.caller, call.params["id"]!);
      if (!state.seesAll(call.caller)) throw hidden();
      return { status: 200, body: { network_ip_availability: withFields(availability(state, network), call.query) } };
    }),
    route("GET", "/v2.0/auto-allocated-topology/{project}", () => {
      throw refusal(403, "NotAuthorized", "Not authorized.");
    }),
  ];
}

function versionRoutes(): Route[] {
  const versions = ({ base }: Call) => ({
    status: 200,
    body: {
      versions: [{ id: "v2.0", status: "CURRENT", links: [{ rel: "self", href: `${base}/v2.0/` }] }],
    },
  });
  return [
    route("GET", "/", versions, { public: true }),
    route("GET", "", versions, { public: true }),
    route("GET", "/v2.0/", ({ base }) => ({
      status: 200,
      body: {
        resources: ["network", "subnet", "subnetpool", "port"].map((name) => ({
          name,
          collection: `${name}s`,
          links: [{ rel: "self", href: `${base}/v2.0/${name}s` }],
        })),
      },
    })),
  ];
}

function extensionRoutes(): Route[] {
  const extensions = EXTENSIONS.trim()
    .split("\n")
    .map((line) => {
      const [alias, name, updated, ...rest] = line.split("|");
      return { name, alias, description: rest.join("|"), updated, links: [] };
    });
  return [
    route("GET", "/v2.0/extensions", () => ({ status: 200, body: { extensions } })),
    route("GET", "/v2.0/extensions/{alias}", (call) => {
      const extension = extensions.find(({ alias }) => alias === call.params["alias"]);
      if (extension) return { status: 200, body: { extension } };
      const message = `Extension with alias ${call.params["alias"]} does not exist`;
      throw new Refusal(404, message, {
        detail: {
          html: `<html>\n <head>\n  <title>404 Not Found</title>\n </head>\n <body>\n  <h1>404 Not Found</h1>\n  The resource could not be found.<br /><br />\n${message}\n\n\n </body>\n</html>`,
        },
      });
    }),
  ];
}

const PROVIDERS: Json[] = [
  ...["dvrha", "dvr", "ha", "single_node"].map((name) => ({ service_type: "L3_ROUTER_NAT", name, default: false })),
  { service_type: "VPN", name: "strongswan", default: true },
  { service_type: "FIREWALL_V2", name: "oscloud", default: true },
];

const DEFAULT_RULES: Json[] = [
  ["ingress", "IPv4", "2d0ee8a5-2a3c-4e2b-9f4b-6f6e6a0c3d01"],
  ["ingress", "IPv6", "2d0ee8a5-2a3c-4e2b-9f4b-6f6e6a0c3d02"],
  ["egress", "IPv4", "2d0ee8a5-2a3c-4e2b-9f4b-6f6e6a0c3d03"],
  ["egress", "IPv6", "2d0ee8a5-2a3c-4e2b-9f4b-6f6e6a0c3d04"],
].map(([direction, ethertype, id]) => ({
  id,
  ethertype,
  direction,
  protocol: null,
  port_range_min: null,
  port_range_max: null,
  remote_ip_prefix: null,
  remote_address_group_id: null,
  remote_group_id: direction === "ingress" ? "PARENT" : null,
  description: `Legacy default SG rule for ${direction} traffic`,
  used_in_default_sg: true,
  used_in_non_default_sg: direction === "egress",
}));

function floatingIpPools(state: State, call: Call): Json[] {
  return state.networks
    .filter((network) => state.isExternal(network.id) && state.seesNetwork(call.caller, network))
    .flatMap((network) => state.subnets.by("network", network.id))
    .filter(({ ip_version }) => ip_version === 4)
    .map((subnet) => ({
      subnet_id: subnet.id,
      subnet_name: subnet.name,
      project_id: call.caller.projectId,
      tenant_id: call.caller.projectId,
      network_id: subnet.network_id,
      cidr: subnet.cidr,
    }));
}

const AVAILABILITY: Attributes = {
  network_id: attribute("f"),
  network_name: attribute("f"),
  tenant_id: attribute("f"),
  project_id: attribute("f"),
  ip_version: attribute("f"),
};

function availabilities(state: State, call: Call): Json[] {
  const filters = filtersOf(call.query, AVAILABILITY);
  if (!state.seesAll(call.caller)) return [];
  return state.networks
    .values()
    .map((network) => availability(state, network))
    .filter((one) => passes(one, filters))
    .sort((one, other) => (String(one["network_id"]) < String(other["network_id"]) ? -1 : 1));
}

function availability(state: State, network: NetworkRow): Json {
  const subnets = state.subnets.by("network", network.id).map((subnet) => ofSubnet(state, subnet));
  const sum = (key: "used_ips" | "total_ips") => subnets.reduce((total, one) => total + one[key], 0);
  const detail = (key: keyof Details) =>
    subnets.reduce((total, { ip_availability_details }) => total + ip_availability_details[key], 0);
  return {
    network_id: network.id,
    network_name: network.name,
    project_id: network.project_id,
    tenant_id: network.project_id,
    subnet_ip_availability: subnets,
    used_ips: sum("used_ips"),
    total_ips: sum("total_ips"),
    ip_availability_details: {
      total_ips_in_subnet: detail("total_ips_in_subnet"),
      total_ips_in_allocation_pool: detail("total_ips_in_allocation_pool"),
      used_ips_in_subnet: detail("used_ips_in_subnet"),
      used_ips_in_allocation_pool: detail("used_ips_in_allocation_pool"),
    },
  };
}

interface Details {
  total_ips_in_subnet: number;
  total_ips_in_allocation_pool: number;
  used_ips_in_subnet: number;
  used_ips_in_allocation_pool: number;
}

function ofSubnet(state: State, subnet: SubnetRow) {
  const prefix = parsePrefix(subnet.cidr)!;
  const pools = subnet.allocation_pools.map(({ start, end }) => [
    parseAddress(start)!.value,
    parseAddress(end)!.value,
  ]) as [bigint, bigint][];
  const inPools = pools.reduce((sum, [first, last]) => sum + Number(last - first + 1n), 0);
  const used = state.allocations.by("subnet", subnet.id).map(({ id }) => parseAddress(id.split("|")[1])!.value);
  const usedInPools = used.filter((value) => pools.some(([first, last]) => value >= first && value <= last)).length;
  const edges = prefix.version === 4 && prefix.length < 31 ? 2n : 0n;
  return {
    subnet_id: subnet.id,
    ip_version: subnet.ip_version,
    cidr: subnet.cidr,
    subnet_name: subnet.name,
    used_ips: used.length,
    total_ips: inPools,
    ip_availability_details: {
      total_ips_in_subnet: Number(sizeOf(prefix) - edges),
      total_ips_in_allocation_pool: inPools,
      used_ips_in_subnet: used.length,
      used_ips_in_allocation_pool: usedInPools,
    },
  };
}
