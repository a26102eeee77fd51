import { volumes } from "../cinder/index.ts";
import type { Cloud } from "../cloud.ts";

/** A volume of a server, as Nova lists it. */
export interface ServerVolume {
  readonly volumeId: string;
  readonly serverId: string;
  /** `/dev/vdb`: Nova's guess, which the guest need not follow. */
  readonly device: string | null;
  /** Cinder's attachment; from microversion 2.89 on. */
  readonly attachment_id?: string | null;
}

const nova = (cloud: Cloud) => cloud.service("compute");

/** The volumes of a server; none where there is no such server. `GET /servers/{id}/os-volume_attachments` */
export async function listServerVolumes(cloud: Cloud, serverId: string): Promise<readonly ServerVolume[]> {
  const microversion = (await nova(cloud).supports("2.89")) ? "2.89" : undefined;
  const answer = await nova(cloud).find<{ volumeAttachments: ServerVolume[] }>(
    `/servers/${encodeURIComponent(serverId)}/os-volume_attachments`,
    microversion === undefined ? {} : { microversion },
  );
  return answer?.volumeAttachments ?? [];
}

/**
 * Attaches a volume to a running server. Nova accepts it at once and does it later; on bare metal it accepts it and
 * undoes it silently. `POST /servers/{id}/os-volume_attachments`
 */
export async function attachVolume(cloud: Cloud, serverId: string, volumeId: string): Promise<void> {
  await nova(cloud).post(`/servers/${serverId}/os-volume_attachments`, { volumeAttachment: { volumeId } });
  volumes(cloud).touch(volumeId);
}

/** Detaches a volume; not attached is success. `DELETE /servers/{id}/os-volume_attachments/{volume}` */
export async function detachVolume(cloud: Cloud, serverId: string, volumeId: string): Promise<void> {
  await nova(cloud).remove(`/servers/${serverId}/os-volume_attachments/${volumeId}`);
  volumes(cloud).touch(volumeId);
}
