import type { Json } from "../kernel/call.ts";
import { badOption, invalid } from "./errors.ts";
import type { Monitor, Pool } from "./rows.ts";

const isHttp = (type: unknown) => type === "HTTP" || type === "HTTPS";
const HTTP_ONLY = ["http_method", "url_path", "expected_codes"];
const USUAL: Readonly<Record<string, string>> = { http_method: "GET", url_path: "/", expected_codes: "200" };

type Own = Omit<Monitor, keyof import("./rows.ts").Thing | "name" | "pool_id">;

/** A health monitor's own fields from the body that makes it. */
export function monitorFields(body: Json): Own {
  const http = (name: string) =>
    isHttp(body["type"]) ? (body[name] as string | null | undefined) || USUAL[name]! : null;
  return {
    type: body["type"] as string,
    delay: body["delay"] as number,
    timeout: body["timeout"] as number,
    max_retries: body["max_retries"] as number,
    max_retries_down: (body["max_retries_down"] as number | null) ?? 3,
    http_method: http("http_method"),
    url_path: http("url_path"),
    expected_codes: http("expected_codes"),
    http_version: (body["http_version"] as number | null | undefined) ?? null,
    domain_name: (body["domain_name"] as string | null | undefined) ?? null,
  };
}

/** The changes of a health monitor that a body asks for; null gives the usual value back. */
export function monitorChanges(monitor: Monitor, body: Json): Partial<Monitor> {
  const fields: Json = {};
  for (const name of ["delay", "timeout", "max_retries"]) if (body[name] !== undefined) fields[name] = body[name];
  if (body["max_retries_down"] !== undefined) fields["max_retries_down"] = body["max_retries_down"] ?? 3;
  for (const name of HTTP_ONLY)
    if (body[name] !== undefined && isHttp(monitor.type)) fields[name] = body[name] ?? USUAL[name];
  for (const name of ["http_version", "domain_name"]) if (body[name] !== undefined) fields[name] = body[name];
  return fields as Partial<Monitor>;
}

/** Throws where a pool cannot be watched like this. */
export function checkMonitor(body: Json, pool: Pool): void {
  const type = body["type"] as string | null;
  checkProtocol(type, body["delay"], pool.protocol);
  for (const name of ["type", "delay", "timeout", "max_retries"])
    if (body[name] === null) throw badOption("None", name);
  if (!isHttp(type))
    for (const name of HTTP_ONLY) if (body[name]) throw badOption(name, `health monitors of type ${type}`);
  checkDomain(body["domain_name"], body["http_version"]);
}

/** Throws where the changes of a health monitor contradict it. */
export function checkMonitorChange(monitor: Monitor, body: Json, pool: Pool): void {
  if (!isHttp(monitor.type))
    for (const name of HTTP_ONLY)
      if (body[name] !== undefined) throw badOption(name, `health monitors of type ${monitor.type}`);
  for (const name of ["delay", "max_retries", "timeout"]) if (body[name] === null) throw badOption("None", name);
  checkDomain(body["domain_name"] ?? monitor.domain_name, body["http_version"] ?? monitor.http_version);
  if (pool.protocol === "UDP" || pool.protocol === "SCTP") checkProtocol(monitor.type, body["delay"], pool.protocol);
}

function checkDomain(domain: unknown, version: unknown): void {
  if (!domain) return;
  if (!version) throw invalid("'http_version' must be specified when 'domain_name' is provided.");
  if ((version as number) < 1.1)
    throw badOption("http_version 1.0", "health monitors HTTP 1.1 domain name health check");
}

function checkProtocol(type: string | null, delay: unknown, protocol: string): void {
  const connectionless = protocol === "UDP" || protocol === "SCTP";
  if (!connectionless) {
    if (type === "UDP-CONNECT" || type === "SCTP")
      throw invalid(`The ${type} type is only supported for pools of type UDP/SCTP.`);
    return;
  }
  if (!["UDP-CONNECT", "SCTP", "TCP", "HTTP"].includes(type ?? ""))
    throw invalid(
      `The associated pool protocol is ${protocol}, so only a UDP-CONNECT/SCTP/TCP/HTTP health monitor is supported.`,
    );
  if (type === "UDP-CONNECT" && typeof delay === "number" && delay < 3)
    throw invalid(`The request delay value ${delay} should be larger than 3 for UDP-CONNECT health monitor type.`);
}
