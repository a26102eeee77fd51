import type { ServiceType } from "./types.ts";

/** What a feature needs of a service. */
export interface Requirement {
  service: ServiceType;
  /** Below this the feature does not exist. */
  minimum: string;
  /** What is asked for where the service has it; `minimum` where left out. */
  wanted?: string;
  why: string;
}

/**
 * Which microversion each feature needs. Every gate of this provider stands here and nowhere else; services between
 * Zed (Ironic 1.82, Nova 2.93, Cinder 3.70) and 2026.2 (1.115, 2.104, 3.71) all occur in the field.
 */
export const REQUIREMENTS = {
  "reading nodes": {
    service: "baremetal",
    minimum: "1.65",
    wanted: "1.82",
    why: "owner, lessee, traits, retired, fault",
  },
  "node history": { service: "baremetal", minimum: "1.78", why: "what happened to a node before" },
  "node inventory": { service: "baremetal", minimum: "1.81", why: "CPU, memory and disks as inspection saw them" },
  "node health": { service: "baremetal", minimum: "1.109", why: "the BMC's own verdict" },
  "node history details": { service: "baremetal", minimum: "1.115", why: "state and duration of past steps" },
  "power control": { service: "baremetal", minimum: "1.27", why: "soft power off and a time-out of its own" },
  deploying: {
    service: "baremetal",
    minimum: "1.69",
    wanted: "1.82",
    why: "deploy steps and config drive in one request",
  },
  "aborting a deploy": { service: "baremetal", minimum: "1.110", why: "a deploy that waits can be ended" },
  allocations: {
    service: "baremetal",
    minimum: "1.60",
    wanted: "1.79",
    why: "owner; prefers the node of the same name",
  },
  "network attachments": {
    service: "baremetal",
    minimum: "1.28",
    wanted: "1.67",
    why: "VIFs; port and port group choice",
  },
  "volume targets": { service: "baremetal", minimum: "1.33", why: "volume targets, connectors, storage interface" },
  rescue: { service: "baremetal", minimum: "1.38", why: "rescue and unrescue" },
  "service steps": { service: "baremetal", minimum: "1.87", why: "work on a deployed node without a new deploy" },
  "virtual media": { service: "baremetal", minimum: "1.89", why: "attach an image to a node's BMC" },
  runbooks: {
    service: "baremetal",
    minimum: "1.92",
    wanted: "1.112",
    why: "approved steps that a tenant may run; own traits",
  },
  "inspection rules": { service: "baremetal", minimum: "1.96", why: "rules that turn facts into classes and traits" },
  "instance names": { service: "baremetal", minimum: "1.104", why: "the name of what runs on a node" },
  servers: {
    service: "compute",
    minimum: "2.52",
    wanted: "2.90",
    why: "tags in the create request; host name of its own",
  },
  "host names": { service: "compute", minimum: "2.90", why: "a host name that is not the server's name" },
  // From 2.93 on nova fails to rebuild on bare metal ("doesn't support rebuilding volume backed instances").
  rebuilding: {
    service: "compute",
    minimum: "2.57",
    wanted: "2.92",
    why: "user data and key pair with a rebuild; not 2.93",
  },
  "server consoles": { service: "compute", minimum: "2.6", why: "one form for all kinds of console" },
  "volume attachments": {
    service: "block-storage",
    minimum: "3.44",
    wanted: "3.54",
    why: "attach, complete, read-only mode",
  },
  "volumes from backups": { service: "block-storage", minimum: "3.47", why: "create a volume straight from a backup" },
  "snapshots of volumes in use": { service: "block-storage", minimum: "3.66", why: "no force flag needed" },
  "default volume types": { service: "block-storage", minimum: "3.62", why: "a project's own default type" },
  "allocation candidates": { service: "placement", minimum: "1.29", wanted: "1.36", why: "nested providers, traits" },
} as const satisfies Record<string, Requirement>;

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
