/** Differences between property maps: by key, and by path for what users see. */
import type { PropertyPath } from "./property-path.ts";
import { parsePath, pathContains, pathText } from "./property-path.ts";
import type { PropertyMap, PropertyValue } from "./values.ts";
import { equal, isObject } from "./values.ts";

/** What happened to one property; "-replace" when that forces a replacement. */
export type DiffKind = "add" | "add-replace" | "delete" | "delete-replace" | "update" | "update-replace";

/** One entry of a detailed diff. */
export interface PropertyDiff {
  kind: DiffKind;
  /** Whether old inputs were compared with new inputs; otherwise old outputs with new inputs. */
  inputDiff: boolean;
}

/** Property path to difference. */
export type DetailedDiff = Record<string, PropertyDiff>;

/** The answer to "what differs": a provider's, completed by the engine. */
export interface DiffResult {
  changes: "unknown" | "none" | "some";
  replaceKeys: string[];
  changedKeys: string[];
  detailedDiff: DetailedDiff | undefined;
  deleteBeforeReplace: boolean;
}

/** A difference at one place. */
export interface Change {
  path: PropertyPath;
  kind: "add" | "delete" | "update";
  old: PropertyValue | undefined;
  new: PropertyValue | undefined;
}

const absent = (value: PropertyValue | undefined): boolean => value === undefined || value === null;

/** Every place where two values differ; null counts as absent. */
export function changesBetween(
  old: PropertyValue | undefined,
  now: PropertyValue | undefined,
  path: PropertyPath = [],
): Change[] {
  if (absent(old) && absent(now)) return [];
  if (absent(old)) return [{ path, kind: "add", old, new: now }];
  if (absent(now)) return [{ path, kind: "delete", old, new: now }];
  if (isObject(old) && isObject(now)) {
    const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
    return keys.flatMap((key) => changesBetween(old[key], now[key], [...path, key]));
  }
  if (Array.isArray(old) && Array.isArray(now)) {
    const places = Array.from({ length: Math.max(old.length, now.length) }, (_, index) => index);
    return places.flatMap((index) => changesBetween(old[index], now[index], [...path, index]));
  }
  return equal(old, now) ? [] : [{ path, kind: "update", old, new: now }];
}

/** The diff of old and new inputs that the engine makes where the provider gave none. */
export function diffInputs(old: PropertyMap, now: PropertyMap): { changedKeys: string[]; detailedDiff: DetailedDiff } {
  const changes = changesBetween(old, now);
  return {
    changedKeys: [...new Set(changes.map((change) => String(change.path[0])))],
    detailedDiff: Object.fromEntries(
      changes.map((change) => [pathText(change.path), { kind: change.kind, inputDiff: true }]),
    ),
  };
}

const INVERTED: Record<DiffKind, DiffKind> = {
  add: "delete",
  "add-replace": "delete-replace",
  delete: "add",
  "delete-replace": "add-replace",
  update: "update",
  "update-replace": "update-replace",
};

/** A diff seen from the other side: what refresh shows. */
export function invert(diff: DiffResult): DiffResult {
  const entries = Object.entries(diff.detailedDiff ?? {});
  return {
    ...diff,
    detailedDiff:
      diff.detailedDiff &&
      Object.fromEntries(entries.map(([path, entry]) => [path, { ...entry, kind: INVERTED[entry.kind] }])),
  };
}

/** Whether a diff asks for a replacement. */
export function asksReplacement(diff: DiffResult): boolean {
  return (
    diff.replaceKeys.length > 0 ||
    Object.values(diff.detailedDiff ?? {}).some((entry) => entry.kind.endsWith("-replace"))
  );
}

/** The key under which replaceOnChanges names initialization errors. */
const INIT_ERROR = "#initerror";

/** Applies the resource option replaceOnChanges: changes at its paths become replacements. */
export function applyReplaceOnChanges(diff: DiffResult, options: string[], hasInitErrors: boolean): DiffResult {
  if (options.length === 0 || (diff.changes !== "some" && !hasInitErrors)) return diff;
  const patterns = options.map(parsePath);
  const matches = (path: PropertyPath) => patterns.some((pattern) => pathContains(pattern, path));
  const replaceKeys = new Set(diff.replaceKeys);
  for (const key of diff.changedKeys) if (matches([key])) replaceKeys.add(key);
  const detailedDiff =
    diff.detailedDiff &&
    Object.fromEntries(
      Object.entries(diff.detailedDiff).map(([path, entry]) => {
        const kind = entry.kind.endsWith("-replace") ? entry.kind : (`${entry.kind}-replace` as DiffKind);
        return [path, matches(parsePath(path)) ? { ...entry, kind } : entry];
      }),
    );
  if (!hasInitErrors || !matches([INIT_ERROR])) return { ...diff, replaceKeys: [...replaceKeys], detailedDiff };
  if (detailedDiff) detailedDiff[INIT_ERROR] = { kind: "update-replace", inputDiff: false };
  return { ...diff, changes: "some", replaceKeys: [...replaceKeys, INIT_ERROR], detailedDiff };
}

/** Puts the old value back at every path of ignoreChanges; returns the paths where that is impossible. */
export function resetIgnored(
  now: PropertyMap,
  old: PropertyMap,
  ignoreChanges: string[],
): { inputs: PropertyMap; impossible: string[] } {
  const inputs = structuredCloneValue(now) as PropertyMap;
  const impossible = ignoreChanges.filter((text) => !resetAt(inputs, old, parsePath(text)));
  return { inputs, impossible };
}

function structuredCloneValue(value: PropertyValue): PropertyValue {
  if (Array.isArray(value)) return value.map(structuredCloneValue);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, structuredCloneValue(item)]));
}

function resetAt(now: PropertyValue | undefined, old: PropertyValue | undefined, path: PropertyPath): boolean {
  const [step, ...rest] = path;
  if (step === undefined) return true;
  if (step === "*") {
    const keys = Array.isArray(now) ? now.map((_, index) => index) : isObject(now) ? Object.keys(now) : [];
    return keys.every((key) => resetAt(now, old, [key, ...rest]));
  }
  if (Array.isArray(now) && typeof step === "number") {
    if (!Array.isArray(old) || step >= old.length || step >= now.length) return rest.length > 0 || !Array.isArray(old);
    if (rest.length > 0) return resetAt(now[step], old[step], rest);
    now[step] = old[step] ?? null;
    return true;
  }
  if (!isObject(now)) return !isObject(old);
  const key = String(step);
  const before = isObject(old) ? old[key] : undefined;
  if (rest.length > 0) {
    if (now[key] === undefined && before === undefined) return true;
    if (now[key] === undefined || before === undefined) return false;
    return resetAt(now[key], before, rest);
  }
  if (before === undefined) delete now[key];
  else now[key] = before;
  return true;
}
