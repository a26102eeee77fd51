import type { Answer, Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { CHANGE } from "./bodies.ts";
import { notFound } from "./errors.ts";
import { forbidden, isAdmin, mayRead, mustBeAdmin, type Octavia } from "./octavia.ts";
import { LIMITS, type Limit, type Quota } from "./rows.ts";
import { readObject } from "./types.ts";

/** The times at which versions 2.0, 2.1, … came. */
const VERSIONS = [
  ...["2016-12-11", "2018-04-20", "2018-07-31", "2018-12-18", "2018-12-19", "2019-01-21", "2019-01-25"],
  ...["2018-01-25T12:00:00Z", "2019-02-12", "2019-03-04", "2019-03-05", "2019-06-24", "2019-09-11", "2019-09-13"],
  ...["2019-11-10", "2020-03-10", "2020-03-15", "2020-04-29", "2020-04-29T01:00:00Z", "2020-05-12", "2020-08-02"],
  ...["2020-09-03", "2020-09-04", "2020-09-07", "2020-10-15", "2021-10-02", "2022-08-29", "2023-05-05", "2023-11-08"],
  ...["2024-10-15", "2025-02-26"],
].map((time) => (time.includes("T") ? time : `${time}T00:00:00Z`));

/** The document of all versions, at the service's root. */
export function versions(call: Call): Answer {
  const found = VERSIONS.map((updated, minor) => ({
    id: `v2.${minor}`,
    status: minor === VERSIONS.length - 1 ? "CURRENT" : "SUPPORTED",
    updated,
    links: [{ href: `${call.base}/v2`, rel: "self" }],
  }));
  return { status: 200, body: { versions: found } };
}

const none = (name: string, links = `${name}_links`): Answer => ({ status: 200, body: { [name]: [], [links]: [] } });

/** Providers, flavors, zones, amphorae, quotas. There is one provider and nothing to choose from. */
export function generalRoutes(octavia: Octavia): Route[] {
  const member = (call: Call) => {
    if (!isAdmin(call.caller) && !call.caller.roles.has("reader") && !call.caller.roles.has("member"))
      throw forbidden();
  };
  const routes: Route[] = [
    route("GET", "/lbaas/providers", (call) => {
      member(call);
      return { status: 200, body: { providers: [{ name: "amphora", description: "The Octavia Amphora driver." }] } };
    }),
    route("GET", "/octavia/amphorae", (call) => {
      mustBeAdmin(call);
      return none("amphorae");
    }),
    route("GET", "/octavia/amphorae/{id}", (call) => {
      mustBeAdmin(call);
      throw notFound("Amphora", call.params["id"]!);
    }),
  ];
  for (const [path, name, kind] of [
    ["flavors", "flavors", "Flavor"],
    ["availabilityzones", "availability_zones", "Availability Zone"],
  ] as const)
    routes.push(
      route("GET", `/lbaas/${path}`, (call) => {
        member(call);
        return none(name);
      }),
      route("POST", `/lbaas/${path}`, operatorsOnly),
      route("GET", `/lbaas/${path}/{id}`, (call) => {
        member(call);
        throw notFound(kind, call.params["id"]!);
      }),
    );
  for (const [path, name, kind] of [
    ["flavorprofiles", "flavorprofile", "Flavor Profile"],
    ["availabilityzoneprofiles", "availability_zone_profile", "Availability Zone Profile"],
  ] as const)
    routes.push(
      route("GET", `/lbaas/${path}`, (call) => {
        mustBeAdmin(call);
        return none(`${name}s`, `${name}_links`);
      }),
      route("POST", `/lbaas/${path}`, operatorsOnly),
      route("GET", `/lbaas/${path}/{id}`, (call) => {
        mustBeAdmin(call);
        throw notFound(kind, call.params["id"]!);
      }),
    );
  return [...routes, ...quotaRoutes(octavia)];
}

/** Only an operator with real amphorae could make these. */
function operatorsOnly(call: Call): Answer {
  mustBeAdmin(call);
  throw forbidden();
}

function quotaRoutes(octavia: Octavia): Route[] {
  const { quotas } = octavia.tables;
  const path = "/lbaas/quotas";
  const view = (id: string, row?: Quota): Json => {
    const limit = (name: Limit) => row?.limits[name] ?? -1;
    return {
      project_id: id,
      loadbalancer: limit("load_balancer"),
      load_balancer: limit("load_balancer"),
      listener: limit("listener"),
      member: limit("member"),
      pool: limit("pool"),
      healthmonitor: limit("health_monitor"),
      health_monitor: limit("health_monitor"),
      l7policy: limit("l7policy"),
      l7rule: limit("l7rule"),
      tenant_id: id,
    };
  };
  return [
    route("GET", path, (call) => {
      const asked = call.query.get("project_id") ?? (isAdmin(call.caller) ? null : call.caller.projectId);
      if (asked !== null) mayRead(call, asked);
      const rows = asked === null ? quotas.values() : [quotas.get(asked)].filter((row) => row !== undefined);
      return { status: 200, body: { quotas: rows.map((row) => view(row.id, row)), quotas_links: [] } };
    }),
    route("GET", `${path}/{project}`, (call) => {
      const id = call.params["project"]!;
      mayRead(call, id);
      return { status: 200, body: { quota: view(id, quotas.get(id)) } };
    }),
    route("GET", `${path}/{project}/default`, (call) => {
      const id = call.params["project"]!;
      mayRead(call, id);
      return { status: 200, body: { quota: view(id) } };
    }),
    route("PUT", `${path}/{project}`, (call) => {
      const id = call.params["project"]!;
      const body = readObject(call.body, "quotas", "quota", CHANGE.quota);
      mustBeAdmin(call);
      const row = quotas.get(id) ?? { id, limits: {} };
      for (const name of LIMITS) {
        const old = { load_balancer: "loadbalancer", health_monitor: "healthmonitor" }[name as string];
        const value = (old === undefined ? undefined : body[old]) ?? body[name];
        if (value !== undefined) row.limits[name] = value as number | null;
      }
      quotas.put(row);
      return { status: 202, body: { quota: view(id, row) } };
    }),
    route("DELETE", `${path}/{project}`, (call) => {
      const id = call.params["project"]!;
      mustBeAdmin(call);
      if (!quotas.get(id)) throw notFound("Quotas", id);
      quotas.put({ id, limits: {} });
      return { status: 202 };
    }),
  ];
}
