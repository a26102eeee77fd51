/** What the sandbox does otherwise than the recorded cloud, and why that is accepted. A service may have more in <service>/known.ts. */

/** An accepted difference. In `exchange`, `step` and `path`, * stands for anything. */
export interface Known {
  /** <service>/<topic>/<slug>, or the exchange's name; default: all. */
  exchange?: string;
  /** Number of the step, or its request line; default: all. */
  step?: number | string;
  /** "status", "headers.vary", "body.server.*". */
  path: string;
  /** The recorded value as JSON, "(nothing)" for none; default: any. */
  recorded?: string;
  /** The value of the sandbox, likewise. */
  got?: string;
  /** Why it is so and harmless, in a sentence. */
  reason: string;
  /** Also accepted when the real cloud is compared with its own recording: a counter, say. */
  real?: boolean;
}

/** Differences of no particular service. */
export const known: Known[] = [
  {
    exchange: "keystone/*",
    path: "body*.catalog.*",
    recorded: '*"type":"instance-ha"*',
    got: "(nothing)",
    reason: "the catalog of the real cloud also lists masakari, which the sandbox does not have",
  },
];
