import type { Answer, Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { type Attributes, attribute, between, text, toBoolean, toInteger } from "./attributes.ts";
import { updateBody } from "./body.ts";
import { badRequest, forbidden, refusal } from "./errors.ts";
import { DEFAULT_QUOTAS, quotasOf, used } from "./quota.ts";
import type { State } from "./state.ts";

const LIMITS: Attributes = Object.fromEntries(
  Object.keys(DEFAULT_QUOTAS).map((name) => [
    name,
    attribute("u", { convert: toInteger, check: between(-1, 2147483647) }),
  ]),
);

const QUOTA: Attributes = {
  ...LIMITS,
  project_id: attribute("", { check: text(255) }),
  tenant_id: attribute("", { check: text(255) }),
  force: attribute("u", { convert: toBoolean }),
  check_limit: attribute("u", { convert: toBoolean }),
};

/** `/v2.0/quotas`. */
export function quotaRoutes(state: State): Route[] {
  const one = "/v2.0/quotas/{project}";
  const body = (limits: Json): Answer => ({ status: 200, body: { quota: limits } });
  return [
    route("GET", "/v2.0/quotas", () => ({
      status: 200,
      body: {
        quotas: state.quotas.values().map(({ id }) => ({ ...quotasOf(state, id), tenant_id: id, project_id: id })),
      },
    })),
    route("GET", "/v2.0/quotas/tenant", ({ caller }) => ({
      status: 200,
      body: { tenant: { tenant_id: caller.projectId } },
    })),
    route("GET", "/v2.0/quotas/project", ({ caller }) => ({
      status: 200,
      body: { project: { project_id: caller.projectId, tenant_id: caller.projectId } },
    })),
    route("GET", one, (call) => body(quotasOf(state, call.params["project"]!))),
    route("GET", `${one}/default`, () => body({ ...DEFAULT_QUOTAS })),
    route("GET", `${one}/details`, (call) => {
      const project = call.params["project"]!;
      const details = Object.entries(quotasOf(state, project)).map(([name, limit]) => [
        name,
        { limit, used: used(state, name, project), reserved: 0 },
      ]);
      return body(Object.fromEntries(details));
    }),
    route("PUT", one, (call) => write(state, call)),
    route("DELETE", one, (call) => {
      const project = call.params["project"]!;
      onlyAdmins(call, "delete_quota");
      if (!state.quotas.get(project))
        throw refusal(404, "TenantQuotaNotFound", `Quota for project ${project} could not be found.`);
      state.quotas.delete(project);
      return { status: 204 };
    }),
  ];
}

function onlyAdmins(call: Call, rule: string): void {
  if (!call.caller.roles.has("admin")) throw forbidden(`rule:${rule}`);
}

function write(state: State, call: Call): Answer {
  const project = call.params["project"]!;
  const { values } = updateBody(call, "quota", "quotas", QUOTA);
  onlyAdmins(call, "update_quota");
  const { force, check_limit: _, ...limits } = values as Record<string, number> & { force?: boolean };
  for (const [name, limit] of Object.entries(limits)) {
    const now = used(state, name, project);
    if (!force && limit >= 0 && limit < now)
      throw badRequest(`Quota limit ${limit} for ${name} must be greater than or equal to already used ${now}`);
  }
  state.quotas.put({ id: project, limits: { ...state.quotas.get(project)?.limits, ...limits } });
  return { status: 200, body: { quota: quotasOf(state, project) } };
}
