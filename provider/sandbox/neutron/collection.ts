import type { Answer, Call, Caller, Json, Refusal } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Row, Table } from "../kernel/store.ts";
import type { Attributes } from "./attributes.ts";
import { createBody, type Given, updateBody } from "./body.ts";
import { badFor, badRequest, hidden, refusal } from "./errors.ts";
import { enforce, may, type Target } from "./policy.ts";
import { type Filters, filtersOf, paged, passes, sorted, withFields } from "./query.ts";
import { checkQuota } from "./quota.ts";
import type { State } from "./state.ts";

/** One collection of the API and what is particular to it. */
export interface Collection<T extends Row> {
  /** Below /v2.0: `networks`, `qos/policies`. */
  readonly path: string;
  readonly resource: string;
  readonly plural: string;
  /** Name in the policy's rules; the resource's where left out. */
  readonly rule?: string;
  /** Name among the quotas; none where left out. */
  readonly quota?: string;
  /** What a marker names; `id` where left out. */
  readonly key?: string;
  readonly attributes: Attributes;
  readonly table: Table<T>;
  missing(id: string): Refusal;
  /** The same for a look at it, where that says something else. */
  missingShown?(id: string): Refusal;
  /** Whether the data base shows the row to the caller at all. */
  sees(caller: Caller, row: T): boolean;
  /** What the policy judges by, of a row or of the values of a create; may throw what is wrong with these. */
  target(caller: Caller, of: T | Json): Target;
  /** Everything that a row shows; what the policy hides is in `guarded`. */
  view(row: T, caller: Caller): Json;
  /** Attributes that only those may read whom a rule of their own lets. */
  readonly guarded?: readonly string[];
  /** A shorter list of rows in which all that pass the filters are. */
  narrow?(filters: Filters): T[] | undefined;
  create?(given: Given, call: Call): T | Promise<T>;
  /** What is shown of a row that was just made; as `view` where left out. */
  created?(row: T, caller: Caller): Json;
  update?(row: T, given: Given, call: Call): T | Promise<T>;
  /** What is shown of a row that was just changed; as `view` where left out. */
  updated?(row: T): Json;
  remove?(row: T, call: Call): void | Promise<void>;
}

/** The usual routes of a collection. */
export function routesOf<T extends Row>(state: State, collection: Collection<T>): Route[] {
  const path = `/v2.0/${collection.path}`;
  const one = `${path}/{id}`;
  const routes = [
    route("GET", path, (call) => list(collection, call)),
    route("GET", one, (call) => show(collection, call)),
  ];
  if (collection.create) routes.push(route("POST", path, (call) => create(state, collection, call)));
  if (collection.update) routes.push(route("PUT", one, (call) => update(collection, call)));
  if (collection.remove) routes.push(route("DELETE", one, (call) => remove(collection, call)));
  return routes;
}

/** The row of a path that the caller may know of. Throws 404. */
export function found<T extends Row>(collection: Collection<T>, caller: Caller, id: string): T {
  const row = collection.table.get(id);
  if (!row || !collection.sees(caller, row)) throw collection.missing(id);
  return row;
}

/** What the caller is shown of a row. */
export function shown<T extends Row>(collection: Collection<T>, row: T, caller: Caller, fresh = false): Json {
  const view = fresh && collection.created ? collection.created(row, caller) : collection.view(row, caller);
  const target = collection.target(caller, row);
  for (const name of collection.guarded ?? [])
    if (!may(caller, `get_${ruleOf(collection)}:${name}`, target)) delete view[name];
  return view;
}

function ruleOf<T extends Row>(collection: Collection<T>): string {
  return collection.rule ?? collection.resource;
}

function list<T extends Row>(collection: Collection<T>, call: Call): Answer {
  const { caller, query } = call;
  const filters = filtersOf(query, collection.attributes);
  const ids = filters.get("id") as string[] | undefined;
  const rows = ids
    ? ids.map((id) => collection.table.get(id)).filter((row) => row !== undefined)
    : (collection.narrow?.(filters) ?? collection.table.values());
  const rule = `get_${ruleOf(collection)}`;
  const items: Json[] = [];
  for (const row of rows) {
    if (!collection.sees(caller, row)) continue;
    const whole = collection.view(row, caller);
    if (passes(whole, filters) && may(caller, rule, collection.target(caller, row))) items.push(whole);
  }
  const page = paged(sorted(items, query, collection.attributes), call, collection.key ?? "id", collection.missing);
  const body: Json = {
    [collection.plural]: page.items.map((item) => {
      const row = collection.table.get(String(item["id"] ?? ""));
      if (row && collection.guarded) {
        const target = collection.target(caller, row);
        for (const name of collection.guarded) if (!may(caller, `${rule}:${name}`, target)) delete item[name];
      }
      return withFields(item, query);
    }),
  };
  if (page.links) body[`${collection.plural}_links`] = page.links;
  return { status: 200, body };
}

function show<T extends Row>(collection: Collection<T>, call: Call): Answer {
  const id = call.params["id"]!;
  const missing = collection.missingShown ?? collection.missing;
  const row = found({ ...collection, missing }, call.caller, id);
  if (!may(call.caller, `get_${ruleOf(collection)}`, collection.target(call.caller, row))) throw hidden();
  return { status: 200, body: { [collection.resource]: withFields(shown(collection, row, call.caller), call.query) } };
}

async function create<T extends Row>(state: State, collection: Collection<T>, call: Call): Promise<Answer> {
  const { attributes, resource, plural, table } = collection;
  const { items, bulk } = createBody(call, resource, plural, attributes);
  if (collection.quota) checkQuota(state, collection.quota, items);
  for (const { values } of items)
    enforce(call.caller, `create_${ruleOf(collection)}`, collection.target(call.caller, values), {
      attributes,
      values,
    });
  const made: T[] = [];
  try {
    for (const item of items) made.push(await collection.create!(item, call));
  } catch (failure) {
    for (const row of made.reverse()) await collection.remove?.(row, call);
    throw failure;
  }
  const views = made.map((row) => shown(collection, table.get(row.id) ?? row, call.caller, true));
  return { status: 201, body: bulk ? { [plural]: views } : { [resource]: views[0] } };
}

async function update<T extends Row>(collection: Collection<T>, call: Call): Promise<Answer> {
  const { attributes, resource } = collection;
  const given = updateBody(call, resource, collection.plural, attributes);
  const row = found(collection, call.caller, call.params["id"]!);
  const target = collection.target(call.caller, { ...row, ...given.values });
  const rule = ruleOf(collection);
  enforce(call.caller, `update_${rule}`, target, { attributes, ...given }, `get_${rule}`);
  ifMatch(call, row);
  const changed = await collection.update!(row, given, call);
  return {
    status: 200,
    body: { [resource]: collection.updated?.(changed) ?? shown(collection, changed, call.caller) },
  };
}

async function remove<T extends Row>(collection: Collection<T>, call: Call): Promise<Answer> {
  const row = found(collection, call.caller, call.params["id"]!);
  const rule = ruleOf(collection);
  enforce(call.caller, `delete_${rule}`, collection.target(call.caller, row), undefined, `get_${rule}`);
  if (call.body !== undefined) throw badRequest("Request body is not supported in DELETE.");
  ifMatch(call, row);
  await collection.remove!(row, call);
  return { status: 204 };
}

/** Throws 412 where the request asks for another revision than there is. */
function ifMatch(call: Call, row: Row): void {
  const tags = (call.headers["if-match"] ?? "").split(",").map((tag) => tag.trim().replace(/^(W\/)?"(.*)"$/, "$2"));
  const wanted = tags.filter((tag) => tag.startsWith("revision_number="));
  if (wanted.length === 0) return;
  if (wanted.length > 1) throw badFor("if-match", "Multiple revision_number etags are not supported");
  const asked = wanted[0]!.slice("revision_number=".length);
  if (!/^[+-]?\d+$/.test(asked))
    throw badFor("if-match", "Revision number etag must be in the format of revision_number=<int>");
  const current = (row as { revision_number?: number }).revision_number;
  if (Number(asked) !== current)
    throw refusal(
      412,
      "RevisionNumberConstraintFailed",
      `Constrained to ${Number(asked)}, but current revision is ${current}`,
    );
}
