/** Actions of volumes. */
import { exchange, field } from "../exchange.ts";
import { BETA, NOTHING, settled, volume } from "./support.ts";

const MACHINE = "11111111-2222-4333-8444-555555555555";

export const exchanges = [
  exchange(
    "the older way to attach, as ironic does it",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      cloud.name(MACHINE, "machine");
      const act = (action: string, body: unknown) =>
        beta.call("cinder", "POST", `/volumes/${id}/action`, { [action]: body });
      const show = () => beta.call("cinder", "GET", `/volumes/${id}`);
      await act("os-reserve", null);
      await show();
      await act("os-reserve", null);
      await act("os-initialize_connection", {
        connector: { initiator: "iqn.x:y", ip: "192.0.2.9", host: "parity", multipath: true, wwpns: [] },
      });
      await act("os-attach", { instance_uuid: MACHINE, mountpoint: "ironic_mountpoint", mode: "rw" });
      const seen = await show();
      const attachment = String(field(seen, "body.volume.attachments.0.attachment_id"));
      const { project } = await cloud.admin();
      await project.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "GET", `/attachments/${attachment}`);
      await act("os-attach", { instance_uuid: MACHINE, mountpoint: "again" });
      const twice = { "os-attach": { instance_uuid: NOTHING, mountpoint: "/dev/vdb" } };
      await beta.call("cinder", "POST", `/volumes/${id}/action`, twice, {
        note: "the message ends with a Python traceback",
        varies: ["body.badRequest.message"],
      });
      await act("os-reserve", null);
      await act("os-begin_detaching", null);
      await act("os-begin_detaching", null);
      await act("os-roll_detaching", null);
      await act("os-begin_detaching", null);
      await act("os-terminate_connection", { connector: { initiator: "iqn.x:y", ip: "192.0.2.9", host: "parity" } });
      await act("os-detach", { attachment_id: NOTHING });
      await act("os-detach", { attachment_id: attachment });
      await show();
      await act("os-reserve", null);
      await act("os-unreserve", null);
      await act("os-unreserve", null);
      await show();
      await act("os-detach", {});
      await act("os-begin_detaching", {});
      await act("os-attach", {});
      await act("os-attach", { mountpoint: "x" });
      await act("os-attach", { mountpoint: "x", instance_uuid: "y" });
      await act("os-attach", { mountpoint: "x", host_name: "y", mode: "z" });
      await act("os-initialize_connection", {});
      await act("os-terminate_connection", {});
      await act("os-attach", { mountpoint: "/dev/vdb", host_name: "some host" });
      await show();
      await act("os-detach", {});
      await show();
    },
    BETA,
  ),
  exchange(
    "larger, read only, bootable",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      const id = await volume(cloud, beta);
      const act = (action: string, body: unknown, version?: string) =>
        beta.call("cinder", "POST", `/volumes/${id}/action`, { [action]: body }, version ? { version } : {});
      await act("os-extend", { new_size: 2 });
      await settled(beta, `/volumes/${id}`, "available");
      await act("os-extend", { new_size: 2 });
      await act("os-extend", { new_size: 1 });
      await act("os-extend", { new_size: "x" });
      await act("os-extend", {});
      await act("os-extend", { new_size: 100000 });
      await act("os-set_bootable", { bootable: true });
      await act("os-set_bootable", { bootable: "maybe" });
      await act("os-update_readonly_flag", { readonly: true });
      await act("os-update_readonly_flag", { readonly: "x" });
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "GET", `/volumes/${id}/metadata`);
      await act("os-update_readonly_flag", { readonly: false });
      await act("os-set_bootable", { bootable: "false" });
      await beta.call("cinder", "GET", `/volumes/${id}`);
      const made = await beta.call("cinder", "POST", "/attachments", {
        attachment: { volume_uuid: id, instance_uuid: MACHINE, connector: { host: "h", initiator: "iqn.x:y" } },
      });
      const attachment = `/attachments/${field(made, "body.attachment.id")}`;
      cloud.cleanup(() => beta.call("cinder", "DELETE", attachment));
      await beta.call("cinder", "POST", `${attachment}/action`, { "os-complete": {} });
      await act("os-extend", { new_size: 3 }, "3.41");
      await act("os-update_readonly_flag", { readonly: true });
      await act("os-retype", { new_type: "nfs" });
      await act("os-retype", { new_type: "parity-unknown" });
      await act("os-retype", { new_type: "iscsi", migration_policy: "never" });
      await act("os-retype", { new_type: "iscsi", migration_policy: "sometimes" });
      await act("os-retype", {});
      await beta.until("cinder", `/volumes/${id}`, (reply) => field(reply, "body.volume.status") === "in-use");
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-migrate_volume": { host: "parity" } });
    },
    BETA,
  ),
  exchange(
    "status set by the administrator, and a forced delete",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      const id = await volume(cloud, beta);
      const act = (action: string, body: unknown) =>
        project.call("cinder", "POST", `/volumes/${id}/action`, { [action]: body });
      await act("os-reset_status", { status: "error" });
      await act("os-reset_status", {});
      await act("os-reset_status", { status: "parity" });
      await act("os-reset_status", { status: "in-use" });
      await act("os-reset_status", { status: "deleting" });
      await act("os-reset_status", { attach_status: "parity" });
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-extend": { new_size: 2 } });
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-reserve": null });
      await act("os-reset_status", { status: "creating" });
      await beta.call("cinder", "DELETE", `/volumes/${id}`);
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await act("os-force_delete", {});
      await beta.until("cinder", `/volumes/${id}`, (reply) => reply.status === 404);
      await act("os-force_delete", {});
    },
    BETA,
  ),
];
