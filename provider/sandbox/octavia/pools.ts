import type { Json } from "../kernel/call.ts";
import { badOption, invalid, unsupported } from "./errors.ts";
import { checkTls } from "./listeners.ts";
import type { Pool } from "./rows.ts";

const GOES_WITH: Readonly<Record<string, readonly string[]>> = {
  TCP: ["HTTP", "HTTPS", "PROXY", "PROXYV2", "TCP"],
  HTTP: ["HTTP", "PROXY", "PROXYV2"],
  HTTPS: ["HTTPS", "PROXY", "PROXYV2", "TCP"],
  TERMINATED_HTTPS: ["HTTP", "PROXY", "PROXYV2"],
  UDP: ["UDP"],
  SCTP: ["SCTP"],
};
const KEPT: Readonly<Record<string, unknown>> = {
  tls_container_ref: null,
  ca_tls_container_ref: null,
  crl_container_ref: null,
  tls_enabled: false,
  tls_ciphers: null,
  tls_versions: null,
  alpn_protocols: null,
};

/** Throws 400 where a listener cannot hand requests to a pool of this protocol. */
export function checkProtocols(listener: string, pool: string): void {
  if (!GOES_WITH[listener]?.includes(pool))
    throw invalid(`The pool protocol '${pool}' is invalid while the listener protocol is '${listener}'.`);
}

/** A pool's own fields from the body that makes it. */
export function poolFields(body: Json): Pick<Pool, "protocol" | "lb_algorithm" | "session_persistence" | "more"> {
  return {
    protocol: body["protocol"] as string,
    lb_algorithm: body["lb_algorithm"] as string,
    session_persistence: (body["session_persistence"] as Json | null | undefined) ?? null,
    more: Object.fromEntries(Object.entries(KEPT).map(([name, usual]) => [name, body[name] ?? usual])),
  };
}

/** The changes of a pool that a body asks for. */
export function poolChanges(pool: Pool, body: Json): Partial<Pool> {
  const more = { ...pool.more };
  for (const [name, usual] of Object.entries(KEPT)) if (body[name] !== undefined) more[name] = body[name] ?? usual;
  const fields: Partial<Pool> = { more };
  if (body["lb_algorithm"] !== undefined && body["lb_algorithm"] !== null)
    fields.lb_algorithm = body["lb_algorithm"] as string;
  if (body["session_persistence"] !== undefined) {
    const asked = body["session_persistence"] as Json | null;
    fields.session_persistence = asked && { ...pool.session_persistence, ...asked };
  }
  return fields;
}

/** Throws where the body of a pool, new or changed, contradicts itself. */
export function checkPool(body: Json, protocol: string | null = body["protocol"] as string | null): void {
  if (protocol === null) throw badOption("None", "protocol");
  const persistence = body["session_persistence"] as Json | null | undefined;
  if (persistence) {
    const { type, cookie_name, persistence_timeout, persistence_granularity } = persistence;
    if (protocol === "UDP" || protocol === "SCTP") {
      if (type === "SOURCE_IP" && cookie_name)
        throw invalid(
          "session_persistence SOURCE_IP type for UDP and SCTP protocols only accepts: type, persistence_timeout, persistence_granularity.",
        );
      if (cookie_name) throw invalid("Cookie names are not supported for UDP/SCTP pools.");
      if (type !== "SOURCE_IP")
        throw invalid(`Session persistence of type ${String(type)} is not supported for UDP/SCTP protocol pools.`);
    } else if (persistence_timeout || persistence_granularity)
      throw invalid("persistence_timeout and persistence_granularity is only for UDP and SCTP protocol pools.");
    if (cookie_name && type !== "APP_COOKIE")
      throw invalid('Field "cookie_name" can only be specified with session persistence of type "APP_COOKIE".');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (cookie_name && /[\x00-\x20"()/,:-@[-\]{}\x7f]/.test(cookie_name as string))
      throw invalid('Supplied "cookie_name" is invalid.');
    if (type === "APP_COOKIE" && !cookie_name)
      throw invalid('Field "cookie_name" must be specified when using the "APP_COOKIE" session persistence type.');
  }
  if (body["crl_container_ref"] && !body["ca_tls_container_ref"])
    throw invalid("A CA certificate reference is required to specify a revocation list.");
  checkTls(body);
  if (body["lb_algorithm"] === null) throw badOption("None", "lb_algorithm");
  if (body["lb_algorithm"] === "SOURCE_IP_PORT")
    throw unsupported("Amphora provider does not support SOURCE_IP_PORT algorithm.");
}
