/** What benchmarks measure. */

/** One measured number. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** At most this, where there is an aim. */
  readonly atMost?: number;
}

/** A measurement that `npm run bench` runs. */
export interface Benchmark {
  readonly name: string;
  /** What it does, in a line. */
  readonly about: string;
  /** How long it usually takes. */
  readonly usual: string;
  /** @param only a part of the names of what is measured; the rest is left out */
  run(say: (line: string) => void, only?: string): Promise<Figure[]>;
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
