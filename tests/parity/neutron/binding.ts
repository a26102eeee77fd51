/** Binding of ports, as an administrator and the services ask for it. */
import type { Json } from "../../cloud/client.ts";
import { clearBackendFault, setBackendFault } from "../../cloud/faults.ts";
import { type Caller, type Cloud, exchange } from "../exchange.ts";
import { BETA, networkWith, portOn } from "./kit.ts";

/** Some bare-metal node, as Neutron's agents tell of it. */
async function someNode(cloud: Cloud, admin: Caller): Promise<string> {
  const agents = await admin.call("neutron", "GET", "/agents", undefined, { unrecorded: true });
  const host = (agents.body["agents"] as Json[])[0]?.["host"] as string;
  cloud.name(host, "node");
  return host;
}

/** A host of virtual machines, as Nova tells of it. */
async function virtualHost(cloud: Cloud, admin: Caller): Promise<string> {
  const path = "/os-services?binary=nova-compute";
  const reply = await admin.call("nova", "GET", path, undefined, { unrecorded: true });
  const hosts = ((reply.body["services"] ?? []) as Json[]).map(({ host }) => String(host));
  const host = hosts.find((name) => !name.includes("ironic")) ?? "fake-0";
  cloud.name(host, "virtual host");
  return host;
}

const isActive = (reply: { body: Json }) => (reply.body["port"] as Json)["status"] === "ACTIVE";

export const exchanges = [
  exchange(
    "ports of bare metal and of virtual machines",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project: admin } = await cloud.admin();
      const { network } = await networkWith(cloud, beta, "parity-neutron-ba", "10.101.0.0/24");
      const host = await someNode(cloud, admin);
      const virtual = await virtualHost(cloud, admin);
      const port = await portOn(cloud, beta, network, { name: "parity-neutron-ba" });
      const path = `/ports/${port.id}`;
      const put = (body: Json) =>
        admin.call(
          "neutron",
          "PUT",
          path,
          { port: body },
          { varies: ["body.port.revision_number", "body.port.status"] },
        );
      const shown = { varies: ["body.port.revision_number"] };
      await put({ "binding:profile": { local_link_information: [] } });
      await put({ "binding:vnic_type": "baremetal", "binding:host_id": host });
      await admin.until("neutron", path, isActive, shown);
      await beta.call("neutron", "GET", path, undefined, shown);
      await put({ mac_address: "fa:16:3e:99:03:03" });
      await put({ "binding:host_id": "" });
      await admin.call("neutron", "GET", path, undefined, shown);
      await put({ "binding:host_id": virtual, "binding:vnic_type": "normal" });
      await admin.until("neutron", path, isActive, shown);
      await put({ "binding:host_id": "nowhere" });
      await admin.call("neutron", "GET", path, undefined, shown);
      await put({ "binding:host_id": "x", "binding:vnic_type": "baremetal" });
      await put({ "binding:host_id": "" });
      await put({ "binding:host_id": host, "binding:vnic_type": "baremetal" });
      await admin.until("neutron", path, isActive, shown);
      await put({ "binding:vnic_type": "normal" });
      await put({ "binding:host_id": null });
      await put({ "binding:host_id": "parity-unknown-host", "binding:vnic_type": "baremetal" });
    },
    BETA,
  ),
  exchange(
    "a port made with its binding, and on an overlay network",
    async (cloud) => {
      const { project: admin } = await cloud.admin();
      const host = await someNode(cloud, admin);
      const { network } = await networkWith(cloud, admin, "parity-neutron-bb", "10.102.0.0/24", {
        network: { "provider:network_type": "vxlan", "provider:segmentation_id": 77 },
      });
      const bound = { "binding:vnic_type": "baremetal", "binding:host_id": host };
      const options = { varies: ["body.port.revision_number"] };
      const port = await portOn(
        cloud,
        admin,
        network,
        { ...bound, device_owner: "baremetal:none", device_id: host },
        options,
      );
      await admin.until("neutron", `/ports/${port.id}`, isActive, options);
      await admin.call("neutron", "GET", `/segments?network_id=${network}`, undefined, {
        varies: ["body.segments.*.segmentation_id", "body.segments.*.revision_number"],
      });
      await admin.call("neutron", "GET", `/networks/${network}`, undefined, {
        varies: ["body.network.segments.*.provider:segmentation_id", "body.network.revision_number"],
      });
      await admin.call("neutron", "DELETE", `/ports/${port.id}`);
      await admin.call("neutron", "GET", `/segments?network_id=${network}`, undefined, {
        varies: ["body.segments.*.revision_number"],
      });
    },
    BETA,
  ),
  exchange(
    "a binding that the switch refuses",
    async (cloud) => {
      const { project: admin } = await cloud.admin();
      const host = await someNode(cloud, admin);
      const beta = await cloud.as("beta");
      const { network } = await networkWith(cloud, beta, "parity-neutron-bc", "10.103.0.0/24");
      const port = await portOn(cloud, beta, network);
      cloud.cleanup(() => clearBackendFault("neutron.bind"));
      await setBackendFault("neutron.bind");
      const options = { varies: ["body.port.revision_number", "body.port.status"] };
      await admin.call(
        "neutron",
        "PUT",
        `/ports/${port.id}`,
        { port: { "binding:vnic_type": "baremetal", "binding:host_id": host } },
        options,
      );
      await admin.call("neutron", "GET", `/ports/${port.id}`, undefined, options);
      await clearBackendFault("neutron.bind");
      await admin.call("neutron", "PUT", `/ports/${port.id}`, { port: { name: "again" } }, options);
      await admin.call("neutron", "GET", `/ports/${port.id}`, undefined, options);
    },
    BETA,
  ),
];
