import { atLeast, type Call, Refusal } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import type { Schema } from "../kernel/schema.ts";
import type { Route } from "../kernel/service.ts";
import { bad, checkBody, checkQuery, conflict, lost, missing, outdated, twice } from "./errors.ts";
import { location, type Placement } from "./placement.ts";
import { STANDARD_CLASSES, STANDARD_TRAITS } from "./standard.ts";

const CLASS: Schema = {
  type: "object",
  properties: { name: { type: "string", pattern: "^CUSTOM_[A-Z0-9_]+$", maxLength: 255 } },
  required: ["name"],
  additionalProperties: false,
};
const TRAITS_OF_PROVIDER: Schema = {
  type: "object",
  properties: {
    traits: { type: "array", items: { type: "string", minLength: 1, maxLength: 255 } },
    resource_provider_generation: { type: "integer" },
  },
  required: ["traits", "resource_provider_generation"],
  additionalProperties: false,
};
const TRAIT_LIST: Schema = {
  type: "object",
  properties: { name: { type: "string" }, associated: { type: "string" } },
  additionalProperties: false,
};
const IDS: Schema = { type: "array", items: { type: "string", format: "uuid" }, uniqueItems: true };
const AGGREGATES: Schema = {
  type: "object",
  properties: { aggregates: IDS, resource_provider_generation: { type: "integer" } },
  required: ["aggregates", "resource_provider_generation"],
  additionalProperties: false,
};

/** Resource classes, traits, and the traits and aggregates of providers. */
export function nameRoutes(placement: Placement): Route[] {
  return [...classRoutes(placement), ...traitRoutes(placement), ...aggregateRoutes(placement)];
}

function classRoutes(placement: Placement): Route[] {
  const since = { minor: 2 };
  const view = (name: string) => ({ name, links: [{ rel: "self", href: `/resource_classes/${name}` }] });
  const add = (call: Call, name: string) => {
    checkBody({ ...call, body: { name } }, CLASS);
    placement.classes.put({ id: name });
    return { status: 201, headers: location(placement, call, `/resource_classes/${name}`) };
  };
  return [
    placement.route(
      "GET",
      "/resource_classes",
      "resource_classes:list",
      () => ({
        status: 200,
        body: {
          resource_classes: [...STANDARD_CLASSES, ...placement.classes.values().map(({ id }) => id)].map(view),
        },
      }),
      since,
    ),
    placement.route(
      "POST",
      "/resource_classes",
      "resource_classes:create",
      (call) => {
        checkBody(call, CLASS);
        const name = object(call.body)["name"] as string;
        if (placement.hasClass(name)) throw conflict(`Conflicting resource class already exists: ${name}`);
        return add(call, name);
      },
      since,
    ),
    placement.route(
      "GET",
      "/resource_classes/{name}",
      "resource_classes:show",
      (call) => {
        const name = call.params["name"]!;
        if (!placement.hasClass(name)) throw lost(`No such resource class ${name}.`);
        return { status: 200, body: view(name) };
      },
      since,
    ),
    placement.route(
      "PUT",
      "/resource_classes/{name}",
      "resource_classes:update",
      (call) => {
        const name = call.params["name"]!;
        checkBody({ ...call, body: { name } }, CLASS);
        if (placement.hasClass(name))
          return { status: 204, headers: location(placement, call, `/resource_classes/${name}`) };
        return add(call, name);
      },
      { minor: 7 },
    ),
    placement.route(
      "DELETE",
      "/resource_classes/{name}",
      "resource_classes:delete",
      (call) => {
        const name = call.params["name"]!;
        if (STANDARD_CLASSES.includes(name))
          throw bad(`Error in delete resource class: Cannot delete standard resource class ${name}.`);
        if (!placement.classes.get(name)) throw lost(`No such resource class ${name}.`);
        if (placement.providers.find(({ inventories }) => inventories[name] !== undefined))
          throw conflict(
            `Error in delete resource class: Cannot delete resource class ${name}. Class is in use in inventory.`,
          );
        placement.classes.delete(name);
        return { status: 204 };
      },
      since,
    ),
  ];
}

function traitRoutes(placement: Placement): Route[] {
  const since = { minor: 6 };
  const path = "/resource_providers/{provider}/traits";
  return [
    placement.route(
      "GET",
      "/traits",
      "traits:list",
      (call) => ({ status: 200, body: listTraits(placement, call) }),
      since,
    ),
    placement.route(
      "GET",
      "/traits/{name}",
      "traits:show",
      (call) => {
        const name = call.params["name"]!;
        if (!placement.hasTrait(name)) throw missing(`No such trait(s): ${name}.`);
        return { status: 204 };
      },
      since,
    ),
    placement.route(
      "PUT",
      "/traits/{name}",
      "traits:update",
      (call) => {
        const name = call.params["name"]!;
        if (!/^CUSTOM_[A-Z0-9_]+$/.test(name) || name.length > 255)
          throw bad(
            'The trait is invalid. A valid trait must be no longer than 255 characters, start with the prefix "CUSTOM_" and use following characters: "A"-"Z", "0"-"9" and "_"',
          );
        const status = placement.hasTrait(name) ? 204 : 201;
        placement.traits.put({ id: name });
        return { status, headers: location(placement, call, `/traits/${name}`) };
      },
      since,
    ),
    placement.route(
      "DELETE",
      "/traits/{name}",
      "traits:delete",
      (call) => {
        const name = call.params["name"]!;
        if (STANDARD_TRAITS.has(name)) throw bad(`Cannot delete standard trait ${name}.`);
        if (!placement.traits.get(name)) throw missing(`No such trait(s): ${name}.`);
        if (placement.providers.find(({ traits }) => traits.includes(name)))
          throw conflict(`The trait ${name} is in use by a resource provider.`);
        placement.traits.delete(name);
        return { status: 204 };
      },
      since,
    ),
    placement.route(
      "GET",
      path,
      "resource_providers:traits:list",
      (call) => {
        const { traits, generation } = placement.provider(call, twice());
        return { status: 200, body: { traits, resource_provider_generation: generation } };
      },
      since,
    ),
    placement.route(
      "PUT",
      path,
      "resource_providers:traits:update",
      (call) => {
        checkBody(call, TRAITS_OF_PROVIDER);
        const provider = placement.provider(call);
        const body = object(call.body);
        const traits = [...new Set(body["traits"] as string[])];
        if (body["resource_provider_generation"] !== provider.generation)
          throw outdated("Resource provider's generation already changed. Please update the generation and try again.");
        const unknown = traits.filter((name) => !placement.hasTrait(name));
        if (unknown.length > 0) throw bad(`No such trait ${unknown.join(", ")}`);
        const saved = placement.save({ ...provider, traits });
        return { status: 200, body: { traits, resource_provider_generation: saved.generation } };
      },
      since,
    ),
    placement.route(
      "DELETE",
      path,
      "resource_providers:traits:delete",
      (call) => {
        placement.save({ ...placement.provider(call), traits: [] });
        return { status: 204 };
      },
      since,
    ),
  ];
}

function listTraits(placement: Placement, call: Call) {
  checkQuery(call, TRAIT_LIST);
  const name = call.query.get("name");
  const associated = call.query.get("associated");
  let names = [...STANDARD_TRAITS, ...placement.traits.values().map(({ id }) => id)];
  if (name !== null) {
    const [operator, value = ""] = [name.slice(0, name.indexOf(":")), name.slice(name.indexOf(":") + 1)];
    if (operator === "in") names = names.filter((one) => value.split(",").includes(one));
    else if (operator === "startswith") names = names.filter((one) => one.startsWith(value));
    else
      throw bad(
        `Badly formatted name parameter. Expected name query string parameter in form: ?name=[in|startswith]:[name1,name2|prefix]. Got: "${name}"`,
      );
  }
  if (associated !== null) {
    if (!/^(true|false)$/i.test(associated))
      throw bad(`The query parameter "associated" only accepts "true" or "false"`);
    const used = new Set(placement.providers.values().flatMap(({ traits }) => traits));
    names = names.filter((one) => used.has(one) === (associated.toLowerCase() === "true"));
  }
  return { traits: names };
}

function aggregateRoutes(placement: Placement): Route[] {
  const path = "/resource_providers/{provider}/aggregates";
  const since = { minor: 1 };
  const view = (call: Call, aggregates: string[], generation: number) => ({
    aggregates,
    ...(atLeast(call, 1, 19) ? { resource_provider_generation: generation } : {}),
  });
  return [
    placement.route(
      "GET",
      path,
      "resource_providers:aggregates:list",
      (call) => {
        const { aggregates, generation } = placement.provider(call);
        return { status: 200, body: view(call, aggregates, generation) };
      },
      since,
    ),
    placement.route(
      "PUT",
      path,
      "resource_providers:aggregates:update",
      (call) => {
        const provider = placement.provider(call);
        const withGeneration = atLeast(call, 1, 19);
        checkBody(call, withGeneration ? AGGREGATES : IDS);
        const body = object(call.body);
        if (withGeneration && body["resource_provider_generation"] !== provider.generation)
          throw new Refusal(
            409,
            "Resource provider's generation already changed. Please update the generation and try again.",
            { type: "placement.concurrent_update" },
          );
        const aggregates = (withGeneration ? body["aggregates"] : call.body) as string[];
        const saved = withGeneration
          ? placement.save({ ...provider, aggregates })
          : placement.providers.put({ ...provider, aggregates });
        return { status: 200, body: view(call, aggregates, saved.generation) };
      },
      since,
    ),
  ];
}
