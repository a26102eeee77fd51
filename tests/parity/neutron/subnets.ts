/** Subnets and the addresses they have to give. */
import type { Json } from "../../cloud/client.ts";
import { exchange } from "../exchange.ts";
import { BETA, make, NOTHING, networkWith, portOn } from "./kit.ts";

export const exchanges = [
  exchange(
    "subnets from their making to their end",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { id: network_id } = await make(cloud, beta, "networks", { network: { name: "parity-neutron-sa" } });
      const pools = { unordered: ["body.subnet.allocation_pools"] };
      const one = (more: Json) =>
        make(cloud, beta, "subnets", { subnet: { network_id, ip_version: 4, ...more } }, pools);
      const first = await one({ cidr: "10.62.0.0/24", name: "parity-neutron-sa" });
      await one({
        cidr: "10.62.1.0/26",
        gateway_ip: "10.62.1.62",
        dns_nameservers: ["192.0.2.53", "192.0.2.54"],
        host_routes: [{ destination: "10.99.0.0/16", nexthop: "10.62.1.9" }],
        enable_dhcp: false,
      });
      await one({ cidr: "10.62.2.0/24", gateway_ip: null, name: "no gateway" });
      await one({
        cidr: "10.62.3.0/24",
        allocation_pools: [
          { start: "10.62.3.10", end: "10.62.3.20" },
          { start: "10.62.3.40", end: "10.62.3.40" },
        ],
      });
      await one({ cidr: "10.62.4.5/24", description: "host bits" });
      await one({ cidr: "10.62.5.0/31" });
      await one({ cidr: "10.62.6.0/30", gateway_ip: "10.62.6.2" });
      await one({ cidr: "2001:db8:62::/64", ip_version: 6 });
      await one({
        cidr: "2001:db8:63::/64",
        ip_version: 6,
        ipv6_ra_mode: "dhcpv6-stateful",
        ipv6_address_mode: "dhcpv6-stateful",
      });
      await beta.call("neutron", "GET", `/networks/${network_id}?fields=subnets`);
      await beta.call("neutron", "GET", `/subnets/${first.id}`);
      const put = (subnet: Json) => beta.call("neutron", "PUT", `/subnets/${first.id}`, { subnet });
      await put({ name: "parity-neutron-sb", dns_nameservers: ["192.0.2.53"] });
      await put({ gateway_ip: "10.62.0.254" });
      await put({ allocation_pools: [{ start: "10.62.0.100", end: "10.62.0.200" }] });
      await put({ gateway_ip: null, enable_dhcp: false });
      await put({ host_routes: [{ destination: "10.98.0.0/16", nexthop: "10.62.0.9" }] });
      await put({ cidr: "10.62.9.0/24" });
      await put({ gateway_ip: "10.62.0.150" });
      await put({ gateway_ip: "10.63.0.1" });
      await put({ network_id });
      await beta.call("neutron", "DELETE", `/subnets/${first.id}`);
      await beta.call("neutron", "GET", `/subnets/${first.id}`);
      await beta.call("neutron", "DELETE", `/subnets/${first.id}`);
    },
    BETA,
  ),
  exchange(
    "subnets that are refused",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const { network } = await networkWith(cloud, beta, "parity-neutron-sc", "10.63.0.0/24");
      const one = (more: Json) =>
        make(cloud, beta, "subnets", { subnet: { network_id: network, ip_version: 4, ...more } });
      await one({ cidr: "10.63.0.128/25" });
      await one({ cidr: "10.63.0.0/24" });
      await one({});
      await one({ cidr: "10.63.300.0/24" });
      await one({ cidr: "banana" });
      await one({ cidr: "10.63.1.0" });
      await one({ cidr: "10.63.1.0/33" });
      await one({ cidr: "10.63.1.0/32" });
      await one({ cidr: "10.63.1.0/24", ip_version: 6 });
      await one({ cidr: "10.63.1.0/24", ip_version: 5 });
      await one({ cidr: "0.0.0.0/0" });
      await one({ cidr: "224.0.0.0/16" });
      await one({ cidr: "127.0.0.0/8" });
      await one({ cidr: "10.63.1.0/24", gateway_ip: "10.64.0.1" });
      await one({ cidr: "10.63.1.0/24", gateway_ip: "10.63.1.0" });
      await one({ cidr: "10.63.1.0/24", gateway_ip: "10.63.1.255" });
      await one({ cidr: "10.63.1.0/24", gateway_ip: "x" });
      await one({ cidr: "10.63.1.0/24", allocation_pools: [{ start: "10.63.1.20", end: "10.63.1.10" }] });
      await one({ cidr: "10.63.1.0/24", allocation_pools: [{ start: "10.63.1.20", end: "10.63.2.10" }] });
      await one({ cidr: "10.63.1.0/24", allocation_pools: [{ start: "10.63.1.1", end: "10.63.1.10" }] });
      await one({ cidr: "10.63.1.0/24", allocation_pools: [{ start: "10.63.1.20" }] });
      await one({ cidr: "10.63.1.0/24", allocation_pools: "all" });
      await one({
        cidr: "10.63.1.0/24",
        allocation_pools: [
          { start: "10.63.1.2", end: "10.63.1.10" },
          { start: "10.63.1.10", end: "10.63.1.20" },
        ],
      });
      await one({ cidr: "10.63.1.0/24", dns_nameservers: ["x"] });
      await one({ cidr: "10.63.1.0/24", dns_nameservers: ["192.0.2.1", "192.0.2.1"] });
      await one({ cidr: "10.63.1.0/24", dns_nameservers: Array.from({ length: 6 }, (_, n) => `192.0.2.${n + 1}`) });
      await one({ cidr: "10.63.1.0/24", host_routes: [{ destination: "x", nexthop: "10.63.1.1" }] });
      await one({ cidr: "10.63.1.0/24", host_routes: [{ destination: "10.1.0.0/16" }] });
      await one({ cidr: "10.63.1.0/24", enable_dhcp: "perhaps" });
      await one({ cidr: "10.63.1.0/24", ipv6_ra_mode: "slaac" });
      await one({ cidr: "10.63.1.0/24", subnetpool_id: NOTHING });
      await one({ prefixlen: 26 });
      await make(cloud, beta, "subnets", { subnet: { network_id: NOTHING, ip_version: 4, cidr: "10.63.1.0/24" } });
      await make(cloud, beta, "subnets", { subnet: { network_id: "x", ip_version: 4, cidr: "10.63.1.0/24" } });
      await make(cloud, beta, "subnets", { subnet: { ip_version: 4, cidr: "10.63.1.0/24" } });
      await make(cloud, beta, "subnets", { subnet: { network_id: network, cidr: "10.63.1.0/24" } });
      await make(cloud, alpha, "subnets", { subnet: { network_id: network, ip_version: 4, cidr: "10.63.1.0/24" } });
    },
    BETA,
  ),
  exchange(
    "a subnet in use and one that runs out of addresses",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { network, subnet } = await networkWith(cloud, beta, "parity-neutron-sd", "10.64.0.0/29");
      const ports = [];
      for (let n = 0; n < 6; n++) ports.push(await portOn(cloud, beta, network));
      await portOn(cloud, beta, network, { fixed_ips: [{ subnet_id: subnet }] });
      await beta.call("neutron", "DELETE", `/subnets/${subnet}`);
      await beta.call(
        "neutron",
        "PUT",
        `/subnets/${subnet}`,
        { subnet: { gateway_ip: "10.64.0.2" } },
        { varies: ["body.NeutronError.message"] },
      );
      await beta.call("neutron", "GET", `/network-ip-availabilities/${network}`);
      const { project: admin } = await cloud.admin();
      await admin.call("neutron", "GET", `/network-ip-availabilities/${network}`);
    },
    BETA,
  ),
  exchange(
    "subnet pools",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const pool = await make(cloud, beta, "subnetpools", {
        subnetpool: {
          name: "parity-neutron-pool",
          prefixes: ["10.65.0.0/16"],
          default_prefixlen: 26,
          min_prefixlen: 20,
        },
      });
      await make(cloud, beta, "subnetpools", { subnetpool: { name: "parity-neutron-none", prefixes: [] } });
      await make(cloud, beta, "subnetpools", { subnetpool: { name: "parity-neutron-none" } });
      await make(cloud, beta, "subnetpools", { subnetpool: { name: "", prefixes: ["10.66.0.0/16"] } });
      await make(cloud, beta, "subnetpools", {
        subnetpool: { name: "parity-neutron-mixed", prefixes: ["10.66.0.0/16", "2001:db8::/48"] },
      });
      await make(cloud, beta, "subnetpools", {
        subnetpool: { name: "parity-neutron-shared", prefixes: ["10.66.0.0/16"], shared: true },
      });
      const { id: network_id } = await make(cloud, beta, "networks", { network: { name: "parity-neutron-se" } });
      const subnetpool_id = pool.id;
      await make(cloud, beta, "subnets", { subnet: { network_id, ip_version: 4, subnetpool_id } });
      await make(cloud, beta, "subnets", { subnet: { network_id, ip_version: 4, subnetpool_id, prefixlen: 24 } });
      await make(cloud, beta, "subnets", {
        subnet: { network_id, ip_version: 4, subnetpool_id, cidr: "10.65.128.0/24" },
      });
      await make(cloud, beta, "subnets", {
        subnet: { network_id, ip_version: 4, subnetpool_id, cidr: "10.70.0.0/24" },
      });
      await make(cloud, beta, "subnets", { subnet: { network_id, ip_version: 4, subnetpool_id, prefixlen: 8 } });
      await beta.call("neutron", "GET", `/subnetpools/${pool.id}`);
      await beta.call("neutron", "PUT", `/subnetpools/${pool.id}`, { subnetpool: { default_prefixlen: 25 } });
      await beta.call("neutron", "PUT", `/subnetpools/${pool.id}`, { subnetpool: { prefixes: ["10.66.0.0/16"] } });
      await beta.call("neutron", "DELETE", `/subnetpools/${pool.id}`);
      await beta.call("neutron", "GET", `/subnetpools?name=parity-neutron-pool`);
    },
    BETA,
  ),
];
