/** Decides what is deleted after the program has registered everything, and in which order. */
import { Bail } from "./errors.ts";
import { DependencyGraph } from "./graph.ts";
import type { Plan } from "./plan.ts";
import { boundReplacements, dependentReplacements } from "./replacements.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import type { Step } from "./steps.ts";
import { deleteStep, removePendingReplaceStep, sameStep } from "./steps.ts";

/** The steps at the end of an update or destroy. */
export interface FinalSteps {
  /** Keep what is no target. */
  sames: Step[];
  deletes: Step[];
}

/** Steps for everything in state that the program did not register or that waits for its deletion. */
export async function finalSteps(run: RunContext, plan: Plan): Promise<FinalSteps> {
  const resources = condemn(run, plan);
  const allowed = run.targets.constrained ? await deletableTargets(run, plan, resources) : undefined;
  const steps: FinalSteps = { sames: [], deletes: [] };
  const doomed = new Set(plan.toDelete);
  for (const resource of resources) {
    if (allowed && !allowed.has(resource.urn)) {
      if (!plan.operatedOn(resource.urn))
        steps.sames.push(sameStep(run, resource, { ...resource }, { untargeted: true }));
      continue;
    }
    if (resource.delete) {
      if (plan.deletedEarly.has(resource)) continue;
      plan.deletes.add(resource.urn);
      steps.deletes.push(deleteStep(run, resource, plan.deletes, { before: false }));
    } else if (doomed.has(resource) || !plan.operatedOn(resource.urn)) {
      plan.deletes.add(resource.urn);
      const gone = resource.pendingReplacement;
      steps.deletes.push(gone ? removePendingReplaceStep(resource) : deleteStep(run, resource, plan.deletes));
    }
    if (plan.deletes.has(resource.urn)) await run.registry.ensure(resource.provider, resources);
  }
  refuseUntargeted(run, plan, steps.deletes);
  return steps;
}

/** The resources as they are now: those a destroy's program has registered first, then what is left of the state. */
function condemn(run: RunContext, plan: Plan): ResourceState[] {
  if (plan.toDelete.length === 0) return run.base.resources;
  const registered = new Set(plan.toDelete.flatMap(({ urn }) => [urn, plan.aliases.get(urn) ?? urn]));
  const left = run.base.resources.filter((resource) => resource.delete || !registered.has(resource.urn));
  const resources = [...plan.toDelete, ...left];
  run.graph = new DependencyGraph(resources);
  return resources;
}

/** The targets with everything that cannot live without them. */
async function deletableTargets(run: RunContext, plan: Plan, resources: ResourceState[]): Promise<Set<string>> {
  const reached = new Set<string>();
  const frontier = resources.filter((resource) => run.targets.contains(resource.urn));
  for (let next = frontier.shift(); next; next = frontier.shift()) {
    if (reached.has(next.urn)) continue;
    reached.add(next.urn);
    frontier.push(...run.graph.dependingOn(next, reached, true));
  }
  const allowed = new Set(reached);
  for (const resource of resources.filter(({ urn }) => reached.has(urn))) {
    const bound = [...(await dependentReplacements(run, plan, resource)), ...boundReplacements(run, resource.urn)];
    for (const { state } of bound) allowed.add(state.urn);
  }
  return allowed;
}

function refuseUntargeted(run: RunContext, plan: Plan, deletes: Step[]): void {
  if (run.options.targetDependents) return;
  const untargeted = deletes.flatMap((step) => (step.old && !run.targets.contains(step.old.urn) ? [step.old.urn] : []));
  if (untargeted.length === 0) return;
  for (const urn of untargeted)
    run.error(
      urn,
      `Resource '${urn}' will be destroyed but was not specified in --target list.\n` +
        "Either include resource in --target list or pass --target-dependents to proceed.",
    );
  plan.sawError = true;
  if (!run.preview) throw new Bail("delete untargeted resource");
}

/** Puts deletes into layers: within a layer they run side by side, dependents before what they need. */
export function deleteLayers(run: RunContext, deletes: Step[]): Step[][] {
  const { graph } = run;
  const condemned = new Map(deletes.map((step) => [step.old as ResourceState, step]));
  const layers: Step[][] = [];
  while (condemned.size > 0) {
    const layer = [...condemned].filter(
      ([resource]) => ![...graph.dependenciesOf(resource)].some((need) => condemned.has(need)),
    );
    for (const [resource] of layer) condemned.delete(resource);
    layers.push(layer.map(([, step]) => step));
  }
  return layers.reverse();
}
