export { catalogue, type FailureCode, failure } from "./catalogue.ts";
export { type Clock, systemClock } from "./clock.ts";
export { converge } from "./converge.ts";
export { changedInputs, clean, replacingInputs, replacingValues } from "./diff.ts";
export { Failure, type FailureDetails, formatDuration, type Mover } from "./failure.ts";
export * from "./identity.ts";
export { create, discard, read, remove, update } from "./lifecycle.ts";
export { HalfMade } from "./operation.ts";
export { type Action, type Step, sameAction, timesTaken, type Wait } from "./outcome.ts";
export { check, diff } from "./plan.ts";
export {
  type AnyDefinition,
  type CommonInputs,
  type CommonOutputs,
  type Context,
  commonInputs,
  commonOutputs,
  type Definition,
  type Desired,
  defineResource,
  type FoundParts,
  type Reference,
  type Seen,
  type Values,
} from "./resource.ts";
export { inputsIn, isHalfMade, labelOf, upgrade } from "./state.ts";
export { type CustomTimeouts, parseDuration, resolveTimeouts, type Timeouts } from "./timeouts.ts";
export { Turns } from "./turns.ts";
export { hasUnknown, isUnknown, UNKNOWN } from "./unknown.ts";
export { type ObjectSchema, type Problem, type PropertySchema, validate } from "./validation.ts";
