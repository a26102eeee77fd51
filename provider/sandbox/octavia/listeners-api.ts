import type { Answer, Call } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { CHANGE, MAKE } from "./bodies.ts";
import { fault, notFound } from "./errors.ts";
import { checkListener, checkListenerChange, listenerChanges, listenerFields } from "./listeners.ts";
import { listOf, one, ownRows } from "./lists.ts";
import { NO_TRAFFIC } from "./loadbalancers-api.ts";
import { common, commonChanges, mayRead, mayWrite, type Octavia } from "./octavia.ts";
import { checkProtocols } from "./pools.ts";
import type { Listener } from "./rows.ts";
import { readObject } from "./types.ts";
import { listenerView } from "./view.ts";

/** Listeners: /lbaas/listeners. */
export function listenerRoutes(octavia: Octavia): Route[] {
  const { tables } = octavia;
  const path = "/lbaas/listeners";
  const read = (call: Call): Listener => {
    const listener = listenerOf(octavia, call.params["id"]!);
    mayRead(call, listener.project_id);
    return listener;
  };
  return [
    route("GET", path, (call) =>
      listOf(call, "listeners", ownRows(tables.listeners, call), (row) => listenerView(tables, row)),
    ),
    route("POST", path, (call) => make(octavia, call)),
    route("GET", `${path}/{id}`, (call) => one(call, "listener", listenerView(tables, read(call)))),
    route("PUT", `${path}/{id}`, (call) => change(octavia, call)),
    route("DELETE", `${path}/{id}`, (call) => {
      const listener = listenerOf(octavia, call.params["id"]!);
      mayWrite(call, listener.project_id);
      octavia.take(listener.load_balancer_id);
      octavia.change(tables.listeners, listener, { provisioning_status: "PENDING_DELETE" });
      octavia.worker.send("delete_listener", listener.load_balancer_id, { kind: "listeners", id: listener.id });
      return { status: 204 };
    }),
    route("GET", `${path}/{id}/stats`, (call) => {
      read(call);
      return { status: 200, body: { stats: NO_TRAFFIC } };
    }),
  ];
}

/** A listener by its id. Throws 404. */
export function listenerOf(octavia: Octavia, id: string): Listener {
  const listener = octavia.tables.listeners.get(id);
  if (!listener) throw notFound("Listener", id);
  return listener;
}

/** Throws where a listener cannot hand requests to a pool. */
function checkDefaultPool(octavia: Octavia, balancerId: string, protocol: string, id: string | null | undefined): void {
  if (!id) return;
  if (protocol === "PROMETHEUS") throw fault(400, "Protocol PROMETHEUS listeners cannot have child objects.");
  const pool = octavia.tables.pools.get(id);
  if (pool?.load_balancer_id !== balancerId) throw notFound("Pool", id);
  checkProtocols(protocol, pool.protocol);
}

function make(octavia: Octavia, call: Call): Answer {
  const body = readObject(call.body, "listener_", "listener", MAKE.listener);
  const balancer = octavia.balancer(String(body["loadbalancer_id"]));
  mayWrite(call, balancer.project_id);
  octavia.checkQuota(balancer.project_id, "listener");
  const pool = body["default_pool_id"] as string | null | undefined;
  checkDefaultPool(octavia, balancer.id, String(body["protocol"]), pool);
  octavia.mutable(balancer.id);
  checkListener(octavia, balancer, body);
  octavia.take(balancer.id);
  const listener = octavia.tables.listeners.put({
    ...octavia.fresh(balancer.project_id),
    ...common(body),
    ...listenerFields(body),
    load_balancer_id: balancer.id,
    default_pool_id: pool ?? null,
  });
  octavia.worker.send("create_listener", balancer.id, { kind: "listeners", id: listener.id });
  return { status: 201, body: { listener: listenerView(octavia.tables, listener) } };
}

function change(octavia: Octavia, call: Call): Answer {
  const body = readObject(call.body, "listener_", "listener", CHANGE.listener);
  const listener = listenerOf(octavia, call.params["id"]!);
  const { load_balancer_id, protocol } = listener;
  mayWrite(call, listener.project_id);
  checkListenerChange(octavia.balancer(load_balancer_id), listener, body);
  checkDefaultPool(octavia, load_balancer_id, protocol, body["default_pool_id"] as string | null | undefined);
  octavia.take(load_balancer_id, { listeners: [listener] });
  octavia.change(octavia.tables.listeners, listener, { ...commonChanges(body), ...listenerChanges(listener, body) });
  octavia.worker.send("update_listener", load_balancer_id, { kind: "listeners", id: listener.id });
  return { status: 200, body: { listener: listenerView(octavia.tables, listener) } };
}
