import type { Caller, Json } from "../kernel/call.ts";
import { type Attributes, attribute, BASE, STANDARD, TAGS, text, toBoolean } from "./attributes.ts";
import type { Collection } from "./collection.ts";
import { refusal } from "./errors.ts";
import type { SecurityGroupRow, SecurityGroupRuleRow } from "./rows.ts";
import { ruleView } from "./security-group-rules.ts";
import type { State } from "./state.ts";

const alreadyDefault = () =>
  refusal(409, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.");

/** Only the project's own group for everything else is called default. */
function groupName(value: unknown): string | undefined {
  const reason = text(255)(value);
  if (!reason && (value as string).toLowerCase() === "default") throw alreadyDefault();
  return reason;
}

const SECURITY_GROUP: Attributes = {
  ...BASE,
  name: attribute("cufs", { byDefault: "", check: groupName }),
  security_group_rules: attribute(""),
  stateful: attribute("cuf", { byDefault: true, convert: toBoolean }),
  shared: attribute("fe", { convert: toBoolean }),
  ...STANDARD,
  ...TAGS,
};

const missing = (id: string) => refusal(404, "SecurityGroupNotFound", `Security group ${id} does not exist`);

/** `/v2.0/security-groups`. */
export function securityGroupCollection(state: State): Collection<SecurityGroupRow> {
  return {
    path: "security-groups",
    resource: "security_group",
    plural: "security_groups",
    quota: "security_group",
    attributes: SECURITY_GROUP,
    table: state.securityGroups,
    missing,
    sees: (caller, row) => sees(state, caller, row),
    target: (caller, of) => ({
      owner: String(of.project_id),
      shared: of.id !== undefined && state.isShared(String(of.id), caller),
    }),
    view: (row, caller) => view(state, row, caller),
    narrow(filters) {
      const owners = filters.get("project_id") ?? filters.get("tenant_id");
      return owners?.flatMap((owner) => state.securityGroups.by("project", String(owner)));
    },
    create({ values }) {
      const project = values["project_id"] as string;
      defaultGroup(state, project);
      return addGroup(state, {
        name: values["name"] as string,
        description: values["description"] as string,
        project_id: project,
        stateful: values["stateful"] as boolean,
        is_default: false,
      });
    },
    update(row, { values }) {
      if (row.is_default && values["name"] !== undefined)
        throw refusal(409, "SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.");
      if (values["stateful"] !== undefined && values["stateful"] !== row.stateful && isUsed(state, row))
        throw inUse(row.id);
      Object.assign(row, values);
      return state.touch(state.securityGroups, row);
    },
    remove(row, call) {
      if (isUsed(state, row)) throw inUse(row.id);
      if (row.is_default && !call.caller.roles.has("admin"))
        throw refusal(
          409,
          "SecurityGroupCannotRemoveDefault",
          "Insufficient rights for removing default security group.",
        );
      for (const rule of state.securityGroupRules.by("group", row.id)) state.securityGroupRules.delete(rule.id);
      for (const rule of state.securityGroupRules.filter(({ remote_group_id }) => remote_group_id === row.id))
        state.securityGroupRules.delete(rule.id);
      for (const entry of state.rbac.by("object", row.id)) state.rbac.delete(entry.id);
      state.securityGroups.delete(row.id);
    },
  };
}

const inUse = (id: string) => refusal(409, "SecurityGroupInUse", `Security Group ${id} in use.`);

const isUsed = (state: State, { id }: SecurityGroupRow): boolean =>
  state.ports.find(({ security_groups }) => security_groups.includes(id)) !== undefined;

function sees(state: State, caller: Caller, row: SecurityGroupRow): boolean {
  return row.project_id === caller.projectId || state.seesAll(caller) || state.isShared(row.id, caller);
}

/** Throws 404 where the caller has no such group. */
export function needGroups(state: State, caller: Caller, ids: readonly string[]): void {
  for (const id of ids) {
    const group = state.securityGroups.get(id);
    if (!group || !sees(state, caller, group)) throw missing(id);
  }
}

/** Throws 409 where some of the groups keep track of connections and others do not. */
export function needOneKind(state: State, ids: readonly string[]): void {
  if (new Set(ids.map((id) => state.securityGroups.get(id)?.stateful)).size > 1)
    throw refusal(
      409,
      "SecurityGroupConflict",
      "Error Cannot apply both stateful and stateless security groups on the same port at the same time while attempting the operation.",
    );
}

function view(state: State, row: SecurityGroupRow, caller: Caller): Json {
  const { is_default: _, ...rest } = row;
  return {
    ...rest,
    tenant_id: row.project_id,
    shared: state.isShared(row.id, caller),
    security_group_rules: state.securityGroupRules.by("group", row.id).map((rule) => ({
      ...ruleView(rule),
      standard_attr_id: rule.standard_attr_id,
      belongs_to_default_sg: row.is_default ? null : false,
      tags: [],
    })),
  };
}

/** The group of a project that ports get where none is named; made where the project has none yet. */
export function defaultGroup(state: State, project: string): SecurityGroupRow {
  const have = state.securityGroups.by("project", project).find(({ is_default }) => is_default);
  if (have || project === "") return have ?? ({ id: "" } as SecurityGroupRow);
  return addGroup(state, {
    name: "default",
    description: "Default security group",
    project_id: project,
    stateful: true,
    is_default: true,
  });
}

function addGroup(
  state: State,
  values: Pick<SecurityGroupRow, "name" | "description" | "project_id" | "stateful" | "is_default">,
): SecurityGroupRow {
  const group = state.securityGroups.put({ id: state.id(), ...values, ...state.stamps(1) });
  for (const ethertype of ["IPv4", "IPv6"]) {
    if (group.is_default) addRule(state, group, { ethertype, direction: "ingress", remote_group_id: group.id });
    addRule(state, group, { ethertype, direction: "egress" });
  }
  return group;
}

/** Puts a rule into the table. */
export function addRule(
  state: State,
  group: SecurityGroupRow,
  values: Partial<SecurityGroupRuleRow> & Pick<SecurityGroupRuleRow, "ethertype" | "direction">,
): SecurityGroupRuleRow {
  const { created_at, updated_at } = state.stamps(0);
  return state.securityGroupRules.put({
    id: state.id(),
    project_id: group.project_id,
    security_group_id: group.id,
    protocol: null,
    port_range_min: null,
    port_range_max: null,
    remote_ip_prefix: null,
    remote_address_group_id: null,
    remote_group_id: null,
    description: null,
    standard_attr_id: state.standard(),
    created_at,
    updated_at,
    revision_number: 0,
    ...values,
  });
}
