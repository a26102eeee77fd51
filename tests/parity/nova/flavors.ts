/** Flavors as tenants see them, and as the administrator makes them. */
import { exchange, field } from "../exchange.ts";
import { ids } from "./kit.ts";

export const exchanges = [
  exchange("flavors are listed and shown", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { metal, tiny } = await ids(cloud, alpha);
    await ids(cloud, alpha);
    const any = { unordered: ["body.flavors"] };
    const get = (path: string, version?: string) =>
      alpha.call("nova", "GET", path, undefined, { ...any, ...(version ? { version } : {}) });
    await get("/flavors");
    await get("/flavors/detail");
    await get("/flavors", "2.1");
    await get("/flavors/detail", "2.1");
    await get("/flavors/detail", "2.55");
    await get("/flavors/detail", "2.61");
    await get("/flavors/detail", "2.102");
    await get("/flavors/detail?minDisk=100&sort_key=name&sort_dir=desc");
    await get("/flavors/detail?minRam=200");
    await get("/flavors?sort_key=memory_mb&limit=2");
    await get("/flavors?is_public=None");
    await get("/flavors?minDisk=x");
    await get("/flavors?sort_key=parity");
    await get("/flavors?limit=x");
    await get("/flavors?limit=-1");
    await get("/flavors?marker=parity");
    await get("/flavors?parity=1");
    await get("/flavors?parity=1", "2.74");
    await get(`/flavors/${metal}`);
    await get(`/flavors/${tiny}`, "2.54");
    await get("/flavors/parity");
    await get(`/flavors/${metal}/os-extra_specs`);
    await get(`/flavors/${metal}/os-extra_specs/resources:VCPU`);
    await get(`/flavors/${metal}/os-extra_specs/parity`);
    await get(`/flavors/${metal}/os-flavor-access`);
  }),
  exchange("flavors are made by the administrator", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { project: admin } = await cloud.admin();
    const create = (flavor: unknown, caller = admin, version?: string) =>
      caller.call("nova", "POST", "/flavors", { flavor }, version ? { version } : {});
    const flavor = { name: "parity-nova-flavor", ram: 512, vcpus: 2, disk: 5 };
    cloud.cleanup(() => admin.call("nova", "DELETE", "/flavors/parity-nova-flavor"));
    await create(flavor, alpha);
    await create({ ...flavor, id: "parity-nova-flavor", description: "made", "os-flavor-access:is_public": false });
    await create({ ...flavor, id: "parity-nova-flavor" });
    await create({ ...flavor, id: "parity-nova-other" });
    await create({ name: "parity", vcpus: 1 });
    await create({ ...flavor, name: "parity", vcpus: 0 });
    await create({ ...flavor, name: "parity", vcpus: "x" });
    await create({ ...flavor, name: " parity" });
    await create({ ...flavor, name: "" });
    await create({ ...flavor, parity: true });
    const path = "/flavors/parity-nova-flavor";
    await admin.call("nova", "GET", path);
    await alpha.call("nova", "GET", path);
    await admin.call("nova", "GET", "/flavors?is_public=false");
    await admin.call("nova", "PUT", path, { flavor: { description: "changed" } });
    await alpha.call("nova", "PUT", path, { flavor: { description: "changed" } });
    await admin.call("nova", "POST", `${path}/action`, { addTenantAccess: { tenant: alpha.projectId } });
    await admin.call("nova", "POST", `${path}/action`, { addTenantAccess: { tenant: alpha.projectId } });
    await admin.call("nova", "GET", `${path}/os-flavor-access`);
    await alpha.call("nova", "GET", path);
    await admin.call("nova", "POST", `${path}/action`, { removeTenantAccess: { tenant: alpha.projectId } });
    await admin.call("nova", "POST", `${path}/action`, { removeTenantAccess: { tenant: alpha.projectId } });
    await admin.call("nova", "POST", `${path}/action`, { parity: null });
    await admin.call("nova", "POST", `${path}/os-extra_specs`, { extra_specs: { "trait:CUSTOM_PARITY": "required" } });
    await admin.call("nova", "POST", `${path}/os-extra_specs`, { extra_specs: { "hw:cpu_policy": "parity" } });
    await admin.call("nova", "PUT", `${path}/os-extra_specs/parity`, { parity: "1" });
    await admin.call("nova", "PUT", `${path}/os-extra_specs/parity`, { other: "1" });
    await admin.call("nova", "GET", `${path}/os-extra_specs`);
    await admin.call("nova", "DELETE", `${path}/os-extra_specs/parity`);
    await admin.call("nova", "DELETE", `${path}/os-extra_specs/parity`);
    await alpha.call("nova", "DELETE", path);
    const made = await admin.call("nova", "POST", "/flavors", { flavor: { ...flavor, name: "parity-nova-two" } });
    await admin.call("nova", "DELETE", `/flavors/${field(made, "body.flavor.id")}`);
    await admin.call("nova", "DELETE", path);
    await admin.call("nova", "DELETE", path);
  }),
];
