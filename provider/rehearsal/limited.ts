/** How long work that was told to end may take to do so, in milliseconds. */
const GRACE = 5_000;

/** What tells an operation of the engine to end: in order, and at once. */
export interface Signals {
  readonly signal: AbortSignal;
  readonly terminate: AbortSignal;
}

/**
 * Lets an operation run for so many seconds, or until the caller's signal; then it is told to end, and a moment later to leave at once.
 * @returns what it answers, and whether it took too long
 */
export async function limited<T>(
  seconds: number,
  signal: AbortSignal | undefined,
  work: (signals: Signals) => Promise<T>,
): Promise<{ result: T; tooLong: boolean }> {
  const cancel = new AbortController();
  const terminate = new AbortController();
  let tooLong = false;
  let grace: NodeJS.Timeout | undefined;
  const stop = () => {
    cancel.abort();
    grace ??= setTimeout(() => terminate.abort(), GRACE);
  };
  const timer = setTimeout(() => {
    tooLong = true;
    stop();
  }, seconds * 1000);
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return { result: await work({ signal: cancel.signal, terminate: terminate.signal }), tooLong };
  } finally {
    clearTimeout(timer);
    clearTimeout(grace);
    signal?.removeEventListener("abort", stop);
  }
}
