import type { Call, Json } from "../kernel/call.ts";
import type { Route } from "../kernel/service.ts";
import { api } from "./api.ts";
import { backendNames } from "./backends.ts";
import { authorize, HOST, time, ZONE } from "./core.ts";
import { notFound } from "./errors.ts";
import { extensions } from "./extensions.ts";
import { FILTERS } from "./filters.ts";
import { flag } from "./listing.ts";
import type { Parts } from "./parts.ts";
import type { Process } from "./processes.ts";
import type { ServiceRow } from "./rows.ts";
import { since } from "./versions.ts";

/** What operators look at, and what clients ask for of a cloud: services, pools, capabilities, zones, extensions. */
export function operationRoutes(parts: Parts): Route[] {
  const { cinder } = parts;
  return [
    ...api("GET", "/os-availability-zone", () => ({
      status: 200,
      body: { availabilityZoneInfo: [{ zoneName: ZONE, zoneState: { available: true } }] },
    })),
    ...api("GET", "/os-services", (call) => {
      authorize(call, "volume_extension:services:index", "admin");
      const [host, binary] = [call.query.get("host"), call.query.get("binary")];
      const rows = cinder.services.filter(
        (row) =>
          (binary === null || row.binary === binary) &&
          (host === null || row.host === host || row.host.startsWith(`${host}@`)),
      );
      return { status: 200, body: { services: rows.map((row) => service(parts, call, row)) } };
    }),
    ...api("GET", "/scheduler-stats/get_pools", (call) => {
      authorize(call, "scheduler_extension:scheduler_stats:get_pools", "admin");
      const detail = flag(call, "detail");
      const pools = backendNames(cinder).map((name) => pool(name, detail));
      return { status: 200, body: { pools } };
    }),
    ...api("GET", "/capabilities/{host}", (call) => {
      authorize(call, "volume_extension:capabilities", "admin");
      const host = call.params["host"]!;
      if (!cinder.services.find((row) => row.binary === "cinder-volume" && row.host === host))
        throw notFound(`Can't find service: ${host}`);
      return { status: 200, body: capabilities(host) };
    }),
    ...api(
      "GET",
      "/resource_filters",
      (call) => {
        const wanted = call.query.get("resource");
        const shown = Object.entries(FILTERS).filter(([resource]) => wanted === null || resource === wanted);
        return {
          status: 200,
          body: { resource_filters: shown.map(([resource, names]) => ({ filters: names, resource })) },
        };
      },
      33,
    ),
    ...api("GET", "/extensions", () => ({ status: 200, body: { extensions: extensions() } })),
  ];
}

function service({ cinder, processes }: Parts, call: Call, row: ServiceRow): Json {
  const up = processes.up(row.binary as Process);
  const isVolume = row.binary === "cinder-volume";
  return {
    binary: row.binary,
    host: row.host,
    zone: ZONE,
    status: row.disabled ? "disabled" : "enabled",
    state: up ? "up" : "down",
    updated_at: time(cinder.now()),
    ...(isVolume && since(call, 49) ? { backend_state: "up" } : {}),
    ...(since(call, 7) ? { cluster: null } : {}),
    disabled_reason: row.disabledReason,
    ...(isVolume ? { replication_status: "disabled", active_backend_id: null, frozen: false } : {}),
  };
}

function pool(backend: string, detail: boolean): Json {
  const name = `${HOST}@${backend}#pool0`;
  if (!detail) return { name };
  return {
    name,
    capabilities: {
      volume_backend_name: backend,
      vendor_name: "sandbox",
      driver_version: "1.0",
      storage_protocol: "iSCSI",
      pool_name: "pool0",
      total_capacity_gb: 1000,
      free_capacity_gb: 1000,
      provisioned_capacity_gb: 0,
      reserved_percentage: 0,
      QoS_support: true,
      thin_provisioning_support: true,
      thick_provisioning_support: false,
      max_over_subscription_ratio: 20,
      multiattach: true,
    },
  };
}

const capabilities = (host: string): Json => ({
  namespace: `OS::Storage::Capabilities::${host}`,
  vendor_name: "sandbox",
  volume_backend_name: host.split("@")[1],
  pool_name: null,
  driver_version: "1.0",
  storage_protocol: "iSCSI",
  display_name: null,
  description: null,
  visibility: null,
  replication_targets: [],
  properties: {},
});
