/**
 * The commands that a script runs. Each has a process group of its own, so that a script that is told to stop ends everything
 * below it: tap by itself leaves the tests that it has started.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";

const running = new Set<ChildProcess>();
/** Those of them that were told to end. */
const told = new Set<ChildProcess>();
/** How long what is told to end may take before it is killed, in milliseconds. */
const PATIENCE = 10_000;

/** Starts a command. */
export function start(command: readonly string[], options: SpawnOptions): ChildProcess {
  const [program, ...args] = command as [string, ...string[]];
  const child = spawn(program, args, { ...options, detached: true });
  running.add(child);
  child.once("close", () => running.delete(child));
  return child;
}

/** Resolves to a command's exit status when it has ended; never, where it was ended because the script is to stop. */
export function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("error", (error) => {
      console.error(`    ${child.spawnfile}: ${error.message}`);
      resolve(1);
    });
    child.once("close", (status) => {
      if (!told.has(child)) resolve(status ?? 1);
    });
  });
}

/** On SIGINT and SIGTERM ends what runs, then does `last`, then ends the script with 130. */
export function stopOnSignal(last: () => Promise<void> = async () => {}): void {
  const signalAll = (signal: NodeJS.Signals) => {
    for (const { pid } of running)
      try {
        if (pid !== undefined) process.kill(-pid, signal);
      } catch {
        // it has just ended
      }
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, async () => {
      console.log(`\n${signal}: stopping`);
      for (const child of running) told.add(child);
      const all = [...running].map((child) => new Promise((resolve) => child.once("close", resolve)));
      const killing = setTimeout(() => signalAll("SIGKILL"), PATIENCE);
      signalAll(signal);
      await Promise.all(all);
      clearTimeout(killing);
      await last();
      process.exit(130);
    });
}
