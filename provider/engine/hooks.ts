/** Resource hooks: functions of the program that run before and after an operation on a resource. */
import type { Callback, Callbacks } from "./callbacks.ts";
import { EngineError, messageOf } from "./errors.ts";
import type { RunContext } from "./run-context.ts";
import type { ResourceState } from "./state.ts";
import { resource as pb, toStruct } from "./stubs.ts";
import { parseUrn } from "./urn.ts";
import type { PropertyMap } from "./values.ts";
import { encodeMap } from "./values.ts";

/** When a hook runs, as state files name it. */
export type HookKind = "AfterCreate" | "AfterDelete" | "AfterUpdate" | "BeforeCreate" | "BeforeDelete" | "BeforeUpdate";

/** Names of hooks, by when they run. */
export type HookNames = Partial<Record<HookKind, string[]>>;

/** What a hook is told of a resource. */
export interface HookFacts {
  old?: ResourceState | undefined;
  new?: ResourceState | undefined;
  /** The operation is done, so that the new outputs are there. */
  done?: boolean;
}

interface Hook {
  callback: Callback;
  onDryRun: boolean;
  ignoreErrors: boolean;
}

/** The hooks that a run's program has registered. */
export class Hooks {
  readonly #callbacks: Callbacks;
  readonly #hooks = new Map<string, Hook>();

  constructor(callbacks: Callbacks) {
    this.#callbacks = callbacks;
  }

  /** Takes a hook. */
  register(request: InstanceType<typeof pb.RegisterResourceHookRequest>): void {
    const name = request.getName();
    const callback = request.getCallback();
    if (name === "" || !callback) throw new EngineError("resource hook name cannot be empty");
    if (this.#hooks.has(name)) throw new EngineError(`resource hook already registered for name "${name}"`);
    this.#hooks.set(name, { callback, onDryRun: request.getOnDryRun(), ignoreErrors: request.getIgnoreErrors() });
  }

  /** Runs the hooks that a resource names for a moment, one after the other; throws when one fails that may not. */
  async run(run: RunContext, kind: HookKind, facts: HookFacts): Promise<void> {
    const subject = (facts.new ?? facts.old) as ResourceState;
    for (const name of subject.resourceHooks[kind] ?? []) {
      const hook = this.#hooks.get(name);
      if (!hook) throw new EngineError(`hook "${name}" was not registered`);
      if (run.preview && !hook.onDryRun) continue;
      const problem = await this.#call(hook, subject, facts);
      if (problem === "") continue;
      if (hook.ignoreErrors) run.warn(subject.urn, `${kind} hook "${name}" failed: ${problem}`);
      else throw new EngineError(`${kind.startsWith("Before") ? "before" : "after"} hook "${name}" failed: ${problem}`);
    }
  }

  /** What went wrong in a hook, empty when nothing did. */
  async #call(hook: Hook, { urn, id, type }: ResourceState, facts: HookFacts): Promise<string> {
    const request = new pb.ResourceHookRequest();
    request.setUrn(urn);
    request.setId(id);
    request.setName(parseUrn(urn).name);
    request.setType(type);
    request.setNewInputs(struct(facts.new?.inputs));
    request.setOldInputs(struct(facts.old?.inputs));
    request.setNewOutputs(struct(facts.done ? facts.new?.outputs : undefined));
    request.setOldOutputs(struct(facts.old?.outputs));
    try {
      const answer = await this.#callbacks.invoke(hook.callback, request);
      return pb.ResourceHookResponse.deserializeBinary(answer).getError();
    } catch (error) {
      return messageOf(error);
    }
  }
}

function struct(map: PropertyMap | undefined) {
  return map && toStruct(encodeMap(map, { secrets: true, unknowns: true, references: true }));
}

/**
 * Runs the hooks after an operation. The operation has happened, so that its result is kept whatever they say; a failure
 * is told and makes the run fail at its end.
 */
export async function runAfterHooks(run: RunContext, kind: HookKind, facts: HookFacts): Promise<void> {
  try {
    await run.hooks.run(run, kind, { ...facts, done: true });
  } catch (error) {
    run.error((facts.new ?? facts.old)?.urn ?? "", messageOf(error));
    run.hookFailed = true;
  }
}

/** Resources whose delete hooks a destroy without the program could not run, and their hooks. */
export function deleteHooks(resources: readonly ResourceState[]): { urn: string; names: string[] }[] {
  return resources
    .map(({ urn, resourceHooks }) => ({
      urn,
      names: [...(resourceHooks.BeforeDelete ?? []), ...(resourceHooks.AfterDelete ?? [])],
    }))
    .filter(({ names }) => names.length > 0);
}
