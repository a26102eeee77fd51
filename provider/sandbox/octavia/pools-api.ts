import type { Answer, Call } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { CHANGE, MAKE } from "./bodies.ts";
import { fault, invalid, notFound } from "./errors.ts";
import { listenerOf } from "./listeners-api.ts";
import { listOf, one, ownRows } from "./lists.ts";
import { common, commonChanges, mayRead, mayWrite, type Octavia } from "./octavia.ts";
import { checkPool, checkProtocols, poolChanges, poolFields } from "./pools.ts";
import type { Listener, Pool } from "./rows.ts";
import { readObject } from "./types.ts";
import { poolView } from "./view.ts";

/** Pools: /lbaas/pools. */
export function poolRoutes(octavia: Octavia): Route[] {
  const { tables } = octavia;
  const path = "/lbaas/pools";
  return [
    route("GET", path, (call) => listOf(call, "pools", ownRows(tables.pools, call), (row) => poolView(tables, row))),
    route("POST", path, (call) => make(octavia, call)),
    route("GET", `${path}/{id}`, (call) => {
      const pool = poolOf(octavia, call.params["id"]!);
      mayRead(call, pool.project_id);
      return one(call, "pool", poolView(tables, pool));
    }),
    route("PUT", `${path}/{id}`, (call) => change(octavia, call)),
    route("DELETE", `${path}/{id}`, (call) => {
      const pool = poolOf(octavia, call.params["id"]!);
      mayWrite(call, pool.project_id);
      const [policy] = tables.policies.by("pool", pool.id);
      if (policy) throw fault(409, `Pool ${pool.id} is in use by L7 policy ${policy.id}`);
      octavia.take(pool.load_balancer_id, { listeners: tables.listenersOf(pool.id) });
      octavia.change(tables.pools, pool, { provisioning_status: "PENDING_DELETE" });
      octavia.worker.send("delete_pool", pool.load_balancer_id, { kind: "pools", id: pool.id });
      return { status: 204 };
    }),
  ];
}

/** A pool by its id. Throws 404. */
export function poolOf(octavia: Octavia, id: string): Pool {
  const pool = octavia.tables.pools.get(id);
  if (!pool) throw notFound("Pool", id);
  return pool;
}

function make(octavia: Octavia, call: Call): Answer {
  const body = readObject(call.body, "pool_", "pool", MAKE.pool);
  const { tables } = octavia;
  let listener: Listener | undefined;
  let balancerId = body["loadbalancer_id"] as string | null | undefined;
  const listenerId = body["listener_id"] as string | null | undefined;
  if (!balancerId) {
    if (!listenerId) throw invalid("Must provide at least one of: loadbalancer_id, listener_id");
    listener = listenerOf(octavia, listenerId);
    balancerId = listener.load_balancer_id;
  }
  const balancer = octavia.balancer(balancerId);
  mayWrite(call, balancer.project_id);
  if (listener?.protocol === "PROMETHEUS") throw fault(400, "Protocol PROMETHEUS listeners cannot have child objects.");
  if (listener) checkProtocols(listener.protocol, body["protocol"] as string);
  checkPool(body);
  octavia.checkQuota(balancer.project_id, "pool");
  if (listenerId) {
    listener = listenerOf(octavia, listenerId);
    if (listener.load_balancer_id !== balancer.id) throw notFound("Pool", listenerId);
    if (listener.default_pool_id) throw fault(409, "This listener already has a default pool");
  }
  octavia.take(balancer.id, { listeners: listener ? [listener] : [] });
  const pool = tables.pools.put({
    ...octavia.fresh(balancer.project_id),
    ...common(body),
    ...poolFields(body),
    load_balancer_id: balancer.id,
  });
  if (listener) octavia.change(tables.listeners, listener, { default_pool_id: pool.id });
  octavia.worker.send("create_pool", balancer.id, { kind: "pools", id: pool.id });
  return { status: 201, body: { pool: poolView(tables, pool) } };
}

function change(octavia: Octavia, call: Call): Answer {
  const body = readObject(call.body, "pool_", "pool", CHANGE.pool);
  const { tables } = octavia;
  const pool = poolOf(octavia, call.params["id"]!);
  mayWrite(call, pool.project_id);
  const changes = poolChanges(pool, body);
  checkPool({ ...body, session_persistence: changes.session_persistence }, pool.protocol);
  octavia.take(pool.load_balancer_id, { listeners: tables.listenersOf(pool.id) });
  octavia.change(tables.pools, pool, {
    ...commonChanges(body),
    ...changes,
    provisioning_status: "PENDING_UPDATE",
  });
  octavia.worker.send("update_pool", pool.load_balancer_id, { kind: "pools", id: pool.id });
  return { status: 200, body: { pool: poolView(tables, pool) } };
}
