import { gzipSync } from "node:zlib";
import type { Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { DURATIONS } from "../kernel/durations.ts";
import { list, object } from "../kernel/input.ts";
import type { Row, Table } from "../kernel/store.ts";
import { ClientError, type Nova } from "./core.ts";
import { BuildAbort, type Driver, Reschedule } from "./driver.ts";
import { type IronicNode, isFree, type Nodes, reasonOf } from "./nodes.ts";
import { type HostRow, POWER, type ServerRow } from "./rows.ts";

/** States in which Ironic takes a node's installation away itself. */
const UNPROVISION = new Set([
  "active",
  "deploy failed",
  "error",
  "wait call-back",
  "deploying",
  "deploy hold",
  "rescue",
  "rescuing",
  "rescue wait",
  "rescue failed",
  "unrescuing",
  "unrescue failed",
  "service failed",
  "service wait",
  "servicing",
  "service hold",
]);

const UNPROVISIONED = new Set(["cleaning", "clean wait", "clean failed", "available"]);

/** Machines of Ironic. */
export class Metal implements Driver {
  readonly #nova: Nova;
  readonly #nodes: Nodes;
  readonly hotPlug = false;
  readonly virtual = false;

  constructor(nova: Nova, nodes: Nodes) {
    this.#nova = nova;
    this.#nodes = nodes;
  }

  async prepare(server: ServerRow, host: HostRow): Promise<void> {
    const node = this.#nodes.get(host.id);
    if (!node || !isFree(node))
      throw new Reschedule(`Insufficient compute resources: Chosen ironic node ${host.id} is not available.`);
    try {
      await this.#nodes.ask(
        node.id,
        "PATCH",
        `/nodes/${node.id}`,
        [{ op: "add", path: "/instance_uuid", value: server.id }],
        1,
      );
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Reschedule(`Failed to reserve node ${node.id} when provisioning the instance ${server.id}`);
    }
  }

  bindingHost(server: ServerRow): string | undefined {
    const node = server.node === null ? undefined : this.#nodes.get(server.node);
    return node?.network_interface === "flat" ? node.id : undefined;
  }

  async plug(server: ServerRow): Promise<void> {
    for (const { port } of server.vifs) await this.attachPort(server, port);
  }

  async attachPort(server: ServerRow, port: string): Promise<void> {
    const node = server.node ?? "";
    try {
      await this.#nodes.ask(node, "POST", `/nodes/${node}/vifs`, { id: port });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Error(`Cannot attach VIF ${port} to the node ${node} due to error: ${error.message}`);
    }
  }

  async detachPort(server: ServerRow, port: string): Promise<void> {
    const node = server.node ?? "";
    await this.#quietly(node, "DELETE", `/nodes/${node}/vifs/${port}`);
  }

  async connector(server: ServerRow): Promise<Json> {
    const node = server.node ?? "";
    const found = await this.#nodes.ask(node, "GET", `/volume/connectors?detail=True&node=${node}`);
    const values: Record<string, string[]> = {};
    for (const one of list(found["connectors"]).map(object)) {
      const type = String(one["type"]);
      values[type] ??= [];
      values[type].push(String(one["connector_id"]));
    }
    const first = (type: string): Json => (values[type]?.[0] === undefined ? {} : { [type]: values[type][0] });
    const { iqn } = first("iqn");
    return {
      ...(iqn === undefined ? {} : { initiator: iqn }),
      ...first("ip"),
      ...(values["wwpn"] ? { wwpns: values["wwpn"] } : {}),
      ...(values["wwnn"] ? { wwnns: values["wwnn"] } : {}),
      host: server.vifs[0]?.addresses[0]?.address ?? server.hostname,
      platform: this.#nodes.get(node)?.properties["cpu_arch"] ?? "x86_64",
      os_type: "baremetal",
      multipath: false,
    };
  }

  async spawn(server: ServerRow, connections: ReadonlyMap<string, Json>, alive: () => Promise<void>): Promise<void> {
    const id = server.node ?? "";
    await this.#writeInstanceInfo(server);
    for (const { volume, bootIndex } of server.volumes) {
      const connection = connections.get(volume ?? "");
      if (!connection) continue;
      const target = {
        node_uuid: id,
        volume_type: connection["driver_volume_type"],
        properties: connection["data"],
        boot_index: bootIndex ?? -1,
        volume_id: volume,
      };
      try {
        await this.#nodes.ask(id, "POST", "/volume/targets", target);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        await this.#cleanUp(server);
        throw new Error(
          `Failed to add volume target information of volume ${volume} on node ${id} when provisioning the instance`,
        );
      }
    }
    await this.#validate(server, id);
    await alive();
    try {
      await this.#nodes.ask(id, "PUT", `/nodes/${id}/states/provision`, {
        target: "active",
        ...(server.configDrive ? { configdrive: configDrive(server) } : {}),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await this.#cleanUp(server);
      if (error.message.includes("InvalidImage")) throw new BuildAbort(error.message);
      throw error;
    }
    await this.#becomesActive(server, ["active"]);
    await alive();
  }

  async #writeInstanceInfo(server: ServerRow): Promise<void> {
    const id = server.node ?? "";
    const node = this.#nodes.get(id);
    const { flavor } = server;
    const addresses = server.vifs.flatMap((vif) => vif.addresses);
    const of = (type: string) =>
      `[${addresses
        .filter((one) => one.type === type)
        .map(({ address }) => `'${address}'`)
        .join(", ")}]`;
    const root = server.volumes.find(({ bootIndex, volume }) => bootIndex === 0 && volume !== null);
    const capabilities: Json = {};
    const traits: string[] = [];
    for (const [key, value] of Object.entries(flavor.extraSpecs)) {
      if (key.startsWith("capabilities:")) capabilities[key.slice("capabilities:".length)] = value;
      if (/^trait\d*:/.test(key) && value === "required") traits.push(key.split(":")[1] ?? "");
    }
    const values: Json = {
      ...(root ? {} : { image_source: server.image }),
      root_gb: String(flavor.disk),
      swap_mb: String(flavor.swap),
      display_name: server.name,
      vcpus: String(flavor.vcpus),
      nova_host_id: server.host,
      memory_mb: String(flavor.ram),
      local_gb: String(node?.properties["local_gb"] ?? 0),
      project_id: server.project,
      project_name: server.projectName,
      user_id: server.user,
      user_name: server.userName,
      flavor_name: flavor.name,
      fixed_ips: of("fixed"),
      floating_ips: of("floating"),
      ...(Object.keys(capabilities).length > 0 ? { capabilities: JSON.stringify(capabilities) } : {}),
      ...(traits.length > 0 ? { traits } : {}),
    };
    const patch = Object.entries(values).map(([key, value]) => ({ op: "add", path: `/instance_info/${key}`, value }));
    try {
      await this.#nodes.ask(id, "PATCH", `/nodes/${id}`, patch);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Error(
        `Failed to add deploy parameters on node ${id} when provisioning the instance ${server.id}: ${error.message}`,
      );
    }
  }

  async #validate(server: ServerRow, id: string): Promise<void> {
    const answer = await this.#nodes.ask(id, "GET", `/nodes/${id}/validate`);
    const of = (kind: string) => object(answer[kind]);
    const failed = ["deploy", "power", "storage"].some((kind) => of(kind)["result"] === false);
    if (!failed) return;
    await this.#cleanUp(server);
    const reason = (kind: string) => (of(kind)["result"] === false ? of(kind)["reason"] : "No Error");
    throw new Error(
      `Ironic node: ${id} failed to validate. (deploy: ${reason("deploy")}, power: ${reason("power")}, storage: ${reason("storage")})`,
    );
  }

  /** Waits for the end of a deploy. Throws with what nova tells of a failure. */
  async #becomesActive(server: ServerRow, ends: readonly string[]): Promise<void> {
    const { id, taskState } = server;
    const rebuilding = taskState === "rebuild_spawning";
    const servers = this.#nova.tables.servers;
    const problem = await this.#nodes.until<string>(
      server.node ?? "",
      (node) => {
        const now = servers.get(id);
        if (!now || now.deleted !== null || (now.taskState === "deleting" && !rebuilding))
          return `Instance ${id} provisioning was aborted`;
        if (!node || node.instance_uuid !== id) return `Instance ${id} could not be found.`;
        // Nova looks every other second: whoever works on the node has ended by then.
        if (node.reservation !== null) return undefined;
        if (ends.includes(node.provision_state)) return "";
        if (
          node.provision_state === "available" ||
          ["deleted", "available"].includes(node.target_provision_state ?? "")
        )
          return `Instance ${id} could not be found.`;
        if (node.provision_state === "deploy failed")
          return `Failed to provision instance ${id}: ${node.last_error ?? "None"}`;
        return undefined;
      },
      servers as unknown as Table<Row>,
      id,
    );
    if (problem !== "") throw new Error(problem);
  }

  /** Takes everything off a node that was never asked to deploy. */
  async #cleanUp(server: ServerRow): Promise<void> {
    const id = server.node ?? "";
    const targets = await this.#nodes.ask(id, "GET", `/volume/targets?node=${id}`).catch(() => ({}) as Json);
    for (const one of list(targets["targets"]).map(object))
      await this.#quietly(id, "DELETE", `/volume/targets/${one["uuid"]}`);
    for (const { port } of server.vifs) await this.detachPort(server, port);
    await this.#quietly(id, "PATCH", `/nodes/${id}`, [
      { op: "remove", path: "/instance_info" },
      { op: "remove", path: "/instance_uuid" },
    ]);
  }

  async destroy(server: ServerRow, alive: () => Promise<void>): Promise<void> {
    const node = this.#nodes.of(server.id, server.node);
    if (!node) return;
    if (!UNPROVISION.has(node.provision_state)) {
      await this.#cleanUp(server);
      return;
    }
    try {
      // Where somebody else works on the node, nova does not wait: the server goes to ERROR, to be deleted once more.
      await this.#nodes.ask(node.id, "PUT", `/nodes/${node.id}/states/provision`, { target: "deleted" }, 1);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const kind = { 400: "BadRequestException", 404: "NotFoundException", 409: "ConflictException" }[error.status];
      throw new ClientError(
        kind ?? "HttpException",
        `Failed to set provision state for bare metal node ${node.id} to deleted: ${reasonOf(error)}`,
      );
    }
    await alive();
    const state = await this.#unprovisioned(server, node);
    await alive();
    if (state !== "")
      throw new Error(`Error destroying the instance on node ${node.id}. Provision state still '${state}'.`);
  }

  /** Waits until Ironic has let the server go; answers the state where it does not in the time that nova has patience. */
  async #unprovisioned(server: ServerRow, { id }: IronicNode): Promise<string> {
    for (;;) {
      const state = await this.#nodes.until<string>(id, (node) => {
        if (!node || node.instance_uuid !== server.id || UNPROVISIONED.has(node.provision_state)) return "";
        return node.provision_state === "error" ? "error" : undefined;
      });
      if (state === "") return "";
      await this.#nova.world.clock.sleep(PATIENCE);
      if (this.#nodes.of(server.id, id)?.provision_state === state) return state;
    }
  }

  async rebuild(server: ServerRow, newApi: boolean, alive: () => Promise<void>): Promise<void> {
    if (newApi) throw new Error("Ironic doesn't support rebuilding volume backed instances.");
    const id = server.node ?? "";
    await this.#writeInstanceInfo(server);
    try {
      await this.#nodes.ask(id, "PUT", `/nodes/${id}/states/provision`, {
        target: "rebuild",
        ...(server.configDrive ? { configdrive: configDrive(server) } : {}),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new Error(`Failed to request Ironic to rebuild instance ${server.id}: ${error.message}`);
    }
    // The node is active until Ironic begins.
    await this.#nodes.until(id, (node) => (node?.provision_state !== "active" ? true : undefined));
    await this.#becomesActive(server, ["active"]);
    await alive();
  }

  async power(
    server: ServerRow,
    what: "on" | "off" | "reboot" | "soft reboot",
    alive: () => Promise<void>,
  ): Promise<void> {
    const id = server.node ?? "";
    if (!this.#nodes.of(server.id, id)) throw new Error(`Instance ${server.id} could not be found.`);
    const target = { on: "power on", off: "soft power off", reboot: "rebooting", "soft reboot": "soft rebooting" }[
      what
    ];
    const ask = (wanted: string) => this.#nodes.ask(id, "PUT", `/nodes/${id}/states/power`, { target: wanted });
    const soft = target.startsWith("soft");
    try {
      await ask(target);
      await this.#powerEnds(server, soft);
    } catch (error) {
      if (!soft) throw error;
      await ask(target.slice("soft ".length));
      await this.#powerEnds(server, false);
    }
    await alive();
  }

  async #powerEnds(server: ServerRow, soft: boolean): Promise<void> {
    const error = await this.#nodes.until<string>(server.node ?? "", (node) => {
      if (!node || node.instance_uuid !== server.id) return "Instance is gone";
      if (node.target_power_state !== null) return undefined;
      return soft && node.last_error ? node.last_error : "";
    });
    if (error !== "") throw new Error(error);
  }

  powerState(server: ServerRow): number {
    const node = this.#nodes.of(server.id, server.node);
    if (node?.power_state === "power on") return POWER.running;
    return node?.power_state === "power off" ? POWER.off : POWER.none;
  }

  async #quietly(node: string, method: string, path: string, body?: unknown): Promise<void> {
    try {
      await this.#nodes.ask(node, method, path, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
}

/** How long nova waits for a node that does not let a server go. */
const PATIENCE = DURATIONS["nova resources"];

/** What a server finds on its config drive: packed as Ironic wants it. */
function configDrive(server: ServerRow): string {
  const content = {
    meta_data: {
      uuid: server.id,
      name: server.name,
      hostname: server.hostname,
      meta: server.metadata,
      project_id: server.project,
      ...(server.keyName ? { public_keys: { [server.keyName]: server.keyData } } : {}),
      availability_zone: "nova",
    },
    user_data: server.userData ?? "",
    network_data: {
      links: server.vifs.map(({ port, mac }) => ({ id: port, ethernet_mac_address: mac, type: "phy" })),
      networks: server.vifs.flatMap((vif) =>
        vif.addresses.map(({ address }) => ({ ip_address: address, link: vif.port })),
      ),
    },
  };
  return gzipSync(JSON.stringify(content)).toString("base64");
}
