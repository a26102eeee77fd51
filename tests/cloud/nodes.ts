/** The seeded bare-metal nodes, as nodes.json tells seed.py to make them, and administrator's moves on them. */
import { readFileSync } from "node:fs";
import { admin, CloudError, type Json, type Tenant, until } from "./client.ts";

/** A node of the seed. */
export interface SeedNode {
  name: string;
  resourceClass: string;
  owner: Tenant | null;
  lessee: Tenant | null;
  properties: { cpus: number; memory_mb: number; local_gb: number; cpu_arch: string; capabilities: string };
  traits: string[];
  rack: string;
  connectors: { iqn: string; ip: string };
  ports: { address: string; switch_id: string; port_id: string; switch_info: string }[];
}

/** All seeded nodes: bm-0..5 for nova, alpha-0..2 owned by alpha, beta-0..2 leased to beta. */
export const NODES = JSON.parse(readFileSync(new URL("./nodes.json", import.meta.url), "utf8")) as SeedNode[];

/** The nodes that a tenant owns or leases. */
export function nodesOf(project: Tenant): SeedNode[] {
  return NODES.filter((node) => node.owner === project || node.lessee === project);
}

/** A change of a node, as JSON patch. */
export interface Patch {
  op: "add" | "replace" | "remove";
  path: string;
  value?: unknown;
}

/** The node as the administrator sees it. */
export async function getNode(name: string): Promise<Json> {
  return (await admin()).system.call("ironic", "GET", `/nodes/${name}`);
}

/** Ironic as administrator; waits up to 60 s while the node is locked (409) or the conductor is coming back (503, 500). */
export async function ironic(method: string, path: string, body?: unknown): Promise<Json> {
  const { system } = await admin();
  const reply = await until(
    `Ironic takes ${method} ${path}`,
    async () => {
      const got = await system.raw("ironic", method, path, body);
      const noConductor = got.status === 503 || got.text.includes("Unable to establish connection");
      return noConductor || (got.status === 409 && /locked|state transition is in progress/.test(got.text))
        ? false
        : got;
    },
    60,
    0.5,
  );
  if (reply.status >= 400) throw new CloudError(`admin: ${method} ${path}`, reply);
  return reply.body;
}

/** Changes a node as administrator; nothing is sent when there is nothing to change. */
export async function patchNode(name: string, patch: Patch[]): Promise<void> {
  if (patch.length > 0) await ironic("PATCH", `/nodes/${name}`, patch);
}

/** The VIFs of a node. Unlike other reads this one asks the conductor. */
export async function vifs(name: string): Promise<Json[]> {
  return (await ironic("GET", `/nodes/${name}/vifs`))["vifs"] as Json[];
}

/** Asks for a provision state and waits until the node stops in one of `ends`; returns the node. */
export async function provision(name: string, target: string, ends: string[], seconds = 90): Promise<Json> {
  await ironic("PUT", `/nodes/${name}/states/provision`, { target });
  return waitProvision(name, ends, seconds);
}

/** Waits until the node is in one of the provision states and nobody works on it. */
export async function waitProvision(name: string, ends: string[], seconds = 90): Promise<Json> {
  return until(
    `node ${name} is ${ends.join(" or ")}`,
    async () => {
      const node = await getNode(name);
      return ends.includes(node["provision_state"] as string) && !node["reservation"] && node;
    },
    seconds,
  );
}

/** On how many nodes of a class Nova's records would let a server be placed. */
async function candidates(resourceClass: string): Promise<number> {
  const resource = `CUSTOM_${resourceClass.toUpperCase().replace(/[^A-Z0-9]/g, "_")}`;
  const { project } = await admin();
  const path = `/allocation_candidates?resources=${resource}:1`;
  return (await project.list("placement", path, "allocation_requests")).length;
}

/** Waits until Nova would place a server on so many nodes of a class: it looks at Ironic once a minute at the latest. */
export async function waitPlaceable(resourceClass: string, count: number, seconds = 120): Promise<void> {
  await until(
    `Nova can place on ${count} nodes of class ${resourceClass}`,
    async () => {
      const { project } = await admin();
      const computes = await project.list("nova", "/os-services?binary=nova-compute", "services");
      if (computes.some(({ host, state }) => String(host).includes("ironic") && state !== "up")) return false;
      return (await candidates(resourceClass)) >= count;
    },
    seconds,
  );
}

/** Waits until Nova knows that no node of a class can be had; before, it would try one of them. */
export async function waitFull(resourceClass: string, seconds = 120): Promise<void> {
  await until(
    `Nova knows of no free node of class ${resourceClass}`,
    async () => (await candidates(resourceClass)) === 0,
    seconds,
  );
}
