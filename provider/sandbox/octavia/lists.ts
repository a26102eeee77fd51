import type { Answer, Call, Json } from "../kernel/call.ts";
import { bool } from "../kernel/input.ts";
import type { Table } from "../kernel/store.ts";
import { fault, outer } from "./errors.ts";
import { forbidden, isAdmin, mayRead } from "./octavia.ts";
import type { Thing } from "./rows.ts";

const MOST = 1000;
const AUXILIARY = ["limit", "marker", "sort", "sort_key", "sort_dir", "fields", "page_reverse"];
const TAGS = ["tags", "tags-any", "not-tags", "not-tags-any"];

/** Rows that a list begins with: of the caller's project, or of the one that was asked for. Throws 403. */
export function ownRows<T extends Thing>(table: Table<T>, call: Call): T[] {
  const asked = call.query.get("project_id") ?? call.query.get("tenant_id");
  if (isAdmin(call.caller)) return asked === null ? table.values() : table.by("project", asked);
  const project = asked ?? call.caller.projectId;
  if (project === "") throw forbidden();
  mayRead(call, project);
  return table.by("project", project);
}

/** One thing, with only the fields that the query asks for. */
export function one(call: Call, name: string, shown: Json): Answer {
  return { status: 200, body: { [name]: chosen(call, shown) } };
}

/** A list after the query: filtered, sorted, a page of it, with links to the next and the one before. */
export function listOf<T extends Thing>(
  call: Call,
  name: string,
  rows: readonly T[],
  view: (row: T) => Json,
  /** Further names by which can be filtered, as rows have them. */
  more: Readonly<Record<string, keyof T & string>> = {},
): Answer {
  const limit = limitOf(call.query.get("limit"));
  const keys = sortKeys(call.query);
  const filters = [...new Set(call.query.keys())].filter((key) => !AUXILIARY.includes(key) && !TAGS.includes(key));
  const sample = rows[0] && { ...view(rows[0]), ...rows[0] };
  for (const key of filters)
    if (!(key in more) && !FILTERS.has(key) && !(sample && key in sample))
      throw fault(400, "One or more arguments are either duplicate or invalid");
  let found = rows.filter((row) => matches(call.query, filters, row, more) && tagged(call.query, row.tags));
  const known = rows[0] as object | undefined;
  for (const { key } of keys)
    if (!FILTERS.has(key) && !(known && key in known)) throw fault(400, `Supplied sort key '${key}' is not valid.`);
  found.sort((left, right) => compare(keys, left as unknown as Json, right as unknown as Json));
  const marker = call.query.get("marker");
  const backwards = bool(call.query.get("page_reverse") ?? "false") === true;
  if (marker !== null) {
    const at = found.findIndex(({ id }) => id === marker);
    if (at < 0) throw fault(400, `Supplied pagination marker '${marker}' is not valid.`);
    found = backwards ? found.slice(Math.max(at - limit, 0), at) : found.slice(at + 1);
  }
  const shown = found.slice(0, limit);
  return {
    status: 200,
    body: {
      [name]: shown.map((row) => chosen(call, view(row))),
      [`${name}_links`]: links(call, shown, limit, marker !== null),
    },
  };
}

/** Fields of any kind by which lists can be filtered and sorted, even while they are empty. */
const FILTERS = new Set([
  ...["id", "name", "description", "project_id", "tenant_id", "admin_state_up", "provisioning_status"],
  ...["operating_status", "created_at", "updated_at", "protocol", "protocol_port", "provider", "type", "address"],
  ...["vip_address", "vip_port_id", "vip_subnet_id", "vip_network_id", "vip_qos_policy_id", "lb_algorithm", "action"],
  ...["loadbalancer_id", "load_balancer_id", "listener_id", "pool_id", "default_pool_id", "position", "weight"],
  ...["flavor_id", "availability_zone", "value", "key", "compare_type", "delay", "timeout", "redirect_pool_id"],
]);

function limitOf(asked: string | null): number {
  if (asked === null || asked === "infinite") return MOST;
  if (!/^\s*[+-]?\d+\s*$/.test(asked)) throw outer(400, `Supplied pagination limit '${asked}' is not valid.`);
  const limit = Number(asked);
  return limit < 1 ? Number.POSITIVE_INFINITY : Math.min(limit, MOST);
}

interface SortKey {
  key: string;
  down: boolean;
}

function sortKeys(query: URLSearchParams): SortKey[] {
  const direction = (text: string): boolean => {
    if (text !== "asc" && text !== "desc") throw outer(400, `Supplied sort direction '${text}' is not valid.`);
    return text === "desc";
  };
  const keys: SortKey[] = [];
  const sort = query.get("sort");
  const names = query.get("sort_key");
  if (sort)
    for (const part of sort.split(",")) {
      const [key = "", way, more] = part.split(":");
      if (more !== undefined) throw outer(400, `Supplied sort key '${part.split(":").join(", ")}' is not valid.`);
      keys.push({ key, down: direction((way ?? "asc").toLowerCase()) });
    }
  else if (names) {
    const ways = query.get("sort_dir")?.split(",") ?? [];
    for (const [index, key] of names.split(",").entries())
      keys.push({ key, down: direction((ways[index] ?? "asc").toLowerCase()) });
  }
  for (const key of ["created_at", "id"]) if (!keys.some((one) => one.key === key)) keys.push({ key, down: false });
  return keys;
}

function compare(keys: readonly SortKey[], left: Json, right: Json): number {
  for (const { key, down } of keys) {
    const [one, other] = [left[key] ?? "", right[key] ?? ""] as [string, string];
    if (one === other) continue;
    return one < other === down ? 1 : -1;
  }
  return 0;
}

function matches<T extends Thing>(
  query: URLSearchParams,
  filters: readonly string[],
  row: T,
  more: Readonly<Record<string, keyof T & string>>,
): boolean {
  const fields = row as unknown as Json;
  return filters.every((filter) => {
    const name = more[filter] ?? RENAMED[filter] ?? filter;
    const have = fields[name];
    const wanted = query.getAll(filter);
    if (typeof have === "boolean") return wanted.every((value) => bool(value) === have);
    return wanted.some((value) => String(have ?? "") === value);
  });
}

const RENAMED: Record<string, string> = { tenant_id: "project_id", loadbalancer_id: "load_balancer_id" };

function tagged(query: URLSearchParams, tags: readonly string[]): boolean {
  const asked = (name: string) => query.getAll(name).flatMap((value) => value.split(","));
  const has = (tag: string) => tags.includes(tag);
  if (!asked("tags").every(has)) return false;
  if (query.has("tags-any") && !asked("tags-any").some(has)) return false;
  if (query.has("not-tags") && asked("not-tags").every(has)) return false;
  return !asked("not-tags-any").some(has);
}

function chosen(call: Call, shown: Json): Json {
  const fields = call.query.getAll("fields");
  if (fields.length === 0) return shown;
  return Object.fromEntries(Object.entries(shown).filter(([name]) => fields.includes(name)));
}

function links(call: Call, shown: readonly { id: string }[], limit: number, marked: boolean): Json[] {
  if (shown.length === 0) return [];
  const common = [`limit=${Number.isFinite(limit) ? limit : "None"}`];
  for (const name of ["sort", "sort_key"]) if (call.query.get(name)) common.push(`${name}=${call.query.get(name)}`);
  const link = (rel: string, ...parts: string[]) => ({
    href: `${call.base}${call.path}?${[...common, ...parts].join("&")}`,
    rel,
  });
  const found: Json[] = [];
  if (marked) found.push(link("previous", `marker=${shown[0]!.id}`, "page_reverse=True"));
  if (shown.length >= limit || !Number.isFinite(limit)) found.push(link("next", `marker=${shown.at(-1)!.id}`));
  return found;
}
