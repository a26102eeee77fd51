import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import type { World } from "../world.ts";

const GIB = 2 ** 30;
const CHUNK = 1024 * 1024;

/** The bytes of volumes and backups. Files are sparse and stand only where something was written. */
export class Files {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** The file of a volume or a snapshot. */
  volume(id: string): string {
    return this.#world.file("volume", id);
  }

  /** The file of a backup. */
  backup(id: string): string {
    return this.#world.file("backup", id);
  }

  /** Fills a file with what another has, as large as `sizeGiB`; where the other is empty there will be none. */
  async copy(from: string, to: string, sizeGiB: number): Promise<void> {
    await this.remove(to);
    const source = await openIfThere(from);
    if (!source) return;
    try {
      const { blocks, size } = await source.stat();
      if (blocks === 0) return;
      const target = await open(to, constants.O_CREAT | constants.O_TRUNC | constants.O_WRONLY, 0o600);
      try {
        await copyWritten(source, target, size, blocks * 512);
        await target.truncate(sizeGiB * GIB);
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  }

  /** Makes a volume's file as large as it is now; an empty one stays away. */
  async grow(id: string, sizeGiB: number): Promise<void> {
    const file = await openIfThere(this.volume(id), "r+");
    if (!file) return;
    await file.truncate(sizeGiB * GIB);
    await file.close();
  }

  async remove(path: string): Promise<void> {
    await rm(path, { force: true });
  }
}

/** Copies what is not zero. `written` bytes of the source are not a hole: after so many nothing follows. */
async function copyWritten(source: FileHandle, target: FileHandle, size: number, written: number): Promise<void> {
  const buffer = Buffer.alloc(CHUNK);
  const zeros = Buffer.alloc(CHUNK);
  let found = 0;
  for (let at = 0; at < size && found < written; ) {
    const { bytesRead } = await source.read(buffer, 0, CHUNK, at);
    if (bytesRead === 0) return;
    const part = buffer.subarray(0, bytesRead);
    if (!part.equals(zeros.subarray(0, bytesRead))) {
      await target.write(part, 0, bytesRead, at);
      found += bytesRead;
    }
    at += bytesRead;
  }
}

async function openIfThere(path: string, flags = "r"): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
