/** What is told when the back end fails. */
import { type BackendCall, clearBackendFault, setBackendFault } from "../../cloud/faults.ts";
import { type Cloud, exchange, field } from "../exchange.ts";
import { BETA, gone, settled, snapshot, status, tinyImage, vanished, volume } from "./support.ts";

async function failing(cloud: Cloud, call: BackendCall): Promise<() => Promise<void>> {
  await setBackendFault(call, "the array is on fire");
  const clear = () => clearBackendFault(call);
  cloud.cleanup(clear);
  return clear;
}

export const exchanges = [
  exchange(
    "a volume that cannot be made",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const clear = await failing(cloud, "cinder.create_volume");
      const made = await beta.call("cinder", "POST", "/volumes", { volume: { size: 1, name: "parity-cinder-fails" } });
      const path = `/volumes/${field(made, "body.volume.id")}`;
      gone(cloud, beta, path);
      await settled(beta, path, "error");
      const messages = await beta.call("cinder", "GET", "/messages?limit=4&sort=created_at:desc", undefined, {
        unordered: true,
        varies: ["body.messages_links"],
      });
      const list = messages.body["messages"] as { id: string; event_id: string }[];
      const mine = list.find((message) => message.event_id === "VOLUME_VOLUME_001_003")?.id;
      await beta.call("cinder", "GET", `/messages/${mine}`);
      await beta.call("cinder", "GET", `/messages/${mine}`, undefined, { version: "3.2" });
      const alpha = await cloud.as("alpha");
      await alpha.call("cinder", "GET", `/messages/${mine}`);
      const reader = await cloud.as("beta-reader", "beta");
      await reader.call("cinder", "DELETE", `/messages/${mine}`);
      await beta.call("cinder", "DELETE", `/messages/${mine}`);
      await beta.call("cinder", "GET", `/messages/${mine}`);
      const { project } = await cloud.admin();
      await project.call("cinder", "GET", path);
      await clear();
      await beta.call("cinder", "DELETE", path);
      await vanished(beta, path);
    },
    BETA,
  ),
  exchange(
    "image, snapshot, extend, delete that fail",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const image = await tinyImage(beta);
      cloud.name(image, "image tiny");
      let clear = await failing(cloud, "cinder.copy_image_to_volume");
      const fromImage = await volume(cloud, beta, { imageRef: image });
      await settled(beta, `/volumes/${fromImage}`, "error");
      await clear();
      const id = await volume(cloud, beta);
      clear = await failing(cloud, "cinder.create_snapshot");
      const snap = await snapshot(cloud, beta, id);
      await settled(beta, `/snapshots/${snap}`, "error");
      await clear();
      clear = await failing(cloud, "cinder.extend_volume");
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-extend": { new_size: 2 } });
      await settled(beta, `/volumes/${id}`, "error_extending");
      await clear();
      await beta.call("cinder", "DELETE", `/snapshots/${snap}`);
      await vanished(beta, `/snapshots/${snap}`);
      clear = await failing(cloud, "cinder.delete_volume");
      await beta.call("cinder", "DELETE", `/volumes/${id}`);
      await settled(beta, `/volumes/${id}`, "error_deleting");
      await beta.call("cinder", "DELETE", `/volumes/${id}`);
      await clear();
      const { project } = await cloud.admin();
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "available" } });
      const messages = await beta.call("cinder", "GET", "/messages?limit=20&sort=created_at:desc", undefined, {
        unrecorded: true,
      });
      const ids = new Set([fromImage, id, snap]);
      const list = messages.body["messages"] as { id: string; resource_uuid: string; user_message: string }[];
      for (const message of list
        .filter((one) => ids.has(one.resource_uuid))
        .sort((a, b) => (a.user_message < b.user_message ? -1 : 1)))
        await beta.call("cinder", "GET", `/messages/${message.id}`);
    },
    BETA,
  ),
  exchange(
    "copies that fail",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const origin = await volume(cloud, beta);
      const snap = await snapshot(cloud, beta, origin);
      const told = async (id: string) => {
        const messages = await beta.call("cinder", "GET", "/messages?limit=20&sort=created_at:desc", undefined, {
          unrecorded: true,
        });
        const list = messages.body["messages"] as { id: string; resource_uuid: string; user_message: string }[];
        for (const message of list
          .filter((one) => one.resource_uuid === id)
          .sort((a, b) => (a.user_message < b.user_message ? -1 : 1)))
          await beta.call("cinder", "GET", `/messages/${message.id}`);
      };
      let clear = await failing(cloud, "cinder.create_volume_from_snapshot");
      const copy = await volume(cloud, beta, { snapshot_id: snap });
      await settled(beta, `/volumes/${copy}`, "error");
      await told(copy);
      await clear();
      clear = await failing(cloud, "cinder.create_cloned_volume");
      const clone = await volume(cloud, beta, { source_volid: origin });
      await settled(beta, `/volumes/${clone}`, "error");
      await told(clone);
      await clear();
      clear = await failing(cloud, "cinder.delete_snapshot");
      await beta.call("cinder", "DELETE", `/snapshots/${snap}`);
      await settled(beta, `/snapshots/${snap}`, "error_deleting");
      await told(snap);
      await clear();
      const { project } = await cloud.admin();
      await project.call("cinder", "POST", `/snapshots/${snap}/action`, { "os-reset_status": { status: "available" } });
      clear = await failing(cloud, "cinder.revert_to_snapshot");
      await beta.call("cinder", "POST", `/volumes/${origin}/action`, { revert: { snapshot_id: snap } });
      await beta.until("cinder", `/volumes/${origin}`, (reply) => status(reply).startsWith("error"));
      await beta.until("cinder", `/snapshots/${snap}`, (reply) => status(reply) !== "restoring");
      await told(origin);
      await clear();
      const left = await beta.call("cinder", "GET", "/snapshots/detail?sort=name:asc");
      for (const one of left.body["snapshots"] as { id: string; name: string }[])
        if (one.name.startsWith("[revert]")) {
          await beta.call("cinder", "DELETE", `/snapshots/${one.id}`);
          await vanished(beta, `/snapshots/${one.id}`);
        }
      await project.call("cinder", "POST", `/volumes/${origin}/action`, { "os-reset_status": { status: "available" } });
      await project.call("cinder", "POST", `/snapshots/${snap}/action`, { "os-reset_status": { status: "available" } });
    },
    BETA,
  ),
  exchange(
    "connections that fail",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      const attachment = {
        attachment: { volume_uuid: id, instance_uuid: id, connector: { host: "h", initiator: "iqn.x:y" } },
      };
      for (const call of ["cinder.create_export", "cinder.initialize_connection"] as const) {
        const clear = await failing(cloud, call);
        await beta.call("cinder", "POST", "/attachments", attachment);
        await beta.call("cinder", "GET", `/volumes/${id}`);
        const left = await beta.call("cinder", "GET", "/attachments/detail");
        for (const one of left.body["attachments"] as { id: string }[])
          await beta.call("cinder", "DELETE", `/attachments/${one.id}`);
        await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-reserve": null });
        await beta.call("cinder", "POST", `/volumes/${id}/action`, {
          "os-initialize_connection": { connector: { host: "h", initiator: "iqn.x:y" } },
        });
        await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-unreserve": null });
        await clear();
      }
      const made = await beta.call("cinder", "POST", "/attachments", attachment);
      const path = `/attachments/${field(made, "body.attachment.id")}`;
      cloud.cleanup(() => beta.call("cinder", "DELETE", path));
      const clear = await failing(cloud, "cinder.terminate_connection");
      await beta.call("cinder", "DELETE", path);
      await beta.call("cinder", "GET", path);
      await beta.until("cinder", `/volumes/${id}`, (reply) => status(reply) !== "");
      await clear();
      await beta.call("cinder", "DELETE", path);
      await beta.call("cinder", "GET", `/volumes/${id}`);
    },
    BETA,
  ),
];
