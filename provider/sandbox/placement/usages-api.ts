import { atLeast, type Call, hasRole, type Json } from "../kernel/call.ts";
import type { Schema } from "../kernel/schema.ts";
import { type Route, route } from "../kernel/service.ts";
import { checkQuery, missing, twice } from "./errors.ts";
import { notAllowed, type Placement } from "./placement.ts";

const NAME: Schema = { type: "string", minLength: 1, maxLength: 255 };

/** How much is allocated: of a provider, by a project. */
export function usageRoutes(placement: Placement): Route[] {
  return [
    placement.route("GET", "/resource_providers/{provider}/usages", "resource_providers:usages", (call) => {
      const { id, inventories, generation } = placement.provider(call, twice());
      const usages = Object.fromEntries(Object.keys(inventories).map((name) => [name, placement.used(id, name)]));
      return { status: 200, body: { resource_provider_generation: generation, usages } };
    }),
    route("GET", "/usages", (call) => {
      if (!atLeast(call, 1, 9)) throw missing("");
      const project = call.query.get("project_id");
      const own = hasRole(call.caller, "reader") && project !== null && project === call.caller.projectId;
      if (!hasRole(call.caller, "admin", "service") && !own) throw notAllowed("usages");
      checkQuery(call, schemaOf(call));
      return { status: 200, body: { usages: usagesOf(placement, call) } };
    }),
  ];
}

function schemaOf(call: Call): Schema {
  const type: Schema = { type: "string", pattern: "^[A-Z0-9_]+$|^all|^unknown$", minLength: 1, maxLength: 255 };
  return {
    type: "object",
    properties: { project_id: NAME, user_id: NAME, ...(atLeast(call, 1, 38) ? { consumer_type: type } : {}) },
    required: ["project_id"],
    additionalProperties: false,
  };
}

function usagesOf(placement: Placement, call: Call): Json {
  const user = call.query.get("user_id");
  const type = call.query.get("consumer_type");
  const byType = atLeast(call, 1, 38);
  const usages: Record<string, Record<string, number>> = {};
  for (const consumer of placement.consumers.by("project", call.query.get("project_id")!)) {
    if (user !== null && consumer.user_id !== user) continue;
    const own = consumer.type ?? "unknown";
    if (byType && type !== null && type !== "all" && type !== own) continue;
    const rows = placement.allocations.by("consumer", consumer.id);
    if (rows.length === 0) continue;
    const key = byType ? (type === "all" ? "all" : own) : "";
    const sums = usages[key] ?? {};
    usages[key] = sums;
    for (const { resources } of rows)
      for (const [name, amount] of Object.entries(resources)) sums[name] = (sums[name] ?? 0) + amount;
    if (byType) sums["consumer_count"] = (sums["consumer_count"] ?? 0) + 1;
  }
  return byType ? usages : (usages[""] ?? {});
}
