import { isIPv4, isIPv6 } from "node:net";
import type { Json } from "../kernel/call.ts";
import { str } from "../kernel/python.ts";
import { badOption, fault, invalid } from "./errors.ts";
import type { Octavia } from "./octavia.ts";
import type { Balancer, Listener } from "./rows.ts";

const HEADERS = [
  "X-Forwarded-For",
  "X-Forwarded-Port",
  "X-Forwarded-Proto",
  "X-Forwarded-IP",
  "X-Client-IP",
  "X-Real-IP",
];
const TLS_HEADERS = [
  "X-SSL-Client-Verify",
  "X-SSL-Client-Has-Cert",
  "X-SSL-Client-DN",
  "X-SSL-Client-CN",
  "X-SSL-Issuer",
  "X-SSL-Client-SHA1",
  "X-SSL-Client-Not-Before",
  "X-SSL-Client-Not-After",
];
const TLS_REFERENCES = ["default_tls_container_ref", "sni_container_refs", "client_ca_tls_container_ref"];

/** What is kept as it was sent, with what stands there where nothing was. */
const KEPT: Readonly<Record<string, unknown>> = {
  connection_limit: -1,
  default_tls_container_ref: null,
  sni_container_refs: [],
  timeout_client_data: 50000,
  timeout_member_connect: 5000,
  timeout_member_data: 50000,
  timeout_tcp_inspect: 0,
  client_ca_tls_container_ref: null,
  client_authentication: "NONE",
  client_crl_container_ref: null,
  tls_ciphers: null,
  tls_versions: null,
  alpn_protocols: null,
  hsts_max_age: null,
  hsts_include_subdomains: false,
  hsts_preload: false,
};

/** A listener's own fields from the body that makes it. */
export function listenerFields(
  body: Json,
): Pick<Listener, "protocol" | "protocol_port" | "insert_headers" | "allowed_cidrs" | "more"> {
  return {
    protocol: body["protocol"] as string,
    protocol_port: body["protocol_port"] as number,
    insert_headers: (body["insert_headers"] as Json | null | undefined) ?? {},
    allowed_cidrs: [...new Set((body["allowed_cidrs"] as string[] | null | undefined) ?? [])],
    more: Object.fromEntries(Object.entries(KEPT).map(([name, usual]) => [name, body[name] ?? usual])),
  };
}

/** The changes of a listener that a body asks for; null gives the usual value back. */
export function listenerChanges(listener: Listener, body: Json): Partial<Listener> {
  const more = { ...listener.more };
  for (const [name, usual] of Object.entries(KEPT)) if (body[name] !== undefined) more[name] = body[name] ?? usual;
  const fields: Partial<Listener> = { more };
  if (body["insert_headers"] !== undefined) fields.insert_headers = (body["insert_headers"] as Json | null) ?? {};
  if (body["allowed_cidrs"] !== undefined) fields.allowed_cidrs = (body["allowed_cidrs"] as string[] | null) ?? [];
  if (body["default_pool_id"] !== undefined) fields.default_pool_id = body["default_pool_id"] as string | null;
  return fields;
}

/** Throws where the body of a new listener contradicts itself, its load balancer or another listener. */
export function checkListener(octavia: Octavia, balancer: Balancer, body: Json): void {
  const protocol = body["protocol"] as string | null;
  if (protocol === null) throw badOption("None", "protocol");
  if (body["protocol_port"] === null) throw badOption("None", "protocol_port");
  checkHeaders(body, protocol, "dict_keys");
  const references = TLS_REFERENCES.some((name) => body[name] && (body[name] as string).length > 0);
  const offloads = protocol === "TERMINATED_HTTPS" || (protocol === "PROMETHEUS" && references);
  const certificate =
    Boolean(body["default_tls_container_ref"]) || ((body["sni_container_refs"] as string[] | null) ?? []).length > 0;
  const authority = Boolean(body["client_ca_tls_container_ref"]);
  if ((protocol === "UDP" || protocol === "SCTP") && (references || hasHeaders(body)))
    throw invalid(`${protocol} protocol listener does not support TLS.`);
  if (!offloads && references)
    throw invalid(`Certificate container references are not allowed on ${protocol} protocol listeners.`);
  if (authority && !certificate)
    throw invalid(
      "An SNI or default certificate container reference must be provided with a client CA container reference.",
    );
  if (offloads && !certificate) {
    const what = protocol === "PROMETHEUS" ? "PROMETHEUS with TLS" : protocol;
    throw invalid(`An SNI or default certificate container reference must be provided for ${what} protocol listeners.`);
  }
  const authentication = body["client_authentication"] ?? "NONE";
  if (authentication !== "NONE" && !authority)
    throw invalid(`Client authentication setting ${String(authentication)} requires a client CA container reference.`);
  if (body["client_crl_container_ref"] && !authority)
    throw invalid(
      "A client authentication CA reference is required to specify a client authentication revocation list.",
    );
  checkCiphers(body);
  checkCertificates(body);
  const transport = (name: string) => (name === "UDP" || name === "SCTP" ? name : "TCP");
  for (const other of octavia.tables.listeners.by("parent", balancer.id))
    if (other.protocol_port === body["protocol_port"] && transport(other.protocol) === transport(protocol))
      throw fault(
        409,
        `Another Listener on this Load Balancer is already using protocol ${other.protocol} and protocol_port ${other.protocol_port}`,
      );
  checkCidrs(balancer, (body["allowed_cidrs"] as string[] | null | undefined) ?? []);
  const age = body["hsts_max_age"];
  if ((body["hsts_include_subdomains"] || body["hsts_preload"]) && typeof age !== "number")
    throw invalid(
      "HSTS configuration options hsts_include_subdomains and hsts_preload only make sense if hsts_max_age is set as well.",
    );
  if (typeof age === "number" && protocol !== "TERMINATED_HTTPS")
    throw invalid("The HSTS feature can only be used for listeners using the TERMINATED_HTTPS protocol.");
}

/** Throws where the changes of a listener contradict it. */
export function checkListenerChange(balancer: Balancer, listener: Listener, body: Json): void {
  const { protocol } = listener;
  const references = TLS_REFERENCES.some((name) => body[name] && (body[name] as string).length > 0);
  if ((protocol === "UDP" || protocol === "SCTP") && (references || hasHeaders(body)))
    throw invalid(`${protocol} protocol listener does not support TLS or header insertion.`);
  if (references && protocol !== "TERMINATED_HTTPS" && protocol !== "PROMETHEUS")
    throw invalid(`Certificate container references are not allowed on ${protocol} protocol listeners.`);
  const authority = body["client_ca_tls_container_ref"] ?? listener.more["client_ca_tls_container_ref"];
  const authentication = body["client_authentication"];
  if (authentication && authentication !== "NONE" && !authority)
    throw invalid(`Client authentication setting ${String(authentication)} requires a client CA container reference.`);
  checkHeaders(body, protocol, "list");
  checkCertificates(body);
  checkCidrs(balancer, (body["allowed_cidrs"] as string[] | null | undefined) ?? []);
  checkCiphers(body);
  const hsts = body["hsts_max_age"] ?? listener.more["hsts_max_age"];
  if ((body["hsts_include_subdomains"] || body["hsts_preload"]) && typeof hsts !== "number")
    throw invalid("Cannot enable hsts_include_subdomains or hsts_preload if hsts_max_age was not set as well.");
  if (typeof body["hsts_max_age"] === "number" && protocol !== "TERMINATED_HTTPS")
    throw invalid("The HSTS feature can only be used for listeners using the TERMINATED_HTTPS protocol.");
}

function hasHeaders(body: Json): boolean {
  return Object.keys((body["insert_headers"] as Json | null | undefined) ?? {}).length > 0;
}

function checkHeaders(body: Json, protocol: string, shownAs: "dict_keys" | "list"): void {
  if (!hasHeaders(body)) return;
  const names = Object.keys(body["insert_headers"] as Json);
  if (protocol !== "HTTP" && protocol !== "TERMINATED_HTTPS")
    throw badOption("insert-headers", `a ${protocol} protocol listener.`);
  if (names.some((name) => !HEADERS.includes(name) && !TLS_HEADERS.includes(name)))
    throw badOption(shownAs === "list" ? str(names) : `dict_keys(${str(names)})`, "insert_headers");
  const secure = names.filter((name) => TLS_HEADERS.includes(name));
  if (protocol !== "TERMINATED_HTTPS" && secure.length > 0)
    throw badOption(str(secure), `${protocol} protocol listener.`);
}

/** There is no Barbican: no certificate can be found. */
function checkCertificates(body: Json): void {
  const references = [...((body["sni_container_refs"] as string[] | null | undefined) ?? [])];
  for (const name of ["default_tls_container_ref", "tls_container_ref"])
    if (body[name]) references.push(body[name] as string);
  if (references.length > 0) throw fault(400, `Could not retrieve certificate: ${str(references)}`);
  for (const name of ["client_ca_tls_container_ref", "ca_tls_container_ref"])
    if (body[name]) throw fault(400, `Could not retrieve certificate: ${str([body[name]])}`);
}

function checkCiphers(body: Json): void {
  const ciphers = body["tls_ciphers"];
  if (ciphers && !/^[A-Za-z0-9\-+!:@=_.]+$/.test(ciphers as string))
    throw invalid("Invalid characters in cipher string. Only alphanumeric, -, +, !, :, @, =, _, and . are allowed.");
}

/** Throws where a pool or listener names ciphers, versions or certificates that cannot be. */
export function checkTls(body: Json): void {
  checkCertificates(body);
  checkCiphers(body);
  const versions = body["tls_versions"] as string[] | null | undefined;
  if (versions?.length === 0)
    throw invalid(
      "Empty TLS version list. Either specify at least one TLS version or remove this parameter to use the default.",
    );
  const bad = (versions ?? []).filter(
    (version) => !["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"].includes(version),
  );
  if (bad.length > 0) throw invalid(`Invalid TLS versions: ${bad.join(", ")}`);
}

function checkCidrs(balancer: Balancer, cidrs: readonly string[]): void {
  if (cidrs.length > 0 && balancer.vip_sg_ids.length > 0)
    throw invalid("Allowed CIDRs are not allowed when using custom VIP Security Groups.");
  const addresses = [balancer.vip_address, ...balancer.additional_vips.map(({ ip_address }) => ip_address)];
  for (const cidr of cidrs) {
    const six = isIPv6(cidr.split("/")[0]!);
    if (!addresses.some((address) => (six ? isIPv6(address) : isIPv4(address))))
      throw invalid(`CIDR ${cidr} IP version incompatible with all VIPs ${str(addresses)} IP version.`);
  }
}
