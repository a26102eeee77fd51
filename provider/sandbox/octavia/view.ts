import type { Json } from "../kernel/call.ts";
import type { Balancer, Listener, Member, Monitor, Policy, Pool, Rule, Tables, Thing } from "./rows.ts";

const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => ({ id }));

/** Things were made in the same second: the id decides, as in the real lists. */
function inOrder<T extends Thing>(rows: T[]): T[] {
  return rows.sort((one, other) =>
    one.created_at === other.created_at ? (one.id < other.id ? -1 : 1) : one.created_at < other.created_at ? -1 : 1,
  );
}

/** A load balancer as the API shows it; `full`, as the answer to its making, with everything below it. */
export function balancerView(tables: Tables, row: Balancer, full = false): Json {
  const listeners = inOrder(tables.listeners.by("parent", row.id));
  const pools = inOrder(tables.pools.by("parent", row.id));
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    provisioning_status: row.provisioning_status,
    operating_status: row.operating_status,
    admin_state_up: row.admin_state_up,
    project_id: row.project_id,
    created_at: row.created_at,
    updated_at: row.updated_at,
    vip_address: row.vip_address,
    vip_port_id: row.vip_port_id,
    vip_subnet_id: row.vip_subnet_id,
    vip_network_id: row.vip_network_id,
    vip_sg_ids: row.vip_sg_ids,
    additional_vips: row.additional_vips,
    listeners: full ? listeners.map((one) => listenerView(tables, one, true)) : ids(listeners),
    pools: full ? pools.map((one) => poolView(tables, one, true)) : ids(pools),
    provider: row.provider,
    flavor_id: null,
    vip_qos_policy_id: row.vip_qos_policy_id,
    tags: row.tags,
    availability_zone: null,
    vip_vnic_type: "normal",
    tenant_id: row.project_id,
  };
}

/** A listener as the API shows it. */
export function listenerView(tables: Tables, row: Listener, full = false): Json {
  const policies = tables.policiesOf(row.id);
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    provisioning_status: row.provisioning_status,
    operating_status: row.operating_status,
    admin_state_up: row.admin_state_up,
    protocol: row.protocol,
    protocol_port: row.protocol_port,
    default_pool_id: row.default_pool_id,
    project_id: row.project_id,
    l7policies: full ? policies.map((one) => policyView(tables, one, true)) : ids(policies),
    insert_headers: row.insert_headers,
    created_at: row.created_at,
    updated_at: row.updated_at,
    ...(full ? {} : { loadbalancers: [{ id: row.load_balancer_id }] }),
    tags: row.tags,
    allowed_cidrs: row.allowed_cidrs.length > 0 ? row.allowed_cidrs : null,
    ...row.more,
    tenant_id: row.project_id,
  };
}

/** A pool as the API shows it. */
export function poolView(tables: Tables, row: Pool, full = false): Json {
  const members = inOrder(tables.members.by("parent", row.id));
  const [monitor] = tables.monitors.by("parent", row.id);
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    provisioning_status: row.provisioning_status,
    operating_status: row.operating_status,
    admin_state_up: row.admin_state_up,
    protocol: row.protocol,
    lb_algorithm: row.lb_algorithm,
    session_persistence: row.session_persistence,
    project_id: row.project_id,
    ...(full ? {} : { loadbalancers: [{ id: row.load_balancer_id }] }),
    listeners: ids(inOrder(tables.listenersOf(row.id))),
    created_at: row.created_at,
    updated_at: row.updated_at,
    ...(monitor && full ? { healthmonitor: monitorView(monitor, true) } : {}),
    ...(monitor && !full ? { healthmonitor_id: monitor.id } : {}),
    members: full ? members.map(memberView) : ids(members),
    tags: row.tags,
    ...row.more,
    tenant_id: row.project_id,
  };
}

/** A member as the API shows it. */
export function memberView(row: Member): Json {
  const { pool_id: _, ...shown } = row;
  return { ...shown, vnic_type: "normal", tenant_id: row.project_id };
}

/** A health monitor as the API shows it. */
export function monitorView(row: Monitor, full = false): Json {
  const { pool_id, ...shown } = row;
  return { ...shown, ...(full ? {} : { pools: [{ id: pool_id }] }), tenant_id: row.project_id };
}

/** A layer 7 policy as the API shows it. */
export function policyView(tables: Tables, row: Policy, full = false): Json {
  const rules = inOrder(tables.rules.by("parent", row.id));
  return { ...row, rules: full ? rules.map(ruleView) : ids(rules), tenant_id: row.project_id };
}

/** A rule as the API shows it. */
export function ruleView(row: Rule): Json {
  const { policy_id: _, ...shown } = row;
  return { ...shown, tenant_id: row.project_id };
}

/** The states of a load balancer and what is below its listeners. */
export function statusView(tables: Tables, row: Balancer): Json {
  const states = ({ id, operating_status, provisioning_status }: Thing) => ({
    id,
    operating_status,
    provisioning_status,
  });
  return {
    ...states(row),
    name: row.name,
    listeners: inOrder(tables.listeners.by("parent", row.id)).map((listener) => ({
      ...states(listener),
      name: listener.name,
      pools: tables.poolsOf(listener).map((pool) => {
        const [monitor] = tables.monitors.by("parent", pool.id);
        return {
          ...states(pool),
          name: pool.name,
          health_monitor: monitor ? { ...states(monitor), name: monitor.name, type: monitor.type } : null,
          members: inOrder(tables.members.by("parent", pool.id)).map((member) => ({
            ...states(member),
            name: member.name,
            address: member.address,
            protocol_port: member.protocol_port,
          })),
        };
      }),
    })),
  };
}
