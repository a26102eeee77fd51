import { createHash } from "node:crypto";
import type { Call, Caller, Json } from "../kernel/call.ts";
import { isUuid } from "../kernel/input.ts";
import type { World } from "../world.ts";
import { bad, conflict, may, missing, notAllowed } from "./errors.ts";
import type { ActionEvent, ActionRow, Fault, FlavorRow, ServerRow, ServiceRow, Tables, VmState } from "./rows.ts";
import { tables } from "./rows.ts";

/** What all parts of nova share: its tables, and what is asked of servers everywhere. */
export class Nova {
  readonly world: World;
  readonly tables: Tables;

  constructor(world: World) {
    this.world = world;
    this.tables = tables(world.store);
  }

  now(): number {
    return this.world.clock.now();
  }

  /** Works in the background; what it changes is written down, what it throws is reported. */
  background(work: () => Promise<void>): void {
    void this.world.clock.run(work);
  }

  /** The server of a path, if the caller may see it. Throws 404. */
  server(call: Call, id = call.params["server"] ?? ""): ServerRow {
    const row = isUuid(id) ? this.tables.servers.get(id) : undefined;
    if (!row || row.deleted !== null || (row.project !== call.caller.projectId && !may(call.caller, "admin")))
      throw missing(`Instance ${id} could not be found.`);
    return row;
  }

  /** The server of a path, for a caller whom the policy lets do this with it. Throws 403, 404. */
  serverFor(call: Call, right: "reader" | "member" | "admin", rule: string): ServerRow {
    const server = this.server(call);
    if (!may(call.caller, right)) throw notAllowed(rule);
    return server;
  }

  /** Writes down what changed of a server. */
  save(server: ServerRow): ServerRow {
    server.updated = this.now();
    return this.tables.servers.put(server);
  }

  /** The server, unless it was deleted meanwhile. */
  live(id: string): ServerRow | undefined {
    const server = this.tables.servers.get(id);
    return server && server.deleted === null ? server : undefined;
  }

  /** Refuses where the server is locked and the caller is no administrator. */
  unlocked(call: Call, server: ServerRow): void {
    if (server.lockedBy !== null && !may(call.caller, "admin")) throw conflict(`Instance ${server.id} is locked`);
  }

  /** Refuses where the server's states forbid an action. */
  inState(
    server: ServerRow,
    action: string,
    vm: readonly VmState[] | null,
    task: readonly (string | null)[] | null = [null],
  ): void {
    const refuse = (attribute: string, state: string | null) =>
      conflict(`Cannot '${action}' instance ${server.id} while it is in ${attribute} ${state}`);
    if (vm && !vm.includes(server.vmState)) throw refuse("vm_state", server.vmState);
    if (task && !task.includes(server.taskState)) throw refuse("task_state", server.taskState);
  }

  /** Refuses what only a server that was active once can do. */
  launched(server: ServerRow, action: string): void {
    if (server.launched === null) throw conflict(`Instance ${server.id} is in an invalid state for '${action}'`);
  }

  /** Refuses while the server has no nova-compute. */
  hasHost(server: ServerRow): void {
    if (server.host === null) throw conflict(`Instance ${server.id} is not ready`);
  }

  /** Writes down that something was asked of a server. */
  action(call: Call, server: ServerRow, action: string): ActionRow {
    const now = this.now();
    return this.tables.actions.put({
      id: `${server.id} ${call.id} ${action}`,
      server: server.id,
      action,
      request: call.id,
      project: call.caller.projectId,
      user: call.caller.userId,
      started: now,
      updated: now,
      message: null,
      events: [],
    });
  }

  /** Runs a step of an action on a nova-compute. What it throws is written down and thrown on. */
  async step<T>(action: ActionRow, name: string, host: string, work: () => Promise<T>): Promise<T> {
    const event: ActionEvent = {
      name,
      started: this.now(),
      finished: null,
      result: null,
      traceback: null,
      host,
      details: null,
    };
    action.events.push(event);
    this.tables.actions.put(action);
    const end = (result: "Success" | "Error") => {
      event.finished = this.now();
      event.result = result;
      if (result === "Error") action.message = "Error";
      action.updated = event.finished;
      this.tables.actions.put(action);
    };
    try {
      const result = await work();
      end("Success");
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      event.traceback = `Traceback (most recent call last):\n  File "nova/compute/utils.py", in decorated_function\n    return function(self, context, *args, **kwargs)\n${kindOf(error)}: ${message}\n`;
      event.details = message;
      end("Error");
      throw error;
    }
  }

  /** Puts a server into ERROR. */
  fail(server: ServerRow, fault: Omit<Fault, "created">): void {
    server.fault = { ...fault, created: this.now() };
    server.vmState = "error";
    server.taskState = null;
    this.save(server);
  }

  /** Waits until a process of nova runs; false where it is dead. */
  async runs(daemon: string): Promise<boolean> {
    return (await this.world.faults.thawed(daemon)) === "running";
  }

  /** Waits until a process of nova runs, however long that takes: its requests wait in a queue. */
  async comesBack(daemon: string): Promise<void> {
    while (this.world.faults.daemon(daemon) !== "running")
      await new Promise<void>((resolve) => {
        const stop = this.world.faults.watchDaemons((name) => {
          if (name !== daemon) return;
          stop();
          resolve();
        });
      });
  }

  /** The process in front of a host. */
  service(host: string): ServiceRow | undefined {
    return this.tables.services.find((row) => row.binary === "nova-compute" && row.host === host);
  }

  /** The availability zone of a nova-compute. */
  zoneOf(host: string): string {
    const aggregate = this.tables.aggregates.find(
      ({ hosts, metadata }) => hosts.includes(host) && metadata["availability_zone"] !== undefined,
    );
    return aggregate?.metadata["availability_zone"] ?? "nova";
  }

  /** All availability zones. */
  zones(): string[] {
    return [
      ...new Set(
        this.tables.services.filter(({ binary }) => binary === "nova-compute").map(({ host }) => this.zoneOf(host)),
      ),
    ];
  }

  /** How a nova-compute is, as administrators see it at its servers. */
  hostStatus(host: string): string {
    const service = this.service(host);
    if (!service) return "UNKNOWN";
    if (service.forcedDown) return "DOWN";
    if (service.disabled) return "MAINTENANCE";
    return this.isUp(service) ? "UP" : "UNKNOWN";
  }

  /** Whether a process of nova reports itself. */
  isUp(service: ServiceRow): boolean {
    return !service.forcedDown && this.world.faults.daemon(service.daemon) === "running";
  }

  /** A flavor that the caller may use, by its id. */
  flavor(caller: Caller, id: string): FlavorRow | undefined {
    const flavor = this.tables.flavors.get(id);
    if (!flavor) return undefined;
    const visible = flavor.isPublic || flavor.access.includes(caller.projectId) || may(caller, "admin");
    return visible ? flavor : undefined;
  }

  /** The next number of a table whose rows are also counted. */
  next(table: { values(): { number: number }[] }): number {
    return table.values().reduce((most, { number }) => Math.max(most, number), 0) + 1;
  }
}

/** What a client of another service threw: nova tells a server's owner only its kind. */
export class ClientError extends Error {
  constructor(kind: string, message: string) {
    super(message);
    this.name = kind;
  }
}

/** What of an error stands in a server's fault. */
export const faultOf = (error: unknown): string =>
  error instanceof ClientError ? error.name : error instanceof Error ? error.message : String(error);

/** Name of the kind of an error, as nova's tracebacks end with. */
export function kindOf(error: unknown): string {
  return error instanceof Error && error.name !== "Error" ? error.name : "nova.exception.NovaException";
}

/** `2026-11-22T15:29:51Z`. */
export const stamp = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** `2026-11-22T15:29:51.000000`; null for no time. */
export const longStamp = (at: number | null): string | null =>
  at === null ? null : `${new Date(at).toISOString().slice(0, 19)}.000000`;

/** The two links of something. */
export const links = (base: string, collection: string, id: string): Json[] => [
  { rel: "self", href: `${base}/v2.1/${collection}/${id}` },
  { rel: "bookmark", href: `${base}/${collection}/${id}` },
];

/** What tenants see instead of a host's name. */
export const hostId = (host: string | null, project: string): string =>
  host === null ? "" : createHash("sha224").update(`${project}${host}`).digest("hex");

/** The `limit` of a query as a number; undefined for none. Throws 400. */
export function limitOf(query: URLSearchParams): number | undefined {
  const given = query.get("limit");
  if (given === null) return undefined;
  if (!/^\d+$/.test(given))
    throw bad(`Invalid input for query parameters limit. Value: ${given}. '${given}' does not match '^[0-9]*$'`);
  return Number(given);
}

/** A link to the next page: the same query with another marker. */
export function nextLink(call: Call, collection: string, marker: string): Json {
  const query = new URLSearchParams(call.query);
  query.sort();
  query.set("marker", marker);
  return { rel: "next", href: `${call.base}/v2.1/${collection}?${query.toString()}` };
}
