import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { bool, isUuid, object, text } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { longStamp, type Nova } from "./core.ts";
import { allow, bad, conflict, missing, noSuchResource } from "./errors.ts";
import type { Hosts } from "./hosts.ts";
import type { AggregateRow, HostRow, ServiceRow } from "./rows.ts";
import { validate } from "./schema.ts";
import * as t from "./types.ts";

/** What is mostly for operators: zones, hypervisors, processes, aggregates. */
export class Operator {
  readonly #nova: Nova;
  readonly #hosts: Hosts;

  constructor(nova: Nova, hosts: Hosts) {
    this.#nova = nova;
    this.#hosts = hosts;
  }

  routes(): Route[] {
    const aggregate = "/v2.1/os-aggregates/{aggregate}";
    return [
      route("GET", "/v2.1/os-availability-zone", (call) => this.#zones(call, false)),
      route("GET", "/v2.1/os-availability-zone/detail", (call) => this.#zones(call, true)),
      route("GET", "/v2.1/os-hypervisors", (call) => this.#hypervisors(call, "list")),
      route("GET", "/v2.1/os-hypervisors/detail", (call) => this.#hypervisors(call, "list-detail")),
      route("GET", "/v2.1/os-hypervisors/statistics", (call) => this.#statistics(call)),
      route("GET", "/v2.1/os-hypervisors/{id}", (call) => this.#hypervisor(call)),
      route("GET", "/v2.1/os-services", (call) => this.#services(call)),
      route("PUT", "/v2.1/os-services/{id}", (call) => this.#changeService(call)),
      route("GET", "/v2.1/os-aggregates", (call) => {
        allow(call.caller, "admin", "os-aggregates:index");
        return {
          status: 200,
          body: { aggregates: this.#nova.tables.aggregates.values().map((one) => view(call, one)) },
        };
      }),
      route("POST", "/v2.1/os-aggregates", (call) => this.#newAggregate(call)),
      route("GET", aggregate, (call) => {
        allow(call.caller, "admin", "os-aggregates:show");
        return { status: 200, body: { aggregate: view(call, this.#aggregate(call)) } };
      }),
      route("PUT", aggregate, (call) => this.#changeAggregate(call)),
      route("DELETE", aggregate, (call) => this.#dropAggregate(call)),
      route("POST", `${aggregate}/action`, (call) => this.#aggregateAction(call)),
    ];
  }

  #zones(call: Call, detail: boolean): Answer {
    allow(call.caller, detail ? "admin" : "reader", `os-availability-zone:${detail ? "detail" : "list"}`);
    const services = this.#nova.tables.services.values();
    const zoneOf = (service: ServiceRow) =>
      service.binary === "nova-compute" ? this.#nova.zoneOf(service.host) : "internal";
    const names = detail ? ["internal", ...this.#nova.zones().sort()] : this.#nova.zones().sort();
    const zones = names.map((zoneName) => {
      const here = services.filter((service) => zoneOf(service) === zoneName);
      const hosts: Record<string, Json> = {};
      for (const service of here) {
        hosts[service.host] ??= {};
        hosts[service.host]![service.binary] = {
          active: !service.disabled,
          available: this.#nova.isUp(service),
          updated_at: longStamp(this.#seen(service)),
        };
      }
      const available = here.some((service) => !service.disabled);
      return { zoneName, zoneState: { available }, hosts: detail ? hosts : null };
    });
    return { status: 200, body: { availabilityZoneInfo: zones } };
  }

  /** When a process last reported itself. */
  #seen(service: ServiceRow): number {
    if (this.#nova.isUp(service)) service.seen = this.#nova.now();
    return service.seen;
  }

  #hypervisorView(call: Call, host: HostRow, detail: boolean): Json {
    const service = this.#nova.service(host.service);
    const id = atLeast(call, 2, 53) ? host.id : host.number;
    const basic = {
      id,
      hypervisor_hostname: host.name,
      state: service && this.#nova.isUp(service) ? "up" : "down",
      status: service?.disabled ? "disabled" : "enabled",
    };
    if (!detail) return basic;
    const metal = host.kind === "metal";
    const used = metal ? { vcpus: 0, ram: 0, disk: 0, servers: 0 } : this.#hosts.used(host);
    const old = !atLeast(call, 2, 88);
    return {
      ...basic,
      hypervisor_type: metal ? "ironic" : "fake",
      hypervisor_version: metal ? 1 : 1000,
      host_ip: "127.0.0.1",
      service: {
        id: atLeast(call, 2, 53) ? service?.id : service?.number,
        host: host.service,
        disabled_reason: service?.reason ?? null,
      },
      ...(old
        ? {
            vcpus: host.cpus,
            memory_mb: host.memoryMiB,
            local_gb: host.diskGiB,
            vcpus_used: used.vcpus,
            memory_mb_used: used.ram,
            local_gb_used: used.disk,
            free_ram_mb: host.memoryMiB - used.ram,
            free_disk_gb: host.diskGiB - used.disk,
            current_workload: 0,
            running_vms: metal ? 0 : used.servers,
            disk_available_least: host.diskGiB - used.disk,
            cpu_info: atLeast(call, 2, 28) ? {} : "",
          }
        : { uptime: null }),
    };
  }

  #hypervisors(call: Call, rule: "list" | "list-detail"): Answer {
    allow(call.caller, "admin", `os-hypervisors:${rule}`);
    const pattern = atLeast(call, 2, 53) ? call.query.get("hypervisor_hostname_pattern") : null;
    let hosts = this.#nova.tables.hosts.values();
    if (pattern !== null) {
      hosts = hosts.filter(({ name }) => name.includes(pattern));
      if (hosts.length === 0) throw missing(`No hypervisor matching '${pattern}' could be found.`);
    }
    const marker = call.query.get("marker");
    if (marker !== null) hosts = hosts.slice(hosts.findIndex(({ id }) => id === marker) + 1);
    const limit = Number(call.query.get("limit") ?? 1000) || 1000;
    const shown = hosts.slice(0, limit).map((host) => this.#hypervisorView(call, host, rule === "list-detail"));
    return { status: 200, body: { hypervisors: shown } };
  }

  #hypervisor(call: Call): Answer {
    allow(call.caller, "admin", "os-hypervisors:show");
    const id = call.params["id"] ?? "";
    if (atLeast(call, 2, 53) && !isUuid(id)) throw bad(`Invalid uuid ${id}`);
    const host = this.#nova.tables.hosts.get(id) ?? this.#nova.tables.hosts.find(({ number }) => String(number) === id);
    if (!host) throw missing(`Hypervisor with ID '${id}' could not be found.`);
    return { status: 200, body: { hypervisor: this.#hypervisorView(call, host, true) } };
  }

  #statistics(call: Call): Answer {
    if (atLeast(call, 2, 88)) throw noSuchResource();
    allow(call.caller, "admin", "os-hypervisors:statistics");
    const hosts = this.#nova.tables.hosts.values();
    const used = hosts.filter(({ kind }) => kind === "virtual").map((host) => this.#hosts.used(host));
    const sum = (values: number[]) => values.reduce((all, value) => all + value, 0);
    const [vcpus, memory_mb, local_gb] = [
      sum(hosts.map(({ cpus }) => cpus)),
      sum(hosts.map(({ memoryMiB }) => memoryMiB)),
      sum(hosts.map(({ diskGiB }) => diskGiB)),
    ];
    const [vcpus_used, memory_mb_used, local_gb_used] = [
      sum(used.map((one) => one.vcpus)),
      sum(used.map((one) => one.ram)),
      sum(used.map((one) => one.disk)),
    ];
    return {
      status: 200,
      body: {
        hypervisor_statistics: {
          count: hosts.length,
          vcpus,
          memory_mb,
          local_gb,
          vcpus_used,
          memory_mb_used,
          local_gb_used,
          free_ram_mb: memory_mb - memory_mb_used,
          free_disk_gb: local_gb - local_gb_used,
          current_workload: 0,
          running_vms: sum(used.map((one) => one.servers)),
          disk_available_least: local_gb - local_gb_used,
        },
      },
    };
  }

  #serviceView(call: Call, service: ServiceRow): Json {
    return {
      binary: service.binary,
      host: service.host,
      id: atLeast(call, 2, 53) ? service.id : service.number,
      zone: service.binary === "nova-compute" ? this.#nova.zoneOf(service.host) : "internal",
      status: service.disabled ? "disabled" : "enabled",
      state: this.#nova.isUp(service) ? "up" : "down",
      updated_at: longStamp(this.#seen(service)),
      disabled_reason: service.reason,
      ...(atLeast(call, 2, 11) ? { forced_down: service.forcedDown } : {}),
    };
  }

  #services(call: Call): Answer {
    allow(call.caller, "admin", "os-services:list");
    const [binary, host] = [call.query.get("binary"), call.query.get("host")];
    const found = this.#nova.tables.services.filter(
      (service) => (binary === null || service.binary === binary) && (host === null || service.host === host),
    );
    return { status: 200, body: { services: found.map((service) => this.#serviceView(call, service)) } };
  }

  #changeService(call: Call): Answer {
    const id = call.params["id"] ?? "";
    if (!atLeast(call, 2, 53)) return this.#changeServiceByHost(call, id);
    validate(
      t.only({
        status: { type: "string", enum: ["enabled", "disabled"] },
        disabled_reason: { type: "string", minLength: 1, maxLength: 255 },
        forced_down: t.boolean,
      }),
      call.body,
    );
    allow(call.caller, "admin", "os-services:update");
    if (!isUuid(id)) throw bad(`Invalid uuid ${id}`);
    const service = this.#nova.tables.services.get(id);
    if (!service) throw missing(`Service ${id} could not be found.`);
    const given = object(call.body);
    if (given["disabled_reason"] !== undefined && given["status"] !== "disabled")
      throw bad('Specifying disabled_reason requires that status is "disabled".');
    if (Object.keys(given).length === 0)
      throw bad("No updates were requested. Fields 'status' or 'forced_down' should be specified.");
    if (given["status"] !== undefined) service.disabled = given["status"] === "disabled";
    if (given["status"] !== undefined) service.reason = text(given["disabled_reason"]) ?? null;
    if (given["forced_down"] !== undefined) service.forcedDown = bool(given["forced_down"]) ?? false;
    this.#nova.tables.services.put(service);
    return { status: 200, body: { service: this.#serviceView(call, service) } };
  }

  #changeServiceByHost(call: Call, what: string): Answer {
    allow(call.caller, "admin", "os-services:update");
    const given = object(call.body);
    const service = this.#nova.tables.services.find(
      ({ host, binary }) => host === given["host"] && binary === given["binary"],
    );
    if (!service) throw missing(`Could not find binary ${given["binary"]} on host ${given["host"]}.`);
    if (what === "enable" || what === "disable" || what === "disable-log-reason") {
      service.disabled = what !== "enable";
      service.reason = what === "disable-log-reason" ? (text(given["disabled_reason"]) ?? null) : null;
    } else if (what === "force-down") service.forcedDown = bool(given["forced_down"] ?? true) ?? true;
    else throw missing("Unknown action");
    this.#nova.tables.services.put(service);
    const { host, binary } = service;
    const status = service.disabled ? "disabled" : "enabled";
    const shown =
      what === "force-down"
        ? { host, binary, forced_down: service.forcedDown }
        : { host, binary, status, ...(service.reason ? { disabled_reason: service.reason } : {}) };
    return { status: 200, body: { service: shown } };
  }

  #aggregate(call: Call): AggregateRow {
    const id = call.params["aggregate"] ?? "";
    const found = this.#nova.tables.aggregates.get(id);
    if (!found) throw missing(`Aggregate ${id} could not be found.`);
    return found;
  }

  #newAggregate(call: Call): Answer {
    const zone = { oneOf: [{ type: "string", format: "az_name", minLength: 1, maxLength: 255 }, { type: "null" }] };
    validate(t.wrapped("aggregate", t.only({ name: t.name, availability_zone: zone }, ["name"])), call.body);
    allow(call.caller, "admin", "os-aggregates:create");
    const given = object(object(call.body)["aggregate"]);
    const { aggregates } = this.#nova.tables;
    const name = String(given["name"]);
    if (aggregates.find((one) => one.name === name)) throw conflict(`Aggregate ${name} already exists.`);
    const number = aggregates.values().reduce((most, { id }) => Math.max(most, Number(id)), 0) + 1;
    const availability_zone = text(given["availability_zone"]);
    const made = aggregates.put({
      id: String(number),
      uuid: this.#nova.world.random.uuid(),
      name,
      created: this.#nova.now(),
      updated: null,
      hosts: [],
      metadata: availability_zone ? { availability_zone } : {},
    });
    const { hosts, metadata, ...shown } = view(call, made);
    return { status: 200, body: { aggregate: shown } };
  }

  #changeAggregate(call: Call): Answer {
    allow(call.caller, "admin", "os-aggregates:update");
    const aggregate = this.#aggregate(call);
    const given = object(object(call.body)["aggregate"]);
    if (text(given["name"])) aggregate.name = String(given["name"]);
    if (text(given["availability_zone"])) aggregate.metadata["availability_zone"] = String(given["availability_zone"]);
    return this.#put(call, aggregate);
  }

  #put(call: Call, aggregate: AggregateRow): Answer {
    aggregate.updated = this.#nova.now();
    this.#nova.tables.aggregates.put(aggregate);
    return { status: 200, body: { aggregate: view(call, aggregate) } };
  }

  #dropAggregate(call: Call): Answer {
    allow(call.caller, "admin", "os-aggregates:delete");
    const aggregate = this.#aggregate(call);
    if (aggregate.hosts.length > 0)
      throw bad(`Cannot remove aggregate ${aggregate.id}. Reason: Host aggregate is not empty.`);
    this.#nova.tables.aggregates.delete(aggregate.id);
    return { status: 200 };
  }

  #aggregateAction(call: Call): Answer {
    const [action = ""] = Object.keys(object(call.body));
    const given = object(object(call.body)[action]);
    const rule = { add_host: "add_host", remove_host: "remove_host", set_metadata: "set_metadata" }[action];
    if (!rule) throw bad(`There is no such action: ${action}`);
    allow(call.caller, "admin", `os-aggregates:${rule}`);
    const aggregate = this.#aggregate(call);
    if (action === "set_metadata") {
      for (const [key, value] of Object.entries(object(given["metadata"])))
        if (value === null) delete aggregate.metadata[key];
        else aggregate.metadata[key] = String(value);
      return this.#put(call, aggregate);
    }
    const host = String(given["host"] ?? "");
    if (!this.#nova.service(host)) throw missing(`Compute host ${host} could not be found.`);
    const has = aggregate.hosts.includes(host);
    if (action === "add_host" && has) throw conflict(`Aggregate ${aggregate.id} already has host ${host}.`);
    if (action === "remove_host" && !has) throw missing(`Cannot remove host ${host} in aggregate ${aggregate.id}`);
    aggregate.hosts = has ? aggregate.hosts.filter((one) => one !== host) : [...aggregate.hosts, host];
    return this.#put(call, aggregate);
  }
}

function view(call: Call, aggregate: AggregateRow): Json {
  return {
    id: Number(aggregate.id),
    ...(atLeast(call, 2, 41) ? { uuid: aggregate.uuid } : {}),
    name: aggregate.name,
    hosts: aggregate.hosts,
    metadata: aggregate.metadata,
    created_at: longStamp(aggregate.created),
    updated_at: longStamp(aggregate.updated),
    deleted_at: null,
    deleted: false,
    availability_zone: aggregate.metadata["availability_zone"] ?? null,
  };
}
