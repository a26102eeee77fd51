/** Speaks with shell.py: the openstack command line as one process for many commands. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Test } from "tap";

/** How a command ended. */
export interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

type Json = Record<string, unknown>;

/** The openstack command line of one user. */
export class Shell {
  /** The test that commands are run for. */
  test!: Test;
  readonly #child: ChildProcess;
  readonly #waiting: ((ended: Ended) => void)[] = [];

  /** @param options global options of the command line: `--os-system-scope all` */
  constructor(python: string, environment: Record<string, string>, ...options: string[]) {
    this.#child = spawn(python, [join(import.meta.dirname, "shell.py"), ...options], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], PYTHONWARNINGS: "ignore", ...environment },
    });
    createInterface({ input: this.#child.stdout! }).on("line", (line) =>
      this.#waiting.shift()?.(JSON.parse(line) as Ended),
    );
    this.#child.on("close", (code) => {
      for (const resolve of this.#waiting.splice(0))
        resolve({ code: code ?? -1, stdout: "", stderr: "the shell's process has ended" });
    });
  }

  /** Runs a command; words are separated by blanks, further ones may hold any text. */
  run(command: string, ...more: string[]): Promise<Ended> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#child.stdin!.write(`${JSON.stringify([...command.split(" "), ...more])}\n`);
    });
  }

  /** Runs a command that must succeed. */
  async ok(command: string, ...more: string[]): Promise<Ended> {
    const ended = await this.run(command, ...more);
    this.test.equal(ended.code, 0, `openstack ${[command, ...more].join(" ")}${ended.code ? `: ${ended.stderr}` : ""}`);
    return ended;
  }

  /** Runs a command with `-f json`; what it shows must match. */
  async json(command: string, more: string[] = [], pattern?: object): Promise<Json> {
    const { code, stdout } = await this.ok(command, ...more, "-f", "json");
    const shown = code === 0 ? parse(stdout) : {};
    if (pattern) this.test.match(shown, pattern, `openstack ${command}: output`);
    return shown as Json;
  }

  /** {@link json} of a list. */
  async list(command: string, more: string[] = []): Promise<Json[]> {
    const shown: unknown = await this.json(command, more);
    return Array.isArray(shown) ? (shown as Json[]) : [];
  }

  end(): void {
    this.#child.stdin!.end();
  }
}

/** Commands that wait print progress before their result. */
function parse(stdout: string): unknown {
  const at = stdout.search(/^[[{]/m);
  return at < 0 ? {} : (JSON.parse(stdout.slice(at)) as unknown);
}

/** Asks until a thing's status is as wanted, as a person would; what it then shows must match. */
export async function settled(
  t: Test,
  shell: Shell,
  command: string,
  wanted: string,
  pattern: object = {},
  field = "status",
): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const ended = await shell.run(command, "-f", "json");
    const shown = ended.code === 0 ? (JSON.parse(ended.stdout) as Record<string, unknown>) : {};
    if (shown[field] === wanted || ended.code !== 0 || Date.now() > end || /error/i.test(String(shown[field]))) {
      t.match(shown, { [field]: wanted, ...pattern }, `openstack ${command}: ${wanted} ${ended.stderr}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Asks until a thing is gone. */
export async function gone(t: Test, shell: Shell, command: string): Promise<void> {
  const end = Date.now() + 30_000;
  while ((await shell.run(command, "-f", "json")).code === 0 && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50));
  t.ok(Date.now() < end, `openstack ${command}: gone`);
}
