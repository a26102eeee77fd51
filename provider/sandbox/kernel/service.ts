import type { Fleet } from "../fleet.ts";
import type { Answer, Call, Json, Refusal, ServiceName, Version } from "./call.ts";

/** Answers one kind of request. Throws {@link Refusal} to refuse. */
export type Handler = (call: Call) => Answer | Promise<Answer>;

/** One kind of request. */
export interface Route {
  readonly method: string;
  /** `/v1/nodes/{node}/states/power`; the last segment may be `{rest*}`. */
  readonly path: string;
  readonly handle: Handler;
  /** Needs no token. */
  readonly public?: boolean;
  /** The handler reads the body itself, of any size and kind. */
  readonly raw?: boolean;
}

/** A route in one line. */
export function route(
  method: string,
  path: string,
  handle: Handler,
  more: { public?: boolean; raw?: boolean } = {},
): Route {
  return { method, path, handle, ...more };
}

/** One OpenStack service of the sandbox. */
export interface Service {
  readonly name: ServiceName;
  /** Type in Keystone's catalog: `baremetal`. */
  readonly type: string;
  /** Where it stands on the sandbox's one port: `/baremetal`. */
  readonly prefix: string;
  /** What follows the prefix in the catalog; `{project}` stands for the project's id. "" for most. */
  readonly suffix: string;
  /** Name of the process that answers, as knobs know it: `ironic-api`. */
  readonly daemon: string;
  readonly routes: readonly Route[];
  /** Longest JSON body in bytes; 114688, oslo.middleware's default, where left out. */
  readonly longestBody?: number;
  /** The microversion that the headers ask for. Throws {@link Refusal} (406, 400) in the service's words. */
  version?(headers: Readonly<Record<string, string>>): Version;
  /** A refusal in the service's own form, whatever its status: 401, 404 of an unknown path, 405, 413, 500 included. */
  refuse(refusal: Refusal, call: Pick<Call, "method" | "path" | "id" | "version">): Answer;
  /**
   * The answer to a request without a good token, where it is not the usual one of Keystone's middleware
   * (401, JSON, `WWW-Authenticate: Keystone uri="…"`).
   */
  unauthenticated?(call: Pick<Call, "method" | "path" | "id" | "version">): Answer;
  /** Headers that each answer of the service carries: request id, microversions. */
  headers?(call: Pick<Call, "id" | "version" | "headers">): Record<string, string>;
  /** The state of what a request is about, for the journal's `before` and `after`. */
  stateOf?(call: Pick<Call, "params" | "path">): Json | undefined;
  /** Puts the fleet's part of this service into the tables: at the first start only. Directly, taking no time. */
  seed?(fleet: Fleet): void;
  /** At each start: periodic work, and what a restarted service does about work that was cut off. */
  start?(restarted: boolean): void;
}
