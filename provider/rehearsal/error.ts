/** A rehearsal cannot be held as it is asked for; the message is meant for the user as it stands. */
export class RehearsalError extends Error {
  override name = "RehearsalError";
}

/** The person who watches has ended the rehearsal. */
export class Interrupted extends Error {
  override name = "Interrupted";
}
