import { duration, headOf, lineOf, type Report, type Step, shortened, verdictOf } from "./report.ts";
import { pace } from "./text.ts";

/** A rehearsal as Markdown, for a comment of a pull request or a job's summary. */
export function markdownOf(report: Report): string {
  const { project, stack, machines, speed, seconds, steps } = report;
  const plan = steps.find(({ title }) => title === "preview");
  const failed = steps.filter(({ errors }) => errors.length > 0);
  return [
    `### ${report.ok ? "✅" : "❌"} Rehearsal of ${code(project)}, stack ${code(stack)}`,
    "",
    text(verdictOf(report)),
    "",
    ...(plan && plan.changes.length > 0 ? ["```diff", ...plan.changes.map((change) => lineOf(change)), "```", ""] : []),
    "| when | what | how it ended |",
    "| ---: | --- | --- |",
    ...steps.map(row),
    "",
    ...failed.flatMap(details),
    `<sub>On a sandbox with ${machines} simulated machines, ${speed} times faster than hardware (a second here is ${pace(speed)} there), in ${duration(seconds)}. No account and no cloud was used.</sub>`,
    "",
  ].join("\n");
}

function row(step: Step): string {
  const { at, kind, title, text: ending, ok, note, changes } = step;
  const what = kind === "trouble" ? `⚡ ${text(title)}` : kind === "over" ? `over: ${text(title)}` : text(title);
  const verdict = ok ? (note ? ` (${text(note)})` : "") : `${note ? `: ${text(note)}` : ""} ❌`;
  const updates = changes.filter(({ op }) => op === "update" || op === "replace").slice(0, 3);
  const which =
    updates.length > 0 ? ` (${text(updates.map((change) => lineOf(change).replace(/^\S+ /, "")).join("; "))})` : "";
  const how = kind === "run" || kind === "check" ? `${text(ending)}${which}${verdict}` : "";
  return `| + ${Math.floor(at)} s | ${what} | ${how} |`;
}

/** What failed in a step, folded away where that was expected. */
function details({ title, errors, ok }: Step): string[] {
  return [
    `<details${ok ? "" : " open"}><summary>${escaped(title)}: ${errors.map((error) => escaped(shortened(headOf(error), 120))).join("; ")}</summary>`,
    "",
    "```text",
    ...errors.map(({ message }) => message.replaceAll("```", "'''")),
    "```",
    "",
    "</details>",
    "",
  ];
}

const escaped = (words: string): string =>
  words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** Words within a paragraph or a cell of a table: one line, and nothing of it is Markdown. */
const text = (words: string): string =>
  escaped(words)
    .replace(/\s*\n\s*/g, " ")
    .replace(/([\\`*_[\]|~])/g, "\\$1");

const code = (words: string): string => `\`${words.replaceAll("`", "'")}\``;
