/** One change at a time for each key, in the order of asking: two attachments must not power-cycle one machine at once. */
export class Turns {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` when everybody who asked for this key before has finished, whether well or not. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    const tail = mine.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
