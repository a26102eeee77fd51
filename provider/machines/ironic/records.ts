import { type Mark, readMark, writeMark } from "../../core/index.ts";
import type { Allocation, Node } from "../../openstack/ironic/index.ts";

/** What is or shall be installed. */
export interface Install {
  /** Glance's id of the image; null for a machine that boots from a volume. */
  readonly image: string | null;
  /** Digest of ssh keys and user data; undefined where nobody wrote it down: an adopted machine. */
  readonly digest?: string;
}

/** An install that was begun: written before the node is touched. */
export interface Begun extends Install {
  /** `provision_updated_at` of the node before it. Once the node is active with another, the install is done. */
  readonly at: string;
}

/** Our notes in an allocation's `extra`; keys of other people are left alone. */
export const KEYS = {
  mark: "pulumi_baremetal",
  install: "pulumi_baremetal_install",
  begun: "pulumi_baremetal_begun",
  metadata: "pulumi_baremetal_metadata",
} as const;

/** The key by which a volume target or connector tells which allocation it was made for. */
export const OWNER_KEY = "pulumi_baremetal_server";

/** Why we protect a node, written where people look for it. An operator's own protection is left alone. */
export const PROTECTED_BY_US = "pulumi-baremetal: deletionProtection";

/** Allocation names are unique in the cloud, so that a second reservation of the same resource is refused. */
export const allocationName = (tag: string): string => `pulumi-baremetal-${tag}`;

/** The notes that the call which reserves the machine writes. */
export const firstNotes = (mark: Mark): Record<string, unknown> => ({ [KEYS.mark]: writeMark(mark) });

/** The mark of an allocation. */
export const markOf = (allocation: Allocation): Mark | undefined => {
  const word = allocation.extra[KEYS.mark];
  return typeof word === "string" ? readMark(word) : undefined;
};

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function readInstall(value: unknown): Begun | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { image, digest, at } = value as Record<string, unknown>;
  return { image: textOf(image) ?? null, ...(textOf(digest) && { digest: textOf(digest)! }), at: textOf(at) ?? "" };
}

/** The install that was begun and not yet written down as done. */
export const begunOf = (allocation: Allocation): Begun | undefined => readInstall(allocation.extra[KEYS.begun]);

/** What was last written down as installed. */
export function recordedOf(allocation: Allocation): Install | undefined {
  const read = readInstall(allocation.extra[KEYS.install]);
  if (!read) return undefined;
  const { at: _, ...install } = read;
  return install;
}

/** The metadata that the machine has, or gets with its next install. */
export function metadataOf(allocation: Allocation): Record<string, string> | undefined {
  const value = allocation.extra[KEYS.metadata];
  if (typeof value !== "object" || value === null) return undefined;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (typeof item === "string" ? [[key, item]] : [])),
  );
}

/** The image that the node was told to install. */
export const imageSourceOf = (node: Pick<Node, "instance_info">): string | null =>
  textOf(node.instance_info["image_source"])?.replace(/^glance:\/\//, "") ?? null;

/** What an active node runs, from our notes and from what it was told last; behind our back counts too. */
export function installedOf(allocation: Allocation, node: Node, finished: boolean): Install {
  const begun = begunOf(allocation);
  const recorded = recordedOf(allocation);
  // Begun, and the node has not moved since: the request never went out. The node may show the new image already.
  if (begun && !finished && begun.at === node.provision_updated_at) return recorded ?? { image: imageSourceOf(node) };
  const digest = (begun ?? recorded)?.digest;
  return { image: imageSourceOf(node), ...(digest !== undefined && { digest }) };
}

/** Whether the one is what the other asks for; a digest that nobody knows is believed. */
export const isInstalled = (has: Install, wanted: Install): boolean =>
  has.image === wanted.image && (has.digest === undefined || has.digest === wanted.digest);
