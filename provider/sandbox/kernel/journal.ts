import { appendFileSync } from "node:fs";
import type { Json } from "./call.ts";

/** One request and what it did. */
export interface Entry {
  /** Real time, ISO 8601 with milliseconds. */
  readonly at: string;
  /** `req-…`, as the answer carries it. */
  readonly id: string;
  readonly service: string;
  readonly method: string;
  /** Path and query below the service's prefix. */
  readonly path: string;
  readonly version?: string;
  readonly caller: { user: string; project: string; system?: true; roles: string[] } | null;
  /** Header User-Agent. */
  readonly agent?: string;
  readonly body?: unknown;
  /** The route that it matched, below the service's prefix: `/v1/nodes/{node}`. */
  readonly route?: string;
  /** 0 where no answer was sent. */
  readonly status: number;
  /** What was refused, in the service's words. */
  readonly error?: string;
  readonly milliseconds: number;
  /** State of what it is about, where the service tells it. */
  readonly before?: Json;
  readonly after?: Json;
  /** The fault that it met. */
  readonly fault?: string;
  /** Asked by another service of the sandbox. */
  readonly inner?: true;
}

/** The last requests, and with a file all of them as JSON lines. */
export class Journal {
  readonly #file: string | undefined;
  #entries: Entry[] = [];
  static readonly #KEPT = 100_000;

  constructor(file?: string) {
    this.#file = file;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#entries.length > Journal.#KEPT * 1.1) this.#entries = this.#entries.slice(-Journal.#KEPT);
    if (this.#file) appendFileSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** Requests from outside in the order of their answers; with `inner`, the services' own too. */
  entries(options: { inner?: boolean } = {}): Entry[] {
    return options.inner ? [...this.#entries] : this.#entries.filter((entry) => !entry.inner);
  }

  clear(): void {
    this.#entries = [];
  }
}

const SECRET = /password|secret|private_key|auth_token/i;
const SECRET_WHOLE = /^(user_data|config_?drive|token)$/i;

/** A body without what must not be read: passwords, secrets, user data; long texts are cut. */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === "string")
    return value.length > 500 ? `${value.slice(0, 500)}… (${value.length} characters)` : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth > 12) return "…";
  if (Array.isArray(value)) return value.slice(0, 100).map((one) => withoutSecrets(one, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) =>
      SECRET_WHOLE.test(key) || (SECRET.test(key) && typeof one !== "object")
        ? [key, "[secret]"]
        : [key, withoutSecrets(one, depth + 1)],
    ),
  );
}
