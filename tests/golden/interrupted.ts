/** Runs a command in a process of its own and sends it signals, as the recorder did. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { EngineEvent, RpcEvent } from "../../provider/engine/index.ts";
import { processesIn, providersIn } from "../lifecycle/processes.ts";

/** A signal to send. */
export interface Signal {
  /** The provider call that must have begun. */
  when?: string;
  afterMs?: number;
  sig: NodeJS.Signals;
  /** To the whole process group, as a terminal does. */
  group?: boolean;
}

/** What a command did. */
export interface Outcome {
  exit: { code: number | null; signal: string | null };
  stdout: string;
  stderr: string;
  calls: RpcEvent[];
  events: EngineEvent[];
  processesLeftAlive: string[];
}

/** Runs a command and interrupts it. Processes it leaves behind are named and then killed. */
export async function runInterrupted(
  args: string[],
  options: { env: NodeJS.ProcessEnv; cwd: string; signals: Signal[]; lingerMs: number },
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "engine-golden-log-"));
  const file = join(folder, "log");
  const script = fileURLToPath(new URL("engine-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, file, ...args], {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  const exited = new Promise<Outcome["exit"]>((resolve) =>
    child.on("exit", (code, signal) => resolve({ code, signal })),
  );
  const running = () => child.exitCode === null && child.signalCode === null;
  for (const { when, afterMs = 300, sig, group } of options.signals) {
    const begun = () => log(file).some(({ call }) => call?.phase === "start" && call.method.endsWith(`/${when}`));
    while (when && running() && !begun()) await sleep(50);
    await sleep(afterMs);
    if (running()) process.kill(group ? -(child.pid as number) : (child.pid as number), sig);
  }
  const exit = await exited;
  const processesLeftAlive = await killLeftovers(options.cwd, options.lingerMs);
  const lines = log(file);
  rmSync(folder, { recursive: true });
  return {
    exit,
    stdout,
    stderr,
    calls: lines.flatMap(({ call }) => (call ? [call] : [])),
    events: lines.flatMap(({ event }) => (event ? [event] : [])),
    processesLeftAlive,
  };
}

function log(file: string): { call?: RpcEvent; event?: EngineEvent }[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line.endsWith("}")).map((line) => JSON.parse(line));
}

/** Providers and programs that run in a project's folder. */
const runningIn = (folder: string) => [
  ...providersIn(folder).map(({ pid }) => ({ pid, role: "dynamic" })),
  ...processesIn(folder, "/cmd/run").map(({ pid }) => ({ pid, role: "program" })),
];

async function killLeftovers(folder: string, lingerMs: number): Promise<string[]> {
  for (let waited = 0; waited < lingerMs && runningIn(folder).length > 0; waited += 100) await sleep(100);
  const left = runningIn(folder);
  for (const { pid } of left) process.kill(pid, "SIGKILL");
  return left.map(({ role }) => role).sort();
}
