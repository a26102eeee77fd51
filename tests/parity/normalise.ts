/** Replaces what differs by nature (ids, times, addresses, tokens) in what an exchange heard, consistently within the exchange. */
import { isIPv6 } from "node:net";
import { hostname } from "node:os";
import { type Json, SERVICES, type Service, serviceUrl } from "../cloud/client.ts";
import { asJson, type Outcome } from "./exchange.ts";

/** A request and its answer as they came. */
export interface RawStep {
  caller: string;
  service: Service;
  method: string;
  url: string;
  sentHeaders: Record<string, string>;
  sent?: unknown;
  status: number;
  headers: Headers;
  text: string;
  note?: string;
  unordered?: true | string[];
  varies?: string[];
  through?: string[];
}

/** A request and its answer as a recording has them. */
export interface Step {
  caller: string;
  request: string;
  note?: string;
  sentHeaders?: Record<string, string>;
  sent?: unknown;
  /** Lists without order, as the exchange said it. */
  unordered?: true | string[];
  /** Field that was waited for, and the values that it may have had on the way. */
  through?: string[];
  status: number;
  headers: Record<string, string>;
  /** The answer where it is JSON. */
  body?: unknown;
  /** The answer where it is something else. */
  text?: string;
}

const ID = /(?<![0-9a-f])(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-f])/gi;
const REQUEST = /\breq-(?:[0-9a-f]{8}-[0-9a-f-]{27})/g;
const ISO_TIME = /\b(20\d\d)-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?/g;
const HTTP_TIME = /\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g;
const MAC = /\bfa:16:3e(?::[0-9a-f]{2}){3}\b/gi;
const IPV4 = /(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])/g;
/** Several ids in a text, as in "ports in use: A,B,C". They come in any order. */
const ID_LIST = /<id \d+>(?:(?:, ?|', ')<id \d+>)+/g;
const FERNET = /\bgAAAA[\w-]{40,}={0,2}/g;

/** Addresses that mean the same everywhere. */
const USUAL_IPS = ["127.0.0.1", "0.0.0.0", "255.255.255.255", "169.254.169.254"];
/** Hashes of contents look like ids but are not. */
const CONTENT = /^(checksum|os_hash_value)$/;
/** Secrets and numbers that a cloud makes up. Left alone where the exchange sent the value itself. */
const MADE_UP =
  /^(audit_ids|secret|adminPass|private_key|auth_password|auth_username|auth_key|reservation_id|hostId|segmentation_id|provider:segmentation_id)$/;
/** Addresses that follow from what was sent: the first and last of a subnet. */
const DERIVED_IP = /^(cidr|gateway_ip|start|end)$/;
/** Lists of strings whose order has a meaning; all others are sets. */
const ORDERED_STRINGS = /^(dns_nameservers|steps)$/;
/** Lists of objects that are sets wherever they are. */
const SETS = /\.(roles|catalog|endpoints|versions|security_group_rules)$/;

/** Headers of an answer that are compared by value; see {@link PRESENT} for the others. */
const COMPARED = ["content-type", "location", "www-authenticate", "openstack-api-version", "vary", "retry-after"];
/** Headers of which only the presence is compared. */
const PRESENT = ["x-openstack-request-id", "x-subject-token", "etag"];

/** A pattern with * (anything, dots included) as a regular expression. */
export function glob(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*")}$`, "s");
}

/** Whether the order of the list at this place ("body.ports") has no meaning. */
export function isUnordered(step: Pick<Step, "request" | "unordered">, path: string): boolean {
  if (step.unordered === true || SETS.test(path)) return true;
  if (step.unordered?.some((pattern) => glob(pattern).test(path))) return true;
  const byId = /^GET <(neutron>|placement>|nova>\S+\/flavors)/.test(step.request) && !step.request.includes("sort_key");
  return byId && path.split(".").length === 2;
}

/** Whether a list of strings at this place is a set. */
export function isSetOfStrings(path: string): boolean {
  return !ORDERED_STRINGS.test(path.slice(path.lastIndexOf(".") + 1));
}

/** The transcript of a run, with everything replaced that differs by nature. */
export function normalise(outcome: Outcome): Step[] {
  const normaliser = new Normaliser(outcome);
  return outcome.steps.map((step) => normaliser.step(step));
}

function inOrder(ids: string): string {
  const number = (id: string) => Number(id.slice(4, -1));
  const sorted = (ids.match(/<id \d+>/g) ?? []).sort((a, b) => number(a) - number(b));
  return ids.replace(/<id \d+>/g, () => sorted.shift() as string);
}

class Normaliser {
  private readonly ids = new Map<string, string>();
  private readonly ips = new Map<string, string>();
  private readonly macs = new Map<string, string>();
  private readonly tokens: string[];
  private readonly urls: [RegExp, string][];
  /** Strings that the exchange sent. */
  private readonly sent = new Set<string>();
  /** Unknown ids get no number while this is on: for sorting. */
  private peeking = false;
  private varies: RegExp[] = [];

  constructor(outcome: Outcome) {
    for (const [id, name] of outcome.names) this.ids.set(id.toLowerCase(), `<${name}>`);
    for (const ip of USUAL_IPS) this.ips.set(ip, ip);
    this.tokens = [...outcome.tokens].filter((token) => token.length > 8);
    this.urls = (Object.keys(SERVICES) as Service[]).map((service) => [
      new RegExp(`${serviceUrl(service).replaceAll(".", "\\.")}(?![\\w-])`, "g"),
      `<${service}>`,
    ]);
    const sandbox = process.env["SANDBOX_URL"];
    if (sandbox) this.urls.push([new RegExp(sandbox.replaceAll(".", "\\."), "g"), "<sandbox>"]);
  }

  step(raw: RawStep): Step {
    this.rememberSent(raw);
    this.varies = [];
    const request = `${raw.method} ${this.text(raw.url)}`;
    const { note, unordered, through } = raw;
    const orders = { request, ...(unordered && { unordered }) };
    const sentHeaders = this.value(raw.sentHeaders, "sentHeaders", orders) as Record<string, string>;
    const sent = this.value(raw.sent, "sent", orders);
    this.varies = (raw.varies ?? []).map(glob);
    const body = asJson(raw.headers, raw.text);
    return {
      caller: raw.caller,
      request,
      ...(note && { note }),
      ...(Object.keys(sentHeaders).length > 0 && { sentHeaders }),
      ...(sent !== undefined && { sent }),
      ...(unordered && { unordered }),
      ...(through && { through }),
      status: raw.status,
      headers: this.headers(raw.headers),
      ...(body !== undefined
        ? { body: this.value(body, "body", orders) }
        : raw.text !== "" && { text: this.text(raw.text.replaceAll("\r", "")) }),
    };
  }

  private rememberSent(raw: RawStep): void {
    const walk = (value: unknown): void => {
      if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
      else if (typeof value === "string") this.literal(value);
      else this.sent.add(String(value));
    };
    walk(raw.sent);
    walk(raw.sentHeaders);
    this.literal(new URL(raw.url).search);
  }

  private literal(text: string): void {
    this.sent.add(text);
    const plain = text.startsWith("http") ? "" : text;
    for (const ip of plain.match(IPV4) ?? []) if (!this.ips.has(ip)) this.ips.set(ip, ip);
    if (isIPv6(text) && !this.ips.has(text)) this.ips.set(text, text);
  }

  private headers(headers: Headers): Record<string, string> {
    const found: Record<string, string> = {};
    const ironic = [...headers.keys()].filter((name) => name.startsWith("x-openstack-ironic-api-"));
    for (const name of [...COMPARED, ...ironic].sort()) {
      const value = headers.get(name);
      if (value === null) continue;
      if (name === "content-type") found[name] = (value.split(";")[0] as string).toLowerCase();
      else if (name === "vary") found[name] = value.toLowerCase().split(/,\s*/).sort().join(", ");
      else found[name] = this.text(value);
    }
    for (const name of PRESENT) if (headers.has(name)) found[name] = "<present>";
    return found;
  }

  private value(value: unknown, path: string, step: Pick<Step, "request" | "unordered">): unknown {
    const key = path.slice(path.lastIndexOf(".") + 1);
    if (this.varies.some((pattern) => pattern.test(path))) return "<varies>";
    if (Array.isArray(value)) return this.list(value, path, key, step);
    if (typeof value === "object" && value !== null) {
      const object = value as Json;
      const entries = Object.entries(object).map(([name, item]) => [
        this.text(name),
        name === "fingerprint" && "private_key" in object ? "<fingerprint>" : this.value(item, `${path}.${name}`, step),
      ]);
      return Object.fromEntries(entries);
    }
    if (value === null || value === undefined || typeof value === "boolean") return value;
    if (MADE_UP.test(key) && value !== "" && !this.sent.has(String(value)) && path.startsWith("body"))
      return `<${key}>`;
    if (typeof value !== "string" || CONTENT.test(key)) return value;
    if (DERIVED_IP.test(key) && /^[\da-f:.]+(\/\d+)?$/i.test(value)) {
      if (!/^(start|end)$/.test(key)) this.literal(value);
      return value;
    }
    if (value === hostname() || value.startsWith(`${hostname()}@`)) return `<host>${value.slice(hostname().length)}`;
    return this.text(value);
  }

  private list(list: unknown[], path: string, key: string, step: Pick<Step, "request" | "unordered">): unknown {
    if (key === "audit_ids") return list.map(() => "<audit id>");
    if (list.length > 1 && list.every((item) => typeof item === "string") && isSetOfStrings(key))
      return this.sorted(list, (item) => this.text(item as string)).map((item) => this.text(item as string));
    const each = (item: unknown) => this.value(item, `${path}.*`, step);
    const inOrder = list.length > 1 && isUnordered(step, path) ? this.sorted(list, each) : list;
    return inOrder.map(each);
  }

  /** Sorted by what is left when unknown ids, addresses and so on are not told apart. */
  private sorted(list: unknown[], shown: (item: unknown) => unknown): unknown[] {
    const before = this.peeking;
    this.peeking = true;
    const keyed = list.map((item) => ({ item, key: JSON.stringify(shown(item)) }));
    this.peeking = before;
    return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ item }) => item);
  }

  /** A text with everything replaced in it. */
  private text(text: string): string {
    let result = text;
    for (const token of this.tokens) result = result.replaceAll(token, "<token>");
    for (const [url, name] of this.urls) result = result.replace(url, name);
    if (isIPv6(result) && result !== "::") return this.number(this.ips, result, "ip");
    return result
      .replace(FERNET, "<token>")
      .replace(REQUEST, "<request id>")
      .replace(ID, (id) => this.number(this.ids, id.toLowerCase(), "id"))
      .replace(/\blocalhost:\d{4,5}\b/g, "<conductor>")
      .replace(/\bhost((?:-\d{1,3}){4})\b/g, (_, ip: string) => `host-${this.text(ip.slice(1).replaceAll("-", "."))}`)
      .replace(/\btap[0-9a-f]{8}-[0-9a-f]{2}\b/g, "<tap>")
      .replace(ISO_TIME, (time, year) => (Number(year) < 2026 ? time : `<time ${time.replace(/\d/g, "0")}>`))
      .replace(HTTP_TIME, "<time>")
      .replace(MAC, (mac) => this.number(this.macs, mac.toLowerCase(), "mac"))
      .replace(IPV4, (ip) => this.number(this.ips, ip, "ip"))
      .replace(ID_LIST, (ids) => inOrder(ids));
  }

  private number(map: Map<string, string>, key: string, kind: string): string {
    const known = map.get(key);
    if (known) return known;
    if (this.peeking) return `<${kind}>`;
    const count = [...map.values()].filter((name) => name.startsWith(`<${kind} `)).length + 1;
    const name = `<${kind} ${count}>`;
    map.set(key, name);
    return name;
  }
}
