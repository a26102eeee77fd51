import type { Answer, Call } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { bool } from "../kernel/input.ts";
import { links, type Nova, nextLink } from "./core.ts";
import { bad, forbidden, may, notAllowed } from "./errors.ts";
import type { ServerRow } from "./rows.ts";
import { isoTime, type Schema, validateQuery } from "./schema.ts";
import * as t from "./types.ts";
import { serverView, statesOf, statusOf } from "./view.ts";

const plain = t.listOf(t.text);
const pattern = t.listOf({ type: "string", format: "regex" });
const time = t.listOf({ type: "string", format: "date-time" });

/** Sort keys that nova takes and ignores before 2.75. */
const IGNORED = [
  "architecture",
  "cell_name",
  "cleaned",
  "deleted",
  "deleted_at",
  "id",
  "locked",
  "memory_mb",
  "os_type",
  "reservation_id",
  "root_gb",
  "user_data",
  "vcpus",
  "vm_mode",
];

const SORTS: Record<string, (server: ServerRow) => string | number> = {
  access_ip_v4: (server) => server.accessIPv4,
  access_ip_v6: (server) => server.accessIPv6,
  auto_disk_config: (server) => server.diskConfig,
  availability_zone: (server) => server.zone ?? "",
  config_drive: (server) => (server.configDrive ? 1 : 0),
  created_at: (server) => server.created,
  display_description: (server) => server.description ?? "",
  display_name: (server) => server.name,
  host: (server) => server.host ?? "",
  hostname: (server) => server.hostname,
  image_ref: (server) => server.image,
  instance_type_id: (server) => server.flavor.number,
  kernel_id: () => "",
  key_name: (server) => server.keyName ?? "",
  launch_index: (server) => server.launchIndex,
  launched_at: (server) => server.launched ?? 0,
  locked_by: (server) => server.lockedBy ?? "",
  node: (server) => server.node ?? "",
  power_state: (server) => server.powerState,
  progress: (server) => server.progress,
  project_id: (server) => server.project,
  ramdisk_id: () => "",
  root_device_name: (server) => server.rootDevice ?? "",
  task_state: (server) => server.taskState ?? "",
  terminated_at: (server) => server.terminated ?? 0,
  updated_at: (server) => server.updated,
  user_id: (server) => server.user,
  uuid: (server) => server.id,
  vm_state: (server) => server.vmState,
  locked: (server) => (server.lockedBy === null ? 0 : 1),
};

/** Filters by a part of a value, which may be a regular expression. */
const BY_PATTERN: Record<string, (server: ServerRow) => string | null> = {
  name: (server) => server.name,
  display_name: (server) => server.name,
  description: (server) => server.description,
  display_description: (server) => server.description,
  hostname: (server) => server.hostname,
  key_name: (server) => server.keyName,
  node: (server) => server.node,
  availability_zone: (server) => server.zone ?? "nova",
  reservation_id: (server) => server.reservation,
  root_device_name: (server) => server.rootDevice,
  locked_by: (server) => server.lockedBy,
  access_ip_v4: (server) => server.accessIPv4,
  access_ip_v6: (server) => server.accessIPv6,
  kernel_id: () => "",
  ramdisk_id: () => "",
};

/** Filters by an exact value. */
const BY_VALUE: Record<string, (server: ServerRow) => string | null> = {
  user_id: (server) => server.user,
  project_id: (server) => server.project,
  tenant_id: (server) => server.project,
  image: (server) => server.image,
  image_ref: (server) => server.image,
  flavor: (server) => server.flavor.id,
  host: (server) => server.host,
  uuid: (server) => server.id,
  vm_state: (server) => server.vmState,
  task_state: (server) => server.taskState,
  power_state: (server) => String(server.powerState),
  progress: (server) => String(server.progress),
  launch_index: (server) => String(server.launchIndex),
  config_drive: (server) => (server.configDrive ? "True" : ""),
  auto_disk_config: (server) => server.diskConfig,
};

/** Filters that need something more than a value. */
const OTHERS = [
  "status",
  "ip",
  "ip6",
  "changes-since",
  "changes-before",
  "all_tenants",
  "deleted",
  "soft_deleted",
  "tags",
  "tags-any",
  "not-tags",
  "not-tags-any",
  "locked",
  "created_at",
  "launched_at",
  "terminated_at",
];

const JOINED = [
  "block_device_mapping",
  "services",
  "metadata",
  "system_metadata",
  "info_cache",
  "security_groups",
  "pci_devices",
];

/** Filters that everybody may use, by the microversion from which on. */
const FOR_ALL: Record<string, number> = {
  reservation_id: 1,
  name: 1,
  status: 1,
  image: 1,
  flavor: 1,
  ip: 1,
  "changes-since": 1,
  all_tenants: 1,
  ip6: 5,
  tags: 26,
  "tags-any": 26,
  "not-tags": 26,
  "not-tags-any": 26,
  "changes-before": 66,
  locked: 73,
  availability_zone: 83,
  config_drive: 83,
  key_name: 83,
  created_at: 83,
  launched_at: 83,
  terminated_at: 83,
  power_state: 83,
  task_state: 83,
  vm_state: 83,
  progress: 83,
  user_id: 83,
  hostname: 90,
};

function querySchema(minor: number): Schema {
  const sorts = [
    ...Object.keys(SORTS).filter((key) => key !== "locked" || minor >= 73),
    ...(minor >= 75 ? [] : IGNORED),
  ];
  const properties: Record<string, Schema> = {};
  for (const name of Object.keys(BY_VALUE))
    properties[name] = /^(flavor|power_state|progress|config_drive|auto_disk_config)$/.test(name) ? pattern : plain;
  for (const name of Object.keys(BY_PATTERN)) properties[name] = pattern;
  for (const name of OTHERS) {
    const since =
      { tags: 26, "tags-any": 26, "not-tags": 26, "not-tags-any": 26, "changes-before": 66, locked: 73 }[name] ?? 1;
    if (minor >= since)
      properties[name] = name.startsWith("changes") ? time : /^(ip|ip6)$/.test(name) ? pattern : plain;
  }
  for (const name of JOINED) properties[name] = plain;
  return {
    type: "object",
    properties: {
      ...properties,
      sort_key: t.listOf({ type: "string", enum: [...new Set(sorts)] }),
      sort_dir: plain,
      limit: t.listOf({ type: "string", pattern: "^[0-9]*$" }),
      marker: plain,
    },
    ...(minor >= 75 ? { patternProperties: { "^_": plain }, additionalProperties: false } : {}),
  };
}

const MOST = 1000;

/** Answers `GET /servers` and `GET /servers/detail`. */
export function listServers(nova: Nova, call: Call, detail: boolean): Answer {
  const { query, caller } = call;
  if (!may(caller, "reader")) throw notAllowed(`servers:${detail ? "detail" : "index"}`);
  validateQuery(querySchema(call.version[1]), query);
  const admin = may(caller, "admin");
  const value = (name: string): string | null => {
    const open = admin || (FOR_ALL[name] ?? 1000) <= call.version[1];
    return open ? (query.getAll(name).at(-1) ?? null) : null;
  };
  for (const name of query.keys()) if (JOINED.includes(name) && admin) throw bad(`Invalid filter field: ${name}.`);
  const statuses = query.getAll("status");
  if (statuses.length > 0) {
    if (!statuses.some((status) => statesOf(status)))
      if (atLeast(call, 2, 38)) throw bad("Invalid status value");
      else return { status: 200, body: { servers: [] } };
    if (!admin && statuses.every((status) => status.toUpperCase() === "DELETED"))
      throw forbidden("Only administrators may list deleted instances");
  }
  const since = timeOf(value("changes-since"));
  const before = timeOf(value("changes-before"));
  if (since !== undefined && before !== undefined && before < since)
    throw bad("The value of changes-since must be less than or equal to changes-before.");
  const changes = since !== undefined || before !== undefined;
  const asked = value("deleted");
  let deleted: boolean | null = changes ? null : false;
  if (asked !== null) deleted = bool(asked) ?? false;
  if (statuses.length > 0 && statuses.every((status) => status.toUpperCase() === "DELETED")) deleted = true;
  const all = everyone(call, value("all_tenants"), detail);
  const rows = all ? nova.tables.servers.values() : nova.tables.servers.by("project", caller.projectId);
  const tests = filters(query, value, all);
  const found = rows.filter(
    (server) =>
      (deleted === null || (server.deleted !== null) === deleted) &&
      (since === undefined || server.updated >= since) &&
      (before === undefined || server.updated <= before) &&
      (statuses.length === 0 || statuses.some((status) => status.toUpperCase() === statusOf(server))) &&
      tests.every((test) => test(server)),
  );
  return answer(nova, call, sorted(found, call, admin), detail);
}

function timeOf(text: string | null): number | undefined {
  return text === null ? undefined : isoTime(text);
}

/** Whether the servers of all projects are wanted; throws where the caller may not have them. */
function everyone(call: Call, asked: string | null, detail: boolean): boolean {
  if (asked === null) return false;
  const wanted = asked === "" ? true : bool(asked);
  if (wanted === undefined)
    throw bad(
      `Unrecognized value '${asked}', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'`,
    );
  if (wanted && !may(call.caller, "admin")) throw notAllowed(`servers:${detail ? "detail" : "index"}:get_all_tenants`);
  return wanted;
}

type Test = (server: ServerRow) => boolean;

function filters(query: URLSearchParams, value: (name: string) => string | null, all: boolean): Test[] {
  const tests: Test[] = [];
  for (const [name, of] of Object.entries(BY_VALUE)) {
    const wanted = value(name);
    if (wanted === null || (!all && (name === "project_id" || name === "tenant_id"))) continue;
    const values = query.getAll(name);
    tests.push((server) => {
      const has = of(server);
      return has !== null && (values.includes(has) || has.toLowerCase() === wanted.toLowerCase());
    });
  }
  for (const [name, of] of Object.entries(BY_PATTERN)) {
    const wanted = value(name);
    if (wanted === null) continue;
    const expression = new RegExp(wanted, "i");
    tests.push((server) => expression.test(of(server) ?? ""));
  }
  for (const name of ["ip", "ip6"]) {
    const wanted = value(name);
    if (wanted === null) continue;
    const expression = new RegExp(wanted);
    const version = name === "ip" ? "." : ":";
    tests.push(({ vifs }) =>
      vifs.some(({ addresses }) =>
        addresses.some(({ address }) => address.includes(version) && expression.test(address)),
      ),
    );
  }
  const tagged = (name: string, test: (tags: readonly string[], wanted: string[]) => boolean) => {
    const wanted = value(name)?.split(",");
    if (wanted) tests.push(({ tags }) => test(tags, wanted));
  };
  tagged("tags", (tags, wanted) => wanted.every((tag) => tags.includes(tag)));
  tagged("tags-any", (tags, wanted) => wanted.some((tag) => tags.includes(tag)));
  tagged("not-tags", (tags, wanted) => !wanted.every((tag) => tags.includes(tag)));
  tagged("not-tags-any", (tags, wanted) => !wanted.some((tag) => tags.includes(tag)));
  const locked = value("locked");
  if (locked !== null) {
    const wanted = bool(locked);
    if (wanted === undefined)
      throw bad(
        `Unrecognized value '${locked}', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'`,
      );
    tests.push((server) => (server.lockedBy !== null) === wanted);
  }
  return tests;
}

function sorted(servers: ServerRow[], call: Call, admin: boolean): ServerRow[] {
  const ignored = new Set(atLeast(call, 2, 73) ? IGNORED.filter((key) => key !== "locked") : IGNORED);
  const keys = call.query
    .getAll("sort_key")
    .map((key) => key.trim())
    .filter((key) => !ignored.has(key));
  const directions = call.query.getAll("sort_dir").map((direction) => direction.trim());
  for (const key of keys)
    if (!admin && (key === "host" || key === "node")) throw forbidden(`Only administrators can sort servers by ${key}`);
  if (keys.length === 0) keys.push("created_at");
  const sign = keys.map((_, index) => ((directions[index] ?? directions[0] ?? "desc") === "asc" ? 1 : -1));
  const compare = (left: ServerRow, right: ServerRow): number => {
    for (const [index, key] of keys.entries()) {
      const of = SORTS[key]!;
      const [a, b] = [of(left), of(right)];
      if (a !== b) return a < b ? -sign[index]! : sign[index]!;
    }
    return (left.number - right.number) * sign[0]!;
  };
  return servers.sort(compare);
}

function answer(nova: Nova, call: Call, servers: ServerRow[], detail: boolean): Answer {
  const { query } = call;
  const marker = query.get("marker");
  let first = 0;
  if (marker !== null) {
    first = servers.findIndex(({ id }) => id === marker) + 1;
    if (first === 0 && !nova.tables.servers.get(marker)) throw bad(`marker [${marker}] not found`);
    if (first === 0) first = servers.length;
  }
  const given = query.get("limit");
  const limit = given === null || given === "" ? MOST : Math.min(Number(given), MOST);
  const page = servers.slice(first, first + limit);
  const collection = detail ? "servers/detail" : "servers";
  const full = page.length > 0 && page.length === limit && (given !== null || servers.length > first + limit);
  return {
    status: 200,
    body: {
      servers: page.map((server) =>
        detail
          ? serverView(nova, call, server, { listed: true })
          : { id: server.id, name: server.name, links: links(call.base, "servers", server.id) },
      ),
      ...(full ? { servers_links: [nextLink(call, collection, page.at(-1)!.id)] } : {}),
    },
  };
}
