/** Security groups and their rules; address groups. */
import type { Json } from "../../cloud/client.ts";
import { exchange, field } from "../exchange.ts";
import { BETA, make, NOTHING, networkWith, portOn } from "./kit.ts";

const RULE_IDS = ["body.security_group.security_group_rules.*.standard_attr_id"];
const LISTED_IDS = ["body.security_groups.*.security_group_rules.*.standard_attr_id"];

const NUMBER = { varies: ["body.address_group.standard_attr_id"] };

export const exchanges = [
  exchange(
    "the default group and one of one's own",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const own = `project_id=${beta.projectId}`;
      const listed = await beta.call("neutron", "GET", `/security-groups?name=default&${own}`, undefined, {
        varies: LISTED_IDS,
      });
      const main = field(listed, "body.security_groups.0.id") as string;
      await beta.call("neutron", "PUT", `/security-groups/${main}`, { security_group: { name: "x" } });
      await beta.call("neutron", "DELETE", `/security-groups/${main}`);
      await make(cloud, beta, "security-groups", { security_group: { name: "default" } });
      const group = await make(
        cloud,
        beta,
        "security-groups",
        { security_group: { name: "parity-neutron-ga", description: "one" } },
        { varies: RULE_IDS },
      );
      const path = `/security-groups/${group.id}`;
      const put = (body: Json) => beta.call("neutron", "PUT", path, { security_group: body }, { varies: RULE_IDS });
      await beta.call("neutron", "GET", path, undefined, { varies: RULE_IDS });
      await put({ name: "parity-neutron-gb", description: "two" });
      await put({ stateful: false });
      await put({ name: "default" });
      await put({ name: 5 });
      await put({ colour: "red" });
      await make(cloud, beta, "security-groups", { security_group: {} }, { varies: RULE_IDS });
      await make(cloud, beta, "security-groups", { security_group: { description: 5 } });
      const { network } = await networkWith(cloud, beta, "parity-neutron-ga", "10.91.0.0/24");
      const port = await portOn(cloud, beta, network, { security_groups: [group.id] });
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "PUT", `/ports/${port.id}`, { port: { security_groups: [main, group.id] } });
      await beta.call("neutron", "DELETE", `/ports/${port.id}`);
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "DELETE", path);
    },
    BETA,
  ),
  exchange(
    "rules of security groups",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const reader = await cloud.as("beta-reader", "beta");
      const group = await make(
        cloud,
        beta,
        "security-groups",
        { security_group: { name: "parity-neutron-gc" } },
        { varies: RULE_IDS },
      );
      const security_group_id = group.id;
      const rule = (more: Json) =>
        make(cloud, beta, "security-group-rules", {
          security_group_rule: { security_group_id, direction: "ingress", ...more },
        });
      const ssh = { protocol: "tcp", port_range_min: 22, port_range_max: 22 };
      const first = await rule({ ...ssh, remote_ip_prefix: "192.0.2.0/24", description: "ssh" });
      await rule({ ...ssh, remote_ip_prefix: "192.0.2.0/24" });
      await rule({ ...ssh, remote_ip_prefix: "192.0.2.7/24" });
      await rule({ protocol: "icmp" });
      await rule({ protocol: "icmp", port_range_min: 8, port_range_max: 0 });
      await rule({ protocol: "UDP", port_range_min: 53, port_range_max: 53 });
      await rule({ protocol: 6, port_range_min: "80", port_range_max: "90" });
      await rule({ protocol: "112" });
      await rule({ ethertype: "IPv6", remote_ip_prefix: "2001:db8::/32" });
      await rule({ remote_group_id: security_group_id });
      await rule({ protocol: "any", direction: "egress" });
      await rule({ protocol: "tcp", port_range_min: 90, port_range_max: 80 });
      await rule({ protocol: "tcp", port_range_min: 0, port_range_max: 80 });
      await rule({ protocol: "tcp", port_range_min: 70000, port_range_max: 70000 });
      await rule({ protocol: "tcp", port_range_min: 70 });
      await rule({ port_range_min: 70, port_range_max: 70 });
      await rule({ protocol: "icmp", port_range_min: 300 });
      await rule({ protocol: "icmp", port_range_max: 3 });
      await rule({ protocol: "112", port_range_min: 70, port_range_max: 70 });
      await rule({ protocol: "pigeon" });
      await rule({ protocol: "300" });
      await rule({ direction: "up" });
      await rule({ direction: undefined });
      await rule({ ethertype: "IPv5" });
      await rule({ ethertype: "IPv6", remote_ip_prefix: "192.0.2.0/24" });
      await rule({ ethertype: "IPv4", protocol: "icmpv6" });
      await rule({ remote_ip_prefix: "x" });
      await rule({ remote_ip_prefix: "192.0.2.0/24", remote_group_id: security_group_id });
      await rule({ remote_group_id: NOTHING });
      await rule({ security_group_id: NOTHING });
      await rule({ security_group_id: "x" });
      await rule({ port_range_min: "x" });
      await beta.call("neutron", "GET", `/security-group-rules/${first.id}`);
      await beta.call("neutron", "PUT", `/security-group-rules/${first.id}`, {
        security_group_rule: { protocol: "udp" },
      });
      await beta.call("neutron", "GET", `/security-group-rules?security_group_id=${group.id}&direction=ingress`);
      await beta.call(
        "neutron",
        "GET",
        `/security-group-rules?security_group_id=${group.id}&protocol=tcp&sort_key=port_range_min&sort_dir=desc`,
      );
      await reader.call("neutron", "GET", `/security-group-rules/${first.id}`);
      await reader.call("neutron", "DELETE", `/security-group-rules/${first.id}`);
      await alpha.call("neutron", "GET", `/security-group-rules/${first.id}`);
      await alpha.call("neutron", "DELETE", `/security-group-rules/${first.id}`);
      await alpha.call("neutron", "POST", "/security-group-rules", {
        security_group_rule: { security_group_id, direction: "ingress", protocol: "tcp" },
      });
      await reader.call("neutron", "POST", "/security-groups", { security_group: { name: "x" } });
      await alpha.call("neutron", "GET", `/security-groups/${group.id}`);
      await beta.call("neutron", "DELETE", `/security-group-rules/${first.id}`);
      await beta.call("neutron", "GET", `/security-group-rules/${first.id}`);
      await beta.call("neutron", "DELETE", `/security-group-rules/${first.id}`);
      await beta.call("neutron", "POST", "/security-group-rules", {
        security_group_rules: ["tcp", "udp"].map((protocol) => ({
          security_group_id,
          direction: "egress",
          protocol,
          remote_ip_prefix: "192.0.2.0/26",
        })),
      });
      await beta.call("neutron", "GET", `/security-groups/${group.id}`, undefined, { varies: RULE_IDS });
    },
    BETA,
  ),
  exchange(
    "address groups",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const group = await make(cloud, beta, "address-groups", {
        address_group: { name: "parity-neutron-ag", addresses: ["192.0.2.0/26", "198.51.100.7/32"] },
      });
      const path = `/address-groups/${group.id}`;
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "PUT", path, { address_group: { name: "parity-neutron-ah", description: "d" } });
      await beta.call("neutron", "PUT", path, { addresses: [] });
      await beta.call("neutron", "PUT", `${path}/add_addresses`, { addresses: ["203.0.113.0/28"] }, NUMBER);
      await beta.call("neutron", "PUT", `${path}/add_addresses`, { addresses: ["203.0.113.0/28"] }, NUMBER);
      await beta.call("neutron", "PUT", `${path}/remove_addresses`, { addresses: ["192.0.2.0/26"] }, NUMBER);
      await beta.call("neutron", "PUT", `${path}/remove_addresses`, { addresses: ["192.0.2.0/26"] }, NUMBER);
      await make(cloud, beta, "address-groups", { address_group: { addresses: ["x"] } });
      await make(cloud, beta, "address-groups", { address_group: { name: "parity-neutron-ai" } });
      await beta.call("neutron", "GET", "/address-groups?name=parity-neutron-ah");
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", path);
    },
    BETA,
  ),
];
