import { type FoundParts, failure } from "../core/index.ts";
import type { Cloud } from "../openstack/cloud.ts";
import { findPort, listPortsDescribed, type Port } from "../openstack/neutron/index.ts";
import type { MachineInputs, MachineOutputs } from "./spec.ts";

/** A Neutron port as far as a machine is concerned. */
export interface MachinePort {
  readonly id: string;
  /** Its place among the machine's networks. */
  readonly index: number;
  /** Whether we made it, and so remove it. */
  readonly ours: boolean;
  readonly network: string;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly securityGroups: readonly string[];
  /** Nova server or Ironic node that has it; empty when none. */
  readonly device: string;
  readonly owner: string;
  readonly status: string;
  /** `binding:vif_type` where this credential may see it; `binding_failed` tells of a network that no driver could bind. */
  readonly vif?: string;
}

/** A step on one of the machine's ports. */
export type PortAction =
  | {
      readonly name: `create port ${number}`;
      readonly args: { readonly port: "create"; readonly index: number; readonly body: PortBody };
    }
  | {
      readonly name: `change port ${number}`;
      readonly args: { readonly port: "change"; readonly id: string; readonly body: Partial<PortBody> };
    }
  | {
      readonly name: `delete port ${number}`;
      readonly args: { readonly port: "delete"; readonly id: string; readonly letGo?: true };
    };

interface PortBody {
  readonly name: string;
  readonly network_id: string;
  readonly description: string;
  readonly fixed_ips?: readonly { readonly ip_address: string }[];
  readonly security_groups?: readonly string[];
}

/** More network cards than any machine has; ports of ours are looked for up to this place. */
const MOST = 16;

/**
 * A port's description is its mark: exact, so that Neutron can filter by it, and written by the call that makes the
 * port, so that a create whose answer was lost finds it.
 */
const describe = (tag: string, index: number) => `pulumi-baremetal:${tag} port ${index}`;
const MARKED = /^pulumi-baremetal:([0-9a-f]{20}) port \d+$/;
const indexOf = (description: string) => Number(/ port (\d+)$/.exec(description)?.[1] ?? -1);

/**
 * The machine's ports: ours by their mark, the program's own by their ids. Sorted by place.
 * @throws Failure `not-found` for a port of the program's own that is gone, unless `lenient`
 */
export async function observePorts(
  cloud: Cloud,
  tag: string,
  networks: MachineInputs["networks"] = [],
  options: { readonly lenient?: boolean } = {},
): Promise<MachinePort[]> {
  const all = (wanted: string) => Array.from({ length: MOST }, (_, index) => describe(wanted, index));
  const ours = await listPortsDescribed(cloud, tag, all, (description) => MARKED.exec(description)?.[1]);
  const ports = ours.map((port) => toMachinePort(port, indexOf(port.description), true));
  for (const [index, entry] of networks.entries()) {
    if (entry.port === undefined) continue;
    const found = await findPort(cloud, entry.port);
    if (!found && options.lenient) continue;
    if (!found)
      throw failure("not-found", `there is no port ${entry.port} that this credential can see`, {
        path: `networks[${index}].port`,
      });
    ports.push(toMachinePort(found, index, false));
  }
  // Of two for one place the one that a machine has comes first: it is the one to keep.
  const bound = (port: MachinePort) => Number(port.device === "");
  return ports.sort((a, b) => a.index - b.index || bound(a) - bound(b) || (a.id < b.id ? -1 : 1));
}

/** All ports that were made for machines in this project, by machine. */
export async function findPorts(cloud: Cloud): Promise<FoundParts[]> {
  const { projectId } = await cloud.principal();
  const ports = await cloud
    .service("network")
    .list<{ name: string; description: string; created_at?: string }>("/ports", "ports", {
      query: { project_id: projectId, fields: ["id", "name", "description", "created_at"] },
    });
  const found = new Map<string, FoundParts>();
  for (const { name, description, created_at: created = "" } of ports) {
    const tag = MARKED.exec(description)?.[1];
    if (tag === undefined || (found.get(tag)?.created ?? "") > created) continue;
    found.set(tag, { tag, name: name.replace(/ port \d+$/, ""), created });
  }
  return [...found.values()];
}

const toMachinePort = (port: Port, index: number, ours: boolean): MachinePort => ({
  id: port.id,
  index,
  ours,
  network: port.network_id,
  mac: port.mac_address,
  addresses: port.fixed_ips.map((address) => address.ip_address),
  securityGroups: [...port.security_groups].sort(),
  device: port.device_id,
  owner: port.device_owner,
  status: port.status,
  ...(port["binding:vif_type"] === undefined ? {} : { vif: port["binding:vif_type"] }),
});

/** Ports of ours that the program no longer wants, or that a lost answer made twice. They leave the machine first. */
export function surplusPorts(networks: MachineInputs["networks"], ports: readonly MachinePort[]): MachinePort[] {
  const kept = new Set<number>();
  return ports.filter((port) => {
    if (!port.ours) return false;
    const entry = networks[port.index];
    if (!entry || entry.port !== undefined || entry.network !== port.network || kept.has(port.index)) return true;
    kept.add(port.index);
    return false;
  });
}

/** The next step to bring the ports to what the program says, leaving surplus ones to the caller; undefined when all is well. */
export function nextPortAction(
  tag: string,
  name: string,
  networks: MachineInputs["networks"],
  ports: readonly MachinePort[],
): PortAction | undefined {
  const surplus = new Set(surplusPorts(networks, ports));
  for (const [index, entry] of networks.entries()) {
    if (entry.port !== undefined || entry.network === undefined) continue;
    const fixed = entry.addresses?.map((address) => ({ ip_address: address }));
    const have = ports.find((port) => port.index === index && port.ours && !surplus.has(port));
    if (!have) {
      const body = {
        name: `${name} port ${index}`,
        network_id: entry.network,
        description: describe(tag, index),
        fixed_ips: fixed,
        security_groups: entry.securityGroups,
      };
      return { name: `create port ${index}`, args: { port: "create", index, body } };
    }
    const addresses = entry.addresses && !sameSet(entry.addresses, have.addresses) ? { fixed_ips: fixed } : {};
    const groups =
      entry.securityGroups && !sameSet(entry.securityGroups, have.securityGroups)
        ? { security_groups: entry.securityGroups }
        : {};
    if (Object.keys({ ...addresses, ...groups }).length)
      return { name: `change port ${index}`, args: { port: "change", id: have.id, body: { ...addresses, ...groups } } };
  }
  return undefined;
}

const sameSet = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((item) => b.includes(item));

/**
 * The step that removes one of our ports. Neutron keeps users from deleting a port that a machine has; where that machine is among the
 * `gone` and never let go of it, this lets go first. A run that ends between these two calls leaves a free port, which is ours still.
 */
export const deletePort = (port: MachinePort, ...gone: readonly (string | undefined)[]): PortAction => ({
  name: `delete port ${port.index}`,
  args: { port: "delete", id: port.id, ...(port.device !== "" && gone.includes(port.device) && { letGo: true }) },
});

/** The step that makes an existing port one of ours: the machine was adopted with it. */
export const adoptPort = (tag: string, index: number, id: string): PortAction => ({
  name: `change port ${index}`,
  args: { port: "change", id, body: { description: describe(tag, index) } },
});

/** Whether an action is one of these. */
export const isPortAction = (action: { readonly args?: unknown }): action is PortAction =>
  typeof action.args === "object" &&
  action.args !== null &&
  "port" in action.args &&
  typeof action.args.port === "string";

/** Takes the step. */
export async function performPortAction(cloud: Cloud, action: PortAction): Promise<void> {
  const network = cloud.service("network");
  const { args } = action;
  if (args.port === "create") await network.post("/ports", { port: args.body });
  else if (args.port === "change") await network.put(`/ports/${args.id}`, { port: args.body });
  else {
    if (args.letGo) await network.put(`/ports/${args.id}`, { port: { device_id: "", device_owner: "" } });
    await network.remove(`/ports/${args.id}`);
  }
}

/** Gives our ports another tag: the resource was renamed. */
export async function retagPorts(cloud: Cloud, tag: string, ports: readonly MachinePort[]): Promise<void> {
  for (const port of ports)
    if (port.ours)
      await cloud.service("network").put(`/ports/${port.id}`, { port: { description: describe(tag, port.index) } });
}

/** The ports as outputs tell of them. */
export const portOutputs = (ports: readonly MachinePort[]): MachineOutputs["ports"] =>
  ports.map(({ id, network, mac, addresses }) => ({ id, network, mac, addresses: [...addresses] }));

/** The address that people mean: the first IPv4 one, else the first. */
export const firstAddress = (ports: readonly MachinePort[]): string | undefined => {
  const all = ports.flatMap((port) => port.addresses);
  return all.find((address) => !address.includes(":")) ?? all[0];
};

/**
 * The networks as the cloud has them now, in the program's own words where they still hold. An entry whose port is
 * gone or on another machine shows without addresses, so that a refresh tells of it.
 */
export function actualNetworks(
  networks: MachineInputs["networks"],
  ports: readonly MachinePort[],
  device: string,
): MachineInputs["networks"] {
  return networks.flatMap((entry, index) => {
    const port = ports.find(
      (candidate) =>
        candidate.index === index && (entry.port === undefined ? candidate.ours : candidate.id === entry.port),
    );
    if (!port || port.device !== device) return [];
    const addresses = entry.addresses && {
      addresses: sameSet(entry.addresses, port.addresses) ? entry.addresses : [...port.addresses],
    };
    const groups = entry.securityGroups && {
      securityGroups: sameSet(entry.securityGroups, port.securityGroups)
        ? entry.securityGroups
        : [...port.securityGroups],
    };
    return [{ ...entry, ...addresses, ...groups }];
  });
}
