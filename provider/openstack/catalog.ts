import { Failure } from "../core/failure.ts";
import { SERVICE_NAMES } from "./api-error.ts";
import type { CloudConfig, EndpointInterface } from "./config.ts";
import type { ServiceType } from "./types.ts";

/** Keystone's catalog as it stands in a token. */
export type Catalog = readonly {
  type?: string;
  name?: string;
  endpoints?: readonly { interface?: string; url?: string; region?: string | null; region_id?: string | null }[];
}[];

/** The names under which clouds list each service, the official one first (service-types-authority). */
export const SERVICE_ALIASES: Record<ServiceType, readonly string[]> = {
  identity: ["identity"],
  baremetal: ["baremetal", "bare-metal"],
  compute: ["compute"],
  network: ["network"],
  "block-storage": ["block-storage", "block-store", "volumev3", "volume"],
  image: ["image"],
  placement: ["placement"],
  "load-balancer": ["load-balancer", "loadbalancer"],
};

/** The address of a service and where it was found. */
export interface CatalogEntry {
  url: string;
  /** `the catalog` or the setting that overrides it. */
  source: string;
}

/**
 * The address of a service: an override where there is one, else the catalog's, by type or alias, interface and region.
 * @throws Failure `service-missing` where the cloud has no such service for this region and interface
 */
export function findEndpoint(
  catalog: Catalog,
  type: ServiceType,
  config: Pick<CloudConfig, "region" | "interface" | "endpointOverrides"> & { sources?: CloudConfig["sources"] },
): CatalogEntry {
  for (const alias of SERVICE_ALIASES[type]) {
    const url = config.endpointOverrides[alias];
    if (url) return { url, source: config.sources?.[`endpointOverrides.${alias}`] ?? "an endpoint override" };
  }
  const regions = new Set<string>();
  const interfaces = new Set<string>();
  const found: { region: string; url: string }[] = [];
  for (const alias of SERVICE_ALIASES[type]) {
    for (const entry of catalog) {
      if (entry.type !== alias) continue;
      for (const endpoint of entry.endpoints ?? []) {
        const region = endpoint.region_id ?? endpoint.region ?? "";
        regions.add(region);
        if (config.region !== undefined && region !== config.region) continue;
        if (endpoint.interface) interfaces.add(normalInterface(endpoint.interface));
        if (normalInterface(endpoint.interface ?? "") !== config.interface || !endpoint.url) continue;
        found.push({ region, url: endpoint.url });
      }
    }
    if (found.length) break;
  }
  const first = found[0];
  if (first && found.some((one) => one.region !== first.region)) {
    throw new Failure({
      code: "service-missing",
      what: `the cloud has ${SERVICE_NAMES[type]} in several regions (${[...regions].sort().join(", ")}) and none is chosen`,
      mover: "you",
      next: "set openstack:region, OS_REGION_NAME or region_name in clouds.yaml",
    });
  }
  if (first) return { url: first.url, source: "the catalog" };
  throw new Failure({
    code: "service-missing",
    what: `the cloud's catalog has no ${SERVICE_NAMES[type]} ${whatIsMissing(config, regions, interfaces, catalog)}`,
    mover: "you",
    next: regions.size
      ? "set region and interface (openstack:region, openstack:endpointType) to what the catalog has"
      : `use a cloud with this service, or give its address by openstack:endpointOverrides {"${type}": "https://…"}`,
  });
}

function whatIsMissing(
  config: Pick<CloudConfig, "region" | "interface">,
  regions: ReadonlySet<string>,
  interfaces: ReadonlySet<string>,
  catalog: Catalog,
): string {
  if (!regions.size) {
    const types = [...new Set(catalog.flatMap((entry) => entry.type ?? []))].sort();
    return `for this credential; it has ${types.join(", ") || "nothing at all: the token may be unscoped"}`;
  }
  if (!interfaces.size) return `in region ${config.region}; there is one in ${[...regions].sort().join(", ")}`;
  return `with a ${config.interface} address; it has ${[...interfaces].sort().join(", ")} ones`;
}

/** `publicURL` and `public` are the same. */
export function normalInterface(name: string): EndpointInterface | string {
  return name.trim().replace(/URL$/, "");
}
