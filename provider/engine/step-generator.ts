/** Decides, one registration at a time, what must be done to a resource. */
import { randomBytes } from "node:crypto";
import { findOld } from "./aliases.ts";
import type { DiffResult } from "./diff.ts";
import { applyReplaceOnChanges, asksReplacement } from "./diff.ts";
import { diffResource, ignoreChanges } from "./diff-resource.ts";
import { Bail, EngineError } from "./errors.ts";
import type { Goal, Registration } from "./goal.ts";
import type { Plan } from "./plan.ts";
import type { CheckFailure, Provider } from "./provider.ts";
import { boundReplacements, dependentReplacements } from "./replacements.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import { blinded, dependenciesOf, isManaged, needsOf, newState, writeValue } from "./state.ts";
import type { Reasons, Step } from "./steps.ts";
import { createStep, deleteStep, importStep, replaceStep, sameStep, skippedCreateStep, updateStep } from "./steps.ts";
import type { Targets } from "./targets.ts";
import { isProviderType, makeUrn, parseReference, parseUrn, referenceText, STACK_TYPE } from "./urn.ts";
import { equal } from "./values.ts";

/** A resource under consideration. */
interface Candidate {
  registration: Registration;
  goal: Goal;
  urn: string;
  old: ResourceState | undefined;
  state: ResourceState;
  provider: Provider | undefined;
  /** Both Checks of a replacement get the same seed. */
  randomSeed: Uint8Array;
}

/** Makes the steps of an update. */
export class StepGenerator {
  readonly #run: RunContext;
  readonly #plan: Plan;
  /** The targets and, with --target-dependents, what was found to depend on them. */
  readonly #targets: Targets;

  constructor(run: RunContext, plan: Plan) {
    this.#run = run;
    this.#plan = plan;
    this.#targets = run.targets.clone();
  }

  /** The steps for one registration, to be run one after the other. */
  async generate(registration: Registration): Promise<Step[]> {
    const { goal } = registration;
    const steps = await this.#decide(await this.#candidate(registration, goal));
    if (this.#run.targets.constrained) this.#refuseSkippedNeeds(steps);
    return steps;
  }

  async #candidate(registration: Registration, goal: Goal): Promise<Candidate & { invalid: boolean }> {
    const run = this.#run;
    const plan = this.#plan;
    if (goal.parent !== "" && !plan.urns.has(goal.parent))
      throw new EngineError(`could not find parent resource ${goal.parent}`);
    const urn = makeUrn(run.stack, run.project, goal.parent, goal.type, goal.name);
    if (plan.urns.has(urn)) {
      run.error(urn, `Duplicate resource URN '${urn}'; try giving it a unique name`);
      throw new Bail(`duplicate URN ${urn}`);
    }
    plan.urns.add(urn);
    const { old, alias, invalid } = findOld(run, plan, urn, goal);
    const state = newState({
      urn,
      type: goal.type,
      custom: goal.custom,
      inputs: goal.inputs,
      parent: goal.parent,
      provider: goal.provider,
      dependencies: goal.dependencies,
      propertyDependencies: goal.propertyDependencies,
      protect: goal.protect ?? false,
      retainOnDelete: goal.retainOnDelete ?? false,
      additionalSecretOutputs: goal.additionalSecretOutputs,
      aliases: alias === undefined ? [] : [alias],
      customTimeouts: goal.customTimeouts,
      deletedWith: goal.deletedWith,
      replaceWith: goal.replaceWith,
      importID: goal.importId,
      ignoreChanges: goal.ignoreChanges,
      replaceOnChanges: goal.replaceOnChanges,
      hideDiff: goal.hideDiffs,
      resourceHooks: goal.hooks,
      created: old?.created,
      modified: old?.modified,
    });
    const provider = await this.#providerOf(state);
    return { registration, goal, urn, old, state, provider, randomSeed: randomBytes(32), invalid };
  }

  async #providerOf(state: ResourceState): Promise<Provider | undefined> {
    if (!state.custom) return undefined;
    if (isProviderType(state.type)) return this.#run.registry;
    const provider = this.#run.registry.get(state.provider);
    if (!provider) throw new EngineError(`unknown provider '${state.provider}' for resource '${state.urn}'`);
    return provider;
  }

  async #decide(candidate: Candidate & { invalid: boolean }): Promise<Step[]> {
    const run = this.#run;
    const plan = this.#plan;
    const { urn, old, state, goal, provider, registration } = candidate;
    if (run.options.runProgram) {
      const steps = this.#beforeDestroy(candidate);
      if (steps) return steps;
    }
    const recreating = plan.deletes.has(urn);
    const targeted = isProviderType(goal.type) || goal.type === STACK_TYPE || this.#isTarget(state);
    if (state.custom && targeted && goal.importId !== "" && old?.id !== goal.importId) {
      (old ? plan.replaces : plan.creates).add(urn);
      return [importStep(run, state, registration)];
    }
    let inputs = old ? ignoreChanges(run, urn, goal.inputs, old.inputs, goal.ignoreChanges) : goal.inputs;
    let invalid = candidate.invalid;
    if (provider && !targeted) inputs = old?.inputs ?? goal.inputs;
    else if (provider) {
      const fresh = recreating || !old || this.#mustReplace(urn, old);
      const olds = fresh ? {} : old.inputs;
      const answer = await this.#check(candidate, olds, fresh ? goal.inputs : inputs);
      inputs = answer.inputs;
      invalid = this.#tellFailures(state, answer.failures) || invalid;
    }
    state.inputs = inputs;
    if (invalid) throw new Bail(`resource ${urn} is invalid`);
    if (recreating && old) {
      plan.deletes.delete(urn);
      plan.replaces.add(urn);
      const reasons = { keys: plan.dependentKeys.get(urn) ?? [], diffs: [], detailedDiff: undefined };
      return [replaceStep(old, state), createStep(run, state, registration, { old, reasons, pendingDelete: false })];
    }
    if (old && !targeted) return this.#keepUntargeted(old, registration);
    if (targeted && run.targets.constrained && this.#isTarget(state)) this.#targets.add(urn);
    if (old) return this.#compare(candidate, old);
    if (!targeted) {
      plan.sames.add(urn);
      plan.skippedCreates.add(urn);
      return [skippedCreateStep(state, registration)];
    }
    plan.creates.add(urn);
    return [createStep(run, state, registration)];
  }

  /**
   * In a destroy that runs the program, nothing is made or changed: what exists is kept until its delete, what does not
   * is left out with all that needs it. Only providers and components go on, to be deleted like the rest.
   */
  #beforeDestroy({ urn, old, state, registration }: Candidate): Step[] | undefined {
    const plan = this.#plan;
    const missing = needsOf(state).some((need) => plan.skippedCreates.has(need));
    if (missing || (isManaged(state) && !old)) {
      plan.skippedCreates.add(urn);
      if (old) state.outputs = old.outputs;
      return [skippedCreateStep(state, registration)];
    }
    plan.toDelete.push(state);
    if (!isManaged(state) || !old) return undefined;
    plan.sames.add(urn);
    state.inputs = old.inputs;
    return [sameStep(this.#run, old, state, { registration })];
  }

  #isTarget(state: ResourceState): boolean {
    if (this.#run.targets.contains(state.urn)) return true;
    return this.#run.options.targetDependents && needsOf(state).some((urn) => this.#targets.contains(urn));
  }

  /** Asked for by the user, through --replace or `state taint`. */
  #mustReplace(urn: string, old: ResourceState): boolean {
    return old.taint || (this.#run.replaceTargets.constrained && this.#run.replaceTargets.contains(urn));
  }

  async #check({ urn, provider, randomSeed }: Candidate, olds: Goal["inputs"], news: Goal["inputs"]) {
    return (provider as Provider).check({ urn, olds, news, randomSeed, allowUnknowns: this.#run.preview });
  }

  #tellFailures({ urn, type, inputs }: ResourceState, failures: CheckFailure[]): boolean {
    const { name } = parseUrn(urn);
    for (const { property, reason } of failures) {
      const json = writeValue(inputs[property] ?? null, blinded);
      const value = typeof json === "string" ? json : JSON.stringify(json);
      if (property === "") this.#run.error(urn, `${type} resource '${name}' has a problem: ${reason}`);
      else
        this.#run.error(
          urn,
          `${type} resource '${name}': property ${property} value {${value}} has a problem: ${reason}`,
        );
    }
    return failures.length > 0;
  }

  /** Keeps a resource that is no target, and first what it needs and nobody has kept yet. */
  #keepUntargeted(old: ResourceState, registration: Registration | undefined): Step[] {
    const plan = this.#plan;
    if (old.delete) return [];
    plan.urns.add(old.urn);
    plan.sames.add(old.urn);
    const needed = needsOf(old).flatMap((urn) => {
      if (plan.hasStep(urn) || plan.operatedOn(urn)) return [];
      const need = this.#run.olds.get(urn);
      if (!need) throw new EngineError(`dependency ${urn} of untargeted resource ${old.urn} has no old state`);
      return this.#keepUntargeted(need, undefined);
    });
    return [...needed, sameStep(this.#run, old, { ...old }, { registration, untargeted: true } as const)];
  }

  async #compare(candidate: Candidate, old: ResourceState): Promise<Step[]> {
    const run = this.#run;
    const plan = this.#plan;
    const { urn, state, goal, registration } = candidate;
    const hasInitErrors = old.initErrors.length > 0;
    const diff = applyReplaceOnChanges(await this.#diff(candidate, old), goal.replaceOnChanges, hasInitErrors);
    const reasons: Reasons = { keys: diff.replaceKeys, diffs: diff.changedKeys, detailedDiff: diff.detailedDiff };
    if (old.pendingReplacement || (diff.changes === "some" && asksReplacement(diff)))
      return this.#replace(candidate, old, diff, reasons);
    if (diff.changes === "some" || hasInitErrors) {
      plan.updates.add(urn);
      return [updateStep(run, old, state, registration, { ...reasons, keys: [] }, goal.ignoreChanges)];
    }
    plan.sames.add(urn);
    return [sameStep(run, old, state, { registration })];
  }

  async #diff({ urn, state, goal, provider }: Candidate, old: ResourceState): Promise<DiffResult> {
    const forced = (keys: string[]): DiffResult => ({
      changes: "some",
      replaceKeys: keys,
      changedKeys: [],
      detailedDiff: undefined,
      deleteBeforeReplace: false,
    });
    if (this.#mustReplace(urn, old)) return forced(["id"]);
    if (state.replaceWith.some((other) => this.#plan.replaces.has(other))) return forced(["replaceWith"]);
    if (state.deletedWith !== "" && this.#plan.replaces.has(state.deletedWith)) return forced(["deletedWith"]);
    if (await this.#providerChanged(old, state)) return forced(["provider"]);
    if (!provider) return { ...forced([]), changes: equal(old.inputs, state.inputs) ? "none" : "some" };
    return diffResource(this.#run, provider, {
      urn,
      id: old.id,
      oldInputs: old.inputs,
      oldOutputs: old.outputs,
      newInputs: state.inputs,
      allowUnknowns: this.#run.preview,
      ignoreChanges: goal.ignoreChanges,
    });
  }

  /** Whether a resource moves to a provider that would not know it. */
  async #providerChanged(old: ResourceState, state: ResourceState): Promise<boolean> {
    if (old.provider === state.provider) return false;
    if (old.provider === "" || state.provider === "") return true;
    const from = parseReference(old.provider);
    const to = parseReference(state.provider);
    if (this.#plan.aliased.get(from.urn) === to.urn) return false;
    const provider = this.#run.registry.get(referenceText(to));
    const before = this.#run.olds.get(from.urn);
    if (!provider || !before) return true;
    const inputs = this.#run.olds.get(to.urn)?.inputs ?? {};
    return asksReplacement(await provider.diffConfig(to.urn, before.inputs, before.outputs, inputs));
  }

  async #replace(candidate: Candidate, old: ResourceState, diff: DiffResult, reasons: Reasons): Promise<Step[]> {
    const run = this.#run;
    const { urn, state, goal, registration } = candidate;
    if (state.protect && old.protect) {
      this.#plan.sawError = true;
      const text = `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\``;
      run.error(urn, text);
      if (!run.preview) throw new Bail(text);
    }
    this.#plan.replaces.add(urn);
    // Defaults that Check took over from the old resource are not the new one's.
    if (candidate.provider && !this.#mustReplace(urn, old)) {
      const { inputs, failures } = await this.#check(candidate, {}, goal.inputs);
      if (this.#tellFailures(state, failures)) throw new Bail(`resource ${urn} has check errors`);
      state.inputs = inputs;
    }
    if (!(goal.deleteBeforeReplace ?? diff.deleteBeforeReplace))
      return [
        createStep(run, state, registration, { old, reasons, pendingDelete: true }),
        replaceStep(old, state, reasons),
      ];
    return [
      ...(await this.#deleteFirst(old)),
      replaceStep(old, state, reasons),
      createStep(run, state, registration, { old, reasons, pendingDelete: false }),
    ];
  }

  /** Deletes the dependents that must go, deepest first, then the resource itself unless it is gone already. */
  async #deleteFirst(old: ResourceState): Promise<Step[]> {
    const run = this.#run;
    const plan = this.#plan;
    const dependents = [...(await dependentReplacements(run, plan, old)), ...boundReplacements(run, old.urn)];
    const steps: Step[] = [];
    for (const { state, keys } of dependents.reverse()) {
      if (plan.deletedEarly.has(state)) continue;
      plan.dependentKeys.set(state.urn, keys);
      if (state.protect && !state.delete) {
        const text = `unable to replace resource "${state.urn}" as part of replacing "${old.urn}" as it is currently marked for protection. To unprotect the resource, remove the \`protect\` flag from the resource in your Pulumi program and run \`pulumi up\`, or use the command:\n\`pulumi state unprotect '${state.urn}'\``;
        run.error(old.urn, text);
        plan.sawError = true;
        throw new Bail(text);
      }
      steps.push(deleteStep(run, state, plan.deletes, state.delete ? undefined : { before: true }));
      plan.deletes.add(state.urn);
      plan.deletedEarly.add(state);
    }
    await run.registry.ensure(old.provider, run.base.resources);
    if (!old.pendingReplacement) {
      plan.deletes.add(old.urn);
      steps.push(deleteStep(run, old, plan.deletes, { before: true }));
    }
    return steps;
  }

  /** With --target, a resource cannot be made whose needs were left out. */
  #refuseSkippedNeeds(steps: Step[]): void {
    for (const { new: state, skippedCreate } of steps) {
      if (!state || skippedCreate) continue;
      const missing = [...dependenciesOf(state), ...needsOf(state)].find((urn) => this.#plan.skippedCreates.has(urn));
      if (missing === undefined) continue;
      this.#run.error(
        state.urn,
        `Resource '${state.urn}' depends on '${missing}' which was not specified in --target list.`,
      );
      this.#plan.sawError = true;
      if (!this.#run.preview) throw new Bail("untargeted create");
    }
  }
}
