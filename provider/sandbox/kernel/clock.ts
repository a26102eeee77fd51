/** What a cloud does takes time. Durations are as hardware has them; `speed` makes them shorter. Timestamps are the real time. */
export class Clock {
  /** How many times faster than hardware: 1 is real time, 1000 the most. */
  readonly speed: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #afterJob: () => void;
  readonly #onError: (error: unknown) => void;
  #stopped = false;

  /**
   * @param afterJob called after each timed job, to write down what it changed
   * @param onError a timed job threw: a defect of the sandbox, which goes on all the same
   */
  constructor(speed: number, afterJob: () => void = () => {}, onError: (error: unknown) => void = () => {}) {
    this.speed = speed;
    this.#afterJob = afterJob;
    this.#onError = onError;
  }

  /** Real time in milliseconds. */
  now(): number {
    return Date.now();
  }

  /** The present as most services write it: `2026-11-22T15:29:51+00:00`. */
  iso(at: number = this.now()): string {
    return `${new Date(at).toISOString().slice(0, 19)}+00:00`;
  }

  /** Runs `job` after `seconds` of hardware time. Returns what takes it back. */
  after(seconds: number, job: () => void | Promise<void>): () => void {
    return this.afterReal(seconds / this.speed, job);
  }

  /** Runs `job` after `seconds` of real time, whatever the speed: injected delays, token life. */
  afterReal(seconds: number, job: () => void | Promise<void>): () => void {
    if (this.#stopped) return () => {};
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void this.run(job);
    }, seconds * 1000);
    timer.unref();
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }

  /** Runs `job` again and again, `seconds` of hardware time (at least 10 ms) after its last end. Returns what ends it. */
  every(seconds: number, job: () => void | Promise<void>): () => void {
    let cancel = () => {};
    let ended = false;
    const next = () => {
      if (ended) return;
      cancel = this.afterReal(Math.max(seconds / this.speed, 0.01), async () => {
        try {
          await job();
        } finally {
          next();
        }
      });
    };
    next();
    return () => {
      ended = true;
      cancel();
    };
  }

  /** Waits `seconds` of hardware time. Never ends after {@link stop}. */
  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => this.after(seconds, resolve));
  }

  /** Waits `seconds` of real time. Never ends after {@link stop}. */
  sleepReal(seconds: number): Promise<void> {
    return new Promise((resolve) => this.afterReal(seconds, resolve));
  }

  /** Runs a job of the background now: its changes are written down, its errors reported, and none ends the process. */
  async run(job: () => void | Promise<void>): Promise<void> {
    try {
      await job();
    } catch (error) {
      this.#onError(error);
    } finally {
      if (!this.#stopped) this.#afterJob();
    }
  }

  /** Takes back everything that has not run yet. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
