import type { Who } from "./policy.ts";

const OWN: Who[] = ["member"];
const SEEN: Who[] = ["reader"];
const ADMIN: Who[] = [];
const SERVICE: Who[] = ["service"];

/** Who may do what, besides administrators, who may do everything but what only services do. */
export const RULES: Readonly<Record<string, readonly Who[]>> = {
  ...owned("network", OWN),
  get_network: ["reader", "service", "shared", "external", "advsvc"],
  "get_network:tags": ["reader", "shared", "external", "advsvc"],
  ...adminOnly("create_network", ["shared", "router:external", "is_default", "segments"]),
  ...adminOnly("update_network", ["shared", "router:external", "is_default", "segments"]),
  ...provider("create_network"),
  ...provider("update_network"),
  ...provider("get_network"),
  "get_network:segments": ADMIN,
  "create_network:port_security_enabled": OWN,
  "update_network:port_security_enabled": OWN,
  ...owned("subnet", ["member", "parent member"]),
  create_subnet: ["parent member"],
  get_subnet: ["reader", "shared", "external", "parent reader", "service"],
  "get_subnet:tags": ["reader", "shared", "external", "parent reader"],
  ...adminOnly("create_subnet", ["segment_id", "service_types"]),
  ...adminOnly("update_subnet", ["segment_id", "service_types"]),
  "get_subnet:segment_id": ADMIN,
  ...ports(),
  ...owned("router", OWN),
  ...adminOnly("create_router", ["distributed", "ha"]),
  ...adminOnly("update_router", ["distributed", "ha"]),
  ...adminOnly("get_router", ["distributed", "ha"]),
  ...gateway("create_router"),
  ...gateway("update_router"),
  add_router_interface: OWN,
  remove_router_interface: OWN,
  add_extraroutes: OWN,
  remove_extraroutes: OWN,
  ...owned("floatingip", OWN),
  "create_floatingip:floating_ip_address": ["manager"],
  get_floatingip_pool: SEEN,
  ...owned("security_group", OWN),
  get_security_group: ["reader", "shared"],
  "get_security_group:tags": ["reader", "shared"],
  create_security_group_rule: ["parent member"],
  get_security_group_rule: ["parent reader"],
  delete_security_group_rule: ["parent member"],
  ...owned("address_group", OWN),
  get_address_group: ["reader", "shared"],
  add_addresses: OWN,
  remove_addresses: OWN,
  ...owned("address_scope", OWN),
  ...adminOnly("create_address_scope", ["shared"]),
  ...owned("subnetpool", OWN),
  get_subnetpool: ["reader", "shared"],
  "get_subnetpool:tags": ["reader", "shared"],
  ...adminOnly("create_subnetpool", ["shared", "is_default"]),
  ...adminOnly("update_subnetpool", ["is_default"]),
  add_prefixes: OWN,
  remove_prefixes: OWN,
  ...owned("rbac_policy", OWN),
  "create_rbac_policy:target_tenant": ["names one project"],
  "update_rbac_policy:target_tenant": ["names one project"],
  ...owned("trunk", OWN),
  get_subports: SEEN,
  add_subports: OWN,
  remove_subports: OWN,
  ...owned("policy", ["manager"]),
  get_policy: ["reader", "shared"],
  "get_policy:tags": ["reader", "shared"],
  get_port_forwarding: ["parent reader"],
  change_port_forwarding: ["parent member"],
  get_rule: ["parent reader"],
  change_rule: ["parent manager"],
  get_quota: ["manager"],
  update_quota: ADMIN,
  delete_quota: ADMIN,
  get_agent: ADMIN,
  update_agent: ADMIN,
  delete_agent: ADMIN,
  get_availability_zone: ["any reader"],
  get_service_provider: ["any reader"],
  get_default_security_group_rule: ["any reader"],
  get_rule_type: ["any reader"],
  get_network_ip_availability: SERVICE,
  ...owned("segment", ADMIN),
  get_segment: ADMIN,
  ...owned("kept", ["member", "owner"]),
  get_kept: ["reader", "owner"],
};

function owned(resource: string, who: Who[]): Record<string, Who[]> {
  const tags = Object.fromEntries(["create", "update", "delete"].map((verb) => [`${verb}_${resource}:tags`, who]));
  return {
    [`create_${resource}`]: who,
    [`get_${resource}`]: SEEN,
    [`update_${resource}`]: who,
    [`delete_${resource}`]: who,
    ...tags,
    [`get_${resource}:tags`]: SEEN,
  };
}

function adminOnly(action: string, names: string[]): Record<string, Who[]> {
  return Object.fromEntries(names.map((name) => [`${action}:${name}`, ADMIN]));
}

function provider(action: string): Record<string, Who[]> {
  return adminOnly(
    action,
    ["network_type", "physical_network", "segmentation_id"].map((name) => `provider:${name}`),
  );
}

function gateway(action: string): Record<string, Who[]> {
  return {
    [`${action}:external_gateway_info`]: OWN,
    [`${action}:external_gateway_info:network_id`]: OWN,
    [`${action}:external_gateway_info:enable_snat`]: ADMIN,
    [`${action}:external_gateway_info:external_fixed_ips`]: ADMIN,
  };
}

function ports(): Record<string, Who[]> {
  const rules: Record<string, Who[]> = {
    create_port: ["service", "parent member", "shared"],
    get_port: ["service", "parent reader", "reader"],
    "get_port:tags": ["advsvc", "parent reader", "reader"],
    update_port: ["service", "member"],
    delete_port: ["service", "deletes an idle port"],
    "update_port:tags": ["member", "advsvc"],
    "delete_port:tags": ["member", "advsvc", "parent member"],
    "create_port:mac_address": ["service", "parent member"],
    "update_port:mac_address": ["service", "parent manager"],
    "create_port:fixed_ips": ["service", "parent member", "shared"],
    "update_port:fixed_ips": ["service", "parent member"],
    "update_port:binding:vnic_type": ["service", "member"],
    "create_port:binding:vnic_type": ["service", "member"],
    "get_port:resource_request": ADMIN,
  };
  for (const name of ["vif_type", "vif_details", "host_id", "profile"]) rules[`get_port:binding:${name}`] = SERVICE;
  for (const verb of ["create_port", "update_port"]) {
    rules[`${verb}:binding:host_id`] = SERVICE;
    rules[`${verb}:binding:profile`] = SERVICE;
    rules[`${verb}:device_id`] = ["member", "service"];
    rules[`${verb}:device_owner`] = ["no network device", "service", "parent member"];
    rules[`${verb}:port_security_enabled`] = ["service", "parent member"];
    rules[`${verb}:fixed_ips:ip_address`] = ["service", "parent member"];
    rules[`${verb}:fixed_ips:subnet_id`] = ["service", "parent member", "shared"];
    for (const name of ["", ":mac_address", ":ip_address"])
      rules[`${verb}:allowed_address_pairs${name}`] = ["parent member", "service"];
  }
  return rules;
}
