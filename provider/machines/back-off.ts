import { type Context, failure } from "../core/index.ts";

/** Longest pause before something is asked for once more, in seconds. */
const LONGEST = 30;

/**
 * The pause before a step that a service gave up because somebody else is at work on the machine: longer with each attempt.
 * @throws Failure `interrupted` where the run ends meanwhile
 */
export async function backOff({ clock, signal }: Context<unknown>, attempt: number): Promise<void> {
  await clock.sleep(Math.min(2 ** attempt, LONGEST) * 1000, signal).catch(() => undefined);
  if (signal.aborted) throw failure("interrupted", "it was interrupted while a machine was locked");
}
