import type { Answer, Call, Json } from "../kernel/call.ts";
import { repr } from "../kernel/python.ts";
import type { Handler } from "../kernel/service.ts";
import { fault, versionHeaders } from "./errors.ts";
import type { Ironic } from "./ironic.ts";

/** Most items of a page. */
const MOST = 1000;

/** A handler whose answers carry the version headers. */
export function versioned(handle: Handler): Handler {
  return async (call) => {
    const answer = await handle(call);
    return { ...answer, headers: { ...versionHeaders(call), ...answer.headers } };
  };
}

/** 200 with a body. */
export const ok = (body: unknown): Answer => ({ status: 200, body });

/** 204. */
export const nothing: Answer = { status: 204 };

/** 201 with the address of what was made. */
export const created = (ironic: Ironic, call: Call, path: string, body: unknown): Answer => ({
  status: 201,
  headers: { Location: `${ironic.base(call)}/v1/${path}` },
  body,
});

/** 202 with the address where the outcome shows. */
export const accepted = (ironic: Ironic, call: Call, path: string): Answer => ({
  status: 202,
  headers: { Location: `${ironic.base(call)}/v1/${path}` },
});

/** The two links of a resource. */
export const linksOf = (base: string, path: string): Json[] => [
  { href: `${base}/v1/${path}`, rel: "self" },
  { href: `${base}/${path}`, rel: "bookmark" },
];

/** How a list was asked for. */
export interface ListQuery {
  marker?: string;
  limit?: number;
  sort_key?: string;
  sort_dir?: string;
}

/** What a list is of. */
export interface ListKind<T> {
  /** Name of the list in the answer; also its path, unless `path` is given. */
  name: string;
  path?: string;
  /** Its items are found by this. */
  idOf(item: T): string;
  /** Columns that a list can be sorted by. */
  columns: readonly string[];
  /** Columns that are there but refused. */
  unsortable: readonly string[];
  /** Refuses an unknown marker. */
  unknown(marker: string): Error;
  /** Whether the marker's item exists at all, even outside of what is listed. */
  exists(marker: string): boolean;
}

/** A page of a list in the asked order, with the address of the next. Throws 400 in Ironic's words. */
export function pageOf<T extends object>(
  ironic: Ironic,
  call: Call,
  items: readonly T[],
  query: ListQuery,
  kind: ListKind<T>,
  more: { show(item: T): Json; parameters?: Json; fields?: readonly string[] | undefined; whole?: boolean },
): Answer {
  const { limit: asked, sort_key: key = "id", sort_dir: direction = "asc", marker } = query;
  if (asked !== undefined && asked <= 0) throw fault(400, "Limit must be positive");
  if (direction !== "asc" && direction !== "desc")
    throw fault(400, `Invalid sort direction: ${direction}. Acceptable values are 'asc' or 'desc'`);
  if (kind.unsortable.includes(key)) throw fault(400, `The sort_key value ${key} is an invalid field for sorting`);
  if (marker !== undefined && !kind.exists(marker)) throw kind.unknown(marker);
  if (key !== "id" && !kind.columns.includes(key))
    throw fault(400, `The sort_key value "${key}" is an invalid field for sorting`);
  const limit = Math.min(asked ?? MOST, MOST);
  const sorted = sortBy(items, key === "uuid" ? "id" : key === "id" ? undefined : key, direction);
  const first = marker === undefined ? 0 : sorted.findIndex((item) => kind.idOf(item) === marker) + 1;
  const page = sorted.slice(first, first + limit);
  const body: Json = { [kind.name]: page.map(more.show) };
  if (page.length === limit && !more.whole) {
    const parameters: Json = { sort_key: key, sort_dir: direction, ...more.parameters };
    if (more.fields) parameters["fields"] = more.fields.join(",");
    const text = Object.entries(parameters).map(([name, value]) => `${name}=${plain(value)}&`);
    body["next"] =
      `${ironic.base(call)}/v1/${kind.path ?? kind.name}?${text.join("")}limit=${limit}&marker=${kind.idOf(page.at(-1)!)}`;
  }
  return ok(body);
}

const plain = (value: unknown) => (typeof value === "string" ? value : repr(value));

function sortBy<T extends object>(items: readonly T[], key: string | undefined, direction: string): readonly T[] {
  if (key === undefined) return direction === "asc" ? items : [...items].reverse();
  const value = (item: T) => (item as Record<string, unknown>)[key];
  const compare = (left: unknown, right: unknown): number => {
    if (left === right) return 0;
    if (left === null || left === undefined) return -1;
    if (right === null || right === undefined) return 1;
    if (typeof left === "string" && typeof right === "string") {
      const [low, high] = [left.toLowerCase(), right.toLowerCase()];
      return low < high ? -1 : low > high ? 1 : 0;
    }
    return Number(left) - Number(right);
  };
  const sorted = [...items].sort((left, right) => compare(value(left), value(right)));
  return direction === "asc" ? sorted : sorted.reverse();
}

/** Only the asked fields, and the links. */
export function only(item: Json, fields: readonly string[] | undefined): Json {
  if (!fields) return item;
  const result: Json = {};
  for (const [key, value] of Object.entries(item)) if (key === "links" || fields.includes(key)) result[key] = value;
  return result;
}

/** Refuses (400) fields that the item does not have. */
export function checkKnown(fields: readonly string[] | undefined, known: readonly string[]): void {
  const wrong = (fields ?? []).filter((field) => !known.includes(field));
  if (wrong.length > 0) throw fault(400, `Field(s) "${wrong.join(", ")}" are not valid`);
}

/** `fields` and `detail` of a list: which fields it shows, undefined for all. Throws 400, before 1.43 also for `detail`. */
export function shownFields(
  version: number,
  fields: readonly string[] | undefined,
  detail: boolean | undefined,
  usual: readonly string[],
): readonly string[] | undefined {
  if (detail !== undefined && version < 43)
    throw fault(400, `Invalid query parameter ?detail=${repr(detail)} received.`);
  if (fields && detail) throw fault(400, "Can not specify ?detail=True and fields in the same request.");
  return fields ?? (detail ? undefined : usual);
}
