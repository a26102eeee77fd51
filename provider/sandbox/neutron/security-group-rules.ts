import type { Call, Json } from "../kernel/call.ts";
import { str } from "../kernel/python.ts";
import { formatPrefix, parsePrefix } from "./addresses.ts";
import { type Attributes, attribute, oneOf, STANDARD, text } from "./attributes.ts";
import type { Given } from "./body.ts";
import type { Collection } from "./collection.ts";
import { refusal } from "./errors.ts";
import type { SecurityGroupRuleRow } from "./rows.ts";
import { addRule, needGroups } from "./security-groups.ts";
import type { State } from "./state.ts";

const PROTOCOLS = [
  "ah",
  "dccp",
  "egp",
  "esp",
  "gre",
  "hopopt",
  "icmp",
  "igmp",
  "ip",
  "ipip",
  "ipv6-encap",
  "ipv6-frag",
  "ipv6-icmp",
  "icmpv6",
  "ipv6-nonxt",
  "ipv6-opts",
  "ipv6-route",
  "ospf",
  "pgm",
  "rsvp",
  "sctp",
  "tcp",
  "udp",
  "udplite",
  "vrrp",
];

const NUMBERS: Record<string, string> = {
  "1": "icmp",
  "58": "ipv6-icmp",
  "6": "tcp",
  "17": "udp",
  "33": "dccp",
  "132": "sctp",
  "136": "udplite",
};
const WITH_PORTS = new Set(["dccp", "sctp", "tcp", "udp", "udplite"]);
const IPV6_ONLY = new Set([
  "ipv6-encap",
  "ipv6-frag",
  "ipv6-icmp",
  "icmpv6",
  "ipv6-nonxt",
  "ipv6-opts",
  "ipv6-route",
  "58",
]);

function toProtocol(value: unknown): string | null {
  if (value === null || value === "" || value === undefined) return null;
  if (/^\d+$/.test(str(value)) && Number(value) <= 255) return String(Number(value));
  const name = str(value).toLowerCase();
  if (name === "any" || name === "0") return name === "any" ? "any" : "0";
  if (!PROTOCOLS.includes(name))
    throw refusal(
      400,
      "SecurityGroupRuleInvalidProtocol",
      `Security group rule protocol ${str(value)} not supported. Only protocol values (None, 'any', ${PROTOCOLS.map((one) => `'${one}'`).join(", ")}) and integer representations [0 to 255] are supported.`,
    );
  return name;
}

const wrongPort = (value: unknown) =>
  refusal(400, "SecurityGroupInvalidPortValue", `Invalid value for port ${str(value)}`);

function toPort(value: unknown): number | null {
  if (value === null || value === undefined || value === "") return null;
  const port = typeof value === "string" && !/^\s*[-+]?\d+\s*$/.test(value) ? Number.NaN : Number(value);
  if (!(port >= 0 && port <= 65535)) throw wrongPort(value);
  return port;
}

function toEthertype(value: unknown): string {
  const known = ["IPv4", "IPv6"].find((one) => one.toLowerCase() === str(value).toLowerCase());
  if (!known)
    throw refusal(
      400,
      "SecurityGroupRuleInvalidEtherType",
      `Security group rule for ethertype '${str(value)}' not supported. Allowed values are ['IPv4', 'IPv6'].`,
    );
  return known;
}

function toRemotePrefix(value: unknown): string | null {
  if (value === null || value === "") return null;
  const prefix = parsePrefix(value);
  if (!prefix) throw refusal(400, "InvalidCIDR", `Invalid CIDR ${str(value)} given as IP prefix.`);
  return String(value).includes("/") ? String(value) : formatPrefix(prefix);
}

const RULE: Attributes = {
  id: attribute("fs"),
  security_group_id: attribute("crfs", { check: text(36) }),
  remote_group_id: attribute("cfs", { byDefault: null }),
  direction: attribute("crfs", { check: oneOf("ingress", "egress") }),
  protocol: attribute("cfs", { byDefault: null, convert: toProtocol }),
  port_range_min: attribute("cfs", { byDefault: null, convert: toPort }),
  port_range_max: attribute("cfs", { byDefault: null, convert: toPort }),
  ethertype: attribute("cfs", { byDefault: "IPv4", convert: toEthertype }),
  remote_ip_prefix: attribute("cfs", { byDefault: null, convert: toRemotePrefix }),
  tenant_id: attribute("cfs", { check: text(255) }),
  project_id: attribute("cfs", { check: text(255) }),
  remote_address_group_id: attribute("cfs", { byDefault: null }),
  normalized_cidr: attribute("fs"),
  belongs_to_default_sg: attribute("f"),
  ...STANDARD,
};

/** `/v2.0/security-group-rules`. */
export function ruleCollection(state: State): Collection<SecurityGroupRuleRow> {
  return {
    path: "security-group-rules",
    resource: "security_group_rule",
    plural: "security_group_rules",
    quota: "security_group_rule",
    attributes: RULE,
    table: state.securityGroupRules,
    missing: (id) => refusal(404, "SecurityGroupRuleNotFound", `Security group rule ${id} does not exist`),
    sees: () => true,
    target(_, of) {
      const id = String(of.security_group_id);
      const group = state.securityGroups.get(id);
      if (!group) throw refusal(404, "SecurityGroupNotFound", `Security group ${id} does not exist`);
      return { owner: String(of.project_id), parentOwner: group.project_id };
    },
    view: (row) => ({
      ...ruleView(row),
      belongs_to_default_sg: state.securityGroups.get(row.security_group_id)?.is_default ?? false,
    }),
    narrow(filters) {
      const groups = filters.get("security_group_id");
      if (groups) return groups.flatMap((id) => state.securityGroupRules.by("group", String(id)));
      const owners = filters.get("project_id") ?? filters.get("tenant_id");
      return owners?.flatMap((owner) => state.securityGroupRules.by("project", String(owner)));
    },
    create: (given, call) => create(state, given, call),
    update: (row) => row,
    remove(row) {
      state.securityGroupRules.delete(row.id);
      const group = state.securityGroups.get(row.security_group_id);
      if (group) state.touch(state.securityGroups, group);
    },
  };
}

/** What a rule shows wherever it stands. */
export function ruleView(row: SecurityGroupRuleRow): Json {
  const { standard_attr_id: _, ...rest } = row;
  const prefix = parsePrefix(row.remote_ip_prefix);
  return { ...rest, tenant_id: row.project_id, normalized_cidr: prefix ? formatPrefix(prefix) : null };
}

function create(state: State, { values }: Given, call: Call): SecurityGroupRuleRow {
  const group = state.securityGroups.get(values["security_group_id"] as string)!;
  const rule = {
    ethertype: values["ethertype"] as string,
    direction: values["direction"] as string,
    protocol: values["protocol"] === "any" ? null : (values["protocol"] as string | null),
    port_range_min: values["port_range_min"] as number | null,
    port_range_max: values["port_range_max"] as number | null,
    remote_ip_prefix: values["remote_ip_prefix"] as string | null,
    remote_group_id: values["remote_group_id"] as string | null,
    remote_address_group_id: values["remote_address_group_id"] as string | null,
    description: values["description"] as string,
  };
  checkPorts(rule);
  const remotes = [rule.remote_ip_prefix, rule.remote_group_id, rule.remote_address_group_id];
  if (remotes.filter((one) => one !== null).length > 1)
    throw refusal(
      400,
      "SecurityGroupMultipleRemoteEntites",
      "Only one of remote_ip_prefix or remote_group_id or remote_address_group_id may be provided.",
    );
  if (rule.protocol !== null && IPV6_ONLY.has(rule.protocol) && rule.ethertype === "IPv4")
    throw refusal(
      400,
      "SecurityGroupEthertypeConflictWithProtocol",
      `Invalid ethertype ${rule.ethertype} for protocol ${rule.protocol}.`,
    );
  const prefix = parsePrefix(rule.remote_ip_prefix);
  if (prefix && `IPv${prefix.version}` !== rule.ethertype)
    throw refusal(
      400,
      "SecurityGroupRuleParameterConflict",
      `Conflicting value ethertype ${rule.ethertype} for CIDR ${rule.remote_ip_prefix}`,
    );
  if (rule.remote_group_id !== null) needGroups(state, call.caller, [rule.remote_group_id]);
  if (rule.remote_address_group_id !== null && !state.addressGroups.get(rule.remote_address_group_id))
    throw refusal(404, "AddressGroupNotFound", `Address group ${rule.remote_address_group_id} could not be found.`);
  const same = state.securityGroupRules.by("group", group.id).find((other) => sameRule(other, rule));
  if (same) throw refusal(409, "SecurityGroupRuleExists", `Security group rule already exists. Rule id is ${same.id}.`);
  const made = addRule(state, group, rule);
  // However many rules one request makes, it changes the group once.
  if (CHANGED.get(call) !== group.id) state.touch(state.securityGroups, group);
  CHANGED.set(call, group.id);
  return made;
}

const CHANGED = new WeakMap<Call, string>();

type Compared = Omit<
  SecurityGroupRuleRow,
  "id" | "project_id" | "security_group_id" | "standard_attr_id" | "created_at" | "updated_at" | "revision_number"
>;

function sameRule(one: SecurityGroupRuleRow, other: Compared): boolean {
  const names = [
    "ethertype",
    "direction",
    "protocol",
    "port_range_min",
    "port_range_max",
    "remote_ip_prefix",
    "remote_group_id",
    "remote_address_group_id",
  ] as const;
  return names.every((name) => one[name] === other[name]);
}

function checkPorts({ protocol, port_range_min: min, port_range_max: max }: Compared): void {
  if (min === null && max === null) return;
  if (protocol === null)
    throw refusal(400, "SecurityGroupProtocolRequiredWithPorts", "Must also specify protocol if port range is given.");
  const name = NUMBERS[protocol] ?? protocol;
  if (WITH_PORTS.has(name)) {
    if (min === 0 || max === 0) throw wrongPort(0);
    if (min === null || max === null || min > max)
      throw refusal(
        400,
        "SecurityGroupInvalidPortRange",
        "For TCP/UDP protocols, port_range_min must be <= port_range_max",
      );
    return;
  }
  if (name === "icmp" || name === "ipv6-icmp" || name === "icmpv6") {
    for (const [field, attr, value] of [
      ["type", "port_range_min", min],
      ["code", "port_range_max", max],
    ] as const)
      if (value !== null && value > 255)
        throw refusal(
          400,
          "SecurityGroupInvalidIcmpValue",
          `Invalid value for ICMP ${field} (${attr}) ${value}. It must be 0 to 255.`,
        );
    if (min === null && max !== null)
      throw refusal(
        400,
        "SecurityGroupMissingIcmpType",
        `ICMP code (port-range-max) ${max} is provided but ICMP type (port-range-min) is missing.`,
      );
    return;
  }
  throw refusal(
    400,
    "SecurityGroupInvalidProtocolForPort",
    `Ports cannot be specified for protocol ${protocol}. Ports are only supported for DCCP, SCTP, TCP, UDP, UDPLITE.`,
  );
}
