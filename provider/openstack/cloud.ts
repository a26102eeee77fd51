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
  look(id: string): Promise<T | undefined>;
  /** Says that this id was changed by us: the next look must be newer than now. */
  touch(id: string): void;
}
