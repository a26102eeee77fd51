/** The line between a provider and the cloud, on which things happen: a kill, a lost answer, a repeated one, a delay. */
import nodeFetch from "node-fetch";
import type { FetchFunction } from "../../provider/openstack/http.ts";

/** What happens to one request, counted from 1. */
export interface Mishap {
  readonly request: number;
  /**
   * `kill before`/`kill after`: the provider's process dies before the request leaves, or after the cloud has done it.
   * `lose`: done, but the connection is cut before the answer. `504`: done, and a proxy says 504. `repeat`: the cloud
   * gets it twice. `503`: refused once. `delay`: late. `pause`: the provider hangs there until it is let go on.
   */
  readonly what: "kill before" | "kill after" | "lose" | "504" | "repeat" | "503" | "delay" | "pause";
}

/** One provider process's line. */
export class Wire {
  readonly #mishaps: readonly Mishap[];
  #requests = 0;
  #dead = false;
  #release = () => {};
  readonly #released: Promise<void>;
  #paused = () => {};
  /** Resolves when the process died. */
  readonly died: Promise<void>;
  /** Resolves when it came to a `pause`. */
  readonly paused: Promise<void>;
  #die = () => {};
  /** Each request, as it left. */
  readonly log: string[] = [];

  constructor(mishaps: readonly Mishap[] = []) {
    this.#mishaps = mishaps;
    this.#released = new Promise((resolve) => {
      this.#release = resolve;
    });
    this.died = new Promise((resolve) => {
      this.#die = resolve;
    });
    this.paused = new Promise((resolve) => {
      this.#paused = resolve;
    });
  }

  /** Requests so far. */
  get requests(): number {
    return this.#requests;
  }

  /** From now on nothing leaves any more and nothing comes back: what SIGKILL does. */
  kill(): void {
    this.#dead = true;
    this.#die();
  }

  /** A paused provider goes on. */
  release(): void {
    this.#release();
  }

  /** What a session sends its requests by. */
  readonly fetch: FetchFunction = async (url, init) => {
    if (this.#dead) return forever();
    const number = ++this.#requests;
    const what = this.#mishaps.find(({ request }) => request === number)?.what;
    this.log.push(`${number} ${init.method} ${new URL(url).pathname}${what ? ` [${what}]` : ""}`);
    const send = () => nodeFetch(url, init as Parameters<typeof nodeFetch>[1]) as unknown as ReturnType<FetchFunction>;
    switch (what) {
      case undefined:
        break;
      case "kill before":
        this.kill();
        return forever();
      case "kill after":
        await (await send()).text();
        this.kill();
        return forever();
      case "lose":
        await (await send()).text();
        throw Object.assign(new Error("socket hang up"), { type: "system", code: "ECONNRESET", errno: "ECONNRESET" });
      case "504":
        await (await send()).text();
        return plain(504, "<html><body><h1>504 Gateway Time-out</h1></body></html>");
      case "503":
        return plain(503, "<html><body><h1>503 Service Unavailable</h1></body></html>");
      case "repeat":
        await (await send()).text();
        break;
      case "delay":
        await new Promise((resolve) => setTimeout(resolve, 150));
        break;
      case "pause":
        this.#paused();
        await this.#released;
        if (this.#dead) return forever();
        break;
    }
    const reply = await send();
    return this.#dead ? forever() : reply;
  };
}

const forever = () => new Promise<never>(() => {});

const plain = (status: number, text: string) => ({
  status,
  headers: [["content-type", "text/html"]] as [string, string][],
  text: async () => text,
});
