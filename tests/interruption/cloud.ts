/** What a cloud holds of a tenant, and what was done in it: the judge of the interruption tests. */
import { leftovers, login, type Tenant } from "../cloud/admin.ts";
import type { Exchange } from "./proxy.ts";

/** How many things of a kind a tenant has, the seed's left out. */
export async function countOf(tenant: Tenant): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of await leftovers(tenant)) {
    // The parts of one deployed machine have other names on each node.
    const plain = kind.replace(/ on .*/, "");
    counts[plain] = (counts[plain] ?? 0) + 1;
  }
  // Cinder lists a project's attachments to that project alone.
  const attachments = await (await login(tenant)).list("cinder", "/attachments", "attachments");
  if (attachments.length > 0) counts["attachment"] = attachments.length;
  return counts;
}

/** What a provider did to machines and their things. */
export interface Deeds {
  /** How often it asked for what wipes or installs a machine, or deleted a machine or a volume; each of them once. */
  readonly wipes: Readonly<Record<string, number>>;
  /** Kinds of all requests that take something away, or switch a machine. */
  readonly taking: readonly string[];
}

const WIPES =
  /^DELETE nova \/v2.1\/servers\/{id}$|^DELETE cinder .*\/volumes\/{id}$|\/states\/provision |\/action rebuild$/;
const TAKING = /^DELETE |\/states\/power |\/action (os-stop|os-start|reboot|os-terminate_connection|os-detach)$/;

/** Finds the deeds among what a proxy let through. */
export function deedsIn(log: readonly Exchange[]): Deeds {
  const wipes: Record<string, number> = {};
  const taking = new Set<string>();
  const deleted = new Set<string>();
  for (const { status, method, path, kind } of log) {
    if (status === 0 || status >= 400) continue;
    // One thing may be asked to go twice: by the killed run, and by the next while it is going.
    const again = method === "DELETE" && deleted.has(path);
    if (method === "DELETE") deleted.add(path);
    if (WIPES.test(kind) && !again) wipes[kind] = (wipes[kind] ?? 0) + 1;
    else if (TAKING.test(kind)) taking.add(kind);
  }
  return { wipes, taking: [...taking].sort() };
}

/** What these deeds have that those have not, or more often; "" where nothing. */
export function beyond(deeds: Deeds, asked: Deeds): string {
  return [
    ...Object.entries(deeds.wipes)
      .filter(([kind, count]) => count > (asked.wipes[kind] ?? 0))
      .map(([kind, count]) => `${kind}: ${count} × instead of ${asked.wipes[kind] ?? 0} ×`),
    ...deeds.taking.filter((kind) => !asked.taking.includes(kind)),
  ].join("\n");
}

/** The machines of a tenant by id, whichever the route. */
export async function machinesOf(tenant: Tenant): Promise<string[]> {
  const session = await login(tenant);
  const servers = await session.list("nova", "/servers", "servers");
  const allocations = await session.list("ironic", "/allocations", "allocations");
  return [...servers.map(({ id }) => String(id)), ...allocations.map(({ uuid }) => String(uuid))];
}
