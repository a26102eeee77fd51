/** Chance that a seed repeats. */
import { createHash } from "node:crypto";

/** A die whose throws follow from its seed. */
export class Seeded {
  readonly #seed: string;
  #count = 0;

  constructor(seed: string) {
    this.#seed = seed;
  }

  /** From 0 up to, but without, 1. */
  number(): number {
    return (
      createHash("sha256")
        .update(`${this.#seed}:${this.#count++}`)
        .digest()
        .readUInt32BE() /
      2 ** 32
    );
  }

  /** An integer, both ends included. */
  between(first: number, last: number): number {
    return first + Math.floor(this.number() * (last - first + 1));
  }

  chance(probability: number): boolean {
    return this.number() < probability;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.number() * list.length)]!;
  }
}
