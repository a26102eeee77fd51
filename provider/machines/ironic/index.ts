import { type Context, type Found, failure, type Mark, writeMark } from "../../core/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import {
  findAllocation,
  listAllocations,
  listNodes,
  patchAllocation,
  proveAllocationsVisible,
} from "../../openstack/ironic/index.ts";
import { observePorts, retagPorts } from "../ports.ts";
import type { Route } from "../route.ts";
import type { IronicAction } from "./actions.ts";
import { next } from "./next.ts";
import { type IronicSeen, observe, volumesOf } from "./observe.ts";
import { offersOf } from "./offers.ts";
import { perform } from "./perform.ts";
import { allocationName, KEYS, markOf } from "./records.ts";
import { actual, result, trouble } from "./report.ts";

export type { IronicAction } from "./actions.ts";
export type { IronicSeen } from "./observe.ts";
export { type IronicOffer, offersOf } from "./offers.ts";
export { STATES } from "./states.ts";

/**
 * The reservation that carries this tag, without one all of ours. One in state error holds no machine and is dropped by the
 * create that finds it.
 */
async function find(context: Context<Cloud>, tag?: string): Promise<Found[]> {
  const { cloud } = context;
  const one = tag === undefined ? undefined : await findAllocation(cloud, allocationName(tag));
  const allocations = tag === undefined ? await listOwn(cloud) : one ? [one] : [];
  return allocations.flatMap((allocation) => {
    const mark = markOf(allocation);
    if (!mark || (tag !== undefined && (mark.tag !== tag || allocation.state === "error"))) return [];
    return [{ id: allocation.uuid, name: allocation.name ?? "", mark, created: allocation.created_at }];
  });
}

/** To an administrator Ironic shows everybody's. */
async function listOwn(cloud: Cloud) {
  const { projectId } = await cloud.principal();
  return (await listAllocations(cloud)).filter(({ owner }) => owner == null || owner === projectId);
}

/** Name and mark change in one call; the ports follow their tag before it, so that an interrupted rename goes on. */
async function mark(context: Context<Cloud>, id: string, mark: Mark): Promise<void> {
  const { cloud } = context;
  const allocation = await findAllocation(cloud, id);
  if (!allocation) throw failure("gone", `there is no allocation ${id} any more`);
  const tag = markOf(allocation)?.tag;
  if (tag !== undefined && tag !== mark.tag) await retagPorts(cloud, mark.tag, await observePorts(cloud, tag));
  await patchAllocation(cloud, id, [
    { op: "add", path: "/name", value: allocationName(mark.tag) },
    { op: "add", path: `/extra/${KEYS.mark}`, value: writeMark(mark) },
  ]);
}

/**
 * Machines from Ironic itself, for a project that owns nodes or leases them (there with the role manager).
 * The id is the allocation's; a node is only ever written to while it carries that allocation.
 */
export const ironicRoute: Route<IronicSeen, IronicAction> = {
  name: "ironic",
  offers: async ({ cloud }, inputs) =>
    inputs.kind === "virtual" ? [] : offersOf(await listNodes(cloud), { volumes: volumesOf(inputs).length > 0 }),
  find,
  observe,
  next,
  perform,
  mark,
  proveVisible: (context) => proveAllocationsVisible(context.cloud),
  result,
  actual,
  trouble,
};
