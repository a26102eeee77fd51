import type { ServiceType } from "./types.ts";

/** What a feature needs of a service. */
export interface Requirement {
  service: ServiceType;
  /** Below this the feature does not exist. */
  minimum: string;
  /** What is asked for where the service has it; `minimum` where left out. */
  wanted?: string;
  /** What it is for. */
  why: string;
  /** What becomes of it below `minimum`. */
  without: string;
}

/** The oldest and the newest release that this package is tested on, with the newest microversion of each service there. */
export const RELEASES = {
  // Ironic 21.4, which is of 2023.1, as Debian 12 has it
  Zed: { baremetal: "1.82", compute: "2.93", "block-storage": "3.70" },
  "2026.2": { baremetal: "1.115", compute: "2.104", "block-storage": "3.71" },
} as const;

/** Which microversion each feature needs: every difference by release that this package knows. */
export const REQUIREMENTS = {
  "reading nodes": {
    service: "baremetal",
    minimum: "1.65",
    wanted: "1.82",
    why: "owner, lessee, traits, retired, fault",
    without: "no machines by Ironic; of Nova's machines the node is not shown",
  },
  "power control": {
    service: "baremetal",
    minimum: "1.27",
    why: "soft power off and a time-out of its own",
    without: "no machines by Ironic",
  },
  deploying: {
    service: "baremetal",
    minimum: "1.69",
    wanted: "1.82",
    why: "deploy steps and config drive in one request",
    without: "no machines by Ironic",
  },
  allocations: {
    service: "baremetal",
    minimum: "1.60",
    wanted: "1.79",
    why: "owner; prefers the node of the same name",
    without: "no machines by Ironic",
  },
  "network attachments": {
    service: "baremetal",
    minimum: "1.28",
    wanted: "1.67",
    why: "VIFs; port and port group choice",
    without: "no machines by Ironic",
  },
  "node history": {
    service: "baremetal",
    minimum: "1.78",
    why: "why a machine failed, after Ironic has cleared last_error",
    without: "a machine that failed a while ago is reported without the reason",
  },
  "volume targets": {
    service: "baremetal",
    minimum: "1.33",
    why: "volume targets, connectors, storage interface",
    without: "no volumes on machines by Ironic",
  },
  "instance names": {
    service: "baremetal",
    minimum: "1.104",
    why: "the machine's name beside the node's in Ironic's own lists",
    without: "Ironic shows the machine's name only in the node's instance_info, as display_name",
  },
  servers: {
    service: "compute",
    minimum: "2.52",
    wanted: "2.90",
    why: "tags in the create request; host name of its own",
    without: "no machines by Nova",
  },
  // From 2.93 on nova fails to rebuild on bare metal ("doesn't support rebuilding volume backed instances").
  rebuilding: {
    service: "compute",
    minimum: "2.57",
    wanted: "2.92",
    why: "user data and key pair with a rebuild; not 2.93",
    without: "no reinstalling in place by Nova",
  },
  "choosing hardware by flavor": {
    service: "compute",
    minimum: "2.61",
    wanted: "2.90",
    why: "what a flavor requires, in the list of flavors",
    without: "no machines by Nova",
  },
  "attachment ids": {
    service: "compute",
    minimum: "2.89",
    why: "which of Cinder's attachments of a volume is the server's",
    without: "the server's attachment is found by volume and server alone",
  },
  "volume attachments": {
    service: "block-storage",
    minimum: "3.44",
    wanted: "3.54",
    why: "attaching a volume to a machine that Nova does not know",
    without: "no volumes on machines by Ironic",
  },
  "read-only attachments": {
    service: "block-storage",
    minimum: "3.54",
    why: "the volume service itself keeps the mode",
    without: "the mode is told with the initiator only, and back ends may ignore it",
  },
  "volumes from backups": {
    service: "block-storage",
    minimum: "3.47",
    why: "create a volume straight from a backup",
    without: "no volume with `backup`",
  },
  "growing volumes in use": {
    service: "block-storage",
    minimum: "3.42",
    why: "a larger size while a machine has the volume",
    without: "detach the volume before it grows",
  },
  "messages about volumes": {
    service: "block-storage",
    minimum: "3.5",
    why: "why a volume failed, in the service's own words",
    without: "a failed volume is reported without its cause",
  },
} as const satisfies Record<string, Requirement>;

/** What differs by release and shows in no version: policies as the service brings them. An operator may have changed them. */
export const POLICIES = {
  "networks of a reader": {
    service: "network",
    release: "Zed",
    what: "whoever has only the role reader may make and delete networks and ports",
    so: "a reader's program fails at the machine, and what comes before it exists; its `destroy` takes that away",
  },
  "volumes of a reader": {
    service: "block-storage",
    release: "Zed",
    what: "whoever has only the role reader may make and delete volumes",
    so: "the same",
  },
} as const satisfies Record<string, { service: ServiceType; release: keyof typeof RELEASES; what: string; so: string }>;

/** A feature of {@link REQUIREMENTS}. */
export type Feature = keyof typeof REQUIREMENTS;

/** What a feature needs. */
export function requirement(feature: Feature): Requirement {
  return REQUIREMENTS[feature];
}

/** `1.9` before `1.82`: negative, zero or positive. Text that is no version counts as 0.0. */
export function compareVersions(left: string, right: string): number {
  const [leftMajor, leftMinor] = parts(left);
  const [rightMajor, rightMinor] = parts(right);
  return leftMajor - rightMajor || leftMinor - rightMinor;
}

function parts(version: string): [number, number] {
  const match = /^v?(\d+)(?:\.(\d+))?$/.exec(version.trim());
  return match ? [Number(match[1]), Number(match[2] ?? 0)] : [0, 0];
}

/**
 * The headers that ask a service for a microversion. Each service gets only its own: cinder answers 400 to a foreign
 * one. Neutron, glance, octavia and keystone have none.
 */
export function microversionHeaders(type: ServiceType, version: string | undefined): Record<string, string> {
  if (version === undefined) return {};
  switch (type) {
    case "baremetal":
      return { "X-OpenStack-Ironic-API-Version": version, "OpenStack-API-Version": `baremetal ${version}` };
    case "compute":
      return { "OpenStack-API-Version": `compute ${version}` };
    case "block-storage":
      return { "OpenStack-API-Version": `volume ${version}` };
    case "placement":
      return { "OpenStack-API-Version": `placement ${version}` };
    default:
      return {};
  }
}
