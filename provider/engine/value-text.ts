/** Property values and their differences as people read them. */
import { changesBetween } from "./diff.ts";
import type { PropertyMap, PropertyValue } from "./values.ts";
import { isObject, ResourceReference, Secret, Unknown } from "./values.ts";

type Mark = " " | "+" | "-" | "~";

/** A value on one line, or undefined for lists and objects with content. */
function shortText(value: PropertyValue): string | undefined {
  if (value instanceof Secret) return "[secret]";
  if (value instanceof Unknown) return "[unknown]";
  if (value instanceof ResourceReference) return value.urn;
  if (Array.isArray(value)) return value.length === 0 ? "[]" : undefined;
  if (isObject(value)) return Object.keys(value).length === 0 ? "{}" : undefined;
  return JSON.stringify(value);
}

const line = (mark: Mark, indent: number, text: string): string =>
  `${" ".repeat(Math.max(0, indent - 2))}${mark} ${text}`;

/** Children of a list or object, with their labels padded to one width. */
function children(value: PropertyValue): [string, PropertyValue][] {
  if (Array.isArray(value)) return value.map((item, index) => [`[${index}]`, item]);
  if (!isObject(value)) return [];
  return Object.keys(value)
    .filter((key) => !key.startsWith("__"))
    .sort()
    .map((key) => [key, value[key] ?? null]);
}

function valueLines(mark: Mark, label: string, value: PropertyValue, indent: number): string[] {
  const short = shortText(value);
  if (short !== undefined) return [line(mark, indent, `${label}: ${short}`)];
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const inner = children(value);
  const width = Math.max(...inner.map(([key]) => key.length));
  return [
    line(mark, indent, `${label}: ${open}`),
    ...inner.flatMap(([key, item]) => valueLines(mark, key.padEnd(width), item, indent + 4)),
    line(" ", indent, close),
  ];
}

/** The properties of a map, one under the other. */
export function mapLines(map: PropertyMap, indent: number): string[] {
  return diffLines(map, map, indent, { unchanged: true });
}

/**
 * What differs between two maps, one property under the other.
 * @param options.unchanged show equal properties too
 */
export function diffLines(
  old: PropertyValue,
  now: PropertyValue,
  indent: number,
  options: { unchanged?: boolean } = {},
): string[] {
  const before = new Map(children(old));
  const after = new Map(children(now));
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  if (!Array.isArray(now)) keys.sort();
  const shown = keys.filter((key) => options.unchanged || changesBetween(before.get(key), after.get(key)).length > 0);
  const width = Math.max(0, ...shown.map((key) => key.length));
  return shown.flatMap((key) => {
    const from = before.get(key) ?? null;
    const to = after.get(key) ?? null;
    const label = key.padEnd(width);
    if (changesBetween(from, to).length === 0) return valueLines(" ", label, to, indent);
    if (from === null) return valueLines("+", label, to, indent);
    if (to === null) return valueLines("-", label, from, indent);
    const nested = (isObject(from) && isObject(to)) || (Array.isArray(from) && Array.isArray(to));
    if (nested) {
      const [open, close] = Array.isArray(to) ? ["[", "]"] : ["{", "}"];
      return [line("~", indent, `${label}: ${open}`), ...diffLines(from, to, indent + 4), line(" ", indent, close)];
    }
    return [line("~", indent, `${label}: ${shortText(from) ?? "{...}"} => ${shortText(to) ?? "{...}"}`)];
  });
}
