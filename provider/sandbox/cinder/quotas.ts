import type { Call, Json } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { api, bodyOf } from "./api.ts";
import { QUOTA_SET } from "./bodies.ts";
import { authorize, type Cinder } from "./core.ts";
import { bad, invalidInput, overQuota } from "./errors.ts";
import { flag } from "./listing.ts";

const DEFAULTS: Readonly<Record<string, number>> = {
  volumes: 10,
  per_volume_gigabytes: -1,
  snapshots: 10,
  gigabytes: 1000,
  backups: 10,
  backup_gigabytes: 1000,
};
const MOST = 2147483647;

interface Usage {
  in_use: number;
  reserved: number;
}

/** Quotas of projects: what they may have, and what they have. Usage is counted from the rows, so it is never wrong. */
export class Quotas {
  readonly #cinder: Cinder;

  constructor(cinder: Cinder) {
    this.#cinder = cinder;
  }

  /** The names of all quotas with their defaults. */
  defaults(): Record<string, number> {
    const ofTypes = [...this.#cinder.types.values()].flatMap(({ name }) =>
      ["volumes", "gigabytes", "snapshots"].map((resource) => [`${resource}_${name}`, -1] as const),
    );
    return { ...DEFAULTS, ...Object.fromEntries(ofTypes), groups: 10 };
  }

  /** The limits of a project. */
  limits(projectId: string): Record<string, number> {
    const own = this.#cinder.quotas.get(projectId)?.limits ?? {};
    return Object.fromEntries(Object.entries(this.defaults()).map(([key, value]) => [key, own[key] ?? value]));
  }

  /** What a project has, by the names of the quotas. */
  usage(projectId: string): Record<string, Usage> {
    const usage: Record<string, Usage> = {};
    const add = (key: string, amount: number, reserved = 0) => {
      usage[key] ??= { in_use: 0, reserved: 0 };
      usage[key].in_use += amount;
      usage[key].reserved += reserved;
    };
    for (const key of Object.keys(DEFAULTS)) add(key, 0);
    for (const { typeId, size, growing } of this.#cinder.volumes.by("project", projectId)) {
      const type = this.#cinder.types.get(typeId)?.name ?? "";
      for (const suffix of ["", `_${type}`]) {
        add(`volumes${suffix}`, 1);
        add(`gigabytes${suffix}`, size, growing);
      }
    }
    for (const { typeId, size, temporary } of this.#cinder.snapshots.by("project", projectId)) {
      if (temporary) continue;
      const type = this.#cinder.types.get(typeId)?.name ?? "";
      for (const suffix of ["", `_${type}`]) {
        add(`snapshots${suffix}`, 1);
        add(`gigabytes${suffix}`, size);
      }
    }
    for (const { size } of this.#cinder.backups.by("project", projectId)) {
      add("backups", 1);
      add("backup_gigabytes", size);
    }
    return usage;
  }

  /** Throws 413 where one volume may not be so large. */
  checkSize(projectId: string, size: number): void {
    const limit = this.limits(projectId)["per_volume_gigabytes"] ?? -1;
    if (limit >= 0 && size > limit)
      throw overQuota(
        "VolumeSizeExceedsLimit",
        `Requested volume size ${size}G is larger than maximum allowed limit ${limit}G.`,
      );
  }

  /** Throws 413 where so much more is too much: `{volumes: 1, gigabytes: 5}`, also by the quotas of this type. */
  check(projectId: string, more: Readonly<Record<string, number>>, typeId?: string): void {
    this.#check(projectId, more, ["", ...this.#suffix(typeId)]);
  }

  /** Throws 413 where so much more of a type is too much: what a volume needs that gets another type. */
  checkType(projectId: string, more: Readonly<Record<string, number>>, typeId: string): void {
    this.#check(projectId, more, this.#suffix(typeId));
  }

  #suffix(typeId: string | undefined): string[] {
    const type = typeId === undefined ? undefined : this.#cinder.types.get(typeId);
    return type ? [`_${type.name}`] : [];
  }

  #check(projectId: string, more: Readonly<Record<string, number>>, suffixes: readonly string[]): void {
    const limits = this.limits(projectId);
    const limited = Object.entries(more)
      .flatMap(([key, amount]) => suffixes.map((suffix) => [key + suffix, amount] as const))
      .filter(([key]) => (limits[key] ?? -1) >= 0);
    if (limited.length === 0) return;
    const usage = this.usage(projectId);
    const [first] = limited
      .filter(([key, amount]) => consumed(usage[key]) + amount > limits[key]!)
      .map(([key]) => key)
      .sort();
    if (first !== undefined) throw overWords(first, limits[first] ?? 0, consumed(usage[first]), more);
  }
}

const consumed = (usage: Usage | undefined): number => (usage ? usage.in_use + usage.reserved : 0);

function overWords(name: string, limit: number, used: number, more: Readonly<Record<string, number>>) {
  if (name === "backup_gigabytes")
    return overQuota(
      "VolumeBackupSizeExceedsAvailableQuota",
      `Requested backup exceeds allowed Backup gigabytes quota. Requested ${more["backup_gigabytes"]}G, quota is ${limit}G and ${used}G has been consumed.`,
    );
  if (name.startsWith("gigabytes"))
    return overQuota(
      "VolumeSizeExceedsAvailableQuota",
      `Requested volume or snapshot exceeds allowed ${name} quota. Requested ${more["gigabytes"]}G, quota is ${limit}G and ${used}G has been consumed.`,
    );
  if (name.startsWith("volumes"))
    return overQuota(
      "VolumeLimitExceeded",
      `Maximum number of volumes allowed (${limit}) exceeded for quota '${name}'.`,
    );
  if (name.startsWith("snapshots"))
    return overQuota("SnapshotLimitExceeded", `Maximum number of snapshots allowed (${limit}) exceeded`);
  return overQuota("BackupLimitExceeded", `Maximum number of backups allowed (${limit}) exceeded`);
}

/** `/os-quota-sets` and `/limits`. */
export function quotaRoutes(cinder: Cinder, quotas: Quotas): Route[] {
  const target = (call: Call): string => call.params["target"] ?? "";
  const show = (call: Call) => {
    const id = target(call);
    authorize(call, "volume_extension:quotas:show", "reader", id);
    const limits = quotas.limits(id);
    if (!flag(call, "usage")) return { status: 200, body: { quota_set: { ...limits, id } } };
    const usage = quotas.usage(id);
    const entries = Object.entries(limits).map(([key, limit]) => [
      key,
      { limit, ...(usage[key] ?? { in_use: 0, reserved: 0 }) },
    ]);
    return { status: 200, body: { quota_set: { ...Object.fromEntries(entries), id } } };
  };
  const update = (call: Call) => {
    const id = target(call);
    const body = bodyOf(call, QUOTA_SET, "quota_set");
    const wanted = limitsOf(body, quotas.defaults());
    authorize(call, "volume_extension:quotas:update", "admin");
    const usage = quotas.usage(id);
    for (const [key, value] of Object.entries(wanted))
      if (key !== "per_volume_gigabytes" && value !== -1 && value < consumed(usage[key]))
        throw bad(
          `Quota ${key} limit must be equal or greater than existing resources. Current usage is ${consumed(usage[key])} and the requested limit is ${value}.`,
        );
    cinder.quotas.put({ id, limits: { ...cinder.quotas.get(id)?.limits, ...wanted } });
    return { status: 200, body: { quota_set: quotas.limits(id) } };
  };
  return [
    ...api("GET", "/os-quota-sets/{target}", show),
    ...api("GET", "/os-quota-sets/{target}/defaults", (call) => {
      authorize(call, "volume_extension:quotas:show", "reader", target(call));
      return { status: 200, body: { quota_set: { ...quotas.defaults(), id: target(call) } } };
    }),
    ...api("PUT", "/os-quota-sets/{target}", update),
    ...api("DELETE", "/os-quota-sets/{target}", (call) => {
      authorize(call, "volume_extension:quotas:delete", "admin");
      cinder.quotas.delete(target(call));
      return { status: 200 };
    }),
    ...api("GET", "/limits", (call) => ({ status: 200, body: { limits: absolute(call, quotas) } })),
  ];
}

/** The limits in a body. Throws 400 at unknown names and numbers that cannot be. */
function limitsOf(body: Json, known: Record<string, number>): Record<string, number> {
  const names = Object.keys(body).filter((key) => key !== "tenant_id" && key !== "id");
  const wrong = names.filter((key) => !Object.hasOwn(known, key));
  for (const key of names) {
    if (wrong.includes(key)) continue;
    const value = body[key];
    const number = typeof value === "string" && /^\s*-?\d+\s*$/.test(value) ? Number(value) : value;
    if (!Number.isInteger(number)) throw bad(`${key} must be an integer`);
    if (Number(number) < -1) throw bad(`${key} must be >= -1`);
    if (Number(number) > MOST) throw bad(`${key} must be <= ${MOST}`);
  }
  if (wrong.length > 0) throw invalidInput(`Bad key(s) in quota set: ${wrong.join(", ")}`);
  return Object.fromEntries(names.map((key) => [key, Number(body[key])]));
}

function absolute(call: Call, quotas: Quotas): Json {
  const asked = call.query.get("project_id") ?? call.query.get("tenant_id");
  const projectId = call.caller.roles.has("admin") && asked ? asked : call.caller.projectId;
  const limits = quotas.limits(projectId);
  const usage = quotas.usage(projectId);
  const used = (name: string): number => object(usage[name])["in_use"] as number;
  return {
    rate: [],
    absolute: {
      maxTotalVolumes: limits["volumes"],
      maxTotalSnapshots: limits["snapshots"],
      maxTotalVolumeGigabytes: limits["gigabytes"],
      maxTotalBackups: limits["backups"],
      maxTotalBackupGigabytes: limits["backup_gigabytes"],
      totalVolumesUsed: used("volumes"),
      totalGigabytesUsed: used("gigabytes"),
      totalSnapshotsUsed: used("snapshots"),
      totalBackupsUsed: used("backups"),
      totalBackupGigabytesUsed: used("backup_gigabytes"),
    },
  };
}
