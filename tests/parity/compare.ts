/** The differences of two transcripts, which of them are known, and how to print them. */
import type { Known } from "./known.ts";
import { glob, isSetOfStrings, isUnordered, type Step } from "./normalise.ts";

/** One place in which the sandbox is not as recorded. */
export interface Difference {
  /** Number of the step, from 1. */
  step: number;
  /** Request line. */
  request: string;
  /** Where: "status", "headers.vary", "body.server.status"; "exchange" when it failed. */
  path: string;
  /** What the recording has; undefined when it has nothing there. */
  recorded: unknown;
  /** What the run had. */
  got: unknown;
  /** Why it is accepted, where it is. */
  known?: Known;
}

type Request = Pick<Step, "request" | "unordered">;

/** All differences between a recording and a run. Numbers of ids need not be the same, but must always mean the same. */
export function compare(recorded: Step[], got: Step[]): Difference[] {
  const comparison = new Comparison();
  const length = Math.max(recorded.length, got.length);
  return Array.from({ length }, (_, index) => comparison.step(recorded[index], got[index], index + 1)).flat();
}

const NUMBERED = /<(id|ip|mac) (\d+)>/g;

class Comparison {
  private readonly there = new Map<string, string>();
  private readonly back = new Map<string, string>();
  private found: Difference[] = [];
  private number = 0;
  private request: Request = { request: "" };

  step(recorded: Step | undefined, got: Step | undefined, number: number): Difference[] {
    this.found = [];
    this.number = number;
    this.request = (recorded ?? got) as Step;
    if (!recorded || !got) this.differ("request", recorded?.request, got?.request);
    else {
      for (const part of ["caller", "request", "sentHeaders", "sent", "status", "headers", "body", "text"] as const)
        this.values(part, recorded[part], got[part]);
    }
    return this.found;
  }

  private differ(path: string, recorded: unknown, got: unknown): void {
    this.found.push({ step: this.number, request: this.request.request, path, recorded, got });
  }

  private values(path: string, recorded: unknown, got: unknown): void {
    if (Array.isArray(recorded) && Array.isArray(got)) this.lists(path, recorded, got);
    else if (isObject(recorded) && isObject(got)) this.objects(path, recorded, got);
    else if (!this.equal(recorded, got)) this.differ(path, recorded, got);
  }

  private equal(recorded: unknown, got: unknown): boolean {
    if (typeof recorded === "string" && typeof got === "string") return this.same(recorded, got);
    return recorded === got;
  }

  private objects(path: string, recorded: Record<string, unknown>, got: Record<string, unknown>): void {
    const left = new Set(Object.keys(got));
    for (const key of Object.keys(recorded)) {
      const partner = left.has(key) && !key.includes("<") ? key : [...left].find((other) => this.same(key, other));
      if (partner === undefined) this.differ(`${path}.${key}`, recorded[key], undefined);
      else {
        left.delete(partner);
        this.values(`${path}.${key}`, recorded[key], got[partner]);
      }
    }
    for (const key of left) this.differ(`${path}.${key}`, undefined, got[key]);
  }

  private lists(path: string, recorded: unknown[], got: unknown[]): void {
    const all = [...recorded, ...got];
    const sets = isUnordered(this.request, path.replace(/\.\d+(?=\.|$)/g, ".*"));
    const objects = all.every(isObject) && (sets || recorded.length !== got.length);
    const strings = all.every((item) => typeof item === "string") && isSetOfStrings(path);
    // pairs by likeness: one item too many does not make all that follow different, and numbers in sets may be in any order
    const partners = objects || strings ? this.pairs(recorded, got) : recorded.map((_, index) => index);
    recorded.forEach((item, index) => {
      const at = partners[index] as number;
      this.values(`${path}.${index}`, item, at < 0 ? undefined : got[at]);
    });
    const paired = new Set(partners);
    got.forEach((item, index) => {
      if (!paired.has(index)) this.differ(`${path}.${index}`, undefined, item);
    });
  }

  /** For each recorded item the place of the most similar one in the run, or -1. The most similar pair of all is made first. */
  private pairs(recorded: unknown[], got: unknown[]): number[] {
    const partners = recorded.map(() => -1);
    const ours = recorded.map((item) => this.leaves(item, "", this.there));
    const theirs = got.map(
      (item) => new Set(this.leaves(item, "", new Map([...this.back.keys()].map((key) => [key, key])))),
    );
    const scores = ours.flatMap((leaves, one) =>
      theirs.map((others, other) => {
        const common = leaves.filter((leaf) => others.has(leaf)).length;
        return { one, other, score: common / Math.max(leaves.length, others.size, 1) };
      }),
    );
    const taken = new Set<number>();
    for (const { one, other, score } of scores.sort((a, b) => b.score - a.score)) {
      if (score < 0.3 || partners[one] !== -1 || taken.has(other)) continue;
      partners[one] = other;
      taken.add(other);
    }
    return partners;
  }

  /** Everything in a value as lines; numbers of ids as the run has them where that is known, else not told apart. */
  private leaves(value: unknown, path: string, names: Map<string, string>): string[] {
    if (typeof value === "object" && value !== null)
      return Object.entries(value).flatMap(([key, item]) =>
        this.leaves(item, `${path}.${Array.isArray(value) ? "" : key}`, names),
      );
    return [`${path}=${String(value).replace(NUMBERED, (one, kind) => names.get(one) ?? `<${kind}>`)}`];
  }

  /** Whether two texts are the same but for numbers that mean the same; numbers that are new on both sides are made to. */
  private same(recorded: string, got: string): boolean {
    if (recorded.replace(NUMBERED, "<$1>") !== got.replace(NUMBERED, "<$1>")) return false;
    const ours = recorded.match(NUMBERED) ?? [];
    const theirs = got.match(NUMBERED) ?? [];
    const pairs = ours.map((one, index) => [one, theirs[index] as string] as const);
    if (pairs.some(([one, other]) => (this.there.get(one) ?? other) !== other || (this.back.get(other) ?? one) !== one))
      return false;
    for (const [one, other] of pairs) {
      this.there.set(one, other);
      this.back.set(other, one);
    }
    return true;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Marks the differences that are known. `id` is <service>/<topic>/<slug>. */
export function markKnown(id: string, name: string, differences: Difference[], known: Known[]): void {
  const matches = (entry: Known, { step, request, path, recorded, got }: Difference) =>
    (entry.exchange === undefined || glob(entry.exchange).test(id) || glob(entry.exchange).test(name)) &&
    (entry.step === undefined || entry.step === step || glob(String(entry.step)).test(request)) &&
    glob(entry.path).test(path) &&
    (entry.recorded === undefined || glob(entry.recorded).test(show(recorded))) &&
    (entry.got === undefined || glob(entry.got).test(show(got)));
  for (const difference of differences) {
    const entry = known.find((one) => matches(one, difference));
    if (entry) difference.known = entry;
  }
}

/** Cuts a text to a width, in the middle. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const half = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - half)}…${text.slice(text.length - half)}`;
}

function show(value: unknown): string {
  return value === undefined ? "(nothing)" : JSON.stringify(value);
}

/** The differences side by side, recording left. Short ones share a line; others get a line each. */
export function describe(differences: Difference[], width = process.stdout.columns ?? 120): string {
  const lines: string[] = [];
  let step = -1;
  for (const { step: number, request, path, recorded, got, known } of differences) {
    if (number !== step) lines.push(`  ${number}. ${cut(request, width - 6)}`);
    step = number;
    const place = `     ${known ? "(known) " : ""}${path}: `;
    const [left, right] = [show(recorded), show(got)];
    if (place.length + left.length + right.length + 4 <= width) lines.push(`${place}${left} ≠ ${right}`);
    else {
      const room = Math.max(width * 2, 40);
      lines.push(cut(place, width), `       recorded ${cut(left, room)}`, `       got      ${cut(right, room)}`);
    }
  }
  return lines.join("\n");
}
