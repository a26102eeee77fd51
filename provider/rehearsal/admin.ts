import type { Sandbox } from "../sandbox/index.ts";
import { RehearsalError } from "./error.ts";

/** A JSON object of some service. */
export type Json = Record<string, unknown>;

/** Services that the administrator asks, with where they begin and which version is spoken. */
const SERVICES = {
  keystone: { type: "identity", path: "", headers: {} },
  ironic: { type: "baremetal", path: "/v1", headers: { "X-OpenStack-Ironic-API-Version": "1.82" } },
  nova: { type: "compute", path: "", headers: { "OpenStack-API-Version": "compute 2.90" } },
  neutron: { type: "network", path: "/v2.0", headers: {} },
  cinder: { type: "block-storage", path: "", headers: { "OpenStack-API-Version": "volume 3.60" } },
  glance: { type: "image", path: "/v2", headers: {} },
  octavia: { type: "load-balancer", path: "/v2.0", headers: {} },
} as const;

/** A service that the administrator can ask. */
export type AdminService = keyof typeof SERVICES;

/** A service of the sandbox refused the administrator. */
export class AdminError extends RehearsalError {}

interface CatalogEntry {
  type: string;
  endpoints: { interface: string; url: string }[];
}

/** The sandbox's administrator: looks and acts by the services' own APIs, as a cloud's operator would. */
export class Admin {
  readonly #url: string;
  readonly #tokens: { system: string; project: string };
  readonly #catalog: readonly CatalogEntry[];
  /** Ids of the requests made here, as the journal has them. */
  readonly requests: ReadonlySet<string>;
  readonly #requests: Set<string>;

  private constructor(
    url: string,
    tokens: { system: string; project: string },
    catalog: readonly CatalogEntry[],
    requests: Set<string>,
  ) {
    this.#url = url;
    this.#tokens = tokens;
    this.#catalog = catalog;
    this.#requests = requests;
    this.requests = requests;
  }

  /** Logs in, for the project `admin` and for the system: Ironic wants the latter. */
  static async login(sandbox: Sandbox): Promise<Admin> {
    const { OS_AUTH_URL, OS_USERNAME, OS_PASSWORD } = sandbox.environment("admin");
    const requests = new Set<string>();
    const logIn = async (scope: object) => {
      const answer = await fetch(`${OS_AUTH_URL}/auth/tokens`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({
          auth: {
            identity: {
              methods: ["password"],
              password: { user: { name: OS_USERNAME, domain: { name: "Default" }, password: OS_PASSWORD } },
            },
            scope,
          },
        }),
      });
      noteRequest(requests, answer);
      const token = answer.headers.get("x-subject-token");
      if (!token) throw new AdminError(`the sandbox's Keystone refused its administrator: ${await answer.text()}`);
      const { token: body } = (await answer.json()) as { token: { catalog: CatalogEntry[] } };
      return { token, catalog: body.catalog };
    };
    const project = await logIn({ project: { name: "admin", domain: { name: "Default" } } });
    const system = await logIn({ system: { all: true } });
    return new Admin(sandbox.url, { system: system.token, project: project.token }, project.catalog, requests);
  }

  /** One request; the answer's body. Throws an {@link AdminError} on a refusal. */
  async ask(service: AdminService, method: string, path: string, body?: unknown): Promise<Json> {
    const { type, path: version, headers } = SERVICES[service];
    const endpoint = this.#catalog
      .find((one) => one.type === type)
      ?.endpoints.find((one) => one.interface === "public")?.url;
    if (endpoint === undefined) throw new AdminError(`the sandbox has no ${service}`);
    const answer = await fetch(endpoint + version + path, {
      method,
      headers: {
        ...headers,
        "X-Auth-Token": service === "ironic" ? this.#tokens.system : this.#tokens.project,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    noteRequest(this.#requests, answer);
    const text = await answer.text();
    if (!answer.ok)
      throw new AdminError(`${service} answered ${answer.status} to ${method} ${path}: ${text.slice(0, 300)}`);
    return text === "" ? {} : (JSON.parse(text) as Json);
  }

  /** A list of some service. */
  async list<T extends object = Json>(service: AdminService, path: string, name: string): Promise<T[]> {
    return ((await this.ask(service, "GET", path))[name] ?? []) as T[];
  }

  /** Turns a node's knobs: its power, its BMC, what fails on it. */
  async steer(node: string, wanted: Json): Promise<void> {
    const answer = await fetch(`${this.#url}/sandbox/nodes/${encodeURIComponent(node)}`, {
      method: "PUT",
      body: JSON.stringify(wanted),
    });
    if (!answer.ok) throw new AdminError(`${node} cannot be steered: ${await answer.text()}`);
  }
}

function noteRequest(requests: Set<string>, answer: Response): void {
  for (const name of ["x-openstack-request-id", "x-compute-request-id"]) {
    const id = answer.headers.get(name);
    if (id) requests.add(id);
  }
}
