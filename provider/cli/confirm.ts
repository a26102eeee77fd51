import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";

/** Asks whoever sits at the terminal; only the whole word `yes` agrees. */
export async function confirm(question: string, input: Readable, output: Writable): Promise<boolean> {
  const lines = createInterface({ input, output });
  // Ctrl-D and Ctrl-C are no answer, and so no agreement.
  const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  lines.once("SIGINT", () => lines.close());
  try {
    return (await Promise.race([lines.question(`${question} Type yes to go on: `), ended])).trim() === "yes";
  } finally {
    lines.close();
  }
}
