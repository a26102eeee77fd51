#!/usr/bin/env node
/** The command `pulumi-baremetal`. */
import { readFileSync } from "node:fs";
import { Failure } from "../core/index.ts";
import { type Command, helpOf, type Output, parse, UsageError } from "./command.ts";
import { doctor } from "./doctor.ts";
import { orphans } from "./orphans.ts";
import { rehearse } from "./rehearse.ts";
import { sandbox } from "./sandbox.ts";

const COMMANDS: readonly Command[] = [sandbox, rehearse, orphans, doctor];

const output: Output = {
  say: (line) => void process.stdout.write(`${line}\n`),
  complain: (line) => void process.stderr.write(`${line}\n`),
};

function overview(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length)) + 3;
  return [
    "pulumi-baremetal: bare metal machines on OpenStack as Pulumi resources",
    "",
    ...COMMANDS.map(({ name, about }) => `  ${name.padEnd(width)}${about}`),
    "",
    "pulumi-baremetal COMMAND --help tells more of each.",
  ].join("\n");
}

/** The version of this package, from its package.json: one folder further up in dist. */
function version(): string {
  for (const path of ["../../package.json", "../../../package.json"])
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as {
        name: string;
        version: string;
      };
      if (found.name === "pulumi-baremetal") return found.version;
    } catch {
      // not this one
    }
  return "unknown";
}

async function main(argv: readonly string[]): Promise<number> {
  const [first, ...rest] = argv;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") {
    output.say(overview());
    return 0;
  }
  if (first === "--version") {
    output.say(version());
    return 0;
  }
  const command = COMMANDS.find(({ name }) => name === first);
  if (!command) {
    output.complain(`There is no command ${first}.\n\n${overview()}`);
    return 2;
  }
  try {
    const given = parse(command, rest);
    if (given.options["help"]) {
      output.say(helpOf(command));
      return 0;
    }
    return await command.run(given, output);
  } catch (error) {
    if (error instanceof Failure) {
      output.complain(error.message);
      return 1;
    }
    if (!(error instanceof UsageError)) throw error;
    output.complain(`${error.message}\n\npulumi-baremetal ${command.name} --help tells more.`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
