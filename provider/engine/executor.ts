/** Runs steps: chains one after the other, several chains side by side. */

import type { PendingKind } from "./checkpoint.ts";
import { messageOf, ProtectedError } from "./errors.ts";
import type { Changes, Op, StepMoment, StepView } from "./events.ts";
import { PartialFailure } from "./provider.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import type { RefreshStep, Step } from "./steps.ts";
import { journalChange, subjectOf } from "./steps.ts";
import { isDefaultProvider } from "./urn.ts";
import { containsSecrets, equal, makeSecret, Secret } from "./values.ts";

const PENDING: Partial<Record<Op, PendingKind>> = {
  create: "creating",
  import: "importing",
  "create-replacement": "creating",
  update: "updating",
  delete: "deleting",
  "delete-replaced": "deleting",
};

/** Runs the steps of one run. */
export class Executor {
  readonly #run: RunContext;
  readonly #ignoreErrors: boolean;
  readonly #refreshing: boolean;
  readonly #waiting: (() => void)[] = [];
  readonly #chains = new Set<Promise<void>>();
  #free: number;
  #stopped = false;
  /** Called once, when no further steps may start. */
  onStop: (() => void) | undefined;
  /** The first failure. */
  failure: Error | undefined;
  /** Failed steps of a run that goes on after errors. */
  readonly failed: Step[] = [];
  /** Steps that wait for the program to register outputs, by URN. */
  readonly pendingOutputs = new Map<string, Step>();
  /** What was done. */
  readonly changes: Changes = {};

  /**
   * @param options.ignoreErrors a failed step stops nothing: for reading resources
   * @param options.refreshing the run is a refresh and nothing else
   */
  constructor(run: RunContext, options: { ignoreErrors?: boolean; refreshing?: boolean } = {}) {
    this.#run = run;
    this.#refreshing = options.refreshing ?? false;
    this.#free = Math.max(1, run.options.parallel);
    this.#ignoreErrors = options.ignoreErrors ?? false;
  }

  /** Whether no further steps start. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Lets running steps end and starts no others. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const wake of this.#waiting.splice(0)) wake();
    this.onStop?.();
  }

  /** Starts a chain as soon as there is room for it; resolves when it has started, to a promise of its end. */
  async submit(chain: Step[]): Promise<{ ended: Promise<void> }> {
    while (this.#free === 0 && !this.#stopped) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#stopped) return { ended: Promise.resolve() };
    this.#free -= 1;
    const ended = this.#runChain(chain).finally(() => {
      this.#chains.delete(ended);
      this.#free += 1;
      this.#waiting.shift()?.();
    });
    this.#chains.add(ended);
    return { ended };
  }

  /** Runs steps side by side and waits for all of them. */
  async runLayer(steps: Step[]): Promise<void> {
    const ends: Promise<void>[] = [];
    for (const step of steps) ends.push((await this.submit([step])).ended);
    await Promise.all(ends);
  }

  /** Waits for everything that has started. */
  async drain(): Promise<void> {
    while (this.#chains.size > 0) await Promise.all(this.#chains);
  }

  async #runChain(chain: Step[]): Promise<void> {
    for (const step of chain) {
      if (this.#stopped) return;
      try {
        await this.#runStep(step);
      } catch (error) {
        this.failure ??= error as Error;
        if (this.#ignoreErrors) return;
        if (this.#run.options.continueOnError || error instanceof ProtectedError) {
          this.failed.push(step);
          const state = subjectOf(step);
          step.registration?.resolve({ state, result: "failed", unknown: false });
        } else this.stop();
        return;
      }
    }
  }

  async #runStep(step: Step): Promise<void> {
    const { journal, emit } = this.#run;
    const kind = PENDING[step.op];
    const began = Date.now();
    emit({ kind: "step-start", step: viewOf(step), moment: momentOf(began, began) });
    if (kind) await journal.begin(subjectOf(step), kind);
    const failure = await step.apply().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    if (step.new && step.op !== "replace") markSecretOutputs(step.new);
    if (!failure && step.logical && step.new) this.pendingOutputs.set(step.new.urn, step);
    this.#tell(step, failure, momentOf(began, Date.now()));
    const change = !failure || failure instanceof PartialFailure ? journalChange(step) : undefined;
    if (kind) await journal.end(subjectOf(step), change);
    else if (change) await journal.note(change, step.op === "remove-pending-replace" || mustWrite(step));
    if (failure) throw failure;
    if (step.new) step.registration?.resolve({ state: step.new, result: "success", unknown: step.skippedCreate });
  }

  #tell(step: Step, failure: Error | undefined, moment: StepMoment): void {
    const view = viewOf(step);
    if (failure) {
      const error = messageOf(failure);
      this.#run.error(view.internal ? "" : view.urn, error);
      this.#run.emit({ kind: "step-failed", step: view, moment, error });
      return;
    }
    // A refresh within another run counts for nothing: what it found shows in the steps that follow.
    const refreshed = step.op === "refresh" && this.#refreshing;
    const result = refreshed ? (step as RefreshStep).result() : step.op;
    if ((step.logical || refreshed) && !view.internal) this.changes[result] = (this.changes[result] ?? 0) + 1;
    this.#run.emit({ kind: "step-end", step: { ...view, op: result }, moment });
  }
}

const momentOf = (began: number, now: number): StepMoment => ({
  startedAt: new Date(began).toISOString(),
  durationMs: now - began,
});

/** A step as displays see it. */
export function viewOf(step: Step): StepView {
  const { urn, type, provider } = subjectOf(step);
  return {
    op: step.op,
    urn,
    type,
    provider,
    old: step.old && { ...step.old },
    new: step.new && { ...step.new },
    diffs: step.diffs,
    keys: step.keys,
    detailedDiff: step.detailedDiff,
    internal: isDefaultProvider(urn),
  };
}

/** Marks outputs as secret that the program named, or whose input is secret. */
function markSecretOutputs(state: ResourceState): void {
  for (const key of state.additionalSecretOutputs) {
    const output = state.outputs[key];
    if (output !== undefined && key !== "id") state.outputs[key] = makeSecret(output);
  }
  for (const [key, output] of Object.entries(state.outputs))
    if (state.inputs[key] instanceof Secret) state.outputs[key] = makeSecret(output);
}

/** Whether an unchanged resource needs a write at once: something the program says about it is new. */
function mustWrite({ old, new: state }: Step): boolean {
  if (!old || !state) return true;
  const fields = (resource: ResourceState) => {
    const { inputs, outputs, created, modified, propertyDependencies, dependencies, aliases, rest, ...others } =
      resource;
    return JSON.stringify({ ...others, dependencies: [...dependencies].sort() });
  };
  return (
    !equal(old.inputs, state.inputs) ||
    !equal(old.outputs, state.outputs) ||
    Object.values(state.inputs).some(containsSecrets) ||
    fields(old) !== fields(state)
  );
}
