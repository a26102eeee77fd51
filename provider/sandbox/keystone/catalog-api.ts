import type { Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { urlOf } from "./catalog.ts";
import { notFound } from "./errors.ts";
import type { Keystone } from "./keystone.ts";
import type { EndpointRow, ServiceRow } from "./rows.ts";

/** Regions, services and endpoints, to be read; and the lists that are always empty here. */
export function catalogRoutes(keystone: Keystone): Route[] {
  const { directory, policy, world } = keystone;
  const service = (call: Call, { id, name, type }: ServiceRow): Json =>
    keystone.linked(call, "services", { name, id, type, enabled: true });
  const endpoint = (call: Call, row: EndpointRow): Json =>
    keystone.linked(call, "endpoints", {
      id: row.id,
      interface: row.interface,
      region_id: row.region_id,
      service_id: row.service_id,
      url: urlOf(row, keystone.root(call)),
      enabled: true,
      region: row.region_id,
    });
  const region = (call: Call): Json =>
    keystone.linked(call, "regions", { id: world.options.region, description: "", parent_region_id: null });

  return [
    route(
      "GET",
      "/v3/services",
      keystone.as((call, asker) => {
        policy.must("list_services", policy.reads(asker));
        const views = directory.services.values().map((row) => service(call, row));
        return keystone.list(call, "services", views, ["name", "type"]);
      }),
    ),
    route(
      "GET",
      "/v3/services/{service}",
      keystone.as((call, asker) => {
        policy.must("get_service", policy.reads(asker));
        const row = directory.services.get(call.params["service"]!);
        if (!row) throw notFound("service", call.params["service"]!);
        return { status: 200, body: { service: service(call, row) } };
      }),
    ),
    route(
      "GET",
      "/v3/endpoints",
      keystone.as((call, asker) => {
        policy.must("list_endpoints", policy.reads(asker));
        const views = directory.endpoints.values().map((row) => endpoint(call, row));
        return keystone.list(call, "endpoints", views, ["interface", "service_id", "region_id"]);
      }),
    ),
    route(
      "GET",
      "/v3/endpoints/{endpoint}",
      keystone.as((call, asker) => {
        policy.must("get_endpoint", policy.reads(asker));
        const row = directory.endpoints.get(call.params["endpoint"]!);
        if (!row) throw notFound("endpoint", call.params["endpoint"]!);
        return { status: 200, body: { endpoint: endpoint(call, row) } };
      }),
    ),
    route(
      "GET",
      "/v3/regions",
      keystone.as((call) => keystone.list(call, "regions", [region(call)], ["parent_region_id"])),
    ),
    route(
      "GET",
      "/v3/regions/{region}",
      keystone.as((call) => {
        if (call.params["region"] !== world.options.region) throw notFound("region", call.params["region"]!);
        return { status: 200, body: { region: region(call) } };
      }),
    ),
    route(
      "GET",
      "/v3/groups",
      keystone.as((call, asker) => {
        policy.must("list_groups", policy.reads(asker));
        return keystone.list(call, "groups", []);
      }),
    ),
    route(
      "GET",
      "/v3/groups/{group}",
      keystone.as((call, asker) => {
        policy.must("get_group", policy.reads(asker));
        throw notFound("group", call.params["group"]!);
      }),
    ),
    route(
      "GET",
      "/v3/credentials",
      keystone.as((call) => keystone.list(call, "credentials", [])),
    ),
    route(
      "GET",
      "/v3/limits",
      keystone.as((call) => keystone.list(call, "limits", [])),
    ),
    route(
      "GET",
      "/v3/registered_limits",
      keystone.as((call) => keystone.list(call, "registered_limits", [])),
    ),
  ];
}
