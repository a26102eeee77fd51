import type { Call, Version } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { NEWEST, notAcceptable } from "./errors.ts";

/** Fields of nodes and the microversion that brought them. */
export const VERSIONED_FIELDS: Readonly<Record<string, number>> = {
  driver_internal_info: 3,
  name: 5,
  inspection_finished_at: 6,
  inspection_started_at: 6,
  clean_step: 7,
  raid_config: 12,
  target_raid_config: 12,
  network_interface: 20,
  resource_class: 21,
  boot_interface: 31,
  console_interface: 31,
  deploy_interface: 31,
  inspect_interface: 31,
  management_interface: 31,
  power_interface: 31,
  raid_interface: 31,
  vendor_interface: 31,
  storage_interface: 33,
  traits: 37,
  rescue_interface: 38,
  bios_interface: 40,
  fault: 42,
  deploy_step: 44,
  conductor_group: 46,
  automated_clean: 47,
  protected: 48,
  protected_reason: 48,
  conductor: 49,
  owner: 50,
  description: 51,
  allocation_uuid: 52,
  events: 54,
  retired: 61,
  retired_reason: 61,
  lessee: 65,
  network_data: 66,
  boot_mode: 75,
  secure_boot: 75,
  shard: 82,
  parent_node: 83,
  firmware_interface: 86,
  service_step: 87,
  disable_power_off: 95,
  instance_name: 104,
  health: 109,
};

/** Verbs of the provision state and the microversion that brought them. */
export const VERSIONED_VERBS: Readonly<Record<string, number>> = {
  manage: 4,
  provide: 4,
  inspect: 6,
  abort: 13,
  clean: 15,
  adopt: 17,
  rescue: 38,
  unrescue: 38,
  deploy: 73,
  undeploy: 73,
};

/** The asked minor version. */
export const minor = (call: Pick<Call, "version">): number => call.version[1];

/** Whether a field is there at a version. */
export const hasField = (field: string, version: number): boolean => version >= (VERSIONED_FIELDS[field] ?? 0);

/** Refuses fields that the asked version does not have. */
export function checkFields(call: Pick<Call, "version">, fields: readonly string[] | undefined): void {
  for (const field of fields ?? []) if (!hasField(field, minor(call))) throw notAcceptable();
}

/** The microversion that the headers ask for. Throws 406. Without a token that comes first. */
export function askedVersion(headers: Readonly<Record<string, string>>): Version {
  const given = fromService(headers["openstack-api-version"]) ?? headers["x-openstack-ironic-api-version"] ?? "1.1";
  const text = given.trim().toLowerCase() === "latest" ? `1.${NEWEST}` : given.trim();
  const found = /^(\d+)\.(\d+)$/.exec(text);
  const tokenless = !headers["x-auth-token"];
  if (!found) {
    if (tokenless) return [1, 1];
    throw unsupported("Invalid value for X-OpenStack-Ironic-API-Version header", {});
  }
  const version: Version = [Number(found[1]), Number(found[2])];
  if (tokenless || (version[0] === 1 && version[1] >= 1 && version[1] <= NEWEST)) return version;
  const range = {
    "X-OpenStack-Ironic-API-Minimum-Version": "1.1",
    "X-OpenStack-Ironic-API-Maximum-Version": `1.${NEWEST}`,
  };
  const supported = `The supported version range is: [1.1, 1.${NEWEST}].`;
  throw version[0] === 1
    ? unsupported(
        `Version ${version.join(".")} was requested but the minor version is not supported by this service. ${supported}`,
        range,
      )
    : unsupported(
        `Mutually exclusive versions requested. Version ${version.join(".")} requested but not supported by this service. ${supported}`,
        range,
      );
}

const unsupported = (message: string, headers: Record<string, string>) =>
  new Refusal(406, message, { type: "aborted", headers });

/** `baremetal 1.72` of the header that all services share. */
function fromService(header: string | undefined): string | undefined {
  for (const part of (header ?? "").split(",")) {
    const [service, version] = part.trim().split(/\s+/);
    if (service?.toLowerCase() === "baremetal") return version;
  }
  return undefined;
}
