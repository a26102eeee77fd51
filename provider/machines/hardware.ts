import { failure } from "../core/index.ts";
import type { Hardware } from "./spec.ts";

/** A disk as an offer describes it. */
export interface OfferedDisk {
  readonly type: "hdd" | "ssd" | "nvme" | "unknown";
  readonly sizeGiB: number;
}

/** A kind of machine that can be had: a flavor, or the nodes of one resource class that are alike. */
export interface Offer {
  /** The flavor's id, or the resource class. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  readonly cpus?: number;
  readonly memoryGiB?: number;
  readonly disks: readonly OfferedDisk[];
  readonly uplinkGbps?: number;
  readonly fabrics: readonly string[];
  readonly traits: readonly string[];
  /** How many are free now, where that is visible. */
  readonly free?: number;
}

/**
 * The naming convention by which traits tell what Ironic's and Nova's amounts do not:
 * - `CUSTOM_DISK_NVME`, `CUSTOM_DISK_SSD`, `CUSTOM_DISK_HDD`: kind of the (first) disk; with a count and a size in GB
 *   as `CUSTOM_DISK_2X960_SSD`: two more disks of that kind and size. `CUSTOM_NVME` is read as `CUSTOM_DISK_NVME`.
 * - `CUSTOM_UPLINK_25G`: the fastest network card, in Gbit/s
 * - `CUSTOM_FABRIC_ROCE`, `CUSTOM_FABRIC_INFINIBAND`: kind of fabric; Ethernet is assumed everywhere
 */
export function describeTraits(
  traits: readonly string[],
  diskGiB: number | undefined,
): Pick<Offer, "disks" | "uplinkGbps" | "fabrics" | "traits"> {
  const kinds = traits
    .map((trait) => /^CUSTOM_(?:DISK_)?(NVME|SSD|HDD)$/.exec(trait)?.[1])
    .filter((kind) => kind !== undefined);
  const first = (kinds[0]?.toLowerCase() ?? "unknown") as OfferedDisk["type"];
  const disks: OfferedDisk[] = diskGiB ? [{ type: first, sizeGiB: diskGiB }] : [];
  const fabrics = ["ethernet"];
  let uplinkGbps: number | undefined;
  for (const trait of traits) {
    const more = /^CUSTOM_DISK_(?:(\d+)X)?(\d+)_(NVME|SSD|HDD)$/.exec(trait);
    if (more) {
      const disk = {
        type: more[3]!.toLowerCase() as OfferedDisk["type"],
        sizeGiB: Math.floor((Number(more[2]) * 1e9) / 2 ** 30),
      };
      disks.push(...Array.from({ length: Number(more[1] ?? 1) }, () => disk));
    }
    const speed = /^CUSTOM_UPLINK_(\d+)G$/.exec(trait);
    if (speed) uplinkGbps = Math.max(uplinkGbps ?? 0, Number(speed[1]));
    const fabric = /^CUSTOM_FABRIC_(ROCE|INFINIBAND)$/.exec(trait);
    if (fabric) fabrics.push(fabric[1]!.toLowerCase());
  }
  return { disks, fabrics, traits, ...(uplinkGbps === undefined ? {} : { uplinkGbps }) };
}

/** What an offer lacks of what is asked, in words; empty when it fits. */
export function lacks(hardware: Hardware, offer: Offer): string[] {
  const missing: string[] = [];
  const least = (what: string, asked: number | undefined, has: number | undefined, unit: string) => {
    if (asked !== undefined && (has === undefined || has < asked))
      missing.push(`${what} ${has === undefined ? "not stated" : `${has}${unit}`}`);
  };
  least("CPUs:", hardware.cpus, offer.cpus, "");
  least("memory:", hardware.memoryGiB, offer.memoryGiB, " GiB");
  least("uplink:", hardware.uplinkGbps, offer.uplinkGbps, " Gbit/s");
  if (hardware.fabric && !offer.fabrics.includes(hardware.fabric)) missing.push(`no ${hardware.fabric} fabric`);
  for (const trait of hardware.traits ?? []) if (!offer.traits.includes(trait)) missing.push(`no trait ${trait}`);
  if (!disksFit(hardware.disks ?? [], offer.disks))
    missing.push(`disks: ${offer.disks.map((disk) => `${disk.sizeGiB} GiB ${disk.type}`).join(", ") || "not stated"}`);
  return missing;
}

/** Whether every disk asked for can be met by a disk of its own. Largest first, the smallest that fits. */
function disksFit(asked: NonNullable<Hardware["disks"]>, offered: readonly OfferedDisk[]): boolean {
  const free = [...offered].sort((a, b) => a.sizeGiB - b.sizeGiB);
  const kindFits = (want: string | undefined, has: string) =>
    want === undefined || want === has || (want === "ssd" && has === "nvme");
  return [...asked]
    .sort((a, b) => Number(b.type !== undefined) - Number(a.type !== undefined) || b.sizeGiB - a.sizeGiB)
    .every((disk) => {
      const index = free.findIndex(
        (candidate) => kindFits(disk.type, candidate.type) && candidate.sizeGiB >= disk.sizeGiB,
      );
      if (index >= 0) free.splice(index, 1);
      return index >= 0;
    });
}

/** One line that says what an offer is. */
export function describeOffer(offer: Offer): string {
  const disks = offer.disks
    .map((disk) => `${disk.sizeGiB} GiB${disk.type === "unknown" ? "" : ` ${disk.type}`}`)
    .join(" + ");
  const facts = [
    offer.cpus !== undefined && `${offer.cpus} CPUs`,
    offer.memoryGiB !== undefined && `${offer.memoryGiB} GiB memory`,
    disks && `disk ${disks}`,
    offer.uplinkGbps !== undefined && `${offer.uplinkGbps} Gbit/s`,
    offer.traits.length > 0 && offer.traits.join(" "),
    offer.free !== undefined && `${offer.free} free`,
  ].filter(Boolean);
  return `${offer.name} (${facts.join(", ")})`;
}

/**
 * The smallest offers that fit, best first: free ones before taken ones, then by CPUs, memory and disk.
 * @throws Failure `nothing-fits`, which lists what there is and what each lacks
 */
export function chooseOffers(hardware: Hardware, offers: readonly Offer[], what: string): Offer[] {
  const judged = offers.map((offer) => ({ offer, missing: lacks(hardware, offer) }));
  const fitting = judged.filter(({ missing }) => missing.length === 0).map(({ offer }) => offer);
  if (fitting.length === 0) {
    const list = judged.map(({ offer, missing }) => `  ${describeOffer(offer)}: ${missing.join(", ")}`).join("\n");
    throw failure(
      "nothing-fits",
      offers.length ? `no ${what} fits what is asked; there are\n${list}` : `this credential sees no ${what} at all`,
      { path: "hardware" },
    );
  }
  const disk = (offer: Offer) => offer.disks.reduce((sum, one) => sum + one.sizeGiB, 0);
  return fitting.sort(
    (a, b) =>
      Number((a.free ?? 1) === 0) - Number((b.free ?? 1) === 0) ||
      (a.cpus ?? 0) - (b.cpus ?? 0) ||
      (a.memoryGiB ?? 0) - (b.memoryGiB ?? 0) ||
      disk(a) - disk(b) ||
      (a.name < b.name ? -1 : 1),
  );
}
