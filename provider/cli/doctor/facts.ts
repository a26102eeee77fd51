import type { Failure } from "../../core/index.ts";
import type { CloudConfig, Principal, ServiceType } from "../../openstack/index.ts";
import type { Node } from "../../openstack/ironic/index.ts";
import type { VolumeConnector } from "../../openstack/ironic/volumes.ts";
import type { Network } from "../../openstack/neutron/index.ts";
import type { NovaFlavor } from "../../openstack/nova/flavors.ts";
import type { Read } from "./finding.ts";

/** A service as it was found. */
export interface ServiceFacts {
  /** Where requests go; absent where the catalog has no such service. */
  readonly address?: string;
  readonly range?: { readonly minimum: string; readonly maximum: string };
  /** Why it is not there or does not answer. */
  readonly failure?: Failure;
}

/** A quota: `limit` -1 is none. */
export interface Quota {
  readonly limit: number;
  readonly used: number;
}

/** A node with what says whose it is and how it is wired. */
export interface DoctorNode extends Node {
  readonly owner: string | null;
  readonly lessee: string | null;
  readonly retired?: boolean;
  readonly network_interface?: string | null;
  /** The networks that its deploys and wipes use, where the operator set them on it and this credential may see that. */
  readonly provisioningNetwork?: string;
  readonly cleaningNetwork?: string;
  /** Whether `driver_info`, where these would stand, is shown at all. */
  readonly wiringShown: boolean;
}

/** An image in a list. */
export interface ListedImage {
  readonly id: string;
  readonly name: string | null;
  readonly status: string;
}

/** A volume type in a list. */
export interface VolumeType {
  readonly id: string;
  readonly name: string;
}

/** A range of segments as Neutron tells it to administrators. */
export interface SegmentRange {
  readonly network_type: string;
  readonly available: Readonly<Record<string, unknown>> | readonly number[];
}

/** Everything that was read. */
export interface Facts {
  readonly config: CloudConfig;
  readonly principal: Principal;
  readonly regions: Read<readonly string[]>;
  readonly services: Readonly<Partial<Record<ServiceType, ServiceFacts>>>;
  /** Nova's, Neutron's and Cinder's, by their own names. */
  readonly quotas: Readonly<Record<"nova" | "neutron" | "cinder", Read<Readonly<Record<string, Quota>>>>>;
  readonly flavors: Read<readonly NovaFlavor[]>;
  readonly nodes: Read<readonly DoctorNode[]>;
  readonly connectors: Read<readonly VolumeConnector[]>;
  readonly images: Read<readonly ListedImage[]>;
  readonly volumeTypes: Read<readonly VolumeType[]>;
  readonly defaultType: Read<string | undefined>;
  readonly networks: Read<readonly Network[]>;
  /** Undefined where this cloud does not tell. */
  readonly segments: Read<readonly SegmentRange[] | undefined>;
}
