/** Child processes of a run: started apart from the terminal's signals, never left behind. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** How a child process is started. */
export interface ChildOptions {
  /** Arguments of node. */
  args: string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** Each line the process prints. */
  onLine: (line: string, stream: "stdout" | "stderr") => void;
}

/** How a child process ended. */
export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

const running = new Set<NodeChild>();
// The last thing an ending engine does, also after an uncaught error: take its children with it.
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A Node.js process of a run. */
export class NodeChild {
  /** Resolves once the process has ended and everything it printed was passed on. */
  readonly ended: Promise<ChildExit>;
  /** How it ended; undefined while it runs. */
  exit: ChildExit | undefined;
  readonly #kill: (signal: NodeJS.Signals) => void;

  constructor(options: ChildOptions) {
    const child = spawn(process.execPath, options.args, {
      cwd: options.cwd,
      env: options.env,
      // A group of its own: Ctrl-C in the terminal reaches the engine only, which then cancels in order.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines = (stream: Readable, name: "stdout" | "stderr") =>
      new Promise<void>((resolve) => {
        createInterface({ input: stream })
          .on("line", (line) => options.onLine(line, name))
          .on("close", resolve);
      });
    const printed = Promise.all([lines(child.stdout, "stdout"), lines(child.stderr, "stderr")]);
    const exited = new Promise<ChildExit>((resolve) => {
      child.on("error", () => resolve({ code: 127, signal: null }));
      child.on("exit", (code, signal) => resolve({ code, signal }));
    });
    this.#kill = (signal) => child.kill(signal);
    running.add(this);
    this.ended = exited.then(async (exit) => {
      this.exit = exit;
      running.delete(this);
      await printed;
      return exit;
    });
  }

  /** Sends a signal, if the process still runs. */
  kill(signal: NodeJS.Signals): void {
    if (!this.exit) this.#kill(signal);
  }

  /** Asks the process to end and makes it end when it has not after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    this.kill("SIGINT");
    const timer = setTimeout(() => this.kill("SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }
}
