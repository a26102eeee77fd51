import type { Op } from "../engine/index.ts";
import type { Change, RunError } from "./resources.ts";

/** One thing that was done or happened in a rehearsal. */
export interface Step {
  /** Seconds since the start. */
  readonly at: number;
  /** What it took, in seconds; 0 for what just happens. */
  readonly seconds: number;
  /** A run of the program, trouble, the end of trouble, a look at the sandbox. */
  readonly kind: "run" | "trouble" | "over" | "check";
  /** `preview`, `up`, `Server first (machine bm-0) is switched off by somebody`. */
  readonly title: string;
  /** How it ended: `3 created`. */
  readonly text: string;
  /** Whether that was to be expected. */
  readonly ok: boolean;
  /** Why it is as expected although it failed, or why it is not although it did not. */
  readonly note?: string;
  readonly changes: readonly Change[];
  readonly errors: readonly RunError[];
}

/** A whole rehearsal. */
export interface Report {
  readonly project: string;
  readonly stack: string;
  /** Simulated machines in the sandbox. */
  readonly machines: number;
  /** Times faster than hardware. */
  readonly speed: number;
  readonly ok: boolean;
  /** What was not as expected; undefined where all was. */
  readonly reason: string | undefined;
  readonly seconds: number;
  readonly steps: readonly Step[];
}

/** Signs of operations, as pulumi writes them. */
export const SIGNS: Partial<Record<Op, string>> = {
  create: "+",
  import: "=",
  update: "~",
  delete: "-",
  replace: "+-",
};

const DONE: Partial<Record<Op, readonly [doing: string, done: string]>> = {
  create: ["create", "created"],
  import: ["import", "imported"],
  update: ["update", "updated"],
  replace: ["replace", "replaced"],
  delete: ["delete", "deleted"],
};

/** `3 created, 1 updated`, or in a preview `3 to create`. */
export function countsOf(
  changes: readonly Change[],
  preview: boolean,
  words: Partial<Record<Op, string>> = {},
): string {
  const counts = new Map<Op, number>();
  for (const { op } of changes) counts.set(op, (counts.get(op) ?? 0) + 1);
  const parts = (Object.keys(DONE) as Op[])
    .filter((op) => counts.has(op))
    .map((op) => `${counts.get(op)} ${words[op] ?? (preview ? `to ${DONE[op]![0]}` : DONE[op]![1])}`);
  return parts.join(", ") || "nothing to do";
}

/** `~ Server first: power`: a change in one line. */
export function lineOf({ op, type, name, properties }: Change): string {
  const which = op === "update" || op === "replace" ? properties.join(", ") : "";
  return `${SIGNS[op] ?? op} ${type} ${name}${which ? `: ${which}` : ""}`;
}

/** The first line of an error's message, without the resource in front where that is said anyway. */
export function headOf(error: RunError): string {
  const head = error.message.split("\n")[0]!.replace(/^error: /, "");
  return error.resource && !head.startsWith(error.resource) ? `${error.resource}: ${head}` : head;
}

/** A text that is cut where it is longer than a line or two. */
export const shortened = (text: string, longest = 200): string =>
  text.length > longest ? `${text.slice(0, longest).trimEnd()}…` : text;

/** How long something took: `3 s`, `2 min 5 s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  return whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole / 60} min`;
}

/** The verdict in one sentence. */
export function verdictOf(report: Report): string {
  if (!report.ok) return `Not as expected: ${report.reason}`;
  const runs = report.steps.filter(({ kind }) => kind === "run");
  const ups = runs.filter(({ title }) => title.startsWith("up")).flatMap(({ changes }) => changes);
  const made = new Set(ups.filter(({ op }) => op === "create").map(({ type, name }) => `${type} ${name}`)).size;
  const troubles = report.steps.filter(({ kind }) => kind === "trouble").length;
  const parts = [
    `${made} resource${made === 1 ? "" : "s"} made`,
    "nothing to do the second time",
    ...(troubles > 0 ? [`${troubles} event${troubles === 1 ? "" : "s"} weathered`] : []),
    report.steps.some(({ title, note }) => title === "destroy" && note)
      ? "kept as protected"
      : "nothing left after destroy",
  ];
  return `As expected: ${parts.join(", ")}.`;
}
