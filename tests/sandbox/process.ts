/** A sandbox as its own process, started by the command line as a user does it. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Test } from "tap";

const MAIN = join(import.meta.dirname, "../../provider/cli/main.ts");

/** A sandbox that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  /** What it has printed so far. */
  text(): string;
  /** Resolves to the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** Runs `pulumi-baremetal` with arguments to its end. */
export function command(...args: string[]): Promise<{ code: number | string; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  return new Promise((resolve) =>
    child.on("close", (code, signal) => resolve({ code: code ?? signal!, stdout, stderr })),
  );
}

/** Starts `pulumi-baremetal sandbox` on a free port; it is killed when the test ends. */
export async function startProcess(t: Test, ...args: string[]): Promise<Running> {
  const child = spawn(process.execPath, [MAIN, "sandbox", "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  t.teardown(() => child.kill("SIGKILL"));
  let text = "";
  const ended = new Promise<number | string>((resolve) =>
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown")),
  );
  const url = await new Promise<string>((resolve, reject) => {
    const look = (data: Buffer) => {
      text += data;
      const found = /at (http:\S+)/.exec(text);
      if (found && text.includes("Ctrl-C")) resolve(found[1]!);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    void ended.then((code) => reject(new Error(`it ended with ${code}: ${text}`)));
  });
  return { child, url, text: () => text, ended };
}
