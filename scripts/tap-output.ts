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
  let count: Count | undefined;
  return {
    take(line) {
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

/** Of a failed file's lines those from each innermost "not ok" to the end of its details, and what was no TAP at all. */
function failures(lines: string[]): string[] {
  const shown: string[] = [];
  let inside = false;
  let details = false;
  for (const line of lines) {
    const start = /^\s*not ok \d+/.test(line);
    if (start) inside = true;
    if (inside) shown.push(`      ${line}`);
    if (inside && /^\s*---$/.test(line)) details = true;
    if (inside && ((details && /^\s*\.\.\.$/.test(line)) || (!start && !details))) {
      inside = false;
      details = false;
    }
  }
  return shown.length > 0 ? shown : lines.slice(-40).map((line) => `      ${line}`);
}
