import type { Teller } from "./course.ts";
import { headOf, lineOf, type Report, type Step, verdictOf } from "./report.ts";

/** Where the words of a line begin: after `+ 123 s  `. */
const MARGIN = 9;

/** `+  12 s  `: when something was, in front of its line. */
export const stamp = (seconds: number): string => `+${String(Math.floor(seconds)).padStart(4)} s  `;

/** Writes a rehearsal as it goes, for somebody who watches. */
export function textTeller(say: (line: string) => void): Teller {
  const indent = " ".repeat(MARGIN);
  return {
    begins: (at, title) => say(`${stamp(at)}${title}`),
    line: (at, text) => say(`${stamp(at)}  ${text}`),
    ended(step) {
      const { kind, title, text, ok, note, at, seconds } = step;
      if (kind === "trouble") say(`${stamp(at)}! ${title}`);
      else if (kind === "over") say(`${stamp(at)}! over: ${title}`);
      else if (kind === "check") say(`${stamp(at)}${title}: ${text}${ok ? "" : "  <- not as expected"}`);
      else {
        for (const line of messagesOf(step)) say(`${indent}  ${line}`);
        const verdict = ok ? note && ` (${note})` : `  <- not as expected${note ? `: ${note}` : ""}`;
        say(`${stamp(at + seconds)}  ${text}${verdict ?? ""}`);
      }
    },
  };
}

/** The messages of what failed in a step, line by line. */
function messagesOf({ errors }: Step): string[] {
  return errors.flatMap((error) => [headOf(error), ...error.message.split("\n").slice(1)]);
}

/** What is said before the start. */
export function opening(report: Pick<Report, "project" | "stack" | "machines" | "speed">): string[] {
  return [
    `Rehearsal of ${report.project} (stack ${report.stack}) on a sandbox with ${report.machines} simulated machines. No account and no`,
    `cloud is used. The simulated hardware is ${report.speed} times faster than real one: a second here is ${pace(report.speed)} there.`,
    "",
  ];
}

/** What a second of the rehearsal is on hardware. */
export function pace(speed: number): string {
  if (speed < 60) return `${speed} s`;
  return `${Math.round((speed / 60) * 10) / 10} min`;
}

/** What is said at the end. */
export function closing(report: Report): string[] {
  return ["", `${verdictOf(report)} (${Math.round(report.seconds)} s)`];
}

/** A finished rehearsal as it was told while it went. */
export function transcriptOf(report: Report): string {
  const lines: string[] = [];
  const teller = textTeller((line) => void lines.push(line));
  for (const step of report.steps) {
    if (step.kind === "run") teller.begins(step.at, step.title);
    if (step.kind === "run") for (const change of step.changes) teller.line(step.at, lineOf(change));
    teller.ended(step);
  }
  return `${[...opening(report), ...lines, ...closing(report)].join("\n")}\n`;
}
