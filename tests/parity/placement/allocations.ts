/** Allocation candidates, allocations, usages. */
import { exchange } from "../exchange.ts";

const FIRST = "7b000000-0000-4000-8000-000000000001";
const SECOND = "7b000000-0000-4000-8000-000000000002";
const NOBODYS = "7b000000-0000-4000-8000-00000000000f";
const CONSUMER = "7b000000-0000-4000-8000-0000000000c1";
const OTHER = "7b000000-0000-4000-8000-0000000000c2";
const CLASS = "CUSTOM_PARITY_ALLOCATION";
const TRAIT = "CUSTOM_PARITY_ALLOCATION";

export const exchanges = [
  exchange(
    "candidates are found, allocated and given back",
    async (cloud) => {
      const { project: admin } = await cloud.admin();
      const ask = (method: string, path: string, body?: unknown, version?: string, unordered?: true | string[]) =>
        admin.call("placement", method, path, body, {
          ...(version === undefined ? {} : { version }),
          ...(unordered === undefined ? {} : { unordered }),
        });
      cloud.cleanup(async () => {
        for (const id of [CONSUMER, OTHER]) await ask("DELETE", `/allocations/${id}`);
        for (const id of [FIRST, SECOND]) await ask("DELETE", `/resource_providers/${id}`);
        await ask("DELETE", `/resource_classes/${CLASS}`);
        await ask("DELETE", `/traits/${TRAIT}`);
      });
      await ask("PUT", `/resource_classes/${CLASS}`);
      await ask("PUT", `/traits/${TRAIT}`);
      for (const [index, id] of [FIRST, SECOND].entries()) {
        await ask("POST", "/resource_providers", { name: `parity-allocation-${index}`, uuid: id });
        await ask("PUT", `/resource_providers/${id}/inventories`, {
          resource_provider_generation: 0,
          inventories: { [CLASS]: { total: 1 }, VCPU: { total: 8, reserved: 1, max_unit: 4 } },
        });
      }
      await ask("PUT", `/resource_providers/${FIRST}/traits`, { resource_provider_generation: 1, traits: [TRAIT] });
      const candidates = (query: string, version?: string) =>
        ask("GET", `/allocation_candidates?${query}`, undefined, version, true);
      for (const version of ["1.10", "1.12", "1.17", "1.27", "1.29", "1.34", "1.39"])
        await candidates(`resources=${CLASS}:1`, version);
      await candidates(`resources=${CLASS}:1&required=${TRAIT}&limit=5`);
      await candidates(`resources=${CLASS}:1&required=!${TRAIT}`);
      await candidates(`resources=${CLASS}:1&required=in:${TRAIT},HW_CPU_X86_AVX2`);
      await candidates(`resources=${CLASS}:1&required=CUSTOM_PARITY_UNKNOWN`);
      await candidates(`resources=${CLASS}:1,VCPU:4`);
      await candidates(`resources=${CLASS}:1,VCPU:5`);
      await candidates(`resources=${CLASS}:2`);
      await candidates(`resources=${CLASS}:1&in_tree=${SECOND}`);
      await candidates(`resources1=${CLASS}:1&required1=${TRAIT}&resources2=VCPU:1&group_policy=none`);
      await candidates(`resources1=${CLASS}:1&required1=${TRAIT}&resources2=VCPU:1&group_policy=isolate`);
      await candidates(`resources1=${CLASS}:1&resources2=VCPU:1`);
      await candidates("resources=CUSTOM_PARITY_UNKNOWN:1");
      await candidates("resources=VCPU:0");
      await candidates("resources=VCPU");
      await candidates("");
      await candidates(`resources=${CLASS}:1&limit=0`);
      await candidates(`resources=${CLASS}:1&parity=1`);
      await candidates(`resources=${CLASS}:1`, "1.9");

      const body = (resources: unknown, more: object = {}) => ({
        allocations: { [FIRST]: { resources } },
        project_id: "parity-project",
        user_id: "parity-user",
        consumer_generation: null,
        consumer_type: "INSTANCE",
        ...more,
      });
      await ask("GET", `/allocations/${CONSUMER}`);
      await ask("PUT", `/allocations/${CONSUMER}`, body({ [CLASS]: 1 }));
      for (const version of ["1.0", "1.12", "1.28", "1.39"])
        await ask("GET", `/allocations/${CONSUMER}`, undefined, version);
      await ask("PUT", `/allocations/${CONSUMER}`, body({ [CLASS]: 1 }));
      await ask("PUT", `/allocations/${CONSUMER}`, body({ [CLASS]: 1, VCPU: 2 }, { consumer_generation: 1 }));
      await ask("PUT", `/allocations/${CONSUMER}`, body({ [CLASS]: 1 }, { consumer_generation: 1 }));
      await ask("PUT", `/allocations/${OTHER}`, body({ [CLASS]: 1 }));
      await ask("PUT", `/allocations/${OTHER}`, body({ VCPU: 5 }));
      await ask("PUT", `/allocations/${OTHER}`, body({ DISK_GB: 5 }));
      await ask("PUT", `/allocations/${OTHER}`, body({ CUSTOM_PARITY_UNKNOWN: 5 }));
      await ask("PUT", `/allocations/${OTHER}`, {});
      await ask("PUT", `/allocations/${OTHER}`, body({}));
      await ask("PUT", `/allocations/${OTHER}`, body({ VCPU: "1" }));
      await ask("PUT", "/allocations/parity", body({ VCPU: 1 }));
      await ask(
        "PUT",
        `/allocations/${OTHER}`,
        body({ VCPU: 1 }, { allocations: { [NOBODYS]: { resources: { VCPU: 1 } } } }),
      );
      await ask("PUT", `/allocations/${OTHER}`, body({ VCPU: 1 }));
      await ask("PUT", `/allocations/${OTHER}`, body({ VCPU: 1 }, { consumer_generation: 0 }));
      await candidates(`resources=${CLASS}:1`);
      for (const version of ["1.9", "1.38"]) await ask("GET", "/usages?project_id=parity-project", undefined, version);
      await ask("GET", "/usages?project_id=parity-project&user_id=parity-user&consumer_type=INSTANCE");
      await ask("GET", "/usages?project_id=parity-project&consumer_type=all");
      await ask("GET", "/usages?project_id=parity-project&consumer_type=unknown");
      await ask("GET", "/usages?project_id=parity-nobody");
      await ask("GET", "/usages");
      await ask("GET", `/resource_providers/${FIRST}/usages`);
      await ask("GET", `/resource_providers/${FIRST}/allocations`);
      await ask("GET", `/resource_providers/${FIRST}/allocations`, undefined, "1.12");
      await ask("DELETE", `/resource_providers/${FIRST}`);
      await ask("DELETE", `/resource_providers/${FIRST}/inventories/${CLASS}`);
      await ask("PUT", `/resource_providers/${FIRST}/inventories`, {
        resource_provider_generation: 5,
        inventories: { VCPU: { total: 8 } },
      });
      await ask("PUT", `/resource_providers/${FIRST}/inventories/${CLASS}`, {
        resource_provider_generation: 5,
        total: 2,
        reserved: 2,
      });
      await ask("POST", "/allocations", {
        [CONSUMER]: { ...body({}), allocations: {}, consumer_generation: 2 },
        [OTHER]: body({ [CLASS]: 1, VCPU: 1 }, { consumer_generation: 1 }),
      });
      await ask("POST", "/allocations", {});
      await ask("GET", `/allocations/${CONSUMER}`);
      await ask("GET", `/allocations/${OTHER}`);
      await ask("PUT", `/allocations/${OTHER}`, body({}, { allocations: {}, consumer_generation: 2 }));
      await ask("DELETE", `/allocations/${OTHER}`);
      await ask("GET", `/resource_providers/${FIRST}/usages`);
    },
    { tenant: "beta" },
  ),
];
