import { type Exchange, exchange, field } from "../exchange.ts";
import { drive } from "./kit.ts";

const decided = ({ body }: { body: Record<string, unknown> }) => body["state"] !== "allocating";

/** Reservations of nodes. */
export const exchanges: Exchange[] = [
  exchange("allocations that are refused", async (cloud) => {
    const { tenant } = await drive(cloud);
    const make = (body: unknown, options = {}) => tenant.call("ironic", "POST", "/allocations", body, options);
    await make({ name: "parity-ironic-x" });
    await make({ name: "parity ironic x", resource_class: "metal" });
    await make({ foo: "x", resource_class: "metal" });
    await make({ resource_class: "metal", traits: ["foo"] });
    await make({ resource_class: 7 });
    await make([]);
    await make({ resource_class: "metal", candidate_nodes: ["bm-0"] });
    await make({ resource_class: "metal", candidate_nodes: ["a b"] });
    await make({ resource_class: "metal", node: "bm-0" });
    await make({ resource_class: "metal", owner: "other" });
    await make({ resource_class: "metal" }, { version: "1.51" });
    await make({ resource_class: "metal", node: "alpha-0" }, { version: "1.57" });
    for (const path of [
      "?nope=1",
      "?fields=nope",
      "?limit=0",
      "?marker=x",
      "?sort_key=extra",
      "?node=bm-0",
      "/nope",
      "/nope?fields=nope",
    ])
      await tenant.call("ironic", "GET", `/allocations${path}`);
    await tenant.call("ironic", "GET", "/allocations", undefined, { version: "1.51" });
    await tenant.call("ironic", "DELETE", "/allocations/nope");
    await tenant.call("ironic", "PATCH", "/allocations/nope", [{ op: "add", path: "/extra/x", value: 1 }]);
    await tenant.call("ironic", "GET", "/nodes/alpha-0/allocation");
    const reader = await cloud.as("alpha-reader", "alpha");
    await reader.call("ironic", "POST", "/allocations", { resource_class: "metal" });
  }),

  exchange("allocations that find no node", async (cloud) => {
    const { tenant, uuid } = await drive(cloud);
    const fails = async (name: string, body: object) => {
      cloud.cleanup(() => tenant.call("ironic", "DELETE", `/allocations/${name}`));
      await tenant.call("ironic", "POST", "/allocations", { name, ...body });
      await tenant.until("ironic", `/allocations/${name}`, decided);
    };
    await fails("parity-ironic-class", { resource_class: "nope" });
    await fails("parity-ironic-node", { resource_class: "nope", candidate_nodes: [uuid] });
    await fails("parity-ironic-trait", {
      resource_class: "metal",
      traits: ["CUSTOM_NOPE"],
      candidate_nodes: ["alpha-0"],
    });
    await tenant.call("ironic", "GET", "/allocations?sort_key=name&state=error");
    await tenant.call("ironic", "GET", "/allocations?sort_key=name&fields=name,state&limit=1");
    await tenant.call("ironic", "GET", "/allocations?resource_class=metal&fields=name,last_error");
  }),

  exchange("an allocation is found, changed and ended", async (cloud) => {
    const { tenant, uuid } = await drive(cloud);
    const name = "parity-ironic-one";
    cloud.cleanup(() => tenant.call("ironic", "DELETE", `/allocations/${name}`));
    const asked = {
      name,
      resource_class: "metal",
      traits: ["CUSTOM_RACK_R0"],
      candidate_nodes: [uuid],
      extra: { a: 1 },
    };
    const made = await tenant.call("ironic", "POST", "/allocations", asked);
    const id = field(made, "body.uuid");
    await tenant.until("ironic", `/allocations/${id}`, decided);
    await tenant.call("ironic", "GET", "/nodes/alpha-0?fields=uuid,instance_uuid,allocation_uuid,instance_info");
    await tenant.call("ironic", "GET", `/nodes?instance_uuid=${id}`);
    await tenant.call("ironic", "GET", `/allocations?node=${uuid}`);
    await tenant.call("ironic", "GET", "/nodes/alpha-0/allocation?fields=name");
    await tenant.call("ironic", "POST", "/allocations", asked);
    await tenant.call("ironic", "POST", "/allocations", { ...asked, name: "parity-ironic-two", uuid: id });
    await tenant.call("ironic", "PATCH", `/allocations/${name}`, [{ op: "add", path: "/extra/b", value: "x" }]);
    await tenant.call("ironic", "PATCH", `/allocations/${name}`, [{ op: "replace", path: "/name", value: "parity x" }]);
    await tenant.call("ironic", "PATCH", `/allocations/${name}`, [{ op: "replace", path: "/state", value: "error" }]);
    await tenant.call("ironic", "PATCH", `/allocations/${name}`, [{ op: "remove", path: "/extra/c" }]);
    await tenant.call("ironic", "PATCH", `/allocations/${name}`, [], { version: "1.56" });
    await tenant.call("ironic", "GET", `/allocations/${name}`, undefined, { version: "1.59" });
    const beta = await cloud.as("beta");
    await beta.call("ironic", "GET", `/allocations/${name}`);
    await beta.call("ironic", "DELETE", `/allocations/${name}`);
    const reader = await cloud.as("alpha-reader", "alpha");
    await reader.call("ironic", "GET", `/allocations/${name}`);
    await reader.call("ironic", "DELETE", `/allocations/${name}`);
    await reader.call("ironic", "PATCH", `/allocations/${name}`, [{ op: "add", path: "/extra/b", value: "x" }]);
    const { system } = await cloud.admin();
    await system.call("ironic", "GET", `/allocations/${name}?fields=name,owner`);
    await tenant.call("ironic", "DELETE", `/allocations/${name}`);
    await tenant.call("ironic", "GET", `/allocations/${name}`);
    await tenant.call("ironic", "GET", "/nodes/alpha-0?fields=uuid,instance_uuid,allocation_uuid,instance_info");
    await tenant.call("ironic", "PATCH", "/nodes/alpha-0", [{ op: "replace", path: "/instance_info", value: {} }], {
      unrecorded: true,
    });
  }),

  exchange("backfilling a node that is not deployed", async (cloud) => {
    const { tenant } = await drive(cloud);
    const name = "parity-ironic-backfill";
    cloud.cleanup(() => tenant.call("ironic", "DELETE", `/allocations/${name}`));
    await tenant.call("ironic", "POST", "/allocations", { name, node: "alpha-0" });
    await tenant.call("ironic", "GET", `/allocations/${name}`);
  }),
];
