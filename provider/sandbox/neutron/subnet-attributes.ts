import { isObject } from "../kernel/input.ts";
import { repr, str } from "../kernel/python.ts";
import { canonicalAddress, parsePrefix } from "./addresses.ts";
import {
  type Attributes,
  address,
  addressOrNone,
  attribute,
  BASE,
  filledText,
  notNegative,
  oneOf,
  orEmptyList,
  prefixes,
  prefixOrNone,
  STANDARD,
  TAGS,
  toAddress,
  toBoolean,
  toInteger,
  toPrefix,
  uuid,
  uuidOrNone,
} from "./attributes.ts";
import { invalidInput } from "./errors.ts";

/** What is said of a dictionary with other keys than these. */
export function wrongKeys(value: unknown, expected: readonly string[], written = expected): string | undefined {
  if (!isObject(value))
    return `Invalid input. '${str(value)}' must be a dictionary with keys: {${written.map(repr).join(", ")}}`;
  const keys = Object.keys(value);
  if (keys.length === expected.length && expected.every((key) => key in value)) return undefined;
  return `Validation of dictionary's keys failed. Expected keys: {${written.map(repr).join(", ")}} Provided keys: {${keys.map(repr).join(", ")}}`;
}

/** Ranges in the addresses' short form. */
function toPools(value: unknown): unknown {
  if (!Array.isArray(value)) throw invalidInput("Invalid data format for allocation pools");
  return value.map((pool: unknown) => {
    if (!isObject(pool)) throw invalidInput("Invalid data format for allocation pools");
    return Object.fromEntries(Object.entries(pool).map(([key, one]) => [key, canonicalAddress(one) ?? one]));
  });
}

function pools(value: unknown): string | undefined {
  for (const pool of value as unknown[]) {
    const reason = wrongKeys(pool, ["start", "end"], ["end", "start"]);
    if (reason) return reason;
    for (const key of ["start", "end"]) {
      const wrong = address((pool as Record<string, unknown>)[key]);
      if (wrong) return wrong;
    }
  }
  return undefined;
}

function nameservers(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `Invalid data format for nameserver: '${str(value)}'`;
  for (const [n, server] of value.entries()) {
    const reason = address(server);
    if (reason) return `'${str(server)}' is not a valid nameserver. ${reason}`;
    if (value.indexOf(server) < n) return `Duplicate nameserver '${server}'`;
  }
  return undefined;
}

/** Routes of a subnet or router. */
export function routes(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `Invalid data format for hostroute: '${str(value)}'`;
  const seen = new Set<string>();
  for (const one of value) {
    const reason = wrongKeys(one, ["destination", "nexthop"], ["nexthop", "destination"]);
    if (reason) return reason;
    const { destination, nexthop } = one as Record<string, unknown>;
    if (typeof destination !== "string" || !destination.includes("/") || !parsePrefix(destination))
      return `'${str(destination)}' is not a valid CIDR`;
    const wrong = address(nexthop);
    if (wrong) return wrong;
    const key = `${destination} ${nexthop}`;
    if (seen.has(key)) return `Duplicate hostroute '${repr(one)}'`;
    seen.add(key);
  }
  return undefined;
}

const modes = oneOf("dhcpv6-stateful", "dhcpv6-stateless", "slaac", null);

const serviceTypes = (value: unknown): string | undefined =>
  Array.isArray(value) && value.every((one) => typeof one === "string")
    ? undefined
    : "Subnet service types must be a list";

/** Attributes of subnets. */
export const SUBNET: Attributes = {
  ...BASE,
  ip_version: attribute("crfs", { convert: toInteger, check: oneOf(4, 6) }),
  network_id: attribute("crfs", { check: uuid }),
  subnetpool_id: attribute("cfs", { check: uuidOrNone }),
  prefixlen: attribute("c", { convert: toInteger, check: notNegative }),
  cidr: attribute("cfs", { convert: toPrefix, check: prefixOrNone }),
  gateway_ip: attribute("cufs", { convert: toAddress, check: addressOrNone }),
  allocation_pools: attribute("cu", { convert: toPools, check: pools }),
  dns_nameservers: attribute("cu", { convert: orEmptyList, check: nameservers }),
  host_routes: attribute("cu", { convert: orEmptyList, check: routes }),
  enable_dhcp: attribute("cufs", { byDefault: true, convert: toBoolean }),
  ipv6_ra_mode: attribute("cfs", { check: modes }),
  ipv6_address_mode: attribute("cfs", { check: modes }),
  shared: attribute("f", { convert: toBoolean }),
  ...STANDARD,
  use_default_subnetpool: attribute("c", { byDefault: false, convert: toBoolean }),
  segment_id: attribute("cufse", { byDefault: null, check: uuidOrNone }),
  "router:external": attribute("f", { convert: toBoolean }),
  service_types: attribute("cue", { check: serviceTypes }),
  ...TAGS,
};

/** Attributes of subnet pools. */
export const SUBNET_POOL: Attributes = {
  ...BASE,
  name: attribute("crufs", { check: filledText(255) }),
  prefixes: attribute("cru", { check: prefixes }),
  default_quota: attribute("cufs", { convert: toInteger, check: notNegative }),
  ip_version: attribute("fs"),
  default_prefixlen: attribute("cufs", { convert: toInteger, check: notNegative }),
  min_prefixlen: attribute("cufs", { convert: toInteger, check: notNegative }),
  max_prefixlen: attribute("cufs", { convert: toInteger, check: notNegative }),
  is_default: attribute("cufse", { byDefault: false, convert: toBoolean }),
  shared: attribute("cfse", { byDefault: false, convert: toBoolean }),
  address_scope_id: attribute("cufs", { check: uuidOrNone }),
  ...STANDARD,
  ...TAGS,
};
