import { type Exchange, exchange, field } from "../exchange.ts";
import { CLEANING, DEPLOYING, drive, giveBack, prepare, until, untilPower } from "./kit.ts";

const NOPE = "5b3c4b1e-0000-4000-8000-000000000000";

/** Volume connectors and targets. */
export const exchanges: Exchange[] = [
  exchange("volume connectors", async (cloud) => {
    const { tenant, uuid } = await drive(cloud);
    await tenant.call("ironic", "GET", `/volume/connectors?node=${uuid}&detail=true&sort_key=type`);
    await tenant.call("ironic", "GET", "/volume/connectors?node=alpha-0&sort_key=type&limit=1");
    const body = { node_uuid: uuid, type: "iqn", connector_id: "iqn.2026-11.parity:x" };
    const made = await tenant.call("ironic", "POST", "/volume/connectors", body);
    const path = `/volume/connectors/${field(made, "body.uuid")}`;
    cloud.cleanup(() => tenant.call("ironic", "DELETE", path));
    await tenant.call("ironic", "POST", "/volume/connectors", body);
    await tenant.call("ironic", "GET", path);
    await tenant.call("ironic", "GET", `${path}?fields=type,nope`);
    await tenant.call("ironic", "PATCH", path, [
      { op: "replace", path: "/connector_id", value: "iqn.2026-11.parity:y" },
    ]);
    await tenant.call("ironic", "PATCH", path, [{ op: "add", path: "/extra/note", value: "x" }]);
    await tenant.call("ironic", "PATCH", path, [{ op: "replace", path: "/node_uuid", value: NOPE }]);
    await tenant.call("ironic", "PATCH", path, [{ op: "replace", path: "/nope", value: 1 }]);
    await tenant.call("ironic", "POST", "/volume/connectors", { ...body, node_uuid: NOPE });
    await tenant.call("ironic", "POST", "/volume/connectors", { ...body, foo: 1 });
    await tenant.call("ironic", "POST", "/volume/connectors", {});
    const beta = await cloud.as("beta");
    await beta.call("ironic", "GET", path);
    await beta.call("ironic", "DELETE", path);
    const reader = await cloud.as("alpha-reader", "alpha");
    await reader.call("ironic", "GET", path);
    await reader.call("ironic", "DELETE", path);
    await reader.call("ironic", "POST", "/volume/connectors", body);
    await tenant.call("ironic", "DELETE", path);
    await tenant.call("ironic", "DELETE", path);
  }),

  exchange("volume targets that are refused", async (cloud) => {
    const { tenant, uuid } = await drive(cloud);
    const make = (body: object) => tenant.call("ironic", "POST", "/volume/targets", body);
    const good = { node_uuid: uuid, volume_type: "iscsi", boot_index: 1, volume_id: NOPE };
    await make({});
    await make({ ...good, node_uuid: "x" });
    await make({ ...good, boot_index: "x" });
    await make({ ...good, foo: 1 });
    await tenant.call("ironic", "GET", "/volume/targets?node=nope");
    await tenant.call("ironic", "GET", "/volume/targets?fields=nope");
    await tenant.call("ironic", "GET", "/volume/targets?detail=true&fields=uuid");
    await tenant.call("ironic", "GET", `/volume/targets/${NOPE}`);
    await tenant.call("ironic", "GET", "/volume/targets/x");
    await tenant.call("ironic", "DELETE", `/volume/targets/${NOPE}`);
    await tenant.call("ironic", "GET", "/volume/targets", undefined, { version: "1.31" });
    const made = await make({ ...good, properties: { auth_password: "x" }, extra: { a: 1 } });
    const path = `/volume/targets/${field(made, "body.uuid")}`;
    cloud.cleanup(() => tenant.call("ironic", "DELETE", path));
    await make(good);
    await tenant.call("ironic", "GET", path);
    await tenant.call("ironic", "PATCH", path, [{ op: "replace", path: "/boot_index", value: 2 }]);
    await tenant.call("ironic", "GET", `/volume/targets?node=${uuid}&detail=true`);
    const { system } = await cloud.admin();
    await system.call("ironic", "GET", path);
    await tenant.call("ironic", "DELETE", path);
  }),

  exchange("a volume goes with a machine", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node, uuid } = driver;
    giveBack(cloud, driver);
    await prepare(cloud, driver);
    const quiet = { unrecorded: true };
    const volume = { volume: { name: "parity-ironic-volume", size: 1, volume_type: "iscsi" } };
    const made = await tenant.call("cinder", "POST", "/volumes", volume, quiet);
    const id = String(field(made, "body.volume.id"));
    cloud.name(id, "volume");
    const path = `/volumes/${id}`;
    cloud.cleanup(async () => {
      await tenant.call("cinder", "DELETE", path);
      await tenant.until("cinder", path, ({ status }) => status === 404);
    });
    const ready = (status: string) =>
      tenant.until("cinder", path, (reply) => field(reply, "body.volume.status") === status, { seconds: 60 });
    await tenant.until("cinder", path, (reply) => field(reply, "body.volume.status") === "available", { note: "made" });
    const target = { node_uuid: uuid, volume_type: "iscsi", boot_index: 1, volume_id: id };
    const put = await tenant.call("ironic", "POST", "/volume/targets", target);
    const at = `/volume/targets/${field(put, "body.uuid")}`;
    await tenant.call("ironic", "PUT", `${node}/states/provision`, { target: "active" });
    await until(driver, "active", DEPLOYING);
    await ready("in-use");
    await tenant.call("ironic", "GET", at);
    await tenant.call("ironic", "DELETE", at);
    await tenant.call("ironic", "PATCH", at, [{ op: "replace", path: "/boot_index", value: 2 }]);
    await tenant.call("ironic", "PUT", `${node}/states/power`, { target: "power off" });
    await untilPower(driver, "power off");
    await ready("available");
    await tenant.call("ironic", "PUT", `${node}/states/power`, { target: "power on" });
    await untilPower(driver, "power on");
    await ready("in-use");
    await tenant.call("ironic", "PUT", `${node}/states/provision`, { target: "deleted" });
    await until(driver, "available", CLEANING);
    await ready("available");
    await tenant.call("ironic", "GET", `/volume/targets?node=${uuid}`);
  }),
];
