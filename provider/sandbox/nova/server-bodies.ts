import type { Schema } from "./schema.ts";
import * as t from "./types.ts";

/** A block device of POST /servers. */
function device(minor: number): Schema {
  return t.only({
    virtual_name: { type: "string", maxLength: 255 },
    volume_id: t.uuid,
    snapshot_id: t.uuid,
    volume_size: t.size(1),
    device_name: { type: "string", minLength: 1, maxLength: 255, pattern: "^[a-zA-Z0-9._/-]*$" },
    delete_on_termination: t.boolean,
    no_device: t.nothing,
    connection_info: { type: "string", maxLength: 16777215 },
    source_type: { type: "string", enum: ["volume", "image", "snapshot", "blank"] },
    uuid: { type: "string", minLength: 1, maxLength: 255, pattern: "^[a-zA-Z0-9._-]*$" },
    image_id: t.uuid,
    destination_type: { type: "string", enum: ["local", "volume"] },
    guest_format: { type: "string", maxLength: 255 },
    device_type: { type: "string", maxLength: 255 },
    disk_bus: { type: "string", maxLength: 255 },
    boot_index: { type: ["integer", "string", "null"], pattern: "^-?[0-9]+$" },
    ...(minor === 32 || minor >= 42 ? { tag: t.tag } : {}),
    ...(minor >= 67 ? { volume_type: { type: ["string", "null"], minLength: 0, maxLength: 255 } } : {}),
  });
}

function networks(minor: number): Schema {
  const items = t.only({
    fixed_ip: t.address,
    port: { type: ["string", "null"], format: "uuid" },
    uuid: minor >= 37 ? t.uuid : t.text,
    ...((minor >= 32 && minor < 37) || minor >= 42 ? { tag: t.tag } : {}),
  });
  const list = t.listOf(items);
  return minor >= 37 ? { oneOf: [list, { type: "string", enum: ["none", "auto"] }] } : list;
}

const hints: Schema = {
  type: "object",
  properties: {
    group: { oneOf: [t.listOf(t.uuid), t.uuid] },
    different_host: { oneOf: [t.uuid, t.listOf(t.uuid)] },
    same_host: { type: ["string", "array"], items: t.uuid },
    query: { type: ["string", "object"] },
    target_cell: t.name,
    different_cell: { type: ["string", "array"], items: t.text },
    build_near_host_ip: t.address,
    cidr: { type: "string", pattern: "^/[0-9a-f.:]+$" },
  },
  additionalProperties: true,
};

const personality = t.listOf(t.only({ path: t.text, contents: { type: "string", format: "base64" } }));
const certificates: Schema = {
  type: ["array", "null"],
  minItems: 1,
  maxItems: 50,
  uniqueItems: true,
  items: { type: "string", minLength: 1 },
};

/** The name that a server has on its network. */
const hostname = (minor: number) => (minor >= 94 ? t.fqdn : t.hostname);

/** The body of POST /servers at 2.`minor`. */
function newServer(minor: number): Schema {
  const v2 = device(minor);
  const server = t.only(
    {
      name: t.name,
      imageRef: { oneOf: [t.uuid, { type: "string", maxLength: 0 }] },
      flavorRef: t.flavorRef,
      adminPass: t.text,
      metadata: t.metadata,
      networks: networks(minor),
      "OS-DCF:diskConfig": t.diskConfig,
      accessIPv4: t.ipv4,
      accessIPv6: t.ipv6,
      ...(minor < 57 ? { personality } : {}),
      availability_zone: t.name,
      block_device_mapping: t.listOf(v2),
      block_device_mapping_v2: t.listOf(v2),
      config_drive: t.boolean,
      key_name: t.name,
      min_count: t.atLeast(1),
      max_count: t.atLeast(1),
      return_reservation_id: t.boolean,
      security_groups: t.listOf(t.only({ name: t.name })),
      user_data: { type: "string", format: "base64", maxLength: 65535 },
      ...(minor >= 19 ? { description: t.description } : {}),
      ...(minor >= 52 ? { tags: t.listOf(t.tag, { maxItems: 50 }) } : {}),
      ...(minor >= 63 ? { trusted_image_certificates: certificates } : {}),
      ...(minor >= 74 ? { host: t.fqdn, hypervisor_hostname: t.fqdn } : {}),
      ...(minor >= 90 ? { hostname: hostname(minor) } : {}),
    },
    ["name", "flavorRef", ...(minor >= 37 ? ["networks"] : [])],
  );
  return t.only({ server, "os:scheduler_hints": hints, "OS-SCH-HNT:scheduler_hints": hints }, ["server"]);
}

/** The body of PUT /servers/ID. */
function changes(minor: number): Schema {
  return t.wrapped(
    "server",
    t.only({
      name: t.name,
      "OS-DCF:diskConfig": t.diskConfig,
      accessIPv4: t.ipv4,
      accessIPv6: t.ipv6,
      ...(minor >= 19 ? { description: t.description } : {}),
      ...(minor >= 90 ? { hostname: hostname(minor) } : {}),
      ...(minor >= 104 ? { pinned_availability_zone: t.nameOrNull } : {}),
    }),
  );
}

/** The body of the action rebuild. */
function rebuild(minor: number): Schema {
  return t.wrapped(
    "rebuild",
    t.only(
      {
        name: t.name,
        imageRef: t.uuid,
        adminPass: t.text,
        metadata: t.metadata,
        preserve_ephemeral: t.boolean,
        "OS-DCF:diskConfig": t.diskConfig,
        accessIPv4: t.ipv4,
        accessIPv6: t.ipv6,
        ...(minor < 57 ? { personality } : {}),
        ...(minor >= 19 ? { description: t.description } : {}),
        ...(minor >= 54 ? { key_name: t.nameOrNull } : {}),
        ...(minor >= 57 ? { user_data: t.userData } : {}),
        ...(minor >= 63 ? { trusted_image_certificates: certificates } : {}),
        ...(minor >= 90 ? { hostname: hostname(minor) } : {}),
      },
      ["imageRef"],
    ),
  );
}

/** A schema that depends on the microversion, made once for each. */
function remembered(make: (minor: number) => Schema): (minor: number) => Schema {
  const made = new Map<number, Schema>();
  return (minor) => {
    const schema = made.get(minor) ?? make(minor);
    made.set(minor, schema);
    return schema;
  };
}

/** The bodies of servers by the minor number of the microversion. */
export const newServerBody = remembered(newServer);
export const serverChangesBody = remembered(changes);
export const rebuildBody = remembered(rebuild);
