import { appendFileSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  closing,
  FILE,
  rehearse as hold,
  Interrupted,
  markdownOf,
  opening,
  Rehearsal,
  RehearsalError,
  type RehearsalFile,
  type Report,
  readEvents,
  readRehearsalFile,
  textTeller,
  transcriptOf,
} from "../rehearsal/index.ts";
import { type Command, type Given, numberOf, type Output, textOf, UsageError } from "./command.ts";

const FORMATS = ["text", "markdown", "json"];

/** `pulumi-baremetal rehearse`. */
export const rehearse: Command = {
  name: "rehearse",
  about: "a Pulumi program against the sandbox: preview, up, events, destroy",
  usage: "[folder] [options]",
  help: [
    "Runs the Pulumi program of a folder (default: this one) against a sandbox of its own: preview, up, up again (nothing to do),",
    "the events of rehearsal.yaml, destroy, and a look at what is left. No account, no cloud and no `pulumi` is needed; OS_*,",
    "clouds.yaml and `openstack:` settings are never read, and nothing is written into the folder.",
    "Exit code: 0 all as expected, 1 not, 2 wrong usage. See docs/rehearsal.md.",
  ].join("\n"),
  options: {
    stack: { value: "NAME", about: "the stack; Pulumi.NAME.yaml is read where there is one. Default: rehearsal" },
    config: { value: "KEY=VALUE", about: "a configuration value, over the stack's own; several times", multiple: true },
    fleet: { value: "FILE", about: "the machines; see docs/sandbox.md. Default: nine machines in three classes" },
    speed: { value: "N", about: "times faster than hardware, 1 to 1000; default 100" },
    events: { value: "FILE", about: `events in place of those of ${FILE}` },
    format: { value: "NAME", about: "of the report: text, markdown or json; default text" },
    output: { value: "FILE", about: "write the report there; $GITHUB_STEP_SUMMARY is appended to" },
  },
  async run(given, output) {
    const began = Date.now();
    const { folder, file, format, target } = asked(given);
    const interrupt = new AbortController();
    const stop = () => interrupt.abort();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, stop);
    // The report alone goes to stdout where it is not text and has no file.
    const say = format === "text" || target ? output.say : output.complain;
    try {
      const { stack = "rehearsal", events = [], ...options } = file;
      const rehearsal = await Rehearsal.start({ ...options, project: folder, stack, signal: interrupt.signal });
      let report: Report;
      try {
        for (const line of introduction(rehearsal, stack)) say(line);
        report = await hold(rehearsal, events, textTeller(say), { stack, began });
      } finally {
        await rehearsal.close();
      }
      for (const line of closing(report)) say(line);
      write(report, format, target, output);
      return report.ok ? 0 : 1;
    } catch (error) {
      if (error instanceof Interrupted) {
        output.complain("\nInterrupted. The sandbox is gone, and with it everything that was made in it.");
        return 1;
      }
      if (error instanceof RehearsalError) throw new UsageError(error.message);
      throw error;
    } finally {
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, stop);
    }
  },
};

interface Asked {
  readonly folder: string;
  readonly file: RehearsalFile;
  readonly format: string;
  readonly target: string | undefined;
}

/** The rehearsal file with the command line over it. */
function asked(given: Given): Asked {
  if (given.arguments.length > 1) throw new UsageError(`rehearse takes one folder: ${given.arguments.join(" ")}`);
  const folder = resolve(given.arguments[0] ?? ".");
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory())
    throw new UsageError(`There is no folder ${folder}.`);
  const format = textOf(given, "format") ?? "text";
  if (!FORMATS.includes(format)) throw new UsageError(`--format is one of ${FORMATS.join(", ")}, not "${format}".`);
  try {
    const file = { ...readRehearsalFile(folder) };
    const events = textOf(given, "events");
    const over: RehearsalFile = {
      ...(textOf(given, "stack") === undefined ? {} : { stack: textOf(given, "stack")! }),
      ...(textOf(given, "fleet") === undefined ? {} : { fleet: resolve(textOf(given, "fleet")!) }),
      ...(numberOf(given, "speed") === undefined ? {} : { speed: numberOf(given, "speed")! }),
      ...(events === undefined ? {} : { events: readEvents(events) }),
      config: { ...file.config, ...configOf(given) },
    };
    return { folder, file: { ...file, ...over }, format, target: textOf(given, "output") };
  } catch (error) {
    if (error instanceof RehearsalError) throw new UsageError(error.message);
    throw error;
  }
}

function configOf(given: Given): Record<string, string> {
  const pairs = (given.options["config"] ?? []) as string[];
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      if (at < 1) throw new UsageError(`--config is KEY=VALUE, not "${pair}".`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function introduction(rehearsal: Rehearsal, stack: string): string[] {
  const { project, file, leftOut } = rehearsal.settings;
  return [
    ...opening({ project, stack, machines: rehearsal.sandbox.fleet.nodes.length, speed: rehearsal.speed }).slice(0, -1),
    ...(stack !== "rehearsal" && file === undefined
      ? [`There is no Pulumi.${stack}.yaml: only defaults and given values are used.`]
      : []),
    ...(leftOut.length > 0 ? [`Left out, for the cloud is the sandbox: ${leftOut.join(", ")}.`] : []),
    "",
  ];
}

function write(report: Report, format: string, target: string | undefined, output: Output): void {
  if (format === "text" && target === undefined) return;
  const text =
    format === "json"
      ? `${JSON.stringify(report, null, 2)}\n`
      : format === "markdown"
        ? markdownOf(report)
        : transcriptOf(report);
  if (target === undefined) output.say(text.trimEnd());
  else if (target === process.env["GITHUB_STEP_SUMMARY"]) appendFileSync(target, text);
  else writeFileSync(target, text);
}
