import type { Answer, Call } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { CHANGE, MAKE } from "./bodies.ts";
import { fault, invalid } from "./errors.ts";
import { listOf, one, ownRows } from "./lists.ts";
import { common, commonChanges, mayRead, mayWrite, mustBeAdmin, type Octavia } from "./octavia.ts";
import type { Balancer } from "./rows.ts";
import { makeTree } from "./tree.ts";
import { readObject } from "./types.ts";
import { balancerView, statusView } from "./view.ts";
import { plug, seen, vipOf } from "./vip.ts";

/** Nothing passes through load balancers that are only rows. */
export const NO_TRAFFIC = {
  bytes_in: 0,
  bytes_out: 0,
  active_connections: 0,
  total_connections: 0,
  request_errors: 0,
};

/** Load balancers: /lbaas/loadbalancers. */
export function balancerRoutes(octavia: Octavia): Route[] {
  const { tables } = octavia;
  const read = (call: Call): Balancer => {
    const balancer = octavia.balancer(call.params["id"]!);
    mayRead(call, balancer.project_id);
    return balancer;
  };
  const status = (call: Call): Answer => ({
    status: 200,
    body: { statuses: { loadbalancer: statusView(tables, read(call)) } },
  });
  const path = "/lbaas/loadbalancers";
  return [
    route("GET", path, (call) =>
      listOf(call, "loadbalancers", ownRows(tables.balancers, call), (row) => balancerView(tables, row)),
    ),
    route("POST", path, (call) => make(octavia, call)),
    route("GET", `${path}/{id}`, (call) => one(call, "loadbalancer", balancerView(tables, read(call)))),
    route("PUT", `${path}/{id}`, (call) => change(octavia, call)),
    route("DELETE", `${path}/{id}`, (call) => remove(octavia, call)),
    route("GET", `${path}/{id}/status`, status),
    route("GET", `${path}/{id}/statuses`, status),
    route("GET", `${path}/{id}/stats`, (call) => {
      read(call);
      return { status: 200, body: { stats: NO_TRAFFIC } };
    }),
    route("PUT", `${path}/{id}/failover`, (call) => {
      const balancer = octavia.balancer(call.params["id"]!);
      mustBeAdmin(call);
      octavia.takeWhole(balancer, "PENDING_UPDATE", ["ACTIVE", "ERROR"]);
      octavia.worker.send("failover_load_balancer", balancer.id);
      return { status: 202 };
    }),
  ];
}

async function make(octavia: Octavia, call: Call): Promise<Answer> {
  const body = readObject(call.body, "load_balancer", "loadbalancer", MAKE.loadbalancer);
  const asked = (body["project_id"] ?? body["tenant_id"]) as string | null | undefined;
  const project = asked || call.caller.projectId;
  if (!project)
    throw invalid(
      "Missing project ID in request where one is required. An administrator should check the keystone settings in the Octavia configuration.",
    );
  mayWrite(call, project);
  const wish = await vipOf(octavia, call, body);
  if (body["flavor_id"]) throw invalid("Invalid flavor_id.");
  if (body["availability_zone"]) throw invalid("Invalid availability zone.");
  const provider = (body["provider"] as string | null | undefined) ?? "amphora";
  if (provider !== "amphora" && provider !== "octavia") throw fault(400, `Provider '${provider}' is not enabled.`);
  octavia.checkQuota(project, "load_balancer");
  const fresh = octavia.fresh(project);
  // As with the real one, the port is there before the rest is looked at, and stays when that is refused.
  const vip = await plug(octavia, fresh.id, project, wish);
  const balancer: Balancer = {
    ...fresh,
    ...common(body),
    ...vip,
    vip_subnet_id: wish.subnet,
    vip_network_id: wish.network,
    vip_qos_policy_id: wish.qosPolicy,
    vip_sg_ids: wish.securityGroups,
    provider: "amphora",
  };
  octavia.checkQuota(project, "load_balancer");
  octavia.tables.balancers.put(balancer);
  try {
    makeTree(octavia, balancer, body);
  } catch (error) {
    octavia.tables.balancers.delete(balancer.id);
    throw error;
  }
  octavia.worker.send("create_load_balancer", balancer.id);
  return { status: 201, body: { loadbalancer: balancerView(octavia.tables, balancer, true) } };
}

async function change(octavia: Octavia, call: Call): Promise<Answer> {
  const body = readObject(call.body, "load_balancer", "loadbalancer", CHANGE.loadbalancer);
  const id = call.params["id"]!;
  const { project_id } = octavia.balancer(id);
  mayWrite(call, project_id);
  const policy = body["vip_qos_policy_id"] as string | null | undefined;
  if (policy) await seen(octavia, call, "qos_policy", "qos/policies", policy);
  const groups = body["vip_sg_ids"] as string[] | null | undefined;
  for (const group of groups ?? []) await seen(octavia, call, "Security Group", "security-groups", group);
  const balancer = octavia.balancer(id);
  octavia.takeWhole(balancer, "PENDING_UPDATE", ["ACTIVE"]);
  octavia.change(octavia.tables.balancers, balancer, {
    ...commonChanges(body),
    ...(policy === undefined ? {} : { vip_qos_policy_id: policy }),
    ...(groups === undefined ? {} : { vip_sg_ids: groups ?? [] }),
  });
  octavia.worker.send("update_load_balancer", id);
  return { status: 200, body: { loadbalancer: balancerView(octavia.tables, balancer) } };
}

function remove(octavia: Octavia, call: Call): Answer {
  const id = call.params["id"]!;
  const balancer = octavia.balancer(id);
  mayWrite(call, balancer.project_id);
  const cascade = ["1", "t", "true", "on", "y", "yes"].includes((call.query.get("cascade") ?? "").toLowerCase());
  const { listeners, pools } = octavia.tables;
  if (!cascade && listeners.by("parent", id).length + pools.by("parent", id).length > 0)
    throw invalid(`Cannot delete Load Balancer ${id} - it has children`);
  octavia.takeWhole(balancer, "PENDING_DELETE", ["ACTIVE", "ERROR"]);
  octavia.worker.send("delete_load_balancer", id);
  return { status: 204 };
}
