import type { Admin, AdminService, Json } from "./admin.ts";
import { type Node, nodeName, nodesOf } from "./machines.ts";

/** A list of things that a program could have made. */
interface Collection {
  readonly kind: string;
  readonly service: AdminService;
  readonly path: string;
  readonly list: string;
}

const neutron = (kind: string, path: string): Collection => ({
  kind,
  service: "neutron",
  path: `/${path}`,
  list: path.replaceAll("-", "_"),
});

const COLLECTIONS: readonly Collection[] = [
  { kind: "server", service: "nova", path: "/servers/detail?all_tenants=1", list: "servers" },
  { kind: "allocation", service: "ironic", path: "/allocations", list: "allocations" },
  { kind: "volume target", service: "ironic", path: "/volume/targets?detail=True", list: "targets" },
  { kind: "volume", service: "cinder", path: "/volumes/detail?all_tenants=1", list: "volumes" },
  { kind: "snapshot", service: "cinder", path: "/snapshots/detail?all_tenants=1", list: "snapshots" },
  { kind: "volume attachment", service: "cinder", path: "/attachments?all_tenants=1", list: "attachments" },
  { kind: "image", service: "glance", path: "/images", list: "images" },
  { kind: "load balancer", service: "octavia", path: "/lbaas/loadbalancers", list: "loadbalancers" },
  neutron("router", "routers"),
  neutron("port", "ports"),
  neutron("subnet", "subnets"),
  neutron("network", "networks"),
  neutron("security group", "security-groups"),
  neutron("floating ip", "floatingips"),
];

/** Proves that a program leaves nothing: what the services have, compared with what they had at the start. */
export class Leftovers {
  readonly #admin: Admin;
  readonly #before: ReadonlyMap<string, string>;

  private constructor(admin: Admin, before: ReadonlyMap<string, string>) {
    this.#admin = admin;
    this.#before = before;
  }

  /** Looks at what is there before the program runs. */
  static async begin(admin: Admin): Promise<Leftovers> {
    return new Leftovers(admin, await everything(admin));
  }

  /**
   * What is there beyond the start, a line each; empty where nothing is left.
   * @param patience real milliseconds in which it may still go: machines are wiped, volumes deleted
   */
  async find(patience: number): Promise<string[]> {
    const end = Date.now() + patience;
    for (;;) {
      const now = await everything(this.#admin);
      const left = [...now].filter(([key]) => !this.#before.has(key)).map(([, line]) => line);
      const all = [...left, ...(await nodesOf(this.#admin)).flatMap(leftOn)];
      if (all.length === 0 || Date.now() > end) return all;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** States of a machine that nobody uses; one that could not be wiped is the operator's. */
const FREE = /^(available|manageable|enroll|clean failed)$/;

/** What is left of a program on a machine that should be free. */
function leftOn(node: Node): string[] {
  const name = nodeName(node);
  if (node.instance_uuid || !FREE.test(node.provision_state))
    return [`machine ${name} is still in use (${node.provision_state})`];
  const info = Object.keys(node.instance_info);
  return info.length > 0 ? [`machine ${name} still has ${info.join(", ")}`] : [];
}

/** Everything that a program could have made, by kind and id. */
async function everything(admin: Admin): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const { kind, service, path, list } of COLLECTIONS)
    for (const item of await admin.list(service, path, list)) {
      if (comesByItself(kind, item)) continue;
      const id = String(item["id"] ?? item["uuid"]);
      found.set(`${kind} ${id}`, describe(kind, id, item));
    }
  return found;
}

/** What Neutron gives each project at its first look. */
const comesByItself = (kind: string, { name }: Json): boolean => kind === "security group" && name === "default";

function describe(kind: string, id: string, item: Json): string {
  const name = item["name"] ? `${item["name"]} ` : "";
  const state = item["status"] ?? item["state"] ?? item["provisioning_status"];
  return `${kind} ${name}(${[id, state].filter(Boolean).join(", ")})`;
}
