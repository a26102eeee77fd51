import { Failure } from "../core/failure.ts";
import type { Query } from "./types.ts";

/** More pages than this are a service that never ends. */
const MOST_PAGES = 10_000;

/**
 * The link to the next page in a list's body, whatever the service calls it: `<key>_links` (nova, neutron, cinder,
 * octavia), `next` (ironic, glance), `links.next` (keystone). `undefined` on the last page.
 */
export function nextLink(body: unknown, key: string): string | undefined {
  if (typeof body !== "object" || body === null) return undefined;
  const record = body as Record<string, unknown>;
  if (typeof record["next"] === "string" && record["next"]) return record["next"];
  // Cinder calls the links of `volume_types` `volume_type_links`.
  const named = Object.keys(record).filter((name) => name.endsWith("_links") && name !== `${key}_links`);
  for (const links of [`${key}_links`, "links", ...named].map((name) => record[name])) {
    if (Array.isArray(links)) {
      const next: unknown = links.find((link) => (link as { rel?: unknown } | null)?.rel === "next");
      const href = (next as { href?: unknown } | undefined)?.href;
      if (typeof href === "string" && href) return href;
    } else if (typeof links === "object" && links !== null) {
      const next = (links as { next?: unknown }).next;
      if (typeof next === "string" && next) return next;
    }
  }
  return undefined;
}

/**
 * The query for the next page: ours, with the link's marker. Never the link's address: one to another host (a proxy's
 * inside name, or worse) must not carry the token away. Nor its other parameters where there is a marker: Ironic's link
 * names `fields` that the version asked for refuses (406).
 */
export function nextQuery(link: string, current: Query): Query {
  const parameters = new URL(link, "http://nowhere").searchParams;
  const marker = parameters.get("marker");
  if (marker !== null) return { ...current, marker };
  const query: Query = { ...current };
  for (const key of new Set(parameters.keys())) {
    const values = parameters.getAll(key);
    query[key] = values.length > 1 ? values : values[0]!;
  }
  return query;
}

/**
 * All pages of a list, one request after the other.
 * @throws Failure `service-broken` where the service leads in a circle
 */
export async function readPages<T>(
  fetchPage: (query: Query) => Promise<unknown>,
  key: string,
  start: Query = {},
): Promise<T[]> {
  const items: T[] = [];
  const seen = new Set<string>();
  let query = start;
  for (let page = 0; ; page++) {
    const mark = JSON.stringify(query);
    if (seen.has(mark) || page >= MOST_PAGES) throw circle(key, page);
    seen.add(mark);
    const body = await fetchPage(query);
    const list: unknown =
      typeof body === "object" && body !== null ? (body as Record<string, unknown>)[key] : undefined;
    if (!Array.isArray(list)) throw notAList(key, body);
    for (const item of list) items.push(item);
    const link = nextLink(body, key);
    if (link === undefined) return items;
    query = nextQuery(link, query);
  }
}

function circle(key: string, page: number): Failure {
  return new Failure({
    code: "service-broken",
    what: `the pages of ${key} lead back to one already read, after ${page} pages`,
    mover: "operator",
    next: "report it: the service's next links never end",
  });
}

function notAList(key: string, body: unknown): Failure {
  const has = typeof body === "object" && body !== null ? Object.keys(body).slice(0, 5).join(", ") : typeof body;
  return new Failure({
    code: "service-broken",
    what: `the answer has no list "${key}" (it has: ${has || "nothing"})`,
    mover: "operator",
    next: "check that the endpoint is this service's API and no proxy's page",
  });
}
