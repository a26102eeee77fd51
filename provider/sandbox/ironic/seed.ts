import type { Fleet, FleetNode } from "../fleet.ts";
import type { Json } from "../kernel/call.ts";
import type { Row } from "../kernel/store.ts";
import { firmwareOf } from "./conductor/look.ts";
import type { Ironic } from "./ironic.ts";
import { blankNode } from "./node-create.ts";

interface NamedRow extends Row {
  name: string;
}

/** Enters the fleet's machines: managed, cleaned, off, waiting for somebody. */
export function seed(ironic: Ironic, fleet: Fleet): void {
  const nova = fleet.networks.find(({ provisions }) => provisions === "");
  if (nova) ironic.tables.settings.put({ id: "network", name: nova.name });
  for (const node of fleet.nodes) enroll(ironic, fleet, node);
}

function enroll(ironic: Ironic, fleet: Fleet, machine: FleetNode): void {
  const { tables, world } = ironic;
  const now = ironic.now();
  const id = world.random.uuid();
  const project = (name: string | undefined) => (name ? (world.identity.project(name)?.id ?? null) : null);
  const node = blankNode(ironic, id, "fake-hardware");
  node.name = machine.name;
  node.resource_class = machine.class;
  node.owner = project(machine.owner);
  node.lessee = project(machine.lessee);
  node.network_interface = "neutron";
  node.storage_interface = "cinder";
  node.properties = {
    cpus: machine.cpus,
    memory_mb: machine.memoryGiB * 1024,
    local_gb: machine.disks[0]?.sizeGiB ?? 0,
    cpu_arch: machine.architecture,
    capabilities: machine.capabilities,
    vendor: machine.vendor,
  };
  node.driver_info = { bmc: `bmc-${machine.name}`, ...networks(ironic, fleet, machine) };
  node.driver_internal_info = { clean_steps: null };
  node.extra = {
    ...(machine.rack === undefined ? {} : { rack: machine.rack }),
    ...(machine.powerDomain === undefined ? {} : { power_domain: machine.powerDomain }),
  };
  node.traits = [...machine.traits];
  node.power_state = "power off";
  node.provision_state = "available";
  node.provision_updated_at = now;
  node.updated_at = now;
  tables.nodes.put(node);
  for (const component of ["bios", "bmc"]) tables.firmware.put(firmwareOf(node, component, now));
  for (const nic of machine.nics)
    tables.ports.put({
      id: world.random.uuid(),
      node_uuid: id,
      created_at: now,
      updated_at: null,
      address: nic.address.toLowerCase(),
      extra: {},
      internal_info: {},
      is_smartnic: false,
      local_link_connection: { switch_id: nic.switchId, port_id: nic.port, switch_info: nic.switchInfo },
      physical_network: nic.physicalNetwork,
      pxe_enabled: nic.pxe,
      portgroup_uuid: null,
      name: null,
      description: null,
      vendor: null,
      category: null,
      available_for_dynamic_portgroup: true,
    });
  for (const [type, value] of Object.entries(machine.connectors))
    tables.connectors.put({
      id: world.random.uuid(),
      node_uuid: id,
      created_at: now,
      updated_at: null,
      type,
      connector_id: value,
      extra: {},
    });
}

/** The networks on which the machine's ramdisk works: its tenant's own, where there is one. */
function networks(ironic: Ironic, fleet: Fleet, machine: FleetNode): Json {
  const tenant = machine.owner ?? machine.lessee;
  const found = tenant === undefined ? undefined : fleet.networks.find(({ provisions }) => provisions === tenant);
  if (!found) return {};
  const row = ironic.world.store.table<NamedRow>("neutron.networks").find(({ name }) => name === found.name);
  const network = row?.id ?? found.name;
  return Object.fromEntries(
    ["provisioning", "cleaning", "rescuing", "inspection", "servicing"].map((use) => [`${use}_network`, network]),
  );
}
