import type { ServiceType, Session } from "../../openstack/index.ts";
import { visible } from "../../openstack/ironic/index.ts";
import type { VolumeConnector } from "../../openstack/ironic/volumes.ts";
import { extensionsOf, type Network } from "../../openstack/neutron/index.ts";
import { listFlavors } from "../../openstack/nova/flavors.ts";
import type { DoctorNode, Facts, ListedImage, Quota, SegmentRange, ServiceFacts, VolumeType } from "./facts.ts";
import { type Read, read } from "./finding.ts";

const SERVICES: readonly ServiceType[] = [
  "identity",
  "baremetal",
  "compute",
  "network",
  "block-storage",
  "image",
  "placement",
  "load-balancer",
];

/** Reads all that the checks need; changes nothing. The one place of the doctor that speaks to the cloud. */
export async function look(session: Session): Promise<Facts> {
  const principal = await session.principal();
  const { projectId } = principal;
  const services = Object.fromEntries(
    await Promise.all(SERVICES.map(async (type) => [type, await serviceFacts(session, type)] as const)),
  );
  // A service that does not answer is not asked for each of its parts.
  const of = <T>(type: ServiceType, work: () => Promise<T>): Promise<Read<T>> => {
    const wrong = services[type]?.failure;
    return wrong ? Promise.resolve({ failure: wrong }) : read(work);
  };
  const cinder = session.service("block-storage");
  const neutron = session.service("network");
  const [regions, nova, neutronQuota, cinderQuota, flavors, nodes, connectors] = await Promise.all([
    read(() => regionsOf(session)),
    of("compute", async () => limitsOf(await session.service("compute").get<Limits>("/limits"), NOVA)),
    of("network", () => neutronQuotas(session, projectId)),
    of("block-storage", async () => limitsOf(await cinder.get<Limits>("/limits"), CINDER)),
    of("compute", () => listFlavors(session)),
    of("baremetal", () => nodesOf(session)),
    of("baremetal", () => connectorsOf(session)),
  ]);
  const [images, volumeTypes, defaultType, networks, segments] = await Promise.all([
    of("image", () => session.service("image").list<ListedImage>("/images", "images", { query: { limit: 200 } })),
    of("block-storage", () => cinder.list<VolumeType>("/types", "volume_types")),
    of(
      "block-storage",
      async () => (await cinder.find<{ volume_type: VolumeType }>("/types/default"))?.volume_type.name,
    ),
    of("network", () => neutron.list<Network>("/networks", "networks")),
    of("network", async () =>
      (await extensionsOf(session)).has("network-segment-range")
        ? neutron.list<SegmentRange>("/network_segment_ranges", "network_segment_ranges")
        : undefined,
    ),
  ]);
  const quotas = { nova, neutron: neutronQuota, cinder: cinderQuota };
  const machines = { flavors, nodes, connectors, images, volumeTypes, defaultType, networks, segments };
  return { config: session.config, principal, regions, services, quotas, ...machines };
}

/** A cheap request that a project's user may make, by service; those without one are known by their versions. */
const PROBES: Partial<Record<ServiceType, string>> = {
  compute: "/limits",
  network: "/extensions",
  "block-storage": "/limits",
  image: "/images?limit=1",
  "load-balancer": "/lbaas/loadbalancers?limit=1",
};

async function serviceFacts(session: Session, type: ServiceType): Promise<ServiceFacts> {
  const service = session.service(type);
  const found = await read(async () => {
    const { root } = await service.endpoint();
    if (type === "identity") return { address: root };
    const range = await service.versions();
    const probe = PROBES[type];
    if (probe) await service.get(probe);
    return { address: root, ...(range && { range }) };
  });
  if ("value" in found) return found.value;
  const at = await read(async () => (await service.endpoint()).root);
  return { ...("value" in at && { address: at.value }), failure: found.failure };
}

async function regionsOf(session: Session): Promise<string[]> {
  const { catalog } = await session
    .service("identity")
    .get<{ catalog: { endpoints: { region_id?: string | null; region?: string | null }[] }[] }>("/auth/catalog");
  const all = catalog.flatMap(({ endpoints }) => endpoints.map(({ region_id, region }) => region_id ?? region ?? ""));
  return [...new Set(all.filter((region) => region !== ""))].sort();
}

interface Limits {
  readonly limits: { readonly absolute: Readonly<Record<string, number>> };
}

const NOVA = {
  instances: ["maxTotalInstances", "totalInstancesUsed"],
  cores: ["maxTotalCores", "totalCoresUsed"],
  ram: ["maxTotalRAMSize", "totalRAMUsed"],
} as const;

const CINDER = {
  volumes: ["maxTotalVolumes", "totalVolumesUsed"],
  gigabytes: ["maxTotalVolumeGigabytes", "totalGigabytesUsed"],
} as const;

function limitsOf({ limits }: Limits, names: Readonly<Record<string, readonly [string, string]>>) {
  return Object.fromEntries(
    Object.entries(names).map(([name, [limit, used]]): [string, Quota] => [
      name,
      { limit: limits.absolute[limit] ?? -1, used: limits.absolute[used] ?? 0 },
    ]),
  );
}

/** Neutron's quotas with what is used; clouds without that extension tell the limits only, and what is there is counted. */
async function neutronQuotas(session: Session, project: string): Promise<Record<string, Quota>> {
  const neutron = session.service("network");
  const names = ["network", "subnet", "port", "router"];
  if ((await extensionsOf(session)).has("quota_details")) {
    const { quota } = await neutron.get<{ quota: Record<string, Quota & { reserved: number }> }>(
      `/quotas/${project}/details`,
    );
    return Object.fromEntries(
      names.flatMap((name) => {
        const one = quota[name];
        return one ? [[name, { limit: one.limit, used: one.used + (one.reserved ?? 0) }]] : [];
      }),
    );
  }
  const { quota } = await neutron.get<{ quota: Record<string, number> }>(`/quotas/${project}`);
  const entries = names
    .filter((name) => quota[name] !== undefined)
    .map(async (name): Promise<[string, Quota]> => {
      const there = await neutron.list(`/${name}s`, `${name}s`, { query: { project_id: project, fields: "id" } });
      return [name, { limit: quota[name]!, used: there.length }];
    });
  return Object.fromEntries(await Promise.all(entries));
}

const NODE_FIELDS = [
  "uuid,name,instance_uuid,provision_state,target_provision_state,provision_updated_at,power_state,target_power_state",
  "maintenance,maintenance_reason,fault,last_error,protected,protected_reason,resource_class,properties,traits",
  "storage_interface,network_interface,instance_info,owner,lessee,retired,driver_info",
].join(",");

type RawNode = Omit<DoctorNode, "wiringShown" | "provisioningNetwork" | "cleaningNetwork"> & {
  readonly driver_info?: Readonly<Record<string, unknown>> | null;
};

/** Of `driver_info`, which may hold a BMC's password, only the two networks go on. */
async function nodesOf(session: Session): Promise<DoctorNode[]> {
  const ironic = session.service("baremetal");
  const microversion = await ironic.negotiate("reading nodes");
  const nodes = await ironic.list<RawNode>("/nodes", "nodes", { microversion, query: { fields: NODE_FIELDS } });
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : undefined);
  return nodes.map(({ driver_info: info, ...node }) => {
    const provisioning = text(info?.["provisioning_network"]);
    const cleaning = text(info?.["cleaning_network"]);
    const hidden = !info || Object.keys(info).length === 0 || Object.values(info).some(isRedacted);
    return {
      ...node,
      id: node.uuid,
      last_error: visible(node.last_error) ?? null,
      wiringShown: !hidden || provisioning !== undefined,
      ...(provisioning && !isRedacted(provisioning) && { provisioningNetwork: provisioning }),
      ...(cleaning && !isRedacted(cleaning) && { cleaningNetwork: cleaning }),
    };
  });
}

/** Ironic writes a sentence with asterisks in the place of what a lessee may not read. */
const isRedacted = (value: unknown) => typeof value === "string" && /^\*\* .*redacted/i.test(value);

async function connectorsOf(session: Session): Promise<VolumeConnector[]> {
  const ironic = session.service("baremetal");
  const microversion = await ironic.negotiate("volume targets");
  return ironic.list<VolumeConnector>("/volume/connectors", "connectors", { microversion, query: { detail: true } });
}
