/** The programs on which faults are tried: a machine by each route, a volume, a network. */
import type { Session, Tenant } from "../cloud/client.ts";

/** What a program reads; an update is a change of it. */
export interface Params {
  /** Inputs of the machine. */
  readonly machine?: Readonly<Record<string, unknown>>;
  /** Inputs of the volume; without them there is none. */
  readonly volume?: Readonly<Record<string, unknown>>;
  /** How many networks the machine has. 1. */
  readonly networks?: number;
  readonly timeouts?: Readonly<Record<string, string>>;
}

/** A program, and where it runs. */
export interface Stage {
  readonly name: string;
  readonly title: string;
  readonly tenant: Tenant;
  /** The resource that the faults are about, and its name in the program. */
  readonly resource: { readonly type: string; readonly name: string };
  readonly program: string;
  /** What the program reads at first. */
  readonly params: Params;
  /** The nodes on which its machine can stand. */
  readonly nodes: readonly string[];
  /** The class of the nodes, where Nova places on them. */
  readonly placed?: string;
  /** Ids of what its resource is in the cloud, as far as this tenant has any. */
  objects(tenant: Session): Promise<string[]>;
}

const MACHINE = `
const baremetal = require("pulumi-baremetal");
const { machine, volume, networks = 1, timeouts } = require("./params.json");
const nets = Array.from({ length: networks }, (_, index) =>
    new baremetal.IsolatedNetwork("net" + index, { cidr: "10.8" + index + ".0.0/24" }));
const volumes = volume ? [new baremetal.Volume("data", volume).id] : undefined;
const made = new baremetal.Server("machine",
    { image: "tiny", networks: nets.map((net) => ({ network: net.id })), ...(volumes && { volumes }), ...machine },
    timeouts ? { customTimeouts: timeouts } : {});
exports.id = made.id;
`;

const VOLUME = `
const baremetal = require("pulumi-baremetal");
const { volume, timeouts } = require("./params.json");
exports.id = new baremetal.Volume("data", volume, timeouts ? { customTimeouts: timeouts } : {}).id;
`;

const NETWORK = `
const baremetal = require("pulumi-baremetal");
const { networks = 1, timeouts } = require("./params.json");
for (let index = 0; index < networks; index++)
    new baremetal.IsolatedNetwork("net" + index, { cidr: "10.8" + index + ".0.0/24" },
        timeouts ? { customTimeouts: timeouts } : {});
`;

const ids = async (tenant: Session, ...[service, path, list]: Parameters<Session["list"]>) =>
  (await tenant.list(service, path, list)).map((item) => String(item["id"] ?? item["uuid"]));
const servers = (tenant: Session) => ids(tenant, "nova", "/servers", "servers");
const server = { type: "Server", name: "machine" };

export const STAGES = {
  /** One node fits, so that it is clear which one fails. Its owner sees Ironic's reasons. */
  ironic: {
    name: "ironic",
    title: "a machine by ironic",
    tenant: "alpha",
    resource: server,
    program: MACHINE,
    params: { machine: { route: "ironic", hardware: { class: "metal", traits: ["CUSTOM_NVME"] }, power: "on" } },
    nodes: ["alpha-2"],
    objects: (tenant) => ids(tenant, "ironic", "/allocations", "allocations"),
  },
  /** Two nodes fit. Nova's user sees no node. */
  nova: {
    name: "nova",
    title: "a machine by nova",
    tenant: "beta",
    resource: server,
    program: MACHINE,
    params: { machine: { route: "nova", hardware: { class: "baremetal-gpu" }, power: "on" } },
    nodes: ["bm-4", "bm-5"],
    placed: "baremetal-gpu",
    objects: servers,
  },
  volume: {
    name: "volume",
    title: "a volume",
    tenant: "beta",
    resource: { type: "Volume", name: "data" },
    program: VOLUME,
    params: { volume: { sizeGiB: 1 } },
    nodes: [],
    objects: (tenant) => ids(tenant, "cinder", "/volumes", "volumes"),
  },
  network: {
    name: "network",
    title: "a network",
    tenant: "beta",
    resource: { type: "IsolatedNetwork", name: "net0" },
    program: NETWORK,
    params: {},
    nodes: [],
    objects: async (tenant) =>
      (await tenant.list("neutron", `/networks?project_id=${tenant.projectId}`, "networks"))
        .filter(({ name }) => !String(name).endsWith("-provision-net"))
        .map(({ id }) => String(id)),
  },
} as const satisfies Record<string, Stage>;

/** Name of a stage. */
export type StageName = keyof typeof STAGES;
