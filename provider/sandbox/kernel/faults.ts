import type { ServiceName } from "./call.ts";

/** Makes requests of a kind fail, wait or vanish. */
export interface CallFault {
  /** Only requests of this service, method, path (a regular expression, matched against path and query below the prefix), user. */
  service?: ServiceName;
  method?: string;
  path?: string;
  user?: string;
  /** Lets so many matching requests pass first. 0. */
  skip?: number;
  /** Ends after so many hits; without it, it stays until it is cleared. */
  times?: number;
  /** `status`: answer with it. `cut`: close the connection. `hang`: never answer. `delay`: answer after `seconds`. */
  effect: "status" | "cut" | "hang" | "delay";
  /** Of `status`: 429, 500, 503, 504, … */
  status?: number;
  /** Of `status`: a proxy's HTML page instead of the service's own form. */
  html?: boolean;
  /** Of `status`: the header Retry-After, in seconds. */
  retryAfter?: number;
  /** Of `delay`: real seconds. */
  seconds?: number;
  /** The work is done first, only its answer is lost. */
  afterTheWork?: boolean;
}

interface Armed extends CallFault {
  id: string;
  hits: number;
  seen: number;
  pattern: RegExp | undefined;
}

/** A back end's call fails by a fault; the text is what the service tells of it. */
export class InjectedFault extends Error {}

/** Processes and their state, as a person with a shell could make it. */
export type DaemonState = "running" | "dead" | "frozen";

/** Everything that goes wrong on purpose: requests, back ends, processes. Faults of nodes stand in their driver_info. */
export class Faults {
  #calls: Armed[] = [];
  readonly #backends = new Map<string, { text?: string; seconds?: number }>();
  readonly #daemons = new Map<string, DaemonState>();
  readonly #watchers = new Set<(daemon: string, state: DaemonState) => void>();
  #next = 1;
  readonly #sleep: (seconds: number) => Promise<void>;

  /** @param sleep waits real seconds */
  constructor(sleep: (seconds: number) => Promise<void>) {
    this.#sleep = sleep;
  }

  /** Arms a fault of requests; returns its id. Throws on a path that is no regular expression. */
  add(fault: CallFault): string {
    const id = String(this.#next++);
    const pattern = fault.path === undefined ? undefined : new RegExp(fault.path);
    this.#calls.push({ ...fault, id, hits: 0, seen: 0, pattern });
    return id;
  }

  /** The faults of requests, with how often each hit. */
  list(): (CallFault & { id: string; hits: number })[] {
    return this.#calls.map(({ pattern: _, seen: __, ...fault }) => fault);
  }

  remove(id: string): boolean {
    const before = this.#calls.length;
    this.#calls = this.#calls.filter((fault) => fault.id !== id);
    return this.#calls.length < before;
  }

  /** The fault that this request meets, counted as hit. */
  meets(request: { service: ServiceName; method: string; path: string; user: string }): CallFault | undefined {
    for (const fault of this.#calls) {
      if (fault.service && fault.service !== request.service) continue;
      if (fault.method && fault.method !== request.method) continue;
      if (fault.user && fault.user !== request.user) continue;
      if (fault.pattern && !fault.pattern.test(request.path)) continue;
      if (fault.times !== undefined && fault.hits >= fault.times) continue;
      if (fault.seen++ < (fault.skip ?? 0)) continue;
      fault.hits++;
      return fault;
    }
    return undefined;
  }

  /** Makes a back end's call (`cinder.create_volume`, `neutron.bind`) fail with a text, or take real seconds more. */
  setBackend(call: string, fault: { text?: string; seconds?: number } | undefined): void {
    if (fault) this.#backends.set(call, { ...this.#backends.get(call), ...fault });
    else this.#backends.delete(call);
  }

  /** Back ends' faults by call. */
  backends(): Record<string, { text?: string; seconds?: number }> {
    return Object.fromEntries(this.#backends);
  }

  /** A service reaches for its back end: waits as long as a fault says. Throws {@link InjectedFault} where it fails. */
  async reach(call: string): Promise<void> {
    const fault = this.#backends.get(call);
    if (fault?.seconds) await this.#sleep(fault.seconds);
    const now = this.#backends.get(call);
    if (now?.text !== undefined) throw new InjectedFault(now.text);
  }

  /** How a process is: `ironic-conductor`, `nova-api`. */
  daemon(name: string): DaemonState {
    return this.#daemons.get(name) ?? "running";
  }

  setDaemon(name: string, state: DaemonState): void {
    if (state === "running") this.#daemons.delete(name);
    else this.#daemons.set(name, state);
    for (const watcher of [...this.#watchers]) watcher(name, state);
  }

  daemons(): Record<string, DaemonState> {
    return Object.fromEntries(this.#daemons);
  }

  /** Calls `watcher` whenever a process dies, freezes or runs again; returns what ends it. */
  watchDaemons(watcher: (daemon: string, state: DaemonState) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Waits until the process runs, or is dead: what a connection to a frozen one does. */
  async thawed(name: string): Promise<DaemonState> {
    while (this.daemon(name) === "frozen")
      await new Promise<void>((resolve) => {
        const stop = this.watchDaemons((daemon) => {
          if (daemon !== name) return;
          stop();
          resolve();
        });
      });
    return this.daemon(name);
  }

  /** Takes all faults of requests and back ends away and lets every process run. */
  clear(): void {
    this.#calls = [];
    this.#backends.clear();
    for (const name of [...this.#daemons.keys()]) this.setDaemon(name, "running");
  }
}
