/** What a tenant still has: the proof that destroying leaves nothing. */
import { admin, answers, type Json, login, RELEASE, type Service, type Session, type Tenant } from "./client.ts";
import { getNode, nodesOf, vifs } from "./nodes.ts";

/** One thing that belongs to a tenant and is not of the seed. */
export interface Leftover {
  /** What it is, for example "port", "volume", "vif on alpha-0". */
  kind: string;
  id: string;
  name: string;
  /** Its state or whatever tells more; "" when there is nothing. */
  detail: string;
}

/** A list of some service; `PROJECT` in the path becomes the tenant's project id. */
export interface Collection {
  kind: string;
  service: Service;
  path: string;
  /** Name of the list in the answer. */
  list: string;
  /** Path of one item, for deleting; PROJECT as above, ID is the item's id. */
  item: string;
}

const NEUTRON: [string, string][] = [
  ["floating ip", "floatingips"],
  ["vpn connection", "vpn/ipsec-site-connections"],
  ["vpn service", "vpn/vpnservices"],
  ["vpn endpoint group", "vpn/endpoint-groups"],
  ["ike policy", "vpn/ikepolicies"],
  ["ipsec policy", "vpn/ipsecpolicies"],
  ["firewall group", "fwaas/firewall_groups"],
  ["firewall policy", "fwaas/firewall_policies"],
  ["firewall rule", "fwaas/firewall_rules"],
  ["trunk", "trunks"],
  ["router", "routers"],
  ["port", "ports"],
  ["network", "networks"],
  ["subnet", "subnets"],
  ["subnet pool", "subnetpools"],
  ["security group", "security-groups"],
  ["address group", "address-groups"],
  ["qos policy", "qos/policies"],
  ["rbac policy", "rbac-policies"],
];

/** What the oldest release has no service for. */
const NEWER = ["runbook", "firewall group", "firewall policy", "firewall rule"];

const ALL: Collection[] = [
  {
    kind: "load balancer",
    service: "octavia",
    path: "/lbaas/loadbalancers?project_id=PROJECT",
    list: "loadbalancers",
    item: "/lbaas/loadbalancers/ID?cascade=true",
  },
  {
    kind: "server",
    service: "nova",
    path: "/servers/detail?all_tenants=1&project_id=PROJECT",
    list: "servers",
    item: "/servers/ID",
  },
  {
    kind: "server group",
    service: "nova",
    path: "/os-server-groups?all_projects=True",
    list: "server_groups",
    item: "/os-server-groups/ID",
  },
  {
    kind: "allocation",
    service: "ironic",
    path: "/allocations?owner=PROJECT",
    list: "allocations",
    item: "/allocations/ID",
  },
  { kind: "runbook", service: "ironic", path: "/runbooks?detail=true", list: "runbooks", item: "/runbooks/ID" },
  {
    kind: "backup",
    service: "cinder",
    path: "/backups/detail?all_tenants=1&project_id=PROJECT",
    list: "backups",
    item: "/backups/ID",
  },
  {
    kind: "snapshot",
    service: "cinder",
    path: "/snapshots/detail?all_tenants=1&project_id=PROJECT",
    list: "snapshots",
    item: "/snapshots/ID",
  },
  {
    kind: "attachment",
    service: "cinder",
    path: "/attachments?all_tenants=1&project_id=PROJECT",
    list: "attachments",
    item: "/attachments/ID",
  },
  {
    kind: "volume",
    service: "cinder",
    path: "/volumes/detail?all_tenants=1&project_id=PROJECT",
    list: "volumes",
    item: "/volumes/ID",
  },
  ...NEUTRON.map(([kind, path]): Collection => {
    const list = (path.split("/").at(-1) as string).replaceAll("-", "_");
    return { kind, service: "neutron", path: `/${path}?project_id=PROJECT`, list, item: `/${path}/ID` };
  }),
  { kind: "image", service: "glance", path: "/images?owner=PROJECT", list: "images", item: "/images/ID" },
];

/** Everything a tenant can own, in the order in which it can be deleted. */
export const COLLECTIONS = ALL.filter(({ kind }) => RELEASE !== "zed" || !NEWER.includes(kind));

/** Whether an item came with the project: its provisioning network, and what neutron gives every project by itself. */
function seeded(project: Tenant, kind: string, item: Json): boolean {
  const name = String(item["name"] ?? "");
  if (kind === "network" || kind === "subnet") return name === `${project}-provision-net`;
  if (kind === "security group") return name === "default";
  return kind.startsWith("firewall") && name.startsWith("default");
}

/** The tenant's items of one collection; empty when the optional octavia does not run. */
export async function owned(project: Tenant, projectId: string, collection: Collection): Promise<Json[]> {
  if (collection.service === "octavia" && !(await answers("octavia"))) return [];
  const { system, project: everything } = await admin();
  const session = collection.service === "ironic" ? system : everything;
  const items = await session.list(collection.service, collection.path.replace("PROJECT", projectId), collection.list);
  return items.filter((item) => {
    const owner = item["project_id"] ?? item["tenant_id"] ?? item["owner"];
    return (owner === undefined || owner === null || owner === projectId) && !seeded(project, collection.kind, item);
  });
}

/** What the seed does not explain on one of the tenant's nodes. */
async function nodeLeftovers(system: Session, seed: ReturnType<typeof nodesOf>[number]): Promise<Leftover[]> {
  const node = await getNode(seed.name);
  const found: Leftover[] = [];
  const add = (kind: string, id: unknown, detail: unknown = "") =>
    found.push({ kind: `${kind} on ${seed.name}`, id: String(id), name: seed.name, detail: String(detail) });
  if (node["provision_state"] !== "available") add("deployment", node["uuid"], node["provision_state"]);
  if (node["instance_uuid"]) add("instance_uuid", node["instance_uuid"]);
  if (node["maintenance"]) add("maintenance", node["uuid"], node["maintenance_reason"]);
  const info = Object.keys(node["instance_info"] as Json);
  if (info.length > 0) add("instance_info", node["uuid"], info);
  const extra = Object.keys(node["extra"] as Json).filter((key) => key !== "rack");
  if (extra.length > 0) add("extra", node["uuid"], extra);
  const query = `?node=${node["uuid"]}`;
  for (const vif of await vifs(seed.name)) add("vif", vif["id"]);
  for (const target of await system.list("ironic", `/volume/targets${query}`, "targets"))
    add("volume target", target["uuid"], target["volume_id"]);
  const known = Object.values(seed.connectors);
  for (const connector of await system.list("ironic", `/volume/connectors${query}`, "connectors"))
    if (!known.includes(connector["connector_id"] as string))
      add("volume connector", connector["uuid"], connector["connector_id"]);
  for (const group of await system.list("ironic", `/portgroups${query}`, "portgroups")) add("portgroup", group["uuid"]);
  return found;
}

/** Lists everything that a tenant has beyond the seed, on every service. Empty after a clean destroy. */
export async function leftovers(project: Tenant): Promise<Leftover[]> {
  const { system, project: everything } = await admin();
  const { projectId, userId } = await login(project);
  const found: Leftover[] = [];
  for (const collection of COLLECTIONS) {
    for (const item of await owned(project, projectId, collection))
      found.push({
        kind: collection.kind,
        id: String(item["id"] ?? item["uuid"]),
        name: String(item["name"] ?? item["display_name"] ?? ""),
        detail: String(item["status"] ?? item["state"] ?? ""),
      });
  }
  for (const { keypair } of (await everything.list("nova", `/os-keypairs?user_id=${userId}`, "keypairs")) as {
    keypair: Json;
  }[])
    found.push({ kind: "keypair", id: String(keypair["name"]), name: String(keypair["name"]), detail: "" });
  const credentials = `/users/${userId}/application_credentials`;
  for (const item of await system.list("keystone", credentials, "application_credentials"))
    found.push({ kind: "application credential", id: String(item["id"]), name: String(item["name"]), detail: "" });
  for (const seed of nodesOf(project)) found.push(...(await nodeLeftovers(system, seed)));
  return found;
}

/** The leftovers as lines of text, for a failing test's message. */
export function describeLeftovers(found: Leftover[]): string {
  return found
    .map(({ kind, id, name, detail }) => `${kind} ${id}${name ? ` "${name}"` : ""}${detail ? ` (${detail})` : ""}`)
    .join("\n");
}
