/** What a sandbox is filled with at its first start: people, machines, and what a cloud's operator prepares for them. */
export interface Fleet {
  readonly region: string;
  readonly projects: readonly FleetProject[];
  readonly users: readonly FleetUser[];
  readonly nodes: readonly FleetNode[];
  readonly flavors: readonly FleetFlavor[];
  readonly images: readonly FleetImage[];
  readonly volumeTypes: readonly FleetVolumeType[];
  readonly networks: readonly FleetNetwork[];
  /** Segments that tenants' networks get, first and last. */
  readonly segments: { readonly vlan: readonly [number, number]; readonly vxlan: readonly [number, number] };
  /** Host for virtual machines. */
  readonly virtualHosts: readonly {
    readonly name: string;
    readonly cpus: number;
    readonly memoryGiB: number;
    readonly diskGiB: number;
  }[];
}

export interface FleetProject {
  readonly name: string;
}

export interface FleetUser {
  readonly name: string;
  readonly password: string;
  /** Roles by project: `{ "demo": ["member", "manager"] }`. */
  readonly roles: Readonly<Record<string, readonly string[]>>;
  /** Roles on the system: `["admin"]` for Ironic's administrator. */
  readonly system?: readonly string[];
}

export interface FleetNode {
  readonly name: string;
  /** Ironic's resource class: `baremetal`. */
  readonly class: string;
  readonly cpus: number;
  readonly memoryGiB: number;
  readonly disks: readonly { readonly type: "hdd" | "ssd" | "nvme"; readonly sizeGiB: number }[];
  readonly architecture: string;
  readonly traits: readonly string[];
  /** Project that owns it. Without owner and lessee it is Nova's. */
  readonly owner?: string;
  readonly lessee?: string;
  /** Stands in the node's `extra.rack`. */
  readonly rack?: string;
  /** Stands in the node's `extra.power_domain`. Nodes that lose power together. */
  readonly powerDomain?: string;
  readonly capabilities: string;
  readonly vendor: string;
  readonly nics: readonly FleetNic[];
  /** Volume connectors: `iqn`, `ip`, `wwpn`, `wwnn`, `mac`, by type. */
  readonly connectors: Readonly<Record<string, string>>;
}

export interface FleetNic {
  readonly address: string;
  readonly switchId: string;
  readonly switchInfo: string;
  readonly port: string;
  readonly physicalNetwork: string;
  readonly pxe: boolean;
}

export interface FleetFlavor {
  readonly name: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskGiB: number;
  readonly extraSpecs: Readonly<Record<string, string>>;
}

export interface FleetImage {
  readonly name: string;
  /** Text that the image's bytes repeat. */
  readonly fill: string;
  readonly sizeKiB: number;
  readonly minDiskGiB: number;
  /** Further image properties. */
  readonly properties: Readonly<Record<string, string>>;
}

export interface FleetVolumeType {
  readonly name: string;
  readonly backend: string;
  /** The projects that may use it; everybody where left out. */
  readonly onlyFor?: readonly string[];
  readonly default?: boolean;
}

export interface FleetNetwork {
  readonly name: string;
  /** Owner; the project `admin` where left out. */
  readonly project?: string;
  readonly kind: "flat" | "vlan" | "vxlan";
  readonly physicalNetwork?: string;
  readonly segment?: number;
  readonly external?: boolean;
  readonly shared?: boolean;
  readonly cidr: string;
  readonly dhcp: boolean;
  /** Project whose nodes are provisioned and cleaned on it; "" for Nova's nodes. */
  readonly provisions?: string;
}
