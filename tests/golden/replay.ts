/** Runs a scenario step by step on the embedded engine and keeps what a recording of the real engine has. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { RpcEvent } from "../../provider/engine/index.ts";
import { runCommand } from "../../provider/engine/index.ts";
import { type CallbackCall, readCallback } from "./callbacks.ts";
import type { Outcome, Signal } from "./interrupted.ts";
import { runInterrupted } from "./interrupted.ts";
import { normaliser } from "./normalise.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);
const modules = realpathSync(join(here, "../../node_modules"));

/** One call between the engine and a provider. */
export interface Call {
  /** Place in the one order of starts and ends. */
  start: number;
  /** Null: never answered. */
  end: number | null;
  method: string;
  request?: Record<string, unknown>;
  response?: Record<string, unknown>;
  errors?: string[];
}

/** A resource of a recorded state. */
export interface Resource {
  urn: string;
  id?: string;
  delete?: boolean;
  parent?: string;
  provider?: string;
  dependencies?: string[];
  propertyDependencies?: Record<string, string[]>;
  [field: string]: unknown;
}

/** A state as recorded. */
export interface State {
  resources?: Resource[];
  [field: string]: unknown;
}

/** What one step did, on either engine. */
export interface StepRecord {
  name: string;
  command: string;
  exit: { code: number | null; signal: string | null };
  /** Roles of processes that outlived the command. */
  processesLeftAlive?: string[];
  json?: unknown;
  stdout?: string[];
  rpcs: Call[];
  /** Calls of the program's transforms and hooks. */
  callbacks: CallbackCall[];
  /** Resource changes of each operation, in order: a preview and an update make two. */
  summaries: Record<string, number>[];
  stateAfter: State | null;
  worldAfter: string[];
}

/** A recording of the real engine, or of this one. */
export interface Recording {
  stateAtStart: State | null;
  steps: StepRecord[];
  code: string[];
}

interface Scenario {
  config?: string[][];
  projectYaml?: string;
  steps: {
    name: string;
    args: string[];
    stage?: number;
    hosts?: string[];
    config?: string[][];
    control?: unknown;
    world?: Record<string, unknown>;
    env?: Record<string, string>;
    signals?: Signal[];
    /** How long processes that outlive the command are left to go on. */
    orphanMs?: number;
  }[];
}

/** How the engine calls functions of the program. */
const CALLBACK = "Callbacks/Invoke";

/** How long after a command other processes may take to end. */
const LINGER_MS = 1_500;

/** Reads the recording of the real engine with the dynamic provider. */
export function readRecording(id: string): Recording {
  const file = join(here, "recordings", `${id}.dynamic.json`);
  const text = existsSync(file) ? readFileSync(file, "utf8") : gunzipSync(readFileSync(`${file}.gz`)).toString("utf8");
  const recording = JSON.parse(text);
  for (const step of recording.steps) {
    step.callbacks = step.rpcs
      .filter((call: Call) => call.method === CALLBACK)
      .map((call: Call) => readCallback(String(call.request?.["request"])));
    step.rpcs = step.rpcs.filter((call: Call) => call.method.startsWith("ResourceProvider/"));
    step.summaries = step.events.flatMap((event: { summaryEvent?: { resourceChanges: Record<string, number> } }) =>
      event.summaryEvent ? [event.summaryEvent.resourceChanges] : [],
    );
  }
  return recording;
}

/** Runs a scenario in a folder of its own. */
export async function replay(id: string): Promise<Recording> {
  const work = realpathSync(mkdtempSync(join(tmpdir(), "engine-golden-")));
  try {
    return await replayIn(work, id);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function replayIn(work: string, id: string): Promise<Recording> {
  const scenario = require(join(here, "scenarios", `${id}.js`)) as Scenario;
  const project = join(work, "project");
  const world = join(work, "world");
  const source = join(work, "src");
  for (const folder of [project, world, source]) mkdirSync(folder);
  for (const folder of ["program", "providers", "scenarios"])
    cpSync(join(here, folder), join(source, folder), { recursive: true });
  for (const folder of [project, source]) symlinkSync(modules, join(folder, "node_modules"));
  const yaml = "name: golden\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n";
  writeFileSync(join(project, "Pulumi.yaml"), scenario.projectYaml ?? yaml);
  writeFileSync(join(project, "package.json"), '{"name":"golden-program","main":"index.js"}');
  cpSync(join(here, "program/index.js"), join(project, "index.js"));
  const env = {
    ...process.env,
    PULUMI_BACKEND_URL: `file://${work}/state`,
    PULUMI_CONFIG_PASSPHRASE: "golden",
    NO_COLOR: "1",
    NODE_COMPILE_CACHE: join(tmpdir(), "engine-golden-compile-cache"),
    GOLDEN_HOST: "dynamic",
    GOLDEN_WORLD: world,
    GOLDEN_SCENARIO: join(source, "scenarios", `${id}.js`),
    GOLDEN_KIT: join(source, "program/kit.js"),
    GOLDEN_BEHAVIOUR: join(source, "providers/behaviour.js"),
    GOLDEN_DYNAMIC_HOOKS: join(source, "providers/dynamic-hooks.js"),
  };
  const filter = normaliser([
    [work, "<ROOT>"],
    [join(modules, "@pulumi/pulumi"), "<CLI>/bin"],
    [modules, "<MODULES>"],
  ]);
  const state = (): State | null => {
    const file = join(work, "state/.pulumi/stacks/golden/dev.json");
    return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).checkpoint.latest : null;
  };
  const urnOf = (name: string) =>
    state()?.resources?.find((resource) => !resource.delete && resource.urn.endsWith(`::${name}`))?.urn ?? name;
  const quiet = async (args: string[]) => {
    let problem = "";
    const stderr = (text: string) => {
      problem += text;
    };
    const { exitCode } = await runCommand(args, { env, cwd: project, stdout: () => {}, stderr });
    if (exitCode !== 0) throw new Error(`${args.join(" ")}: ${problem}`);
  };

  await quiet(["stack", "init"]);
  for (const config of scenario.config ?? []) await quiet(["config", "set", ...config]);
  const recording: Recording = { stateAtStart: filter.walk(state()), steps: [], code: [] };
  for (const step of scenario.steps) {
    if (step.hosts && !step.hosts.includes("dynamic")) continue;
    for (const config of step.config ?? []) await quiet(["config", ...config]);
    rmSync(join(world, "begun"), { recursive: true, force: true });
    writeFileSync(join(world, "control.json"), JSON.stringify(step.control ?? {}));
    for (const [object, value] of Object.entries(step.world ?? {})) {
      mkdirSync(join(world, "objects"), { recursive: true });
      writeFileSync(join(world, "objects", `${object}.json`), JSON.stringify(value));
    }
    const args = step.args.map((arg) =>
      arg.replace(/\$\{urn:([^}]+)\}/g, (_, name) => urnOf(name)).replace(/\$\{pending\}/, () => pendingUrn(state())),
    );
    const command = [...args, "--non-interactive"];
    const stepEnv = { ...env, GOLDEN_STAGE: String(step.stage ?? 1), ...step.env };
    const outcome = step.signals
      ? await runInterrupted(command, {
          env: stepEnv,
          cwd: project,
          signals: step.signals,
          lingerMs: step.orphanMs ?? LINGER_MS,
        })
      : await runHere(command, { env: stepEnv, cwd: project });
    const { stdout, stderr } = outcome;
    const calls = new CallLog();
    for (const event of outcome.calls) if (event.method !== CALLBACK) calls.add(event);
    const callbacks = outcome.calls.filter(({ method, phase }) => method === CALLBACK && phase === "start");
    const summaries = outcome.events.flatMap((event) =>
      event.kind === "summary" ? [event.changes as Record<string, number>] : [],
    );
    const printsJson = args.includes("--json") || args[1] === "export";
    if (process.env["GOLDEN_VERBOSE"])
      console.error(`--- ${id} ${step.name} -> ${JSON.stringify(outcome.exit)}\n${printsJson ? "" : stdout}${stderr}`);
    const objects = join(world, "objects");
    recording.steps.push({
      name: step.name,
      command: filter.text(`pulumi ${args.join(" ")}`),
      exit: outcome.exit,
      ...(outcome.processesLeftAlive.length > 0 ? { processesLeftAlive: outcome.processesLeftAlive } : {}),
      ...(printsJson ? { json: filter.walk(parse(stdout)) } : { stdout: filter.text(stdout).split("\n") }),
      rpcs: filter.walk(calls.calls),
      callbacks: callbacks.map(({ request }) => readCallback(String(request?.["request"]))),
      summaries,
      stateAfter: filter.walk(state()),
      worldAfter: existsSync(objects)
        ? readdirSync(objects)
            .sort()
            .map((name) => name.replace(/\.json$/, ""))
        : [],
    });
  }
  recording.code = [...filter.codes.keys()];
  return recording;
}

/** Runs a command in this process. */
async function runHere(args: string[], options: { env: NodeJS.ProcessEnv; cwd: string }): Promise<Outcome> {
  const outcome: Outcome = {
    exit: { code: null, signal: null },
    stdout: "",
    stderr: "",
    calls: [],
    events: [],
    processesLeftAlive: [],
  };
  const { exitCode } = await runCommand(args, {
    ...options,
    stdout: (text) => {
      outcome.stdout += text;
    },
    stderr: (text) => {
      outcome.stderr += text;
    },
    trace: (event) => outcome.calls.push(event),
    onEvent: (event) => outcome.events.push(event),
  });
  outcome.exit.code = exitCode;
  return outcome;
}

function pendingUrn(state: State | null): string {
  const pending = state?.["pending_operations"] as { resource: Resource }[] | undefined;
  return pending?.[0]?.resource.urn ?? "none";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Pairs starts and ends of calls, and gives messages the field names of their JSON form. */
class CallLog {
  readonly calls: Call[] = [];
  readonly #open = new Map<number, Call>();
  #place = 0;

  add(event: RpcEvent): void {
    this.#place += 1;
    if (event.phase === "start") {
      const call: Call = { start: this.#place, end: null, method: event.method, request: jsonForm(event.request) };
      this.calls.push(call);
      this.#open.set(event.call, call);
      return;
    }
    const call = this.#open.get(event.call);
    if (!call) return;
    call.end = this.#place;
    if (event.error) call.errors = [`rpc error: code = ${title(event.error.code)} desc = ${event.error.message}`];
    else call.response = jsonForm(event.response);
  }
}

const title = (code: string): string =>
  code
    .split("_")
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join("");

/** Fields of the messages that hold a google.protobuf.Struct: present even when empty. */
const STRUCTS = new Set(["olds", "news", "oldInputs", "properties", "inputs", "args"]);
/** Fields whose name in generated code differs from that in JSON. */
const NAMES: Record<string, string> = {
  randomseed: "randomSeed",
  acceptsecrets: "acceptSecrets",
  acceptresources: "acceptResources",
  deletebeforereplace: "deleteBeforeReplace",
  ignorechanges: "ignoreChanges",
};
const CHANGES = ["DIFF_UNKNOWN", "DIFF_NONE", "DIFF_SOME"];

/** The protobuf JSON form of a message: fields at their default are left out. */
function jsonForm(message: Record<string, unknown> = {}): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(message)) {
    const plainName = field.replace(/(List|Map)$/, "");
    const name = NAMES[plainName] ?? plainName;
    if (STRUCTS.has(name)) {
      if (value !== undefined) json[name] = value;
    } else if (name === "changes") {
      if (value) json[name] = CHANGES[value as number];
    } else if (field.endsWith("Map")) {
      const entries = value as [string, unknown][];
      if (entries.length > 0) json[name] = Object.fromEntries(entries);
    } else if (Array.isArray(value)) {
      const items = value.map((item) => (typeof item === "object" ? jsonForm(item as Record<string, unknown>) : item));
      if (items.length > 0) json[name] = items;
    } else if (value) json[name] = value;
  }
  return json;
}
