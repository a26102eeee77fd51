import type { Answer, Call } from "../kernel/call.ts";
import { hasRole } from "../kernel/call.ts";
import { bool } from "../kernel/input.ts";
import { bad } from "./errors.ts";
import { type Glance, imageView } from "./glance.ts";
import type { ImageRow } from "./rows.ts";

const SORT_KEYS = ["name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at"];
const USUAL_PAGE = 25;
const LONGEST_PAGE = 1000;
const OWN = new Set(["limit", "marker", "member_status", "tag", "sort", "sort_key", "sort_dir"]);

/** GET /v2/images. */
export function listImages(glance: Glance, call: Call): Answer {
  const { query, caller } = call;
  const limit = limitOf(query);
  const memberStatus = query.get("member_status") ?? "accepted";
  if (!["pending", "accepted", "rejected", "all"].includes(memberStatus)) throw bad(`Invalid status: ${memberStatus}`);
  const visibility = query.get("visibility");
  if (visibility && !["community", "public", "private", "shared", "all"].includes(visibility))
    throw bad(`Invalid visibility value: ${visibility}`);
  if (query.get("changes-since")) throw bad('The "changes-since" filter is no longer available on v2.');
  const order = orderOf(query);
  glance.must("get_images", caller, undefined);
  const tests = testsOf(query);
  const admin = hasRole(caller, "admin");
  const mayList = (image: ImageRow): boolean => {
    const own = image.owner === caller.projectId;
    const member = glance.member(image, caller.projectId);
    const sharedNow = member !== undefined && (memberStatus === "all" || member.status === memberStatus);
    if (visibility === "shared") {
      if (image.visibility !== "shared") return false;
      return admin || own || sharedNow;
    }
    if (visibility === "community") return image.visibility === "community";
    if (visibility === "all") return admin || glance.isVisible(image, caller);
    if (visibility && image.visibility !== visibility) return false;
    if (own || admin || image.visibility === "public") return true;
    return image.visibility === "shared" && sharedNow;
  };
  const found = glance.images.filter((image) => mayList(image) && tests.every((test) => test(image)));
  found.sort((left, right) => {
    for (const { key, descending } of order) {
      const sign = compare(fieldOf(left, key), fieldOf(right, key));
      if (sign !== 0) return descending ? -sign : sign;
    }
    return 0;
  });
  const marker = query.get("marker");
  let first = 0;
  if (marker !== null) {
    const image = glance.images.get(marker);
    if (!image || !glance.isVisible(image, caller)) throw bad(`No image found with ID ${marker}`);
    first = found.findIndex(({ id }) => id === marker) + 1;
  }
  const shown = found.slice(first, first + limit);
  const link = (next?: string) => {
    const params = new URLSearchParams(query);
    params.delete("marker");
    if (next !== undefined) params.set("marker", next);
    const text = params.toString();
    return `/v2/images${text === "" ? "" : `?${text}`}`;
  };
  return {
    status: 200,
    body: {
      images: shown.map(imageView),
      first: link(),
      schema: "/v2/schemas/images",
      ...(shown.length > 0 && shown.length === limit ? { next: link(shown.at(-1)!.id) } : {}),
    },
  };
}

function limitOf(query: URLSearchParams): number {
  const text = query.get("limit");
  if (text === null) return USUAL_PAGE;
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw bad("limit param must be an integer");
  const limit = Number(text);
  if (limit < 0) throw bad("limit param must be positive");
  return Math.min(limit, LONGEST_PAGE);
}

interface Order {
  readonly key: string;
  readonly descending: boolean;
}

function orderOf(query: URLSearchParams): Order[] {
  const keyIn = (text: string) => {
    if (!SORT_KEYS.includes(text))
      throw bad(`Invalid sort key: ${text}. It must be one of the following: ${SORT_KEYS.join(", ")}.`);
    return text;
  };
  const directionIn = (text: string) => {
    if (text !== "asc" && text !== "desc") throw bad(`Invalid sort direction: ${text}`);
    return text === "desc";
  };
  const order: Order[] = [];
  const sort = query.get("sort");
  if (sort !== null) {
    if (query.has("sort_key") || query.has("sort_dir")) throw bad("Old and new sorting syntax cannot be combined");
    for (const part of sort.trim().split(",")) {
      const [key = "", direction = ""] = part.split(":");
      order.push({ key: keyIn(key.trim()), descending: directionIn((direction || "desc").trim()) });
    }
  } else {
    const keys = query.getAll("sort_key").map((key) => keyIn(key.trim()));
    const directions = query.getAll("sort_dir").map((direction) => directionIn(direction.trim()));
    if (directions.length > 1 && directions.length !== keys.length)
      throw bad("Number of sort dirs does not match the number of sort keys");
    for (const [index, key] of (keys.length > 0 ? keys : ["created_at"]).entries())
      order.push({ key, descending: directions[index] ?? directions[0] ?? true });
  }
  for (const key of ["created_at", "id"])
    if (!order.some((one) => one.key === key)) order.push({ key, descending: order[0]!.descending });
  return order;
}

function fieldOf(image: ImageRow, key: string): string | number {
  if (key === "created_at") return Math.floor(image.created / 1000);
  if (key === "updated_at") return Math.floor(image.updated / 1000);
  return (image[key as keyof ImageRow] as string | number | null) ?? "";
}

function compare(left: string | number, right: string | number): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The tests that the query's filters make. */
function testsOf(query: URLSearchParams): ((image: ImageRow) => boolean)[] {
  const tests: ((image: ImageRow) => boolean)[] = [];
  const tags = query.getAll("tag").map((tag) => tag.trim());
  if (tags.length > 0) tests.push((image) => tags.every((tag) => image.tags.includes(tag)));
  const hidden = query.get("os_hidden");
  const wantHidden = hidden === null ? false : flag("os_hidden", hidden);
  tests.push((image) => image.os_hidden === wantHidden);
  for (const [key, text] of query) {
    if (OWN.has(key) || key === "visibility" || key === "os_hidden") continue;
    tests.push(testOf(key, text));
  }
  return tests;
}

function testOf(key: string, text: string): (image: ImageRow) => boolean {
  switch (key) {
    case "protected": {
      const wanted = flag(key, text);
      return (image) => image.protected === wanted;
    }
    case "size_min":
    case "size_max": {
      const size = wholeIn(text);
      return ({ size: has }) => has !== null && (key === "size_min" ? has >= size : has <= size);
    }
    case "created_at":
    case "updated_at":
      return timeTest(key, text);
    case "name":
    case "id":
    case "status":
    case "container_format":
    case "disk_format": {
      const { operator, value } = splitOperator(text);
      if (operator === "in") {
        const values = value.split(",").map((one) => one.replace(/^"(.*)"$/, "$1"));
        return (image) => values.includes(String(image[key]));
      }
      if (operator && operator !== "eq" && operator !== "neq")
        throw bad(`Unable to filter by unknown operator '${operator}'.`);
      return operator === "neq" ? (image) => image[key] !== value : (image) => image[key] === (operator ? value : text);
    }
    case "owner":
    case "checksum":
    case "os_hash_value":
    case "os_hash_algo":
      return (image) => image[key] === text;
    case "size":
    case "min_ram":
    case "min_disk": {
      const wanted = Number(text);
      return (image) => image[key] === wanted;
    }
    default:
      return (image) => image.properties[key] === text;
  }
}

function splitOperator(text: string): { operator: string | undefined; value: string } {
  const found = /^(in|eq|neq|gt|gte|lt|lte):(.*)$/s.exec(text);
  return found ? { operator: found[1], value: found[2]! } : { operator: undefined, value: text };
}

function timeTest(key: "created_at" | "updated_at", text: string): (image: ImageRow) => boolean {
  const found = /^(eq|neq|gt|gte|lt|lte):(.*)$/s.exec(text);
  const operator = found?.[1] ?? "eq";
  const at = Date.parse(found?.[2] ?? text);
  if (Number.isNaN(at)) throw bad(`Bad "${key}" query filter format. Use ISO 8601 DateTime notation.`);
  const wanted = Math.floor(at / 1000);
  return (image) => {
    const has = fieldOf(image, key) as number;
    switch (operator) {
      case "gt":
        return has > wanted;
      case "gte":
        return has >= wanted;
      case "lt":
        return has < wanted;
      case "lte":
        return has <= wanted;
      case "neq":
        return has !== wanted;
      default:
        return has === wanted;
    }
  };
}

function flag(key: string, text: string): boolean {
  const value = bool(text);
  if (value === undefined)
    throw bad(`Invalid value '${text}' for '${key}' filter. Valid values are 'true' or 'false'.`);
  return value;
}

function wholeIn(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw bad("Unable to filter on a range with a non-numeric value.");
  return Number(text);
}
