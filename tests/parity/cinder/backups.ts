/** Backups, restored to new and to given volumes. */
import { exchange, field } from "../exchange.ts";
import { BETA, gone, NOTHING, settled, snapshot, vanished, volume } from "./support.ts";

/** The folder comes from the id; the number of files from the size, which is a thousandth on the real cloud. */
const IDENTITY = ["body.backup.object_count", "body.backup.container"];

export const exchanges = [
  exchange(
    "a backup is made, read, restored and deleted",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      const made = await beta.call("cinder", "POST", "/backups", {
        backup: { volume_id: id, name: "parity-cinder-backup", description: "d", metadata: { a: "b" } },
      });
      const path = `/backups/${field(made, "body.backup.id")}`;
      gone(cloud, beta, path);
      await beta.until("cinder", path, (reply) => field(reply, "body.backup.status") === "available", {
        sequence: "body.backup.status",
        through: ["creating", "available"],
        varies: IDENTITY,
      });
      for (const version of ["3.0", "3.43", "3.56"])
        await beta.call("cinder", "GET", path, undefined, { version, varies: IDENTITY });
      const { project } = await cloud.admin();
      await project.call("cinder", "GET", path, undefined, { varies: IDENTITY });
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "GET", "/backups");
      await beta.call("cinder", "GET", "/backups/detail?with_count=true", undefined, {
        varies: ["body.backups.*.object_count", "body.backups.*.container"],
      });
      await beta.call("cinder", "GET", `/backups?volume_id=${id}`, undefined, { version: "3.30" });
      await beta.call("cinder", "PUT", path, { backup: { name: "parity-cinder-other", metadata: { c: "d" } } });
      await beta.call("cinder", "PUT", path, { backup: { size: 2 } });
      await beta.call("cinder", "PUT", path, { backup: { name: "x" } }, { version: "3.8" });
      const restored = await beta.call("cinder", "POST", `${path}/restore`, { restore: {} });
      const fresh = `/volumes/${field(restored, "body.restore.volume_id")}`;
      gone(cloud, beta, fresh);
      await settled(beta, fresh, "available");
      await settled(beta, path, "available", { varies: IDENTITY });
      await beta.call("cinder", "POST", `${path}/restore`, { restore: { volume_id: id } });
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await settled(beta, `/volumes/${id}`, "available");
      const copy = await beta.call("cinder", "POST", "/volumes", {
        volume: { backup_id: path.split("/")[2], name: "parity-cinder-from-backup" },
      });
      const copied = `/volumes/${field(copy, "body.volume.id")}`;
      gone(cloud, beta, copied);
      await settled(beta, copied, "available");
      const alpha = await cloud.as("alpha");
      const reader = await cloud.as("beta-reader", "beta");
      await alpha.call("cinder", "GET", path);
      await reader.call("cinder", "DELETE", path);
      await reader.call("cinder", "POST", `${path}/restore`, { restore: {} });
      await beta.call("cinder", "GET", `${path}/export_record`);
      await beta.call("cinder", "DELETE", path);
      await vanished(beta, path);
      await beta.call("cinder", "DELETE", path);
    },
    BETA,
  ),
  exchange(
    "an incremental backup, and one of a snapshot",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      const create = async (backup: Record<string, unknown>) => {
        const made = await beta.call("cinder", "POST", "/backups", { backup: { volume_id: id, ...backup } });
        const path = `/backups/${field(made, "body.backup.id")}`;
        if (made.status < 300) {
          gone(cloud, beta, path);
          await settled(beta, path, "available", { varies: IDENTITY });
        }
        return path;
      };
      await create({ incremental: true });
      const full = await create({ name: "parity-cinder-full" });
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const child = await create({ name: "parity-cinder-child", incremental: true });
      await beta.call("cinder", "GET", full, undefined, { varies: IDENTITY });
      await beta.call("cinder", "DELETE", full);
      await beta.call("cinder", "DELETE", child);
      await vanished(beta, child);
      const snap = await snapshot(cloud, beta, id);
      await create({ name: "parity-cinder-of-snapshot", snapshot_id: snap });
    },
    BETA,
  ),
  exchange(
    "backups and restores that are refused",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      const id = await volume(cloud, beta);
      const create = (body: unknown) => beta.call("cinder", "POST", "/backups", body);
      await create({});
      await create({ backup: {} });
      await create({ backup: { volume_id: "x" } });
      await create({ backup: { volume_id: NOTHING } });
      await create({ backup: { volume_id: id, snapshot_id: NOTHING } });
      await create({ backup: { volume_id: id, incremental: "maybe" } });
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "error" } });
      await create({ backup: { volume_id: id } });
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "available" } });
      await beta.call("cinder", "GET", `/backups/${NOTHING}`);
      await beta.call("cinder", "DELETE", `/backups/${NOTHING}`);
      await beta.call("cinder", "POST", `/backups/${NOTHING}/restore`, { restore: {} });
      await beta.call("cinder", "POST", `/backups/${NOTHING}/restore`, {});
      await beta.call("cinder", "POST", "/backups/import_record", { "backup-record": {} });
    },
    BETA,
  ),
];
