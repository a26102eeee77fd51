/** An error the engine itself raises; its message is meant for the user as it stands. */
export class EngineError extends Error {
  override name = "EngineError";
}

/**
 * A feature of the real engine that this one does not have. It is refused in words and before anything is touched;
 * the message names the feature and what to do instead.
 */
export class Refusal extends EngineError {
  override name = "Refusal";

  /** @param feature what was asked for, as the user knows it; @param instead what to do about it */
  constructor(feature: string, instead = "use the pulumi CLI for this stack: its state file is the same") {
    super(`the embedded engine does not support ${feature}; ${instead}`);
  }
}

/** Ends a run whose cause has already been reported to the user as a diagnostic. */
export class Bail extends Error {
  override name = "Bail";
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A delete that the option `protect` forbids; the rest of the run goes on. */
export class ProtectedError extends EngineError {
  override name = "ProtectedError";
}
