import type { Admin, Json } from "./admin.ts";
import { RehearsalError } from "./error.ts";
import type { RehearsedResource } from "./resources.ts";

/** A node of Ironic, as far as a rehearsal looks at it. */
export interface Node {
  readonly uuid: string;
  readonly name: string | null;
  readonly resource_class: string | null;
  readonly provision_state: string;
  readonly power_state: string | null;
  readonly maintenance: boolean;
  readonly instance_uuid: string | null;
  readonly allocation_uuid?: string | null;
  readonly instance_info: Json;
}

/** A machine that trouble comes to. */
export interface Machine {
  readonly node: Node;
  /** `Server first`, where the program has it. */
  readonly resource: RehearsedResource | undefined;
}

/** All nodes. */
export const nodesOf = (admin: Admin): Promise<Node[]> => admin.list<Node>("ironic", "/nodes/detail", "nodes");

/** How a node is called: by its name. */
export const nodeName = (node: Node): string => node.name ?? node.uuid;

/** Machines of the program by name; a name that no resource has may be a node's. */
export class Machines {
  readonly #admin: Admin;
  readonly #resources: () => readonly RehearsedResource[];

  constructor(admin: Admin, resources: () => readonly RehearsedResource[]) {
    this.#admin = admin;
    this.#resources = resources;
  }

  /** The machine of this name: a Server of the program, else a node. Throws a {@link RehearsalError} where there is none. */
  async find(name: string): Promise<Machine> {
    const servers = this.#resources().filter((one) => one.type === "Server");
    const resource = servers.find((one) => one.name === name);
    const nodes = await nodesOf(this.#admin);
    const node = resource ? nodeOf(resource, nodes) : nodes.find((one) => one.name === name || one.uuid === name);
    if (node) return { node, resource: resource ?? servers.find((one) => nodeOf(one, nodes) === node) };
    if (resource) throw new RehearsalError(`Server ${name} is on no machine of the fleet: nothing can befall it`);
    const known = [...servers.map((one) => one.name), ...nodes.map(nodeName)];
    throw new RehearsalError(`there is no machine ${name}; there are ${known.join(", ")}`);
  }

  /** The machine under a server of the program that is being made and not yet in state; undefined while it has none. */
  async underWay(cloudName: string): Promise<Node | undefined> {
    const nodes = await nodesOf(this.#admin);
    const byName = nodes.find((one) => one.instance_info["display_name"] === cloudName);
    if (byName) return byName;
    const servers = await this.#admin.list("nova", "/servers/detail?all_tenants=1", "servers");
    const ids = servers.filter((one) => one["name"] === cloudName).map((one) => one["id"]);
    return nodes.find((one) => ids.includes(one.instance_uuid));
  }
}

/** The node that a Server of the program is on. */
export function nodeOf(server: RehearsedResource, nodes: readonly Node[]): Node | undefined {
  const { nodeId, serverId, allocationId } = server.outputs as Record<string, string | undefined>;
  const ids = [serverId, allocationId, server.id].filter((id) => id !== undefined && id !== "");
  return nodes.find(
    (node) =>
      node.uuid === nodeId || ids.includes(node.instance_uuid ?? "") || ids.includes(node.allocation_uuid ?? ""),
  );
}
