import { volumes } from "../cinder/index.ts";
import type { Cloud } from "../cloud.ts";
import { servers } from "./servers.ts";

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

/**
 * A volume on a server; undefined where it is not on it. A refresh asks the server and the volume, which it reads anyway; where
 * they do not tell Nova's own list does.
 */
export async function findServerVolume(
  cloud: Cloud,
  serverId: string,
  volumeId: string,
): Promise<ServerVolume | undefined> {
  if (cloud.refresh) {
    const [server, volume] = await Promise.all([servers(cloud).look(serverId), volumes(cloud).look(volumeId)]);
    const on = server?.["os-extended-volumes:volumes_attached"]?.some(({ id }) => id === volumeId);
    const held = volume?.attachments.find(({ server_id: id }) => id === serverId);
    if (on === false) return undefined;
    if (on && held?.device) {
      const hasIds = await nova(cloud).supports("attachment ids");
      return { volumeId, serverId, device: held.device, ...(hasIds && { attachment_id: held.attachment_id }) };
    }
  }
  return (await listServerVolumes(cloud, serverId)).find((one) => one.volumeId === volumeId);
}

/** The volumes of a server; none where there is no such server. `GET /servers/{id}/os-volume_attachments` */
async function listServerVolumes(cloud: Cloud, serverId: string): Promise<readonly ServerVolume[]> {
  const hasIds = await nova(cloud).supports("attachment ids");
  const answer = await nova(cloud).find<{ volumeAttachments: ServerVolume[] }>(
    `/servers/${encodeURIComponent(serverId)}/os-volume_attachments`,
    hasIds ? { microversion: await nova(cloud).negotiate("attachment ids") } : {},
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
