import type { IncomingMessage } from "node:http";
import type { Service } from "./service.ts";

/** A JSON object. */
export type Json = Record<string, unknown>;

/** Who asks, as a token says. */
export interface Caller {
  readonly userId: string;
  readonly userName: string;
  /** "" where the token is for the system or for nothing. */
  readonly projectId: string;
  readonly projectName: string;
  /** The token is for the system, as Ironic's administrator needs it. */
  readonly system: boolean;
  /** Names, implied ones included: admin implies manager, member, reader. */
  readonly roles: ReadonlySet<string>;
  /** The token itself; "" for calls between services. */
  readonly token: string;
}

/** Name of a service inside the sandbox. */
export type ServiceName = "keystone" | "ironic" | "nova" | "neutron" | "cinder" | "glance" | "placement" | "octavia";

/** `[1, 82]`. */
export type Version = readonly [number, number];

/** One request, on its way to a handler. */
export interface Call {
  readonly service: Service;
  readonly method: string;
  /** Path below the service's prefix, without the query: `/v1/nodes`. */
  readonly path: string;
  /** What the route's `{names}` matched, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON body; undefined where none was sent. Never trust its shape. */
  readonly body: unknown;
  /** The unread body, only on routes that are `raw`. */
  readonly stream: IncomingMessage | undefined;
  /** Whoever asks; on public routes without a token a caller with no roles. */
  readonly caller: Caller;
  /** The microversion asked for; [0, 0] where the service has none. */
  readonly version: Version;
  /** `req-…`. */
  readonly id: string;
  /** The service's own address as the caller reached it, `http://127.0.0.1:8900/baremetal`; "" between services. */
  readonly base: string;
  /** A call from another service of the sandbox, not from outside. */
  readonly inner: boolean;
}

/** What goes back. */
export interface Answer {
  readonly status: number;
  /** An object or array is sent as JSON, a string or buffer as it is; nothing for 204. */
  readonly body?: unknown;
  /** A file to send as the body. */
  readonly file?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that a service refuses; the service gives it its own form. */
export class Refusal extends Error {
  readonly status: number;
  /** The service's own name of the error (Neutron's `type`, Nova's key), where it has one. */
  readonly type: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Further fields of the error body, where a service has them. */
  readonly detail: Json | undefined;

  constructor(
    status: number,
    message: string,
    more: { type?: string; headers?: Record<string, string>; detail?: Json } = {},
  ) {
    super(message);
    this.status = status;
    this.type = more.type;
    this.headers = more.headers ?? {};
    this.detail = more.detail;
  }
}

/** Whether the caller has one of the roles. */
export function hasRole(caller: Caller, ...roles: string[]): boolean {
  return roles.some((role) => caller.roles.has(role));
}

/** Whether a request asks for at least this microversion. */
export function atLeast(call: { readonly version: Version }, major: number, minor: number): boolean {
  return call.version[0] > major || (call.version[0] === major && call.version[1] >= minor);
}
