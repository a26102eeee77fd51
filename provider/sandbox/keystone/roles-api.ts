import type { Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { IMPLIED } from "./directory.ts";
import { notFound } from "./errors.ts";
import type { Keystone } from "./keystone.ts";
import type { RoleRow } from "./rows.ts";

/** A role without its link. */
export function plainRole({ id, name, description, options }: RoleRow): Json {
  return { id, name, domain_id: null, description, options };
}

/** Roles, to be read. */
export function roleRoutes(keystone: Keystone): Route[] {
  const { directory, policy } = keystone;
  const brief = (call: Call, { id, name }: RoleRow): Json => ({
    id,
    links: { self: `${keystone.url(call)}/v3/roles/${id}` },
    name,
  });
  return [
    route(
      "GET",
      "/v3/roles",
      keystone.as((call, asker) => {
        policy.must(
          "list_roles",
          policy.reads(asker),
          asker.domainId !== undefined && asker.caller.roles.has("manager"),
        );
        const views = directory.roles.values().map((role) => keystone.linked(call, "roles", plainRole(role)));
        return keystone.list(call, "roles", views, ["name", "domain_id"]);
      }),
    ),
    route(
      "GET",
      "/v3/roles/{role}",
      keystone.as((call, asker) => {
        const role = directory.roles.get(call.params["role"]!);
        const managed = role !== undefined && ["manager", "member", "reader"].includes(role.name);
        policy.must("get_role", policy.reads(asker), managed && asker.caller.roles.has("manager"));
        if (!role) throw notFound("role", call.params["role"]!);
        return { status: 200, body: { role: keystone.linked(call, "roles", plainRole(role)) } };
      }),
    ),
    route(
      "GET",
      "/v3/role_inferences",
      keystone.as((call, asker) => {
        policy.must("list_role_inference_rules", policy.reads(asker));
        const rules = Object.entries(IMPLIED).map(([prior, implied]) => ({
          prior_role: brief(call, directory.roleByName(prior)!),
          implies: [brief(call, directory.roleByName(implied)!)],
        }));
        return { status: 200, body: { role_inferences: rules } };
      }),
    ),
  ];
}
