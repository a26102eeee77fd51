/** Resource providers with their inventories, traits, aggregates; classes and traits of one's own. */
import type { Reply } from "../../cloud/client.ts";
import { type Caller, type Cloud, exchange } from "../exchange.ts";

const FIRST = "7a000000-0000-4000-8000-000000000001";
const SECOND = "7a000000-0000-4000-8000-000000000002";
const NOBODYS = "7a000000-0000-4000-8000-00000000000f";
const RACK = "7a000000-0000-4000-8000-0000000000aa";

type Ask = (method: string, path: string, body?: unknown, version?: string) => Promise<Reply>;

/** Somebody who asks Placement at a microversion. */
function asker(who: Caller): Ask {
  return (method, path, body, version) =>
    who.call("placement", method, path, body, version === undefined ? {} : { version });
}

/** Sees to the end of everything that these exchanges make. */
function tidy(cloud: Cloud, ask: Ask): void {
  cloud.cleanup(async () => {
    for (const id of [FIRST, SECOND]) await ask("DELETE", `/resource_providers/${id}`);
    await ask("DELETE", "/resource_classes/CUSTOM_PARITY_PLACEMENT");
    await ask("DELETE", "/traits/CUSTOM_PARITY_PLACEMENT");
  });
}

const path = `/resource_providers/${FIRST}`;

export const exchanges = [
  exchange(
    "versions of the API, and who may use it",
    async (cloud) => {
      const { project: admin } = await cloud.admin();
      const beta = await cloud.as("beta");
      const nobody = cloud.withToken(undefined);
      await nobody.call("placement", "GET", "/", undefined, { root: true });
      await beta.call("placement", "GET", "/resource_providers");
      await beta.call("placement", "GET", "/traits");
      await beta.call("placement", "GET", "/allocation_candidates?resources=VCPU:1");
      await beta.call("placement", "GET", `/usages?project_id=${beta.projectId}`);
      await beta.call("placement", "GET", `/usages?project_id=${admin.projectId}`);
      const ask = asker(admin);
      await ask("GET", "/traits/CUSTOM_PARITY_UNKNOWN", undefined, "1.99");
      await ask("GET", "/traits/CUSTOM_PARITY_UNKNOWN", undefined, "2.0");
      await ask("GET", "/traits/CUSTOM_PARITY_UNKNOWN", undefined, "parity");
      await ask("GET", "/traits/CUSTOM_PARITY_UNKNOWN", undefined, "1.5");
      await ask("GET", "/traits/CUSTOM_PARITY_UNKNOWN", undefined, "latest");
      await ask("GET", "/parity-unknown");
      await ask("POST", "/traits", {});
      await ask("GET", "/resource_classes/VCPU", undefined, "1.2");
      await ask("GET", "/resource_classes/VCPU", undefined, "1.1");
    },
    { tenant: "beta" },
  ),
  exchange(
    "a provider is made, filled and deleted",
    async (cloud) => {
      const ask = asker((await cloud.admin()).project);
      tidy(cloud, ask);
      await ask("POST", "/resource_providers", { name: "parity-placement", uuid: FIRST });
      await ask("POST", "/resource_providers", { name: "parity-placement" });
      await ask("POST", "/resource_providers", { name: "parity-placement-2", uuid: FIRST });
      await ask("GET", path);
      for (const version of ["1.0", "1.3", "1.6", "1.11", "1.14", "1.39"])
        await ask("GET", "/resource_providers?name=parity-placement", undefined, version);
      await ask("GET", `/resource_providers?uuid=${FIRST}`);
      await ask("GET", `/resource_providers?uuid=${NOBODYS}`);
      await ask("PUT", path, { name: "parity-placement-renamed" });
      await ask("PUT", path, { name: "parity-placement" });
      await ask("PUT", `${path}/inventories`, {
        resource_provider_generation: 0,
        inventories: { CUSTOM_PARITY_PLACEMENT: { total: 1 } },
      });
      await ask("PUT", "/resource_classes/CUSTOM_PARITY_PLACEMENT");
      await ask("PUT", "/resource_classes/CUSTOM_PARITY_PLACEMENT");
      await ask("GET", "/resource_classes/CUSTOM_PARITY_PLACEMENT");
      await ask("POST", "/resource_classes", { name: "CUSTOM_PARITY_PLACEMENT" });
      await ask("PUT", `${path}/inventories`, {
        resource_provider_generation: 0,
        inventories: {
          CUSTOM_PARITY_PLACEMENT: { total: 1 },
          VCPU: { total: 8, reserved: 1, max_unit: 4, allocation_ratio: 2.5 },
        },
      });
      await ask("PUT", `${path}/inventories`, { resource_provider_generation: 0, inventories: {} });
      await ask("GET", `${path}/inventories`);
      await ask("GET", `${path}/inventories/VCPU`);
      await ask("GET", `${path}/inventories/MEMORY_MB`);
      await ask("POST", `${path}/inventories`, { resource_class: "MEMORY_MB", total: 1024 });
      await ask("POST", `${path}/inventories`, { resource_class: "MEMORY_MB", total: 1024 });
      await ask("PUT", `${path}/inventories/VCPU`, { resource_provider_generation: 2, total: 9 });
      await ask("PUT", `${path}/inventories/VCPU`, { resource_provider_generation: 2, total: 9 });
      await ask("PUT", `${path}/inventories/DISK_GB`, { resource_provider_generation: 3, total: 9 });
      await ask("DELETE", `${path}/inventories/MEMORY_MB`);
      await ask("DELETE", `${path}/inventories/MEMORY_MB`);
      await ask("PUT", "/traits/CUSTOM_PARITY_PLACEMENT");
      await ask("PUT", "/traits/CUSTOM_PARITY_PLACEMENT");
      await ask("GET", "/traits/CUSTOM_PARITY_PLACEMENT");
      await ask("GET", "/traits?name=in:CUSTOM_PARITY_PLACEMENT,HW_CPU_X86_AVX2,CUSTOM_PARITY_UNKNOWN");
      await ask("GET", "/traits?name=startswith:CUSTOM_PARITY_PLACE&associated=true");
      await ask("GET", `${path}/traits`);
      await ask("PUT", `${path}/traits`, {
        resource_provider_generation: 4,
        traits: ["CUSTOM_PARITY_PLACEMENT", "HW_CPU_X86_AVX2"],
      });
      await ask("PUT", `${path}/traits`, { resource_provider_generation: 4, traits: [] });
      await ask("PUT", `${path}/traits`, { resource_provider_generation: 5, traits: ["CUSTOM_PARITY_UNKNOWN"] });
      await ask("GET", `${path}/traits`);
      await ask("GET", "/traits?name=startswith:CUSTOM_PARITY_PLACE&associated=true");
      await ask("DELETE", "/traits/CUSTOM_PARITY_PLACEMENT");
      await ask("DELETE", "/resource_classes/CUSTOM_PARITY_PLACEMENT");
      await ask("GET", `${path}/aggregates`);
      await ask("PUT", `${path}/aggregates`, { resource_provider_generation: 5, aggregates: [RACK] });
      await ask("PUT", `${path}/aggregates`, { resource_provider_generation: 5, aggregates: [] });
      await ask("GET", `${path}/aggregates`);
      await ask("GET", `/resource_providers?member_of=${RACK}`);
      await ask("GET", `/resource_providers?member_of=in:${RACK},${NOBODYS}&required=CUSTOM_PARITY_PLACEMENT`);
      await ask("GET", `/resource_providers?member_of=${RACK}&required=!HW_CPU_X86_AVX2`);
      await ask("GET", `/resource_providers?member_of=${RACK}&resources=VCPU:4`);
      await ask("GET", `/resource_providers?member_of=${RACK}&resources=VCPU:40`);
      await ask("POST", "/resource_providers", {
        name: "parity-placement-child",
        uuid: SECOND,
        parent_provider_uuid: FIRST,
      });
      await ask("GET", `/resource_providers?in_tree=${FIRST}`);
      await ask("DELETE", path);
      await ask("DELETE", `/resource_providers/${SECOND}`);
      await ask("DELETE", `${path}/traits`);
      await ask("DELETE", `${path}/inventories`);
      await ask("GET", path);
      await ask("DELETE", path);
      await ask("DELETE", path);
      for (const rest of ["", "/inventories", "/traits", "/usages", "/allocations", "/aggregates"])
        await ask("GET", `${path}${rest}`);
      await ask("PUT", `${path}/inventories`, { resource_provider_generation: 0, inventories: {} });
      await ask("PUT", `${path}/traits`, { resource_provider_generation: 0, traits: [] });
      await ask("DELETE", "/traits/CUSTOM_PARITY_PLACEMENT");
      await ask("DELETE", "/traits/CUSTOM_PARITY_PLACEMENT");
      await ask("DELETE", "/resource_classes/CUSTOM_PARITY_PLACEMENT");
      await ask("DELETE", "/resource_classes/CUSTOM_PARITY_PLACEMENT");
    },
    { tenant: "beta" },
  ),
  exchange(
    "what of providers is refused",
    async (cloud) => {
      const ask = asker((await cloud.admin()).project);
      tidy(cloud, ask);
      await ask("POST", "/resource_providers", { name: "parity-placement", uuid: FIRST }, "1.19");
      await ask("POST", "/resource_providers", {});
      await ask("POST", "/resource_providers", { name: 5 });
      await ask("POST", "/resource_providers", { name: "x", uuid: "parity" });
      await ask("POST", "/resource_providers", { name: "x", parity: 1 });
      await ask("POST", "/resource_providers", { name: "x", parent_provider_uuid: NOBODYS });
      await ask("POST", "/resource_providers", "parity");
      await ask("GET", "/resource_providers?parity=1");
      await ask("GET", "/resource_providers?uuid=parity");
      await ask("GET", "/resource_providers?resources=VCPU");
      await ask("GET", "/resource_providers?resources=CUSTOM_PARITY_UNKNOWN:1");
      await ask("GET", "/resource_providers?required=CUSTOM_PARITY_UNKNOWN");
      await ask("GET", "/resource_providers/parity");
      await ask("PUT", `${path}/inventories`, {});
      await ask("PUT", `${path}/inventories`, { resource_provider_generation: 0, inventories: { VCPU: {} } });
      await ask("PUT", `${path}/inventories`, {
        resource_provider_generation: 0,
        inventories: { VCPU: { total: 1, reserved: 2 } },
      });
      await ask("PUT", `${path}/inventories/VCPU`, { resource_provider_generation: 0, total: 0 });
      await ask("PUT", `${path}/inventories/vcpu`, { resource_provider_generation: 0, total: 1 });
      await ask("POST", `${path}/inventories`, { total: 1 });
      await ask("PUT", `${path}/traits`, { traits: [] });
      await ask("PUT", `${path}/traits`, { resource_provider_generation: 0, traits: "CUSTOM_X" });
      await ask("PUT", "/traits/PARITY");
      await ask("PUT", "/resource_classes/PARITY");
      await ask("POST", "/resource_classes", { name: "parity" });
      await ask("DELETE", "/traits/HW_CPU_X86_AVX2");
      await ask("DELETE", "/resource_classes/VCPU");
      await ask("GET", "/resource_classes/CUSTOM_PARITY_UNKNOWN");
      await ask("GET", "/traits?name=parity");
      await ask("GET", "/traits?associated=parity");
    },
    { tenant: "beta" },
  ),
];
