import { catalogue, Failure, type FailureCode, failure, type Mover } from "../../core/index.ts";

/** A way to a machine. */
export type Way = "nova" | "ironic";

/** Both of them. */
export const WAYS: readonly Way[] = ["nova", "ironic"];

/** The parts of the report, in its order. */
export const AREAS = [
  "Credential",
  "Services",
  "Versions",
  "Quotas",
  "Machines by Nova",
  "Machines by Ironic",
  "Images",
  "Networks",
  "Volumes",
] as const;

/** One of {@link AREAS}. */
export type Area = (typeof AREAS)[number];

/** One thing that was found out. */
export interface Finding {
  readonly area: Area;
  /**
   * - `ok`: it works
   * - `lacks`: it does not
   * - `unknown`: this credential cannot see whether it does
   * - `note`: good to know, nothing is wrong
   */
  readonly state: "ok" | "lacks" | "unknown" | "note";
  readonly text: string;
  /** Of what does not work: the catalogue's code, whose move it is, and what to do. */
  readonly code?: string;
  readonly mover?: Mover;
  readonly next?: string;
  /** The ways to a machine that are shut by it. */
  readonly shuts?: readonly Way[];
}

/** What one read brought: its value, or why there is none. */
export type Read<T> = { readonly value: T } | { readonly failure: Failure };

/** Reads without throwing: what fails is a finding too. */
export async function read<T>(work: () => Promise<T>): Promise<Read<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof Failure) return { failure: error };
    const words = error instanceof Error ? error.message : String(error);
    return { failure: failure("unexpected", words, { cause: error }) };
  }
}

/** Something that works. */
export const works = (area: Area, text: string): Finding => ({ area, state: "ok", text });

/** Something good to know. */
export const note = (area: Area, text: string): Finding => ({ area, state: "note", text });

/** Something that this credential cannot see. */
export const unknown = (area: Area, text: string): Finding => ({ area, state: "unknown", text });

/** Something that does not work, by its code in the catalogue. */
export function lacks(
  area: Area,
  code: FailureCode,
  text: string,
  more: { readonly next?: string; readonly mover?: Mover; readonly shuts?: readonly Way[] } = {},
): Finding {
  const { mover, next } = catalogue[code];
  return { area, state: "lacks", text, code, mover, next, ...more };
}

/** A failed read as a finding, in the failure's own words. */
export const failed = (area: Area, { details }: Failure, shuts: readonly Way[] = []): Finding => ({
  area,
  state: "lacks",
  text: `${details.what}${details.requestId ? ` (request ${details.requestId})` : ""}`,
  code: details.code,
  mover: details.mover,
  next: details.next,
  ...(shuts.length && { shuts }),
});

/** `1 network`, `3 networks`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

/** The first few of a list, and how many more there are. */
export const some = (names: readonly string[], most = 6): string =>
  names.length > most ? `${names.slice(0, most).join(", ")} and ${names.length - most} more` : names.join(", ");
