import { isObject } from "../kernel/input.ts";
import { str } from "../kernel/python.ts";
import { canonicalAddress, parsePrefix } from "./addresses.ts";
import {
  type Attributes,
  address,
  attribute,
  BASE,
  dictionaryOrNone,
  oneOf,
  orEmptyList,
  STANDARD,
  TAGS,
  text,
  textOrNone,
  toBoolean,
  toLowerCase,
  uuid,
  uuidOrNone,
  uuids,
} from "./attributes.ts";
import { badRequest, refusal } from "./errors.ts";
import { domainName, hostName } from "./network-attributes.ts";

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;

/** In lower case; none is asked to be chosen. */
function toMac(value: unknown): unknown {
  if (value === null) return undefined;
  return typeof value === "string" ? value.toLowerCase() : value;
}

/** A MAC address, not the empty one. */
const mac = (value: unknown): string | undefined =>
  value === undefined || (typeof value === "string" && MAC.test(value) && !/^00(:00){5}$/.test(value))
    ? undefined
    : `'${str(value)}' is not a valid MAC address`;

function fixedIps(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `Invalid data format for fixed IP: '${str(value)}'`;
  const seen = new Set<string>();
  for (const one of value) {
    if (!isObject(one)) return `Invalid data format for fixed IP: '${str(one)}'`;
    if ("ip_address" in one) {
      const ip = str(one["ip_address"]);
      if (seen.has(ip)) return `Duplicate IP address '${ip}'`;
      const reason = address(one["ip_address"]);
      if (reason) return reason;
      seen.add(ip);
    }
    if ("subnet_id" in one) {
      const reason = uuid(one["subnet_id"]);
      if (reason) return reason;
    }
  }
  return undefined;
}

/** Pairs have messages of their own, without the attribute's name. */
function addressPairs(value: unknown): undefined {
  if (!Array.isArray(value)) throw badRequest("Allowed address pairs must be a list.");
  if (value.length > 10)
    throw refusal(400, "AllowedAddressPairExhausted", "The number of allowed address pair exceeds the maximum 10.");
  const seen = new Set<string>();
  for (const pair of value) {
    if (!isObject(pair) || !("ip_address" in pair))
      throw refusal(400, "AllowedAddressPairsMissingIP", "AllowedAddressPair must contain ip_address");
    if (pair["mac_address"] !== undefined) {
      const reason = mac(pair["mac_address"]);
      if (reason) throw badRequest(reason);
    }
    const ip = pair["ip_address"];
    const key = `${str(pair["mac_address"])} ${str(ip)}`;
    if (seen.has(key))
      throw refusal(
        400,
        "DuplicateAddressPairInRequest",
        `Request contains duplicate address pair: mac_address ${str(pair["mac_address"])} ip_address ${str(ip)}.`,
      );
    seen.add(key);
    const unknown = Object.keys(pair).filter((name) => name !== "mac_address" && name !== "ip_address");
    if (unknown.length > 0) throw badRequest(`Unrecognized attribute(s) '${unknown.join(", ")}'`);
    const known = typeof ip === "string" && (ip.includes("/") ? parsePrefix(ip) : canonicalAddress(ip));
    if (!known)
      throw badRequest(
        typeof ip === "string" && ip.includes("/")
          ? `'${ip}' is not a valid IP subnet`
          : `'${str(ip)}' is not a valid IP address`,
      );
  }
  return undefined;
}

function dhcpOptions(value: unknown): string | undefined {
  if (value === null) return undefined;
  if (!Array.isArray(value)) return `'${str(value)}' is not a list`;
  for (const one of value) {
    if (!isObject(one)) return `'${str(one)}' is not a dictionary`;
    const missing = ["opt_name", "opt_value"].filter((key) => !(key in one));
    if (missing.length > 0) return `No valid key specs matched for: ${str(one)}`;
    const reason = text(64)(one["opt_name"]) ?? textOrNone(255)(one["opt_value"]);
    if (reason) return reason;
  }
  return undefined;
}

const VNICS = [
  "normal",
  "direct",
  "macvtap",
  "baremetal",
  "direct-physical",
  "virtio-forwarder",
  "smart-nic",
  "vdpa",
  "accelerator-direct",
  "accelerator-direct-physical",
  "remote-managed",
];

function uniqueTags(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `'${str(value)}' is not a list`;
  return value.map(text(255)).find((reason) => reason !== undefined);
}

function toGroups(value: unknown): unknown {
  if (value === null || value === "") return [];
  return value;
}

/** Attributes of ports. */
export const PORT: Attributes = {
  ...BASE,
  network_id: attribute("crfs", { check: uuid }),
  admin_state_up: attribute("cufs", { byDefault: true, convert: toBoolean }),
  mac_address: attribute("cufse", {
    convert: toMac,
    check: mac,
  }),
  fixed_ips: attribute("cufe", { check: fixedIps }),
  device_id: attribute("cufse", { byDefault: "", check: text(255) }),
  device_owner: attribute("cufse", { byDefault: "", check: text(255) }),
  status: attribute("fs"),
  ...STANDARD,
  allowed_address_pairs: attribute("cue", { convert: orEmptyList, check: addressPairs }),
  "binding:vif_type": attribute("e"),
  "binding:vif_details": attribute("e"),
  "binding:vnic_type": attribute("cufe", { byDefault: "normal", check: oneOf(...VNICS) }),
  "binding:host_id": attribute("cufe"),
  "binding:profile": attribute("cue", { check: dictionaryOrNone }),
  dns_name: attribute("cu", { byDefault: "", convert: toLowerCase, check: hostName }),
  dns_domain: attribute("cu", { byDefault: "", convert: toLowerCase, check: domainName }),
  dns_assignment: attribute(""),
  extra_dhcp_opts: attribute("cu", { byDefault: null, check: dhcpOptions }),
  ip_allocation: attribute("fs"),
  device_profile: attribute("c", { byDefault: null, check: textOrNone(255) }),
  numa_affinity_policy: attribute("cu", {
    byDefault: null,
    check: oneOf("required", "preferred", "legacy", "socket", null),
  }),
  port_security_enabled: attribute("cue", { convert: toBoolean }),
  qos_policy_id: attribute("cue", { byDefault: null, check: uuidOrNone }),
  qos_network_policy_id: attribute(""),
  resource_request: attribute(""),
  security_groups: attribute("cuf", { convert: toGroups, check: uuids }),
  trunk_details: attribute(""),
  ...TAGS,
  tags: attribute("cf", { byDefault: [], check: uniqueTags }),
};

/** The pairs as a port keeps them: without a MAC address they have the port's. */
export function pairsOf(value: unknown, own: string): { mac_address: string; ip_address: string }[] {
  return (value as { mac_address?: string; ip_address: string }[]).map(({ mac_address, ip_address }) => ({
    mac_address: mac_address?.toLowerCase() ?? own,
    ip_address,
  }));
}
