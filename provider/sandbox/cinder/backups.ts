import type { Answer, Call } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { bool, object, text } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { type Action, act, api, bodyOf } from "./api.ts";
import { BACKUP_ACTIONS, createBackupBody, IMPORT_BACKUP, RESTORE_BACKUP, updateBackupBody } from "./bodies.ts";
import { authorize, isAdmin } from "./core.ts";
import { bad, invalidVolume } from "./errors.ts";
import { FILTERS } from "./filters.ts";
import { filters, flag, type Listing, matching, page, stamp } from "./listing.ts";
import type { Parts } from "./parts.ts";
import type { BackupRow, SnapshotRow, Texts, VolumeRow } from "./rows.ts";
import { defaultType } from "./types-lookup.ts";
import { backupSummary, backupView } from "./views.ts";
import { newVolume, trimmed } from "./volume-create.ts";

const LISTING: Listing<BackupRow> = {
  kind: "Backup",
  filters: FILTERS.backup,
  names: [
    ..."id created_at updated_at display_name display_description status size volume_id project_id user_id".split(" "),
    ..."parent_id snapshot_id container availability_zone object_count".split(" "),
  ],
  columns: (row) => ({
    id: row.id,
    created_at: stamp(row.created),
    updated_at: stamp(row.updated),
    display_name: row.name,
    display_description: row.description,
    status: row.status,
    size: row.size,
    volume_id: row.volumeId,
    project_id: row.projectId,
    user_id: row.userId,
    parent_id: row.parentId,
    snapshot_id: row.snapshotId,
    container: row.container,
    availability_zone: row.zone,
    object_count: row.objectCount,
  }),
  metadata: (row) => row.metadata,
  tenantFilters: ["name", "status", "volume_id"],
};

const invalidBackup = (reason: string) => bad(`Invalid backup: ${reason}`);

/** `/backups`: lists, one, made, changed, restored, deleted, actions. */
export function backupRoutes(parts: Parts): Route[] {
  const { cinder } = parts;
  const find = (call: Call): BackupRow => cinder.backup(call.caller, call.params["id"]!);
  const list = (detail: boolean) => (call: Call) => {
    const given = filters(call, LISTING);
    authorize(call, "backup:get_all", "reader");
    const all = isAdmin(call.caller) && flag(call, "all_tenants");
    const mine = all ? cinder.backups.values() : cinder.backups.by("project", call.caller.projectId);
    const path = detail ? "backups/detail" : "backups";
    const rows = matching(mine, given, LISTING);
    const { rows: shown, more } = page(cinder, call, rows, LISTING, { path, links: "backups_links", count: true });
    const view = detail ? backupView : backupSummary;
    return { status: 200, body: { backups: shown.map((row) => view(cinder, call, row)), ...more } };
  };
  const remove = (call: Call, row: BackupRow, force = false): Answer => {
    authorize(call, "backup:delete", "member", row.projectId);
    if (!force && row.status !== "available" && row.status !== "error")
      throw invalidBackup("Backup status must be available or error");
    if (cinder.backups.by("parent", row.id).length > 0)
      throw invalidBackup("Incremental backups exist for this backup.");
    checkService(parts);
    row.status = "deleting";
    row.taken = false;
    cinder.touch(cinder.backups, row);
    parts.backups.delete(row.id);
    return { status: 202 };
  };
  const actions: Record<string, Action> = {
    "os-reset_status": {
      run(call, body) {
        const row = find(call);
        authorize(call, "volume_extension:backup_admin_actions:reset_status", "admin");
        row.status = String(body["status"]).toLowerCase();
        row.taken = false;
        cinder.touch(cinder.backups, row);
        return { status: 202 };
      },
    },
    "os-force_delete": {
      run(call) {
        const row = find(call);
        authorize(call, "volume_extension:backup_admin_actions:force_delete", "admin");
        return remove(call, row, true);
      },
    },
  };
  return [
    ...api("GET", "/backups", list(false)),
    ...api("GET", "/backups/detail", list(true)),
    ...api("POST", "/backups", (call) => create(parts, call)),
    ...api("GET", "/backups/{id}", (call) => ({
      status: 200,
      body: { backup: backupView(cinder, call, find(call)) },
    })),
    ...api(
      "PUT",
      "/backups/{id}",
      (call) => {
        const body = bodyOf(call, updateBackupBody(call.version[1]), "backup");
        const row = find(call);
        authorize(call, "backup:update", "member", row.projectId);
        if ("name" in body) row.name = trimmed(body["name"]);
        if ("description" in body) row.description = trimmed(body["description"]);
        if ("metadata" in body) row.metadata = { ...object(body["metadata"]) } as Texts;
        cinder.touch(cinder.backups, row);
        return { status: 200, body: { backup: backupSummary(cinder, call, row) } };
      },
      9,
    ),
    ...api("DELETE", "/backups/{id}", (call) => remove(call, find(call))),
    ...api("POST", "/backups/{id}/restore", (call) => restore(parts, call)),
    ...api("POST", "/backups/{id}/action", (call) => act(call, actions, BACKUP_ACTIONS)),
    ...api("GET", "/backups/{id}/export_record", (call) => {
      const row = find(call);
      authorize(call, "backup:export-import", "admin");
      throw invalidBackup(`Backup status must be available and not ${row.status}.`);
    }),
    ...api("POST", "/backups/import_record", (call) => {
      bodyOf(call, IMPORT_BACKUP, "backup-record");
      authorize(call, "backup:backup-import", "admin");
      throw bad("Invalid input received: Can't decode backup record.");
    }),
  ];
}

/** Throws 503 where no backup process is known to live. */
function checkService({ processes }: Parts): void {
  if (!processes.up("cinder-backup")) throw new Refusal(503, "Service cinder-backup could not be found.");
}

function create(parts: Parts, call: Call): Answer {
  const { cinder, quotas } = parts;
  const body = bodyOf(call, createBackupBody(call.version[1]), "backup");
  const volume = cinder.volume(call.caller, text(body["volume_id"]));
  authorize(call, "backup:create", "member", volume.projectId);
  const snapshotId = text(body["snapshot_id"]);
  const snapshot = snapshotId ? cinder.snapshot(call.caller, snapshotId) : undefined;
  checkSource(volume, snapshot, bool(body["force"] ?? false) ?? false);
  const { projectId, userId } = call.caller;
  quotas.check(projectId, { backups: 1, backup_gigabytes: volume.size });
  const parent = bool(body["incremental"] ?? false) ? parentOf(parts, volume, snapshot) : undefined;
  const source = snapshot ?? volume;
  if (!snapshot) volume.previousStatus = volume.status;
  source.status = "backing-up";
  cinder.touch(cinder.volumes, volume);
  if (snapshot) cinder.touch(cinder.snapshots, snapshot);
  const now = cinder.now();
  const row = cinder.backups.put({
    id: cinder.newId(),
    projectId,
    userId,
    name: trimmed(body["name"]),
    description: trimmed(body["description"]),
    created: now,
    updated: null,
    status: "creating",
    volumeId: volume.id,
    size: volume.size,
    objectCount: 0,
    zone: text(body["availability_zone"]) ?? null,
    container: text(body["container"]) ?? null,
    failReason: null,
    parentId: parent?.id ?? null,
    snapshotId: snapshot?.id ?? null,
    dataTimestamp: snapshot?.created ?? now,
    metadata: { ...object(body["metadata"]) } as Texts,
    saved: {
      name: volume.name,
      description: volume.description,
      metadata: { ...volume.metadata },
      imageMetadata: { ...volume.imageMetadata },
    },
    restoreVolumeId: null,
    taken: false,
    requestId: call.id,
  });
  parts.backups.create(row.id);
  return { status: 202, body: { backup: backupSummary(cinder, call, row) } };
}

function checkSource(volume: VolumeRow, snapshot: SnapshotRow | undefined, force: boolean): void {
  if (snapshot) {
    if (snapshot.volumeId !== volume.id)
      throw invalidVolume(`Volume ${volume.id} does not match with snapshot.volume_id ${snapshot.volumeId}.`);
    if (snapshot.status !== "available")
      throw bad(
        `Invalid snapshot: Snapshot to be backed up must be available, but the current status is "${snapshot.status}".`,
      );
  } else if (volume.status !== "available" && volume.status !== "in-use")
    throw invalidVolume(
      `Volume to be backed up must be available or in-use, but the current status is "${volume.status}".`,
    );
  else if (volume.status === "in-use" && !force)
    throw invalidVolume("Backing up an in-use volume must use the force flag.");
}

/** The backup that an incremental one builds upon. Throws 400 where there is none. */
function parentOf({ cinder }: Parts, volume: VolumeRow, snapshot: SnapshotRow | undefined): BackupRow {
  const [latest] = cinder.backups
    .by("volume", volume.id)
    .filter((one) => one.projectId === volume.projectId && one.status === "available")
    .filter((one) => !snapshot || one.dataTimestamp < snapshot.created)
    .sort((a, b) => b.dataTimestamp - a.dataTimestamp);
  if (!latest) throw invalidBackup("No backups available to do an incremental backup.");
  return latest;
}

/** Answers once the volume stands; its bytes come later. */
async function restore(parts: Parts, call: Call): Promise<Answer> {
  const { cinder } = parts;
  const body = bodyOf(call, RESTORE_BACKUP, "restore");
  const row = cinder.backup(call.caller, call.params["id"]!);
  authorize(call, "backup:restore", "member", row.projectId);
  if (row.status !== "available") throw invalidBackup("Backup status must be available");
  const given = text(body["volume_id"]);
  const volume =
    given === undefined
      ? await freshVolume(parts, call, row, text(body["name"]) ?? `restore_backup_${row.id}`)
      : cinder.volume(call.caller, given);
  if (volume.status !== "available") throw invalidVolume("Volume to be restored to must be available");
  if (row.size > volume.size)
    throw invalidVolume(`volume size ${volume.size} is too small to restore backup of size ${row.size}.`);
  checkService(parts);
  row.status = "restoring";
  row.restoreVolumeId = volume.id;
  row.taken = false;
  cinder.touch(cinder.backups, row);
  volume.status = "restoring-backup";
  cinder.touch(cinder.volumes, volume);
  parts.backups.restore(row.id);
  const restored = { backup_id: row.id, volume_id: volume.id, volume_name: volume.name };
  return { status: 202, body: { restore: restored } };
}

async function freshVolume(parts: Parts, call: Call, backup: BackupRow, name: string): Promise<VolumeRow> {
  const { cinder, quotas } = parts;
  authorize(call, "volume:create", "member");
  const type = defaultType(cinder, call.caller);
  quotas.checkSize(call.caller.projectId, backup.size);
  quotas.check(call.caller.projectId, { gigabytes: backup.size, volumes: 1 }, type.id);
  const made = cinder.volumes.put({
    ...newVolume(parts, call, type, backup.size),
    name,
    description: "auto-created_from_restore_from_backup",
  });
  parts.volumes.create(made.id);
  const volume = await cinder.volumes.until(made.id, ({ status }) => status !== "creating");
  if (volume?.status !== "error" && volume) return volume;
  throw invalidVolume(`Error while creating volume ${made.id} for restoring backup ${backup.id}.`);
}
