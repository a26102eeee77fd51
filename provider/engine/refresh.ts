/** Reads every resource of the state and makes what was found the state the run goes on from. */
import type { Executor } from "./executor.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import { dependenciesOf } from "./state.ts";
import type { RefreshStep } from "./steps.ts";
import { refreshStep } from "./steps.ts";

/** Refreshes the targets, or everything. */
export async function refreshState(run: RunContext, executor: Executor): Promise<void> {
  const targets = run.targets.clone();
  const steps = new Map<ResourceState, RefreshStep>();
  for (const resource of run.base.resources) {
    const dependent = () =>
      run.options.targetDependents &&
      [...dependenciesOf(resource), resource.parent].some((urn) => urn && targets.contains(urn));
    if (!targets.contains(resource.urn)) {
      if (!dependent()) continue;
      targets.add(resource.urn);
    }
    await run.registry.ensure(resource.provider, run.base.resources);
    steps.set(resource, refreshStep(run, resource));
  }
  await executor.runLayer([...steps.values()]);
  run.rebase(refreshed(run.base.resources, steps));
}

/** The state after a refresh: without what is gone, and without dependencies on it. */
function refreshed(resources: ResourceState[], steps: Map<ResourceState, RefreshStep>): ResourceState[] {
  const kept: ResourceState[] = [];
  const present = new Set<string>();
  /** The nearest ancestor that still exists, by URN. */
  const parents = new Map<string, string>();
  for (const resource of resources) {
    const step = steps.get(resource);
    const state = step ? step.new : resource;
    if (!state) continue;
    const exists = (urn: string) => present.has(urn);
    const properties = Object.entries(state.propertyDependencies).map(
      ([key, urns]) => [key, urns.filter(exists)] as const,
    );
    state.dependencies = state.dependencies.filter(exists);
    state.propertyDependencies = Object.fromEntries(properties.filter(([, urns]) => urns.length > 0));
    state.replaceWith = state.replaceWith.filter(exists);
    if (!exists(state.deletedWith)) state.deletedWith = "";
    if (state.parent !== "" && !exists(state.parent)) state.parent = parents.get(state.parent) ?? "";
    parents.set(state.urn, state.parent);
    present.add(state.urn);
    kept.push(state);
  }
  return kept;
}
