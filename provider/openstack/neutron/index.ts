import { isStatus } from "../api-error.ts";
import type { Cloud, Relation } from "../cloud.ts";
import { related } from "../refresh.ts";

/** A network, as far as it is used here. What the credential may not see is absent. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly project_id: string;
  readonly created_at?: string;
  readonly revision_number?: number;
  /** `ACTIVE`, `DOWN`, `BUILD` or `ERROR`. */
  readonly status?: string;
  readonly admin_state_up?: boolean;
  /** Whether the credential's own project, or every project, has it by sharing. */
  readonly shared: boolean;
  readonly "router:external"?: boolean;
  /** Bytes; absent without the extension net-mtu. */
  readonly mtu?: number;
  readonly dns_domain?: string;
  readonly port_security_enabled?: boolean;
  readonly "provider:network_type"?: string | null;
  readonly "provider:segmentation_id"?: number | null;
  readonly "provider:physical_network"?: string | null;
  /** In the place of the three above where the network has several segments. */
  readonly segments?: readonly Segment[];
}

/** One segment of a network; administrators see it. */
export interface Segment {
  readonly "provider:network_type"?: string | null;
  readonly "provider:segmentation_id"?: number | null;
  readonly "provider:physical_network"?: string | null;
}

/** A subnet. */
export interface Subnet {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly network_id: string;
  readonly cidr: string;
  readonly ip_version: 4 | 6;
  readonly gateway_ip: string | null;
  readonly enable_dhcp: boolean;
  readonly allocation_pools: readonly { readonly start: string; readonly end: string }[];
  readonly dns_nameservers: readonly string[];
  readonly host_routes: readonly { readonly destination: string; readonly nexthop: string }[];
  readonly ipv6_address_mode?: string | null;
  readonly ipv6_ra_mode?: string | null;
}

/** A router. */
export interface Router {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly status?: string;
  readonly external_gateway_info: {
    readonly network_id: string;
    readonly external_fixed_ips?: readonly { readonly ip_address: string; readonly subnet_id?: string }[];
  } | null;
}

/** A port: what stands on a network. */
export interface Port {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly network_id: string;
  readonly project_id: string;
  /** `compute:nova`, `baremetal:none`, `network:router_interface`; empty where nobody uses it. */
  readonly device_owner: string;
  readonly device_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
  readonly security_groups: readonly string[];
  readonly status: string;
  /** Left out where this credential may not see it. */
  readonly "binding:vif_type"?: string;
}

/** An entry of role-based access control: lets another project use a network. */
export interface RbacPolicy {
  readonly id: string;
  readonly project_id: string;
  readonly action: string;
  readonly object_id: string;
  /** A project's id, or `*` for everybody. */
  readonly target_tenant: string;
}

/** Attributes to write; only those named are changed. */
export type Changes = Readonly<Record<string, unknown>>;

const neutron = (cloud: Cloud) => cloud.service("network");

const PORT_FIELDS = [
  ...["id", "name", "description", "network_id", "project_id", "device_owner", "device_id", "mac_address"],
  ...["fixed_ips", "security_groups", "status", "binding:vif_type"],
];

/** The revision that a write must meet, as `If-Match`; without the extension nothing is checked. */
const ifMatch = (revision: number | undefined) =>
  revision === undefined ? {} : { headers: { "If-Match": `revision_number=${revision}` } };

const extensions = new WeakMap<Cloud, Promise<ReadonlySet<string>>>();

/** The aliases of the extensions that this cloud's Neutron has. Asked once. `GET /v2.0/extensions` */
export function extensionsOf(cloud: Cloud): Promise<ReadonlySet<string>> {
  let known = extensions.get(cloud);
  if (!known) {
    known = neutron(cloud)
      .list<{ alias: string }>("/extensions", "extensions")
      .then((list) => new Set(list.map((one) => one.alias)));
    known.catch(() => extensions.delete(cloud));
    extensions.set(cloud, known);
  }
  return known;
}

/** A network; undefined where there is none that this credential sees. `GET /v2.0/networks/{id}` */
export async function findNetwork(cloud: Cloud, id: string): Promise<Network | undefined> {
  const one = async () =>
    (await neutron(cloud).find<{ network: Network }>(`/networks/${encodeURIComponent(id)}`))?.network;
  const networks: Relation<Network> = {
    name: "networks",
    list: "networks",
    of: async () => [(await one()) ?? []].flat(),
    all: async () =>
      neutron(cloud).list<Network>("/networks", "networks", {
        query: { project_id: (await cloud.principal()).projectId },
      }),
    keyOf: (network) => network.id,
    prove: true,
  };
  return (await related(cloud, networks, id))[0];
}

/**
 * A relation of what stands on networks and routers. It may be another project's, so no filter by project holds, and to an
 * administrator the list would be the whole cloud's: he asks for each network.
 */
const standing = <T>(
  cloud: Cloud,
  kind: { readonly path: string; readonly key: string; readonly fields?: readonly string[]; readonly by: keyof T },
): Relation<T> => {
  const list = (filter: Readonly<Record<string, string>>) =>
    neutron(cloud).list<T>(kind.path, kind.key, { query: { ...filter, fields: kind.fields } });
  return {
    name: `${kind.key} by ${String(kind.by)}`,
    list: kind.key,
    of: (key) => list({ [kind.by]: key }),
    all: async () => ((await cloud.principal()).roles.includes("admin") ? undefined : list({})),
    keyOf: (one) => String(one[kind.by]),
  };
};

/** The networks of a project, with no more than id, name, description and time of creation. `GET /v2.0/networks` */
export const listOwnNetworks = (cloud: Cloud, projectId: string) =>
  neutron(cloud).list<Pick<Network, "id" | "name" | "description" | "created_at">>("/networks", "networks", {
    query: { project_id: projectId, fields: ["id", "name", "description", "created_at"] },
  });

/** Whether the collection of networks can be read at all: one network of the project. */
export const proveNetworksReadable = async (cloud: Cloud, projectId: string): Promise<void> => {
  await neutron(cloud).get("/networks", { query: { project_id: projectId, limit: 1, fields: "id" } });
};

/** External networks of this name or id. `GET /v2.0/networks?router:external=true` */
export async function findExternalNetworks(
  cloud: Cloud,
  nameOrId: string,
): Promise<readonly Pick<Network, "id" | "name">[]> {
  const query = { "router:external": true, fields: ["id", "name"] };
  const list = (filter: { id?: string; name?: string }) =>
    neutron(cloud).list<Pick<Network, "id" | "name">>("/networks", "networks", { query: { ...query, ...filter } });
  const by = (key: "id" | "name") =>
    related(
      cloud,
      {
        name: `external networks by ${key}`,
        list: "external networks",
        of: (value) => list({ [key]: value }),
        all: () => list({}),
        keyOf: (network) => network[key],
      },
      nameOrId,
    );
  const byId = await by("id");
  return byId.length ? byId : by("name");
}

/** Makes a network. `POST /v2.0/networks` */
export const createNetwork = async (cloud: Cloud, network: Changes): Promise<Network> =>
  (await neutron(cloud).post<{ network: Network }>("/networks", { network })).network;

/**
 * Changes a network. With a revision nothing is written where somebody else wrote since: answers false then.
 * `PUT /v2.0/networks/{id}`
 */
export async function updateNetwork(cloud: Cloud, id: string, changes: Changes, revision?: number): Promise<boolean> {
  const guarded = revision !== undefined && (await extensionsOf(cloud)).has("revision-if-match");
  try {
    await neutron(cloud).put(`/networks/${id}`, { network: changes }, ifMatch(guarded ? revision : undefined));
    return true;
  } catch (error) {
    if (guarded && isStatus(error, 412)) return false;
    throw error;
  }
}

/** Deletes a network. `DELETE /v2.0/networks/{id}` */
export const deleteNetwork = (cloud: Cloud, id: string) => neutron(cloud).remove(`/networks/${id}`);

/** The subnets of a network. `GET /v2.0/subnets` */
export const listSubnets = (cloud: Cloud, networkId: string) =>
  related(cloud, standing<Subnet>(cloud, { path: "/subnets", key: "subnets", by: "network_id" }), networkId);

/** Makes a subnet. `POST /v2.0/subnets` */
export const createSubnet = async (cloud: Cloud, subnet: Changes): Promise<Subnet> =>
  (await neutron(cloud).post<{ subnet: Subnet }>("/subnets", { subnet })).subnet;

/** Changes a subnet. `PUT /v2.0/subnets/{id}` */
export const updateSubnet = (cloud: Cloud, id: string, changes: Changes) =>
  neutron(cloud).put(`/subnets/${id}`, { subnet: changes });

/** Deletes a subnet. `DELETE /v2.0/subnets/{id}` */
export const deleteSubnet = (cloud: Cloud, id: string) => neutron(cloud).remove(`/subnets/${id}`);

const portsBy = (cloud: Cloud, by: keyof Port) =>
  standing<Port>(cloud, { path: "/ports", key: "ports", fields: PORT_FIELDS, by });

/** The ports on a network. Its owner sees those of other projects too. `GET /v2.0/ports` */
export const listPortsOn = (cloud: Cloud, networkId: string) => related(cloud, portsBy(cloud, "network_id"), networkId);

/** The ports of a router, server or node. `GET /v2.0/ports?device_id=` */
export const listPortsOf = (cloud: Cloud, deviceId: string) => related(cloud, portsBy(cloud, "device_id"), deviceId);

/** A port; undefined where there is none that this credential sees. `GET /v2.0/ports/{id}` */
export const findPort = async (cloud: Cloud, id: string): Promise<Port | undefined> => {
  const one = async () => [(await neutron(cloud).find<{ port: Port }>(`/ports/${id}`))?.port ?? []].flat();
  return (await related(cloud, { ...portsBy(cloud, "id"), of: one, prove: true }, id))[0];
};

/** A project's ports that are described so, each exactly. `keyOf` tells the one key of such a description. */
export const listPortsDescribed = async (
  cloud: Cloud,
  key: string,
  describe: (key: string) => readonly string[],
  keyOf: (description: string) => string | undefined,
): Promise<readonly Port[]> => {
  const { projectId, roles } = await cloud.principal();
  const list = (description?: readonly string[]) =>
    neutron(cloud).list<Port>("/ports", "ports", {
      query: { project_id: projectId, description, fields: PORT_FIELDS },
    });
  const relation: Relation<Port> = {
    ...portsBy(cloud, "description"),
    of: (wanted) => list(describe(wanted)),
    // On a network of ours may stand another project's port, whatever it says of itself.
    keyOf: (port) => (port.project_id === projectId ? keyOf(port.description) : undefined),
    // An administrator's list of everything would be the whole cloud's.
    ...(roles.includes("admin") && { list: "ports of the project", all: () => list() }),
  };
  return related(cloud, relation, key);
};

/** The routers of a project; none where the cloud has no routers. `GET /v2.0/routers` */
export async function listRouters(cloud: Cloud, projectId: string): Promise<readonly Router[]> {
  if (!(await extensionsOf(cloud)).has("router")) return [];
  const fields = ["id", "name", "description", "status", "external_gateway_info"];
  const list = () => neutron(cloud).list<Router>("/routers", "routers", { query: { project_id: projectId, fields } });
  const keyOf = () => projectId;
  return related(cloud, { name: "routers", list: "routers", of: list, all: list, keyOf }, projectId);
}

/** Makes a router. `POST /v2.0/routers` */
export const createRouter = async (cloud: Cloud, router: Changes): Promise<Router> =>
  (await neutron(cloud).post<{ router: Router }>("/routers", { router })).router;

/** Changes a router. `PUT /v2.0/routers/{id}` */
export const updateRouter = (cloud: Cloud, id: string, changes: Changes) =>
  neutron(cloud).put(`/routers/${id}`, { router: changes });

/** Deletes a router. `DELETE /v2.0/routers/{id}` */
export const deleteRouter = (cloud: Cloud, id: string) => neutron(cloud).remove(`/routers/${id}`);

/** Connects a subnet to a router. `PUT /v2.0/routers/{id}/add_router_interface` */
export const addRouterInterface = (cloud: Cloud, routerId: string, subnetId: string) =>
  neutron(cloud).put(`/routers/${routerId}/add_router_interface`, { subnet_id: subnetId });

/** Disconnects a subnet from a router; one that is not connected is success. `PUT /v2.0/routers/{id}/remove_router_interface` */
export const removeRouterInterface = (cloud: Cloud, routerId: string, subnetId: string) =>
  neutron(cloud).request("PUT", `/routers/${routerId}/remove_router_interface`, {
    body: { subnet_id: subnetId },
    accept: [404],
  });

/** Who else may use a network, as far as this credential sees it. `GET /v2.0/rbac-policies` */
export async function listNetworkSharing(cloud: Cloud, networkId: string): Promise<readonly RbacPolicy[]> {
  if (!(await extensionsOf(cloud)).has("rbac-policies")) return [];
  const list = (objectId?: string) =>
    neutron(cloud).list<RbacPolicy>("/rbac-policies", "rbac_policies", {
      query: { object_type: "network", object_id: objectId },
    });
  const keyOf = (policy: RbacPolicy) => policy.object_id;
  return related(cloud, { name: "sharing", list: "sharing", of: list, all: () => list(), keyOf }, networkId);
}

/** Lets a project use a network. `POST /v2.0/rbac-policies` */
export const shareNetwork = (cloud: Cloud, networkId: string, projectId: string) =>
  neutron(cloud).post("/rbac-policies", {
    rbac_policy: {
      object_type: "network",
      object_id: networkId,
      action: "access_as_shared",
      target_tenant: projectId,
    },
  });

/** Takes an entry of sharing away. `DELETE /v2.0/rbac-policies/{id}` */
export const unshareNetwork = (cloud: Cloud, policyId: string) => neutron(cloud).remove(`/rbac-policies/${policyId}`);
