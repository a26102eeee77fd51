import type { Cloud } from "../../openstack/cloud.ts";
import { isStatus } from "../../openstack/index.ts";
import { visible } from "../../openstack/ironic/index.ts";
import type { MachineNode } from "./seen.ts";

interface IronicNode {
  uuid: string;
  name: string | null;
  instance_uuid: string | null;
  provision_state: string;
  power_state: string | null;
  maintenance: boolean;
  maintenance_reason: string | null;
  fault: string | null;
  last_error: string | null;
  resource_class: string | null;
  traits: string[] | null;
}

interface Occupied extends MachineNode {
  /** The server's id: what these are looked up by. */
  readonly id: string;
  readonly node: string;
}

const FIELDS =
  "uuid,name,instance_uuid,provision_state,power_state,maintenance,maintenance_reason,fault,last_error,resource_class,traits";

const toNode = (node: IronicNode): MachineNode => {
  const lastError = visible(node.last_error);
  return {
    id: node.uuid,
    ...(node.name ? { name: node.name } : {}),
    ...(node.instance_uuid ? { instance: node.instance_uuid } : {}),
    state: node.provision_state,
    ...(node.power_state === "power on" ? { power: "on" as const } : {}),
    ...(node.power_state === "power off" ? { power: "off" as const } : {}),
    ...(node.maintenance ? { maintenance: node.maintenance_reason || "no reason given" } : {}),
    ...(node.fault ? { fault: node.fault } : {}),
    ...(lastError === undefined ? {} : { lastError }),
    ...(node.resource_class ? { resourceClass: node.resource_class } : {}),
    traits: node.traits ?? [],
  };
};

const read = async (cloud: Cloud, query: Record<string, string>): Promise<IronicNode[]> => {
  const ironic = cloud.service("baremetal");
  const microversion = await ironic.negotiate("reading nodes");
  return ironic.list<IronicNode>("/nodes", "nodes", { query: { ...query, fields: FIELDS }, microversion });
};

const occupied = (node: IronicNode): Occupied => ({ ...toNode(node), node: node.uuid, id: node.instance_uuid! });

/** Nodes by the server that is on them; all waits share one list. */
const byServer = (cloud: Cloud) =>
  cloud.collection<Occupied>("nodes by server", {
    get: async (id) => (await read(cloud, { instance_uuid: id })).map(occupied)[0],
    list: async () => (await read(cloud, { associated: "true" })).map(occupied),
  });

/** Clouds whose Ironic does not let this credential in; they are not asked again. */
const closed = new WeakSet<Cloud>();

/** What this credential may see of Ironic, undefined where it may see nothing: a tenant need not know of nodes at all. */
async function letIn<T>(cloud: Cloud, look: () => Promise<T | undefined>): Promise<T | undefined> {
  if (closed.has(cloud) || !(await cloud.offers("baremetal"))) return undefined;
  try {
    return await look();
  } catch (error) {
    if (!isStatus(error, 401, 403, 404, 406)) throw error;
    if (isStatus(error, 403)) closed.add(cloud);
    return undefined;
  }
}

/** The node under a server, as it was `within` so many milliseconds. `GET /nodes?instance_uuid=` */
export const nodeOfServer = (cloud: Cloud, serverId: string, within = 0): Promise<MachineNode | undefined> =>
  letIn(cloud, async () => {
    const found = await byServer(cloud).look(serverId, within);
    return found && { ...found, id: found.node };
  });

/** A node by its own id, to see it through its wiping. `GET /nodes/{id}` */
export const nodeById = (cloud: Cloud, id: string): Promise<MachineNode | undefined> =>
  letIn(cloud, async () => {
    const ironic = cloud.service("baremetal");
    const microversion = await ironic.negotiate("reading nodes");
    const found = await ironic.find<IronicNode>(`/nodes/${encodeURIComponent(id)}`, {
      query: { fields: FIELDS },
      microversion,
    });
    return found && toNode(found);
  });
