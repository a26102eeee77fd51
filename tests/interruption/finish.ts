/** The same command again, as a person types it after an interruption. */

import { login, type Tenant } from "../cloud/client.ts";
import { type Edits, programOf, type Route } from "./programs.ts";
import { startProvider } from "./provider.ts";
import type { Outcome, Stack } from "./stack.ts";

/** How often a person types it before giving up. */
const TRIES = 6;

/** An `up` with these edits, and the lines that it printed. */
export type Up = (edits: Edits) => Promise<{ outcome: Outcome; lines: readonly string[] }>;

/** How it ended. */
export interface Finish {
  /** Of the last `up`. */
  readonly outcome: Outcome;
  /** What had to be adopted: its id by the resource's name. */
  readonly adopted: Readonly<Record<string, string>>;
  readonly lines: readonly string[];
}

/**
 * Runs `up` again until it is done. Where it refuses once, naming what is there already (killed between seal and saved
 * state), that is adopted, as its message says. `follow` does what else a message says.
 */
export async function untilDone(
  up: Up,
  edits: Edits = {},
  follow: (message: string) => Promise<void> = async () => {},
): Promise<Finish> {
  const adopted: Record<string, string> = {};
  const lines: string[] = [];
  let outcome: Outcome = { ended: "killed" };
  for (let tried = 0; tried < TRIES && outcome.ended !== "done"; tried++) {
    const run = await up({ ...edits, adopt: { ...edits.adopt, ...adopted } });
    outcome = run.outcome;
    lines.push(...run.lines);
    if (outcome.ended !== "failed") continue;
    const { message } = outcome.failure;
    lines.push(message);
    const id = message.includes("[already-there]") && /exists already as (\S+),/.exec(message)?.[1];
    if (id) adopted[outcome.resource] = id;
    else await follow(message);
  }
  return { outcome, adopted, lines };
}

/** {@link untilDone}, each time by a new provider of this process. */
export const finish = (stack: Stack, route: Route, edits: Edits = {}): Promise<Finish> =>
  untilDone(
    async (edited) => {
      const provider = startProvider(route.tenant);
      const outcome = await stack.up(provider, programOf(route, edited));
      provider.close();
      return { outcome, lines: provider.lines };
    },
    edits,
    (message) => detach(route.tenant, message),
  );

/** An attachment whose create was killed is in no state, and carries no mark: its volume is held, and the message says how it gets free. */
async function detach(tenant: Tenant, message: string): Promise<void> {
  const [, id] = /Where no program has it:.*`openstack volume attachment delete (\S+)`/.exec(message) ?? [];
  if (id) await (await login(tenant)).call("cinder", "DELETE", `/attachments/${id}`);
}
