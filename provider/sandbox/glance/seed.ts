import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { Fleet, FleetImage } from "../fleet.ts";
import type { Glance } from "./glance.ts";

/** Makes the fleet's images: public, owned by the project `admin`, with bytes that are really there. */
export function seed(glance: Glance, fleet: Fleet): void {
  const owner = glance.world.identity.project("admin")?.id ?? "";
  for (const [index, image] of fleet.images.entries()) {
    const id = glance.world.random.uuid();
    const bytes = bytesOf(image);
    writeFileSync(glance.world.file("image", id), bytes);
    // Lists show the newest first, and times have whole seconds.
    const now = glance.world.clock.now() - (fleet.images.length - index) * 1000;
    glance.images.put({
      id,
      name: image.name,
      disk_format: "raw",
      container_format: "bare",
      visibility: "public",
      size: bytes.length,
      virtual_size: bytes.length,
      status: "active",
      checksum: createHash("md5").update(bytes).digest("hex"),
      protected: false,
      min_ram: 0,
      min_disk: image.minDiskGiB,
      owner,
      os_hidden: false,
      os_hash_algo: "sha512",
      os_hash_value: createHash("sha512").update(bytes).digest("hex"),
      created: now,
      updated: now,
      tags: [],
      properties: { ...image.properties },
    });
  }
}

function bytesOf({ fill, sizeKiB }: FleetImage): Buffer {
  return Buffer.alloc(sizeKiB * 1024, fill);
}
