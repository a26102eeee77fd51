import { stripVTControlCharacters } from "node:util";
import type { ExportedState, Op, OperationResult, StepView } from "../engine/index.ts";

/** A resource of the rehearsed program, as state has it; secrets in clear, for this state is thrown away. */
export interface RehearsedResource {
  /** `Server`; of a resource that is not of this package the whole type. */
  readonly type: string;
  /** Its logical name. */
  readonly name: string;
  readonly urn: string;
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What happened, or would happen, to one resource. */
export interface Change {
  readonly op: Op;
  readonly type: string;
  readonly name: string;
  /** Properties that differ. */
  readonly properties: readonly string[];
  /** Real seconds. */
  readonly seconds: number;
  /** Inputs as the program gave them; secrets blinded, unknown ones left out. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Something that went wrong. */
export interface RunError {
  /** `Server first`; undefined where it is about no resource. */
  readonly resource: string | undefined;
  /** Code of the failure, `no-capacity`, where it has one. */
  readonly code: string | undefined;
  /** What happened, whose move it is, what to type next. */
  readonly message: string;
}

const PREFIX = "pulumi-nodejs:dynamic/baremetal:";
const STACK = "pulumi:pulumi:Stack";
/** How Pulumi's wire format marks a secret, and how it writes an unknown value. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** `Server` of `pulumi-nodejs:dynamic/baremetal:Server`. */
export const shortType = (type: string): string => (type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type);

/** `first` of a URN. */
export const nameOf = (urn: string): string => urn.split("::").slice(3).join("::");

const typeOf = (urn: string): string => shortType((urn.split("::")[2] ?? "").split("$").at(-1) ?? "");

/** Whether a program's author knows of a resource of this type: the stack and default providers are none of it. */
const isOwn = (type: string): boolean => type !== STACK && !type.startsWith("pulumi:providers:");

/** The resources of a state that was exported with its secrets shown. */
export function resourcesOf(state: ExportedState): RehearsedResource[] {
  const stored = (state.deployment["resources"] ?? []) as unknown as {
    urn: string;
    type: string;
    id?: string;
    inputs?: object;
    outputs?: object;
    delete?: boolean;
  }[];
  return stored
    .filter(({ type, delete: old }) => isOwn(type) && !old)
    .map(({ urn, type, id = "", inputs = {}, outputs = {} }) => ({
      type: shortType(type),
      name: nameOf(urn),
      urn,
      id,
      inputs: visible(inputs),
      outputs: visible(outputs),
    }));
}

/** Plain values: secrets in clear, unknown ones and what is Pulumi's own left out. */
function visible(values: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([key, value]) => !key.startsWith("__") && value !== UNKNOWN)
      .map(([key, value]) => [key, plain(value)]),
  );
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value === UNKNOWN ? undefined : value;
  if (SIGNATURE in value) {
    const { plaintext, value: inner } = value as { plaintext?: string; value?: unknown };
    return typeof plaintext === "string" ? plain(JSON.parse(plaintext)) : (inner ?? "[secret]");
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

/** What an operation changed or would change; the halves of a replacement count as one. */
export function changesOf({ steps, digest }: OperationResult): Change[] {
  const inputs = new Map(
    digest.steps.map(({ urn, newState, oldState }) => [urn, (newState ?? oldState)?.["inputs"] as object | undefined]),
  );
  return steps
    .filter(({ op, type, error, internal }) => op !== "same" && isOwn(type) && !internal && error === undefined)
    .filter(({ op }) => op !== "create-replacement" && op !== "delete-replaced" && op !== "refresh")
    .map((step) => ({
      op: step.op,
      type: shortType(step.type),
      name: nameOf(step.urn),
      properties: propertiesOf(step),
      seconds: step.durationMs / 1000,
      inputs: visible(inputs.get(step.urn) ?? {}),
    }));
}

/** Properties that differ; where only the cloud has changed, its values before and after: `powerState on -> off`. */
export function propertiesOf({ op, detailedDiff, diffs, keys, old, new: now }: StepView): string[] {
  const paths = detailedDiff ? Object.keys(detailedDiff) : [...diffs, ...keys];
  const names = new Set(paths.map((path) => path.split(/[.[]/)[0]!));
  const asked = [...names].filter((name) => name && !name.startsWith("__")).sort();
  if (asked.length > 0 || op !== "update" || !old || !now) return asked;
  return Object.keys({ ...old.outputs, ...now.outputs })
    .sort()
    .flatMap((name) => {
      const [before, after] = [old.outputs[name], now.outputs[name]];
      if (!isPlain(before) || !isPlain(after) || before === after || name.startsWith("__")) return [];
      return [`${name} ${before ?? "(none)"} -> ${after ?? "(none)"}`];
    });
}

const isPlain = (value: unknown): boolean =>
  value === undefined || ["string", "number", "boolean"].includes(typeof value);

/** What went wrong in an operation, each once and without stack traces. */
export function errorsOf({ steps, diagnostics, stderr, exitCode }: OperationResult): RunError[] {
  const found = new Map<string, RunError>();
  const add = (urn: string, text: string) => {
    const message = hinted(withoutTrace(text.replace(/^1 error occurred:\s*\* /, "")));
    const resource =
      urn && isOwn(urn.split("::")[2]?.split("$").at(-1) ?? STACK) ? `${typeOf(urn)} ${nameOf(urn)}` : "";
    if (message && ![...found.values()].some((one) => one.message.includes(message)))
      found.set(`${resource}${message}`, {
        resource: resource || undefined,
        code: /\[([a-z]+(?:-[a-z]+)*)\]\s*$/m.exec(message)?.[1],
        message,
      });
  };
  for (const { urn, error } of steps) if (error !== undefined) add(urn, error);
  for (const { urn, severity, message } of diagnostics) if (severity === "error") add(urn, message);
  if (stderr && exitCode !== 7) add("", stderr.replace(/^error: /, ""));
  // The engine's own last word tells nothing beside a reason.
  const told = [...found.values()];
  const reasons = told.filter(({ message }) => !/^(update|preview|refresh|destroy) failed$/.test(message));
  if (reasons.length > 0 || exitCode !== 1) return reasons;
  return told.length > 0 ? told : [{ resource: undefined, code: undefined, message: "it failed and did not say why" }];
}

/** A message of Pulumi's or the engine's, as it helps in a rehearsal. */
const hinted = (message: string): string =>
  message
    .replace(
      /\s*please set a value using the command `pulumi config set (?:--secret )?(\S+) .*/,
      (_, key: string) =>
        `\ngive it a value for the rehearsal: --config ${key}=VALUE, or \`config:\` in rehearsal.yaml`,
    )
    .replace(/^(?:<ref \*\d+> )?(?:Error: )?failed to register new resource (\S+) \[.*?\]: \d+ [A-Z_]+: /, "$1: ")
    .replace(/; use the pulumi CLI for this stack: its state file is the same/, "; a rehearsal has no other engine");

const CRASH = /^Running program '.*' failed with an unhandled exception:\s*/;
const TRACE = /^\s*at .*(:\d+:\d+\)?|<anonymous>\)?)$/;

/** A message as a person reads it: without colours, lines of a stack trace, and of a crash only what was thrown. */
export function withoutTrace(text: string): string {
  const all = stripVTControlCharacters(text).split("\n");
  const trace = all.findIndex((line) => TRACE.test(line));
  const lines = CRASH.test(text) && trace > 0 ? all.slice(0, trace) : all.filter((line) => !TRACE.test(line));
  return lines
    .filter((line, index) => line.trim() !== "" || (lines[index - 1] ?? "").trim() !== "")
    .join("\n")
    .replace(CRASH, "")
    .trim();
}
