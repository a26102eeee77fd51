import { clearNodeFaults, setNodeDelay, setNodeFault } from "../../cloud/faults.ts";
import { type Exchange, exchange, field } from "../exchange.ts";
import { CLEANING, DEPLOYING, drive, giveBack, makePort, prepare, STATE, tinyImage, until, untilPower } from "./kit.ts";

/** What Ironic notes for itself depends on what happened to the node before. */
const VARIES = { varies: ["body.driver_internal_info", "body.inspection_finished_at"] };

const provision = (node: string) => `${node}/states/provision`;

/** Whole lives of machines. */
export const exchanges: Exchange[] = [
  exchange("a machine from its allocation to its end", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node, uuid } = driver;
    giveBack(cloud, driver);
    const image = await tinyImage(cloud, driver);
    const port = await makePort(cloud, driver);
    const name = "parity-ironic-life";
    const asked = { name, resource_class: "metal", candidate_nodes: [uuid], extra: { note: "parity" } };
    await tenant.call("ironic", "POST", "/allocations", asked);
    cloud.cleanup(() => tenant.call("ironic", "DELETE", `/allocations/${name}`));
    await tenant.until("ironic", `/allocations/${name}`, ({ body }) => body["state"] !== "allocating");
    await tenant.call("ironic", "POST", "/allocations", { name, resource_class: "metal" });
    await tenant.call("ironic", "GET", `${node}/allocation`);
    await tenant.call("ironic", "GET", `${node}?fields=${STATE},allocation_uuid`);
    await tenant.call(
      "ironic",
      "PATCH",
      node,
      [{ op: "add", path: "/instance_info/image_source", value: image }],
      VARIES,
    );
    await tenant.call("ironic", "POST", `${node}/vifs`, { id: port });
    await tenant.call("ironic", "POST", `${node}/vifs`, { id: port });
    await tenant.call("ironic", "GET", `${node}/vifs`);
    await tenant.call("ironic", "GET", `${node}/validate`);
    const drive_ = { meta_data: { hostname: "parity" }, user_data: "#cloud-config" };
    await tenant.call("ironic", "PUT", provision(node), { target: "active", configdrive: drive_ });
    await tenant.call("ironic", "PUT", provision(node), { target: "active" });
    await tenant.call("ironic", "PATCH", node, [{ op: "add", path: "/extra/x", value: 1 }]);
    await until(driver, "active", DEPLOYING);
    await tenant.call("neutron", "GET", `/ports/${port}`);
    await tenant.call("ironic", "GET", `/ports?node=${uuid}&detail=true`);
    await tenant.call("ironic", "DELETE", `/allocations/${name}`);
    await tenant.call("ironic", "PATCH", node, [{ op: "replace", path: "/resource_class", value: "other" }]);
    await tenant.call("ironic", "PATCH", node, [{ op: "replace", path: "/network_interface", value: "noop" }]);
    await tenant.call("ironic", "PATCH", node, [{ op: "remove", path: "/instance_uuid" }]);
    await tenant.call("ironic", "PUT", provision(node), { target: "provide" });
    await tenant.call("ironic", "PUT", `${node}/states/power`, { target: "power off" });
    await untilPower(driver, "power off");
    await tenant.call("ironic", "PUT", `${node}/states/power`, { target: "power on" });
    await untilPower(driver, "power on");
    await tenant.call("ironic", "PUT", `${node}/states/power`, { target: "rebooting" });
    await untilPower(driver, "power on");
    await tenant.call("ironic", "PUT", `${node}/states/power`, { target: "soft power off", timeout: 5 });
    await untilPower(driver, "power off");
    await tenant.call("ironic", "PUT", provision(node), { target: "deleted" });
    await until(driver, "available", CLEANING);
    await tenant.call("ironic", "GET", `/allocations/${name}`);
    await tenant.call("ironic", "GET", `${node}/vifs`);
    await tenant.call("neutron", "GET", `/ports/${port}`, undefined, {
      varies: ["body.port.mac_address", "body.port.revision_number"],
    });
  }),

  exchange("a machine without a network is not deployed", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node } = driver;
    giveBack(cloud, driver);
    const image = await tinyImage(cloud, driver);
    await tenant.call(
      "ironic",
      "PATCH",
      node,
      [{ op: "add", path: "/instance_info/image_source", value: image }],
      VARIES,
    );
    await tenant.call("ironic", "PUT", provision(node), { target: "active" });
    await until(driver, "deploy failed", DEPLOYING);
    await tenant.call("ironic", "PUT", provision(node), { target: "provide" });
    await tenant.call("ironic", "PUT", provision(node), { target: "deleted" });
    await until(driver, "available", CLEANING);
  }),

  exchange("a deploy that fails, is tried again and works", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node } = driver;
    giveBack(cloud, driver);
    await prepare(cloud, driver);
    await setNodeFault("alpha-0", "deploy", "disk not found");
    await tenant.call("ironic", "PUT", provision(node), { target: "active" });
    await until(driver, "deploy failed", DEPLOYING);
    await clearNodeFaults("alpha-0");
    await tenant.call("ironic", "PUT", provision(node), { target: "active" });
    await until(driver, "active", ["deploy failed", ...DEPLOYING]);
    await tenant.call("ironic", "PUT", provision(node), { target: "rebuild" });
    await until(driver, "active", DEPLOYING);
    await tenant.call("ironic", "PUT", provision(node), { target: "deleted" });
    await until(driver, "available", CLEANING);
  }),

  exchange("what is asked while the conductor works", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node } = driver;
    giveBack(cloud, driver);
    const port = await prepare(cloud, driver);
    await setNodeDelay("alpha-0", "boot_instance", 8);
    await tenant.call("ironic", "PUT", provision(node), { target: "active" });
    await tenant.until(
      "ironic",
      `${node}?fields=provision_state,target_provision_state,reservation,deploy_step`,
      ({ body }) => field({ body } as never, "body.deploy_step.step") === "boot_instance",
    );
    await tenant.call("ironic", "PUT", provision(node), { target: "deleted" });
    await tenant.call("ironic", "PUT", `${node}/states/power`, { target: "power on" });
    await tenant.call("ironic", "PATCH", node, [{ op: "add", path: "/extra/x", value: 1 }]);
    await tenant.call("ironic", "DELETE", `${node}/vifs/${port}`);
    await tenant.call("ironic", "PUT", `${node}/maintenance`, { reason: "parity" });
    await tenant.call("ironic", "GET", `${node}/vifs`);
    await until(driver, "active", DEPLOYING);
  }),

  exchange("an active machine is rescued, serviced and protected", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node } = driver;
    giveBack(cloud, driver);
    await prepare(cloud, driver);
    await tenant.call("ironic", "PUT", provision(node), { target: "active" }, { unrecorded: true });
    await until(driver, "active", DEPLOYING);
    await tenant.call("ironic", "PUT", provision(node), { target: "rescue" });
    await tenant.call("ironic", "PUT", provision(node), { target: "rescue", rescue_password: " " });
    await tenant.call("ironic", "PUT", provision(node), { target: "rescue", rescue_password: "s3cret" });
    await until(driver, "rescue", ["active", "rescuing", "rescue wait", "rescuing"]);
    await tenant.call("ironic", "PUT", provision(node), { target: "unrescue" });
    await until(driver, "active", ["rescue", "unrescuing"]);
    await tenant.call("ironic", "PUT", provision(node), { target: "service" });
    const steps = [{ interface: "deploy", step: "burnin" }];
    await tenant.call(
      "ironic",
      "PUT",
      provision(node),
      { target: "service", service_steps: steps },
      { version: "1.86" },
    );
    await tenant.call("ironic", "PUT", provision(node), { target: "service", service_steps: steps });
    await until(driver, "active", ["servicing", "service wait", "servicing"]);
    await tenant.call("ironic", "PATCH", node, [{ op: "add", path: "/protected", value: true }], VARIES);
    await tenant.call("ironic", "PUT", provision(node), { target: "deleted" });
    await tenant.call("ironic", "PUT", provision(node), { target: "rebuild" });
    await tenant.call("ironic", "PATCH", node, [{ op: "replace", path: "/protected", value: false }], VARIES);
    await tenant.call("ironic", "PUT", `${node}/maintenance`, { reason: "parity" });
    await tenant.call("ironic", "PUT", provision(node), { target: "rebuild" });
    await tenant.call("ironic", "PUT", provision(node), { target: "rescue", rescue_password: "x" });
    await tenant.call("ironic", "PUT", provision(node), { target: "service", service_steps: steps });
    await tenant.call("ironic", "DELETE", `${node}/maintenance`);
    await tenant.call("ironic", "PUT", provision(node), { target: "deleted" });
    await until(driver, "available", CLEANING);
  }),

  exchange("manage, inspect, clean by hand, provide", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node } = driver;
    giveBack(cloud, driver);
    await tenant.call("ironic", "PUT", provision(node), { target: "manage" });
    await until(driver, "manageable", ["available"]);
    await tenant.call("ironic", "PUT", provision(node), { target: "active" });
    await tenant.call("ironic", "PUT", provision(node), { target: "inspect" });
    await until(driver, "manageable", ["inspecting", "inspect wait", "inspecting"]);
    await tenant.call("ironic", "GET", `${node}?fields=properties,inspection_started_at,inspection_finished_at`);
    await tenant.call("ironic", "PUT", provision(node), { target: "clean" });
    await tenant.call("ironic", "PUT", provision(node), {
      target: "clean",
      clean_steps: [{ interface: "x", step: "y" }],
    });
    const steps = [{ interface: "deploy", step: "erase_devices" }];
    await tenant.call("ironic", "PUT", provision(node), { target: "clean", clean_steps: steps });
    await until(driver, "manageable", ["cleaning", "clean wait", "cleaning"]);
    await tenant.call("ironic", "PATCH", node, [{ op: "replace", path: "/retired", value: true }], VARIES);
    await tenant.call("ironic", "PUT", provision(node), { target: "provide" });
    await tenant.call("ironic", "PATCH", node, [{ op: "replace", path: "/retired", value: false }], VARIES);
    await tenant.call("ironic", "PUT", provision(node), { target: "provide" });
    await until(driver, "available", ["manageable", "cleaning", "clean wait", "cleaning"]);
  }),

  exchange("a cleaning that fails puts the machine into maintenance", async (cloud) => {
    const driver = await drive(cloud);
    const { tenant, node } = driver;
    giveBack(cloud, driver);
    await tenant.call("ironic", "PUT", provision(node), { target: "manage" });
    await until(driver, "manageable", ["available"]);
    await setNodeFault("alpha-0", "erase_devices_metadata", "no disk answers");
    await tenant.call("ironic", "PUT", provision(node), { target: "provide" });
    await until(driver, "clean failed", ["cleaning", "clean wait", "cleaning"]);
    await tenant.call("ironic", "PUT", provision(node), { target: "provide" });
    await tenant.call("ironic", "PUT", provision(node), { target: "manage" });
    await until(driver, "manageable", ["clean failed"]);
    await tenant.call("ironic", "DELETE", `${node}/maintenance`);
    await tenant.call("ironic", "GET", `${node}?fields=${STATE}`);
  }),

  exchange(
    "a lessee drives its machine",
    async (cloud) => {
      const driver = await drive(cloud);
      const { tenant, node } = driver;
      giveBack(cloud, driver);
      await prepare(cloud, driver);
      await tenant.call("ironic", "PUT", provision(node), { target: "active" });
      await until(driver, "active", DEPLOYING);
      await tenant.call("ironic", "GET", `${node}/states/console`);
      await tenant.call("ironic", "GET", `${node}/history`);
      await tenant.call("ironic", "GET", `${node}/inventory`);
      await tenant.call("ironic", "PATCH", node, [{ op: "replace", path: "/name", value: "parity-x" }]);
      await tenant.call("ironic", "PATCH", node, [{ op: "add", path: "/extra/parity", value: "x" }], VARIES);
      await tenant.call("ironic", "PATCH", node, [{ op: "remove", path: "/extra/parity" }], { unrecorded: true });
      await tenant.call("ironic", "PUT", provision(node), { target: "deleted" });
      await until(driver, "available", CLEANING);
    },
    { tenant: "beta" },
  ),
];
