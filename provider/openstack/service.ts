import { Failure } from "../core/failure.ts";
import { ApiError, SERVICE_NAMES } from "./api-error.ts";
import { type Endpoint, readVersions, rootOf, splitEndpoint, usualVersion, type VersionRange } from "./discovery.ts";
import type { Exchange } from "./exchange.ts";
import { compareVersions, type Feature, microversionHeaders, type Requirement, requirement } from "./microversions.ts";
import { readPages } from "./paging.ts";
import type { Answer, Query, RequestOptions, Service, ServiceType } from "./types.ts";

/** What a service needs of its session. */
export interface ServiceHost {
  /** The service's address from the catalog or an override, and the project's id. */
  locate(type: ServiceType, signal?: AbortSignal): Promise<{ url: string; projectId: string | undefined }>;
  /** Sends a request with the session's token. */
  send<T>(request: Omit<Exchange, "tokens">): Promise<Answer<T>>;
}

/**
 * One service. It finds its address and versions on first use and remembers them; a failed try is not remembered.
 *
 * Paths are relative to the versioned root: `/nodes`, `/servers/detail`, `/volumes`, `/lbaas/loadbalancers`. A path
 * that repeats the root's version (`/v1/nodes`) means the same.
 */
export class OpenStackService implements Service {
  readonly type: ServiceType;
  readonly #host: ServiceHost;
  #endpoint: Promise<Endpoint> | undefined;
  #range: Promise<VersionRange | undefined> | undefined;

  constructor(type: ServiceType, host: ServiceHost) {
    this.type = type;
    this.#host = host;
  }

  async request<T = unknown>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    options.signal?.throwIfAborted();
    const { root } = await this.endpoint();
    return this.#host.send<T>({
      service: this.type,
      method: method.toUpperCase(),
      url: `${joinPath(root, path)}${queryString(path, options.query)}`,
      headers: { ...microversionHeaders(this.type, options.microversion), ...options.headers },
      ...(options.body !== undefined && { body: options.body }),
      ...(options.repeatable !== undefined && { repeatable: options.repeatable }),
      ...(options.accept && { accept: options.accept }),
      ...(options.signal && { signal: options.signal }),
      ...(options.retryForMs !== undefined && { limits: { totalMs: options.retryForMs } }),
    });
  }

  async get<T = unknown>(path: string, options?: RequestOptions): Promise<T> {
    return (await this.request<T>("GET", path, options)).body;
  }

  async find<T = unknown>(path: string, options: RequestOptions = {}): Promise<T | undefined> {
    try {
      return await this.get<T>(path, options);
    } catch (error) {
      if (error instanceof ApiError && error.is(404)) return undefined;
      throw error;
    }
  }

  async post<T = unknown>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return (await this.request<T>("POST", path, { ...options, body })).body;
  }

  async put<T = unknown>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return (await this.request<T>("PUT", path, { ...options, body })).body;
  }

  async patch<T = unknown>(path: string, body: unknown, options?: RequestOptions): Promise<T> {
    return (await this.request<T>("PATCH", path, { ...options, body })).body;
  }

  async remove(path: string, options: RequestOptions = {}): Promise<boolean> {
    try {
      await this.request("DELETE", path, options);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.is(404)) return false;
      throw error;
    }
  }

  async list<T = unknown>(path: string, key: string, options: RequestOptions = {}): Promise<T[]> {
    return readPages<T>((query) => this.get(path, { ...options, query }), key, options.query);
  }

  async supports(feature: Feature): Promise<boolean> {
    const range = await this.versions();
    return range !== undefined && compareVersions(range.maximum, this.#needs(feature).minimum) >= 0;
  }

  async negotiate(feature: Feature): Promise<string> {
    return chooseVersion(feature, this.#needs(feature), await this.versions());
  }

  #needs(feature: Feature): Requirement {
    const needs = requirement(feature);
    if (needs.service !== this.type) throw new TypeError(`${feature} belongs to ${needs.service}, not to ${this.type}`);
    return needs;
  }

  /** The microversions this cloud's service answers to; `undefined` where it does not tell. */
  versions(): Promise<VersionRange | undefined> {
    this.#range ??= this.#readRange().catch((error) => {
      this.#range = undefined;
      throw error;
    });
    return this.#range;
  }

  /** Where requests go. */
  endpoint(): Promise<Endpoint> {
    this.#endpoint ??= this.#discover().catch((error) => {
      this.#endpoint = undefined;
      throw error;
    });
    return this.#endpoint;
  }

  async #discover(): Promise<Endpoint> {
    const { url, projectId } = await this.#host.locate(this.type);
    const { base, version } = splitEndpoint(url, projectId);
    if (version && version === usualVersion(this.type, version)) {
      return { root: rootOf(this.type, base, version, projectId) };
    }
    const read = await this.#ask([`${base}/`]);
    const path = read?.path ?? usualVersion(this.type, version);
    return { root: rootOf(this.type, base, path, projectId), ...(read?.range && { range: read.range }) };
  }

  async #readRange(): Promise<VersionRange | undefined> {
    const endpoint = await this.endpoint();
    if (endpoint.range) return endpoint.range;
    const { url, projectId } = await this.#host.locate(this.type);
    const { base, version } = splitEndpoint(url, projectId);
    const path = usualVersion(this.type, version);
    // The version's own document first: an unversioned address may belong to another service behind one proxy.
    return (await this.#ask([`${[base, path].filter(Boolean).join("/")}/`, `${base}/`]))?.range;
  }

  async #ask(addresses: readonly string[]) {
    for (const url of addresses) {
      const answer = await this.#host.send({
        service: this.type,
        method: "GET",
        url,
        accept: [300, 400, 401, 403, 404, 405, 406],
      });
      const read = answer.status <= 300 ? readVersions(this.type, answer.body) : undefined;
      if (read) return read;
    }
    return undefined;
  }
}

/**
 * The microversion to ask for, given what the service has.
 * @throws Failure `version-too-old`, or `unsupported` where the service has given up what this package is written for
 */
export function chooseVersion(feature: string, needs: Requirement, range: VersionRange | undefined): string {
  const { service, minimum, wanted = minimum } = needs;
  const name = SERVICE_NAMES[service];
  if (!range || compareVersions(range.maximum, minimum) < 0) {
    throw new Failure({
      code: "version-too-old",
      what: `${feature} needs ${name} ${minimum}; this cloud has ${range ? range.maximum : "no version of it that is known"}`,
      mover: "operator",
      next: `ask the cloud's operator to upgrade ${name}; until then: ${needs.without}`,
    });
  }
  if (compareVersions(range.minimum, wanted) > 0) {
    throw new Failure({
      code: "unsupported",
      what: `${feature} is written for ${name} ${wanted}; this cloud begins at ${range.minimum}`,
      mover: "you",
      next: "upgrade pulumi-baremetal",
    });
  }
  return compareVersions(wanted, range.maximum) <= 0 ? wanted : range.maximum;
}

/** Puts a path behind a root; a whole address must lie under it, a repeated version is dropped. */
function joinPath(root: string, path: string): string {
  if (/^[a-z]+:\/\//i.test(path)) {
    if (path === root || path.startsWith(`${root}/`) || path.startsWith(`${root}?`)) return path;
    throw new TypeError(`a request must stay under ${root}`);
  }
  let relative = path.startsWith("/") || path.startsWith("?") || path === "" ? path : `/${path}`;
  const version = /^\/(v\d+(?:\.\d+)?)(?=\/|\?|$)/.exec(relative)?.[1];
  if (version && new URL(root).pathname.split("/").includes(version)) relative = relative.slice(version.length + 1);
  if (/(^|\/)\.\.(\/|$)/.test(relative.split("?")[0]!)) throw new TypeError("a path must not climb out of its service");
  return `${root}${relative}`;
}

function queryString(path: string, query: Query | undefined): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(key, String(one));
  }
  const text = parameters.toString();
  return text ? `${path.includes("?") ? "&" : "?"}${text}` : "";
}
