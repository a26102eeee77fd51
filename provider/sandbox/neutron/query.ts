import type { Call, Json, Refusal } from "../kernel/call.ts";
import { repr, str } from "../kernel/python.ts";
import type { Attributes } from "./attributes.ts";
import { badFor, badRequest, invalidInput } from "./errors.ts";

const NO_FILTERS = new Set(["fields", "sort_key", "sort_dir", "limit", "marker", "page_reverse"]);

/** What a list is asked for: values by attribute. */
export type Filters = ReadonlyMap<string, readonly unknown[]>;

/** The filters of a list. Throws 400 on an attribute that is none. */
export function filtersOf(query: URLSearchParams, attributes: Attributes): Filters {
  const filters = new Map<string, unknown[]>();
  const unknown: string[] = [];
  for (const name of new Set(query.keys())) {
    if (NO_FILTERS.has(name)) continue;
    const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (!attribute?.filter) unknown.push(name);
    else if (PAIRS.has(name)) filters.set(name, [pairs(query.getAll(name))]);
    else
      filters.set(
        name,
        query.getAll(name).map((value) => (attribute.convert ? attribute.convert(value) : value)),
      );
  }
  if (unknown.length > 0) throw badRequest(`${repr(unknown)} is invalid attribute for filtering`);
  return filters;
}

/** Filters of the form `fixed_ips=ip_address=10.0.0.5`. */
const PAIRS = new Set(["fixed_ips"]);

function pairs(values: string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const value of values) {
    const mark = value.indexOf("=");
    if (mark < 1) throw invalidInput(`'${value}' is not of the form <key>=[value]`);
    const key = value.slice(0, mark);
    found[key] = [...(found[key] ?? []), value.slice(mark + 1)];
  }
  return found;
}

/** Whether an item, as it is shown, has what the filters ask for. */
export function passes(item: Json, filters: Filters): boolean {
  for (const [name, values] of filters) if (!passesOne(item, name, values)) return false;
  return true;
}

function passesOne(item: Json, name: string, values: readonly unknown[]): boolean {
  switch (name) {
    case "tags":
      return asked(values).every((tag) => tagsOf(item).includes(tag));
    case "tags-any":
      return asked(values).some((tag) => tagsOf(item).includes(tag));
    case "not-tags":
      return !asked(values).every((tag) => tagsOf(item).includes(tag));
    case "not-tags-any":
      return !asked(values).some((tag) => tagsOf(item).includes(tag));
    case "fixed_ips":
      return hasAddress(item, values[0] as Record<string, string[]>);
    case "ip_address_substr":
      return false;
    default: {
      const value = item[name] ?? (typeof values[0] === "boolean" ? false : item[name]);
      if (Array.isArray(value)) return values.some((one) => value.includes(one));
      return values.some((one) => one === value || (value !== null && value !== undefined && str(value) === str(one)));
    }
  }
}

const asked = (values: readonly unknown[]): string[] => values.flatMap((value) => String(value).split(","));
const tagsOf = (item: Json): string[] => (item["tags"] ?? []) as string[];

function hasAddress(port: Json, wanted: Record<string, string[]>): boolean {
  const addresses = port["fixed_ips"] as { subnet_id: string; ip_address: string }[];
  return Object.entries(wanted).every(([key, values]) =>
    addresses.some((one) => {
      if (key === "ip_address_substr") return values.some((value) => one.ip_address.includes(value));
      const have = one[key as "subnet_id" | "ip_address"];
      return values.includes(have);
    }),
  );
}

/** Sorts items as asked, and by id where nothing else decides. Throws 400 on keys that cannot be sorted by. */
export function sorted<T extends Json>(items: T[], query: URLSearchParams, attributes: Attributes): T[] {
  const keys = query.getAll("sort_key").filter(Boolean);
  const directions = query.getAll("sort_dir").filter(Boolean);
  if (keys.length !== directions.length) throw badRequest("The number of sort_keys and sort_dirs must be same");
  const absent = keys.filter((key) => !(Object.hasOwn(attributes, key) && attributes[key]?.sort));
  if (absent.length > 0) throw badRequest(`${repr(absent)} is invalid attribute for sort_keys`);
  const wrong = directions.filter((one) => one !== "asc" && one !== "desc");
  if (wrong.length > 0)
    throw badRequest(`${repr(wrong)} is invalid value for sort_dirs, valid value is 'asc' and 'desc'`);
  const orders = keys.map((key, n) => ({ key, sign: directions[n] === "asc" ? 1 : -1 }));
  if (!keys.includes("id")) orders.push({ key: "id", sign: 1 });
  return items.sort((one, other) => {
    for (const { key, sign } of orders) {
      const order = compare(one[key], other[key]);
      if (order !== 0) return order * sign;
    }
    return 0;
  });
}

function compare(one: unknown, other: unknown): number {
  if (one === other) return 0;
  if (one === null || one === undefined) return -1;
  if (other === null || other === undefined) return 1;
  if (typeof one === "number" && typeof other === "number") return one - other;
  const [left, right] = [String(one), String(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A page of items and its links. */
export interface Page {
  items: Json[];
  links: { rel: string; href: string }[] | undefined;
}

/** The page that is asked for. `key`: what the marker names. Throws 400 on a wrong limit, and what `missing` makes. */
export function paged(items: Json[], call: Call, key: string, missing: (marker: string) => Refusal): Page {
  const { query } = call;
  const asked = query.get("limit") ?? "0";
  const limit = /^\s*\+?\d+\s*$/.test(asked) ? Number(asked) : -1;
  if (limit < 0) throw badFor("limit", `Limit must be an integer 0 or greater and not '${asked}'`);
  if (limit === 0) return { items, links: undefined };
  const reverse = (query.get("page_reverse") ?? "").toLowerCase() === "true";
  const marker = query.get("marker");
  let at = reverse ? items.length : 0;
  if (marker) {
    at = items.findIndex((item) => item[key] === marker);
    if (at < 0) throw missing(marker);
    if (!reverse) at++;
  }
  const page = reverse ? items.slice(Math.max(at - limit, 0), at) : items.slice(at, at + limit);
  const links: { rel: string; href: string }[] = [];
  const whole = page.length >= limit;
  if (whole || reverse) links.push({ rel: "next", href: link(call, page.at(-1)?.[key], false) });
  if (whole || !reverse) links.push({ rel: "previous", href: link(call, page[0]?.[key], true) });
  return { items: page, links };
}

function link(call: Call, marker: unknown, reverse: boolean): string {
  const query = new URLSearchParams(call.query);
  query.delete("marker");
  query.delete("page_reverse");
  if (marker !== undefined) query.append("marker", String(marker));
  if (reverse) query.append("page_reverse", "True");
  return `${call.base}${call.path}?${query}`;
}

/** Only the fields that are asked for. */
export function withFields(item: Json, query: URLSearchParams): Json {
  const fields = query.getAll("fields");
  if (fields.length === 0) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => fields.includes(name)));
}
