import type { Answer, Call } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { CHANGE, MAKE } from "./bodies.ts";
import { fault, notFound } from "./errors.ts";
import { listOf, one, ownRows } from "./lists.ts";
import { checkMonitor, checkMonitorChange, monitorChanges, monitorFields } from "./monitors.ts";
import { common, commonChanges, mayRead, mayWrite, type Octavia } from "./octavia.ts";
import { poolOf } from "./pools-api.ts";
import type { Monitor, Pool } from "./rows.ts";
import { readObject } from "./types.ts";
import { monitorView } from "./view.ts";

/** Health monitors: /lbaas/healthmonitors. */
export function monitorRoutes(octavia: Octavia): Route[] {
  const { tables } = octavia;
  const path = "/lbaas/healthmonitors";
  return [
    route("GET", path, (call) =>
      listOf(call, "healthmonitors", ownRows(tables.monitors, call), (row) => monitorView(row)),
    ),
    route("POST", path, (call) => make(octavia, call)),
    route("GET", `${path}/{id}`, (call) => {
      const monitor = monitorOf(octavia, call);
      mayRead(call, monitor.project_id);
      return one(call, "healthmonitor", monitorView(monitor));
    }),
    route("PUT", `${path}/{id}`, (call) => {
      const body = readObject(call.body, "health_monitor_", "healthmonitor", CHANGE.healthmonitor);
      const monitor = monitorOf(octavia, call);
      mayWrite(call, monitor.project_id);
      const pool = tables.pools.get(monitor.pool_id)!;
      checkMonitorChange(monitor, body, pool);
      takeWith(octavia, pool);
      const { description: _, ...fields } = commonChanges(body);
      octavia.change(tables.monitors, monitor, {
        ...fields,
        ...monitorChanges(monitor, body),
        provisioning_status: "PENDING_UPDATE",
      });
      octavia.worker.send("update_health_monitor", pool.load_balancer_id, { kind: "monitors", id: monitor.id });
      return { status: 200, body: { healthmonitor: monitorView(monitor) } };
    }),
    route("DELETE", `${path}/{id}`, (call) => {
      const monitor = monitorOf(octavia, call);
      mayWrite(call, monitor.project_id);
      const pool = tables.pools.get(monitor.pool_id)!;
      takeWith(octavia, pool);
      octavia.change(tables.monitors, monitor, { provisioning_status: "PENDING_DELETE" });
      octavia.worker.send("delete_health_monitor", pool.load_balancer_id, { kind: "monitors", id: monitor.id });
      return { status: 204 };
    }),
  ];
}

function monitorOf(octavia: Octavia, call: Call): Monitor {
  const id = call.params["id"]!;
  const monitor = octavia.tables.monitors.get(id);
  if (!monitor) throw notFound("Health Monitor", id);
  return monitor;
}

function takeWith(octavia: Octavia, pool: Pool): void {
  octavia.take(pool.load_balancer_id, { listeners: octavia.tables.listenersOf(pool.id), pool });
}

function make(octavia: Octavia, call: Call): Answer {
  const body = readObject(call.body, "health_monitor_", "healthmonitor", MAKE.healthmonitor);
  const pool = poolOf(octavia, String(body["pool_id"]));
  mayWrite(call, pool.project_id);
  octavia.checkQuota(pool.project_id, "health_monitor");
  octavia.mutable(pool.load_balancer_id, pool);
  checkMonitor(body, pool);
  const { monitors } = octavia.tables;
  if (monitors.by("parent", pool.id).length > 0) throw fault(409, "This pool already has a health monitor");
  takeWith(octavia, pool);
  const { description: _, ...fields } = common(body);
  const monitor = monitors.put({
    ...octavia.fresh(pool.project_id),
    ...fields,
    ...monitorFields(body),
    pool_id: pool.id,
  });
  octavia.worker.send("create_health_monitor", pool.load_balancer_id, { kind: "monitors", id: monitor.id });
  return { status: 201, body: { healthmonitor: monitorView(monitor) } };
}
