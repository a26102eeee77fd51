import { type Answer, type Call, Refusal } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { catalogOf } from "./catalog.ts";
import { forbidden, unauthorized } from "./errors.ts";
import type { Keystone } from "./keystone.ts";
import { logIn, tokenNotFound } from "./login.ts";
import { projectView } from "./projects-api.ts";

/** Tokens, and what a token says of itself: `/v3/auth`. */
export function authRoutes(keystone: Keystone): Route[] {
  const { directory, tokens, policy } = keystone;

  const subject = (call: Call, action: "validate_token" | "check_token" | "revoke_token") => {
    const text = call.headers["x-subject-token"];
    if (!text) {
      const asker = policy.asker(call);
      policy.must(action, action === "revoke_token" ? policy.admin(asker) : policy.reads(asker));
      throw new Refusal(404, "No token in the request");
    }
    const session = tokens.find(text);
    if (!session) throw tokenNotFound(text);
    const asker = policy.asker(call);
    const own = asker.caller.userId === session.user.id;
    policy.must(
      action,
      own,
      action === "revoke_token" ? policy.admin(asker) : policy.reads(asker),
      action === "validate_token" && asker.caller.roles.has("service"),
    );
    return { text, session };
  };

  const show = (call: Call): Answer => {
    const { text, session } = subject(call, call.method === "HEAD" ? "check_token" : "validate_token");
    const headers = { "X-Subject-Token": text };
    const catalog = !call.query.has("nocatalog");
    return { status: 200, headers, body: { token: tokens.view(session, keystone.root(call), { catalog }) } };
  };

  return [
    route(
      "POST",
      "/v3/auth/tokens",
      (call) => {
        const { text, session } = logIn(directory, tokens, call.body);
        const catalog = !call.query.has("nocatalog");
        return {
          status: 201,
          headers: { "X-Subject-Token": text },
          body: { token: tokens.view(session, keystone.root(call), { catalog }) },
        };
      },
      { public: true },
    ),
    route("GET", "/v3/auth/tokens", show, { public: true }),
    route("HEAD", "/v3/auth/tokens", show, { public: true }),
    route(
      "DELETE",
      "/v3/auth/tokens",
      (call) => {
        const { session } = subject(call, "revoke_token");
        tokens.revoke(session.token);
        return { status: 204 };
      },
      { public: true },
    ),
    route(
      "GET",
      "/v3/auth/catalog",
      keystone.as((call, { session, caller }) => {
        if (session && !session.token.scope) throw forbidden();
        const projectId = caller.projectId === "" ? undefined : caller.projectId;
        return {
          status: 200,
          body: {
            catalog: catalogOf(directory, keystone.root(call), projectId),
            links: { self: `${keystone.url(call)}/v3/auth/catalog` },
          },
        };
      }),
    ),
    route(
      "GET",
      "/v3/auth/projects",
      keystone.as((call, { caller }) => {
        const views = directory.projectsOf(caller.userId).map((project) => projectView(keystone, call, project));
        return keystone.list(call, "projects", views, ["name", "enabled", "domain_id"]);
      }),
    ),
    route(
      "GET",
      "/v3/auth/domains",
      keystone.as((call, { caller }) => {
        const ids = directory.assignments.by("user", caller.userId).map(({ scope }) => scope);
        const views = directory.domains
          .filter(({ id }) => ids.some((scope) => scope.kind === "domain" && scope.id === id))
          .map(({ id, name, description, enabled, tags, options }) =>
            keystone.linked(call, "domains", { id, name, description, enabled, tags, options }),
          );
        return keystone.list(call, "domains", views);
      }),
    ),
    route(
      "GET",
      "/v3/auth/system",
      keystone.as((call, { caller }) => {
        if (caller.userId === "") throw unauthorized();
        const has = directory.rolesOf(caller.userId, { kind: "system", id: "all" }).length > 0;
        return {
          status: 200,
          body: { system: has ? [{ all: true }] : [], links: { self: `${keystone.url(call)}/v3/auth/system` } },
        };
      }),
    ),
  ];
}
