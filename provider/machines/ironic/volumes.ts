import type { Cloud } from "../../openstack/cloud.ts";
import { requirement } from "../../openstack/microversions.ts";
import { OWNER_KEY } from "./records.ts";

/** A volume that Ironic attaches to a node when it is installed or powered on. */
export interface VolumeTarget {
  readonly uuid: string;
  readonly volume_id: string;
  readonly boot_index: number;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A way of a node to its storage: an iSCSI initiator, a Fibre Channel port. */
export interface VolumeConnector {
  readonly uuid: string;
  readonly type: string;
  readonly connector_id: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A Cinder volume as far as a machine is concerned. */
export interface MachineVolume {
  readonly id: string;
  readonly status: string;
  readonly multiattach: boolean;
  readonly bootable: string;
  readonly attachments: readonly { readonly server_id: string | null }[];
}

async function version(cloud: Cloud) {
  const { minimum } = requirement("volume targets");
  return { microversion: await cloud.service("baremetal").negotiate("volume targets", minimum) };
}

/** What Ironic attaches to a node, in the order of boot. */
export async function listTargets(cloud: Cloud, node: string): Promise<VolumeTarget[]> {
  const options = { ...(await version(cloud)), query: { node, detail: true } };
  const targets = await cloud.service("baremetal").list<VolumeTarget>("/volume/targets", "targets", options);
  return targets.sort((a, b) => a.boot_index - b.boot_index);
}

/** A node's paths to its storage. */
export async function listConnectors(cloud: Cloud, node: string): Promise<VolumeConnector[]> {
  const options = { ...(await version(cloud)), query: { node, detail: true } };
  return cloud.service("baremetal").list<VolumeConnector>("/volume/connectors", "connectors", options);
}

/** The volume; undefined where it does not exist. */
export async function findVolume(cloud: Cloud, id: string): Promise<MachineVolume | undefined> {
  return (await cloud.service("block-storage").find<{ volume: MachineVolume }>(`/volumes/${id}`))?.volume;
}

/** Lets Ironic attach a volume to a node with its next install or power on. */
export async function addTarget(
  cloud: Cloud,
  node: string,
  allocation: string,
  volume: string,
  bootIndex: number,
): Promise<void> {
  if ((await listTargets(cloud, node)).some((target) => target.volume_id === volume)) return;
  const body = {
    node_uuid: node,
    volume_type: "iscsi",
    boot_index: bootIndex,
    volume_id: volume,
    extra: { [OWNER_KEY]: allocation },
  };
  await cloud.service("baremetal").post("/volume/targets", body, await version(cloud));
}

/** Takes it away again. Refused while the node is powered on. */
export const removeTarget = async (cloud: Cloud, target: string): Promise<boolean> =>
  cloud.service("baremetal").remove(`/volume/targets/${target}`, await version(cloud));

/** Gives a node that has none an iSCSI initiator, named after itself. */
export async function addConnector(cloud: Cloud, node: string, allocation: string): Promise<void> {
  const body = {
    node_uuid: node,
    type: "iqn",
    connector_id: `iqn.2026-01.io.github.pulumi-baremetal:${node}`,
    extra: { [OWNER_KEY]: allocation },
  };
  await cloud
    .service("baremetal")
    .request("POST", "/volume/connectors", { body, accept: [409], ...(await version(cloud)) });
}

/** Takes it away again. Refused while the node is powered on. */
export const removeConnector = async (cloud: Cloud, connector: string): Promise<boolean> =>
  cloud.service("baremetal").remove(`/volume/connectors/${connector}`, await version(cloud));

/** Whether a node has a way to its storage that Ironic can name to Cinder. */
export const hasPath = (connectors: readonly VolumeConnector[]): boolean =>
  connectors.some(({ type }) => type === "iqn" || type === "wwpn");
