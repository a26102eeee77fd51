import { type Clock, type Context, failure, systemClock, Turns } from "../core/index.ts";
import type { Cloud } from "../openstack/cloud.ts";
import { resolveCloudConfig, Session, systemSources } from "../openstack/index.ts";

/** What a host gives to make the context of its operations. */
export interface HostOptions {
  /** A value of the stack's configuration by its full key: `openstack:region`. */
  config(key: string): string | undefined;
  progress(line: string): void;
  warn(line: string): void;
  signal: AbortSignal;
  engineAlive(): Promise<boolean>;
  clock?: Clock;
  /** Where `baremetal:logRequests` sends its lines. */
  log?(line: string): void;
}

/** A host's context, and the one for the read of an object of the state: all reads of a refresh share what they ask. */
export interface HostContext extends Context<Cloud> {
  reading(object: string): Context<Cloud>;
}

/**
 * One context for all operations of a process: one session, one set of turns. Credentials are looked for here, so that
 * what is wrong with them is said by the first operation that needs them.
 */
export function hostContext(options: HostOptions): HostContext {
  const clock = options.clock ?? systemClock;
  const log = options.config("baremetal:logRequests") === "true" ? (options.log ?? options.progress) : undefined;
  const session = new Session(resolveCloudConfig(systemSources(options.config)), {
    clock,
    progress: options.progress,
    ...(log && { log }),
  });
  const context: Context<Cloud> = {
    cloud: session,
    clock,
    turns: new Turns(),
    signal: options.signal,
    progress: options.progress,
    warn: options.warn,
    engineAlive: options.engineAlive,
    unanswered: () => session.unanswered(),
    place: async () => {
      const { authUrl, region, projectId } = await session.principal();
      if (!projectId)
        throw failure("no-credentials", "the credential is not scoped to a project", {
          next: "set `openstack:tenantName` or OS_PROJECT_NAME.",
        });
      return { authUrl, region: region ?? "", projectId };
    },
  };
  return { ...context, reading: (object) => ({ ...context, cloud: session.reading(object) }) };
}
