import { randomInt } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { formatDuration } from "../core/failure.ts";
import { ApiError, ConnectionError, SERVICE_NAMES } from "./api-error.ts";
import { type HttpAnswer, HttpFailure, type Transport } from "./http.ts";
import { redactBody, redactHeaders, redactText, redactUrl, secretsIn } from "./redact.ts";
import { bodyKind, decideRetry, leavesDoubt, parseRetryAfter, type RetryLimits } from "./retry.ts";
import { serviceErrorType, serviceMessage } from "./service-message.ts";
import type { Answer, Principal, ServiceType } from "./types.ts";

/** What every exchange of a session shares. */
export interface ExchangeContext {
  transport: Transport;
  clock: Clock;
  /** From 0 to 1. */
  random: () => number;
  log: (line: string) => void;
  /** A line for people, where an answer keeps them waiting. */
  tell: (line: string) => void;
  /** When which service was last told of: many may wait for the same one. */
  told: Map<ServiceType, number>;
  /** What is being waited for now, in words; the oldest first. */
  open: Set<() => string>;
  limits: Partial<RetryLimits>;
}

/** The tokens that an exchange rides on. */
export interface TokenUse {
  /** A valid token, renewed where it is near its end. */
  get(signal?: AbortSignal): Promise<string>;
  /** Says that a service refused this token; answers whether another may be had. */
  refused(token: string): boolean;
  /** Who it belongs to, for messages; never asks the cloud. */
  known(): Principal | undefined;
}

/** One request with everything that its repetition needs. */
export interface Exchange {
  service: ServiceType;
  method: string;
  url: string;
  headers?: Record<string, string>;
  body?: unknown;
  repeatable?: boolean;
  accept?: readonly number[];
  signal?: AbortSignal;
  tokens?: TokenUse;
  /** Bounds of the repetition that differ from the session's. */
  limits?: Partial<RetryLimits>;
}

/** An answer that takes this long is told of, and again after each minute, in milliseconds. */
const SLOW = 10_000;
const REMIND = 60_000;

/** `Math.random` as good as any; only spreads waits. */
export const systemRandom = (): number => randomInt(0, 1_000_000) / 1_000_000;

/**
 * Sends a request until it is answered or the policy gives up: token, one renewal of it on 401, repetition, redirects
 * on the same host, redaction.
 * @throws ApiError for an answer of 300 and more that is not among `accept`
 * @throws ConnectionError where no whole answer came
 */
export async function exchange<T>(context: ExchangeContext, request: Exchange): Promise<Answer<T>> {
  const { clock, log } = context;
  const began = clock.now();
  const sent = encodeBody(request);
  let { url } = request;
  let renewed = false;
  let redirects = 0;
  let doubtful = false;
  const patience = new Patience(context, request);
  for (let attempt = 1; ; attempt++) {
    const token = await request.tokens?.get(request.signal);
    const headers = { ...sent.headers, ...(token !== undefined && { "X-Auth-Token": token }) };
    const started = clock.now();
    const line = `${request.method} ${redactUrl(url)}`;
    let answer: HttpAnswer;
    try {
      answer = await patience.during(() =>
        context.transport.send({
          method: request.method,
          url,
          headers,
          ...(sent.body !== undefined && { body: sent.body }),
          ...(request.signal && { signal: request.signal }),
          freshConnection: !isRepeatable(request),
        }),
      );
    } catch (error) {
      if (!(error instanceof HttpFailure)) throw error;
      const decision = decideRetry({
        ...facts(context, request, attempt, clock.now() - began),
        errorCode: error.code,
        reach: error.reach,
      });
      log(`${line} -> ${error.code} after ${clock.now() - started} ms; ${decision.why}`);
      if (!decision.retry) {
        throw new ConnectionError({
          service: request.service,
          method: request.method,
          url: redactUrl(url),
          errorCode: error.code,
          reason: redactText(error.message),
          unknownOutcome: decision.unknownOutcome,
          attempts: attempt,
        });
      }
      doubtful ||= leavesDoubt({ method: request.method, reach: error.reach });
      patience.again(decision.why, decision.afterMs);
      await clock.sleep(decision.afterMs, request.signal);
      continue;
    }
    const requestId = requestIdOf(answer.headers);
    log(`${line} -> ${answer.status} in ${clock.now() - started} ms${requestId ? ` ${requestId}` : ""}`);
    if (answer.status < 300 || request.accept?.includes(answer.status)) return decodeAnswer<T>(answer, requestId);

    if (answer.status === 401 && token !== undefined && !renewed && request.tokens?.refused(token)) {
      renewed = true;
      attempt--;
      continue;
    }
    const target = redirects < 3 ? redirectTarget(request.method, url, answer) : undefined;
    if (target) {
      url = target;
      redirects++;
      attempt--;
      continue;
    }
    const known = [...secretsIn(request.body), ...(token ? [token] : [])];
    const message = redactText(serviceMessage(answer.text), known);
    const kind = bodyKind(request.service, answer.status, answer.text);
    const retryAfterMs = parseRetryAfter(answer.headers.get("retry-after"), clock.now());
    const decision = decideRetry({
      ...facts(context, request, attempt, clock.now() - began),
      status: answer.status,
      bodyKind: kind,
      doubtful,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
    if (decision.retry) {
      log(`${line}: ${decision.why}; again in ${decision.afterMs} ms`);
      doubtful ||= leavesDoubt({ method: request.method, status: answer.status, bodyKind: kind });
      patience.again(decision.why, decision.afterMs);
      await clock.sleep(decision.afterMs, request.signal);
      continue;
    }
    const principal = request.tokens?.known();
    const errorType = serviceErrorType(answer.text);
    throw new ApiError({
      status: answer.status,
      service: request.service,
      method: request.method,
      url: redactUrl(url),
      serviceMessage: message,
      bodyKind: kind,
      ...(errorType && { errorType }),
      ...(requestId && { requestId }),
      unknownOutcome: decision.unknownOutcome,
      gaveUp: decision.why,
      attempts: attempt,
      ...(principal && { principal }),
      request: {
        method: request.method,
        url: redactUrl(url),
        headers: redactHeaders(Object.entries(headers)),
        body: redactBody(request.body, known),
      },
      response: {
        status: answer.status,
        headers: redactHeaders(answer.headers),
        body: redactText(answer.text, known).slice(0, 10_000),
      },
    });
  }
}

/** Tells people which answer they wait for: after {@link SLOW}, and then once a minute, one line for all who wait for a service. */
class Patience {
  readonly #context: ExchangeContext;
  readonly #service: ServiceType;
  readonly #request: string;
  readonly #began: number;
  #due: number;

  constructor(context: ExchangeContext, { service, method, url }: Exchange) {
    this.#context = context;
    this.#service = service;
    this.#request = `${method} ${new URL(url).pathname}`;
    this.#began = context.clock.now();
    this.#due = this.#began + SLOW;
  }

  /** Waits for one sending. */
  async during<T>(sending: () => Promise<T>): Promise<T> {
    // The machine's own time: a clock of tests stands still while an answer is awaited.
    const timer = setInterval(() => this.#tell(), SLOW / 10);
    timer.unref();
    const { open } = this.#context;
    const said = () => this.#said();
    open.add(said);
    try {
      return await sending();
    } finally {
      clearInterval(timer);
      open.delete(said);
    }
  }

  #said(): string {
    const since = formatDuration((this.#context.clock.now() - this.#began) / 1000);
    return `${SERVICE_NAMES[this.#service]} has not answered ${this.#request} yet (${since})`;
  }

  /** It is sent again after so long. */
  again(why: string, afterMs: number): void {
    this.#tell(why, afterMs);
  }

  #tell(why?: string, afterMs = 0): void {
    const now = this.#context.clock.now();
    const { told } = this.#context;
    const last = told.get(this.#service);
    if (now + afterMs < this.#due || (last !== undefined && now - last < REMIND)) return;
    this.#due = now + REMIND;
    told.set(this.#service, now);
    const name = SERVICE_NAMES[this.#service];
    const since = formatDuration((now - this.#began) / 1000);
    this.#context.tell(why ? `${name} is asked again for ${this.#request}: ${why} (${since} so far)` : this.#said());
  }
}

function facts(context: ExchangeContext, request: Exchange, attempt: number, elapsedMs: number) {
  return {
    method: request.method,
    ...(request.repeatable !== undefined && { repeatable: request.repeatable }),
    attempt,
    elapsedMs,
    random: context.random(),
    limits: { ...context.limits, ...request.limits },
  };
}

function isRepeatable(request: Exchange): boolean {
  return request.repeatable === true || (request.method !== "POST" && request.method !== "PATCH");
}

function encodeBody(request: Exchange): { headers: Record<string, string>; body?: string | Uint8Array } {
  const headers: Record<string, string> = { Accept: "application/json", "User-Agent": "pulumi-baremetal" };
  if (request.body === undefined) return { headers: { ...headers, ...request.headers } };
  if (request.body instanceof Uint8Array) {
    return {
      headers: { ...headers, "Content-Type": "application/octet-stream", ...request.headers },
      body: request.body,
    };
  }
  return {
    headers: { ...headers, "Content-Type": "application/json", ...request.headers },
    body: JSON.stringify(request.body),
  };
}

function decodeAnswer<T>(answer: HttpAnswer, requestId: string | undefined): Answer<T> {
  let body: unknown = answer.text;
  if (answer.text === "") body = undefined;
  else if (/json/i.test(answer.headers.get("content-type") ?? "") || /^\s*[[{]/.test(answer.text)) {
    try {
      body = JSON.parse(answer.text);
    } catch {
      // Glance's files and proxies' pages stay text.
    }
  }
  return { status: answer.status, body: body as T, headers: answer.headers, ...(requestId && { requestId }) };
}

/** Nova and cinder have their own header, the others the common one. */
export function requestIdOf(headers: Headers): string | undefined {
  return headers.get("x-openstack-request-id") ?? headers.get("x-compute-request-id") ?? undefined;
}

/** Only reads, only to the same host, never from TLS to none: the token must not travel elsewhere. */
function redirectTarget(method: string, url: string, answer: HttpAnswer): string | undefined {
  if (![301, 302, 303, 307, 308].includes(answer.status) || (method !== "GET" && method !== "HEAD")) return undefined;
  const location = answer.headers.get("location");
  if (!location || !URL.canParse(location, url)) return undefined;
  const from = new URL(url);
  const to = new URL(location, url);
  const upgrade = from.protocol === "http:" && to.protocol === "https:";
  if (to.hostname !== from.hostname || !(upgrade || to.origin === from.origin)) return undefined;
  return to.toString();
}
