import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { bool, object } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Nova } from "./core.ts";
import { allow, bad, forbidden, may, notAllowed } from "./errors.ts";
import type { FlavorRow } from "./rows.ts";
import { type Schema, validate } from "./schema.ts";
import * as t from "./types.ts";

const DEFAULTS: Record<string, number> = {
  cores: -1,
  fixed_ips: -1,
  floating_ips: -1,
  injected_file_content_bytes: 10240,
  injected_file_path_bytes: 255,
  injected_files: 5,
  instances: 20,
  key_pairs: 100,
  metadata_items: 128,
  ram: -1,
  security_group_rules: -1,
  security_groups: -1,
  server_group_members: 10,
  server_groups: 10,
};

const NETWORK = new Set(["fixed_ips", "floating_ips", "security_group_rules", "security_groups"]);

/** Quotas that a microversion shows. */
function shown(minor: number): string[] {
  return Object.keys(DEFAULTS).filter(
    (name) => !(minor >= 36 && NETWORK.has(name)) && !(minor >= 57 && name.startsWith("injected_")),
  );
}

function changes(minor: number): Schema {
  const amount: Schema = { type: ["integer", "string"], pattern: "^-?[0-9]+$", minimum: -1, maximum: 0x7fffffff };
  const properties = Object.fromEntries(shown(minor).map((name) => [name, amount]));
  const { cores, instances, ram, ...rest } = properties as Record<string, Schema>;
  return t.wrapped("quota_set", t.only({ instances: instances!, cores: cores!, ram: ram!, ...rest, force: t.boolean }));
}

/** What projects may use, and what they do use. */
export class Quotas {
  readonly #nova: Nova;

  constructor(nova: Nova) {
    this.#nova = nova;
  }

  routes(): Route[] {
    const path = "/v2.1/os-quota-sets/{project}";
    return [
      route("GET", "/v2.1/limits", (call) => this.#limits(call)),
      route("GET", path, (call) => this.#show(call)),
      route("GET", `${path}/detail`, (call) => this.#detail(call)),
      route("GET", `${path}/defaults`, (call) => this.#answer(call, call.params["project"] ?? "", DEFAULTS)),
      route("PUT", path, (call) => this.#update(call)),
      route("DELETE", path, (call) => {
        allow(call.caller, "admin", "os-quota-sets:delete");
        this.#nova.tables.quotas.delete(call.params["project"] ?? "");
        return { status: 202 };
      }),
      route("GET", "/v2.1/os-quota-class-sets/{class}", (call) => {
        allow(call.caller, "admin", "os-quota-class-sets:show");
        const id = call.params["class"];
        const quota_class_set = { ...(id ? { id } : {}), ...this.#only(call, DEFAULTS) };
        return { status: 200, body: { quota_class_set } };
      }),
    ];
  }

  /** A limit of a project; -1 for none. */
  limit(project: string, name: string): number {
    return this.#nova.tables.quotas.get(project)?.limits[name] ?? DEFAULTS[name] ?? -1;
  }

  /** Refuses so many new servers of a flavor where they are too many. */
  check(project: string, flavor: FlavorRow, count: number): void {
    const used = this.#used(project);
    const wanted = { cores: count * flavor.vcpus, instances: count, ram: count * flavor.ram };
    const over = (["cores", "instances", "ram"] as const).filter((name) => {
      const limit = this.limit(project, name);
      return limit >= 0 && used[name] + wanted[name] > limit;
    });
    if (over.length === 0) return;
    const all = (values: (name: (typeof over)[number]) => number) => over.map(values).join(", ");
    const names = over.join(", ");
    throw forbidden(
      `Quota exceeded for ${names}: Requested ${all((name) => wanted[name])}, but already used ${all((name) => used[name])} of ${all((name) => this.limit(project, name))} ${names}`,
    );
  }

  /** Refuses more metadata than the project may have. */
  checkMetadata(project: string, count: number): void {
    const limit = this.limit(project, "metadata_items");
    if (limit >= 0 && count > limit) throw forbidden(`Maximum number of metadata items exceeds ${limit}`);
  }

  #used(project: string): { instances: number; cores: number; ram: number } {
    const servers = this.#nova.tables.servers.by("project", project).filter(({ deleted }) => deleted === null);
    const sum = (amount: (flavor: FlavorRow) => number) => servers.reduce((all, { flavor }) => all + amount(flavor), 0);
    return { instances: servers.length, cores: sum(({ vcpus }) => vcpus), ram: sum(({ ram }) => ram) };
  }

  #only(call: Call, limits: Record<string, number>): Record<string, number> {
    return Object.fromEntries(shown(call.version[1]).map((name) => [name, limits[name] ?? DEFAULTS[name]!]));
  }

  #answer(call: Call, id: string, limits: Record<string, number>): Answer {
    return { status: 200, body: { quota_set: { id, ...this.#only(call, limits) } } };
  }

  #seen(call: Call, rule: string): { project: string; limits: Record<string, number> } {
    const project = call.params["project"] ?? "";
    const { caller } = call;
    if (!may(caller, "reader") || (project !== caller.projectId && !may(caller, "admin")))
      throw notAllowed(`os-quota-sets:${rule}`);
    return { project, limits: { ...DEFAULTS, ...this.#nova.tables.quotas.get(project)?.limits } };
  }

  #show(call: Call): Answer {
    const { project, limits } = this.#seen(call, "show");
    return this.#answer(call, project, limits);
  }

  #detail(call: Call): Answer {
    const { project, limits } = this.#seen(call, "detail");
    const used: Record<string, number> = this.#used(project);
    const groups = this.#nova.tables.groups.by("project", project).length;
    const each = Object.entries(this.#only(call, limits)).map(([name, limit]) => [
      name,
      { limit, in_use: name === "server_groups" ? groups : (used[name] ?? 0), reserved: 0 },
    ]);
    return { status: 200, body: { quota_set: { id: project, ...Object.fromEntries(each) } } };
  }

  #update(call: Call): Answer {
    allow(call.caller, "admin", "os-quota-sets:update");
    validate(changes(call.version[1]), call.body);
    const project = call.params["project"] ?? "";
    const { force, ...given } = object(object(call.body)["quota_set"]);
    const used: Record<string, number> = this.#used(project);
    const limits = { ...this.#nova.tables.quotas.get(project)?.limits };
    for (const [name, value] of Object.entries(given)) {
      const limit = Number(value);
      if (limit >= 0 && limit < (used[name] ?? 0) && !bool(force ?? false))
        throw bad(
          `Quota limit ${limit} for ${name} must be greater than or equal to already used and reserved ${used[name]}.`,
        );
      limits[name] = limit;
    }
    this.#nova.tables.quotas.put({ id: project, limits });
    return { status: 200, body: { quota_set: this.#only(call, { ...DEFAULTS, ...limits }) } };
  }

  #limits(call: Call): Answer {
    allow(call.caller, "reader", "limits");
    const other = call.query.get("tenant_id");
    if (other && other !== call.caller.projectId && !may(call.caller, "admin"))
      throw notAllowed("limits:other_project");
    const project = other ?? call.caller.projectId;
    const used = this.#used(project);
    const limit = (name: string) => this.limit(project, name);
    const network = !atLeast(call, 2, 36);
    const absolute: Json = {
      maxTotalCores: limit("cores"),
      ...(atLeast(call, 2, 57) ? {} : { maxPersonality: 5, maxPersonalitySize: 10240 }),
      maxTotalInstances: limit("instances"),
      maxTotalKeypairs: limit("key_pairs"),
      maxServerMeta: limit("metadata_items"),
      ...(atLeast(call, 2, 39) ? {} : { maxImageMeta: limit("metadata_items") }),
      maxTotalRAMSize: limit("ram"),
      maxServerGroups: limit("server_groups"),
      maxServerGroupMembers: limit("server_group_members"),
      ...(network ? { maxTotalFloatingIps: -1, maxSecurityGroups: -1, maxSecurityGroupRules: -1 } : {}),
      totalRAMUsed: used.ram,
      totalCoresUsed: used.cores,
      totalInstancesUsed: used.instances,
      ...(network ? { totalFloatingIpsUsed: 0, totalSecurityGroupsUsed: 0 } : {}),
      totalServerGroupsUsed: this.#nova.tables.groups.by("project", project).length,
    };
    return { status: 200, body: { limits: { rate: [], absolute } } };
  }
}
