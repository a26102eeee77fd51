/** The folder that stores stacks, laid out like the pulumi CLI's file backend. */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, hostname, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ExportedState } from "./checkpoint.ts";
import { EngineError } from "./errors.ts";
import { Refusal } from "./refusals.ts";

/** The organization that file backends put in front of every stack. */
export const ORGANIZATION = "organization";

/** The folder a backend URL (`file://...`) names; refuses other kinds of backends. */
export function backendFolder(url: string): string {
  if (!url.startsWith("file://")) throw new Refusal("backend", url);
  const path = url.slice("file://".length).replace(/\?.*$/, "");
  if (path === "~" || path.startsWith("~/")) return join(homedir(), path.slice(1));
  return path.startsWith("/") ? fileURLToPath(`file://${path}`) : resolve(path);
}

/** The stored state and the lock of one stack. */
export class StackStore {
  readonly #folder: string;
  readonly #project: string;
  readonly #stack: string;
  #lock: string | undefined;

  /** @param folder the backend's folder, the one that holds `.pulumi` */
  constructor(folder: string, project: string, stack: string) {
    this.#folder = join(folder, ".pulumi");
    this.#project = project;
    this.#stack = stack;
  }

  /** The file of the stack's checkpoint. */
  get file(): string {
    return join(this.#folder, "stacks", this.#project, `${this.#stack}.json`);
  }

  /** The last checkpoint, or undefined when the stack does not exist. */
  load(): ExportedState | undefined {
    if (!existsSync(this.file)) {
      if (existsSync(`${this.file}.gz`)) throw new Refusal("compressed-state");
      return undefined;
    }
    const stored = JSON.parse(readFileSync(this.file, "utf8"));
    const { version, features, checkpoint } = stored;
    return { version, features, deployment: checkpoint.latest ?? {} };
  }

  /** Replaces the checkpoint atomically: a reader sees the old one or the new one, also after a crash. */
  save({ version, features, deployment }: ExportedState): void {
    const stack = `${ORGANIZATION}/${this.#project}/${this.#stack}`;
    const text = JSON.stringify({ version, features, checkpoint: { stack, latest: deployment } });
    mkdirSync(dirname(this.file), { recursive: true });
    const meta = join(this.#folder, "meta.yaml");
    if (!existsSync(meta)) writeFileSync(meta, "version: 1\n");
    if (existsSync(this.file)) writeFileSync(`${this.file}.bak`, readFileSync(this.file));
    replaceFile(this.file, text);
  }

  /** Takes the stack's lock; throws an EngineError that names the holders when there are others. */
  lock(): void {
    const path = join(this.#lockFolder, `${randomUUID()}.json`);
    this.#refuseOtherLocks(path);
    mkdirSync(this.#lockFolder, { recursive: true });
    const holder = { pid: process.pid, username: userInfo().username, hostname: hostname(), timestamp: new Date() };
    writeFileSync(path, JSON.stringify(holder));
    try {
      this.#refuseOtherLocks(path); // two that came at once both give way
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
    this.#lock = path;
  }

  /** Gives the lock back. */
  unlock(): void {
    if (this.#lock) rmSync(this.#lock, { force: true });
    this.#lock = undefined;
  }

  /** Removes every lock of the stack, also those of other processes: `pulumi cancel`. */
  cancel(): void {
    rmSync(this.#lockFolder, { recursive: true, force: true });
  }

  get #lockFolder(): string {
    return join(this.#folder, "locks", ORGANIZATION, this.#project, this.#stack);
  }

  #refuseOtherLocks(own: string): void {
    if (!existsSync(this.#lockFolder)) return;
    const others = readdirSync(this.#lockFolder)
      .map((name) => join(this.#lockFolder, name))
      .filter((path) => path !== own);
    if (others.length === 0) return;
    const lines = others.map((path) => {
      const { username, hostname, pid, timestamp } = JSON.parse(readFileSync(path, "utf8"));
      const at = String(timestamp).replace(/\.\d+Z$/, "Z");
      return `\n  file://${path}: created by ${username}@${hostname} (pid ${pid}) at ${at}`;
    });
    throw new EngineError(
      `the stack is currently locked by ${others.length} lock(s). Either wait for the other process(es) to end or ` +
        `delete the lock file with \`pulumi cancel\`.${lines.join("")}`,
    );
  }
}

function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w");
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
