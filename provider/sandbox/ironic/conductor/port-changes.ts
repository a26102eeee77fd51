import type { Row, Store } from "../../kernel/store.ts";

/** Wakes whoever waits for a Neutron port: one watcher for all of them, however many nodes deploy. */
export class PortChanges {
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(store: Store) {
    store.table<Row>("neutron.ports").watch(({ id }) => {
      const waiting = this.#waiting.get(id);
      if (!waiting) return;
      this.#waiting.delete(id);
      for (const wake of waiting) wake();
    });
  }

  /** Resolves when the port changes or goes. */
  next(id: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiting.add(resolve));
    });
  }
}
