import { Refusal } from "../kernel/call.ts";
import { DURATIONS } from "../kernel/durations.ts";
import { InjectedFault } from "../kernel/faults.ts";
import type { Table } from "../kernel/store.ts";
import type { World } from "../world.ts";
import type { Balancer, Kind, Tables, Task, Thing } from "./rows.ts";

const DAEMON = "octavia-worker";

/** Real seconds that any work takes, however fast the clock: whoever asks at once must find it pending. */
const LEAST = 0.2;

/**
 * Does what the API accepted. A message that no worker has taken waits until one runs. What a worker was doing when it died is lost:
 * the load balancer stays pending for ever, as with the real one, which keeps its flows in memory.
 */
export class Worker {
  readonly #world: World;
  readonly #tables: Tables;

  constructor(world: World, tables: Tables) {
    this.#world = world;
    this.#tables = tables;
  }

  /**
   * Begins with what was accepted before. A sandbox that ends stops its services in good order; the real worker then finishes what it
   * has taken. So messages of a former process are done now, taken or not.
   */
  start(): void {
    this.#world.faults.watchDaemons((daemon, state) => {
      if (daemon !== DAEMON) return;
      if (state === "dead") for (const task of this.#tables.tasks.filter(({ taken }) => taken)) this.#forget(task);
      if (state === "running") for (const task of this.#tables.tasks.filter(({ taken }) => !taken)) this.#begin(task);
    });
    for (const task of this.#tables.tasks.values()) this.#begin(task);
  }

  /** Hands work to the worker. */
  send(action: string, balancerId: string, ...targets: Task["targets"]): void {
    const id = this.#world.random.uuid();
    this.#begin(this.#tables.tasks.put({ id, action, load_balancer_id: balancerId, targets, taken: false }));
  }

  #forget(task: Task): void {
    this.#tables.tasks.delete(task.id);
  }

  #begin(task: Task): void {
    const { clock, faults } = this.#world;
    if (faults.daemon(DAEMON) !== "running") return;
    this.#tables.tasks.put({ ...task, taken: true });
    const whole = task.action === "create_load_balancer" || task.action === "failover_load_balancer";
    const seconds = DURATIONS[whole ? "load balancer" : "load balancer change"] / clock.speed;
    clock.afterReal(Math.max(seconds, LEAST), () => this.#finish(task));
  }

  async #finish(task: Task): Promise<void> {
    await this.#world.faults.thawed(DAEMON);
    if (!this.#tables.tasks.get(task.id)) return;
    try {
      await this.#world.faults.reach(`octavia.${task.action}`);
      if (task.action === "delete_load_balancer") await this.#deletePort(task.load_balancer_id);
    } catch (error) {
      if (!(error instanceof InjectedFault || error instanceof Refusal)) throw error;
      if (this.#tables.tasks.get(task.id)) this.#failed(task);
      return;
    }
    if (!this.#tables.tasks.get(task.id)) return;
    this.#forget(task);
    const { balancers } = this.#tables;
    const balancer = balancers.get(task.load_balancer_id);
    if (!balancer) return;
    if (task.action === "delete_load_balancer") {
      for (const { kind, row } of this.#tables.below(balancer.id)) this.#table(kind).delete(row.id);
      balancers.delete(balancer.id);
      return;
    }
    this.#settleBelow(balancer);
    this.#set(balancers, balancer, { provisioning_status: "ACTIVE" });
  }

  async #deletePort(balancerId: string): Promise<void> {
    const balancer = this.#tables.balancers.get(balancerId);
    if (!balancer?.owns_port) return;
    try {
      await this.#world.ask("neutron", "DELETE", `/v2.0/ports/${balancer.vip_port_id}`);
    } catch (error) {
      if (!(error instanceof Refusal && error.status === 404)) throw error;
    }
  }

  /** The load balancer is ERROR if the work was about itself; else only what the work was about. */
  #failed(task: Task): void {
    this.#forget(task);
    const balancer = this.#tables.balancers.get(task.load_balancer_id);
    if (!balancer) return;
    for (const { kind, id } of task.targets) {
      const table = this.#table(kind);
      const row = table.get(id);
      if (row) this.#set(table, row, { provisioning_status: "ERROR" });
    }
    if (task.targets.length === 0) {
      for (const { kind, row } of this.#tables.below(balancer.id))
        if (row.provisioning_status.startsWith("PENDING"))
          this.#set(this.#table(kind), row, { provisioning_status: "ERROR" });
      this.#set(this.#tables.balancers, balancer, { provisioning_status: "ERROR" });
      return;
    }
    this.#settleBelow(balancer);
    this.#set(this.#tables.balancers, balancer, { provisioning_status: "ACTIVE" });
  }

  /** What was pending is ACTIVE or gone. */
  #settleBelow(balancer: Balancer): void {
    const below = this.#tables.below(balancer.id);
    for (const { kind, row } of below)
      if (row.provisioning_status === "PENDING_CREATE" || row.provisioning_status === "PENDING_UPDATE")
        this.#set(this.#table(kind), row, { provisioning_status: "ACTIVE", ...watched(kind, row) });
    for (const { kind, row } of below)
      if (row.provisioning_status === "PENDING_DELETE") this.#remove(balancer, kind, row.id);
  }

  /** Takes a thing away with what is below it and what points at it. */
  #remove(balancer: Balancer, kind: Kind, id: string): void {
    const { listeners, policies, rules, members, monitors } = this.#tables;
    if (kind === "listeners")
      for (const policy of policies.by("parent", id)) this.#remove(balancer, "policies", policy.id);
    if (kind === "policies") {
      for (const rule of rules.by("parent", id)) rules.delete(rule.id);
      const listener = policies.get(id)?.listener_id;
      policies.delete(id);
      if (listener)
        for (const [index, policy] of this.#tables.policiesOf(listener).entries())
          if (policy.position !== index + 1) policies.put({ ...policy, position: index + 1 });
      return;
    }
    if (kind === "pools") {
      for (const member of members.by("parent", id)) members.delete(member.id);
      for (const monitor of monitors.by("parent", id)) monitors.delete(monitor.id);
      for (const listener of listeners.by("pool", id)) listeners.put({ ...listener, default_pool_id: null });
    }
    if (kind === "monitors") {
      const pool = monitors.get(id)?.pool_id;
      if (pool)
        for (const member of members.by("parent", pool)) this.#set(members, member, { operating_status: "NO_MONITOR" });
    }
    this.#table(kind).delete(id);
  }

  #table(kind: Kind): Table<Thing> {
    return this.#tables[kind] as unknown as Table<Thing>;
  }

  #set<T extends Thing>(table: Table<T>, row: T, fields: Partial<T>): void {
    Object.assign(row, fields, { updated_at: this.#world.clock.iso().slice(0, 19) });
    table.put(row);
  }
}

/** The operating status that the worker itself writes: of all others, heartbeats tell. */
function watched(kind: Kind, row: Thing): Partial<Thing> {
  if (kind !== "monitors" && kind !== "policies" && kind !== "rules") return {};
  return { operating_status: row.admin_state_up ? "ONLINE" : "OFFLINE" };
}
