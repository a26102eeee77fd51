/** An error the engine itself raises; its message is meant for the user as it stands. */
export class EngineError extends Error {
  override name = "EngineError";
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
