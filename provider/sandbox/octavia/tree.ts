import type { Json } from "../kernel/call.ts";
import { fault, invalid, notFound, unsupported } from "./errors.ts";
import { checkListener, listenerFields } from "./listeners.ts";
import { checkMember, memberFields } from "./members.ts";
import { checkMonitor, monitorFields } from "./monitors.ts";
import { common, type Octavia } from "./octavia.ts";
import { checkRule, insertPolicy, policyFields, ruleFields } from "./policies.ts";
import { checkPool, checkProtocols, poolFields } from "./pools.ts";
import type { Balancer, Listener, Pool } from "./rows.ts";

type Bodies = Json[];

const list = (value: unknown): Bodies => (value as Bodies | null | undefined) ?? [];
const isFull = (pool: Json) =>
  Object.keys(pool).some((name) => !["name", "admin_state_up", "tls_enabled"].includes(name));

/**
 * Makes listeners and pools together with their load balancer, as one body describes them. Pools within listeners and policies count as
 * definitions where they are more than a name. Where it throws, nothing of the tree is left.
 */
export function makeTree(octavia: Octavia, balancer: Balancer, body: Json): void {
  const listeners = list(body["listeners"]);
  const pools = [...list(body["pools"])];
  const needed = new Set<string>();
  const collect = (pool: Json | null | undefined) => {
    if (!pool) return;
    if (!pool["name"]) throw invalid("Pools must be named when creating a fully populated loadbalancer.");
    if (isFull(pool)) pools.push(pool);
    else needed.add(pool["name"] as string);
  };
  for (const listener of listeners) {
    collect(listener["default_pool"] as Json | undefined);
    for (const policy of list(listener["l7policies"])) collect(policy["redirect_pool"] as Json | undefined);
  }
  const names = pools.map((pool) => pool["name"] as string | undefined);
  if (new Set(names).size < names.length)
    throw invalid("Pool names must be unique when creating a fully populated loadbalancer.");
  for (const name of needed)
    if (!names.includes(name)) throw invalid(`Pool '${name}' was referenced but no full definition was found.`);
  const project = balancer.project_id;
  if (pools.length > 0) octavia.checkQuota(project, "pool", pools.length);
  const undo: (() => void)[] = [];
  try {
    const made = new Map<string, Pool>();
    for (const pool of pools) made.set(pool["name"] as string, makePool(octavia, balancer, pool, undo));
    if (listeners.length > 0) octavia.checkQuota(project, "listener", listeners.length);
    for (const listener of listeners) makeListener(octavia, balancer, listener, made, undo);
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw error;
  }
}

function makePool(octavia: Octavia, balancer: Balancer, body: Json, undo: (() => void)[]): Pool {
  for (const attribute of ["protocol", "lb_algorithm"])
    if (body[attribute] === undefined)
      throw invalid(`Pool definition for '${String(body["name"])}' missing required attribute: ${attribute}`);
  checkPool(body);
  const { pools, members, monitors } = octavia.tables;
  const pool: Pool = {
    ...octavia.fresh(balancer.project_id),
    ...common(body),
    ...poolFields(body),
    load_balancer_id: balancer.id,
  };
  pools.put(pool);
  undo.push(() => pools.delete(pool.id));
  const watch = body["healthmonitor"] as Json | null | undefined;
  if (watch) {
    octavia.checkQuota(pool.project_id, "health_monitor");
    checkMonitor(watch, pool);
    const fields = { ...common(watch), ...monitorFields(watch), pool_id: pool.id };
    const { description: _, ...kept } = { ...octavia.fresh(pool.project_id), ...fields };
    monitors.put(kept);
    undo.push(() => monitors.delete(kept.id));
  }
  const joined = list(body["members"]);
  if (joined.length > 0) octavia.checkQuota(pool.project_id, "member", joined.length);
  for (const one of joined) {
    checkMember(octavia, pool, one);
    const member = memberFields(octavia, pool, one);
    members.put(member);
    undo.push(() => members.delete(member.id));
  }
  return pool;
}

function makeListener(
  octavia: Octavia,
  balancer: Balancer,
  body: Json,
  pools: ReadonlyMap<string, Pool>,
  undo: (() => void)[],
): void {
  const named = body["default_pool"] as Json | null | undefined;
  const given = body["default_pool_id"] as string | null | undefined;
  const pool = named ? pools.get(named["name"] as string) : given ? octavia.tables.pools.get(given) : undefined;
  if (given && pool?.load_balancer_id !== balancer.id) throw notFound("Pool", given);
  const protocol = body["protocol"] as string;
  const policies = list(body["l7policies"]);
  if (protocol === "PROMETHEUS" && (pool || policies.length > 0))
    throw fault(400, "Protocol PROMETHEUS listeners cannot have child objects.");
  if (pool) checkProtocols(protocol, pool.protocol);
  checkListener(octavia, balancer, body);
  const { listeners, rules } = octavia.tables;
  const listener: Listener = {
    ...octavia.fresh(balancer.project_id),
    ...common(body),
    ...listenerFields(body),
    load_balancer_id: balancer.id,
    default_pool_id: pool?.id ?? null,
  };
  listeners.put(listener);
  undo.push(() => listeners.delete(listener.id));
  if (policies.length > 0) octavia.checkQuota(listener.project_id, "l7policy", policies.length);
  for (const one of policies) {
    if (protocol !== "HTTP" && protocol !== "TERMINATED_HTTPS")
      throw unsupported(`${protocol} protocol listeners do not support L7 policies`);
    const target = one["redirect_pool"] as Json | null | undefined;
    const id = target ? pools.get(target["name"] as string)?.id : undefined;
    const asked = { ...one, ...(id ? { redirect_pool_id: id } : {}) };
    const policy = insertPolicy(octavia, {
      ...octavia.fresh(listener.project_id),
      ...common(one),
      ...policyFields(asked, true),
      listener_id: listener.id,
      position: one["position"] as number,
    });
    undo.push(() => octavia.tables.policies.delete(policy.id));
    const below = list(one["rules"]);
    if (below.length > 50) throw fault(409, `Too many rules on L7 policy ${policy.id}`);
    for (const rule of below) {
      checkRule(rule);
      const row = { ...octavia.fresh(listener.project_id), ...ruleFields(rule), policy_id: policy.id };
      rules.put(row);
      undo.push(() => rules.delete(row.id));
    }
  }
}
