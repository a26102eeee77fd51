import { HOST } from "../host.ts";
import type { Ironic } from "../ironic.ts";
import { STUCK, WAITING } from "../machine.ts";
import { allocateSoon } from "./allocate.ts";
import { Task } from "./task.ts";

/** What a conductor does first: locks of its earlier life go, work that was cut off has failed, ramdisks call again. */
export function recover(ironic: Ironic): void {
  const { nodes, allocations } = ironic.tables;
  for (const node of nodes.values()) {
    const stuck = STUCK.includes(node.provision_state);
    if (!node.reservation && !node.target_power_state && !stuck && !WAITING.has(node.provision_state)) continue;
    if (node.reservation) node.target_power_state = null;
    node.reservation = null;
    const task = new Task(ironic, node, ironic.world.identity.serviceCaller(), ironic.conductor.generation);
    if (stuck) {
      const state = node.provision_state;
      task.record(`The ${state} state can't be resumed by conductor ${HOST}. Moving to fail state.`, "transition");
      task.event(
        "fail",
        state === "cleaning" && node.target_provision_state === "manageable" ? { target: "manageable" } : {},
      );
    }
    nodes.put(node);
    if (WAITING.has(node.provision_state)) ironic.conductor.expectAgent(node.id, ironic.seconds("ramdisk boot"));
  }
  for (const allocation of allocations.filter(({ state }) => state === "allocating"))
    allocateSoon(ironic, allocation.id);
}
