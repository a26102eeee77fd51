import type { Json } from "../kernel/call.ts";
import { str } from "../kernel/python.ts";
import type { Route } from "../kernel/service.ts";
import { type Attributes, attribute, oneOf, text, toBoolean, toInteger, uuid, uuidOrNone } from "./attributes.ts";
import { type Collection, routesOf } from "./collection.ts";
import { refusal } from "./errors.ts";
import type { KeptRow } from "./rows.ts";
import type { State } from "./state.ts";

/** A kind of resource that is made, shown, changed and deleted, and about which nothing else happens. */
interface Kind {
  readonly path: string;
  readonly resource: string;
  readonly plural: string;
  readonly attributes: Attributes;
  /** Name of the error where there is none. */
  readonly missing: [type: string, message: string];
  readonly quota?: string;
  /** Whether it tells when it was made and changed. */
  readonly stamped?: boolean;
  /** What it shows besides what was given. */
  readonly fixed?: Json;
}

const named = { name: attribute("cufs", { byDefault: "", check: text(255) }) };
const described = { description: attribute("cuf", { byDefault: "", check: text(255) }) };
const up = { admin_state_up: attribute("cuf", { byDefault: true, convert: toBoolean }) };
const shared = { shared: attribute("cufe", { byDefault: false, convert: toBoolean }) };
const one = (byDefault: unknown) => attribute("cuf", { byDefault });
const lifetime = one({ units: "seconds", value: 3600 });

const CIPHER = /^aes-(128|192|256)(-ctr|-(ccm|gcm)-(8|12|16))?$/;

/** The default of the API, sha1, is one that its data base no longer takes: whoever makes a policy has to name another. */
const CIPHERS: Attributes = {
  auth_algorithm: attribute("cuf", {
    byDefault: "sha1",
    check: oneOf("sha256", "sha384", "sha512", "aes-xcbc", "aes-cmac"),
  }),
  encryption_algorithm: attribute("cuf", {
    byDefault: "aes-128",
    check: (value) => (CIPHER.test(str(value)) ? undefined : `${str(value)} is not in valid_values`),
  }),
};

const KINDS: Kind[] = [
  {
    path: "address-scopes",
    resource: "address_scope",
    plural: "address_scopes",
    attributes: { ...named, ...shared, ip_version: attribute("crfs", { convert: toInteger, check: oneOf(4, 6) }) },
    missing: ["AddressScopeNotFound", "Address scope ID could not be found."],
  },
  {
    path: "vpn/vpnservices",
    resource: "vpnservice",
    plural: "vpnservices",
    quota: "vpnservice",
    attributes: {
      ...named,
      ...described,
      ...up,
      subnet_id: attribute("cf", { byDefault: null, check: uuidOrNone }),
      router_id: attribute("crfs", { check: uuid }),
      flavor_id: attribute("cf", { byDefault: null, check: uuidOrNone }),
      status: attribute("f"),
    },
    missing: ["VPNServiceNotFound", "VPNService ID could not be found"],
    fixed: { status: "PENDING_CREATE", external_v4_ip: null, external_v6_ip: null },
  },
  {
    path: "vpn/ikepolicies",
    resource: "ikepolicy",
    plural: "ikepolicies",
    quota: "ikepolicy",
    attributes: {
      ...named,
      ...described,
      ...CIPHERS,
      phase1_negotiation_mode: one("main"),
      lifetime,
      ike_version: one("v1"),
      pfs: one("group5"),
    },
    missing: ["IKEPolicyNotFound", "IKEPolicy ID could not be found"],
  },
  {
    path: "vpn/ipsecpolicies",
    resource: "ipsecpolicy",
    plural: "ipsecpolicies",
    quota: "ipsecpolicy",
    attributes: {
      ...named,
      ...described,
      transform_protocol: one("esp"),
      ...CIPHERS,
      encapsulation_mode: one("tunnel"),
      lifetime,
      pfs: one("group5"),
    },
    missing: ["IPsecPolicyNotFound", "IPsecPolicy ID could not be found"],
  },
  {
    path: "vpn/endpoint-groups",
    resource: "endpoint_group",
    plural: "endpoint_groups",
    quota: "endpoint_group",
    attributes: {
      ...named,
      ...described,
      type: attribute("crf", { check: oneOf("cidr", "network", "router", "subnet", "vlan") }),
      endpoints: attribute("c", { byDefault: [] }),
    },
    missing: ["VPNEndpointGroupNotFound", "Endpoint group ID could not be found"],
  },
  {
    path: "vpn/ipsec-site-connections",
    resource: "ipsec_site_connection",
    plural: "ipsec_site_connections",
    quota: "ipsec_site_connection",
    attributes: {
      ...named,
      ...described,
      ...up,
      local_id: one(""),
      peer_address: attribute("cruf", { check: text() }),
      peer_id: attribute("cruf", { check: text() }),
      peer_cidrs: attribute("cu", { byDefault: [] }),
      local_ep_group_id: one(null),
      peer_ep_group_id: one(null),
      mtu: attribute("cuf", { byDefault: 1500, convert: toInteger }),
      initiator: one("bi-directional"),
      psk: attribute("cruf", { check: text() }),
      dpd: attribute("cu", { byDefault: { action: "hold", interval: 30, timeout: 120 } }),
      vpnservice_id: attribute("crf", { check: uuid }),
      ikepolicy_id: attribute("crf", { check: uuid }),
      ipsecpolicy_id: attribute("crf", { check: uuid }),
      status: attribute("f"),
    },
    missing: ["IPsecSiteConnectionNotFound", "ipsec_site_connection ID not found"],
    fixed: { status: "PENDING_CREATE", route_mode: "static", auth_mode: "psk" },
  },
  {
    path: "fwaas/firewall_rules",
    resource: "firewall_rule",
    plural: "firewall_rules",
    quota: "firewall_rule",
    attributes: {
      ...named,
      ...described,
      ...shared,
      protocol: one(null),
      ip_version: attribute("cuf", { byDefault: 4, convert: toInteger, check: oneOf(4, 6) }),
      source_ip_address: one(null),
      destination_ip_address: one(null),
      source_port: one(null),
      destination_port: one(null),
      action: attribute("cuf", { byDefault: "deny", check: oneOf("allow", "deny", "reject") }),
      enabled: attribute("cuf", { byDefault: true, convert: toBoolean }),
    },
    stamped: true,
    missing: ["FirewallRuleNotFound", "Firewall rule ID could not be found."],
    fixed: { firewall_policy_id: null },
  },
  {
    path: "fwaas/firewall_policies",
    resource: "firewall_policy",
    plural: "firewall_policies",
    quota: "firewall_policy",
    attributes: {
      ...named,
      ...described,
      ...shared,
      firewall_rules: one([]),
      audited: attribute("cuf", { byDefault: false, convert: toBoolean }),
    },
    stamped: true,
    missing: ["FirewallPolicyNotFound", "Firewall policy ID could not be found."],
  },
  {
    path: "fwaas/firewall_groups",
    resource: "firewall_group",
    plural: "firewall_groups",
    quota: "firewall_group",
    attributes: {
      ...named,
      ...described,
      ...up,
      ...shared,
      ports: one([]),
      ingress_firewall_policy_id: one(null),
      egress_firewall_policy_id: one(null),
      status: attribute("f"),
    },
    stamped: true,
    missing: ["FirewallGroupNotFound", "Firewall group ID could not be found."],
    fixed: { status: "INACTIVE" },
  },
];

/** Collections of extensions whose back ends are not there: what is made is kept, and stays as it was made. */
export function keptRoutes(state: State): Route[] {
  return KINDS.flatMap((kind) => routesOf(state, keptCollection(state, kind)));
}

function keptCollection(state: State, kind: Kind): Collection<KeptRow> {
  const table = state.world.store.table<KeptRow>(`neutron.${kind.plural}`).index("project", (row) => row.project_id);
  return {
    path: kind.path,
    resource: kind.resource,
    plural: kind.plural,
    rule: "kept",
    ...(kind.quota ? { quota: kind.quota } : {}),
    attributes: {
      id: attribute("fs"),
      tenant_id: attribute("cfs", { check: text(255) }),
      project_id: attribute("cfs", { check: text(255) }),
      ...kind.attributes,
    },
    table,
    missing: (id) => refusal(404, kind.missing[0], kind.missing[1].replace("ID", id)),
    sees: (caller, row) =>
      row.project_id === caller.projectId || row.values["shared"] === true || state.seesAll(caller),
    target: (_, of) => ({ owner: String(of.project_id) }),
    view: (row) => ({
      id: row.id,
      project_id: row.project_id,
      tenant_id: row.project_id,
      ...kind.fixed,
      ...row.values,
    }),
    create({ values: given }, call) {
      const { project_id, tenant_id: _, ...values } = given;
      if ("router_id" in values) state.router(call.caller, String(values["router_id"]));
      const stamps = kind.stamped ? state.stamps(0) : {};
      return table.put({ id: state.id(), project_id: String(project_id), values: { ...values, ...stamps } });
    },
    update(row, { values }) {
      Object.assign(row.values, values);
      if (kind.stamped) {
        row.values["updated_at"] = state.now();
        row.values["revision_number"] = Number(row.values["revision_number"]) + 1;
      }
      return table.put(row);
    },
    remove: (row) => table.delete(row.id),
  };
}
