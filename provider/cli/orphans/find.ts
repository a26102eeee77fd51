import { type AnyDefinition, type Context, type Found, failure, tagOf } from "../../core/index.ts";
import { definitions } from "../../resources/index.ts";
import type { StackState } from "../state-files.ts";
import { type Owner, Owners } from "./owner.ts";

/** Something of ours that no state knows. */
export interface Orphan {
  readonly definition: AnyDefinition;
  /** Undefined for parts that stayed behind without their object. */
  readonly id?: string;
  readonly name: string;
  readonly mark: Found["mark"];
  /** Seconds since it was made; undefined where nothing tells. */
  readonly age?: number;
  /** Its create did not end; the next run of its program goes on with it. */
  readonly unfinished: boolean;
  readonly owner?: Owner;
}

/** What was found. */
export interface Orphans {
  readonly found: readonly Orphan[];
  /** How many more there are that are too young to be judged. */
  readonly young: number;
}

/** Machines first: they hold volumes, ports and with them networks. */
const ORDER = ["VolumeAttachment", "Server", "Volume", "IsolatedNetwork"];

/**
 * Everything of ours in the cloud's project that no state knows, in the order in which it can be deleted.
 * @param seconds younger ones are only counted: a run may be at work on them
 */
export async function findOrphans(
  context: Context<unknown>,
  states: readonly StackState[],
  seconds: number,
): Promise<Orphans> {
  const { projectId } = await context.place();
  refuseOtherCloud(states, projectId);
  const resources = states.flatMap((state) => state.resources);
  const ids = new Set(resources.map(({ id }) => id));
  const tags = resources.flatMap(({ identity }) => (identity === undefined ? [] : [tagOf(identity, projectId)]));
  const owners = new Owners(states, projectId);
  const all = await Promise.all(
    definitions.map(async (definition) => {
      // Parts before objects: what is made meanwhile is then seen with its object.
      const parts = (await definition.findParts?.(context)) ?? [];
      const objects = await definition.find(context);
      const owned = new Set([...objects.map(({ mark }) => mark.tag), ...tags]);
      // The name of an object may be the cloud's own; those of its parts are made of what people call it.
      const nameOf = ({ mark, name = "" }: Found) => parts.find(({ tag }) => tag === mark.tag)?.name ?? name;
      const whole = objects
        .filter(({ id }) => !ids.has(id))
        .map((object) => ({ id: object.id, mark: object.mark, created: object.created, name: nameOf(object) }));
      const loose = parts
        .filter(({ tag }) => !owned.has(tag))
        .map(({ tag, name, created }) => ({ mark: { tag, shape: "" }, name, created }));
      return [...whole, ...loose].map(({ created, ...object }): Orphan => {
        const age = ageOf(created, context.clock.now());
        const owner = owners.of(object.mark.tag, definition.type, object.name);
        const unfinished = !("id" in object) || object.mark.nonce !== undefined;
        return { ...object, definition, unfinished, ...(age === undefined ? {} : { age }), ...(owner && { owner }) };
      });
    }),
  );
  const sorted = all.flat().sort((left, right) => rankOf(left) - rankOf(right));
  const found = sorted.filter(({ age }) => age === undefined || age >= seconds);
  return { found, young: sorted.length - found.length };
}

/** The same object as it is now; undefined when it is gone, or somebody has begun to work on it since. */
export async function stillThere(context: Context<unknown>, orphan: Orphan): Promise<boolean> {
  const { definition, id, mark } = orphan;
  const now = await definition.find(context, mark.tag);
  if (id !== undefined) return now.some((one) => one.id === id && one.mark.nonce === mark.nonce);
  const parts = (await definition.findParts?.(context)) ?? [];
  return now.length === 0 && parts.some(({ tag }) => tag === mark.tag);
}

const rankOf = ({ definition }: Orphan) => ORDER.indexOf(definition.type);

/** Nova and Neutron write UTC without saying so. */
function ageOf(created: string, now: number): number | undefined {
  const made = Date.parse(/Z|[+-]\d\d:?\d\d$/.test(created) ? created : `${created}Z`);
  return Number.isNaN(made) ? undefined : Math.max(0, (now - made) / 1000);
}

/** States of another project would make everything in this one look lost. */
function refuseOtherCloud(states: readonly StackState[], projectId: string): void {
  const places = states.flatMap(({ resources }) => resources.flatMap(({ place }) => place ?? []));
  if (places.length === 0 || places.some((place) => place.projectId === projectId)) return;
  const { authUrl, projectId: other } = places[0]!;
  throw failure(
    "wrong-cloud",
    `the states given are of project ${other} at ${authUrl}, but OS_* or clouds.yaml point at project ${projectId}`,
    { next: "point OS_* at the project of these states, or give the states of this one; nothing was touched." },
  );
}
