import type { Secret } from "./redact.ts";

/** A Keystone domain, by id or by name. */
export interface DomainReference {
  id?: string;
  name?: string;
}

/** A user, by id or by name within a domain. */
export interface UserReference {
  id?: string;
  name?: string;
  domain: DomainReference;
}

/** How the session proves who it is. */
export type Credential =
  | { kind: "password"; user: UserReference; password: Secret }
  | { kind: "token"; token: Secret }
  | { kind: "application-credential"; id?: string; name?: string; user?: UserReference; secret: Secret };

/** What the session may act on. System scope exists for the cloud's own tests and operators, not for programs. */
export type Scope =
  | { kind: "project"; id?: string; name?: string; domain: DomainReference }
  | { kind: "domain"; domain: DomainReference }
  | { kind: "system" }
  | { kind: "none" };

/** TLS as PEM texts, already read from their files. */
export interface TlsConfig {
  /** Whether the server's certificate is checked. Default true. */
  verify: boolean;
  ca?: string;
  cert?: string;
  key?: Secret;
}

/** Which of a service's addresses to use. */
export type EndpointInterface = "public" | "internal" | "admin";

/** Everything that a session needs to know about a cloud. Made by {@link resolveCloudConfig}. */
export interface CloudConfig {
  /** Keystone's v3 root, without a slash at its end. */
  authUrl: string;
  credential: Credential;
  scope: Scope;
  region?: string;
  interface: EndpointInterface;
  /** Addresses that replace the catalog's, by service type. */
  endpointOverrides: Readonly<Record<string, string>>;
  tls: TlsConfig;
  /** How often a request is sent again after a connection error; the policy's own number where left out. */
  maxRetries?: number;
  /** Whether an expired token is replaced. Default true. */
  allowReauth: boolean;
  /** The clouds.yaml entry that was used, where one was. */
  cloud?: string;
  /** Where each value came from: `authUrl` -> `OS_AUTH_URL`. Never holds a value. */
  sources: Readonly<Record<string, string>>;
}
