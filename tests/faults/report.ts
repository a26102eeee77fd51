/** The matrix with what came out of it, as a page. */
import { cellKey } from "./results.ts";
import { cellsToShow, type Shown } from "./shown.ts";
import type { Result } from "./table.ts";

/** When, where and on what the results were made. */
export interface Circumstances {
  readonly date: string;
  readonly cloud: string;
  readonly machine: string;
}

const HEAD = `# Faults, on a real OpenStack

Every failure that the test cloud can be made to have (\`tests/cloud/README.md\`), under each of the four things that one does with a
program. \`up\`, \`refresh\` or \`destroy\` runs with the fault; then the fault is ended and the same command runs once more. Shown is which
code of [failures.md](failures.md) it ended with, or that it *went on* by itself; what was left; and what the next command made of it.

| left | means |
| --- | --- |
| nothing | no object in the cloud and none in state |
| half-made | state holds the object with the reason why it is not whole, and the cloud has exactly this one |
| as before | state and cloud hold what they held |
| whole | exactly one object, as the program wants it |
| released | the tenant has nothing any more, and state still knows of it because the cloud is not done with it |
`;

/** Writes the page. Cells without a result say so. */
export function report(results: readonly Result[], at: Circumstances): string {
  const last = new Map(results.map((result) => [cellKey(result), result]));
  const cells = cellsToShow();
  const ran = cells.flatMap((cell) => last.get(cellKey(cell)) ?? []).filter((result) => result.got !== undefined);
  const passed = ran.filter((result) => result.passed).length;
  const empty = cells.filter(({ empty }) => empty !== undefined).length;
  const missing = cells.length - empty - ran.length;
  const seconds = ran.reduce((sum, result) => sum + (result.seconds ?? 0), 0);
  const stages = [...new Set(cells.map(({ stage }) => stage))];
  const totals = [
    `${cells.length} cells`,
    `${passed} as they should be`,
    `${ran.length - passed} not`,
    `${missing} not run`,
    `${empty} in which there is nothing to run`,
    `${Math.round(seconds / 60)} minutes`,
  ].join(", ");
  const sections = stages.map((stage) => {
    const lines = cells.filter((cell) => cell.stage === stage).map((cell) => line(cell, last.get(cellKey(cell))));
    return `## ${stage[0]!.toUpperCase()}${stage.slice(1)}\n\n| fault | operation | what came out | left | then | s |\n| --- | --- | --- | --- | --- | --- |\n${lines.join("\n")}\n`;
  });
  const about = `Written by \`npm run faults\` on ${at.date}, on ${at.cloud}; ${at.machine}.\n\n**${totals}.**\n`;
  return [HEAD, about, ...sections].join("\n");
}

function line(cell: Shown, result: Result | undefined): string {
  const { fault, operation, empty } = cell;
  if (empty !== undefined) return row(fault, operation, `– ${empty}`, "", "", "");
  if (result?.got === undefined) return row(fault, operation, "not run", "", "", "");
  const got = result.got === "went on" ? "went on" : `\`${result.got}\``;
  const wrong = result.passed ? "" : ` **not as it should be** (${result.expected}): ${oneLine(result.wrong ?? [])}`;
  return row(fault, operation, got + wrong, result.left ?? "", result.recovery ?? "", String(result.seconds ?? ""));
}

const oneLine = (wrong: readonly string[]) => wrong.join("; ").replace(/\s+/g, " ").replaceAll("|", "/").slice(0, 300);
const row = (...columns: string[]) => `| ${columns.join(" | ")} |`;
