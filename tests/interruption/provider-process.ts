/** Provider processes that are killed: one at work, and a spare one that is warm by the time it is needed. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Edits, Route } from "./programs.ts";
import type { Report, Work } from "./provider-main.ts";
import type { Outcome, Stack } from "./stack.ts";

/** How a run ended, and the lines that it printed. */
export interface Ended {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
}

/** The provider processes of one test file. */
export class ProviderProcesses {
  readonly #env: NodeJS.ProcessEnv;
  #current: Promise<ChildProcess>;
  #spare: Promise<ChildProcess>;

  /** @param sandbox the embedded cloud's address as the processes are to know it */
  constructor(sandbox: string) {
    this.#env = {
      ...process.env,
      SANDBOX_URL: sandbox,
      NODE_OPTIONS: "",
      NODE_COMPILE_CACHE: join(tmpdir(), "pulumi-baremetal-compile-cache"),
    };
    this.#current = this.#start();
    this.#spare = this.#start();
  }

  async #start(): Promise<ChildProcess> {
    const child = fork(join(import.meta.dirname, "provider-main.ts"), {
      env: this.#env,
      execArgv: ["--disable-warning=ExperimentalWarning"],
      serialization: "advanced",
    });
    await once(child, "message");
    return child;
  }

  /** Ends the process at work as a power cut would. */
  async kill(): Promise<void> {
    const child = await this.#current;
    this.#current = this.#spare;
    this.#spare = this.#start();
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }

  up = (stack: Stack, route: Route, edits: Edits = {}) => this.#run(stack, { operation: "up", route, edits });
  destroy = (stack: Stack, route: Route) => this.#run(stack, { operation: "destroy", route, edits: {} });

  /** Runs an operation on a stack, whose state then is what the process handed over before it ended or died. */
  async #run(
    stack: Stack,
    { operation, route, edits }: Pick<Work, "operation" | "edits"> & { route: Route },
  ): Promise<Ended> {
    const child = await this.#current;
    const work: Work = { operation, project: stack.project, state: stack.state, route: route.title, edits };
    return new Promise((resolve) => {
      const hear = (message: unknown) => {
        const { state, ended, lines = [], message: why = "", resource = "" } = message as Report;
        stack.state = state;
        if (ended === undefined) return;
        child.off("message", hear).off("disconnect", died);
        const outcome: Outcome = ended === "failed" ? { ended, failure: new Error(why), resource } : { ended };
        resolve({ outcome, lines });
      };
      // Comes after the last message; "exit" need not.
      const died = () => resolve({ outcome: { ended: "killed" }, lines: [] });
      child.on("message", hear).once("disconnect", died);
      child.send(work);
    });
  }

  async stop(): Promise<void> {
    for (const starting of [this.#current, this.#spare]) (await starting).disconnect();
  }
}
