import { Failure } from "../core/index.ts";
import { cloudContext } from "./cloud-context.ts";
import { type Command, type Given, numberOf, type Output, textOf, UsageError } from "./command.ts";
import { confirm } from "./confirm.ts";
import { findOrphans, type Orphan } from "./orphans/find.ts";
import { consequences, describe, describeJson, outcome, type Search } from "./orphans/report.ts";
import { takeAway } from "./orphans/take-away.ts";
import { readStates } from "./state-files.ts";

/** Longer than a create may take by itself, in minutes. */
const OLD_ENOUGH = 120;

/** `pulumi-baremetal orphans`. */
export const orphans: Command = {
  name: "orphans",
  about: "what carries our mark in the cloud and is in no state; with --delete it goes",
  usage: "[--state FILE …] [--delete] [ID …]",
  help: [
    "Lists what this package made in the cloud's project (that of OS_* or OS_CLOUD) and no given state knows: machines, networks,",
    "volumes, and ports that stayed behind alone. A run that was killed leaves such things, and a state that was lost.",
    "",
    "  pulumi stack export --stack dev | pulumi-baremetal orphans --state -",
    "  pulumi-baremetal orphans --state dev.json --state prod.json --delete",
    "",
    "Give the states of ALL stacks that use the project: what belongs to a stack whose state is not given looks just like an orphan.",
    "No state of any other project counts, and nothing that does not carry our mark is ever shown or touched. Not found are",
    "attachments of volumes, which carry no mark, and whatever somebody has taken our mark off.",
    "With ids only these are looked at. Exit code 0: there is nothing, or all of it was deleted; 1: something is there;",
    "2: it could not be looked for. See docs/orphans.md.",
  ].join("\n"),
  options: {
    state: {
      value: "FILE",
      multiple: true,
      about: "what `pulumi stack export` printed (- for stdin), or a file backend's folder or file; several times",
    },
    cloud: { value: "NAME", about: "an entry of clouds.yaml, as `openstack:cloud` in a stack names it" },
    "older-than": {
      value: "MINUTES",
      about: `only what is at least so old; default ${OLD_ENOUGH}: on a younger one a run may be at work`,
    },
    delete: { about: "delete what is listed, after a question; machines are released and wiped by the cloud" },
    yes: { about: "with --delete: do not ask" },
    "no-state": { about: "with --delete: there is no state, everything of ours in this project goes" },
    json: { about: "print JSON" },
  },
  async run(given, output) {
    try {
      return await search(given, output);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      output.complain(error.message);
      return 2;
    }
  },
};

async function search(given: Given, output: Output): Promise<number> {
  const { files, minutes, removing, json } = asked(given);
  const states = readStates(files);
  const context = cloudContext(output, textOf(given, "cloud"));
  const what: Search = {
    place: await context.place(),
    project: (await context.cloud.principal()).projectName,
    states,
    oldEnough: minutes * 60,
  };
  const all = await findOrphans(context, states, what.oldEnough);
  const orphans = { ...all, found: chosen(all.found, given.arguments) };
  const { found } = orphans;
  if (!json) for (const line of describe(orphans, what)) output.say(line);
  if (!removing || found.length === 0) {
    if (json) output.say(describeJson(orphans, what));
    else if (found.length > 0)
      output.say("The same command with --delete takes away what is listed, after a question; with ids only these.");
    return found.length > 0 ? 1 : 0;
  }
  if (!given.options["yes"] && !(await confirm(`${consequences(found)}.`, process.stdin, process.stderr))) {
    output.complain("Nothing was deleted.");
    return 1;
  }
  const taken = await takeAway(context, found, (one) => (json ? output.complain : output.say)(outcome(one)));
  if (json) output.say(describeJson(orphans, what, taken));
  if (taken.length < found.length) output.complain(`Interrupted: ${found.length - taken.length} were not looked at.`);
  return taken.length < found.length || taken.some(({ failure, changed }) => failure || changed) ? 1 : 0;
}

/** What was typed, where it can be. */
function asked(given: Given) {
  const files = (given.options["state"] ?? []) as string[];
  const { delete: removing = false, "no-state": stateless = false, yes = false, json = false } = given.options;
  const minutes = numberOf(given, "older-than") ?? OLD_ENOUGH;
  if (minutes < 0) throw new UsageError(`--older-than is at least 0, not ${minutes}.`);
  if (stateless && files.length > 0) throw new UsageError("--no-state cannot stand beside --state.");
  if (removing && files.length === 0 && !stateless)
    throw new UsageError(
      "Without a state everything of ours would be deleted. Give the states that count with --state, or say --no-state.",
    );
  // With the state on stdin nobody can answer there.
  const answers = process.stdin.isTTY && !files.includes("-") && !json;
  if (removing && !yes && !answers)
    throw new UsageError(
      "--delete asks before it deletes, and nobody can be asked here: look at the list, then say --yes.",
    );
  return { files, minutes, removing: removing === true, json: json === true };
}

/** Those that were named; all without a name. */
function chosen(found: readonly Orphan[], ids: readonly string[]): Orphan[] {
  const known = ids.map((id) => found.find((one) => (one.id ?? one.mark.tag) === id) ?? id);
  const strange = known.filter((one) => typeof one === "string");
  if (strange.length > 0)
    throw new UsageError(`Not among the orphans that are old enough: ${strange.join(", ")}. See the list without ids.`);
  return ids.length > 0 ? found.filter((one) => known.includes(one)) : [...found];
}
