/** One deployment: takes what the program registers, has steps made and run, and ends with the deletes. */
import { deleteLayers, finalSteps } from "./deletes.ts";
import { Bail, EngineError, messageOf } from "./errors.ts";
import type { Changes } from "./events.ts";
import { Executor, viewOf } from "./executor.ts";
import type { Registration } from "./goal.ts";
import type { DependencyGraph } from "./graph.ts";
import { runAfterHooks } from "./hooks.ts";
import type { ProgramEvent } from "./monitor.ts";
import { Plan } from "./plan.ts";
import type { ProgramResult } from "./program.ts";
import { Queue } from "./queue.ts";
import { refreshState } from "./refresh.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import { needsOf } from "./state.ts";
import { StepGenerator } from "./step-generator.ts";
import type { Step } from "./steps.ts";
import { subjectOf } from "./steps.ts";
import type { Targets } from "./targets.ts";
import { makeUrn, parseUrn, STACK_TYPE } from "./urn.ts";

/** What happens in a run's course. */
export type RunEvent = ProgramEvent | { kind: "ended"; result: ProgramResult };

/** How a deployment ended. */
export interface DeploymentResult {
  failed: boolean;
  canceled: boolean;
  changes: Changes;
}

type OutputsEvent = Extract<ProgramEvent, { kind: "outputs" }>;

/** A deployment under way. */
export class Deployment {
  readonly #run: RunContext;
  readonly #plan = new Plan();
  readonly #generator: StepGenerator;
  readonly #events = new Queue<RunEvent>();
  readonly #refreshOnly: boolean;
  #executor: Executor;
  #canceled = false;
  /** The stack's outputs count only once everything else has happened. */
  #stackOutputs: OutputsEvent | undefined;
  /** With --continue-on-error, what needs a failed resource is skipped, and what needs that in turn. */
  readonly #skipped = new Set<string>();

  /** @param refreshOnly read the resources and do nothing else */
  constructor(run: RunContext, refreshOnly: boolean) {
    this.#run = run;
    this.#refreshOnly = refreshOnly;
    this.#generator = new StepGenerator(run, this.#plan);
    this.#executor = new Executor(run, { ignoreErrors: true, refreshing: refreshOnly });
  }

  /** Tells the deployment what its program did. */
  post(event: RunEvent): void {
    this.#events.push(event);
  }

  /** Lets running operations end and starts no others. */
  cancel(): void {
    this.#canceled = true;
    this.#executor.stop();
    this.#events.close();
  }

  /** Runs to the end. `startProgram` is called once the program may begin; without it everything is deleted. */
  async execute(startProgram: (() => Promise<void>) | undefined): Promise<DeploymentResult> {
    const run = this.#run;
    if (this.#refreshOnly || run.options.refresh) {
      const refreshing = await this.#failureOf(() => this.#refresh());
      if (refreshing || this.#refreshOnly || this.#canceled) return this.#result(refreshing);
    } else if (!run.preview && run.base.pendingOperations.length > 0) this.#warnOfPending();
    if (!this.#canceled) {
      this.#executor = new Executor(run);
      this.#executor.onStop = () => this.#events.close();
    }
    const failure = await this.#failureOf(async () => {
      this.#refuseUnknownTargets(run.replaceTargets);
      if (startProgram) await startProgram();
      else this.post({ kind: "complete" });
      await this.#handleEvents();
    });
    await this.#executor.drain();
    const errored = failure !== undefined || this.#errored;
    if (this.#stackOutputs) await this.#registerOutputs(this.#stackOutputs, errored);
    return this.#result(failure);
  }

  async #refresh(): Promise<void> {
    this.#refuseUnknownTargets(this.#run.targets);
    await refreshState(this.#run, this.#executor);
    if (this.#executor.failure) throw new EngineError(this.#word("failed"));
  }

  /** Runs `work` and tells users of an error they have not heard of. */
  async #failureOf(work: () => Promise<void>): Promise<Error | undefined> {
    try {
      await work();
      return undefined;
    } catch (error) {
      this.#executor.stop();
      if (!(error instanceof Bail)) this.#run.error("", messageOf(error));
      return error instanceof Bail ? error : new Bail(messageOf(error));
    }
  }

  #result(failure: Error | undefined): DeploymentResult {
    const failed = failure !== undefined || this.#errored;
    const word = failed ? "failed" : "canceled";
    if (!failure && (failed || this.#canceled)) this.#run.error("", this.#word(word));
    return { failed, canceled: this.#canceled, changes: this.#executor.changes };
  }

  get #errored(): boolean {
    return this.#executor.failure !== undefined || this.#plan.sawError || this.#run.hookFailed;
  }

  #word(outcome: string): string {
    return `${this.#run.preview ? "preview" : "update"} ${outcome}`;
  }

  async #handleEvents(): Promise<void> {
    for (let event = await this.#events.next(); event; event = await this.#events.next()) {
      if (event.kind === "register") await this.#register(event.registration);
      else if (event.kind === "outputs") await this.#outputs(event);
      else {
        if (event.kind === "ended" && event.result.outcome !== "done") {
          if (event.result.outcome === "failed") throw new EngineError(event.result.message);
          throw new Bail("the program failed");
        }
        await this.#finish();
        return;
      }
    }
  }

  async #register(registration: Registration): Promise<void> {
    const { goal } = registration;
    let steps: Step[];
    try {
      steps = await this.#generator.generate(registration);
    } catch (error) {
      if (error instanceof Bail) throw error;
      this.#run.error(makeUrn(this.#run.stack, this.#run.project, goal.parent, goal.type, goal.name), messageOf(error));
      throw new Bail(messageOf(error));
    }
    const chain = this.#withoutSkipped(steps);
    if (chain.length > 0) await this.#executor.submit(chain);
  }

  #withoutSkipped(steps: Step[]): Step[] {
    for (const failed of this.#executor.failed) this.#skipped.add(subjectOf(failed).urn);
    return steps.filter((step) => {
      const state = subjectOf(step);
      if (!needsOf(state).some((urn) => this.#skipped.has(urn))) return true;
      this.#skipped.add(state.urn);
      step.registration?.resolve({ state, result: "skipped", unknown: false });
      return false;
    });
  }

  async #outputs(event: OutputsEvent): Promise<void> {
    if (parseUrn(event.urn).qualifiedType === STACK_TYPE) this.#stackOutputs = event;
    else await this.#registerOutputs(event, false);
    event.done();
  }

  async #registerOutputs({ urn, outputs, fail }: OutputsEvent, errored: boolean): Promise<void> {
    const step = this.#executor.pendingOutputs.get(urn);
    if (!step?.new) {
      fail(new EngineError(`cannot complete a resource '${urn}' whose registration isn't pending`));
      return;
    }
    this.#executor.pendingOutputs.delete(urn);
    if (step.skippedCreate) return;
    // A failed run has not made all outputs: those it did not get to stay as they were.
    step.new.outputs = errored ? { ...this.#run.olds.get(urn)?.outputs, ...outputs } : outputs;
    if (!step.new.custom) await this.#afterHooks(step);
    this.#run.emit({ kind: "outputs", step: viewOf(step) });
    await this.#run.journal.note(() => {}, true);
  }

  /** A component's operation is done when it has its outputs. */
  async #afterHooks({ op, old, new: state }: Step): Promise<void> {
    if (op === "create") await runAfterHooks(this.#run, "AfterCreate", { new: state });
    else if (op === "update") await runAfterHooks(this.#run, "AfterUpdate", { old, new: state });
  }

  /** What is left when the program has registered everything. */
  async #finish(): Promise<void> {
    const run = this.#run;
    const unknownTarget = await this.#failureOfTargets();
    const { sames, deletes } = await finalSteps(run, this.#plan);
    await (await this.#executor.submit(sames)).ended;
    const spared = new Set<ResourceState>();
    const seen = new Set<Step>();
    for (const layer of deleteLayers(run, deletes)) {
      for (const failed of this.#executor.failed) {
        if (seen.has(failed)) continue;
        seen.add(failed);
        for (const need of neededBy(run.graph, failed)) spared.add(need);
      }
      await this.#executor.runLayer(layer.filter((step) => !step.old || !spared.has(step.old)));
    }
    if (unknownTarget) throw unknownTarget;
  }

  async #failureOfTargets(): Promise<Bail | undefined> {
    try {
      this.#refuseUnknownTargets(this.#run.targets);
      return undefined;
    } catch (error) {
      return error as Bail;
    }
  }

  #refuseUnknownTargets(targets: Targets): void {
    const known = (urn: string) =>
      this.#plan.urns.has(urn) || this.#run.base.resources.some((resource) => resource.urn === urn);
    const unknown = targets.literals.filter((urn) => !known(urn));
    for (const urn of unknown)
      this.#run.error(
        "",
        `Target '${urn}' could not be found in the stack.${urn.includes("$") ? "" : " Did you forget to escape $ in your shell?"}`,
      );
    if (unknown.length > 0) throw new Bail("one or more targets could not be found in the stack");
  }

  #warnOfPending(): void {
    const operations = this.#run.base.pendingOperations;
    const lines = operations.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}\n`);
    this.#run.warn(
      "",
      `Attempting to deploy or update resources with ${operations.length} pending operations from previous deployment.\n` +
        lines.join("") +
        "These resources are in an unknown state because the engine was interrupted while waiting for changes to these " +
        "resources to complete. You should confirm whether or not the operations listed completed successfully by " +
        "checking the state of the appropriate provider.\n\n" +
        "Once you have confirmed the status of the interrupted operations, you can repair your stack using `refresh " +
        "--clear-pending-creates`, which forgets interrupted creates.",
    );
  }
}

function neededBy(graph: DependencyGraph, step: Step): Set<ResourceState> {
  const state = step.old;
  return state && graph.contains(state) ? graph.transitiveDependenciesOf(state) : new Set();
}
