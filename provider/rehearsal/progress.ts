import type { EngineEvent } from "../engine/index.ts";
import { SIGNS } from "./report.ts";
import { nameOf, propertiesOf, shortType } from "./resources.ts";

const STEPS = new Set(["create", "update", "delete", "create-replacement", "delete-replaced"]);
const NOT_OWN = /^pulumi:(pulumi:Stack|providers:)/;

/** What an event of the engine says to somebody who watches: a resource that is done; undefined for all else. */
export function progressOf(event: EngineEvent): string | undefined {
  if (event.kind !== "step-end" && event.kind !== "step-failed") return undefined;
  const { op, urn, type, new: made, internal } = event.step;
  if (internal || !STEPS.has(op) || NOT_OWN.test(type)) return undefined;
  const sign = SIGNS[op] ?? (op === "create-replacement" ? "+" : "-");
  const what = `${sign} ${shortType(type)} ${nameOf(urn)}`;
  if (event.kind === "step-failed") return `${what} failed`;
  const which = op === "update" ? propertiesOf(event.step) : [];
  if (which.length > 0) return `${what}: ${which.join(", ")}`;
  const node = op.startsWith("create") ? made?.outputs["nodeName"] : undefined;
  return typeof node === "string" ? `${what} on ${node}` : what;
}
