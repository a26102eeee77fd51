import type { Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { repr, violationText } from "../kernel/python.ts";
import { type Schema, violationOf } from "../kernel/schema.ts";
import { type Route, route } from "../kernel/service.ts";
import { duplicate, notFound, unauthorized } from "./errors.ts";
import { flagIn, given, invalid, type Keystone, nameIn, require } from "./keystone.ts";
import type { Asker } from "./policy.ts";
import { projectView } from "./projects-api.ts";
import type { UserRow } from "./rows.ts";
import { hashed, matches } from "./secrets.ts";

const OWN = new Set(["id", "name", "password", "domain_id", "enabled", "default_project_id", "options", "links"]);
/** What a change of one's own password may be; a refusal quotes it. */
const CHANGE: Schema = {
  type: "object",
  properties: { original_password: { type: "string" }, password: { type: "string" } },
  required: ["original_password", "password"],
  additionalProperties: false,
};
/** Keystone's `max_password_length`. */
const LONGEST = 4096;

function userView(keystone: Keystone, call: Call, user: UserRow): Json {
  const { id, name, domain_id, enabled, default_project_id, options, extra } = user;
  return keystone.linked(call, "users", {
    ...extra,
    id,
    name,
    domain_id,
    enabled,
    ...(default_project_id ? { default_project_id } : {}),
    password_expires_at: null,
    options,
  });
}

/** Users. */
export function userRoutes(keystone: Keystone): Route[] {
  const { directory, policy, world } = keystone;
  const find = (id: string): UserRow => {
    const user = directory.users.get(id);
    if (!user) throw notFound("user", id);
    return user;
  };
  const may = (action: string, asker: Asker, user: UserRow | undefined) =>
    policy.must(action, policy.admin(asker), policy.inDomain(asker, "manager", user?.domain_id));
  const nameIsFree = (domainId: string, name: string, own?: string) => {
    const other = directory.userByName(domainId, name);
    if (other && other.id !== own)
      throw duplicate("user", `Duplicate entry found with name ${name} at domain ID ${domainId}.`);
  };
  const passwordIn = (thing: Json, field = "password"): string => {
    const value = thing[field];
    if (typeof value !== "string") throw invalid(field, value, `${repr(value)} is not of type 'string', 'null'`);
    if (value.length > LONGEST)
      throw new Refusal(
        400,
        `Password length must be less than or equal to ${LONGEST}. The server could not comply with the request because the password is invalid.`,
      );
    return value;
  };
  const extraIn = (thing: Json): Json =>
    Object.fromEntries(Object.entries(thing).filter(([key, value]) => !OWN.has(key) && value !== null));
  const defaultProjectIn = (thing: Json): { default_project_id?: string } => {
    const id = thing["default_project_id"];
    if (id === undefined || id === null) return {};
    if (typeof id !== "string") throw invalid("default_project_id", id, `${repr(id)} is not of type 'string', 'null'`);
    return { default_project_id: id };
  };

  return [
    route(
      "GET",
      "/v3/users",
      keystone.as((call, asker) => {
        const domain = call.query.get("domain_id") ?? asker.domainId;
        policy.must("list_users", policy.reads(asker), policy.inDomain(asker, "reader", domain));
        const users = directory.users.filter(({ domain_id }) => !asker.domainId || domain_id === asker.domainId);
        const views = users.map((user) => userView(keystone, call, user));
        return keystone.list(call, "users", views, ["name", "domain_id", "enabled"]);
      }),
    ),
    route(
      "GET",
      "/v3/users/{user}",
      keystone.as((call, asker) => {
        const id = call.params["user"]!;
        const user = directory.users.get(id);
        policy.must(
          "get_user",
          policy.reads(asker),
          policy.inDomain(asker, "reader", user?.domain_id),
          user !== undefined && asker.caller.userId === user.id,
        );
        return { status: 200, body: { user: userView(keystone, call, find(id)) } };
      }),
    ),
    route(
      "POST",
      "/v3/users",
      keystone.as((call, asker) => {
        const thing = given(call, "user");
        require("user", thing, "name");
        const domainId = (thing["domain_id"] as string | undefined) ?? policy.homeDomain(asker) ?? "default";
        policy.must("create_user", policy.admin(asker), policy.inDomain(asker, "manager", domainId));
        const name = nameIn(thing, "name");
        const enabled = flagIn(thing, "enabled", true);
        const password = thing["password"] === undefined || thing["password"] === null ? undefined : passwordIn(thing);
        if (!directory.domains.get(domainId)) throw notFound("domain", domainId);
        nameIsFree(domainId, name);
        const user = directory.users.put({
          id: world.random.hex(),
          name,
          domain_id: domainId,
          enabled,
          ...defaultProjectIn(thing),
          ...(password === undefined ? {} : { secret: hashed(password, world.random) }),
          options: {},
          extra: extraIn(thing),
        });
        return { status: 201, body: { user: userView(keystone, call, user) } };
      }),
    ),
    route(
      "PATCH",
      "/v3/users/{user}",
      keystone.as((call, asker) => {
        const id = call.params["user"]!;
        may("update_user", asker, directory.users.get(id));
        const found = find(id);
        const thing = given(call, "user");
        const name = "name" in thing ? nameIn(thing, "name") : found.name;
        const enabled = flagIn(thing, "enabled", found.enabled);
        nameIsFree(found.domain_id, name, found.id);
        const password = thing["password"] === undefined || thing["password"] === null ? undefined : passwordIn(thing);
        const updated = directory.users.put({
          ...found,
          name,
          enabled,
          ...defaultProjectIn(thing),
          ...(password === undefined ? {} : { secret: hashed(password, world.random) }),
          extra: { ...found.extra, ...extraIn(thing) },
        });
        if (password !== undefined || !enabled) directory.revokeTokensOf(id);
        return { status: 200, body: { user: { ...userView(keystone, call, updated), extra: updated.extra } } };
      }),
    ),
    route(
      "DELETE",
      "/v3/users/{user}",
      keystone.as((call, asker) => {
        const id = call.params["user"]!;
        may("delete_user", asker, directory.users.get(id));
        directory.deleteUser(find(id));
        return { status: 204 };
      }),
    ),
    route(
      "POST",
      "/v3/users/{user}/password",
      (call) => {
        const thing = given(call, "user");
        const found = violationOf(thing, CHANGE);
        if (found) throw new Refusal(400, violationText(found));
        const user = directory.users.get(call.params["user"]!);
        const original = passwordIn(thing, "original_password");
        const password = passwordIn(thing);
        if (!user?.enabled || !user.secret || !matches(original, user.secret)) throw unauthorized();
        directory.users.put({ ...user, secret: hashed(password, world.random) });
        directory.revokeTokensOf(user.id);
        return { status: 204 };
      },
      { public: true },
    ),
    route(
      "GET",
      "/v3/users/{user}/projects",
      keystone.as((call, asker) => {
        const user = directory.users.get(call.params["user"]!);
        policy.must(
          "list_user_projects",
          policy.reads(asker),
          policy.inDomain(asker, "reader", user?.domain_id),
          user !== undefined && asker.caller.userId === user.id,
        );
        const { id } = find(call.params["user"]!);
        const views = directory.projectsOf(id).map((project) => projectView(keystone, call, project));
        return keystone.list(call, "projects", views, ["name", "enabled", "domain_id"]);
      }),
    ),
    route(
      "GET",
      "/v3/users/{user}/groups",
      keystone.as((call, asker) => {
        const id = call.params["user"]!;
        policy.must("list_groups_for_user", policy.reads(asker), asker.caller.userId === id);
        find(id);
        return keystone.list(call, "groups", []);
      }),
    ),
  ];
}
