import type { Caller } from "../../kernel/call.ts";
import type { DaemonState } from "../../kernel/faults.ts";
import { fault, locked, noNode } from "../errors.ts";
import { DAEMON, HOST } from "../host.ts";
import type { Ironic } from "../ironic.ts";
import { WAITING } from "../machine.ts";
import type { NodeRow } from "../rows.ts";
import { HardwareError, Task } from "./task.ts";

/** Seconds of hardware time after which nobody takes a silent conductor for alive. */
const HEARTBEAT_TIMEOUT = 60;

/** How often a lock is tried, and the seconds between. */
const LOCK_ATTEMPTS = 3;
const LOCK_INTERVAL = 1;

/** Seconds between two calls of a ramdisk that is not heard. */
const AGENT_INTERVAL = 30;

/** Seconds that the conductor waits for a ramdisk. */
const CALLBACK_TIMEOUT = 1800;

/** The process that works on nodes: one at a time on each, under the node's lock. */
export class Conductor {
  readonly #ironic: Ironic;
  /** Grows whenever the process dies: work of an earlier life never goes on. */
  generation = 0;
  /** Milliseconds at which it died. */
  #deadSince = 0;
  readonly #waits = new Map<string, symbol>();
  /** What goes on when a ramdisk calls, by the state that waits for it. */
  onAgent: Readonly<Record<string, (task: Task) => Promise<void>>> = {};
  /** What happens when no ramdisk called in time. */
  onTimeout: (task: Task) => Promise<void> = async () => {};
  /** What a conductor does that starts again. */
  onRestart: () => void = () => {};

  constructor(ironic: Ironic) {
    this.#ironic = ironic;
  }

  /** Follows what becomes of the process. */
  start(): void {
    let before = this.state;
    this.#ironic.world.faults.watchDaemons((daemon, state) => {
      if (daemon !== DAEMON) return;
      if (state === "dead" && before !== "dead") {
        this.generation++;
        this.#deadSince = this.#ironic.world.clock.now();
      }
      if (before === "dead" && state === "running") this.onRestart();
      before = state;
    });
  }

  get state(): DaemonState {
    return this.#ironic.world.faults.daemon(DAEMON);
  }

  /** Whether others take it for alive. */
  get seenAlive(): boolean {
    const { clock } = this.#ironic.world;
    return this.state !== "dead" || clock.now() - this.#deadSince < (HEARTBEAT_TIMEOUT * 1000) / clock.speed;
  }

  /** What a request that needs the conductor meets: waits while it is frozen, refuses (500, later 503) while it is dead. */
  async reach(): Promise<void> {
    if ((await this.#ironic.world.faults.thawed(DAEMON)) !== "dead") return;
    if (!this.seenAlive) throw fault(503, "Resource temporarily unavailable, please retry.");
    const [host = "", port = ""] = HOST.split(":");
    throw fault(
      500,
      `Unable to establish connection to http://${HOST}: HTTPConnectionPool(host='${host}', port=${port}): Max retries exceeded with url: / (Caused by NewConnectionError("HTTPConnection(host='${host}', port=${port}): Failed to establish a new connection: [Errno 111] Connection refused"))`,
    );
  }

  /**
   * Works on a node under its lock; what `work` gives to {@link Task.after} goes on in the background under the same lock.
   * Throws 409 while somebody else has it, 404 where the node is gone.
   */
  async exclusive<T>(id: string, caller: Caller, work: (task: Task) => T | Promise<T>): Promise<T> {
    await this.reach();
    const task = await this.#lock(id, caller);
    try {
      const result = await work(task);
      if (task.follow) this.#background(task);
      else task.release();
      return result;
    } catch (error) {
      task.release();
      throw error;
    }
  }

  async #lock(id: string, caller: Caller): Promise<Task> {
    const { nodes } = this.#ironic.tables;
    for (let attempt = 1; ; attempt++) {
      const node = nodes.get(id);
      if (!node) throw noNode(id);
      if (!node.reservation) return this.#take(node, caller);
      if (attempt === LOCK_ATTEMPTS) throw locked(id, node.reservation);
      await this.#ironic.world.clock.sleep(LOCK_INTERVAL);
    }
  }

  #take(node: NodeRow, caller: Caller): Task {
    node.reservation = HOST;
    this.#ironic.tables.nodes.put(node);
    return new Task(this.#ironic, node, caller, this.generation);
  }

  /** Work that nobody asked for: periodic tasks, recovery. Nothing happens while the node is locked. */
  spawn(id: string, work: (task: Task) => Promise<void>): boolean {
    const node = this.#ironic.tables.nodes.get(id);
    if (!node || node.reservation || this.state !== "running") return false;
    const task = this.#take(node, this.#ironic.world.identity.serviceCaller());
    task.after(() => work(task));
    this.#background(task);
    return true;
  }

  #background(task: Task): void {
    const { clock } = this.#ironic.world;
    void clock.run(async () => {
      try {
        await task.follow?.();
      } catch (error) {
        task.broke(error);
        if (!(error instanceof HardwareError)) throw error;
      } finally {
        task.release();
      }
    });
  }

  /** The node's ramdisk boots, and calls in so many seconds of hardware time; the node is not locked meanwhile. */
  expectAgent(id: string, seconds: number): void {
    const token = Symbol(id);
    this.#waits.set(id, token);
    this.#ironic.world.clock.after(seconds, () => this.#agentCalls(id, token));
  }

  async #agentCalls(id: string, token: symbol): Promise<void> {
    const { world, tables } = this.#ironic;
    const valid = () => {
      const node = tables.nodes.get(id);
      return node && WAITING.has(node.provision_state) && this.#waits.get(id) === token ? node : undefined;
    };
    const early = valid();
    if (!early) return;
    const waited = world.clock.now() - Date.parse(early.provision_updated_at ?? "");
    const late = waited > (CALLBACK_TIMEOUT * 1000) / world.clock.speed;
    const silent = early.maintenance || powered(early) === "power off" || this.state === "dead";
    if (silent && (!late || early.maintenance || this.state === "dead")) {
      world.clock.after(AGENT_INTERVAL, () => this.#agentCalls(id, token));
      return;
    }
    await world.faults.thawed(DAEMON);
    await tables.nodes.until(id, (node) => !node.reservation);
    const node = valid();
    if (!node) return;
    this.#waits.delete(id);
    const task = this.#take(node, world.identity.serviceCaller());
    const { provision_state: state, target_provision_state: target } = node;
    if (silent) task.after(() => this.onTimeout(task));
    else {
      task.event("resume", { target });
      task.after(async () => {
        await this.onAgent[state]?.(task);
      });
    }
    this.#background(task);
  }
}

/** What the BMC reports: a knob may say something else than Ironic wrote down. */
export function powered(node: NodeRow): string | null {
  const forced = node.driver_info["power_state"];
  return typeof forced === "string" ? forced : node.power_state;
}
