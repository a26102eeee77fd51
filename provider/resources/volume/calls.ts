import { type Context, type Reference, readMark } from "../../core/index.ts";
import * as cinder from "../../openstack/cinder/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import type { SeenVolume, VolumeCall, VolumeInputs, VolumeOutputs } from "../volume.ts";

/** The metadata key that carries our mark. */
export const MARK_KEY = "pulumi_baremetal";

/** A volume with what decides about it. */
export async function observeVolume(
  context: Context<Cloud>,
  reference: Reference<VolumeOutputs>,
  inputs?: VolumeInputs,
): Promise<SeenVolume> {
  const { cloud } = context;
  const found =
    reference.id === undefined ? await lookFor(cloud, reference) : await cinder.volumes(cloud).look(reference.id);
  const volume = found?.status === "deleted" ? undefined : found;
  if (!volume) {
    const images = inputs?.image === undefined ? undefined : await cinder.findImages(cloud, inputs.image);
    return { messages: [], ...(images && { images }) };
  }
  const failed = volume.status.startsWith("error");
  const [messages, snapshots] = await Promise.all([
    failed ? cinder.messagesOf(cloud, volume.id) : [],
    inputs === undefined ? cinder.listSnapshotsOf(cloud, volume.id) : undefined,
  ]);
  const mark = readMark(volume.metadata[MARK_KEY]);
  return { id: volume.id, volume, messages, ...(mark && { mark }), ...(snapshots && { snapshots }) };
}

/** The volume that this very run made, where the answer to its create was lost. */
async function lookFor(cloud: Cloud, { mark: wanted }: Reference<VolumeOutputs>): Promise<cinder.Volume | undefined> {
  if (wanted.nonce === undefined) return undefined;
  const list = await cinder.listVolumes(cloud);
  return list.find(({ metadata }) => {
    const mark = readMark(metadata[MARK_KEY]);
    return mark?.tag === wanted.tag && mark.nonce === wanted.nonce;
  });
}

/** One call; answers with the volume's id when it made it. */
export async function performVolume(cloud: Cloud, args: VolumeCall): Promise<string | undefined> {
  switch (args.call) {
    case "create":
      return (await cinder.createVolume(cloud, args.body)).id;
    case "update":
      await cinder.updateVolume(cloud, args.id, args.changes);
      return undefined;
    case "setMetadata":
      await cinder.setVolumeMetadata(cloud, args.id, args.metadata);
      return undefined;
    case "removeMetadata":
      await cinder.removeVolumeMetadata(cloud, args.id, args.key);
      return undefined;
    case "setBootable":
      await cinder.setVolumeBootable(cloud, args.id, args.bootable);
      return undefined;
    case "extend":
      await cinder.extendVolume(cloud, args.id, args.sizeGiB, args.inUse);
      return undefined;
    case "delete":
      await cinder.deleteVolume(cloud, args.id);
      return undefined;
  }
}
