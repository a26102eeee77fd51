import type { Caller } from "../kernel/call.ts";
import { denied, noNode } from "./errors.ts";

/** Whose something is, as policies see it. */
export interface Target {
  readonly owner: string | null;
  readonly lessee?: string | null;
}

type Rule = (caller: Caller, target: Target) => boolean;

/** The services among each other. */
export const isService = (caller: Caller): boolean =>
  caller.projectName === "service" && (caller.roles.has("service") || caller.roles.has("admin"));

const system =
  (role: string): Rule =>
  (caller) =>
    isService(caller) || (caller.system && caller.roles.has(role));
const systemOnly =
  (role: string): Rule =>
  (caller) =>
    caller.system && caller.roles.has(role);
const owner =
  (role: string): Rule =>
  (caller, target) =>
    !!caller.projectId && caller.projectId === target.owner && caller.roles.has(role);
const lessee =
  (role: string): Rule =>
  (caller, target) =>
    !!caller.projectId && caller.projectId === target.lessee && caller.roles.has(role);
const role =
  (name: string): Rule =>
  (caller) =>
    caller.roles.has(name);
const any =
  (...rules: Rule[]): Rule =>
  (caller, target) =>
    rules.some((rule) => rule(caller, target));

const reads = any(system("reader"), owner("reader"), lessee("reader"));
const ownerReads = any(system("reader"), owner("reader"));
const ownerChanges = any(system("member"), owner("member"));
const ownerManages = any(system("member"), owner("manager"));
const bothChange = any(system("member"), owner("member"), lessee("member"));
const lesseeManages = any(system("member"), owner("member"), lessee("manager"));
const managerOfEither = any(system("member"), owner("manager"), lessee("manager"));

/** The stock policies: who may do what. */
const RULES: Readonly<Record<string, Rule>> = {
  "baremetal:node:create": systemOnly("admin"),
  "baremetal:node:create:self_owned_node": role("admin"),
  "baremetal:node:list": role("reader"),
  "baremetal:node:list_all": system("reader"),
  "baremetal:node:get": reads,
  "baremetal:node:get:filter_threshold": system("reader"),
  "baremetal:node:get:last_error": ownerReads,
  "baremetal:node:get:reservation": ownerReads,
  "baremetal:node:get:driver_internal_info": ownerReads,
  "baremetal:node:get:driver_info": ownerReads,
  "baremetal:node:update:driver_info": ownerChanges,
  "baremetal:node:update:properties": ownerChanges,
  "baremetal:node:update:chassis_uuid": systemOnly("admin"),
  "baremetal:node:update:instance_uuid": ownerChanges,
  "baremetal:node:update:lessee": ownerChanges,
  "baremetal:node:update:owner": system("member"),
  "baremetal:node:update:driver_interfaces": ownerManages,
  "baremetal:node:update:network_data": ownerChanges,
  "baremetal:node:update:conductor_group": system("member"),
  "baremetal:node:update:name": ownerChanges,
  "baremetal:node:update:retired": ownerChanges,
  "baremetal:node:update": bothChange,
  "baremetal:node:update_extra": bothChange,
  "baremetal:node:update_instance_info": lesseeManages,
  "baremetal:node:update_owner_provisioned": systemOnly("admin"),
  "baremetal:node:update:shard": systemOnly("admin"),
  "baremetal:node:update:parent_node": system("member"),
  "baremetal:node:update:disable_power_off": systemOnly("admin"),
  "baremetal:node:delete": systemOnly("admin"),
  "baremetal:node:delete:self_owned_node": owner("admin"),
  "baremetal:node:validate": lesseeManages,
  "baremetal:node:set_maintenance": lesseeManages,
  "baremetal:node:clear_maintenance": lesseeManages,
  "baremetal:node:get_boot_device": ownerManages,
  "baremetal:node:set_boot_device": ownerManages,
  "baremetal:node:get_indicator_state": reads,
  "baremetal:node:set_indicator_state": ownerChanges,
  "baremetal:node:inject_nmi": ownerManages,
  "baremetal:node:get_states": reads,
  "baremetal:node:set_power_state": bothChange,
  "baremetal:node:set_boot_mode": bothChange,
  "baremetal:node:set_secure_boot": bothChange,
  "baremetal:node:set_provision_state": lesseeManages,
  "baremetal:node:set_provision_state:clean_steps": lesseeManages,
  "baremetal:node:set_provision_state:service_steps": lesseeManages,
  "baremetal:node:set_raid_state": ownerChanges,
  "baremetal:node:get_console": ownerChanges,
  "baremetal:node:set_console_state": ownerChanges,
  "baremetal:node:vif:list": reads,
  "baremetal:node:vif:attach": lesseeManages,
  "baremetal:node:vif:detach": lesseeManages,
  "baremetal:node:traits:list": reads,
  "baremetal:node:traits:set": ownerManages,
  "baremetal:node:traits:delete": ownerManages,
  "baremetal:node:bios:get": reads,
  "baremetal:node:disable_cleaning": systemOnly("admin"),
  "baremetal:node:history:get": ownerReads,
  "baremetal:node:inventory:get": ownerReads,
  "baremetal:node:firmware:get": reads,
  "baremetal:node:vmedia:attach": bothChange,
  "baremetal:node:vmedia:detach": bothChange,
  "baremetal:node:vmedia:get": reads,
  "baremetal:node:vendor_passthru": systemOnly("admin"),
  "baremetal:driver:vendor_passthru": systemOnly("admin"),
  "baremetal:shards:get": system("reader"),
  "baremetal:port:get": reads,
  "baremetal:port:list": role("reader"),
  "baremetal:port:list_all": system("reader"),
  "baremetal:port:create": any(systemOnly("admin"), owner("manager")),
  "baremetal:port:delete": any(systemOnly("admin"), owner("manager")),
  "baremetal:port:update": ownerManages,
  "baremetal:portgroup:get": reads,
  "baremetal:portgroup:list": role("reader"),
  "baremetal:portgroup:list_all": system("reader"),
  "baremetal:portgroup:create": any(systemOnly("admin"), owner("manager")),
  "baremetal:portgroup:delete": any(systemOnly("admin"), owner("manager")),
  "baremetal:portgroup:update": ownerManages,
  "baremetal:chassis:get": system("reader"),
  "baremetal:chassis:create": systemOnly("admin"),
  "baremetal:chassis:delete": systemOnly("admin"),
  "baremetal:chassis:update": system("member"),
  "baremetal:driver:get": system("reader"),
  "baremetal:driver:get_properties": system("reader"),
  "baremetal:driver:get_raid_logical_disk_properties": system("reader"),
  "baremetal:volume:list_all": system("reader"),
  "baremetal:volume:list": role("reader"),
  "baremetal:volume:get": reads,
  "baremetal:volume:create": managerOfEither,
  "baremetal:volume:delete": managerOfEither,
  "baremetal:volume:update": lesseeManages,
  "baremetal:volume:view_target_properties": any(system("reader"), role("admin")),
  "baremetal:conductor:get": system("reader"),
  "baremetal:allocation:get": ownerReads,
  "baremetal:allocation:list": role("reader"),
  "baremetal:allocation:list_all": system("reader"),
  "baremetal:allocation:create": any(system("member"), role("member")),
  "baremetal:allocation:create_restricted": system("member"),
  "baremetal:allocation:delete": ownerChanges,
  "baremetal:allocation:update": ownerChanges,
  "baremetal:events:post": systemOnly("admin"),
  "baremetal:deploy_template:get": system("reader"),
  "baremetal:deploy_template:create": systemOnly("admin"),
  "baremetal:deploy_template:delete": systemOnly("admin"),
  "baremetal:deploy_template:update": systemOnly("admin"),
  "baremetal:runbook:get": ownerReads,
  "baremetal:runbook:list": role("reader"),
  "baremetal:runbook:list_all": system("reader"),
  "baremetal:runbook:create": any(system("member"), role("manager")),
  "baremetal:runbook:delete": ownerManages,
  "baremetal:runbook:update": ownerManages,
  "baremetal:runbook:update:public": system("member"),
  "baremetal:runbook:update:owner": system("member"),
  "baremetal:runbook:use": ownerManages,
  "baremetal:inspection_rule:get": system("reader"),
  "baremetal:inspection_rule:list_all": system("reader"),
};

const NOBODYS: Target = { owner: null };

/** Whether a policy lets the caller. */
export function may(caller: Caller, policy: string, target: Target = NOBODYS): boolean {
  const rule = RULES[policy];
  if (!rule) throw new Error(`there is no policy ${policy}`);
  return rule(caller, target);
}

/** Refuses (403) where the policy does not let the caller. */
export function authorize(caller: Caller, policy: string, target: Target = NOBODYS): void {
  if (!may(caller, policy, target)) throw denied(policy);
}

/** Refuses a node that is hidden from the caller (404), and what it may not do with it (403). */
export function authorizeNode(caller: Caller, policy: string, node: Target, ident: string): void {
  if (!may(caller, "baremetal:node:get", node)) throw noNode(ident);
  authorize(caller, policy, node);
}

/** For lists: the project to which the list is confined; undefined for everything. */
export function listScope(caller: Caller, kind: string, asked?: string): string | undefined {
  if (may(caller, `baremetal:${kind}:list_all`)) return asked;
  if (!caller.projectId || (asked && asked !== caller.projectId)) throw denied(`baremetal:${kind}:list_all`);
  authorize(caller, `baremetal:${kind}:list`);
  return caller.projectId;
}
