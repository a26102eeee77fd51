import type { Field, Fields, Type } from "./types.ts";

const text = (max?: number, more: Partial<Type & { kind: "text" }> = {}): Type => ({
  kind: "text",
  ...(max === undefined ? {} : { max }),
  ...more,
});
const integer = (min?: number, max?: number): Type => ({
  kind: "integer",
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
});
const choice = (...of: (string | number)[]): Type => ({ kind: "choice", of });
const list = (of: Type): Type => ({ kind: "list", of });
const object = (fields: Fields): Type => ({ kind: "object", fields });
const UUID: Type = { kind: "uuid" };
const BOOL: Type = { kind: "bool" };
const ADDRESS: Type = { kind: "address" };
const NAME = text(255);
const TAGS = list(text(255));
const PORT = integer(1, 65535);
const TIMEOUT = integer(0, 24 * 24 * 60 * 60 * 1000);
const UP: Field = { ...BOOL, default: true };
const must = (type: Type): Field => ({ ...type, mandatory: true });
const or = (type: Type, value: unknown): Field => ({ ...type, default: value });

/** Fields without what is only for making: the rest may be changed. Nothing is mandatory, nothing has a default. */
function changeable(fields: Fields, fixed: readonly string[]): Fields {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name]) => !fixed.includes(name))
      .map(([name, { mandatory: _, default: __, ...type }]) => [name, type as Type]),
  );
}

const without = (fields: Fields, ...names: string[]): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));

const MEMBER: Fields = {
  name: NAME,
  admin_state_up: UP,
  address: must(ADDRESS),
  protocol_port: must(PORT),
  weight: or(integer(0, 256), 1),
  backup: or(BOOL, false),
  subnet_id: UUID,
  project_id: text(36),
  tenant_id: text(36),
  monitor_port: PORT,
  monitor_address: ADDRESS,
  tags: TAGS,
  request_sriov: or(BOOL, false),
};
const RETRIES = integer(1, 10);
const CODES = String.raw`^(\d{3}(\s*,\s*\d{3})*)$|^(\d{3}-\d{3})$`;
const DOMAIN = String.raw`^(?=.{1,253}\.?$)(?:(?!-|[^.]+_)[A-Za-z0-9-_]{1,63}(?<!-)(?:\.|$))+$`;
const MONITOR: Fields = {
  name: NAME,
  type: must(choice("HTTP", "HTTPS", "PING", "TCP", "TLS-HELLO", "UDP-CONNECT", "SCTP")),
  delay: must(integer(0)),
  timeout: must(integer(0)),
  max_retries_down: or(RETRIES, 3),
  max_retries: must(RETRIES),
  http_method: choice("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"),
  url_path: { kind: "url path" },
  expected_codes: text(undefined, { pattern: new RegExp(CODES), shown: CODES }),
  admin_state_up: UP,
  project_id: text(36),
  tenant_id: text(36),
  pool_id: must(UUID),
  tags: TAGS,
  http_version: choice(1, 1.1),
  domain_name: text(255, { min: 1, pattern: new RegExp(DOMAIN), shown: DOMAIN }),
};
const PERSISTENCE: Fields = {
  type: must(choice("SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE")),
  cookie_name: or(text(255, { pattern: /^[^\s,;\\]+$/, shown: String.raw`^[^\s,;\\]+$` }), null),
  persistence_timeout: or(integer(), null),
  persistence_granularity: or(ADDRESS, null),
};
const POOL: Fields = {
  name: NAME,
  description: NAME,
  admin_state_up: UP,
  listener_id: UUID,
  loadbalancer_id: UUID,
  protocol: must(choice("TCP", "HTTP", "HTTPS", "PROXY", "PROXYV2", "UDP", "SCTP")),
  lb_algorithm: must(choice("LEAST_CONNECTIONS", "ROUND_ROBIN", "SOURCE_IP", "SOURCE_IP_PORT")),
  session_persistence: object(PERSISTENCE),
  project_id: text(36),
  tenant_id: text(36),
  healthmonitor: object(without(MONITOR, "project_id", "tenant_id", "pool_id")),
  members: list(object(without(MEMBER, "project_id", "tenant_id"))),
  tags: TAGS,
  tls_container_ref: NAME,
  ca_tls_container_ref: NAME,
  crl_container_ref: NAME,
  tls_enabled: or(BOOL, false),
  tls_ciphers: text(2048),
  tls_versions: list(text(32)),
  alpn_protocols: list({ kind: "alpn" }),
};
const { protocol: POOL_PROTOCOL, lb_algorithm: POOL_ALGORITHM } = changeable(POOL, []);
/** A pool within another body: it may be no more than a name. */
const POOL_WITHIN: Fields = {
  ...without(POOL, "listener_id", "loadbalancer_id", "project_id", "tenant_id"),
  protocol: POOL_PROTOCOL!,
  lb_algorithm: POOL_ALGORITHM!,
};
const LINE = { pattern: /^[^\r\n]*$/, shown: String.raw`^[^\r\n]*$` };
const RULE: Fields = {
  type: must(
    choice(
      "HOST_NAME",
      "PATH",
      "FILE_TYPE",
      "HEADER",
      "COOKIE",
      "SSL_CONN_HAS_CERT",
      "SSL_VERIFY_RESULT",
      "SSL_DN_FIELD",
    ),
  ),
  compare_type: must(choice("REGEX", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "EQUAL_TO")),
  key: text(255, LINE),
  value: must(text(255, LINE)),
  invert: or(BOOL, false),
  admin_state_up: UP,
  project_id: text(36),
  tenant_id: text(36),
  tags: TAGS,
};
const POLICY: Fields = {
  name: NAME,
  description: NAME,
  admin_state_up: UP,
  project_id: text(36),
  tenant_id: text(36),
  action: must(choice("REJECT", "REDIRECT_TO_URL", "REDIRECT_TO_POOL", "REDIRECT_PREFIX")),
  redirect_pool_id: UUID,
  redirect_url: { kind: "url" },
  redirect_prefix: { kind: "url" },
  position: or(integer(1, 2147483647), 2147483647),
  listener_id: must(UUID),
  rules: list(object(without(RULE, "project_id", "tenant_id"))),
  tags: TAGS,
  redirect_http_code: choice(301, 302, 303, 307, 308),
};
const LISTENER: Fields = {
  name: NAME,
  description: NAME,
  admin_state_up: UP,
  protocol: must(choice("TCP", "HTTPS", "HTTP", "TERMINATED_HTTPS", "UDP", "SCTP", "PROMETHEUS")),
  protocol_port: must(PORT),
  connection_limit: or(integer(-1), -1),
  default_tls_container_ref: NAME,
  sni_container_refs: list(NAME),
  project_id: text(36),
  tenant_id: text(36),
  default_pool_id: UUID,
  default_pool: object(POOL_WITHIN),
  l7policies: list(
    object({
      ...without(POLICY, "project_id", "tenant_id", "listener_id", "redirect_pool_id"),
      redirect_pool: object(POOL_WITHIN),
    }),
  ),
  insert_headers: { kind: "map", of: NAME },
  loadbalancer_id: must(UUID),
  timeout_client_data: TIMEOUT,
  timeout_member_connect: TIMEOUT,
  timeout_member_data: TIMEOUT,
  timeout_tcp_inspect: TIMEOUT,
  tags: TAGS,
  client_ca_tls_container_ref: NAME,
  client_authentication: or(choice("NONE", "OPTIONAL", "MANDATORY"), "NONE"),
  client_crl_container_ref: NAME,
  allowed_cidrs: list({ kind: "cidr" }),
  tls_ciphers: text(2048),
  tls_versions: list(text(32)),
  alpn_protocols: list({ kind: "alpn" }),
  hsts_max_age: integer(0),
  hsts_include_subdomains: or(BOOL, false),
  hsts_preload: or(BOOL, false),
};
const BALANCER: Fields = {
  name: NAME,
  description: NAME,
  admin_state_up: UP,
  vip_address: ADDRESS,
  vip_port_id: UUID,
  vip_subnet_id: UUID,
  vip_network_id: UUID,
  vip_qos_policy_id: UUID,
  vip_sg_ids: list(UUID),
  additional_vips: or(list(object({ subnet_id: must(UUID), ip_address: ADDRESS, port_id: UUID })), []),
  project_id: text(36),
  tenant_id: text(36),
  listeners: or(list(object(without(LISTENER, "project_id", "tenant_id", "loadbalancer_id"))), []),
  pools: or(list(object(POOL_WITHIN)), []),
  provider: text(64),
  tags: TAGS,
  flavor_id: UUID,
  availability_zone: NAME,
};
const LIMIT = integer(-1, 2000000000);
const FIXED = ["project_id", "tenant_id"];

/** What may be sent to make a thing. */
export const MAKE = {
  loadbalancer: BALANCER,
  listener: LISTENER,
  pool: POOL,
  member: MEMBER,
  healthmonitor: MONITOR,
  l7policy: POLICY,
  rule: RULE,
};

/** What may be sent to change a thing. */
export const CHANGE = {
  loadbalancer: {
    name: NAME,
    description: NAME,
    vip_qos_policy_id: UUID,
    admin_state_up: BOOL,
    vip_sg_ids: list(UUID),
    tags: TAGS,
  },
  listener: changeable(LISTENER, [
    ...FIXED,
    "protocol",
    "protocol_port",
    "default_pool",
    "l7policies",
    "loadbalancer_id",
  ]),
  pool: {
    ...changeable(POOL, [...FIXED, "listener_id", "loadbalancer_id", "protocol", "healthmonitor", "members"]),
    session_persistence: object({ ...PERSISTENCE, type: choice("SOURCE_IP", "HTTP_COOKIE", "APP_COOKIE") }),
  },
  member: changeable(MEMBER, [...FIXED, "address", "protocol_port", "subnet_id", "request_sriov"]),
  healthmonitor: changeable(MONITOR, [...FIXED, "type", "pool_id"]),
  l7policy: changeable(POLICY, [...FIXED, "listener_id", "rules"]),
  rule: changeable(RULE, FIXED),
  quota: Object.fromEntries(
    [
      "loadbalancer",
      "load_balancer",
      "listener",
      "member",
      "pool",
      "healthmonitor",
      "health_monitor",
      "l7policy",
      "l7rule",
    ].map((name) => [name, LIMIT]),
  ),
} satisfies Record<string, Fields>;

/** All members of a pool in one request. */
export const MEMBERS: Type = list(object(MEMBER));
