import type { Table } from "../kernel/store.ts";
import type { World } from "../world.ts";
import type {
  ApplicationCredentialRow,
  AssignmentRow,
  DomainRow,
  EndpointRow,
  ProjectRow,
  RoleRow,
  Scope,
  ServiceRow,
  TokenRow,
  UserRow,
} from "./rows.ts";

/** Which role brings which other. */
export const IMPLIED: Readonly<Record<string, string>> = { admin: "manager", manager: "member", member: "reader" };

/** Everything that Keystone knows: its tables, and what follows from them. */
export class Directory {
  readonly world: World;
  readonly domains: Table<DomainRow>;
  readonly projects: Table<ProjectRow>;
  readonly users: Table<UserRow>;
  readonly roles: Table<RoleRow>;
  readonly assignments: Table<AssignmentRow>;
  readonly services: Table<ServiceRow>;
  readonly endpoints: Table<EndpointRow>;
  readonly tokens: Table<TokenRow>;
  readonly credentials: Table<ApplicationCredentialRow>;

  constructor(world: World) {
    const { store } = world;
    this.world = world;
    this.domains = store.table<DomainRow>("keystone.domains");
    this.projects = store
      .table<ProjectRow>("keystone.projects")
      .index("name", ({ domain_id, name }) => `${domain_id} ${name.toLowerCase()}`);
    this.users = store
      .table<UserRow>("keystone.users")
      .index("name", ({ domain_id, name }) => `${domain_id} ${name.toLowerCase()}`);
    this.roles = store.table<RoleRow>("keystone.roles").index("name", ({ name }) => name.toLowerCase());
    this.assignments = store
      .table<AssignmentRow>("keystone.assignments")
      .index("user", ({ user_id }) => user_id)
      .index("user and scope", ({ user_id, scope }) => `${user_id} ${scope.kind} ${scope.id}`);
    this.services = store.table<ServiceRow>("keystone.services");
    this.endpoints = store.table<EndpointRow>("keystone.endpoints").index("service", ({ service_id }) => service_id);
    this.tokens = store.table<TokenRow>("keystone.tokens").index("user", ({ user_id }) => user_id);
    this.credentials = store
      .table<ApplicationCredentialRow>("keystone.application_credentials")
      .index("user", ({ user_id }) => user_id);
  }

  /** A domain by what a login says of it; undefined where it says nothing or nothing that is there. */
  domain(reference: { id?: unknown; name?: unknown }): DomainRow | undefined {
    if (typeof reference.id === "string") return this.domains.get(reference.id);
    const { name } = reference;
    if (typeof name !== "string") return undefined;
    return this.domains.find((domain) => domain.name.toLowerCase() === name.toLowerCase());
  }

  userByName(domainId: string, name: string): UserRow | undefined {
    return this.users.by("name", `${domainId} ${name.toLowerCase()}`)[0];
  }

  projectByName(domainId: string, name: string): ProjectRow | undefined {
    return this.projects.by("name", `${domainId} ${name.toLowerCase()}`)[0];
  }

  roleByName(name: string): RoleRow | undefined {
    return this.roles.by("name", name.toLowerCase())[0];
  }

  /** Gives a user a role. */
  assign(userId: string, scope: Scope, roleId: string): void {
    this.assignments.put({
      id: `${userId} ${scope.kind} ${scope.id} ${roleId}`,
      user_id: userId,
      scope,
      role_id: roleId,
    });
  }

  /** The roles that a user has somewhere, with those that they imply. */
  rolesOf(userId: string, scope: Scope): RoleRow[] {
    return this.withImplied(
      this.assignments
        .by("user and scope", `${userId} ${scope.kind} ${scope.id}`)
        .map(({ role_id }) => this.roles.get(role_id))
        .filter((role) => role !== undefined),
    );
  }

  /** Roles, and those that they imply. */
  withImplied(roles: readonly RoleRow[]): RoleRow[] {
    const found = new Map(roles.map((role) => [role.id, role]));
    for (const role of found.values()) {
      const implied = IMPLIED[role.name] ? this.roleByName(IMPLIED[role.name]!) : undefined;
      if (implied) found.set(implied.id, implied);
    }
    return [...found.values()];
  }

  /** The enabled projects in which a user has a role. */
  projectsOf(userId: string): ProjectRow[] {
    const ids = new Set(
      this.assignments.by("user", userId).flatMap(({ scope }) => (scope.kind === "project" ? [scope.id] : [])),
    );
    return [...ids].map((id) => this.projects.get(id)).filter((project) => project?.enabled) as ProjectRow[];
  }

  /** Takes away all tokens of a user: a changed password, a disabled user. */
  revokeTokensOf(userId: string): void {
    for (const { id } of this.tokens.by("user", userId)) this.tokens.delete(id);
  }

  /** Takes away a user with everything that is its own. */
  deleteUser(user: UserRow): void {
    this.revokeTokensOf(user.id);
    for (const { id } of this.assignments.by("user", user.id)) this.assignments.delete(id);
    for (const { id } of this.credentials.by("user", user.id)) this.credentials.delete(id);
    this.users.delete(user.id);
  }
}
