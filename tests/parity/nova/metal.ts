/** Bare metal servers whose building, keeping or deleting fails, and what else is special about them. */
import { clearNodeFault, setNodeFault } from "../../cloud/faults.ts";
import { exchange, field } from "../exchange.ts";
import { cleanUp, ids, network, nodesComeBack, PATIENT, soon, status } from "./kit.ts";

const settled = (reply: { body: Record<string, unknown> }): boolean =>
  field(reply as never, "body.server.OS-EXT-STS:task_state") === null;

export const exchanges = [
  exchange("nothing is free", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { image } = await ids(cloud, alpha);
    const { project: admin } = await cloud.admin();
    const flavor = { id: "parity-nova-none", name: "parity-nova-none", ram: 1024, vcpus: 1, disk: 10 };
    await admin.call("nova", "POST", "/flavors", { flavor }, { unrecorded: true });
    cloud.cleanup(() => admin.call("nova", "DELETE", "/flavors/parity-nova-none"));
    const extra_specs = { "resources:CUSTOM_BAREMETAL": "1", "trait:CUSTOM_NVME": "required" };
    await admin.call("nova", "POST", "/flavors/parity-nova-none/os-extra_specs", { extra_specs }, { unrecorded: true });
    const { network: net } = await network(cloud, alpha, "10.76.0.0/24");
    const made = await alpha.call("nova", "POST", "/servers", {
      server: { name: "parity-nova-none", imageRef: image, flavorRef: "parity-nova-none", networks: [{ uuid: net }] },
    });
    const id = String(field(made, "body.server.id"));
    cleanUp(cloud, alpha, id);
    await alpha.until("nova", `/servers/${id}`, (reply) => status(reply) === "ERROR", PATIENT);
    await admin.call("nova", "GET", `/servers/${id}`, undefined, {
      varies: [
        "body.server.OS-EXT-SRV-ATTR:instance_name",
        "body.server.OS-EXT-SRV-ATTR:reservation_id",
        "body.server.fault.details",
      ],
    });
    const actions = await alpha.call("nova", "GET", `/servers/${id}/os-instance-actions`);
    const request = field(actions, "body.instanceActions.0.request_id");
    await alpha.call("nova", "GET", `/servers/${id}/os-instance-actions/${request}`);
    await alpha.call("neutron", "GET", `/ports?network_id=${net}`);
    await alpha.call("nova", "POST", `/servers/${id}/action`, { "os-start": null });
    await alpha.call("nova", "POST", `/servers/${id}/action`, { rebuild: { imageRef: image } });
    await alpha.call("nova", "PUT", `/servers/${id}`, { server: { description: "in error" } });
    await alpha.call("nova", "POST", `/servers/${id}/os-interface`, { interfaceAttachment: { net_id: net } });
    await alpha.call("nova", "DELETE", `/servers/${id}`);
    await alpha.until("nova", `/servers/${id}`, (reply) => reply.status === 404, PATIENT);
  }),
  exchange("a deploy fails everywhere", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { image, metal } = await ids(cloud, alpha);
    const { network: net } = await network(cloud, alpha, "10.77.0.0/24");
    nodesComeBack(cloud);
    for (const node of ["bm-0", "bm-1", "bm-2", "bm-3"]) {
      await setNodeFault(node, "deploy", "parity: no disk");
      // A node that is being cleaned takes no change.
      cloud.cleanup(() =>
        soon(() =>
          clearNodeFault(node, "deploy").then(
            () => true,
            () => false,
          ),
        ),
      );
    }
    const made = await alpha.call("nova", "POST", "/servers", {
      server: { name: "parity-nova-fails", imageRef: image, flavorRef: metal, networks: [{ uuid: net }] },
    });
    const id = String(field(made, "body.server.id"));
    cleanUp(cloud, alpha, id);
    await alpha.until("nova", `/servers/${id}`, (reply) => status(reply) === "ERROR", { ...PATIENT });
    const actions = await alpha.call("nova", "GET", `/servers/${id}/os-instance-actions`);
    const all = field(actions, "body.instanceActions") as { action: string; request_id: string }[];
    const request = all.find(({ action }) => action === "create")?.request_id;
    await alpha.call("nova", "GET", `/servers/${id}/os-instance-actions/${request}`);
    await alpha.call("neutron", "GET", `/ports?network_id=${net}`);
  }),
  exchange("a volume is attached at run time, which does not last", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { image, metal } = await ids(cloud, alpha);
    const { system } = await cloud.admin();
    const { network: net } = await network(cloud, alpha, "10.78.0.0/24");
    nodesComeBack(cloud);
    const volume = async (name: string) => {
      const made = await alpha.call("cinder", "POST", "/volumes", { volume: { name, size: 1 } }, { unrecorded: true });
      const id = String(field(made, "body.volume.id"));
      cloud.name(id, `volume ${name}`);
      cloud.cleanup(() => soon(async () => (await alpha.call("cinder", "DELETE", `/volumes/${id}`)).status === 404));
      const ready = async () =>
        field(
          await alpha.call("cinder", "GET", `/volumes/${id}`, undefined, { unrecorded: true }),
          "body.volume.status",
        ) === "available";
      await soon(ready);
      return id;
    };
    const data = await volume("parity-nova-data");
    const late = await volume("parity-nova-late");
    const made = await alpha.call("nova", "POST", "/servers", {
      server: {
        name: "parity-nova-volumes",
        imageRef: image,
        flavorRef: metal,
        networks: [{ uuid: net }],
        block_device_mapping_v2: [
          { boot_index: 0, source_type: "image", destination_type: "local", uuid: image, delete_on_termination: true },
          {
            boot_index: -1,
            source_type: "volume",
            destination_type: "volume",
            uuid: data,
            delete_on_termination: false,
          },
        ],
      },
    });
    const id = String(field(made, "body.server.id"));
    const path = `/servers/${id}`;
    cleanUp(cloud, alpha, id);
    await alpha.until("nova", path, (reply) => status(reply) === "ACTIVE", PATIENT);
    await alpha.call("nova", "GET", `${path}/os-volume_attachments`);
    await alpha.call("nova", "GET", `${path}/os-volume_attachments`, undefined, { version: "2.1" });
    await alpha.call("nova", "GET", `${path}/os-volume_attachments`, undefined, { version: "2.70" });
    await alpha.call("nova", "GET", `${path}/os-volume_attachments/${data}`);
    await alpha.call("nova", "GET", `${path}/os-volume_attachments/${late}`);
    await alpha.call("cinder", "GET", `/volumes/${data}`);
    await system.call("ironic", "GET", `/volume/targets?detail=true`, undefined, { unrecorded: true });
    const attach = (volumeAttachment: unknown) =>
      alpha.call("nova", "POST", `${path}/os-volume_attachments`, { volumeAttachment });
    await attach({ volumeId: data });
    await attach({ volumeId: "00000000-0000-0000-0000-000000000001" });
    await attach({ volumeId: "parity" });
    await attach({});
    await attach({ volumeId: late, device: "parity" });
    await attach({ volumeId: late });
    await alpha.until("cinder", `/volumes/${late}`, (reply) => field(reply, "body.volume.status") === "available");
    await alpha.until("nova", `${path}/os-volume_attachments`, (reply) => !reply.text.includes(late));
    await alpha.call("nova", "GET", path);
    const actions = await alpha.call("nova", "GET", `${path}/os-instance-actions`);
    await alpha.call(
      "nova",
      "GET",
      `${path}/os-instance-actions/${field(actions, "body.instanceActions.0.request_id")}`,
    );
    await alpha.call("nova", "DELETE", `${path}/os-volume_attachments/${late}`);
    await alpha.call("nova", "DELETE", `${path}/os-volume_attachments/${data}`);
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await alpha.until("nova", path, settled);
    await alpha.call("nova", "GET", `${path}/os-volume_attachments`);
    await alpha.call("nova", "DELETE", path);
    await alpha.until("nova", path, (reply) => reply.status === 404, PATIENT);
    await alpha.until("cinder", `/volumes/${data}`, (reply) => field(reply, "body.volume.status") === "available");
  }),
];
