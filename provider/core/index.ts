export { catalogue, failure, type FailureCode } from "./catalogue.ts";
export { type Clock, systemClock } from "./clock.ts";
export { converge, type Loop } from "./converge.ts";
export { changedInputs, clean, replacingInputs, replacingValues } from "./diff.ts";
export { Failure, type FailureDetails, formatDuration, type Mover } from "./failure.ts";
export * from "./identity.ts";
export { type AnyDefinition, check, create, diff, HalfMade, inputsIn, labelOf, read, remove, update, upgrade } from "./lifecycle.ts";
export { type Action, sameAction, type Step, timesTaken, type Wait } from "./outcome.ts";
export {
  type CommonInputs,
  type CommonOutputs,
  commonInputs,
  commonOutputs,
  type Context,
  type Definition,
  defineResource,
  type Desired,
  type Reference,
  type Seen,
} from "./resource.ts";
export { type CustomTimeouts, parseDuration, resolveTimeouts, type Timeouts } from "./timeouts.ts";
export { Turns } from "./turns.ts";
export { hasUnknown, isUnknown, UNKNOWN } from "./unknown.ts";
export { closest, type ObjectSchema, type Problem, type PropertySchema, validate, VOCABULARY } from "./validation.ts";
