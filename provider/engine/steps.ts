/** Steps: the single operations that a plan consists of. */
import type { DetailedDiff } from "./diff.ts";
import { invert } from "./diff.ts";
import { diffResource } from "./diff-resource.ts";
import { EngineError, ProtectedError } from "./errors.ts";
import type { Op } from "./events.ts";
import type { Registration } from "./goal.ts";
import { runAfterHooks } from "./hooks.ts";
import type { JournalChanges } from "./journal.ts";
import type { Provider } from "./provider.ts";
import { PartialFailure } from "./provider.ts";
import { Refusal } from "./refusals.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import { isManaged } from "./state.ts";
import { isProviderType } from "./urn.ts";
import { equal } from "./values.ts";

/** A step. `apply` throws when it failed; a PartialFailure means that the resource exists all the same. */
export interface Step {
  op: Op;
  old: ResourceState | undefined;
  new: ResourceState | undefined;
  /** Whether it counts among the changes; the halves of a replacement do not. */
  logical: boolean;
  keys: string[];
  diffs: string[];
  detailedDiff: DetailedDiff | undefined;
  /** The registration it answers. */
  registration: Registration | undefined;
  /** A create that --target leaves out. */
  skippedCreate: boolean;
  apply(): Promise<void>;
}

/** Why an update or replacement happens. */
export interface Reasons {
  keys: string[];
  diffs: string[];
  detailedDiff: DetailedDiff | undefined;
}

const NO_REASONS: Reasons = { keys: [], diffs: [], detailedDiff: undefined };

/** The resource a step is about. */
export const subjectOf = (step: Step): ResourceState => (step.new ?? step.old) as ResourceState;

function providerOf(run: RunContext, state: ResourceState): Provider {
  if (isProviderType(state.type)) return run.registry;
  const provider = run.registry.get(state.provider);
  if (!provider) throw new EngineError(`unknown provider '${state.provider}' for resource ${state.urn}`);
  return provider;
}

const now = (): string => new Date().toISOString();

/** Keeps a resource as it is; the state takes over what the program says about it. */
export function sameStep(
  run: RunContext,
  old: ResourceState,
  state: ResourceState,
  options: { registration?: Registration; untargeted?: boolean } = {},
): Step {
  return {
    ...NO_REASONS,
    op: "same",
    old,
    new: state,
    logical: true,
    registration: options.registration,
    skippedCreate: false,
    async apply() {
      state.id = old.id;
      state.outputs = old.outputs;
      if (isProviderType(state.type) && !options.untargeted)
        // The provider runs on with the configuration it had: that is what its resources were made with.
        await run.registry.same({ ...state, inputs: old.inputs }, true);
    },
  };
}

/** Leaves out the creation of a resource that is not a target. */
export function skippedCreateStep(state: ResourceState, registration: Registration): Step {
  return {
    ...NO_REASONS,
    op: "same",
    old: { ...state },
    new: state,
    logical: true,
    registration,
    skippedCreate: true,
    async apply() {},
  };
}

/** Makes a resource, or the new half of a replacement when `replaces` is given. */
export function createStep(
  run: RunContext,
  state: ResourceState,
  registration: Registration,
  replaces?: { old: ResourceState; reasons: Reasons /** The old one is deleted later. */; pendingDelete: boolean },
): Step {
  return {
    ...(replaces?.reasons ?? NO_REASONS),
    op: replaces ? "create-replacement" : "create",
    old: replaces?.old,
    new: state,
    logical: !replaces,
    registration,
    skippedCreate: false,
    async apply() {
      let failure: PartialFailure | undefined;
      await run.hooks.run(run, "BeforeCreate", { new: state });
      if (state.custom) {
        const request = { urn: state.urn, inputs: state.inputs, timeouts: state.customTimeouts, preview: run.preview };
        const made = await providerOf(run, state).create(request).catch(keepPartial);
        if (made instanceof PartialFailure) failure = made;
        state.id = made.id;
        state.outputs = made.outputs;
      }
      state.created = state.modified = now();
      if (replaces?.pendingDelete) replaces.old.delete = true;
      if (failure) {
        state.initErrors = failure.reasons;
        throw failure;
      }
      if (state.custom) await runAfterHooks(run, "AfterCreate", { new: state });
    },
  };
}

/** Takes over an object that exists: asks the provider for it by its id alone. */
export function importStep(run: RunContext, state: ResourceState, registration: Registration): Step {
  return {
    ...NO_REASONS,
    op: "import",
    old: undefined,
    new: state,
    logical: true,
    registration,
    skippedCreate: false,
    async apply() {
      const { urn, importID, customTimeouts } = state;
      const found = await providerOf(run, state).read({ urn, id: importID, timeouts: customTimeouts });
      if (found.id === "") throw new EngineError(`resource '${importID}' does not exist`);
      // Dynamic providers find their own code in what they are asked with, of which an import has nothing.
      throw new Refusal("import-found", importID);
    },
  };
}

/** Shows users that a resource is replaced; the work is in the create and delete steps beside it. */
export function replaceStep(old: ResourceState, state: ResourceState, reasons: Reasons = NO_REASONS): Step {
  return {
    ...reasons,
    op: "replace",
    old,
    new: state,
    logical: true,
    registration: undefined,
    skippedCreate: false,
    async apply() {},
  };
}

/** Changes a resource in place. */
export function updateStep(
  run: RunContext,
  old: ResourceState,
  state: ResourceState,
  registration: Registration,
  reasons: Reasons,
  ignoreChanges: string[],
): Step {
  return {
    ...reasons,
    op: "update",
    old,
    new: state,
    logical: true,
    registration,
    skippedCreate: false,
    async apply() {
      Object.assign(state, { id: old.id, created: old.created, modified: old.modified });
      await run.hooks.run(run, "BeforeUpdate", { old, new: state });
      if (!state.custom) return;
      const result = await providerOf(run, state)
        .update({
          urn: state.urn,
          id: old.id,
          oldInputs: old.inputs,
          oldOutputs: old.outputs,
          newInputs: state.inputs,
          timeouts: state.customTimeouts,
          ignoreChanges,
          preview: run.preview,
        })
        .catch(keepPartial);
      state.outputs = result.outputs;
      state.modified = now();
      if (!(result instanceof PartialFailure)) return runAfterHooks(run, "AfterUpdate", { old, new: state });
      state.initErrors = result.reasons;
      // The inputs did not take effect, so that the next diff must still see them as a change.
      state.inputs = { ...old.inputs };
      throw result;
    },
  };
}

/** Deletes a resource; `replacing` makes it the old half of a replacement. */
export function deleteStep(
  run: RunContext,
  old: ResourceState,
  deleting: ReadonlySet<string>,
  replacing?: { /** Its replacement is made afterwards. */ before: boolean },
): Step {
  return {
    ...NO_REASONS,
    op: replacing ? "delete-replaced" : "delete",
    old,
    new: undefined,
    logical: !replacing,
    registration: undefined,
    skippedCreate: false,
    async apply() {
      await run.hooks.run(run, "BeforeDelete", { old });
      if (!replacing && old.protect) throw new ProtectedError(protectedText(old.urn));
      const goesWithAnother = old.deletedWith !== "" && deleting.has(old.deletedWith);
      if (!run.preview && old.custom && !old.external && !old.retainOnDelete && !goesWithAnother)
        await providerOf(run, old).delete({
          urn: old.urn,
          id: old.id,
          inputs: old.inputs,
          outputs: old.outputs,
          timeouts: old.customTimeouts,
        });
      await runAfterHooks(run, "AfterDelete", { old });
      if (replacing?.before) old.pendingReplacement = true;
    },
  };
}

/** Forgets a resource that was deleted for a replacement nobody wants any more. */
export function removePendingReplaceStep(old: ResourceState): Step {
  return {
    ...NO_REASONS,
    op: "remove-pending-replace",
    old,
    new: undefined,
    logical: false,
    registration: undefined,
    skippedCreate: false,
    async apply() {},
  };
}

/** A step that reads a resource; `result` is what users are shown that it did. */
export interface RefreshStep extends Step {
  result(): Op;
}

/** Reads a resource and takes over what the provider sees. */
export function refreshStep(run: RunContext, old: ResourceState): RefreshStep {
  let changed = false;
  const step: RefreshStep = {
    ...NO_REASONS,
    op: "refresh",
    old,
    new: old,
    logical: false,
    registration: undefined,
    skippedCreate: false,
    result: () => (step.new === undefined ? "delete" : changed ? "update" : "same"),
    async apply() {
      if (!isManaged(old) || old.pendingReplacement) return;
      const provider = providerOf(run, old);
      const request = {
        urn: old.urn,
        id: old.id,
        inputs: old.inputs,
        outputs: old.outputs,
        timeouts: old.customTimeouts,
      };
      const read = await provider.read(request).catch(keepPartial);
      const reasons = read instanceof PartialFailure ? read.reasons : [];
      if (reasons.length > 0)
        run.warn(old.urn, `Refreshed resource is in an unhealthy state:\n* ${reasons.join("\n* ")}`);
      if (read.id === "") {
        step.new = undefined;
        return;
      }
      const inputs = read.inputs ?? old.inputs;
      const state = { ...old, id: read.id, inputs, outputs: read.outputs, initErrors: reasons };
      if (!equal(inputs, old.inputs) || !equal(read.outputs, old.outputs)) state.modified = now();
      step.new = state;
      const diff = await diffResource(run, provider, {
        urn: old.urn,
        id: read.id,
        oldInputs: inputs,
        oldOutputs: read.outputs,
        newInputs: old.inputs,
        allowUnknowns: run.preview,
        ignoreChanges: old.ignoreChanges,
      });
      changed = diff.changes !== "none";
      Object.assign(step, { diffs: diff.changedKeys, detailedDiff: invert(diff).detailedDiff });
    },
  };
  return step;
}

function keepPartial(error: unknown): PartialFailure {
  if (error instanceof PartialFailure) return error;
  throw error;
}

function protectedText(urn: string): string {
  return (
    `resource "${urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either remove the ` +
    "`protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n" +
    `\`pulumi state unprotect '${urn}'\``
  );
}

/** What a step does to the journal once it has ended well; undefined for steps that leave it alone. */
export function journalChange(step: Step): ((journal: JournalChanges) => void) | undefined {
  const { op, old, new: state } = step;
  switch (op) {
    case "same":
      return (journal) => {
        if (old) journal.done(old);
        if (state && !step.skippedCreate) journal.add(state);
      };
    case "create":
    case "create-replacement":
      return (journal) => {
        if (state) journal.add(state);
        if (old?.pendingReplacement) journal.done(old);
      };
    case "update":
      return (journal) => {
        if (old) journal.done(old);
        if (state) journal.add(state);
      };
    case "delete":
    case "delete-replaced":
      return (journal) => {
        if (old && !old.pendingReplacement) journal.done(old);
      };
    case "remove-pending-replace":
      return (journal) => {
        if (old) journal.done(old);
      };
    default:
      return undefined;
  }
}
