import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { cinder } from "./cinder/index.ts";
import { Control } from "./control.ts";
import type { Fleet } from "./fleet.ts";
import { fleet, NEWCOMER, readFleet } from "./fleet-file.ts";
import { glance } from "./glance/index.ts";
import { ironic } from "./ironic/index.ts";
import type { CallFault, DaemonState } from "./kernel/faults.ts";
import { serve } from "./kernel/http.ts";
import type { Entry } from "./kernel/journal.ts";
import { keystone } from "./keystone/index.ts";
import { neutron } from "./neutron/index.ts";
import { nova } from "./nova/index.ts";
import { octavia } from "./octavia/index.ts";
import { placement } from "./placement/index.ts";
import { keepFleet, keptFleet, lockFolder, StateFolderError } from "./state-folder.ts";
import { World } from "./world.ts";

export type { Fleet } from "./fleet.ts";
export type { FileNode, FleetFile } from "./fleet-file.ts";
export { fleet, readFleet } from "./fleet-file.ts";
export type { CallFault, DaemonState } from "./kernel/faults.ts";
export type { Entry } from "./kernel/journal.ts";

/** How a sandbox is started. */
export interface SandboxOptions {
  /** Address to listen on. 127.0.0.1; any other needs `password`. */
  host?: string;
  /** 0, the default: any free port. */
  port?: number;
  /** A fleet, or the path of a fleet file. Default: nine machines, project demo. */
  fleet?: Fleet | string;
  /** How many times faster than hardware: 1 to 1000. Default 100. */
  speed?: number;
  /** Folder that keeps everything over a restart. Default: nothing is kept. */
  state?: string;
  /** The same seed gives the same ids. */
  seed?: string;
  /** Password of the accounts that the fleet gives none. Default `secret`. */
  password?: string;
  /** File for one JSON line per request. */
  journal?: string;
  /** Life of a token in real seconds. Default 3600. */
  tokenLife?: number;
}

/** A running sandbox. */
export interface Sandbox {
  /** `http://127.0.0.1:8900`. */
  readonly url: string;
  /** Keystone: `http://127.0.0.1:8900/identity/v3`. */
  readonly authUrl: string;
  readonly fleet: Fleet;
  /** The OS_* variables of a user, for a program or an OpenStack client. Default: the first user that is no administrator. */
  environment(user?: string, project?: string): Record<string, string>;
  /** Requests so far; with `inner`, also those of the services among themselves. */
  journal(options?: { inner?: boolean }): Entry[];
  /** Makes requests fail. Returns what takes the fault away. */
  fault(fault: CallFault): () => void;
  /** Makes a back end's call fail or wait: `cinder.create_volume`, `neutron.bind`. */
  backend(call: string, fault: { text?: string; seconds?: number } | undefined): void;
  /** Lets a process die, freeze or run: `ironic-conductor`. */
  daemon(name: string, state: DaemonState): void;
  /** Takes all faults of requests, back ends and processes away. */
  clearFaults(): void;
  stop(): Promise<void>;
}

/** Refused options. */
export class SandboxError extends Error {}

/** Starts an OpenStack with simulated machines in this process. Throws {@link SandboxError} on options that cannot be. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = "127.0.0.1", speed = 100, tokenLife = 3600 } = options;
  if (!(speed >= 1 && speed <= 1000)) throw new SandboxError(`speed is ${speed}; it goes from 1 (real time) to 1000.`);
  const loopback = /^(127(\.\d+){3}|::1|localhost)$/.test(host);
  if (!loopback && !options.password)
    throw new SandboxError(
      `${host} can be reached from other machines. Set a password of your own first (--password-file), or leave the address out: 127.0.0.1.`,
    );
  const asked = typeof options.fleet === "string" ? readFleet(options.fleet, options.password) : options.fleet;
  const unlock = options.state === undefined ? () => {} : lockFolder(options.state);
  const world = new World({
    speed,
    tokenLife,
    region: asked?.region ?? "RegionOne",
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.state === undefined ? {} : { state: options.state }),
    ...(options.journal === undefined ? {} : { journal: options.journal }),
  });
  // In the order in which they are seeded: each finds what it needs of those before it.
  for (const service of [keystone, glance, neutron, placement, cinder, ironic, nova, octavia])
    world.add(service(world));
  const control = new Control(world, loopback ? undefined : options.password);
  const server = serve(world, (request, path, body) => control.answer(request, path, body));
  try {
    const { port } = await listen(server, host, options.port ?? 0);
    world.url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
    const { loaded } = world.store;
    const filled = loaded
      ? keptFleet(world.store, asked, options.password ?? "secret")
      : (asked ?? fleet(NEWCOMER, options.password));
    world.options.region = filled.region;
    if (!loaded) keepFleet(world.store, filled);
    if (!loaded) for (const service of world.services.values()) service.seed?.(filled);
    for (const service of world.services.values()) service.start?.(loaded);
    world.store.flush();
    return handle(world, server, filled, unlock);
  } catch (error) {
    server.close();
    world.stop();
    unlock();
    throw error instanceof StateFolderError ? new SandboxError(error.message) : error;
  }
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "EADDRINUSE"
          ? new SandboxError(`Port ${port} of ${host} is taken. Choose another (--port), or end what listens there.`)
          : error,
      ),
    );
    server.listen(port, host, () => resolve(server.address() as AddressInfo));
  });
}

function handle(world: World, server: Server, filled: Fleet, unlock: () => void): Sandbox {
  const authUrl = `${world.url}/identity/v3`;
  return {
    url: world.url,
    authUrl,
    fleet: filled,
    environment(user, project) {
      const found = filled.users.find(({ name, system }) => (user === undefined ? !system : name === user));
      if (!found) throw new SandboxError(`The fleet has no user ${user ?? "besides the administrator"}.`);
      return {
        OS_AUTH_URL: authUrl,
        OS_IDENTITY_API_VERSION: "3",
        OS_USERNAME: found.name,
        OS_PASSWORD: found.password,
        OS_PROJECT_NAME: project ?? Object.keys(found.roles)[0] ?? "",
        OS_USER_DOMAIN_NAME: "Default",
        OS_PROJECT_DOMAIN_NAME: "Default",
        OS_REGION_NAME: filled.region,
        NO_PROXY: "127.0.0.1,localhost",
        no_proxy: "127.0.0.1,localhost",
      };
    },
    journal: (which) => world.journal.entries(which),
    fault(fault) {
      const id = world.faults.add(fault);
      return () => void world.faults.remove(id);
    },
    backend: (call, fault) => world.faults.setBackend(call, fault),
    daemon: (name, state) => world.faults.setDaemon(name, state),
    clearFaults: () => world.faults.clear(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        world.stop();
        unlock();
      }),
  };
}
