import { type Clock, systemClock } from "../core/clock.ts";
import { Failure } from "../core/failure.ts";
import { authenticate, type IssuedToken } from "./auth.ts";
import { findEndpoint } from "./catalog.ts";
import type { Cloud, Collection, CollectionSource } from "./cloud.ts";
import { SharedCollection } from "./collection.ts";
import type { CloudConfig } from "./config.ts";
import { type ExchangeContext, exchange, systemRandom, type TokenUse } from "./exchange.ts";
import { createTransport, type FetchFunction, type PhaseTimeouts, type Transport } from "./http.ts";
import { Poller } from "./poller.ts";
import { ReadingCloud, RefreshReads } from "./refresh.ts";
import type { RetryLimits } from "./retry.ts";
import { OpenStackService } from "./service.ts";
import { TokenKeeper } from "./token.ts";
import type { Principal, ServiceType } from "./types.ts";

/** What a session can be given instead of the real thing, and its bounds. */
export interface SessionOptions {
  clock?: Clock;
  /** One line for each request: method, address without secrets, status, time, request id. Default: nothing. */
  log?: (line: string) => void;
  /** A line for people where they wait for an answer: `Nova (compute) has not answered … yet (10 s)`. Default: nothing. */
  progress?: (line: string) => void;
  /** From 0 to 1; spreads waits. */
  random?: () => number;
  /** Sends a request; node-fetch over keep-alive pools by default. */
  fetch?: FetchFunction;
  timeouts?: Partial<PhaseTimeouts>;
  limits?: Partial<RetryLimits>;
}

/**
 * One login to one cloud: it keeps the token, finds services, sends requests and shares polling. Nothing is asked of
 * the cloud before the first use. Safe for any number of requests at once.
 */
export class Session implements Cloud {
  readonly config: CloudConfig;
  /** Shared by all waits of the process that use this session. */
  readonly poller: Poller;
  readonly #context: ExchangeContext;
  readonly #transport: Transport;
  readonly #keeper: TokenKeeper;
  readonly #tokens: TokenUse;
  readonly #services = new Map<ServiceType, OpenStackService>();
  readonly #collections = new Map<string, Collection<{ id: string }>>();
  readonly #reading: ReadingCloud;

  constructor(config: CloudConfig, options: SessionOptions = {}) {
    const clock = options.clock ?? systemClock;
    const random = options.random ?? systemRandom;
    this.config = config;
    this.#transport = createTransport({
      tls: config.tls,
      ...(options.timeouts && { timeouts: options.timeouts }),
      ...(options.fetch && { fetch: options.fetch }),
    });
    this.#context = {
      transport: this.#transport,
      clock,
      random,
      log: options.log ?? (() => {}),
      tell: options.progress ?? (() => {}),
      told: new Map(),
      open: new Set(),
      limits: {
        ...(config.maxRetries !== undefined && { connectionRetries: config.maxRetries }),
        ...options.limits,
      },
    };
    this.poller = new Poller({ clock, random });
    this.#reading = new ReadingCloud(this, new RefreshReads(clock));
    this.#keeper = new TokenKeeper(() => authenticate(this.#context, config), clock, config.allowReauth);
    this.#tokens = {
      get: async (signal) => (await this.#keeper.get(signal)).id,
      refused: (token) => this.#keeper.refused(token),
      known: () => {
        const token = this.#keeper.known();
        return token && this.#principalOf(token);
      },
    };
  }

  /**
   * Who this credential is; logs in where that has not happened yet.
   * @throws Failure `credentials-refused`, `service-unreachable`, `service-missing` (no Keystone there)
   */
  async principal(signal?: AbortSignal): Promise<Principal> {
    return this.#principalOf(await this.#keeper.get(signal));
  }

  /** The answer that is waited for the longest: `Nova (compute) has not answered GET /servers yet (12 s)`. */
  unanswered(): string | undefined {
    const [oldest] = this.#context.open;
    return oldest?.();
  }

  /** A service of the cloud. Its address and versions are looked up on its first request. */
  service(type: ServiceType): OpenStackService {
    let service = this.#services.get(type);
    if (!service) {
      service = new OpenStackService(type, {
        locate: (wanted, signal) => this.#locate(wanted, signal),
        send: async (request) => {
          try {
            return await exchange(this.#context, { ...request, tokens: this.#tokens });
          } finally {
            if (request.method !== "GET" && request.method !== "HEAD") this.#reading.refresh.forget();
          }
        },
      });
      this.#services.set(type, service);
    }
    return service;
  }

  async offers(type: ServiceType): Promise<boolean> {
    try {
      await this.#locate(type);
      return true;
    } catch (error) {
      if (error instanceof Failure && error.code === "service-missing") return false;
      throw error;
    }
  }

  collection<T extends { id: string }>(name: string, source: CollectionSource<T>): Collection<T> {
    let collection = this.#collections.get(name) as Collection<T> | undefined;
    if (!collection) {
      collection = new SharedCollection<T>(`collection ${name}`, source, this.poller, this.#context.clock);
      this.#collections.set(name, collection as unknown as Collection<{ id: string }>);
    }
    return collection;
  }

  /** The cloud for the read of an object of the state; all reads of one refresh share what they look up. */
  reading(object: string): Cloud {
    this.#reading.refresh.begin(object);
    return this.#reading;
  }

  /** The service types that the catalog has, as it names them. */
  async catalogTypes(): Promise<string[]> {
    return (await this.#keeper.get()).catalog.flatMap((entry) => entry.type ?? []).sort();
  }

  /** Ends idle connections and the poller's waits. The session is not used afterwards. */
  close(): void {
    this.poller.close();
    this.#transport.close();
  }

  async #locate(type: ServiceType, signal?: AbortSignal) {
    const token = await this.#keeper.get(signal);
    const projectId = token.project?.id;
    // Keystone is where we logged in, whatever the catalog says: inside names may not be reachable.
    if (type === "identity") return { url: this.config.authUrl, projectId };
    return { url: findEndpoint(token.catalog, type, this.config).url, projectId };
  }

  #principalOf(token: IssuedToken): Principal {
    return {
      authUrl: this.config.authUrl,
      region: this.config.region,
      userId: token.user.id,
      userName: token.user.name,
      projectId: token.project?.id ?? "",
      projectName: token.project?.name ?? "",
      roles: token.roles,
    };
  }
}
