import type { Caller, Json, ServiceName } from "../../kernel/call.ts";
import { Refusal } from "../../kernel/call.ts";
import { DURATIONS } from "../../kernel/durations.ts";
import { DAEMON } from "../host.ts";
import type { Ironic } from "../ironic.ts";
import { nextState, targetOf } from "../machine.ts";
import type { NodeRow } from "../rows.ts";

/** Something of the work on a node failed; the text is what `last_error` tells. */
export class HardwareError extends Error {}

/** A value that cannot be: requests are refused with 400 for it. */
export class InvalidValue extends HardwareError {}

/** How an event of the state machine is told. */
export interface EventOptions {
  /** Where it leads in the end, if not where the state usually leads. */
  target?: string | null;
  /** Work in the background follows: the error of before goes, or becomes this. */
  starts?: boolean;
  error?: string;
}

/** Entries of a node's history that are kept. */
const HISTORY = 300;

/** Work on one node, which is locked as long as it lasts. */
export class Task {
  readonly ironic: Ironic;
  readonly node: NodeRow;
  /** In whose name other services are asked. */
  readonly caller: Caller;
  readonly #generation: number;
  #released = false;
  follow: (() => Promise<void>) | undefined;

  constructor(ironic: Ironic, node: NodeRow, caller: Caller, generation: number) {
    this.ironic = ironic;
    this.node = node;
    this.caller = caller;
    this.#generation = generation;
  }

  /** Goes on in the background once the request is answered. */
  after(work: () => Promise<void>): void {
    this.follow = work;
  }

  /** Gives the lock back. */
  release(): void {
    if (this.#released || this.#generation !== this.ironic.conductor.generation) return;
    this.#released = true;
    const { nodes } = this.ironic.tables;
    if (nodes.get(this.node.id) !== this.node) return;
    this.node.reservation = null;
    nodes.put(this.node);
  }

  /** Writes the node down. */
  save(): void {
    this.node.updated_at = this.ironic.now();
    this.ironic.tables.nodes.put(this.node);
  }

  /** Notes something in driver_internal_info; undefined takes it out. */
  internal(key: string, value: unknown): void {
    if (value === undefined) delete this.node.driver_internal_info[key];
    else this.node.driver_internal_info[key] = value;
  }

  /** Moves the state machine. Throws an Error where the state does not know the event: look before. */
  event(event: string, options: EventOptions = {}): void {
    const { node } = this;
    const before = node.provision_state;
    const next = nextState(before, event);
    if (next === undefined) throw new Error(`event ${event} in state ${before}`);
    node.provision_state = next;
    const usual = targetOf(next);
    node.target_provision_state = options.target ?? usual;
    if (usual === null) node.target_provision_state = null;
    if (options.starts) node.last_error = options.error ?? null;
    else if (options.error !== undefined) node.last_error = options.error;
    const now = this.#moved(before);
    node.provision_updated_at = now;
    const inspected = before === "inspecting" || before === "inspect wait";
    if (next === "inspecting") {
      node.inspection_started_at = now;
      node.inspection_finished_at = null;
    } else if (inspected && next === "manageable") {
      node.inspection_finished_at = now;
      node.inspection_started_at = null;
    } else if (inspected && next === "inspect failed") node.inspection_started_at = null;
    this.save();
  }

  /**
   * When a move is said to have been. Clients tell by it whether a rest was left; at great speed a node may leave it and be back within
   * the second in which it came, so leaving is at least a second later, and nothing after it is earlier.
   */
  #moved(before: string): string {
    const { clock } = this.ironic.world;
    const last = Date.parse(this.node.provision_updated_at ?? "") || 0;
    return clock.iso(Math.max(clock.now(), before === "active" ? last + 1000 : last));
  }

  /** Writes into the node's history; errors become its `last_error`. */
  record(event: string, type: string, error = true): void {
    if (error) this.node.last_error = event;
    const { node, ironic } = this;
    const since = Date.parse(node.provision_updated_at ?? "");
    const table = ironic.tables.history;
    table.put({
      id: ironic.world.random.uuid(),
      node_uuid: node.id,
      created_at: ironic.now(),
      severity: error ? "ERROR" : "INFO",
      event_type: type,
      event,
      user: this.caller.userId || null,
      state: node.provision_state,
      target_provision_state: node.target_provision_state,
      duration_seconds: Number.isNaN(since) ? null : Math.floor((ironic.world.clock.now() - since) / 1000),
    });
    const all = table.by("node", node.id);
    if (all.length > HISTORY) table.delete(all[0]!.id);
  }

  /** The work broke off: the first reason stays. */
  broke(error: unknown): void {
    if (this.node.last_error !== null) return;
    this.node.last_error = `Async execution failed with error: ${textOf(error)}`;
    this.save();
  }

  /** Waits while the conductor is frozen; never ends once it died. */
  async alive(): Promise<void> {
    await this.ironic.world.faults.thawed(DAEMON);
    if (this.#generation !== this.ironic.conductor.generation) await new Promise<never>(() => {});
  }

  /** Time of the hardware passes. */
  async sleep(what: keyof typeof DURATIONS, share = 1): Promise<void> {
    await this.ironic.world.clock.sleep(DURATIONS[what] * share);
    await this.alive();
  }

  /** The knobs of a node's method: takes longer by `delay_METHOD`, fails with the text of `fault_METHOD`. */
  async steer(method: string): Promise<void> {
    const info = this.node.driver_info;
    const delay = Number(info[`delay_${method}`] ?? 0);
    if (delay > 0) {
      await this.ironic.world.clock.sleepReal(delay);
      await this.alive();
    }
    const text = info[`fault_${method}`];
    if (text !== undefined && text !== null && text !== "") throw new HardwareError(String(text));
  }

  /** Asks another service: in the name of the caller, or Ironic's own. Throws the {@link Refusal} of the service. */
  async ask<T = Json>(
    service: ServiceName,
    method: string,
    path: string,
    body?: unknown,
    name: "caller" | "service" = "service",
  ): Promise<T> {
    const as = this.asker(name);
    try {
      return await this.ironic.world.ask<T>(service, method, path, { ...(body === undefined ? {} : { body }), as });
    } finally {
      await this.alive();
    }
  }

  /** Who asks other services: the caller where it acts for a project, else Ironic itself. */
  asker(name: "caller" | "service"): Caller {
    const own = name === "caller" && this.caller.projectId !== "" && !this.caller.system;
    return own ? this.caller : this.ironic.world.identity.serviceCaller();
  }
}

/** The text of anything thrown. */
export const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const SDK: Record<number, string> = {
  400: "BadRequestException",
  403: "ForbiddenException",
  404: "NotFoundException",
  409: "ConflictException",
  412: "PreconditionFailedException",
};

/** A service's refusal as the OpenStack SDK, through which Ironic asks, tells it. Anything else as it is. */
export function sdkText(error: unknown, url: string): string {
  if (!(error instanceof Refusal)) return textOf(error);
  const name = SDK[error.status] ?? "HttpException";
  const side = error.status >= 500 ? "Server" : "Client";
  return `${name}: ${error.status}: ${side} Error for url: ${url}${error.message ? `, ${error.message}` : ""}`;
}
