/** What the user says about creates whose end was never recorded. */
import type { Snapshot } from "./checkpoint.ts";

/**
 * Marks interrupted creates as imports. As in the real engine, the next write of the state then drops them, and what was
 * made is not taken over: the next update creates again. Returns warnings.
 */
export function importPendingCreates(base: Snapshot, given: readonly { urn: string; id: string }[]): string[] {
  return given.flatMap(({ urn, id }) => {
    const pending = base.pendingOperations.find(({ resource, type }) => type === "creating" && resource.urn === urn);
    if (!pending) return [`"${urn}" did not correspond to a pending create`];
    pending.resource = { ...pending.resource, id };
    pending.type = "importing";
    return [`the pending create of "${urn}" is forgotten, but "${id}" is not taken into the state of this stack`];
  });
}
