import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { bool, object, text } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Nova } from "./core.ts";
import { bad, forbidden, missing } from "./errors.ts";
import type { Life } from "./life.ts";
import type { ServerRow, ServerVolume } from "./rows.ts";
import { type Schema, validate } from "./schema.ts";
import type { Storage } from "./storage.ts";
import * as t from "./types.ts";

function newAttachment(minor: number): Schema {
  return t.wrapped(
    "volumeAttachment",
    t.only(
      {
        volumeId: t.uuid,
        device: { type: ["string", "null"], pattern: "(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$" },
        ...(minor >= 49 ? { tag: t.tag } : {}),
        ...(minor >= 79 ? { delete_on_termination: t.boolean } : {}),
      },
      ["volumeId"],
    ),
  );
}

/** The volumes of servers: `os-volume_attachments`. */
export class Attachments {
  readonly #nova: Nova;
  readonly #life: Life;
  readonly #storage: Storage;

  constructor(nova: Nova, life: Life, storage: Storage) {
    this.#nova = nova;
    this.#life = life;
    this.#storage = storage;
  }

  routes(): Route[] {
    const path = "/v2.1/servers/{server}/os-volume_attachments";
    return [
      route("GET", path, (call) => this.#list(call)),
      route("POST", path, (call) => this.#attach(call)),
      route("GET", `${path}/{volume}`, (call) => this.#show(call)),
      route("PUT", `${path}/{volume}`, (call) => this.#update(call)),
      route("DELETE", `${path}/{volume}`, (call) => this.#detach(call)),
    ];
  }

  #view(call: Call, server: ServerRow, device: ServerVolume): Json {
    const modern = atLeast(call, 2, 89);
    return {
      ...(modern ? {} : { id: device.volume }),
      volumeId: device.volume,
      serverId: server.id,
      device: device.device,
      ...(atLeast(call, 2, 70) ? { tag: device.tag } : {}),
      ...(atLeast(call, 2, 79) ? { delete_on_termination: device.deleteOnTermination } : {}),
      ...(modern ? { attachment_id: device.attachment, bdm_uuid: device.id } : {}),
    };
  }

  #list(call: Call): Answer {
    const server = this.#nova.serverFor(call, "reader", "os-volumes-attachments:index");
    const attached = server.volumes.filter(({ volume }) => volume !== null);
    const offset = Number(call.query.get("offset") ?? 0) || 0;
    const limit = Number(call.query.get("limit") ?? 1000) || 1000;
    const page = attached.slice(offset, offset + limit);
    return { status: 200, body: { volumeAttachments: page.map((device) => this.#view(call, server, device)) } };
  }

  #one(call: Call, server: ServerRow): ServerVolume {
    const id = call.params["volume"] ?? "";
    const device = server.volumes.find(({ volume }) => volume === id);
    if (!device) throw missing(`Instance ${server.id} is not attached to volume ${id}`);
    return device;
  }

  #show(call: Call): Answer {
    const server = this.#nova.serverFor(call, "reader", "os-volumes-attachments:show");
    return { status: 200, body: { volumeAttachment: this.#view(call, server, this.#one(call, server)) } };
  }

  async #attach(call: Call): Promise<Answer> {
    validate(newAttachment(call.version[1]), call.body);
    const server = this.#nova.serverFor(call, "member", "os-volumes-attachments:create");
    const given = object(object(call.body)["volumeAttachment"]);
    const id = String(given["volumeId"]);
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, "attach_volume", ["active", "paused", "stopped", "resized"]);
    const volume = await this.#storage.volume(call.caller, id);
    if (!volume) throw missing(`Volume ${id} could not be found.`);
    if (server.volumes.some((device) => device.volume === id))
      throw bad(`Invalid volume: volume ${id} is already attached to instances: ${server.id}`);
    const attachment = await this.#storage.reserve(call.caller, server, id);
    const device: ServerVolume = {
      id: this.#nova.world.random.uuid(),
      volume: id,
      attachment,
      device: text(given["device"]) ?? nextDevice(server),
      bootIndex: null,
      deleteOnTermination: bool(given["delete_on_termination"] ?? false) ?? false,
      tag: text(given["tag"]) ?? null,
      source: "volume",
      from: id,
      size: Number(volume["size"] ?? 0),
      type: null,
    };
    server.volumes.push(device);
    this.#nova.save(server);
    this.#life.attachVolume(server, this.#nova.action(call, server, "attach_volume"), id);
    const { attachment_id, bdm_uuid, ...shown } = this.#view(call, server, device);
    return { status: 200, body: { volumeAttachment: { id, ...shown } } };
  }

  /** Only what becomes of the volume with the server can change; swapping is for cinder. */
  #update(call: Call): Answer {
    const fields = {
      volumeId: t.uuid,
      device: t.nothing,
      tag: t.nothing,
      serverId: t.nothing,
      id: t.nothing,
      ...(atLeast(call, 2, 85) ? { delete_on_termination: t.boolean } : {}),
    };
    validate(t.wrapped("volumeAttachment", t.only(fields, ["volumeId"])), call.body);
    const server = this.#nova.serverFor(call, "member", "os-volumes-attachments:update");
    const given = object(object(call.body)["volumeAttachment"]);
    const device = this.#one(call, server);
    if (given["volumeId"] !== device.volume)
      throw forbidden("Policy doesn't allow os_compute_api:os-volumes-attachments:swap to be performed.");
    device.deleteOnTermination = bool(given["delete_on_termination"] ?? device.deleteOnTermination) ?? false;
    this.#nova.save(server);
    return { status: 202 };
  }

  #detach(call: Call): Answer {
    const server = this.#nova.serverFor(call, "member", "os-volumes-attachments:delete");
    const device = this.#one(call, server);
    if (device.bootIndex === 0 && server.image === "") throw forbidden("Cannot detach a root device volume");
    this.#nova.unlocked(call, server);
    this.#nova.inState(server, "detach_volume", ["active", "paused", "stopped", "resized"]);
    this.#life.detachVolume(server, this.#nova.action(call, server, "detach_volume"), device.volume ?? "");
    return { status: 202 };
  }
}

/** The next free device name of a server. */
function nextDevice(server: ServerRow): string {
  const prefix = (server.rootDevice ?? "/dev/vda").slice(0, -1);
  const taken = new Set([server.rootDevice, ...server.volumes.map(({ device }) => device)]);
  for (let letter = 98; ; letter++) {
    const name = `${prefix}${String.fromCharCode(letter)}`;
    if (!taken.has(name)) return name;
  }
}
