import { type AnyDefinition, type Context, discard, type Found, formatDuration } from "../core/index.ts";
import { definitions } from "../resources/index.ts";
import { cloudContext } from "./cloud-context.ts";
import { type Command, type Given, numberOf, type Output, UsageError } from "./command.ts";
import { type KnownObjects, readStates } from "./state-files.ts";

/** Something of ours that no state knows. */
interface Orphan {
  readonly definition: AnyDefinition;
  /** Undefined for parts that stayed behind without their object. */
  readonly id?: string;
  readonly name: string;
  readonly mark: Found["mark"];
  /** Seconds since it was made; undefined where nothing tells. */
  readonly age?: number;
  /** The program's create may still be at work on it. */
  readonly unfinished: boolean;
}

/** `pulumi-baremetal orphans`. */
export const orphans: Command = {
  name: "orphans",
  about: "what carries our mark in the cloud and is in no state; with --delete it goes",
  usage: "[--state FILE …] [--delete]",
  help: [
    "Lists the project's machines, networks, volumes and ports that this package made and that no given state knows: what a",
    "killed first `up` left behind, or a deleted state file. The cloud is the one of OS_* or OS_CLOUD. Exit code 1: there are some.",
  ].join("\n"),
  options: {
    state: {
      value: "FILE",
      multiple: true,
      about:
        "what `pulumi stack export` prints, or a file backend's folder; as many as there are stacks in this project",
    },
    delete: { about: "delete what is listed; machines are released and wiped by the cloud" },
    "no-state": { about: "with --delete: there is no state, everything of ours in this project goes" },
    "older-than": {
      value: "MINUTES",
      about: "only what is at least so old; default 60, as a run may be at work on younger ones",
    },
    json: { about: "print JSON" },
  },
  async run(given, output) {
    const states = (given.options["state"] ?? []) as string[];
    const removing = given.options["delete"] === true;
    if (given.arguments.length > 0) throw new UsageError(`orphans takes no arguments: ${given.arguments.join(" ")}`);
    if (removing && states.length === 0 && given.options["no-state"] !== true)
      throw new UsageError(
        "Without a state everything of ours would be deleted. Give the states that count with --state, or say --no-state.",
      );
    const known = readStates(states);
    const context = cloudContext(output);
    const found = await list(context, known, (numberOf(given, "older-than") ?? 60) * 60);
    show(found, known, given, output);
    if (!removing) return found.length > 0 ? 1 : 0;
    let failed = 0;
    // Machines first: they hold ports and volumes.
    for (const orphan of [...found].sort((left, right) => rank(left) - rank(right)))
      try {
        await discard(orphan.definition, context, orphan);
        output.say(`deleted ${orphan.definition.type} ${orphan.name || orphan.id}`);
      } catch (error) {
        failed++;
        output.complain((error as Error).message);
      }
    return failed > 0 ? 1 : 0;
  },
};

const RANK = ["VolumeAttachment", "Server", "Volume", "IsolatedNetwork"];
const rank = ({ definition }: Orphan) => RANK.indexOf(definition.type);

/** Everything of ours that no state knows, at least `seconds` old where its age is known. */
async function list(context: Context<unknown>, known: KnownObjects, seconds: number): Promise<Orphan[]> {
  const all = await Promise.all(
    definitions.map(async (definition) => {
      const objects = await definition.find(context);
      const whole: Orphan[] = objects
        .filter(({ id }) => !known.ids.has(id))
        .map(({ id, name = "", mark, created }) => {
          const made = Date.parse(/Z|[+-]\d\d:?\d\d$/.test(created) ? created : `${created}Z`);
          const age = Number.isNaN(made) ? {} : { age: (context.clock.now() - made) / 1000 };
          return { definition, id, name, mark, unfinished: mark.nonce !== undefined, ...age };
        });
      const owned = new Set([...objects.map(({ mark }) => mark.tag), ...known.tags]);
      const loose = ((await definition.partTags?.(context)) ?? []).filter((tag) => !owned.has(tag));
      const parts: Orphan[] = loose.map((tag) => ({
        definition,
        name: `(only its ports, tag ${tag})`,
        mark: { tag, shape: "" },
        unfinished: true,
      }));
      return [...whole, ...parts];
    }),
  );
  return all.flat().filter(({ age }) => age === undefined || age >= seconds);
}

function show(found: readonly Orphan[], known: KnownObjects, given: Given, output: Output): void {
  if (given.options["json"]) {
    const rows = found.map(({ definition, id, name, mark, age, unfinished }) => ({
      type: definition.type,
      id,
      name,
      tag: mark.tag,
      age,
      unfinished,
    }));
    output.say(JSON.stringify(rows, null, 2));
    return;
  }
  const scope =
    known.states > 0
      ? `in none of the ${known.states} states given`
      : "here, whether a state knows it or not (no --state was given)";
  if (found.length === 0) {
    output.say(`Nothing of ours is ${scope}.`);
    return;
  }
  output.say(`Of ours and ${scope}:\n`);
  for (const { definition, id, name, age, unfinished } of found) {
    const words = [
      age === undefined ? undefined : `${formatDuration(age)} old`,
      unfinished ? "unfinished" : "finished",
    ];
    output.say(
      `  ${definition.type.padEnd(16)} ${(id ?? "").padEnd(36)}  ${name}  ${words.filter((word) => word).join(", ")}`,
    );
  }
  if (!given.options["delete"])
    output.say("\nAn unfinished one is gone on with by the next `pulumi up` of its program. --delete takes them away.");
}
