import { DURATIONS } from "../kernel/durations.ts";
import { InjectedFault } from "../kernel/faults.ts";
import type { Cinder } from "./core.ts";
import type { Files } from "./files.ts";
import { tell } from "./messages.ts";
import type { Processes } from "./processes.ts";
import type { SnapshotRow, VolumeRow } from "./rows.ts";

type Wait = (wait: number | Promise<void>) => Promise<void>;

/** What the volume process does with snapshots, in the background. */
export class SnapshotWork {
  readonly #cinder: Cinder;
  readonly #processes: Processes;
  readonly #files: Files;

  constructor(cinder: Cinder, processes: Processes, files: Files) {
    this.#cinder = cinder;
    this.#processes = processes;
    this.#files = files;
  }

  /** Makes a snapshot that was asked for. */
  create(id: string): void {
    this.#processes.start(() => this.#create(id));
  }

  /** Takes a snapshot away. */
  delete(id: string): void {
    this.#processes.start(() => this.#delete(id));
  }

  /** Brings a volume back to what a snapshot has. */
  revert(volumeId: string, snapshotId: string): void {
    this.#processes.start(() => this.#revert(volumeId, snapshotId));
  }

  /** After the volume process was killed: half-made snapshots are broken, half-deleted ones stay so. */
  recover(): void {
    for (const row of this.#cinder.snapshots.filter(({ taken }) => taken))
      this.#put(row, row.status === "creating" ? { status: "error", taken: false } : { taken: false });
  }

  /** After the whole cloud was restarted: what still stood in a queue is gone on with. */
  resume(): void {
    for (const row of this.#cinder.snapshots.filter(({ taken }) => !taken)) {
      if (row.status === "creating") this.create(row.id);
      if (row.status === "deleting") this.delete(row.id);
    }
  }

  #put(row: SnapshotRow, changes: Partial<SnapshotRow>): void {
    Object.assign(row, changes);
    this.#cinder.touch(this.#cinder.snapshots, row);
  }

  #still(id: string, status: string): SnapshotRow | undefined {
    const row = this.#cinder.snapshots.get(id);
    return row?.status === status ? row : undefined;
  }

  async #create(id: string): Promise<void> {
    const wait = await this.#processes.begin("cinder-volume");
    const row = this.#still(id, "creating");
    if (!row) return;
    this.#put(row, { taken: true });
    await wait(DURATIONS.volume);
    try {
      await wait(this.#cinder.world.faults.reach("cinder.create_snapshot"));
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      tell(this.#cinder, row, "009", "013", "VOLUME_SNAPSHOT");
      if (this.#still(id, "creating")) this.#put(row, { status: "error", taken: false });
      return;
    }
    if (!this.#still(id, "creating")) return;
    await this.#files.copy(this.#files.volume(row.volumeId), this.#files.volume(id), row.size);
    this.#put(row, { status: "available", progress: "100%", taken: false });
  }

  async #delete(id: string): Promise<void> {
    const wait = await this.#processes.begin("cinder-volume");
    const row = this.#still(id, "deleting");
    if (!row) return;
    this.#put(row, { taken: true });
    await wait(DURATIONS.volume);
    await this.remove(row, wait);
  }

  /** Takes a snapshot away now; false where the back end cannot. */
  async remove(row: SnapshotRow, wait: Wait): Promise<boolean> {
    try {
      await wait(this.#cinder.world.faults.reach("cinder.delete_snapshot"));
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      tell(this.#cinder, row, "010", "016", "VOLUME_SNAPSHOT");
      this.#put(row, { status: "error_deleting", taken: false });
      return false;
    }
    this.#cinder.snapshots.delete(row.id);
    await this.#files.remove(this.#files.volume(row.id));
    return true;
  }

  async #revert(volumeId: string, snapshotId: string): Promise<void> {
    const wait = await this.#processes.begin("cinder-volume");
    const volume = this.#cinder.volumes.get(volumeId);
    const snapshot = this.#cinder.snapshots.get(snapshotId);
    if (!volume || !snapshot) return;
    const safety = this.#safety(volume);
    await wait(DURATIONS.volume);
    await this.#files.copy(this.#files.volume(volumeId), this.#files.volume(safety.id), volume.size);
    this.#put(safety, { status: "available", progress: "100%" });
    let status = "available";
    try {
      await wait(this.#cinder.world.faults.reach("cinder.revert_to_snapshot"));
      await this.#files.copy(this.#files.volume(snapshotId), this.#files.volume(volumeId), volume.size);
      this.#cinder.snapshots.delete(safety.id);
      await this.#files.remove(this.#files.volume(safety.id));
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      status = "error";
    }
    if (volume.status === "reverting") {
      volume.status = status;
      this.#cinder.touch(this.#cinder.volumes, volume);
    }
    if (snapshot.status === "restoring") this.#put(snapshot, { status: "available" });
  }

  /** The snapshot that keeps what the volume had, until the revert is done. */
  #safety(volume: VolumeRow): SnapshotRow {
    return this.#cinder.snapshots.put({
      id: this.#cinder.newId(),
      projectId: volume.projectId,
      userId: volume.userId,
      name: `[revert] volume ${volume.id} backup snapshot`,
      description:
        "This is only used for backup when reverting. If the reverting process failed, you can restore you data by creating new volume with this snapshot.",
      created: this.#cinder.now(),
      updated: null,
      status: "creating",
      volumeId: volume.id,
      size: volume.size,
      typeId: volume.typeId,
      metadata: {},
      progress: "0%",
      taken: false,
      temporary: true,
      requestId: "",
    });
  }
}
