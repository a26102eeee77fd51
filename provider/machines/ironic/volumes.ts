import { isStatus } from "../../openstack/api-error.ts";
import { volumes } from "../../openstack/cinder/index.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import {
  createConnector,
  createTarget,
  listConnectors,
  listTargets,
  type VolumeConnector,
} from "../../openstack/ironic/volumes.ts";
import { OWNER_KEY } from "./records.ts";

/** A Cinder volume as far as a machine is concerned. */
export interface MachineVolume {
  readonly id: string;
  readonly status: string;
  readonly multiattach: boolean;
  readonly bootable: string;
  readonly attachments: readonly { readonly server_id: string | null }[];
}

/** The volume; undefined where it does not exist. */
export async function findVolume(cloud: Cloud, id: string): Promise<MachineVolume | undefined> {
  if (cloud.refresh) return volumes(cloud).look(id);
  return (await cloud.service("block-storage").find<{ volume: MachineVolume }>(`/volumes/${id}`))?.volume;
}

/** Lets Ironic attach a volume to a node with its next install or power on; one that it has already is left. */
export async function addTarget(
  cloud: Cloud,
  node: string,
  allocation: string,
  volume: string,
  bootIndex: number,
): Promise<void> {
  if ((await listTargets(cloud, node)).some((target) => target.volume_id === volume)) return;
  const types = (await listConnectors(cloud, node)).map(({ type }) => type);
  await createTarget(cloud, {
    node_uuid: node,
    volume_type: types.includes("iqn") ? "iscsi" : "fibre_channel",
    boot_index: bootIndex,
    volume_id: volume,
    extra: { [OWNER_KEY]: allocation },
  });
}

/** Gives a node that has none an iSCSI initiator, named after itself. */
export async function addConnector(cloud: Cloud, node: string, allocation: string): Promise<void> {
  const connector = { type: "iqn", connector_id: `iqn.2026-01.io.github.pulumi-baremetal:${node}` };
  try {
    await createConnector(cloud, { node_uuid: node, ...connector, extra: { [OWNER_KEY]: allocation } });
  } catch (error) {
    // An earlier try whose answer was lost made it.
    if (!isStatus(error, 409)) throw error;
  }
}

/** Whether a node has a way to its storage that Ironic can name to Cinder. */
export const hasPath = (connectors: readonly VolumeConnector[]): boolean =>
  connectors.some(({ type }) => type === "iqn" || type === "wwpn");
