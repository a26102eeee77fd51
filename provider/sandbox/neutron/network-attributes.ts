import { str } from "../kernel/python.ts";
import {
  type Attributes,
  attribute,
  BASE,
  notNegative,
  STANDARD,
  TAGS,
  text,
  toBoolean,
  toInteger,
  toLowerCase,
  uuidOrNone,
} from "./attributes.ts";

const LABEL = /^(?!-)[a-zA-Z0-9-]{1,63}(?<!-)$/;

/** A full domain name that ends in a dot, or nothing. */
export const domainName = (value: unknown): string | undefined => {
  const reason = text(255)(value);
  if (reason || value === "") return reason;
  return (value as string).endsWith(".") ? hostName(value) : `'${value}' is not a FQDN`;
};

/** A host's name, with or without its domain, or nothing. */
export const hostName = (value: unknown): string | undefined => {
  const reason = text(255)(value);
  if (reason || value === "") return reason;
  const name = value as string;
  const labels = name.replace(/\.$/, "").split(".");
  const wrong = labels.find((label) => !LABEL.test(label));
  if (wrong === undefined) return undefined;
  return `'${name}' not a valid PQDN or FQDN. Reason: Name '${wrong}' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen`;
};

const hints = (value: unknown): string | undefined =>
  Array.isArray(value) ? undefined : `'${str(value)}' is not a list`;

/** Attributes of networks. */
export const NETWORK: Attributes = {
  ...BASE,
  subnets: attribute(""),
  admin_state_up: attribute("cufs", { byDefault: true, convert: toBoolean }),
  status: attribute("fs"),
  shared: attribute("cufe", { byDefault: false, convert: toBoolean }),
  ipv4_address_scope: attribute(""),
  ipv6_address_scope: attribute(""),
  "router:external": attribute("cufe", { byDefault: false, convert: toBoolean }),
  is_default: attribute("cufe", { byDefault: false, convert: toBoolean }),
  ...STANDARD,
  availability_zone_hints: attribute("cs", { byDefault: [], check: hints }),
  availability_zones: attribute(""),
  dns_domain: attribute("cu", { byDefault: "", convert: toLowerCase, check: domainName }),
  l2_adjacency: attribute(""),
  mtu: attribute("cufse", { byDefault: 0, convert: toInteger, check: notNegative }),
  port_security_enabled: attribute("cue", { byDefault: true, convert: toBoolean }),
  "provider:network_type": attribute("cufe", { check: text(32) }),
  "provider:physical_network": attribute("cufe", { check: text(64) }),
  "provider:segmentation_id": attribute("cufe", { convert: toInteger }),
  segments: attribute("cue"),
  qos_policy_id: attribute("cue", { byDefault: null, check: uuidOrNone }),
  ha: attribute("c", { byDefault: false, convert: toBoolean }),
  ...TAGS,
};
