/** Removing whatever a failed test left of a tenant, and bringing its nodes back to what the seed made. */
import { rmSync } from "node:fs";
import { admin, type Json, login, ROOT, type Session, type Tenant, until } from "./client.ts";
import { turnKnob } from "./knobs.ts";
import { COLLECTIONS, type Collection, describeLeftovers, leftovers, owned } from "./leftovers.ts";
import {
  getNode,
  ironic,
  NODES,
  nodesOf,
  type Patch,
  patchNode,
  provision,
  type SeedNode,
  vifs,
  waitProvision,
} from "./nodes.ts";

/** driver_info keys by which a test steers a node (see faults.ts). */
export const STEERING = /^(fault_|delay_|power_state$|console_url$|inspect_properties$|inventory$|vnc_)/;

/** Takes all faults, delays and forced states off a node. */
export async function clearNodeFaults(name: string): Promise<void> {
  const info = (await getNode(name))["driver_info"] as Json;
  const keys = Object.keys(info).filter((key) => STEERING.test(key));
  await patchNode(
    name,
    keys.map((key) => ({ op: "remove", path: `/driver_info/${key}` })),
  );
}

/** Takes every fault off the back ends (cinder.create_volume, neutron.bind and so on). */
export async function clearFileFaults(): Promise<void> {
  if (await turnKnob("DELETE", "faults")) return;
  rmSync(`${ROOT}/faults`, { recursive: true, force: true });
}

const BUSY =
  /^(deploying|deleting|cleaning|verifying|inspecting|rescuing|unrescuing|servicing|rebuilding|adopting|.* wait|wait call-back)$/;
const REST = ["available", "clean failed", "error", "manageable", "inspect failed", "enroll"];

/** One move towards available, from whatever state the node rests in. */
async function towardsAvailable(name: string, state: string): Promise<void> {
  const move = (target: string, ends: string[]) => provision(name, target, ends).then(() => undefined);
  if (/^(clean wait|inspect wait|service wait|rescue wait)$|hold$/.test(state)) await abort(name);
  else if (BUSY.test(state) && state !== "wait call-back") await waitUntilIdle(name);
  else if (state === "clean failed" || state === "inspect failed" || state === "enroll")
    await move("manage", ["manageable", "enroll"]);
  else if (state === "manageable") await move("provide", ["available", "clean failed"]);
  else await move("deleted", REST);
}

async function abort(name: string): Promise<void> {
  await ironic("PUT", `/nodes/${name}/states/provision`, { target: "abort" });
  await waitUntilIdle(name);
}

async function waitUntilIdle(name: string): Promise<void> {
  await until(
    `node ${name} is not busy`,
    async () => {
      const node = await getNode(name);
      return !BUSY.test(node["provision_state"] as string) && !node["reservation"];
    },
    120,
  );
}

/** Takes a node out of maintenance and back to available, whatever happened to it. Throws when that fails. */
export async function makeAvailable(name: string): Promise<void> {
  await clearNodeFaults(name);
  for (let moves = 0; ; moves++) {
    const node = await getNode(name);
    if (node["maintenance"]) await ironic("DELETE", `/nodes/${name}/maintenance`);
    if (node["provision_state"] === "available" && !node["reservation"]) return;
    if (moves > 6)
      throw new Error(`node ${name} does not get available: ${node["provision_state"]}, ${node["last_error"]}`);
    const fields = ["protected", "retired"].filter((field) => node[field]);
    await patchNode(
      name,
      fields.map((field) => ({ op: "replace", path: `/${field}`, value: false })),
    );
    await towardsAvailable(name, node["provision_state"] as string);
  }
}

/** Takes every volume target off a node, which must be powered off. */
async function removeTargets(node: string): Promise<void> {
  const { system } = await admin();
  for (const target of await system.list("ironic", `/volume/targets?node=${node}`, "targets"))
    await ironic("DELETE", `/volume/targets/${target["uuid"]}`);
}

/** Brings one of a tenant's nodes back to what the seed made of it. */
async function resetNode(seed: SeedNode): Promise<void> {
  const { system } = await admin();
  await makeAvailable(seed.name);
  const node = await getNode(seed.name);
  const query = `?node=${node["uuid"]}`;
  for (const vif of await vifs(seed.name)) await ironic("DELETE", `/nodes/${seed.name}/vifs/${vif["id"]}`);
  if (node["power_state"] !== "power off" && node["power_state"] !== null) {
    await ironic("PUT", `/nodes/${seed.name}/states/power`, { target: "power off" });
    await until(`node ${seed.name} is off`, async () => (await getNode(seed.name))["power_state"] === "power off", 30);
  }
  await removeTargets(String(node["uuid"]));
  const have = await system.list("ironic", `/volume/connectors${query}`, "connectors");
  for (const connector of have)
    if (!Object.values(seed.connectors).includes(connector["connector_id"] as string))
      await ironic("DELETE", `/volume/connectors/${connector["uuid"]}`);
  for (const [type, connector_id] of Object.entries(seed.connectors))
    if (!have.some((connector) => connector["connector_id"] === connector_id))
      await ironic("POST", "/volume/connectors", { node_uuid: node["uuid"], type, connector_id });
  for (const group of await system.list("ironic", `/portgroups${query}`, "portgroups"))
    await ironic("DELETE", `/portgroups/${group["uuid"]}`);
  if (node["console_enabled"]) await ironic("PUT", `/nodes/${seed.name}/states/console`, { enabled: false });
  await ironic("PUT", `/nodes/${seed.name}/traits`, { traits: seed.traits });
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  const wanted: Record<string, unknown> = {
    extra: { rack: seed.rack },
    instance_info: {},
    resource_class: seed.resourceClass,
    properties: { ...(node["properties"] as Json), ...seed.properties },
  };
  const patch: Patch[] = Object.entries(wanted)
    .filter(([field, value]) => !same(node[field], value))
    .map(([field, value]) => ({ op: "replace", path: `/${field}`, value }));
  // an allocation's instance_uuid goes with the allocation
  if (node["instance_uuid"] && !node["allocation_uuid"]) patch.push({ op: "remove", path: "/instance_uuid" });
  if (node["description"]) patch.push({ op: "remove", path: "/description" });
  await patchNode(seed.name, patch);
}

/** Refusals that mean "already gone" (404) or "not yet" (400, 409), to be asked again. */
async function remove(session: Session, collection: Collection, id: string, projectId: string): Promise<void> {
  const path = collection.item.replace("ID", id).replace("PROJECT", projectId);
  if (collection.service === "cinder") await loosen(session, collection.kind, id);
  const reply = await session.raw(collection.service, "DELETE", path);
  if (reply.status >= 400 && ![400, 404, 409].includes(reply.status))
    throw new Error(`DELETE ${collection.service}${path} -> ${reply.status} ${reply.text.slice(0, 300)}`);
}

/** Makes a volume, snapshot or backup deletable, in whatever state a fault left it. */
async function loosen(session: Session, kind: string, id: string): Promise<void> {
  const status = kind === "volume" ? { status: "error", attach_status: "detached" } : { status: "error" };
  const items = `${kind}s`;
  if (kind !== "attachment")
    await session.raw("cinder", "POST", `/${items}/${id}/action`, { "os-reset_status": status });
}

/** Takes routers' routes, gateways and interfaces away, so that they and their networks can go. */
async function unplugRouter(session: Session, id: string): Promise<void> {
  await session.raw("neutron", "PUT", `/routers/${id}`, { router: { routes: [], external_gateway_info: null } });
  for (const port of await session.list("neutron", `/ports?device_id=${id}`, "ports"))
    await session.raw("neutron", "PUT", `/routers/${id}/remove_router_interface`, { port_id: port["id"] });
}

/** Whether a server is on the node: not where Nova dropped the server and could not give the node back, which only an operator can. */
export async function hasServer({ instance_uuid: id }: Json): Promise<boolean> {
  if (!id) return false;
  const { project } = await admin();
  return (await project.raw("nova", "GET", `/servers/${id}`)).status !== 404;
}

/** Machines of nova that a failed test left unusable (failed cleaning, a fault, maintenance) and that nobody has. */
async function healNovaNodes(): Promise<void> {
  for (const seed of NODES.filter((node) => !node.owner && !node.lessee)) {
    await clearNodeFaults(seed.name);
    const node = await getNode(seed.name);
    if (node["maintenance"]) await ironic("DELETE", `/nodes/${seed.name}/maintenance`);
    if (await hasServer(node)) continue;
    if (node["power_state"] === "power off") await removeTargets(seed.name);
    if (node["provision_state"] !== "available") await makeAvailable(seed.name);
  }
}

/**
 * Removes everything that a test left of a tenant, faults included, and brings its nodes back to available; nodes of nova that
 * nobody has are healed too. Tests call it before they start. Throws with the list when something does not go away in two minutes.
 */
export async function resetTenant(project: Tenant): Promise<void> {
  await clearFileFaults();
  const { project: everything, system } = await admin();
  const { projectId, userId } = await login(project);
  for (const server of await owned(project, projectId, COLLECTIONS.find(({ kind }) => kind === "server")!)) {
    await everything.raw("nova", "POST", `/servers/${server["id"]}/action`, { unlock: null });
    await everything.raw("nova", "DELETE", `/servers/${server["id"]}`);
  }
  await Promise.all(nodesOf(project).map(resetNode));
  await healNovaNodes();
  await until(
    `everything of ${project} is deleted`,
    async () => {
      let left = 0;
      for (const collection of COLLECTIONS) {
        const session = collection.service === "ironic" ? system : everything;
        for (const item of await owned(project, projectId, collection)) {
          left++;
          const id = String(item["id"] ?? item["uuid"]);
          if (collection.kind === "router") await unplugRouter(session, id);
          if (collection.kind === "port" && String(item["device_owner"]).startsWith("network:")) continue;
          await remove(session, collection, id, projectId);
        }
      }
      for (const item of await leftovers(project)) {
        if (item.kind === "keypair")
          await everything.raw("nova", "DELETE", `/os-keypairs/${item.id}?user_id=${userId}`);
        if (item.kind === "application credential") {
          const own = await login(project);
          await own.raw("keystone", "DELETE", `/users/${userId}/application_credentials/${item.id}`);
        }
        left++;
      }
      return left === 0;
    },
    120,
    1,
  ).catch(async (error: unknown) => {
    throw new Error(`${String(error)}\n${describeLeftovers(await leftovers(project))}`);
  });
  for (const seed of nodesOf(project)) await waitProvision(seed.name, ["available"]);
}
