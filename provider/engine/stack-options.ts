/** What a stack is opened with, what an operation is asked for, and what it answers. */
import type { PreviewDigest } from "./digest.ts";
import type { Changes, Diagnostic, EventSink, StepMoment, StepView } from "./events.ts";
import type { Json } from "./stubs.ts";
import type { RpcTrace } from "./trace.ts";

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
  /**
   * The folder where the stack's settings (`Pulumi.<stack>.yaml`) are kept, made when needed; default: the project's.
   * While it has none, those of the project are read, and never written: with this and `backendDir` nothing is written
   * into the project's folder.
   */
  settingsDir?: string;
  /** Default: PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE of `env`. */
  passphrase?: string;
  /** Receives every gRPC call to providers, and to transforms and hooks of the program. */
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
  /** Refresh: forget these interrupted creates, by URN; the id is the object that was made. */
  importPendingCreates?: { urn: string; id: string }[];
  /** Destroy: run the program too, for its delete hooks and the configuration of its providers. */
  runProgram?: boolean;
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

/** One operation on a resource, as it ended. */
export interface StepResult extends StepView, StepMoment {
  /** What went wrong; undefined when it ended well. */
  error: string | undefined;
}

/** What an operation did. */
export interface OperationResult {
  /** 0 done, 1 failed or canceled, 7 unexpected changes, 8 left at once. */
  exitCode: 0 | 1 | 7 | 8;
  /** Resources by what happened, or would happen, to them. */
  summary: Changes;
  /** Every step that ended, failed ones too, in order, with the properties and reasons behind it. */
  steps: StepResult[];
  /** Outputs of the stack after the operation; secret ones in clear, marked. */
  outputs: Record<string, StackOutput>;
  /** What was said, without debug messages: those of the SDK may hold secrets. */
  diagnostics: Diagnostic[];
  /** The text the pulumi CLI would print. */
  stdout: string;
  /** Errors that end the command, as the pulumi CLI prints them to stderr. */
  stderr: string;
  /** The machine-readable form of a preview. */
  digest: PreviewDigest;
}
