import { createHash, randomBytes } from "node:crypto";
import { failure } from "./catalogue.ts";
import type { Failure } from "./failure.ts";

/**
 * Who a resource is: Pulumi project, stack, type and logical name, as `project/stack/Type/name`. The SDK passes it as
 * an input; the plugin takes it from the URN.
 */
export type Identity = string;

/** Where a resource stands. Kept in outputs: a resource is only ever touched in the place where it was made. */
export interface Place {
  readonly authUrl: string;
  readonly region: string;
  readonly projectId: string;
}

/**
 * What an object in the cloud carries of ours. It is written by the very call that creates the object, so that
 * a create which died at any point is found again.
 */
export interface Mark {
  /** Hash of identity and cloud project: whose object this is. */
  readonly tag: string;
  /** Hash of the inputs whose change forces a replacement. */
  readonly shape: string;
  /** Whose unfinished work it is; undefined once it is sealed, that is finished and handed over to Pulumi's state. */
  readonly nonce?: string;
}

const digest = (text: string, length: number) => createHash("sha256").update(text).digest("hex").slice(0, length);

/** The tag of an identity in one cloud project: 20 hex digits. Allocation names are unique across tenants, so the project is in it. */
export const tagOf = (identity: Identity, projectId: string): string => digest(`${projectId}\n${identity}`, 20);

/** The hash of values that force a replacement: 12 hex digits, the same for any order of keys. */
export const shapeOf = (values: unknown): string => digest(canonical(values), 12);

/** A nonce for one run of one create. */
export const newNonce = (): string => randomBytes(6).toString("hex");

/** JSON with sorted keys and without undefined: equal values give equal text. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).filter(([, item]) => item !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`)
      .join(",")}}`;
  }
  return JSON.stringify(value) ?? "null";
}

const PREFIX = "pulumi-baremetal";

/** The mark as one word, for a description: `pulumi-baremetal:TAG:SHAPE:NONCE`, with `sealed` in the nonce's place at the end. */
export const writeMark = (mark: Mark): string => [PREFIX, mark.tag, mark.shape, mark.nonce ?? "sealed"].join(":");

/** The mark in a text, undefined where there is none. Text before or after it is the user's own. */
export function readMark(text: string | null | undefined): Mark | undefined {
  const found = /pulumi-baremetal:([0-9a-f]{20}):([0-9a-f]{12}):([0-9a-f]{12}|sealed)/.exec(text ?? "");
  if (!found) return undefined;
  const [, tag, shape, nonce] = found as unknown as [string, string, string, string];
  return nonce === "sealed" ? { tag, shape } : { tag, shape, nonce };
}

/** A text of the user's with the mark behind it: `our database [pulumi-baremetal:…]`. */
export const withMark = (text: string | undefined, mark: Mark): string =>
  `${text ? `${text} ` : ""}[${writeMark(mark)}]`;

/** The user's own part of a text that carries a mark. */
export const withoutMark = (text: string | null | undefined): string =>
  (text ?? "").replace(/ ?\[pulumi-baremetal:[^\]]*\]/, "");

/** An object that carries a resource's tag. */
export interface Found {
  readonly id: string;
  readonly mark: Mark;
  /** Its name in the cloud, for people. */
  readonly name?: string;
  /** When the service made it, as it says so (ISO 8601); decides who is the oldest. */
  readonly created: string;
}

/** Who came first. By id where two were made in the same second: every run must come to the same answer. */
const byAge = (a: Found, b: Found): number =>
  a.created === b.created ? (a.id < b.id ? -1 : 1) : a.created < b.created ? -1 : 1;

/** What to do about the objects that already carry our tag when a create begins. */
export type Claim =
  | {
      readonly create: true /** Unfinished ones of an older program: bring to absent first. */;
      readonly remove: readonly string[];
    }
  | { readonly take: string /** Younger twins of a POST whose answer was lost. */; readonly remove: readonly string[] }
  | { readonly refuse: Failure };

/**
 * Decides between creating, taking over and refusing.
 * - unsealed with the same shape: an interrupted create, taken over; the oldest wins, its twins go
 * - unsealed with another shape: the program was edited in between; converge it to absent, then create
 * - sealed with the same shape: finished and unknown to this state: refuse and say how to adopt
 * - sealed with another shape: the old half of a replacement: types that create first go on, others refuse
 */
export function claim(
  found: readonly Found[],
  shape: string,
  options: { deleteBeforeReplace: boolean; label: string },
): Claim {
  const sealed = found.filter((object) => object.mark.nonce === undefined);
  const same = sealed.filter((object) => object.mark.shape === shape);
  const list = (objects: readonly Found[]) => objects.map((object) => object.id).join(", ");
  if (same.length > 1)
    return { refuse: failure("several-found", `${same.length} finished objects are ${options.label}: ${list(same)}`) };
  if (same.length === 1)
    return {
      refuse: failure(
        "already-there",
        `${options.label} exists already as ${list(same)}, and this stack's state does not know it`,
      ),
    };
  if (sealed.length && options.deleteBeforeReplace)
    return {
      refuse: failure(
        "already-there",
        `${options.label} exists already as ${list(sealed)}, made with other settings, and this stack's state does not know it`,
      ),
    };
  const unsealed = found.filter((object) => object.mark.nonce !== undefined).sort(byAge);
  const mine = unsealed.filter((object) => object.mark.shape === shape);
  const stale = unsealed.filter((object) => object.mark.shape !== shape).map((object) => object.id);
  const [oldest, ...younger] = mine;
  if (!oldest) return { create: true, remove: stale };
  return { take: oldest.id, remove: [...younger.map((object) => object.id), ...stale] };
}

/** What to do about the others that carry our tag when our object is finished. */
export type Settlement =
  /** Ours stays. These go: twins of a POST that was done twice, younger ones of other runs. */
  | { readonly remove: readonly string[] }
  /** Ours goes: this one came first, or is finished. */
  | { readonly yieldTo: string };

/**
 * Decides between our finished object and others that carry its tag, made since we looked: by a POST that was done twice, by the
 * provider of a killed engine, by a second run. Finished ones win, else the oldest, so that all who ask agree.
 */
export function settle(
  found: readonly Found[],
  own: { readonly id: string; readonly mark: Mark },
  options: { deleteBeforeReplace: boolean },
): Settlement {
  const ours = found.find((object) => object.id === own.id);
  const others = found.filter((object) => object.id !== own.id);
  const finished = others.find(
    ({ mark }) => mark.nonce === undefined && (options.deleteBeforeReplace || mark.shape === own.mark.shape),
  );
  if (finished) return { yieldTo: finished.id };
  const unfinished = others.filter(({ mark }) => mark.nonce !== undefined);
  const first = unfinished
    .filter((object) => object.mark.nonce !== own.mark.nonce && ours && byAge(object, ours) < 0)
    .sort(byAge)[0];
  return first ? { yieldTo: first.id } : { remove: unfinished.map(({ id }) => id) };
}
