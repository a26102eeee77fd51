import { parseArgs } from "node:util";

/** One option of a command: `--speed N`. */
export interface Option {
  /** What stands for the value in the help: `N`; a flag has none. */
  readonly value?: string;
  readonly about: string;
  /** May be given several times. */
  readonly multiple?: boolean;
}

/** A command of `pulumi-baremetal`. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly about: string;
  /** What follows the name: `[folder]`. */
  readonly usage: string;
  /** Paragraphs below the usage line. */
  readonly help: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Does it; answers the exit code. Throws {@link UsageError} on arguments that cannot be. */
  run(given: Given, output: Output): Promise<number>;
}

/** What was typed. */
export interface Given {
  readonly options: Readonly<Record<string, string | boolean | string[] | undefined>>;
  readonly arguments: readonly string[];
  /** What follows `--`. */
  readonly rest: readonly string[];
}

/** Where a command writes. */
export interface Output {
  say(line: string): void;
  complain(line: string): void;
}

/** The command line is wrong: shown with a hint at the help, exit code 2. */
export class UsageError extends Error {}

/** The options and arguments of a command line. Throws {@link UsageError}. */
export function parse(command: Command, argv: readonly string[]): Given {
  const end = argv.indexOf("--");
  const own = end < 0 ? argv : argv.slice(0, end);
  const options = Object.fromEntries(
    Object.entries({ ...command.options, help: { about: "" } as Option }).map(([name, option]) => [
      name,
      { type: option.value ? ("string" as const) : ("boolean" as const), multiple: option.multiple ?? false },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({ args: [...own], options, allowPositionals: true, strict: true });
    return {
      options: values as Given["options"],
      arguments: positionals,
      rest: end < 0 ? [] : argv.slice(end + 1),
    };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** An option's text, or the default. */
export function textOf(given: Given, option: string): string | undefined {
  const value = given.options[option];
  return typeof value === "string" ? value : undefined;
}

/** An option's number. Throws {@link UsageError} where it is none. */
export function numberOf(given: Given, option: string): number | undefined {
  const value = textOf(given, option);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number)) throw new UsageError(`--${option} is a number, not "${value}".`);
  return number;
}

/** The help of one command. */
export function helpOf(command: Command): string {
  const rows = Object.entries(command.options).map(
    ([name, { value, about }]) => [`  --${name}${value ? ` ${value}` : ""}`, about] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length), 0) + 2;
  const options = rows.map(([left, about]) => left.padEnd(width) + about.replaceAll("\n", `\n${" ".repeat(width)}`));
  return [
    `pulumi-baremetal ${command.name} ${command.usage}`.trim(),
    "",
    command.help,
    ...(rows.length > 0 ? ["", "Options:", ...options] : []),
  ].join("\n");
}
