import type { Credential, DomainReference, Scope, UserReference } from "./config.ts";
import { isTrue, type Layer, type Sourced, type ValueName } from "./layer.ts";
import { Secret } from "./redact.ts";

/** How to log in, or what it lacks. */
export interface Chosen {
  credential?: Credential;
  missing: string[];
  problems: string[];
  /** Where each value came from. */
  sources: Record<string, string>;
}

type Kind = Credential["kind"];

const SECRETS: readonly [Kind, ValueName][] = [
  ["application-credential", "applicationCredentialSecret"],
  ["token", "token"],
  ["password", "password"],
];

const AUTH_TYPES: Record<string, Kind> = {
  password: "password",
  v3password: "password",
  token: "token",
  v3token: "token",
  v3applicationcredential: "application-credential",
};

/** Chooses how to log in: the first source that holds a secret decides, `auth_type` among several of one source. */
export function chooseCredential(layers: readonly Layer[]): Chosen {
  const chosen: Chosen = { missing: [], problems: [], sources: {} };
  const kind = chooseKind(layers, chosen);
  const note = (name: string, found: Sourced | undefined) => {
    if (found) chosen.sources[name] = found.source;
    return found?.value;
  };
  const domain = (own: "userDomain" | "projectDomain") => domainOf(layers, own, chosen);
  const user = (): UserReference | undefined => {
    const { id, name } = group(layers, "userId", "userName");
    if (!id && !name) return undefined;
    note("userId", id);
    note("userName", name);
    return { ...(id && { id: id.value }), ...(name && { name: name.value }), domain: domain("userDomain") };
  };
  const secret = (name: ValueName) => {
    const value = note(name, pick(layers, name));
    return value === undefined ? undefined : new Secret(value);
  };

  if (kind === "token") {
    chosen.credential = { kind, token: secret("token")! };
  } else if (kind === "password") {
    const who = user();
    if (!who) chosen.missing.push("a user name or id");
    else chosen.credential = { kind, user: who, password: secret("password")! };
  } else if (kind === "application-credential") {
    const { id, name } = group(layers, "applicationCredentialId", "applicationCredentialName");
    note("applicationCredentialId", id);
    note("applicationCredentialName", name);
    const who = id ? undefined : user();
    if (!id && !name) chosen.missing.push("an application credential's id or name");
    else if (!id && !who) chosen.missing.push("the user that the application credential's name belongs to");
    else {
      chosen.credential = {
        kind,
        ...(id && { id: id.value }),
        ...(name && !id && { name: name.value }),
        ...(who && { user: who }),
        secret: secret("applicationCredentialSecret")!,
      };
    }
  } else {
    const half = group(layers, "applicationCredentialId", "applicationCredentialName");
    if (half.id || half.name) chosen.missing.push("the application credential's secret");
    else if (pick(layers, "userId") ?? pick(layers, "userName")) chosen.missing.push("a password");
    else chosen.missing.push("a user and password, a token or an application credential");
  }
  return chosen;
}

function chooseKind(layers: readonly Layer[], chosen: Chosen): Kind | undefined {
  const type = pick(layers, "authType");
  if (type && !AUTH_TYPES[type.value.toLowerCase()]) {
    chosen.problems.push(
      `${type.source} is "${type.value}"; known are password, token and v3applicationcredential (v3password and v3token too)`,
    );
    return undefined;
  }
  for (const layer of layers) {
    const kinds = SECRETS.filter(([, name]) => layer.values[name]).map(([kind]) => kind);
    const wanted = type && AUTH_TYPES[type.value.toLowerCase()];
    if (kinds.length) return wanted && kinds.includes(wanted) ? wanted : kinds[0];
  }
  return undefined;
}

/**
 * Chooses the scope: system, else the project, else a domain. An application credential has its own project, a token
 * may be used as it is; a password needs one.
 */
export function chooseScope(layers: readonly Layer[], chosen: Chosen): { scope?: Scope; missing: string[] } {
  const kind = chosen.credential?.kind;
  const half = group(layers, "applicationCredentialId", "applicationCredentialName");
  if (kind === "application-credential" || (!kind && (half.id ?? half.name)))
    return { scope: { kind: "none" }, missing: [] };
  if (isTrue(pick(layers, "systemScope")?.value)) return { scope: { kind: "system" }, missing: [] };
  const { id, name } = group(layers, "projectId", "projectName");
  if (id || name) {
    if (id) chosen.sources["projectId"] = id.source;
    if (name) chosen.sources["projectName"] = name.source;
    const domain = domainOf(layers, "projectDomain", chosen);
    return {
      scope: { kind: "project", ...(id && { id: id.value }), ...(name && { name: name.value }), domain },
      missing: [],
    };
  }
  const domain = group(layers, "domainId", "domainName");
  if (domain.id || domain.name) return { scope: { kind: "domain", domain: reference(domain) }, missing: [] };
  if (kind === "token") return { scope: { kind: "none" }, missing: [] };
  return { missing: ["a project name or id"] };
}

function domainOf(layers: readonly Layer[], own: "userDomain" | "projectDomain", chosen: Chosen): DomainReference {
  for (const prefix of [own, "domain"] as const) {
    const found = group(layers, `${prefix}Id`, `${prefix}Name`);
    const source = found.id ?? found.name;
    if (!source) continue;
    chosen.sources[own] = source.source;
    return reference(found);
  }
  const fallback = pick(layers, "defaultDomain");
  if (fallback) chosen.sources[own] = fallback.source;
  return { id: fallback?.value ?? "default" };
}

function reference(found: { id?: Sourced; name?: Sourced }): DomainReference {
  return found.id ? { id: found.id.value } : { ...(found.name && { name: found.name.value }) };
}

/** Id and name from the first layer that has either: an id of one source never mixes with a name of another. */
function group(layers: readonly Layer[], id: ValueName, name: ValueName): { id?: Sourced; name?: Sourced } {
  const layer = layers.find((one) => one.values[id] ?? one.values[name]);
  return {
    ...(layer?.values[id] && { id: layer.values[id] }),
    ...(layer?.values[name] && { name: layer.values[name] }),
  };
}

function pick(layers: readonly Layer[], name: ValueName): Sourced | undefined {
  return layers.map((layer) => layer.values[name]).find((found) => found !== undefined);
}
