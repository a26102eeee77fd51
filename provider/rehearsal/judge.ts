import { codeOf, isFailure, type RehearsalEvent } from "./events.ts";
import { type Node, nodeName } from "./machines.ts";
import type { Run } from "./rehearsal.ts";
import type { RehearsedResource } from "./resources.ts";

/** Whether a run ended as the events say. */
export function judge(
  run: Pick<Run, "ok" | "errors">,
  events: readonly RehearsalEvent[],
  early: boolean,
): { ok: boolean; note?: string } {
  const wanted = events.filter(isFailure);
  const codes = wanted.map(codeOf).filter((code) => code !== undefined);
  const named = codes.length > 0 ? ` with ${codes.join(" and ")}` : "";
  if (run.ok) return wanted.length === 0 || early ? { ok: true } : { ok: false, note: `it should have failed${named}` };
  if (run.errors.some(({ code }) => code === "limit")) return { ok: false };
  if (wanted.length > 0) {
    const seen = run.errors.map(({ code }) => code);
    if (codes.every((code) => seen.includes(code))) return { ok: true, note: "as expected" };
    const others = seen.filter((code) => code !== undefined).join(", ");
    return {
      ok: false,
      note: others
        ? `it should have failed${named}, not with ${others}`
        : `it should have failed${named}, not like this`,
    };
  }
  return events.length > 0 ? { ok: true, note: "it is tried once more" } : { ok: false };
}

/** Whether a refresh shows what happened, where no more than that is expected. */
export function noticed(run: Pick<Run, "ok" | "changes">): { ok: boolean; note?: string } {
  return run.ok && run.changes.length === 0 ? { ok: false, note: "nothing of it shows" } : { ok: run.ok };
}

/** What is wrong with the machine of a Server after something befell it and the program was run again; undefined where all is well. */
export function machineTrouble(server: RehearsedResource, node: Node): string | undefined {
  if (server.inputs["power"] === "off" || node.power_state === "power on") return undefined;
  const hint = server.inputs["power"] === undefined ? ' (the program does not ask for power: "on")' : "";
  return `is on ${nodeName(node)}, which is ${node.power_state === null ? "in an unknown power state" : "off"}${hint}`;
}
