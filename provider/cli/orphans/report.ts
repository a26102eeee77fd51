import { formatDuration, type Place } from "../../core/index.ts";
import type { StackState } from "../state-files.ts";
import type { Orphan, Orphans } from "./find.ts";
import type { Taken } from "./take-away.ts";

/** Where was looked, and what for. */
export interface Search {
  readonly place: Place;
  /** The cloud project's name. */
  readonly project: string;
  readonly states: readonly StackState[];
  /** How old things must be, in seconds. */
  readonly oldEnough: number;
}

/** `1 volume`, `2 volumes`. */
const count = (number: number, one: string, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** The list for people. */
export function describe({ found, young }: Orphans, search: Search): string[] {
  const stacks = search.states.map(({ stack }) => stack ?? "an empty one").join(", ");
  const scope =
    search.states.length > 0
      ? `in none of the states given (${stacks})`
      : "there, whether a state knows it or not (no --state was given)";
  const where = `project ${search.project} at ${search.place.authUrl}`;
  const left = young
    ? [
        `${count(young, "more is", "more are")} younger than ${formatDuration(search.oldEnough)}: a run may be at work there. --older-than 0 shows all.`,
      ]
    : [];
  const old = young ? ` that is at least ${formatDuration(search.oldEnough)} old` : "";
  if (found.length === 0 && search.states.length === 0) return [`In ${where} there is nothing of ours${old}.`, ...left];
  if (found.length === 0)
    return [`No orphans in ${where}: the states given (${stacks}) know everything of ours${old}.`, ...left];
  return [`In ${where}, ours and ${scope}:`, "", ...found.flatMap(rows), "", ...left];
}

function rows(orphan: Orphan): string[] {
  const { definition, id, name, mark, age, unfinished } = orphan;
  const state = id === undefined ? "ports without a machine" : unfinished ? "unfinished" : "finished";
  const old = age === undefined ? "nothing tells how old" : `${formatDuration(age)} old`;
  return [`  ${definition.type} ${name}  ${id ?? `tag ${mark.tag}`}  ${state}, ${old}`, `      ${hint(orphan)}`];
}

/** Whose it is, and what keeps it. */
function hint({ definition, id, owner, unfinished }: Orphan): string {
  if (!owner)
    return "of a stack that was not given, or of one that is gone: if it may be the former, give that stack's --state too";
  const { stack, name, holds } = owner;
  const resource = `${definition.type} ${name} of ${stack}`;
  if (holds !== undefined) return `${resource}, for which the state has ${holds}: this is a second one`;
  if (unfinished) return `${resource}: \`pulumi up\` goes on with it`;
  return `${resource}: to keep it, set \`adopt: "${id}"\` there and run \`pulumi up\``;
}

/** What goes when these are deleted, for the question before it. */
export function consequences(found: readonly Orphan[]): string {
  const kinds = [
    ["Server", "machine", "released, and the cloud wipes what is on its disks"],
    ["Volume", "volume", "deleted with the data on it"],
    ["IsolatedNetwork", "network", "deleted"],
  ] as const;
  const parts = kinds.flatMap(([type, one, fate]) => {
    const these = found.filter(({ definition, id }) => definition.type === type && id !== undefined).length;
    return these ? [`${count(these, one)} ${these === 1 ? "is" : "are"} ${fate}`] : [];
  });
  const loose = found.filter(({ id }) => id === undefined).length;
  const strange = found.filter(({ owner }) => !owner).length;
  return [
    ...parts,
    ...(loose ? [`the ports of ${count(loose, "machine")} that was never made are deleted`] : []),
    ...(strange ? [`${count(strange, "of them is", "of them are")} not of any stack given`] : []),
  ].join("; ");
}

/** How it went with one of them. */
export function outcome({ orphan, failure, changed }: Taken): string {
  const what = `${orphan.definition.type} ${orphan.name} ${orphan.id ?? ""}`.trim();
  if (failure) return `not deleted: ${failure.message}`;
  return changed ? `left alone: ${what} is gone, or a run has taken it over since it was listed` : `deleted ${what}`;
}

/** The list for programs, with what became of each where it was to be deleted. */
export function describeJson({ found, young }: Orphans, search: Search, taken?: readonly Taken[]): string {
  const orphans = found.map((orphan) => {
    const { definition, id, name, mark, age, unfinished, owner } = orphan;
    const went = taken?.find((one) => one.orphan === orphan);
    return {
      type: definition.type,
      id,
      name,
      tag: mark.tag,
      ageSeconds: age === undefined ? undefined : Math.round(age),
      unfinished,
      ...(owner && { stack: owner.stack, resource: owner.name, stateHas: owner.holds }),
      ...(taken && { deleted: went !== undefined && !went.failure && !went.changed }),
      ...(went?.failure && { code: went.failure.code, reason: went.failure.message }),
    };
  });
  const stacks = search.states.map(({ stack }) => stack);
  return JSON.stringify({ place: search.place, project: search.project, stacks, younger: young, orphans }, null, 2);
}
