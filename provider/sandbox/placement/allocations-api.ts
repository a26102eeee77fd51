import { atLeast, type Call, type Json, type Version } from "../kernel/call.ts";
import { isUuid, object } from "../kernel/input.ts";
import type { Schema } from "../kernel/schema.ts";
import type { Route } from "../kernel/service.ts";
import { bad, checkBody, conflict, missing, outdated, twice } from "./errors.ts";
import { capacity, fits, type Placement } from "./placement.ts";
import type { ConsumerRow } from "./rows.ts";

/** Project and user of consumers that old clients made. */
const UNKNOWN = "00000000-0000-0000-0000-000000000000";

/** What a consumer is to have from now on. */
interface Wish {
  readonly consumer: string;
  readonly resources: ReadonlyMap<string, Record<string, number>>;
  readonly project: string;
  readonly user: string;
  readonly type: string | null;
  /** undefined before microversion 1.28. */
  readonly generation: number | null | undefined;
}

const UUID_PATTERN = "^[0-9a-fA-F-]{36}$";
const NAME: Schema = { type: "string", minLength: 1, maxLength: 255 };
const RESOURCES: Schema = {
  type: "object",
  minProperties: 1,
  patternProperties: { "^[A-Z0-9_]+$": { type: "integer", minimum: 1 } },
  additionalProperties: false,
};
const AS_LIST: Schema = {
  type: "array",
  minItems: 1,
  items: {
    type: "object",
    properties: {
      resource_provider: {
        type: "object",
        properties: { uuid: { type: "string", format: "uuid" } },
        additionalProperties: false,
        required: ["uuid"],
      },
      resources: RESOURCES,
    },
    required: ["resource_provider", "resources"],
    additionalProperties: false,
  },
};

function schemaOf(version: Version, mayBeEmpty: boolean): Schema {
  const since = (minor: number) => atLeast({ version }, 1, minor);
  const allocations: Schema = since(12)
    ? {
        type: "object",
        minProperties: mayBeEmpty ? 0 : 1,
        patternProperties: {
          [UUID_PATTERN]: {
            type: "object",
            properties: { generation: { type: "integer" }, resources: RESOURCES },
            required: ["resources"],
            additionalProperties: false,
          },
        },
        additionalProperties: false,
      }
    : AS_LIST;
  return {
    type: "object",
    properties: {
      allocations,
      ...(since(8) ? { project_id: NAME, user_id: NAME } : {}),
      ...(since(28) ? { consumer_generation: { type: ["integer", "null"], additionalProperties: false } } : {}),
      ...(since(34)
        ? {
            mappings: {
              type: "object",
              minProperties: 1,
              patternProperties: {
                "[a-zA-Z0-9_-]{1,64}": { type: "array", minItems: 1, items: { type: "string", format: "uuid" } },
              },
            },
          }
        : {}),
      ...(since(38)
        ? { consumer_type: { type: "string", pattern: "^[A-Z0-9_]+$", minLength: 1, maxLength: 255 } }
        : {}),
    },
    additionalProperties: false,
    required: [
      "allocations",
      ...(since(8) ? ["project_id", "user_id"] : []),
      ...(since(28) ? ["consumer_generation"] : []),
      ...(since(38) ? ["consumer_type"] : []),
    ],
  };
}

/** Allocations. */
export function allocationRoutes(placement: Placement): Route[] {
  return [
    placement.route("GET", "/allocations/{consumer}", "allocations:list", (call) => ({
      status: 200,
      body: ofConsumer(placement, call),
    })),
    placement.route("PUT", "/allocations/{consumer}", "allocations:update", (call) => {
      const consumer = call.params["consumer"]!;
      if (!isUuid(consumer)) throw bad(`Malformed consumer_uuid: ${consumer}`);
      checkBody(call, schemaOf(call.version, atLeast(call, 1, 28)));
      grant(placement, [wishIn(call, consumer, object(call.body))]);
      return { status: 204 };
    }),
    placement.route(
      "POST",
      "/allocations",
      "allocations:manage",
      (call) => {
        checkBody(call, {
          type: "object",
          minProperties: 1,
          additionalProperties: false,
          patternProperties: { [UUID_PATTERN]: schemaOf(call.version, true) },
        });
        grant(
          placement,
          Object.entries(object(call.body)).map(([consumer, body]) => wishIn(call, consumer, object(body))),
        );
        return { status: 204 };
      },
      { minor: 13 },
    ),
    placement.route("DELETE", "/allocations/{consumer}", "allocations:delete", (call) => {
      const consumer = call.params["consumer"]!;
      const rows = placement.allocations.by("consumer", consumer);
      if (rows.length === 0) throw missing(`No allocations for consumer '${consumer}'`);
      for (const { id } of rows) placement.allocations.delete(id);
      placement.consumers.delete(consumer);
      return { status: 204 };
    }),
    placement.route(
      "GET",
      "/resource_providers/{provider}/allocations",
      "resource_providers:allocations:list",
      (call) => {
        const provider = placement.provider(call, twice(`Resource provider '${call.params["provider"]}' not found`));
        const allocations: Json = {};
        for (const { consumer, resources } of placement.allocations.by("provider", provider.id))
          allocations[consumer] = {
            resources,
            ...(atLeast(call, 1, 28) ? { consumer_generation: placement.consumers.get(consumer)?.generation } : {}),
          };
        return { status: 200, body: { allocations, resource_provider_generation: provider.generation } };
      },
    ),
  ];
}

function ofConsumer(placement: Placement, call: Call): Json {
  const id = call.params["consumer"]!;
  const rows = placement.allocations.by("consumer", id);
  const allocations: Json = {};
  for (const { provider, resources } of rows)
    allocations[provider] = { resources, generation: placement.providers.get(provider)?.generation };
  const consumer = placement.consumers.get(id);
  if (rows.length === 0 || !consumer) return { allocations };
  return {
    allocations,
    ...(atLeast(call, 1, 12) ? { project_id: consumer.project_id, user_id: consumer.user_id } : {}),
    ...(atLeast(call, 1, 28) ? { consumer_generation: consumer.generation } : {}),
    ...(atLeast(call, 1, 38) ? { consumer_type: consumer.type ?? "unknown" } : {}),
  };
}

function wishIn(call: Call, consumer: string, body: Json): Wish {
  const resources = new Map<string, Record<string, number>>();
  if (Array.isArray(body["allocations"]))
    for (const one of body["allocations"]) {
      const { resource_provider, resources: wanted } = object(one);
      resources.set(String(object(resource_provider)["uuid"]), wanted as Record<string, number>);
    }
  else
    for (const [provider, one] of Object.entries(object(body["allocations"])))
      resources.set(provider, object(one)["resources"] as Record<string, number>);
  return {
    consumer,
    resources,
    project: (body["project_id"] as string | undefined) ?? UNKNOWN,
    user: (body["user_id"] as string | undefined) ?? UNKNOWN,
    type: (body["consumer_type"] as string | undefined) ?? null,
    generation: atLeast(call, 1, 28) ? (body["consumer_generation"] as number | null) : undefined,
  };
}

/** Gives all consumers what they wish, or throws and changes nothing of what any has. */
function grant(placement: Placement, wishes: readonly Wish[]): void {
  for (const wish of wishes) {
    checkGeneration(placement, wish);
    for (const provider of wish.resources.keys())
      if (!placement.providers.get(provider)) {
        // The real Placement keeps the consumer that it has just made.
        if (!placement.consumers.get(wish.consumer)) placement.consumers.put(rowOf(wish, 0));
        throw bad(`Allocation for resource provider '${provider}' that does not exist.`);
      }
  }
  for (const { consumer, resources } of wishes)
    for (const wanted of resources.values())
      for (const name of Object.keys(wanted))
        if (!placement.hasClass(name))
          throw bad(`Unable to allocate inventory for consumer ${consumer}: No such resource class ${name}.`);
  checkRoom(placement, wishes);
  const touched = new Set<string>();
  for (const wish of wishes) {
    const { consumer } = wish;
    for (const { id, provider } of placement.allocations.by("consumer", consumer)) {
      if (wish.resources.has(provider)) continue;
      placement.allocations.delete(id);
      if (wish.resources.size === 0) touched.add(provider);
    }
    if (wish.resources.size === 0) {
      placement.consumers.delete(consumer);
      continue;
    }
    for (const [provider, resources] of wish.resources) {
      placement.allocations.put({ id: `${consumer} ${provider}`, consumer, provider, resources });
      touched.add(provider);
    }
    placement.consumers.put(rowOf(wish, (placement.consumers.get(consumer)?.generation ?? 0) + 1));
  }
  for (const provider of touched) placement.save(placement.providers.get(provider)!);
}

function rowOf(wish: Wish, generation: number): ConsumerRow {
  return { id: wish.consumer, project_id: wish.project, user_id: wish.user, type: wish.type, generation };
}

function checkGeneration(placement: Placement, { consumer, generation }: Wish): void {
  if (generation === undefined) return;
  const now = placement.consumers.get(consumer)?.generation;
  if (now === undefined ? generation === null : generation === now) return;
  const expected = now === undefined ? "None" : String(now);
  throw outdated(`consumer generation conflict - expected ${expected} but got ${generation ?? "None"}`);
}

/** Refuses what does not fit; what the consumers have now counts as given back. */
function checkRoom(placement: Placement, wishes: readonly Wish[]): void {
  const ours = new Set(wishes.map(({ consumer }) => consumer));
  const wanted = new Map<string, number>();
  for (const { resources } of wishes)
    for (const [provider, amounts] of resources)
      for (const [name, amount] of Object.entries(amounts)) {
        const refuse = (why: string) =>
          conflict(
            `Unable to allocate inventory: Unable to create allocation for '${name}' on resource provider '${provider}'. ${why}`,
          );
        const inventory = placement.providers.get(provider)!.inventories[name];
        if (!inventory)
          throw conflict(
            `Unable to allocate inventory: Inventory for '${name}' on resource provider '${provider}' invalid.`,
          );
        if (!fits(inventory, amount)) throw refuse("The requested amount would violate inventory constraints.");
        const key = `${provider} ${name}`;
        const sum = (wanted.get(key) ?? 0) + amount;
        wanted.set(key, sum);
        const others = placement.allocations
          .by("provider", provider)
          .reduce((used, row) => used + (ours.has(row.consumer) ? 0 : (row.resources[name] ?? 0)), 0);
        // An inventory that has shrunk below what is used of it: whoever takes no more than before may stay.
        if (others + sum > capacity(inventory) && others + sum > placement.used(provider, name))
          throw refuse("The requested amount would exceed the capacity.");
      }
}
