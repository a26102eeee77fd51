import type { Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { isObject, object } from "../kernel/input.ts";
import { violationText } from "../kernel/python.ts";
import { type Schema, violationOf } from "../kernel/schema.ts";
import type { Directory } from "./directory.ts";
import { expecting, malformed, notFound, unauthorized } from "./errors.ts";
import type { ApplicationCredentialRow, Scope, UserRow } from "./rows.ts";
import { matches } from "./secrets.ts";
import type { Session, Tokens } from "./tokens.ts";

const METHODS = ["external", "password", "token", "oauth1", "mapped", "application_credential", "ec2credential"];

const TEXT: Schema = { type: "string" };
const DOMAIN: Schema = { type: "object", properties: { id: TEXT, name: TEXT } };

/** What the body of a login may be; a refusal quotes it. */
const AUTH: Schema = {
  type: "object",
  properties: {
    identity: {
      type: "object",
      properties: {
        methods: { type: "array", items: TEXT },
        password: {
          type: "object",
          properties: {
            user: { type: "object", properties: { id: TEXT, name: TEXT, password: TEXT, domain: DOMAIN } },
          },
        },
        token: { type: "object", properties: { id: TEXT }, required: ["id"] },
      },
      required: ["methods"],
    },
    scope: {
      type: ["object", "string"],
      properties: {
        project: { type: "object", properties: { name: TEXT, id: TEXT, domain: DOMAIN } },
        domain: DOMAIN,
        "OS-TRUST:trust": { type: "object", properties: { id: TEXT } },
        system: { type: "object", properties: { all: { type: "boolean", enum: [true, false, null] } } },
      },
    },
  },
  required: ["identity"],
};

/** Who proved to be whom, and how. */
interface Proof {
  readonly user: UserRow;
  readonly methods: string[];
  readonly parent?: Session;
  readonly credential?: ApplicationCredentialRow;
}

/** Makes the token that a login's body asks for. */
export function logIn(directory: Directory, tokens: Tokens, body: unknown): { text: string; session: Session } {
  if (body !== undefined && !isObject(body)) throw malformed("Expecting to find valid JSON in request body.");
  const auth = object(body)["auth"];
  if (auth === undefined) throw expecting("auth", "request body");
  check(auth);
  const proof = prove(directory, tokens, auth["identity"] as Json);
  if (proof.credential) {
    if (auth["scope"] !== undefined)
      throw new Refusal(
        401,
        "Error authenticating with application credential: Application credentials cannot request a scope.",
        { detail: { identity: {} } },
      );
    return tokens.issue(proof.user, { kind: "project", id: proof.credential.project_id }, proof.methods, {
      credential: proof.credential.id,
    });
  }
  const asked = scopeOf(directory, auth["scope"]);
  const scope = asked === undefined ? defaultScope(directory, proof.user) : asked;
  const parent = proof.parent?.token;
  return tokens.issue(proof.user, scope, proof.methods, parent ? { parent } : {});
}

function check(auth: unknown): asserts auth is Json {
  const found = violationOf(auth, AUTH);
  if (found) throw new Refusal(400, violationText(found));
}

function prove(directory: Directory, tokens: Tokens, identity: Json): Proof {
  const methods = [...new Set(identity["methods"] as string[])];
  for (const method of methods) {
    if (!METHODS.includes(method))
      throw new Refusal(401, "Attempted to authenticate with an unsupported method.", {
        detail: { identity: { methods: METHODS } },
      });
    if (!(method in identity)) throw expecting(method, "identity");
  }
  const proofs = methods.map((method): Proof => {
    const sent = object(identity[method]);
    if (method === "password") return { user: byPassword(directory, sent), methods: ["password"] };
    if (method === "token") {
      const session = byToken(tokens, sent);
      if (session.token.application_credential_id)
        throw new Refusal(
          403,
          "You are not authorized to perform the requested action: Using a delegated token to create another token is not allowed..",
        );
      return {
        user: session.user,
        methods: [...new Set(["token", ...session.token.methods])],
        parent: session,
      };
    }
    if (method === "application_credential") return byCredential(directory, sent);
    throw unauthorized();
  });
  const [first] = proofs;
  if (!first || proofs.some(({ user }) => user.id !== first.user.id)) throw unauthorized();
  return Object.assign({}, ...proofs, { methods: [...new Set(proofs.flatMap((proof) => proof.methods))] }) as Proof;
}

function byPassword(directory: Directory, sent: Json): UserRow {
  const { user: reference } = sent;
  if (reference === undefined) throw expecting("user", "None");
  const given = object(reference);
  const user = userOf(directory, given);
  const password = given["password"];
  if (!user?.enabled || !user.secret || typeof password !== "string" || !matches(password, user.secret))
    throw unauthorized();
  return user;
}

/** The user that a login names; undefined where there is none. */
function userOf(directory: Directory, given: Json): UserRow | undefined {
  const { id, name, domain } = given;
  if (id === undefined && name === undefined) throw nameless("identity/password/user");
  if (name !== undefined && id === undefined) {
    if (domain === undefined) throw expecting("domain", "user");
    const home = domainOf(directory, domain, "identity/password/user");
    return home?.enabled && typeof name === "string" ? directory.userByName(home.id, name) : undefined;
  }
  return typeof id === "string" ? directory.users.get(id) : undefined;
}

function domainOf(directory: Directory, given: unknown, place: string) {
  const domain = object(given);
  if (domain["id"] === undefined && domain["name"] === undefined) throw nameless(`${place}/domain`);
  return directory.domain(domain);
}

function nameless(place: string): Refusal {
  return new Refusal(400, `Invalid input for field ${place}: id or name must be present.`);
}

function byToken(tokens: Tokens, sent: Json): Session {
  const { id } = sent;
  if (typeof id !== "string") throw expecting("id", "token");
  const session = tokens.find(id);
  if (!session) throw tokenNotFound(id);
  return session;
}

/** 404 for a token that is none, or no longer one. */
export function tokenNotFound(token: string): Refusal {
  return new Refusal(404, token.startsWith("gAAAAA") ? "Failed to validate token" : "Could not recognize Fernet token");
}

function byCredential(directory: Directory, sent: Json): Proof {
  const { id, name, secret } = sent;
  let credential: ApplicationCredentialRow | undefined;
  if (typeof id === "string") {
    credential = directory.credentials.get(id);
    if (!credential) throw notFound("Application Credential", id);
  } else {
    if (typeof name !== "string") throw expecting("id or name", "application credential");
    if (sent["user"] === undefined) throw expecting("user", "application credential");
    const owner = userOf(directory, object(sent["user"]));
    credential = owner && directory.credentials.by("user", owner.id).find((one) => one.name === name);
  }
  const user = credential && directory.users.get(credential.user_id);
  if (!credential || !user?.enabled || typeof secret !== "string") throw unauthorized();
  if (expired(directory, credential) || !matches(secret, credential.secret)) throw unauthorized();
  return { user, methods: ["application_credential"], credential };
}

function expired(directory: Directory, credential: ApplicationCredentialRow): boolean {
  return credential.expires_at !== null && Date.parse(`${credential.expires_at}Z`) <= directory.world.clock.now();
}

/** The scope that a login asks for; null for none on purpose, undefined where it says nothing. */
function scopeOf(directory: Directory, asked: unknown): Scope | null | undefined {
  if (asked === undefined) return undefined;
  if (asked === "unscoped") return null;
  const scope = object(asked);
  const given = ["system", "project", "domain", "OS-TRUST:trust"].filter((one) => one in scope);
  if ("unscoped" in scope) given.push("unscoped");
  if (given.length !== 1) throw expecting("system, project, domain, OS-TRUST:trust or unscoped", "scope");
  if (given[0] === "unscoped") return null;
  if (given[0] === "system") {
    if (object(scope["system"])["all"] !== true) throw unauthorized();
    return { kind: "system", id: "all" };
  }
  if (given[0] === "OS-TRUST:trust") throw notFound("trust", String(object(scope["OS-TRUST:trust"])["id"] ?? "None"));
  if (given[0] === "domain") {
    const domain = domainOf(directory, scope["domain"], "scope");
    if (!domain?.enabled) throw unauthorized();
    return { kind: "domain", id: domain.id };
  }
  const { id, name, domain } = object(scope["project"]);
  if (id === undefined && name === undefined) throw nameless("scope/project");
  if (id === undefined && domain === undefined) throw expecting("domain", "project");
  const home = id === undefined ? domainOf(directory, domain, "scope/project") : undefined;
  const project =
    typeof id === "string"
      ? directory.projects.get(id)
      : home && typeof name === "string"
        ? directory.projectByName(home.id, name)
        : undefined;
  if (!project?.enabled) throw unauthorized();
  return { kind: "project", id: project.id };
}

/** The user's default project where a role there allows it; else none. */
function defaultScope(directory: Directory, user: UserRow): Scope | null {
  const project = user.default_project_id ? directory.projects.get(user.default_project_id) : undefined;
  if (!project?.enabled) return null;
  const scope: Scope = { kind: "project", id: project.id };
  return directory.rolesOf(user.id, scope).length > 0 ? scope : null;
}
