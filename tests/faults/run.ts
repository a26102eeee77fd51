/**
 * Runs cells of the matrix: each one a fault, a command, what came of it, and the next command when the fault is over.
 *
 * One fault a class, or with FAULTS=all the whole matrix.
 * FAULTS_ONLY narrows it to the rows whose fault matches the regular expression. With FAULTS_RESULTS each result becomes a line of that file,
 * and what passed there already is left out.
 */
import { appendFileSync, existsSync } from "node:fs";
import t, { type Test } from "tap";
import { catalogue } from "../../provider/core/catalogue.ts";
import { CloudError, cloudIsUp, type Tenant, until } from "../cloud/client.ts";
import { clearAllFaults } from "../cloud/faults.ts";
import { describeLeftovers, leftovers } from "../cloud/leftovers.ts";
import { resetTenant } from "../cloud/reset.ts";
import { startProxy } from "../interruption/proxy.ts";
import { type Deployer, deployers, type Outcome } from "../lifecycle/deployer.ts";
import { cellsOf, type Life, livesOf, type Placed } from "./lives.ts";
import { failuresIn } from "./message.ts";
import { cellKey, readResults } from "./results.ts";
import { Scene } from "./scene.ts";
import { STAGES, type StageName } from "./stages.ts";
import { type Cell, type Left, OPERATIONS, type Operation, type Result, type Row } from "./table.ts";

const sandbox = process.env["SANDBOX_URL"] !== undefined;
const all = process.env["FAULTS"] === "all";
const only = new RegExp(process.env["FAULTS_ONLY"] ?? "");
/** Longest time of one command, in seconds: then the fault is ended and the cell has failed. */
const LONGEST = 400;

const WHOSE = {
  you: "Your move",
  operator: "The cloud operator's move",
  hardware: "The hardware needs attention",
} as const;

/** Cells that were as they should be in the run that this one goes on with. */
const done = new Set(earlier().flatMap((result) => (result.passed ? [cellKey(result)] : [])));

/** Whether a cell is among those that were asked for. */
const isWanted = ({ row, operation, cell }: Placed) =>
  (all ? !(cell.long && sandbox) : cell.ci === true) &&
  !done.has(cellKey({ stage: STAGES[row.stage].title, fault: row.fault, operation }));

/** Runs the cells of a stage, by every deployer of this machine. */
export async function testFaults(stage: StageName, matrix: readonly Row[]): Promise<void> {
  const rows = matrix.filter((row) => row.stage === stage && only.test(row.fault));
  const up = await cloudIsUp();
  const skip = !up && "the test cloud is not up (npm run cloud:up)";
  for (const row of rows) noteEmpty(row);
  for (const deployer of deployers())
    for (const proxied of [false, true]) {
      const those = rows.filter((row) => (row.proxied ?? false) === proxied);
      const lives = livesOf(cellsOf(those).filter(isWanted));
      for (const [index, life] of lives.entries())
        await t.test(
          `${STAGES[stage].title}${proxied ? " through a proxy" : ""}, life ${index + 1} of ${lives.length}, run by ${deployer.name}`,
          { timeout: 3_600_000, skip },
          (t) => live(t, deployer, stage, proxied, life),
        );
    }
}

/** One machine from create to destroy. After a cell that cannot be recovered from, what is left of the life begins anew. */
async function live(life: Test, deployer: Deployer, stage: StageName, proxied: boolean, cells: Life): Promise<void> {
  const proxy = proxied ? await startProxy() : undefined;
  if (proxy) life.teardown(() => proxy.close());
  let scene: Scene | undefined;
  for (const placed of cells) {
    const title = `${placed.row.fault} × ${placed.operation}: ${placed.cell.ends}`;
    await life.test(title, { timeout: 1_800_000 }, async (t) => {
      if (!scene) {
        await reset(STAGES[stage].tenant);
        scene = await Scene.set(life, deployer, STAGES[stage], proxy?.env);
        await scene.free();
        if (proxy) scene.notes.set("proxy", proxy);
      }
      if (placed.operation !== "create" && !(await scene.stored())) await succeed(scene.project.up(), "up");
      const began = Date.now();
      const run = new CellRun(scene, placed);
      let recovered = false;
      try {
        recovered = await run.run();
      } catch (error) {
        run.wrong.push(error instanceof Error ? error.message : String(error));
      }
      run.note(began);
      t.same(run.wrong, [], title, { output: run.output });
      if (!recovered) {
        await clearAllFaults();
        scene = undefined;
      }
    });
  }
  if (scene) await end(life, scene);
}

/** A node that a life before gave back may still be at work, and takes no change meanwhile. */
async function reset(tenant: Tenant): Promise<void> {
  await until(
    `${tenant} is as the seed made it`,
    () =>
      resetTenant(tenant).then(
        () => true,
        (error: unknown) => {
          if (error instanceof CloudError && error.status === 409) return false;
          throw error;
        },
      ),
    300,
    2,
  );
}

async function end(t: Test, scene: Scene): Promise<void> {
  await succeed(scene.project.destroy(), "destroy at the end of the life");
  t.equal(describeLeftovers(await leftovers(scene.stage.tenant)), "", "nothing is left");
}

async function succeed(work: Promise<Outcome>, what: string): Promise<Outcome> {
  const outcome = await work;
  if (outcome.exitCode !== 0) throw new Error(`${what} fails:\n${outcome.text}`);
  return outcome;
}

/** One cell as it runs. */
class CellRun {
  readonly #scene: Scene;
  readonly #row: Row;
  readonly #operation: Operation;
  readonly #cell: Cell;
  readonly wrong: string[] = [];
  output = "";
  #got = "";
  #left = "";
  #recovery = "";

  constructor(scene: Scene, { row, operation, cell }: Placed) {
    this.#scene = scene;
    this.#row = row;
    this.#operation = operation;
    this.#cell = cell;
  }

  /** Whether the scene is whole again afterwards. */
  async run(): Promise<boolean> {
    const scene = this.#scene;
    const cell = this.#cell;
    await this.#prepare();
    const before = (await scene.stored())?.id;
    const outcome = await this.#withFault();
    this.output = outcome.text;
    this.#judge(outcome);
    await this.#look(before);
    if (cell.mend) await cell.mend(scene);
    if (cell.timeouts) scene.edit(({ timeouts: _, ...params }) => params);
    return this.#recover(before);
  }

  async #prepare(): Promise<void> {
    const scene = this.#scene;
    const { edit, timeouts, prepare } = this.#cell;
    if (timeouts) scene.edit((params) => ({ ...params, timeouts }));
    // A delete and a refresh know the limits only from state.
    if (timeouts && ["refresh", "delete"].includes(this.#operation)) await succeed(scene.project.up(), "up");
    if (prepare) await prepare(scene);
    if (edit) scene.edit(edit);
  }

  /** The operation, with the fault as long as it is to stand. */
  async #withFault(): Promise<Outcome> {
    const scene = this.#scene;
    const { when, lasts, again } = this.#cell;
    let cleared: Promise<void> | undefined;
    const clear = () => (cleared ??= this.#row.clear(scene));
    const inject = async () => {
      await this.#row.inject(scene);
      if (lasts !== undefined) setTimeout(() => void clear().catch(() => undefined), lasts * 1000);
    };
    let overdue: NodeJS.Timeout | undefined;
    try {
      if (!when) await inject();
      const work = this.#command();
      overdue = setTimeout(() => {
        this.wrong.push(`it did not end within ${LONGEST} s`);
        void clear().catch(() => undefined);
      }, LONGEST * 1000);
      if (when) {
        await Promise.race([when(scene), work]);
        await inject();
      }
      const outcome = await work;
      clearTimeout(overdue);
      if (again) await this.#sameAgain();
      return outcome;
    } finally {
      clearTimeout(overdue);
      await clear();
    }
  }

  #command(): Promise<Outcome> {
    const { project } = this.#scene;
    return this.#operation === "delete"
      ? project.destroy()
      : this.#operation === "refresh"
        ? project.refresh()
        : project.up();
  }

  async #sameAgain(): Promise<void> {
    const { exitCode, text } = await this.#command();
    const codes = failuresIn(text).map(({ code }) => code);
    if (exitCode === 0 || !codes.includes(String(this.#cell.ends)))
      this.wrong.push(`the same command again ends with exit code ${exitCode} and ${codes.join(", ") || "no code"}`);
  }

  #judge(outcome: Outcome): void {
    const { ends, says, mover } = this.#cell;
    const told = failuresIn(outcome.text);
    this.#got = outcome.exitCode === 0 ? "went on" : told.map(({ code }) => code).join(", ") || "no code";
    const demand = (holds: boolean, what: string) => holds || this.wrong.push(what);
    if (ends === "goes on") {
      demand(outcome.exitCode === 0, `it failed (${this.#got})`);
      if (says) demand(says.test(outcome.text), `the output does not say ${says}`);
      return;
    }
    demand(outcome.exitCode !== 0, "it succeeded");
    const { type, name } = this.#scene.stage.resource;
    const label = this.#cell.resource ?? `${type} ${name}`;
    const failure = told.find(({ resource, code }) => resource === label && code === ends);
    if (!failure) {
      this.wrong.push(
        `no message of ${label} has the code ${ends}; there are: ${told.map((one) => `${one.resource} ${one.code}`).join("; ") || "none"}`,
      );
      return;
    }
    if (says) demand(says.test(failure.text), `the message does not say ${says}`);
    const whose = WHOSE[mover ?? catalogue[ends].mover];
    demand(failure.whose.startsWith(whose), `it is said to be "${failure.whose}", not "${whose}"`);
    demand(failure.next.length > 10, "it does not say what to do next");
  }

  /** State and cloud after it. */
  async #look(before: string | undefined): Promise<void> {
    const scene = this.#scene;
    const stored = await scene.stored();
    const objects = await scene.objects();
    const demand = (holds: boolean, what: string) => holds || this.wrong.push(what);
    const left =
      this.#cell.left ??
      (this.#operation === "delete" ? "nothing" : this.#operation === "refresh" ? "as before" : "whole");
    const has = this.#leftBy(stored, objects, before);
    this.#left = has;
    demand(
      has === left,
      `what is left is ${has}, not ${left}: state has ${stored?.id ?? "nothing"}, the cloud has ${objects.join(", ") || "nothing"}`,
    );
    const { condition } = this.#cell;
    if (condition) {
      const shown = String(stored?.outputs?.["condition"]);
      demand(condition.test(shown), `its condition is "${shown}", not ${condition}`);
    }
    if (this.#cell.ends !== "goes on" && stored?.id !== undefined && !this.#cell.resource) {
      const names = [stored.id, stored.outputs?.["nodeName"], stored.outputs?.["name"]].filter(Boolean).map(String);
      demand(
        names.some((name) => this.output.includes(name)),
        "the message names no machine",
      );
    }
  }

  #leftBy(
    stored: { id?: string; initErrors?: string[] } | undefined,
    objects: readonly string[],
    before: string | undefined,
  ): Left | string {
    const errors = stored?.initErrors?.length ?? 0;
    const exactly = (id: string | undefined) => id !== undefined && objects.length === 1 && objects[0] === id;
    if (!stored) return objects.length === 0 ? "nothing" : "lost";
    if (objects.length === 0) return "released";
    if (!exactly(stored.id) || (before !== undefined && before !== stored.id)) return "something else";
    if (errors > 0) return "half-made";
    if (this.#operation === "refresh" || this.#operation === "delete") return "as before";
    return this.#got === "went on" ? "whole" : "as before";
  }

  async #recover(before: string | undefined): Promise<boolean> {
    const { project } = this.#scene;
    const { ends } = this.#cell;
    if (this.#operation === "delete") {
      if (ends !== "goes on" || this.#got !== "went on") await succeed(project.destroy(), "the next destroy");
      const left = describeLeftovers(await leftovers(this.#scene.stage.tenant));
      if (left) throw new Error(`left after destroy:\n${left}`);
      this.#recovery = this.#got === "went on" ? "nothing is left" : "destroy: nothing is left";
      this.#scene.edit(() => this.#scene.stage.params);
      return true;
    }
    if (this.#operation === "refresh" && ends !== "goes on") await succeed(project.refresh(), "the next refresh");
    const had = this.#left === "nothing" ? undefined : (before ?? (await this.#scene.stored())?.id);
    if (had === undefined) await this.#scene.free();
    if (this.#cell.replaces && (await this.#replaced())) return true;
    if (this.#operation === "refresh" || this.#got !== "went on") await succeed(project.up(), "the next up");
    const stored = await this.#scene.stored();
    if (stored?.initErrors?.length) throw new Error(`the next up left it unfinished: ${stored.initErrors.join("; ")}`);
    if (had !== undefined && stored?.id !== had)
      throw new Error(`the next up made another one: ${had}, then ${stored?.id}`);
    const objects = await this.#scene.objects();
    if (objects.length !== 1) throw new Error(`after the next up the cloud has ${objects.join(", ") || "nothing"}`);
    this.#recovery =
      this.#got === "went on" && this.#operation !== "refresh"
        ? ""
        : had === undefined
          ? "up: made"
          : "up: the same one, whole";
    return true;
  }

  /** Whether the next `up` said that only another machine helps; then there is one. */
  async #replaced(): Promise<boolean> {
    const { project, stage } = this.#scene;
    const { exitCode, text } = await project.up();
    if (exitCode === 0) return false;
    if (!text.includes("pulumi up --replace")) throw new Error(`the next up does not tell what helps:\n${text}`);
    await this.#scene.free(1);
    await succeed(project.up("--replace", (await project.resource(stage.resource.name))!.urn), "up --replace");
    const objects = await this.#scene.objects();
    if (objects.length !== 1) throw new Error(`after up --replace the cloud has ${objects.join(", ") || "nothing"}`);
    this.#recovery = "up: says `--replace`; up --replace: made";
    return true;
  }

  note(began: number): void {
    const { class: kind, fault } = this.#row;
    write({
      class: kind,
      fault,
      stage: this.#scene.stage.title,
      operation: this.#operation,
      expected: this.#cell.ends,
      got: this.#got,
      left: this.#left,
      recovery: this.#recovery,
      seconds: Math.round((Date.now() - began) / 1000),
      passed: this.wrong.length === 0,
      ...(this.wrong.length > 0 && { wrong: this.wrong }),
    });
  }
}

/** The cells of a row in which there is nothing to run, with why. */
function noteEmpty(row: Row): void {
  for (const operation of OPERATIONS) {
    const empty = row[operation];
    if (typeof empty !== "string") continue;
    write({ class: row.class, fault: row.fault, stage: STAGES[row.stage].title, operation, empty, passed: true });
  }
}

function earlier(): Result[] {
  const file = process.env["FAULTS_RESULTS"];
  return file && existsSync(file) ? readResults(file) : [];
}

function write(result: Result): void {
  const file = process.env["FAULTS_RESULTS"];
  if (file) appendFileSync(file, `${JSON.stringify(result)}\n`);
}
