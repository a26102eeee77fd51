/** What a run tells as it goes: the source of every display. */
import type { DetailedDiff } from "./diff.ts";
import type { ResourceState } from "./state.ts";

/** What a step does to a resource, in the words of the pulumi CLI. */
export type Op =
  | "same"
  | "create"
  | "import"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "refresh"
  | "remove-pending-replace";

/** A step as displays see it; states are as they were when the event was made. */
export interface StepView {
  op: Op;
  urn: string;
  type: string;
  /** Reference to the provider, empty for components and providers. */
  provider: string;
  old: ResourceState | undefined;
  new: ResourceState | undefined;
  /** Properties that differ. */
  diffs: string[];
  /** Properties that force a replacement. */
  keys: string[];
  detailedDiff: DetailedDiff | undefined;
  /** Whether users know of it: default providers they do not. */
  internal: boolean;
}

/** When an operation began and how long it has taken so far. */
export interface StepMoment {
  /** ISO 8601. */
  startedAt: string;
  /** 0 when it has just begun. */
  durationMs: number;
}

/** How serious a message is; `info#err` is what a process printed to stderr. Debug messages may hold secrets. */
export type Severity = "debug" | "info" | "info#err" | "warning" | "error";

/** A message about a resource, or about the stack when `urn` is empty. */
export interface Diagnostic {
  urn: string;
  severity: Severity;
  message: string;
  /** Shown while it is news, and not kept. */
  ephemeral: boolean;
}

/** Number of resources by what happened to them. */
export type Changes = Partial<Record<Op, number>>;

/** What a run is for. */
export type RunKind = "update" | "preview" | "refresh" | "destroy";

/** Anything a run tells. */
export type EngineEvent =
  | {
      kind: "start";
      run: RunKind;
      preview: boolean;
      stack: string /** Secrets blinded. */;
      config: Record<string, string>;
    }
  | { kind: "step-start"; step: StepView; moment: StepMoment }
  | { kind: "step-end"; step: StepView; moment: StepMoment }
  | { kind: "step-failed"; step: StepView; moment: StepMoment /** What went wrong. */; error: string }
  | { kind: "outputs"; step: StepView }
  | { kind: "diagnostic"; diagnostic: Diagnostic }
  | { kind: "summary"; preview: boolean; changes: Changes; durationMs: number };

/** Receives the events of a run. */
export type EventSink = (event: EngineEvent) => void;
