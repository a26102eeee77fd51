import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast, Refusal } from "../kernel/call.ts";
import { list, object, text } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Nova } from "./core.ts";
import { bad, conflict, missing, NovaRefusal } from "./errors.ts";
import type { Life } from "./life.ts";
import type { Network } from "./network.ts";
import type { RequestedNetwork, ServerRow, Vif } from "./rows.ts";
import { validate } from "./schema.ts";
import * as t from "./types.ts";

/** The ports of servers: `os-interface`. */
export class ServerPorts {
  readonly #nova: Nova;
  readonly #life: Life;
  readonly #network: Network;

  constructor(nova: Nova, life: Life, network: Network) {
    this.#nova = nova;
    this.#life = life;
    this.#network = network;
  }

  routes(): Route[] {
    const path = "/v2.1/servers/{server}/os-interface";
    return [
      route("GET", path, (call) => this.#list(call)),
      route("POST", path, (call) => this.#attach(call)),
      route("GET", `${path}/{port}`, (call) => this.#show(call)),
      route("DELETE", `${path}/{port}`, (call) => this.#detach(call)),
    ];
  }

  #view(call: Call, port: Json, vif: Vif | undefined): Json {
    return {
      net_id: port["network_id"],
      port_id: port["id"],
      mac_addr: port["mac_address"],
      port_state: port["status"],
      fixed_ips: list(port["fixed_ips"]).map((one) => {
        const { subnet_id, ip_address } = object(one);
        return { subnet_id, ip_address };
      }),
      ...(atLeast(call, 2, 70) ? { tag: vif?.tag ?? null } : {}),
    };
  }

  async #list(call: Call): Promise<Answer> {
    const server = this.#nova.serverFor(call, "reader", "os-attach-interfaces:list");
    const found = list((await this.#network.ask("GET", `/ports?device_id=${server.id}`))["ports"]).map(object);
    const views = found.map((port) => this.#view(call, port, vifOf(server, port["id"])));
    return { status: 200, body: { interfaceAttachments: views } };
  }

  async #show(call: Call): Promise<Answer> {
    const server = this.#nova.serverFor(call, "reader", "os-attach-interfaces:show");
    const id = call.params["port"] ?? "";
    const port = await this.#network.port(id, call.caller);
    if (!port) throw missing(`Port id ${id} could not be found.`);
    if (port["device_id"] !== server.id) throw missing(`Instance ${server.id} does not have port with id ${id}`);
    return { status: 200, body: { interfaceAttachment: this.#view(call, port, vifOf(server, id)) } };
  }

  async #attach(call: Call): Promise<Answer> {
    const fixed = t.listOf(t.only({ ip_address: t.address }, ["ip_address"]), { minItems: 1, maxItems: 1 });
    const fields = {
      net_id: t.uuid,
      port_id: t.uuid,
      fixed_ips: fixed,
      ...(atLeast(call, 2, 49) ? { tag: t.tag } : {}),
    };
    validate({ ...t.only({ interfaceAttachment: t.only(fields) }), required: undefined }, call.body);
    const server = this.#nova.server(call);
    if (!call.caller.roles.has("member") && !call.caller.roles.has("admin"))
      throw new NovaRefusal(403, "Policy doesn't allow os_compute_api:os-attach-interfaces:create to be performed.");
    const given = object(object(call.body)["interfaceAttachment"]);
    const [network, port] = [text(given["net_id"]), text(given["port_id"])];
    const fixedIp = text(object(list(given["fixed_ips"])[0])["ip_address"]);
    if (network && port) throw bad("Must not input both network_id and port_id");
    if (fixedIp && !network) throw bad("Must input network_id when request IP address");
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, "attach_interface", ["active", "paused", "stopped"]);
    const wanted: RequestedNetwork = {
      ...(port ? { port } : {}),
      ...(network ? { network } : {}),
      ...(fixedIp ? { fixedIp } : {}),
      ...(text(given["tag"]) ? { tag: text(given["tag"])! } : {}),
    };
    const vif = await this.#plug(call, server, wanted);
    const now = await this.#network.port(vif.port);
    return { status: 200, body: { interfaceAttachment: this.#view(call, now ?? {}, vif) } };
  }

  async #plug(call: Call, server: ServerRow, wanted: RequestedNetwork): Promise<Vif> {
    const { port, network } = wanted;
    if (port) {
      const found = await this.#network.port(port, call.caller);
      if (!found) throw missing(`Port id ${port} could not be found.`);
      if (text(found["device_id"])) throw conflict(`Port ${port} is still in use.`);
      if (list(found["fixed_ips"]).length === 0 && !["deferred", "none"].includes(String(found["ip_allocation"])))
        throw bad(`Port ${port} requires a FixedIP in order to be used.`);
    } else if (network) {
      try {
        await this.#network.check([wanted], call.caller);
      } catch (error) {
        // Nova looks at the network only where nobody expects it to be missing.
        if (error instanceof Refusal && /could not be found/.test(error.message)) throw unexpected();
        throw error;
      }
    } else await this.#network.check(undefined, call.caller);
    const driver = this.#life.driver(server);
    const action = this.#nova.action(call, server, "attach_interface");
    return this.#nova.step(action, "compute_attach_interface", server.host ?? "", async () => {
      let vif: Vif;
      const requested = port || network ? wanted : { ...wanted, network: await this.#network.only(call.caller) };
      try {
        vif = await this.#network.plug(server, requested, [], driver.bindingHost(server));
      } catch (error) {
        if (error instanceof Refusal) throw bad(error.message);
        throw unexpected();
      }
      try {
        await driver.attachPort(server, vif.port);
      } catch {
        await this.#network.unplug(server, vif.port);
        throw new NovaRefusal(500, `Failed to attach network adapter device to ${server.id}`);
      }
      await this.#network.refresh(server);
      return vifOf(server, vif.port) ?? vif;
    });
  }

  #detach(call: Call): Answer {
    const server = this.#nova.serverFor(call, "member", "os-attach-interfaces:delete");
    const port = call.params["port"] ?? "";
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, "detach_interface", ["active", "paused", "stopped"]);
    this.#life.detachPort(server, this.#nova.action(call, server, "detach_interface"), port);
    return { status: 202 };
  }
}

const vifOf = (server: ServerRow, port: unknown): Vif | undefined => server.vifs.find((vif) => vif.port === port);

/** What nova says where it expected something else. */
const unexpected = () =>
  new NovaRefusal(
    500,
    "Unexpected API Error. Please contact the administrator\n<class 'oslo_messaging.rpc.client.RemoteError'>",
  );
