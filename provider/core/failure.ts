/** Who can do something about a failure: the program's author, the cloud's operator, or nobody but a person at the hardware. */
export type Mover = "you" | "operator" | "hardware";

/** Everything a failure can tell; the parts that are unknown are left out. */
export interface FailureDetails {
  /** Stable, documented, kebab-case: `no-capacity`, `deploy-failed`. All of them: docs/failures.md. */
  code: string;
  /** What happened, in one sentence, with the service's own words in it where there are any. */
  what: string;
  /** Which resource of the program: type and name. */
  resource?: string;
  /** Which machine, volume or network, by the name or id under which the cloud knows it. */
  where?: string;
  /** The state it reached. */
  state?: string;
  /** Seconds since the operation began. */
  elapsed?: number;
  /** The service's request id, for the operator. */
  requestId?: string;
  /** Whose move it is. */
  mover: Mover;
  /** What to do or type next, one sentence. */
  next: string;
  /** Where in the inputs the reason lies, as a property path: `disks[0].sizeGiB`. */
  path?: string;
  /** The answer was lost (504, cut connection, time-out): the service may have done it all the same. */
  unknownOutcome?: boolean;
  /** With it: seconds after which the work shows in the cloud if it was done at all. Default a minute. */
  showsWithin?: number;
  cause?: unknown;
}

const WHOSE: Record<Mover, string> = {
  you: "Your move",
  operator: "The cloud operator's move",
  hardware: "The hardware needs attention, ask the cloud's operator",
};

/** The one error that reaches users. Its message says what happened, where, whose move it is and what to type next. */
export class Failure extends Error {
  readonly details: FailureDetails;
  constructor(details: FailureDetails) {
    super(describeFailure(details), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "Failure";
    this.details = details;
  }
  /** Whether the request may have been carried out although it failed: look before doing it again. */
  get unknownOutcome(): boolean {
    return this.details.unknownOutcome === true;
  }
  get code(): string {
    return this.details.code;
  }
  /** The same failure with what the caller knows more; what is already known stays. */
  with(more: Partial<FailureDetails>): Failure {
    return new Failure({ ...more, ...this.details });
  }
}

/** A duration for people: `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return whole % 60 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
}

function describeFailure(details: FailureDetails): string {
  const subject = [details.resource, details.where].filter(Boolean).join(", ");
  const facts = [
    details.state && `state: ${details.state}`,
    details.elapsed !== undefined && `after ${formatDuration(details.elapsed)}`,
    details.path && `property ${details.path}`,
    details.requestId && `request ${details.requestId}`,
  ].filter(Boolean);
  const head = `${subject ? `${subject}: ` : ""}${details.what}${facts.length ? ` (${facts.join(", ")})` : ""}`;
  return `${head}\n${WHOSE[details.mover]}: ${details.next} [${details.code}]`;
}
