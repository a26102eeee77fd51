/** What an exchange is: a named sequence of requests to a cloud, whose answers are recorded whatever they are. */
import { type Json, login, type Reply, SERVICES, type Service, serviceUrl, type Tenant } from "../cloud/client.ts";
import type { RawStep } from "./normalise.ts";

/** A named request sequence, as the files <service>/<topic>.ts export them. */
export interface Exchange {
  name: string;
  /** The tenant that it uses and leaves as it was. */
  tenant: Tenant;
  run(cloud: Cloud): Promise<void>;
}

/** Describes an exchange. It uses tenant alpha unless told otherwise. */
export function exchange(
  name: string,
  run: (cloud: Cloud) => Promise<void>,
  options: { tenant?: Tenant } = {},
): Exchange {
  return { name, run, tenant: options.tenant ?? "alpha" };
}

/** How one request is sent and recorded. */
export interface CallOptions {
  /** Sent in addition; an empty string takes a header away. Recorded, so send nothing that differs by chance but ids and tokens. */
  headers?: Record<string, string>;
  /** Microversion for the service's header ("1.72"); null sends none; default as in tests/cloud/client.ts. */
  version?: string | null;
  /** Goes into the recording for its reader. */
  note?: string;
  /** Not recorded: preparations whose answer is compared elsewhere. */
  unrecorded?: boolean;
  /** The path starts at the service's root instead of its version: "/" is its version document. No default microversion. */
  root?: boolean;
  /**
   * Lists of objects in the answer whose order has no meaning ("body.ports"), or true for all. Always so: lists of
   * neutron, placement and nova's flavors without sort_key, and a token's roles and catalog.
   */
  unordered?: true | string[];
  /** Places in the answer that differ by nature, with * ("body.quota_set.*.in_use"): recorded as <varies>. Use sparingly. */
  varies?: string[];
}

/** How {@link Caller.until} waits. */
export interface UntilOptions extends Omit<CallOptions, "unrecorded"> {
  /** Gives up, failing the exchange, after so many seconds; default 60. */
  seconds?: number;
  /** Seconds between two questions; default 0.3. */
  every?: number;
  /** Field ("body.provision_state") whose values on the way must be some of `through`, in that order. */
  sequence?: string;
  /** Values of `sequence` on the way, in order, each of which may be missed; the last one may be left out. */
  through?: string[];
}

/** Somebody who calls. */
export interface Caller {
  readonly user: string;
  readonly token: string;
  /** Id of the project that the token is for, else "". */
  readonly projectId: string;
  readonly userId: string;
  /**
   * Sends one request and records it with the answer, whatever its status. `path` follows the service's version (see `root`) or is a
   * whole URL, such as a next link. A string as body is sent as it is (for broken JSON), anything else as JSON.
   */
  call(service: Service, method: string, path: string, body?: unknown, options?: CallOptions): Promise<Reply>;
  /** GETs until the predicate holds; records only the last answer. */
  until(service: Service, path: string, predicate: (reply: Reply) => boolean, options?: UntilOptions): Promise<Reply>;
}

/** What an exchange is given. */
export interface Cloud {
  readonly tenant: Tenant;
  /** Logs in, unrecorded; the same caller again for the same arguments. `scope`: a project's name, or "system". */
  as(user: string, scope?: string): Promise<Caller>;
  /** The administrator: `system` for ironic, `project` for everything else. */
  admin(): Promise<{ system: Caller; project: Caller }>;
  /** Somebody with this token, or none. Nothing is asked of the cloud. `projectId` is for paths with the project in them. */
  withToken(token: string | undefined, projectId?: string, label?: string): Caller;
  /** Runs after the exchange, also a failed one, last registered first. What it calls is not recorded; its errors are reported. */
  cleanup(work: () => Promise<unknown>): void;
  /** Gives an id a name in the recording: <node alpha-0> instead of <id 3>. Helps where an order of ids is random. */
  name(id: string, name: string): void;
}

/** What came of one run. */
export interface Outcome {
  steps: RawStep[];
  /** Names for ids. */
  names: Map<string, string>;
  /** Tokens that were handed out. */
  tokens: Set<string>;
  /** Why the exchange did not get to its end. */
  error?: Error;
  /** What cleaning up said. */
  cleanupErrors: Error[];
}

/** Runs an exchange on the cloud that tests/cloud/client.ts points to, and cleans up. */
export async function runExchange(one: Exchange): Promise<Outcome> {
  const outcome: Outcome = { steps: [], names: new Map(), tokens: new Set(), cleanupErrors: [] };
  const cleanups: (() => Promise<unknown>)[] = [];
  const callers = new Map<string, Promise<Caller>>();
  let recording = true;

  const loggedIn = async (user: string, scope: string) => {
    const { token, projectId, userId } = await login(user, scope);
    outcome.tokens.add(token);
    outcome.names.set(userId, `user ${user}`);
    if (projectId) outcome.names.set(projectId, `project ${scope}`);
    return caller({ user, label: `${user} in ${scope}`, token, projectId, userId });
  };
  const caller = (who: Who) =>
    makeCaller(who, (step) => {
      const subject = step.headers.get("x-subject-token");
      if (subject) outcome.tokens.add(subject);
      if (recording) outcome.steps.push(step);
    });
  const cloud: Cloud = {
    tenant: one.tenant,
    as(user, scope = user) {
      const key = `${user} ${scope}`;
      if (!callers.has(key)) callers.set(key, loggedIn(user, scope));
      return callers.get(key)!;
    },
    async admin() {
      const [system, project] = await Promise.all([cloud.as("admin", "system"), cloud.as("admin", "admin")]);
      return { system, project };
    },
    withToken: (token, projectId = "", label = token ? "somebody with a token" : "nobody") =>
      caller({ user: "", label, token: token ?? "", projectId, userId: "" }),
    cleanup: (work) => void cleanups.push(work),
    name: (id, name) => void outcome.names.set(id, name),
  };

  const asError = (error: unknown) => (error instanceof Error ? error : new Error(String(error)));
  try {
    await one.run(cloud);
  } catch (error) {
    outcome.error = asError(error);
  }
  recording = false;
  for (const work of cleanups.reverse()) {
    try {
      await work();
    } catch (error) {
      outcome.cleanupErrors.push(asError(error));
    }
  }
  return outcome;
}

interface Who {
  user: string;
  label: string;
  token: string;
  projectId: string;
  userId: string;
}

function makeCaller(who: Who, record: (step: RawStep) => void): Caller {
  const ask = async (service: Service, method: string, path: string, body: unknown, options: CallOptions) => {
    const headers = requestHeaders(service, options);
    const place = options.root ? "" : SERVICES[service].path.replace("PROJECT", who.projectId);
    const url = /^https?:/.test(path) ? path : serviceUrl(service) + place + path;
    const sent = { ...(who.token && { "X-Auth-Token": who.token }), ...headers };
    const reply = await http(url, method, sent, body);
    const { note, unordered, varies } = options;
    const step: RawStep = {
      caller: who.label,
      service,
      method,
      url,
      sentHeaders: recordedHeaders(service, headers, options),
      ...(body !== undefined && { sent: body }),
      status: reply.status,
      headers: reply.headers,
      text: reply.text,
      ...(note && { note }),
      ...(unordered && { unordered }),
      ...(varies && { varies }),
    };
    return { reply, step };
  };
  return {
    user: who.user,
    token: who.token,
    projectId: who.projectId,
    userId: who.userId,
    async call(service, method, path, body, options = {}) {
      const { reply, step } = await ask(service, method, path, body, options);
      if (!options.unrecorded) record(step);
      return reply;
    },
    async until(service, path, predicate, options = {}) {
      const { seconds = 60, every = 0.3, sequence, through = [] } = options;
      const end = Date.now() + seconds * 1000;
      let last = 0;
      for (;;) {
        const { reply, step } = await ask(service, "GET", path, undefined, options);
        const value = sequence && String(field(reply, sequence));
        if (predicate(reply)) {
          record({ ...step, ...(sequence && { through: [sequence, ...through] }) });
          return reply;
        }
        if (sequence) {
          const at = through.indexOf(value as string, last);
          if (at < 0)
            throw new Error(`${path}: ${sequence} became "${value}"; expected ${through.slice(last).join(", ")}`);
          last = at;
        }
        if (Date.now() > end)
          throw new Error(`${path}: gave up after ${seconds} s; last ${reply.status} ${reply.text.slice(0, 600)}`);
        await new Promise((resolve) => setTimeout(resolve, every * 1000));
      }
    },
  };
}

/** The value at "body.server.status" of an answer. */
export function field(reply: Reply, path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => (at as Json | undefined | null)?.[key], reply);
}

function versionHeader(service: Service, version: string): Record<string, string> {
  const [name, value] = Object.entries(SERVICES[service].headers)[0] ?? [];
  if (!name) throw new Error(`${service} has no microversions`);
  return { [name]: value!.includes(" ") ? `${value!.split(" ")[0]} ${version}` : version };
}

function requestHeaders(service: Service, { version, root, headers }: CallOptions): Record<string, string> {
  const usual = root || version === null ? {} : SERVICES[service].headers;
  return { ...usual, ...(version ? versionHeader(service, version) : {}), ...headers };
}

/** What is worth reading in a recording: not the usual microversion. */
function recordedHeaders(service: Service, sent: Record<string, string>, options: CallOptions): Record<string, string> {
  const usual = SERVICES[service].headers;
  const shown = Object.entries(sent).filter(([name, value]) => usual[name] !== value);
  return Object.fromEntries(options.version === null ? [...shown, ["microversion", "none"]] : shown);
}

async function http(url: string, method: string, headers: Record<string, string>, body: unknown): Promise<Reply> {
  const sent = { ...(body === undefined ? {} : { "Content-Type": "application/json" }), ...headers };
  const response = await fetch(url, {
    method,
    redirect: "manual",
    headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== "")),
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(120_000),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: asJson(response.headers, text) ?? {}, text };
}

/** The body as JSON where it says and is that. */
export function asJson(headers: Headers, text: string): Json | undefined {
  if (!(headers.get("content-type") ?? "").includes("json") || text === "") return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
