import type { Call, Json } from "../kernel/call.ts";
import { object, text } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { api } from "./api.ts";
import { authorize, type Cinder, time, ZONE } from "./core.ts";
import { bad, notFound } from "./errors.ts";
import type { Parts } from "./parts.ts";
import type { Process } from "./processes.ts";
import { typeById } from "./types-lookup.ts";

/** Parts of the API that the sandbox has nothing in: encryption, groups, clusters. And what operators switch: services, hosts, classes. */
export function seldomRoutes(parts: Parts): Route[] {
  const { cinder, quotas } = parts;
  const nothing = (path: string, key: string, from = 0, policy?: string): Route[] =>
    api(
      "GET",
      path,
      (call) => {
        if (policy) authorize(call, policy, "admin");
        return { status: 200, body: { [key]: [] } };
      },
      from,
    );
  return [
    ...api("GET", "/volumes/{volume}/encryption", (call) => {
      cinder.volume(call.caller, call.params["volume"]!);
      return { status: 200, body: { encryption_key_id: null } };
    }),
    ...api("GET", "/types/{id}/encryption", (call) => {
      authorize(call, "volume_extension:volume_type_encryption:get", "admin");
      typeById(cinder, call.caller, call.params["id"]!);
      return { status: 200, body: {} };
    }),
    ...["/groups", "/groups/detail"].flatMap((path) => nothing(path, "groups", 13)),
    ...["/group_snapshots", "/group_snapshots/detail"].flatMap((path) => nothing(path, "group_snapshots", 14)),
    ...["/consistencygroups", "/consistencygroups/detail"].flatMap((path) => nothing(path, "consistencygroups")),
    ...["/cgsnapshots", "/cgsnapshots/detail"].flatMap((path) => nothing(path, "cgsnapshots")),
    ...["/clusters", "/clusters/detail"].flatMap((path) => nothing(path, "clusters", 7, "clusters:get_all")),
    ...api("GET", "/os-quota-class-sets/{class}", (call) => {
      authorize(call, "volume_extension:quota_classes:get", "admin");
      return { status: 200, body: { quota_class_set: { ...quotas.defaults(), id: call.params["class"] } } };
    }),
    ...api("GET", "/os-hosts", (call) => {
      authorize(call, "volume_extension:hosts", "admin");
      return { status: 200, body: { hosts: cinder.services.values().map((row) => host(parts, row)) } };
    }),
    ...["enable", "disable", "disable-log-reason"].flatMap((word) =>
      api("PUT", `/os-services/${word}`, (call) => setService(cinder, call, word)),
    ),
  ];
}

function host({ cinder, processes }: Parts, row: { binary: string; host: string; disabled: boolean }): Json {
  return {
    host_name: row.host,
    service: row.binary,
    zone: ZONE,
    "service-status": processes.up(row.binary as Process) ? "available" : "unavailable",
    "service-state": row.disabled ? "disabled" : "enabled",
    "last-update": time(cinder.now()),
  };
}

/** Lets the scheduler use a back end, or not. */
function setService(cinder: Cinder, call: Call, word: string) {
  authorize(call, "volume_extension:services:update", "admin");
  const body = object(call.body);
  const [name, binary] = [text(body["host"]), text(body["binary"]) ?? text(body["service"])];
  if (!name || !binary) throw bad("{} is not valid under any of the given schemas");
  const row = cinder.services.find((one) => one.host === name && one.binary === binary);
  if (!row) throw notFound(`Service ${binary} could not be found on host ${name}.`);
  row.disabled = word !== "enable";
  row.disabledReason = word === "disable-log-reason" ? (text(body["disabled_reason"]) ?? null) : null;
  cinder.services.put(row);
  const { disabledReason } = row;
  return {
    status: 200,
    body: {
      host: name,
      service: binary,
      binary,
      disabled: row.disabled,
      status: row.disabled ? "disabled" : "enabled",
      ...(disabledReason === null ? {} : { disabled_reason: disabledReason }),
    },
  };
}
