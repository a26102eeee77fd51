import type { Row } from "../kernel/store.ts";
import type { Range } from "./addresses.ts";

/** What every resource with standard attributes has. */
export interface Resource extends Row {
  project_id: string;
  name: string;
  description: string;
  created_at: string;
  updated_at: string;
  revision_number: number;
  tags: string[];
}

/** A network. */
export interface NetworkRow extends Resource {
  admin_state_up: boolean;
  mtu: number;
  status: string;
  port_security_enabled: boolean;
  qos_policy_id: string | null;
  dns_domain: string;
  is_default: boolean;
}

/** What carries a network: `vlan` 100 on `physnet1`. */
export interface SegmentRow extends Row {
  network_id: string;
  name: string | null;
  description: string | null;
  physical_network: string | null;
  network_type: string;
  segmentation_id: number | null;
  /** Made for the bare metal of one physical network, on an overlay network. */
  dynamic: boolean;
  created_at: string;
  updated_at: string;
  revision_number: number;
}

/** A subnet. */
export interface SubnetRow extends Resource {
  network_id: string;
  ip_version: 4 | 6;
  subnetpool_id: string | null;
  enable_dhcp: boolean;
  ipv6_ra_mode: string | null;
  ipv6_address_mode: string | null;
  gateway_ip: string | null;
  cidr: string;
  allocation_pools: Range[];
  host_routes: { destination: string; nexthop: string }[];
  dns_nameservers: string[];
  service_types: string[];
  segment_id: string | null;
}

/** An address that a port has. Its id is `subnet|address`. */
export interface AllocationRow extends Row {
  subnet_id: string;
  network_id: string;
  port_id: string;
}

/** A port. */
export interface PortRow extends Resource {
  network_id: string;
  mac_address: string;
  admin_state_up: boolean;
  status: string;
  device_id: string;
  device_owner: string;
  fixed_ips: FixedIp[];
  port_security_enabled: boolean;
  qos_policy_id: string | null;
  security_groups: string[];
  allowed_address_pairs: { mac_address: string; ip_address: string }[];
  extra_dhcp_opts: { opt_name: string; opt_value: string; ip_version: number }[];
  ip_allocation: string;
  vnic_type: string;
  host_id: string;
  profile: Record<string, unknown>;
  vif_type: string;
  /** The driver that bound it, by the order of its level. */
  bound_by: string | null;
  device_profile: string | null;
  numa_affinity_policy: string | null;
}

/** An address of a port. */
export interface FixedIp {
  subnet_id: string;
  ip_address: string;
}

/** A router. */
export interface RouterRow extends Resource {
  admin_state_up: boolean;
  status: string;
  /** Port on the external network. */
  gateway_port_id: string | null;
  enable_snat: boolean;
  distributed: boolean;
  ha: boolean;
  routes: { destination: string; nexthop: string }[];
}

/** A floating IP. */
export interface FloatingIpRow extends Resource {
  floating_ip_address: string;
  floating_network_id: string;
  /** The port on the external network that holds the address. */
  floating_port_id: string;
  router_id: string | null;
  port_id: string | null;
  fixed_ip_address: string | null;
  status: string;
  qos_policy_id: string | null;
  dns_name: string;
  dns_domain: string;
  forwardings: PortForwarding[];
}

/** Leads one port of a floating IP to one of a machine. */
export interface PortForwarding {
  id: string;
  external_port: number;
  external_port_range: string;
  protocol: string;
  internal_port_id: string;
  internal_ip_address: string;
  internal_port: number;
  internal_port_range: string;
  description: string;
}

/** A security group. */
export interface SecurityGroupRow extends Resource {
  stateful: boolean;
  is_default: boolean;
}

/** A rule of a security group. */
export interface SecurityGroupRuleRow extends Row {
  project_id: string;
  security_group_id: string;
  ethertype: string;
  direction: string;
  protocol: string | null;
  port_range_min: number | null;
  port_range_max: number | null;
  remote_ip_prefix: string | null;
  remote_address_group_id: string | null;
  remote_group_id: string | null;
  description: string | null;
  standard_attr_id: number;
  created_at: string;
  updated_at: string;
  revision_number: number;
}

/** An address group. */
export interface AddressGroupRow extends Resource {
  addresses: string[];
}

/** A subnet pool. */
export interface SubnetPoolRow extends Resource {
  default_prefixlen: number;
  min_prefixlen: number;
  max_prefixlen: number;
  is_default: boolean;
  shared: boolean;
  prefixes: string[];
  ip_version: 4 | 6;
  default_quota: number | null;
  address_scope_id: string | null;
}

/** An entry of role-based access control. */
export interface RbacRow extends Row {
  project_id: string;
  object_type: string;
  object_id: string;
  action: string;
  target_tenant: string;
}

/** A trunk. */
export interface TrunkRow extends Resource {
  admin_state_up: boolean;
  port_id: string;
  status: string;
  sub_ports: { port_id: string; segmentation_type: string; segmentation_id: number }[];
}

/** A QoS policy. */
export interface QosPolicyRow extends Resource {
  shared: boolean;
  is_default: boolean;
  rules: QosRule[];
}

/** A rule of a QoS policy; the other fields depend on its type. */
export interface QosRule {
  id: string;
  type: string;
  [field: string]: unknown;
}

/** Limits of a project; its id is the project's. */
export interface QuotaRow extends Row {
  limits: Record<string, number>;
}

/** An agent. */
export interface AgentRow extends Row {
  agent_type: string;
  binary: string;
  topic: string;
  host: string;
  admin_state_up: boolean;
  created_at: string;
  started_at: string;
  description: string | null;
  configurations: Record<string, unknown>;
}

/** Something of an extension that only is kept: VPN and firewall resources, address scopes. */
export interface KeptRow extends Row {
  project_id: string;
  values: Record<string, unknown>;
}
