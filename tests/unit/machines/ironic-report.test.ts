import t from "tap";
import { configDriveOf, hostNameOf } from "../../../provider/machines/ironic/config-drive.ts";
import { ironicRoute, offersOf } from "../../../provider/machines/ironic/index.ts";
import type { MachineInputs } from "../../../provider/machines/spec.ts";
import { digest, ID, IMAGE, INSTALLED, inputs, NODE, node, port, seenWith } from "./ironic-fixtures.ts";

const { actual, result, trouble } = ironicRoute;

t.test("outputs and inputs as the cloud has them", async (t) => {
  t.same(actual(seenWith(), inputs), inputs, "nothing differs");
  const outputs = result(seenWith({ last_error: "old" }), inputs);
  t.match(outputs, {
    allocationId: ID,
    nodeId: NODE,
    nodeName: "n1",
    imageId: IMAGE,
    address: "10.0.0.5",
    powerState: "on",
    facts: { cpus: 16, memoryGiB: 64, diskGiB: 480 },
    fault: "old",
    installDigest: digest,
  });
  const all: MachineInputs = {
    ...inputs,
    name: "db",
    power: "on",
    deletionProtection: true,
    metadata: { a: "b" },
    volumes: ["v"],
  };
  const changed = seenWith(
    { power_state: "power off", instance_info: { image_source: "other", display_name: "renamed" } },
    { ...INSTALLED, pulumi_baremetal_metadata: { a: "c" } },
  );
  const { vifs: _, ...less } = changed.details!;
  t.same(actual({ ...changed, details: { ...less, vifs: [] }, ports: [{ ...port, device: "" }] }, all), {
    ...all,
    name: "renamed",
    power: "off",
    deletionProtection: false,
    metadata: { a: "c" },
    volumes: [],
    image: "other",
    networks: [],
  });
  const busy = seenWith({ provision_state: "deploying" }, INSTALLED, {
    last: { image: "debian-12", imageId: IMAGE, ports: [] },
  });
  t.equal(
    actual(busy, { ...inputs, image: "debian-13" }).image,
    "debian-12",
    "an image that is not on it yet does not look so",
  );
  t.equal(result(busy, inputs).imageId, IMAGE);
  t.equal(result(seenWith({ provision_state: "deploy failed" }), inputs).imageId, undefined);
});

t.test("trouble is told in one line", async (t) => {
  t.equal(trouble(seenWith()), undefined);
  t.equal(trouble(seenWith({ maintenance: true, maintenance_reason: "new disk" })), "maintenance: new disk");
  t.equal(trouble(seenWith({ maintenance: true })), "maintenance: no reason given");
  t.equal(trouble(seenWith({ maintenance: true, fault: "power failure" })), "maintenance: power failure");
  t.equal(
    trouble(seenWith({ provision_state: "service failed", maintenance: true, last_error: "step died" })),
    "service failed: step died",
  );
  t.equal(
    trouble(seenWith({ provision_state: "service failed", last_error: "** Value Redacted - Requires x **" })),
    "service failed: servicing failed",
  );
  t.equal(trouble(seenWith({ provision_state: "rescue" })), "rescue: in rescue mode");
  t.match(trouble(seenWith({ provision_state: "odd" })), /^odd: /);
  t.match(trouble(seenWith({}, INSTALLED, { carries: "other" })), /^lost: /);
});

t.test("nodes that are alike are one offer", async (t) => {
  const free = { instance_uuid: null, provision_state: "available" };
  const offers = offersOf([
    node({ uuid: "a", ...free }),
    node({ uuid: "b", ...free, properties: { cpus: 16, memory_mb: "65536", local_gb: 480 } }),
    node({ uuid: "c", ...free, maintenance: true }),
    node({ uuid: "d", ...free, power_state: null }),
    node({ uuid: "e" }),
    node({ uuid: "f", ...free, resource_class: null }),
    node({ uuid: "g", ...free, storage_interface: "noop", traits: [] }),
  ]);
  t.match(offers, [
    { id: "metal", cpus: 16, memoryGiB: 64, free: 2, nodes: ["a", "b"], disks: [{ type: "nvme", sizeGiB: 480 }] },
    { id: "metal", cpus: 16, memoryGiB: 64, free: 1, nodes: ["g"], disks: [{ type: "unknown", sizeGiB: 480 }] },
  ]);
  t.equal(
    offersOf([node({ ...free, storage_interface: "noop" })], { volumes: true }).length,
    0,
    "a node that reaches no volumes",
  );
});

t.test("the config drive", async (t) => {
  const six = { ...port, id: "p6", mac: "52:54:00:00:00:02", addresses: ["10.0.1.5", "2001:db8::5"] };
  t.same(
    configDriveOf(ID, "My DB", { sshKeys: ["ssh-rsa A", "ssh-rsa B"], userData: "#!/bin/sh", metadata: { a: "b" } }, [
      port,
      six,
    ]),
    {
      meta_data: {
        uuid: ID,
        name: "My DB",
        hostname: "my-db",
        public_keys: { "key-0": "ssh-rsa A", "key-1": "ssh-rsa B" },
        meta: { a: "b" },
      },
      user_data: "#!/bin/sh",
      network_data: {
        links: [
          { id: "link0", type: "phy", ethernet_mac_address: port.mac, vif_id: "port" },
          { id: "link1", type: "phy", ethernet_mac_address: six.mac, vif_id: "p6" },
        ],
        networks: [
          { id: "network0-ipv4", link: "link0", type: "ipv4_dhcp", network_id: "net" },
          { id: "network1-ipv4", link: "link1", type: "ipv4_dhcp", network_id: "net" },
          { id: "network1-ipv6", link: "link1", type: "ipv6_slaac", network_id: "net" },
        ],
        services: [],
      },
    },
  );
  t.same(configDriveOf(ID, "a", {}, []), { meta_data: { uuid: ID, name: "a", hostname: "a" } });
  t.equal(hostNameOf("-Web_1.example!"), "web-1-example");
  t.equal(hostNameOf("___"), "server");
});
