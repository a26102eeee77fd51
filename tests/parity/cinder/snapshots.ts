/** Snapshots. */
import { exchange, field } from "../exchange.ts";
import { BETA, gone, NOTHING, settled, snapshot, vanished, volume } from "./support.ts";

export const exchanges = [
  exchange(
    "a snapshot is made, read, changed and deleted",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      const made = await beta.call("cinder", "POST", "/snapshots", {
        snapshot: { volume_id: id, name: "parity-cinder-snap", description: "d", metadata: { a: "b" } },
      });
      const path = `/snapshots/${field(made, "body.snapshot.id")}`;
      gone(cloud, beta, path);
      await settled(beta, path, "available");
      for (const version of ["3.0", "3.14", "3.41", "3.65"])
        await beta.call("cinder", "GET", path, undefined, { version });
      await beta.call("cinder", "GET", "/snapshots");
      await beta.call("cinder", "GET", "/snapshots/detail");
      await beta.call("cinder", "GET", "/snapshots/detail?limit=1&with_count=1");
      await beta.call("cinder", "GET", `/snapshots/detail?volume_id=${id}`, undefined, { version: "3.30" });
      await beta.call("cinder", "GET", `/snapshots/detail?volume_id=${NOTHING}`, undefined, { version: "3.0" });
      await beta.call("cinder", "GET", `/snapshots/detail?volume_id=${id}`);
      await beta.call("cinder", "PUT", path, { snapshot: { name: "other", description: "e" } });
      await beta.call("cinder", "PUT", path, { snapshot: {} });
      await beta.call("cinder", "GET", `${path}/metadata`);
      await beta.call("cinder", "POST", `${path}/metadata`, { metadata: { c: "d" } });
      await beta.call("cinder", "PUT", `${path}/metadata/c`, { meta: { c: "e" } });
      await beta.call("cinder", "GET", `${path}/metadata/c`);
      await beta.call("cinder", "PUT", `${path}/metadata`, { metadata: { z: "1" } });
      await beta.call("cinder", "DELETE", `${path}/metadata/z`);
      await beta.call("cinder", "DELETE", `${path}/metadata/z`);
      await beta.call("cinder", "GET", `${path}/metadata/z`);
      await beta.call("cinder", "DELETE", `/volumes/${id}`);
      const alpha = await cloud.as("alpha");
      const reader = await cloud.as("beta-reader", "beta");
      await alpha.call("cinder", "GET", path);
      await reader.call("cinder", "GET", path);
      await reader.call("cinder", "PUT", path, { snapshot: { name: "x" } });
      await reader.call("cinder", "DELETE", path);
      await beta.call("cinder", "POST", `${path}/action`, { "os-reset_status": { status: "error" } });
      const { project } = await cloud.admin();
      await project.call("cinder", "POST", `${path}/action`, { "os-reset_status": { status: "parity" } });
      await project.call("cinder", "POST", `${path}/action`, { "os-reset_status": { status: "deleting" } });
      await beta.call("cinder", "DELETE", path);
      await project.call("cinder", "POST", `${path}/action`, { "os-reset_status": { status: "available" } });
      await beta.call("cinder", "DELETE", path);
      await vanished(beta, path);
      await beta.call("cinder", "DELETE", path);
    },
    BETA,
  ),
  exchange(
    "snapshots that are refused, and those of a volume in use",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      const id = await volume(cloud, beta);
      const refused = (snapshotBody: unknown, version?: string) =>
        beta.call("cinder", "POST", "/snapshots", snapshotBody, version ? { version } : {});
      await refused({});
      await refused({ snapshot: {} });
      await refused({ snapshot: { volume_id: "x" } });
      await refused({ snapshot: { volume_id: NOTHING } });
      await refused({ snapshot: { volume_id: null } });
      await refused({ snapshot: { volume_id: id, force: "maybe" } });
      await refused({ snapshot: { volume_id: id, force: false } });
      await refused({ snapshot: { volume_id: id, name: "x".repeat(256) } });
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "error" } });
      await refused({ snapshot: { volume_id: id } });
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "detaching" } });
      await refused({ snapshot: { volume_id: id } });
      await refused({ snapshot: { volume_id: id } }, "3.65");
      await refused({ snapshot: { volume_id: id, force: true } }, "3.65");
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "available" } });
    },
    BETA,
  ),
  exchange(
    "revert to a snapshot, and a cascading delete",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      const revert = (snapshot_id: string | null, version?: string) =>
        beta.call("cinder", "POST", `/volumes/${id}/action`, { revert: { snapshot_id } }, version ? { version } : {});
      await revert(NOTHING);
      const first = await snapshot(cloud, beta, id, { name: "parity-cinder-first" });
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const second = await snapshot(cloud, beta, id, { name: "parity-cinder-second" });
      await revert(first);
      await revert(null);
      await revert(second, "3.39");
      await revert(second);
      await settled(beta, `/volumes/${id}`, "available");
      await settled(beta, `/snapshots/${second}`, "available");
      await beta.call("cinder", "DELETE", `/volumes/${id}`);
      await beta.call("cinder", "DELETE", `/volumes/${id}?cascade=true`);
      await vanished(beta, `/volumes/${id}`);
      await beta.call("cinder", "GET", `/snapshots/${first}`);
    },
    BETA,
  ),
];
