import type { Json } from "../kernel/call.ts";
import type { Row, Table } from "../kernel/store.ts";
import type { World } from "../world.ts";

/** What Octavia is doing with a thing. */
export type Provisioning = "ACTIVE" | "ERROR" | "PENDING_CREATE" | "PENDING_UPDATE" | "PENDING_DELETE";

/** What everything of a load balancer has. */
export interface Thing extends Row {
  project_id: string;
  provisioning_status: Provisioning;
  operating_status: string;
  admin_state_up: boolean;
  tags: string[];
  /** `2026-11-22T15:29:51`, without a zone. */
  created_at: string;
  updated_at: string | null;
}

/** A load balancer with its VIP. */
export interface Balancer extends Thing {
  name: string;
  description: string;
  vip_address: string;
  vip_port_id: string;
  vip_subnet_id: string;
  vip_network_id: string;
  vip_qos_policy_id: string | null;
  vip_sg_ids: string[];
  /** Octavia made the VIP's port, and deletes it. */
  owns_port: boolean;
  additional_vips: { subnet_id: string; ip_address: string; port_id: string }[];
  provider: string;
}

/** A port on which a load balancer listens. */
export interface Listener extends Thing {
  name: string;
  description: string;
  load_balancer_id: string;
  protocol: string;
  protocol_port: number;
  default_pool_id: string | null;
  allowed_cidrs: string[];
  insert_headers: Json;
  /** The fields that Octavia only keeps and shows. */
  more: Json;
}

/** Machines to which a listener or a policy hands requests. */
export interface Pool extends Thing {
  name: string;
  description: string;
  load_balancer_id: string;
  protocol: string;
  lb_algorithm: string;
  session_persistence: Json | null;
  more: Json;
}

/** One machine of a pool. */
export interface Member extends Thing {
  name: string;
  pool_id: string;
  address: string;
  protocol_port: number;
  weight: number;
  backup: boolean;
  subnet_id: string | null;
  monitor_address: string | null;
  monitor_port: number | null;
}

/** How a pool's members are watched. */
export interface Monitor extends Thing {
  name: string;
  pool_id: string;
  type: string;
  delay: number;
  timeout: number;
  max_retries: number;
  max_retries_down: number;
  http_method: string | null;
  url_path: string | null;
  expected_codes: string | null;
  http_version: number | null;
  domain_name: string | null;
}

/** What a listener does with some requests. */
export interface Policy extends Thing {
  name: string;
  description: string;
  listener_id: string;
  action: string;
  redirect_pool_id: string | null;
  redirect_url: string | null;
  redirect_prefix: string | null;
  redirect_http_code: number | null;
  position: number;
}

/** Which requests a policy is about. */
export interface Rule extends Thing {
  policy_id: string;
  type: string;
  compare_type: string;
  key: string | null;
  value: string;
  invert: boolean;
}

/** Names of quotas, as rows have them. */
export const LIMITS = ["load_balancer", "listener", "member", "pool", "health_monitor", "l7policy", "l7rule"] as const;

/** One of {@link LIMITS}. */
export type Limit = (typeof LIMITS)[number];

/** Limits of a project, whose id is the row's; null is the default, no limit. */
export interface Quota extends Row {
  limits: Partial<Record<Limit, number | null>>;
}

/** A message from the API to the worker. */
export interface Task extends Row {
  /** `create_load_balancer`: as the worker's call is named. */
  action: string;
  load_balancer_id: string;
  /** What becomes ERROR when the work fails; none: the load balancer. */
  targets: { kind: Kind; id: string }[];
  /** The worker has taken it: it is lost when the worker dies. */
  taken: boolean;
}

/** What stands below a load balancer, by table. */
export interface Rows {
  listeners: Listener;
  pools: Pool;
  members: Member;
  monitors: Monitor;
  policies: Policy;
  rules: Rule;
}

/** A table of things below a load balancer. */
export type Kind = keyof Rows;

/** All tables of Octavia. */
export class Tables {
  readonly balancers: Table<Balancer>;
  readonly listeners: Table<Listener>;
  readonly pools: Table<Pool>;
  readonly members: Table<Member>;
  readonly monitors: Table<Monitor>;
  readonly policies: Table<Policy>;
  readonly rules: Table<Rule>;
  readonly quotas: Table<Quota>;
  readonly tasks: Table<Task>;

  constructor({ store }: World) {
    const byProject = (row: Thing) => row.project_id;
    this.balancers = store.table<Balancer>("octavia.loadbalancers").index("project", byProject);
    this.listeners = store.table<Listener>("octavia.listeners").index("project", byProject);
    this.listeners.index("parent", (row) => row.load_balancer_id).index("pool", (row) => row.default_pool_id);
    this.pools = store.table<Pool>("octavia.pools").index("project", byProject);
    this.pools.index("parent", (row) => row.load_balancer_id);
    this.members = store.table<Member>("octavia.members").index("project", byProject);
    this.members.index("parent", (row) => row.pool_id);
    this.monitors = store.table<Monitor>("octavia.healthmonitors").index("project", byProject);
    this.monitors.index("parent", (row) => row.pool_id);
    this.policies = store.table<Policy>("octavia.l7policies").index("project", byProject);
    this.policies.index("parent", (row) => row.listener_id).index("pool", (row) => row.redirect_pool_id);
    this.rules = store.table<Rule>("octavia.l7rules").index("project", byProject);
    this.rules.index("parent", (row) => row.policy_id);
    this.quotas = store.table<Quota>("octavia.quotas");
    this.tasks = store.table<Task>("octavia.tasks");
  }

  /** Policies of a listener, in the order in which they are tried. */
  policiesOf(listenerId: string): Policy[] {
    return this.policies.by("parent", listenerId).sort((one, other) => one.position - other.position);
  }

  /** Listeners that hand requests to a pool, by default or by a policy. */
  listenersOf(poolId: string): Listener[] {
    const byPolicy = this.policies.by("pool", poolId).map((policy) => this.listeners.get(policy.listener_id)!);
    return [...new Set([...this.listeners.by("pool", poolId), ...byPolicy])];
  }

  /** Pools to which a listener hands requests. */
  poolsOf(listener: Listener): Pool[] {
    const ids = [listener.default_pool_id, ...this.policiesOf(listener.id).map((policy) => policy.redirect_pool_id)];
    return [...new Set(ids)].flatMap((id) => (id === null ? [] : (this.pools.get(id) ?? [])));
  }

  /** Everything below a load balancer, with the table in which it stands. */
  below(balancerId: string): { kind: Kind; row: Thing }[] {
    const found: { kind: Kind; row: Thing }[] = [];
    for (const listener of this.listeners.by("parent", balancerId)) {
      found.push({ kind: "listeners", row: listener });
      for (const policy of this.policies.by("parent", listener.id)) {
        found.push({ kind: "policies", row: policy });
        for (const rule of this.rules.by("parent", policy.id)) found.push({ kind: "rules", row: rule });
      }
    }
    for (const pool of this.pools.by("parent", balancerId)) {
      found.push({ kind: "pools", row: pool });
      for (const member of this.members.by("parent", pool.id)) found.push({ kind: "members", row: member });
      for (const monitor of this.monitors.by("parent", pool.id)) found.push({ kind: "monitors", row: monitor });
    }
    return found;
  }
}
