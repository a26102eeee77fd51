/**
 * What Pulumi puts in the place of every value that is not known yet, whatever its type (sdk: `rpc.unknownValue`).
 * Anything that looks at inputs must let it pass.
 */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether this value itself is not known yet. */
export const isUnknown = (value: unknown): boolean => value === UNKNOWN;

/** Whether this value or anything inside it is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (isUnknown(value)) return true;
  if (Array.isArray(value)) return value.some(hasUnknown);
  return typeof value === "object" && value !== null && Object.values(value).some(hasUnknown);
}
