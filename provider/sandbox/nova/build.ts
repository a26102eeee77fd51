import type { Caller, Json } from "../kernel/call.ts";
import { DURATIONS } from "../kernel/durations.ts";
import type { Computes } from "./compute.ts";
import { Abandoned } from "./compute.ts";
import type { Nova } from "./core.ts";
import { BuildAbort, type Driver } from "./driver.ts";
import type { Hosts } from "./hosts.ts";
import type { Network } from "./network.ts";
import { reasonOf } from "./nodes.ts";
import type { ActionRow, HostRow, ServerRow } from "./rows.ts";
import { connectionOf, type Storage } from "./storage.ts";

const MAX_ATTEMPTS = 3;

/** A server was deleted while it was built. */
class Deleted extends Error {}

/** From a wish to a server: finding a host, and building there or, where that fails, on another. */
export class Build {
  readonly #nova: Nova;
  readonly #hosts: Hosts;
  readonly #computes: Computes;
  readonly #network: Network;
  readonly #storage: Storage;
  readonly #driver: (host: HostRow) => Driver;

  constructor(
    nova: Nova,
    parts: { hosts: Hosts; computes: Computes; network: Network; storage: Storage; driver: (host: HostRow) => Driver },
  ) {
    this.#nova = nova;
    this.#hosts = parts.hosts;
    this.#computes = parts.computes;
    this.#network = parts.network;
    this.#storage = parts.storage;
    this.#driver = parts.driver;
  }

  /** Begins to build a server, in the background. */
  begin(server: ServerRow, caller: Caller): void {
    this.#nova.background(async () => {
      await this.#nova.comesBack("nova-conductor");
      await this.#nova.comesBack("nova-scheduler");
      await this.#nova.world.clock.sleep(DURATIONS.schedule);
      const now = this.#nova.live(server.id);
      if (!now || now.taskState === "deleting") return;
      await this.#place(now, caller, this.#actionOf(now), new Set(), undefined);
    });
  }

  #actionOf(server: ServerRow): ActionRow {
    return this.#nova.tables.actions.by("server", server.id).find(({ action }) => action === "create")!;
  }

  /** Finds a host that was not tried yet, and builds there. */
  async #place(
    server: ServerRow,
    caller: Caller,
    action: ActionRow,
    tried: Set<string>,
    last: string | undefined,
  ): Promise<void> {
    const host = await this.#choose(server, tried);
    if (typeof host === "string") {
      const message =
        last === undefined
          ? host
          : `Exceeded maximum number of retries. Exhausted all hosts available for retrying build failures for instance ${server.id}.`;
      if (last === undefined) {
        const schedule = async () => {
          throw new Error(message);
        };
        await this.#nova.step(action, "conductor_schedule_and_build_instances", "oscloud", schedule).catch(() => {});
      }
      this.#fail(server, message);
      return;
    }
    tried.add(host.id);
    this.#computes.cast(server, host.service, (now, alive) => this.#on(host, now, caller, action, tried, alive));
  }

  /** A host, taken for the server; else what nova says of there being none. */
  async #choose(server: ServerRow, tried: Set<string>): Promise<HostRow | string> {
    const passed = new Set(tried);
    for (;;) {
      const { hosts, none } = this.#hosts.candidates(server, passed);
      if (hosts.length === 0) return none;
      const host = hosts[this.#nova.world.random.below(hosts.length)]!;
      passed.add(host.id);
      // Taken before anybody else is asked, so that no two servers choose the same machine.
      server.host = host.service;
      server.node = host.name;
      this.#nova.tables.servers.put(server);
      if (await this.#hosts.claim(server, host)) return host;
      server.host = null;
      server.node = null;
      this.#nova.tables.servers.put(server);
    }
  }

  async #on(
    host: HostRow,
    server: ServerRow,
    caller: Caller,
    action: ActionRow,
    tried: Set<string>,
    alive: () => Promise<void>,
  ): Promise<void> {
    if (server.taskState === "deleting") return;
    const driver = this.#driver(host);
    server.launchedOn = host.service;
    const event = {
      name: "compute__do_build_and_run_instance",
      started: this.#nova.now(),
      finished: null as number | null,
      result: null as "Success" | null,
      traceback: null,
      host: host.service,
      details: null,
    };
    action.events.push(event);
    const finish = () => {
      event.finished = this.#nova.now();
      event.result = "Success";
      action.updated = event.finished;
      this.#nova.tables.actions.put(action);
    };
    try {
      await this.#build(driver, host, server, caller, alive);
      finish();
    } catch (error) {
      if (error instanceof Abandoned) throw error;
      const reason = reasonOf(error);
      await this.#takeBack(driver, server, alive);
      const gone = server.taskState === "deleting" || error instanceof Deleted;
      if (gone) {
        finish();
        return;
      }
      const abort = error instanceof BuildAbort;
      if (abort || tried.size >= MAX_ATTEMPTS) {
        finish();
        await this.#hosts.release(server.id);
        server.host = null;
        server.node = null;
        this.#fail(
          server,
          abort
            ? `Build of instance ${server.id} aborted: ${reason}`
            : `Exceeded maximum number of retries. Exceeded max scheduling attempts ${MAX_ATTEMPTS} for instance ${server.id}. Last exception: ${reason}`,
        );
        return;
      }
      await this.#hosts.release(server.id);
      server.host = null;
      server.node = null;
      server.taskState = "scheduling";
      this.#nova.save(server);
      await this.#place(server, caller, action, tried, reason);
    }
  }

  /** Builds a server on a host that it has taken. */
  async #build(
    driver: Driver,
    host: HostRow,
    server: ServerRow,
    caller: Caller,
    alive: () => Promise<void>,
  ): Promise<void> {
    const becomes = (task: string | null) => {
      if (server.taskState === "deleting" || server.deleted !== null) throw new Deleted();
      server.taskState = task;
      this.#nova.save(server);
    };
    becomes(null);
    await driver.prepare(server, host);
    await alive();
    becomes("networking");
    try {
      await this.#network.allocate(server, caller, driver.bindingHost(server));
    } catch (error) {
      throw new BuildAbort(`Failed to allocate the network(s), not rescheduling. ${reasonOf(error)}`.replace(/ $/, ""));
    }
    await driver.plug(server);
    await alive();
    becomes("block_device_mapping");
    const connections = new Map<string, Json>();
    try {
      for (const device of server.volumes) {
        await this.#storage.create(caller, server, device);
        if (device.attachment === null || device.volume === null) continue;
        const info = await this.#storage.connect(server, device, await driver.connector(server));
        connections.set(device.volume, connectionOf(info));
        await this.#storage.complete(server, device);
      }
    } catch (error) {
      throw new BuildAbort(reasonOf(error));
    }
    await alive();
    const scsi = /^(scsi|ide)$/.test(server.imageProperties["hw_disk_bus"] ?? "");
    server.rootDevice = scsi ? "/dev/sda" : "/dev/vda";
    becomes("spawning");
    await driver.spawn(server, connections, alive);
    await this.#network.refresh(server);
    if ((server.taskState as string | null) === "deleting" || server.deleted !== null) throw new Deleted();
    server.vmState = "active";
    server.taskState = null;
    server.powerState = driver.virtual ? 1 : driver.powerState(server) || 1;
    server.launched = this.#nova.now();
    this.#nova.save(server);
  }

  /** Undoes what was done on a host. */
  async #takeBack(driver: Driver, server: ServerRow, alive: () => Promise<void>): Promise<void> {
    try {
      await driver.destroy(server, alive);
    } catch (error) {
      if (error instanceof Abandoned) throw error;
    }
    await this.#network.deallocate(server);
    for (const device of server.volumes) {
      if (device.attachment === null) continue;
      // The reservation outlives the connection: the next host needs it.
      await this.#storage.detach(server, device, false);
      device.attachment = null;
    }
    const asker = this.#nova.world.identity.serviceCaller();
    for (const device of server.volumes)
      if (device.volume !== null && server.taskState !== "deleting")
        device.attachment = await this.#storage
          .reserve({ ...asker, projectId: server.project }, server, device.volume)
          .catch(() => null);
  }

  #fail(server: ServerRow, message: string): void {
    for (const device of server.volumes)
      if (device.attachment !== null) {
        const { attachment } = device;
        device.attachment = null;
        this.#nova.background(() => this.#storage.detach(server, { ...device, attachment }, false));
      }
    this.#nova.fail(server, { code: 500, message, details: message });
  }
}
