/** What the step generator has decided so far in one run. */
import type { ResourceState } from "./state.ts";

/** The decisions, by URN. */
export class Plan {
  /** Registered by the program. */
  readonly urns = new Set<string>();
  readonly creates = new Set<string>();
  readonly sames = new Set<string>();
  readonly updates = new Set<string>();
  readonly replaces = new Set<string>();
  readonly deletes = new Set<string>();
  /** Creates that --target leaves out. */
  readonly skippedCreates = new Set<string>();
  /** States whose delete step was already made, for a replacement. */
  readonly deletedEarly = new Set<ResourceState>();
  /** Registered in a destroy that runs the program: to be deleted once it has ended. */
  readonly toDelete: ResourceState[] = [];
  /** Why the dependents of a deleted resource are replaced too. */
  readonly dependentKeys = new Map<string, string[]>();
  /** Old name to new name. */
  readonly aliased = new Map<string, string>();
  /** New name to old name. */
  readonly aliases = new Map<string, string>();
  /** Steps could be made, but the run must fail. */
  sawError = false;

  /** Whether the program's registration of a resource was acted on, also under its old name. */
  operatedOn(urn: string): boolean {
    const name = this.aliased.get(urn) ?? urn;
    return this.sames.has(name) || this.updates.has(name) || this.replaces.has(name);
  }

  /** Whether any step was made for a resource. */
  hasStep(urn: string): boolean {
    return [this.creates, this.sames, this.updates, this.deletes, this.replaces].some((set) => set.has(urn));
  }

  /** Resources that cannot depend on what is replaced now: they were dealt with before it. */
  get settled(): Set<string> {
    return new Set([this.creates, this.sames, this.updates, this.deletes, this.replaces].flatMap((set) => [...set]));
  }
}
