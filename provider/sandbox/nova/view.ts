import type { Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { hostId, links, longStamp, type Nova, stamp } from "./core.ts";
import { may } from "./errors.ts";
import type { ServerRow, Vif } from "./rows.ts";

const BY_TASK: Record<string, string> = {
  rebooting: "REBOOT",
  reboot_pending: "REBOOT",
  reboot_started: "REBOOT",
  rebooting_hard: "HARD_REBOOT",
  reboot_pending_hard: "HARD_REBOOT",
  reboot_started_hard: "HARD_REBOOT",
  updating_password: "PASSWORD",
  rebuilding: "REBUILD",
  rebuild_block_device_mapping: "REBUILD",
  rebuild_spawning: "REBUILD",
  resize_prep: "RESIZE",
  resize_migrating: "RESIZE",
  resize_migrated: "RESIZE",
  resize_finish: "RESIZE",
};

const BY_STATE: Record<string, string> = {
  active: "ACTIVE",
  building: "BUILD",
  stopped: "SHUTOFF",
  resized: "VERIFY_RESIZE",
  paused: "PAUSED",
  suspended: "SUSPENDED",
  rescued: "RESCUE",
  error: "ERROR",
  deleted: "DELETED",
};

/** States in which a task shows instead. */
const TASKS_SHOW: Record<string, RegExp> = {
  active: /./,
  stopped: /^re(size|build)/,
  error: /^rebuild/,
};

/** A server's status as the API names it. */
export function statusOf(server: ServerRow): string {
  if (server.deleted !== null) return "DELETED";
  const task = server.taskState ?? "";
  const shown = TASKS_SHOW[server.vmState]?.test(task) ? BY_TASK[task] : undefined;
  return shown ?? BY_STATE[server.vmState] ?? "UNKNOWN";
}

/** The states of nova that a status of the API stands for; undefined for a word that is none. */
export function statesOf(status: string): string[] | undefined {
  const wanted = status.toUpperCase();
  const all = new Set([
    ...Object.values(BY_TASK),
    ...Object.values(BY_STATE),
    "MIGRATING",
    "SOFT_DELETED",
    "SHELVED",
    "SHELVED_OFFLOADED",
    "REVERT_RESIZE",
  ]);
  return all.has(wanted) ? [wanted] : undefined;
}

const PROGRESS = new Set(["ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"]);

/** The addresses of a server by network. */
export function addressesOf(vifs: readonly Vif[], extended: boolean): Record<string, Json[]> {
  const addresses: Record<string, Json[]> = {};
  for (const vif of vifs)
    for (const { address, type } of vif.addresses) {
      addresses[vif.networkName] ??= [];
      addresses[vif.networkName]!.push({
        version: address.includes(":") ? 6 : 4,
        addr: address,
        ...(extended ? { "OS-EXT-IPS:type": type, "OS-EXT-IPS-MAC:mac_addr": vif.mac } : {}),
      });
    }
  return addresses;
}

/** How a server is shown. */
export interface ViewOptions {
  /** As `/servers/detail` shows it, which leaves the groups out. */
  readonly listed?: boolean;
  /** Whether the answer has all fields, or only those that a change had before 2.75. */
  readonly whole?: boolean;
  /** Whether the key is shown by a change. */
  readonly key?: boolean;
  /** Whether administrators see the user data here. */
  readonly userData?: boolean;
}

/** A server as the API shows it to the caller at the microversion asked for. */
export function serverView(nova: Nova, call: Call, server: ServerRow, options: ViewOptions = {}): Json {
  const { whole = true, listed = false } = options;
  const admin = may(call.caller, "admin");
  const since = (minor: number) => atLeast(call, 2, minor);
  const status = statusOf(server);
  const groups = server.vifs.flatMap((vif) => vif.groups).map((name) => ({ name }));
  const host = server.host;
  return {
    accessIPv4: server.accessIPv4,
    accessIPv6: server.accessIPv6,
    addresses: server.vmState === "building" ? {} : addressesOf(server.vifs, whole),
    created: stamp(server.created),
    flavor: flavorOf(call, server),
    hostId: hostId(host, server.project),
    id: server.id,
    image: imageOf(call, server),
    links: links(call.base, "servers", server.id),
    metadata: server.metadata,
    name: server.name,
    status,
    tenant_id: server.project,
    user_id: server.user,
    updated: stamp(server.updated),
    "OS-DCF:diskConfig": server.diskConfig,
    ...(server.fault && (status === "ERROR" || status === "DELETED") ? { fault: faultOf(server, admin) } : {}),
    ...(PROGRESS.has(status) ? { progress: server.progress } : {}),
    ...(whole ? { "OS-EXT-AZ:availability_zone": host ? nova.zoneOf(host) : (server.zone ?? "") } : {}),
    ...(whole ? { config_drive: server.configDrive ? "True" : "" } : {}),
    ...(whole || options.key ? { key_name: server.keyName } : {}),
    ...(whole
      ? {
          "OS-SRV-USG:launched_at": longStamp(server.launched),
          "OS-SRV-USG:terminated_at": longStamp(server.terminated),
          ...(groups.length > 0 ? { security_groups: groups } : {}),
          ...(admin ? extended(call, server, options.userData ?? true) : {}),
          "OS-EXT-STS:task_state": server.taskState,
          "OS-EXT-STS:vm_state": server.vmState,
          "OS-EXT-STS:power_state": server.powerState,
          "os-extended-volumes:volumes_attached": server.volumes
            .filter(({ volume }) => volume !== null)
            .map(({ volume, deleteOnTermination }) => ({
              id: volume,
              ...(since(3) ? { delete_on_termination: deleteOnTermination } : {}),
            })),
        }
      : {}),
    ...(since(9) ? { locked: server.lockedBy !== null } : {}),
    ...(since(16) && admin && whole ? { host_status: host ? nova.hostStatus(host) : "" } : {}),
    ...(since(19) ? { description: server.description } : {}),
    ...(since(26) ? { tags: server.tags } : {}),
    ...(since(63) ? { trusted_image_certificates: null } : {}),
    ...(since(71) && !listed ? { server_groups: server.group ? [server.group] : [] } : {}),
    ...(since(73) ? { locked_reason: server.lockedReason } : {}),
    ...(since(90) && !(admin && whole) ? { "OS-EXT-SRV-ATTR:hostname": server.hostname } : {}),
    ...(since(96) && whole ? { pinned_availability_zone: server.zone } : {}),
    ...(since(100) ? { scheduler_hints: server.hints } : {}),
  };
}

function flavorOf(call: Call, { flavor }: ServerRow): Json {
  if (!atLeast(call, 2, 47))
    return { id: flavor.id, links: [{ rel: "bookmark", href: `${call.base}/flavors/${flavor.id}` }] };
  return {
    vcpus: flavor.vcpus,
    ram: flavor.ram,
    disk: flavor.disk,
    ephemeral: flavor.ephemeral,
    swap: flavor.swap,
    original_name: flavor.name,
    extra_specs: flavor.extraSpecs,
  };
}

function imageOf(call: Call, { image, imageProperties }: ServerRow): Json | "" {
  if (image === "") return "";
  return {
    id: image,
    links: [{ rel: "bookmark", href: `${call.base}/images/${image}` }],
    ...(atLeast(call, 2, 98) ? { properties: imageProperties } : {}),
  };
}

function faultOf({ fault }: ServerRow, admin: boolean): Json {
  if (!fault) return {};
  const details = fault.details !== "" && (admin || fault.code !== 500) ? { details: fault.details } : {};
  return { code: fault.code, created: stamp(fault.created), message: fault.message, ...details };
}

function extended(call: Call, server: ServerRow, userData: boolean): Json {
  const number = server.number.toString(16).padStart(8, "0");
  return {
    "OS-EXT-SRV-ATTR:host": server.host,
    "OS-EXT-SRV-ATTR:instance_name": `instance-${number}`,
    "OS-EXT-SRV-ATTR:hypervisor_hostname": server.node,
    ...(atLeast(call, 2, 3)
      ? {
          "OS-EXT-SRV-ATTR:hostname": server.hostname,
          "OS-EXT-SRV-ATTR:kernel_id": "",
          "OS-EXT-SRV-ATTR:launch_index": server.launchIndex,
          "OS-EXT-SRV-ATTR:ramdisk_id": "",
          "OS-EXT-SRV-ATTR:reservation_id": server.reservation,
          "OS-EXT-SRV-ATTR:root_device_name": server.rootDevice,
          ...(userData ? { "OS-EXT-SRV-ATTR:user_data": server.userData } : {}),
        }
      : {}),
  };
}
