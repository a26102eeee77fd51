import type { Caller, Json } from "../kernel/call.ts";
import type { World } from "../world.ts";
import { catalogOf } from "./catalog.ts";
import type { Directory } from "./directory.ts";
import { unauthorized } from "./errors.ts";
import type { RoleRow, Scope, TokenRow, UserRow } from "./rows.ts";
import { tokenId } from "./secrets.ts";

/** The services' middleware asks Keystone about a token so often, in milliseconds; meanwhile it believes what it heard. */
const BELIEVED = 5000;

/** Expired tokens leave the table so often, in seconds. */
const SWEEP = 60;

/** A token that is good now, and what it gives. */
export interface Session {
  readonly token: TokenRow;
  readonly user: UserRow;
  readonly roles: readonly RoleRow[];
}

interface Believed {
  readonly caller: Caller;
  readonly heard: number;
  readonly expires: number;
}

/** Tokens: made, looked up, revoked. */
export class Tokens {
  readonly #directory: Directory;
  readonly #world: World;
  readonly #believed = new Map<string, Believed>();

  constructor(directory: Directory) {
    this.#directory = directory;
    this.#world = directory.world;
  }

  /** Makes a token. Throws 401 where the user has no role in the scope. */
  issue(
    user: UserRow,
    scope: Scope | null,
    methods: string[],
    more: { parent?: TokenRow; credential?: string | undefined } = {},
  ): { text: string; session: Session } {
    const issued = Math.floor(this.#world.clock.now() / 1000) * 1000;
    const life = Math.max(1, this.#world.options.tokenLife) * 1000;
    const credential = more.credential ? this.#directory.credentials.get(more.credential) : undefined;
    const end = credential?.expires_at ? Date.parse(`${credential.expires_at}Z`) : Number.POSITIVE_INFINITY;
    const audit = this.#world.random.bytes(16).toString("base64url");
    const text = `gAAAAAB${this.#world.random.bytes(132).toString("base64url")}`;
    const token: TokenRow = {
      id: tokenId(text),
      user_id: user.id,
      methods,
      audit_ids: more.parent ? [audit, more.parent.audit_ids.at(-1)!] : [audit],
      issued,
      expires: more.parent ? more.parent.expires : Math.min(issued + life, end),
      scope,
      ...(more.credential ? { application_credential_id: more.credential } : {}),
    };
    const session = this.#sessionOf(token);
    if (!session) throw unauthorized();
    this.#directory.tokens.put(token);
    return { text, session };
  }

  /** The session of a token; undefined where it is unknown, expired, revoked, or no longer gives anything. */
  find(text: string): Session | undefined {
    const token = this.#directory.tokens.get(tokenId(text));
    return token && this.#sessionOf(token);
  }

  /** The deleted application credential that a token was made with. */
  lostCredential(text: string): string | undefined {
    const id = this.#directory.tokens.get(tokenId(text))?.application_credential_id;
    return id !== undefined && !this.#directory.credentials.get(id) ? id : undefined;
  }

  /** Who a token is, as the services' middleware sees it: a revoked token is believed for some seconds more. */
  callerOf(text: string): Caller | undefined {
    const now = this.#world.clock.now();
    const believed = this.#believed.get(text);
    if (believed && now - believed.heard < BELIEVED && now < believed.expires) return believed.caller;
    const session = this.find(text);
    if (!session) {
      this.#believed.delete(text);
      return undefined;
    }
    const caller = this.#callerOf(session, text);
    this.#believed.set(text, { caller, heard: now, expires: session.token.expires });
    return caller;
  }

  /** Takes a token away, and those that were made with it. */
  revoke(token: TokenRow): void {
    const [own] = token.audit_ids;
    for (const { id, audit_ids } of this.#directory.tokens.by("user", token.user_id))
      if (id === token.id || audit_ids.at(-1) === own) this.#directory.tokens.delete(id);
  }

  /** The form of a token in answers. */
  view(session: Session, base: string, options: { catalog: boolean }): Json {
    const { token, user, roles } = session;
    const directory = this.#directory;
    const domain = directory.domains.get(user.domain_id);
    const shown: Json = {
      methods: token.methods,
      user: {
        domain: { id: user.domain_id, name: domain?.name },
        id: user.id,
        name: user.name,
        password_expires_at: null,
      },
      audit_ids: token.audit_ids,
      expires_at: microseconds(token.expires),
      issued_at: microseconds(token.issued),
    };
    const { scope } = token;
    if (!scope) return shown;
    if (scope.kind === "project") {
      const project = directory.projects.get(scope.id)!;
      const home = directory.domains.get(project.domain_id);
      shown["project"] = { domain: { id: home?.id, name: home?.name }, id: project.id, name: project.name };
      shown["is_domain"] = false;
    } else if (scope.kind === "domain") shown["domain"] = { id: scope.id, name: directory.domains.get(scope.id)?.name };
    else shown["system"] = { all: true };
    shown["roles"] = roles.map(({ id, name }) => ({ id, name }));
    const credential = token.application_credential_id && directory.credentials.get(token.application_credential_id);
    if (credential)
      shown["application_credential"] = {
        id: credential.id,
        name: credential.name,
        restricted: !credential.unrestricted,
      };
    if (options.catalog) shown["catalog"] = catalogOf(directory, base, scope.kind === "project" ? scope.id : undefined);
    return shown;
  }

  /** Removes tokens that have expired, now and from now on. */
  start(): void {
    const sweep = () => {
      const now = this.#world.clock.now();
      for (const token of this.#directory.tokens.values())
        if (token.expires <= now) this.#directory.tokens.delete(token.id);
      for (const [text, { expires, heard }] of this.#believed)
        if (expires <= now || now - heard > 10 * BELIEVED) this.#believed.delete(text);
      this.#world.clock.afterReal(SWEEP, sweep);
    };
    sweep();
  }

  /** What a token gives today: roles are looked up each time, as Keystone does. */
  #sessionOf(token: TokenRow): Session | undefined {
    if (token.expires <= this.#world.clock.now()) return undefined;
    const directory = this.#directory;
    const user = directory.users.get(token.user_id);
    if (!user?.enabled) return undefined;
    const { scope } = token;
    if (!scope) return { token, user, roles: [] };
    if (scope.kind === "project" && !directory.projects.get(scope.id)?.enabled) return undefined;
    if (scope.kind === "domain" && !directory.domains.get(scope.id)?.enabled) return undefined;
    let roles = directory.rolesOf(user.id, scope);
    if (token.application_credential_id) {
      const credential = directory.credentials.get(token.application_credential_id);
      if (!credential) return undefined;
      const allowed = new Set(credential.roles);
      roles = directory.withImplied(roles.filter(({ id }) => allowed.has(id)));
    }
    return roles.length > 0 ? { token, user, roles } : undefined;
  }

  #callerOf({ token, user, roles }: Session, text: string): Caller {
    const project = token.scope?.kind === "project" ? this.#directory.projects.get(token.scope.id) : undefined;
    return {
      userId: user.id,
      userName: user.name,
      projectId: project?.id ?? "",
      projectName: project?.name ?? "",
      system: token.scope?.kind === "system",
      roles: new Set(roles.map(({ name }) => name)),
      token: text,
    };
  }
}

function microseconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}.000000Z`;
}
