/** The command line: the pulumi CLI's commands and flags, as far as the engine has them. */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { EngineError, messageOf } from "./errors.ts";
import type { EventSink } from "./events.ts";
import { Refusal, type RefusalId } from "./refusals.ts";
import type { Stack } from "./stack.ts";
import { openStack } from "./stack.ts";
import type { OperationOptions, OperationResult } from "./stack-options.ts";
import type { RpcTrace } from "./trace.ts";

/** How a command is run. */
export interface CommandOptions {
  env: NodeJS.ProcessEnv;
  /** The project's folder, unless --cwd says otherwise. */
  cwd: string;
  stdout: (text: string) => void;
  stderr: (text: string) => void;
  /** First interrupt: cancel in order. */
  signal?: AbortSignal;
  /** Second interrupt: leave at once. */
  terminate?: AbortSignal;
  trace?: RpcTrace;
  onEvent?: EventSink;
}

/** How a command ended. */
export interface CommandResult {
  exitCode: number;
}

const FLAGS = {
  cwd: { type: "string", short: "C" },
  stack: { type: "string", short: "s" },
  yes: { type: "boolean", short: "y" },
  "skip-preview": { type: "boolean", short: "f" },
  "preview-only": { type: "boolean" },
  "non-interactive": { type: "boolean" },
  json: { type: "boolean", short: "j" },
  diff: { type: "boolean" },
  target: { type: "string", short: "t", multiple: true },
  "target-dependents": { type: "boolean" },
  replace: { type: "string", multiple: true },
  "target-replace": { type: "string", multiple: true },
  "expect-no-changes": { type: "boolean" },
  "continue-on-error": { type: "boolean" },
  refresh: { type: "boolean", short: "r" },
  "clear-pending-creates": { type: "boolean" },
  "import-pending-creates": { type: "string", multiple: true },
  "run-program": { type: "boolean" },
  parallel: { type: "string", short: "p" },
  "show-secrets": { type: "boolean" },
  secret: { type: "boolean" },
  path: { type: "boolean" },
  file: { type: "string" },
  all: { type: "boolean" },
} as const;

/** Flags of the pulumi CLI that are refused by name. */
const REFUSED: Record<string, RefusalId> = {
  "policy-pack": "policy-pack",
  plan: "plan",
  "save-plan": "plan",
  exclude: "exclude",
  "import-file": "import-file",
  remote: "remote-run",
  "attach-debugger": "debugger",
};

/** Flags that only some commands have. */
const ONLY: Record<string, string[]> = {
  "clear-pending-creates": ["refresh"],
  "import-pending-creates": ["refresh"],
  "run-program": ["refresh", "destroy"],
};

type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS }>>["values"];

/** Runs one command, such as `up --yes`. Errors are written to stderr and make exit code 1. */
export async function runCommand(args: string[], options: CommandOptions): Promise<CommandResult> {
  try {
    for (const arg of args) {
      const refused = REFUSED[arg.replace(/^--/, "").replace(/=.*$/, "")];
      if (arg.startsWith("--") && refused) throw new Refusal(refused);
    }
    const { values, positionals } = parseArgs({ args, options: FLAGS, allowPositionals: true });
    const misplaced = Object.keys(values).find((flag) => ONLY[flag]?.includes(positionals[0] ?? "") === false);
    if (misplaced) throw new EngineError(`unknown flag: --${misplaced}`);
    const projectDir = values.cwd ?? options.cwd;
    const stack = openStack({
      projectDir,
      stack: values.stack ?? options.env["PULUMI_STACK"] ?? "dev",
      env: options.env,
      ...(options.trace ? { trace: options.trace } : {}),
    });
    return { exitCode: await dispatch(stack, positionals, values, options) };
  } catch (error) {
    options.stderr(`error: ${messageOf(error)}\n`);
    return { exitCode: 1 };
  }
}

async function dispatch(stack: Stack, words: string[], flags: Flags, options: CommandOptions): Promise<number> {
  const [command, action, ...rest] = words;
  switch (command) {
    case "preview":
      return report(await stack.preview(operationOptions(flags, options)), flags, options);
    case "up":
      return up(stack, flags, options);
    case "refresh":
    case "destroy":
      return changeState(stack, command, flags, options);
    case "cancel":
      stack.cancel();
      return 0;
    case "stack":
      return stackCommand(stack, action, flags, options);
    case "state":
      return stateCommand(stack, action, rest[0], flags, options);
    case "config": {
      const [key, value] = rest;
      if (action !== "set" || key === undefined || value === undefined) break;
      stack.setConfig(key, value, { secret: flags.secret ?? false, path: flags.path ?? false });
      return 0;
    }
  }
  throw new EngineError(
    `unknown command "${words.join(" ")}"; there are up, preview, refresh, destroy, cancel, stack, state, config`,
  );
}

function operationOptions(flags: Flags, options: CommandOptions): OperationOptions {
  const targetReplace = flags["target-replace"] ?? [];
  return {
    targets: [...(flags.target ?? []), ...targetReplace],
    replace: [...(flags.replace ?? []), ...targetReplace],
    targetDependents: flags["target-dependents"] ?? false,
    continueOnError: flags["continue-on-error"] ?? false,
    refresh: flags.refresh ?? false,
    ...(flags.parallel === undefined ? {} : { parallel: parallelOf(flags.parallel) }),
    expectNoChanges: flags["expect-no-changes"] ?? false,
    previewOnly: flags["preview-only"] ?? false,
    clearPendingCreates: flags["clear-pending-creates"] ?? false,
    importPendingCreates: pairs(flags["import-pending-creates"] ?? []),
    runProgram: flags["run-program"] ?? false,
    diff: flags.diff ?? false,
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.terminate ? { terminate: options.terminate } : {}),
    ...(options.onEvent ? { onEvent: options.onEvent } : {}),
    ...(flags.json ? {} : { onOutput: options.stdout }),
  };
}

/** URN and id in turn, as --import-pending-creates wants them. */
function pairs(words: string[]): { urn: string; id: string }[] {
  if (words.length % 2 !== 0)
    throw new EngineError("each URN must be followed by an ID: found an odd number of entries");
  return words.flatMap((urn, index) => (index % 2 === 0 ? [{ urn, id: words[index + 1] as string }] : []));
}

function parallelOf(text: string): number {
  const parallel = Number(text);
  if (!Number.isInteger(parallel) || parallel < 1)
    throw new EngineError(`--parallel wants a number from 1 on, not "${text}"`);
  return parallel;
}

function report(result: OperationResult, flags: Flags, options: CommandOptions): number {
  if (flags.json) options.stdout(`${JSON.stringify(result.digest, null, 4)}\n`);
  options.stderr(result.stderr);
  return result.exitCode;
}

function wantConsent(flags: Flags): void {
  if (!flags.yes && !flags["skip-preview"])
    throw new EngineError("--yes or --skip-preview must be passed in to proceed when running in non-interactive mode");
  if (flags.json) throw new Refusal("json");
}

async function up(stack: Stack, flags: Flags, options: CommandOptions): Promise<number> {
  wantConsent(flags);
  const operation = operationOptions(flags, options);
  if (!flags["skip-preview"]) {
    const preview = await stack.preview({ ...operation, expectNoChanges: false });
    if (preview.exitCode !== 0) return report(preview, flags, options);
  }
  return report(await stack.up(operation), flags, options);
}

async function changeState(
  stack: Stack,
  command: "refresh" | "destroy",
  flags: Flags,
  options: CommandOptions,
): Promise<number> {
  const operation = operationOptions(flags, options);
  if (command === "refresh" && flags["run-program"]) throw new Refusal("refresh-program");
  if (flags["preview-only"]) return report(await stack[command](operation), flags, options);
  wantConsent(flags);
  if (!flags["skip-preview"]) {
    const preview = await stack[command]({ ...operation, previewOnly: true, expectNoChanges: false });
    if (preview.exitCode !== 0) return report(preview, flags, options);
  }
  return report(await stack[command](operation), flags, options);
}

function stackCommand(stack: Stack, action: string | undefined, flags: Flags, options: CommandOptions): number {
  const print = (value: unknown) => options.stdout(`${JSON.stringify(value, null, 4)}\n`);
  switch (action) {
    case "init":
      return 0; // opening it has made it
    case "export":
      print(stack.exportState({ showSecrets: flags["show-secrets"] ?? false }));
      return 0;
    case "import":
      if (!flags.file) throw new EngineError("stack import wants --file");
      stack.importState(JSON.parse(readFileSync(flags.file, "utf8")));
      return 0;
    case "output": {
      const shown = Object.entries(stack.outputs()).map(([key, { value, secret }]) => [
        key,
        secret && !flags["show-secrets"] ? "[secret]" : value,
      ]);
      print(Object.fromEntries(shown));
      return 0;
    }
  }
  throw new EngineError(`unknown command "stack ${action ?? ""}"; there are init, export, import, output`);
}

function stateCommand(
  stack: Stack,
  action: string | undefined,
  urn: string | undefined,
  flags: Flags,
  options: CommandOptions,
): number {
  if (action === "taint" && urn) options.stdout(`${stack.taint(urn)} resources tainted\n`);
  else if (action === "unprotect" && (urn || flags.all))
    options.stdout(`${stack.unprotect(flags.all ? undefined : urn)} resources unprotected\n`);
  else
    throw new EngineError(`unknown command "state ${action ?? ""}"; there are taint <urn>, unprotect <urn> or --all`);
  return 0;
}
