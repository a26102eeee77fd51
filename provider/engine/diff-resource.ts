/** Asks a provider what differs and completes an answer that says "unknown". */
import type { DiffResult } from "./diff.ts";
import { diffInputs, resetIgnored } from "./diff.ts";
import type { DiffRequest, Provider } from "./provider.ts";
import type { RunContext } from "./run-context.ts";
import type { PropertyMap } from "./values.ts";
import { mapWithoutSecrets } from "./values.ts";

/** The provider's diff; where it leaves the question open, the engine's own comparison of inputs. */
export async function diffResource(run: RunContext, provider: Provider, request: DiffRequest): Promise<DiffResult> {
  const diff = await provider.diff(request);
  if (diff.changes !== "unknown") return diff;
  const inputs = ignoreChanges(run, request.urn, request.newInputs, request.oldInputs, request.ignoreChanges);
  const found = diffInputs(mapWithoutSecrets(request.oldInputs), mapWithoutSecrets(inputs));
  if (found.changedKeys.length === 0) return { ...diff, changes: "none" };
  return { ...diff, ...found, changes: "some" };
}

/** The new inputs with the old values at the paths of ignoreChanges. */
export function ignoreChanges(
  run: RunContext,
  urn: string,
  inputs: PropertyMap,
  oldInputs: PropertyMap,
  paths: string[],
): PropertyMap {
  if (paths.length === 0) return inputs;
  const { inputs: reset, impossible } = resetIgnored(inputs, oldInputs, paths);
  if (impossible.length > 0)
    run.inform(urn, `cannot ignore changes in added or removed elements of the path: "${impossible.join(", ")}"`);
  return reset;
}
