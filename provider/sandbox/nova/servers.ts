import type { Answer, Call } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { list, object } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Nova } from "./core.ts";
import type { Create } from "./create.ts";
import { conflict, missing } from "./errors.ts";
import type { Life } from "./life.ts";
import { listServers } from "./list.ts";
import type { Network } from "./network.ts";
import { validate } from "./schema.ts";
import { serverChangesBody } from "./server-bodies.ts";
import { addressesOf, serverView } from "./view.ts";

/** The collection of servers. */
export class Servers {
  readonly #nova: Nova;
  readonly #create: Create;
  readonly #life: Life;
  readonly #network: Network;

  constructor(nova: Nova, create: Create, life: Life, network: Network) {
    this.#nova = nova;
    this.#create = create;
    this.#life = life;
    this.#network = network;
  }

  routes(): Route[] {
    const one = "/v2.1/servers/{server}";
    return [
      route("GET", "/v2.1/servers", (call) => listServers(this.#nova, call, false)),
      route("GET", "/v2.1/servers/detail", (call) => listServers(this.#nova, call, true)),
      route("POST", "/v2.1/servers", (call) => this.#create.answer(call)),
      route("GET", one, (call) => this.#show(call)),
      route("PUT", one, (call) => this.#update(call)),
      route("DELETE", one, (call) => this.#delete(call)),
      route("GET", `${one}/ips`, (call) => this.#addresses(call)),
      route("GET", `${one}/ips/{label}`, (call) => this.#addressesOf(call)),
      route("GET", `${one}/os-security-groups`, (call) => this.#groups(call)),
      route("GET", `${one}/diagnostics`, (call) => {
        this.#nova.serverFor(call, "admin", "os-server-diagnostics");
        throw conflict("Requested operation is not supported by this server's hypervisor.");
      }),
      route("GET", `${one}/topology`, (call) => {
        this.#nova.serverFor(call, "reader", "compute:server:topology:index");
        return { status: 200, body: { nodes: [], pagesize_kb: null } };
      }),
      route("GET", `${one}/os-server-password`, (call) => {
        this.#nova.serverFor(call, "reader", "os-server-password:show");
        return { status: 200, body: { password: "" } };
      }),
      route("GET", `${one}/migrations`, (call) => {
        this.#nova.serverFor(call, "admin", "servers:migrations:index");
        return { status: 200, body: { migrations: [] } };
      }),
    ];
  }

  #show(call: Call): Answer {
    const server = this.#nova.serverFor(call, "reader", "servers:show");
    return { status: 200, body: { server: serverView(this.#nova, call, server) } };
  }

  #update(call: Call): Answer {
    validate(serverChangesBody(call.version[1]), call.body);
    const server = this.#nova.serverFor(call, "member", "servers:update");
    const given = object(object(call.body)["server"]);
    const zone = given["pinned_availability_zone"] as string | null | undefined;
    if (zone === null) server.zone = null;
    else if (zone !== undefined) {
      const current = server.host === null ? server.zone : this.#nova.zoneOf(server.host);
      if (server.zone !== null && zone !== server.zone)
        throw conflict(
          "Cannot change pinned availability zone directly. Unpin first by setting pinned_availability_zone to null.",
        );
      if (zone !== current)
        throw conflict(
          `Server can only be pinned to its current availability zone '${current}', but '${zone}' was requested.`,
        );
      server.zone = zone;
    }
    if (given["name"] !== undefined) server.name = String(given["name"]).trim();
    if (given["description"] !== undefined) server.description = given["description"] as string | null;
    if (given["hostname"] !== undefined) server.hostname = String(given["hostname"]);
    if (given["accessIPv4"] !== undefined) server.accessIPv4 = String(given["accessIPv4"]);
    if (given["accessIPv6"] !== undefined) server.accessIPv6 = String(given["accessIPv6"]);
    if (given["OS-DCF:diskConfig"] !== undefined)
      server.diskConfig = given["OS-DCF:diskConfig"] === "AUTO" ? "AUTO" : "MANUAL";
    this.#nova.save(server);
    const whole = atLeast(call, 2, 75);
    return { status: 200, body: { server: serverView(this.#nova, call, server, { whole }) } };
  }

  #delete(call: Call): Answer {
    const server = this.#nova.serverFor(call, "member", "servers:delete");
    this.#nova.unlocked(call, server);
    // A second request while the first one runs changes nothing.
    if (server.taskState !== "deleting") this.#life.delete(server, this.#nova.action(call, server, "delete"));
    return { status: 204 };
  }

  #addresses(call: Call): Answer {
    const server = this.#nova.serverFor(call, "reader", "ips:index");
    return { status: 200, body: { addresses: addressesOf(server.vifs, false) } };
  }

  #addressesOf(call: Call): Answer {
    const server = this.#nova.serverFor(call, "reader", "ips:show");
    const label = call.params["label"] ?? "";
    const found = addressesOf(server.vifs, false)[label];
    if (!found) throw missing("Instance is not a member of specified network");
    return { status: 200, body: { [label]: found } };
  }

  /** The security groups of the server's ports, in the form that nova's own groups once had. */
  async #groups(call: Call): Promise<Answer> {
    const server = this.#nova.serverFor(call, "reader", "os-security-groups:list");
    const names = new Set<string>();
    for (const vif of server.vifs) {
      const port = await this.#network.port(vif.port);
      for (const id of list(port?.["security_groups"])) names.add(String(id));
    }
    const groups = [];
    for (const id of names) {
      const found = object((await this.#network.ask("GET", `/security-groups/${id}`))["security_group"]);
      const rules = [];
      for (const one of list(found["security_group_rules"]).map(object)) {
        if (one["direction"] !== "ingress") continue;
        const remote = one["remote_group_id"];
        const other = remote
          ? object((await this.#network.ask("GET", `/security-groups/${remote}`))["security_group"])
          : {};
        rules.push({
          id: one["id"],
          parent_group_id: id,
          ip_protocol: one["protocol"] ?? null,
          from_port: one["port_range_min"] ?? null,
          to_port: one["port_range_max"] ?? null,
          group: remote ? { name: other["name"], tenant_id: other["tenant_id"] } : {},
          ip_range: remote
            ? {}
            : { cidr: one["remote_ip_prefix"] ?? (one["ethertype"] === "IPv6" ? "::/0" : "0.0.0.0/0") },
        });
      }
      groups.push({ id, description: found["description"], name: found["name"], tenant_id: found["tenant_id"], rules });
    }
    return { status: 200, body: { security_groups: groups } };
  }
}
