import type { Caller, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import type { Nova } from "./core.ts";
import { bad } from "./errors.ts";
import type { ServerRow, ServerVolume } from "./rows.ts";

/** What nova wants of cinder and glance. */
export class Storage {
  readonly #nova: Nova;

  constructor(nova: Nova) {
    this.#nova = nova;
  }

  /** Asks cinder below a project's path. */
  async ask(project: string, method: string, path: string, body?: unknown, as?: Caller): Promise<Json> {
    return this.#nova.world.ask("cinder", method, `/v3/${project}${path}`, {
      ...(body === undefined ? {} : { body }),
      ...(as ? { as } : {}),
    });
  }

  /** A volume, if the caller may see it. */
  async volume(caller: Caller, id: string): Promise<Json | undefined> {
    try {
      return object((await this.ask(caller.projectId, "GET", `/volumes/${id}`, undefined, caller))["volume"]);
    } catch (error) {
      if (error instanceof Refusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /** An image, if the caller may see it. */
  async image(caller: Caller, id: string): Promise<Json | undefined> {
    try {
      return await this.#nova.world.ask("glance", "GET", `/v2/images/${id}`, { as: caller });
    } catch (error) {
      if (error instanceof Refusal && (error.status === 404 || error.status === 403)) return undefined;
      throw error;
    }
  }

  /** Reserves a volume for a server. Throws 400 where cinder does not let it. */
  async reserve(caller: Caller, server: ServerRow, volume: string): Promise<string> {
    try {
      const made = await this.ask(
        caller.projectId,
        "POST",
        "/attachments",
        { attachment: { volume_uuid: volume, instance_uuid: server.id } },
        caller,
      );
      return String(object(made["attachment"])["id"]);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const request = `req-${this.#nova.world.random.uuid()}`;
      throw bad(
        `Invalid volume: Invalid input received: ${error.message} (HTTP ${error.status}) (Request-ID: ${request})`,
      );
    }
  }

  /** Makes what a server's block devices are to be made from. */
  async create(caller: Caller, server: ServerRow, device: ServerVolume): Promise<void> {
    if (device.volume !== null || device.source === "volume") return;
    const made = await this.ask(
      server.project,
      "POST",
      "/volumes",
      {
        volume: {
          size: device.size,
          name: "",
          description: "",
          ...(device.source === "image" ? { imageRef: device.from } : {}),
          ...(device.source === "snapshot" ? { snapshot_id: device.from } : {}),
          ...(device.type ? { volume_type: device.type } : {}),
        },
      },
      caller,
    );
    const id = String(object(made["volume"])["id"]);
    device.volume = id;
    this.#nova.save(server);
    const status = await this.#settles(id);
    if (status !== "available")
      throw new Error(
        `Volume ${id} did not finish being created even after we waited 0 seconds or 1 attempts. And its status is ${status}.`,
      );
    device.attachment = await this.reserve(caller, server, id);
  }

  /** The status of a volume once it rests. */
  async #settles(id: string): Promise<string> {
    const table = this.#nova.world.store.table<{ id: string; status: string }>("cinder.volumes");
    const row = await table.until(id, ({ status }) => !["creating", "downloading"].includes(status));
    return row?.status ?? "deleted";
  }

  /** Connects a reserved volume; answers how. */
  async connect(server: ServerRow, device: ServerVolume, connector: Json): Promise<Json> {
    const attachment = { connector: { ...connector, mountpoint: device.device } };
    const path = `/attachments/${device.attachment}`;
    const updated = await this.ask(server.project, "PUT", path, { attachment });
    return object(object(updated["attachment"])["connection_info"]);
  }

  /** Tells cinder that the volume is in use. */
  async complete(server: ServerRow, device: ServerVolume): Promise<void> {
    await this.ask(server.project, "POST", `/attachments/${device.attachment}/action`, { "os-complete": null });
  }

  /** Takes a volume from a server, and deletes it where it was to go with the server. */
  async detach(server: ServerRow, device: ServerVolume, withDelete: boolean): Promise<void> {
    if (device.attachment !== null) await this.#quietly(server, `/attachments/${device.attachment}`);
    if (withDelete && device.deleteOnTermination && device.volume !== null)
      await this.#quietly(server, `/volumes/${device.volume}`);
  }

  async #quietly(server: ServerRow, path: string): Promise<void> {
    try {
      await this.ask(server.project, "DELETE", path);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
    }
  }
}

/** What a connection to a volume is, as Ironic's volume targets want it. */
export function connectionOf(info: Json): Json {
  const { driver_volume_type, ...rest } = info;
  const data = "data" in rest ? rest["data"] : rest;
  return { driver_volume_type, data };
}
