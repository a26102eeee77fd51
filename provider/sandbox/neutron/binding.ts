import { DURATIONS } from "../kernel/durations.ts";
import { InjectedFault } from "../kernel/faults.ts";
import { releaseDynamicSegment } from "./port-removal.ts";
import type { PortRow } from "./rows.ts";
import { addSegment, freeVlan } from "./segments.ts";
import type { State } from "./state.ts";

/** Whether a port is for a host and nothing has bound it there yet. */
export function needsBinding(port: PortRow): boolean {
  return port.host_id !== "" && (port.vif_type === "unbound" || port.vif_type === "binding_failed");
}

/** A port leaves its host. */
export function unbind(state: State, port: PortRow): void {
  port.vif_type = "unbound";
  port.bound_by = null;
  port.status = "DOWN";
  state.ports.put(port);
  releaseDynamicSegment(state, port.network_id);
}

/**
 * Binds a port to its host: bare metal by the switch, servers by the hypervisor's virtual switch. Where nobody can, it shows
 * `binding_failed`. Ends when the binding is known; the port turns ACTIVE a little later.
 */
export async function bind(state: State, id: string): Promise<void> {
  const asked = state.ports.get(id);
  if (!asked) return;
  const what = JSON.stringify([asked.host_id, asked.vnic_type, asked.profile]);
  let failed = false;
  try {
    await state.world.faults.reach("neutron.bind");
  } catch (failure) {
    if (!(failure instanceof InjectedFault)) throw failure;
    failed = true;
  }
  const port = state.ports.get(id);
  // Somebody else moved or deleted it meanwhile.
  if (!port || JSON.stringify([port.host_id, port.vnic_type, port.profile]) !== what) return;
  const drivers = failed ? undefined : driversFor(state, port);
  if (!drivers) {
    port.vif_type = "binding_failed";
    port.bound_by = null;
    port.status = "DOWN";
    state.touch(state.ports, port, 2);
    return;
  }
  port.vif_type = port.vnic_type === "baremetal" ? "other" : "ovs";
  port.bound_by = drivers;
  port.status = "DOWN";
  state.touch(state.ports, port, 2);
  activateLater(state, port.id);
}

/** The drivers that bind the port, outermost first; undefined where none can. */
function driversFor(state: State, port: PortRow): string | undefined {
  const segments = state.segments.by("network", port.network_id);
  const plain = segments.some(
    ({ network_type, dynamic }) => !dynamic && (network_type === "vlan" || network_type === "flat"),
  );
  if (port.vnic_type === "normal") return isVirtualHost(state, port.host_id) ? "oscloud" : undefined;
  if (port.vnic_type !== "baremetal") return undefined;
  if (plain) return "oscloud";
  const overlay = segments.some(({ network_type }) => network_type === "vxlan" || network_type === "geneve");
  if (!overlay) return undefined;
  // The overlay reaches bare metal through a VLAN of its own.
  if (!segments.some(({ dynamic }) => dynamic)) {
    const vlan = freeVlan(state);
    if (!vlan) return undefined;
    addSegment(state, port.network_id, vlan, true);
  }
  return "oscloud-l2vni,oscloud";
}

function isVirtualHost(state: State, host: string): boolean {
  return state.world.store
    .table<{ id: string; names: string[] }>("neutron.virtual_hosts")
    .values()
    .some(({ names }) => names.some((name) => host.startsWith(name)));
}

/** The switch has been told: the port carries packets. */
function activateLater(state: State, id: string): void {
  state.world.clock.after(DURATIONS.bind, () => {
    const port = state.ports.get(id);
    if (!port || port.status === "ACTIVE" || !isBound(port) || !port.admin_state_up) return;
    port.status = "ACTIVE";
    state.touch(state.ports, port);
  });
}

const isBound = ({ vif_type }: PortRow): boolean => vif_type === "other" || vif_type === "ovs";

/** After a restart: what was being told to switches is told again. */
export function resumeBindings(state: State): void {
  for (const port of state.ports.values()) {
    if (isBound(port) && port.status === "DOWN") activateLater(state, port.id);
  }
}
