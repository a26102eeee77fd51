import { atLeast, type Call, type Json } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import type { Schema } from "../kernel/schema.ts";
import type { Route } from "../kernel/service.ts";
import { bad, checkBody, checkQuery, conflict, missing } from "./errors.ts";
import { aggregatesIn, follows, location, type Placement, resourcesIn, traitsIn } from "./placement.ts";
import type { ProviderRow } from "./rows.ts";

const NAME: Schema = { type: "string", maxLength: 200 };
const ID: Schema = { type: "string", format: "uuid" };
const PARENT: Schema = { anyOf: [ID, { type: "null" }] };

function bodySchema(properties: Record<string, Schema>): Schema {
  return { type: "object", properties, required: ["name"], additionalProperties: false };
}

function listSchema(call: Call): Schema {
  const properties: Record<string, Schema> = { name: { type: "string" }, uuid: ID };
  if (atLeast(call, 1, 3)) properties["member_of"] = { type: "string" };
  if (atLeast(call, 1, 4)) properties["resources"] = { type: "string" };
  if (atLeast(call, 1, 14)) properties["in_tree"] = ID;
  if (atLeast(call, 1, 18)) properties["required"] = { type: "string" };
  return { type: "object", properties, additionalProperties: false };
}

function view(call: Call, provider: ProviderRow): Json {
  const { id, name, generation, parent, root } = provider;
  const self = `/resource_providers/${id}`;
  const link = (rel: string) => ({ rel, href: `${self}/${rel}` });
  return {
    uuid: id,
    name,
    generation,
    links: [
      { rel: "self", href: self },
      link("inventories"),
      link("usages"),
      ...(atLeast(call, 1, 1) ? [link("aggregates")] : []),
      ...(atLeast(call, 1, 6) ? [link("traits")] : []),
      ...(atLeast(call, 1, 11) ? [link("allocations")] : []),
    ],
    ...(atLeast(call, 1, 14) ? { parent_provider_uuid: parent, root_provider_uuid: root } : {}),
  };
}

/** Resource providers. */
export function providerRoutes(placement: Placement): Route[] {
  const nameIsFree = (name: string, own?: string) => {
    const taken = placement.providers.by("name", name).some(({ id }) => id !== own);
    if (taken)
      throw conflict(`Conflicting resource provider name: ${name} already exists.`, "placement.duplicate_name");
  };
  const rootOf = (parent: string | null, own: string, action: string): string => {
    if (parent === null) return own;
    const found = placement.providers.get(parent);
    if (!found) throw bad(`${action} failed because: parent provider UUID does not exist.`);
    return found.root;
  };

  return [
    placement.route("GET", "/resource_providers", "resource_providers:list", (call) => {
      checkQuery(call, listSchema(call));
      return { status: 200, body: { resource_providers: list(placement, call).map((row) => view(call, row)) } };
    }),
    placement.route("POST", "/resource_providers", "resource_providers:create", (call) => {
      const parents: Record<string, Schema> = atLeast(call, 1, 14) ? { parent_provider_uuid: PARENT } : {};
      checkBody(call, bodySchema({ name: NAME, uuid: ID, ...parents }));
      const body = object(call.body);
      const name = body["name"] as string;
      const id = ((body["uuid"] as string | undefined) ?? placement.world.random.uuid()).toLowerCase();
      const parent = (body["parent_provider_uuid"] as string | null | undefined) ?? null;
      if (placement.providers.get(id))
        throw conflict(`Conflicting resource provider uuid: ${id} already exists.`, "placement.duplicate_name");
      nameIsFree(name);
      const made = placement.providers.put({
        id,
        name,
        generation: 0,
        parent,
        root: rootOf(parent, id, `Unable to create resource provider "${name}", ${id}: Object action create`),
        inventories: {},
        traits: [],
        aggregates: [],
      });
      const headers = location(placement, call, `/resource_providers/${id}`);
      return atLeast(call, 1, 20) ? { status: 200, headers, body: view(call, made) } : { status: 201, headers };
    }),
    placement.route("GET", "/resource_providers/{provider}", "resource_providers:show", (call) => ({
      status: 200,
      body: view(call, placement.provider(call)),
    })),
    placement.route("PUT", "/resource_providers/{provider}", "resource_providers:update", (call) => {
      const found = placement.provider(call);
      checkBody(call, bodySchema({ name: NAME, ...(atLeast(call, 1, 14) ? { parent_provider_uuid: PARENT } : {}) }));
      const body = object(call.body);
      const name = body["name"] as string;
      nameIsFree(name, found.id);
      const parent = "parent_provider_uuid" in body ? (body["parent_provider_uuid"] as string | null) : found.parent;
      if (found.parent !== null && parent !== found.parent && !atLeast(call, 1, 37))
        throw bad(`Unable to save resource provider '${found.id}': re-parenting a provider is not currently allowed.`);
      const changed = placement.providers.put({
        ...found,
        name,
        parent,
        root: rootOf(parent, found.id, `Unable to save resource provider ${found.id}: Object action update`),
      });
      return { status: 200, body: view(call, changed) };
    }),
    placement.route("DELETE", "/resource_providers/{provider}", "resource_providers:delete", (call) => {
      const { id } = placement.provider(call, (message) => missing(`${message} for delete`));
      if (placement.allocations.by("provider", id).length > 0)
        throw conflict(
          `Unable to delete resource provider ${id}: Resource provider has allocations.`,
          "placement.resource_provider.inuse",
        );
      if (placement.providers.filter(({ parent }) => parent === id).length > 0)
        throw conflict(
          `Unable to delete parent resource provider ${id}: It has child resource providers.`,
          "placement.resource_provider.cannot_delete_parent",
        );
      placement.providers.delete(id);
      return { status: 204 };
    }),
  ];
}

function list(placement: Placement, call: Call): ProviderRow[] {
  const { query } = call;
  const name = query.get("name");
  const id = query.get("uuid");
  const tree = query.get("in_tree");
  const memberOf = query.getAll("member_of");
  const required = query.getAll("required");
  const resources = query.get("resources");
  let found = name === null ? placement.providers.values() : placement.providers.by("name", name);
  if (id !== null) found = found.filter((row) => row.id === id);
  if (tree !== null) {
    const root = placement.providers.get(tree)?.root;
    found = found.filter((row) => row.root === root);
  }
  if (memberOf.length > 0) found = found.filter(aggregatesIn(memberOf));
  if (required.length > 0) {
    const rule = traitsIn(placement, call, required, 'Invalid trait(s) in "required" parameter: ');
    found = found.filter(({ traits }) => follows(traits, rule));
  }
  if (resources !== null) {
    const wanted = [...resourcesIn(placement, resources)];
    found = found.filter((row) => wanted.every(([one, amount]) => placement.hasRoom(row, one, amount)));
  }
  return found;
}

/** 404 of an inventory. */
export function noInventory(name: string, provider: string) {
  return missing(`No inventory of class ${name} for ${provider}`);
}
