import { type Context, Failure, failure, type Reference } from "../../core/index.ts";
import * as cinder from "../../openstack/cinder/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import { findAllocation, findNode, type Node, patchAllocation, setPower } from "../../openstack/ironic/index.ts";
import * as storage from "../../openstack/ironic/volumes.ts";
import { type NovaServer, servers } from "../../openstack/nova/servers.ts";
import { attachVolume, detachVolume, findServerVolume } from "../../openstack/nova/volume-attachments.ts";
import type {
  AttachmentCall,
  AttachmentInputs,
  AttachmentOutputs,
  Pair,
  SeenAttachment,
} from "../volume-attachment.ts";

/** Key in an allocation's `extra`: the volume for which the machine was switched off. */
const OFF_FOR = "pulumi_baremetal_off_for";
/** Key in `extra` of Ironic's connectors and targets that carries our mark. */
export const MARK_KEY = "pulumi_baremetal";
/** Seconds that a machine's system has to shut down by itself. */
const SHUT_DOWN = 180;

/** Volume, machine and what joins them. */
export async function observeAttachment(
  context: Context<Cloud>,
  reference: Reference<AttachmentOutputs>,
  inputs?: AttachmentInputs,
): Promise<SeenAttachment> {
  const { cloud } = context;
  const pair = pairOf(reference, inputs);
  if (!pair) return { connectors: [], targets: [] };
  const last = reference.last as (Partial<AttachmentOutputs> & Partial<AttachmentInputs>) | undefined;
  const initiator = inputs?.initiator ?? last?.initiator;
  const byNova = () => seeServer(cloud, pair, initiator);
  const byIronic = () => seeNode(cloud, pair, initiator, last?.targetId);
  // Who was Ironic's machine is asked of Ironic: that Nova does not know it could only be told machine by machine.
  const node = last?.targetId === undefined ? undefined : await byIronic();
  const machine = node?.allocation ? node : ((await byNova()) ?? node ?? (await byIronic()));
  // Last: a machine that was just seen off has let go of it by now, one that was seen on has it.
  const volume = await cinder.volumes(cloud).look(pair.volume);
  return {
    connectors: [],
    targets: [],
    ...machine,
    pair,
    ...(volume && { volume }),
    ...(initiator !== undefined && { initiator }),
  };
}

/** Nova's side; undefined where the machine is none of Nova's. */
async function seeServer(
  cloud: Cloud,
  pair: Pair,
  initiator: string | undefined,
): Promise<Partial<SeenAttachment> | undefined> {
  const server = (await cloud.offers("compute")) ? await servers(cloud).look(pair.server) : undefined;
  if (!server) return undefined;
  const attached = await findServerVolume(cloud, server.id, pair.volume);
  const physical = await isPhysical(cloud, server);
  const seen = { server, physical, ...(attached && { attached }) };
  if (initiator === undefined) return { ...seen, route: "nova", ...(attached && { id: idOf(pair) }) };
  const direct = await findDirect(cloud, pair, attached?.attachment_id);
  return { ...seen, route: "direct", ...(direct && { direct, id: idOf(pair) }) };
}

/** Ironic's side; undefined where the machine is none of Ironic's. */
async function seeNode(
  cloud: Cloud,
  pair: Pair,
  initiator: string | undefined,
  targetId: string | undefined,
): Promise<Partial<SeenAttachment> | undefined> {
  if (!(await cloud.offers("baremetal"))) return undefined;
  const allocation = await findAllocation(cloud, pair.server);
  const node = allocation?.node_uuid ? await findNode(cloud, allocation.node_uuid) : undefined;
  const seen = { ...(allocation && { allocation }), ...(node && { node }) };
  if (initiator !== undefined) {
    const direct = await findDirect(cloud, pair);
    return { ...seen, route: "direct", ...(direct && { direct, id: idOf(pair) }) };
  }
  // A node that was given back may be somebody else's by now: only what is ours is looked at.
  if (!allocation || !node || node.instance_uuid !== allocation.uuid) {
    const stray = targetId === undefined ? undefined : await findStray(cloud, pair, targetId);
    return { ...seen, ...((allocation || stray) && { route: "ironic" }), ...(stray && { stray, id: idOf(pair) }) };
  }
  const connectors = await storage.listConnectors(cloud, node.uuid);
  const targets = await storage.listTargets(cloud, node.uuid);
  const note = allocation.extra[OFF_FOR];
  const offFor = typeof note === "string" ? note : undefined;
  const there = targets.some((target) => target.volume_id === pair.volume) || offFor === pair.volume;
  return { ...seen, route: "ironic", connectors, targets, ...(offFor && { offFor }), ...(there && { id: idOf(pair) }) };
}

/** The target that this resource made, on whatever node it is. */
async function findStray(cloud: Cloud, pair: Pair, targetId: string): Promise<SeenAttachment["stray"]> {
  const target = await storage.findTarget(cloud, targetId);
  if (target?.volume_id !== pair.volume || !(MARK_KEY in target.extra)) return undefined;
  const node = await findNode(cloud, target.node_uuid);
  return { target, ...(node && { node }) };
}

const idOf = ({ server, volume }: Pair) => `${server}/${volume}`;

function pairOf(reference: Reference<AttachmentOutputs>, inputs: AttachmentInputs | undefined): Pair | undefined {
  const [server, volume] = reference.id?.split("/") ?? [inputs?.server, inputs?.volume];
  return server && volume ? { server, volume } : undefined;
}

/** Cinder's attachment of this volume to this machine, other than the one that Nova made. */
async function findDirect(cloud: Cloud, { server, volume }: Pair, novas?: string | null) {
  const all = await cinder.listAttachmentsOf(cloud, volume);
  const ours = all.find((attachment) => attachment.instance === server && attachment.id !== novas);
  return ours && cinder.findAttachment(cloud, ours.id);
}

/**
 * Whether a server of Nova is a physical machine. Its flavor says so, which every tenant may read: a flavor for nodes
 * asks for one custom class and for no VCPU, which no hypervisor can host. Where the flavor is hidden, a node that
 * Ironic shows for the server says so.
 */
export async function isPhysical(cloud: Cloud, server: NovaServer): Promise<boolean> {
  const specs = server.flavor?.extra_specs;
  if (specs) return flavorIsPhysical(specs);
  if (!(await cloud.offers("baremetal"))) return false;
  const microversion = await cloud.service("baremetal").negotiate("reading nodes");
  const nodes = await cloud.service("baremetal").list<Node>("/nodes", "nodes", {
    query: { instance_uuid: server.id, fields: "uuid" },
    microversion,
  });
  return nodes.length > 0;
}

/** Whether a flavor is one for nodes of Ironic. */
export const flavorIsPhysical = (specs: Readonly<Record<string, string>>): boolean =>
  specs["resources:VCPU"] === "0" &&
  Object.entries(specs).some(([key, value]) => key.startsWith("resources:CUSTOM_") && Number(value) >= 1);

/** One call. Answers with the attachment's id from the first one on, so that a half-made one reaches state. */
export async function performAttachment(cloud: Cloud, args: AttachmentCall): Promise<string | undefined> {
  switch (args.call) {
    case "attach":
      await attachVolume(cloud, args.server, args.volume);
      return idOf(args);
    case "detach":
      await detachVolume(cloud, args.server, args.volume);
      return undefined;
    case "export":
      await cinder.createAttachment(cloud, args.volume, args.server, {
        initiator: args.initiator,
        mode: args.mode,
        host: args.server,
      });
      return idOf(args);
    case "complete":
      await cinder.completeAttachment(cloud, args.attachment, args.volume);
      return undefined;
    case "unexport":
      await cinder.deleteAttachment(cloud, args.attachment, args.volume);
      return undefined;
    case "deleteStray": {
      // Between the look and this the node may have become somebody's machine.
      const node = await findNode(cloud, args.node);
      if (!node || node.instance_uuid !== null)
        throw failure("machine-lost", `node ${args.node} is somebody's machine by now; nothing was written to it`);
      await storage.deleteTarget(cloud, args.target);
      return undefined;
    }
    default:
      await proveCarried(cloud, args.node, args.allocation);
      await performOnNode(cloud, args);
      cinder.volumes(cloud).touch(args.volume);
      return idOf({ server: args.allocation, volume: args.volume });
  }
}

/** A node that was given back may be somebody else's by now: nothing is written to it then. */
async function proveCarried(cloud: Cloud, nodeId: string, allocation: string): Promise<void> {
  const node = await findNode(cloud, nodeId);
  if (node?.instance_uuid !== allocation)
    throw failure(
      "machine-lost",
      `node ${nodeId} does not carry the allocation ${allocation} any more; nothing was written to it`,
      { path: "server" },
    );
}

async function performOnNode(cloud: Cloud, args: Extract<AttachmentCall, { allocation: string }>): Promise<void> {
  const { node, allocation, volume } = args;
  switch (args.call) {
    case "note":
      return patchAllocation(cloud, allocation, [{ op: "add", path: `/extra/${OFF_FOR}`, value: volume }]);
    case "unnote":
      return patchAllocation(cloud, allocation, [{ op: "remove", path: `/extra/${OFF_FOR}` }]);
    case "shutDown":
      return storage.shutDown(cloud, node, SHUT_DOWN);
    case "powerOff":
      return setPower(cloud, node, "power off");
    case "powerOn":
      return setPower(cloud, node, "power on");
    case "createConnector":
      return storage.createConnector(cloud, {
        node_uuid: node,
        type: "iqn",
        connector_id: `iqn.2026-01.pulumi-baremetal:${node}`,
        extra: { [MARK_KEY]: args.mark },
      });
    case "createTarget":
      try {
        return await storage.createTarget(cloud, {
          node_uuid: node,
          volume_type: "iscsi",
          boot_index: args.bootIndex,
          volume_id: volume,
          extra: { [MARK_KEY]: args.mark },
        });
      } catch (error) {
        if (!args.thenOn || (error instanceof Failure && error.unknownOutcome)) throw error;
        // Refused for good: the machine must not stay off for it. The note stays and is cleared by the next run.
        await setPower(cloud, node, "power on");
        throw error;
      }
    case "deleteTarget":
      return storage.deleteTarget(cloud, args.uuid);
    case "deleteConnector":
      return storage.deleteConnector(cloud, args.uuid);
  }
}
