import type { PortRow } from "./rows.ts";
import type { State } from "./state.ts";

/** Takes a port out of the tables, with its addresses; floating IPs that led to it lead nowhere. */
export function deletePort(state: State, port: PortRow): void {
  for (const { subnet_id, ip_address } of port.fixed_ips) state.allocations.delete(`${subnet_id}|${ip_address}`);
  for (const floating of state.floatingIps.by("port", port.id)) {
    Object.assign(floating, { port_id: null, router_id: null, fixed_ip_address: null, status: "DOWN" });
    state.touch(state.floatingIps, floating);
  }
  for (const floating of state.floatingIps.filter(({ forwardings }) => forwardings.length > 0)) {
    const left = floating.forwardings.filter(({ internal_port_id }) => internal_port_id !== port.id);
    if (left.length === floating.forwardings.length) continue;
    floating.forwardings = left;
    state.touch(state.floatingIps, floating);
  }
  state.ports.delete(port.id);
  releaseDynamicSegment(state, port.network_id);
}

/** An overlay network keeps its VLAN for bare metal only as long as bare metal is bound to it. */
export function releaseDynamicSegment(state: State, network: string): void {
  const dynamic = state.segments.by("network", network).filter((segment) => segment.dynamic);
  if (dynamic.length === 0) return;
  const bound = state.ports
    .by("network", network)
    .some(({ vnic_type, vif_type }) => vnic_type === "baremetal" && vif_type === "other");
  if (!bound) for (const segment of dynamic) state.segments.delete(segment.id);
}
