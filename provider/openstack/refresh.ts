import type { Clock } from "../core/clock.ts";
import type { Cloud, Collection, CollectionSource, Relation, SharedReads } from "./cloud.ts";
import type { ServiceType } from "./types.ts";

/** So many keys of a relation are asked for one by one; where there are more, one list serves all of them. */
const FEW = 5;
/** How long the first who asks waits for others to ask with it, in milliseconds. */
const TOGETHER = 20;
/** How long an answer serves, in milliseconds from its arrival: a slow list serves as long as a quick one. */
const LIFE = 60_000;

/** An answer that several reads share, and until when; as long as it is under way there is no end. */
interface Kept<T> {
  readonly answer: Promise<T>;
  until: number;
}

interface KeptList extends Kept<readonly unknown[] | undefined> {
  /** The list by key, for each relation that looked into it. */
  readonly byKey: Map<string, Map<string, unknown[]>>;
}

/**
 * What the reads of one refresh share, and the one rule of how old it may be.
 *
 * A refresh is many reads, each of one object of the state. An answer of the cloud serves all of them when it was asked
 * for after the refresh began, after the last write of this process, and arrived no longer than a minute ago: such an
 * answer shows what was there after somebody said `pulumi refresh`, which is all that a refresh promises. Nothing that
 * waits or acts reads this way. A refresh has begun anew when an object is read that was read in it before.
 *
 * A few keys are asked for one by one, since a list of everything may be long; more share one list.
 */
export class RefreshReads implements SharedReads {
  readonly #clock: Clock;
  readonly #objects = new Set<string>();
  readonly #lists = new Map<string, KeptList>();
  readonly #alone = new Map<string, Map<string, Kept<readonly unknown[]>>>();
  readonly #gatherings = new Map<string, { keys: Set<string>; list: Promise<KeptList | undefined> }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An object is about to be read. The second time in one refresh, it is another refresh. */
  begin(object: string): void {
    if (this.#objects.has(object)) this.forget();
    this.#objects.add(object);
  }

  forget(): void {
    this.#objects.clear();
    this.#lists.clear();
    this.#alone.clear();
  }

  async find<T>(relation: Relation<T>, key: string): Promise<readonly T[]> {
    const list =
      this.#fresh(this.#lists, relation.list) ??
      (this.#fresh(this.#answersOf(relation), key) ? undefined : await this.#gather(relation, key));
    const items = await list?.answer;
    if (!list || !items) return this.#ask(relation, key);
    let index = list.byKey.get(relation.name);
    if (!index) {
      index = new Map();
      for (const item of items as readonly T[]) {
        const at = relation.keyOf(item);
        if (at === undefined) continue;
        const others = index.get(at);
        if (others) others.push(item);
        else index.set(at, [item]);
      }
      list.byKey.set(relation.name, index);
    }
    const found = (index.get(key) ?? []) as T[];
    return found.length || !relation.prove ? found : this.#ask(relation, key);
  }

  /** Waits a moment for company; the list that is worth its while then, if it is. */
  #gather<T>(relation: Relation<T>, key: string): Promise<KeptList | undefined> {
    let gathering = this.#gatherings.get(relation.name);
    if (!gathering) {
      const keys = new Set<string>();
      const list = this.#clock.sleep(TOGETHER).then(() => {
        this.#gatherings.delete(relation.name);
        const many = relation.whole || keys.size + this.#answersOf(relation).size > FEW;
        return this.#fresh(this.#lists, relation.list) ?? (many ? this.#list(relation) : undefined);
      });
      gathering = { keys, list };
      this.#gatherings.set(relation.name, gathering);
    }
    gathering.keys.add(key);
    return gathering.list;
  }

  #list<T>(relation: Relation<T>): KeptList {
    return this.#keep(this.#lists, relation.list, { answer: relation.all(), until: Infinity, byKey: new Map() });
  }

  #ask<T>(relation: Relation<T>, key: string): Promise<readonly T[]> {
    const answers = this.#answersOf(relation);
    const kept = this.#fresh(answers, key) ?? this.#keep(answers, key, { answer: relation.of(key), until: Infinity });
    return kept.answer as Promise<readonly T[]>;
  }

  #answersOf({ name }: Pick<Relation<never>, "name">): Map<string, Kept<readonly unknown[]>> {
    let answers = this.#alone.get(name);
    if (!answers) {
      answers = new Map();
      this.#alone.set(name, answers);
    }
    return answers;
  }

  #fresh<K extends Kept<unknown>>(kept: Map<string, K>, key: string): K | undefined {
    const found = kept.get(key);
    return found && found.until >= this.#clock.now() ? found : undefined;
  }

  /** Keeps an answer from its asking on; one that fails is asked for again by the next. */
  #keep<K extends Kept<unknown>>(all: Map<string, K>, key: string, kept: K): K {
    all.set(key, kept);
    kept.answer.then(
      () => {
        kept.until = this.#clock.now() + LIFE;
      },
      () => {
        if (all.get(key) === kept) all.delete(key);
      },
    );
    return kept;
  }
}

/** A cloud as the reads of a refresh see it: what they look up they share. */
export class ReadingCloud implements Cloud {
  readonly refresh: RefreshReads;
  readonly #cloud: Cloud;

  constructor(cloud: Cloud, refresh: RefreshReads) {
    this.#cloud = cloud;
    this.refresh = refresh;
  }

  service = (type: ServiceType) => this.#cloud.service(type);
  offers = (type: ServiceType) => this.#cloud.offers(type);
  principal = () => this.#cloud.principal();

  collection<T extends { id: string }>(name: string, source: CollectionSource<T>): Collection<T> {
    const relation: Relation<T> = {
      name,
      list: name,
      of: async (id) => {
        const found = await source.get(id);
        return found ? [found] : [];
      },
      all: () => source.list(),
      keyOf: ({ id }) => id,
      prove: true,
    };
    return {
      look: async (id) => (await this.refresh.find(relation, id))[0],
      // The session forgets with each write; a look that must be newer than another of the same read has nothing to say here.
      touch: () => {},
    };
  }
}

/** The objects that have a key: those of the cloud now, or, while a refresh reads, those that its reads share. */
export const related = <T>(cloud: Cloud, relation: Relation<T>, key: string): Promise<readonly T[]> =>
  cloud.refresh ? cloud.refresh.find(relation, key) : relation.of(key);
