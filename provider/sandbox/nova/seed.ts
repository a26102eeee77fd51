import type { Fleet } from "../fleet.ts";
import type { Nova } from "./core.ts";
import { type Hosts, IRONIC_HOST } from "./hosts.ts";
import type { Nodes } from "./nodes.ts";
import type { ServiceRow } from "./rows.ts";

/** Fills nova's tables from the fleet, and from the nodes that Ironic has. */
export function seed(nova: Nova, hosts: Hosts, nodes: Nodes, fleet: Fleet): void {
  const { tables, world } = nova;
  for (const flavor of fleet.flavors)
    tables.flavors.put({
      id: world.random.uuid(),
      number: tables.flavors.size + 1,
      name: flavor.name,
      ram: flavor.memoryMiB,
      vcpus: flavor.cpus,
      disk: flavor.diskGiB,
      ephemeral: 0,
      swap: 0,
      rxtx: 1,
      isPublic: true,
      description: null,
      extraSpecs: { ...flavor.extraSpecs },
      access: [],
    });
  const service = (binary: ServiceRow["binary"], host: string, daemon: string) =>
    tables.services.put({
      id: world.random.uuid(),
      number: tables.services.size + 1,
      binary,
      host,
      daemon,
      disabled: false,
      reason: null,
      forcedDown: false,
      seen: nova.now(),
    });
  service("nova-scheduler", "sandbox", "nova-scheduler");
  service("nova-conductor", "sandbox", "nova-conductor");
  service("nova-compute", IRONIC_HOST, "nova-compute-ironic");
  for (const host of fleet.virtualHosts) {
    service("nova-compute", host.name, "nova-compute-fake");
    tables.hosts.put({
      id: world.random.uuid(),
      number: tables.hosts.size + 1,
      service: host.name,
      name: host.name,
      kind: "virtual",
      resourceClass: null,
      traits: [],
      reserved: false,
      cpus: host.cpus,
      memoryMiB: host.memoryGiB * 1024,
      diskGiB: host.diskGiB,
    });
  }
  for (const node of nodes.table.values()) tables.hosts.put(hosts.read(node, tables.hosts.size + 1));
}
