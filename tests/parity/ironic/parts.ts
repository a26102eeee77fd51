import { type Exchange, exchange, field } from "../exchange.ts";
import { drive, giveBack } from "./kit.ts";

/** What belongs to a node, and runbooks. */
export const exchanges: Exchange[] = [
  exchange("traits", async (cloud) => {
    const { tenant, node } = await drive(cloud);
    cloud.cleanup(() =>
      tenant.call("ironic", "PUT", `${node}/traits`, { traits: ["CUSTOM_RACK_R0", "HW_CPU_X86_AVX2"] }),
    );
    await tenant.call("ironic", "GET", `${node}/traits`);
    await tenant.call("ironic", "PUT", `${node}/traits/CUSTOM_PARITY`);
    await tenant.call("ironic", "GET", `${node}/traits`);
    await tenant.call("ironic", "DELETE", `${node}/traits/CUSTOM_PARITY`);
    await tenant.call("ironic", "DELETE", `${node}/traits/CUSTOM_PARITY`);
    await tenant.call("ironic", "PUT", `${node}/traits`, { traits: ["CUSTOM_B", "CUSTOM_A"] });
    await tenant.call("ironic", "GET", `${node}/traits`);
    await tenant.call("ironic", "PUT", `${node}/traits`, { traits: ["nope"] });
    await tenant.call("ironic", "PUT", `${node}/traits`, {});
    await tenant.call("ironic", "PUT", `${node}/traits/nope`);
    const reader = await cloud.as("alpha-reader", "alpha");
    await reader.call("ironic", "GET", `${node}/traits`);
    await reader.call("ironic", "PUT", `${node}/traits/CUSTOM_PARITY`);
    const beta = await cloud.as("beta");
    await beta.call("ironic", "PUT", "/nodes/beta-0/traits/CUSTOM_PARITY");
  }),

  exchange("console, boot device, firmware and the rest", async (cloud) => {
    const { tenant, node } = await drive(cloud);
    await tenant.call("ironic", "GET", `${node}/states/console`);
    await tenant.call("ironic", "PUT", `${node}/states/console`, { enabled: true });
    await tenant.until("ironic", `${node}?fields=console_enabled`, ({ body }) => body["console_enabled"] === true);
    await tenant.call("ironic", "GET", `${node}/states/console`);
    await tenant.call("ironic", "PUT", `${node}/states/console`, { enabled: false });
    await tenant.until("ironic", `${node}?fields=console_enabled`, ({ body }) => body["console_enabled"] === false);
    await tenant.call("ironic", "PUT", `${node}/states/console`, { enabled: "maybe" });
    await tenant.call("ironic", "GET", `${node}/management/boot_device/supported`);
    await tenant.call("ironic", "PUT", `${node}/management/boot_device`, { boot_device: "disk", persistent: true });
    await tenant.call("ironic", "GET", `${node}/management/boot_device`);
    await tenant.call("ironic", "PUT", `${node}/management/boot_device`, { boot_device: "pxe" });
    await tenant.call("ironic", "PUT", `${node}/management/boot_device`, { boot_device: "nope" });
    await tenant.call("ironic", "PUT", `${node}/management/boot_device`, {});
    await tenant.call("ironic", "PUT", `${node}/management/inject_nmi`, {});
    await tenant.call("ironic", "PUT", `${node}/states/boot_mode`, { target: "nope" });
    await tenant.call("ironic", "PUT", `${node}/states/raid`, { logical_disks: [{ size_gb: 1 }] });
    await tenant.call("ironic", "PUT", `${node}/states/raid`, { logical_disks: [{ size_gb: 100, raid_level: "1" }] });
    await tenant.call("ironic", "GET", `${node}?fields=raid_config,target_raid_config`);
    await tenant.call("ironic", "PUT", `${node}/states/raid`, {});
    await tenant.call("ironic", "GET", `${node}/bios`);
    await tenant.call("ironic", "GET", `${node}/bios/nope`);
    await tenant.call("ironic", "GET", `${node}/firmware`);
    await tenant.call("ironic", "GET", `${node}/children`);
    await tenant.call("ironic", "GET", `${node}/vmedia`);
    await tenant.call("ironic", "GET", `${node}/history/5b3c4b1e-0000-4000-8000-000000000000`);
    await tenant.call("ironic", "GET", `${node}/vendor_passthru/methods`);
    const beta = await cloud.as("beta");
    for (const path of ["states/console", "management/boot_device", "history", "inventory"])
      await beta.call("ironic", "GET", `/nodes/beta-0/${path}`);
    for (const path of ["bios", "firmware", "traits", "vifs", "children"])
      await beta.call("ironic", "GET", `/nodes/beta-0/${path}`);
    await beta.call("ironic", "PUT", "/nodes/beta-0/management/inject_nmi", {});
    await beta.call("ironic", "PUT", "/nodes/beta-0/states/raid", {});
  }),

  exchange("VIFs that are refused", async (cloud) => {
    const { tenant, node } = await drive(cloud);
    const nope = "5b3c4b1e-0000-4000-8000-000000000000";
    for (const body of [
      { id: nope },
      {},
      { id: 7 },
      { id: "a b" },
      { id: nope, port_uuid: nope, portgroup_uuid: nope },
    ])
      await tenant.call("ironic", "POST", `${node}/vifs`, body);
    await tenant.call("ironic", "DELETE", `${node}/vifs/${nope}`);
    await tenant.call("ironic", "GET", `${node}/vifs`, undefined, { version: "1.27" });
    const reader = await cloud.as("alpha-reader", "alpha");
    await reader.call("ironic", "GET", `${node}/vifs`);
    await reader.call("ironic", "POST", `${node}/vifs`, { id: nope });
  }),

  exchange("ports and port groups", async (cloud) => {
    const { tenant, uuid } = await drive(cloud);
    await tenant.call("ironic", "GET", `/ports?node=${uuid}&sort_key=address`);
    await tenant.call("ironic", "GET", `/nodes/${uuid}/ports?detail=true&sort_key=address`, undefined, {
      varies: ["body.ports.*.updated_at"],
    });
    await tenant.call("ironic", "GET", "/nodes/alpha-0/ports");
    await tenant.call("ironic", "GET", "/ports?address=52:54:00:01:00:00&fields=uuid,address,pxe_enabled");
    await tenant.call("ironic", "GET", "/ports?address=nope");
    await tenant.call("ironic", "GET", "/ports/5b3c4b1e-0000-4000-8000-000000000000");
    await tenant.call("ironic", "POST", "/ports", { address: "52:54:00:99:00:01" });
    await tenant.call("ironic", "POST", "/ports", { node_uuid: uuid, address: "nope" });
    await tenant.call("ironic", "POST", "/ports", { node_uuid: uuid, address: "52:54:00:01:00:00" });
    const made = await tenant.call("ironic", "POST", "/portgroups", { node_uuid: uuid, name: "parity-bond" });
    const path = `/portgroups/${field(made, "body.uuid")}`;
    cloud.cleanup(() => tenant.call("ironic", "DELETE", path));
    await tenant.call("ironic", "POST", "/portgroups", { node_uuid: uuid, name: "parity-bond" });
    await tenant.call("ironic", "GET", path);
    await tenant.call("ironic", "PATCH", path, [{ op: "replace", path: "/mode", value: "802.3ad" }]);
    await tenant.call("ironic", "GET", `/portgroups?node=${uuid}`);
    await tenant.call("ironic", "DELETE", path);
    await tenant.call("ironic", "GET", path);
    const beta = await cloud.as("beta");
    await beta
      .call("ironic", "GET", "/nodes/beta-0?fields=uuid", undefined, { unrecorded: true })
      .then((reply) =>
        beta.call("ironic", "POST", "/portgroups", { node_uuid: field(reply, "body.uuid"), name: "parity-bond" }),
      );
  }),

  exchange("runbooks", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node } = driver;
    giveBack(cloud, driver);
    const steps = [{ interface: "deploy", step: "erase_devices", args: {}, order: 1 }];
    const made = await tenant.call("ironic", "POST", "/runbooks", { name: "CUSTOM_PARITY", steps });
    const path = `/runbooks/${field(made, "body.uuid")}`;
    cloud.cleanup(() => tenant.call("ironic", "DELETE", path));
    await tenant.call("ironic", "POST", "/runbooks", { name: "CUSTOM_PARITY", steps });
    await tenant.call("ironic", "POST", "/runbooks", { name: "CUSTOM_OTHER", steps: [] });
    await tenant.call("ironic", "POST", "/runbooks", { name: "CUSTOM_OTHER", steps, public: true });
    await tenant.call("ironic", "GET", path);
    await tenant.call("ironic", "GET", "/runbooks?sort_key=name");
    await tenant.call("ironic", "PATCH", path, [{ op: "add", path: "/description", value: "parity" }]);
    await tenant.call("ironic", "PATCH", path, [{ op: "replace", path: "/public", value: true }]);
    await tenant.call("ironic", "PUT", `${path}/traits/CUSTOM_NOPE`);
    await tenant.call("ironic", "GET", `${path}/traits`);
    await tenant.call("ironic", "PUT", `${node}/states/provision`, { target: "manage" });
    await tenant.until(
      "ironic",
      `${node}?fields=provision_state`,
      ({ body }) => body["provision_state"] === "manageable",
    );
    await tenant.call("ironic", "PUT", `${node}/states/provision`, { target: "clean", runbook: "CUSTOM_PARITY" });
    await tenant.call("ironic", "PUT", `${node}/states/provision`, { target: "clean", runbook: "nope" });
    const beta = await cloud.as("beta");
    await beta.call("ironic", "GET", path);
    await beta.call("ironic", "GET", "/runbooks");
    await tenant.call("ironic", "GET", "/runbooks", undefined, { version: "1.91" });
    await tenant.call("ironic", "DELETE", path);
    await tenant.call("ironic", "GET", path);
  }),
];
