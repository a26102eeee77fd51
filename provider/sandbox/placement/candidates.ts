import { atLeast, type Call, type Json } from "../kernel/call.ts";
import type { Schema } from "../kernel/schema.ts";
import type { Route } from "../kernel/service.ts";
import { bad, checkQuery } from "./errors.ts";
import { aggregatesIn, capacity, follows, type Placement, resourcesIn, type TraitRule, traitsIn } from "./placement.ts";
import type { ProviderRow } from "./rows.ts";

/** What is asked for together, from one provider: `resources1=…&required1=…`. */
interface Group {
  readonly suffix: string;
  readonly resources: ReadonlyMap<string, number>;
  readonly traits: TraitRule;
  readonly inAggregates: (provider: ProviderRow) => boolean;
  readonly tree: string | undefined;
}

/** One way to give out everything. */
interface Candidate {
  readonly allocations: Map<string, Map<string, number>>;
  readonly mappings: Map<string, string[]>;
}

/** Ways of one tree that are looked at; with a thousand machines each is a tree of its own. */
const WAYS_PER_TREE = 1000;

/** GET /allocation_candidates. */
export function candidateRoutes(placement: Placement): Route[] {
  return [
    placement.route(
      "GET",
      "/allocation_candidates",
      "allocation_candidates:list",
      (call) => {
        checkQuery(call, schemaOf(call));
        const groups = groupsIn(placement, call);
        const limit = call.query.get("limit");
        const isolate = call.query.get("group_policy") === "isolate";
        const found: Candidate[] = [];
        const roots = placement.providers.filter(({ id, root }) => id === root);
        for (const root of roots) {
          if (limit !== null && found.length >= Number(limit)) break;
          const tree = placement.providers.by("root", root.id);
          const rootRule = call.query.getAll("root_required");
          if (rootRule.length > 0 && !follows(root.traits, traitsIn(placement, call, rootRule))) continue;
          found.push(...waysOf(placement, tree, groups, isolate));
        }
        return { status: 200, body: view(placement, call, limit === null ? found : found.slice(0, Number(limit))) };
      },
      { minor: 10 },
    ),
  ];
}

const LIMIT: Schema = { type: ["integer", "string"], pattern: "^[1-9][0-9]*$", minimum: 1, minLength: 1 };

function schemaOf(call: Call): Schema {
  const text: Schema = { type: "string" };
  const list: Schema = { type: ["string"] };
  if (!atLeast(call, 1, 25))
    return {
      type: "object",
      properties: {
        resources: text,
        ...(atLeast(call, 1, 16) ? { limit: LIMIT } : {}),
        ...(atLeast(call, 1, 17) ? { required: list } : {}),
        ...(atLeast(call, 1, 21) ? { member_of: list } : {}),
      },
      required: ["resources"],
      additionalProperties: false,
    };
  const suffix = atLeast(call, 1, 33) ? "[a-zA-Z0-9_-]{1,64}" : "[1-9][0-9]*";
  const kinds = ["resources", "required", "member_of", ...(atLeast(call, 1, 31) ? ["in_tree"] : [])];
  return {
    type: "object",
    properties: {
      limit: LIMIT,
      group_policy: { type: "string", enum: ["none", "isolate"] },
      ...(atLeast(call, 1, 35) ? { root_required: list } : {}),
      ...(atLeast(call, 1, 36) ? { same_subtree: list } : {}),
    },
    additionalProperties: false,
    patternProperties: Object.fromEntries(kinds.map((kind) => [`^${kind}(${suffix})?$`, text])),
  };
}

function groupsIn(placement: Placement, call: Call): Group[] {
  const { query } = call;
  const suffixes = new Set<string>();
  for (const key of query.keys()) {
    const found = /^(resources|required|member_of|in_tree)(.*)$/.exec(key);
    if (found && key !== "root_required") suffixes.add(found[2]!);
  }
  const groups = [...suffixes].sort().map((suffix): Group => {
    const resources = query.get(`resources${suffix}`);
    const required = query.getAll(`required${suffix}`);
    if (resources === null && required.length > 0 && suffix === "" && suffixes.size === 1) throw noResources();
    return {
      suffix,
      resources: resources === null ? new Map() : resourcesIn(placement, resources),
      traits: traitsIn(placement, call, required),
      inAggregates: aggregatesIn(query.getAll(`member_of${suffix}`)),
      tree: query.get(`in_tree${suffix}`) ?? undefined,
    };
  });
  if (!groups.some(({ resources }) => resources.size > 0)) throw noResources();
  if (groups.filter(({ suffix }) => suffix !== "").length > 1 && !query.has("group_policy"))
    throw bad('The "group_policy" parameter is required when specifying more than one "resources{N}" parameter.');
  return groups;
}

function noResources() {
  return bad("There must be at least one resources or resources[$S] parameter.", "placement.query.missing_value");
}

function waysOf(
  placement: Placement,
  tree: readonly ProviderRow[],
  groups: readonly Group[],
  isolate: boolean,
): Candidate[] {
  let ways: Candidate[] = [{ allocations: new Map(), mappings: new Map() }];
  for (const group of groups) {
    if (group.tree !== undefined && !tree.some(({ id }) => id === group.tree)) return [];
    const next: Candidate[] = [];
    for (const way of ways) {
      const taken = isolate && group.suffix !== "" ? takenBy(way) : new Set<string>();
      for (const provider of tree) {
        if (taken.has(provider.id) || next.length >= WAYS_PER_TREE) continue;
        if (!follows(provider.traits, group.traits) || !group.inAggregates(provider)) continue;
        const grown = give(placement, way, group, provider);
        if (grown) next.push(grown);
      }
    }
    ways = next;
  }
  return ways;
}

/** Providers that groups with a suffix have already. */
function takenBy({ mappings }: Candidate): Set<string> {
  return new Set([...mappings].flatMap(([suffix, ids]) => (suffix === "" ? [] : ids)));
}

/** The way with one group more, from this provider; undefined where it has not enough for all that is asked of it. */
function give(placement: Placement, way: Candidate, group: Group, provider: ProviderRow): Candidate | undefined {
  const resources = new Map(way.allocations.get(provider.id));
  for (const [name, amount] of group.resources) {
    if (!placement.hasRoom(provider, name, amount)) return undefined;
    const together = (resources.get(name) ?? 0) + amount;
    if (!placement.hasRoom(provider, name, together)) return undefined;
    resources.set(name, together);
  }
  const allocations = new Map(way.allocations);
  if (resources.size > 0) allocations.set(provider.id, resources);
  return { allocations, mappings: new Map(way.mappings).set(group.suffix, [provider.id]) };
}

function view(placement: Placement, call: Call, candidates: readonly Candidate[]): Json {
  const byProvider = atLeast(call, 1, 12);
  const requests = candidates.map(({ allocations, mappings }) => ({
    allocations: byProvider
      ? Object.fromEntries(
          [...allocations].map(([id, resources]) => [id, { resources: Object.fromEntries(resources) }]),
        )
      : [...allocations].map(([id, resources]) => ({
          resource_provider: { uuid: id },
          resources: Object.fromEntries(resources),
        })),
    ...(atLeast(call, 1, 34) ? { mappings: Object.fromEntries(mappings) } : {}),
  }));
  const asked = new Set(
    candidates.flatMap(({ allocations }) => [...allocations.values()].flatMap((one) => [...one.keys()])),
  );
  const ids = new Set(candidates.flatMap(({ allocations }) => [...allocations.keys()]));
  if (atLeast(call, 1, 29))
    for (const id of [...ids])
      for (const other of placement.providers.by("root", placement.providers.get(id)!.root)) ids.add(other.id);
  const summaries: Json = {};
  for (const id of ids) summaries[id] = summary(placement, call, placement.providers.get(id)!, asked);
  return { allocation_requests: requests, provider_summaries: summaries };
}

function summary(placement: Placement, call: Call, provider: ProviderRow, asked: ReadonlySet<string>): Json {
  const resources: Json = {};
  for (const [name, inventory] of Object.entries(provider.inventories))
    if (atLeast(call, 1, 27) || asked.has(name))
      resources[name] = { capacity: capacity(inventory), used: placement.used(provider.id, name) };
  return {
    resources,
    ...(atLeast(call, 1, 17) ? { traits: provider.traits } : {}),
    ...(atLeast(call, 1, 29) ? { parent_provider_uuid: provider.parent, root_provider_uuid: provider.root } : {}),
  };
}
