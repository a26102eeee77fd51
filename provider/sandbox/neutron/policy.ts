import type { Caller, Json } from "../kernel/call.ts";
import type { Attributes } from "./attributes.ts";
import { NOTHING } from "./attributes.ts";
import { forbidden, hidden } from "./errors.ts";
import { RULES } from "./rules.ts";

/** What a rule is asked about. */
export interface Target {
  /** Owner of the thing itself. */
  readonly owner: string;
  /** Owner of the network, security group or other thing that it stands in. */
  readonly parentOwner?: string | undefined;
  /** Usable by the caller's project through sharing. */
  readonly shared?: boolean;
  readonly external?: boolean;
  readonly deviceOwner?: string;
  /** Project that an entry of access control is for. */
  readonly targetProject?: string | undefined;
}

/** Who may, besides administrators. */
export type Who =
  | "anybody"
  | "reader"
  | "member"
  | "manager"
  | "parent reader"
  | "parent member"
  | "parent manager"
  | "shared"
  | "external"
  | "service"
  | "advsvc"
  | "any reader"
  | "owner"
  | "no network device"
  | "deletes an idle port"
  | "names one project";

const IN_USE = /^(compute|baremetal|manila):/;

const CHECKS: Record<Who, (caller: Caller, target: Target) => boolean> = {
  anybody: () => true,
  reader: (caller, { owner }) => caller.roles.has("reader") && caller.projectId === owner,
  member: (caller, { owner }) => caller.roles.has("member") && caller.projectId === owner,
  manager: (caller, { owner }) => caller.roles.has("manager") && caller.projectId === owner,
  "parent reader": (caller, { parentOwner }) => caller.roles.has("reader") && caller.projectId === parentOwner,
  "parent member": (caller, { parentOwner }) => caller.roles.has("member") && caller.projectId === parentOwner,
  "parent manager": (caller, { parentOwner }) => caller.roles.has("manager") && caller.projectId === parentOwner,
  shared: (_, { shared }) => shared ?? false,
  external: (_, { external }) => external ?? false,
  service: (caller) => caller.roles.has("service"),
  advsvc: (caller) => caller.roles.has("advsvc"),
  "any reader": (caller) => caller.roles.has("reader"),
  owner: (caller, { owner }) => caller.projectId === owner,
  "no network device": (_, { deviceOwner }) => !deviceOwner?.startsWith("network:"),
  "deletes an idle port": (caller, target) =>
    !IN_USE.test(target.deviceOwner ?? "") &&
    (CHECKS.member(caller, target) || CHECKS["parent member"](caller, target)),
  "names one project": (_, { targetProject }) => targetProject !== "*",
};

/** Rules that not even an administrator passes by his role. */
const SERVICES_ONLY = /^(create|update)_port:binding:profile$/;

/** Whether an administrator's rights are all rights. */
function isAdmin(caller: Caller): boolean {
  return caller.roles.has("admin");
}

/** Whether a rule lets the caller; a rule that is not there asks for the owner. */
export function may(caller: Caller, rule: string, target: Target): boolean {
  if (isAdmin(caller) && !SERVICES_ONLY.test(rule)) return true;
  return (RULES[rule] ?? ["owner"]).some((who) => CHECKS[who](caller, target));
}

/** The attributes of a request that the policy judges, and all rules that have to hold. */
interface Judged {
  /** As Neutron's message writes it. */
  text: string;
  rules: string[];
}

/**
 * Enforces the rule of an action with the rules of all attributes that were set on purpose. Throws 403; where the caller may
 * not even read the thing, 404.
 */
export function enforce(
  caller: Caller,
  action: string,
  target: Target,
  set: { attributes: Attributes; values: Json; sent?: readonly string[] } | undefined,
  readRule?: string,
): void {
  const judged = judge(action, set);
  if (judged.rules.every((rule) => may(caller, rule, target))) return;
  if (readRule && !may(caller, readRule, target)) throw hidden();
  throw forbidden(judged.text);
}

function judge(
  action: string,
  set: { attributes: Attributes; values: Json; sent?: readonly string[] } | undefined,
): Judged {
  const judged: Judged = { text: `rule:${action}`, rules: [action] };
  if (!set) return judged;
  for (const [name, attribute] of Object.entries(set.attributes)) {
    if (!attribute.enforce || !(name in set.values)) continue;
    if (set.sent ? !set.sent.includes(name) : isDefault(set.values[name], attribute.byDefault)) continue;
    const rule = `${action}:${name}`;
    judged.rules.push(rule);
    let text = `rule:${rule}`;
    const keys = keysOf(set.values[name], attribute.keys);
    if (keys.length > 0) {
      const inner = keys.map((key) => `${rule}:${key}`);
      judged.rules.push(...inner.filter((one) => RULES[one]));
      text = `(${text} and (${inner.map((one) => `rule:${one}`).join(" and ")}))`;
    }
    judged.text = `(${judged.text} and ${text})`;
  }
  return judged;
}

function isDefault(value: unknown, byDefault: unknown): boolean {
  if (byDefault === NOTHING || byDefault === undefined) return false;
  return JSON.stringify(value) === JSON.stringify(byDefault);
}

function keysOf(value: unknown, known: readonly string[] | undefined): string[] {
  if (Array.isArray(value))
    return value.flatMap((one) => (typeof one === "object" && one !== null ? Object.keys(one) : []));
  if (known && typeof value === "object" && value !== null) return known.filter((key) => key in value);
  return [];
}
