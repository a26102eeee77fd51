import { DURATIONS } from "../kernel/durations.ts";
import type { Build } from "./build.ts";
import { Abandoned, type Computes } from "./compute.ts";
import { ClientError, faultOf, type Nova } from "./core.ts";
import type { Driver } from "./driver.ts";
import { type Hosts, IRONIC_HOST } from "./hosts.ts";
import type { Network } from "./network.ts";
import { type IronicNode, type Nodes, reasonOf } from "./nodes.ts";
import { type ActionRow, POWER, type ServerRow } from "./rows.ts";
import type { Storage } from "./storage.ts";

/** What is done to servers that exist: deleting, power, reinstalling, ports and volumes; and what nova does by itself. */
export class Life {
  readonly #nova: Nova;
  readonly #hosts: Hosts;
  readonly #computes: Computes;
  readonly #network: Network;
  readonly #storage: Storage;
  readonly #nodes: Nodes;
  readonly #build: Build;
  readonly #drivers: { metal: Driver; virtual: Driver };
  readonly #looking = new Set<string>();

  constructor(
    nova: Nova,
    parts: {
      hosts: Hosts;
      computes: Computes;
      network: Network;
      storage: Storage;
      nodes: Nodes;
      build: Build;
      drivers: { metal: Driver; virtual: Driver };
    },
  ) {
    this.#nova = nova;
    this.#hosts = parts.hosts;
    this.#computes = parts.computes;
    this.#network = parts.network;
    this.#storage = parts.storage;
    this.#nodes = parts.nodes;
    this.#build = parts.build;
    this.#drivers = parts.drivers;
  }

  driver(server: ServerRow): Driver {
    return server.host === IRONIC_HOST ? this.#drivers.metal : this.#drivers.virtual;
  }

  /** A step of an action on the server's nova-compute; a failure becomes the server's fault. */
  #cast(
    server: ServerRow,
    action: ActionRow,
    event: string,
    work: (server: ServerRow, alive: () => Promise<void>) => Promise<void>,
    failed: (server: ServerRow, message: string) => void,
  ): void {
    const host = server.host ?? "";
    this.#computes.cast(server, host, async (now, alive) => {
      try {
        await this.#nova.step(action, event, host, () => work(now, alive));
      } catch (error) {
        if (error instanceof Abandoned) throw error;
        const message = faultOf(error);
        now.fault = { code: 500, message, details: reasonOf(error), created: this.#nova.now() };
        failed(now, message);
        this.#nova.save(now);
      }
    });
  }

  /** Deletes a server: at once where no nova-compute has it. */
  delete(server: ServerRow, action: ActionRow): void {
    const { host } = server;
    server.taskState = "deleting";
    server.progress = 0;
    this.#nova.save(server);
    if (host === null) {
      this.#nova.background(async () => {
        await this.#release(server);
        action.updated = this.#nova.now();
        this.#nova.tables.actions.put(action);
      });
      return;
    }
    const work = async (now: ServerRow, alive: () => Promise<void>) => {
      if (now.host !== null) await this.driver(now).destroy(now, alive);
      await this.#release(now);
    };
    this.#cast(server, action, "compute_terminate_instance", work, (now) => {
      now.vmState = "error";
      now.taskState = null;
    });
  }

  async #release(server: ServerRow): Promise<void> {
    const { vifs } = server;
    await this.#network.deallocate(server);
    // Lists of what was deleted still show the addresses.
    server.vifs = vifs.map((vif) => ({ ...vif, groups: [] }));
    for (const device of server.volumes) await this.#storage.detach(server, device, true);
    await this.#hosts.release(server.id);
    const now = this.#nova.now();
    server.deleted = now;
    server.terminated = now;
    server.vmState = "deleted";
    server.taskState = null;
    server.powerState = POWER.none;
    server.tags = [];
    this.#nova.save(server);
  }

  /** Switches a server on or off. */
  power(server: ServerRow, action: ActionRow, what: "on" | "off"): void {
    server.taskState = what === "on" ? "powering-on" : "powering-off";
    this.#nova.save(server);
    const work = async (now: ServerRow, alive: () => Promise<void>) => {
      await this.driver(now).power(now, what, alive);
      if (now.deleted !== null || now.taskState === "deleting") return;
      now.vmState = what === "on" ? "active" : "stopped";
      now.powerState = what === "on" ? POWER.running : POWER.off;
      now.taskState = null;
      this.#nova.save(now);
    };
    this.#cast(server, action, what === "on" ? "compute_start_instance" : "compute_stop_instance", work, (now) => {
      if (now.taskState !== "deleting") now.taskState = null;
    });
  }

  /** Starts a server anew. */
  reboot(server: ServerRow, action: ActionRow, hard: boolean): void {
    server.taskState = hard ? "rebooting_hard" : "rebooting";
    this.#nova.save(server);
    const work = async (now: ServerRow, alive: () => Promise<void>) => {
      now.taskState = hard ? "reboot_started_hard" : "reboot_started";
      this.#nova.save(now);
      await this.driver(now).power(now, hard ? "reboot" : "soft reboot", alive);
      if (now.deleted !== null || (now.taskState as string | null) === "deleting") return;
      now.vmState = "active";
      now.powerState = POWER.running;
      now.taskState = null;
      this.#nova.save(now);
    };
    this.#cast(server, action, "compute_reboot_instance", work, (now) => {
      if (now.taskState !== "deleting") now.taskState = null;
    });
  }

  /** Installs a server anew on its machine. `newApi`: asked for at 2.93 or later. */
  rebuild(server: ServerRow, action: ActionRow, newApi: boolean): void {
    server.taskState = "rebuilding";
    server.progress = 0;
    this.#nova.save(server);
    const work = async (now: ServerRow, alive: () => Promise<void>) => {
      const driver = this.driver(now);
      if (!newApi || driver.virtual) now.taskState = "rebuild_spawning";
      this.#nova.save(now);
      await driver.rebuild(now, newApi, alive);
      if (now.deleted !== null || (now.taskState as string | null) === "deleting") return;
      now.vmState = "active";
      now.powerState = POWER.running;
      now.taskState = null;
      now.fault = null;
      now.launched = this.#nova.now();
      this.#nova.save(now);
    };
    this.#cast(server, action, "compute_rebuild_instance", work, (now) => {
      now.vmState = "error";
      if (now.taskState !== "deleting") now.taskState = null;
    });
  }

  /** Something that only virtual machines can. On others it fails, and the server stays as it is. */
  change(server: ServerRow, action: ActionRow, event: string, task: string, done: (server: ServerRow) => void): void {
    server.taskState = task;
    this.#nova.save(server);
    const work = async (now: ServerRow) => {
      if (!this.driver(now).virtual) throw new ClientError("NotImplementedError", "");
      await this.#nova.world.clock.sleep(1);
      if (now.taskState === "deleting") return;
      done(now);
      now.taskState = null;
      this.#nova.save(now);
    };
    this.#cast(server, action, event, work, (now) => {
      if (now.taskState !== "deleting") now.taskState = null;
    });
  }

  /** Attaches a volume that is reserved already. On bare metal that fails, and the volume is let go. */
  attachVolume(server: ServerRow, action: ActionRow, id: string): void {
    const work = async (now: ServerRow) => {
      const device = now.volumes.find((one) => one.volume === id);
      if (!device) return;
      const driver = this.driver(now);
      try {
        if (!driver.hotPlug) {
          // Nova asks Ironic for the machine's connectors first.
          await this.#nova.world.clock.sleep(DURATIONS.volume);
          throw new Error("Volume attach is not supported by the virt driver.");
        }
        await this.#storage.connect(now, device, await driver.connector(now));
        await this.#storage.complete(now, device);
      } catch (error) {
        now.volumes = now.volumes.filter((one) => one !== device);
        this.#nova.save(now);
        await this.#storage.detach(now, device, false);
        throw error;
      }
    };
    this.#cast(server, action, "compute_attach_volume", work, () => {});
  }

  /** Takes a volume off. On bare metal that fails, and nothing changes. */
  detachVolume(server: ServerRow, action: ActionRow, id: string): void {
    const work = async (now: ServerRow) => {
      const device = now.volumes.find((one) => one.volume === id);
      if (!device) return;
      if (!this.driver(now).hotPlug) throw new Error("Volume detach is not supported by the virt driver.");
      await this.#nova.world.clock.sleep(1);
      await this.#storage.detach(now, device, false);
      now.volumes = now.volumes.filter((one) => one !== device);
      this.#nova.save(now);
    };
    this.#cast(server, action, "compute_detach_volume", work, () => {});
  }

  /** Takes a port off, in the background. */
  detachPort(server: ServerRow, action: ActionRow, port: string): void {
    const work = async (now: ServerRow) => {
      if (!now.vifs.some((vif) => vif.port === port)) throw new Error(`Port ${port} not found`);
      await this.driver(now).detachPort(now, port);
      await this.#network.unplug(now, port);
    };
    this.#cast(server, action, "compute_detach_interface", work, () => {});
  }

  /** Begins what nova does by itself. */
  start(): void {
    const { faults, clock, store } = this.#nova.world;
    this.#computes.start((host) => this.#recover(host));
    const before = new Map<string, string | null>();
    for (const node of this.#nodes.table.values()) before.set(node.id, node.power_state);
    this.#nodes.table.watch((node, gone) => {
      const was = before.get(node.id);
      if (gone) before.delete(node.id);
      else before.set(node.id, node.power_state);
      if (!gone && was !== node.power_state) this.#powerChanged(node);
    });
    store.table<{ id: string; device_id?: string }>("neutron.ports").watch((port) => {
      const server = port.device_id ? this.#nova.live(port.device_id) : undefined;
      if (server?.vifs.some((vif) => vif.port === port.id)) this.#look(server.id);
    });
    type Floating = { id: string; port_id: string | null; floating_ip_address: string };
    store.table<Floating>("neutron.floatingips").watch(({ port_id, floating_ip_address }) => {
      for (const server of this.#nova.tables.servers.values())
        if (
          server.vifs.some(
            ({ port, addresses }) =>
              port === port_id || addresses.some(({ address }) => address === floating_ip_address),
          )
        )
          this.#look(server.id);
    });
    clock.every(DURATIONS["nova power sync"], async () => {
      if (faults.daemon("nova-compute-ironic") !== "running") return;
      for (const server of this.#nova.tables.servers.filter((one) => one.deleted === null && one.host === IRONIC_HOST))
        await this.#syncPower(server);
    });
  }

  /** Neutron says that a port changed: nova looks at the server's ports again, once for many changes. */
  #look(id: string): void {
    if (this.#looking.has(id)) return;
    this.#looking.add(id);
    this.#nova.world.clock.after(1, async () => {
      this.#looking.delete(id);
      const server = this.#nova.live(id);
      if (server && server.launched !== null && server.taskState === null) await this.#network.refresh(server);
    });
  }

  /** Ironic tells nova of a change of power. */
  #powerChanged(node: IronicNode): void {
    const server = node.instance_uuid === null ? undefined : this.#nova.live(node.instance_uuid);
    if (!server || server.host !== IRONIC_HOST || !/^power (on|off)$/.test(node.power_state ?? "")) return;
    const on = node.power_state === "power on";
    const asker = this.#nova.world.identity.serviceCaller();
    const id = `req-${this.#nova.world.random.uuid()}`;
    const now = this.#nova.now();
    const action = this.#nova.tables.actions.put({
      id: `${server.id} ${id}`,
      server: server.id,
      action: on ? "start" : "stop",
      request: id,
      project: asker.projectId,
      user: asker.userId,
      started: now,
      updated: now,
      message: null,
      events: [],
    });
    const work = async () => {
      const row = this.#nova.live(server.id);
      if (!row || row.taskState !== null) return;
      const fits = on
        ? row.vmState === "stopped" && row.powerState === POWER.off
        : row.vmState === "active" && row.powerState === POWER.running;
      if (!fits) return;
      row.vmState = on ? "active" : "stopped";
      row.powerState = on ? POWER.running : POWER.off;
      this.#nova.save(row);
    };
    this.#nova.background(async () => {
      await this.#nova.comesBack("nova-compute-ironic");
      await this.#nova.step(action, "compute_power_update", IRONIC_HOST, work);
    });
  }

  /** Nova's own look at a machine's power. */
  async #syncPower(server: ServerRow): Promise<void> {
    if (server.taskState !== null || server.launched === null) return;
    const state = this.driver(server).powerState(server);
    if (state !== server.powerState) {
      server.powerState = state;
      this.#nova.save(server);
    }
    const stops =
      (server.vmState === "active" && state === POWER.off) || (server.vmState === "stopped" && state === POWER.running);
    if (!stops) return;
    const asker = this.#nova.world.identity.serviceCaller();
    const id = `req-${this.#nova.world.random.uuid()}`;
    const call = { caller: asker, id } as Parameters<Nova["action"]>[0];
    this.power(server, this.#nova.action(call, server, "stop"), "off");
  }

  /** What a nova-compute does about its servers when it starts. */
  #recover(host: string): void {
    for (const server of this.#nova.tables.servers.filter((one) => one.deleted === null && one.host === host))
      this.#resume(server);
  }

  /** After a restart of everything. */
  recoverAll(): void {
    for (const server of this.#nova.tables.servers.filter((one) => one.deleted === null))
      if (server.host === null && server.taskState === "scheduling") this.#again(server);
      else this.#resume(server);
  }

  #again(server: ServerRow): void {
    const asker = this.#nova.world.identity.serviceCaller();
    this.#build.begin(server, {
      ...asker,
      projectId: server.project,
      projectName: server.projectName,
      userId: server.user,
    });
  }

  /** Puts a server in order whose work was cut off. */
  #resume(server: ServerRow): void {
    const action = this.#nova.tables.actions.by("server", server.id).at(-1);
    if (server.taskState === "deleting" && action) {
      this.delete(server, action);
      return;
    }
    if (server.vmState === "building") {
      server.vmState = "error";
      server.taskState = null;
      this.#nova.save(server);
      return;
    }
    if (server.taskState === null || !action) return;
    if (server.taskState === "powering-on" || server.taskState === "powering-off") {
      this.power(server, action, server.taskState === "powering-on" ? "on" : "off");
      return;
    }
    if (server.taskState.startsWith("reboot")) {
      this.reboot(server, action, server.taskState.endsWith("hard"));
      return;
    }
    if (server.taskState.startsWith("rebuild")) server.vmState = "error";
    server.taskState = null;
    this.#nova.save(server);
  }
}
