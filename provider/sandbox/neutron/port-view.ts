import type { Json } from "../kernel/call.ts";
import type { PortRow } from "./rows.ts";
import type { State } from "./state.ts";

/** Everything that a port shows. */
export function portView(state: State, row: PortRow): Json {
  const network = state.networks.get(row.network_id);
  const details = row.vif_type === "unbound" || row.vif_type === "binding_failed" ? {} : boundDetails(row);
  const trunk = trunkOf(state, row);
  return {
    id: row.id,
    name: row.name,
    network_id: row.network_id,
    project_id: row.project_id,
    tenant_id: row.project_id,
    mac_address: row.mac_address,
    admin_state_up: row.admin_state_up,
    status: row.status,
    device_id: row.device_id,
    device_owner: row.device_owner,
    fixed_ips: row.fixed_ips,
    allowed_address_pairs: row.allowed_address_pairs,
    extra_dhcp_opts: row.extra_dhcp_opts,
    security_groups: row.security_groups,
    description: row.description,
    "binding:vnic_type": row.vnic_type,
    "binding:profile": row.profile,
    "binding:host_id": row.host_id,
    "binding:vif_type": row.vif_type,
    "binding:vif_details": details,
    port_security_enabled: row.port_security_enabled,
    qos_policy_id: row.qos_policy_id,
    qos_network_policy_id: network?.qos_policy_id ?? null,
    dns_name: "",
    dns_assignment: row.fixed_ips.map(({ ip_address }) => {
      const hostname = `host-${ip_address.replaceAll(/[.:]+/g, (mark) => (mark === "::" ? "--" : "-"))}`;
      return { ip_address, hostname, fqdn: `${hostname}.openstacklocal.` };
    }),
    dns_domain: "",
    ...(row.device_profile === null ? {} : { device_profile: row.device_profile }),
    ...(row.numa_affinity_policy === null ? {} : { numa_affinity_policy: row.numa_affinity_policy }),
    ...(trunk ? { trunk_details: trunk } : {}),
    resource_request: null,
    ip_allocation: row.ip_allocation,
    tags: row.tags,
    created_at: row.created_at,
    updated_at: row.updated_at,
    revision_number: row.revision_number,
  };
}

function boundDetails(row: PortRow): Json {
  const drivers = (row.bound_by ?? "").split(",").map((driver, level) => [String(level), driver]);
  return { connectivity: "l2", bound_drivers: Object.fromEntries(drivers) };
}

/** A trunk's parent tells of its subports. */
function trunkOf(state: State, row: PortRow): Json | undefined {
  if (state.trunks.size === 0) return undefined;
  const trunk = state.trunks.find(({ port_id }) => port_id === row.id);
  return (
    trunk && {
      trunk_id: trunk.id,
      sub_ports: trunk.sub_ports.map((sub) => ({ ...sub, mac_address: state.ports.get(sub.port_id)?.mac_address })),
    }
  );
}
