import type { Context, Mark, Reference, Seen } from "../../core/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import { lastFailure } from "../../openstack/ironic/history.ts";
import {
  type Allocation,
  allocationLooks,
  findAllocation,
  findNode,
  listNodes,
  listVifs,
  type Node,
  type NodeLook,
  nodeLooks,
} from "../../openstack/ironic/index.ts";
import {
  listConnectors,
  listTargets,
  type VolumeConnector,
  type VolumeTarget,
} from "../../openstack/ironic/volumes.ts";
import { findPort } from "../../openstack/neutron/index.ts";
import { resolveImage } from "../images.ts";
import { type MachinePort, observePorts } from "../ports.ts";
import { isAdopted, SELDOM } from "../route.ts";
import type { MachineInputs, MachineOutputs } from "../spec.ts";
import { type IronicOffer, offersOf } from "./offers.ts";
import { allocationName, markOf } from "./records.ts";
import { isUnderWay, STATES } from "./states.ts";
import { findVolume, type MachineVolume } from "./volumes.ts";

/** What stands on a node, seen only while nothing is under way there. */
export interface NodeDetails {
  readonly node: Node;
  /** Neutron ports attached to it, by id. */
  readonly vifs: readonly string[];
  readonly targets: readonly VolumeTarget[];
  /** Seen where volumes are wanted or the machine goes. */
  readonly connectors: readonly VolumeConnector[];
  /** The volumes of the targets and of the inputs; missing ones do not exist. */
  readonly volumes: Readonly<Record<string, MachineVolume>>;
}

/** What the cloud shows of a machine on the Ironic route. */
export interface IronicSeen extends Seen {
  /** The reservation in whatever state; `id` is set only once it has got its node. */
  readonly allocation?: Allocation;
  /** The reservation's node, or the one that state remembers; undefined where it is hidden or unknown. */
  readonly node?: NodeLook;
  /** Whose the node is by its own word. */
  readonly carries: "ours" | "none" | "other";
  readonly details?: NodeDetails;
  /** `device` is the node's id on those that are attached to it. */
  readonly ports: readonly MachinePort[];
  /** Ports on an adopted machine that are neither ours nor named by the program. */
  readonly strays?: readonly { readonly id: string; readonly network: string }[];
  /** What can be had, seen while there is no reservation and where a create's install failed. */
  readonly offers?: readonly IronicOffer[];
  /** The image that the program means. */
  readonly image?: { readonly id: string };
  /** The volumes of the inputs, seen only while there is no reservation. */
  readonly volumes?: Readonly<Record<string, MachineVolume>>;
  /** What state last knew, inputs among it. */
  readonly last?: Known;
}

/** State holds the inputs beside the outputs. */
export type Known = Partial<MachineOutputs & MachineInputs>;

/**
 * What one operation remembers between two looks: after a release nothing in the cloud says any more which node it
 * was, and its wipe is to be watched. Kept by the operation's own reference, and gone with it.
 */
interface Memory {
  node?: string;
  /** No port of ours is left. */
  swept?: boolean;
  /** At the last look nothing was under way on the node: the next one reads it in full at once. */
  calm?: boolean;
  /** At the last look the node was at work for us: nothing happens to its reservation. */
  working?: boolean;
}
const memory = new WeakMap<object, Memory>();

/** Looks at reservation, node and what belongs to them. While the conductor is at work, one shared request for the node. */
export async function observe(
  context: Context<Cloud>,
  reference: Reference<MachineOutputs>,
  inputs?: MachineInputs,
): Promise<IronicSeen> {
  const { cloud } = context;
  const last = reference.last as Known | undefined;
  const known: Memory = memory.get(reference) ?? {};
  memory.set(reference, known);
  const { working } = known;
  known.working = false;
  const allocation =
    reference.id === undefined
      ? await findAllocation(cloud, allocationName(reference.mark.tag))
      : await allocationLooks(cloud).look(reference.id, working ? SELDOM : 0);
  const nodeId = allocation?.node_uuid ?? known.node ?? last?.nodeId;
  // Another wait may have seen this node before the reservation came to it: such a look is too old for us.
  if (allocation?.node_uuid && allocation.node_uuid !== known.node) nodeLooks(cloud).touch(allocation.node_uuid);
  if (nodeId !== undefined) known.node = nodeId;
  const full = nodeId !== undefined && known.calm ? await findNode(cloud, nodeId) : undefined;
  const node = full ?? (nodeId === undefined ? undefined : await nodeLooks(cloud).look(nodeId));
  known.calm = node !== undefined && !isUnderWay(node.provision_state);
  const mark: Mark | undefined = allocation && allocation.state !== "error" ? markOf(allocation) : undefined;
  const carries =
    node?.instance_uuid == null ? "none" : node.instance_uuid === (allocation?.uuid ?? reference.id) ? "ours" : "other";
  const seen: IronicSeen = {
    ...(allocation?.state === "active" && { id: allocation.uuid }),
    ...(mark && { mark }),
    ...(allocation && { allocation }),
    ...(node && { node }),
    ...(last && { last }),
    carries,
    ports: [],
  };
  if (allocation && allocation.state !== "active") return seen;
  if (allocation && node && carries === "ours" && isUnderWay(node.provision_state)) {
    known.working = true;
    return seen;
  }
  // The node is at rest: what is decided now is decided by a reservation of now.
  if (working) return observe(context, reference, inputs);
  if (!allocation && !inputs && known.swept && node && isUnderWay(node.provision_state)) return seen;
  const ports = await observePorts(cloud, reference.mark.tag, inputs?.networks, { lenient: true });
  if (!allocation && !ports.some((port) => port.ours)) known.swept = true;
  if (!allocation && inputs && reference.id === undefined) {
    // A machine that was given up for another is not waited for.
    delete known.node;
    const needs = { volumes: volumesOf(inputs).length > 0 };
    const [nodes, image, volumes] = await Promise.all([
      listNodes(cloud),
      imageOf(cloud, inputs, reference),
      readVolumes(cloud, volumesOf(inputs)),
    ]);
    return { ...seen, ports, offers: offersOf(nodes, needs), ...(image && { image }), volumes };
  }
  const details =
    node && !isUnderWay(node.provision_state) && carries !== "other"
      ? await look(context, node, full, inputs)
      : undefined;
  const attached = ports.map((port) => ({ ...port, device: details?.vifs.includes(port.id) ? details.node.uuid : "" }));
  const strays = details && inputs && isAdopted(inputs) ? await straysAmong(cloud, details.vifs, ports) : undefined;
  const image = allocation && inputs ? await imageOf(cloud, inputs, reference) : undefined;
  const failed = inputs && last === undefined && details?.node.provision_state === "deploy failed";
  const offers = failed ? offersOf(await listNodes(cloud), { volumes: volumesOf(inputs).length > 0 }) : undefined;
  return {
    ...seen,
    ports: attached,
    ...(offers && { offers }),
    ...(details && { details, node: details.node }),
    ...(strays && { strays }),
    ...(image && { image }),
  };
}

/** Neutron does not tell whose port it is on this route (no device_id): the node's own list of VIFs does. */
async function look(
  context: Context<Cloud>,
  brief: NodeLook,
  full: Node | undefined,
  inputs: MachineInputs | undefined,
): Promise<NodeDetails | undefined> {
  const { clock, cloud, signal } = context;
  let node = full ?? (await findNode(cloud, brief.uuid));
  // A failed state shows a moment before the reason does; to a lessee the reason never shows.
  const unexplained = () => node?.last_error === null && STATES[node.provision_state]?.kind === "failure";
  for (let tries = 0; tries < 3 && !cloud.refresh && unexplained() && !signal.aborted; tries++) {
    await clock.sleep(700, signal).catch(() => undefined);
    node = await findNode(cloud, brief.uuid);
  }
  if (!node || node.provision_state !== brief.provision_state) return undefined;
  if (unexplained()) node = { ...node, last_error: (await lastFailure(cloud, node.uuid)) ?? null };
  const [vifs, targets, connectors] = await Promise.all([
    listVifs(cloud, node.uuid),
    listTargets(cloud, node.uuid),
    inputs && volumesOf(inputs).length === 0 ? [] : listConnectors(cloud, node.uuid),
  ]);
  const ids = [...new Set([...(inputs ? volumesOf(inputs) : []), ...targets.map((target) => target.volume_id)])];
  let volumes = await readVolumes(cloud, ids);
  // A machine that goes was powered off to let go of its volumes, which it does a moment after it shows as off.
  const lettingGo = () =>
    targets.some(({ volume_id }) =>
      volumes[volume_id]?.attachments.some((one) => one.server_id === node?.instance_uuid),
    );
  if (!inputs && node.provision_state === "active" && node.power_state === "power off")
    for (let tries = 0; tries < 8 && lettingGo() && !signal.aborted; tries++) {
      await clock.sleep(1000, signal).catch(() => undefined);
      volumes = await readVolumes(cloud, ids);
    }
  return { node, vifs, targets, connectors, volumes };
}

async function straysAmong(cloud: Cloud, vifs: readonly string[], ports: readonly MachinePort[]) {
  const unknown = vifs.filter((vif) => !ports.some((port) => port.id === vif));
  const found = await Promise.all(unknown.map((id) => findPort(cloud, id)));
  return found.flatMap((port) => (port ? [{ id: port.id, network: port.network_id }] : []));
}

/** The volumes that a machine is installed with; the one to boot from comes first. */
export const volumesOf = (inputs: Pick<MachineInputs, "bootVolume" | "volumes">): string[] => [
  ...(inputs.bootVolume === undefined ? [] : [inputs.bootVolume]),
  ...(inputs.volumes ?? []).filter((volume) => volume !== inputs.bootVolume),
];

async function readVolumes(cloud: Cloud, ids: readonly string[]): Promise<Record<string, MachineVolume>> {
  const found = await Promise.all(ids.map((id) => findVolume(cloud, id)));
  return Object.fromEntries(found.flatMap((volume) => (volume ? [[volume.id, volume]] : [])));
}

/** An image whose name the program has not changed is the one that is installed, whatever else is called so by now. */
async function imageOf(
  cloud: Cloud,
  inputs: MachineInputs,
  reference: Reference<MachineOutputs>,
): Promise<{ readonly id: string } | undefined> {
  if (inputs.image === undefined) return undefined;
  const last = reference.last as Known | undefined;
  if (last?.image === inputs.image && last.imageId !== undefined) return { id: last.imageId };
  return { id: (await resolveImage(cloud, inputs.image, reference)).id };
}
