/**
 * The embedded deployment engine: runs a Pulumi Node.js program with the real @pulumi/pulumi runtime and the real
 * dynamic-provider server, where no pulumi CLI is. State is kept in Pulumi's own format, so that the CLI can take
 * over. What the engine does not do it refuses in words (`Refusal`).
 */
export type { ExportedState } from "./checkpoint.ts";
export { type CommandOptions, type CommandResult, runCommand } from "./command.ts";
export type { DetailedDiff, DiffKind, PropertyDiff } from "./diff.ts";
export type { DigestStep, PreviewDigest } from "./digest.ts";
export { EngineError } from "./errors.ts";
export type {
  Changes,
  Diagnostic,
  EngineEvent,
  EventSink,
  Op,
  RunKind,
  Severity,
  StepMoment,
  StepView,
} from "./events.ts";
export { type Interrupts, listenToInterrupts } from "./interrupts.ts";
export { REFUSALS, Refusal, type RefusalId, type RefusedFeature } from "./refusals.ts";
export type { Stack } from "./stack.ts";
export { openStack, storedState } from "./stack.ts";
export type {
  OpenOptions,
  OperationOptions,
  OperationResult,
  StackOutput,
  StepResult,
} from "./stack-options.ts";
export type { RpcEvent, RpcTrace } from "./trace.ts";
