import type { Caller } from "../kernel/call.ts";
import type { Table } from "../kernel/store.ts";
import type { World } from "../world.ts";
import { refusal } from "./errors.ts";
import type * as rows from "./rows.ts";

/** Numbers of segments that networks get by themselves. */
export interface SegmentPools {
  id: string;
  physical_network: string;
  vlan: [number, number];
  vxlan: [number, number];
  geneve: [number, number];
  /** Counts up: `standard_attr_id` of security group rules. */
  standard: number;
}

/** Neutron's tables, and what nearly everything in it needs. */
export class State {
  readonly world: World;
  readonly networks: Table<rows.NetworkRow>;
  readonly segments: Table<rows.SegmentRow>;
  readonly subnets: Table<rows.SubnetRow>;
  readonly allocations: Table<rows.AllocationRow>;
  readonly ports: Table<rows.PortRow>;
  readonly routers: Table<rows.RouterRow>;
  readonly floatingIps: Table<rows.FloatingIpRow>;
  readonly securityGroups: Table<rows.SecurityGroupRow>;
  readonly securityGroupRules: Table<rows.SecurityGroupRuleRow>;
  readonly addressGroups: Table<rows.AddressGroupRow>;
  readonly subnetPools: Table<rows.SubnetPoolRow>;
  readonly rbac: Table<rows.RbacRow>;
  readonly trunks: Table<rows.TrunkRow>;
  readonly qosPolicies: Table<rows.QosPolicyRow>;
  readonly quotas: Table<rows.QuotaRow>;
  readonly agents: Table<rows.AgentRow>;
  readonly pools: Table<SegmentPools>;

  constructor(world: World) {
    this.world = world;
    const { store } = world;
    const owned = <T extends rows.Resource>(name: string) =>
      store.table<T>(`neutron.${name}`).index("project", (row) => row.project_id);
    this.networks = owned<rows.NetworkRow>("networks");
    this.segments = store
      .table<rows.SegmentRow>("neutron.segments")
      .index("network", (row) => row.network_id)
      .index("number", segmentKey);
    this.subnets = owned<rows.SubnetRow>("subnets")
      .index("network", (row) => row.network_id)
      .index("pool", (row) => row.subnetpool_id);
    this.allocations = store.table<rows.AllocationRow>("neutron.allocations").index("subnet", (row) => row.subnet_id);
    this.ports = owned<rows.PortRow>("ports")
      .index("network", (row) => row.network_id)
      .index("device", (row) => row.device_id || null)
      .index("mac", (row) => `${row.network_id}|${row.mac_address}`);
    this.routers = owned<rows.RouterRow>("routers");
    this.floatingIps = owned<rows.FloatingIpRow>("floatingips")
      .index("port", (row) => row.port_id)
      .index("router", (row) => row.router_id);
    this.securityGroups = owned<rows.SecurityGroupRow>("security_groups");
    this.securityGroupRules = store
      .table<rows.SecurityGroupRuleRow>("neutron.security_group_rules")
      .index("group", (row) => row.security_group_id)
      .index("project", (row) => row.project_id);
    this.addressGroups = owned<rows.AddressGroupRow>("address_groups");
    this.subnetPools = owned<rows.SubnetPoolRow>("subnetpools");
    this.rbac = store
      .table<rows.RbacRow>("neutron.rbac")
      .index("object", (row) => row.object_id)
      .index("project", (row) => row.project_id);
    this.trunks = owned<rows.TrunkRow>("trunks");
    this.qosPolicies = owned<rows.QosPolicyRow>("qos_policies");
    this.quotas = store.table<rows.QuotaRow>("neutron.quotas");
    this.agents = store.table<rows.AgentRow>("neutron.agents").index("host", (row) => row.host);
    this.pools = store.table<SegmentPools>("neutron.segment_pools");
  }

  /** A new id. */
  id(): string {
    return this.world.random.uuid();
  }

  /** The present as Neutron writes it: `2026-11-22T15:07:09Z`. */
  now(): string {
    return `${new Date(this.world.clock.now()).toISOString().slice(0, 19)}Z`;
  }

  /** The next number of those that standard attributes have. */
  standard(): number {
    const counter = this.pools.get("pools")!;
    counter.standard++;
    this.pools.put(counter);
    return counter.standard;
  }

  /** What a new resource gets besides what was asked for. `revision` is 0 or, where making it is two writes, 1. */
  stamps(revision: number): Pick<rows.Resource, "created_at" | "updated_at" | "revision_number" | "tags"> {
    const now = this.now();
    return { created_at: now, updated_at: now, revision_number: revision, tags: [] };
  }

  /** Writes a changed row: one revision later, unless told otherwise. */
  touch<T extends { id: string; updated_at: string; revision_number: number }>(table: Table<T>, row: T, by = 1): T {
    row.updated_at = this.now();
    row.revision_number += by;
    return table.put(row);
  }

  /** Whether the caller's project may use something by an entry of access control. */
  isShared(objectId: string, caller: Caller, action = "access_as_shared"): boolean {
    return this.rbac
      .by("object", objectId)
      .some(
        (entry) => entry.action === action && (entry.target_tenant === "*" || entry.target_tenant === caller.projectId),
      );
  }

  /** Whether anybody has the network as an external one. */
  isExternal(networkId: string): boolean {
    return this.rbac.by("object", networkId).some((entry) => entry.action === "access_as_external");
  }

  /** Administrators and services read what is everybody's. */
  seesAll(caller: Caller): boolean {
    return caller.roles.has("admin") || caller.roles.has("service") || caller.roles.has("advsvc");
  }

  /** A network that the caller may know of. Throws 404. */
  network(caller: Caller, id: string): rows.NetworkRow {
    const network = this.networks.get(id);
    if (!network || !this.seesNetwork(caller, network))
      throw refusal(404, "NetworkNotFound", `Network ${id} could not be found.`);
    return network;
  }

  seesNetwork(caller: Caller, network: rows.NetworkRow): boolean {
    return (
      network.project_id === caller.projectId ||
      this.seesAll(caller) ||
      this.isShared(network.id, caller) ||
      this.isShared(network.id, caller, "access_as_external")
    );
  }

  /** A subnet that the caller may know of. Throws 404. */
  subnet(caller: Caller, id: string): rows.SubnetRow {
    const subnet = this.subnets.get(id);
    if (!subnet || !this.seesSubnet(caller, subnet))
      throw refusal(404, "SubnetNotFound", `Subnet ${id} could not be found.`);
    return subnet;
  }

  seesSubnet(caller: Caller, subnet: rows.SubnetRow): boolean {
    if (subnet.project_id === caller.projectId || this.seesAll(caller)) return true;
    const network = this.networks.get(subnet.network_id);
    return network !== undefined && this.seesNetwork(caller, network);
  }

  /** A port that the caller may know of. Throws 404. */
  port(caller: Caller, id: string): rows.PortRow {
    const port = this.ports.get(id);
    if (!port || !this.seesPort(caller, port)) throw refusal(404, "PortNotFound", `Port ${id} could not be found.`);
    return port;
  }

  seesPort(caller: Caller, port: rows.PortRow): boolean {
    return (
      port.project_id === caller.projectId ||
      this.seesAll(caller) ||
      this.networks.get(port.network_id)?.project_id === caller.projectId
    );
  }

  /** A router that the caller may know of. Throws 404. */
  router(caller: Caller, id: string): rows.RouterRow {
    const router = this.routers.get(id);
    if (!router || !(router.project_id === caller.projectId || this.seesAll(caller)))
      throw refusal(404, "RouterNotFound", `Router ${id} could not be found`);
    return router;
  }

  /** Throws 404 where the caller has no such QoS policy. */
  needQosPolicy(caller: Caller, id: unknown): void {
    if (id === null || id === undefined) return;
    const policy = this.qosPolicies.get(String(id));
    if (
      !policy ||
      !(policy.project_id === caller.projectId || this.seesAll(caller) || this.isShared(policy.id, caller))
    )
      throw refusal(404, "QosPolicyNotFound", `QoS policy ${id} could not be found.`);
  }
}

/** Key of a segment among all: nothing may have it twice. */
export function segmentKey(row: {
  network_type: string;
  physical_network: string | null;
  segmentation_id: number | null;
}): string {
  return `${row.network_type}|${row.physical_network ?? ""}|${row.segmentation_id ?? ""}`;
}
