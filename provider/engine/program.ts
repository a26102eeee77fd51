/** Runs the user's program the way Pulumi's language host for Node.js does. */
import { NodeChild } from "./child.ts";
import type { Config } from "./config.ts";
import { programEnvironment } from "./config.ts";
import type { Project } from "./project.ts";
import { sdkModule } from "./provider-process.ts";

/** What a program is told. */
export interface ProgramOptions {
  project: Project;
  stack: string;
  organization: string;
  config: Config;
  env: NodeJS.ProcessEnv;
  preview: boolean;
  parallel: number;
  /** Address of the server that is ResourceMonitor and Engine. */
  address: string;
  /** Each line the program prints. */
  onLine: (line: string, stream: "stdout" | "stderr") => void;
}

/**
 * Ends the program when its engine has ended. Pulumi's runtime would go on for ever: it reports that the engine is gone, which
 * fails, which it reports. That leaves its own thread no time for anything else, hence one beside it.
 * The engine's id is written in here: it may be gone before the program looks.
 */
const ENDS_WITH_ENGINE = dataUrl(`
import { Worker } from "node:worker_threads";
const watch = \`setInterval(() => process.ppid === ${process.pid} || process.kill(process.pid, "SIGKILL"), 500)\`;
new Worker(watch, { eval: true, execArgv: [], env: {} }).unref();
`);

/** The exit code of a program whose error the SDK has already reported. */
const REPORTED = 32;

/** How a program ended: well, with an error the user knows, or with one to be told. */
export type ProgramResult = { outcome: "done" | "reported" } | { outcome: "failed"; message: string };

/** A running program. */
export class Program {
  readonly #child: NodeChild;
  /** Resolves when the program has ended. */
  readonly ended: Promise<ProgramResult>;

  constructor(options: ProgramOptions) {
    const { project, config, env, address } = options;
    const flags = {
      monitor: address,
      engine: address,
      organization: options.organization,
      project: project.name,
      "root-directory": project.directory,
      stack: options.stack,
      pwd: project.programDirectory,
      parallel: String(options.parallel),
    };
    this.#child = new NodeChild({
      args: [
        "--import",
        ENDS_WITH_ENGINE,
        ...project.nodeArguments,
        sdkModule(project.programDirectory, "cmd/run"),
        ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
        ...(options.preview ? ["--dry-run"] : []),
        project.entryPoint,
      ],
      cwd: project.programDirectory,
      env: {
        ...env,
        ...programEnvironment(config),
        ...(project.typescript ? { PULUMI_NODEJS_TYPESCRIPT: "true" } : {}),
      },
      onLine: options.onLine,
    });
    this.ended = this.#child.ended.then(({ code, signal }): ProgramResult => {
      if (code === 0) return { outcome: "done" };
      if (code === REPORTED) return { outcome: "reported" };
      const how = signal ? `was ended by ${signal}` : `exited with non-zero exit code: ${code}`;
      return { outcome: "failed", message: `Program ${how}` };
    });
  }

  /** Ends the program; it gets `graceMs` to go by itself. */
  async stop(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), graceMs);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends the program at once. */
  kill(): void {
    this.#child.kill("SIGKILL");
  }
}

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
