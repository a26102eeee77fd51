/** Attachments, as of microversion 3.27. */
import { exchange, field } from "../exchange.ts";
import { BETA, NOTHING, settled, volume } from "./support.ts";

const MACHINE = "11111111-2222-4333-8444-555555555555";
const CONNECTOR = {
  initiator: "iqn.2026-01.org.example:parity",
  ip: "192.0.2.9",
  host: "parity-host",
  platform: "x86_64",
  os_type: "linux",
  multipath: false,
  mode: "rw",
};

export const exchanges = [
  exchange(
    "an attachment in one step",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      cloud.name(MACHINE, "machine");
      const made = await beta.call(
        "cinder",
        "POST",
        "/attachments",
        { attachment: { volume_uuid: id, instance_uuid: MACHINE, connector: CONNECTOR, mode: "rw" } },
        { version: "3.54" },
      );
      const path = `/attachments/${field(made, "body.attachment.id")}`;
      cloud.cleanup(() => beta.call("cinder", "DELETE", path));
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "GET", "/attachments");
      await beta.call("cinder", "GET", "/attachments/detail");
      await beta.call("cinder", "GET", `/attachments?volume_id=${id}`);
      await beta.call("cinder", "GET", `/attachments?volume_id=${id}`, undefined, { version: "3.30" });
      await beta.call("cinder", "GET", `/attachments?volume_id=${NOTHING}`, undefined, { version: "3.30" });
      await beta.call("cinder", "GET", `/attachments?instance_id=${MACHINE}`, undefined, { version: "3.30" });
      await beta.call("cinder", "POST", `${path}/action`, { "os-complete": null }, { version: "3.43" });
      await beta.call("cinder", "POST", `${path}/action`, { "os-complete": {} });
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "GET", `/volumes/${id}`);
      const { project } = await cloud.admin();
      await project.call("cinder", "GET", `/volumes/${id}`);
      await project.call("cinder", "GET", path);
      await beta.call("cinder", "POST", "/attachments", {
        attachment: { volume_uuid: id, instance_uuid: NOTHING },
      });
      await beta.call("cinder", "DELETE", `/volumes/${id}`);
      const alpha = await cloud.as("alpha");
      const reader = await cloud.as("beta-reader", "beta");
      await alpha.call("cinder", "GET", path);
      await alpha.call("cinder", "DELETE", path);
      await reader.call("cinder", "GET", path);
      await reader.call("cinder", "DELETE", path);
      await reader.call("cinder", "POST", `${path}/action`, { "os-complete": {} });
      await reader.call("cinder", "PUT", path, { attachment: { connector: CONNECTOR } });
      await beta.call("cinder", "DELETE", path);
      await settled(beta, `/volumes/${id}`, "available");
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "DELETE", path);
    },
    BETA,
  ),
  exchange(
    "an attachment step by step",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      cloud.name(MACHINE, "machine");
      const made = await beta.call("cinder", "POST", "/attachments", {
        attachment: { volume_uuid: id, instance_uuid: MACHINE },
      });
      const path = `/attachments/${field(made, "body.attachment.id")}`;
      cloud.cleanup(() => beta.call("cinder", "DELETE", path));
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "DELETE", `/volumes/${id}`);
      await beta.call("cinder", "POST", "/attachments", { attachment: { volume_uuid: id, instance_uuid: NOTHING } });
      const twin = await beta.call("cinder", "POST", "/attachments", {
        attachment: { volume_uuid: id, instance_uuid: MACHINE, connector: null },
      });
      await beta.call("cinder", "DELETE", `/attachments/${field(twin, "body.attachment.id")}`);
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "PUT", path, { attachment: { connector: { ...CONNECTOR, mountpoint: "/dev/vdc" } } });
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "PUT", path, { attachment: { connector: {} } });
      await beta.call("cinder", "PUT", path, { attachment: {} });
      await beta.call("cinder", "PUT", path, {});
      await beta.call("cinder", "PUT", `/attachments/${NOTHING}`, { attachment: { connector: CONNECTOR } });
      await beta.call("cinder", "POST", `/attachments/${NOTHING}/action`, { "os-complete": {} });
      await beta.call("cinder", "POST", `${path}/action`, { "os-complete": {} });
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-begin_detaching": {} });
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "POST", `/volumes/${id}/action`, { "os-roll_detaching": {} });
      await beta.call("cinder", "DELETE", path, undefined, { version: "3.27" });
      await beta.call("cinder", "GET", `/volumes/${id}`);
    },
    BETA,
  ),
  exchange(
    "attachments that are refused",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const { project } = await cloud.admin();
      const id = await volume(cloud, beta);
      const create = (body: unknown, version?: string) =>
        beta.call("cinder", "POST", "/attachments", body, version ? { version } : {});
      await create({});
      await create({ attachment: {} });
      await create({ attachment: { volume_uuid: "x" } });
      await create({ attachment: { volume_uuid: NOTHING, instance_uuid: NOTHING } });
      await create({ attachment: { volume_uuid: id, instance_uuid: "x" } });
      await create({ attachment: { volume_uuid: id, instance_uuid: NOTHING, mode: "x" } });
      await create({ attachment: { volume_uuid: id, instance_uuid: NOTHING, mode: "ro" } }, "3.53");
      await create({ attachment: { volume_uuid: id, instance_uuid: NOTHING, connector: "x" } });
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "error" } });
      await create({ attachment: { volume_uuid: id, instance_uuid: NOTHING } });
      await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "available" } });
    },
    BETA,
  ),
  exchange(
    "an attachment for reading only, without a machine",
    async (cloud) => {
      const beta = await cloud.as("beta");
      const id = await volume(cloud, beta);
      const made = await beta.call("cinder", "POST", "/attachments", {
        attachment: { volume_uuid: id, connector: { host: "parity-host", initiator: "iqn.x:y" }, mode: "ro" },
      });
      const path = `/attachments/${field(made, "body.attachment.id")}`;
      cloud.cleanup(() => beta.call("cinder", "DELETE", path));
      await beta.call("cinder", "GET", path);
      await beta.call("cinder", "POST", `${path}/action`, { "os-complete": {} });
      await beta.call("cinder", "GET", `/volumes/${id}`);
      await beta.call("cinder", "DELETE", path);
      await beta.call("cinder", "GET", `/volumes/${id}`);
    },
    BETA,
  ),
];
