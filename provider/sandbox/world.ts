import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Answer, Call, Caller, Json, ServiceName, Version } from "./kernel/call.ts";
import { Refusal } from "./kernel/call.ts";
import { Clock } from "./kernel/clock.ts";
import { Faults } from "./kernel/faults.ts";
import { Journal, withoutSecrets } from "./kernel/journal.ts";
import { Random } from "./kernel/random.ts";
import { Router } from "./kernel/router.ts";
import type { Service } from "./kernel/service.ts";
import { Store } from "./kernel/store.ts";

/** How one sandbox is set. */
export interface WorldOptions {
  /** How many times faster than hardware, 1 to 1000. */
  readonly speed: number;
  /** The same seed gives the same ids. */
  readonly seed?: string;
  /** Folder that keeps everything over a restart. */
  readonly state?: string;
  /** File for the journal's lines. */
  readonly journal?: string;
  /** Life of a token, real seconds. */
  readonly tokenLife: number;
  /** Name of the one region. */
  region: string;
}

/** What the service Keystone gives to the others. */
export interface Identity {
  /** Who a token is; undefined where it is unknown, expired or revoked. */
  callerOf(token: string): Caller | undefined;
  /** The administrator that services are to each other: project `service`, role admin. */
  serviceCaller(): Caller;
  /** A project by id or name. */
  project(idOrName: string): { readonly id: string; readonly name: string } | undefined;
}

/** What all services of one sandbox share. */
export class World {
  readonly options: WorldOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly faults: Faults;
  readonly journal: Journal;
  readonly services = new Map<ServiceName, Service>();
  readonly #routers = new Map<ServiceName, Router>();
  readonly #files: string;
  /** Set by Keystone. */
  identity!: Identity;
  /** `http://127.0.0.1:8900`, once it listens. */
  url = "";

  constructor(options: WorldOptions) {
    this.options = options;
    this.store = new Store(options.state);
    this.clock = new Clock(
      options.speed,
      () => this.store.flush(),
      (error) => this.report("a job in the background", error),
    );
    this.random = new Random(options.seed);
    this.faults = new Faults((seconds) => this.clock.sleepReal(seconds));
    this.journal = new Journal(options.journal);
    this.#files = options.state ? join(options.state, "files") : mkdtempSync(join(tmpdir(), "baremetal-sandbox-"));
    mkdirSync(this.#files, { recursive: true });
  }

  /** A defect of the sandbox shows on stderr; it never ends the process. */
  report(where: string, error: unknown): void {
    process.stderr.write(`sandbox: defect in ${where}: ${error instanceof Error ? error.stack : String(error)}\n`);
  }

  /** Path of a file that holds the bytes of an image, volume or backup. */
  file(kind: "image" | "volume" | "backup", id: string): string {
    return join(this.#files, `${kind}-${id}`);
  }

  add(service: Service): void {
    this.services.set(service.name, service);
    this.#routers.set(service.name, new Router(service));
  }

  router(name: ServiceName): Router {
    return this.#routers.get(name)!;
  }

  /**
   * One service asks another by its own API, without HTTP. Answers the body. Throws the {@link Refusal} that a client would
   * see as an error answer.
   * @param path below the service's prefix, with its query: `/v2.0/ports/ID`
   */
  async ask<T = Json>(
    name: ServiceName,
    method: string,
    path: string,
    more: { body?: unknown; as?: Caller; version?: Version; headers?: Record<string, string> } = {},
  ): Promise<T> {
    const service = this.services.get(name)!;
    const [pathname = "", query = ""] = path.split("?");
    const found = this.router(name).find(method, pathname);
    if (!found.route) throw new Error(`the sandbox's ${name} has no ${method} ${path}`);
    const call: Call = {
      service,
      method,
      path: pathname,
      params: found.params,
      query: new URLSearchParams(query),
      headers: more.headers ?? {},
      body: more.body === undefined ? undefined : structuredClone(more.body),
      stream: undefined,
      caller: more.as ?? this.identity.serviceCaller(),
      version: more.version ?? LATEST[name] ?? [0, 0],
      id: `req-${this.random.uuid()}`,
      base: "",
      inner: true,
    };
    const began = performance.now();
    const before = service.stateOf?.(call);
    let answer: Answer | undefined;
    let error: string | undefined;
    try {
      answer = await found.route.handle(call);
      return structuredClone(answer.body ?? {}) as T;
    } catch (failure) {
      error = failure instanceof Error ? failure.message : String(failure);
      if (failure instanceof Refusal) answer = { status: failure.status };
      throw failure;
    } finally {
      this.note(call, answer?.status ?? 500, performance.now() - began, before, {
        error,
        path,
        route: found.route.path,
      });
    }
  }

  /** Writes a request into the journal. */
  note(
    call: Call,
    status: number,
    milliseconds: number,
    before: Json | undefined,
    more: { error?: string | undefined; fault?: string | undefined; path: string; route?: string | undefined },
  ): void {
    const { caller } = call;
    const after = call.service.stateOf?.(call);
    this.journal.add({
      at: new Date().toISOString(),
      id: call.id,
      service: call.service.name,
      method: call.method,
      path: more.path,
      ...(call.version[0] > 0 ? { version: call.version.join(".") } : {}),
      caller: caller.userId
        ? {
            user: caller.userName,
            project: caller.projectName,
            ...(caller.system ? { system: true as const } : {}),
            roles: [...caller.roles],
          }
        : null,
      ...(call.headers["user-agent"] ? { agent: call.headers["user-agent"] } : {}),
      ...(more.route ? { route: more.route } : {}),
      ...(call.body === undefined ? {} : { body: withoutSecrets(call.body) }),
      status,
      ...(more.error === undefined ? {} : { error: more.error }),
      milliseconds: Math.round(milliseconds * 10) / 10,
      ...(before ? { before } : {}),
      ...(after ? { after } : {}),
      ...(more.fault ? { fault: more.fault } : {}),
      ...(call.inner ? { inner: true as const } : {}),
    });
  }

  stop(): void {
    this.clock.stop();
    this.store.close();
    if (!this.options.state) rmSync(this.#files, { recursive: true, force: true });
  }
}

/** Microversions that services use among themselves: the newest. */
export const LATEST: Partial<Record<ServiceName, Version>> = {
  ironic: [1, 115],
  nova: [2, 104],
  cinder: [3, 71],
  placement: [1, 39],
};

/** The caller of a public route without a token. */
export const NOBODY: Caller = {
  userId: "",
  userName: "",
  projectId: "",
  projectName: "",
  system: false,
  roles: new Set(),
  token: "",
};
