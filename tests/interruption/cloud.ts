/** What the embedded cloud holds of a tenant, and what was done in it: the judge of the interruption tests. */
import type { Entry } from "../../provider/sandbox/index.ts";
import { leftovers, login, type Tenant } from "../cloud/admin.ts";

/** How many things of a kind a tenant has, the seed's left out. */
export async function countOf(tenant: Tenant): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of await leftovers(tenant)) {
    // The parts of one deployed machine have other names on each node.
    const plain = kind.replace(/ on .*/, "");
    counts[plain] = (counts[plain] ?? 0) + 1;
  }
  return counts;
}

/** Requests that take a machine or what is on its disk away. */
export async function destructive(): Promise<string[]> {
  const reply = await fetch(`${process.env["SANDBOX_URL"]}/sandbox/journal`);
  const { entries } = (await reply.json()) as { entries: Entry[] };
  return entries
    .filter((entry) => entry.agent === "pulumi-baremetal" && entry.status < 400)
    .filter(({ service, method, path, body }) => {
      const { target, rebuild } = (body ?? {}) as { target?: string; rebuild?: unknown };
      if (service === "ironic") return /states\/provision$/.test(path) && ["deleted", "rebuild"].includes(target ?? "");
      if (service === "nova")
        return (method === "DELETE" && /^\/v2\.1\/servers\/[^/]+$/.test(path)) || rebuild !== undefined;
      return service === "cinder" && method === "DELETE" && /\/volumes\/[^/]+$/.test(path);
    })
    .map(({ method, service, path }) => `${method} ${service}${path}`);
}

/** Forgets what was done so far. */
export async function forget(): Promise<void> {
  await fetch(`${process.env["SANDBOX_URL"]}/sandbox/journal`, { method: "DELETE" });
}

/** The machines of a tenant by id, whichever the route. */
export async function machinesOf(tenant: Tenant): Promise<string[]> {
  const session = await login(tenant);
  const servers = await session.list("nova", "/servers", "servers");
  const allocations = await session.list("ironic", "/allocations", "allocations");
  return [...servers.map(({ id }) => String(id)), ...allocations.map(({ uuid }) => String(uuid))];
}
