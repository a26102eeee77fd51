import { RehearsalError } from "./error.ts";
import { isFailure, type RehearsalEvent } from "./events.ts";
import { judge, machineTrouble, noticed } from "./judge.ts";
import { progressOf } from "./progress.ts";
import type { Rehearsal, Run, RunOptions } from "./rehearsal.ts";
import { countsOf, headOf, lineOf, type Report, type Step, shortened } from "./report.ts";
import { Scene, type Stagehand } from "./scene.ts";

/** Hears a rehearsal as it goes; times are seconds since its start. */
export interface Teller {
  begins(at: number, title: string): void;
  /** Something within a run. */
  line(at: number, text: string): void;
  ended(step: Step): void;
}

/** What a course needs of a rehearsal. */
export type Rehearsed = Stagehand &
  Pick<Rehearsal, "preview" | "up" | "refresh" | "destroy" | "resources" | "machine" | "unprotect" | "leftovers"> & {
    readonly settings: { readonly project: string };
  };

/** Seconds of hardware time in which Ironic and Nova notice what befell a machine: each looks once a minute. */
const NOTICE = 180;

type Runs = readonly (readonly [title: string, run: (options: RunOptions) => Promise<Run>])[];

/** Holds a whole rehearsal. Never throws for what the program does: the report says it. */
export async function rehearse(
  rehearsal: Rehearsed,
  events: readonly RehearsalEvent[],
  teller: Teller,
  options: { stack: string; began: number },
): Promise<Report> {
  const course = new Course(rehearsal, events, teller, options.began);
  await course.hold();
  const wrong = course.steps.find(({ ok }) => !ok);
  return {
    project: rehearsal.settings.project,
    stack: options.stack,
    machines: rehearsal.sandbox.fleet.nodes.length,
    speed: rehearsal.speed,
    ok: wrong === undefined,
    reason: wrong && reasonOf(wrong),
    seconds: (Date.now() - options.began) / 1000,
    steps: course.steps,
  };
}

function reasonOf({ title, text, note, errors, kind }: Step): string {
  const [error] = errors;
  if (kind !== "run") return shortened([title, text, note].filter(Boolean).join(": "));
  const code = error?.code && !note ? ` [${error.code}]` : "";
  return shortened(`${title}: ${note ?? (error ? headOf(error) : text)}`) + code;
}

class Course {
  readonly steps: Step[] = [];
  readonly #rehearsal: Rehearsed;
  readonly #events: readonly RehearsalEvent[];
  readonly #teller: Teller;
  readonly #began: number;
  readonly #scene: Scene;

  constructor(rehearsal: Rehearsed, events: readonly RehearsalEvent[], teller: Teller, began: number) {
    this.#rehearsal = rehearsal;
    this.#events = events;
    this.#teller = teller;
    this.#began = began;
    this.#scene = new Scene(rehearsal, {
      happened: (title) => this.#note({ kind: "trouble", title }),
      over: (title) => this.#note({ kind: "over", title }),
    });
  }

  async hold(): Promise<void> {
    if (!(await this.#judged("preview", (options) => this.#rehearsal.preview(options), [], true)).ok) return;
    // Whatever one part ends with, what was made is taken away.
    for (const part of [() => this.#story(), () => this.#scene.endAll(), () => this.#takeAway()])
      try {
        await part();
      } catch (error) {
        if (!(error instanceof RehearsalError)) throw error;
        this.#note({ kind: "check", title: "the rehearsal", text: error.message, ok: false });
      }
  }

  /** From up to recovery; false where something went so wrong that the rest would tell nothing. */
  async #story(): Promise<boolean> {
    const when = (moment: string) => this.#events.filter((event) => event.when === moment);
    const [before, during, after] = [when("before up"), when("during up"), when("after up")];
    for (const event of before) {
      await this.#rehearsal.wait(event.seconds ?? 0);
      await this.#scene.play(event);
    }
    const up: Runs = [["up", (options) => this.#up(options, during)]];
    if (!(await this.#under([...before, ...during], up, up))) return false;
    if (!(await this.#again())) return false;
    for (const event of after) if (!(await this.#afterUp(event))) return false;
    return after.length === 0 || this.#again();
  }

  /** Runs the program and lets the events of "during up" happen meanwhile. */
  async #up(options: RunOptions, during: readonly RehearsalEvent[]): Promise<Run> {
    const moments = this.#scene.during(during.filter((event) => !this.#scene.hasPlayed(event)));
    const run = await this.#rehearsal.up({
      ...options,
      onEvent: (event) => {
        options.onEvent?.(event);
        moments.hear(event);
      },
    });
    // A run that failed may have ended before the moment; what is said of the run then says more.
    await moments.done().catch((error: unknown) => {
      if (run.ok) throw error;
    });
    return run;
  }

  async #afterUp(event: RehearsalEvent): Promise<boolean> {
    await this.#rehearsal.wait(event.seconds ?? 0);
    const resource =
      "machine" in event && event.machine ? (await this.#rehearsal.machine(event.machine)).resource : undefined;
    if (event.recover === "replace" && !resource)
      throw new RehearsalError(
        `recover: replace: no Server of the program is on ${(event as { machine: string }).machine}`,
      );
    await this.#scene.play(event);
    if ("machine" in event) await this.#rehearsal.wait(NOTICE);
    const refresh: Runs[number] = ["refresh", (options) => this.#rehearsal.refresh(options)];
    const replace = event.recover === "replace" ? { replace: [resource!.urn] } : {};
    const up: Runs[number] =
      event.recover === "replace"
        ? [`up --replace ${resource!.name}`, (options) => this.#rehearsal.up({ ...options, ...replace })]
        : ["up", (options) => this.#rehearsal.up(options)];
    const runs: Runs = [refresh, ["preview", (options) => this.#rehearsal.preview({ ...options, ...replace })], up];
    if (event.expect !== "is noticed") return this.#under([event], runs, [refresh, up]);
    const { ok } = await this.#attempt(runs.slice(0, 2), [event]);
    await this.#scene.end(event);
    return ok;
  }

  /** Runs the program under trouble, judges it by what is expected, ends the trouble, and looks after the machines. */
  async #under(events: readonly RehearsalEvent[], runs: Runs, retry: Runs): Promise<boolean> {
    const first = await this.#attempt(runs, events);
    if (!first.ok) return false;
    const expected = events.some(isFailure);
    if (expected) for (const event of events) await this.#scene.end(event);
    if (first.failed && !(await this.#attempt(retry, [])).ok) return false;
    const well = await this.#machinesRun(events);
    for (const event of events) await this.#scene.end(event);
    return well;
  }

  /** Runs one after the other up to the first that fails. */
  async #attempt(runs: Runs, events: readonly RehearsalEvent[]): Promise<{ ok: boolean; failed: boolean }> {
    for (const [index, [title, run]] of runs.entries()) {
      const outcome = await this.#judged(title, run, events, index < runs.length - 1);
      if (!outcome.ok || outcome.failed) return outcome;
    }
    return { ok: true, failed: false };
  }

  /**
   * A run, told and judged.
   * @param early whether a failure that is expected may still come in a later run
   */
  async #judged(
    title: string,
    run: (options: RunOptions) => Promise<Run>,
    events: readonly RehearsalEvent[],
    early: boolean,
  ): Promise<{ ok: boolean; failed: boolean }> {
    const at = this.#now();
    this.#teller.begins(at, title);
    const outcome = await run(this.#hearing());
    const onlyNoticed = title === "refresh" && events.some(({ expect }) => expect === "is noticed");
    const { ok, note } = onlyNoticed ? noticed(outcome) : judge(outcome, events, early);
    this.#push({
      at,
      seconds: outcome.seconds,
      kind: "run",
      title,
      text: outcome.ok ? this.#textOf(title, outcome) : "failed",
      ok,
      ...(note === undefined ? {} : { note }),
      changes: outcome.changes,
      errors: outcome.errors,
    });
    return { ok, failed: !outcome.ok };
  }

  #textOf(title: string, { changes }: Run): string {
    if (title !== "refresh") return countsOf(changes, title === "preview");
    return changes.length === 0 ? "as before" : countsOf(changes, false, { update: "changed", delete: "gone" });
  }

  /** Tells each change as it ends. */
  #hearing(): RunOptions {
    return {
      onEvent: (event) => {
        const line = progressOf(event);
        if (line !== undefined) this.#teller.line(this.#now(), line);
      },
    };
  }

  /** Once more: nothing may change. */
  async #again(): Promise<boolean> {
    const at = this.#now();
    this.#teller.begins(at, "up again");
    const run = await this.#rehearsal.up({ ...this.#hearing(), expectNoChanges: true });
    const changed = run.changes.map(lineOf);
    const note = changed.length > 0 ? `there should be nothing to do, but: ${changed.join("; ")}` : undefined;
    const ok = run.ok && changed.length === 0;
    this.#push({
      at,
      seconds: run.seconds,
      kind: "run",
      title: "up again",
      text: run.errors.length > 0 ? "failed" : countsOf(run.changes, false),
      ok,
      ...(note === undefined ? {} : { note }),
      changes: run.changes,
      errors: run.errors,
    });
    return ok;
  }

  /** Whether the machines that something befell are in use and on, as the program wants them. */
  async #machinesRun(events: readonly RehearsalEvent[]): Promise<boolean> {
    let well = true;
    for (const event of events) {
      if (!("machine" in event) || !event.machine) continue;
      const server = this.#rehearsal.resources().find(({ type, name }) => type === "Server" && name === event.machine);
      if (!server || server.inputs["kind"] === "virtual") continue;
      const wrong = machineTrouble(server, (await this.#rehearsal.machine(event.machine)).node);
      if (wrong === undefined) continue;
      well = false;
      this.#note({ kind: "check", title: `Server ${server.name}`, text: wrong, ok: false });
    }
    return well;
  }

  async #takeAway(): Promise<void> {
    const unprotected = this.#rehearsal.unprotect();
    if (unprotected.length > 0)
      this.#teller.line(this.#now(), `protect is taken from ${unprotected.join(", ")}, in this rehearsal's state only`);
    const at = this.#now();
    this.#teller.begins(at, "destroy");
    const run = await this.#rehearsal.destroy(this.#hearing());
    const kept = !run.ok && run.errors.every(({ code }) => code === "protected");
    this.#push({
      at,
      seconds: run.seconds,
      kind: "run",
      title: "destroy",
      text: run.ok ? countsOf(run.changes, false) : kept ? "refused" : "failed",
      ok: run.ok || kept,
      ...(kept ? { note: "deletionProtection is on, so the machine stays; whether all goes was not seen" } : {}),
      changes: run.changes,
      errors: kept ? [] : run.errors,
    });
    if (kept) return;
    const left = await this.#rehearsal.leftovers();
    this.#note({
      kind: "check",
      title: "left in the sandbox",
      text: left.length === 0 ? "nothing" : left.join("; "),
      ok: left.length === 0,
    });
  }

  #now(): number {
    return (Date.now() - this.#began) / 1000;
  }

  #note(step: Pick<Step, "kind" | "title"> & Partial<Step>): void {
    this.#push({ at: this.#now(), seconds: 0, text: "", ok: true, changes: [], errors: [], ...step });
  }

  #push(step: Step): void {
    this.steps.push(step);
    this.#teller.ended(step);
  }
}
