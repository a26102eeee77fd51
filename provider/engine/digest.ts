/** What a preview would do, as `pulumi preview --json` prints it. */
import type { DetailedDiff } from "./diff.ts";
import type { Changes, EngineEvent, Op, Severity, StepView } from "./events.ts";
import { blinded, writeState } from "./state.ts";
import type { JsonObject } from "./stubs.ts";
import { STACK_TYPE } from "./urn.ts";

/** One step of a preview. */
export interface DigestStep {
  op: Op;
  urn: string;
  provider?: string;
  oldState?: JsonObject;
  newState?: JsonObject;
  /** Properties that differ. */
  diffReasons?: string[];
  /** Properties that force a replacement. */
  replaceReasons?: string[];
  /** Property path to what happens to it; null when nobody said. */
  detailedDiff: DetailedDiff | null;
}

/** A preview in machine-readable form. */
export interface PreviewDigest {
  /** The stack's configuration, secrets blinded; left out when there is none. */
  config?: Record<string, string>;
  steps: DigestStep[];
  diagnostics?: { urn?: string; message: string; severity: Severity }[];
  /** Nanoseconds. */
  duration: number;
  changeSummary: Changes;
}

/** Collects the digest of one run. */
export class DigestCollector {
  readonly #digest: PreviewDigest = { steps: [], duration: 0, changeSummary: {} };
  /** Where the last step of a resource is listed. */
  readonly #last = new Map<string, number>();

  /** Takes an event. */
  handle(event: EngineEvent): void {
    const { steps } = this.#digest;
    if (event.kind === "start" && Object.keys(event.config).length > 0) this.#digest.config = event.config;
    if (event.kind === "step-start" && shows(event.step)) {
      this.#last.set(event.step.urn, steps.push(digestStep(event.step)) - 1);
    } else if (event.kind === "step-end" && (event.step.op === "delete" || event.step.op === "update")) {
      // A refresh knows only at its end what it found.
      const index = this.#last.get(event.step.urn) ?? -1;
      if (steps[index]?.op === "refresh") steps[index] = digestStep(event.step);
    } else if (event.kind === "diagnostic" && !event.diagnostic.ephemeral && event.diagnostic.severity !== "debug") {
      const { urn, severity, message } = event.diagnostic;
      const prefix = severity.startsWith("info") ? "" : `${severity}: `;
      this.#digest.diagnostics ??= [];
      this.#digest.diagnostics.push({ ...(urn ? { urn } : {}), message: prefix + message, severity });
    } else if (event.kind === "summary") {
      this.#digest.duration = event.durationMs * 1e6;
      this.#digest.changeSummary = event.changes;
    }
  }

  /** The digest so far. */
  get digest(): PreviewDigest {
    return this.#digest;
  }
}

/** Steps the CLI lists: what changes, the stack, and the replacement but not its halves. */
function shows(step: StepView): boolean {
  if (step.type === STACK_TYPE) return true;
  return !step.internal && !["same", "create-replacement", "delete-replaced"].includes(step.op);
}

function digestStep(step: StepView): DigestStep {
  return {
    op: step.op,
    urn: step.urn,
    ...(step.provider ? { provider: step.provider } : {}),
    ...(step.old ? { oldState: writeState(step.old, blinded) } : {}),
    ...(step.new ? { newState: writeState(step.new, blinded) } : {}),
    ...(step.diffs.length > 0 ? { diffReasons: step.diffs } : {}),
    ...(step.keys.length > 0 ? { replaceReasons: step.keys } : {}),
    detailedDiff: step.detailedDiff ?? null,
  };
}
