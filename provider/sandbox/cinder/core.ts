import type { Call, Caller } from "../kernel/call.ts";
import type { Table } from "../kernel/store.ts";
import type { World } from "../world.ts";
import { forbidden, gone } from "./errors.ts";
import type {
  AccessRow,
  AttachmentRow,
  BackupRow,
  DefaultTypeRow,
  MessageRow,
  QosRow,
  QuotaRow,
  ServiceRow,
  SettingsRow,
  SnapshotRow,
  TransferRow,
  TypeRow,
  VolumeRow,
} from "./rows.ts";

/** Name of cinder's host, before `@` and the back end. */
export const HOST = "oscloud";

/** The one availability zone. */
export const ZONE = "nova";

/** Cinder's tables, and what all its parts ask for. */
export class Cinder {
  readonly world: World;
  readonly volumes: Table<VolumeRow>;
  readonly snapshots: Table<SnapshotRow>;
  readonly attachments: Table<AttachmentRow>;
  readonly backups: Table<BackupRow>;
  readonly types: Table<TypeRow>;
  readonly access: Table<AccessRow>;
  readonly defaultTypes: Table<DefaultTypeRow>;
  readonly qos: Table<QosRow>;
  readonly quotas: Table<QuotaRow>;
  readonly messages: Table<MessageRow>;
  readonly transfers: Table<TransferRow>;
  readonly services: Table<ServiceRow>;
  readonly settings: Table<SettingsRow>;

  constructor(world: World) {
    this.world = world;
    const { store } = world;
    this.volumes = store.table<VolumeRow>("cinder.volumes").index("project", (row) => row.projectId);
    this.snapshots = store
      .table<SnapshotRow>("cinder.snapshots")
      .index("project", (row) => row.projectId)
      .index("volume", (row) => row.volumeId);
    this.attachments = store
      .table<AttachmentRow>("cinder.attachments")
      .index("project", (row) => row.projectId)
      .index("volume", (row) => row.volumeId)
      .index("instance", (row) => row.instance);
    this.backups = store
      .table<BackupRow>("cinder.backups")
      .index("project", (row) => row.projectId)
      .index("volume", (row) => row.volumeId)
      .index("parent", (row) => row.parentId);
    this.types = store.table<TypeRow>("cinder.types").index("name", (row) => row.name);
    this.access = store.table<AccessRow>("cinder.access").index("type", (row) => row.typeId);
    this.defaultTypes = store.table<DefaultTypeRow>("cinder.default_types");
    this.qos = store.table<QosRow>("cinder.qos");
    this.quotas = store.table<QuotaRow>("cinder.quotas");
    this.messages = store.table<MessageRow>("cinder.messages").index("project", (row) => row.projectId);
    this.transfers = store.table<TransferRow>("cinder.transfers").index("project", (row) => row.projectId);
    this.services = store.table<ServiceRow>("cinder.services");
    this.settings = store.table<SettingsRow>("cinder.settings");
  }

  now(): number {
    return this.world.clock.now();
  }

  newId(): string {
    return this.world.random.uuid();
  }

  /** Writes down a changed row of a table, with the time of the change. */
  touch<T extends { id: string; updated: number | null }>(table: Table<T>, row: T): void {
    row.updated = this.now();
    table.put(row);
  }

  /** A volume that the caller sees. Throws 404. */
  volume(caller: Caller, id: string | null | undefined): VolumeRow {
    const row = this.volumes.get(id ?? "");
    if (!row || !sees(caller, row.projectId)) throw gone("Volume", id);
    return row;
  }

  /** A snapshot that the caller sees. Throws 404. */
  snapshot(caller: Caller, id: string): SnapshotRow {
    const row = this.snapshots.get(id);
    if (!row || !sees(caller, row.projectId)) throw gone("Snapshot", id);
    return row;
  }

  /** A backup that the caller sees. Throws 404. */
  backup(caller: Caller, id: string): BackupRow {
    const row = this.backups.get(id);
    if (!row || !sees(caller, row.projectId)) throw gone("Backup", id);
    return row;
  }
}

/** Cinder's administrator: whoever has the role. */
export const isAdmin = (caller: Caller): boolean => caller.roles.has("admin");

/** Whether the caller may read what the project has. */
export const sees = (caller: Caller, projectId: string): boolean =>
  isAdmin(caller) || (caller.projectId === projectId && caller.roles.has("reader"));

/** Cinder's usual rules: an administrator, or somebody with this role in the project that the thing belongs to. */
export function authorize(
  call: Pick<Call, "caller">,
  policy: string,
  role: "reader" | "member" | "admin",
  projectId: string = call.caller.projectId,
): void {
  const { caller } = call;
  if (isAdmin(caller)) return;
  if (role === "admin" || caller.projectId !== projectId || !caller.roles.has(role)) throw forbidden(policy);
}

/** A time as cinder's database keeps it: whole seconds. */
export const time = (at: number | null): string | null =>
  at === null ? null : `${new Date(at).toISOString().slice(0, 19)}.000000`;
