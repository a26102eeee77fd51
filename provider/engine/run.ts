/** Brings everything one run needs to life, and takes it down again. */
import type { StackStore } from "./backend.ts";
import { ORGANIZATION } from "./backend.ts";
import { Callbacks } from "./callbacks.ts";
import type { Snapshot } from "./checkpoint.ts";
import type { Config } from "./config.ts";
import { blindedConfig, providerInputs } from "./config.ts";
import { Deployment } from "./deployment.ts";
import { EngineError } from "./errors.ts";
import type { Changes, EventSink, RunKind, Severity } from "./events.ts";
import { deleteHooks, Hooks } from "./hooks.ts";
import type { Journal } from "./journal.ts";
import { CheckpointJournal, noJournal } from "./journal.ts";
import { Monitor } from "./monitor.ts";
import { Program } from "./program.ts";
import type { Project } from "./project.ts";
import { ProviderRegistry } from "./providers.ts";
import type { RunOptions } from "./run-context.ts";
import { RunContext } from "./run-context.ts";
import type { Crypter } from "./secrets.ts";
import type { RpcTrace } from "./trace.ts";

/** Everything one run is made of. */
export interface RunRequest {
  kind: RunKind;
  /** Say what would be done, do nothing. */
  preview: boolean;
  project: Project;
  stack: string;
  config: Config;
  crypter: Crypter;
  store: StackStore;
  /** The state to start from; the run may change it. */
  base: Snapshot;
  options: RunOptions;
  env: NodeJS.ProcessEnv;
  emit: EventSink;
  trace: RpcTrace | undefined;
  /** Aborted by the user: let running operations end, save, report. */
  cancel: AbortSignal | undefined;
  /** Aborted by the user a second time: leave at once. */
  terminate: AbortSignal | undefined;
}

/** How a run ended. */
export interface RunOutcome {
  failed: boolean;
  canceled: boolean;
  terminated: boolean;
  changes: Changes;
}

/** How long a program may take to end once nobody answers it any more. */
const PROGRAM_GRACE_MS = 5_000;

/** Performs a run. */
export async function perform(request: RunRequest): Promise<RunOutcome> {
  const { kind, preview, project, stack, config, store, base, options, env, emit } = request;
  const started = Date.now();
  emit({ kind: "start", run: kind, preview, stack, config: blindedConfig(config) });
  const tell = (urn: string, severity: Severity, message: string) =>
    emit({ kind: "diagnostic", diagnostic: { urn, severity, message, ephemeral: false } });
  const hooked = kind === "destroy" && !options.runProgram ? deleteHooks(base.resources) : [];
  for (const { urn, names } of hooked)
    tell(
      urn,
      "error",
      `Resource has delete hooks registered, but the program is not running. Hooks: ${names.join(", ")}`,
    );
  if (hooked.length > 0) {
    emit({ kind: "summary", preview, changes: {}, durationMs: Date.now() - started });
    throw new EngineError("You must run with the `--run-program` flag to use delete hooks during destroy.");
  }
  const passOn = (line: string, stream: "stdout" | "stderr") =>
    tell("", stream === "stdout" ? "info" : "info#err", `${line}\n`);
  const callbacks = new Callbacks(request.trace);
  const hooks = new Hooks(callbacks);
  const monitor = new Monitor({
    project: project.name,
    stack,
    organization: ORGANIZATION,
    preview,
    parallel: options.parallel,
    config,
    providerInputs: providerInputs(config),
    programDirectory: project.programDirectory,
    callbacks,
    hooks,
    onProgram: (event) => deployment.post(event),
    emit,
  });
  await monitor.start();
  const registry = new ProviderRegistry({
    programDirectory: project.programDirectory,
    env,
    engineAddress: monitor.address,
    onLine: passOn,
    trace: request.trace,
  });
  const journal: Journal = preview ? noJournal : new CheckpointJournal(base, store, request.crypter);
  const run = new RunContext({ project: project.name, stack, preview, options, base, registry, journal, hooks, emit });
  const deployment = new Deployment(run, kind === "refresh");
  let program: Program | undefined;
  const startProgram = async () => {
    program = new Program({
      project,
      stack,
      organization: ORGANIZATION,
      config,
      env,
      preview,
      parallel: options.parallel,
      address: monitor.address,
      onLine: passOn,
    });
    void program.ended.then((result) => deployment.post({ kind: "ended", result }));
  };
  const onCancel = () => {
    deployment.cancel();
    void registry.cancel();
  };
  const onTerminate = () => {
    journal.abandon();
    program?.kill();
    void registry.leave();
  };
  if (request.cancel?.aborted) onCancel();
  request.cancel?.addEventListener("abort", onCancel);
  request.terminate?.addEventListener("abort", onTerminate);
  try {
    const runsProgram = kind === "update" || kind === "preview" || options.runProgram;
    const result = await deployment.execute(runsProgram ? startProgram : undefined);
    monitor.close();
    // A program that was still registering has nobody left to answer it, and only that to tell.
    if (result.failed && !monitor.completed) program?.kill();
    await program?.stop(PROGRAM_GRACE_MS);
    await journal.close();
    emit({ kind: "summary", preview, changes: result.changes, durationMs: Date.now() - started });
    return { ...result, terminated: request.terminate?.aborted ?? false };
  } finally {
    request.cancel?.removeEventListener("abort", onCancel);
    request.terminate?.removeEventListener("abort", onTerminate);
    await registry.cancel();
    await registry.stop();
    program?.kill();
    callbacks.close();
    monitor.stop();
  }
}
