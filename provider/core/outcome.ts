import type { Failure, Mover } from "./failure.ts";

/** A step that changes something: plain data, so that tables can expect it and a journal can keep it. */
export interface Action {
  readonly name: string;
  readonly args?: unknown;
}

/**
 * How long a kind of wait usually takes and how often looking is worth while.
 * The interval starts at half a second and grows, up to `interval`, with the time in which nothing has changed.
 */
export interface Wait {
  /** What is waited for, as it reads in a progress line: `deploying`. */
  readonly for: string;
  /** How long it usually takes, in seconds, where that is known. */
  readonly usual?: number;
  /** The longest pause between two looks, in seconds; default 3: of many who wait, lists serve all. */
  readonly interval?: number;
  /** Whose move it is where time runs out in this wait, and what it is; else to run the same command again. */
  readonly late?: { readonly mover: Mover; readonly next: string };
  /** What it has failed with when it has shown unchanged for `after` seconds: nobody is at work on it any more. */
  readonly stuck?: { readonly after: number; readonly failed: Failure };
}

/**
 * What to do about what was seen. Exactly one of: one step, a wait, the goal is reached, it cannot be reached.
 * There is no fifth: a state that has no answer is a bug that the tables find.
 */
export type Step<A extends Action = Action> =
  | { readonly do: A }
  | { readonly wait: Wait }
  /** `note`: what the person who asked should know although all went well. */
  | { readonly done: string; readonly note?: string }
  | { readonly failed: Failure };

/** Whether two actions are the same step. */
export const sameAction = (a: Action, b: Action): boolean =>
  a.name === b.name && JSON.stringify(a.args) === JSON.stringify(b.args);

/** How often this step was already taken in this run. */
export const timesTaken = (taken: readonly Action[], name: string): number =>
  taken.filter((action) => action.name === name).length;
