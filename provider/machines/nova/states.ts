import type { FailureCode } from "../../core/index.ts";
import type { ServerFault } from "../../openstack/nova/servers.ts";

/**
 * What a Nova status means for the next step.
 * - `steady`: it stays so by itself, and everything can be changed
 * - `moving`: it becomes something else by itself: wait
 * - `held`: somebody has put it there and must take it out; only what is beside the machine can be changed
 * - `error`: Nova has given up on it
 * - `hidden`: Nova cannot reach the part of the cloud where it is recorded; nothing is known of it
 * - `gone`: it is no more
 */
export interface StatusMeaning {
  readonly kind: "steady" | "moving" | "held" | "error" | "hidden" | "gone";
  /** In words, for progress lines and `condition`. */
  readonly words: string;
  /** Usual length in seconds of a `moving` one, where that is known. */
  readonly usual?: number;
  /** The command that ends a `held` one, to be followed by the server's id. */
  readonly leave?: string;
}

/** Every status of Nova's API (`nova/api/openstack/common.py`). */
export const STATUSES: Readonly<Record<string, StatusMeaning>> = {
  ACTIVE: { kind: "steady", words: "running" },
  SHUTOFF: { kind: "steady", words: "powered off" },
  BUILD: { kind: "moving", words: "deploying", usual: 600 },
  REBUILD: { kind: "moving", words: "reinstalling", usual: 600 },
  REBOOT: { kind: "moving", words: "rebooting", usual: 120 },
  HARD_REBOOT: { kind: "moving", words: "rebooting hard", usual: 120 },
  PASSWORD: { kind: "moving", words: "setting a password", usual: 30 },
  MIGRATING: { kind: "moving", words: "migrating" },
  RESIZE: { kind: "moving", words: "resizing" },
  REVERT_RESIZE: { kind: "moving", words: "undoing a resize" },
  PAUSED: { kind: "held", words: "paused", leave: "openstack server unpause" },
  SUSPENDED: { kind: "held", words: "suspended", leave: "openstack server resume" },
  RESCUE: { kind: "held", words: "in rescue mode", leave: "openstack server unrescue" },
  SHELVED: { kind: "held", words: "shelved", leave: "openstack server unshelve" },
  SHELVED_OFFLOADED: { kind: "held", words: "shelved and off its host", leave: "openstack server unshelve" },
  VERIFY_RESIZE: {
    kind: "held",
    words: "resized and not confirmed",
    leave: "openstack server resize confirm",
  },
  SOFT_DELETED: {
    kind: "held",
    words: "deleted, and kept by the cloud for a while",
    leave: "openstack server restore",
  },
  ERROR: { kind: "error", words: "in error" },
  UNKNOWN: { kind: "hidden", words: "out of Nova's sight" },
  DELETED: { kind: "gone", words: "deleted" },
};

/** What a status means; undefined for one that is not in the catalogue. */
export const meaningOf = (status: string): StatusMeaning | undefined =>
  Object.hasOwn(STATUSES, status) ? STATUSES[status] : undefined;

/** What a fault says about its cause, and whether another try on another node is worth while. */
export interface Judgement {
  readonly code: FailureCode;
  readonly again: boolean;
}

/**
 * Reads the cause from Nova's words.
 *
 * | words | cause | again |
 * | --- | --- | --- |
 * | "Exceeded maximum number of retries", provisioning or deploying failed, the node or its power | the node | once |
 * | "No valid host was found" | no machine is free | no |
 * | "Quota exceeded" | the project's quota | no |
 * | a network that could not be bound or made, no address left, one that is taken | the network | no |
 * | an image or volume | what was asked for | no |
 * | a code of 4xx, a key pair | what was asked for | no |
 * | anything else | not known | no |
 */
export function judgeFault(fault: ServerFault | undefined): Judgement {
  const words = fault?.message ?? "";
  if (/no more ip addresses|no fixed ip addresses/i.test(words)) return { code: "no-addresses", again: false };
  if (/binding failed|failed to allocate the network/i.test(words)) return { code: "network-failed", again: false };
  if (/already in use/i.test(words)) return { code: "in-use", again: false };
  if (/exceeded maximum number of retries|exhausted all hosts|max scheduling attempts/i.test(words))
    return { code: "deploy-failed", again: true };
  if (/no valid host|not enough hosts/i.test(words)) return { code: "no-capacity", again: false };
  if (/quota/i.test(words)) return { code: "quota", again: false };
  if (/failed to (provision|deploy)|deploy(ment)? (step|failed|timed out)|ironic node|power state/i.test(words))
    return { code: "deploy-failed", again: true };
  if (/\bimage\b/i.test(words)) return { code: "image-unusable", again: false };
  if (/\b(volume|block device)\b/i.test(words)) return { code: "volume-failed", again: false };
  if ((fault && fault.code >= 400 && fault.code < 500) || /\bkey ?pair\b/i.test(words))
    return { code: "service-refused", again: false };
  return { code: "server-fault", again: false };
}

/** Ironic's states of a node that was given back and is not free yet. */
export const RETURNING: readonly string[] = ["deleting", "cleaning", "clean wait", "clean hold"];
