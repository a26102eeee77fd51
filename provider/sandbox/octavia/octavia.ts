import type { Call, Caller, Json } from "../kernel/call.ts";
import type { Table } from "../kernel/store.ts";
import type { World } from "../world.ts";
import { fault, immutable, notFound, quotaMet } from "./errors.ts";
import { type Balancer, type Limit, type Listener, type Policy, type Pool, Tables, type Thing } from "./rows.ts";
import { Worker } from "./worker.ts";

/** What all of Octavia's parts share. */
export class Octavia {
  readonly world: World;
  readonly tables: Tables;
  readonly worker: Worker;

  constructor(world: World) {
    this.world = world;
    this.tables = new Tables(world);
    this.worker = new Worker(world, this.tables);
  }

  /** What each new thing starts with. */
  fresh(projectId: string): Thing {
    return {
      id: this.world.random.uuid(),
      project_id: projectId,
      provisioning_status: "PENDING_CREATE",
      operating_status: "OFFLINE",
      admin_state_up: true,
      tags: [],
      created_at: this.world.clock.iso().slice(0, 19),
      updated_at: null,
    };
  }

  /** Changes a row and writes it down. */
  change<T extends Thing>(table: Table<T>, row: T, fields: Partial<T>): T {
    Object.assign(row, fields, { updated_at: this.world.clock.iso().slice(0, 19) });
    return table.put(row);
  }

  /** The load balancer that a request names. Throws 404. */
  balancer(id: string): Balancer {
    const row = this.tables.balancers.get(id);
    if (!row) throw notFound("Load Balancer", id);
    return row;
  }

  /** Throws 409 while the load balancer cannot be changed, or the pool is not ACTIVE. */
  mutable(balancerId: string, pool?: Pool): void {
    if (pool && pool.provisioning_status !== "ACTIVE") throw immutable("Pool", pool.id);
    if (this.tables.balancers.get(balancerId)?.provisioning_status !== "ACTIVE")
      throw immutable("Load Balancer", balancerId);
  }

  /**
   * Takes the load balancer for a change of something below it, and marks what the change touches. Throws 409 while anything
   * of it is pending.
   */
  take(balancerId: string, touched: { listeners?: readonly Listener[]; pool?: Pool; policy?: Policy } = {}): void {
    const { balancers, listeners, pools, policies } = this.tables;
    const balancer = balancers.get(balancerId)!;
    if (touched.policy && touched.policy.provisioning_status !== "ACTIVE")
      throw immutable("L7Policy", touched.policy.id);
    this.mutable(balancerId, touched.pool);
    const pending = { provisioning_status: "PENDING_UPDATE" } as const;
    this.change(balancers, balancer, pending);
    for (const listener of touched.listeners ?? []) this.change(listeners, listener, pending);
    if (touched.pool) this.change(pools, touched.pool, pending);
    if (touched.policy) this.change(policies, touched.policy, pending);
  }

  /** Takes the load balancer itself for a change. Throws 409 where its state forbids it. */
  takeWhole(balancer: Balancer, next: "PENDING_UPDATE" | "PENDING_DELETE", allowed: readonly string[]): void {
    const { provisioning_status: state, id } = balancer;
    if (!allowed.includes(state)) throw fault(409, `Invalid state ${state} of loadbalancer resource ${id}`);
    this.change(this.tables.balancers, balancer, { provisioning_status: next });
  }

  /** Throws 403 where a project may not have `more` of a kind. */
  checkQuota(projectId: string, limit: Limit, more = 1): void {
    const { table, kind } = COUNTED[limit];
    const row = this.tables.quotas.get(projectId) ?? this.tables.quotas.put({ id: projectId, limits: {} });
    const most = row.limits[limit] ?? -1;
    if (most !== -1 && this.tables[table].by("project", projectId).length + more > most) throw quotaMet(kind);
  }
}

const COUNTED = {
  load_balancer: { table: "balancers", kind: "Load Balancer" },
  listener: { table: "listeners", kind: "Listener" },
  pool: { table: "pools", kind: "Pool" },
  member: { table: "members", kind: "Member" },
  health_monitor: { table: "monitors", kind: "Health Monitor" },
  l7policy: { table: "policies", kind: "L7 Policy" },
  l7rule: { table: "rules", kind: "L7 Rule" },
} as const;

/** Common fields of a body: name and description are never null. */
export function common(body: Json): { name: string; description: string; tags: string[]; admin_state_up: boolean } {
  return {
    name: (body["name"] as string | null | undefined) ?? "",
    description: (body["description"] as string | null | undefined) ?? "",
    tags: [...new Set((body["tags"] as string[] | null | undefined) ?? [])],
    admin_state_up: Boolean(body["admin_state_up"] ?? false),
  };
}

/** The changes of {@link common} that a body asks for. */
export function commonChanges(body: Json): Partial<ReturnType<typeof common>> {
  const asked = common(body);
  return Object.fromEntries(Object.entries(asked).filter(([name]) => body[name] !== undefined));
}

/** Whoever calls may do everything. */
export function isAdmin(caller: Caller): boolean {
  return caller.roles.has("admin");
}

/** 403 unless the caller may read what is this project's. */
export function mayRead(call: Call, projectId: string, ...more: string[]): void {
  const { caller } = call;
  if (isAdmin(caller) || more.some((role) => caller.roles.has(role))) return;
  const role = caller.roles.has("reader") || caller.roles.has("member");
  if (!role || caller.system || caller.projectId !== projectId) throw forbidden();
}

/** 403 unless the caller may change what is this project's. */
export function mayWrite(call: Call, projectId: string): void {
  const { caller } = call;
  if (isAdmin(caller)) return;
  if (!caller.roles.has("member") || caller.system || caller.projectId !== projectId) throw forbidden();
}

/** 403 unless the caller is an administrator. */
export function mustBeAdmin(call: Call): void {
  if (!isAdmin(call.caller)) throw forbidden();
}

/** 403 of a policy. */
export function forbidden() {
  return fault(403, "Policy does not allow this request to be performed.");
}
