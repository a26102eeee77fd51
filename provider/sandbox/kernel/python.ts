import { isObject } from "./input.ts";

/** A value as Python's `repr` writes it: error messages of the services have it so. */
export function repr(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") {
    const escaped = value
      .replaceAll("\\", "\\\\")
      .replaceAll("\n", "\\n")
      .replaceAll("\r", "\\r")
      .replaceAll("\t", "\\t");
    return escaped.includes("'") && !escaped.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`;
  }
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (isObject(value))
    return `{${Object.entries(value)
      .map(([key, one]) => `${repr(key)}: ${repr(one)}`)
      .join(", ")}}`;
  return String(value);
}

/** A value as Python's `str` writes it: a text as it is, all else as {@link repr}. */
export const str = (value: unknown): string => (typeof value === "string" ? value : repr(value));

/** A value as Python's `pprint` lays it out over several lines. */
export function pretty(value: unknown, width = 72): string {
  return layOut(value, width, 0, 0);
}

function layOut(value: unknown, width: number, indent: number, allowance: number): string {
  const short = repr(value);
  if (short.length <= width - indent - allowance) return short;
  if (Array.isArray(value)) {
    const inner = indent + 1;
    const parts = value.map((one, index) => layOut(one, width, inner, index === value.length - 1 ? allowance + 1 : 1));
    return `[${parts.join(`,\n${" ".repeat(inner)}`)}]`;
  }
  if (isObject(value)) {
    const inner = indent + 1;
    const entries = Object.entries(value);
    const parts = entries.map(([key, one], index) => {
      const name = repr(key);
      const last = index === entries.length - 1;
      return `${name}: ${layOut(one, width, inner + name.length + 2, last ? allowance + 1 : 1)}`;
    });
    return `{${parts.join(`,\n${" ".repeat(inner)}`)}}`;
  }
  if (typeof value === "string") {
    const lines: string[] = [];
    for (const word of value.match(/\S*\s*/g) ?? []) {
      const longer = (lines.at(-1) ?? "") + word;
      if (lines.length > 0 && repr(longer).length <= width - indent - 1) lines[lines.length - 1] = longer;
      else if (word !== "") lines.push(word);
    }
    return lines.map(repr).join(`\n${" ".repeat(indent)}`);
  }
  return short;
}

/** What is wrong with a value, as Python's jsonschema tells it: which rule of which part of the schema it breaks. */
export interface Violation {
  readonly message: string;
  /** Name of the rule: `type`. */
  readonly rule: string;
  /** Where in the schema, and where in the value. */
  readonly schemaPath: readonly (string | number)[];
  readonly path: readonly (string | number)[];
  readonly schema: unknown;
  readonly value: unknown;
}

/** The whole text of a violation. */
export function violationText(violation: Violation): string {
  const { message, rule, schemaPath, path, schema, value } = violation;
  const at = (steps: readonly (string | number)[]) => steps.map((step) => `[${repr(step)}]`).join("");
  const indented = (text: string) => text.replace(/^/gm, "    ");
  return `${message}\n\nFailed validating ${repr(rule)} in schema${at(schemaPath)}:\n${indented(pretty(schema))}\n\nOn instance${at(path)}:\n${indented(pretty(value))}`;
}
