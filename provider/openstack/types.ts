import type { Feature } from "./microversions.ts";

/** The service types of the catalog that this provider speaks to, by their official names. */
export type ServiceType =
  | "identity"
  | "baremetal"
  | "compute"
  | "network"
  | "block-storage"
  | "image"
  | "placement"
  | "load-balancer";

/** A query string's values; `undefined` is left out, a list repeats the key. */
export type Query = Record<string, string | number | boolean | readonly string[] | undefined>;

/** One request to a service. */
export interface RequestOptions {
  query?: Query;
  /** Sent as JSON; a Uint8Array as it is. */
  body?: unknown;
  /** The microversion to ask for; the service's minimum where left out. */
  microversion?: string;
  /**
   * Whether a POST may be sent again after a lost answer. GET, HEAD, PUT and DELETE always may; POST and PATCH only
   * where this is true (the caller knows that repeating is harmless).
   */
  repeatable?: boolean;
  /** Answers of these codes are returned at once instead of being retried or thrown. */
  accept?: readonly number[];
  headers?: Record<string, string>;
  /** No repetition begins later than this after the first sending, in milliseconds. Default 3 minutes; 0 means once. */
  retryForMs?: number;
  signal?: AbortSignal;
}

/** A service's answer. */
export interface Answer<T = unknown> {
  status: number;
  body: T;
  headers: Headers;
  requestId?: string;
}

/** One service of the catalog, ready for requests. Every failure is an ApiError or a connection Failure. */
export interface Service {
  readonly type: ServiceType;
  request<T = unknown>(method: string, path: string, options?: RequestOptions): Promise<Answer<T>>;
  /** Body of a GET. */
  get<T = unknown>(path: string, options?: RequestOptions): Promise<T>;
  /** Body of a GET, `undefined` on 404. */
  find<T = unknown>(path: string, options?: RequestOptions): Promise<T | undefined>;
  post<T = unknown>(path: string, body: unknown, options?: RequestOptions): Promise<T>;
  put<T = unknown>(path: string, body: unknown, options?: RequestOptions): Promise<T>;
  patch<T = unknown>(path: string, body: unknown, options?: RequestOptions): Promise<T>;
  /** Already gone (404) is success: answers false then. */
  remove(path: string, options?: RequestOptions): Promise<boolean>;
  /** All pages of a collection; `key` is the name under which the body holds the list. */
  list<T = unknown>(path: string, key: string, options?: RequestOptions): Promise<T[]>;
  /** Whether the service is new enough for a feature of the table in microversions.ts. */
  supports(feature: Feature): Promise<boolean>;
  /**
   * The microversion to use for a feature of that table: `wanted` where the service has it, else the newest it has if
   * that is at least `minimum`.
   * @throws Failure `version-too-old` naming the feature, what the service has and what is needed.
   */
  negotiate(feature: Feature): Promise<string>;
}

/** Who the session's credential is. */
export interface Principal {
  authUrl: string;
  region: string | undefined;
  userId: string;
  userName: string;
  projectId: string;
  projectName: string;
  roles: readonly string[];
}
