import type { Json } from "../kernel/call.ts";
import type { Row } from "../kernel/store.ts";

/** Settings of a row that only administrators make: `{ "immutable": true }`. */
type Options = Record<string, unknown>;

export interface DomainRow extends Row {
  name: string;
  description: string;
  enabled: boolean;
  tags: string[];
  options: Options;
}

export interface ProjectRow extends Row {
  name: string;
  domain_id: string;
  description: string;
  enabled: boolean;
  parent_id: string;
  tags: string[];
  options: Options;
}

export interface UserRow extends Row {
  name: string;
  domain_id: string;
  enabled: boolean;
  default_project_id?: string;
  /** Salted hash; without one nobody can log in as this user. */
  secret?: string;
  options: Options;
  /** Whatever else was sent: `email`, `description`. */
  extra: Json;
}

export interface RoleRow extends Row {
  name: string;
  description: string | null;
  options: Options;
}

/** What a role or token is for. */
export type Scope =
  | { readonly kind: "project" | "domain"; readonly id: string }
  | { readonly kind: "system"; readonly id: "all" };

/** A role of a user; the id is `user scope role`. */
export interface AssignmentRow extends Row {
  user_id: string;
  scope: Scope;
  role_id: string;
}

export interface ServiceRow extends Row {
  name: string;
  type: string;
  description?: string;
}

export interface EndpointRow extends Row {
  service_id: string;
  interface: "public" | "internal" | "admin";
  region_id: string;
  /** Below the sandbox's address: `/volume/v3/{project}`. */
  path: string;
}

/** A token; the id is a hash of it, so that a state file gives none away. */
export interface TokenRow extends Row {
  user_id: string;
  methods: string[];
  audit_ids: string[];
  /** Milliseconds. */
  issued: number;
  expires: number;
  scope: Scope | null;
  application_credential_id?: string;
}

export interface ApplicationCredentialRow extends Row {
  name: string;
  description: string | null;
  user_id: string;
  project_id: string;
  /** Hash. */
  secret: string;
  expires_at: string | null;
  unrestricted: boolean | null;
  /** Ids. */
  roles: string[];
}
