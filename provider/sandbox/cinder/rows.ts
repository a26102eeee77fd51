import type { Json } from "../kernel/call.ts";

/** What most of cinder's things have. Times are real milliseconds. */
export interface Thing {
  id: string;
  projectId: string;
  userId: string;
  name: string | null;
  description: string | null;
  created: number;
  updated: number | null;
  status: string;
}

/** Metadata of a thing, or of an image. */
export type Texts = Record<string, string>;

/** A volume. */
export interface VolumeRow extends Thing {
  /** GiB. */
  size: number;
  typeId: string;
  zone: string;
  snapshotId: string | null;
  sourceId: string | null;
  imageId: string | null;
  backupId: string | null;
  metadata: Texts;
  /** Set by cinder itself: `readonly`, `attached_mode`. */
  adminMetadata: Texts;
  imageMetadata: Texts;
  bootable: boolean;
  multiattach: boolean;
  /** `detached`, `attached`, `attaching`, `reserved`. */
  attachStatus: string;
  migrationStatus: string | null;
  previousStatus: string | null;
  /** `sandbox@backend#pool`; null until it is scheduled, and where no back end took it. */
  host: string | null;
  /** The service that made it; null until then. */
  serviceId: string | null;
  /** The volume process has begun with it: killed now, it does not go on. */
  taken: boolean;
  /** GiB that an unfinished extension will add. */
  growing: number;
  /** Request that made it, for messages. */
  requestId: string;
}

/** A snapshot. */
export interface SnapshotRow extends Thing {
  volumeId: string;
  size: number;
  typeId: string;
  metadata: Texts;
  progress: string;
  /** The volume process has begun with it. */
  taken: boolean;
  /** Made by cinder itself, for a revert: counts for no quota. */
  temporary: boolean;
  requestId: string;
}

/** An attachment of a volume. */
export interface AttachmentRow {
  id: string;
  volumeId: string;
  projectId: string;
  /** `reserved`, `attaching`, `attached`. */
  status: string;
  instance: string | null;
  host: string | null;
  mountpoint: string | null;
  mode: string | null;
  connector: Json | null;
  connectionInfo: Json | null;
  created: number;
  attached: number | null;
}

/** A backup. */
export interface BackupRow extends Thing {
  volumeId: string;
  size: number;
  objectCount: number;
  zone: string | null;
  container: string | null;
  failReason: string | null;
  parentId: string | null;
  snapshotId: string | null;
  dataTimestamp: number;
  metadata: Texts;
  /** What the volume was when it was backed up; a restore gives it back. */
  saved: { name: string | null; description: string | null; metadata: Texts; imageMetadata: Texts };
  /** Volume that it is being restored to. */
  restoreVolumeId: string | null;
  taken: boolean;
  requestId: string;
}

/** A volume type. */
export interface TypeRow {
  id: string;
  name: string;
  description: string | null;
  public: boolean;
  specs: Record<string, string | null>;
  qosId: string | null;
  created: number;
  updated: number | null;
}

/** A project that may use a private type; `id` is `TYPE/PROJECT`. */
export interface AccessRow {
  id: string;
  typeId: string;
  projectId: string;
}

/** A project's own default type; `id` is the project's. */
export interface DefaultTypeRow {
  id: string;
  typeId: string;
}

/** Quality of service. */
export interface QosRow {
  id: string;
  name: string;
  consumer: string;
  specs: Texts;
  created: number;
}

/** A project's quotas that differ from the defaults; `id` is the project's. */
export interface QuotaRow {
  id: string;
  limits: Record<string, number>;
}

/** What cinder tells a user about a failure. */
export interface MessageRow {
  id: string;
  projectId: string;
  requestId: string;
  resourceType: string;
  resourceId: string | null;
  actionId: string;
  detailId: string;
  eventId: string;
  level: string;
  created: number;
}

/** A volume offered to another project. */
export interface TransferRow {
  id: string;
  projectId: string;
  volumeId: string;
  name: string | null;
  authKey: string;
  noSnapshots: boolean;
  created: number;
}

/** A process of cinder, as `/os-services` shows it. */
export interface ServiceRow {
  id: string;
  binary: string;
  host: string;
  disabled: boolean;
  disabledReason: string | null;
}

/** Settings that the fleet gave; one row, `id` is `settings`. */
export interface SettingsRow {
  id: string;
  defaultType: string;
}
