import { failure } from "./catalogue.ts";
import type { AnyDefinition, CommonInputs, Values } from "./resource.ts";
import { isUnknown } from "./unknown.ts";
import type { ObjectSchema } from "./validation.ts";

/** The condition of an object whose create did not finish. */
export const HALF_MADE = "half-made: its create was interrupted";

/** Whether these outputs are of an object whose create did not finish: nothing on it is worth guarding yet. */
export const isHalfMade = (outputs: Partial<CommonInputs>): boolean => outputs.condition === HALF_MADE;

/** How messages call a resource: `Server db`. */
export const labelOf = (definition: AnyDefinition, inputs: Partial<CommonInputs>): string =>
  `${definition.type} ${nameOf(inputs)}`.trim();

/** The logical name: what stands behind project, stack and type, slashes and all. */
export const nameOf = (inputs: Partial<CommonInputs>): string =>
  isUnknown(inputs.identity) ? "" : (inputs.identity ?? "").split("/").slice(3).join("/");

/** The inputs that outputs echo. */
export function inputsIn(definition: AnyDefinition, outputs: Values): Values {
  const names = Object.keys((definition.inputs as unknown as ObjectSchema).properties);
  return Object.fromEntries(names.filter((name) => outputs[name] !== undefined).map((name) => [name, outputs[name]]));
}

/** State of an older release, brought up step by step. */
export function upgrade(definition: AnyDefinition, outputs: Values): Values {
  let state = outputs;
  for (
    let version = Number(state["stateVersion"] ?? definition.stateVersion);
    version < definition.stateVersion;
    version++
  ) {
    const step = definition.upgrade?.[version];
    if (!step)
      throw failure("unexpected", `state of version ${version} cannot be brought to ${definition.stateVersion}`);
    state = { ...step(state), stateVersion: version + 1 };
  }
  if (Number(state["stateVersion"] ?? 0) > definition.stateVersion)
    throw failure(
      "version-too-old",
      `this state was written by a newer release of pulumi-baremetal (state version ${state["stateVersion"]})`,
      {
        mover: "you",
        next: "install the release that wrote it, or a newer one.",
      },
    );
  return state;
}
