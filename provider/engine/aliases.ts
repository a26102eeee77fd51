/** Finds the old state of a resource under its name or one of its former names. */
import type { Alias, Goal } from "./goal.ts";
import type { Plan } from "./plan.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import { makeUrn, parseUrn, STACK_TYPE } from "./urn.ts";

/** The old state of a resource and the alias it was found under. */
export interface OldState {
  old: ResourceState | undefined;
  /** The old URN, when it is another one. */
  alias: string | undefined;
  /** Two registrations claim the same old resource. */
  invalid: boolean;
}

/** Looks a resource up in state. */
export function findOld(run: RunContext, plan: Plan, urn: string, goal: Goal): OldState {
  const invalid = plan.aliased.has(urn);
  if (invalid)
    run.error(
      urn,
      `Duplicate resource URN '${urn}' conflicting with alias on resource with URN '${plan.aliased.get(urn)}'`,
    );
  const found = [urn, ...aliasUrns(run, plan, goal)].find((candidate) => run.olds.has(candidate));
  const old = found === undefined ? undefined : run.olds.get(found);
  if (found === undefined || found === urn) return { old, alias: undefined, invalid };
  const claimed = plan.urns.has(found) ? urn : plan.aliased.get(found);
  if (claimed !== undefined)
    run.error(
      urn,
      `Duplicate resource alias '${found}' applied to resource with URN '${urn}' conflicting with resource with URN '${claimed}'`,
    );
  plan.aliased.set(found, urn);
  plan.aliases.set(urn, found);
  return { old, alias: found, invalid: invalid || claimed !== undefined };
}

/** Every former URN: from the resource's own aliases and from those of its parent. */
function aliasUrns(run: RunContext, plan: Plan, goal: Goal): string[] {
  const urns = new Set(goal.aliases.map((alias) => aliasUrn(run, plan, goal, alias)));
  const oldParent = plan.aliases.get(goal.parent);
  if (goal.parent === "" || oldParent === undefined) return [...urns];
  const inherit = (type: string, name: string): string => {
    // A child named after its parent was named after the parent's old name.
    const parentName = parseUrn(goal.parent).name;
    const oldName = name.startsWith(parentName) ? parseUrn(oldParent).name + name.slice(parentName.length) : name;
    return makeUrn(run.stack, run.project, oldParent, type, oldName);
  };
  urns.add(inherit(goal.type, goal.name));
  for (const alias of goal.aliases) {
    const { type, name } = parseUrn(aliasUrn(run, plan, goal, alias));
    urns.add(inherit(type, name));
  }
  return [...urns];
}

function aliasUrn(run: RunContext, plan: Plan, goal: Goal, alias: Alias): string {
  if (alias.urn) return alias.urn;
  let parent = alias.parent ? (plan.aliases.get(alias.parent) ?? alias.parent) : goal.parent;
  if (alias.noParent || (parent !== "" && parseUrn(parent).qualifiedType === STACK_TYPE)) parent = "";
  return makeUrn(
    alias.stack || run.stack,
    alias.project || run.project,
    parent,
    alias.type || goal.type,
    alias.name || goal.name,
  );
}
