/** The dependency graph of a list of resources that is in order: what a resource needs stands before it. */
import type { ResourceState } from "./state.ts";
import { dependenciesOf, needsOf } from "./state.ts";
import { parseReference } from "./urn.ts";

/** Answers who needs whom. */
export class DependencyGraph {
  readonly #resources: readonly ResourceState[];
  readonly #index = new Map<ResourceState, number>();

  constructor(resources: readonly ResourceState[]) {
    this.#resources = resources;
    for (const [index, resource] of resources.entries()) this.#index.set(resource, index);
  }

  /** Whether this very state is in the graph. */
  contains(resource: ResourceState): boolean {
    return this.#index.has(resource);
  }

  /** Lets `state` stand for `original`, which a refresh has replaced by it. */
  alias(state: ResourceState, original: ResourceState): void {
    this.#index.set(state, this.#indexOf(original));
  }

  /** Everything that depends on a resource, directly or not, in order; children only when asked for. */
  dependingOn(resource: ResourceState, ignore: ReadonlySet<string>, includeChildren: boolean): ResourceState[] {
    const reached = new Set([resource.urn]);
    const dependents: ResourceState[] = [];
    for (const candidate of this.#resources.slice(this.#indexOf(resource) + 1)) {
      if (ignore.has(candidate.urn)) continue;
      const needs = dependenciesOf(candidate);
      if (includeChildren) needs.push(candidate.parent);
      if (candidate.provider !== "") needs.push(parseReference(candidate.provider).urn);
      if (!needs.some((urn) => reached.has(urn))) continue;
      dependents.push(candidate);
      reached.add(candidate.urn);
    }
    return dependents;
  }

  /** What a resource directly needs; needing a component means needing its children too. */
  dependenciesOf(resource: ResourceState): Set<ResourceState> {
    const needs = new Set(dependenciesOf(resource));
    if (resource.provider !== "") needs.add(parseReference(resource.provider).urn);
    const found = new Set<ResourceState>();
    const before = this.#resources.slice(0, this.#indexOf(resource));
    for (const candidate of before) {
      if (candidate.urn === resource.parent) found.add(candidate);
      if (!needs.has(candidate.urn)) continue;
      found.add(candidate);
      if (!candidate.custom) for (const child of this.#descendantsOf(candidate, before)) found.add(child);
    }
    return found;
  }

  /** Everything a resource needs, directly or not. */
  transitiveDependenciesOf(resource: ResourceState): Set<ResourceState> {
    const found = new Set<ResourceState>();
    const visit = (state: ResourceState): void => {
      for (const urn of needsOf(state)) {
        const versions = this.#resources.filter((candidate) => candidate.urn === urn);
        const version = versions.find((candidate) => candidate.delete === state.delete) ?? versions[0];
        if (!version || found.has(version)) continue;
        found.add(version);
        visit(version);
      }
    };
    visit(resource);
    found.delete(resource);
    return found;
  }

  #descendantsOf(component: ResourceState, among: readonly ResourceState[]): ResourceState[] {
    const family = new Set([component.urn]);
    return among.filter((candidate) => {
      if (!family.has(candidate.parent)) return false;
      family.add(candidate.urn);
      return true;
    });
  }

  #indexOf(resource: ResourceState): number {
    const index = this.#index.get(resource);
    if (index === undefined) throw new Error(`${resource.urn} is not in the dependency graph`);
    return index;
  }
}
