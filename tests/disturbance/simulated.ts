/**
 * Simulated time for the provider and the embedded cloud in one process: hours pass in seconds, and stand still while a request
 * is under way. Both see it by the globals `Date` and `setTimeout`; sockets and promises go on in real time.
 */
import { mock } from "node:test";
import nodeFetch from "node-fetch";
import type { FetchFunction } from "../../provider/openstack/http.ts";

/** How far time goes at once, in milliseconds. */
const STEP = 1_000;
/** Turns of the event loop that a step may take to have its effects. */
const SETTLE = 4;
/** Turns after which time goes on although a request is under way: the cloud may be waiting for its own clock. */
const STUCK = 400;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Simulated time, from {@link run} on until what it runs has ended. */
export class SimulatedTime {
  #underWay = 0;
  #began = 0;
  #events: { readonly at: number; happen(): void | Promise<void> }[] = [];
  /** The token of the last request that had one. */
  token = "";
  /** Minutes since the start. */
  get minutes(): number {
    return (Date.now() - this.#began) / 60_000;
  }

  /**
   * What a session sends its requests by.
   * @param dated whether answers carry the simulated date; without it they are as from a service whose clock stands still
   */
  fetch(dated = true): FetchFunction {
    return async (url, init) => {
      this.#underWay++;
      this.token = init.headers["X-Auth-Token"] ?? this.token;
      try {
        const answer = await nodeFetch(url, init as Parameters<typeof nodeFetch>[1]);
        const text = await answer.text();
        const headers = new Headers([...answer.headers]);
        if (dated) headers.set("date", new Date().toUTCString());
        return { status: answer.status, headers: [...headers], text: async () => text };
      } finally {
        this.#underWay--;
      }
    };
  }

  /** Has something happen so many minutes after the start. */
  at(minutes: number, happen: () => void | Promise<void>): void {
    this.#events.push({ at: minutes, happen });
    this.#events.sort((a, b) => a.at - b.at);
  }

  /** Runs `work` in simulated time. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: Date.now() });
    this.#began = Date.now();
    let ended = false;
    try {
      const working = work().finally(() => {
        ended = true;
      });
      working.catch(() => {});
      for (let turns = 0; !ended; turns++) {
        await turn();
        if (turns < (this.#underWay > 0 ? STUCK : SETTLE)) continue;
        turns = 0;
        mock.timers.tick(STEP);
        while (this.#events[0] && this.#events[0].at <= this.minutes) await this.#events.shift()!.happen();
      }
      return await working;
    } finally {
      mock.timers.reset();
    }
  }
}
