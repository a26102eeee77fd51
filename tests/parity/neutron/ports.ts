/** Ports: addresses, security, who may what. */
import type { Json } from "../../cloud/client.ts";
import { exchange } from "../exchange.ts";
import { BETA, make, NOTHING, networkWith, portOn } from "./kit.ts";

export const exchanges = [
  exchange(
    "a port from its making to its end",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { network, subnet } = await networkWith(cloud, beta, "parity-neutron-pa", "10.71.0.0/16");
      const port = await portOn(cloud, beta, network, { name: "parity-neutron-pa", description: "one" });
      const path = `/ports/${port.id}`;
      const put = (body: Json) => beta.call("neutron", "PUT", path, { port: body });
      await beta.call("neutron", "GET", path);
      await put({ name: "parity-neutron-pb", admin_state_up: false });
      await put({ fixed_ips: [{ ip_address: "10.71.0.9" }] });
      await put({ fixed_ips: [{ ip_address: "10.71.0.9" }, { subnet_id: subnet, ip_address: "10.71.0.10" }] });
      await put({ fixed_ips: [] });
      await put({ fixed_ips: [{ subnet_id: subnet, ip_address: "10.71.0.11" }] });
      await put({ mac_address: "fa:16:3e:99:00:01" });
      await put({ device_id: "thing", device_owner: "parity:thing" });
      await put({ security_groups: [] });
      await put({ allowed_address_pairs: [{ ip_address: "10.71.0.50" }] });
      await put({ port_security_enabled: false });
      await put({ allowed_address_pairs: [] });
      await put({ port_security_enabled: false });
      await put({ port_security_enabled: true });
      await put({ extra_dhcp_opts: [{ opt_name: "bootfile-name", opt_value: "pxelinux.0" }] });
      await put({ extra_dhcp_opts: [{ opt_name: "bootfile-name", opt_value: null }] });
      await put({ dns_name: "Host-1" });
      await put({ "binding:vnic_type": "baremetal" });
      await put({ "binding:host_id": "x" });
      await put({ "binding:profile": { a: 1 } });
      await put({ network_id: NOTHING });
      await put({ colour: "red" });
      await put({});
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "PUT", path, { port: { name: "x" } });
    },
    BETA,
  ),
  exchange(
    "ports that are refused",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { network, subnet } = await networkWith(cloud, beta, "parity-neutron-pc", "10.72.0.0/16");
      const other = await networkWith(cloud, beta, "parity-neutron-pd", "10.73.0.0/24");
      const one = (more: Json, on = network) => portOn(cloud, beta, on, more);
      await one({ fixed_ips: [{ ip_address: "10.72.0.20" }], mac_address: "fa:16:3e:99:01:01" });
      await one({ fixed_ips: [{ ip_address: "10.72.0.20" }] });
      await one({ mac_address: "fa:16:3e:99:01:01" });
      await one({ mac_address: "fa:16:3e:99:01:01", name: "same MAC on another network" }, other.network);
      await one({ mac_address: "banana" });
      await one({ mac_address: "00:00:00:00:00:00" });
      await one({ fixed_ips: [{ ip_address: "10.99.0.20" }] });
      await one({ fixed_ips: [{ ip_address: "10.99.0.20", subnet_id: subnet }] });
      await one({ fixed_ips: [{ ip_address: "10.72.0.1" }], name: "the gateway's" });
      await one({ fixed_ips: [{ ip_address: "10.72.0.0" }] });
      await one({ fixed_ips: [{ ip_address: "10.72.255.255" }] });
      await one({ fixed_ips: [{ subnet_id: other.subnet }] });
      await one({ fixed_ips: [{ subnet_id: NOTHING }] });
      await one({ fixed_ips: [{ subnet_id: "x" }] });
      await one({ fixed_ips: [{ ip_address: "x" }] });
      await one({ fixed_ips: [{ ip_address: "10.72.0.30" }, { ip_address: "10.72.0.30" }] });
      await one({ fixed_ips: [{}] });
      await one({ fixed_ips: ["x"] });
      await one({ fixed_ips: "x" });
      await one({ fixed_ips: [{ colour: "red" }] });
      await one({ fixed_ips: Array.from({ length: 6 }, (_, n) => ({ ip_address: `10.72.0.${40 + n}` })) });
      await one({ security_groups: [NOTHING] });
      await one({ security_groups: ["x"] });
      await one({ security_groups: "x" });
      await one({ port_security_enabled: false, security_groups: [NOTHING] });
      await one({ port_security_enabled: false, allowed_address_pairs: [{ ip_address: "10.72.0.50" }] });
      await one({ allowed_address_pairs: [{ mac_address: "fa:16:3e:99:01:01" }] });
      await one({ allowed_address_pairs: [{ ip_address: "x" }] });
      await one({ allowed_address_pairs: [{ ip_address: "10.72.0.50" }, { ip_address: "10.72.0.50" }] });
      await one({ allowed_address_pairs: "x" });
      await one({ "binding:vnic_type": "pigeon" });
      await one({ "binding:host_id": "x" });
      await one({ "binding:profile": { a: 1 } });
      await one({ device_owner: "network:dhcp", name: "owner of the network may" });
      await one({ device_id: "x".repeat(256) });
      await one({ dns_name: "no good_" });
      await one({ qos_policy_id: NOTHING });
      await one({ status: "ACTIVE" });
      await one({}, NOTHING);
      await one({}, "x");
      await beta.call("neutron", "POST", "/ports", { port: {} });
    },
    BETA,
  ),
  exchange(
    "ports without a subnet, without addresses and with several",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { id: network } = await make(cloud, beta, "networks", { network: { name: "parity-neutron-pe" } });
      await portOn(cloud, beta, network, { name: "no subnet yet" });
      await portOn(cloud, beta, network, { fixed_ips: [{ ip_address: "10.74.0.5" }] });
      const four = await make(cloud, beta, "subnets", {
        subnet: { network_id: network, cidr: "10.74.0.0/24", ip_version: 4 },
      });
      await make(cloud, beta, "subnets", { subnet: { network_id: network, cidr: "10.74.1.0/24", ip_version: 4 } });
      const six = await make(cloud, beta, "subnets", {
        subnet: {
          network_id: network,
          cidr: "2001:db8:74::/64",
          ip_version: 6,
          ipv6_ra_mode: "slaac",
          ipv6_address_mode: "slaac",
        },
      });
      await portOn(cloud, beta, network, {
        fixed_ips: [{ subnet_id: four.id, ip_address: "10.74.0.5" }],
        mac_address: "fa:16:3e:11:22:33",
      });
      await portOn(cloud, beta, network, { fixed_ips: [{ subnet_id: six.id }], mac_address: "fa:16:3e:11:22:34" });
      await portOn(cloud, beta, network, { fixed_ips: [], mac_address: "fa:16:3e:11:22:35" });
    },
    BETA,
  ),
  exchange(
    "who sees and changes a port",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const reader = await cloud.as("beta-reader", "beta");
      const { project: admin } = await cloud.admin();
      const { network } = await networkWith(cloud, beta, "parity-neutron-pf", "10.75.0.0/24");
      const port = await portOn(cloud, beta, network, { name: "parity-neutron-pf" });
      const path = `/ports/${port.id}`;
      await reader.call("neutron", "GET", path);
      await reader.call("neutron", "PUT", path, { port: { name: "x" } });
      await reader.call("neutron", "DELETE", path);
      await reader.call("neutron", "POST", "/ports", { port: { network_id: network } });
      await alpha.call("neutron", "GET", path);
      await alpha.call("neutron", "PUT", path, { port: { name: "x" } });
      await alpha.call("neutron", "DELETE", path);
      await alpha.call("neutron", "POST", "/ports", { port: { network_id: network } });
      await admin.call("neutron", "GET", path);
      await admin.call("neutron", "PUT", path, { port: { device_owner: "compute:nova", device_id: NOTHING } });
      await beta.call("neutron", "DELETE", path, undefined, { note: "owned by a server: refused to its project" });
      await admin.call("neutron", "PUT", path, { port: { device_owner: "", device_id: "" } });
      const hosted = await portOn(cloud, admin, network, { name: "parity-neutron-pg" });
      await beta.call("neutron", "GET", `/ports/${hosted.id}`);
      await beta.call("neutron", "PUT", `/ports/${hosted.id}`, { port: { name: "x" } });
      await beta.call("neutron", "DELETE", `/ports/${hosted.id}`, undefined, { note: "the network's owner may" });
      await beta.call("neutron", "GET", `/ports?network_id=${network}&fields=name&fields=project_id`);
    },
    BETA,
  ),
  exchange(
    "several ports in one request",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { network } = await networkWith(cloud, beta, "parity-neutron-ph", "10.76.0.0/24");
      const made = await beta.call(
        "neutron",
        "POST",
        "/ports",
        { ports: ["x", "y", "z"].map((name) => ({ network_id: network, name: `parity-neutron-${name}` })) },
        { unordered: true },
      );
      for (const { id } of (made.body["ports"] ?? []) as { id: string }[])
        cloud.cleanup(() => beta.call("neutron", "DELETE", `/ports/${id}`));
    },
    BETA,
  ),
];
