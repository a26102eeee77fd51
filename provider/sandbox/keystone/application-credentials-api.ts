import type { Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { repr } from "../kernel/python.ts";
import { type Route, route } from "../kernel/service.ts";
import { duplicate, forbidden, malformed, notFound } from "./errors.ts";
import { given, invalid, type Keystone, nameIn, require } from "./keystone.ts";
import type { Asker } from "./policy.ts";
import { plainRole } from "./roles-api.ts";
import type { ApplicationCredentialRow, RoleRow } from "./rows.ts";
import { hashed } from "./secrets.ts";

/** Application credentials of users. */
export function credentialRoutes(keystone: Keystone): Route[] {
  const { directory, policy, world } = keystone;

  const view = (call: Call, row: ApplicationCredentialRow, secret?: string): Json =>
    keystone.linked(call, "application_credentials", {
      id: row.id,
      name: row.name,
      description: row.description,
      user_id: row.user_id,
      project_id: row.project_id,
      system: null,
      expires_at: row.expires_at,
      unrestricted: row.unrestricted,
      roles: row.roles.flatMap((id) => {
        const role = directory.roles.get(id);
        return role ? [plainRole(role)] : [];
      }),
      ...(secret === undefined ? {} : { secret }),
    });
  const own = (call: Call, { caller }: Asker) => caller.userId === call.params["user"];
  const find = (call: Call): ApplicationCredentialRow => {
    const id = call.params["credential"]!;
    const found = directory.credentials.get(id);
    if (!found || found.user_id !== call.params["user"]) throw notFound("Application Credential", id);
    return found;
  };
  /** A token of a restricted credential makes and deletes none. */
  const mayManage = ({ session }: Asker) => {
    const id = session?.token.application_credential_id;
    if (id && !directory.credentials.get(id)?.unrestricted)
      throw new Refusal(
        403,
        "You are not authorized to perform the requested action: Using method 'application_credential' is not allowed for managing additional application credentials..",
      );
  };
  const rolesIn = (thing: Json, assigned: readonly RoleRow[]): RoleRow[] => {
    const asked = thing["roles"];
    if (asked === undefined) return [...assigned];
    if (!Array.isArray(asked)) throw invalid("roles", asked, `${repr(asked)} is not of type 'array'`);
    return directory.withImplied(
      asked.map((one: unknown, index) => {
        if (!isObject(one)) throw invalid("roles", asked, `${repr(one)} is not of type 'object'`);
        const { id, name } = one;
        const role =
          typeof id === "string"
            ? directory.roles.get(id)
            : typeof name === "string"
              ? directory.roleByName(name)
              : undefined;
        if (id === undefined && name === undefined)
          throw invalid(String(index), one, `${repr(one)} should be non-empty`);
        if (!role && id === undefined) throw new Refusal(404, `Role ${String(name)} is not defined`);
        if (!role || !assigned.some((one) => one.id === role.id))
          throw new Refusal(
            400,
            "Invalid application credential: Cannot create an application credential with unassigned role",
          );
        return role;
      }),
    );
  };

  return [
    route(
      "GET",
      "/v3/users/{user}/application_credentials",
      keystone.as((call, asker) => {
        policy.must("list_application_credentials", policy.reads(asker), own(call, asker));
        const rows = directory.credentials.by("user", call.params["user"]!);
        const views = rows.map((row) => view(call, row));
        return keystone.list(call, "application_credentials", views, ["name"]);
      }),
    ),
    route(
      "GET",
      "/v3/users/{user}/application_credentials/{credential}",
      keystone.as((call, asker) => {
        policy.must("get_application_credential", policy.reads(asker), own(call, asker));
        return { status: 200, body: { application_credential: view(call, find(call)) } };
      }),
    ),
    route(
      "POST",
      "/v3/users/{user}/application_credentials",
      keystone.as((call, asker) => {
        const thing = given(call, "application_credential");
        require("application_credential", thing, "name");
        const name = nameIn(thing, "name");
        policy.must("create_application_credential", own(call, asker));
        mayManage(asker);
        const scope = asker.session?.token.scope;
        if (scope?.kind !== "project") throw forbidden("identity:create_application_credential");
        noAccessRules(thing["access_rules"]);
        const expires = expiryIn(thing, world.clock.now());
        const roles = rolesIn(thing, asker.session!.roles);
        if (directory.credentials.by("user", asker.caller.userId).some((row) => row.name === name))
          throw duplicate("application_credential", `Duplicate entry found with name ${name}.`);
        const secret = secretIn(thing) ?? world.random.bytes(64).toString("base64url");
        const row = directory.credentials.put({
          id: world.random.hex(),
          name,
          description: descriptionIn(thing),
          user_id: asker.caller.userId,
          project_id: scope.id,
          secret: hashed(secret, world.random),
          expires_at: expires,
          unrestricted: unrestrictedIn(thing),
          roles: roles.map(({ id }) => id),
        });
        return { status: 201, body: { application_credential: view(call, row, secret) } };
      }),
    ),
    route(
      "DELETE",
      "/v3/users/{user}/application_credentials/{credential}",
      keystone.as((call, asker) => {
        policy.must("delete_application_credential", policy.admin(asker), own(call, asker));
        mayManage(asker);
        const { id } = find(call);
        directory.credentials.delete(id);
        return { status: 204 };
      }),
    ),
  ];
}

/** Refuses access rules instead of taking them and letting everything through. */
function noAccessRules(rules: unknown): void {
  if (rules === undefined) return;
  if (!Array.isArray(rules)) throw invalid("access_rules", rules, `${repr(rules)} is not of type 'array'`);
  if (rules.length > 0) throw new Refusal(501, "Access rules of application credentials are not part of this sandbox.");
}

function secretIn(thing: Json): string | undefined {
  const { secret } = thing;
  if (secret === undefined || secret === null) return undefined;
  if (typeof secret !== "string") throw invalid("secret", secret, `${repr(secret)} is not of type 'string', 'null'`);
  return secret;
}

function descriptionIn(thing: Json): string | null {
  const { description } = thing;
  if (description === undefined || description === null) return null;
  if (typeof description !== "string")
    throw invalid("description", description, `${repr(description)} is not of type 'string', 'null'`);
  return description;
}

function unrestrictedIn(thing: Json): boolean | null {
  const { unrestricted } = thing;
  if (unrestricted === undefined || unrestricted === null) return null;
  if (typeof unrestricted !== "boolean")
    throw invalid("unrestricted", unrestricted, `${repr(unrestricted)} is not of type 'boolean', 'null'`);
  return unrestricted;
}

/** `2030-01-01T00:00:00.000000`, in UTC. Throws 400 for what is no time, or over. */
function expiryIn(thing: Json, now: number): string | null {
  const sent = thing["expires_at"];
  if (sent === undefined || sent === null) return null;
  if (typeof sent !== "string") throw invalid("expires_at", sent, `${repr(sent)} is not of type 'string', 'null'`);
  const iso = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?$/.test(sent);
  const at = iso ? Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(sent.slice(10)) ? sent : `${sent}Z`) : Number.NaN;
  if (Number.isNaN(at)) throw malformed("Timestamp not in expected format.");
  if (at < now) throw malformed("The 'expires_at' must not be before now.");
  return `${new Date(at).toISOString().slice(0, 19)}.000000`;
}
