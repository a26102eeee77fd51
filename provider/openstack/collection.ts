import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../core/clock.ts";
import type { Collection, CollectionSource } from "./cloud.ts";
import type { Poller, Watch } from "./poller.ts";

/** An id that was not looked at for this long is not counted among those that are waited on. */
const ACTIVE = 60_000;
/**
 * Lists come this much apart for each id that is waited on, within the bounds below. A machine is waited on in two
 * collections: 100 machines cost at most 0.2 requests a second.
 */
const APART = 100;
const SHORTEST = 500;
const LONGEST = 10_000;

/**
 * A collection on the shared poller. One id that is waited on is read by itself; several are served by one list. A
 * list never comes sooner than {@link spacing} after the one before it; who has just changed something, or looks for
 * the first time, does not wait for it but reads its one object.
 */
export class SharedCollection<T extends { id: string }> implements Collection<T> {
  readonly #source: CollectionSource<T>;
  readonly #clock: Clock;
  readonly #watch: Watch<T>;
  /** What the last look showed, when it was asked for, and since when it has shown the same, by id. */
  readonly #seen = new Map<string, { readonly item: T | undefined; readonly at: number; readonly since: number }>();
  readonly #touched = new Map<string, number>();
  /** When each id was last looked at. */
  readonly #looked = new Map<string, number>();

  constructor(key: string, source: CollectionSource<T>, poller: Poller, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#watch = poller.watch<T>(
      key,
      () => source.list(),
      () => spacing(this.#active()),
      (item) => item.id,
    );
  }

  async look(id: string, within = 0): Promise<T | undefined> {
    const now = this.#clock.now();
    this.#looked.set(id, now);
    const before = this.#seen.get(id);
    const seen = before?.at ?? Number.NEGATIVE_INFINITY;
    const touched = this.#touched.get(id) ?? Number.NEGATIVE_INFINITY;
    if (before?.item && seen > touched && now - seen < Math.min(within, (now - before.since) / 2)) return before.item;
    const first = !this.#seen.has(id);
    const floor = Math.max(first ? now : seen, touched);
    const latest = this.#watch.latest();
    if (latest && latest.takenAt > floor) return this.#from(id, latest.takenAt, latest.byId(id));
    const hurried = first || touched >= seen;
    if (this.#active() === 1 || (hurried && !this.#watch.due())) return this.#read(id);
    const snapshot = await this.#watch.fresh({ notBefore: floor });
    return this.#from(id, snapshot.takenAt, snapshot.byId(id));
  }

  touch(id: string): void {
    this.#touched.set(id, this.#clock.now());
  }

  /** What a list does not show may be filtered out of it: only the object's own address says that it is gone. */
  #from(id: string, takenAt: number, item: T | undefined): T | undefined | Promise<T | undefined> {
    if (item === undefined) return this.#read(id);
    this.#note(id, takenAt, item);
    return item;
  }

  async #read(id: string): Promise<T | undefined> {
    const began = this.#clock.now();
    const item = await this.#source.get(id);
    this.#note(id, began, item);
    return item;
  }

  #note(id: string, at: number, item: T | undefined): void {
    const before = this.#seen.get(id);
    if (before && at < before.at) return;
    this.#seen.set(id, { item, at, since: before && isDeepStrictEqual(before.item, item) ? before.since : at });
  }

  /** How many ids are waited on; forgets those that are not any more. */
  #active(): number {
    const limit = this.#clock.now() - ACTIVE;
    for (const [id, at] of this.#looked) {
      if (at > limit) continue;
      this.#looked.delete(id);
      this.#seen.delete(id);
      this.#touched.delete(id);
    }
    return this.#looked.size;
  }
}

/** Milliseconds between two lists for this many ids: half a second for a few, 10 seconds from 100 on. */
export function spacing(ids: number): number {
  return Math.min(LONGEST, Math.max(SHORTEST, ids * APART));
}
