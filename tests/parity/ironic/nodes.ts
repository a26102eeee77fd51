import { type Exchange, exchange } from "../exchange.ts";
import { drive } from "./kit.ts";

/** What depends on what happened to the node before. */
const SHOWN = { varies: ["body.driver_internal_info", "body.inspection_finished_at"] };

/** Nodes as tenants see them. */
export const exchanges: Exchange[] = [
  exchange("a node of one's own at many versions", async (cloud) => {
    const { tenant, uuid } = await drive(cloud);
    await tenant.call("ironic", "GET", "/nodes/alpha-0", undefined, SHOWN);
    for (const version of ["1.1", "1.6", "1.14", "1.31", "1.38", "1.51", "1.65", "1.87", "1.104"])
      await tenant.call("ironic", "GET", `/nodes/${uuid}`, undefined, { ...SHOWN, version });
    await tenant.call("ironic", "GET", "/nodes/alpha-0", undefined, { version: "1.4" });
    await tenant.call("ironic", "GET", "/nodes/alpha-0/states");
    await tenant.call("ironic", "GET", "/nodes/alpha-0/states", undefined, { version: "1.11" });
  }),

  exchange(
    "a leased node",
    async (cloud) => {
      const { tenant } = await drive(cloud);
      await tenant.call("ironic", "GET", "/nodes/beta-0", undefined, SHOWN);
      await tenant.call(
        "ironic",
        "GET",
        "/nodes/beta-0?fields=uuid,last_error,reservation,driver_info,driver_internal_info",
      );
      await tenant.call("ironic", "GET", "/nodes/beta-0?fields=uuid,name,conductor,allocation_uuid,chassis_uuid");
      await tenant.call("ironic", "GET", "/nodes/alpha-0");
      const reader = await cloud.as("beta-reader", "beta");
      await reader.call("ironic", "GET", "/nodes/beta-0?fields=uuid,name,owner,lessee");
    },
    { tenant: "beta" },
  ),

  exchange("lists of nodes", async (cloud) => {
    const { tenant } = await drive(cloud);
    const list = (query: string, options = {}) => tenant.call("ironic", "GET", `/nodes?${query}`, undefined, options);
    await list("sort_key=name&resource_class=metal");
    await list("sort_key=name&resource_class=metal&fields=uuid,name,provision_state,traits,owner");
    await list("sort_key=name&sort_dir=desc&limit=1&fields=name,resource_class&resource_class=metal");
    await list("sort_key=name&resource_class=nope&associated=false&maintenance=false&detail=false");
    await list("sort_key=name&resource_class=metal&provision_state=available&fields=name");
    await list("sort_key=name&resource_class=metal", { version: "1.21" });
    await list("instance_uuid=5b3c4b1e-0000-4000-8000-000000000000");
    await list("driver=nope&retired=false&description_contains=nope");
    const reader = await cloud.as("alpha-reader", "alpha");
    await reader.call("ironic", "GET", "/nodes?sort_key=name&fields=name&resource_class=metal");
  }),

  exchange("lists of nodes that are refused", async (cloud) => {
    const { tenant } = await drive(cloud);
    for (const query of [
      "limit=0",
      "limit=-1",
      "limit=a",
      "marker=a",
      "marker=5b3c4b1e-0000-4000-8000-000000000000",
      "sort_key=extra",
      "sort_key=nope",
      "sort_dir=up",
      "nope=1",
      "maintenance=maybe",
      "provision_state=nope",
      "fault=nope",
      "instance_uuid=x",
      "project=other",
      "detail=true&fields=uuid",
      "fields=uuid,created_at",
    ])
      await tenant.call("ironic", "GET", `/nodes?${query}`);
    await tenant.call("ironic", "GET", "/nodes/alpha-0?fields=uuid,nope");
    for (const [version, query] of [
      ["1.7", "fields=uuid"],
      ["1.8", "provision_state=active"],
      ["1.15", "driver=x"],
      ["1.20", "resource_class=x"],
      ["1.41", "fault=power%20failure"],
      ["1.42", "detail=true"],
      ["1.49", "owner=x"],
      ["1.64", "lessee=x"],
      ["1.36", "fields=traits"],
    ])
      await tenant.call("ironic", "GET", `/nodes?${query}`, undefined, { version: version as string });
  }),

  exchange("changes of a node that are refused", async (cloud) => {
    const { tenant } = await drive(cloud);
    const change = (patch: unknown, options = {}) => tenant.call("ironic", "PATCH", "/nodes/alpha-0", patch, options);
    const replace = (path: string, value: unknown, options = {}) => change([{ op: "replace", path, value }], options);
    await replace("/nope", 1);
    await replace("/traits", ["CUSTOM_X"]);
    await replace("/name", "a b");
    await replace("/name", "alpha-1");
    await replace("/name", "detail");
    await change({ op: "replace" });
    await change([{ op: "test", path: "/name" }]);
    await change([{ op: "replace" }]);
    await change([{ op: "remove", path: "/extra/nope" }]);
    await replace("/extra/nope", 1);
    await change([{ op: "add", path: "/extra/a/b", value: 1 }]);
    await change([{ op: "add", path: "/extra/a b", value: 1 }]);
    await replace("/owner", "x");
    await replace("/protected", true);
    await replace("/retired", true);
    await replace("/automated_clean", false);
    await replace("/instance_uuid", "xx");
    await replace("/extra", 7);
    await replace("/maintenance", "maybe");
    await replace("/driver", "nope");
    await replace("/protected_reason", "because");
    await replace("/description", "x", { version: "1.50" });
    const reader = await cloud.as("alpha-reader", "alpha");
    await reader.call("ironic", "PATCH", "/nodes/alpha-0", [{ op: "add", path: "/extra/x", value: 1 }]);
    const beta = await cloud.as("beta");
    await beta.call("ironic", "PATCH", "/nodes/alpha-0", [{ op: "add", path: "/extra/x", value: 1 }]);
    for (const path of [
      "/name",
      "/driver_info/x",
      "/properties/x",
      "/retired",
      "/lessee",
      "/instance_uuid",
      "/deploy_interface",
    ])
      await beta.call("ironic", "PATCH", "/nodes/beta-0", [{ op: "add", path, value: "x" }]);
  }),

  exchange("changes of a node", async (cloud) => {
    const { tenant } = await drive(cloud);
    const change = (patch: unknown) => tenant.call("ironic", "PATCH", "/nodes/alpha-0", patch, SHOWN);
    cloud.cleanup(() =>
      tenant.call("ironic", "PATCH", "/nodes/alpha-0", [
        { op: "replace", path: "/extra", value: { rack: "r0" } },
        { op: "replace", path: "/instance_info", value: {} },
        { op: "remove", path: "/description" },
        { op: "remove", path: "/instance_name" },
      ]),
    );
    await change([{ op: "add", path: "/extra/parity", value: { a: [1, 2] } }]);
    await change([{ op: "add", path: "/extra/parity/a/-", value: 3 }]);
    await change([
      { op: "replace", path: "/extra/parity", value: "x" },
      { op: "add", path: "/description", value: "parity" },
    ]);
    await change([
      { op: "add", path: "/instance_info", value: { display_name: "parity", password: "x", configdrive: "y" } },
    ]);
    await change([{ op: "remove", path: "/extra/parity" }]);
    await change([]);
    await tenant.call("ironic", "PUT", "/nodes/alpha-0/maintenance", { reason: "parity" });
    await tenant.call("ironic", "GET", "/nodes/alpha-0?fields=maintenance,maintenance_reason,fault");
    await tenant.call("ironic", "PUT", "/nodes/alpha-0/states/provision", { target: "active" });
    await tenant.call("ironic", "DELETE", "/nodes/alpha-0/maintenance");
    await tenant.call("ironic", "GET", "/nodes/alpha-0?fields=maintenance,maintenance_reason,fault");
  }),

  exchange("provision states that are refused", async (cloud) => {
    const { tenant } = await drive(cloud);
    const ask = (body: unknown, options = {}) =>
      tenant.call("ironic", "PUT", "/nodes/alpha-0/states/provision", body, options);
    for (const target of [
      "nope",
      "clean",
      "rebuild",
      "deleted",
      "provide",
      "abort",
      "adopt",
      "unrescue",
      "unhold",
      "service",
    ])
      await ask({ target });
    await ask({ target: "active", configdrive: 7 });
    await ask({ target: "active", configdrive: "***" });
    await ask({ target: "active", configdrive: { meta_data: {} } }, { version: "1.55" });
    await ask({ target: "manage", configdrive: "aGVsbG8=" });
    await ask({ target: "active", rescue_password: "x" });
    await ask({ target: "active", clean_steps: [{ interface: "deploy", step: "erase_devices" }] });
    await ask({ target: "manage", disable_ramdisk: true });
    await ask({ target: "active", runbook: "nope" });
    await ask({ target: "deploy" }, { version: "1.72" });
    await ask({ target: "manage" }, { version: "1.3" });
    const reader = await cloud.as("alpha-reader", "alpha");
    await reader.call("ironic", "PUT", "/nodes/alpha-0/states/provision", { target: "active" });
    const beta = await cloud.as("beta");
    await beta.call("ironic", "PUT", "/nodes/alpha-0/states/provision", { target: "active" });
  }),
];
