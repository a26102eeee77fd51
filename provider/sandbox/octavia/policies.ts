import type { Json } from "../kernel/call.ts";
import { fault } from "./errors.ts";
import type { Octavia } from "./octavia.ts";
import type { Policy, Rule } from "./rows.ts";

type Redirect = Pick<Policy, "action" | "redirect_pool_id" | "redirect_url" | "redirect_prefix" | "redirect_http_code">;

function badArguments(what: string) {
  return fault(400, `Invalid L7 Policy arguments: ${what}`);
}

/** What a policy does, from the body that makes it. Throws where that is no whole instruction. */
export function policyFields(body: Json, withPool = false): Redirect {
  const action = body["action"] as string | null;
  const pool = (body["redirect_pool_id"] as string | null | undefined) ?? null;
  const url = (body["redirect_url"] as string | null | undefined) ?? null;
  const prefix = (body["redirect_prefix"] as string | null | undefined) ?? null;
  const code = (body["redirect_http_code"] as number | null | undefined) ?? null;
  if (action === null) throw fault(400, "Invalid L7 Policy action specified: None");
  if (action === "REDIRECT_TO_URL" && !url) throw badArguments("redirect_url must not be None");
  if (action === "REDIRECT_TO_POOL" && !pool) throw badArguments("redirect_pool_id or redirect_pool must not be None");
  if (action === "REDIRECT_PREFIX" && !prefix) throw badArguments("redirect_prefix must not be None");
  if (pool && (url || prefix) && !withPool && action !== "REDIRECT_TO_URL" && action !== "REDIRECT_TO_POOL")
    throw badArguments("Cannot specify redirect_pool_id and redirect_url or redirect_prefix at the same time");
  return redirect(action, pool, url, prefix, code);
}

/** The changes of what a policy does. */
export function policyChanges(policy: Policy, body: Json): Partial<Redirect> {
  const asked = (name: string) => body[name] !== undefined && body[name] !== null;
  const names = ["action", "redirect_pool_id", "redirect_url", "redirect_prefix", "redirect_http_code"];
  if (!names.some(asked)) return {};
  const implied = asked("redirect_pool_id")
    ? "REDIRECT_TO_POOL"
    : asked("redirect_url")
      ? "REDIRECT_TO_URL"
      : asked("redirect_prefix")
        ? "REDIRECT_PREFIX"
        : policy.action;
  if (asked("action")) return policyFields({ ...body, redirect_http_code: body["redirect_http_code"] ?? null });
  const kept = implied === policy.action ? policy : undefined;
  return policyFields({
    action: implied,
    redirect_pool_id: body["redirect_pool_id"] ?? kept?.redirect_pool_id,
    redirect_url: body["redirect_url"] ?? kept?.redirect_url,
    redirect_prefix: body["redirect_prefix"] ?? kept?.redirect_prefix,
    redirect_http_code: body["redirect_http_code"] ?? kept?.redirect_http_code,
  });
}

function redirect(
  action: string,
  pool: string | null,
  url: string | null,
  prefix: string | null,
  code: number | null,
): Redirect {
  return {
    action,
    redirect_pool_id: action === "REDIRECT_TO_POOL" ? pool : null,
    redirect_url: action === "REDIRECT_TO_URL" ? url : null,
    redirect_prefix: action === "REDIRECT_PREFIX" ? prefix : null,
    redirect_http_code: action === "REDIRECT_TO_URL" || action === "REDIRECT_PREFIX" ? (code ?? 302) : null,
  };
}

/** Puts a policy among its listener's at the position that it asks for; those behind it move. */
export function insertPolicy(octavia: Octavia, policy: Policy): Policy {
  const { policies } = octavia.tables;
  const others = octavia.tables.policiesOf(policy.listener_id).filter(({ id }) => id !== policy.id);
  const at = Math.min(policy.position - 1, others.length);
  others.splice(at, 0, policy);
  for (const [index, one] of others.entries())
    if (one.id === policy.id || one.position !== index + 1) policies.put(Object.assign(one, { position: index + 1 }));
  return policy;
}

/** A rule's own fields from the body that makes it. */
export function ruleFields(
  body: Json,
): Pick<Rule, "type" | "compare_type" | "key" | "value" | "invert" | "tags" | "admin_state_up"> {
  return {
    type: body["type"] as string,
    compare_type: body["compare_type"] as string,
    key: (body["key"] as string | null | undefined) ?? null,
    value: body["value"] as string,
    invert: Boolean(body["invert"]),
    tags: (body["tags"] as string[] | null | undefined) ?? [],
    admin_state_up: Boolean(body["admin_state_up"] ?? false),
  };
}

const HEADER_NAME = /^[a-zA-Z0-9!#$%&'*+\-.^_`|~]+$/;
const COOKIE_VALUE = /^[a-zA-Z0-9!#$%&'()*+\-./:<=>?@[\]^_`{|}~]+$/;
const HEADER_VALUE = /^[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@[\]^_`{|}~\\]+$/;
const QUOTED_VALUE = /^"[a-zA-Z0-9 \t!"#$%&'()*+,\-./:;<=>?@[\]^_`{|}~\\]*"$/;

/** Throws 400 where a rule compares what cannot be compared like that. */
export function checkRule(rule: Json): void {
  const type = rule["type"] as string | null;
  const compare = rule["compare_type"] as string | null;
  const key = rule["key"] as string | null | undefined;
  const value = rule["value"] as string | null | undefined;
  const bad = (what: string) => fault(400, `Error parsing L7Rule: Invalid L7 Rule: ${what}`);
  const badText = (what: string) => fault(400, `Error parsing L7Rule: Invalid characters in ${what}`);
  if (!value) throw bad("L7 rule type requires a value");
  if (compare === "REGEX") {
    try {
      new RegExp(value);
    } catch (error) {
      throw fault(400, `Error parsing L7Rule: Unable to parse regular expression: ${(error as Error).message}`);
    }
  }
  switch (type) {
    case "HEADER":
    case "COOKIE":
      if (!key) throw bad("L7 rule type requires a key");
      if (!HEADER_NAME.test(key)) throw badText("key");
      if (compare === "REGEX") return;
      if (type === "COOKIE" && !COOKIE_VALUE.test(value)) throw badText("cookie value");
      if (type === "HEADER" && !HEADER_VALUE.test(value) && !QUOTED_VALUE.test(value)) throw badText("header value");
      return;
    case "HOST_NAME":
    case "PATH":
    case "FILE_TYPE":
      if (type === "FILE_TYPE" && compare !== "REGEX" && compare !== "EQUAL_TO")
        throw bad("invalid comparison type for rule type");
      if (compare !== "REGEX" && !HEADER_VALUE.test(value) && !QUOTED_VALUE.test(value))
        throw badText("comparison value");
      return;
    case "SSL_CONN_HAS_CERT":
    case "SSL_VERIFY_RESULT":
      if (key) throw bad(`L7rule type ${type} does not use the "key" field.`);
      if (type === "SSL_CONN_HAS_CERT" && value.toLowerCase() !== "true")
        throw bad(`L7rule value ${value} is not a boolean True string.`);
      if (type === "SSL_VERIFY_RESULT" && !/^\d+$/.test(value))
        throw bad(`L7rule type ${type} needs a int value, which is >= 0`);
      if (compare !== "EQUAL_TO") throw bad(`L7rule type ${type} only supports the EQUAL_TO compare type.`);
      return;
    case "SSL_DN_FIELD":
      if (!key) throw bad(`L7rule type ${type} needs to specify a key and a value.`);
      if (!/^[a-zA-Z][A-Za-z0-9-]*$/.test(key)) throw bad("Invalid L7rule distinguished name field.");
      return;
    default:
      throw bad("invalid rule type");
  }
}
