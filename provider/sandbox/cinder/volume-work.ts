import { DURATIONS } from "../kernel/durations.ts";
import { InjectedFault } from "../kernel/faults.ts";
import { backendOf, schedule } from "./backends.ts";
import type { BackupWork } from "./backup-work.ts";
import type { Cinder } from "./core.ts";
import type { Files } from "./files.ts";
import { tell } from "./messages.ts";
import type { Processes } from "./processes.ts";
import type { TypeRow, VolumeRow } from "./rows.ts";
import type { SnapshotWork } from "./snapshot-work.ts";

/** How often the scheduler tries to place a volume. */
const ATTEMPTS = 3;

/** What the scheduler and the volume process do with volumes, in the background. */
export class VolumeWork {
  readonly #cinder: Cinder;
  readonly #processes: Processes;
  readonly #files: Files;
  /** Set once all parts stand: they need each other. */
  snapshots!: SnapshotWork;
  backups!: BackupWork;

  constructor(cinder: Cinder, processes: Processes, files: Files) {
    this.#cinder = cinder;
    this.#processes = processes;
    this.#files = files;
  }

  /** Makes a volume that was asked for. */
  create(id: string): void {
    this.#processes.start(() => this.#create(id));
  }

  /** Takes a volume away, with `cascade` its snapshots too. */
  delete(id: string, cascade: boolean): void {
    this.#processes.start(() => this.#delete(id, cascade));
  }

  /** Makes a volume larger. */
  extend(id: string, sizeGiB: number, requestId: string): void {
    this.#processes.start(() => this.#extend(id, sizeGiB, requestId));
  }

  /** Gives a volume another type, where its back end or its migration allows that. */
  retype(id: string, type: TypeRow, migrate: boolean): void {
    this.#processes.start(() => this.#retype(id, type, migrate));
  }

  /** After the volume process was killed: what it was about ends as a restarted one leaves it. */
  recover(): void {
    for (const row of this.#cinder.volumes.filter(({ taken }) => taken)) {
      if (row.status === "creating" || row.status === "downloading") this.#put(row, { status: "error", taken: false });
      else if (row.status === "deleting") this.delete(row.id, true);
      else this.#put(row, { taken: false });
    }
  }

  /** After the whole cloud was restarted: what still stood in a queue is gone on with. */
  resume(): void {
    for (const row of this.#cinder.volumes.filter(({ taken }) => !taken)) {
      if (row.status === "creating") this.create(row.id);
      if (row.status === "deleting") this.delete(row.id, true);
    }
  }

  #put(row: VolumeRow, changes: Partial<VolumeRow>): void {
    Object.assign(row, changes);
    this.#cinder.touch(this.#cinder.volumes, row);
  }

  /** The volume, while it is there and in this state. */
  #still(id: string, ...statuses: string[]): VolumeRow | undefined {
    const row = this.#cinder.volumes.get(id);
    return row && statuses.includes(row.status) ? row : undefined;
  }

  async #create(id: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      await this.#processes.running("cinder-scheduler");
      const row = this.#still(id, "creating");
      if (!row) return;
      const host = attempt > ATTEMPTS ? undefined : this.#schedule(row);
      if (host === undefined) {
        tell(this.#cinder, row, "001", "003");
        this.#put(row, { status: "error", host: null, taken: false });
        return;
      }
      this.#put(row, { host });
      if (await this.#build(id, attempt === 1)) return;
    }
  }

  #schedule(row: VolumeRow): string | undefined {
    return schedule(this.#cinder, this.#processes, this.#cinder.types.get(row.typeId), row.size);
  }

  /** One try of the volume process; false where the scheduler shall look for another place. */
  async #build(id: string, first: boolean): Promise<boolean> {
    const wait = await this.#processes.begin("cinder-volume");
    const row = this.#still(id, "creating");
    if (!row) return true;
    this.#put(row, { taken: true });
    if (first) await wait(DURATIONS.volume);
    try {
      await wait(this.#cinder.world.faults.reach(`cinder.${driverCall(row)}`));
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      if (driverCall(row) === "create_volume") tell(this.#cinder, row, "008", "012");
      if (this.#still(id, "creating")) this.#put(row, { host: null, taken: false });
      return false;
    }
    if (!this.#still(id, "creating")) return true;
    if (row.imageId !== null) await this.#download(row, wait);
    else if (row.backupId !== null) this.backups.restoreInto(row);
    else {
      const origin = row.snapshotId ?? row.sourceId;
      if (origin !== null) await this.#files.copy(this.#files.volume(origin), this.#files.volume(id), row.size);
      this.#finish(row);
    }
    return true;
  }

  async #download(row: VolumeRow, wait: (until: Promise<void>) => Promise<void>): Promise<void> {
    this.#put(row, { status: "downloading" });
    try {
      await wait(this.#cinder.world.faults.reach("cinder.copy_image_to_volume"));
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      if (this.#still(row.id, "downloading", "reserved")) this.#put(row, { status: "error", taken: false });
      return;
    }
    const image = this.#cinder.world.file("image", row.imageId!);
    await this.#files.copy(image, this.#files.volume(row.id), row.size);
    if (this.#cinder.volumes.get(row.id)) this.#finish(row);
  }

  /** A new volume is ready; one that was reserved meanwhile stays so. */
  #finish(row: VolumeRow): void {
    const { id: serviceId = null } =
      this.#cinder.services.find(({ host }) => row.host?.startsWith(`${host}#`) ?? false) ?? {};
    this.#put(row, {
      ...(row.status === "reserved" ? {} : { status: "available" }),
      bootable: row.bootable || row.imageId !== null,
      serviceId,
      taken: false,
    });
  }

  /** A volume made from a backup has its bytes. */
  restored(row: VolumeRow): void {
    this.#finish(row);
  }

  async #delete(id: string, cascade: boolean): Promise<void> {
    const wait = await this.#processes.begin("cinder-volume");
    const row = this.#still(id, "deleting");
    if (!row) return;
    this.#put(row, { taken: true });
    await wait(DURATIONS.volume);
    if (cascade)
      for (const snapshot of this.#cinder.snapshots.by("volume", id))
        if (!(await this.snapshots.remove(snapshot, wait))) {
          this.#put(row, { status: "error_deleting", taken: false });
          return;
        }
    try {
      await wait(this.#cinder.world.faults.reach("cinder.delete_volume"));
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      if (this.#cinder.volumes.get(id)) this.#put(row, { status: "error_deleting", taken: false });
      return;
    }
    this.destroy(row);
  }

  /** The volume is no more. */
  destroy(row: VolumeRow): void {
    for (const attachment of this.#cinder.attachments.by("volume", row.id))
      this.#cinder.attachments.delete(attachment.id);
    this.#cinder.volumes.delete(row.id);
    void this.#files.remove(this.#files.volume(row.id));
  }

  async #extend(id: string, sizeGiB: number, requestId: string): Promise<void> {
    await this.#processes.running("cinder-scheduler");
    const wait = await this.#processes.begin("cinder-volume");
    const row = this.#still(id, "extending");
    if (!row) return;
    this.#put(row, { taken: true });
    await wait(DURATIONS.volume);
    try {
      await wait(this.#cinder.world.faults.reach("cinder.extend_volume"));
    } catch (error) {
      if (!(error instanceof InjectedFault)) throw error;
      tell(this.#cinder, { ...row, requestId }, "007", "010");
      if (this.#still(id, "extending")) this.#put(row, { status: "error_extending", growing: 0, taken: false });
      return;
    }
    if (!this.#still(id, "extending")) return;
    await this.#files.grow(id, sizeGiB);
    const status = this.#cinder.attachments.by("volume", id).length > 0 ? "in-use" : "available";
    this.#put(row, { status, size: sizeGiB, growing: 0, taken: false });
    if (status === "in-use") await this.#tellNova(row);
  }

  /** Nova hears that a volume of its servers grew. What holds the volume may be no server: then nothing comes of it. */
  async #tellNova(row: VolumeRow): Promise<void> {
    const events = this.#cinder.attachments
      .by("volume", row.id)
      .filter(({ instance }) => instance !== null)
      .map(({ instance }) => ({ name: "volume-extended", server_uuid: instance, tag: row.id }));
    if (events.length === 0) return;
    try {
      await this.#cinder.world.ask("nova", "POST", "/v2.1/os-server-external-events", { body: { events } });
    } catch {
      // cinder only logs it
    }
  }

  async #retype(id: string, type: TypeRow, migrate: boolean): Promise<void> {
    await this.#processes.running("cinder-scheduler");
    const wait = await this.#processes.begin("cinder-volume");
    await wait(DURATIONS.volume);
    const row = this.#still(id, "retyping");
    if (!row) return;
    const status = row.previousStatus ?? "available";
    const wanted = type.specs["volume_backend_name"];
    const stays = wanted == null || wanted === backendOf(row.host);
    const moves = migrate && status === "available" && this.#cinder.snapshots.by("volume", id).length === 0;
    const host = stays ? row.host : moves ? schedule(this.#cinder, this.#processes, type, row.size) : undefined;
    this.#put(row, host == null ? { status } : { status, host, typeId: type.id, multiattach: isShared(type) });
  }
}

/** Whether volumes of a type may be attached to several machines. */
export const isShared = (type: TypeRow): boolean => type.specs["multiattach"] === "<is> True";

function driverCall(row: VolumeRow): string {
  if (row.snapshotId !== null) return "create_volume_from_snapshot";
  return row.sourceId !== null ? "create_cloned_volume" : "create_volume";
}
