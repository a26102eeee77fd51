/** What can go wrong in a rehearsal, in the words of rehearsal.yaml. */

/** Services that can be down; `conductor` is Ironic's worker, behind its API. */
export const DOWN = [
  "keystone",
  "nova",
  "ironic",
  "conductor",
  "neutron",
  "cinder",
  "glance",
  "placement",
  "octavia",
] as const;

/** What a quota can be of. */
export const QUOTAS = ["servers", "volumes", "gigabytes", "networks", "subnets", "routers", "ports"] as const;

/** A kind of quota. */
export type Quota = (typeof QUOTAS)[number];

/** Requests that fail. */
export interface RequestsThatFail {
  service?: "keystone" | "ironic" | "nova" | "neutron" | "cinder" | "glance" | "placement" | "octavia";
  method?: string;
  /** A regular expression for path and query. */
  path?: string;
  /** Default 503. */
  status?: number;
  /** So many of them; all while the trouble lasts where left out. */
  times?: number;
}

/** Trouble, in the words of rehearsal.yaml, without when it comes and what is expected of it. */
export type Trouble =
  | { do: "machine is switched off" | "machine dies" | "machine is taken away" | "BMC hangs"; machine: string }
  | { do: "deploy fails"; machine?: string; class?: string; text?: string }
  | { do: "capacity is gone"; class?: string }
  | { do: "quota is gone"; of: Quota }
  | { do: "back end fails"; call: string; text?: string }
  | { do: "requests fail"; requests: RequestsThatFail }
  | { do: `${(typeof DOWN)[number]} is down` };

/** What is expected of the program. `fails with CODE` takes the code in brackets at the end of a failure's message. */
export type Expectation = "recovers" | "is noticed" | "fails" | `fails with ${string}`;

/** When trouble comes. */
export type When = "before up" | "during up" | "after up";

/** One scripted event. */
export type RehearsalEvent = Trouble & {
  when: When;
  /** Seconds of hardware time after that moment. */
  seconds?: number;
  /** It is over by itself after so many seconds of hardware time. */
  for?: number;
  /** Default `recovers`. */
  expect?: Expectation;
  /** How one recovers from it: `pulumi up`, or `pulumi up --replace` of the machine. Default `up`. */
  recover?: "up" | "replace";
};

const text = { type: "string", minLength: 1 } as const;
const positive = { type: "number", exclusiveMinimum: 0 } as const;

/** What stands beside `do`, by its words. */
const KINDS: readonly { words: readonly string[]; required: readonly string[]; properties: Record<string, object> }[] =
  [
    {
      words: ["machine is switched off", "machine dies", "machine is taken away", "BMC hangs"],
      required: ["machine"],
      properties: { machine: text },
    },
    { words: ["deploy fails"], required: [], properties: { machine: text, class: text, text } },
    { words: ["capacity is gone"], required: [], properties: { class: text } },
    { words: ["quota is gone"], required: ["of"], properties: { of: { enum: QUOTAS } } },
    { words: ["back end fails"], required: ["call"], properties: { call: text, text } },
    {
      words: ["requests fail"],
      required: ["requests"],
      properties: {
        requests: {
          type: "object",
          additionalProperties: false,
          minProperties: 1,
          properties: {
            service: { enum: ["keystone", "ironic", "nova", "neutron", "cinder", "glance", "placement", "octavia"] },
            method: { enum: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"] },
            path: text,
            status: { type: "integer", minimum: 400, maximum: 599 },
            times: { type: "integer", minimum: 1 },
          },
        },
      },
    },
    { words: DOWN.map((name) => `${name} is down`), required: [], properties: {} },
  ];

/** All that `do` may say. */
export const WORDS: readonly string[] = KINDS.flatMap(({ words }) => words);

const common = {
  when: { enum: ["before up", "during up", "after up"] },
  do: { enum: WORDS },
  seconds: { type: "number", minimum: 0 },
  for: positive,
  expect: { type: "string", pattern: "^(recovers|is noticed|fails|fails with [a-z]+(-[a-z]+)*)$" },
  recover: { enum: ["up", "replace"] },
};

/** JSON schema of one event's common part; {@link eventSchemas} has what belongs to each kind of trouble. */
export const eventSchema = {
  type: "object",
  required: ["when", "do"],
  properties: { ...common },
} as const;

/** JSON schema of the events with these words; undefined for words that there are not. */
export function schemaOf(words: unknown): object | undefined {
  const kind = KINDS.find((one) => one.words.includes(String(words)));
  if (!kind) return undefined;
  return {
    type: "object",
    additionalProperties: false,
    required: ["when", "do", ...kind.required],
    properties: { ...common, ...kind.properties },
  };
}

/** What happens, as a sentence: `bm-0 (Server first) is switched off by somebody`. */
export function sentenceOf(event: Trouble & { for?: number }, machine?: string): string {
  const lasting = event.for === undefined ? "" : ` for ${event.for} s`;
  const subject = machine ?? ("machine" in event ? event.machine : undefined);
  switch (event.do) {
    case "machine is switched off":
      return `${subject} is switched off by somebody`;
    case "machine dies":
      return `${subject} dies: no power, and its BMC is silent${lasting}`;
    case "machine is taken away":
      return `${subject} is taken away by somebody else`;
    case "BMC hangs":
      return `the BMC of ${subject} hangs${lasting}`;
    case "deploy fails":
      return `every deploy${subject ? ` of ${subject}` : event.class ? ` of class ${event.class}` : ""} fails${lasting}`;
    case "capacity is gone":
      return `all free machines${event.class ? ` of class ${event.class}` : ""} go into maintenance${lasting}`;
    case "quota is gone":
      return `no quota is left for ${event.of}${lasting}`;
    case "back end fails":
      return `the back end fails at ${event.call}${lasting}`;
    case "requests fail": {
      const { service, method, path, status = 503, times } = event.requests;
      const which = [service, method, path].filter(Boolean).join(" ");
      return `${times ?? "all"} requests${which ? ` (${which})` : ""} fail with ${status}${lasting}`;
    }
    default:
      return `${event.do.replace("conductor", "Ironic's conductor")}${lasting}`;
  }
}

/** How an expectation reads: `it recovers`, `it fails with no-capacity`. */
export const isFailure = (event: { expect?: Expectation }): boolean => event.expect?.startsWith("fails") ?? false;

/** The failure code that is expected, undefined where any will do. */
export const codeOf = (event: { expect?: Expectation }): string | undefined =>
  /^fails with (.+)$/.exec(event.expect ?? "")?.[1];

/** How the end of trouble reads; undefined for what does not last. */
export function endOf(event: Trouble): string | undefined {
  switch (event.do) {
    case "machine is switched off":
    case "machine is taken away":
      return undefined;
    case "machine dies":
      return "the machine is repaired: its BMC answers again";
    case "BMC hangs":
      return "the BMC answers again";
    case "deploy fails":
      return "deploys work again";
    case "capacity is gone":
      return "the machines are free again";
    case "quota is gone":
      return "the quota is as before";
    case "back end fails":
      return "the back end works again";
    case "requests fail":
      return "requests are answered again";
    default:
      return `${event.do.replace("conductor", "Ironic's conductor").replace(/ is down$/, "")} is up again`;
  }
}
