import { replacingInputs } from "./diff.ts";
import type { AnyDefinition, Values } from "./resource.ts";
import { labelOf } from "./state.ts";
import { type ObjectSchema, type Problem, validate } from "./validation.ts";

/** Fills defaults and says everything that is wrong with the inputs. Asks no cloud. */
export function check(
  definition: AnyDefinition,
  olds: Values | undefined,
  news: Values,
): { inputs: Values; problems: Problem[] } {
  const schema = definition.inputs as unknown as ObjectSchema;
  const inputs: Values = { ...news };
  for (const [name, property] of Object.entries(schema.properties))
    if (inputs[name] === undefined && property.default !== undefined) inputs[name] = property.default;
  inputs["condition"] = "ready";
  const problems = validate(schema, inputs);
  if (!problems.length) problems.push(...(definition.problems?.(inputs, olds) ?? []));
  return { inputs, problems };
}

/**
 * Which changed inputs need a new object. What merely changed the engine finds by itself.
 * @throws Failure for a change that must not be made, so that preview tells of it
 */
export function diff(
  definition: AnyDefinition,
  olds: Values,
  news: Values,
): { replaces: string[]; deleteBeforeReplace: boolean } {
  const refused = definition.refuse?.(olds, news);
  if (refused) throw refused.with({ resource: labelOf(definition, news) });
  const replaces = replacingInputs(definition.inputs as unknown as ObjectSchema, olds, news).filter(
    (name) => !definition.stays?.(name, olds, news),
  );
  return { replaces, deleteBeforeReplace: replaces.length > 0 && definition.deleteBeforeReplace };
}
