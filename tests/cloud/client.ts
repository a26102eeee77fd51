/** A small raw REST client for the test cloud: log in as anyone, call any service, throw on refusal. Only for tests. */

/** The releases that up.sh can start, each with its folder, its ports and the newest microversion of its Ironic. */
const RELEASES = {
  newest: { root: "/tmp/oscloud-next", portBase: 20000, ironic: "1.115" },
  zed: { root: "/tmp/oscloud-zed", portBase: 30000, ironic: "1.82" },
};

/** A release that up.sh can start. */
export type Release = keyof typeof RELEASES;

/** The release that the tests run against ($OSCLOUD_RELEASE). */
export const RELEASE = (process.env["OSCLOUD_RELEASE"] ?? "newest") as Release;
const release = RELEASES[RELEASE];
if (!release) throw new Error(`OSCLOUD_RELEASE is ${RELEASE}; there are: ${Object.keys(RELEASES).join(", ")}`);

/** Folder of the cloud's state, as in up.sh ($OSCLOUD_ROOT). */
export const ROOT = process.env["OSCLOUD_ROOT"] ?? release.root;

/** Every port is this plus the service's usual one ($OSCLOUD_PORT_BASE). */
export const PORT_BASE = Number(process.env["OSCLOUD_PORT_BASE"] ?? release.portBase);

/** The one password of every account of the test cloud. */
export const PASSWORD = "secret";

/** Projects that the seed makes for tests. */
export type Tenant = "alpha" | "beta";

/** Services of the test cloud that this client can call. */
export type Service =
  | "keystone"
  | "ironic"
  | "neutron"
  | "cinder"
  | "glance"
  | "nova"
  | "placement"
  | "octavia"
  | "masakari";

/** A JSON object as an API answered it. */
export type Json = Record<string, unknown>;

/** An answer, whatever its status. */
export interface Reply {
  status: number;
  headers: Headers;
  body: Json;
  text: string;
}

/** Where a service answers and which version is asked for. */
export interface Place {
  port: number;
  /** Its folder in the sandbox, which has one port for all. */
  folder: string;
  path: string;
  headers: Record<string, string>;
}

/** All services of the test cloud. */
export const SERVICES: Record<Service, Place> = {
  keystone: { port: 5000, folder: "identity", path: "/v3", headers: {} },
  ironic: {
    port: 6385,
    folder: "baremetal",
    path: "/v1",
    headers: { "X-OpenStack-Ironic-API-Version": release.ironic },
  },
  neutron: { port: 9696, folder: "network", path: "/v2.0", headers: {} },
  cinder: {
    port: 8776,
    folder: "volume",
    path: "/v3/PROJECT",
    headers: { "OpenStack-API-Version": "volume 3.70" },
  },
  glance: { port: 9292, folder: "image", path: "/v2", headers: {} },
  nova: { port: 8774, folder: "compute", path: "/v2.1", headers: { "OpenStack-API-Version": "compute 2.93" } },
  placement: {
    port: 8778,
    folder: "placement",
    path: "",
    headers: { "OpenStack-API-Version": "placement 1.39" },
  },
  octavia: { port: 9876, folder: "load-balancer", path: "/v2.0", headers: {} },
  masakari: { port: 5868, folder: "instance-ha", path: "/v1/PROJECT", headers: {} },
};

/**
 * Base address of a service, for example http://127.0.0.1:26385 for ironic. With $SANDBOX_URL, the address of a sandbox
 * (provider/sandbox), it is that service's folder there.
 */
export function serviceUrl(service: Service): string {
  const sandbox = process.env["SANDBOX_URL"];
  const { port, folder } = SERVICES[service];
  return sandbox ? `${sandbox.replace(/\/$/, "")}/${folder}` : `http://127.0.0.1:${PORT_BASE + port}`;
}

/** The OS_* variables of a tenant's user, as a contributor would have them after sourcing openrc. */
export function tenantEnv(project: Tenant | "admin", user: string = project): Record<string, string> {
  return {
    OS_AUTH_URL: `${serviceUrl("keystone")}/v3`,
    OS_IDENTITY_API_VERSION: "3",
    OS_USERNAME: user,
    OS_PASSWORD: PASSWORD,
    OS_PROJECT_NAME: project,
    OS_USER_DOMAIN_NAME: "Default",
    OS_PROJECT_DOMAIN_NAME: "Default",
    OS_REGION_NAME: "RegionOne",
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
}

/** A service refused: what was asked, the status, and the answer's first words. */
export class CloudError extends Error {
  readonly status: number;
  readonly reply: Reply;
  constructor(what: string, reply: Reply) {
    super(`${what} -> ${reply.status} ${reply.text.slice(0, 400)}`);
    this.status = reply.status;
    this.reply = reply;
  }
}

/** Somebody who is logged in. A token that ran out or was revoked is renewed once. */
export interface Session {
  readonly user: string;
  /** Id of the project that the token is for; "" when it is for the system. */
  readonly projectId: string;
  readonly userId: string;
  token: string;
  /** Any answer, also a refusal; `path` starts with a slash and follows the service's version. */
  raw(service: Service, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  /** The answer's body. Throws {@link CloudError} from status 400 on. */
  call(service: Service, method: string, path: string, body?: unknown): Promise<Json>;
  /** As call with GET, and the named list of the answer. */
  list(service: Service, path: string, name: string): Promise<Json[]>;
}

/** Logs in. `scope` is a project's name (default: the user's own) or "system", which Ironic's administrator needs. */
export async function login(user: string, scope: string = user): Promise<Session> {
  const session: Session & { renew(): Promise<Json> } = {
    user,
    projectId: "",
    userId: "",
    token: "",
    async renew() {
      const domain = { id: "default" };
      const reply = await exchange(`${serviceUrl("keystone")}/v3/auth/tokens`, "POST", undefined, {
        auth: {
          identity: { methods: ["password"], password: { user: { name: user, password: PASSWORD, domain } } },
          scope: scope === "system" ? { system: { all: true } } : { project: { name: scope, domain } },
        },
      });
      if (reply.status >= 400) throw new CloudError(`login of ${user} for ${scope}`, reply);
      session.token = reply.headers.get("x-subject-token") ?? "";
      return reply.body["token"] as Json;
    },
    async raw(service, method, path, body, headers) {
      const place = SERVICES[service];
      const url = serviceUrl(service) + place.path.replace("PROJECT", session.projectId) + path;
      const send = () =>
        exchange(url, method, session.token, body, { ...(path === "/" ? {} : place.headers), ...headers });
      const reply = await send();
      if (reply.status !== 401) return reply;
      await session.renew();
      return send();
    },
    async call(service, method, path, body) {
      const reply = await session.raw(service, method, path, body);
      if (reply.status >= 400) throw new CloudError(`${user}: ${method} ${service}${path}`, reply);
      return reply.body;
    },
    async list(service, path, name) {
      return (await session.call(service, "GET", path))[name] as Json[];
    },
  };
  const token = await session.renew();
  const id = (key: string) => ((token[key] as Json | undefined)?.["id"] as string | undefined) ?? "";
  return Object.assign(session, { projectId: id("project"), userId: id("user") });
}

async function exchange(
  url: string,
  method: string,
  token: string | undefined,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: {
      ...headers,
      ...(token ? { "X-Auth-Token": token } : {}),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(120_000),
  });
  const text = await response.text();
  const json = (response.headers.get("content-type") ?? "").includes("json") && text !== "";
  return { status: response.status, headers: response.headers, body: json ? (JSON.parse(text) as Json) : {}, text };
}

let administrators: Promise<{ system: Session; project: Session }> | undefined;

/** The administrator twice, once a process: system-scoped for Ironic, project-scoped for everything else. */
export function admin(): Promise<{ system: Session; project: Session }> {
  administrators ??= Promise.all([login("admin", "system"), login("admin", "admin")]).then(([system, project]) => ({
    system,
    project,
  }));
  administrators.catch(() => {
    administrators = undefined;
  });
  return administrators;
}

/** Asks `question` every `every` seconds until it answers something truthy; throws after `seconds`. */
export async function until<T>(
  what: string,
  question: () => Promise<T | undefined | false>,
  seconds = 60,
  every = 0.3,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`gave up after ${seconds} s waiting until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, every * 1000));
  }
}

/** Whether a service answers at its address; in the sandbox, which has one port for all, 404 means that it is not there. */
export async function answers(service: Service): Promise<boolean> {
  try {
    return (await fetch(`${serviceUrl(service)}/`, { signal: AbortSignal.timeout(5000) })).status !== 404;
  } catch {
    return false;
  }
}

/** Whether the cloud is up and seeded: its keystone lets the tenant in and Ironic shows it its nodes. */
export async function cloudIsUp(): Promise<boolean> {
  try {
    const session = await login("beta");
    return (await session.list("ironic", "/nodes", "nodes")).length >= 3 && (await answers("nova"));
  } catch {
    return false;
  }
}
