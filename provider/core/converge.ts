import { failure } from "./catalogue.ts";
import { Failure, formatDuration } from "./failure.ts";
import { type Action, type Step, sameAction, type Wait } from "./outcome.ts";
import type { Context, Seen } from "./resource.ts";

/** What {@link converge} needs of a resource, with the object and the goal already bound. */
export interface Loop<S extends Seen, A extends Action> {
  /** How messages call it: `Server db`. */
  readonly label: string;
  /** Seconds until it gives up. */
  readonly limit: number;
  /** What is waited for at most, as it reads in the time-out's message: `create`. */
  readonly operation: string;
  observe(): Promise<S>;
  next(seen: S, taken: readonly A[]): Step<A>;
  perform(action: A): Promise<void>;
}

/** How long an accepted step may go without a visible effect before it counts as undone, in milliseconds. */
const SETTLE = 60_000;
/** A progress line at least this often, in milliseconds. */
const REMIND = 60_000;

/**
 * The one loop: observe, decide, take one step, until the goal is reached or cannot be. It serves create, update,
 * adopt and delete alike; everything that is hard about waiting lives here or below.
 *
 * @throws Failure what `next` found, or `timed-out`, `interrupted`, `no-effect`
 */
export async function converge<S extends Seen, A extends Action>(
  context: Context<unknown>,
  loop: Loop<S, A>,
): Promise<S> {
  const { clock, signal } = context;
  const began = clock.now();
  const elapsed = () => (clock.now() - began) / 1000;
  const taken: A[] = [];
  let last: { action: A; at: number } | undefined;
  let wait: { text: string; since: number; told: number; late?: Wait["late"] } | undefined;

  const pauseFor = async (text: string, longest: number, usual?: number) => {
    const now = clock.now();
    if (wait?.text !== text) wait = { text, since: now, told: 0 };
    const waited = now - wait.since;
    if (wait.told === 0 || now - wait.told >= REMIND) {
      const facts = [
        waited >= 1000 && formatDuration(waited / 1000),
        usual && `usually ${formatDuration(usual)}`,
      ].filter(Boolean);
      context.progress(`${loop.label}: ${text}${facts.length ? ` (${facts.join(", ")})` : ""}`);
      wait.told = now;
    }
    const pause = Math.min(Math.max(500, waited / 8), longest * 1000);
    await clock.sleep(pause, signal).catch(() => undefined);
  };

  for (;;) {
    if (signal.aborted)
      throw failure("interrupted", `${loop.operation} was interrupted${wait ? ` while ${wait.text}` : ""}`, {
        elapsed: elapsed(),
      });
    if (elapsed() > loop.limit)
      throw failure(
        "timed-out",
        `${loop.operation} took longer than ${formatDuration(loop.limit)}${wait ? `; last seen: ${wait.text}` : ""}`,
        { elapsed: elapsed(), ...wait?.late },
      );

    const seen = await loop.observe();
    const step = loop.next(seen, taken);
    if ("done" in step) {
      if (step.note) context.progress(`${loop.label}: ${step.note}`);
      return seen;
    }
    if ("failed" in step) throw step.failed.with({ elapsed: elapsed() });
    if ("wait" in step) {
      last = undefined;
      await pauseFor(step.wait.for, step.wait.interval ?? 10, step.wait.usual);
      if (wait) wait.late = step.wait.late;
      continue;
    }
    if (last && sameAction(last.action, step.do)) {
      // The step was accepted and does not show yet. Give it time, but do not mistake silence for success.
      if (clock.now() - last.at > SETTLE)
        throw failure(
          "no-effect",
          `"${step.do.name}" was accepted and ${formatDuration(SETTLE / 1000)} later nothing shows of it`,
          { elapsed: elapsed() },
        );
      await pauseFor(`waiting for "${step.do.name}" to show`, 2);
      continue;
    }
    if (taken.filter((action) => sameAction(action, step.do)).length >= 2)
      throw failure("no-effect", `"${step.do.name}" was done twice and undone each time`, { elapsed: elapsed() });
    wait = undefined;
    context.progress(`${loop.label}: ${step.do.name}`);
    try {
      await loop.perform(step.do);
    } catch (error) {
      // The answer was lost; whether the work was done, the next look shows.
      if (!(error instanceof Failure && error.unknownOutcome)) throw error;
      context.progress(`${loop.label}: no answer to "${step.do.name}", looking again`);
    }
    taken.push(step.do);
    last = { action: step.do, at: clock.now() };
  }
}
