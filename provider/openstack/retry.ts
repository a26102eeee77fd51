import { serviceErrorType } from "./service-message.ts";

/** What an error answer means for a repetition, read from its text by {@link bodyKind}. */
export type BodyKind = "node-locked" | "immutable" | "no-free-worker" | "not-accepted" | "refused" | "other";

/** How far a request got when its connection failed. */
export type Reach = "not-sent" | "maybe-sent";

/** What the policy decides on. */
export interface RetryInput {
  method: string;
  /** Whether repeating a POST or PATCH is harmless; other methods always are. */
  repeatable?: boolean;
  /** How often it has been sent, from 1. */
  attempt: number;
  /** Milliseconds since it was first sent. */
  elapsedMs: number;
  /** The status of the answer; absent where there was none. */
  status?: number;
  /** Node's code of the connection error: `ECONNRESET`; or `CONNECT_TIMEOUT`, `FIRST_BYTE_TIMEOUT`, `BODY_TIMEOUT`. */
  errorCode?: string;
  reach?: Reach;
  /** Whether an earlier sending may have been done: see {@link leavesDoubt}. */
  doubtful?: boolean;
  retryAfterMs?: number;
  bodyKind?: BodyKind;
  /** From 0 to 1, for the jitter. */
  random: number;
  limits?: Partial<RetryLimits>;
}

/** Bounds of the policy. */
export interface RetryLimits {
  /** No repetition begins later than this after the first sending. Default 3 minutes. */
  totalMs: number;
  /** Repetitions after connection errors and 5xx. Default 5. */
  connectionRetries: number;
}

/** What to do after a failed sending. */
export type RetryDecision =
  | { retry: true; afterMs: number; why: string }
  | {
      retry: false;
      why: string;
      /** The service may have done what was asked: look before asking again. */
      unknownOutcome: boolean;
    };

/** The policy's bounds where nothing else is said. */
export const RETRY_LIMITS: RetryLimits = { totalMs: 180_000, connectionRetries: 5 };

const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);
const READS = new Set(["GET", "HEAD", "OPTIONS"]);
/** Refusals that an earlier sending of the same write may have brought about by being done: it exists already, it is gone. */
const AFTERWARDS = new Set([400, 404, 409, 412]);
/** Errors that come before a connection stands: the request was certainly not sent. */
const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "CONNECT_TIMEOUT",
]);
/** Errors that say the connection was lost on the way. */
const CUT = new Set([
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ERR_STREAM_PREMATURE_CLOSE",
  "ERR_HTTP_SOCKET_CLOSED",
  "FIRST_BYTE_TIMEOUT",
  "BODY_TIMEOUT",
  "HPE_INVALID_CONSTANT",
  "HPE_INVALID_EOF_STATE",
]);

/** What an error answer's text means; only the texts below are ever grounds to send a refused request again. */
export function bodyKind(service: string, status: number, text: string): BodyKind {
  if (service === "baremetal" && status === 409) {
    // NodeLocked. InstanceAssociated, DuplicateName and invalid states are 409 too and must not be repeated.
    if (/is locked by host|state transition is in progress/i.test(text)) return "node-locked";
  }
  // Ironic reached no conductor, for a moment while one restarts: what was asked never left the API.
  if (service === "baremetal" && status === 500 && /failed to establish a new connection/i.test(text))
    return "not-accepted";
  if (service === "load-balancer" && status === 409 && /immutable/i.test(text)) return "immutable";
  if (status === 503) {
    // Neutron's own answer, such as that it has no free segment: nothing was done, and asking again helps nobody.
    if (service === "network" && /^\s*\{/.test(text) && serviceErrorType(text)) return "refused";
    if (/(no|lack of) free (conductor )?worker|concurrent action limit/i.test(text)) {
      return "no-free-worker";
    }
    // Refused at the door: the conductor is restarting, or the token could not be checked because Keystone is away.
    if (/temporarily unavailable, please retry|keystone service|identity server|authenticate/i.test(text)) {
      return "not-accepted";
    }
  }
  return "other";
}

/**
 * Whether a failed request is sent again, and when. Pure.
 *
 * | what happened | sent again |
 * | --- | --- |
 * | no connection came about | any method, 5 times (an unknown host name 2 times) |
 * | connection cut, time-out, 502, 504 | GET, HEAD, PUT, DELETE and what is `repeatable`, 5 times; else the outcome is unknown |
 * | 429 | any method, as Retry-After says |
 * | 503 | idempotent ones, and any method where it says that it took nothing in (Retry-After, no free worker); never Neutron's own refusal of a write |
 * | 409 Ironic "locked", Octavia "immutable" | any method |
 * | 400, 404, 409, 412 to a write of which an earlier sending may have been done | never: the outcome is unknown |
 * | 500 where Ironic reached no conductor | any method |
 * | any other 500 | reads only, twice |
 * | anything else (certificate errors, 400, 404, other 409) | never |
 *
 * Waits grow from 0.5 s (connections, 5xx) or 2 s (locks, queues) by doubling, capped at 10 s and 20 s, each spread over
 * its upper half; nothing is sent later than `limits.totalMs` after the first sending.
 */
export function decideRetry(input: RetryInput): RetryDecision {
  const limits = { ...RETRY_LIMITS, ...input.limits };
  const safe = input.repeatable === true || IDEMPOTENT.has(input.method);
  const again = (why: string, baseMs: number, capMs: number): RetryDecision => {
    const grown = Math.min(capMs, baseMs * 2 ** Math.min(input.attempt - 1, 16));
    const spread = Math.round(grown * (0.5 + input.random / 2));
    const asked = input.retryAfterMs;
    const afterMs = asked === undefined ? spread : Math.max(asked + Math.round(Math.min(spread, 1000)), 100);
    if (input.elapsedMs + afterMs > limits.totalMs) {
      const waited = `${why}, and the time for trying again (${Math.round(limits.totalMs / 1000)} s) is over`;
      return stop(asked !== undefined && asked > limits.totalMs ? `${why}, for longer than we wait` : waited);
    }
    return { retry: true, afterMs, why };
  };
  const stop = (why: string, unknownOutcome = false): RetryDecision => ({ retry: false, why, unknownOutcome });

  if (input.status === undefined) {
    const code = input.errorCode ?? "unknown error";
    const cut = CUT.has(code) && input.reach !== "not-sent";
    const never = NEVER_CONNECTED.has(code) || (CUT.has(code) && input.reach === "not-sent");
    const allowed = code === "ENOTFOUND" ? Math.min(2, limits.connectionRetries) : limits.connectionRetries;
    if (never) {
      return input.attempt > allowed ? stop(`no connection (${code})`) : again(`no connection (${code})`, 500, 10_000);
    }
    if (!cut) return stop(code, !safe && input.reach === "maybe-sent");
    if (!safe) return stop(`connection lost (${code}) on a ${input.method} that may not be repeated`, true);
    return input.attempt > allowed
      ? stop(`connection lost (${code})`)
      : again(`connection lost (${code})`, 500, 10_000);
  }

  const { status, bodyKind: kind } = input;
  if (input.doubtful && AFTERWARDS.has(status)) return stop(`${status} after an answer was lost`, true);
  if (status === 429) return again("the service asks to slow down (429)", 2000, 20_000);
  if (status === 409 && kind === "node-locked") return again("the node is locked", 2000, 20_000);
  if (status === 409 && kind === "immutable") return again("the load balancer is being changed", 2000, 20_000);
  if (status === 503) {
    if (kind === "refused" && !READS.has(input.method)) return stop("refused (503)");
    if (kind === "no-free-worker") return again("no free worker (503)", 2000, 20_000);
    if (kind === "not-accepted" || input.retryAfterMs !== undefined) return again("unavailable (503)", 2000, 20_000);
    if (!safe) return stop(`503 on a ${input.method} that may not be repeated`, true);
    return input.attempt > limits.connectionRetries
      ? stop("unavailable (503)")
      : again("unavailable (503)", 500, 10_000);
  }
  if (status === 502 || status === 504) {
    if (!safe) return stop(`${status} on a ${input.method} that may not be repeated`, true);
    return input.attempt > limits.connectionRetries
      ? stop(`${status}`)
      : again(`no answer behind it (${status})`, 500, 10_000);
  }
  if (status === 500 && kind === "not-accepted") return again("no conductor answers (500)", 2000, 20_000);
  if (status === 500 && READS.has(input.method) && input.attempt <= 2) return again("server error (500)", 500, 10_000);
  return stop(`status ${status}`);
}

/** Whether a failed sending of a write may have been done all the same. */
export function leavesDoubt({
  method,
  status,
  reach,
  bodyKind: kind,
}: Omit<RetryInput, "attempt" | "elapsedMs" | "random">): boolean {
  if (READS.has(method)) return false;
  if (status === undefined) return reach === "maybe-sent";
  return status === 502 || status === 504 || (status === 503 && kind === "other");
}

/** Milliseconds of a Retry-After header (seconds or an HTTP date); `undefined` where there is none that is readable. */
export function parseRetryAfter(value: string | null | undefined, now: number): number | undefined {
  if (!value) return undefined;
  const trimmed = value.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Math.round(Number(trimmed) * 1000);
  const date = Date.parse(trimmed);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
