import type { Json } from "../kernel/call.ts";
import type { Row, Store, Table } from "../kernel/store.ts";

/** Times are milliseconds since 1970. */
export interface ServerRow extends Row {
  number: number;
  project: string;
  projectName: string;
  user: string;
  userName: string;
  name: string;
  hostname: string;
  description: string | null;
  /** The flavor as it was when the server was made or resized. */
  flavor: FlavorRow;
  /** The flavor before a resize that is not confirmed yet. */
  oldFlavor: FlavorRow | null;
  /** "" for a server that boots from a volume. */
  image: string;
  imageProperties: Record<string, string>;
  created: number;
  updated: number;
  launched: number | null;
  terminated: number | null;
  deleted: number | null;
  vmState: VmState;
  taskState: string | null;
  powerState: number;
  progress: number;
  /** The nova-compute that has it, and the node there. */
  host: string | null;
  node: string | null;
  launchedOn: string | null;
  zone: string | null;
  metadata: Record<string, string>;
  tags: string[];
  lockedBy: "owner" | "admin" | null;
  lockedReason: string | null;
  keyName: string | null;
  keyData: string | null;
  userData: string | null;
  configDrive: boolean;
  diskConfig: "AUTO" | "MANUAL";
  accessIPv4: string;
  accessIPv6: string;
  adminPass: string;
  reservation: string;
  launchIndex: number;
  rootDevice: string | null;
  hints: Json;
  group: string | null;
  securityGroups: string[];
  requested: RequestedNetwork[] | "auto" | "none";
  requestedHost: { host?: string; node?: string };
  vifs: Vif[];
  volumes: ServerVolume[];
  fault: Fault | null;
}

/** States of a server as nova keeps them. */
export type VmState =
  | "building"
  | "active"
  | "stopped"
  | "paused"
  | "suspended"
  | "error"
  | "deleted"
  | "resized"
  | "rescued";

/** What nova knows of power: 0 none, 1 running, 3 paused, 4 shut down. */
export const POWER = { none: 0, running: 1, paused: 3, off: 4 } as const;

/** A network of POST /servers. */
export interface RequestedNetwork {
  network?: string;
  port?: string;
  fixedIp?: string;
  tag?: string;
}

/** A port of a server as nova remembers it. */
export interface Vif {
  port: string;
  mac: string;
  network: string;
  networkName: string;
  addresses: { address: string; type: "fixed" | "floating"; subnet: string }[];
  state: string;
  /** Nova made it and deletes it with the server. */
  ours: boolean;
  tag: string | null;
  groups: string[];
}

/** A volume of a server. */
export interface ServerVolume {
  id: string;
  volume: string | null;
  attachment: string | null;
  device: string | null;
  bootIndex: number | null;
  deleteOnTermination: boolean;
  tag: string | null;
  /** What it is made from, until it is. */
  source: "volume" | "image" | "snapshot" | "blank";
  from: string | null;
  size: number | null;
  type: string | null;
}

/** Why a server is in ERROR. */
export interface Fault {
  code: number;
  message: string;
  details: string;
  created: number;
}

/** A flavor. */
export interface FlavorRow extends Row {
  number: number;
  name: string;
  ram: number;
  vcpus: number;
  disk: number;
  ephemeral: number;
  swap: number;
  rxtx: number;
  isPublic: boolean;
  description: string | null;
  extraSpecs: Record<string, string>;
  access: string[];
}

/** Something that was asked of a server. */
export interface ActionRow extends Row {
  server: string;
  action: string;
  request: string;
  project: string;
  user: string;
  started: number;
  updated: number;
  message: string | null;
  events: ActionEvent[];
}

/** A step of an action. */
export interface ActionEvent {
  name: string;
  started: number;
  finished: number | null;
  result: "Success" | "Error" | null;
  traceback: string | null;
  host: string;
  details: string | null;
}

/** A key pair; its id is `user/name`. */
export interface KeypairRow extends Row {
  number: number;
  user: string;
  name: string;
  type: "ssh" | "x509";
  publicKey: string;
  fingerprint: string;
  created: number;
}

/** A server group. */
export interface GroupRow extends Row {
  project: string;
  user: string;
  name: string;
  policy: string;
  rules: Record<string, number>;
}

/** Quotas of a project that are not the cloud's own. */
export interface QuotaRow extends Row {
  limits: Record<string, number>;
}

/** A machine that servers are placed on: a node of Ironic, or a host of virtual machines. */
export interface HostRow extends Row {
  /** The nova-compute in front of it. */
  service: string;
  name: string;
  kind: "metal" | "virtual";
  resourceClass: string | null;
  traits: string[];
  /** Not to be had: in use, in maintenance, being cleaned. As nova last saw it. */
  reserved: boolean;
  cpus: number;
  memoryMiB: number;
  diskGiB: number;
  number: number;
}

/** A process of nova. */
export interface ServiceRow extends Row {
  number: number;
  binary: "nova-scheduler" | "nova-conductor" | "nova-compute";
  host: string;
  /** The knobs' name of the process. */
  daemon: string;
  disabled: boolean;
  reason: string | null;
  forcedDown: boolean;
  seen: number;
}

/** A host aggregate. */
export interface AggregateRow extends Row {
  uuid: string;
  name: string;
  created: number;
  updated: number | null;
  hosts: string[];
  metadata: Record<string, string>;
}

/** Nova's tables. */
export interface Tables {
  readonly servers: Table<ServerRow>;
  readonly flavors: Table<FlavorRow>;
  readonly actions: Table<ActionRow>;
  readonly keypairs: Table<KeypairRow>;
  readonly groups: Table<GroupRow>;
  readonly quotas: Table<QuotaRow>;
  readonly hosts: Table<HostRow>;
  readonly services: Table<ServiceRow>;
  readonly aggregates: Table<AggregateRow>;
}

/** Nova's tables in the store. */
export function tables(store: Store): Tables {
  return {
    servers: store
      .table<ServerRow>("nova.servers")
      .index("project", (row) => row.project)
      .index("node", (row) => (row.deleted === null ? row.node : null)),
    flavors: store.table<FlavorRow>("nova.flavors"),
    actions: store.table<ActionRow>("nova.actions").index("server", (row) => row.server),
    keypairs: store.table<KeypairRow>("nova.keypairs").index("user", (row) => row.user),
    groups: store.table<GroupRow>("nova.groups").index("project", (row) => row.project),
    quotas: store.table<QuotaRow>("nova.quotas"),
    hosts: store.table<HostRow>("nova.hosts"),
    services: store.table<ServiceRow>("nova.services"),
    aggregates: store.table<AggregateRow>("nova.aggregates"),
  };
}
