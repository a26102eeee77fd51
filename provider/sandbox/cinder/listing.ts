import type { Call, Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { type Cinder, isAdmin } from "./core.ts";
import { bad, gone, invalidInput } from "./errors.ts";
import { nextLink } from "./links.ts";
import { literal } from "./python.ts";
import { since } from "./versions.ts";

const MOST = 1000;
const RESERVED = ["limit", "marker", "offset", "sort", "sort_key", "sort_dir"];

/** How a collection is listed. */
export interface Listing<T extends { id: string }> {
  /** What an unknown marker is called: `Volume`. */
  readonly kind: string;
  /** The values of a row by the names of its columns in cinder's database; filters and sorting know only these. */
  columns(row: T): Json;
  /** The names of all columns. */
  readonly names: readonly string[];
  /** Metadata that the filter `metadata` looks at. */
  metadata?(row: T): Record<string, string>;
  /** Filters that a tenant may use below 3.31; the administrator may use all columns. */
  readonly tenantFilters?: readonly string[];
  /** Filters that a tenant may use from 3.31 on: cinder's own resource_filters.json, as it is shipped. */
  readonly filters?: readonly string[];
  /** First minor microversion that refuses a tenant's other filters. */
  readonly refusing?: number;
  /** Names of the API for columns. */
  readonly renamed?: Readonly<Record<string, string>>;
}

const RENAMED = { name: "display_name", description: "display_description", consumes_quota: "use_quota" };

/** The filters of a request, by columns; throws 400 at those that the caller may not use. */
export function filters<T extends { id: string }>(call: Call, listing: Listing<T>): Map<string, string> {
  const given = new Map([...call.query].filter(([key]) => !RESERVED.includes(key)));
  if (since(call, 45)) given.delete("with_count");
  if (isAdmin(call.caller)) return given;
  if (since(call, listing.refusing ?? 31)) {
    given.delete("all_tenants");
    const invalid = [...given.keys()].filter((key) => !listing.filters?.includes(key.replace(/~$/, "")));
    if (invalid.length > 0) throw bad(`Invalid filters ${invalid.join(",")} are found in query options.`);
    return given;
  }
  for (const key of given.keys()) if (!(listing.tenantFilters ?? listing.filters)?.includes(key)) given.delete(key);
  return given;
}

/** The value of a yes-or-no parameter. Throws 400 at anything else. */
export function flag(call: Call, name: string): boolean {
  const value = call.query.get(name);
  if (value === null) return false;
  const word = value.trim().toLowerCase();
  if (["1", "t", "true", "on", "y", "yes"].includes(word)) return true;
  if (["0", "f", "false", "off", "n", "no"].includes(word)) return false;
  throw bad(`Value '${value}' for '${name}' is not a boolean.`);
}

/** The rows that match the filters; none where a filter is no column. */
export function matching<T extends { id: string }>(
  rows: readonly T[],
  given: ReadonlyMap<string, string>,
  listing: Listing<T>,
): T[] {
  const tests: ((row: T, columns: Json) => boolean)[] = [];
  for (const [key, text] of given) {
    if (key === "all_tenants") continue;
    if (key === "metadata" || key === "glance_metadata") {
      const wanted = literal(text);
      if (!isObject(wanted)) return [];
      tests.push((row) => Object.entries(wanted).every(([name, value]) => listing.metadata?.(row)[name] === value));
      continue;
    }
    const like = key.endsWith("~");
    const plain = like ? key.slice(0, -1) : key;
    const column = { ...RENAMED, ...listing.renamed }[plain] ?? plain;
    if (!listing.names.includes(column)) return [];
    const compared = column === "created_at" || column === "updated_at" ? comparison(text) : undefined;
    tests.push((_, columns) => {
      const value = columns[column];
      if (compared) return compared(String(value));
      if (like) return fold(value).includes(fold(text));
      return equals(value, column === "display_name" ? text : literal(text));
    });
  }
  if (tests.length === 0) return [...rows];
  return rows.filter((row) => {
    const columns = listing.columns(row);
    return tests.every((test) => test(row, columns));
  });
}

/** The database compares without regard to upper and lower case. */
const fold = (value: unknown): string => String(value).toUpperCase();

function equals(value: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return wanted.some((one) => equals(value, one));
  if (typeof value === "boolean")
    return ["true", "1", "t", "yes", "y", "on"].includes(String(wanted).toLowerCase()) === value;
  return fold(value) === fold(wanted);
}

const OPERATORS: Record<string, (a: string, b: string) => boolean> = {
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  eq: (a, b) => a === b,
  neq: (a, b) => a !== b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
};

function comparison(text: string): (value: string) => boolean {
  const tests = text.split(",").map((unit) => {
    const [operator = "", ...rest] = unit.split(":");
    const test = OPERATORS[operator];
    if (!test) throw bad(`Invalid ${operator} operator`);
    const at = new Date(rest.join(":"));
    if (Number.isNaN(at.getTime())) throw bad(`Invalid ${rest.join(":")} value`);
    return (value: string) => test(value.slice(0, 19), at.toISOString().slice(0, 19));
  });
  return (value) => tests.every((test) => test(value));
}

/** A time as a column: it sorts and compares as text. */
export const stamp = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** One page of a list. */
export interface Page<T> {
  readonly rows: T[];
  /** The fields of the answer beside the list itself: `volumes_links`, `count`. */
  readonly more: Json;
}

/** Sorts rows and takes the page that was asked for. Throws 400 and 404 in cinder's words. */
export function page<T extends { id: string }>(
  cinder: Cinder,
  call: Call,
  rows: readonly T[],
  listing: Listing<T>,
  options: { path: string; links: string; count?: boolean },
): Page<T> {
  const { query } = call;
  const limit = Math.min(whole(query.get("limit"), "limit") ?? MOST, MOST);
  const offset = integer(query.get("offset") ?? "0", "offset");
  const keys = sortKeys(call, listing);
  const sorted = sort(rows, keys, listing);
  const marker = query.get("marker");
  let first = 0;
  if (marker !== null) {
    first = sorted.findIndex((row) => row.id === marker) + 1;
    if (first === 0) throw gone(listing.kind, marker);
  }
  const shown = sorted.slice(first + offset, first + offset + limit);
  const count =
    options.count && since(call, 45) && query.has("with_count") && flag(call, "with_count") ? rows.length : undefined;
  const last = shown.at(-1);
  const next = last && limit <= (count || shown.length) ? nextLink(cinder, call, options.path, last.id) : undefined;
  return {
    rows: shown,
    more: { ...(next ? { [options.links]: next } : {}), ...(count === undefined ? {} : { count }) },
  };
}

function whole(text: string | null, name: string): number | undefined {
  if (text === null) return undefined;
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw bad(`${name} param must be an integer`);
  if (Number(text) < 0) throw bad(`${name} param must be positive`);
  return Number(text);
}

function integer(text: string, name: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw bad(`${name} must be an integer`);
  const value = Number(text);
  if (value < 0) throw bad(`${name} must be >= 0`);
  if (value > 2147483647) throw bad(`${name} must be <= 2147483647`);
  return value;
}

interface Key {
  readonly column: string;
  readonly up: boolean;
}

function sortKeys<T extends { id: string }>(call: Call, listing: Listing<T>): Key[] {
  const { query } = call;
  const asked = query.get("sort");
  if (asked !== null && (query.has("sort_key") || query.has("sort_dir")))
    throw bad("The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.");
  const pairs =
    asked === null
      ? [[query.get("sort_key") ?? "created_at", query.get("sort_dir") ?? "desc"]]
      : asked.split(",").map((part) => {
          const [key = "", direction = ""] = part.split(":");
          return [key.trim(), direction.trim() || "desc"];
        });
  return pairs.map(([key = "", direction = ""]) => {
    if (direction !== "asc" && direction !== "desc")
      throw invalidInput("Unknown sort direction, must be 'desc' or 'asc'.");
    return { column: { ...RENAMED, ...listing.renamed }[key] ?? key, up: direction === "asc" };
  });
}

function sort<T extends { id: string }>(rows: readonly T[], asked: Key[], listing: Listing<T>): T[] {
  const up = asked[0]?.up ?? false;
  const keys = [...asked];
  for (const column of ["created_at", "id"]) if (!keys.some((key) => key.column === column)) keys.push({ column, up });
  const valued = rows.map((row) => ({ row, columns: listing.columns(row) }));
  if (keys.some(({ column }) => !listing.names.includes(column))) throw invalidInput("Invalid sort key");
  valued.sort((a, b) => {
    for (const { column, up } of keys) {
      const order = compare(a.columns[column], b.columns[column]);
      if (order !== 0) return up ? order : -order;
    }
    return 0;
  });
  return valued.map(({ row }) => row);
}

function compare(a: unknown, b: unknown): number {
  if (a === null || b === null || a === undefined || b === undefined)
    return Number(a !== null && a !== undefined) - Number(b !== null && b !== undefined);
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [fold(a), fold(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
