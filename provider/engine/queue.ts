/** An unbounded queue between callbacks and a loop. */
export class Queue<T> {
  readonly #items: T[] = [];
  #wake: (() => void) | undefined;
  #closed = false;

  /** Adds an item, unless the queue is closed. */
  push(item: T): void {
    if (this.#closed) return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** Makes `next` return undefined, at once and from now on. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  /** The next item, once there is one; undefined when the queue is closed. */
  async next(): Promise<T | undefined> {
    while (this.#items.length === 0 && !this.#closed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#closed ? undefined : this.#items.shift();
  }
}
