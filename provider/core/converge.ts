import { failure } from "./catalogue.ts";
import { Deadline } from "./deadline.ts";
import { Failure, formatDuration } from "./failure.ts";
import { type Action, type Step, sameAction } from "./outcome.ts";
import type { Context, Seen } from "./resource.ts";
import { Waiting } from "./waiting.ts";

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
/** How long a cloud that does not answer is borne with in the middle of the work, in milliseconds. */
const PATIENCE = 10 * 60_000;
/** How often a step whose answers are lost is taken again. */
const RESENDS = 2;

/** What passes by itself when it meets a look: a service restarts, its database moves. */
const BLIND: ReadonlySet<string> = new Set(["service-unreachable", "service-broken", "identity-unavailable", "busy"]);
/** What meets a step before it is taken in, so that it is certainly not done. */
const SHUT: ReadonlySet<string> = new Set(["service-unreachable", "identity-unavailable"]);

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
  const deadline = new Deadline(context, loop.operation, loop.limit);
  const waiting = new Waiting(context, loop.label);
  const taken: A[] = [];
  let last: { action: A; at: number; lost?: Failure } | undefined;
  /** Steps that were taken again because their answer was lost and nothing showed. */
  const resent: A[] = [];
  let looked = false;
  /** Since when looks, or steps, are not answered. */
  let blind: number | undefined;
  let shut: number | undefined;
  const tooLate = () =>
    deadline.failure(
      waiting.text ? `last seen: ${waiting.text}` : last && `the last step was "${last.action.name}"`,
      waiting.late,
    );

  /** In the middle of the work a cloud that does not answer is waited for; before it began, or after long, it is a failure. */
  const bear = async (error: unknown, passing: ReadonlySet<string>, from: number | undefined) => {
    const now = clock.now();
    if (!(error instanceof Failure && passing.has(error.code) && looked)) throw error;
    if (now - (from ?? now) > PATIENCE || deadline.isOver) throw error.with({ elapsed: deadline.elapsed });
    await waiting.bear({ for: `the cloud does not answer: ${error.details.what}`, interval: 15 }, from ?? now);
    return from ?? now;
  };

  for (;;) {
    if (signal.aborted)
      throw failure("interrupted", `${loop.operation} was interrupted${waiting.text ? ` while ${waiting.text}` : ""}`, {
        elapsed: deadline.elapsed,
      });
    if (deadline.isOver) throw tooLate();

    let seen: S;
    try {
      seen = await deadline.within(loop.observe(), tooLate);
    } catch (error) {
      blind = await bear(error, BLIND, blind);
      continue;
    }
    looked = true;
    blind = undefined;
    const step = loop.next(seen, taken);
    if ("done" in step) {
      if (step.note) context.progress(`${loop.label}: ${step.note}`);
      return seen;
    }
    if ("failed" in step) throw step.failed.with({ elapsed: deadline.elapsed });
    if ("wait" in step) {
      last = undefined;
      const { stuck } = step.wait;
      if (stuck && waiting.unchanged(step.wait) >= stuck.after * 1000)
        throw stuck.failed.with({ elapsed: deadline.elapsed });
      await waiting.pause(step.wait);
      continue;
    }
    if (last?.lost && sameAction(last.action, step.do)) {
      // Nobody knows whether it was done. What was done shows in time; what does not is done again, never before.
      if (clock.now() - last.at <= (last.lost.details.showsWithin ?? SETTLE / 1000) * 1000) {
        await waiting.pause({ for: `looking whether "${step.do.name}" was done, its answer was lost`, interval: 2 });
        continue;
      }
      if (resent.filter((action) => sameAction(action, step.do)).length >= RESENDS)
        throw last.lost.with({ elapsed: deadline.elapsed });
      resent.push(step.do);
      taken.pop();
      last = undefined;
    }
    if (last && sameAction(last.action, step.do)) {
      // The step was accepted and does not show yet. Give it time, but do not mistake silence for success.
      if (clock.now() - last.at > SETTLE)
        throw failure(
          "no-effect",
          `"${step.do.name}" was accepted and ${formatDuration(SETTLE / 1000)} later nothing shows of it`,
          { elapsed: deadline.elapsed },
        );
      await waiting.pause({ for: `waiting for "${step.do.name}" to show`, interval: 2 });
      continue;
    }
    if (taken.filter((action) => sameAction(action, step.do)).length >= 2)
      throw failure("no-effect", `"${step.do.name}" was done twice and undone each time`, {
        elapsed: deadline.elapsed,
      });
    waiting.clear();
    context.progress(`${loop.label}: ${step.do.name}`);
    let lost: Failure | undefined;
    try {
      await deadline.within(loop.perform(step.do), tooLate);
    } catch (error) {
      if (!(error instanceof Failure && error.unknownOutcome)) {
        shut = await bear(error, SHUT, shut);
        continue;
      }
      // The answer was lost; whether the work was done, the next look shows.
      lost = error;
      context.progress(`${loop.label}: no answer to "${step.do.name}", looking again`);
    }
    shut = undefined;
    taken.push(step.do);
    last = { action: step.do, at: clock.now(), ...(lost && { lost }) };
  }
}
