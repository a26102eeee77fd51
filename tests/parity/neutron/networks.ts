/** Networks: what they show, how they change, what is refused. */
import { exchange, field } from "../exchange.ts";
import { BETA, make, NOTHING, networkWith, portOn } from "./kit.ts";

export const exchanges = [
  exchange(
    "a network from its making to its end",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { id, revision_number } = await make(cloud, beta, "networks", {
        network: { name: "parity-neutron-a", description: "first" },
      });
      const path = `/networks/${id}`;
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "GET", `${path}?fields=id&fields=name&fields=mtu`);
      await beta.call("neutron", "PUT", path, { network: { name: "parity-neutron-b", admin_state_up: false } });
      const stale = { headers: { "If-Match": `revision_number=${revision_number}` } };
      await beta.call("neutron", "PUT", path, { network: { description: "late" } }, stale);
      const now = await beta.call("neutron", "GET", path);
      const fresh = { headers: { "If-Match": `revision_number=${field(now, "body.network.revision_number")}` } };
      await beta.call("neutron", "PUT", path, { network: { description: "in time" } }, fresh);
      await beta.call("neutron", "PUT", path, { network: { mtu: 1400, dns_domain: "Example.ORG." } });
      await beta.call("neutron", "PUT", path, { network: { port_security_enabled: false } });
      await beta.call("neutron", "DELETE", path, undefined, stale);
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "GET", path);
      await beta.call("neutron", "PUT", path, { network: { name: "x" } });
      await beta.call("neutron", "DELETE", path);
    },
    BETA,
  ),
  exchange(
    "bodies of networks that are refused",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const post = (body?: unknown) => beta.call("neutron", "POST", "/networks", body);
      await post();
      await post({});
      await post([]);
      await post("{broken");
      await post({ net: {} });
      await post({ network: [] });
      await post({ network: "x" });
      await post({ networks: [] });
      await post({ network: { colour: "red" } });
      await post({ network: { name: 5 } });
      await post({ network: { name: "x".repeat(256) } });
      await post({ network: { name: null } });
      await post({ network: { admin_state_up: "perhaps" } });
      await post({ network: { id: NOTHING } });
      await post({ network: { status: "ACTIVE" } });
      await post({ network: { subnets: [] } });
      await post({ network: { mtu: "many" } });
      await post({ network: { mtu: -1 } });
      await post({ network: { mtu: 100000 } });
      await post({ network: { description: 7 } });
      await post({ network: { description: "x".repeat(256) } });
      await post({ network: { dns_domain: "no dots" } });
      await post({ network: { qos_policy_id: "x" } });
      await post({ network: { qos_policy_id: NOTHING } });
      await post({ network: { availability_zone_hints: ["nowhere"] } });
      await post({ network: { shared: true } });
      await post({ network: { "router:external": true } });
      await post({ network: { "provider:network_type": "vlan" } });
      await post({ network: { project_id: "somebody else" } });
      await post({ network: { project_id: "a", tenant_id: "b" } });
    },
    BETA,
  ),
  exchange(
    "changes of networks that are refused",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const reader = await cloud.as("beta-reader", "beta");
      const alpha = await cloud.as("alpha");
      const { network } = await networkWith(cloud, beta, "parity-neutron-c", "10.61.0.0/24");
      const path = `/networks/${network}`;
      const put = (body: unknown) => beta.call("neutron", "PUT", path, body);
      await put({ network: { id: NOTHING } });
      await put({ network: { status: "DOWN" } });
      await put({ network: { shared: true } });
      await put({ network: { "provider:segmentation_id": 7 } });
      await put({ network: { colour: "red" } });
      await put({ network: { project_id: beta.projectId } });
      await put({ network: { mtu: 65536 } });
      await put({ network: {} });
      await put({});
      await put({ subnet: {} });
      await reader.call("neutron", "GET", path);
      await reader.call("neutron", "POST", "/networks", { network: { name: "parity-neutron-no" } });
      await reader.call("neutron", "PUT", path, { network: { name: "x" } });
      await reader.call("neutron", "DELETE", path);
      await alpha.call("neutron", "GET", path);
      await alpha.call("neutron", "PUT", path, { network: { name: "x" } });
      await alpha.call("neutron", "DELETE", path);
      await beta.call("neutron", "DELETE", path, { network: {} });
      await beta.call("neutron", "POST", path, { network: {} });
      await beta.call("neutron", "PATCH", path, { network: {} });
      await beta.call("neutron", "GET", "/networks/not-a-uuid");
      await beta.call("neutron", "GET", `${path}/nothing`);
      await beta.call("neutron", "GET", "/nothing");
      const port = await portOn(cloud, beta, network, { name: "parity-neutron-c" });
      await beta.call("neutron", "DELETE", path);
      await beta.call("neutron", "DELETE", `/ports/${port.id}`);
      await beta.call("neutron", "DELETE", path, undefined, { note: "its subnet goes with it" });
    },
    BETA,
  ),
  exchange(
    "several networks in one request",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const made = await beta.call(
        "neutron",
        "POST",
        "/networks",
        { networks: [{ name: "parity-neutron-d" }, { name: "parity-neutron-e", admin_state_up: false }] },
        { unordered: true },
      );
      for (const { id } of made.body["networks"] as { id: string }[])
        cloud.cleanup(() => beta.call("neutron", "DELETE", `/networks/${id}`));
      await beta.call("neutron", "POST", "/networks", {
        networks: [{ name: "parity-neutron-f" }, { name: "parity-neutron-g", colour: "red" }],
      });
      await beta.call("neutron", "GET", "/networks?name=parity-neutron-f");
    },
    BETA,
  ),
  exchange(
    "networks with provider attributes",
    async (cloud) => {
      const { project: admin } = await cloud.admin();
      const one = (network: unknown) => make(cloud, admin, "networks", { network: network as object });
      const vlan = {
        "provider:network_type": "vlan",
        "provider:physical_network": "physnet1",
        "provider:segmentation_id": 77,
      };
      const { id } = await one({ name: "parity-neutron-h", ...vlan });
      await one({ name: "parity-neutron-i", ...vlan });
      await one({ "provider:network_type": "vlan", "provider:segmentation_id": 78 });
      await one({ "provider:network_type": "vlan", "provider:physical_network": "physnet9" });
      await one({ ...vlan, "provider:segmentation_id": 5000 });
      await one({ "provider:network_type": "pigeon" });
      await one({ "provider:segmentation_id": 79 });
      await one({ "provider:physical_network": "physnet1" });
      await one({ "provider:network_type": "vxlan", "provider:segmentation_id": 90001 });
      await one({ "provider:network_type": "vxlan", "provider:physical_network": "physnet1" });
      await one({ "provider:network_type": "flat", "provider:physical_network": "physnet1" });
      await one({ "provider:network_type": "flat" });
      await one({ "provider:network_type": "flat", "provider:physical_network": "p", "provider:segmentation_id": 3 });
      await one({ "provider:network_type": "vxlan", name: "parity-neutron-j" });
      await one({ name: "parity-neutron-k", "router:external": true, "provider:network_type": "local" });
      await one({ name: "parity-neutron-l", shared: true });
      await admin.call("neutron", "GET", `/networks/${id}`);
      await admin.call("neutron", "PUT", `/networks/${id}`, { network: { "provider:segmentation_id": 80 } });
      await admin.call("neutron", "PUT", `/networks/${id}`, { network: { "provider:network_type": "vxlan" } });
      await admin.call("neutron", "GET", `/segments?network_id=${id}`);
      await admin.call("neutron", "GET", "/networks?provider:segmentation_id=80&provider:network_type=vlan");
      const beta = await cloud.as("beta");
      const mine = await make(cloud, beta, "networks", { network: { name: "parity-neutron-m" } });
      await admin.call("neutron", "GET", `/networks/${mine.id}`, undefined, {
        varies: ["body.network.provider:segmentation_id"],
      });
      await beta.call("neutron", "GET", `/segments?network_id=${mine.id}`);
      await beta.call("neutron", "GET", `/networks/${id}`);
      await beta.call("neutron", "GET", "/networks?shared=true&fields=name&fields=shared");
    },
    BETA,
  ),
];
