/** What is mostly for operators: zones, hypervisors, services, aggregates, limits, quotas, extensions. */
import { exchange, field } from "../exchange.ts";

export const exchanges = [
  exchange("zones, extensions and what operators see", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const { project: admin } = await cloud.admin();
    await alpha.call("nova", "GET", "/os-availability-zone");
    await alpha.call("nova", "GET", "/os-availability-zone/detail");
    await admin.call("nova", "GET", "/os-availability-zone/detail", undefined, {
      varies: ["body.availabilityZoneInfo.*.hosts"],
    });
    await alpha.call("nova", "GET", "/os-hypervisors");
    await alpha.call("nova", "GET", "/os-hypervisors/detail");
    await alpha.call("nova", "GET", "/os-services");
    await alpha.call("nova", "GET", "/os-aggregates");
    await admin.call("nova", "GET", "/os-services?binary=nova-conductor", undefined, {
      varies: ["body.services.*.host"],
    });
    await admin.call("nova", "GET", "/os-services", undefined, {
      version: "2.1",
      varies: ["body.services.*.host", "body.services.*.id"],
      unordered: true,
    });
    await admin.call("nova", "GET", "/os-services/parity");
    await admin.call("nova", "GET", "/extensions/os-server-groups", undefined, { version: "2.1" });
    await alpha.call("nova", "GET", "/extensions/parity");
    await alpha.call("nova", "GET", "/os-hypervisors/statistics", undefined, { version: "2.87" });
  }),
  exchange("hypervisors", async (cloud) => {
    const { project: admin, system } = await cloud.admin();
    const nodes = await system.call("ironic", "GET", "/nodes?fields=uuid,name", undefined, { unrecorded: true });
    const rows = field(nodes, "body.nodes") as { uuid: string; name: string }[];
    for (const { uuid, name } of rows) cloud.name(uuid, `node ${name}`);
    const bm = rows.find(({ name }) => name === "bm-4")?.uuid ?? "";
    await admin.call("nova", "GET", `/os-hypervisors?hypervisor_hostname_pattern=${bm}`);
    await admin.call("nova", "GET", `/os-hypervisors/detail?hypervisor_hostname_pattern=${bm}`, undefined, {
      varies: ["body.hypervisors.*.service.host"],
    });
    await admin.call("nova", "GET", `/os-hypervisors/${bm}`, undefined, { varies: ["body.hypervisor.service.host"] });
    await admin.call("nova", "GET", `/os-hypervisors/${bm}`, undefined, {
      version: "2.87",
      varies: ["body.hypervisor.service.host", "body.hypervisor.host_ip"],
    });
    await admin.call("nova", "GET", "/os-hypervisors?hypervisor_hostname_pattern=parity");
    await admin.call("nova", "GET", "/os-hypervisors/00000000-0000-0000-0000-000000000001");
    await admin.call("nova", "GET", "/os-hypervisors/parity");
  }),
  exchange("aggregates", async (cloud) => {
    const { project: admin } = await cloud.admin();
    const create = (aggregate: unknown) => admin.call("nova", "POST", "/os-aggregates", { aggregate });
    const made = await admin.call(
      "nova",
      "POST",
      "/os-aggregates",
      { aggregate: { name: "parity-nova-aggregate", availability_zone: "parity" } },
      { varies: ["body.aggregate.id"] },
    );
    const path = `/os-aggregates/${field(made, "body.aggregate.id")}`;
    cloud.cleanup(() => admin.call("nova", "DELETE", path));
    await create({ name: "parity-nova-aggregate", availability_zone: "parity" });
    await create({ name: "" });
    await create({ availability_zone: "parity" });
    await admin.call("nova", "GET", "/os-aggregates/999999");
    await admin.call("nova", "DELETE", "/os-aggregates/999999");
  }),
  exchange("limits and quotas", async (cloud) => {
    const alpha = await cloud.as("alpha");
    const beta = await cloud.as("beta");
    const { project: admin } = await cloud.admin();
    const quota = `/os-quota-sets/${alpha.projectId}`;
    cloud.cleanup(() => admin.call("nova", "DELETE", quota));
    const used = { varies: ["body.limits.absolute.total*", "body.quota_set.*.in_use"] };
    await alpha.call("nova", "GET", "/limits", undefined, used);
    await alpha.call("nova", "GET", "/limits", undefined, { ...used, version: "2.1" });
    await alpha.call("nova", "GET", quota);
    await alpha.call("nova", "GET", quota, undefined, { version: "2.1" });
    await alpha.call("nova", "GET", quota, undefined, { version: "2.36" });
    await alpha.call("nova", "GET", `${quota}/detail`, undefined, used);
    await alpha.call("nova", "GET", `${quota}/defaults`);
    await beta.call("nova", "GET", quota);
    await alpha.call("nova", "PUT", quota, { quota_set: { instances: 1 } });
    await admin.call("nova", "PUT", quota, { quota_set: { instances: 7, cores: -1 } });
    await admin.call("nova", "PUT", quota, { quota_set: { instances: -2 } });
    await admin.call("nova", "PUT", quota, { quota_set: { parity: 1 } });
    await admin.call("nova", "PUT", quota, { quota_set: { instances: "x" } });
    await admin.call("nova", "GET", quota);
    await admin.call("nova", "GET", "/os-quota-class-sets/default");
    await alpha.call("nova", "DELETE", quota);
    await admin.call("nova", "DELETE", quota);
    await admin.call("nova", "GET", quota);
  }),
];
