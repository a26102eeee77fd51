import { failure } from "./catalogue.ts";
import { type Failure, type FailureDetails, formatDuration } from "./failure.ts";
import type { Context } from "./resource.ts";

/** How long after the limit an answer that is under way is still awaited, in milliseconds. */
const GRACE = 5_000;
/** The longest that a timer can wait, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** The limit of one operation: what it waits for must not outlast it. */
export class Deadline {
  readonly #context: Context<unknown>;
  readonly #operation: string;
  readonly #limit: number;
  readonly #began: number;

  /**
   * @param operation as it reads in the message: `create`
   * @param limit in seconds
   */
  constructor(context: Context<unknown>, operation: string, limit: number) {
    this.#context = context;
    this.#operation = operation;
    this.#limit = limit;
    this.#began = context.clock.now();
  }

  /** Seconds since it began. */
  get elapsed(): number {
    return (this.#context.clock.now() - this.#began) / 1000;
  }

  get isOver(): boolean {
    return this.elapsed > this.#limit;
  }

  /** Says what was waited for, what was last seen, and which answer has not come. */
  failure(lastSeen?: string, details?: Partial<FailureDetails>): Failure {
    const what = `${this.#operation} took longer than ${formatDuration(this.#limit)}`;
    const facts = [what, lastSeen, this.#context.unanswered?.()].filter(Boolean);
    return failure("timed-out", facts.join("; "), { elapsed: this.elapsed, ...details });
  }

  /**
   * What `work` answers, or the time-out's failure: a service that hangs must not outlast the limit either. Goes by real time,
   * for a clock of tests stands still meanwhile.
   */
  async within<T>(work: Promise<T>, late: () => Failure = () => this.failure()): Promise<T> {
    const left = (this.#limit - this.elapsed) * 1000 + GRACE;
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late()), Math.min(Math.max(left, GRACE), LONGEST));
      timer.unref();
    });
    return Promise.race([work, over]).finally(() => clearTimeout(timer));
  }
}
