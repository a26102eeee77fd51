import type { Fleet } from "../fleet.ts";
import { defaultPools, formatPrefix, parsePrefix } from "./addresses.ts";
import { addNetwork, shareWithAll } from "./networks.ts";
import { defaultGroup } from "./security-groups.ts";
import { addSegment, mtuOf } from "./segments.ts";
import type { State } from "./state.ts";
import { addSubnet, firstGateway } from "./subnets.ts";

/** Puts the fleet's networks into the tables. */
export function seed(state: State, fleet: Fleet): void {
  const physical = fleet.networks.find(({ kind }) => kind === "vlan")?.physicalNetwork;
  state.pools.put({
    id: "pools",
    physical_network: physical ?? fleet.nodes[0]?.nics[0]?.physicalNetwork ?? "physnet1",
    vlan: [...fleet.segments.vlan],
    vxlan: [...fleet.segments.vxlan],
    geneve: [fleet.segments.vxlan[1] + 1, fleet.segments.vxlan[1] + 1000],
    standard: 0,
  });
  state.world.store
    .table<{ id: string; names: string[] }>("neutron.virtual_hosts")
    .put({ id: "fleet", names: fleet.virtualHosts.map(({ name }) => name) });
  for (const one of fleet.networks) {
    const project = state.world.identity.project(one.project ?? "admin")?.id;
    if (project === undefined) throw new Error(`network ${one.name}: there is no project ${one.project}`);
    const network = addNetwork(state, {
      name: one.name,
      description: "",
      project_id: project,
      admin_state_up: true,
      mtu: mtuOf(one.kind),
      port_security_enabled: true,
      qos_policy_id: null,
      dns_domain: "",
      is_default: false,
    });
    addSegment(state, network.id, {
      network_type: one.kind,
      physical_network: one.kind === "vxlan" ? null : (one.physicalNetwork ?? physical ?? "physnet1"),
      segmentation_id: one.segment ?? null,
    });
    if (one.shared) shareWithAll(state, network, "access_as_shared", true);
    if (one.external) shareWithAll(state, network, "access_as_external", true);
    const prefix = parsePrefix(one.cidr);
    if (!prefix) throw new Error(`network ${one.name}: ${one.cidr} is no prefix such as 192.0.2.0/24`);
    const gateway = firstGateway(prefix);
    addSubnet(state, {
      name: one.name,
      description: "",
      project_id: project,
      network_id: network.id,
      ip_version: prefix.version,
      subnetpool_id: null,
      enable_dhcp: one.dhcp,
      ipv6_ra_mode: null,
      ipv6_address_mode: null,
      gateway_ip: gateway,
      cidr: formatPrefix(prefix),
      allocation_pools: defaultPools(prefix, gateway),
      host_routes: [],
      dns_nameservers: [],
      service_types: [],
      segment_id: null,
    });
    defaultGroup(state, project);
  }
}
