/**
 * A provider process that can really be killed: one stack's engine and its provider in a process of their own, which takes work by
 * IPC. Everything that is asked of the cloud goes where $SANDBOX_URL says, that is through the test's proxy. Each time an operation
 * begins, the answers of those before it are handed over: what an engine has in its state when the provider dies.
 */
import { type Clock, systemClock } from "../../provider/core/index.ts";
import { hostContext } from "../../provider/hosts/context.ts";
import type { Session } from "../../provider/openstack/index.ts";
import { tenantEnv } from "../cloud/client.ts";
import { type Edits, programOf, ROUTES } from "./programs.ts";
import type { Provider } from "./provider.ts";
import { type Outcome, Stack } from "./stack.ts";

/** What a provider process is asked to do. */
export interface Work {
  readonly operation: "up" | "destroy" | "refresh";
  readonly project: string;
  readonly state: Stack["state"];
  /** Title of the route. */
  readonly route: string;
  readonly edits: Edits;
}

/** What it says: the state, whenever it may have changed, and in the end how it went. */
export interface Report {
  readonly state: Stack["state"];
  readonly ended?: Outcome["ended"];
  /** Of a failed run. */
  readonly message?: string;
  readonly resource?: string;
  readonly lines?: readonly string[];
}

/** How many times faster than real these providers wait. */
const FASTER = 200;
let gained = 0;

/** Only waits are faster: a cloud that is slow to answer on a busy machine must not look like one that does nothing for minutes. */
const clock: Clock = {
  now: () => Date.now() + gained,
  async sleep(milliseconds, signal) {
    const until = clock.now() + milliseconds;
    await systemClock.sleep(milliseconds / FASTER, signal);
    gained += Math.max(0, until - clock.now());
  },
};

const say = (report: Report) => process.send!(report);

async function work({ operation, project, state, route: title, edits }: Work): Promise<void> {
  const route = ROUTES.find((one) => one.title === title)!;
  Object.assign(process.env, tenantEnv(route.tenant));
  const stack = new Stack(project);
  stack.state = state;
  const lines: string[] = [];
  const context = hostContext({
    clock,
    config: () => undefined,
    progress: (line) => void lines.push(line),
    warn: (line) => void lines.push(`warning: ${line}`),
    signal: new AbortController().signal,
    engineAlive: async () => true,
  });
  const provider = {
    context: {
      ...context,
      place() {
        say({ state: stack.state });
        return context.place();
      },
    },
    wire: { died: new Promise<void>(() => {}) },
  } as unknown as Provider;
  const outcome =
    operation === "up" ? await stack.up(provider, programOf(route, edits)) : await stack[operation](provider);
  (context.cloud as Session).close();
  const failed =
    outcome.ended === "failed" ? { message: outcome.failure.message, resource: outcome.resource } : undefined;
  say({ state: stack.state, ended: outcome.ended, lines, ...failed });
}

process.on("message", (message) => void work(message as Work));
// The test is gone.
process.on("disconnect", () => process.exit());
process.send!("ready");
