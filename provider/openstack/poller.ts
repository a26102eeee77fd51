import { type Clock, systemClock } from "../core/clock.ts";

/** A list as it was at one moment. */
export interface Snapshot<T> {
  readonly items: readonly T[];
  /** When the list was asked for, by the poller's clock. What happened later may be missing in it. */
  readonly takenAt: number;
  /** The item with this id. */
  byId(id: string): T | undefined;
}

/** How a fresh list is asked for. */
export interface FreshOptions {
  /**
   * A list asked for after this moment (milliseconds since the epoch) is new enough, even one that is there already.
   * Without it only a list asked for after this call is.
   */
  notBefore?: number;
  signal?: AbortSignal;
}

/** How an item is looked up. */
export interface LookupOptions<T> extends FreshOptions {
  /** Asked for an item that the list does not have; `undefined` means that there is none. */
  fetchMissing?: (id: string, signal?: AbortSignal) => Promise<T | undefined>;
}

/** A collection of the cloud that many wait on. */
export interface Watch<T> {
  readonly key: string;
  /** The newest list there is, however old; `undefined` before the first. */
  latest(): Snapshot<T> | undefined;
  /** Whether a list could begin now without coming too soon after the one before it. */
  due(): boolean;
  /** A list that is new enough. Waiters of one collection share one list call per interval. */
  fresh(options?: FreshOptions): Promise<Snapshot<T>>;
  /** An item out of a list that is new enough; `undefined` where it is not in there (and not found by `fetchMissing`). */
  lookup(id: string, options?: LookupOptions<T>): Promise<T | undefined>;
}

/** Asks for the whole list; the signal is aborted when nobody waits any more. */
export type ListFunction<T> = (signal: AbortSignal) => Promise<readonly T[]>;

/** Milliseconds between two lists; a function is asked each time. */
export type Interval = number | (() => number);

/** How an item's id is read; by default its `uuid` or `id`. */
export type IdOf<T> = (item: T) => string | undefined;

/**
 * Serves all waits of a process with one list call per collection and interval. A list never begins sooner than the
 * interval after the one before it (up to a fifth later, so that processes spread). Nothing runs while nobody waits.
 */
export class Poller {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #collections = new Map<string, SharedList>();

  constructor(options: { clock?: Clock; random?: () => number } = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /**
   * The collection under a key. The first `list` given for a key is the one that is used; each handle has its own
   * interval, and the shortest among those who wait counts.
   */
  watch<T>(key: string, list: ListFunction<T>, intervalMs: Interval, idOf: IdOf<T> = defaultId): Watch<T> {
    let shared = this.#collections.get(key);
    if (!shared) {
      shared = new SharedList(this.#clock, this.#random, list, idOf as IdOf<unknown>);
      this.#collections.set(key, shared);
    }
    return handle<T>(key, shared, intervalMs);
  }

  /** The next list of a key, asked for after this call: {@link Watch.fresh} in one go. */
  next<T>(key: string, list: ListFunction<T>, intervalMs: Interval, options?: FreshOptions): Promise<Snapshot<T>> {
    return this.watch(key, list, intervalMs).fresh(options);
  }

  /** Ends all waits with an error. */
  close(): void {
    for (const shared of this.#collections.values()) shared.close();
    this.#collections.clear();
  }
}

function intervalOf(interval: Interval): number {
  return typeof interval === "function" ? interval() : interval;
}

function handle<T>(key: string, shared: SharedList, intervalMs: Interval): Watch<T> {
  const fresh = (options: FreshOptions = {}) => shared.fresh(intervalOf(intervalMs), options) as Promise<Snapshot<T>>;
  return {
    key,
    fresh,
    latest: () => shared.latest as Snapshot<T> | undefined,
    due: () => shared.due(intervalOf(intervalMs)),
    async lookup(id, options = {}) {
      const item = (await fresh(options)).byId(id);
      return item === undefined && options.fetchMissing ? options.fetchMissing(id, options.signal) : item;
    },
  };
}

interface Waiter {
  /** The number of the first list call that serves it. */
  from: number;
  intervalMs: number;
  resolve(snapshot: Snapshot<unknown>): void;
  reject(reason: unknown): void;
}

class SharedList {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #list: ListFunction<unknown>;
  readonly #idOf: IdOf<unknown>;
  readonly #waiters = new Set<Waiter>();
  #calls = 0;
  #lastBegan = Number.NEGATIVE_INFINITY;
  #spread = 1;
  #latest: Snapshot<unknown> | undefined;
  #running = false;
  /** Ends the sleep or list call under way: nobody waits any more, or somebody wants it sooner. */
  #pause: AbortController | undefined;
  #call: AbortController | undefined;

  constructor(clock: Clock, random: () => number, list: ListFunction<unknown>, idOf: IdOf<unknown>) {
    this.#clock = clock;
    this.#random = random;
    this.#list = list;
    this.#idOf = idOf;
  }

  get latest(): Snapshot<unknown> | undefined {
    return this.#latest;
  }

  due(intervalMs: number): boolean {
    return !this.#running && this.#clock.now() >= this.#lastBegan + intervalMs * this.#spread;
  }

  fresh(intervalMs: number, { notBefore, signal }: FreshOptions): Promise<Snapshot<unknown>> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (notBefore !== undefined && this.#latest && this.#latest.takenAt > notBefore)
      return Promise.resolve(this.#latest);
    // The call under way began before this one: it serves only those who said that this is new enough.
    const underWay = this.#call !== undefined && notBefore !== undefined && this.#lastBegan > notBefore;
    return new Promise((resolve, reject) => {
      const abort = () => {
        leave();
        reject(signal?.reason);
        if (this.#waiters.size === 0) this.#stop(signal?.reason);
      };
      const leave = () => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter = {
        from: underWay ? this.#calls : this.#calls + 1,
        intervalMs,
        resolve: (snapshot) => {
          leave();
          resolve(snapshot);
        },
        reject: (reason) => {
          leave();
          reject(reason);
        },
      };
      this.#waiters.add(waiter);
      signal?.addEventListener("abort", abort, { once: true });
      this.#pause?.abort();
      if (!this.#running) void this.#run();
    });
  }

  close(): void {
    const reason = new Error("the session was closed");
    for (const waiter of [...this.#waiters]) waiter.reject(reason);
    this.#stop(reason);
  }

  #stop(reason: unknown): void {
    this.#pause?.abort();
    this.#call?.abort(reason);
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Those who ask in the same breath are served by the same list.
    await Promise.resolve();
    while (this.#waiters.size > 0) {
      const shortest = Math.min(...[...this.#waiters].map((waiter) => waiter.intervalMs));
      const wait = this.#lastBegan + shortest * this.#spread - this.#clock.now();
      if (wait > 0) {
        this.#pause = new AbortController();
        await this.#clock.sleep(wait, this.#pause.signal).catch(() => {});
        this.#pause = undefined;
        continue;
      }
      await this.#once();
    }
    this.#running = false;
  }

  async #once(): Promise<void> {
    const number = ++this.#calls;
    const takenAt = this.#clock.now();
    this.#lastBegan = takenAt;
    this.#spread = 1 + this.#random() * 0.2;
    this.#call = new AbortController();
    const served = () => [...this.#waiters].filter((waiter) => waiter.from <= number);
    try {
      const items = await this.#list(this.#call.signal);
      this.#latest = snapshot(items, takenAt, this.#idOf);
      for (const waiter of served()) waiter.resolve(this.#latest);
    } catch (error) {
      for (const waiter of served()) waiter.reject(error);
    } finally {
      this.#call = undefined;
    }
  }
}

function snapshot<T>(items: readonly T[], takenAt: number, idOf: IdOf<T>): Snapshot<T> {
  let index: Map<string, T> | undefined;
  return {
    items,
    takenAt,
    byId(id) {
      index ??= new Map(items.flatMap((item) => (idOf(item) === undefined ? [] : [[idOf(item)!, item] as const])));
      return index.get(id);
    },
  };
}

function defaultId(item: unknown): string | undefined {
  const { uuid, id } = (item ?? {}) as { uuid?: unknown; id?: unknown };
  return typeof uuid === "string" ? uuid : typeof id === "string" ? id : undefined;
}
