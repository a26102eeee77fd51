/** A provider process without a process: a session of its own on a wire, on which it can be killed at any request. */
import { type Clock, type Context, systemClock, Turns } from "../../provider/core/index.ts";
import type { Cloud } from "../../provider/openstack/cloud.ts";
import { resolveCloudConfig, Session } from "../../provider/openstack/index.ts";
import { type Tenant, tenantEnv } from "../cloud/client.ts";
import { type Mishap, Wire } from "./wire.ts";

/** How many times faster than real the waits of these providers are. */
const FASTER = 200;
const BEGAN = Date.now();

/** Waits of seconds take milliseconds; the cloud's own times stay comparable to `now`. */
const fastClock: Clock = {
  now: () => BEGAN + (Date.now() - BEGAN) * FASTER,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / FASTER, signal),
};

/** A provider that runs. */
export interface Provider {
  readonly context: Context<Cloud>;
  readonly wire: Wire;
  readonly lines: string[];
  /** The engine that asked is gone: nothing is sealed from now on. */
  loseEngine(): void;
  close(): void;
}

/** Starts a provider of a tenant, on whose line these things will happen. */
export function startProvider(tenant: Tenant, mishaps: readonly Mishap[] = []): Provider {
  const wire = new Wire(mishaps);
  const session = new Session(resolveCloudConfig({ env: tenantEnv(tenant) }), { clock: fastClock, fetch: wire.fetch });
  const lines: string[] = [];
  let engine = true;
  return {
    wire,
    lines,
    context: {
      cloud: session,
      clock: fastClock,
      turns: new Turns(),
      signal: new AbortController().signal,
      progress: (line) => void lines.push(line),
      warn: (line) => void lines.push(`warning: ${line}`),
      async place() {
        const { authUrl, region, projectId } = await session.principal();
        return { authUrl, region: region ?? "", projectId };
      },
      engineAlive: async () => engine,
    },
    loseEngine() {
      engine = false;
    },
    close: () => session.close(),
  };
}
