/**
 * Delete-before-replace: which dependents must go first. Every resource with a property that depends on the condemned
 * one is asked what it would do if that property were unknown; those that would be replaced are deleted before it.
 */
import { applyReplaceOnChanges, asksReplacement } from "./diff.ts";
import { diffResource } from "./diff-resource.ts";
import type { Plan } from "./plan.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import { isProviderType, parseReference } from "./urn.ts";
import type { PropertyMap } from "./values.ts";
import { UNKNOWN } from "./values.ts";

/** A resource that is replaced because of another, and the properties that force it. */
export interface DependentReplacement {
  state: ResourceState;
  keys: string[];
}

/** The dependents of a resource that must be replaced with it, in dependency order. */
export async function dependentReplacements(
  run: RunContext,
  plan: Plan,
  root: ResourceState,
): Promise<DependentReplacement[]> {
  const replaced = new Set([root.urn]);
  const dependents: DependentReplacement[] = [];
  for (const candidate of run.graph.dependingOn(root, plan.settled, false)) {
    const keys = await replacementKeys(run, candidate, replaced);
    if (!keys) continue;
    dependents.push({ state: candidate, keys });
    replaced.add(candidate.urn);
  }
  return dependents;
}

/** Resources that name another in deletedWith or replaceWith and so share its fate. */
export function boundReplacements(run: RunContext, urn: string): DependentReplacement[] {
  return [...run.olds.values()]
    .filter((state) => state.replaceWith.includes(urn) || state.deletedWith === urn)
    .map((state) => ({ state, keys: [] }));
}

/** Why a resource must be replaced when `replaced` are; undefined when it need not be. */
async function replacementKeys(
  run: RunContext,
  state: ResourceState,
  replaced: ReadonlySet<string>,
): Promise<string[] | undefined> {
  if (!state.custom || state.external) return undefined;
  const own = state.provider !== "" && replaced.has(parseReference(state.provider).urn);
  if (own || (state.deletedWith !== "" && replaced.has(state.deletedWith))) {
    await run.registry.ensure(state.provider, run.base.resources);
    return [];
  }
  const inputs: PropertyMap = {};
  let affected = false;
  for (const [key, value] of Object.entries(state.inputs)) {
    const depends = (state.propertyDependencies[key] ?? []).some((urn) => replaced.has(urn));
    inputs[key] = depends ? UNKNOWN : value;
    affected ||= depends;
  }
  if (!affected) return undefined;
  if (isProviderType(state.type)) await run.registry.same(state, false);
  else await run.registry.ensure(state.provider, run.base.resources);
  const provider = isProviderType(state.type) ? run.registry : run.registry.get(state.provider);
  if (!provider) return undefined;
  const answer = await diffResource(run, provider, {
    urn: state.urn,
    id: state.id,
    oldInputs: state.inputs,
    oldOutputs: state.outputs,
    newInputs: inputs,
    allowUnknowns: true,
    ignoreChanges: state.ignoreChanges,
  });
  const diff = applyReplaceOnChanges(answer, state.replaceOnChanges, false);
  return asksReplacement(diff) ? diff.replaceKeys : undefined;
}
