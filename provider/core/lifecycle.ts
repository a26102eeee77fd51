import type { TObject } from "typebox";
import { failure } from "./catalogue.ts";
import { Deadline } from "./deadline.ts";
import { replacingValues } from "./diff.ts";
import { Failure } from "./failure.ts";
import { claim, type Mark, newNonce, shapeOf, tagOf } from "./identity.ts";
import { begin, Operation, Rival } from "./operation.ts";
import type { Action } from "./outcome.ts";
import type { AnyDefinition, CommonInputs, Context, Desired, Seen, Values } from "./resource.ts";
import { inputsIn, nameOf, upgrade } from "./state.ts";
import { resolveTimeouts } from "./timeouts.ts";

/** How often it is decided who goes on with an object before we leave the field to the other. */
const ROUNDS = 4;

/** Runs `work` in the machine's turn, where the change needs one. */
const inTurn = <T>(context: Context<unknown>, key: string | undefined, work: () => Promise<T>): Promise<T> =>
  key === undefined ? work() : context.turns.take(key, work);

/**
 * Makes the object, or goes on with the one that an interrupted create left.
 * @throws HalfMade when something exists that state must know of; Failure when nothing does
 */
export async function create(
  definition: AnyDefinition,
  context: Context<unknown>,
  inputs: Values & CommonInputs,
): Promise<{ id: string; outputs: Values }> {
  return inTurn(context, definition.turn?.(inputs), async () => {
    const deadline = new Deadline(context, "create", resolveTimeouts(definition.timeouts, inputs.timeouts).create);
    const operation = await deadline.within(begin(definition, context, inputs));
    const shape = shapeOf(replacingValues(definition.inputs, inputs));
    const mark: Mark = { tag: tagOf(inputs.identity, operation.place.projectId), shape, nonce: newNonce() };
    const reference: { id?: string; mark: Mark } = { mark };
    const desired: Desired<Values> = { want: "present", inputs, mark, name: nameOf(inputs) };
    const attempt = async (): Promise<Seen> => {
      delete reference.id;
      const id = await deadline.within(takeOver(operation, mark, inputs));
      if (id !== undefined) reference.id = id;
      for (;;) {
        const seen = await operation.reach(desired, reference, "create", inputs.timeouts);
        if (reference.id === undefined) throw failure("unexpected", "the create ended without an object");
        if (!(await operation.settleWithOthers(reference.id, mark, inputs.timeouts))) return seen;
      }
    };
    try {
      let seen: Seen | undefined;
      if (inputs.adopt !== undefined) {
        reference.id = await adopt(operation, inputs.adopt, mark, inputs);
        seen = await operation.reach(desired, reference, "create", inputs.timeouts);
      }
      for (let round = 1; seen === undefined; round++)
        try {
          seen = await attempt();
        } catch (error) {
          if (!(error instanceof Rival)) throw error;
          if (round === ROUNDS) throw failure("taken-over", "other runs keep making the same object");
        }
      const sealed = await operation.seal(reference, seen);
      return { id: reference.id!, outputs: operation.outputs(sealed, inputs) };
    } catch (error) {
      const ours = !(error instanceof Failure && error.code === "taken-over") && !context.signal.aborted;
      if (reference.id === undefined && operation.steps > 0 && ours) await clear(operation, reference, inputs);
      return operation.giveUp(error, reference, inputs);
    }
  });
}

/** Looks for what an interrupted create left, and makes it ours. */
async function takeOver(
  operation: Operation<TObject, TObject, Seen, Action, unknown>,
  mark: Mark,
  inputs: CommonInputs,
): Promise<string | undefined> {
  const { definition, context, label } = operation;
  const found = await definition.find(context, mark.tag);
  const decision = claim(found, mark.shape, operation.claiming);
  if ("refuse" in decision) throw decision.refuse;
  for (const id of decision.remove) {
    context.progress(`${label}: removing ${id}, left unfinished by an earlier run`);
    await operation.removeOther(id, mark, inputs.timeouts);
  }
  if (!("take" in decision)) return undefined;
  context.progress(`${label}: going on with ${decision.take}, left unfinished by an earlier run`);
  const before = found.find((object) => object.id === decision.take)?.mark.nonce;
  if (before !== mark.nonce) operation.replaced = before;
  await operation.requireEngine();
  await definition.mark(context, decision.take, mark);
  return decision.take;
}

/** Takes an existing object under management; refuses one that belongs to another resource. */
async function adopt(
  operation: Operation<TObject, TObject, Seen, Action, unknown>,
  id: string,
  mark: Mark,
  inputs: Values,
): Promise<string> {
  const { definition, context } = operation;
  const seen = await definition.observe(context, { id, mark }, inputs);
  if (seen.id === undefined)
    throw failure("not-found", `there is no ${definition.type} ${id} to adopt`, { path: "adopt" });
  if (seen.mark && seen.mark.tag !== mark.tag)
    throw failure("already-there", `${id} belongs to another resource (mark ${seen.mark.tag})`, {
      path: "adopt",
      next: "take it out of that program's state first, then adopt it here.",
    });
  await definition.mark(context, id, mark);
  return id;
}

/** Removes the parts that a failed create made before the object itself: nobody else would know of them. */
async function clear(
  operation: Operation<TObject, TObject, Seen, Action, unknown>,
  reference: { id?: string; mark: Mark },
  inputs: CommonInputs,
) {
  try {
    await operation.reach({ want: "absent" }, reference, "delete", inputs.timeouts);
  } catch (error) {
    operation.context.warn(
      `${operation.label}: what the failed create left could not be removed: ${operation.explain(error).message}`,
    );
  }
}

/**
 * Brings an existing object to what the program says. It is asked after every partial failure too, changed or not.
 * @throws HalfMade when something was changed before it failed; Failure when nothing was
 */
export async function update(
  definition: AnyDefinition,
  context: Context<unknown>,
  id: string,
  olds: Values,
  inputs: Values & CommonInputs,
): Promise<Values> {
  return inTurn(context, definition.turn?.(inputs, id), async () => {
    const last = upgrade(definition, olds);
    const deadline = new Deadline(context, "update", resolveTimeouts(definition.timeouts, inputs.timeouts).update);
    const operation = await deadline.within(begin(definition, context, inputs, { id, last }));
    const wanted: Mark = {
      tag: tagOf(inputs.identity, operation.place.projectId),
      shape: shapeOf(replacingValues(definition.inputs, inputs)),
    };
    const reference: { id?: string; mark: Mark; last: Values } = { id, mark: wanted, last };
    try {
      const before = await deadline.within(definition.observe(context, reference, inputs));
      if (before.id === undefined) {
        await definition.proveVisible(context, last);
        throw failure("gone", `${id} is gone from the cloud`);
      }
      const unfinished = before.mark?.nonce !== undefined;
      if (unfinished) {
        operation.replaced = before.mark?.nonce;
        reference.mark = { ...wanted, nonce: newNonce() };
      }
      const rename = before.mark?.tag !== wanted.tag || before.mark?.shape !== wanted.shape;
      if (unfinished || rename) await definition.mark(context, id, reference.mark, last);
      let seen = await operation.reach(
        { want: "present", inputs, mark: reference.mark, name: nameOf(inputs), last },
        reference,
        "update",
        inputs.timeouts,
      );
      if (unfinished) seen = await operation.seal(reference, seen, last);
      const trouble = definition.trouble?.(seen);
      if (trouble) context.warn(`${operation.label}: ${trouble}`);
      return operation.outputs(seen, inputs);
    } catch (error) {
      if (operation.steps === 0) throw operation.explain(error, id);
      return operation.giveUp(error, reference, inputs);
    }
  });
}

/** What the cloud shows: outputs, and inputs as they are there. Undefined when the object is certainly gone. */
export async function read(
  definition: AnyDefinition,
  context: Context<unknown>,
  id: string,
  olds: Values,
): Promise<{ id: string; inputs: Values; outputs: Values } | undefined> {
  const last = upgrade(definition, olds);
  const inputs = inputsIn(definition, last) as Values & CommonInputs;
  const operation = await begin(definition, context, inputs, { id, last });
  try {
    const mark: Mark = { tag: tagOf(inputs.identity, operation.place.projectId), shape: "" };
    const seen = await definition.observe(context, { id, mark, last }, inputs);
    if (seen.id === undefined) {
      await definition.proveVisible(context, last);
      return undefined;
    }
    return { id, inputs: operation.actual(seen, inputs), outputs: operation.outputs(seen, inputs) };
  } catch (error) {
    throw operation.explain(error, id);
  }
}

/**
 * Takes away an object that no state knows, with what was made for it. Without an id: what a killed create left of the parts
 * that carry this tag.
 */
export async function discard(
  definition: AnyDefinition,
  context: Context<unknown>,
  found: { readonly id?: string; readonly name?: string; readonly mark: Mark },
): Promise<void> {
  const label = `${definition.type} ${found.name || found.id || found.mark.tag}`;
  return inTurn(context, definition.turn?.({}, found.id), async () => {
    const operation = new Operation(definition, context, await context.place(), label);
    try {
      const { id, mark } = found;
      await operation.reach({ want: "absent" }, { mark, ...(id === undefined ? {} : { id }) }, "delete", undefined);
    } catch (error) {
      throw operation.explain(error, found.id);
    }
  });
}

/** Brings the object to absent. One that is already gone is success, nothing else is. */
export async function remove(
  definition: AnyDefinition,
  context: Context<unknown>,
  id: string,
  olds: Values,
): Promise<void> {
  const last = upgrade(definition, olds);
  const inputs = inputsIn(definition, last) as Values & CommonInputs;
  return inTurn(context, definition.turn?.(inputs, id), async () => {
    const operation = await begin(definition, context, inputs, { id, last });
    try {
      const mark: Mark = { tag: tagOf(inputs.identity, operation.place.projectId), shape: "" };
      await operation.reach({ want: "absent", last }, { id, mark, last }, "delete", inputs.timeouts);
      await definition.proveVisible(context, last);
    } catch (error) {
      throw operation.explain(error, id);
    }
  });
}
