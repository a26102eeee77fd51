import { DURATIONS } from "../kernel/durations.ts";
import { type Cinder, ZONE } from "./core.ts";
import type { Files } from "./files.ts";
import { tell } from "./messages.ts";
import type { Processes } from "./processes.ts";
import type { BackupRow, VolumeRow } from "./rows.ts";
import type { VolumeWork } from "./volume-work.ts";

/** A backup is cut into files of this size. */
const PART = 52_428_800;

/** What the backup process does, in the background. */
export class BackupWork {
  readonly #cinder: Cinder;
  readonly #processes: Processes;
  readonly #files: Files;
  readonly #volumes: VolumeWork;

  constructor(cinder: Cinder, processes: Processes, files: Files, volumes: VolumeWork) {
    this.#cinder = cinder;
    this.#processes = processes;
    this.#files = files;
    this.#volumes = volumes;
  }

  /** Makes a backup that was asked for. */
  create(id: string): void {
    this.#processes.start(() => this.#create(id));
  }

  /** Takes a backup away. */
  delete(id: string): void {
    this.#processes.start(() => this.#delete(id));
  }

  /** Writes a backup onto the volume that its row names. */
  restore(id: string): void {
    this.#processes.start(() => this.#restore(id));
  }

  /** A volume is made from a backup: the backup process fills it. */
  restoreInto(volume: VolumeRow): void {
    const backup = this.#cinder.backups.get(volume.backupId ?? "");
    if (!backup) return;
    this.#put(backup, { status: "restoring", restoreVolumeId: volume.id });
    this.restore(backup.id);
  }

  /** After the backup process was killed: what it was about ends as a restarted one leaves it. */
  recover(): void {
    for (const row of this.#cinder.backups.filter(({ taken }) => taken)) {
      if (row.status === "creating") {
        this.#release(row);
        this.#put(row, { status: "error", failReason: "incomplete backup reset on manager restart", taken: false });
      } else if (row.status === "restoring") {
        const volume = this.#cinder.volumes.get(row.restoreVolumeId ?? "");
        if (volume?.status === "restoring-backup") this.#setVolume(volume, "error_restoring");
        this.#put(row, { status: "available", taken: false });
      } else if (row.status === "deleting") this.delete(row.id);
    }
  }

  /** After the whole cloud was restarted: what still stood in a queue is gone on with. */
  resume(): void {
    for (const row of this.#cinder.backups.filter(({ taken }) => !taken)) {
      if (row.status === "creating") this.create(row.id);
      if (row.status === "restoring") this.restore(row.id);
      if (row.status === "deleting") this.delete(row.id);
    }
  }

  #put(row: BackupRow, changes: Partial<BackupRow>): void {
    Object.assign(row, changes);
    this.#cinder.touch(this.#cinder.backups, row);
  }

  #setVolume(volume: VolumeRow, status: string): void {
    volume.status = status;
    this.#cinder.touch(this.#cinder.volumes, volume);
  }

  /** What was backed up is free again. */
  #release(row: BackupRow): void {
    const snapshot = this.#cinder.snapshots.get(row.snapshotId ?? "");
    if (snapshot?.status === "backing-up") {
      snapshot.status = "available";
      this.#cinder.touch(this.#cinder.snapshots, snapshot);
    }
    const volume = this.#cinder.volumes.get(row.volumeId);
    if (volume?.status === "backing-up") this.#setVolume(volume, volume.previousStatus ?? "available");
  }

  async #create(id: string): Promise<void> {
    await this.#processes.running("cinder-scheduler");
    const waiting = this.#cinder.backups.get(id);
    if (!waiting) return;
    if (!this.#processes.up("cinder-backup")) {
      tell(this.#cinder, waiting, "013", "024", "VOLUME_BACKUP");
      this.#release(waiting);
      this.#put(waiting, { status: "error", failReason: "Service not found for creating backup." });
      return;
    }
    const wait = await this.#processes.begin("cinder-backup");
    const row = this.#cinder.backups.get(id);
    if (row?.status !== "creating") return;
    this.#put(row, { taken: true, zone: row.zone ?? ZONE });
    await wait(DURATIONS["backup per GiB"] * row.size);
    await this.#files.copy(this.#files.volume(row.snapshotId ?? row.volumeId), this.#files.backup(id), row.size);
    this.#release(row);
    if (row.status !== "creating") return;
    this.#put(row, {
      status: "available",
      container: row.container ?? `${id.slice(0, 2)}/${id.slice(2, 4)}/${id}`,
      objectCount: Math.ceil((row.size * 2 ** 30) / PART),
      taken: false,
    });
  }

  async #delete(id: string): Promise<void> {
    const wait = await this.#processes.begin("cinder-backup");
    const row = this.#cinder.backups.get(id);
    if (row?.status !== "deleting") return;
    this.#put(row, { taken: true });
    await wait(DURATIONS.volume);
    this.#cinder.backups.delete(id);
    await this.#files.remove(this.#files.backup(id));
  }

  async #restore(id: string): Promise<void> {
    const wait = await this.#processes.begin("cinder-backup");
    const row = this.#cinder.backups.get(id);
    const volume = this.#cinder.volumes.get(row?.restoreVolumeId ?? "");
    if (row?.status !== "restoring" || !volume) return;
    this.#put(row, { taken: true });
    await wait(DURATIONS["backup per GiB"] * row.size);
    await this.#files.copy(this.#files.backup(id), this.#files.volume(volume.id), volume.size);
    giveBack(volume, row);
    if (volume.status === "creating") this.#volumes.restored(volume);
    else this.#setVolume(volume, "available");
    this.#put(row, { status: "available", restoreVolumeId: null, taken: false });
  }
}

/** A restored volume gets the metadata of the one that was backed up; the name only where cinder made its own. */
function giveBack(volume: VolumeRow, { id, volumeId, saved }: BackupRow): void {
  if (saved.name && (!volume.name || volume.name.startsWith("restore_backup_"))) {
    volume.name = saved.name;
    volume.description = saved.description;
  }
  const old = saved.metadata["src_backup_id"];
  volume.metadata = { ...saved.metadata };
  if (volumeId !== volume.id || (old !== undefined && old !== id)) volume.metadata["src_backup_id"] = id;
  if (Object.keys(saved.imageMetadata).length > 0) {
    volume.imageMetadata = { ...saved.imageMetadata };
    volume.bootable = true;
  }
}
