/** Ctrl-C as the pulumi CLI takes it: once to cancel in order, twice to leave at once. */

/** What the user has asked for so far. */
export interface Interrupts {
  /** Aborted by the first signal: let running operations end. */
  signal: AbortSignal;
  /** Aborted by the second: leave at once. */
  terminate: AbortSignal;
}

/** Listens to SIGINT and SIGTERM for the rest of the process. */
export function listenToInterrupts(write: (text: string) => void): Interrupts {
  const cancel = new AbortController();
  const terminate = new AbortController();
  const interrupt = () => {
    if (cancel.signal.aborted) {
      terminate.abort();
      return;
    }
    write(
      "^C received; cancelling. If you would like to terminate immediately, press ^C again.\n" +
        "Note that terminating immediately may lead to orphaned resources and other inconsistencies.\n\n",
    );
    cancel.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return { signal: cancel.signal, terminate: terminate.signal };
}
