/** The same command again, as a person types it after an interruption. */

import { type Edits, programOf, type Route } from "./programs.ts";
import { startProvider } from "./provider.ts";
import { codeOf, type Outcome, type Stack } from "./stack.ts";

/** How often a person types it before giving up. */
const TRIES = 6;

/**
 * Runs `up` again until it is done. Where it refuses once, naming what is there already (killed between seal and saved
 * state), that is adopted, as its message says. Answers the last outcome and what was adopted.
 */
export async function finish(
  stack: Stack,
  route: Route,
  edits: Edits = {},
): Promise<{ outcome: Outcome; adopted: Record<string, string>; lines: string[] }> {
  const adopted: Record<string, string> = { ...edits.adopt };
  const lines: string[] = [];
  let outcome: Outcome = { ended: "killed" };
  for (let tried = 0; tried < TRIES && outcome.ended !== "done"; tried++) {
    const provider = startProvider(route.tenant);
    outcome = await stack.up(provider, programOf(route, { ...edits, adopt: adopted }));
    provider.close();
    lines.push(...provider.lines);
    if (outcome.ended !== "failed") continue;
    lines.push(outcome.failure.message);
    if (codeOf(outcome) !== "already-there") continue;
    const id = /exists already as ([0-9a-f-]{36})/.exec(outcome.failure.message)?.[1];
    if (id) adopted[outcome.resource] = id;
  }
  return { outcome, adopted, lines };
}
