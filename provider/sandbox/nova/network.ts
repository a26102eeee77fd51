import type { Caller, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { list, object, text } from "../kernel/input.ts";
import type { Nova } from "./core.ts";
import { bad, conflict, forbidden } from "./errors.ts";
import type { RequestedNetwork, ServerRow, Vif } from "./rows.ts";

/** What nova wants of neutron. */
export class Network {
  readonly #nova: Nova;

  constructor(nova: Nova) {
    this.#nova = nova;
  }

  async ask(method: string, path: string, body?: unknown, as?: Caller): Promise<Json> {
    return this.#nova.world.ask("neutron", method, `/v2.0${path}`, {
      ...(body === undefined ? {} : { body }),
      ...(as ? { as } : {}),
    });
  }

  /** The port, if the caller may see it. */
  async port(id: string, as?: Caller): Promise<Json | undefined> {
    try {
      return object((await this.ask("GET", `/ports/${encodeURIComponent(id)}`, undefined, as))["port"]);
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return undefined;
      throw error;
    }
  }

  async #network(id: string, as?: Caller): Promise<Json | undefined> {
    const found = list((await this.ask("GET", `/networks?id=${encodeURIComponent(id)}`, undefined, as))["networks"]);
    return found[0] === undefined ? undefined : object(found[0]);
  }

  /** The networks that a project could mean when it names none. */
  async #available(caller: Caller): Promise<Json[]> {
    const own = list(
      (await this.ask("GET", `/networks?project_id=${caller.projectId}&shared=False`, undefined, caller))["networks"],
    );
    const shared = list((await this.ask("GET", "/networks?shared=True", undefined, caller))["networks"]);
    return [...own, ...shared].map(object).filter((network) => network["admin_state_up"] !== false);
  }

  /** The network that a project means when it names none. */
  async only(caller: Caller): Promise<string> {
    const [network] = await this.#available(caller);
    if (!network)
      throw bad(`No specific network was requested and none are available for project '${caller.projectId}'.`);
    return String(network["id"]);
  }

  /** Refuses networks that a new server cannot have. Answers how many ports nova makes for each server. */
  async check(requested: RequestedNetwork[] | "auto" | "none" | undefined, caller: Caller): Promise<void> {
    if (requested === "none") return;
    if (requested === undefined || requested === "auto" || requested.length === 0) {
      const available = await this.#available(caller);
      if (available.length > 1)
        throw conflict("Multiple possible networks found, use a Network ID to be more specific.");
      if (available.length === 0 && requested === "auto")
        throw bad(`Unable to automatically allocate a network for project ${caller.projectId}`);
      return;
    }
    const lost: string[] = [];
    for (const { port, network, fixedIp } of requested) {
      if (port !== undefined) {
        const found = await this.port(port, caller);
        if (!found) throw bad(`Port id ${port} could not be found.`);
        if (text(found["device_id"])) throw conflict(`Port ${port} is still in use.`);
        const ipless = ["deferred", "none"].includes(String(found["ip_allocation"]));
        if (!ipless && list(found["fixed_ips"]).length === 0)
          throw bad(`Port ${port} requires a FixedIP in order to be used.`);
        continue;
      }
      const id = network ?? "";
      if (fixedIp !== undefined) {
        const query = `/ports?network_id=${id}&fixed_ips=${encodeURIComponent(`ip_address=${fixedIp}`)}`;
        const taken = object(list((await this.ask("GET", query, undefined, caller))["ports"])[0]);
        if (taken["id"]) throw bad(`Fixed IP address ${fixedIp} is already in use on instance ${taken["device_id"]}.`);
      }
      const found = await this.#network(id, caller);
      if (!found) {
        lost.push(id);
        continue;
      }
      if (list(found["subnets"]).length === 0)
        throw bad(`Network ${id} requires a subnet in order to boot instances on.`);
      if (found["router:external"] === true && found["shared"] !== true && !caller.roles.has("admin"))
        throw forbidden(`It is not allowed to create an interface on external network ${id}`);
    }
    if (lost.length > 0) throw bad(`Network ${lost.join(", ")} could not be found.`);
  }

  /** The ids of security groups by name or id. Throws 400 for one that is none. */
  async groups(names: readonly string[], caller: Caller): Promise<string[]> {
    if (names.length === 0) return [];
    const all = list(
      (await this.ask("GET", `/security-groups?project_id=${caller.projectId}`, undefined, caller))["security_groups"],
    ).map(object);
    return names.map((name) => {
      const found = all.find((group) => group["id"] === name) ?? all.find((group) => group["name"] === name);
      if (!found) throw bad(`Unable to find security_group with name or id '${name}'`);
      return String(found["id"]);
    });
  }

  /** Gives a server the ports that it asked for. What was made before a failure is taken back. */
  async allocate(server: ServerRow, caller: Caller, bindingHost: string | undefined): Promise<void> {
    if (server.requested === "none") return;
    let wanted = server.requested === "auto" ? [] : server.requested;
    if (wanted.length === 0) {
      const available = await this.#available(caller);
      wanted = available.slice(0, 1).map((network) => ({ network: String(network["id"]) }));
    }
    const groups = await this.groups(
      server.securityGroups.filter((name) => name !== "default"),
      caller,
    );
    try {
      for (const one of wanted) await this.plug(server, one, groups, bindingHost);
    } catch (error) {
      await this.deallocate(server);
      throw error;
    }
  }

  /** Gives a server one more port: an own one of a network, or the user's. */
  async plug(
    server: ServerRow,
    wanted: RequestedNetwork,
    groups: string[],
    bindingHost: string | undefined,
  ): Promise<Vif> {
    const owner = {
      device_id: server.id,
      device_owner: `compute:${server.host ? this.#nova.zoneOf(server.host) : "nova"}`,
      ...(bindingHost === undefined ? {} : { "binding:host_id": bindingHost }),
    };
    let id = wanted.port;
    const ours = id === undefined;
    if (id === undefined) {
      const made = await this.ask("POST", "/ports", {
        port: {
          network_id: wanted.network,
          admin_state_up: true,
          tenant_id: server.project,
          device_id: server.id,
          ...(wanted.fixedIp === undefined ? {} : { fixed_ips: [{ ip_address: wanted.fixedIp }] }),
          ...(groups.length > 0 ? { security_groups: groups } : {}),
        },
      });
      id = String(object(made["port"])["id"]);
    }
    try {
      const updated = await this.ask("PUT", `/ports/${id}`, { port: owner });
      const port = object(updated["port"]);
      if (port["binding:vif_type"] === "binding_failed")
        throw new Error(`Binding failed for port ${id}, please check neutron logs for more information.`);
    } catch (error) {
      if (ours) await this.#quietly("DELETE", `/ports/${id}`);
      else await this.#quietly("PUT", `/ports/${id}`, UNBOUND);
      throw error;
    }
    const vif = await this.#read(id, ours, wanted.tag ?? null);
    if (!vif) throw new Error(`Port id ${id} could not be found.`);
    server.vifs.push(vif);
    this.#nova.save(server);
    return vif;
  }

  /** Takes a port from a server: nova's own are deleted, the user's are let go. */
  async unplug(server: ServerRow, id: string): Promise<void> {
    const vif = server.vifs.find((one) => one.port === id);
    server.vifs = server.vifs.filter((one) => one.port !== id);
    this.#nova.tables.servers.put(server);
    if (vif?.ours) await this.#quietly("DELETE", `/ports/${id}`);
    else await this.#quietly("PUT", `/ports/${id}`, UNBOUND);
  }

  /** Takes all ports from a server. */
  async deallocate(server: ServerRow): Promise<void> {
    for (const { port } of [...server.vifs]) await this.unplug(server, port);
  }

  /** Looks again at the ports of a server. */
  async refresh(server: ServerRow): Promise<void> {
    const before = JSON.stringify(server.vifs);
    const vifs: Vif[] = [];
    for (const vif of server.vifs) {
      const now = await this.#read(vif.port, vif.ours, vif.tag, server.id);
      if (now) vifs.push(now);
    }
    if (JSON.stringify(vifs) === before) return;
    server.vifs = vifs;
    this.#nova.tables.servers.put(server);
  }

  async #read(id: string, ours: boolean, tag: string | null, device?: string): Promise<Vif | undefined> {
    const port = await this.port(id);
    if (!port || (device !== undefined && port["device_id"] !== device)) return undefined;
    const network = String(port["network_id"]);
    const floating = object(await this.ask("GET", `/floatingips?port_id=${id}`).catch(() => ({})));
    const names = await this.#names(list(port["security_groups"]).map(String));
    return {
      port: id,
      mac: String(port["mac_address"]),
      network,
      networkName: String((await this.#network(network))?.["name"] ?? ""),
      addresses: [
        ...list(port["fixed_ips"]).map((one) => ({
          address: String(object(one)["ip_address"]),
          subnet: String(object(one)["subnet_id"]),
          type: "fixed" as const,
        })),
        ...list(floating["floatingips"]).map((one) => ({
          address: String(object(one)["floating_ip_address"]),
          subnet: "",
          type: "floating" as const,
        })),
      ],
      state: String(port["status"]),
      ours,
      tag,
      groups: names,
    };
  }

  async #names(ids: string[]): Promise<string[]> {
    const names: string[] = [];
    for (const id of ids) {
      const group = await this.ask("GET", `/security-groups/${id}`).catch(() => ({}));
      names.push(String(object(object(group)["security_group"])["name"] ?? id));
    }
    return names;
  }

  async #quietly(method: string, path: string, body?: unknown): Promise<void> {
    try {
      await this.ask(method, path, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
}

/** A port of the user's without a machine. */
const UNBOUND = { port: { device_id: "", device_owner: "", "binding:host_id": null, "binding:profile": {} } };
