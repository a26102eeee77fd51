/** Who else may use a network, group or policy; trunks. */
import type { Json } from "../../cloud/client.ts";
import { exchange } from "../exchange.ts";
import { BETA, make, NOTHING, networkWith, portOn } from "./kit.ts";

export const exchanges = [
  exchange(
    "a network shared with another project",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const { project: admin } = await cloud.admin();
      const { network, subnet } = await networkWith(cloud, beta, "parity-neutron-ha", "10.95.0.0/16");
      const share = (more: Json, options = {}) =>
        make(
          cloud,
          beta,
          "rbac-policies",
          {
            rbac_policy: {
              object_type: "network",
              object_id: network,
              action: "access_as_shared",
              target_tenant: alpha.projectId,
              ...more,
            },
          },
          options,
        );
      const policy = await share({});
      await share({});
      await share({ target_tenant: "*" });
      await share({ object_id: NOTHING }, { varies: ["body.NeutronError.message"] });
      await share({ object_type: "pigeon" });
      await share({ action: "fly" });
      await share({ target_tenant: undefined });
      await alpha.call("neutron", "GET", `/networks/${network}`);
      await alpha.call("neutron", "GET", `/networks?shared=true&name=parity-neutron-ha&fields=name&fields=shared`);
      await alpha.call("neutron", "GET", `/subnets/${subnet}`);
      await alpha.call("neutron", "PUT", `/networks/${network}`, { network: { name: "x" } });
      await alpha.call("neutron", "DELETE", `/networks/${network}`);
      await alpha.call("neutron", "DELETE", `/subnets/${subnet}`);
      await alpha.call("neutron", "POST", "/subnets", {
        subnet: { network_id: network, cidr: "10.95.1.0/24", ip_version: 4 },
      });
      const port = await portOn(cloud, alpha, network, { name: "parity-neutron-ha" });
      await portOn(cloud, alpha, network, { fixed_ips: [{ ip_address: "10.95.0.77" }] });
      const second = await portOn(cloud, alpha, network, { fixed_ips: [{ subnet_id: subnet }] });
      await portOn(cloud, alpha, network, { mac_address: "fa:16:3e:99:02:02" });
      await portOn(cloud, alpha, network, { port_security_enabled: false });
      await portOn(cloud, alpha, network, { device_owner: "network:dhcp" });
      await portOn(cloud, alpha, network, { allowed_address_pairs: [{ ip_address: "10.95.0.77" }] });
      await beta.call("neutron", "GET", `/ports/${port.id}`);
      await beta.call("neutron", "PUT", `/ports/${port.id}`, { port: { name: "x" } });
      await alpha.call("neutron", "PUT", `/ports/${port.id}`, { port: { fixed_ips: [{ ip_address: "10.95.0.78" }] } });
      await beta.call("neutron", "GET", `/networks/${network}`);
      await beta.call("neutron", "GET", `/rbac-policies/${policy.id}`);
      await beta.call("neutron", "GET", `/rbac-policies?object_id=${network}`);
      await alpha.call("neutron", "GET", `/rbac-policies?object_id=${network}`);
      await alpha.call("neutron", "DELETE", `/rbac-policies/${policy.id}`);
      await beta.call("neutron", "DELETE", `/rbac-policies/${policy.id}`, undefined, {
        note: "a port of alpha is there",
        varies: ["body.NeutronError.message"],
      });
      await admin.call("neutron", "GET", `/rbac-policies?object_id=${network}`);
      for (const { id } of [port, second]) await alpha.call("neutron", "DELETE", `/ports/${id}`);
      await beta.call("neutron", "DELETE", `/rbac-policies/${policy.id}`);
      await alpha.call("neutron", "GET", `/networks/${network}`);
      const made = await make(cloud, admin, "rbac-policies", {
        rbac_policy: {
          object_type: "network",
          object_id: network,
          action: "access_as_shared",
          target_tenant: alpha.projectId,
        },
      });
      await beta.call("neutron", "GET", `/rbac-policies?object_id=${network}`, undefined, { note: "made by admin" });
      await beta.call("neutron", "GET", `/rbac-policies/${made.id}`);
      await alpha.call("neutron", "GET", `/networks/${network}?fields=name&fields=shared`);
      await admin.call("neutron", "PUT", `/rbac-policies/${made.id}`, { rbac_policy: { target_tenant: "*" } });
      await beta.call("neutron", "GET", `/networks/${network}?fields=name&fields=shared`);
    },
    BETA,
  ),
  exchange(
    "a shared security group",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const varies = ["body.security_group.security_group_rules.*.standard_attr_id"];
      const group = await make(
        cloud,
        beta,
        "security-groups",
        { security_group: { name: "parity-neutron-hb" } },
        { varies },
      );
      await make(cloud, beta, "rbac-policies", {
        rbac_policy: {
          object_type: "security_group",
          object_id: group.id,
          action: "access_as_shared",
          target_tenant: alpha.projectId,
        },
      });
      await alpha.call("neutron", "GET", `/security-groups/${group.id}`, undefined, { varies });
      await alpha.call("neutron", "PUT", `/security-groups/${group.id}`, { security_group: { name: "x" } });
    },
    BETA,
  ),
  exchange(
    "trunks",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { network } = await networkWith(cloud, beta, "parity-neutron-ta", "10.96.0.0/24");
      const other = await networkWith(cloud, beta, "parity-neutron-tb", "10.97.0.0/24");
      const parent = await portOn(cloud, beta, network, { name: "parity-neutron-parent" });
      const child = await portOn(cloud, beta, other.network, { name: "parity-neutron-child" });
      const trunk = await make(cloud, beta, "trunks", { trunk: { name: "parity-neutron-ta", port_id: parent.id } });
      const path = `/trunks/${trunk.id}`;
      const sub = { port_id: child.id, segmentation_type: "vlan", segmentation_id: 300 };
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "PUT", `${path}/add_subports`, { sub_ports: [sub] });
      await beta.call("neutron", "PUT", `${path}/add_subports`, { sub_ports: [sub] });
      await beta.call("neutron", "GET", `${path}/get_subports`);
      await beta.call("neutron", "GET", `/ports/${parent.id}`);
      await beta.call("neutron", "GET", `/ports/${child.id}`);
      await beta.call("neutron", "DELETE", `/ports/${parent.id}`);
      await beta.call("neutron", "DELETE", `/ports/${child.id}`);
      await make(cloud, beta, "trunks", { trunk: { port_id: parent.id } });
      await make(cloud, beta, "trunks", { trunk: { port_id: child.id } });
      await make(cloud, beta, "trunks", { trunk: { port_id: NOTHING } });
      await make(cloud, beta, "trunks", { trunk: {} });
      await beta.call("neutron", "PUT", path, { trunk: { name: "parity-neutron-tb" } });
      await beta.call("neutron", "PUT", `${path}/remove_subports`, { sub_ports: [{ port_id: child.id }] });
      await beta.call("neutron", "PUT", `${path}/remove_subports`, { sub_ports: [{ port_id: child.id }] });
      await beta.call("neutron", "GET", "/trunks?name=parity-neutron-tb");
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", path);
    },
    BETA,
  ),
  exchange(
    "qos policies",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const reader = await cloud.as("beta-reader", "beta");
      const policy = await make(cloud, beta, "qos/policies", { policy: { name: "parity-neutron-qa" } });
      await reader.call("neutron", "POST", "/qos/policies", { policy: { name: "parity-neutron-qb" } });
      const rules = `/qos/policies/${policy.id}/bandwidth_limit_rules`;
      const rule = await beta.call("neutron", "POST", rules, { bandwidth_limit_rule: { max_kbps: 1000 } });
      const made = rule.body["bandwidth_limit_rule"] as Json;
      await beta.call("neutron", "GET", rules);
      await beta.call("neutron", "PUT", `${rules}/${made["id"]}`, { bandwidth_limit_rule: { max_kbps: 2000 } });
      await beta.call("neutron", "GET", `/qos/policies/${policy.id}`);
      const { network } = await networkWith(cloud, beta, "parity-neutron-qa", "10.98.0.0/24", {
        network: { qos_policy_id: policy.id },
      });
      await portOn(cloud, beta, network, { name: "parity-neutron-qa" });
      await beta.call("neutron", "DELETE", `/qos/policies/${policy.id}`);
      await beta.call("neutron", "PUT", `/qos/policies/${policy.id}`, { policy: { description: "d" } });
      await beta.call("neutron", "DELETE", `${rules}/${made["id"]}`);
      await beta.call("neutron", "GET", "/qos/policies?name=parity-neutron-qa");
    },
    BETA,
  ),
];
