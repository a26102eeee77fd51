import type { Json } from "../kernel/call.ts";
import type { Directory } from "./directory.ts";
import type { EndpointRow } from "./rows.ts";

const INTERFACES = ["public", "internal", "admin"] as const;

/** Names in the catalog besides the service's own: Cinder has stood under two types for years. */
const NAMES: Readonly<Record<string, readonly { name: string; type: string }[]>> = {
  cinder: [
    { name: "cinder", type: "block-storage" },
    { name: "cinderv3", type: "volumev3" },
  ],
};

/** Gives each service of the sandbox its entry and endpoints, where it has none yet. */
export function enterServices(directory: Directory): void {
  const { world } = directory;
  for (const service of world.services.values()) {
    for (const { name, type } of NAMES[service.name] ?? [{ name: service.name, type: service.type }]) {
      if (directory.services.find((row) => row.type === type)) continue;
      const { id } = directory.services.put({ id: world.random.hex(), name, type });
      for (const one of INTERFACES)
        directory.endpoints.put({
          id: world.random.hex(),
          service_id: id,
          interface: one,
          region_id: world.options.region,
          path: service.prefix + service.suffix,
        });
    }
  }
}

/** The catalog of a token. Endpoints with a project in them are only there where the token has one. */
export function catalogOf(directory: Directory, root: string, projectId: string | undefined): Json[] {
  return directory.services.values().map(({ id, name, type }) => ({
    endpoints: directory.endpoints
      .by("service", id)
      .filter(({ path }) => projectId !== undefined || !path.includes("{project}"))
      .map((endpoint) => ({
        id: endpoint.id,
        interface: endpoint.interface,
        region_id: endpoint.region_id,
        url: urlOf(endpoint, root, projectId ?? ""),
        region: endpoint.region_id,
      })),
    id,
    type,
    name,
  }));
}

/** Address of an endpoint; the project's place is left open as Keystone writes it where no project is given. */
export function urlOf(endpoint: EndpointRow, root: string, projectId = "%(project_id)s"): string {
  return /^[a-z]+:/.test(endpoint.path) ? endpoint.path : root + endpoint.path.replace("{project}", projectId);
}
