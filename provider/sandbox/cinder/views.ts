import type { Call, Json } from "../kernel/call.ts";
import { type Cinder, isAdmin, time } from "./core.ts";
import { links } from "./links.ts";
import type { AttachmentRow, BackupRow, SnapshotRow, VolumeRow } from "./rows.ts";
import { since } from "./versions.ts";

/** A volume in a list without details. */
export const volumeSummary = (cinder: Cinder, call: Call, row: VolumeRow): Json => ({
  id: row.id,
  name: row.name,
  links: links(cinder, call, "volumes", row.id),
});

/** A volume in full; `extended` adds what a create and an update leave out. */
export function volumeView(cinder: Cinder, call: Call, row: VolumeRow, { extended = true } = {}): Json {
  const admin = isAdmin(call.caller);
  const type = cinder.types.get(row.typeId);
  const visible = pick(row.adminMetadata, ["readonly", "attached_mode"]);
  return {
    id: row.id,
    status: row.status,
    size: row.size,
    availability_zone: row.zone,
    created_at: time(row.created),
    updated_at: time(row.updated),
    name: row.name,
    description: row.description,
    volume_type: type?.name ?? null,
    snapshot_id: row.snapshotId,
    source_volid: row.sourceId,
    metadata: { ...row.metadata, ...visible },
    links: links(cinder, call, "volumes", row.id),
    user_id: row.userId,
    bootable: String(row.bootable),
    encrypted: false,
    replication_status: null,
    consistencygroup_id: null,
    multiattach: row.multiattach,
    attachments: cinder.attachments
      .by("volume", row.id)
      .filter(({ status }) => status === "attached")
      .map((one) => ({
        id: row.id,
        attachment_id: one.id,
        volume_id: row.id,
        server_id: one.instance,
        host_name: admin || call.caller.roles.has("service") ? one.host : null,
        device: one.mountpoint,
        attached_at: time(one.attached),
      })),
    ...(admin ? { migration_status: row.migrationStatus } : {}),
    ...(since(call, 13) ? { group_id: null } : {}),
    ...(admin && since(call, 21) ? { provider_id: null } : {}),
    ...(since(call, 48) ? { shared_targets: true, service_uuid: row.serviceId } : {}),
    ...(admin && since(call, 61) ? { cluster_name: null } : {}),
    ...(since(call, 63) ? { volume_type_id: row.typeId } : {}),
    ...(since(call, 65) ? { consumes_quota: true } : {}),
    ...(extended ? { "os-vol-tenant-attr:tenant_id": row.projectId } : {}),
    ...(extended && admin
      ? {
          "os-vol-mig-status-attr:migstat": row.migrationStatus,
          "os-vol-mig-status-attr:name_id": null,
          "os-vol-host-attr:host": row.host,
        }
      : {}),
    // an image's properties come with its bytes
    ...(extended && row.serviceId !== null && Object.keys(row.imageMetadata).length > 0
      ? { volume_image_metadata: row.imageMetadata }
      : {}),
  };
}

const pick = (texts: Record<string, string>, keys: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).filter(([key]) => keys.includes(key)));

/** A snapshot in a list without details. */
export const snapshotSummary = (row: SnapshotRow): Json => ({
  id: row.id,
  created_at: time(row.created),
  updated_at: time(row.updated),
  name: row.name,
  description: row.description,
  volume_id: row.volumeId,
  status: row.status,
  size: row.size,
  metadata: row.metadata,
});

/** A snapshot in full; `extended` adds what a create and an update leave out. */
export const snapshotView = (call: Call, row: SnapshotRow, extended = true): Json => ({
  ...snapshotSummary(row),
  ...(since(call, 14) ? { group_snapshot_id: null } : {}),
  ...(since(call, 41) ? { user_id: row.userId } : {}),
  ...(since(call, 65) ? { consumes_quota: !row.temporary } : {}),
  ...(extended
    ? {
        "os-extended-snapshot-attributes:project_id": row.projectId,
        "os-extended-snapshot-attributes:progress": row.progress,
      }
    : {}),
});

/** An attachment in a list without details. */
export const attachmentSummary = (row: AttachmentRow): Json => ({
  id: row.id,
  status: row.status,
  instance: row.instance,
  volume_id: row.volumeId,
});

/** An attachment in full. */
export const attachmentView = (row: AttachmentRow): Json => ({
  ...attachmentSummary(row),
  attached_at: time(row.attached) ?? "",
  detached_at: "",
  attach_mode: row.mode,
  connection_info: row.connectionInfo,
});

/** A backup in a list without details. */
export const backupSummary = (cinder: Cinder, call: Call, row: BackupRow): Json => ({
  id: row.id,
  name: row.name,
  links: links(cinder, call, "backups", row.id),
});

/** A backup in full. */
export function backupView(cinder: Cinder, call: Call, row: BackupRow): Json {
  const admin = isAdmin(call.caller);
  return {
    id: row.id,
    status: row.status,
    size: row.size,
    object_count: row.objectCount,
    availability_zone: row.zone,
    container: row.container,
    created_at: time(row.created),
    updated_at: time(row.updated),
    name: row.name,
    description: row.description,
    fail_reason: row.failReason,
    volume_id: row.volumeId,
    links: links(cinder, call, "backups", row.id),
    is_incremental: row.parentId !== null,
    has_dependent_backups: cinder.backups.by("parent", row.id).length > 0,
    snapshot_id: row.snapshotId,
    data_timestamp: time(row.dataTimestamp),
    ...(since(call, 43) ? { metadata: row.metadata } : {}),
    ...(admin && since(call, 18) ? { "os-backup-project-attr:project_id": row.projectId } : {}),
    ...(admin && since(call, 56) ? { user_id: row.userId } : {}),
  };
}
