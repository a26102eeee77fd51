import type { Answer, Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { isUuid, list, object, text } from "../kernel/input.ts";
import { bodyOf } from "./api.ts";
import { createVolumeBody } from "./bodies.ts";
import { authorize, ZONE } from "./core.ts";
import { bad, conflict, gone, invalidInput, invalidVolume, malformed } from "./errors.ts";
import type { Parts } from "./parts.ts";
import type { BackupRow, SnapshotRow, Texts, TypeRow, VolumeRow } from "./rows.ts";
import { defaultType, typeById, typeByNameOrId } from "./types-lookup.ts";
import { volumeView } from "./views.ts";
import { isShared } from "./volume-work.ts";

/** What a new volume is made from. */
interface Sources {
  readonly snapshot: SnapshotRow | undefined;
  readonly volume: VolumeRow | undefined;
  readonly backup: BackupRow | undefined;
  readonly imageId: string | undefined;
}

/** `POST /volumes`: judged in the order in which cinder does. */
export async function createVolume(parts: Parts, call: Call): Promise<Answer> {
  const { cinder } = parts;
  const body = bodyOf(call, createVolumeBody(call.version[1]), "volume");
  const named = text(body["volume_type"]);
  const asked = named ? typeByNameOrId(cinder, call.caller, named) : undefined;
  const sources = await findSources(parts, call, body);
  if (
    ["True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "y", "t"].includes(cased(body["multiattach"]))
  )
    throw bad(
      "multiattach parameter has been removed. The default behavior is to use multiattach enabled volume types. Contact your administrator to create a multiattach enabled volume type and use it to create multiattach volumes.",
    );
  authorize(call, sources.imageId === undefined ? "volume:create" : "volume:create_from_image", "member");
  const given = body["size"] ?? sources.snapshot?.size ?? sources.volume?.size ?? sources.backup?.size;
  if (given === undefined || given === null) throw malformed();
  const size = Number(given);
  checkType(parts, asked, sources);
  checkSources(sources, size);
  const image = sources.imageId === undefined ? undefined : await imageFor(parts, call, sources.imageId, size);
  const origin = sources.volume?.typeId ?? sources.snapshot?.typeId;
  const type =
    asked ??
    (origin === undefined ? undefined : typeById(cinder, call.caller, origin)) ??
    ofImage(parts, call, image) ??
    defaultType(cinder, call.caller);
  const source = sources.volume ?? cinder.volumes.get(sources.snapshot?.volumeId ?? "");
  const zone = text(body["availability_zone"]) ?? source?.zone ?? ZONE;
  if (zone !== ZONE) throw bad(`Availability zone '${zone}' is invalid.`);
  typeById(cinder, call.caller, type.id);
  const { projectId } = call.caller;
  parts.quotas.checkSize(projectId, size);
  parts.quotas.check(projectId, { gigabytes: size, volumes: 1 }, type.id);
  const row = cinder.volumes.put({
    ...newVolume(parts, call, type, size),
    name: trimmed(body["name"] ?? body["display_name"]),
    description: trimmed(body["description"] ?? body["display_description"]),
    zone,
    snapshotId: sources.snapshot?.id ?? null,
    sourceId: sources.volume?.id ?? null,
    imageId: sources.imageId ?? null,
    backupId: sources.backup?.id ?? null,
    metadata: { ...object(body["metadata"]) } as Texts,
    imageMetadata: image ? imageMetadata(image) : { ...inherited(parts, sources) },
    bootable: source?.bootable ?? false,
  });
  parts.volumes.create(row.id);
  return { status: 202, body: { volume: volumeView(cinder, call, row, { extended: false }) } };
}

const cased = (value: unknown): string => (value === true ? "true" : String(value));

/** A volume's row with what every new one has. */
export function newVolume(parts: Parts, call: Call, type: TypeRow, size: number): VolumeRow {
  const { cinder } = parts;
  return {
    id: cinder.newId(),
    projectId: call.caller.projectId,
    userId: call.caller.userId,
    name: null,
    description: null,
    created: cinder.now(),
    updated: null,
    status: "creating",
    size,
    typeId: type.id,
    zone: ZONE,
    snapshotId: null,
    sourceId: null,
    imageId: null,
    backupId: null,
    metadata: {},
    adminMetadata: {},
    imageMetadata: {},
    bootable: false,
    multiattach: isShared(type),
    attachStatus: "detached",
    migrationStatus: null,
    previousStatus: null,
    host: null,
    serviceId: null,
    taken: false,
    growing: 0,
    requestId: call.id,
  };
}

/** A name without the spaces around it. */
export const trimmed = (value: unknown): string | null => (typeof value === "string" ? value.trim() : null);

async function findSources(parts: Parts, call: Call, body: Json): Promise<Sources> {
  const { cinder } = parts;
  const id = (key: string): string | undefined => text(body[key]) ?? undefined;
  const snapshotId = id("snapshot_id");
  const volumeId = id("source_volid");
  const snapshot = snapshotId === undefined ? undefined : cinder.snapshot(call.caller, snapshotId);
  const volume = volumeId === undefined ? undefined : cinder.volume(call.caller, volumeId);
  const group = id("consistencygroup_id") ?? id("group_id");
  if (group !== undefined) throw gone("Group", group);
  const image = id("image_id") ?? id("imageRef");
  const imageId = image === undefined ? undefined : await findImage(parts, call, image);
  const backupId = id("backup_id");
  const backup = backupId ? cinder.backup(call.caller, backupId) : undefined;
  return { snapshot, volume, backup, imageId };
}

/** The image's id, by id, address or name. Throws 400. */
async function findImage({ cinder }: Parts, call: Call, reference: string): Promise<string> {
  const { world } = cinder;
  const id = reference.split("/").at(-1) ?? "";
  try {
    if (isUuid(id)) {
      const image = await world.ask("glance", "GET", `/v2/images/${id}`, { as: call.caller });
      return String(image["id"]);
    }
    const found = await world.ask("glance", "GET", `/v2/images?name=${encodeURIComponent(reference)}`, {
      as: call.caller,
    });
    const images = list(found["images"]);
    if (images.length > 1) throw conflict(`Multiple matches found for '${reference}', use an ID to be more specific.`);
    if (images.length === 1) return String(object(images[0])["id"]);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status === 409) throw error;
  }
  throw bad("Invalid image identifier or unable to access requested image.");
}

/** A given type must be on the back end of what the volume is made from. */
function checkType({ cinder }: Parts, asked: TypeRow | undefined, { volume, snapshot }: Sources): void {
  const origin = cinder.types.get(volume?.typeId ?? snapshot?.typeId ?? "");
  if (!asked || !origin || asked.id === origin.id) return;
  const backends = cinder.services.filter(({ binary }) => binary === "cinder-volume").length;
  const [have, wanted] = [origin.specs["volume_backend_name"], asked.specs["volume_backend_name"]];
  if (backends === 1 || (have != null && have === wanted)) return;
  const advice = volume ? "either match source volume, or omit type argument" : "recommend omitting the type argument";
  throw invalidInput(`Invalid volume_type provided: ${asked.id} (requested type is not compatible; ${advice}).`);
}

function checkSources({ snapshot, volume, backup, imageId }: Sources, size: number): void {
  if ([snapshot, volume, backup, imageId].filter((one) => one !== undefined).length > 1)
    throw invalidInput("May specify only one of backup, imageRef, snapshot, source volume");
  if (snapshot && snapshot.status !== "available")
    throw bad("Invalid snapshot: Originating snapshot status must be one of 'available' values");
  if (volume && volume.status !== "available" && volume.status !== "in-use")
    throw invalidVolume("Originating source volume status must be one of 'available, in-use' values");
  if (backup && backup.status !== "available")
    throw bad("Invalid backup: Originating backup status must be one of 'available' values");
  if (volume && size < volume.size)
    throw invalidInput(
      `Volume size '${size}'GB cannot be smaller than original volume size  ${volume.size}GB. They must be >= original volume size.`,
    );
  if (snapshot && size < snapshot.size)
    throw invalidInput(
      `Volume size '${size}'GB cannot be smaller than the snapshot size ${snapshot.size}GB. They must be >= original snapshot size.`,
    );
  if (backup && size < backup.size)
    throw invalidInput(
      `Volume size ${size}GB cannot be smaller than the backup size ${backup.size}GB. It must be >= backup size.`,
    );
}

/** The image, where it fits on the volume. Throws 400. */
export async function imageFor({ cinder }: Parts, call: Call, id: string, size: number): Promise<Json> {
  let image: Json;
  try {
    image = await cinder.world.ask("glance", "GET", `/v2/images/${id}`, { as: call.caller });
  } catch (error) {
    if (error instanceof Refusal) throw gone("Image", id);
    throw error;
  }
  if (image["status"] !== "active") throw invalidInput(`Image ${id} is not active.`);
  const gib = Math.ceil(Number(image["size"] ?? 0) / 2 ** 30);
  if (gib > size) throw invalidInput(`Size of specified image ${gib}GB is larger than volume size ${size}GB.`);
  const least = Number(image["min_disk"] ?? 0);
  if (size < least)
    throw invalidInput(`Volume size ${size}GB cannot be smaller than the image minDisk size ${least}GB.`);
  return image;
}

/** An image may name the type of the volumes that are made from it. */
function ofImage({ cinder }: Parts, call: Call, image: Json | undefined): TypeRow | undefined {
  const wanted = text(image?.["cinder_img_volume_type"]);
  return wanted ? typeByNameOrId(cinder, call.caller, wanted) : undefined;
}

/** Fields of an image that are none of its properties. */
const OWN = new Set([
  ..."id name status visibility owner created_at updated_at tags self file schema locations direct_url".split(" "),
  ..."checksum container_format disk_format min_disk min_ram size virtual_size protected stores".split(" "),
  ..."os_hash_algo os_hash_value os_hidden".split(" "),
]);
const KEPT = ["checksum", "container_format", "disk_format", "min_disk", "min_ram", "size"];

/** What a volume keeps of its image. */
export function imageMetadata(image: Json): Texts {
  const properties = Object.entries(image).filter(([key, value]) => !OWN.has(key) && value !== null);
  return {
    signature_verified: "False",
    ...Object.fromEntries(properties.map(([key, value]) => [key, String(value)])),
    image_id: String(image["id"]),
    ...(image["name"] ? { image_name: String(image["name"]) } : {}),
    ...Object.fromEntries(KEPT.filter((key) => image[key] != null).map((key) => [key, String(image[key])])),
  };
}

/** A copy keeps what its original kept of the image. */
function inherited({ cinder }: Parts, { volume, snapshot }: Sources): Texts {
  return (volume ?? cinder.volumes.get(snapshot?.volumeId ?? ""))?.imageMetadata ?? {};
}
