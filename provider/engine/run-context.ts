/** What all parts of one run share. */
import type { Snapshot } from "./checkpoint.ts";
import type { EventSink, Severity } from "./events.ts";
import { DependencyGraph } from "./graph.ts";
import type { Hooks } from "./hooks.ts";
import type { Journal } from "./journal.ts";
import type { ProviderRegistry } from "./providers.ts";
import type { ResourceState } from "./state.ts";
import { Targets } from "./targets.ts";

/** The user's options of a run. */
export interface RunOptions {
  /** URNs to limit the run to. */
  targets: string[];
  /** URNs to replace, whatever their diff says. */
  replace: string[];
  /** Take along what depends on the targets. */
  targetDependents: boolean;
  /** Go on with what does not depend on a failed step. */
  continueOnError: boolean;
  /** Read every resource first. */
  refresh: boolean;
  /** Most operations at a time. */
  parallel: number;
  /** Destroy: run the program, for what it gives to the deletes. */
  runProgram: boolean;
}

/** One run of one stack. */
export class RunContext {
  readonly project: string;
  readonly stack: string;
  readonly preview: boolean;
  readonly options: RunOptions;
  readonly targets: Targets;
  readonly replaceTargets: Targets;
  readonly base: Snapshot;
  readonly registry: ProviderRegistry;
  readonly journal: Journal;
  readonly hooks: Hooks;
  /** A hook failed after its operation was done: the run fails at its end. */
  hookFailed = false;
  /** Resources in state that are not waiting for deletion, by URN. */
  olds = new Map<string, ResourceState>();
  /** The dependency graph of the state. */
  graph = new DependencyGraph([]);
  readonly #emit: EventSink;

  constructor(parts: {
    project: string;
    stack: string;
    preview: boolean;
    options: RunOptions;
    base: Snapshot;
    registry: ProviderRegistry;
    journal: Journal;
    hooks: Hooks;
    emit: EventSink;
  }) {
    this.project = parts.project;
    this.stack = parts.stack;
    this.preview = parts.preview;
    this.options = parts.options;
    this.targets = new Targets(parts.options.targets);
    this.replaceTargets = new Targets(parts.options.replace);
    this.base = parts.base;
    this.registry = parts.registry;
    this.journal = parts.journal;
    this.hooks = parts.hooks;
    this.#emit = parts.emit;
    this.rebase(parts.base.resources);
  }

  /** Takes a new list of resources as the state the run starts from: what a refresh found. */
  rebase(resources: ResourceState[]): void {
    this.base.resources = resources;
    this.olds = new Map(resources.filter((resource) => !resource.delete).map((resource) => [resource.urn, resource]));
    this.graph = new DependencyGraph(resources);
  }

  /** Tells an event. */
  get emit(): EventSink {
    return this.#emit;
  }

  /** Tells users an error. */
  error(urn: string, message: string): void {
    this.#tell(urn, "error", message);
  }

  /** Tells users a warning. */
  warn(urn: string, message: string): void {
    this.#tell(urn, "warning", message);
  }

  /** Tells users something. */
  inform(urn: string, message: string): void {
    this.#tell(urn, "info", message);
  }

  #tell(urn: string, severity: Severity, message: string): void {
    this.#emit({ kind: "diagnostic", diagnostic: { urn, severity, message, ephemeral: false } });
  }
}
