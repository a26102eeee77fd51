/** Property paths such as `disks[0].size` or `tags["a.b"]`, as Pulumi writes them. */

/** The steps of a path: object keys and list indexes; "*" stands for any. */
export type PropertyPath = (string | number)[];

/** A path as text. */
export function pathText(path: PropertyPath): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    if (/[."[\]]/.test(step) || step === "") return `${text}["${step.replaceAll('"', '\\"')}"]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

/** The path that a text names; throws on a text that is none. */
export function parsePath(text: string): PropertyPath {
  const path: PropertyPath = [];
  const step = /^(?:\.?([^.[\]"]+)|\[(\d+)\]|\[\*\]|\["((?:[^"\\]|\\.)*)"\])/;
  let rest = text;
  while (rest !== "") {
    const match = step.exec(rest);
    if (!match) throw new Error(`"${text}" is not a property path`);
    if (match[1] !== undefined) path.push(match[1]);
    else if (match[2] !== undefined) path.push(Number(match[2]));
    else path.push(match[3] === undefined ? "*" : match[3].replaceAll('\\"', '"'));
    rest = rest.slice(match[0].length);
  }
  return path;
}

/** Whether `path` is `pattern` or lies below it; "*" in the pattern matches any step. */
export function pathContains(pattern: PropertyPath, path: PropertyPath): boolean {
  return (
    pattern.length <= path.length &&
    pattern.every((step, index) => step === "*" || String(step) === String(path[index]))
  );
}
