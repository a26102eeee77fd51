import type { Cloud, Collection } from "../cloud.ts";
import { related } from "../refresh.ts";

/** A volume, as far as it is used here. */
export interface Volume {
  readonly id: string;
  readonly name: string | null;
  readonly description: string | null;
  /** See the table in resources/volume.ts. */
  readonly status: string;
  /** GiB. */
  readonly size: number;
  readonly volume_type: string | null;
  readonly availability_zone: string | null;
  /** The texts `true` and `false`. */
  readonly bootable: string;
  readonly encrypted: boolean;
  readonly multiattach: boolean;
  readonly created_at: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly attachments: readonly VolumeAttachmentInfo[];
  readonly snapshot_id: string | null;
  readonly source_volid: string | null;
  readonly volume_image_metadata?: Readonly<Record<string, string>>;
}

/** Who holds a volume, as the volume tells it. */
export interface VolumeAttachmentInfo {
  readonly attachment_id: string;
  /** Nova's server, Ironic's instance or node, or whatever the attaching service named. */
  readonly server_id: string | null;
  readonly device: string | null;
  readonly host_name: string | null;
}

/** What the volume service tells its user about a failure. Microversion 3.5. */
export interface Message {
  readonly id: string;
  readonly user_message: string;
  readonly resource_uuid: string | null;
  readonly created_at: string;
  readonly request_id: string | null;
}

/** An attachment of microversion 3.27: the cloud's export of a volume to one initiator. */
export interface Attachment {
  readonly id: string;
  readonly status: string;
  /** The machine. */
  readonly instance: string | null;
  readonly volume_id: string;
  readonly attach_mode?: string | null;
  /** How the machine reaches the volume, with secrets; empty until a connector is given. */
  readonly connection_info?: ConnectionInfo;
}

/** iSCSI facts of an export; the keys that other transports have are left out. */
export interface ConnectionInfo {
  readonly driver_volume_type?: string;
  readonly target_portal?: string;
  readonly target_iqn?: string;
  readonly target_lun?: number;
  readonly auth_method?: string | null;
  readonly auth_username?: string | null;
  readonly auth_password?: string | null;
}

/** What an export is made for. */
export interface Connector {
  readonly initiator: string;
  /** `ro` or `rw`. */
  readonly mode: string;
  readonly host: string;
  readonly ip?: string;
}

const cinder = (cloud: Cloud) => cloud.service("block-storage");

/** All volumes that this credential sees; looks at them share their requests. `GET /volumes/{id}`, `GET /volumes/detail` */
export const volumes = (cloud: Cloud): Collection<Volume> =>
  cloud.collection<Volume>("volumes", {
    get: async (id) => (await cinder(cloud).find<{ volume: Volume }>(`/volumes/${encodeURIComponent(id)}`))?.volume,
    list: () => listVolumes(cloud),
  });

/** The project's volumes. `GET /volumes/detail` */
export const listVolumes = (cloud: Cloud): Promise<Volume[]> =>
  cinder(cloud).list<Volume>("/volumes/detail", "volumes", { query: { limit: 1000 } });

/** Whether the collection of volumes can be read at all. */
export const proveVolumesReadable = async (cloud: Cloud): Promise<void> => {
  await cinder(cloud).get("/volumes", { query: { limit: 1 } });
};

/** Makes a volume available again of which an attachment was begun and not ended; else does nothing. `os-unreserve` */
export const unreserveVolume = async (cloud: Cloud, id: string): Promise<void> => {
  await cinder(cloud).post(`/volumes/${id}/action`, { "os-unreserve": null }, { repeatable: true });
};

/** Makes a volume, also from a backup. `POST /volumes` */
export async function createVolume(cloud: Cloud, volume: Readonly<Record<string, unknown>>): Promise<Volume> {
  const microversion = volume["backup_id"] ? await cinder(cloud).negotiate("volumes from backups") : undefined;
  const made = await cinder(cloud).post<{ volume: Volume }>(
    "/volumes",
    { volume },
    microversion === undefined ? {} : { microversion },
  );
  return made.volume;
}

/** Changes name or description. `PUT /volumes/{id}` */
export async function updateVolume(cloud: Cloud, id: string, changes: Readonly<Record<string, unknown>>) {
  await cinder(cloud).put(`/volumes/${id}`, { volume: changes });
  volumes(cloud).touch(id);
}

/** Sets keys of the metadata and leaves the others. `POST /volumes/{id}/metadata` */
export async function setVolumeMetadata(cloud: Cloud, id: string, metadata: Readonly<Record<string, string>>) {
  await cinder(cloud).post(`/volumes/${id}/metadata`, { metadata }, { repeatable: true });
  volumes(cloud).touch(id);
}

/** Takes one key out of the metadata. `DELETE /volumes/{id}/metadata/{key}` */
export async function removeVolumeMetadata(cloud: Cloud, id: string, key: string) {
  await cinder(cloud).remove(`/volumes/${id}/metadata/${encodeURIComponent(key)}`);
  volumes(cloud).touch(id);
}

/**
 * Makes a volume larger, also one in use. `POST /volumes/{id}/action` os-extend
 * @throws Failure `version-too-old` where the cloud is too old for one in use
 */
export async function extendVolume(cloud: Cloud, id: string, sizeGiB: number, inUse: boolean) {
  const microversion = inUse ? await cinder(cloud).negotiate("growing volumes in use") : undefined;
  await cinder(cloud).post(
    `/volumes/${id}/action`,
    { "os-extend": { new_size: sizeGiB } },
    microversion === undefined ? {} : { microversion },
  );
  volumes(cloud).touch(id);
}

/** Says whether machines may start from a volume. `POST /volumes/{id}/action` os-set_bootable */
export async function setVolumeBootable(cloud: Cloud, id: string, bootable: boolean) {
  await cinder(cloud).post(`/volumes/${id}/action`, { "os-set_bootable": { bootable } }, { repeatable: true });
  volumes(cloud).touch(id);
}

/** Deletes a volume. `DELETE /volumes/{id}` */
export async function deleteVolume(cloud: Cloud, id: string) {
  await cinder(cloud).remove(`/volumes/${id}`);
  volumes(cloud).touch(id);
}

/** The snapshots of a volume. `GET /snapshots/detail?volume_id=` */
export const listSnapshotsOf = (cloud: Cloud, volumeId: string) =>
  cinder(cloud).list<{ id: string; name: string | null; status: string; volume_id: string }>(
    "/snapshots/detail",
    "snapshots",
    { query: { volume_id: volumeId } },
  );

/** What the service said about a volume, the newest first; nothing from clouds older than 3.5. `GET /messages` */
export async function messagesOf(cloud: Cloud, resourceId: string): Promise<Message[]> {
  if (!(await cinder(cloud).supports("messages about volumes"))) return [];
  const list = await cinder(cloud).list<Message>("/messages", "messages", {
    microversion: await cinder(cloud).negotiate("messages about volumes"),
  });
  const about = list.filter((message) => message.resource_uuid === resourceId);
  return about.sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
}

/** An image to make a volume from. */
export interface SourceImage {
  readonly id: string;
  readonly name: string | null;
  readonly status?: string;
}

/** The images of this id, whatever their status, or the active ones of this name. `GET /v2/images` */
export async function findImages(cloud: Cloud, nameOrId: string): Promise<SourceImage[]> {
  const glance = cloud.service("image");
  if (/^[0-9a-f-]{36}$/i.test(nameOrId)) {
    const image = await glance.find<SourceImage>(`/images/${nameOrId}`);
    if (image) return [image];
  }
  return glance.list<SourceImage>("/images", "images", {
    query: { name: nameOrId, status: "active" },
  });
}

/**
 * Exports a volume to an initiator, for a machine that the cloud does not attach by itself. `POST /attachments`
 * @throws Failure `version-too-old` where the cloud has no such attachments
 */
export async function createAttachment(cloud: Cloud, volumeId: string, machine: string, connector: Connector) {
  const microversion = await cinder(cloud).negotiate("volume attachments");
  const body = {
    volume_uuid: volumeId,
    instance_uuid: machine,
    connector: { ...connector, platform: "x86_64", os_type: "linux", multipath: false },
    ...((await cinder(cloud).supports("read-only attachments")) && { mode: connector.mode }),
  };
  const made = await cinder(cloud).post<{ attachment: Attachment }>(
    "/attachments",
    { attachment: body },
    { microversion },
  );
  volumes(cloud).touch(volumeId);
  return made.attachment;
}

/** Says that the machine has what was exported: the volume is in use then. `POST /attachments/{id}/action` os-complete */
export async function completeAttachment(cloud: Cloud, id: string, volumeId: string) {
  const microversion = await cinder(cloud).negotiate("volume attachments");
  await cinder(cloud).post(`/attachments/${id}/action`, { "os-complete": {} }, { microversion, repeatable: true });
  volumes(cloud).touch(volumeId);
}

/** An attachment with its connection. `GET /attachments/{id}` */
export async function findAttachment(cloud: Cloud, id: string): Promise<Attachment | undefined> {
  const microversion = await cinder(cloud).negotiate("volume attachments");
  const one = async () => {
    const found = await cinder(cloud).find<{ attachment: Attachment }>(`/attachments/${id}`, { microversion });
    return found ? [found.attachment] : [];
  };
  const attachments = {
    name: "attachments by id",
    list: DETAILED,
    of: one,
    all: () => listAttachments(cloud, "/attachments/detail"),
    keyOf: (attachment: Attachment) => attachment.id,
    prove: true,
  };
  return (await related<Attachment>(cloud, attachments, id))[0];
}

/** The list of attachments with their connections. */
const DETAILED = "attachments in detail";

async function listAttachments(cloud: Cloud, path: string): Promise<Attachment[]> {
  const microversion = await cinder(cloud).negotiate("volume attachments");
  return cinder(cloud).list<Attachment>(path, "attachments", { microversion });
}

/**
 * The attachments of a volume, also those that are only begun. Filtered here: a cloud without Cinder's file of filters
 * refuses `volume_id`. `GET /attachments`
 */
export function listAttachmentsOf(cloud: Cloud, volumeId: string): Promise<readonly Attachment[]> {
  const attachments = {
    name: "attachments by volume",
    list: DETAILED,
    of: async () => (await listAttachments(cloud, "/attachments")).filter((one) => one.volume_id === volumeId),
    all: () => listAttachments(cloud, "/attachments/detail"),
    keyOf: (attachment: Attachment) => attachment.volume_id,
    whole: true,
  };
  return related<Attachment>(cloud, attachments, volumeId);
}

/** Ends an export. Nova's own attachments are refused with 409. `DELETE /attachments/{id}` */
export async function deleteAttachment(cloud: Cloud, id: string, volumeId: string) {
  const microversion = await cinder(cloud).negotiate("volume attachments");
  await cinder(cloud).remove(`/attachments/${id}`, { microversion });
  volumes(cloud).touch(volumeId);
}
