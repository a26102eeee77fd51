/** A stack: the object through which everything else uses the engine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { backendFolder, StackStore } from "./backend.ts";
import type { ExportedState, Snapshot } from "./checkpoint.ts";
import { emptySnapshot, readSnapshot, saltOf, verify, writeSnapshot } from "./checkpoint.ts";
import type { Config } from "./config.ts";
import { StackConfigFile } from "./config.ts";
import { EngineError, messageOf } from "./errors.ts";
import type { RunKind } from "./events.ts";
import { importPendingCreates } from "./pending.ts";
import type { Project } from "./project.ts";
import { readProject } from "./project.ts";
import { Recorder } from "./recorder.ts";
import { perform } from "./run.ts";
import { Crypter, passphraseOf } from "./secrets.ts";
import type { OpenOptions, OperationOptions, OperationResult, StackOutput } from "./stack-options.ts";
import type { ResourceState } from "./state.ts";
import { blinded, inClear, needsOf, writeMap } from "./state.ts";
import { STACK_TYPE } from "./urn.ts";

/** Operations at a time, unless said otherwise. */
const PARALLEL = 8;

/** Opens a stack, and creates it when it does not exist. Throws an EngineError when that is not possible. */
export function openStack(options: OpenOptions): Stack {
  return new Stack(options);
}

/**
 * The state of a stack as it is stored, secrets encrypted; undefined when there is no such stack. Writes nothing and
 * needs no passphrase.
 */
export function storedState(options: OpenOptions): ExportedState | undefined {
  return storeOf(options, readProject(options.projectDir)).load();
}

function storeOf(options: OpenOptions, project: Project): StackStore {
  const url = (options.env ?? process.env)["PULUMI_BACKEND_URL"] ?? project.backendUrl;
  const folder = options.backendDir ?? (url ? backendFolder(url) : project.directory);
  return new StackStore(folder, project.name, options.stack);
}

/** An opened stack. */
export class Stack {
  readonly #options: OpenOptions;
  readonly #project: Project;
  readonly #env: NodeJS.ProcessEnv;
  readonly #store: StackStore;
  /** Where the stack's settings are kept, and where they are read while nothing is there. */
  readonly #configPaths: [kept: string, read: string];
  readonly #crypter: Crypter;

  /** @internal use openStack */
  constructor(options: OpenOptions) {
    this.#options = options;
    this.#env = options.env ?? process.env;
    this.#project = readProject(options.projectDir);
    this.#store = storeOf(options, this.#project);
    const file = `Pulumi.${options.stack}.yaml`;
    const own = this.#project.stackConfigDirectory;
    this.#configPaths = [join(options.settingsDir ?? own, file), join(own, file)];
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
    const file = this.#configFile();
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

  #configFile(): StackConfigFile {
    const [kept, read] = this.#configPaths;
    return new StackConfigFile(kept, this.#project.name, read);
  }

  #openCrypter(): Crypter {
    const file = this.#configFile();
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
    const file = this.#configFile();
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
      for (const message of importPendingCreates(base, options.importPendingCreates ?? []))
        record.handle({ kind: "diagnostic", diagnostic: { urn: "", severity: "warning", message, ephemeral: false } });
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
          runProgram: kind === "destroy" && (options.runProgram ?? false),
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
