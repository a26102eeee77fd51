import type { Cloud } from "../cloud.ts";
import type { Feature } from "../microversions.ts";
import { related } from "../refresh.ts";
import { nodeLooks } from "./index.ts";

/** How a node reaches storage: its iSCSI name, address or Fibre Channel name. */
export interface VolumeConnector {
  readonly uuid: string;
  readonly node_uuid: string;
  /** `iqn`, `ip`, `mac`, `wwnn`, `wwpn`, `port`, `portgroup`. */
  readonly type: string;
  readonly connector_id: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

/** A volume that Ironic attaches to a node whenever it powers it on. */
export interface VolumeTarget {
  readonly uuid: string;
  readonly node_uuid: string;
  /** `iscsi` or `fibre_channel`. */
  readonly volume_type: string;
  /** 0 is the disk to boot from. */
  readonly boot_index: number;
  readonly volume_id: string;
  readonly extra: Readonly<Record<string, unknown>>;
  /** Connection facts once it was attached; secrets in it are masked. */
  readonly properties?: Readonly<Record<string, unknown>>;
}

const ironic = (cloud: Cloud) => cloud.service("baremetal");

async function version(cloud: Cloud, feature: Feature): Promise<{ microversion: string }> {
  return { microversion: await ironic(cloud).negotiate(feature) };
}

/** Those of a node, or all that the credential sees. */
async function list<T extends { node_uuid: string }>(cloud: Cloud, kind: string, node?: string): Promise<T[]> {
  const query = { node, detail: true };
  return ironic(cloud).list<T>(`/volume/${kind}`, kind, { ...(await version(cloud, "volume targets")), query });
}

const ofNode = <T extends { node_uuid: string }>(cloud: Cloud, kind: string, node: string) =>
  related<T>(
    cloud,
    {
      name: `volume ${kind}`,
      list: `volume ${kind}`,
      of: () => list<T>(cloud, kind, node),
      all: () => list<T>(cloud, kind),
      keyOf: ({ node_uuid }) => node_uuid,
    },
    node,
  );

/** The connectors of a node. `GET /v1/volume/connectors` */
export const listConnectors = (cloud: Cloud, node: string): Promise<readonly VolumeConnector[]> =>
  ofNode<VolumeConnector>(cloud, "connectors", node);

/** The volume targets of a node. `GET /v1/volume/targets` */
export const listTargets = (cloud: Cloud, node: string): Promise<readonly VolumeTarget[]> =>
  ofNode<VolumeTarget>(cloud, "targets", node);

/** A volume target; undefined where it does not exist or is hidden. `GET /v1/volume/targets/{id}` */
export const findTarget = async (cloud: Cloud, id: string): Promise<VolumeTarget | undefined> =>
  ironic(cloud).find<VolumeTarget>(`/volume/targets/${id}`, await version(cloud, "volume targets"));

/** Gives a node an iSCSI name. The node must be off. `POST /v1/volume/connectors` */
export async function createConnector(cloud: Cloud, connector: Omit<VolumeConnector, "uuid">): Promise<void> {
  await ironic(cloud).post("/volume/connectors", connector, await version(cloud, "volume targets"));
}

/** Takes a connector away. The node must be off. `DELETE /v1/volume/connectors/{id}` */
export async function deleteConnector(cloud: Cloud, id: string): Promise<void> {
  await ironic(cloud).remove(`/volume/connectors/${id}`, await version(cloud, "volume targets"));
}

/** Has a volume attached to a node from its next start on. The node must be off. `POST /v1/volume/targets` */
export async function createTarget(cloud: Cloud, target: Omit<VolumeTarget, "uuid" | "properties">): Promise<void> {
  await ironic(cloud).post("/volume/targets", target, await version(cloud, "volume targets"));
}

/** Ends that. The node must be off. `DELETE /v1/volume/targets/{id}` */
export async function deleteTarget(cloud: Cloud, id: string): Promise<void> {
  await ironic(cloud).remove(`/volume/targets/${id}`, await version(cloud, "volume targets"));
}

/** Asks the node's system to shut down, for so many seconds. `PUT /v1/nodes/{id}/states/power` */
export async function shutDown(cloud: Cloud, node: string, seconds: number): Promise<void> {
  const body = { target: "soft power off", timeout: seconds };
  await ironic(cloud).put(`/nodes/${node}/states/power`, body, await version(cloud, "power control"));
  nodeLooks(cloud).touch(node);
}
