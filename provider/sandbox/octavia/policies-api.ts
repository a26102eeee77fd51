import type { Answer, Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { CHANGE, MAKE } from "./bodies.ts";
import { fault, notFound, outer, unsupported } from "./errors.ts";
import { listenerOf } from "./listeners-api.ts";
import { listOf, one, ownRows } from "./lists.ts";
import { common, commonChanges, mayRead, mayWrite, type Octavia } from "./octavia.ts";
import { checkRule, insertPolicy, policyChanges, policyFields, ruleFields } from "./policies.ts";
import { checkProtocols } from "./pools.ts";
import { poolOf } from "./pools-api.ts";
import type { Listener, Policy, Rule } from "./rows.ts";
import { readObject } from "./types.ts";
import { policyView, ruleView } from "./view.ts";

/** Layer 7 policies and their rules: /lbaas/l7policies. */
export function policyRoutes(octavia: Octavia): Route[] {
  const { tables } = octavia;
  const path = "/lbaas/l7policies";
  const rules = `${path}/{policy}/rules`;
  return [
    route("GET", path, (call) =>
      listOf(call, "l7policies", ownRows(tables.policies, call), (row) => policyView(tables, row)),
    ),
    route("POST", path, (call) => makePolicy(octavia, call)),
    route("GET", `${path}/{id}`, (call) => {
      const policy = policyOf(octavia, call.params["id"]!);
      mayRead(call, policy.project_id);
      return one(call, "l7policy", policyView(tables, policy));
    }),
    route("PUT", `${path}/{id}`, (call) => changePolicy(octavia, call)),
    route("DELETE", `${path}/{id}`, (call) => {
      const policy = policyOf(octavia, call.params["id"]!);
      mayWrite(call, policy.project_id);
      const listener = tables.listeners.get(policy.listener_id)!;
      octavia.take(listener.load_balancer_id, { listeners: [listener] });
      octavia.change(tables.policies, policy, { provisioning_status: "PENDING_DELETE" });
      octavia.worker.send("delete_l7policy", listener.load_balancer_id, { kind: "policies", id: policy.id });
      return { status: 204 };
    }),
    route("GET", rules, (call) => {
      const policy = parentOf(octavia, call);
      mayRead(call, policy.project_id);
      return listOf(call, "rules", tables.rules.by("parent", policy.id), ruleView);
    }),
    route("POST", rules, (call) => makeRule(octavia, call)),
    route("GET", `${rules}/{id}`, (call) => {
      parentOf(octavia, call);
      const rule = ruleOf(octavia, call);
      mayRead(call, rule.project_id);
      return one(call, "rule", ruleView(rule));
    }),
    route("PUT", `${rules}/{id}`, (call) => {
      parentOf(octavia, call);
      const body = readObject(call.body, "l7rule_", "rule", CHANGE.rule);
      const rule = ruleOf(octavia, call);
      mayWrite(call, rule.project_id);
      if (body["invert"] === null) body["invert"] = false;
      checkRule({ ...rule, ...body });
      const balancer = takeWith(octavia, rule.policy_id);
      const { tags, admin_state_up, ...asked } = body;
      octavia.change(tables.rules, rule, {
        ...(asked as Partial<Rule>),
        ...(tags === undefined ? {} : { tags: (tags as string[] | null) ?? [] }),
        ...(admin_state_up === undefined ? {} : { admin_state_up: Boolean(admin_state_up) }),
        provisioning_status: "PENDING_UPDATE",
      });
      octavia.worker.send("update_l7rule", balancer, { kind: "rules", id: rule.id });
      return { status: 200, body: { rule: ruleView(rule) } };
    }),
    route("DELETE", `${rules}/{id}`, (call) => {
      parentOf(octavia, call);
      const rule = ruleOf(octavia, call);
      mayWrite(call, rule.project_id);
      const balancer = takeWith(octavia, rule.policy_id);
      octavia.change(tables.rules, rule, { provisioning_status: "PENDING_DELETE" });
      octavia.worker.send("delete_l7rule", balancer, { kind: "rules", id: rule.id });
      return { status: 204 };
    }),
  ];
}

function policyOf(octavia: Octavia, id: string): Policy {
  const policy = octavia.tables.policies.get(id);
  if (!policy) throw notFound("L7 Policy", id);
  return policy;
}

/** The policy of the path. It is looked for before anything else. */
function parentOf(octavia: Octavia, call: Call): Policy {
  const id = call.params["policy"]!;
  const policy = octavia.tables.policies.get(id);
  if (!policy) throw outer(404, `L7Policy ${id} not found.`, "Bad Request");
  return policy;
}

function ruleOf(octavia: Octavia, call: Call): Rule {
  const id = call.params["id"]!;
  const rule = octavia.tables.rules.get(id);
  if (rule?.policy_id !== call.params["policy"]) throw notFound("L7 Rule", id);
  return rule!;
}

/** Takes the load balancer of a policy for a change of its rules; its id. */
function takeWith(octavia: Octavia, policyId: string): string {
  const policy = octavia.tables.policies.get(policyId)!;
  const listener = octavia.tables.listeners.get(policy.listener_id)!;
  octavia.take(listener.load_balancer_id, { listeners: [listener], policy });
  return listener.load_balancer_id;
}

/** Throws where a listener cannot redirect to a pool. */
function checkTarget(octavia: Octavia, listener: Listener, body: Json): void {
  const id = body["redirect_pool_id"] as string | null | undefined;
  if (!id) return;
  const pool = poolOf(octavia, id);
  checkProtocols(listener.protocol, pool.protocol);
  if (pool.load_balancer_id !== listener.load_balancer_id) throw notFound("Pool", id);
}

function makePolicy(octavia: Octavia, call: Call): Answer {
  const body = readObject(call.body, "l7policy_", "l7policy", MAKE.l7policy);
  const listener = listenerOf(octavia, String(body["listener_id"]));
  mayWrite(call, listener.project_id);
  if (listener.protocol === "PROMETHEUS") throw fault(400, "Protocol PROMETHEUS listeners cannot have child objects.");
  checkTarget(octavia, listener, body);
  octavia.checkQuota(listener.project_id, "l7policy");
  const fields = policyFields(body);
  const asked = (body["rules"] as Json[] | null | undefined) ?? [];
  if (asked.length > 50) throw fault(409, "Too many rules on L7 policy");
  for (const rule of asked) checkRule(rule);
  octavia.mutable(listener.load_balancer_id);
  if (listener.protocol !== "HTTP" && listener.protocol !== "TERMINATED_HTTPS")
    throw unsupported(`${listener.protocol} protocol listeners do not support L7 policies`);
  octavia.take(listener.load_balancer_id, { listeners: [listener] });
  const policy = insertPolicy(octavia, {
    ...octavia.fresh(listener.project_id),
    ...common(body),
    ...fields,
    listener_id: listener.id,
    position: (body["position"] as number | null) ?? 2147483647,
  });
  for (const rule of asked)
    octavia.tables.rules.put({
      ...octavia.fresh(listener.project_id),
      ...ruleFields(rule),
      policy_id: policy.id,
    });
  octavia.worker.send("create_l7policy", listener.load_balancer_id, { kind: "policies", id: policy.id });
  return { status: 201, body: { l7policy: policyView(octavia.tables, policy) } };
}

function changePolicy(octavia: Octavia, call: Call): Answer {
  const body = readObject(call.body, "l7policy_", "l7policy", CHANGE.l7policy);
  const policy = policyOf(octavia, call.params["id"]!);
  mayWrite(call, policy.project_id);
  const changes = policyChanges(policy, body);
  const listener = octavia.tables.listeners.get(policy.listener_id)!;
  checkTarget(octavia, listener, body);
  octavia.take(listener.load_balancer_id, { listeners: [listener] });
  octavia.change(octavia.tables.policies, policy, {
    ...commonChanges(body),
    ...changes,
    provisioning_status: "PENDING_UPDATE",
  });
  const position = body["position"] as number | null | undefined;
  if (position) insertPolicy(octavia, Object.assign(policy, { position }));
  octavia.worker.send("update_l7policy", listener.load_balancer_id, { kind: "policies", id: policy.id });
  return { status: 200, body: { l7policy: policyView(octavia.tables, policy) } };
}

function makeRule(octavia: Octavia, call: Call): Answer {
  const policy = parentOf(octavia, call);
  const body = readObject(call.body, "l7rule_", "rule", MAKE.rule);
  mayWrite(call, policy.project_id);
  checkRule(body);
  if (octavia.tables.rules.by("parent", policy.id).length >= 50)
    throw fault(409, `Too many rules on L7 policy ${policy.id}`);
  octavia.checkQuota(policy.project_id, "l7rule");
  const balancer = takeWith(octavia, policy.id);
  const rule = octavia.tables.rules.put({
    ...octavia.fresh(policy.project_id),
    ...ruleFields(body),
    policy_id: policy.id,
  });
  octavia.worker.send("create_l7rule", balancer, { kind: "rules", id: rule.id });
  return { status: 201, body: { rule: ruleView(rule) } };
}
