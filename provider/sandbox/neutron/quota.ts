import type { Given } from "./body.ts";
import { refusal } from "./errors.ts";
import type { State } from "./state.ts";

/** The limits of a project that nobody has set others for. -1 is none. */
export const DEFAULT_QUOTAS: Readonly<Record<string, number>> = {
  network: 100,
  subnet: 100,
  subnetpool: -1,
  port: 500,
  router_route: 30,
  router: 10,
  floatingip: 50,
  rbac_policy: 10,
  security_group: 10,
  security_group_rule: 100,
  trunk: -1,
  ikepolicy: -1,
  ipsecpolicy: -1,
  endpoint_group: -1,
  vpnservice: -1,
  ipsec_site_connection: -1,
  firewall_rule: 100,
  firewall_group: 10,
  firewall_policy: 10,
};

/** The limits of a project. */
export function quotasOf(state: State, project: string): Record<string, number> {
  return { ...DEFAULT_QUOTAS, ...state.quotas.get(project)?.limits };
}

/** How many of a kind a project has. */
export function used(state: State, quota: string, project: string): number {
  const { store } = state.world;
  if (quota === "security_group_rule") return state.securityGroupRules.by("project", project).length;
  if (quota === "rbac_policy") return state.rbac.by("project", project).length;
  const table = TABLES[quota];
  if (!table) return 0;
  return store.table(`neutron.${table}`).by("project", project).length;
}

const TABLES: Record<string, string> = {
  network: "networks",
  subnet: "subnets",
  subnetpool: "subnetpools",
  port: "ports",
  router: "routers",
  floatingip: "floatingips",
  security_group: "security_groups",
  trunk: "trunks",
  ikepolicy: "ikepolicies",
  ipsecpolicy: "ipsecpolicies",
  endpoint_group: "endpoint_groups",
  vpnservice: "vpnservices",
  ipsec_site_connection: "ipsec_site_connections",
  firewall_rule: "firewall_rules",
  firewall_group: "firewall_groups",
  firewall_policy: "firewall_policies",
};

/** Throws 409 where what is asked for is more than its project may have. */
export function checkQuota(state: State, quota: string, items: readonly Given[]): void {
  const wanted = new Map<string, number>();
  for (const { values } of items) {
    const project = String(values["project_id"] ?? "");
    wanted.set(project, (wanted.get(project) ?? 0) + 1);
  }
  for (const [project, count] of wanted) {
    const limit = quotasOf(state, project)[quota] ?? -1;
    if (limit >= 0 && used(state, quota, project) + count > limit)
      throw refusal(409, "OverQuota", `Quota exceeded for resources: ['${quota}'].`);
  }
}
