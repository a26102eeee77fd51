import type { Refusal } from "../../kernel/call.ts";
import { repr } from "../../kernel/python.ts";
import { fault } from "../errors.ts";
import { DAEMON } from "../host.ts";
import type { Ironic } from "../ironic.ts";
import { UPDATABLE } from "../machine.ts";
import type { AllocationRow, NodeRow } from "../rows.ts";

/** Times that locked nodes are tried again, and the seconds between. */
const ATTEMPTS = 3;
const INTERVAL = 1;

const failed = (allocation: AllocationRow, why: string) => `Failed to process allocation ${allocation.id}: ${why}.`;

/** Looks for the allocation's node, in a moment; an allocation that is gone by then is left alone. */
export function allocateSoon(ironic: Ironic, id: string): void {
  const { conductor, world } = ironic;
  const { generation } = conductor;
  world.clock.after(ironic.seconds("allocate"), async () => {
    await world.faults.thawed(DAEMON);
    if (generation === conductor.generation) await allocate(ironic, id);
  });
}

async function allocate(ironic: Ironic, id: string): Promise<void> {
  const { allocations } = ironic.tables;
  const begun = allocations.get(id);
  if (begun?.state !== "allocating") return;
  let nodes = candidates(ironic, begun);
  if (typeof nodes === "string") return fail(ironic, begun, nodes);
  for (let attempt = 1; ; attempt++) {
    const allocation = allocations.get(id);
    if (allocation?.state !== "allocating") return;
    const busy: NodeRow[] = [];
    for (const node of nodes) {
      if (node.reservation) busy.push(node);
      else if (suits(node, allocation)) return give(ironic, allocation, node);
    }
    nodes = busy;
    if (busy.length === 0) return fail(ironic, allocation, "all nodes were filtered out during reservation");
    if (attempt === ATTEMPTS) return fail(ironic, allocation, `could not reserve any of ${busy.length} suitable nodes`);
    await ironic.world.clock.sleep(INTERVAL);
  }
}

const hasTraits = (node: NodeRow, traits: readonly string[]) => traits.every((trait) => node.traits.includes(trait));

const suits = (node: NodeRow, allocation: AllocationRow): boolean =>
  !node.maintenance &&
  !node.instance_uuid &&
  node.provision_state === "available" &&
  node.resource_class === allocation.resource_class &&
  hasTraits(node, allocation.traits);

/** Nodes that may be taken, in any order; or why there are none. */
function candidates(ironic: Ironic, allocation: AllocationRow): NodeRow[] | string {
  const { owner, resource_class: wanted } = allocation;
  const named = new Set(allocation.candidate_nodes);
  const all = ironic.tables.nodes.filter(
    (node) =>
      node.resource_class === wanted &&
      node.provision_state === "available" &&
      !node.instance_uuid &&
      node.power_state !== null &&
      !node.maintenance &&
      node.parent_node === null &&
      (named.size === 0 || named.has(node.id)) &&
      (!owner || node.owner === owner || node.lessee === owner),
  );
  if (all.length === 0)
    return named.size > 0
      ? `none of the requested nodes are available and match the resource class ${wanted}`
      : `no available nodes match the resource class ${wanted}`;
  const fitting = all.filter((node) => hasTraits(node, allocation.traits));
  if (fitting.length === 0)
    return `no suitable nodes have the requested traits ${[...new Set(allocation.traits)].join(", ")}`;
  for (let at = fitting.length - 1; at > 0; at--) {
    const other = ironic.world.random.below(at + 1);
    [fitting[at], fitting[other]] = [fitting[other]!, fitting[at]!];
  }
  const same = fitting.findIndex((node) => node.name !== null && node.name === allocation.name);
  if (same > 0) fitting.unshift(...fitting.splice(same, 1));
  return fitting;
}

function fail(ironic: Ironic, allocation: AllocationRow, why: string): void {
  allocation.state = "error";
  allocation.node_uuid = null;
  allocation.last_error = failed(allocation, why);
  allocation.updated_at = ironic.now();
  ironic.tables.allocations.put(allocation);
}

function give(ironic: Ironic, allocation: AllocationRow, node: NodeRow): void {
  allocation.state = "active";
  allocation.node_uuid = node.id;
  allocation.last_error = null;
  allocation.updated_at = ironic.now();
  ironic.tables.allocations.put(allocation);
  node.allocation_id = allocation.id;
  node.instance_uuid = allocation.id;
  node.instance_info = { ...node.instance_info, traits: [...allocation.traits] };
  node.updated_at = ironic.now();
  ironic.tables.nodes.put(node);
}

/** Makes an allocation of a node that is deployed already. Throws, with the allocation in error, where they do not fit. */
export function backfill(ironic: Ironic, allocation: AllocationRow, node: NodeRow): void {
  const errors: string[] = [];
  if (node.provision_state !== "active")
    errors.push(`Node must be in the "active" state, but the current state is "${node.provision_state}"`);
  if (allocation.resource_class && node.resource_class !== allocation.resource_class)
    errors.push(
      `Resource class ${node.resource_class} does not match the requested resource class ${allocation.resource_class}`,
    );
  if (!hasTraits(node, allocation.traits))
    errors.push(`List of traits ${repr(node.traits)} does not match the requested traits ${repr(allocation.traits)}`);
  if (allocation.candidate_nodes.length > 0 && !allocation.candidate_nodes.includes(node.id))
    errors.push(
      `Candidate nodes must be empty or contain the target node, but got ${repr(allocation.candidate_nodes)}`,
    );
  let refusal: Refusal | undefined;
  if (errors.length > 0) {
    const why = `Cannot backfill an allocation for node ${node.id}: ${errors.join("; ")}`;
    fail(ironic, allocation, why);
    refusal = fault(500, failed(allocation, why));
  } else if (node.instance_uuid && node.instance_uuid !== allocation.id) {
    refusal = fault(409, `Node ${node.id} is associated with instance ${node.instance_uuid}.`);
    fail(ironic, allocation, refusal.message);
    allocation.last_error = refusal.message;
    ironic.tables.allocations.put(allocation);
  }
  if (refusal) throw refusal;
  give(ironic, allocation, node);
}

/** Refuses (409) to free a node that is in use, unless it is in maintenance. */
export function checkDeallocation(node: NodeRow, allocation: AllocationRow): void {
  if (node.maintenance) return;
  const begin = `Cannot remove allocation ${allocation.id} for node ${node.id}, because the node is`;
  if (node.target_provision_state && !UPDATABLE.has(node.provision_state))
    throw fault(
      409,
      `${begin} in state ${node.provision_state} where updates are not allowed (and maintenance mode is off)`,
    );
  if (node.provision_state === "active") throw fault(409, `${begin} active (and maintenance mode is off)`);
}

/** Ends an allocation; its node is free. */
export function endAllocation(ironic: Ironic, id: string): void {
  const allocation = ironic.tables.allocations.get(id);
  ironic.tables.allocations.delete(id);
  const node = allocation?.node_uuid ? ironic.tables.nodes.get(allocation.node_uuid) : undefined;
  if (node?.allocation_id !== id) return;
  node.allocation_id = null;
  node.instance_uuid = null;
  ironic.tables.nodes.put(node);
}

/** Ends the node's allocation, if it has one. */
export function freeNode(ironic: Ironic, node: NodeRow): void {
  if (node.allocation_id) endAllocation(ironic, node.allocation_id);
}
