/** Compares what the embedded engine did with a recording of the real one; README.md says what is compared and why. */
import { byResource } from "./callbacks.ts";
import type { Call, Recording, Resource, State, StepRecord } from "./replay.ts";

/** Every difference, one text each: scenario step, what, where, expected, got. */
export function compare(expected: Recording, got: Recording): string[] {
  const match = new Matcher();
  compareState(match, "at start", expected.stateAtStart, got.stateAtStart);
  let before = expected.stateAtStart;
  for (const step of expected.steps) {
    const ours = got.steps.find(({ name }) => name === step.name);
    if (!ours) {
      match.report(step.name, "step", "was run", "was not run");
      continue;
    }
    compareStep(match, step, ours, [...(before?.resources ?? []), ...(step.stateAfter?.resources ?? [])]);
    before = step.stateAfter;
  }
  match.same("code", "", expected.code[0] ?? "", got.code[0] ?? "");
  return match.differences;
}

function compareStep(match: Matcher, expected: StepRecord, got: StepRecord, resources: Resource[]): void {
  const { name } = expected;
  match.same(name, "command", expected.command, got.command);
  match.same(name, "exit", expected.exit, got.exit);
  match.same(name, "processes left alive", expected.processesLeftAlive, got.processesLeftAlive);
  const failed = expected.exit.code === 1;
  // The event log of a command that previews first holds the update only.
  const summaries = got.summaries.slice(got.summaries.length - expected.summaries.length);
  match.same(name, "resource changes", counted(expected.summaries, failed), counted(summaries, failed));
  match.same(name, "objects in the world", expected.worldAfter, got.worldAfter);
  compareCalls(match, name, expected.rpcs, got.rpcs, failed);
  match.same(name, "transforms and hooks", byResource(expected.callbacks), byResource(got.callbacks));
  compareOrder(match, name, expected, got, needsIn(resources));
  compareConcurrency(match, name, expected.rpcs, got.rpcs);
  compareState(match, name, expected.stateAfter, got.stateAfter);
  if (expected.json !== undefined) compareJson(match, name, expected.json, got.json);
}

/** Counts of changes; how many unchanged siblings a failed step still got to is a race. */
function counted(summaries: Record<string, number>[], failed: boolean): Record<string, number>[] {
  return summaries.map(({ same, ...changes }) => (failed || same === undefined ? changes : { same, ...changes }));
}

/** Whether a failed step merely got further with an unchanged sibling than another time: it was asked, not touched. */
function isRace(one: string[], other: string[]): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return (
    short.every((call, index) => call === long[index]) && long.every((call) => call === "Check" || call === "Diff")
  );
}

/** Calls that are the provider's own affair, not a resource's. */
const OWN = new Set(["Handshake", "GetPluginInfo", "CheckConfig", "DiffConfig", "Configure", "Cancel"]);
/** Fields of requests that name services the embedded engine does not have; see README.md. */
const SERVICES = [
  "mapperTarget",
  "loaderTarget",
  "resolverTarget",
  "supportsViews",
  "supportsRefreshBeforeUpdate",
  "acceptsByteString",
];

function groupOf(call: Call): string {
  const short = call.method.replace("ResourceProvider/", "");
  return OWN.has(short) ? "provider" : String(call.request?.["urn"]);
}

function byGroup(calls: Call[]): Map<string, Call[]> {
  const groups = new Map<string, Call[]>();
  for (const call of [...calls].sort((a, b) => a.start - b.start)) {
    const group = groupOf(call);
    groups.set(group, [...(groups.get(group) ?? []), call]);
  }
  return groups;
}

const describe = (calls: Call[]): string[] => calls.map((call) => call.method.replace("ResourceProvider/", ""));

function compareCalls(match: Matcher, step: string, expected: Call[], got: Call[], failed: boolean): void {
  const ours = byGroup(got);
  const theirs = byGroup(expected);
  for (const group of new Set([...theirs.keys(), ...ours.keys()])) {
    const want = theirs.get(group) ?? [];
    const have = ours.get(group) ?? [];
    const name = group.split("::").pop();
    if (JSON.stringify(describe(want)) !== JSON.stringify(describe(have))) {
      if (!failed || !isRace(describe(want), describe(have)))
        match.report(step, `calls of ${name}`, describe(want), describe(have));
      continue;
    }
    for (const [index, call] of want.entries()) {
      const place = `${describe([call])[0]} #${index + 1} of ${name}`;
      const { request = {}, response, errors } = call;
      const wanted = { ...request };
      if (call.method.endsWith("Handshake")) for (const field of SERVICES) delete wanted[field];
      match.same(step, `${place} request`, wanted, have[index]?.request ?? {});
      if (call.end === null) continue; // the CLI was gone before the answer came
      match.same(step, `${place} response`, response, have[index]?.response);
      match.same(step, `${place} errors`, errors?.map(withoutTransport), have[index]?.errors?.map(withoutTransport));
    }
  }
}

/** A lost connection in the words of no gRPC library: Go's and Node's differ. */
const withoutTransport = (error: string): string =>
  error.replace(/^rpc error: code = (Unavailable|Canceled) .*/s, "connection lost");

/** URN to the URNs it directly needs. */
function needsIn(resources: Resource[]): Map<string, Set<string>> {
  const needs = new Map<string, Set<string>>();
  for (const { urn, dependencies = [], propertyDependencies = {}, parent } of resources) {
    const known = needs.get(urn) ?? new Set<string>();
    for (const need of [...dependencies, ...Object.values(propertyDependencies).flat(), parent])
      if (need) known.add(need);
    needs.set(urn, known);
  }
  return needs;
}

/** Where one resource directly needs another, calls that followed each other in the recording must do so here. */
function compareOrder(
  match: Matcher,
  step: string,
  { rpcs: expected }: StepRecord,
  { rpcs: got }: StepRecord,
  needs: Map<string, Set<string>>,
): void {
  const ours = byGroup(got);
  const theirs = byGroup(expected);
  const lastRead = Math.max(
    0,
    ...expected.filter((call) => call.method.endsWith("/Read")).map((call) => call.end ?? 0),
  );
  // A refresh reads and diffs side by side; only what follows it has an order.
  const configured = expected.filter((call) => call.method.endsWith("/Handshake") && call.start > lastRead)[0]?.start;
  const ordered = (call: Call) => lastRead === 0 || (configured !== undefined && call.start > configured);
  const place = (call: Call) => [groupOf(call), theirs.get(groupOf(call))?.indexOf(call)] as const;
  const mine = (call: Call) => {
    const [group, index] = place(call);
    return ours.get(group)?.[index ?? -1];
  };
  // A dependent asked early, for a delete-before-replace, is asked when that comes up: only what is deleted is bound.
  const early = (call: Call) =>
    call.method.endsWith("/Diff") &&
    !theirs.get(groupOf(call))?.some((one) => one.method.endsWith("/Check") && one.start < call.start);
  const deleted = new Set(expected.filter((call) => call.method.endsWith("/Delete")).map(groupOf));
  const bound = (call: Call, other: Call) => !early(call) || deleted.has(groupOf(other));
  for (const first of expected)
    for (const second of expected) {
      const [one, other] = [groupOf(first), groupOf(second)];
      if (!bound(first, second) || !bound(second, first)) continue;
      if (one === other || first.end === null || first.end >= second.start || !ordered(first)) continue;
      if (!needs.get(one)?.has(other) && !needs.get(other)?.has(one)) continue;
      const [a, b] = [mine(first), mine(second)];
      if (a && b && (a.end ?? Number.POSITIVE_INFINITY) >= b.start)
        match.report(
          step,
          "order",
          `${describe([first])} ${one.split("::").pop()} before ${describe([second])} ${other.split("::").pop()}`,
          "after it or at once",
        );
    }
}

/** Check and Diff must not overlap more than they did; how far other calls overlap is a matter of time. */
function compareConcurrency(match: Matcher, step: string, expected: Call[], got: Call[]): void {
  if (expected.some((call) => call.method.endsWith("/Read"))) return; // a refresh diffs side by side
  for (const method of ["ResourceProvider/Check", "ResourceProvider/Diff"]) {
    const [most, ours] = [peak(expected, method), peak(got, method)];
    if (ours > most) match.report(step, `${method} at once`, `at most ${most}`, ours);
  }
}

function peak(calls: Call[], method: string): number {
  const ends = calls
    .filter((call) => call.method === method)
    .flatMap((call) => [[call.start, 1] as const, [call.end ?? Number.POSITIVE_INFINITY, -1] as const])
    .sort(([a], [b]) => a - b);
  let open = 0;
  return Math.max(0, ...ends.map(([, change]) => (open += change)));
}

const keyOf = (resource: Resource): string => `${resource.urn}${resource.delete ? " (delete)" : ""}`;

function sortedDependencies(resource: Resource): Resource {
  const { dependencies, propertyDependencies } = resource;
  return {
    ...resource,
    ...(dependencies ? { dependencies: [...dependencies].sort() } : {}),
    ...(propertyDependencies
      ? {
          propertyDependencies: Object.fromEntries(
            Object.entries(propertyDependencies).map(([key, urns]) => [key, [...urns].sort()]),
          ),
        }
      : {}),
  };
}

function compareState(match: Matcher, step: string, expected: State | null, got: State | null): void {
  const { resources: want = [], pending_operations: wantPending, ...rest } = expected ?? {};
  const { resources: have = [], pending_operations: havePending, ...ours } = got ?? {};
  match.same(step, "state", rest, ours);
  match.same(step, "pending operations", wantPending, havePending);
  const sorted = (list: Resource[]) =>
    [...list].sort((a, b) => (keyOf(a) + (a.id ?? "") < keyOf(b) + (b.id ?? "") ? -1 : 1));
  if (JSON.stringify(sorted(want).map(keyOf)) !== JSON.stringify(sorted(have).map(keyOf))) {
    match.report(step, "resources in state", sorted(want).map(keyOf), sorted(have).map(keyOf));
    return;
  }
  for (const [index, resource] of sorted(want).entries()) {
    const mine = sorted(have)[index] as Resource;
    match.same(
      step,
      `state of ${keyOf(resource).split("::").pop()}`,
      sortedDependencies(resource),
      sortedDependencies(mine),
    );
  }
  checkStateOrder(match, step, have);
}

/** What a resource needs stands before it. */
function checkStateOrder(match: Matcher, step: string, resources: Resource[]): void {
  const needs = needsIn(resources);
  for (const [index, resource] of resources.entries())
    for (const need of needs.get(resource.urn) ?? [])
      if (resources.findIndex(({ urn }) => urn === need) > index)
        match.report(
          step,
          "order in state",
          `${need.split("::").pop()} before ${resource.urn.split("::").pop()}`,
          "after it",
        );
}

interface Digest {
  steps?: { op: string; urn: string; newState?: Resource; oldState?: Resource }[];
  diagnostics?: { urn?: string; severity: string; message: string }[];
  duration?: number;
}

function compareJson(match: Matcher, step: string, expected: unknown, got: unknown): void {
  const { steps: want, diagnostics: said, duration: _, ...rest } = expected as Digest & Record<string, unknown>;
  const { steps: have, diagnostics: ours, duration: __, ...mine } = (got ?? {}) as Digest & Record<string, unknown>;
  if (isRecord(expected) && "deployment" in expected) {
    const mine = (got ?? {}) as typeof rest;
    match.same(step, "export", { ...expected, deployment: null }, { ...mine, deployment: null });
    compareState(
      match,
      `${step}, exported`,
      expected["deployment"] as State,
      (mine["deployment"] ?? null) as State | null,
    );
    return;
  }
  if (!want) {
    match.same(step, "json", expected, got);
    return;
  }
  match.same(step, "digest", rest, mine);
  const who = (list: Digest["diagnostics"] = []) =>
    list
      .filter(({ severity, message }) => severity !== "info#err" || !/^\s+at /.test(message)) // frames of a stack trace
      .map(({ urn, severity }) => `${severity} ${urn ?? ""}`)
      .sort();
  match.same(step, "digest diagnostics", who(said), who(ours));
  const key = (one: { op: string; urn: string }) => `${one.op} ${one.urn}`;
  const sort = (list: NonNullable<Digest["steps"]>) =>
    [...list]
      .sort((a, b) => (key(a) < key(b) ? -1 : 1))
      .map((one) => ({
        ...one,
        ...(one.oldState ? { oldState: sortedDependencies(one.oldState) } : {}),
        ...(one.newState ? { newState: sortedDependencies(one.newState) } : {}),
      }));
  const [wanted, had] = [sort(want), sort(have ?? [])];
  if (JSON.stringify(wanted.map(key)) !== JSON.stringify(had.map(key)))
    match.report(step, "digest steps", wanted.map(key), had.map(key));
  else
    for (const [index, one] of wanted.entries())
      match.same(step, `digest ${key(one).split("::").pop()}`, one, had[index]);
}

/** Compares values; numbered placeholders must stand for the same thing throughout a scenario. */
class Matcher {
  readonly differences: string[] = [];
  readonly #tokens = new Map<string, string>();

  report(step: string, where: string, expected: unknown, got: unknown): void {
    this.differences.push(`[${step}] ${where}: expected ${show(expected)}, got ${show(got)}`);
  }

  same(step: string, where: string, expected: unknown, got: unknown): void {
    this.#walk(step, where, "", expected, got);
  }

  #walk(step: string, where: string, path: string, expected: unknown, got: unknown): void {
    const place = path === "" ? where : `${where} ${path}`;
    if (typeof expected === "string" && typeof got === "string") {
      if (!this.#sameText(expected, got)) this.report(step, place, expected, got);
    } else if (Array.isArray(expected) && Array.isArray(got)) {
      if (expected.length !== got.length) this.report(step, place, expected, got);
      else
        for (const [index, item] of expected.entries()) this.#walk(step, where, `${path}[${index}]`, item, got[index]);
    } else if (isRecord(expected) && isRecord(got)) {
      for (const key of new Set([...Object.keys(expected), ...Object.keys(got)]))
        this.#walk(step, where, `${path}.${key}`, expected[key], got[key]);
    } else if (expected !== got) this.report(step, place, expected, got);
  }

  #sameText(expected: string, got: string): boolean {
    const token = /<(UUID|CODE|CIPHERTEXT)-\d+>/g;
    const [wanted, had] = [expected.match(token) ?? [], got.match(token) ?? []];
    if (expected.replace(token, "<$1>") !== got.replace(token, "<$1>")) return false;
    return wanted.every((one, index) => one.startsWith("<CIPHERTEXT") || this.#pair(one, String(had[index])));
  }

  #pair(expected: string, got: string): boolean {
    const known = this.#tokens.get(expected);
    if (known === undefined) this.#tokens.set(expected, got);
    return known === undefined || known === got;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function show(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  return text.length > 600 ? `${text.slice(0, 600)}...` : text;
}
