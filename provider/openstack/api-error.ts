import { type FailureCode, failure } from "../core/catalogue.ts";
import { Failure, type FailureDetails } from "../core/failure.ts";
import type { BodyKind } from "./retry.ts";
import type { Principal, ServiceType } from "./types.ts";

/** What people call each service. */
export const SERVICE_NAMES: Record<ServiceType, string> = {
  identity: "Keystone (identity)",
  baremetal: "Ironic (baremetal)",
  compute: "Nova (compute)",
  network: "Neutron (network)",
  "block-storage": "Cinder (block-storage)",
  image: "Glance (image)",
  placement: "Placement (placement)",
  "load-balancer": "Octavia (load-balancer)",
};

/** What an {@link ApiError} is made of; everything in it is redacted already. */
export interface ApiErrorFacts {
  status: number;
  service: ServiceType;
  method: string;
  url: string;
  /** The service's own words. */
  serviceMessage: string;
  /** Neutron's type of the error, or the key around nova's. */
  errorType?: string;
  bodyKind?: BodyKind;
  requestId?: string;
  unknownOutcome?: boolean;
  /** Why it was not sent (again), in the retry policy's words. */
  gaveUp?: string;
  attempts?: number;
  principal?: Principal;
  request?: unknown;
  response?: unknown;
}

/** A service answered with an error. The message has its own words, whose move it is and what to do next. */
export class ApiError extends Failure {
  readonly status: number;
  readonly service: ServiceType;
  readonly method: string;
  /** Without user, password and the values of secret parameters. */
  readonly url: string;
  readonly serviceMessage: string;
  readonly errorType: string | undefined;
  readonly requestId: string | undefined;
  /** What was sent, redacted; not enumerable, so that no log prints it by accident. */
  declare readonly request: unknown;
  /** What came back, redacted; not enumerable. */
  declare readonly response: unknown;
  readonly #facts: ApiErrorFacts;

  constructor(facts: ApiErrorFacts, details: FailureDetails = describe(facts)) {
    super(details);
    this.name = "ApiError";
    this.status = facts.status;
    this.service = facts.service;
    this.method = facts.method;
    this.url = facts.url;
    this.serviceMessage = facts.serviceMessage;
    this.errorType = facts.errorType;
    this.requestId = facts.requestId;
    this.#facts = facts;
    Object.defineProperty(this, "request", { value: facts.request, enumerable: false });
    Object.defineProperty(this, "response", { value: facts.response, enumerable: false });
  }

  /** Whether the service answered with one of these codes. */
  is(...statuses: readonly number[]): boolean {
    return statuses.includes(this.status);
  }

  /** The same error with what the caller knows more; it stays an ApiError. */
  override with(more: Partial<FailureDetails>): ApiError {
    return new ApiError(this.#facts, { ...more, ...this.details });
  }
}

/** What a {@link ConnectionError} is made of. */
export interface ConnectionErrorFacts {
  service: ServiceType;
  method: string;
  url: string;
  /** Node's code, or `CONNECT_TIMEOUT`, `FIRST_BYTE_TIMEOUT`, `BODY_TIMEOUT`. */
  errorCode: string;
  reason: string;
  unknownOutcome: boolean;
  attempts: number;
  cause?: unknown;
}

/** No whole answer came: no connection, a cut one, a time-out, or a certificate that is not trusted. */
export class ConnectionError extends Failure {
  readonly service: ServiceType;
  readonly method: string;
  readonly url: string;
  readonly errorCode: string;
  readonly #facts: ConnectionErrorFacts;

  constructor(facts: ConnectionErrorFacts, details: FailureDetails = describeConnection(facts)) {
    super(details);
    this.name = "ConnectionError";
    this.service = facts.service;
    this.method = facts.method;
    this.url = facts.url;
    this.errorCode = facts.errorCode;
    this.#facts = facts;
  }

  override with(more: Partial<FailureDetails>): ConnectionError {
    return new ConnectionError(this.#facts, { ...more, ...this.details });
  }
}

/** Whether an error says that its request may have taken effect: observe again instead of failing. */
export function hasUnknownOutcome(error: unknown): error is ApiError | ConnectionError {
  return (error instanceof ApiError || error instanceof ConnectionError) && error.unknownOutcome;
}

/** Whether an error is a service's answer with one of these codes. */
export function isStatus(error: unknown, ...statuses: readonly number[]): error is ApiError {
  return error instanceof ApiError && error.is(...statuses);
}

/** Seconds after which a write that was answered by 503 would show if it had been done. */
const REFUSED_SHOWS = 5;

function describe(facts: ApiErrorFacts): FailureDetails {
  const { code, next } = judge(facts);
  const path = pathOf(facts.url);
  const words = facts.serviceMessage.replace(/[.\s]+$/, "");
  const said = words ? `: ${words}` : " and said nothing more";
  const tries = facts.attempts && facts.attempts > 1 ? ` (sent ${facts.attempts} times; ${facts.gaveUp})` : "";
  const roles = facts.status === 403 && code === "not-allowed" ? rolesOf(facts.principal) : "";
  const what = `${SERVICE_NAMES[facts.service]} answered ${facts.status} to ${facts.method} ${path}${said}${tries}${roles}`;
  return failure(code, what, {
    ...(facts.requestId && { requestId: facts.requestId }),
    ...(facts.unknownOutcome && { unknownOutcome: true }),
    // Whoever says 503 has hardly handed it on to one that still works at it.
    ...(facts.unknownOutcome && facts.status === 503 && { showsWithin: REFUSED_SHOWS }),
    ...(next && { next }),
  }).details;
}

interface Verdict {
  code: FailureCode;
  /** What to do, where the service is known to need more than the catalogue says. */
  next?: string;
}

function judge(facts: ApiErrorFacts): Verdict {
  const { status, service } = facts;
  const name = SERVICE_NAMES[service].split(" ")[0]!;
  if (facts.unknownOutcome) return { code: "answer-lost" };
  if (status === 401) return { code: service === "identity" ? "credentials-refused" : "token-refused" };
  if (isQuota(facts))
    return {
      code: "quota",
      next: `free something of this kind or ask the cloud's operator for a larger ${name} quota`,
    };
  const known = KNOWN_WORDS.find(([applies, words]) => applies(facts) && words.test(wordsOf(facts)));
  if (known) return { code: known[2] };
  if (status === 403) return { code: "not-allowed", next: neededRole(facts) };
  if (status === 404)
    return {
      code: "not-found",
      next:
        service === "baremetal"
          ? "check the id; Ironic also answers 404 for what this credential may not see (owner, lessee or system role)"
          : "check the id and that it belongs to this project and region",
    };
  if (status === 406)
    return { code: "version-too-old", next: `${name} does not speak this version; it must be upgraded` };
  if (facts.bodyKind === "node-locked" || facts.bodyKind === "immutable") return { code: "busy" };
  if (facts.bodyKind === "no-free-worker" || status === 429) return { code: "busy" };
  if (status === 409 || status === 412)
    return {
      code: "service-refused",
      next: "look at its present state; another program or person may have changed it",
    };
  if (status >= 500) {
    if (service === "identity") return { code: "identity-unavailable" };
    const id = facts.requestId ? ` and give request ${facts.requestId}` : "";
    return { code: "service-broken", next: `tell the cloud's operator that ${name} fails${id}` };
  }
  if (status >= 300 && status < 400)
    return { code: "service-refused", next: "check the endpoint: it points elsewhere and is not followed there" };
  return { code: "service-refused", next: "correct what the service refuses and run the command again" };
}

const wordsOf = ({ errorType, serviceMessage }: ApiErrorFacts) => `${errorType ?? ""}: ${serviceMessage}`;

/** Answers whose words or type say more than their status: when they count, the words, what they mean. */
const KNOWN_WORDS: readonly (readonly [(facts: ApiErrorFacts) => boolean, RegExp, FailureCode])[] = [
  [
    ({ status, service }) => status === 503 && service !== "identity",
    /keystone|identity (server|service)|authenticat/i,
    "identity-unavailable",
  ],
  [
    ({ status, service }) => service === "baremetal" && (status >= 500 || status === 400),
    /unable to establish connection|no conductor service registered|resource temporarily unavailable|timed out waiting for a reply|MessagingTimeout/i,
    "conductor-gone",
  ],
  [
    ({ status, service }) => service === "baremetal" && status >= 500,
    /binding failed for|port \S+ failed to reach status/i,
    "network-failed",
  ],
  [
    ({ service }) => service === "network",
    /^IpAddressGenerationFailure|no more ip addresses available/i,
    "no-addresses",
  ],
  [
    ({ service }) => service === "network",
    /^NoNetworkAvailable|no tenant network is available|unable to create the network/i,
    "no-segments",
  ],
  [({ status, service }) => service === "network" && status === 409, /^\w*(InUse|AlreadyAllocated)\b/, "in-use"],
  [({ status, service }) => service === "compute" && status === 409, /while it is in task_state/i, "busy"],
];

function isQuota(facts: ApiErrorFacts): boolean {
  if (facts.status === 413) return true;
  if (facts.errorType === "OverQuota" || facts.errorType === "overLimit") return true;
  return (facts.status === 403 || facts.status === 409) && /quota|limit exceeded|too many/i.test(facts.serviceMessage);
}

function neededRole({ service, method, principal }: ApiErrorFacts): string {
  const read = method === "GET" || method === "HEAD";
  const has = (...roles: string[]) => roles.some((role) => principal?.roles.includes(role));
  if (service === "placement") return "Placement is for admin and service users by default; ask the operator";
  if (service === "baremetal") {
    return read
      ? "reading nodes needs the role reader in the project that owns or leases them (or system reader); ask for it"
      : "writing needs the role member in the project that owns the node, or manager in the one that leases it; ask for it";
  }
  if (service === "load-balancer") {
    return `ask for the role ${read ? "reader or load-balancer_observer" : "member or load-balancer_member"} in this project`;
  }
  if (has("admin"))
    return "the cloud's policy or the scope of this credential forbids it even to admin; ask the operator";
  if (read && !has("reader", "member")) return "reading needs the role reader in this project; ask for it";
  if (!read && !has("member"))
    return "writing needs the role member in this project (reader is not enough); ask for it";
  return "the roles reader and member do not allow this call; it is for the cloud's operators (admin)";
}

function rolesOf(principal: Principal | undefined): string {
  if (!principal) return "";
  const roles = principal.roles.length ? principal.roles.join(", ") : "none";
  const where = principal.projectName ? ` in project ${principal.projectName}` : "";
  return `. The credential (user ${principal.userName}) has the roles${where}: ${roles}`;
}

function describeConnection(facts: ConnectionErrorFacts): FailureDetails {
  const name = SERVICE_NAMES[facts.service];
  const tries = facts.attempts > 1 ? ` after ${facts.attempts} tries` : "";
  const what = `no answer from ${name} to ${facts.method} ${facts.url}${tries}: ${facts.reason} (${facts.errorCode})`;
  const more = facts.cause === undefined ? {} : { cause: facts.cause };
  if (facts.unknownOutcome) return failure("answer-lost", what, { ...more, unknownOutcome: true }).details;
  if (isCertificateError(facts.errorCode, facts.reason)) return failure("tls-failed", what, more).details;
  return failure("service-unreachable", what, {
    ...more,
    mover: "you",
    next: "check the address, the network and any VPN; where they are right, the service is down and its operator must act",
  }).details;
}

/** Whether a connection error is about certificates: never a reason to try again. */
export function isCertificateError(code: string, reason = ""): boolean {
  return (
    /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH)/.test(code) ||
    /certificate|self.signed|alert (unknown ca|bad certificate|certificate required)/i.test(reason)
  );
}

function pathOf(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.pathname}${decodeSafely(parsed.search)}`;
  } catch {
    return url;
  }
}

function decodeSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
