import type { Clock } from "../core/clock.ts";
import type { IssuedToken } from "./auth.ts";

/** How much of its life a token is used for. */
const SPENT = 0.8;
/** How long a failed early renewal is left alone while the old token still lives, in milliseconds. */
const PAUSE = 30_000;

interface Held {
  token: IssuedToken;
  renewAt: number;
  endsAt: number;
}

/**
 * Keeps one token: issued on first use, renewed after 80 % of its life or when a service refuses it, and only one
 * renewal under way however many requests wait for it.
 */
export class TokenKeeper {
  readonly #issue: () => Promise<IssuedToken>;
  readonly #clock: Clock;
  readonly #renewable: boolean;
  #held: Held | undefined;
  #last: IssuedToken | undefined;
  #underWay: Promise<Held> | undefined;

  /** `renewable`: false where the configuration forbids re-authentication (`openstack:allowReauth`). */
  constructor(issue: () => Promise<IssuedToken>, clock: Clock, renewable = true) {
    this.#issue = issue;
    this.#clock = clock;
    this.#renewable = renewable;
  }

  /** A token that still has a fifth of its life, renewed first where needed. */
  async get(signal?: AbortSignal): Promise<IssuedToken> {
    signal?.throwIfAborted();
    const now = this.#clock.now();
    const held = this.#held;
    if (held && (now < held.renewAt || !this.#renewable)) return held.token;
    try {
      return (await abortable(this.#renew(), signal)).token;
    } catch (error) {
      if (signal?.aborted || !held || this.#held !== held || now >= held.endsAt) throw error;
      held.renewAt = now + PAUSE;
      return held.token;
    }
  }

  /** Forgets the token with this id, unless it has been replaced already; answers whether another may be had. */
  refused(id: string): boolean {
    if (!this.#renewable) return false;
    if (this.#held?.token.id === id) this.#held = undefined;
    return true;
  }

  /** The last token issued, valid or not; never asks the cloud. */
  known(): IssuedToken | undefined {
    return this.#last;
  }

  #renew(): Promise<Held> {
    this.#underWay ??= this.#issue()
      .then((token) => {
        const now = this.#clock.now();
        this.#last = token;
        this.#held = { token, renewAt: now + token.lifeMs * SPENT, endsAt: now + token.lifeMs };
        return this.#held;
      })
      .finally(() => {
        this.#underWay = undefined;
      });
    return this.#underWay;
  }
}

/** One waiter's abort must not end the renewal that others wait for. */
function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
