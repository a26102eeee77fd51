import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { parse } from "yaml";
import type { Fleet, FleetFlavor, FleetNode } from "./fleet.ts";

/** A fleet as a person writes it: everything but what matters may be left out. */
export interface FleetFile {
  region?: string;
  /** Names; `admin` and `service` are always there. Default: every project that a user has a role in. */
  projects?: string[];
  /** Default: `demo` (member and manager of demo) and `demo-reader`. `admin` is always there. */
  users?: { name: string; password?: string; roles: Record<string, string[]>; system?: string[] }[];
  nodes?: FileNode[];
  /** Default: one per resource class of Nova's nodes, named like it, and `vm.tiny`, `vm.small`. */
  flavors?: { name: string; cpus: number; memoryGiB: number; diskGiB: number; extraSpecs?: Record<string, string> }[];
  /** Default: debian-12 and debian-13, small files that no machine really boots. */
  images?: { name: string; sizeKiB?: number; minDiskGiB?: number; properties?: Record<string, string> }[];
  /** Default: `ssd` (the default type) and `hdd`. */
  volumeTypes?: { name: string; backend?: string; onlyFor?: string[]; default?: boolean }[];
  /** Networks of the operator besides the provisioning networks; default: `public`, external, 203.0.113.0/24. */
  networks?: {
    name: string;
    cidr: string;
    project?: string;
    external?: boolean;
    shared?: boolean;
    physicalNetwork?: string;
  }[];
  segments?: { vlan?: [number, number]; vxlan?: [number, number] };
}

/** Nodes of one kind. */
export interface FileNode {
  /** With `count`, `{n}` in the name becomes 0, 1, 2, …; without `{n}` the number is appended. */
  name: string;
  count?: number;
  class: string;
  cpus?: number;
  memoryGiB?: number;
  disks?: { type: "hdd" | "ssd" | "nvme"; sizeGiB: number }[];
  architecture?: string;
  traits?: string[];
  owner?: string;
  lessee?: string;
  rack?: string;
  powerDomain?: string;
  nics?: { address?: string; switch: string; port: string; physicalNetwork?: string }[];
}

const name = { type: "string", minLength: 1 } as const;
const names = { type: "array", items: name } as const;
const size = { type: "integer", minimum: 1 } as const;
const texts = { type: "object", additionalProperties: { type: "string" } } as const;
const roles = { type: "object", additionalProperties: names } as const;
const range = { type: "array", items: size, minItems: 2, maxItems: 2 } as const;
const closed = (required: string[], properties: object) =>
  ({ type: "object", additionalProperties: false, required, properties }) as const;
const listOf = (items: object) => ({ type: "array", items }) as const;

const SCHEMA = closed([], {
  region: name,
  projects: names,
  users: listOf(closed(["name", "roles"], { name, password: name, roles, system: names })),
  nodes: listOf(
    closed(["name", "class"], {
      name,
      count: { type: "integer", minimum: 1, maximum: 10_000 },
      class: name,
      cpus: size,
      memoryGiB: size,
      disks: listOf(closed(["type", "sizeGiB"], { type: { enum: ["hdd", "ssd", "nvme"] }, sizeGiB: size })),
      architecture: name,
      traits: names,
      owner: name,
      lessee: name,
      rack: name,
      powerDomain: name,
      nics: listOf(closed(["switch", "port"], { address: name, switch: name, port: name, physicalNetwork: name })),
    }),
  ),
  flavors: listOf(
    closed(["name", "cpus", "memoryGiB", "diskGiB"], {
      name,
      cpus: size,
      memoryGiB: size,
      diskGiB: size,
      extraSpecs: texts,
    }),
  ),
  images: listOf(closed(["name"], { name, sizeKiB: size, minDiskGiB: size, properties: texts })),
  volumeTypes: listOf(closed(["name"], { name, backend: name, onlyFor: names, default: { type: "boolean" } })),
  networks: listOf(
    closed(["name", "cidr"], {
      name,
      cidr: name,
      project: name,
      external: { type: "boolean" },
      shared: { type: "boolean" },
      physicalNetwork: name,
    }),
  ),
  segments: closed([], { vlan: range, vxlan: range }),
});

/** Reads a fleet file, YAML or JSON. Throws with the path of what is wrong in it. */
export function readFleet(file: string, password = "secret"): Fleet {
  let content: unknown;
  try {
    content = parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`The fleet file ${file} cannot be read: ${(error as Error).message}`);
  }
  const validate = new Ajv({ allErrors: true }).compile(SCHEMA);
  if (!validate(content ?? {})) {
    const wrong = validate.errors!.map(
      ({ instancePath, message, params }) =>
        `  ${instancePath.slice(1).replaceAll("/", ".") || "the file"} ${message}${params["additionalProperty"] ? ` (${params["additionalProperty"]})` : ""}`,
    );
    throw new Error(`The fleet file ${file} is wrong:\n${wrong.join("\n")}`);
  }
  return fleet((content ?? {}) as FleetFile, password);
}

/** The fleet of a newcomer: machines of Nova's in two classes, machines that project demo owns. */
export const NEWCOMER: FleetFile = {
  nodes: [
    { name: "bm-{n}", count: 4, class: "baremetal" },
    { name: "gpu-{n}", count: 2, class: "baremetal-gpu", cpus: 32, memoryGiB: 256, traits: ["CUSTOM_GPU"] },
    { name: "metal-{n}", count: 3, class: "metal", owner: "demo" },
  ],
};

/** Fills in what a fleet file leaves out. */
export function fleet(file: FleetFile, password = "secret"): Fleet {
  const users = file.users ?? [
    { name: "demo", roles: { demo: ["member", "manager", "load-balancer_member"] } },
    { name: "demo-reader", roles: { demo: ["reader"] } },
  ];
  const projects = new Set(["admin", "service", ...(file.projects ?? [])]);
  for (const user of users) for (const project of Object.keys(user.roles)) projects.add(project);
  const nodes = (file.nodes ?? NEWCOMER.nodes!).flatMap((node, group) => expand(node, group));
  for (const node of nodes) for (const owner of [node.owner, node.lessee]) if (owner) projects.add(owner);
  const tenants = [...new Set(nodes.map((node) => node.owner ?? node.lessee).filter((one) => one !== undefined))];
  const vlans = file.segments?.vlan ?? [100, 4000];
  return {
    region: file.region ?? "RegionOne",
    projects: [...projects].map((one) => ({ name: one })),
    users: [
      { name: "admin", password, roles: { admin: ["admin"] }, system: ["admin"] },
      ...users
        .filter((user) => user.name !== "admin")
        .map((user) => ({ ...user, password: user.password ?? password })),
    ],
    nodes,
    flavors: file.flavors?.map((flavor) => ({
      name: flavor.name,
      cpus: flavor.cpus,
      memoryMiB: flavor.memoryGiB * 1024,
      diskGiB: flavor.diskGiB,
      extraSpecs: flavor.extraSpecs ?? {},
    })) ?? [...classFlavors(nodes), ...VIRTUAL],
    images: (file.images ?? [{ name: "debian-12" }, { name: "debian-13" }]).map((image) => ({
      name: image.name,
      fill: `${image.name} raw disk`.padEnd(16).slice(0, 16),
      sizeKiB: image.sizeKiB ?? 1024,
      minDiskGiB: image.minDiskGiB ?? 1,
      properties: image.properties ?? { os_distro: "debian" },
    })),
    volumeTypes: (file.volumeTypes ?? [{ name: "ssd", default: true }, { name: "hdd" }]).map((type) => ({
      backend: type.name,
      ...type,
    })),
    networks: [
      provisioning("", "provision-net", "198.18.0.0/15", undefined),
      ...tenants.map((tenant, index) =>
        provisioning(tenant, `${tenant}-provision-net`, `100.${64 + (index % 64)}.0.0/16`, vlans[0] - 1 - index),
      ),
      ...(file.networks ?? [{ name: "public", cidr: "203.0.113.0/24", external: true, physicalNetwork: "public" }]).map(
        (one) => ({
          ...one,
          kind: "flat" as const,
          physicalNetwork: one.physicalNetwork ?? one.name,
          dhcp: !one.external,
        }),
      ),
    ],
    segments: { vlan: vlans, vxlan: file.segments?.vxlan ?? [1, 65_535] },
    virtualHosts: [{ name: "virtual-0", cpus: 64, memoryGiB: 256, diskGiB: 4096 }],
  };
}

/**
 * Ironic makes ports on these in the name of whoever asks, so each tenant with nodes has its own. Wide enough for thousands of
 * machines at once; of the address blocks that no network really has (RFC 2544, RFC 6598).
 */
function provisioning(project: string, networkName: string, cidr: string, segment: number | undefined) {
  return {
    name: networkName,
    ...(project ? { project } : {}),
    kind: segment === undefined ? ("flat" as const) : ("vlan" as const),
    physicalNetwork: "physnet1",
    ...(segment === undefined ? {} : { segment }),
    cidr,
    dhcp: true,
    provisions: project,
  };
}

const VIRTUAL: FleetFlavor[] = [
  { name: "vm.tiny", cpus: 1, memoryMiB: 128, diskGiB: 1, extraSpecs: {} },
  { name: "vm.small", cpus: 1, memoryMiB: 256, diskGiB: 1, extraSpecs: {} },
];

/** A flavor takes a whole node of its class and nothing that can be counted. */
function classFlavors(nodes: readonly FleetNode[]): FleetFlavor[] {
  const first = new Map<string, FleetNode>();
  for (const node of nodes) if (!node.owner && !node.lessee && !first.has(node.class)) first.set(node.class, node);
  return [...first.values()].map((node) => ({
    name: node.class,
    cpus: node.cpus,
    memoryMiB: node.memoryGiB * 1024,
    diskGiB: node.disks[0]?.sizeGiB ?? 0,
    extraSpecs: {
      "resources:VCPU": "0",
      "resources:MEMORY_MB": "0",
      "resources:DISK_GB": "0",
      [`resources:CUSTOM_${node.class.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`]: "1",
    },
  }));
}

function expand(node: FileNode, group: number): FleetNode[] {
  const count = node.count ?? 1;
  return Array.from({ length: count }, (_, n) => {
    const numbered = node.name.includes("{n}");
    const nodeName = numbered ? node.name.replaceAll("{n}", String(n)) : count > 1 ? `${node.name}-${n}` : node.name;
    const rack = node.rack ?? `r${n % 2}`;
    const hex = (value: number) => (value % 256).toString(16).padStart(2, "0");
    const mac = (nic: number) => `52:54:${hex(group)}:${hex(n >> 8)}:${hex(n)}:${hex(nic)}`;
    const nics = node.nics ?? [
      { switch: `leaf-${rack}`, port: `Eth${group + 1}/${2 * n}` },
      { switch: `leaf-${rack}`, port: `Eth${group + 1}/${2 * n + 1}` },
    ];
    return {
      name: nodeName,
      class: node.class,
      cpus: node.cpus ?? 16,
      memoryGiB: node.memoryGiB ?? 64,
      disks: node.disks ?? [{ type: "ssd", sizeGiB: 480 }],
      architecture: node.architecture ?? "x86_64",
      traits: [
        `CUSTOM_RACK_${rack.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`,
        "HW_CPU_X86_AVX2",
        ...(node.traits ?? []),
      ],
      ...(node.owner ? { owner: node.owner } : {}),
      ...(node.lessee ? { lessee: node.lessee } : {}),
      rack,
      powerDomain: node.powerDomain ?? rack,
      capabilities: "boot_mode:uefi,iscsi_boot:True",
      vendor: "sandbox",
      nics: nics.map((nic, index) => ({
        address: nic.address ?? mac(index),
        switchId: `00:11:22:33:44:${hex([...nic.switch].reduce((sum, letter) => sum + letter.charCodeAt(0), 0))}`,
        switchInfo: nic.switch,
        port: nic.port,
        physicalNetwork: nic.physicalNetwork ?? "physnet1",
        pxe: index === 0,
      })),
      connectors: { iqn: `iqn.2026-01.sandbox:${nodeName}`, ip: `192.0.2.${100 + (n % 100)}` },
    };
  });
}
