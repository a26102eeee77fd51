import { formatDuration } from "./failure.ts";
import type { Wait } from "./outcome.ts";
import type { Context } from "./resource.ts";

/** A progress line at least this often, in milliseconds. */
const REMIND = 60_000;

/** What one run of the loop waits for, and the lines that tell of it: step, time so far, usual time. */
export class Waiting {
  readonly #context: Context<unknown>;
  readonly #label: string;
  /** When each wait since the last step began: an outage in between does not begin it anew. */
  readonly #since = new Map<string, number>();
  #now: { text: string; told: number; late?: Wait["late"] } | undefined;
  /** What has shown without a change since then: the pace of looking. */
  #unchanged: { text: string; from: number } | undefined;

  constructor(context: Context<unknown>, label: string) {
    this.#context = context;
    this.#label = label;
  }

  /** What is waited for now. */
  get text(): string | undefined {
    return this.#now?.text;
  }

  /** Whose move it is where time runs out in this wait. */
  get late(): Wait["late"] {
    return this.#now?.late;
  }

  /** Forgets all waits: a new step begins. */
  clear(): void {
    this.#since.clear();
    this.#now = undefined;
    this.#unchanged = undefined;
  }

  /**
   * Pauses before the next look: longer the longer nothing has changed, up to the wait's own interval. A new state is looked
   * at closely again: the last one before the end is mostly short, and nobody should wait for us after it.
   */
  async pause(wait: Wait): Promise<void> {
    await this.#rest(wait, this.unchanged(wait));
  }

  /** Milliseconds since when this has shown without a change. */
  unchanged({ for: text }: Wait): number {
    const now = this.#context.clock.now();
    if (this.#unchanged?.text !== text) this.#unchanged = { text, from: now };
    return now - this.#unchanged.from;
  }

  /** Pauses because the cloud has not answered since `from`; what was seen before it counts as unchanged. */
  async bear(wait: Wait, from: number): Promise<void> {
    await this.#rest(wait, this.#context.clock.now() - from);
  }

  async #rest({ for: text, interval = 3, usual, late }: Wait, unchanged: number): Promise<void> {
    const { clock, signal } = this.#context;
    const now = clock.now();
    if (!this.#since.has(text)) this.#since.set(text, now);
    if (this.#now?.text !== text) this.#now = { text, told: 0, ...(late && { late }) };
    const waited = now - this.#since.get(text)!;
    const pause = Math.min(Math.max(500, unchanged / 8), interval * 1000);
    // Told before the line is late, not after.
    if (this.#now.told === 0 || now + pause - this.#now.told > REMIND) {
      const facts = [
        waited >= 1000 && formatDuration(waited / 1000),
        usual && `usually ${formatDuration(usual)}`,
      ].filter(Boolean);
      this.#context.progress(`${this.#label}: ${text}${facts.length ? ` (${facts.join(", ")})` : ""}`);
      this.#now.told = now;
    }
    await clock.sleep(pause, signal).catch(() => undefined);
  }
}
