import type { Static, TObject } from "typebox";
import { failure } from "./catalogue.ts";
import { converge } from "./converge.ts";
import { Failure } from "./failure.ts";
import { canonical, claim, type Mark, type Place, settle } from "./identity.ts";
import type { Action } from "./outcome.ts";
import type { CommonInputs, Context, Definition, Desired, Reference, Seen, Values } from "./resource.ts";
import { HALF_MADE, labelOf } from "./state.ts";
import { resolveTimeouts, type Timeouts } from "./timeouts.ts";

/** Something was made or changed, and then it failed: the id and outputs must reach state together with the reason. */
export class HalfMade extends Error {
  readonly id: string;
  readonly outputs: Values;
  readonly reasons: string[];
  constructor(id: string, outputs: Values, cause: Failure) {
    super(cause.message, { cause });
    this.name = "HalfMade";
    this.id = id;
    this.outputs = outputs;
    this.reasons = [cause.message];
  }
}

/** Another run has begun the same object since we looked: who goes on with which must be decided again. */
export class Rival extends Error {}

const withoutNonce = ({ nonce: _, ...mark }: Mark): Mark => mark;

/** How long a last look may take for what goes into state, in milliseconds. */
const LAST_LOOK = 20_000;

/** What it answers; undefined where it fails or takes long. */
async function soon<T>(work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, LAST_LOOK, undefined);
    timer.unref();
  });
  return Promise.race([work.catch(() => undefined), late]).finally(() => clearTimeout(timer));
}

/** One operation on one object: everything that create, update, read and delete share. */
export class Operation<I extends TObject, O extends TObject, S extends Seen, A extends Action, Cloud> {
  readonly definition: Definition<I, O, S, A, Cloud>;
  readonly context: Context<Cloud>;
  readonly place: Place;
  readonly label: string;
  /** How many steps were taken: whether a failure leaves something changed behind. */
  steps = 0;
  /** The nonce in whose place we wrote ours. Seen again, our write was lost: Nova loses one in the first moment of a build. */
  replaced: string | undefined;

  constructor(definition: Definition<I, O, S, A, Cloud>, context: Context<Cloud>, place: Place, label: string) {
    this.definition = definition;
    this.context = context;
    this.place = place;
    this.label = label;
  }

  /** Converges the object that `reference` names to what is desired. The id of a new object is put into the reference. */
  async reach(
    desired: Desired<Static<I>, Static<O>>,
    reference: { id?: string; mark: Mark; last?: Partial<Static<O>> },
    operation: keyof Timeouts,
    custom: CommonInputs["timeouts"],
  ): Promise<S> {
    const { definition, context } = this;
    const inputs = desired.want === "present" ? desired.inputs : undefined;
    const beginning = desired.want === "present" && reference.last === undefined;
    let looks = 0;
    return converge<S, A>(context, {
      label: this.label,
      operation,
      limit: resolveTimeouts(definition.timeouts, custom)[operation],
      observe: async () => {
        const look = () => definition.observe(context, reference as Reference<Static<O>>, inputs);
        let seen = await look();
        if (seen.id !== undefined && this.isLost(seen)) {
          await definition.mark(context, seen.id, reference.mark, reference.last);
          seen = await look();
        }
        if (seen.id !== undefined) reference.id = seen.id;
        // A create may take its own failed object away and begin another; what state knows by its id keeps it.
        else if (beginning) {
          delete reference.id;
          if (looks++ > 0) await this.standsAlone(reference.mark);
        }
        return seen;
      },
      next: (seen, taken) => {
        const nonce = seen.mark?.nonce;
        if (desired.want === "absent" && desired.beside && seen.mark && !nonce)
          return { failed: failure("taken-over", "another run has finished this object") };
        if (this.isLost(seen)) return { wait: { for: "our mark to be written", interval: 2 } };
        if (desired.want === "present" && reference.mark.nonce && seen.mark && nonce !== reference.mark.nonce)
          return {
            failed: failure(
              "taken-over",
              nonce ? "another run writes its own mark on this object" : "another run has finished this object",
            ),
          };
        return definition.next(desired, seen, taken);
      },
      perform: async (action) => {
        this.steps++;
        const id = await definition.perform(context, action);
        if (id !== undefined) reference.id = id;
      },
    });
  }

  /** @throws Rival where another run's object with our tag has come up since the create began */
  async standsAlone(mark: Mark): Promise<void> {
    const all = await this.definition.find(this.context, mark.tag);
    const found = all.filter((object) => object.mark.nonce !== mark.nonce);
    const decision = claim(found, mark.shape, this.claiming);
    if (!("create" in decision) || decision.remove.length > 0) throw new Rival();
  }

  /** How this resource claims what carries its tag. */
  get claiming() {
    return { deleteBeforeReplace: this.definition.deleteBeforeReplace, label: this.label };
  }

  /**
   * Takes an unfinished object away that carries our tag and is not to stay. Our nonce on it first: its maker, if he still
   * works, stops. It is looked at before, and at each step. No service can compare and write in one go: a maker whose
   * engine lives and who seals between our look and our mark loses it. An engine that is gone never lets anybody seal.
   * @throws Rival where it was finished meanwhile
   */
  async removeOther(id: string, mark: Mark, custom: CommonInputs["timeouts"]): Promise<void> {
    const look = () => this.definition.observe(this.context, { id, mark: withoutNonce(mark) });
    const seen = await look();
    if (seen.id === undefined) return;
    if (seen.mark && !seen.mark.nonce) throw new Rival();
    await this.requireEngine();
    try {
      await this.definition.mark(this.context, id, mark);
    } catch (error) {
      if ((await look()).id !== undefined) throw error;
    }
    await this.removeBeside(id, mark, custom);
  }

  /** Brings one of several objects with our tag to absent; what they share stays. */
  async removeBeside(id: string, mark: Mark, custom: CommonInputs["timeouts"]): Promise<void> {
    await this.reach({ want: "absent", beside: true }, { id, mark: withoutNonce(mark) }, "delete", custom);
  }

  /**
   * Leaves one object of ours, whatever others have made since the create began. Answers whether some of theirs had to go.
   * @throws Rival where ours had to go
   */
  async settleWithOthers(id: string, mark: Mark, custom: CommonInputs["timeouts"]): Promise<boolean> {
    const decision = settle(await this.definition.find(this.context, mark.tag), { id, mark }, this.claiming);
    if ("yieldTo" in decision) {
      this.context.progress(`${this.label}: ${decision.yieldTo} was there before ${id}, removing ${id}`);
      await this.removeBeside(id, mark, custom);
      throw new Rival();
    }
    for (const twin of decision.remove) {
      this.context.progress(`${this.label}: removing ${twin}, made twice`);
      await this.removeOther(twin, mark, custom);
    }
    return decision.remove.length > 0;
  }

  /** Whether the mark that we wrote when we took the object over is not there. */
  isLost(seen: S): boolean {
    return this.replaced !== undefined && seen.mark?.nonce === this.replaced;
  }

  outputs(seen: S, inputs: Static<I>): Values {
    const { definition } = this;
    return {
      ...(this.actual(seen, inputs) as Values),
      ...definition.result(seen, inputs),
      place: this.place,
      stateVersion: definition.stateVersion,
    };
  }

  /** The inputs as they are in the cloud, with what is wrong as the computed `condition`. */
  actual(seen: S, inputs: Static<I>): Values {
    const trouble = seen.mark?.nonce ? HALF_MADE : this.definition.trouble?.(seen);
    return { ...(this.definition.actual(seen, inputs) as Values), condition: trouble ?? "ready" };
  }

  /** Turns what was thrown into a failure that names resource and object. */
  explain(error: unknown, id?: string): Failure {
    const known =
      error instanceof Failure
        ? error
        : failure("unexpected", error instanceof Error ? (error.stack ?? error.message) : String(error), {
            cause: error,
          });
    return known.with({ resource: this.label, where: id });
  }

  /**
   * What failed, with the object as it was last seen where there is one. An object that a create took away again, or
   * that another run has taken over, must not reach this run's state.
   */
  async giveUp(error: unknown, reference: Reference<Static<O>>, inputs: Static<I>): Promise<never> {
    const cause = this.explain(error, reference.id);
    if (reference.id === undefined || cause.code === "taken-over") throw cause;
    const seen = await soon(this.definition.observe(this.context, reference, inputs));
    if (seen && seen.id === undefined && reference.last === undefined) throw cause;
    const outputs = seen?.id
      ? this.outputs(seen, inputs)
      : {
          ...(inputs as Values),
          ...reference.last,
          condition: HALF_MADE,
          place: this.place,
          stateVersion: this.definition.stateVersion,
        };
    throw new HalfMade(reference.id, outputs, cause);
  }

  /** An engine that is gone can be followed by another run: from then on nothing is sealed, taken over or cleared away. */
  async requireEngine(): Promise<void> {
    if (await this.context.engineAlive()) return;
    throw failure(
      "interrupted",
      "the engine that asked for this is gone; the object stays unfinished and the next run goes on from it",
    );
  }

  /** The last act of a create: only with our nonce still there and the engine that asked still alive. */
  async seal(reference: { id?: string; mark: Mark }, seen: S, last?: Partial<Static<O>>): Promise<S> {
    await this.requireEngine();
    const sealed = withoutNonce(reference.mark);
    await this.definition.mark(this.context, reference.id!, sealed, last);
    return { ...seen, mark: sealed };
  }
}

/** Begins an operation on a resource, in the place where it stands; `known` is what state has of it. */
export async function begin<I extends TObject, O extends TObject, S extends Seen, A extends Action, Cloud>(
  definition: Definition<I, O, S, A, Cloud>,
  context: Context<Cloud>,
  inputs: Partial<CommonInputs>,
  known?: { readonly id: string; readonly last: Values },
) {
  const label = labelOf(definition, inputs);
  const was = known?.last["place"] as Place | undefined;
  const about = { resource: label, where: known?.id };
  let place: Place;
  try {
    place = await context.place();
  } catch (error) {
    throw error instanceof Failure ? error.with(about) : error;
  }
  if (was && canonical(was) !== canonical(place)) {
    const show = (at: Place) => `${at.authUrl}, region ${at.region}, project ${at.projectId}`;
    throw failure("wrong-cloud", `it was made at ${show(was)}, but the configuration points at ${show(place)}`, about);
  }
  return new Operation(definition, context, place, label);
}
