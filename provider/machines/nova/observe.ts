import { type Context, Failure, type Found, type Reference, readMark } from "../../core/index.ts";
import { volumes as volumeCollection } from "../../openstack/cinder/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import { listPortsOf } from "../../openstack/neutron/index.ts";
import { listFlavors } from "../../openstack/nova/flavors.ts";
import { listServers, type NovaServer, servers } from "../../openstack/nova/servers.ts";
import { resolveImage } from "../images.ts";
import { type MachinePort, observePorts } from "../ports.ts";
import { SELDOM } from "../route.ts";
import type { MachineInputs, MachineOutputs } from "../spec.ts";
import { nodeById, nodeOfServer } from "./node.ts";
import { flavorOffers, isWhole } from "./offers.ts";
import {
  droppedPorts,
  type Last,
  type Machine,
  type MachineNode,
  type NovaSeen,
  serverTag,
  toMachine,
  type WantedVolume,
} from "./seen.ts";
import { meaningOf } from "./states.ts";

/**
 * The project's servers that carry a tag (without one: any of ours) and are not on their way out. Nova filters by its own
 * tag, the description decides.
 */
export async function find(context: Context<Cloud>, tag?: string): Promise<Found[]> {
  const list = await listServers(context.cloud, tag && serverTag(tag));
  return list.flatMap((server) => {
    const mark = readMark(server.description);
    if (!mark || (tag !== undefined && mark.tag !== tag) || leaving(server)) return [];
    return [{ id: server.id, name: server.name, mark, created: server.created }];
  });
}

const leaving = (server: NovaServer) =>
  meaningOf(server.status)?.kind === "gone" || server["OS-EXT-STS:task_state"] === "deleting";

/** All reading of the nova route. Flavors and volumes are read only while there is no server, an image where it may have changed. */
export async function observe(
  context: Context<Cloud>,
  reference: Reference<MachineOutputs>,
  inputs?: MachineInputs,
): Promise<NovaSeen> {
  const { cloud } = context;
  const { tag } = reference.mark;
  const last = reference.last as Last | undefined;
  const found = await lookForServer(cloud, reference);
  const server = found && toMachine(found);
  const was = server?.id ?? reference.id;
  const ports = isChanging(server) ? undefined : await observePorts(cloud, tag, inputs?.networks, { lenient: true });
  const base = {
    tag,
    ...(was === undefined ? {} : { was }),
    ...(ports ? { ports } : {}),
    ...(last?.imageId === undefined ? {} : { lastImage: last.imageId }),
  };
  if (!server) {
    const node = inputs === undefined && last?.nodeId ? await nodeById(cloud, last.nodeId) : undefined;
    const plan = inputs && last === undefined ? await readPlan(cloud, inputs, reference) : { offers: [], volumes: [] };
    return { ...base, ...plan, strays: [], missing: [], ...(node ? { node } : {}) };
  }
  const missing = ports && inputs ? missingPorts(inputs, ports, server.id) : [];
  const image = inputs && ports && (await imageOf(cloud, inputs, server, reference));
  // While Nova only waits for the install, it is Nova that tells the end.
  const within = server.task === "spawning" && isChanging(server) ? SELDOM : 0;
  const node = (await mayHaveNode(server, inputs ?? last)) ? await nodeOfServer(cloud, server.id, within) : undefined;
  const tried = triedBy(reference, server.id, node);
  return {
    ...base,
    id: server.id,
    ...(server.mark ? { mark: server.mark } : {}),
    server,
    strays: ports && inputs && needsStrays(inputs, missing, last) ? await straysOf(cloud, ports, server.id) : [],
    missing,
    ...(node ? { node } : {}),
    ...(tried.length > 0 ? { tried } : {}),
    ...(image === undefined ? {} : { image }),
    offers: [],
    volumes: [],
  };
}

/** Where a server was seen, by operation. */
const seenOn = new WeakMap<object, Map<string, Set<string>>>();

/** The nodes on which this operation has seen a server, this look among them. */
function triedBy(operation: object, server: string, node: MachineNode | undefined): string[] {
  const all = seenOn.get(operation) ?? new Map<string, Set<string>>();
  seenOn.set(operation, all);
  const tried = all.get(server) ?? new Set();
  all.set(server, tried);
  if (node) tried.add(node.name ?? node.id);
  return [...tried];
}

/** The server by its id; or, for a create whose answer was lost, the one that carries this very run's mark. */
async function lookForServer(cloud: Cloud, reference: Reference<MachineOutputs>): Promise<NovaServer | undefined> {
  const { id, mark } = reference;
  const byId = id === undefined ? undefined : await servers(cloud).look(id);
  if (byId && meaningOf(byId.status)?.kind !== "gone") return byId;
  if (mark.nonce === undefined) return undefined;
  const list = await listServers(cloud, serverTag(mark.tag));
  const mine = list.filter((server) => readMark(server.description)?.nonce === mark.nonce && server.id !== id);
  return mine.filter((server) => !leaving(server)).sort((a, b) => (a.created < b.created ? -1 : 1))[0];
}

/** While a server is made or changed nothing but itself is looked at: this is what most looks are for. */
const isChanging = (server: Machine | undefined) =>
  server !== undefined &&
  (server.task !== undefined || ["moving", "hidden"].includes(meaningOf(server.status)?.kind ?? "")) &&
  meaningOf(server.status)?.kind !== "error";

const mayHaveNode = async (server: Machine, inputs?: Partial<MachineInputs>) =>
  inputs?.kind !== "virtual" && (server.flavor?.extra_specs === undefined || isWhole(server.flavor.extra_specs));

/** What must be resolved before anything is touched. */
async function readPlan(
  cloud: Cloud,
  inputs: MachineInputs,
  operation: object,
): Promise<Pick<NovaSeen, "offers" | "image" | "volumes">> {
  const [flavors, image, volumes] = await Promise.all([
    listFlavors(cloud),
    inputs.image === undefined ? undefined : resolve(cloud, inputs.image, operation),
    Promise.all(wantedVolumes(inputs).map(([id, path]) => readVolume(cloud, id, path))),
  ]);
  return { offers: flavorOffers(flavors), ...(image === undefined ? {} : { image }), volumes };
}

const wantedVolumes = (inputs: MachineInputs): [id: string, path: string][] => [
  ...(inputs.bootVolume === undefined ? [] : [[inputs.bootVolume, "bootVolume"] as [string, string]]),
  ...(inputs.volumes ?? []).map((id, index): [string, string] => [id, `volumes[${index}]`]),
];

async function readVolume(cloud: Cloud, id: string, path: string): Promise<WantedVolume> {
  const volume = await volumeCollection(cloud).look(id);
  return {
    id,
    path,
    ...(volume ? { status: volume.status } : {}),
    bootable: volume?.bootable === "true",
    multiattach: volume?.multiattach === true,
  };
}

/** The id of an image, or why there is none: only `next` knows whether that matters. */
async function resolve(cloud: Cloud, image: string, operation: object): Promise<string | Failure> {
  try {
    return (await resolveImage(cloud, image, operation)).id;
  } catch (error) {
    if (error instanceof Failure && ["not-found", "ambiguous", "image-unusable"].includes(error.code)) return error;
    throw error;
  }
}

/** A name keeps its meaning while program and machine keep theirs: a newer image of the same name reinstalls nothing. */
async function imageOf(cloud: Cloud, inputs: MachineInputs, server: Machine, reference: Reference<MachineOutputs>) {
  const last = reference.last as Last | undefined;
  if (inputs.image === undefined || server.imageId === undefined || inputs.image === server.imageId) return undefined;
  if (last?.imageId === server.imageId && last.image === inputs.image) return undefined;
  return resolve(cloud, inputs.image, reference);
}

const missingPorts = (inputs: MachineInputs, ports: readonly MachinePort[], serverId: string): number[] =>
  inputs.networks.flatMap((entry, index) => {
    const fits = (port: MachinePort) =>
      port.index === index &&
      port.device === serverId &&
      (entry.port === undefined ? port.ours : port.id === entry.port);
    return ports.some(fits) ? [] : [index];
  });

/** Whether ports on the server that we do not know by name can matter: to be taken over, or to be detached. */
const needsStrays = (inputs: MachineInputs, missing: readonly number[], last: Last | undefined) =>
  missing.some((index) => inputs.networks[index]?.network !== undefined) || droppedPorts(inputs, last).length > 0;

async function straysOf(cloud: Cloud, ports: readonly MachinePort[], serverId: string) {
  const attached = await listPortsOf(cloud, serverId);
  return attached
    .filter((port) => !ports.some((known) => known.id === port.id))
    .map((port) => ({ id: port.id, network: port.network_id }));
}
