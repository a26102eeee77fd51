import type { Ironic } from "../ironic.ts";
import type { NodeRow } from "../rows.ts";
import { powered } from "./conductor.ts";
import { powerAction, readPower, tellNova } from "./power.ts";
import { HardwareError, type Task, textOf } from "./task.ts";

/** States in which power is not compared. */
const LEFT_OUT = new Set(["wait call-back", "clean wait", "enroll", "adopt failed"]);

/** Comparisons that may fail before a node goes into maintenance. */
const RETRIES = 3;

/** Seconds of hardware time between two looks at nodes whose BMC was lost. */
const RECOVERY = 300;

/** Real seconds that an error stays to be seen before the next good comparison takes it away. */
const ERROR_STAYS = 15;

/** Compares what Ironic wrote down of nodes' power with what their BMCs say, again and again. */
export class PowerSync {
  readonly #ironic: Ironic;
  readonly #counts = new Map<string, number>();
  readonly #pending = new Set<string>();

  constructor(ironic: Ironic) {
    this.#ironic = ironic;
  }

  start(): void {
    const { clock } = this.#ironic.world;
    clock.every(this.#ironic.seconds("power sync"), () => this.#compareAll());
    clock.every(RECOVERY, () => this.#recoverAll());
  }

  #compareAll(): void {
    if (this.#ironic.conductor.state !== "running") return;
    const { nodes } = this.#ironic.tables;
    for (const node of nodes.values()) {
      if (node.maintenance || node.reservation || node.target_power_state || LEFT_OUT.has(node.provision_state))
        continue;
      if (this.#pending.has(node.id)) continue;
      if (quiet(node)) this.#agrees(node);
      else this.#compare(node);
    }
  }

  /** All is well. */
  #agrees(node: NodeRow): void {
    this.#counts.delete(node.id);
    const { clock } = this.#ironic.world;
    const fresh = clock.now() - Date.parse(node.updated_at ?? "") < ERROR_STAYS * 1000;
    if (node.last_error === null || fresh) return;
    node.last_error = null;
    this.#ironic.tables.nodes.put(node);
  }

  #compare(node: NodeRow): void {
    this.#pending.add(node.id);
    const begun = this.#ironic.conductor.spawn(node.id, async (task) => {
      try {
        await this.#look(task);
      } finally {
        this.#pending.delete(node.id);
      }
    });
    if (!begun) this.#pending.delete(node.id);
  }

  async #look(task: Task): Promise<void> {
    const { node } = task;
    const count = (this.#counts.get(node.id) ?? 0) + 1;
    let state: string | null = null;
    try {
      state = await readPower(task);
      if (state === "error")
        throw new HardwareError("Power driver returned ERROR state while trying to sync power state.");
    } catch (error) {
      this.#counts.set(node.id, count);
      if (count > RETRIES) await this.#giveUp(task, state, textOf(error));
      return;
    }
    if (state === node.power_state) return this.#agrees(node);
    if (node.power_state === null) {
      this.#counts.delete(node.id);
      node.power_state = state;
      task.save();
      await tellNova(task);
      return;
    }
    this.#counts.set(node.id, count);
    if (count > RETRIES) return this.#giveUp(task, state);
    const wanted = node.power_state === "power on" ? "power on" : "power off";
    await powerAction(task, wanted).catch((error: unknown) => {
      if (!(error instanceof HardwareError)) throw error;
    });
  }

  async #giveUp(task: Task, actual: string | null, error?: string): Promise<void> {
    const { node } = task;
    const seen = actual ?? "None";
    const message = `During sync_power_state, max retries exceeded for node ${node.id}, node state ${seen} does not match expected state '${node.power_state}'. Updating DB state to '${seen}' Switching node to maintenance mode.${error === undefined ? "" : ` Error: ${error}`}`;
    const before = node.power_state;
    node.power_state = actual;
    task.record(message, "monitoring");
    node.maintenance = true;
    node.maintenance_reason = message;
    node.fault = "power failure";
    task.save();
    this.#counts.delete(node.id);
    if (before !== actual) await tellNova(task);
  }

  #recoverAll(): void {
    const lost = this.#ironic.tables.nodes.filter(
      (node) =>
        node.maintenance &&
        node.fault === "power failure" &&
        node.provision_state !== "enroll" &&
        !node.target_power_state &&
        !node.reservation,
    );
    for (const node of lost) this.#ironic.conductor.spawn(node.id, (task) => this.#recover(task));
  }

  async #recover(task: Task): Promise<void> {
    const { node } = task;
    let state: string;
    try {
      state = await readPower(task);
    } catch {
      return;
    }
    if (state === "error") return;
    const before = node.power_state;
    node.power_state = state;
    node.maintenance = false;
    node.maintenance_reason = null;
    node.fault = null;
    task.save();
    if (before !== state) await tellNova(task);
  }
}

/** Whether the BMC would say just what Ironic wrote down, at once. */
const quiet = (node: NodeRow): boolean => {
  const { fault_get_power_state: broken, delay_get_power_state: slow } = node.driver_info;
  return !broken && !slow && node.power_state !== null && powered(node) === node.power_state;
};
