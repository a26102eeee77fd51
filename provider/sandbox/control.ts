import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Answer, Json } from "./kernel/call.ts";
import type { CallFault, DaemonState } from "./kernel/faults.ts";
import { isObject, object, text } from "./kernel/input.ts";
import type { Row } from "./kernel/store.ts";
import type { World } from "./world.ts";

/** A node of Ironic, as far as the knobs turn it. */
interface SteeredNode extends Row {
  name: string | null;
  driver_info: Json;
}

/**
 * The knobs, below `/sandbox`: what no OpenStack has.
 *
 *     GET    /sandbox                       what is served
 *     GET    /sandbox/routes                every kind of request that it knows
 *     GET    /sandbox/journal[?inner=1]     requests so far; DELETE empties it
 *     GET    /sandbox/faults                faults of requests, back ends, processes; DELETE takes all away
 *     POST   /sandbox/faults                a fault of requests (CallFault); answers its id; DELETE /sandbox/faults/ID
 *     PUT    /sandbox/backends/CALL         {"text": "…", "seconds": 5}; DELETE
 *     PUT    /sandbox/daemons/NAME          {"state": "running" | "dead" | "frozen"}
 *     PUT    /sandbox/nodes/NAME            {"power": "power off", "bmc": "lost" | "ok", "fail": {"deploy": "…"}, "delay": {"deploy": 5}}
 */
export class Control {
  readonly #world: World;
  readonly #password: string | undefined;

  /** @param password what callers must send as `Authorization: Bearer …`; undefined on loopback */
  constructor(world: World, password: string | undefined) {
    this.#world = world;
    this.#password = password;
  }

  /** Answers paths below /sandbox; undefined for others. */
  async answer(request: IncomingMessage, path: string, body: () => Promise<Buffer>): Promise<Answer | undefined> {
    if (path === "/") return { status: 200, body: this.#frontPage() };
    if (path !== "/sandbox" && !path.startsWith("/sandbox/")) return undefined;
    if (!this.#admits(request))
      return { status: 401, body: { error: "Send the sandbox's password: Authorization: Bearer PASSWORD" } };
    let sent: unknown;
    try {
      const bytes = await body();
      sent = bytes.length > 0 ? JSON.parse(bytes.toString("utf8")) : {};
    } catch {
      return wrong("The body is no JSON.");
    }
    const [, , what = "", ...rest] = path.split("/");
    const id = decodeURIComponent(rest.join("/"));
    const { method = "GET" } = request;
    const inner = new URL(request.url ?? "/", "http://sandbox").searchParams.has("inner");
    switch (`${method} ${what}${id ? "/*" : ""}`) {
      case "GET ":
        return { status: 200, body: this.#summary() };
      case "GET routes":
        return { status: 200, body: { routes: this.#routes() } };
      case "GET journal":
        return { status: 200, body: { entries: this.#world.journal.entries({ inner }) } };
      case "DELETE journal":
        this.#world.journal.clear();
        return { status: 204 };
      case "GET faults":
        return { status: 200, body: this.#faults() };
      case "POST faults":
        return this.#addFault(sent);
      case "DELETE faults":
        this.#world.faults.clear();
        return { status: 204 };
      case "DELETE faults/*":
        return this.#world.faults.remove(id)
          ? { status: 204 }
          : { status: 404, body: { error: `There is no fault ${id}.` } };
      case "PUT backends/*": {
        const { text: words, seconds } = object(sent);
        this.#world.faults.setBackend(id, {
          ...(typeof words === "string" ? { text: words } : {}),
          ...(typeof seconds === "number" ? { seconds } : {}),
        });
        return { status: 204 };
      }
      case "DELETE backends/*":
        this.#world.faults.setBackend(id, undefined);
        return { status: 204 };
      case "PUT daemons/*": {
        const state = text(object(sent)["state"]);
        if (state !== "running" && state !== "dead" && state !== "frozen")
          return wrong("state is running, dead or frozen.");
        this.#world.faults.setDaemon(id, state satisfies DaemonState);
        return { status: 204 };
      }
      case "PUT nodes/*":
        return this.#steer(id, object(sent));
      default:
        return { status: 404, body: { error: `The sandbox has no knob ${method} ${path}.` } };
    }
  }

  #admits(request: IncomingMessage): boolean {
    if (this.#password === undefined) return true;
    const given = Buffer.from(request.headers.authorization ?? "");
    const wanted = Buffer.from(`Bearer ${this.#password}`);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }

  #routes(): Json[] {
    return [...this.#world.services.values()].flatMap(({ name, prefix, routes }) =>
      routes.map(({ method, path, raw = false }) => ({ service: name, method, path: prefix + path, raw })),
    );
  }

  #faults(): Json {
    const { faults } = this.#world;
    return { requests: faults.list(), backends: faults.backends(), daemons: faults.daemons() };
  }

  #addFault(sent: unknown): Answer {
    if (!isObject(sent) || !["status", "cut", "hang", "delay"].includes(String(sent["effect"])))
      return wrong("effect is status, cut, hang or delay.");
    try {
      return { status: 201, body: { id: this.#world.faults.add(sent as unknown as CallFault) } };
    } catch (error) {
      return wrong(`path is no regular expression: ${(error as Error).message}`);
    }
  }

  /** Turns a node's knobs, which stand in its driver_info, whatever works on the node at the moment. */
  #steer(name: string, wanted: Json): Answer {
    const nodes = this.#world.store.table<SteeredNode>("ironic.nodes");
    const node = nodes.find((one) => one.name === name || one.id === name);
    if (!node) return { status: 404, body: { error: `There is no node ${name}.` } };
    const set = (key: string, value: unknown) => {
      if (value === null || value === undefined) delete node.driver_info[key];
      else node.driver_info[key] = value;
    };
    if ("power" in wanted) set("power_state", wanted["power"]);
    if (wanted["bmc"] === "lost") set("fault_get_power_state", "the BMC does not answer");
    if (wanted["bmc"] === "ok") set("fault_get_power_state", null);
    for (const [method, words] of Object.entries(object(wanted["fail"]))) set(`fault_${method}`, words);
    for (const [method, seconds] of Object.entries(object(wanted["delay"]))) set(`delay_${method}`, seconds);
    nodes.put(node);
    this.#world.store.flush();
    return { status: 204 };
  }

  #summary(): Json {
    return {
      services: Object.fromEntries(
        [...this.#world.services.values()].map(({ name, prefix }) => [name, this.#world.url + prefix]),
      ),
      speed: this.#world.options.speed,
      faults: this.#faults(),
      requests: this.#world.journal.entries().length,
    };
  }

  #frontPage(): string {
    const lines = [...this.#world.services.values()].map(
      ({ name, prefix }) => `  ${name.padEnd(10)} ${this.#world.url}${prefix}`,
    );
    return `pulumi-baremetal sandbox: an OpenStack with simulated machines\n\n${lines.join("\n")}\n\nknobs: ${this.#world.url}/sandbox\n`;
  }
}

const wrong = (error: string): Answer => ({ status: 400, body: { error } });
