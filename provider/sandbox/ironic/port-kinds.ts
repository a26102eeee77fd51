import type { Json } from "../kernel/call.ts";
import type { Schema } from "../kernel/schema.ts";

/** What tells ports from port groups. */
export interface PortKind {
  path: "ports" | "portgroups";
  /** Of policies and messages. */
  word: "port" | "portgroup";
  title: string;
  since: number;
  /** Fields of a short list. */
  usual: readonly string[];
  /** Fields besides uuid, node_uuid and times. */
  fields: readonly string[];
  /** Versions that brought fields. */
  versions: Readonly<Record<string, number>>;
  /** Fields that can be changed. */
  allowed: readonly string[];
  schema: Schema;
  /** A new one of which nothing was said. */
  blank: Json;
}

const text: Schema = { type: ["string", "null"] };
const flag: Schema = { type: ["string", "boolean", "null"] };
const map: Schema = { type: ["object", "null"] };
const short = (length: number): Schema => ({ type: ["string", "null"], maxLength: length });

/** Network cards. */
export const PORT: PortKind = {
  path: "ports",
  word: "port",
  title: "Port",
  since: 1,
  usual: ["uuid", "address"],
  fields: [
    "address",
    "extra",
    "internal_info",
    "is_smartnic",
    "local_link_connection",
    "physical_network",
    "pxe_enabled",
    "name",
    "description",
    "vendor",
    "category",
    "available_for_dynamic_portgroup",
    "portgroup_uuid",
  ],
  versions: {
    internal_info: 18,
    pxe_enabled: 19,
    local_link_connection: 19,
    portgroup_uuid: 24,
    physical_network: 34,
    is_smartnic: 53,
    name: 88,
    node_ident: 94,
    description: 97,
    vendor: 100,
    category: 101,
    available_for_dynamic_portgroup: 111,
  },
  allowed: [
    "address",
    "extra",
    "is_smartnic",
    "local_link_connection",
    "node_ident",
    "node_uuid",
    "physical_network",
    "portgroup_uuid",
    "pxe_enabled",
    "name",
    "description",
    "vendor",
    "category",
    "available_for_dynamic_portgroup",
  ],
  schema: {
    type: "object",
    properties: {
      address: { type: "string" },
      extra: map,
      is_smartnic: flag,
      local_link_connection: {
        type: ["null", "object"],
        properties: {
          port_id: { type: "string" },
          switch_id: { type: "string" },
          hostname: { type: "string" },
          switch_info: { type: "string" },
          network_type: { type: "string", enum: ["managed", "unmanaged"] },
          "vtep-logical-switch": { type: "string" },
          "vtep-physical-switch": { type: "string" },
        },
        additionalProperties: false,
      },
      node_ident: { type: "string" },
      node_uuid: { type: "string" },
      physical_network: short(64),
      portgroup_uuid: text,
      pxe_enabled: flag,
      uuid: text,
      name: text,
      description: short(255),
      vendor: short(32),
      category: short(80),
      available_for_dynamic_portgroup: { type: "boolean" },
    },
    required: ["address"],
    anyOf: [{ required: ["node_ident"] }, { required: ["node_uuid"] }],
    additionalProperties: false,
  },
  blank: {
    address: null,
    extra: {},
    internal_info: {},
    is_smartnic: false,
    local_link_connection: {},
    physical_network: null,
    pxe_enabled: true,
    portgroup_uuid: null,
    name: null,
    description: null,
    vendor: null,
    category: null,
    available_for_dynamic_portgroup: true,
  },
};

/** Network cards that act as one. */
export const PORTGROUP: PortKind = {
  path: "portgroups",
  word: "portgroup",
  title: "Portgroup",
  since: 23,
  usual: ["uuid", "address", "name"],
  fields: [
    "address",
    "extra",
    "internal_info",
    "mode",
    "name",
    "properties",
    "standalone_ports_supported",
    "physical_network",
    "category",
    "dynamic_portgroup",
  ],
  versions: { mode: 26, properties: 26, physical_network: 102, category: 103, dynamic_portgroup: 111 },
  allowed: [
    "address",
    "extra",
    "mode",
    "name",
    "node_uuid",
    "properties",
    "standalone_ports_supported",
    "physical_network",
    "category",
  ],
  schema: {
    type: "object",
    properties: {
      address: text,
      category: short(80),
      extra: map,
      mode: text,
      name: text,
      node_uuid: { type: "string" },
      physical_network: short(64),
      properties: map,
      standalone_ports_supported: flag,
      uuid: text,
    },
    required: ["node_uuid"],
    additionalProperties: false,
  },
  blank: {
    address: null,
    extra: {},
    internal_info: {},
    mode: "active-backup",
    name: null,
    properties: {},
    standalone_ports_supported: true,
    physical_network: null,
    category: null,
    dynamic_portgroup: false,
  },
};
