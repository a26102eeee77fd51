/** Reading tap's stream: a line for each test file, everything about what failed, and the numbers at the end. */

/** How many assertions passed and failed. */
export interface Count {
  passed: number;
  failed: number;
}

/** Takes a run's lines one after the other. */
export interface TapReader {
  /** What to show of this line; usually nothing. */
  take(line: string): string[];
  /** The run's count, once tap has written it. */
  count(): Count | undefined;
}

/** Reads the output of `tap run --reporter=tap`. */
export function tapReader(): TapReader {
  let held: string[] = [];
  // the details that follow a failed file's own line belong to it and repeat what was shown
  let details = false;
  let count: Count | undefined;
  return {
    take(line) {
      if (line === "  ---") details = true;
      if (details) {
        if (line === "  ...") details = false;
        return [];
      }
      const summary = /^# \{ total: (\d+)(.*)\}/.exec(line);
      if (summary) {
        const number = (name: string) => Number(new RegExp(`\\b${name}: (\\d+)`).exec(summary[2] ?? "")?.[1] ?? 0);
        count = { passed: number("pass"), failed: number("fail") };
        return [];
      }
      const file = /^(not )?ok \d+ - (.*?)(?: # time=([\d.]+)(ms|s|m))?(?: \{)?$/.exec(line);
      if (!file) {
        held.push(line);
        return [];
      }
      const text = held;
      held = [];
      const time = file[3] ? ` (${Number(file[3]).toFixed(0)} ${file[4]})` : "";
      return file[1] ? [`    FAILED ${file[2]}${time}`, ...failures(text)] : [`    ok ${file[2]}${time}`];
    },
    count: () => count,
  };
}

const indent = (line: string) => line.length - line.trimStart().length;

/** Of a failed file's lines each failed assertion with its details and its test's name; the tail when there is none. */
function failures(lines: string[]): string[] {
  const shown: string[] = [];
  let test = "";
  for (const [at, line] of lines.entries()) {
    if (/^\s*# Subtest: /.test(line)) test = line.trim().slice("# Subtest: ".length);
    // a test that failed because something in it did stands further left than the line before it
    if (!/^\s*not ok \d+/.test(line) || indent(line) < indent(lines[at - 1] ?? "")) continue;
    const rest = lines.slice(at + 1);
    const end = /^\s*---$/.test(rest[0] ?? "") ? rest.findIndex((other) => /^\s*\.\.\.$/.test(other)) : -1;
    const details = rest.slice(0, end + 1);
    const cut = indent(line);
    shown.push(`      in "${test}"`, ...[line, ...details].map((text) => `        ${text.slice(cut)}`));
  }
  return shown.length > 0 ? shown : lines.slice(-40).map((line) => `      ${line}`);
}
