/** A stack: the object through which everything else uses the engine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { backendFolder, StackStore } from "./backend.ts";
import type { ExportedState, Snapshot } from "./checkpoint.ts";
import { emptySnapshot, readSnapshot, saltOf, verify, writeSnapshot } from "./checkpoint.ts";
import type { Config } from "./config.ts";
import { StackConfigFile } from "./config.ts";
import type { PreviewDigest } from "./digest.ts";
import { DigestCollector } from "./digest.ts";
import { TextDisplay } from "./display.ts";
import { EngineError, messageOf } from "./errors.ts";
import type { Changes, Diagnostic, EngineEvent, EventSink, RunKind, StepView } from "./events.ts";
import type { Project } from "./project.ts";
import { readProject } from "./project.ts";
import { perform } from "./run.ts";
import { Crypter, passphraseOf } from "./secrets.ts";
import type { ResourceState } from "./state.ts";
import { blinded, inClear, needsOf, writeMap } from "./state.ts";
import type { Json } from "./stubs.ts";
import type { RpcTrace } from "./trace.ts";
import { STACK_TYPE } from "./urn.ts";

/** Where a stack is and how it is opened. */
export interface OpenOptions {
  /** The folder of Pulumi.yaml. */
  projectDir: string;
  /** The stack's name. It is created when it does not exist. */
  stack: string;
  /** The folder that holds `.pulumi`; default: PULUMI_BACKEND_URL, the project's backend, the project's folder. */
  backendDir?: string;
  /** The environment of program and providers; default: the process's own. */
  env?: NodeJS.ProcessEnv;
  /** Configuration for this process only, over the stack's file; a key without namespace is the project's. */
  config?: Record<string, string | { value: string; secret: boolean }>;
  /** Default: PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE of `env`. */
  passphrase?: string;
  /** Receives every gRPC call between the engine and its providers. */
  trace?: RpcTrace;
}

/** Options of an operation; each is off, empty or the pulumi CLI's default when left out. */
export interface OperationOptions {
  /** URNs to limit the operation to; `*` and `**` as in the pulumi CLI. */
  targets?: string[];
  /** Take along what depends on the targets. */
  targetDependents?: boolean;
  /** URNs to replace. */
  replace?: string[];
  /** Go on with what does not depend on a failed resource. */
  continueOnError?: boolean;
  /** Read every resource before. */
  refresh?: boolean;
  /** Most operations at a time; default 8. */
  parallel?: number;
  /** Exit code 7 when there are changes. */
  expectNoChanges?: boolean;
  /** Only say what refresh or destroy would do. */
  previewOnly?: boolean;
  /** Refresh: forget creates that were interrupted. */
  clearPendingCreates?: boolean;
  /** Text with the properties that change. */
  diff?: boolean;
  /** Aborts: let running operations end, save, exit code 1. */
  signal?: AbortSignal;
  /** Aborts a second time: leave at once, exit code 8. */
  terminate?: AbortSignal;
  /** Receives every event. */
  onEvent?: EventSink;
  /** Receives the text as it is written. */
  onOutput?: (text: string) => void;
}

/** A stack output. */
export interface StackOutput {
  value: Json;
  secret: boolean;
}

/** What an operation did. */
export interface OperationResult {
  /** 0 done, 1 failed or canceled, 7 unexpected changes, 8 left at once. */
  exitCode: 0 | 1 | 7 | 8;
  /** Resources by what happened, or would happen, to them. */
  summary: Changes;
  /** Every step, in order, with the properties and reasons behind it. */
  steps: StepView[];
  /** Outputs of the stack after the operation; secret ones in clear, marked. */
  outputs: Record<string, StackOutput>;
  diagnostics: Diagnostic[];
  /** The text the pulumi CLI would print. */
  stdout: string;
  /** Errors that end the command, as the pulumi CLI prints them to stderr. */
  stderr: string;
  /** The machine-readable form of a preview. */
  digest: PreviewDigest;
}

/** Operations at a time, unless said otherwise. */
const PARALLEL = 8;

/** Opens a stack, and creates it when it does not exist. Throws an EngineError when that is not possible. */
export function openStack(options: OpenOptions): Stack {
  return new Stack(options);
}

/** An opened stack. */
export class Stack {
  readonly #options: OpenOptions;
  readonly #project: Project;
  readonly #env: NodeJS.ProcessEnv;
  readonly #store: StackStore;
  readonly #configPath: string;
  readonly #crypter: Crypter;

  /** @internal use openStack */
  constructor(options: OpenOptions) {
    this.#options = options;
    this.#env = options.env ?? process.env;
    this.#project = readProject(options.projectDir);
    const url = this.#env["PULUMI_BACKEND_URL"] ?? this.#project.backendUrl;
    const folder = options.backendDir ?? (url ? backendFolder(url) : this.#project.directory);
    this.#store = new StackStore(folder, this.#project.name, options.stack);
    this.#configPath = join(this.#project.stackConfigDirectory, `Pulumi.${options.stack}.yaml`);
    this.#crypter = this.#openCrypter();
    if (!existsSync(this.#store.file)) this.#save(emptySnapshot());
  }

  /** Says what `up` would do. */
  preview(options: OperationOptions = {}): Promise<OperationResult> {
    return this.#operate("preview", true, options);
  }

  /** Runs the program and makes the stack what it says. */
  up(options: OperationOptions = {}): Promise<OperationResult> {
    return this.#operate("update", false, options);
  }

  /** Reads every resource and takes over what has changed. */
  refresh(options: OperationOptions = {}): Promise<OperationResult> {
    return this.#operate("refresh", options.previewOnly ?? false, options);
  }

  /** Deletes every resource. */
  destroy(options: OperationOptions = {}): Promise<OperationResult> {
    return this.#operate("destroy", options.previewOnly ?? false, options);
  }

  /** The state as `pulumi stack export` prints it; secrets in clear only on request. */
  exportState(options: { showSecrets?: boolean } = {}): ExportedState {
    const stored = this.#store.load() ?? writeSnapshot(emptySnapshot(), this.#crypter);
    return options.showSecrets ? writeSnapshot(this.#load(), this.#crypter, true) : stored;
  }

  /** Replaces the state by an exported one, re-encrypting its secrets; refuses a state that is not sound. */
  importState(state: ExportedState): void {
    const snapshot = readSnapshot(state, () => this.#passphrase());
    verify(snapshot.resources, needsOf);
    this.#locked(() => this.#save(snapshot));
  }

  /** Stores a configuration value in Pulumi.<stack>.yaml; `path` makes the key a property path. */
  setConfig(key: string, value: string, options: { secret?: boolean; path?: boolean } = {}): void {
    const file = new StackConfigFile(this.#configPath, this.#project.name);
    const path = options.path ?? false;
    file.set(key, value, options.secret ? { crypter: this.#crypter, path } : { path });
  }

  /** The outputs of the stack's last update; secret ones in clear, marked. */
  outputs(): Record<string, StackOutput> {
    const stack = this.#load().resources.find((resource) => resource.type === STACK_TYPE);
    const outputs = stack?.outputs ?? {};
    const clear = writeMap(outputs, inClear);
    const shown = writeMap(outputs, blinded);
    const isSecret = (key: string) => JSON.stringify(clear[key]) !== JSON.stringify(shown[key]);
    return Object.fromEntries(Object.entries(clear).map(([key, value]) => [key, { value, secret: isSecret(key) }]));
  }

  /** Marks resources to be replaced by the next update; returns how many there were. */
  taint(urn: string): number {
    return this.#editState((resource) => resource.urn === urn, { taint: true });
  }

  /** Takes the protection from one resource, or from all; returns how many there were. */
  unprotect(urn?: string): number {
    return this.#editState((resource) => urn === undefined || resource.urn === urn, { protect: false });
  }

  /** Removes the locks that interrupted runs have left. */
  cancel(): void {
    this.#store.cancel();
  }

  #editState(matches: (resource: ResourceState) => boolean, change: Partial<ResourceState>): number {
    return this.#locked(() => {
      const snapshot = this.#load();
      const found = snapshot.resources.filter((resource) => !resource.delete && matches(resource));
      if (found.length === 0) throw new EngineError("no such resource in the state of this stack");
      for (const resource of found) Object.assign(resource, change);
      this.#save(snapshot);
      return found.length;
    });
  }

  #locked<T>(work: () => T): T {
    this.#store.lock();
    try {
      return work();
    } finally {
      this.#store.unlock();
    }
  }

  #passphrase(): string {
    const passphrase = this.#options.passphrase ?? passphraseOf(this.#env);
    if (passphrase === undefined)
      throw new EngineError(
        "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
      );
    return passphrase;
  }

  #openCrypter(): Crypter {
    const file = new StackConfigFile(this.#configPath, this.#project.name);
    const stored = this.#store.load();
    const salt = file.salt ?? (stored && saltOf(stored.deployment));
    if (salt !== undefined) return Crypter.open(this.#passphrase(), salt);
    const crypter = Crypter.create(this.#passphrase());
    file.setSalt(crypter.state);
    return crypter;
  }

  #load(): Snapshot {
    const stored = this.#store.load();
    return stored ? readSnapshot(stored, () => this.#passphrase()) : emptySnapshot();
  }

  #save(snapshot: Snapshot): void {
    this.#store.save(writeSnapshot(snapshot, this.#crypter));
  }

  #config(): Config {
    const file = new StackConfigFile(this.#configPath, this.#project.name);
    const config = file.read(this.#project.defaults, this.#crypter);
    for (const [key, given] of Object.entries(this.#options.config ?? {})) {
      const { value, secret } = typeof given === "string" ? { value: given, secret: false } : given;
      config[file.fullKey(key)] = { text: value, secret };
    }
    return Object.fromEntries(Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async #operate(kind: RunKind, preview: boolean, options: OperationOptions): Promise<OperationResult> {
    const record = new Recorder(options);
    let code: OperationResult["exitCode"] = 1;
    let stderr = "";
    let locked = false;
    try {
      if (!preview) this.#store.lock();
      locked = !preview;
      const base = this.#load();
      if (options.clearPendingCreates) base.pendingOperations = [];
      const outcome = await perform({
        kind,
        preview,
        project: this.#project,
        stack: this.#options.stack,
        config: this.#config(),
        crypter: this.#crypter,
        store: this.#store,
        base,
        options: {
          targets: options.targets ?? [],
          replace: options.replace ?? [],
          targetDependents: options.targetDependents ?? false,
          continueOnError: options.continueOnError ?? false,
          refresh: kind === "refresh" || (options.refresh ?? false),
          parallel: options.parallel ?? PARALLEL,
        },
        env: this.#env,
        emit: (event) => record.handle(event),
        trace: this.#options.trace,
        cancel: options.signal,
        terminate: options.terminate,
      });
      code = outcome.terminated ? 8 : outcome.failed || outcome.canceled ? 1 : 0;
      const changed = Object.entries(outcome.changes).some(([op, count]) => op !== "same" && count > 0);
      if (code === 0 && options.expectNoChanges && changed) {
        code = 7;
        stderr = `error: no changes were expected for ${kind} but changes were proposed\n`;
      }
    } catch (error) {
      stderr = `error: ${messageOf(error)}\n`;
    } finally {
      if (locked) this.#store.unlock();
    }
    return { ...record.result(), exitCode: code, outputs: this.outputs(), stderr };
  }
}

/** Keeps what an operation tells. */
class Recorder {
  readonly #options: OperationOptions;
  readonly #display: TextDisplay;
  readonly #digest = new DigestCollector();
  readonly #steps: StepView[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #stdout = "";

  constructor(options: OperationOptions) {
    this.#options = options;
    const write = (text: string) => {
      this.#stdout += text;
      options.onOutput?.(text);
    };
    this.#display = new TextDisplay({ diff: options.diff ?? false, write });
  }

  handle(event: EngineEvent): void {
    this.#display.handle(event);
    this.#digest.handle(event);
    if (event.kind === "step-end") this.#steps.push(event.step);
    if (event.kind === "diagnostic") this.#diagnostics.push(event.diagnostic);
    this.#options.onEvent?.(event);
  }

  result() {
    return {
      summary: this.#digest.digest.changeSummary,
      steps: this.#steps,
      diagnostics: this.#diagnostics,
      stdout: this.#stdout,
      digest: this.#digest.digest,
    };
  }
}
