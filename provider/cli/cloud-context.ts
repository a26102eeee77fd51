import type { Context } from "../core/index.ts";
import { hostContext } from "../hosts/context.ts";
import type { Cloud } from "../openstack/cloud.ts";
import type { Output } from "./command.ts";

/**
 * The cloud that OS_* variables and clouds.yaml name, for commands that run without a stack.
 * @param cloud an entry of clouds.yaml, as `openstack:cloud` in a stack names it
 */
export function cloudContext(output: Output, cloud?: string): Context<Cloud> {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  return hostContext({
    config: (key) => (key === "openstack:cloud" ? cloud : undefined),
    progress: (line) => output.complain(`  ${line}`),
    warn: (line) => output.complain(`warning: ${line}`),
    signal: interrupted.signal,
    engineAlive: async () => true,
  });
}
