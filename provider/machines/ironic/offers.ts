import { canonical } from "../../core/index.ts";
import type { AllocationRequest, Node } from "../../openstack/ironic/index.ts";
import { chooseOffers, describeTraits, lacks, type Offer } from "../hardware.ts";
import type { Hardware, MachineInputs } from "../spec.ts";

/** Nodes that are alike, and which of them can be had now. */
export interface IronicOffer extends Offer {
  /** The free ones, by uuid. */
  readonly nodes: readonly string[];
}

const number = (value: unknown): number | undefined => {
  const parsed = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof parsed === "number" && Number.isFinite(parsed) && parsed > 0 ? parsed : undefined;
};

/** CPUs, memory and disk as a node's properties state them. */
export function amounts(properties: Readonly<Record<string, unknown>>): {
  cpus?: number;
  memoryGiB?: number;
  diskGiB?: number;
} {
  const cpus = number(properties["cpus"]);
  const memory = number(properties["memory_mb"]);
  const disk = number(properties["local_gb"]);
  return { ...(cpus && { cpus }), ...(memory && { memoryGiB: memory / 1024 }), ...(disk && { diskGiB: disk }) };
}

/** Ironic's own rule for what an allocation may take. */
const isFree = (node: Node) =>
  node.provision_state === "available" && !node.maintenance && node.instance_uuid === null && node.power_state !== null;

/** The nodes by resource class, size and traits; those without a class can never be reserved and are left out. */
export function offersOf(nodes: readonly Node[], needs: { volumes: boolean } = { volumes: false }): IronicOffer[] {
  const groups = new Map<string, Node[]>();
  for (const node of nodes) {
    if (!node.resource_class || (needs.volumes && node.storage_interface === "noop")) continue;
    const key = canonical([node.resource_class, amounts(node.properties), [...node.traits].sort()]);
    groups.set(key, [...(groups.get(key) ?? []), node]);
  }
  return [...groups.values()]
    .map((group): IronicOffer => {
      const [{ resource_class, properties, traits }] = group as [Node, ...Node[]];
      const { diskGiB, ...size } = amounts(properties);
      const free = group.filter(isFree).map((node) => node.uuid);
      return {
        id: resource_class!,
        name: resource_class!,
        ...size,
        ...describeTraits([...traits].sort(), diskGiB),
        free: free.length,
        nodes: free.sort(),
      };
    })
    .sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
}

/** Whether an offer meets a request: by class it is the class and the traits, nothing else. */
export const isOffered = (hardware: Hardware, offer: IronicOffer): boolean =>
  hardware.class === undefined
    ? lacks(hardware, offer).length === 0
    : offer.id === hardware.class && lacks({ traits: hardware.traits ?? [] }, offer).length === 0;

/** What is meant by the resource classes and nodes of Ironic, for messages. */
const OFFERED = "resource class or node of Ironic";

/**
 * The offers that meet what a program asks, best first; none where it names a class that nothing meets.
 * @throws Failure `nothing-fits` for amounts that nothing meets
 */
export function fittingOffers(
  inputs: Pick<MachineInputs, "hardware" | "bootVolume" | "volumes">,
  offers: readonly IronicOffer[],
): IronicOffer[] {
  const { hardware, bootVolume, volumes } = inputs;
  if (hardware.class !== undefined) return offers.filter((offer) => isOffered(hardware, offer));
  const reach = bootVolume !== undefined || volumes?.length ? " that can reach volumes" : "";
  return chooseOffers(hardware, offers, `${OFFERED}${reach}`) as IronicOffer[];
}

/** The offers without one node. */
export const without = (offers: readonly IronicOffer[], node: string): IronicOffer[] =>
  offers.map((offer) => {
    const nodes = offer.nodes.filter((one) => one !== node);
    return { ...offer, nodes, free: nodes.length };
  });

/** What of a reservation the hardware says. */
export type Choice = Pick<AllocationRequest, "resource_class" | "traits" | "candidate_nodes">;

/** Asks for the best offer, and for those that are as large: they differ in what was not asked. */
export function choiceOf(hardware: Hardware, fitting: readonly IronicOffer[]): Choice {
  const traits = hardware.traits?.length ? { traits: hardware.traits } : {};
  const [best] = fitting as readonly [IronicOffer, ...IronicOffer[]];
  const size = ({ id, cpus, memoryGiB, disks }: IronicOffer) => canonical([id, cpus, memoryGiB, disks]);
  const alike = fitting.filter((offer) => size(offer) === size(best));
  return { resource_class: best.id, ...traits, candidate_nodes: alike.flatMap((offer) => offer.nodes).sort() };
}
