import { Failure } from "../core/failure.ts";
import { ApiError } from "./api-error.ts";
import type { Catalog } from "./catalog.ts";
import type { CloudConfig, DomainReference, Scope, UserReference } from "./config.ts";
import { type ExchangeContext, exchange } from "./exchange.ts";
import type { Answer } from "./types.ts";

/** A token and what Keystone says with it. */
export interface IssuedToken {
  id: string;
  /** Milliseconds that it lives on, by Keystone's own clock. */
  lifeMs: number;
  user: { id: string; name: string };
  /** Absent for system and unscoped tokens. */
  project?: { id: string; name: string };
  system: boolean;
  roles: readonly string[];
  catalog: Catalog;
}

interface TokenBody {
  token?: {
    expires_at?: string | null;
    user?: { id?: string; name?: string };
    project?: { id?: string; name?: string };
    system?: unknown;
    roles?: readonly { name?: string }[];
    catalog?: Catalog;
  };
}

/**
 * The body of `POST /v3/auth/tokens` for a configuration. It holds the secret: never log it.
 * An application credential carries its own scope, so none is sent with it.
 */
export function authRequest(config: Pick<CloudConfig, "credential" | "scope">): unknown {
  const { credential } = config;
  const scope = credential.kind === "application-credential" ? undefined : scopeBody(config.scope);
  return { auth: { identity: identityBody(config), ...(scope && { scope }) } };
}

function identityBody({ credential }: Pick<CloudConfig, "credential">): unknown {
  switch (credential.kind) {
    case "password":
      return {
        methods: ["password"],
        password: { user: { ...userBody(credential.user), password: credential.password.reveal() } },
      };
    case "token":
      return { methods: ["token"], token: { id: credential.token.reveal() } };
    case "application-credential":
      return {
        methods: ["application_credential"],
        application_credential: {
          ...(credential.id ? { id: credential.id } : { name: credential.name, user: userBody(credential.user) }),
          secret: credential.secret.reveal(),
        },
      };
  }
}

function userBody(user: UserReference | undefined): Record<string, unknown> {
  if (!user) return {};
  return user.id ? { id: user.id } : { name: user.name, domain: domainBody(user.domain) };
}

function domainBody(domain: DomainReference): DomainReference {
  if (domain.id) return { id: domain.id };
  return domain.name ? { name: domain.name } : { id: "default" };
}

function scopeBody(scope: Scope): object | undefined {
  switch (scope.kind) {
    case "project":
      return { project: scope.id ? { id: scope.id } : { name: scope.name, domain: domainBody(scope.domain) } };
    case "domain":
      return { domain: domainBody(scope.domain) };
    case "system":
      return { system: { all: true } };
    case "none":
      return undefined;
  }
}

/**
 * Logs in. A given token is exchanged for one of the asked scope; a cloud that forbids that (`allow_rescope_scoped_token`)
 * or a configuration without scope uses the token as it is.
 * @throws Failure `credentials-refused` naming where the refused values came from
 */
export async function authenticate(
  context: ExchangeContext,
  config: CloudConfig,
  signal?: AbortSignal,
): Promise<IssuedToken> {
  const { credential } = config;
  const common = { service: "identity", ...(signal && { signal }) } as const;
  const asItIs = async (token: string) => {
    const answer = await exchange<TokenBody>(context, {
      ...common,
      method: "GET",
      url: `${config.authUrl}/auth/tokens`,
      headers: { "X-Auth-Token": token, "X-Subject-Token": token },
    });
    return issued(context, config, answer, token);
  };
  try {
    if (credential.kind === "token" && config.scope.kind === "none") return await asItIs(credential.token.reveal());
    const answer = await exchange<TokenBody>(context, {
      ...common,
      method: "POST",
      url: `${config.authUrl}/auth/tokens`,
      body: authRequest(config),
      repeatable: true,
    });
    return issued(context, config, answer, answer.headers.get("x-subject-token") ?? undefined);
  } catch (error) {
    if (credential.kind === "token" && error instanceof ApiError && error.is(403)) {
      const token = await asItIs(credential.token.reveal());
      if (fitsScope(token, config.scope)) return token;
    }
    throw refused(error, config);
  }
}

function issued(
  context: ExchangeContext,
  config: CloudConfig,
  answer: Answer<TokenBody>,
  id: string | undefined,
): IssuedToken {
  const token = answer.body?.token;
  if (!id || !token || typeof token !== "object") {
    throw new Failure({
      code: "service-missing",
      what: `what answers at ${config.authUrl} is not Keystone's v3 API`,
      mover: "you",
      next: `check the auth URL (from ${config.sources["authUrl"] ?? "the configuration"}); it usually ends in /v3`,
    });
  }
  // Keystone's clock, not ours: a skewed machine must not think every token expired.
  const now = Date.parse(answer.headers.get("date") ?? "") || context.clock.now();
  const end = token.expires_at ? Date.parse(token.expires_at) : Number.NaN;
  return {
    id,
    lifeMs: Number.isNaN(end) ? Number.POSITIVE_INFINITY : Math.max(0, end - now),
    user: { id: token.user?.id ?? "", name: token.user?.name ?? "" },
    ...(token.project?.id && { project: { id: token.project.id, name: token.project.name ?? "" } }),
    system: token.system !== undefined,
    roles: (token.roles ?? []).flatMap((role) => (role.name ? [role.name] : [])),
    catalog: token.catalog ?? [],
  };
}

function fitsScope(token: IssuedToken, scope: Scope): boolean {
  if (scope.kind === "system") return token.system;
  if (scope.kind !== "project") return true;
  return scope.id ? token.project?.id === scope.id : token.project?.name === scope.name;
}

function refused(error: unknown, config: CloudConfig): unknown {
  if (!(error instanceof ApiError) || !error.is(400, 401, 403, 404)) return error;
  const used = usedSources(config);
  // Keystone's own 404 is about an application credential that is gone; any other is not Keystone's.
  if (error.is(404) && error.errorType !== "error") {
    return new Failure({
      code: "service-missing",
      what: `Keystone's v3 API is not at ${config.authUrl} (404${error.serviceMessage ? `: ${error.serviceMessage}` : ""})`,
      mover: "you",
      next: `check the auth URL (from ${config.sources["authUrl"] ?? "the configuration"}); it usually ends in /v3`,
      cause: error,
    });
  }
  const expired = config.credential.kind === "token";
  return new Failure({
    code: "credentials-refused",
    what: `Keystone at ${config.authUrl} refused to log in by ${config.credential.kind.replace("-", " ")} (${error.status}${error.serviceMessage ? `: ${error.serviceMessage}` : ""}); used ${used}`,
    ...(error.requestId && { requestId: error.requestId }),
    mover: "you",
    next: expired
      ? "get a new token, or configure a password or an application credential, which can be renewed"
      : "correct these values; user, project and domain names must match exactly",
    cause: error,
  });
}

/** `userName from OS_USERNAME, password from secure.yaml ...`: names only, never values. */
function usedSources(config: CloudConfig): string {
  const names = [
    "authUrl",
    "userId",
    "userName",
    "userDomain",
    "password",
    "token",
    "applicationCredentialId",
    "applicationCredentialName",
    "applicationCredentialSecret",
    "projectId",
    "projectName",
    "projectDomain",
    "systemScope",
  ];
  const parts = names.flatMap((name) => (config.sources[name] ? [`${name} from ${config.sources[name]}`] : []));
  return parts.join(", ") || "no stated source";
}
