import { randomUUID } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  EngineError,
  type EventSink,
  type OperationOptions,
  type OperationResult,
  openStack,
  type Stack,
} from "../engine/index.ts";
import { type Entry, type FleetFile, type Sandbox, SandboxError, startSandbox } from "../sandbox/index.ts";
import { Admin } from "./admin.ts";
import { safeEnvironment } from "./environment.ts";
import { Interrupted, RehearsalError } from "./error.ts";
import type { Trouble } from "./events.ts";
import { fleetOf } from "./file.ts";
import { writeFolder } from "./folder.ts";
import { Leftovers } from "./leftovers.ts";
import { limited } from "./limited.ts";
import { type Machine, Machines } from "./machines.ts";
import {
  type Change,
  changesOf,
  errorsOf,
  nameOf,
  type RehearsedResource,
  type RunError,
  resourcesOf,
} from "./resources.ts";
import { readSettings, type StackSettings } from "./settings.ts";
import { makeTrouble, type RunningTrouble } from "./trouble.ts";

/** How a rehearsal is set up; only the project must be said. */
export interface RehearsalOptions {
  /** The folder of Pulumi.yaml. */
  project: string;
  /** Name of the stack; `Pulumi.<stack>.yaml` is read where there is one. Default `rehearsal`. */
  stack?: string;
  /** Configuration values, over the stack's own; a key without a namespace is the project's. */
  config?: Record<string, unknown>;
  /** Path of a fleet file, or a fleet. Default: nine machines, project demo. */
  fleet?: string | FleetFile;
  /** Times faster than hardware, 1 to 1000. Default 100. */
  speed?: number;
  /** Longest time of one run, in real seconds. Default 300. */
  limit?: number;
  /** The same seed gives the same ids. */
  seed?: string;
  /** Variables that the program and its passphrase come from; OS_* and PULUMI_* never reach the program. Default: process.env. */
  env?: NodeJS.ProcessEnv;
  /** Ends whatever runs. */
  signal?: AbortSignal;
}

/** What a run of the program is asked for. */
export interface RunOptions {
  /** URNs of resources to replace. */
  replace?: string[];
  /** Read every resource before. */
  refresh?: boolean;
  /** Any change is a failure. */
  expectNoChanges?: boolean;
  /** Receives the engine's events as they come. */
  onEvent?: EventSink;
}

/** How a run ended. */
export interface Run {
  /** Whether it ended well. */
  readonly ok: boolean;
  /** What was changed, or would be; resources that stay as they are, are not in it. */
  readonly changes: readonly Change[];
  readonly errors: readonly RunError[];
  /** What it took, in real seconds. */
  readonly seconds: number;
  /** As `pulumi` prints it. */
  readonly text: string;
}

/** A Pulumi program on a sandbox of its own. {@link close} it, or say `await using`. */
export class Rehearsal implements AsyncDisposable {
  /** The sandbox with its knobs: faults of requests, back ends and processes. */
  readonly sandbox: Sandbox;
  /** What was taken over from the stack's configuration. */
  readonly settings: StackSettings;
  readonly #stack: Stack;
  readonly #folder: string;
  readonly #admin: Admin;
  readonly #machines: Machines;
  readonly #leftovers: Leftovers;
  readonly #options: RehearsalOptions;
  readonly #troubles: RunningTrouble[] = [];

  /** Also where the process ends before {@link close}. */
  readonly #forget = () => rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 });

  private constructor(parts: {
    sandbox: Sandbox;
    settings: StackSettings;
    stack: Stack;
    folder: string;
    admin: Admin;
    leftovers: Leftovers;
    options: RehearsalOptions;
  }) {
    this.sandbox = parts.sandbox;
    this.settings = parts.settings;
    this.#stack = parts.stack;
    this.#folder = parts.folder;
    this.#admin = parts.admin;
    this.#leftovers = parts.leftovers;
    this.#options = parts.options;
    this.#machines = new Machines(this.#admin, () => this.resources());
    process.once("exit", this.#forget);
  }

  /** Starts a sandbox and opens an empty stack of the program on it. Throws a {@link RehearsalError} in words. */
  static async start(options: RehearsalOptions): Promise<Rehearsal> {
    const env = options.env ?? process.env;
    const project = resolve(options.project);
    const stack = options.stack ?? "rehearsal";
    if (!["Pulumi.yaml", "Pulumi.yml"].some((name) => existsSync(join(project, name))))
      throw new RehearsalError(`There is no Pulumi.yaml in ${project}.`);
    const fleet = fleetOf(options.fleet);
    let sandbox: Sandbox | undefined;
    let folder: string | undefined;
    try {
      const settings = readSettings({ folder: project, stack, given: options.config ?? {}, env });
      sandbox = await startSandbox({
        speed: options.speed ?? 100,
        ...(fleet ? { fleet } : {}),
        ...(options.seed === undefined ? {} : { seed: options.seed }),
      });
      folder = writeFolder(stack, settings);
      const admin = await Admin.login(sandbox);
      return new Rehearsal({
        sandbox,
        settings,
        folder,
        admin,
        leftovers: await Leftovers.begin(admin),
        options,
        stack: openStack({
          projectDir: project,
          stack,
          backendDir: join(folder, "backend"),
          settingsDir: join(folder, "settings"),
          config: settings.config,
          passphrase: randomUUID(),
          env: {
            // A rehearsal starts many Node processes; compiled once, they start in a fraction of the time.
            NODE_COMPILE_CACHE: join(folder, "compiled"),
            ...safeEnvironment(env, sandbox.environment(), folder),
          },
        }),
      });
    } catch (error) {
      await sandbox?.stop();
      if (folder) rmSync(folder, { recursive: true, force: true });
      if (error instanceof EngineError || error instanceof SandboxError) throw new RehearsalError(error.message);
      throw error;
    }
  }

  /** Says what {@link up} would do. */
  preview(options: RunOptions = {}): Promise<Run> {
    return this.#run((more) => this.#stack.preview(more), options);
  }

  /** Runs the program and makes the stack what it says. */
  up(options: RunOptions = {}): Promise<Run> {
    return this.#run((more) => this.#stack.up(more), options);
  }

  /** Reads every resource and takes over what has changed. */
  refresh(options: RunOptions = {}): Promise<Run> {
    return this.#run((more) => this.#stack.refresh(more), options);
  }

  /** Deletes every resource. */
  destroy(options: RunOptions = {}): Promise<Run> {
    return this.#run((more) => this.#stack.destroy(more), options);
  }

  /** The resources in state, secrets in clear. */
  resources(): RehearsedResource[] {
    return resourcesOf(this.#stack.exportState({ showSecrets: true }));
  }

  /** One resource by its logical name, and its type (`Server`) where the name alone does not tell. Throws where there is none. */
  resource(name: string, type?: string): RehearsedResource {
    const found = this.resources().filter((one) => one.name === name && (type === undefined || one.type === type));
    if (found.length === 1) return found[0]!;
    const which = `${type ?? "resource"} ${name}`;
    if (found.length > 1) throw new RehearsalError(`${found.map((one) => one.type).join(", ")} are called ${name}`);
    throw new RehearsalError(
      `the program has no ${which}; it has ${
        this.resources()
          .map((one) => `${one.type} ${one.name}`)
          .join(", ") || "nothing"
      }`,
    );
  }

  /** Outputs of the stack, secret ones in clear. */
  outputs(): Record<string, unknown> {
    return Object.fromEntries(Object.entries(this.#stack.outputs()).map(([name, { value }]) => [name, value]));
  }

  /** The requests that the program's resources made, in the order of their answers. */
  journal(): Entry[] {
    return this.sandbox.journal().filter(({ id }) => !this.#admin.requests.has(id));
  }

  /** Lets trouble come, until it is ended or the rehearsal closed. */
  async trouble(trouble: Trouble): Promise<RunningTrouble> {
    const running = await makeTrouble(
      {
        sandbox: this.sandbox,
        admin: this.#admin,
        machines: this.#machines,
        project: this.sandbox.environment()["OS_PROJECT_NAME"]!,
      },
      trouble,
    );
    this.#troubles.push(running);
    return running;
  }

  /** The machine of this name: a Server of the program, or a node. */
  machine(name: string): Promise<Machine> {
    return this.#machines.find(name);
  }

  /** The node under a server that is being made, by the server's name in the cloud; undefined while it has none. */
  async machineUnderWay(cloudName: string): Promise<Machine | undefined> {
    const node = await this.#machines.underWay(cloudName);
    return node && { node, resource: undefined };
  }

  /** Times faster than hardware. */
  get speed(): number {
    return this.#options.speed ?? 100;
  }

  /** Takes Pulumi's `protect` from all resources, in this state only; their names. */
  unprotect(): string[] {
    const { resources = [] } = this.#stack.exportState().deployment as {
      resources?: { urn: string; protect?: boolean }[];
    };
    const names = resources.filter(({ protect }) => protect).map(({ urn }) => nameOf(urn));
    if (names.length > 0) this.#stack.unprotect();
    return names;
  }

  /** Lets hardware time pass: 60 is a minute of the machines, whatever the speed. */
  wait(seconds: number): Promise<void> {
    const real = (seconds * 1000) / this.speed;
    return new Promise((done) => setTimeout(done, real));
  }

  /** What the sandbox has that was not there at the start, a line each: empty after a clean destroy. */
  leftovers(): Promise<string[]> {
    return this.#leftovers.find(2_000 + 600_000 / this.speed);
  }

  /** Ends everything and forgets it. */
  async close(): Promise<void> {
    await this.sandbox.stop();
    process.off("exit", this.#forget);
    this.#forget();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(work: (options: OperationOptions) => Promise<OperationResult>, options: RunOptions): Promise<Run> {
    const began = Date.now();
    const { limit = 300, signal } = this.#options;
    const { result, tooLong } = await limited(limit, signal, (signals) => work({ ...options, ...signals }));
    if (signal?.aborted) throw new Interrupted("The rehearsal was interrupted.");
    return {
      ok: result.exitCode === 0,
      changes: changesOf(result),
      errors: tooLong ? [lateError(limit, result)] : errorsOf(result),
      seconds: (Date.now() - began) / 1000,
      text: result.stdout,
    };
  }
}

/** A run that took too long: what it was last heard to wait for. */
function lateError(limit: number, { diagnostics }: OperationResult): RunError {
  const heard = diagnostics.filter(({ severity, message }) => severity === "info" && message.trim() !== "").at(-1);
  const last = heard ? `; last heard: ${heard.message.trim()}` : "";
  return { resource: undefined, code: "limit", message: `not done after ${limit} s${last}` };
}
