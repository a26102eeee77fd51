import type { Answer, Call, Caller, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { bool, list, object, text } from "../kernel/input.ts";
import type { Build } from "./build.ts";
import { links, type Nova } from "./core.ts";
import { devicesOf } from "./devices.ts";
import { allow, bad, forbidden } from "./errors.ts";
import type { Network } from "./network.ts";
import type { Quotas } from "./quotas.ts";
import type { FlavorRow, RequestedNetwork, ServerRow, ServerVolume } from "./rows.ts";
import { validate } from "./schema.ts";
import { newServerBody } from "./server-bodies.ts";
import type { Storage } from "./storage.ts";

/** Everything about `POST /servers` up to the answer. */
export class Create {
  readonly #nova: Nova;
  readonly #quotas: Quotas;
  readonly #network: Network;
  readonly #storage: Storage;
  readonly #build: Build;
  #number = 0;

  constructor(nova: Nova, parts: { quotas: Quotas; network: Network; storage: Storage; build: Build }) {
    this.#nova = nova;
    this.#quotas = parts.quotas;
    this.#network = parts.network;
    this.#storage = parts.storage;
    this.#build = parts.build;
  }

  async answer(call: Call): Promise<Answer> {
    const { caller } = call;
    validate(newServerBody(call.version[1]), call.body);
    const body = object(call.body);
    const given = object(body["server"]);
    const count = countOf(given);
    allow(caller, "member", "servers:create");
    const { zone, host } = this.#zone(call, given);
    const devices = devicesOf(given);
    const imageRef = text(given["imageRef"]) ?? "";
    if (imageRef === "" && devices.length === 0) throw bad("Missing imageRef attribute");
    const requested = requestedOf(given["networks"]);
    if (Array.isArray(requested) && requested.some(({ fixedIp }) => fixedIp !== undefined) && count > 1)
      throw bad("Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified.");
    if (Array.isArray(requested) && requested.some(({ port }) => port !== undefined) && count > 1)
      throw bad("Failed to launch instances: max_count cannot be greater than 1 if a port is specified.");
    const flavorRef = String(given["flavorRef"]).split("/").at(-1) ?? "";
    const flavor = this.#nova.flavor(caller, flavorRef);
    if (!flavor) throw bad(`Flavor ${flavorRef} could not be found.`);
    const image = imageRef === "" ? undefined : await this.#storage.image(caller, imageRef);
    if (imageRef !== "" && !image) throw bad("Can not find requested image");
    const groups = list(given["security_groups"]).map((one) => String(object(one)["name"]));
    await this.#network.groups(
      groups.filter((name) => name !== "default"),
      caller,
    );
    await this.#network.check(requested, caller);
    const key = this.#key(caller, text(given["key_name"]));
    const bootImage = image ?? (await this.#bootImage(caller, devices));
    await this.#checkVolumes(caller, devices, imageRef !== "");
    this.#quotas.checkMetadata(caller.projectId, Object.keys(object(given["metadata"])).length);
    checkImage(image, flavor, devices);
    const hints = object(body["os:scheduler_hints"] ?? body["OS-SCH-HNT:scheduler_hints"]);
    const group = this.#group(caller, hints);
    this.#quotas.check(caller.projectId, flavor, count);
    const reservation = `r-${this.#nova.world.random.hex(8)}`;
    const made: ServerRow[] = [];
    for (let index = 0; index < count; index++) {
      const server = this.#row(call, given, {
        flavor,
        imageRef,
        properties: propertiesOf(bootImage),
        requested: requested ?? "auto",
        groups,
        key,
        zone,
        host,
        hints,
        group,
        reservation,
        devices: devices.map((device) => ({ ...device, id: this.#nova.world.random.uuid() })),
        index,
        count,
      });
      for (const device of server.volumes)
        if (device.volume !== null) device.attachment = await this.#storage.reserve(caller, server, device.volume);
      this.#nova.tables.servers.put(server);
      this.#nova.action(call, server, "create");
      made.push(server);
    }
    for (const server of made) this.#build.begin(server, caller);
    if (bool(given["return_reservation_id"] ?? false)) return { status: 202, body: { reservation_id: reservation } };
    const server = made[0]!;
    const location = links(call.base, "servers", server.id);
    return {
      status: 202,
      headers: { Location: String(location[0]?.["href"]) },
      body: {
        server: {
          id: server.id,
          links: location,
          "OS-DCF:diskConfig": server.diskConfig,
          security_groups: given["security_groups"] ?? [{ name: "default" }],
          adminPass: server.adminPass,
        },
      },
    };
  }

  /** The zone, host and node that were asked for. */
  #zone(call: Call, given: Json): { zone: string | null; host: ServerRow["requestedHost"] } {
    const { caller } = call;
    const [zone, host, node, more] = (text(given["availability_zone"]) ?? "").split(":");
    if (more !== undefined) throw bad("Unable to parse availability_zone");
    if (host) allow(caller, "admin", "servers:create:forced_host");
    const asked = { host: text(given["host"]), node: text(given["hypervisor_hostname"]) };
    if (asked.host || asked.node) {
      allow(caller, "admin", "compute:servers:create:requested_destination");
      const known = this.#nova.tables.hosts.find(
        (one) =>
          (asked.host === undefined || one.service === asked.host) &&
          (asked.node === undefined || one.name === asked.node),
      );
      if (!known) throw bad(`Compute host ${asked.host ?? asked.node} could not be found.`);
    }
    if (zone && !this.#nova.zones().includes(zone)) throw bad("The requested availability zone is not available");
    const wantedHost = asked.host ?? (host || undefined);
    const wantedNode = asked.node ?? (node || undefined);
    return {
      zone: zone || null,
      host: { ...(wantedHost ? { host: wantedHost } : {}), ...(wantedNode ? { node: wantedNode } : {}) },
    };
  }

  #key(caller: Caller, name: string | undefined): { name: string; data: string } | null {
    if (name === undefined) return null;
    const key = this.#nova.tables.keypairs.get(`${caller.userId}/${name}`);
    if (!key) throw bad("Invalid key_name provided.");
    return { name, data: key.publicKey };
  }

  /** What a server that boots from a volume takes its properties from. */
  async #bootImage(caller: Caller, devices: readonly ServerVolume[]): Promise<Json | undefined> {
    const root = devices.find(({ bootIndex }) => bootIndex === 0);
    if (!root) return undefined;
    if (root.source === "image") {
      const image = await this.#storage.image(caller, root.from ?? "");
      if (!image) throw bad("Can not find requested image");
      return image;
    }
    if (root.source !== "volume") return undefined;
    const volume = await this.#storage.volume(caller, root.volume ?? "");
    if (!volume) throw bad(`Block Device Mapping is Invalid: failed to get volume ${root.volume}.`);
    if (String(volume["bootable"]) !== "true") throw bad(`Block Device ${root.volume} is not bootable.`);
    return object(volume["volume_image_metadata"]);
  }

  async #checkVolumes(caller: Caller, devices: readonly ServerVolume[], withImage: boolean): Promise<void> {
    for (const { volume } of devices) {
      if (volume !== null && !(await this.#storage.volume(caller, volume)))
        throw bad(`Volume ${volume} could not be found.`);
    }
    const indexes = devices.map(({ bootIndex }) => bootIndex ?? -1).filter((index) => index >= 0);
    if (withImage && !indexes.includes(0)) indexes.push(0);
    indexes.sort((a, b) => a - b);
    if (indexes.length === 0 || indexes.some((index, position) => index !== position))
      throw bad(
        "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.",
      );
    if (withImage && devices.some(({ bootIndex }) => bootIndex === 0))
      throw bad(
        "Block Device Mapping is Invalid: Boot sequence for the instance and image/block device mapping combination is not valid.",
      );
    for (const { source, size } of devices) {
      if (source === "image" && !size)
        throw bad(
          "Block Device Mapping is Invalid: Images with destination_type 'volume' need to have a non-zero size specified",
        );
      if (source === "blank" && !size)
        throw bad(
          "Block Device Mapping is Invalid: Blank volumes (source: 'blank', dest: 'volume') need to have non-zero size",
        );
    }
  }

  #group(caller: Caller, hints: Json): string | null {
    const asked = hints["group"];
    const id = Array.isArray(asked) ? asked[0] : asked;
    if (id === undefined) return null;
    const group = this.#nova.tables.groups.get(String(id));
    if (!group || group.project !== caller.projectId) throw bad(`Instance group ${id} could not be found.`);
    const members = this.#nova.tables.servers
      .by("project", group.project)
      .filter((one) => one.group === group.id && one.deleted === null);
    const limit = this.#quotas.limit(caller.projectId, "server_group_members");
    if (limit >= 0 && members.length >= limit) throw forbidden("Quota exceeded, too many servers in group");
    return group.id;
  }

  #row(
    call: Call,
    given: Json,
    more: {
      flavor: FlavorRow;
      imageRef: string;
      properties: Record<string, string>;
      requested: ServerRow["requested"];
      groups: string[];
      key: { name: string; data: string } | null;
      zone: string | null;
      host: ServerRow["requestedHost"];
      hints: Json;
      group: string | null;
      reservation: string;
      devices: ServerVolume[];
      index: number;
      count: number;
    },
  ): ServerRow {
    const { caller } = call;
    const now = this.#nova.now();
    const name = String(given["name"]).trim();
    const suffix = more.count > 1 ? `-${more.index + 1}` : "";
    this.#number ||= this.#nova.tables.servers.values().reduce((most, { number }) => Math.max(most, number), 0);
    const prefix = more.properties["hw_disk_bus"] === "scsi" || more.properties["hw_disk_bus"] === "ide" ? "sd" : "vd";
    let letter = 0;
    for (const device of more.devices)
      device.device ??= `/dev/${prefix}${String.fromCharCode(97 + (device.bootIndex === 0 ? 0 : ++letter))}`;
    const id = this.#nova.world.random.uuid();
    return {
      id,
      number: ++this.#number,
      project: caller.projectId,
      projectName: caller.projectName,
      user: caller.userId,
      userName: caller.userName,
      name: `${name}${suffix}`,
      hostname: text(given["hostname"]) ?? (hostnameOf(name) === "" ? `Server-${id}` : `${hostnameOf(name)}${suffix}`),
      description: atLeast(call, 2, 19) ? (text(given["description"]) ?? null) : name,
      flavor: structuredClone(more.flavor),
      oldFlavor: null,
      image: more.imageRef,
      imageProperties: more.properties,
      created: now,
      updated: now,
      launched: null,
      terminated: null,
      deleted: null,
      vmState: "building",
      taskState: "scheduling",
      powerState: 0,
      progress: 0,
      host: null,
      node: null,
      launchedOn: null,
      zone: more.zone,
      metadata: object(given["metadata"]) as Record<string, string>,
      tags: [...new Set(list(given["tags"]).map(String))],
      lockedBy: null,
      lockedReason: null,
      keyName: more.key?.name ?? null,
      keyData: more.key?.data ?? null,
      userData: text(given["user_data"]) ?? null,
      configDrive: bool(given["config_drive"] ?? false) ?? false,
      diskConfig: given["OS-DCF:diskConfig"] === "AUTO" ? "AUTO" : "MANUAL",
      accessIPv4: text(given["accessIPv4"]) ?? "",
      accessIPv6: text(given["accessIPv6"]) ?? "",
      adminPass: text(given["adminPass"]) ?? this.#nova.world.random.secret().replace(/[-_]/g, "x").slice(0, 12),
      reservation: more.reservation,
      launchIndex: more.index,
      rootDevice: null,
      hints: more.hints,
      group: more.group,
      securityGroups: more.groups,
      requested: more.requested,
      requestedHost: more.host,
      vifs: [],
      volumes: more.devices,
      fault: null,
    };
  }
}

function countOf(given: Json): number {
  const least = Number(given["min_count"] ?? 1);
  const most = Number(given["max_count"] ?? least);
  if (least > most) throw bad("min_count must be <= max_count");
  return most;
}

/** The networks that a body asks for. */
function requestedOf(given: unknown): RequestedNetwork[] | "auto" | "none" | undefined {
  if (given === undefined || given === "auto" || given === "none") return given;
  const ports = new Set<string>();
  return list(given).map((one) => {
    const { port, uuid, fixed_ip, tag } = object(one);
    const common = text(tag) === undefined ? {} : { tag: text(tag)! };
    if (text(port)) {
      const id = text(port)!;
      if (ports.has(id)) throw bad(`Port ID '${id}' was specified twice: you cannot attach a port multiple times.`);
      if (fixed_ip !== undefined)
        throw bad(
          `Specified Fixed IP '${fixed_ip}' cannot be used with port '${id}': the two cannot be specified together.`,
        );
      ports.add(id);
      return { ...common, port: id };
    }
    if (uuid === undefined) throw bad("Bad network format: missing 'uuid'");
    return { ...common, network: String(uuid), ...(text(fixed_ip) === undefined ? {} : { fixedIp: text(fixed_ip)! }) };
  });
}

/** The name of a server as a host name. */
export function hostnameOf(name: string): string {
  return name
    .replace(/[ _]/g, "-")
    .replace(/[^\w.-]/g, "")
    .replace(/\./g, "-")
    .toLowerCase()
    .replace(/^[-.]+|[-.]+$/g, "")
    .slice(0, 63);
}

/** Properties of an image that nova remembers for a server. */
function propertiesOf(image: Json | undefined): Record<string, string> {
  const known = /^(hw_|os_|img_|trait:|resources:|architecture$|hypervisor_type$|vm_mode$)/;
  const entries = Object.entries(image ?? {}).filter(
    ([key, value]) => typeof value === "string" && known.test(key) && !/^os_(hash|hidden)/.test(key),
  );
  return Object.fromEntries(entries) as Record<string, string>;
}

const GIB = 1024 ** 3;

/** Refuses an image that cannot be used, or does not fit. */
function checkImage(image: Json | undefined, flavor: FlavorRow, devices: readonly ServerVolume[]): void {
  if (!image) return;
  if (image["status"] !== "active") throw bad(`Image ${image["id"]} is not active.`);
  if (Number(image["min_ram"] ?? 0) > flavor.ram) throw bad("Flavor's memory is too small for requested image.");
  const root = devices.find(({ bootIndex }) => bootIndex === 0);
  if (root || flavor.disk === 0) return;
  const disk = flavor.disk * GIB;
  if (Number(image["size"] ?? 0) > disk)
    throw bad(
      `Flavor's disk is too small for requested image. Flavor disk is ${disk} bytes, image is ${image["size"]} bytes.`,
    );
  const least = Number(image["min_disk"] ?? 0) * GIB;
  if (least > disk)
    throw bad(
      `Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is ${disk} bytes, minimum size is ${least} bytes.`,
    );
}
