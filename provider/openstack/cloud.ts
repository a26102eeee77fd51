import type { Principal, Service, ServiceType } from "./types.ts";

/** What resources speak to: the services of one cloud with one credential, and the collections that waits share. */
export interface Cloud {
  /** A service of the catalog; it is looked up with its first request. */
  service(type: ServiceType): Service;
  /** Whether the catalog has this service. */
  offers(type: ServiceType): Promise<boolean>;
  /** Who the credential is. */
  principal(): Promise<Principal>;
  /** A collection whose readers share their requests, the same object for the same name. */
  collection<T extends { id: string }>(name: string, source: CollectionSource<T>): Collection<T>;
  /** Only where objects are read for a refresh: what all those reads share. */
  readonly refresh?: SharedReads;
}

/** Answers that many reads share. See `refresh.ts` for how old they may be. */
export interface SharedReads {
  /** The objects that have this key. */
  find<T>(relation: Relation<T>, key: string): Promise<readonly T[]>;
  /** Forgets everything: something was written. */
  forget(): void;
}

/** Objects that are found by something they have: the node that they are of, the mark that they carry. */
export interface Relation<T> {
  readonly name: string;
  /** The name of the list that holds them; relations that name the same one share it. */
  readonly list: string;
  /** Those of one key, by a request of their own. */
  of(key: string): Promise<readonly T[]>;
  /** All that this credential may see; undefined where that could be everything that the cloud has. */
  all(): Promise<readonly T[] | undefined>;
  keyOf(object: T): string | undefined;
  /** Whether asking for one key costs the cloud as much as asking for all. */
  readonly whole?: boolean;
  /** Whether a key that the list lacks is asked for by itself: what a list leaves out need not be gone. */
  readonly prove?: boolean;
}

/** Where a collection's objects come from. */
export interface CollectionSource<T extends { id: string }> {
  /** One object, undefined on 404. */
  get(id: string): Promise<T | undefined>;
  /** All objects that this credential may see, with the same fields as `get`. */
  list(): Promise<T[]>;
}

/**
 * Objects that many waits look at. Each look at an id is newer than the look before it and than the last touch; where
 * several ids are looked at, one list call serves all of them.
 */
export interface Collection<T extends { id: string }> {
  /**
   * @param within an object that was seen so recently will do, in milliseconds, where we have not changed it since and it has
   * shown the same for twice as long: what changes is looked at closely. Default 0
   */
  look(id: string, within?: number): Promise<T | undefined>;
  /** Says that this id was changed by us: the next look must be newer than now. */
  touch(id: string): void;
}
