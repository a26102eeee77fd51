import { atLeast, type Call, type Json } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import type { Schema } from "../kernel/schema.ts";
import type { Route } from "../kernel/service.ts";
import { bad, checkBody, conflict, lost, missing, outdated } from "./errors.ts";
import { location, type Placement } from "./placement.ts";
import { noInventory } from "./providers-api.ts";
import type { Inventory, ProviderRow } from "./rows.ts";

const MOST = 2147483647;
const PATTERN = "^[A-Z0-9_]+$";
const whole = (minimum: number): Schema => ({ type: "integer", maximum: MOST, minimum });
const PROPERTIES: Record<string, Schema> = {
  resource_provider_generation: { type: "integer" },
  total: whole(1),
  reserved: whole(0),
  min_unit: whole(1),
  max_unit: whole(1),
  step_size: whole(1),
  allocation_ratio: { type: "number", maximum: 3.40282e38 },
};
const ONE: Schema = {
  type: "object",
  properties: PROPERTIES,
  required: ["total", "resource_provider_generation"],
  additionalProperties: false,
};
const MADE: Schema = {
  type: "object",
  properties: { ...PROPERTIES, resource_class: { type: "string", pattern: PATTERN } },
  required: ["total", "resource_class"],
  additionalProperties: false,
};
const ALL: Schema = {
  type: "object",
  properties: {
    resource_provider_generation: { type: "integer" },
    inventories: {
      type: "object",
      patternProperties: { [PATTERN]: { ...ONE, required: ["total"] } },
    },
  },
  required: ["resource_provider_generation", "inventories"],
  additionalProperties: false,
};

const STALE = "resource provider generation conflict";

/** What providers have. */
export function inventoryRoutes(placement: Placement): Route[] {
  const path = "/resource_providers/{provider}/inventories";
  const all = ({ generation, inventories }: ProviderRow): Json => ({
    resource_provider_generation: generation,
    inventories,
  });
  const one = ({ generation }: ProviderRow, inventory: Inventory): Json => ({
    ...inventory,
    resource_provider_generation: generation,
  });
  const inUse = (provider: string, names: readonly string[]) =>
    names.filter((name) => placement.used(provider, name) > 0);
  const inUseText = (provider: string, names: readonly string[]) =>
    `Inventory for '${names.join(", ")}' on resource provider '${provider}' in use.`;

  return [
    placement.route("GET", path, "resource_providers:inventories:list", (call) => ({
      status: 200,
      body: all(placement.provider(call, (message) => missing(`${message} : ${message}`))),
    })),
    placement.route("POST", path, "resource_providers:inventories:create", (call) => {
      const provider = placement.provider(call);
      checkBody(call, MADE);
      const body = object(call.body);
      const name = body["resource_class"] as string;
      const inventory = inventoryIn(call, provider, name, body, "add");
      if (!placement.hasClass(name))
        throw bad(`Unable to create inventory for resource provider ${provider.id}: No such resource class ${name}.`);
      if (provider.inventories[name])
        throw outdated(
          `Update conflict: Inventory for resource class '${name}' on provider '${provider.id}' already exists`,
        );
      const saved = placement.save({ ...provider, inventories: { ...provider.inventories, [name]: inventory } });
      return {
        status: 201,
        headers: location(placement, call, `/resource_providers/${provider.id}/inventories/${name}`),
        body: one(saved, inventory),
      };
    }),
    placement.route("PUT", path, "resource_providers:inventories:update", (call) => {
      const provider = placement.provider(call);
      checkBody(call, ALL);
      const body = object(call.body);
      if (body["resource_provider_generation"] !== provider.generation) throw outdated(STALE);
      const inventories: Record<string, Inventory> = {};
      for (const [name, given] of Object.entries(object(body["inventories"])))
        inventories[name] = inventoryIn(call, provider, name, object(given));
      for (const name of Object.keys(inventories))
        if (!placement.hasClass(name))
          throw bad(
            `Unknown resource class in inventory for resource provider ${provider.id}: No such resource class ${name}.`,
          );
      const lost = Object.keys(provider.inventories).filter((name) => !inventories[name]);
      const used = inUse(provider.id, lost);
      if (used.length > 0)
        throw conflict(`update conflict: ${inUseText(provider.id, used)}`, "placement.inventory.inuse");
      return { status: 200, body: all(placement.save({ ...provider, inventories })) };
    }),
    placement.route(
      "DELETE",
      path,
      "resource_providers:inventories:delete",
      (call) => {
        const provider = placement.provider(call);
        const used = inUse(provider.id, Object.keys(provider.inventories));
        if (used.length > 0) throw conflict(inUseText(provider.id, used), "placement.inventory.inuse");
        placement.save({ ...provider, inventories: {} });
        return { status: 204 };
      },
      { minor: 5, instead: 405 },
    ),
    placement.route("GET", `${path}/{class}`, "resource_providers:inventories:show", (call) => {
      const provider = placement.provider(call);
      const inventory = provider.inventories[call.params["class"]!];
      if (!inventory) throw noInventory(call.params["class"]!, provider.id);
      return { status: 200, body: one(provider, inventory) };
    }),
    placement.route("PUT", `${path}/{class}`, "resource_providers:inventories:update", (call) => {
      const provider = placement.provider(call);
      checkBody(call, ONE);
      const name = call.params["class"]!;
      const body = object(call.body);
      if (body["resource_provider_generation"] !== provider.generation) throw outdated(STALE);
      const inventory = inventoryIn(call, provider, name, body);
      if (!placement.hasClass(name)) throw lost(`No such resource class ${name}.`);
      if (!provider.inventories[name])
        throw bad(
          `No inventory record with resource class for resource provider ${provider.id}: No inventory of class ${name} found.`,
        );
      const saved = placement.save({ ...provider, inventories: { ...provider.inventories, [name]: inventory } });
      return { status: 200, body: one(saved, inventory) };
    }),
    placement.route("DELETE", `${path}/{class}`, "resource_providers:inventories:delete", (call) => {
      const provider = placement.provider(call);
      const name = call.params["class"]!;
      if (!provider.inventories[name]) throw missing(noOneToDelete(name));
      if (inUse(provider.id, [name]).length > 0)
        throw outdated(`Unable to delete inventory of class ${name}: ${inUseText(provider.id, [name])}`);
      const { [name]: _, ...rest } = provider.inventories;
      placement.save({ ...provider, inventories: rest });
      return { status: 204 };
    }),
  ];
}

function noOneToDelete(name: string): string {
  return `No inventory of class ${name} found for delete: No inventory of class ${name} found for delete`;
}

/** An inventory with what a body leaves out. Throws 400 where more is reserved than there is. */
function inventoryIn(call: Call, provider: ProviderRow, name: string, body: Json, verb = "update"): Inventory {
  const number = (key: keyof Inventory, otherwise: number) => (body[key] as number | undefined) ?? otherwise;
  const inventory: Inventory = {
    total: number("total", 0),
    reserved: number("reserved", 0),
    min_unit: number("min_unit", 1),
    max_unit: number("max_unit", MOST),
    step_size: number("step_size", 1),
    allocation_ratio: number("allocation_ratio", 1),
  };
  const all = atLeast(call, 1, 26);
  if (inventory.reserved > inventory.total || (!all && inventory.reserved === inventory.total))
    throw bad(
      `Unable to ${verb} inventory for resource provider ${provider.id}: Invalid inventory for '${name}' on resource provider '${provider.id}'. The reserved value is greater than${all ? "" : " or equal to"} total.`,
    );
  return inventory;
}
