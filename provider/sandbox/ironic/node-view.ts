import type { Call, Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { linksOf } from "./answers.ts";
import { fault } from "./errors.ts";
import { HOST } from "./host.ts";
import type { Ironic } from "./ironic.ts";
import { may } from "./policy.ts";
import type { NodeRow } from "./rows.ts";
import { hasField, minor } from "./versions.ts";

/** Fields that stand in the node itself. */
export const NODE_FIELDS = [
  "automated_clean",
  "bios_interface",
  "boot_interface",
  "boot_mode",
  "clean_step",
  "conductor_group",
  "console_enabled",
  "console_interface",
  "disable_power_off",
  "deploy_interface",
  "deploy_step",
  "description",
  "driver",
  "driver_info",
  "driver_internal_info",
  "extra",
  "fault",
  "firmware_interface",
  "health",
  "inspection_finished_at",
  "inspection_started_at",
  "inspect_interface",
  "instance_info",
  "instance_name",
  "instance_uuid",
  "last_error",
  "lessee",
  "maintenance",
  "maintenance_reason",
  "management_interface",
  "name",
  "network_data",
  "network_interface",
  "owner",
  "parent_node",
  "power_interface",
  "power_state",
  "properties",
  "protected",
  "protected_reason",
  "provision_state",
  "provision_updated_at",
  "raid_config",
  "raid_interface",
  "rescue_interface",
  "reservation",
  "resource_class",
  "retired",
  "retired_reason",
  "secure_boot",
  "service_step",
  "shard",
  "storage_interface",
  "target_power_state",
  "target_provision_state",
  "target_raid_config",
  "traits",
  "vendor_interface",
] as const;

const KNOWN: ReadonlySet<string> = new Set(["uuid", ...NODE_FIELDS]);

/** Fields that are found out for one node only: a list of nodes cannot show them. */
const LOOKED_UP: ReadonlySet<string> = new Set(["allocation_uuid", "chassis_uuid", "conductor"]);

/** Refuses (400) fields that a node does not have, or that a list of nodes cannot show. */
export function checkNodeFields(fields: readonly string[] | undefined, inList: boolean): void {
  for (const field of fields ?? []) {
    if (KNOWN.has(field) || (!inList && LOOKED_UP.has(field))) continue;
    if (inList && field !== "created_at" && field !== "updated_at")
      throw fault(400, `type object 'Node' has no attribute '${field}'`);
    throw fault(400, `Field ${field} is not a valid field.`);
  }
}

const SECRET = /pass|secret|token|_key$|private|access_?key|auth|pswd|configdrive/i;
const MASK = "******";

/** A copy with passwords and the like masked. */
export function masked(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) =>
      SECRET.test(key) && typeof one === "string" && one !== ""
        ? [key, MASK]
        : [key, isObject(one) ? masked(one) : one],
    ),
  );
}

/** Shows nodes to one caller: what it may see of each is looked up once. */
export class NodeView {
  readonly #ironic: Ironic;
  readonly #call: Call;
  readonly #base: string;
  readonly #version: number;
  /** A system's reader sees everything; others what their part in the node lets them. */
  readonly #everything: boolean;

  constructor(ironic: Ironic, call: Call) {
    this.#ironic = ironic;
    this.#call = call;
    this.#base = ironic.base(call);
    this.#version = minor(call);
    this.#everything = may(call.caller, "baremetal:node:get:filter_threshold");
  }

  /** The node with these fields, or all. */
  show(node: NodeRow, fields?: readonly string[]): Json {
    const shown: Json = {};
    const path = `nodes/${node.id}`;
    if (fields) {
      for (const field of fields) if (hasField(field, this.#version)) shown[field] = this.#field(node, field);
      shown["links"] = linksOf(this.#base, path);
      return shown;
    }
    shown["uuid"] = node.id;
    shown["created_at"] = node.created_at;
    shown["updated_at"] = node.updated_at;
    for (const field of NODE_FIELDS) if (hasField(field, this.#version)) shown[field] = this.#field(node, field);
    shown["links"] = linksOf(this.#base, path);
    for (const field of LOOKED_UP) if (hasField(field, this.#version)) shown[field] = this.#field(node, field);
    shown["ports"] = linksOf(this.#base, `${path}/ports`);
    if (this.#version >= 14) shown["states"] = linksOf(this.#base, `${path}/states`);
    if (this.#version >= 24) shown["portgroups"] = linksOf(this.#base, `${path}/portgroups`);
    if (this.#version >= 32) shown["volume"] = linksOf(this.#base, `${path}/volume`);
    return shown;
  }

  #sees(node: NodeRow, what: string): boolean {
    return this.#everything || may(this.#call.caller, `baremetal:node:get:${what}`, node);
  }

  #field(node: NodeRow, field: string): unknown {
    switch (field) {
      case "uuid":
        return node.id;
      case "allocation_uuid":
        return node.allocation_id;
      case "conductor":
        return this.#ironic.conductor.seenAlive ? HOST : null;
      case "last_error":
        return this.#sees(node, field)
          ? node.last_error
          : "** Value Redacted - Requires baremetal:node:get:last_error permission. **";
      case "reservation":
        return this.#sees(node, field)
          ? node.reservation
          : "** Redacted - requires baremetal:node:get:reservation permission. **";
      case "driver_internal_info":
        return this.#sees(node, field)
          ? masked(node.driver_internal_info)
          : { content: "** Redacted - Requires baremetal:node:get:driver_internal_info permission. **" };
      case "driver_info":
        return this.#sees(node, field)
          ? masked(node.driver_info)
          : { content: "** Redacted - requires baremetal:node:get:driver_info permission. **" };
      case "instance_info":
        return instanceInfo(node);
      case "provision_state":
        return shownState(node.provision_state, this.#version);
      case "traits":
        return [...node.traits].sort();
      default:
        return node[field as keyof NodeRow] ?? null;
    }
  }
}

/** A provision state as an older version knows it. */
export function shownState(state: string, version: number): string | null {
  if (state === "available" && version < 2) return null;
  return state === "inspect wait" && version < 39 ? "inspecting" : state;
}

function instanceInfo(node: NodeRow): Json {
  const info = masked(node.instance_info);
  for (const key of ["configdrive", "image_url"]) if (info[key]) info[key] = MASK;
  return info;
}
