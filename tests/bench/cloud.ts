/** Embedded clouds that are large enough to measure on, and what was asked of them. */
import { Agent, request } from "node:http";
import { type Entry, fleet, type Sandbox, startSandbox } from "../../provider/sandbox/index.ts";

/** Connections that the measuring side keeps open. */
export const CONNECTIONS = 16;

/** Sends a request to a service and answers with the body. */
export type Ask = (method: string, path: string, body?: unknown) => Promise<unknown>;

/** Logs in to a sandbox by user and project, both with the password of its fleet. */
export async function login(url: string, name: string, scope: string): Promise<Ask> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  let token = "";
  const cloud: Ask = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = {
        "content-type": "application/json",
        "x-openstack-ironic-api-version": "1.82",
        ...(token ? { "x-auth-token": token } : {}),
      };
      const sent = request(url + path, { method, agent, headers }, (reply) => {
        const chunks: Buffer[] = [];
        reply.on("data", (chunk: Buffer) => chunks.push(chunk));
        reply.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if ((reply.statusCode ?? 500) >= 400)
            return reject(new Error(`${method} ${path} -> ${reply.statusCode} ${text.slice(0, 300)}`));
          const subject = reply.headers["x-subject-token"];
          if (typeof subject === "string") token = subject;
          resolve(text ? JSON.parse(text) : undefined);
        });
      });
      sent.on("error", reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  const domain = { id: "default" };
  await cloud("POST", "/identity/v3/auth/tokens", {
    auth: {
      identity: { methods: ["password"], password: { user: { name, domain, password: "secret" } } },
      scope: { project: { name: scope, domain } },
    },
  });
  return cloud;
}

/** The two ways to a machine, and the inputs of Server that choose each. */
export const ROUTES = {
  nova: { route: "nova", hardware: { class: "baremetal" } },
  ironic: { route: "ironic", hardware: { class: "metal" } },
} as const;

/** One of {@link ROUTES}. */
export type RouteName = keyof typeof ROUTES;

/** A cloud with so many machines on each route, and no quota in the way of project `demo`. */
export async function startCloud(machines: number, speed: number): Promise<Sandbox> {
  const sandbox = await startSandbox({
    speed,
    fleet: fleet({
      nodes: [
        { name: "bm-{n}", count: machines, class: "baremetal" },
        { name: "metal-{n}", count: machines, class: "metal", owner: "demo" },
      ],
    }),
  });
  const admin = await login(sandbox.url, "admin", "admin");
  const { projects } = (await admin("GET", "/identity/v3/projects")) as { projects: { id: string; name: string }[] };
  const idOf = (name: string) => projects.find((project) => project.name === name)!.id;
  const free = { network: -1, subnet: -1, port: -1, router: -1, rbac_policy: -1 };
  for (const name of ["demo", "service"]) await admin("PUT", `/network/v2.0/quotas/${idOf(name)}`, { quota: free });
  const servers = { instances: -1, cores: -1, ram: -1, server_groups: -1 };
  await admin("PUT", `/compute/v2.1/os-quota-sets/${idOf("demo")}`, { quota_set: servers });
  const volumes = { volumes: -1, gigabytes: -1 };
  await admin("PUT", `/volume/v3/${idOf("admin")}/os-quota-sets/${idOf("demo")}`, { quota_set: volumes });
  return sandbox;
}

/** The provider's requests among those that a cloud was asked. */
export const ofProvider = (entries: readonly Entry[]): Entry[] =>
  entries.filter(({ agent, inner }) => inner === undefined && agent?.startsWith("pulumi-baremetal"));

/** What a request is for. */
export type Purpose = "login" | "discovery" | "list" | "object" | "write";

const DOCUMENT = /^\/(v[\d.]+\/?)?$/;
/** Paths below which single objects stand by id. */
const LIST = /^\/(v[\d.]+\/)?([0-9a-f]{32}\/)?([a-z-]+|volume\/[a-z]+)(\/detail)?$/;
/** A query that asks for the objects of one thing only: one network's subnets, one server's node. */
const NARROW = /[?&](network_id|device_id|object_id|node|instance_uuid|description|id|name|tags)=/;

/**
 * Tells lists of everything from requests about one object, which a refresh of many must not send for each: those by id, and
 * lists with a filter that names one.
 */
export function purposeOf({ service, method, path }: Entry): Purpose {
  const [plain = ""] = path.split("?");
  if (service === "keystone") return "login";
  if (method !== "GET") return "write";
  if (DOCUMENT.test(plain) || plain.endsWith("/extensions")) return "discovery";
  return LIST.test(plain) && !NARROW.test(path) ? "list" : "object";
}

/** How many requests there were of each kind: `nova GET /v2.1/servers/detail`. */
export function byKind(entries: readonly Entry[]): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const { service, method, route, path } of entries) {
    const kind = `${service} ${method} ${route ?? path.split("?")[0]}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return new Map([...kinds].sort(([, a], [, b]) => b - a));
}
