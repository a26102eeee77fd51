import type { CommonOutputs, FailureCode } from "../../core/index.ts";
import type { Volume, VolumeAttachmentInfo } from "../../openstack/cinder/index.ts";
import type { SeenVolume, VolumeInputs, VolumeOutputs } from "../volume.ts";
import { MARK_KEY } from "./calls.ts";

/** Metadata that Cinder writes itself, shown to administrators among the user's. */
const CINDERS_OWN = ["readonly", "attached_mode"];

/** The user's own metadata. */
export const userMetadata = (volume: Volume): Record<string, string> =>
  Object.fromEntries(Object.entries(volume.metadata).filter(([key]) => key !== MARK_KEY && !CINDERS_OWN.includes(key)));

/**
 * What Cinder said about the last failure. It tries several back ends and says something about each, all within a
 * second and under one request; the last word, that no back end is left, is the least of it.
 */
function saidOf({ messages }: SeenVolume): string {
  const last = messages.filter((message) => message.request_id === messages[0]?.request_id);
  return [...new Set(last.map((message) => message.user_message.replace(/:(?=\S)/, ": ")))].sort().join("; ");
}

/** Whether it failed, or no back end had room for it: Cinder's scheduler says so, and nobody else says anything. */
export function codeOf(seen: SeenVolume): FailureCode {
  const words = saidOf(seen).split("; ");
  const none = /no (valid|weighed) (backend|host)|could not find any available|no backend/i;
  return words.every((one) => none.test(one)) ? "no-storage" : "volume-failed";
}

/** Why it failed, in Cinder's words. */
export function causeOf(seen: SeenVolume): string {
  const status = seen.volume?.status ?? "error";
  const said = saidOf(seen);
  if (!said) return `Cinder shows the status ${status} and says nothing more`;
  const request = seen.messages[0]?.request_id;
  return `Cinder shows the status ${status}: ${said}${request ? ` (${request})` : ""}`;
}

/** Who holds a volume, in one line. */
export const holders = (attachments: readonly VolumeAttachmentInfo[]): string =>
  attachments
    .slice(0, 8)
    .map(
      ({ attachment_id: id, server_id: server, host_name: host, device }) =>
        `${server ?? host ?? "somebody"}${device ? ` as ${device}` : ""} (attachment ${id})`,
    )
    .join(", ");

/** What keeps a volume from being whole, in one line. */
export function volumeTrouble(seen: SeenVolume): string | undefined {
  const status = seen.volume?.status;
  if (status === undefined) return undefined;
  if (status.startsWith("error")) return [status, saidOf(seen)].filter(Boolean).join(": ");
  if (status === "maintenance") return "maintenance: the operator is moving it";
  if (status === "awaiting-transfer") return "offered for transfer to another project";
  return undefined;
}

/** What of a volume goes to state. */
export function volumeResult({ volume }: SeenVolume, _inputs: VolumeInputs): Omit<VolumeOutputs, keyof CommonOutputs> {
  return {
    volumeId: volume?.id ?? "",
    status: volume?.status ?? "deleted",
    actualSizeGiB: volume?.size ?? 0,
    volumeType: volume?.volume_type ?? "",
    actualBootable: volume?.bootable === "true",
    multiattach: volume?.multiattach ?? false,
    encrypted: volume?.encrypted ?? false,
    zone: volume?.availability_zone ?? "",
    attachments: (volume?.attachments ?? [])
      .slice(0, 8)
      .map(({ attachment_id: attachmentId, server_id: serverId, device }) => ({
        attachmentId,
        ...(serverId && { serverId }),
        ...(device && { device }),
      })),
  };
}

/** The inputs as the cloud has them, in the program's own words where they still hold. */
export function actualVolume({ volume }: SeenVolume, inputs: VolumeInputs): VolumeInputs {
  if (!volume) return inputs;
  const { name: _name, description: _description, ...rest } = inputs;
  const logical = inputs.identity.split("/").pop();
  const name = volume.name ?? "";
  const own = inputs.name === undefined && (inputs.adopt !== undefined || name === logical);
  const description =
    inputs.description === undefined && inputs.adopt !== undefined ? undefined : volume.description || undefined;
  return {
    ...rest,
    ...(!own && { name }),
    ...(description !== undefined && { description }),
    ...(inputs.sizeGiB !== undefined && { sizeGiB: volume.size }),
    ...(inputs.type !== undefined && volume.volume_type !== null && { type: volume.volume_type }),
    ...(inputs.availabilityZone !== undefined &&
      volume.availability_zone !== null && { availabilityZone: volume.availability_zone }),
    ...(inputs.metadata !== undefined && { metadata: userMetadata(volume) }),
    ...(inputs.bootable !== undefined && { bootable: volume.bootable === "true" }),
  };
}
