import { type Failure, type Mark, readMark, type Seen } from "../../core/index.ts";
import type { NovaServer, ServerFault, ServerFlavor } from "../../openstack/nova/servers.ts";
import type { MachinePort } from "../ports.ts";
import type { MachineInputs, MachineOutputs } from "../spec.ts";
import type { FlavorOffer } from "./offers.ts";

/** Server metadata of ours begins so, and never shows among the user's. */
const RESERVED = "pulumi_baremetal";
/** Holds the {@link installRecord} of what is installed, with {@link PENDING} behind it until that is finished. */
export const INSTALL_KEY = `${RESERVED}_install`;
export const PENDING = ":pending";
/** Why we lock a server: by this a lock of ours is told from somebody else's. */
export const LOCK_REASON = "pulumi-baremetal: deletionProtection";

/** The tag by which Nova finds a resource's servers. */
export const serverTag = (tag: string): string => `pulumi-baremetal-${tag}`;

/** What is known of a server, in this provider's words. */
export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  /** Nova's task under way. */
  readonly task?: string;
  /** As Nova records it; {@link powerNow} knows better where the node is visible. */
  readonly power: "on" | "off" | "unknown";
  readonly locked: boolean;
  /** Whether the lock is our deletion protection. */
  readonly lockIsOurs: boolean;
  /** The user's own metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** The record of what was handed to the installed system, where we have written one. */
  readonly install?: string;
  /** Whether a reinstall was begun and not seen to its end. */
  readonly installPending: boolean;
  /** Undefined for a machine that boots from a volume. */
  readonly imageId?: string;
  readonly volumes: readonly string[];
  readonly flavor?: ServerFlavor;
  readonly fault?: ServerFault;
  readonly mark?: Mark;
}

/** Ironic's node of a server, as far as this credential may see it. */
export interface MachineNode {
  readonly id: string;
  readonly name?: string;
  /** The server on it. */
  readonly instance?: string;
  readonly state: string;
  /** As Ironic last recorded it. */
  readonly power?: "on" | "off";
  /** The reason of a maintenance, while there is one. */
  readonly maintenance?: string;
  readonly fault?: string;
  readonly lastError?: string;
  readonly resourceClass?: string;
  readonly traits: readonly string[];
}

/** A volume that a new server shall have. */
export interface WantedVolume {
  readonly id: string;
  /** Where the program names it. */
  readonly path: string;
  /** Undefined: there is none that this credential can see. */
  readonly status?: string;
  readonly bootable: boolean;
  readonly multiattach: boolean;
}

/** Everything that the nova route sees of a machine. */
export interface NovaSeen extends Seen {
  readonly tag: string;
  /** The server's last known id, also when it is gone. */
  readonly was?: string;
  readonly server?: Machine;
  /** Undefined: not looked at, the server is changing. */
  readonly ports?: readonly MachinePort[];
  /** Ports of the server that neither our mark nor the program's list names. Looked at only where it matters. */
  readonly strays: readonly { readonly id: string; readonly network: string }[];
  /** Places in `networks` whose port is not on the machine. */
  readonly missing: readonly number[];
  readonly node?: MachineNode;
  /** Names of the nodes on which this operation has seen the server: Nova tries several, and names none when it gives up. */
  readonly tried?: readonly string[];
  /** What there is to choose from; only while there is no server. */
  readonly offers: readonly FlavorOffer[];
  /** What the program's image resolves to; undefined where nothing has changed or it names none. */
  readonly image?: string | Failure;
  /** The image that state last knew. */
  readonly lastImage?: string;
  /** The volumes of a new server; only while there is none. */
  readonly volumes: readonly WantedVolume[];
}

/** What state last knew: outputs hold the inputs too. */
export type Last = Partial<MachineOutputs> & Partial<MachineInputs>;

/** The program's own ports that it named before and names no more. */
export const droppedPorts = (inputs: MachineInputs, last: Last | undefined): string[] =>
  (last?.networks ?? []).flatMap((entry) =>
    entry.port !== undefined && !inputs.networks.some((now) => now.port === entry.port) ? [entry.port] : [],
  );

/** Reads a server into our words. */
export function toMachine(server: NovaServer): Machine {
  const metadata = server.metadata ?? {};
  const record = metadata[INSTALL_KEY];
  const image = server.image;
  return {
    id: server.id,
    name: server.name ?? "",
    status: server.status,
    ...(server["OS-EXT-STS:task_state"] ? { task: server["OS-EXT-STS:task_state"] } : {}),
    power: powerOf(server),
    locked: server.locked === true,
    lockIsOurs: server.locked === true && server.locked_reason === LOCK_REASON,
    metadata: Object.fromEntries(Object.entries(metadata).filter(([key]) => !key.startsWith(RESERVED))),
    ...(record ? { install: record.endsWith(PENDING) ? record.slice(0, -PENDING.length) : record } : {}),
    installPending: record?.endsWith(PENDING) === true,
    ...(image ? { imageId: image.id } : {}),
    volumes: (server["os-extended-volumes:volumes_attached"] ?? []).map((volume) => volume.id),
    ...(server.flavor ? { flavor: server.flavor } : {}),
    ...(server.fault ? { fault: server.fault } : {}),
    ...markOf(server),
  };
}

const markOf = (server: NovaServer) => {
  const mark = readMark(server.description);
  return mark ? { mark } : {};
};

/**
 * Nova's own record. One that is ACTIVE and has its power recorded as off is on its way to something else: bare metal
 * shows so for some seconds after each deploy, and until Nova notices when it went off behind its back. One that is SHUTOFF
 * with its power recorded as on runs: Nova asked for the power to go, and the BMC did not do it.
 */
function powerOf(server: NovaServer): Machine["power"] {
  const state = server["OS-EXT-STS:power_state"];
  if (state === 1 || state === 3) return "on";
  if (server.status === "SHUTOFF") return "off";
  return server.status !== "ACTIVE" && (state === 4 || state === 6 || state === 7) ? "off" : "unknown";
}

/** The machine's power: what Ironic says while Nova means it to run, else Nova's word. */
export function powerNow({ server, node }: NovaSeen): Machine["power"] {
  if (!server) return "unknown";
  return server.status === "ACTIVE" && node?.power !== undefined ? node.power : server.power;
}
