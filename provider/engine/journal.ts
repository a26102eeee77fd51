/**
 * Keeps the checkpoint true while operations run: it is written before an operation starts, with the operation among
 * the pending ones, and after it has ended. A crash at any moment leaves a state that says what was under way.
 */

import type { StackStore } from "./backend.ts";
import type { PendingKind, PendingOperation, Snapshot } from "./checkpoint.ts";
import { writeSnapshot } from "./checkpoint.ts";
import { withoutAliases } from "./rename.ts";
import type { Crypter } from "./secrets.ts";
import type { ResourceState } from "./state.ts";

/** The record of one run. */
export interface Journal {
  /** Records that an operation starts. */
  begin(resource: ResourceState, kind: PendingKind): Promise<void>;
  /** Records how an operation ended; what `change` does and this entry are written together. */
  end(resource: ResourceState, change?: (journal: JournalChanges) => void): Promise<void>;
  /** Records changes that need no write of their own unless `write` is set; `close` writes them at the latest. */
  note(change: (journal: JournalChanges) => void, write?: boolean): Promise<void>;
  /** Writes what has not been written. */
  close(): Promise<void>;
  /** Stops writing: the file stays as it is, with its pending operations. */
  abandon(): void;
}

/** What an ended operation did to the state. */
export interface JournalChanges {
  /** A state that is no longer part of the stack. */
  done(resource: ResourceState): void;
  /** A state that is part of the stack from now on. */
  add(resource: ResourceState): void;
}

/** A journal that writes a stack's checkpoint. */
export class CheckpointJournal implements Journal {
  readonly #base: Snapshot;
  readonly #store: StackStore;
  readonly #crypter: Crypter;
  readonly #added: ResourceState[] = [];
  readonly #done = new Set<ResourceState>();
  #pending: PendingOperation[] = [];
  #dirty = true;
  #abandoned = false;
  #writing: Promise<void> | undefined;

  constructor(base: Snapshot, store: StackStore, crypter: Crypter) {
    this.#base = base;
    this.#store = store;
    this.#crypter = crypter;
  }

  begin(resource: ResourceState, type: PendingKind): Promise<void> {
    this.#pending.push({ resource, type });
    return this.#write();
  }

  end(resource: ResourceState, change?: (journal: JournalChanges) => void): Promise<void> {
    this.#pending = this.#pending.filter((operation) => operation.resource !== resource);
    return this.note(change ?? (() => {}), true);
  }

  async note(change: (journal: JournalChanges) => void, write = false): Promise<void> {
    change({ done: (resource) => this.#done.add(resource), add: (resource) => this.#added.push(resource) });
    this.#dirty = true;
    if (write) await this.#write();
  }

  async close(): Promise<void> {
    await this.#writing;
    if (this.#dirty) await this.#write();
  }

  abandon(): void {
    this.#abandoned = true;
  }

  /** The state as it is now: new states first, then the old ones not yet replaced. */
  snapshot(): Snapshot {
    const resources = [...this.#added, ...this.#base.resources].filter((resource) => !this.#done.has(resource));
    // Only a create may have made something nobody knows of; other interrupted operations are simply repeated.
    const older = this.#base.pendingOperations.filter((operation) => operation.type === "creating");
    return {
      ...this.#base,
      resources: withoutAliases(resources),
      pendingOperations: [...this.#pending, ...older],
    };
  }

  /** One write serves every change made before it starts. */
  #write(): Promise<void> {
    this.#dirty = true;
    this.#writing ??= Promise.resolve().then(() => {
      this.#writing = undefined;
      if (this.#abandoned) return;
      this.#dirty = false;
      this.#store.save(writeSnapshot(this.snapshot(), this.#crypter));
    });
    return this.#writing;
  }
}

/** The journal of a preview, which records nothing. */
export const noJournal: Journal = {
  begin: async () => {},
  end: async () => {},
  note: async () => {},
  close: async () => {},
  abandon: () => {},
};
