/** Volumes made, read, changed, listed, deleted. */
import { exchange, field } from "../exchange.ts";
import { BETA, gone, NOTHING, settled, vanished, volume } from "./support.ts";

export const exchanges = [
  exchange(
    "a volume is made, read, changed and deleted",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const made = await beta.call("cinder", "POST", "/volumes", {
        volume: { size: 1, name: " parity-cinder-life ", description: "d", metadata: { a: "b" } },
      });
      const path = `/volumes/${field(made, "body.volume.id")}`;
      gone(cloud, beta, path);
      await beta.until("cinder", path, (reply) => field(reply, "body.volume.status") === "available", {
        sequence: "body.volume.status",
        through: ["creating", "available"],
      });
      for (const version of ["3.0", "3.12", "3.20", "3.47", "3.48", "3.62", "3.63", "3.64", "3.65", "3.69", "3.71"])
        await beta.call("cinder", "GET", path, undefined, { version });
      const { project } = await cloud.admin();
      await project.call("cinder", "GET", path);
      await project.call("cinder", "GET", path, undefined, { version: "3.0" });
      await beta.call("cinder", "PUT", path, { volume: { name: "parity-cinder-other", description: null } });
      await beta.call("cinder", "PUT", path, { volume: { metadata: { c: "d" } } });
      await beta.call("cinder", "PUT", path, { volume: {} });
      await beta.call("cinder", "PUT", path, { volume: {} }, { version: "3.52" });
      await beta.call("cinder", "PUT", path, { volume: { size: 2 } });
      await beta.call("cinder", "PUT", path, { volume: { name: "x".repeat(256) } });
      await beta.call("cinder", "PUT", path, {});
      await beta.call("cinder", "PUT", `/volumes/${NOTHING}`, { volume: { name: "x" } });
      await beta.call("cinder", "DELETE", path);
      await vanished(beta, path);
      await beta.call("cinder", "DELETE", path);
      await beta.call("cinder", "GET", "/volumes/not-an-id");
    },
    BETA,
  ),
  exchange(
    "volumes that are refused",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const refused = (body: unknown, version?: string) =>
        beta.call("cinder", "POST", "/volumes", body, version ? { version } : {});
      await refused({});
      await refused({ volume: null });
      await refused({ volume: {} });
      await refused({ volume: { size: 0 } });
      await refused({ volume: { size: -1 } });
      await refused({ volume: { size: 1.5 } });
      await refused({ volume: { size: "many" } });
      await refused({ volume: { size: true } });
      await refused({ volume: { size: 99999999999 } });
      await refused({ volume: { size: null } });
      await refused({ volume: { size: 1, name: 5 } });
      await refused({ volume: { size: 1, name: "x".repeat(256) } });
      await refused({ volume: { size: 1, description: "x".repeat(256) } });
      await refused({ volume: { size: 1, metadata: [] } });
      await refused({ volume: { size: 1, metadata: { a: 1 } } });
      await refused({ volume: { size: 1, metadata: { é: "1" } } });
      await refused({ volume: { size: 1, metadata: { a: "x".repeat(256) } } });
      await refused({ volume: { size: 1, volume_type: "parity-unknown" } });
      await refused({ volume: { size: 1, volume_type: NOTHING } });
      await refused({ volume: { size: 1, volume_type: 7 } });
      await refused({ volume: { size: 1, availability_zone: "parity-unknown" } });
      await refused({ volume: { size: 1, availability_zone: "" } });
      await refused({ volume: { size: 1, snapshot_id: NOTHING } });
      await refused({ volume: { size: 1, snapshot_id: "x" } });
      await refused({ volume: { size: 1, source_volid: NOTHING } });
      await refused({ volume: { size: 1, backup_id: NOTHING } });
      await refused({ volume: { size: 1, imageRef: NOTHING } });
      await refused({ volume: { size: 1, imageRef: "parity-unknown" } });
      await refused({ volume: { size: 1, multiattach: true } });
      await refused({ volume: { size: 1, multiattach: "maybe" } });
      await refused({ volume: { size: 1, parity: 1 } });
      await refused({ volume: { size: 1, group_id: NOTHING } });
      await refused({ volume: { size: 1 }, more: 1 });
      await refused({ volume: { size: 1 }, "OS-SCH-HNT:scheduler_hints": "x" });
    },
    BETA,
  ),
  exchange(
    "metadata of a volume",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta, { metadata: { a: "1" } });
      const path = `/volumes/${id}/metadata`;
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "GET", path, undefined, { version: "3.14" });
      await beta.call("cinder", "POST", path, { metadata: { b: "2", c: "3" } });
      await beta.call("cinder", "GET", `${path}/b`);
      await beta.call("cinder", "GET", `${path}/parity-unknown`);
      await beta.call("cinder", "PUT", `${path}/b`, { meta: { b: "4" } });
      await beta.call("cinder", "PUT", `${path}/b`, { meta: { c: "4" } });
      await beta.call("cinder", "PUT", `${path}/b`, { meta: {} });
      await beta.call("cinder", "PUT", `${path}/b`, {});
      await beta.call("cinder", "PUT", `${path}/b`, { meta: { b: "5" } }, { headers: { "If-Match": '"x"' } });
      await beta.call("cinder", "PUT", path, { metadata: { z: "26" } });
      await beta.call("cinder", "DELETE", `${path}/z`);
      await beta.call("cinder", "DELETE", `${path}/z`);
      await beta.call("cinder", "POST", path, { metadata: { b: 2 } });
      await beta.call("cinder", "POST", path, { metadata: { "": "2" } });
      await beta.call("cinder", "POST", path, {});
      await beta.call("cinder", "POST", `/volumes/${NOTHING}/metadata`, { metadata: {} });
      const image = { "os-set_image_metadata": { metadata: { kernel: "k" } } };
      await beta.call("cinder", "POST", `/volumes/${id}/action`, image);
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-show_image_metadata": null });
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-unset_image_metadata": { key: "kernel" } });
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-unset_image_metadata": { key: "kernel" } });
      await beta.call("cinder", "GET", `/volumes/${id}`);
    },
    BETA,
  ),
  exchange(
    "lists of volumes",
    async (cloud) => {
      const beta = await cloud.as("beta");
      for (const name of ["parity-cinder-a", "parity-cinder-b", "parity-cinder-c"]) {
        const id = await volume(cloud, beta, { name, size: name.endsWith("c") ? 2 : 1, metadata: { n: name } });
        cloud.name(id, name);
        await new Promise((resolve) => setTimeout(resolve, 1100));
      }
      const list = (query: string, version?: string | null) =>
        beta.call("cinder", "GET", `/volumes${query}`, undefined, version === undefined ? {} : { version });
      await list("");
      await list("/detail");
      await list("/detail", null);
      const page = await list("?limit=2&sort=name:asc");
      const links = field(page, "body.volumes_links") as { href: string }[];
      await beta.call("cinder", "GET", String(links[0]?.href));
      await list("/detail?limit=1");
      await list("?limit=0");
      await list("?limit=-1");
      await list("?limit=x");
      await list("?offset=1");
      await list("?offset=-1");
      await list(`?marker=${NOTHING}`);
      await list("?sort=size:desc,name:asc");
      await list("?sort_key=name&sort_dir=asc");
      await list("?sort=name&sort_key=name");
      await list("?sort=parity:asc");
      await list("?sort=name:up");
      await list("?with_count=true&limit=1");
      await list("?name=parity-cinder-b", "3.30");
      await list("?status=available&name=parity-cinder-a", "3.30");
      await list("?metadata={'n':'parity-cinder-c'}", "3.30");
      await list("?parity=1", "3.30");
      await list("?name=parity-cinder-b");
      await list("?all_tenants=1&limit=1&sort=name:asc");
      await list("?bootable=maybe", "3.30");
      await list("/summary");
      await list("/summary", "3.12");
      const { project } = await cloud.admin();
      const path = `/volumes/detail?all_tenants=1&project_id=${beta.projectId}&sort=name:asc`;
      await project.call("cinder", "GET", path);
      await project.call("cinder", "GET", `/volumes?all_tenants=1&name=parity-cinder-b&project_id=${beta.projectId}`);
      await project.call("cinder", "GET", "/volumes?all_tenants=1&parity=1");
      await project.call("cinder", "GET", `/volumes?all_tenants=1&name~=cinder-b&project_id=${beta.projectId}`);
      await project.call("cinder", "GET", `/volumes?all_tenants=1&size=2&bootable=false&project_id=${beta.projectId}`);
    },
    BETA,
  ),
  exchange(
    "foreigners and readers",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const alpha = await cloud.as("alpha");
      const reader = await cloud.as("beta-reader", "beta");
      const id = await volume(cloud, beta);
      for (const [method, path, body] of [
        ["GET", `/volumes/${id}`],
        ["PUT", `/volumes/${id}`, { volume: { name: "x" } }],
        ["DELETE", `/volumes/${id}`],
        ["POST", `/volumes/${id}/action`, { "os-extend": { new_size: 2 } }],
        ["POST", `/volumes/${id}/metadata`, { metadata: { a: "b" } }],
        ["GET", `/volumes/${id}/metadata`],
        ["POST", "/snapshots", { snapshot: { volume_id: id } }],
        ["POST", "/backups", { backup: { volume_id: id } }],
        ["POST", "/attachments", { attachment: { volume_uuid: id, instance_uuid: NOTHING } }],
        ["POST", "/volume-transfers", { transfer: { volume_id: id } }],
      ] as [string, string, unknown?][]) {
        await alpha.call("cinder", method, path, body);
        await reader.call("cinder", method, path, body);
      }
      await reader.call("cinder", "POST", "/volumes", { volume: { size: 1 } });
      await reader.call("cinder", "GET", "/volumes");
      for (const action of [
        "os-reserve",
        "os-unreserve",
        "os-begin_detaching",
        "os-roll_detaching",
        "os-detach",
        "os-reset_status",
        "os-force_delete",
        "os-attach",
        "os-initialize_connection",
        "os-terminate_connection",
        "os-set_bootable",
        "os-update_readonly_flag",
        "os-retype",
        "os-migrate_volume",
        "os-force_detach",
        "revert",
      ]) {
        const bodies: Record<string, unknown> = {
          "os-reset_status": { status: "error" },
          "os-attach": { mountpoint: "/dev/vdb", instance_uuid: NOTHING },
          "os-initialize_connection": { connector: {} },
          "os-terminate_connection": { connector: {} },
          "os-set_bootable": { bootable: true },
          "os-update_readonly_flag": { readonly: true },
          "os-retype": { new_type: "nfs" },
          "os-migrate_volume": { host: "x" },
          "os-force_detach": {},
          "os-detach": {},
        };
        await reader.call("cinder", "POST", `/volumes/${id}/action`, { [action]: bodies[action] ?? {} });
        if (/reset|force|migrate/.test(action))
          await beta.call("cinder", "POST", `/volumes/${id}/action`, { [action]: bodies[action] ?? {} });
      }
      await beta.call("cinder", "DELETE", `/volumes/${id}?force=true`);
      await settled(beta, `/volumes/${id}`, "available");
    },
    BETA,
  ),
];
