/**
 * What a deployment engine does with one stack, without a process: checks, creates, updates, replaces, deletes in order, and
 * keeps in state exactly what the real one keeps (golden/README.md): nothing of a create whose provider died.
 */
import {
  type AnyDefinition,
  check,
  create,
  diff,
  Failure,
  HalfMade,
  read,
  remove,
  update,
} from "../../provider/core/index.ts";
import { definitions } from "../../provider/resources/index.ts";
import type { Provider } from "./provider.ts";

type Values = Record<string, unknown>;

/** A resource as a program declares it; inputs may be made of the outputs of those before it. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  inputs(idOf: (name: string) => string): Values;
}

interface Stored {
  readonly type: string;
  readonly name: string;
  id: string;
  outputs: Values;
  inputs: Values;
  failed: boolean;
}

/** How an operation on a stack ended. */
export type Outcome =
  | { readonly ended: "done" }
  | { readonly ended: "failed"; readonly failure: Error; readonly resource: string }
  | { readonly ended: "killed" };

/** On the fast clock of these tests a loaded machine takes hours for what takes seconds. */
const LONG = { create: "100h", update: "100h", delete: "100h" };

/** One stack and its state. */
export class Stack {
  readonly project: string;
  state: Stored[] = [];

  constructor(project: string) {
    this.project = project;
  }

  /** Runs a program. Ends where its provider is killed: what was under way is not in the state. */
  up(provider: Provider, program: readonly Declared[]): Promise<Outcome> {
    return this.#run(provider, async () => {
      for (const declared of program) {
        const failure = await this.#step(provider, declared);
        if (failure) return failure;
      }
      const names = new Set(program.map(({ name }) => name));
      for (const gone of this.state.filter(({ name }) => !names.has(name)).reverse()) {
        const failure = await this.#delete(provider, gone);
        if (failure) return failure;
      }
      return { ended: "done" };
    });
  }

  /** Deletes all that the state knows. */
  destroy(provider: Provider): Promise<Outcome> {
    return this.#run(provider, async () => {
      for (const stored of [...this.state].reverse()) {
        const failure = await this.#delete(provider, stored);
        if (failure) return failure;
      }
      return { ended: "done" };
    });
  }

  /** Reads all that the state knows; what is gone leaves it. */
  refresh(provider: Provider): Promise<Outcome> {
    return this.#run(provider, async () => {
      for (const stored of [...this.state])
        try {
          const found = await read(definitionOf(stored.type), provider.context, stored.id, stored.outputs);
          if (!found) this.state = this.state.filter((one) => one !== stored);
          else Object.assign(stored, { outputs: found.outputs, inputs: found.inputs });
        } catch (error) {
          return { ended: "failed", failure: error as Error, resource: stored.name };
        }
      return { ended: "done" };
    });
  }

  /** A killed provider leaves its work for ever unfinished. */
  #run(provider: Provider, work: () => Promise<Outcome>): Promise<Outcome> {
    return Promise.race([work(), provider.wire.died.then((): Outcome => ({ ended: "killed" }))]);
  }

  async #step(provider: Provider, declared: Declared): Promise<Outcome | undefined> {
    const { type, name } = declared;
    const definition = definitionOf(type);
    const stored = this.state.find((one) => one.name === name);
    const fail = (failure: Error): Outcome => ({ ended: "failed", failure, resource: name });
    const program = declared.inputs((wanted) => this.state.find((one) => one.name === wanted)!.id);
    const identity = `${this.project}/dev/${type}/${name}`;
    const { inputs, problems } = check(definition, stored?.inputs, { ...program, identity, timeouts: LONG });
    if (problems.length > 0) return fail(new Error(problems.map(({ path, reason }) => `${path} ${reason}`).join("; ")));
    try {
      if (!stored) return await this.#create(provider, declared, inputs);
      if (!stored.failed) {
        if (same(stored.inputs, inputs)) return undefined;
        const { replaces, deleteBeforeReplace } = diff(definition, stored.outputs, inputs);
        if (replaces.length > 0) {
          if (deleteBeforeReplace) {
            const failure = await this.#delete(provider, stored);
            return failure ?? (await this.#create(provider, declared, inputs));
          }
          const failure = await this.#create(provider, declared, inputs);
          return failure ?? (await this.#delete(provider, stored));
        }
      }
      stored.outputs = await update(definition, provider.context, stored.id, stored.outputs, inputs as never);
      Object.assign(stored, { inputs, failed: false });
      return undefined;
    } catch (error) {
      if (error instanceof HalfMade && stored) Object.assign(stored, { outputs: error.outputs, inputs, failed: true });
      return fail(error as Error);
    }
  }

  async #create(provider: Provider, { type, name }: Declared, inputs: Values): Promise<Outcome | undefined> {
    try {
      const { id, outputs } = await create(definitionOf(type), provider.context, inputs as never);
      this.state.push({ type, name, id, outputs, inputs, failed: false });
      return undefined;
    } catch (error) {
      if (error instanceof HalfMade)
        this.state.push({ type, name, id: error.id, outputs: error.outputs, inputs, failed: true });
      return { ended: "failed", failure: error as Error, resource: name };
    }
  }

  async #delete(provider: Provider, stored: Stored): Promise<Outcome | undefined> {
    try {
      await remove(definitionOf(stored.type), provider.context, stored.id, stored.outputs);
      this.state = this.state.filter((one) => one !== stored);
      return undefined;
    } catch (error) {
      return { ended: "failed", failure: error as Error, resource: stored.name };
    }
  }
}

const definitionOf = (type: string): AnyDefinition => definitions.find((one) => one.type === type)!;

const same = (left: Values, right: Values): boolean => JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, one]) => [key, sorted(one)]),
  );
}

/** The code of a failed outcome; "" for any other. */
export function codeOf(outcome: Outcome): string {
  if (outcome.ended !== "failed") return "";
  const { failure } = outcome;
  const cause = failure instanceof HalfMade ? failure.cause : failure;
  return cause instanceof Failure ? cause.code : "unexpected";
}
