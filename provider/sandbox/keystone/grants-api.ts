import type { Answer, Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Directory } from "./directory.ts";
import { notFound } from "./errors.ts";
import type { Keystone } from "./keystone.ts";
import type { Asker } from "./policy.ts";
import { plainRole } from "./roles-api.ts";
import type { AssignmentRow, Scope } from "./rows.ts";

const MANAGED = ["manager", "member", "reader"];

/** Which roles users have where: `/v3/projects/ID/users/ID/roles/ID`, `/v3/system/…`, and the list of all. */
export function grantRoutes(keystone: Keystone): Route[] {
  return [
    ...routesOf(keystone, "/v3/projects/{project}", ({ project }) => ({ kind: "project", id: project! })),
    ...routesOf(keystone, "/v3/domains/{domain}", ({ domain }) => ({ kind: "domain", id: domain! })),
    ...routesOf(keystone, "/v3/system", () => ({ kind: "system", id: "all" })),
    route(
      "GET",
      "/v3/role_assignments",
      keystone.as((call, asker) => listAssignments(keystone, call, asker)),
    ),
  ];
}

function routesOf(keystone: Keystone, place: string, scopeOf: (params: Call["params"]) => Scope): Route[] {
  const { directory, policy } = keystone;

  const allowed = (call: Call, asker: Asker, kind: "check" | "list" | "create" | "revoke") => {
    const scope = scopeOf(call.params);
    const plural = kind === "list" ? "grants" : "grant";
    const action = scope.kind === "system" ? `${kind}_system_${plural}_for_user` : `${kind}_${plural}`;
    const reading = kind === "check" || kind === "list";
    const user = directory.users.get(call.params["user"]!);
    const home = scope.kind === "domain" ? scope.id : directory.projects.get(scope.id)?.domain_id;
    const role = call.params["role"] === undefined ? undefined : directory.roles.get(call.params["role"]);
    const inDomain = asker.domainId !== undefined && asker.domainId === user?.domain_id && asker.domainId === home;
    policy.must(
      action,
      reading ? policy.reads(asker) : policy.admin(asker),
      reading && inDomain && asker.caller.roles.has("reader"),
      !reading && inDomain && asker.caller.roles.has("manager") && MANAGED.includes(role?.name ?? ""),
    );
    if (call.params["role"] !== undefined && !role) throw notFound("role", call.params["role"]);
    if (!user) throw notFound("user", call.params["user"]!);
    if (scope.kind === "project" && !directory.projects.get(scope.id)) throw notFound("project", scope.id);
    if (scope.kind === "domain" && !directory.domains.get(scope.id)) throw notFound("domain", scope.id);
    return { scope, user, role: role! };
  };

  const find = (call: Call, asker: Asker, kind: "check" | "revoke"): AssignmentRow => {
    const { scope, user, role } = allowed(call, asker, kind);
    const found = directory.assignments.get(`${user.id} ${scope.kind} ${scope.id} ${role.id}`);
    if (!found)
      throw notFound(
        "role assignment with role",
        `${role.id}, user or group: ${user.id}, project, domain, or system: ${scope.kind === "system" ? "system" : scope.id}`,
      );
    return found;
  };

  const check = keystone.as((call, asker): Answer => {
    find(call, asker, "check");
    return { status: 204 };
  });

  return [
    route(
      "GET",
      `${place}/users/{user}/roles`,
      keystone.as((call, asker) => {
        const { scope, user } = allowed(call, asker, "list");
        const rows = directory.assignments.by("user and scope", `${user.id} ${scope.kind} ${scope.id}`);
        const views = rows.map(({ role_id }) =>
          keystone.linked(call, "roles", plainRole(directory.roles.get(role_id)!)),
        );
        return keystone.list(call, "roles", views);
      }),
    ),
    route("GET", `${place}/users/{user}/roles/{role}`, check),
    route("HEAD", `${place}/users/{user}/roles/{role}`, check),
    route(
      "PUT",
      `${place}/users/{user}/roles/{role}`,
      keystone.as((call, asker) => {
        const { scope, user, role } = allowed(call, asker, "create");
        directory.assign(user.id, scope, role.id);
        return { status: 204 };
      }),
    ),
    route(
      "DELETE",
      `${place}/users/{user}/roles/{role}`,
      keystone.as((call, asker) => {
        const found = find(call, asker, "revoke");
        directory.assignments.delete(found.id);
        forgetCredentials(directory, found);
        return { status: 204 };
      }),
    ),
  ];
}

/** With a role of a project go the user's application credentials there. */
function forgetCredentials(directory: Directory, { user_id, scope }: AssignmentRow): void {
  for (const { id, project_id } of directory.credentials.by("user", user_id))
    if (scope.kind === "project" && project_id === scope.id) directory.credentials.delete(id);
}

function listAssignments(keystone: Keystone, call: Call, asker: Asker): Answer {
  const { directory, policy } = keystone;
  policy.must("list_role_assignments", policy.reads(asker));
  const { query } = call;
  const names = on(query, "include_names");
  const named = (id: string, row: { name: string; domain_id?: string } | undefined): Json => {
    if (!names || !row) return { id };
    const domain = row.domain_id === undefined ? undefined : directory.domains.get(row.domain_id);
    return { id, name: row.name, ...(domain ? { domain: { id: domain.id, name: domain.name } } : {}) };
  };
  const project = query.get("scope.project.id");
  const domain = query.get("scope.domain.id");
  const user = query.get("user.id");
  const role = query.get("role.id");
  let rows: Effective[] = (user ? directory.assignments.by("user", user) : directory.assignments.values()).filter(
    ({ scope }) =>
      (!project || (scope.kind === "project" && scope.id === project)) &&
      (!domain || (scope.kind === "domain" && scope.id === domain)) &&
      (query.get("scope.system") === null || scope.kind === "system"),
  );
  if (on(query, "effective")) rows = effective(directory, rows);
  if (role) rows = rows.filter(({ role_id }) => role_id === role);
  const place = ({ scope }: Effective) => (scope.kind === "system" ? "system" : `${scope.kind}s/${scope.id}`);
  const views = rows.map((row) => {
    const { scope } = row;
    const where =
      scope.kind === "system"
        ? { system: { all: true } }
        : scope.kind === "project"
          ? { project: named(scope.id, directory.projects.get(scope.id)) }
          : { domain: named(scope.id, directory.domains.get(scope.id)) };
    return {
      links: {
        assignment: `${keystone.url(call)}/v3/${place(row)}/users/${row.user_id}/roles/${row.by?.given ?? row.role_id}`,
        ...(row.by ? { prior_role: `${keystone.url(call)}/v3/prior_role/${row.role_id}/implies/${row.by.prior}` } : {}),
      },
      scope: where,
      user: named(row.user_id, directory.users.get(row.user_id)),
      role: named(row.role_id, directory.roles.get(row.role_id)),
    };
  });
  return keystone.list(call, "role_assignments", views);
}

/** An assignment, or one that another implies. */
interface Effective extends AssignmentRow {
  /** Role that was given, and the one that implies this one. */
  readonly by?: { readonly given: string; readonly prior: string };
}

/** The assignments with those that the roles imply. */
function effective(directory: Directory, rows: readonly AssignmentRow[]): Effective[] {
  const found = new Map<string, Effective>();
  for (const row of rows) {
    let prior: string | undefined;
    for (const role of directory.withImplied([directory.roles.get(row.role_id)!])) {
      const id = `${row.user_id} ${row.scope.kind} ${row.scope.id} ${role.id}`;
      const by = prior === undefined ? {} : { by: { given: row.role_id, prior } };
      if (!found.has(id)) found.set(id, { ...row, id, role_id: role.id, ...by });
      prior = role.id;
    }
  }
  return [...found.values()];
}

function on(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}
