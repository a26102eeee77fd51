import type { Context } from "../core/index.ts";
import { hostContext } from "../hosts/context.ts";
import type { Cloud } from "../openstack/cloud.ts";
import type { Output } from "./command.ts";

/** The cloud that OS_* variables and clouds.yaml name, for commands that run without a stack. */
export function cloudContext(output: Output): Context<Cloud> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  return hostContext({
    config: () => undefined,
    progress: (line) => output.complain(`  ${line}`),
    warn: (line) => output.complain(`warning: ${line}`),
    signal: interrupted.signal,
    engineAlive: async () => true,
  });
}
