import { str } from "../kernel/python.ts";
import { type Attributes, attribute, text, uuid } from "./attributes.ts";
import type { Collection } from "./collection.ts";
import { invalidInput, refusal } from "./errors.ts";
import { strangersOn } from "./networks.ts";
import type { RbacRow } from "./rows.ts";
import type { State } from "./state.ts";

const ACTIONS: Record<string, readonly string[]> = {
  network: ["access_as_shared", "access_as_external"],
  qos_policy: ["access_as_shared"],
  security_group: ["access_as_shared"],
  address_scope: ["access_as_shared"],
  address_group: ["access_as_shared"],
  subnetpool: ["access_as_shared"],
};

function toType(value: unknown): string {
  if (typeof value !== "string" || !(value in ACTIONS))
    throw invalidInput(`'${str(value)}' is not a valid RBAC object type`);
  return value;
}

const project = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() === "" ? `'${value}' Blank strings are not permitted` : text(255)(value);

const RBAC: Attributes = {
  id: attribute("f"),
  object_type: attribute("crfe", { convert: toType }),
  object_id: attribute("crfe", { check: uuid }),
  target_tenant: attribute("crufe", { check: project }),
  tenant_id: attribute("cf", { check: text(255) }),
  project_id: attribute("cf", { check: text(255) }),
  action: attribute("crfe", { check: text(255) }),
};

/** `/v2.0/rbac-policies`. Each project sees what it made itself. */
export function rbacCollection(state: State): Collection<RbacRow> {
  return {
    path: "rbac-policies",
    resource: "rbac_policy",
    plural: "rbac_policies",
    quota: "rbac_policy",
    attributes: RBAC,
    table: state.rbac,
    missing: (id) => noEntry(state.rbac.get(id)?.object_type, id),
    missingShown: (id) => noEntry(undefined, id),
    sees: (caller, row) => row.project_id === caller.projectId || caller.roles.has("admin"),
    target: (_, of) => ({ owner: String(of.project_id), targetProject: String(of.target_tenant) }),
    view: (row) => ({ ...row, tenant_id: row.project_id }),
    narrow: (filters) => filters.get("object_id")?.flatMap((id) => state.rbac.by("object", String(id))),
    create({ values }, call) {
      const type = values["object_type"] as string;
      const action = values["action"] as string;
      const valid = ACTIONS[type]!;
      if (!valid.includes(action)) {
        const list = valid.length === 1 ? `('${valid[0]}',)` : `(${valid.map((one) => `'${one}'`).join(", ")})`;
        throw refusal(
          400,
          "InvalidActionForType",
          `Invalid action '${action}' for object type '${type}'. Valid actions: ${list}`,
        );
      }
      const id = values["object_id"] as string;
      const owner = ownerOf(state, type, id);
      if (owner === undefined) throw invalidInput(`Callback failed with "${type} ${id} could not be found"`);
      if (owner !== call.caller.projectId && !call.caller.roles.has("admin"))
        throw invalidInput("Only admins can manipulate policies on objects they do not own");
      const target = values["target_tenant"] as string;
      if (state.rbac.by("object", id).some((one) => one.action === action && one.target_tenant === target))
        throw refusal(409, "DuplicateRbacPolicy", "An RBAC policy already exists with those values.");
      const network = state.networks.get(id);
      if (network) state.touch(state.networks, network);
      return state.rbac.put({
        id: state.id(),
        project_id: values["project_id"] as string,
        object_type: type,
        object_id: id,
        action,
        target_tenant: target,
      });
    },
    update(row, { values }) {
      if (values["target_tenant"] !== undefined && values["target_tenant"] !== row.target_tenant) {
        const before = row.target_tenant;
        row.target_tenant = values["target_tenant"] as string;
        if (row.target_tenant !== "*") mustNotBeNeeded(state, row, before);
      }
      return state.rbac.put(row);
    },
    remove(row) {
      state.rbac.delete(row.id);
      try {
        mustNotBeNeeded(state, row, row.target_tenant);
      } catch (failure) {
        state.rbac.put(row);
        throw failure;
      }
    },
  };
}

const noEntry = (type = "unknown", id: string) =>
  refusal(404, "RbacPolicyNotFound", `RBAC policy of type ${type} with ID ${id} not found`);

function ownerOf(state: State, type: string, id: string): string | undefined {
  switch (type) {
    case "network":
      return state.networks.get(id)?.project_id;
    case "qos_policy":
      return state.qosPolicies.get(id)?.project_id;
    case "security_group":
      return state.securityGroups.get(id)?.project_id;
    case "address_group":
      return state.addressGroups.get(id)?.project_id;
    case "subnetpool":
      return state.subnetPools.get(id)?.project_id;
    default:
      return state.world.store.table<{ id: string; project_id: string }>("neutron.address_scopes").get(id)?.project_id;
  }
}

/** Throws where a project that had the network by this entry has ports on it. The entry itself does not count. */
function mustNotBeNeeded(state: State, row: RbacRow, project: string): void {
  const network = row.object_type === "network" ? state.networks.get(row.object_id) : undefined;
  if (!network || row.action !== "access_as_shared") return;
  if (state.isShared(network.id, { ...NOT_A_PROJECT, projectId: "*" })) return;
  if (strangersOn(state, network, project))
    throw refusal(
      409,
      "RbacPolicyInUse",
      `RBAC policy on object ${network.id} cannot be removed because other objects depend on it.\nDetails: Callback neutron.plugins.ml2.plugin.NeutronDbPluginV2.validate_network_rbac_policy_change failed with "Unable to reconfigure sharing settings for network ${network.id}. Multiple projects are using it."`,
    );
}

const NOT_A_PROJECT = {
  userId: "",
  userName: "",
  projectName: "",
  system: false,
  roles: new Set<string>(),
  token: "",
};
