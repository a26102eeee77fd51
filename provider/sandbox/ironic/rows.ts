import type { Json } from "../kernel/call.ts";
import type { Row, Store, Table } from "../kernel/store.ts";

/** Kinds of a node's interfaces. */
export const INTERFACES = [
  "bios",
  "boot",
  "console",
  "deploy",
  "firmware",
  "inspect",
  "management",
  "network",
  "power",
  "raid",
  "rescue",
  "storage",
  "vendor",
] as const;

type InterfaceFields = { [kind in (typeof INTERFACES)[number] as `${kind}_interface`]: string };

/** What Ironic writes down about a step that runs. */
export interface Step {
  interface: string;
  step: string;
  args?: Json;
  priority?: number;
  abortable?: boolean;
  abort_after?: boolean;
  requires_ramdisk?: boolean;
  argsinfo?: Json | null;
  order?: number;
  execute_on_child_nodes?: boolean;
}

/** A machine; `id` is its uuid. The names are those of the API. */
export interface NodeRow extends Row, InterfaceFields {
  name: string | null;
  created_at: string;
  updated_at: string | null;
  automated_clean: boolean | null;
  boot_mode: string | null;
  clean_step: Json;
  conductor_group: string;
  console_enabled: boolean;
  disable_power_off: boolean;
  deploy_step: Json;
  description: string | null;
  driver: string;
  driver_info: Json;
  driver_internal_info: Json;
  extra: Json;
  fault: string | null;
  health: string | null;
  inspection_finished_at: string | null;
  inspection_started_at: string | null;
  instance_info: Json;
  instance_name: string | null;
  instance_uuid: string | null;
  last_error: string | null;
  lessee: string | null;
  maintenance: boolean;
  maintenance_reason: string | null;
  network_data: Json;
  owner: string | null;
  parent_node: string | null;
  power_state: string | null;
  properties: Json;
  protected: boolean;
  protected_reason: string | null;
  provision_state: string;
  provision_updated_at: string | null;
  raid_config: Json;
  reservation: string | null;
  resource_class: string | null;
  retired: boolean;
  retired_reason: string | null;
  secure_boot: boolean | null;
  service_step: Json;
  shard: string | null;
  target_power_state: string | null;
  target_provision_state: string | null;
  target_raid_config: Json;
  traits: string[];
  /** The allocation that holds it. */
  allocation_id: string | null;
  chassis_uuid: string | null;
}

/** A network card. */
export interface PortRow extends Row {
  node_uuid: string;
  created_at: string;
  updated_at: string | null;
  address: string;
  extra: Json;
  internal_info: Json;
  is_smartnic: boolean;
  local_link_connection: Json;
  physical_network: string | null;
  pxe_enabled: boolean;
  portgroup_uuid: string | null;
  name: string | null;
  description: string | null;
  vendor: string | null;
  category: string | null;
  available_for_dynamic_portgroup: boolean;
}

/** Network cards that act as one. */
export interface PortgroupRow extends Row {
  node_uuid: string;
  created_at: string;
  updated_at: string | null;
  address: string | null;
  extra: Json;
  internal_info: Json;
  mode: string;
  name: string | null;
  properties: Json;
  standalone_ports_supported: boolean;
  physical_network: string | null;
  category: string | null;
  dynamic_portgroup: boolean;
}

/** How a node reaches storage. */
export interface ConnectorRow extends Row {
  node_uuid: string;
  created_at: string;
  updated_at: string | null;
  type: string;
  connector_id: string;
  extra: Json;
}

/** A volume that a node gets when it starts. */
export interface TargetRow extends Row {
  node_uuid: string;
  created_at: string;
  updated_at: string | null;
  volume_type: string;
  boot_index: number;
  volume_id: string;
  properties: Json;
  extra: Json;
}

/** A reservation of a node. */
export interface AllocationRow extends Row {
  created_at: string;
  updated_at: string | null;
  name: string | null;
  node_uuid: string | null;
  state: "allocating" | "active" | "error";
  last_error: string | null;
  resource_class: string | null;
  traits: string[];
  candidate_nodes: string[];
  extra: Json;
  owner: string | null;
}

/** Something that happened to a node. */
export interface HistoryRow extends Row {
  node_uuid: string;
  created_at: string;
  severity: "ERROR" | "INFO";
  event_type: string;
  event: string;
  user: string | null;
  state: string;
  target_provision_state: string | null;
  duration_seconds: number | null;
}

/** What inspection found; `id` is the node's. */
export interface InventoryRow extends Row {
  inventory: Json;
  plugin_data: Json;
}

/** A BIOS setting of a node. */
export interface BiosRow extends Row {
  node_uuid: string;
  created_at: string;
  updated_at: string | null;
  name: string;
  value: string | null;
}

/** A part of a node with firmware. */
export interface FirmwareRow extends Row {
  node_uuid: string;
  created_at: string;
  updated_at: string | null;
  component: string;
  initial_version: string;
  current_version: string;
  last_version_flashed: string | null;
  vendor: string;
  model: string;
  serial_number: string;
}

/** Steps under a name: a runbook, or a deploy template. */
export interface StepsRow extends Row {
  created_at: string;
  updated_at: string | null;
  name: string;
  steps: Step[];
  extra: Json;
  description: string | null;
  owner: string | null;
  public: boolean;
  disable_ramdisk: boolean;
  traits: string[];
}

/** A chassis. */
export interface ChassisRow extends Row {
  created_at: string;
  updated_at: string | null;
  description: string | null;
  extra: Json;
}

/** What the operator set: `id` is `network`, the name of the network for nodes that name none. */
export interface SettingRow extends Row {
  name: string;
}

/** All of Ironic's tables. */
export interface Tables {
  nodes: Table<NodeRow>;
  ports: Table<PortRow>;
  portgroups: Table<PortgroupRow>;
  connectors: Table<ConnectorRow>;
  targets: Table<TargetRow>;
  allocations: Table<AllocationRow>;
  history: Table<HistoryRow>;
  inventories: Table<InventoryRow>;
  bios: Table<BiosRow>;
  firmware: Table<FirmwareRow>;
  runbooks: Table<StepsRow>;
  templates: Table<StepsRow>;
  chassis: Table<ChassisRow>;
  settings: Table<SettingRow>;
}

const ofNode = <T extends Row & { node_uuid: string | null }>(table: Table<T>): Table<T> =>
  table.index("node", (row) => row.node_uuid);

/** Opens the tables with their indexes. */
export function openTables(store: Store): Tables {
  const named = <T extends Row & { name: string | null }>(table: Table<T>) => table.index("name", (row) => row.name);
  return {
    nodes: named(store.table<NodeRow>("ironic.nodes")).index("instance", (row) => row.instance_uuid),
    ports: ofNode(store.table<PortRow>("ironic.ports")).index("address", (row) => row.address),
    portgroups: ofNode(store.table<PortgroupRow>("ironic.portgroups")),
    connectors: ofNode(store.table<ConnectorRow>("ironic.connectors")),
    targets: ofNode(store.table<TargetRow>("ironic.targets")).index("volume", (row) => row.volume_id),
    allocations: ofNode(named(store.table<AllocationRow>("ironic.allocations"))),
    history: ofNode(store.table<HistoryRow>("ironic.history")),
    inventories: store.table<InventoryRow>("ironic.inventories"),
    bios: ofNode(store.table<BiosRow>("ironic.bios")),
    firmware: ofNode(store.table<FirmwareRow>("ironic.firmware")),
    runbooks: named(store.table<StepsRow>("ironic.runbooks")),
    templates: named(store.table<StepsRow>("ironic.templates")),
    chassis: store.table<ChassisRow>("ironic.chassis"),
    settings: store.table<SettingRow>("ironic.settings"),
  };
}
