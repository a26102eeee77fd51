/** Volumes from images, snapshots, volumes, backups. */
import { type Caller, exchange, field } from "../exchange.ts";
import { BETA, gone, settled, snapshot, tinyImage, volume } from "./support.ts";

export const exchanges = [
  exchange(
    "from an image",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const image = await tinyImage(beta);
      cloud.name(image, "image tiny");
      const create = async (body: Record<string, unknown>, caller: Caller = beta) => {
        const made = await caller.call("cinder", "POST", "/volumes", {
          volume: { name: "parity-cinder-image", ...body },
        });
        const id = field(made, "body.volume.id");
        if (id) gone(cloud, caller, `/volumes/${id}`);
        return String(id);
      };
      const id = await create({ size: 1, imageRef: image });
      await beta.until("cinder", `/volumes/${id}`, (reply) => field(reply, "body.volume.status") === "available", {
        sequence: "body.volume.status",
        through: ["creating", "downloading", "available"],
      });
      await create({ imageRef: image });
      await create({ size: 1, image_id: image, source_volid: id });
      const second = await create({ size: 1, imageRef: "tiny" });
      await settled(beta, `/volumes/${second}`, "available");
      await beta.call("cinder", "GET", "/volumes/detail");
      const clone = await create({ source_volid: id, name: "parity-cinder-clone" });
      await settled(beta, `/volumes/${clone}`, "available");
      const { project } = await cloud.admin();
      await project.call("cinder", "GET", `/volumes/${clone}`);
    },
    BETA,
  ),
  exchange(
    "from a snapshot and from a volume",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const origin = await volume(cloud, beta, { size: 2 });
      const snap = await snapshot(cloud, beta, origin);
      const create = async (body: Record<string, unknown>) => {
        const made = await beta.call("cinder", "POST", "/volumes", { volume: { name: "parity-cinder-copy", ...body } });
        const id = field(made, "body.volume.id");
        if (id) {
          gone(cloud, beta, `/volumes/${id}`);
          await settled(beta, `/volumes/${id}`, "available");
        }
        return String(id);
      };
      await create({ snapshot_id: snap });
      await create({ snapshot_id: snap, size: 3 });
      await create({ snapshot_id: snap, size: 1 });
      await create({ snapshot_id: snap, volume_type: "nfs" });
      await create({ source_volid: origin });
      await create({ source_volid: origin, size: 1 });
      await create({ source_volid: origin, volume_type: "nfs" });
      await create({ source_volid: origin, snapshot_id: snap });
      await beta.call("cinder", "DELETE", `/volumes/${origin}`);
    },
    BETA,
  ),
];
