import { isStatus } from "../api-error.ts";
import type { Cloud, Collection } from "../cloud.ts";
import type { Feature } from "../microversions.ts";
import { related } from "../refresh.ts";
import type { Service } from "../types.ts";

/** What a wait needs of a node. What the credential may not see is undefined or null. */
export interface NodeLook {
  readonly id: string;
  readonly uuid: string;
  readonly name: string | null;
  /** Nova's server, or the allocation's uuid. */
  readonly instance_uuid: string | null;
  readonly provision_state: string;
  readonly target_provision_state: string | null;
  /** When the provision state changed last, to the second. */
  readonly provision_updated_at: string | null;
  readonly power_state: string | null;
  readonly target_power_state: string | null;
  readonly maintenance: boolean;
  readonly maintenance_reason: string | null;
  /** `power failure`, `clean failure`, `service failure`, `rescue abort failure`. */
  readonly fault: string | null;
  readonly last_error: string | null;
  readonly protected: boolean;
  readonly protected_reason: string | null;
}

/** A node with what says what it is and what stands on it. */
export interface Node extends NodeLook {
  readonly resource_class: string | null;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly traits: readonly string[];
  readonly storage_interface: string | null;
  readonly instance_info: Readonly<Record<string, unknown>>;
}

/** A reservation of a node. Its name is unique in the whole cloud, whoever made it. */
export interface Allocation {
  readonly id: string;
  readonly uuid: string;
  readonly name: string | null;
  readonly state: "allocating" | "active" | "error";
  readonly node_uuid: string | null;
  readonly resource_class: string | null;
  readonly last_error: string | null;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly created_at: string;
  /** The project that made it. */
  readonly owner?: string | null;
}

/** What a reservation asks for. */
export interface AllocationRequest {
  readonly name: string;
  readonly resource_class: string;
  readonly traits?: readonly string[];
  /** Only these nodes, by uuid. */
  readonly candidate_nodes?: readonly string[];
  readonly extra: Readonly<Record<string, unknown>>;
}

/** One JSON patch operation. */
export interface Patch {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: unknown;
}

/** The config drive as Ironic builds it (1.56): parts in JSON. */
export interface ConfigDrive {
  readonly meta_data: Readonly<Record<string, unknown>>;
  readonly user_data?: string;
  readonly network_data?: Readonly<Record<string, unknown>>;
}

const LOOK =
  "uuid,name,instance_uuid,provision_state,target_provision_state,provision_updated_at,power_state,target_power_state,maintenance,maintenance_reason,fault,last_error,protected,protected_reason";
const ALL = `${LOOK},resource_class,properties,traits,storage_interface,instance_info`;

const service = (cloud: Cloud): Service => cloud.service("baremetal");

/** The microversion to ask for. */
async function version(cloud: Cloud, feature: Feature): Promise<{ microversion: string }> {
  return { microversion: await service(cloud).negotiate(feature) };
}

/** Ironic writes a sentence in the place of what a lessee may not read (1.65 and later: last_error, reservation). */
export const visible = (text: string | null | undefined): string | undefined =>
  text && !/^\*\* .*redacted/i.test(text) ? text : undefined;

const withId = <T extends { uuid: string }>(item: T): T & { id: string } => ({ ...item, id: item.uuid });
const clear = <T extends NodeLook>(node: T): T => ({ ...withId(node), last_error: visible(node.last_error) ?? null });

/** All nodes that the credential sees, for waits: few fields, shared requests. */
export function nodeLooks(cloud: Cloud): Collection<NodeLook> {
  // A refresh reads each node in full anyway.
  if (cloud.refresh) return { look: (id) => findNode(cloud, id), touch: () => {} };
  return cloud.collection<NodeLook>("baremetal nodes", {
    get: async (id) => {
      const found = await service(cloud).find<NodeLook>(`/nodes/${id}`, {
        ...(await version(cloud, "reading nodes")),
        query: { fields: LOOK },
      });
      return found && clear(found);
    },
    list: async () => {
      const all = await service(cloud).list<NodeLook>("/nodes", "nodes", {
        ...(await version(cloud, "reading nodes")),
        query: { fields: LOOK },
      });
      return all.map(clear);
    },
  });
}

/** All of the project's allocations, for waits. */
export function allocationLooks(cloud: Cloud): Collection<Allocation> {
  return cloud.collection<Allocation>("baremetal allocations", {
    get: (id) => readAllocation(cloud, id),
    list: () => listAllocations(cloud),
  });
}

/** All allocations that this credential may see. `GET /v1/allocations` */
export async function listAllocations(cloud: Cloud) {
  const found = await service(cloud).list<Allocation>(
    "/allocations",
    "allocations",
    await version(cloud, "allocations"),
  );
  return found.map(withId);
}

/** A node by id or name; undefined where it does not exist or is hidden. */
export async function findNode(cloud: Cloud, id: string): Promise<Node | undefined> {
  const one = async () => {
    const found = await service(cloud).find<Node>(`/nodes/${id}`, {
      ...(await version(cloud, "reading nodes")),
      query: { fields: ALL },
    });
    return found ? [clear(found)] : [];
  };
  const nodes = { name: "nodes", list: "nodes", of: one, all: () => listNodes(cloud), keyOf: nodeId, prove: true };
  return (await related<Node>(cloud, nodes, id))[0];
}

const nodeId = ({ uuid }: { uuid: string }) => uuid;

/** All nodes that the credential sees, with what they are. */
export async function listNodes(cloud: Cloud): Promise<Node[]> {
  const all = await service(cloud).list<Node>("/nodes", "nodes", {
    ...(await version(cloud, "reading nodes")),
    query: { fields: ALL },
  });
  return all.map(clear);
}

/** An allocation by id or name. */
export const findAllocation = (cloud: Cloud, idOrName: string): Promise<Allocation | undefined> =>
  cloud.refresh ? allocationLooks(cloud).look(idOrName) : readAllocation(cloud, idOrName);

async function readAllocation(cloud: Cloud, idOrName: string): Promise<Allocation | undefined> {
  const found = await service(cloud).find<Allocation>(`/allocations/${idOrName}`, await version(cloud, "allocations"));
  return found && withId(found);
}

/** Fails unless the credential may list allocations. */
export async function proveAllocationsVisible(cloud: Cloud): Promise<void> {
  await service(cloud).get("/allocations", { ...(await version(cloud, "allocations")), query: { limit: 1 } });
}

/**
 * Reserves a node; answers false where an allocation of that name exists already, so that asking twice is as once. Which
 * node it is shows later.
 */
export async function createAllocation(cloud: Cloud, request: AllocationRequest): Promise<boolean> {
  try {
    await service(cloud).post("/allocations", request, { ...(await version(cloud, "allocations")), repeatable: true });
    return true;
  } catch (error) {
    if (isStatus(error, 409) && /already exists/i.test(error.serviceMessage)) return false;
    throw error;
  }
}

/** Changes name or extra of an allocation. The same patch twice is as once. */
export async function patchAllocation(cloud: Cloud, id: string, patches: readonly Patch[]): Promise<void> {
  await service(cloud).patch(`/allocations/${id}`, patches, {
    ...(await version(cloud, "allocations")),
    repeatable: true,
  });
  allocationLooks(cloud).touch(id);
}

/** Gives the node back. Refused (409) while it is deployed, unless it is in maintenance. */
export async function deleteAllocation(cloud: Cloud, id: string): Promise<void> {
  await service(cloud).remove(`/allocations/${id}`, await version(cloud, "allocations"));
  allocationLooks(cloud).touch(id);
}

/** Changes a node's own fields. */
export async function patchNode(
  cloud: Cloud,
  id: string,
  patches: readonly Patch[],
  feature: Feature = "reading nodes",
): Promise<void> {
  await service(cloud).patch(`/nodes/${id}`, patches, { ...(await version(cloud, feature)), repeatable: true });
  nodeLooks(cloud).touch(id);
}

/** Whether the cloud's Ironic keeps the name of what runs on a node (1.104). */
export const hasInstanceNames = (cloud: Cloud): Promise<boolean> => service(cloud).supports("instance names");

/** A Neutron port on a node. */
interface Vif {
  readonly id: string;
  readonly node_uuid: string;
}

/** The Neutron ports that are attached to a node, by id. */
export async function listVifs(cloud: Cloud, node: string): Promise<string[]> {
  const ofNode = async () => {
    const { vifs } = await service(cloud).get<{ vifs: { id: string }[] }>(
      `/nodes/${node}/vifs`,
      await version(cloud, "network attachments"),
    );
    return vifs.map(({ id }) => ({ id, node_uuid: node }));
  };
  const all = () => listAllVifs(cloud);
  const keyOf = ({ node_uuid }: Vif) => node_uuid;
  const vifs = await related<Vif>(cloud, { name: "vifs", list: "vifs", of: ofNode, all, keyOf, prove: true }, node);
  return vifs.map(({ id }) => id);
}

/** Those of all nodes that the credential sees: Ironic notes each with the card or group of cards that has it. */
async function listAllVifs(cloud: Cloud): Promise<Vif[]> {
  interface Card {
    readonly node_uuid: string;
    readonly internal_info?: { readonly tenant_vif_port_id?: string };
    readonly portgroup_uuid?: string | null;
  }
  const list = async (kind: "ports" | "portgroups", fields: string) =>
    service(cloud).list<Card>(`/${kind}`, kind, {
      ...(await version(cloud, "network attachments")),
      query: { fields },
    });
  const cards = await list("ports", "uuid,node_uuid,internal_info,portgroup_uuid");
  const groups = cards.some((card) => card.portgroup_uuid)
    ? await list("portgroups", "uuid,node_uuid,internal_info")
    : [];
  return [...cards, ...groups].flatMap(({ node_uuid, internal_info }) =>
    internal_info?.tenant_vif_port_id ? [{ id: internal_info.tenant_vif_port_id, node_uuid }] : [],
  );
}

/** Attaches a Neutron port to a node, to whichever of its cards Ironic picks. Attached already is success. */
export async function attachVif(cloud: Cloud, node: string, port: string): Promise<void> {
  try {
    await service(cloud).post(
      `/nodes/${node}/vifs`,
      { id: port },
      { ...(await version(cloud, "network attachments")), repeatable: true },
    );
  } catch (error) {
    if (!isStatus(error, 409) || !/already attached/i.test(error.serviceMessage)) throw error;
    if (!(await listVifs(cloud, node)).includes(port)) throw error;
  }
}

/** Takes a Neutron port off a node; not attached is success. */
export async function detachVif(cloud: Cloud, node: string, port: string): Promise<void> {
  try {
    await service(cloud).remove(`/nodes/${node}/vifs/${port}`, await version(cloud, "network attachments"));
  } catch (error) {
    if (!isStatus(error, 400) || (await listVifs(cloud, node)).includes(port)) throw error;
  }
}

/** What Ironic finds missing before a deploy, by interface; empty when all is well. */
export async function findDeployProblems(cloud: Cloud, node: string): Promise<string[]> {
  const verdicts = await service(cloud).get<Record<string, { result: boolean | null; reason?: string }>>(
    `/nodes/${node}/validate`,
    await version(cloud, "reading nodes"),
  );
  return ["power", "management", "boot", "deploy", "network", "storage"].flatMap((part) =>
    verdicts[part]?.result === false ? [`${part}: ${verdicts[part].reason ?? "no reason given"}`] : [],
  );
}

/** The verbs of the provision state machine that a machine's owner uses. */
export type ProvisionTarget = "active" | "rebuild" | "deleted";

/** Starts a change of the provision state. It is accepted or refused at once and done later. */
export async function setProvision(
  cloud: Cloud,
  node: string,
  target: ProvisionTarget,
  configdrive?: ConfigDrive,
): Promise<void> {
  await service(cloud).put(
    `/nodes/${node}/states/provision`,
    { target, ...(configdrive && { configdrive }) },
    await version(cloud, "deploying"),
  );
  nodeLooks(cloud).touch(node);
}

/** Starts a change of power. `power off` is hard and at once. */
export async function setPower(cloud: Cloud, node: string, target: "power on" | "power off"): Promise<void> {
  await service(cloud).put(`/nodes/${node}/states/power`, { target }, await version(cloud, "power control"));
  nodeLooks(cloud).touch(node);
}
