import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import nodeFetch from "node-fetch";
import type { TlsConfig } from "./config.ts";
import type { Reach } from "./retry.ts";

/** Time-outs of one sending, by phase, in milliseconds. */
export interface PhaseTimeouts {
  /** Until the connection stands, with TLS. Default 10 s. */
  connectMs: number;
  /** From sending to the answer's headers. Default 90 s: proxies give up at 60 s and say so. */
  firstByteMs: number;
  /** From the headers to the body's end. Default 120 s. */
  bodyMs: number;
}

/** The time-outs where nothing else is said. */
export const PHASE_TIMEOUTS: PhaseTimeouts = { connectMs: 10_000, firstByteMs: 90_000, bodyMs: 120_000 };

/** One sending. */
export interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string | Uint8Array;
  signal?: AbortSignal;
  /** Take a new connection: a write that may not be repeated never rides on one that the server may just be closing. */
  freshConnection?: boolean;
}

/** A whole answer. */
export interface HttpAnswer {
  status: number;
  headers: Headers;
  text: string;
}

/** A sending that brought no whole answer. */
export class HttpFailure extends Error {
  /** Node's code, or `CONNECT_TIMEOUT`, `FIRST_BYTE_TIMEOUT`, `BODY_TIMEOUT`. */
  readonly code: string;
  readonly reach: Reach;
  constructor(code: string, reach: Reach, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "HttpFailure";
    this.code = code;
    this.reach = reach;
  }
}

/** The part of fetch that is used here; node-fetch 3 by default. */
export type FetchFunction = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string | Uint8Array;
    redirect: "manual";
    signal: AbortSignal;
    agent?: http.Agent | https.Agent;
  },
) => Promise<{ status: number; headers: Iterable<[string, string]>; text(): Promise<string> }>;

/** Sends requests over pooled connections. */
export interface Transport {
  send(request: HttpRequest): Promise<HttpAnswer>;
  close(): void;
}

/** Options of {@link createTransport}. */
export interface TransportOptions {
  tls?: TlsConfig;
  timeouts?: Partial<PhaseTimeouts>;
  fetch?: FetchFunction;
  /** Connections to one host at a time. Default 32. */
  maxSockets?: number;
}

interface Connecting {
  connectMs: number;
}

/** Ends a connection that does not stand in time, with the code `CONNECT_TIMEOUT`. */
function guardConnect<T extends Duplex | null | undefined>(socket: T, event: string, { connectMs }: Connecting): T {
  if (!socket) return socket;
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error(`no connection within ${connectMs} ms`), { code: "CONNECT_TIMEOUT" }));
  }, connectMs);
  const done = () => clearTimeout(timer);
  socket.once(event, done).once("close", done).once("error", done);
  return socket;
}

class PlainAgent extends http.Agent {
  readonly #connecting: Connecting;
  constructor(options: http.AgentOptions, connecting: Connecting) {
    super(options);
    this.#connecting = connecting;
  }
  override createConnection(...args: Parameters<http.Agent["createConnection"]>) {
    return guardConnect(super.createConnection(...args), "connect", this.#connecting);
  }
}

class TlsAgent extends https.Agent {
  readonly #connecting: Connecting;
  constructor(options: https.AgentOptions, connecting: Connecting) {
    super(options);
    this.#connecting = connecting;
  }
  override createConnection(...args: Parameters<https.Agent["createConnection"]>) {
    return guardConnect(super.createConnection(...args), "secureConnect", this.#connecting);
  }
}

/** A transport on node-fetch with keep-alive pools, TLS as configured and a time-out for each phase. */
export function createTransport(options: TransportOptions = {}): Transport {
  const timeouts = { ...PHASE_TIMEOUTS, ...options.timeouts };
  const send = options.fetch ?? (nodeFetch as unknown as FetchFunction);
  const pooled = agents(options, timeouts, true);
  const single = agents(options, timeouts, false);
  const agentFor = (request: HttpRequest) => {
    const pair = request.freshConnection ? single : pooled;
    return request.url.startsWith("https:") ? pair.https : pair.http;
  };

  return {
    async send(request) {
      request.signal?.throwIfAborted();
      const controller = new AbortController();
      const forward = () => controller.abort(request.signal?.reason);
      request.signal?.addEventListener("abort", forward, { once: true });
      let phase: "FIRST_BYTE_TIMEOUT" | "BODY_TIMEOUT" = "FIRST_BYTE_TIMEOUT";
      let expired = false;
      const expire = () => {
        expired = true;
        controller.abort();
      };
      let timer = setTimeout(expire, timeouts.firstByteMs);
      try {
        const answer = await send(request.url, {
          method: request.method,
          headers: request.headers,
          ...(request.body !== undefined && { body: request.body }),
          redirect: "manual",
          signal: controller.signal,
          agent: agentFor(request),
        });
        clearTimeout(timer);
        phase = "BODY_TIMEOUT";
        timer = setTimeout(expire, timeouts.bodyMs);
        const text = await answer.text();
        return { status: answer.status, headers: new Headers([...answer.headers]), text };
      } catch (error) {
        if (request.signal?.aborted) throw request.signal.reason;
        if (expired) {
          const limit = phase === "BODY_TIMEOUT" ? timeouts.bodyMs : timeouts.firstByteMs;
          const what = phase === "BODY_TIMEOUT" ? "the answer did not end" : "no answer began";
          throw new HttpFailure(phase, "maybe-sent", `${what} within ${limit} ms`, error);
        }
        throw asFailure(error);
      } finally {
        clearTimeout(timer);
        request.signal?.removeEventListener("abort", forward);
      }
    },
    close() {
      for (const agent of [pooled.http, pooled.https, single.http, single.https]) agent.destroy();
    },
  };
}

function agents(options: TransportOptions, connecting: Connecting, keepAlive: boolean) {
  const { tls } = options;
  const base: http.AgentOptions = {
    keepAlive,
    maxSockets: options.maxSockets ?? 32,
    maxFreeSockets: 8,
    scheduling: "lifo",
  };
  const secure: https.AgentOptions = {
    ...base,
    rejectUnauthorized: tls?.verify ?? true,
    ...(tls?.ca && { ca: tls.ca }),
    ...(tls?.cert && { cert: tls.cert }),
    ...(tls?.key && { key: tls.key.reveal() }),
  };
  return { http: new PlainAgent(base, connecting), https: new TlsAgent(secure, connecting) };
}

const BEFORE_SENDING =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL|CONNECT_TIMEOUT)$/;
const HANDSHAKE = /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH)/;

function asFailure(error: unknown): HttpFailure {
  const parts = [error, error instanceof Error ? error.cause : undefined];
  const code = parts
    .map((part) => (part as { code?: unknown } | undefined)?.code)
    .find((one) => typeof one === "string");
  // Several addresses tried and all refused come as one error with the reasons inside.
  const message =
    error instanceof Error ? error.message.replace(/^request to \S+ failed, reason:\s*/, "") : String(error);
  const known =
    (code as string | undefined) ?? (/socket hang up|premature close/i.test(message) ? "ECONNRESET" : "EUNKNOWN");
  const reach: Reach = BEFORE_SENDING.test(known) || HANDSHAKE.test(known) ? "not-sent" : "maybe-sent";
  return new HttpFailure(known, reach, message || known, error);
}
