import { failure } from "./catalogue.ts";

/** How long each operation of a resource may take, in seconds. */
export interface Timeouts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
}

/** As Pulumi's `customTimeouts` writes it: Go durations such as `90m`, `1h30m`, `45s`. */
export type CustomTimeouts = Partial<Record<keyof Timeouts, string>>;

const UNITS: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };

/** Seconds of a duration such as `1h30m`; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text)) return undefined;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
    (sum, part) => sum + Number(part[1]) * UNITS[part[2]!]!,
    0,
  );
}

/** The limits to obey: what the program sets, else the resource's defaults. */
export function resolveTimeouts(defaults: Timeouts, custom: CustomTimeouts = {}): Timeouts {
  const seconds = (operation: keyof Timeouts) => {
    const text = custom[operation];
    if (text === undefined) return defaults[operation];
    const parsed = parseDuration(text);
    if (parsed === undefined)
      throw failure("invalid-input", `"${text}" is not a duration such as 90m or 1h30m`, {
        path: `timeouts.${operation}`,
      });
    return parsed;
  };
  return { create: seconds("create"), update: seconds("update"), delete: seconds("delete") };
}
