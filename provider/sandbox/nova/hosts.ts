import type { Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { DURATIONS } from "../kernel/durations.ts";
import type { Nova } from "./core.ts";
import { type IronicNode, isFree, type Nodes, placementClass, reasonOf } from "./nodes.ts";
import type { FlavorRow, HostRow, ServerRow } from "./rows.ts";

/** Name of the nova-compute in front of Ironic. */
export const IRONIC_HOST = "ironic-compute";

/** For how long, in real seconds, nova still counts on a process that does not report itself. */
const DOWN_AFTER = 60;

/** The machines that servers are placed on, as nova knows them, and as it tells placement. */
export class Hosts {
  readonly #nova: Nova;
  readonly #nodes: Nodes;
  readonly #pending = new Set<string>();
  readonly #down = new Map<string, number>();

  constructor(nova: Nova, nodes: Nodes) {
    this.#nova = nova;
    this.#nodes = nodes;
  }

  /** Follows Ironic's nodes from now on. */
  start(): void {
    this.#nodes.table.watch((node) => this.#changed(node.id));
    for (const node of this.#nodes.table.values()) this.#changed(node.id);
    this.#nova.world.faults.watchDaemons((name, state) => {
      if (state === "running") this.#down.delete(name);
      else if (!this.#down.has(name)) this.#down.set(name, Date.now());
    });
    this.#nova.background(async () => {
      for (const host of this.#nova.tables.hosts.values()) await this.#tell(host);
    });
  }

  /** A node of Ironic as a host. */
  read(node: IronicNode, number: number): HostRow {
    return {
      id: node.id,
      number,
      service: IRONIC_HOST,
      name: node.id,
      kind: "metal",
      resourceClass: node.resource_class === null ? null : placementClass(node.resource_class),
      traits: [...node.traits],
      reserved: !isFree(node),
      cpus: 0,
      memoryMiB: 0,
      diskGiB: 0,
    };
  }

  /** Nova notices what became of a node with its next round. */
  #changed(id: string): void {
    if (this.#pending.has(id) || !this.#differs(id)) return;
    this.#pending.add(id);
    this.#nova.world.clock.after(DURATIONS["nova resources"], async () => {
      await this.#nova.comesBack("nova-compute-ironic");
      this.#pending.delete(id);
      await this.#refresh(id);
    });
  }

  #differs(id: string): boolean {
    const node = this.#nodes.get(id);
    const have = this.#nova.tables.hosts.get(id);
    if (!node || !have) return node !== undefined || have !== undefined;
    const now = this.read(node, have.number);
    return (
      have.reserved !== now.reserved ||
      have.resourceClass !== now.resourceClass ||
      have.traits.join() !== now.traits.join()
    );
  }

  async #refresh(id: string): Promise<void> {
    const { hosts } = this.#nova.tables;
    const node = this.#nodes.get(id);
    const have = hosts.get(id);
    if (!node) {
      hosts.delete(id);
      await this.#placement("DELETE", `/resource_providers/${id}`);
      return;
    }
    await this.#tell(hosts.put(this.read(node, have?.number ?? hosts.size + 1)));
  }

  /** Keeps placement's view of a host in step. */
  async #tell(host: HostRow): Promise<void> {
    const path = `/resource_providers/${host.id}`;
    let provider = await this.#placement("GET", path);
    if (!provider) provider = await this.#placement("POST", "/resource_providers", { uuid: host.id, name: host.name });
    if (!provider) return;
    const inventory = (total: number, reserved: number, more: Json = {}) => ({
      total,
      reserved,
      min_unit: 1,
      max_unit: total,
      step_size: 1,
      allocation_ratio: 1.0,
      ...more,
    });
    const inventories: Json =
      host.kind === "virtual"
        ? {
            VCPU: inventory(host.cpus, 0),
            MEMORY_MB: inventory(host.memoryMiB, 0),
            DISK_GB: inventory(host.diskGiB, 0),
          }
        : host.resourceClass
          ? { [host.resourceClass]: inventory(1, host.reserved ? 1 : 0) }
          : {};
    for (const name of Object.keys(inventories))
      if (name.startsWith("CUSTOM_")) await this.#placement("PUT", `/resource_classes/${name}`);
    const put = await this.#placement("PUT", `${path}/inventories`, {
      resource_provider_generation: provider["generation"],
      inventories,
    });
    if (host.kind === "virtual") return;
    for (const trait of host.traits) if (trait.startsWith("CUSTOM_")) await this.#placement("PUT", `/traits/${trait}`);
    await this.#placement("PUT", `${path}/traits`, {
      resource_provider_generation: put?.["resource_provider_generation"] ?? provider["generation"],
      traits: host.traits,
    });
  }

  /** What placement answers; undefined where it refuses. */
  async #placement(method: string, path: string, body?: unknown): Promise<Json | undefined> {
    try {
      return await this.#nova.world.ask("placement", method, path, body === undefined ? {} : { body });
    } catch (error) {
      if (error instanceof Refusal) return undefined;
      throw error;
    }
  }

  /** Takes a host for a server; false where somebody else has it. Also in placement. */
  async claim(server: ServerRow, host: HostRow): Promise<boolean> {
    try {
      await this.#nova.world.ask("placement", "PUT", `/allocations/${server.id}`, {
        body: {
          allocations: { [host.id]: { resources: resourcesOf(server.flavor) } },
          project_id: server.project,
          user_id: server.user,
          consumer_generation: null,
          consumer_type: "INSTANCE",
        },
      });
      return true;
    } catch (error) {
      if (error instanceof Refusal && error.status === 409) return false;
      if (error instanceof Refusal) throw new Error(`placement: ${reasonOf(error)}`);
      throw error;
    }
  }

  /** Gives back what a server has taken. */
  async release(server: string): Promise<void> {
    await this.#placement("DELETE", `/allocations/${server}`);
  }

  /** The hosts that a server could be on, and what nova says where there is none. */
  candidates(server: ServerRow, without: ReadonlySet<string>): { hosts: HostRow[]; none: string } {
    const { flavor } = server;
    const needs = needsOf(server);
    const fitting = this.#nova.tables.hosts.filter((host) => this.#fits(host, flavor, needs));
    const wanted = server.requestedHost;
    const usable = fitting.filter((host) => {
      if (without.has(host.id)) return false;
      const service = this.#nova.service(host.service);
      if (!service || service.disabled || service.forcedDown) return false;
      const since = this.#down.get(service.daemon);
      if (since !== undefined && Date.now() - since > DOWN_AFTER * 1000) return false;
      if (server.zone !== null && this.#nova.zoneOf(host.service) !== server.zone) return false;
      if (wanted.host !== undefined && wanted.host !== host.service) return false;
      return wanted.node === undefined || wanted.node === host.name;
    });
    const none = fitting.length > 0 ? "There are not enough hosts available." : "";
    return { hosts: usable, none: `No valid host was found. ${none}` };
  }

  #fits(host: HostRow, flavor: FlavorRow, needs: Needs): boolean {
    if (needs.custom.length > 0) {
      if (host.kind !== "metal" || host.reserved || needs.custom.some((name) => name !== host.resourceClass))
        return false;
      if (this.#nova.tables.servers.by("node", host.id).length > 0) return false;
    } else {
      if (host.kind !== "virtual") return false;
      const used = this.used(host);
      if (used.vcpus + flavor.vcpus > host.cpus || used.ram + flavor.ram > host.memoryMiB) return false;
      if (used.disk + flavor.disk > host.diskGiB) return false;
    }
    return (
      needs.required.every((trait) => host.traits.includes(trait)) &&
      !needs.forbidden.some((trait) => host.traits.includes(trait))
    );
  }

  /** What servers use of a host of virtual machines. */
  used(host: HostRow): { vcpus: number; ram: number; disk: number; servers: number } {
    const servers = this.#nova.tables.servers.by("node", host.name);
    const used = { vcpus: 0, ram: 0, disk: 0, servers: servers.length };
    for (const { flavor } of servers) {
      used.vcpus += flavor.vcpus;
      used.ram += flavor.ram;
      used.disk += flavor.disk;
    }
    return used;
  }
}

interface Needs {
  /** Custom resource classes: all of them one of each. */
  custom: string[];
  required: string[];
  forbidden: string[];
}

function needsOf({ flavor, imageProperties }: ServerRow): Needs {
  const needs: Needs = { custom: [], required: [], forbidden: [] };
  for (const [key, value] of Object.entries({ ...imageProperties, ...flavor.extraSpecs })) {
    const [kind = "", name = ""] = key.split(":");
    if (/^resources\d*$/.test(kind) && name.startsWith("CUSTOM_") && Number(value) > 0) needs.custom.push(name);
    if (/^trait\d*$/.test(kind) && value === "required") needs.required.push(name);
    if (/^trait\d*$/.test(kind) && value === "forbidden") needs.forbidden.push(name);
  }
  return needs;
}

/** What a flavor takes from a host, by resource class. */
export function resourcesOf(flavor: FlavorRow): Record<string, number> {
  const resources: Record<string, number> = { VCPU: flavor.vcpus, MEMORY_MB: flavor.ram, DISK_GB: flavor.disk };
  for (const [key, value] of Object.entries(flavor.extraSpecs)) {
    const name = /^resources\d*:(.+)$/.exec(key)?.[1];
    if (name) resources[name] = Number(value);
  }
  return Object.fromEntries(Object.entries(resources).filter(([, amount]) => amount > 0));
}
