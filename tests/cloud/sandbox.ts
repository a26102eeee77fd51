/** The embedded cloud filled exactly as seed.py fills the real one, so that every test runs on both. */
import { type Fleet, type Sandbox, type SandboxOptions, startSandbox } from "../../provider/sandbox/index.ts";
import { PASSWORD } from "./client.ts";
import { NODES } from "./nodes.ts";

const WHOLE_NODE = { "resources:VCPU": "0", "resources:MEMORY_MB": "0", "resources:DISK_GB": "0" };

/** The seed of the test cloud as a fleet. */
export const TEST_FLEET: Fleet = {
  region: "RegionOne",
  projects: ["admin", "service", "alpha", "beta"].map((name) => ({ name })),
  users: [
    { name: "admin", password: PASSWORD, roles: { admin: ["admin"] }, system: ["admin"] },
    { name: "alpha", password: PASSWORD, roles: { alpha: ["member", "manager", "load-balancer_member"] } },
    { name: "beta", password: PASSWORD, roles: { beta: ["member", "manager", "load-balancer_member"] } },
    { name: "alpha-reader", password: PASSWORD, roles: { alpha: ["reader"] } },
    { name: "beta-reader", password: PASSWORD, roles: { beta: ["reader"] } },
  ],
  nodes: NODES.map((node) => ({
    name: node.name,
    class: node.resourceClass,
    cpus: node.properties.cpus,
    memoryGiB: node.properties.memory_mb / 1024,
    disks: [{ type: "ssd", sizeGiB: node.properties.local_gb }],
    architecture: node.properties.cpu_arch,
    traits: node.traits,
    ...(node.owner ? { owner: node.owner } : {}),
    ...(node.lessee ? { lessee: node.lessee } : {}),
    rack: node.rack,
    capabilities: node.properties.capabilities,
    vendor: "oscloud",
    nics: node.ports.map((port, index) => ({
      address: port.address,
      switchId: port.switch_id,
      switchInfo: port.switch_info,
      port: port.port_id,
      physicalNetwork: "physnet1",
      pxe: index === 0,
    })),
    connectors: node.connectors,
  })),
  flavors: [
    {
      name: "baremetal",
      cpus: 16,
      memoryMiB: 65536,
      diskGiB: 480,
      extraSpecs: { ...WHOLE_NODE, "resources:CUSTOM_BAREMETAL": "1" },
    },
    {
      name: "baremetal-gpu",
      cpus: 16,
      memoryMiB: 65536,
      diskGiB: 480,
      extraSpecs: { ...WHOLE_NODE, "resources:CUSTOM_BAREMETAL_GPU": "1", "trait:CUSTOM_GPU": "required" },
    },
    { name: "vm.tiny", cpus: 1, memoryMiB: 128, diskGiB: 1, extraSpecs: {} },
    { name: "vm.small", cpus: 1, memoryMiB: 256, diskGiB: 1, extraSpecs: {} },
  ],
  images: [
    { name: "tiny", fill: "oscloud raw disk" },
    { name: "tiny-2", fill: "another raw disk" },
  ].map((image) => ({
    ...image,
    sizeKiB: 1024,
    minDiskGiB: 1,
    properties: { hw_disk_bus: "scsi", os_distro: "debian" },
  })),
  volumeTypes: [
    { name: "nfs", backend: "nfs1" },
    { name: "iscsi", backend: "iscsi1", default: true },
  ],
  networks: [
    {
      name: "provision-net",
      kind: "flat",
      physicalNetwork: "physnet1",
      cidr: "192.0.2.0/24",
      dhcp: true,
      provisions: "",
    },
    {
      name: "alpha-provision-net",
      project: "alpha",
      kind: "vlan",
      physicalNetwork: "physnet1",
      segment: 91,
      cidr: "198.51.100.0/25",
      dhcp: true,
      provisions: "alpha",
    },
    {
      name: "beta-provision-net",
      project: "beta",
      kind: "vlan",
      physicalNetwork: "physnet1",
      segment: 92,
      cidr: "198.51.100.128/25",
      dhcp: true,
      provisions: "beta",
    },
    { name: "public", kind: "flat", physicalNetwork: "public", external: true, cidr: "203.0.113.0/24", dhcp: false },
  ],
  segments: { vlan: [100, 199], vxlan: [1, 1000] },
  virtualHosts: [{ name: "fake-0", cpus: 64, memoryGiB: 256, diskGiB: 4096 }],
};

/** A sandbox with the test cloud's fleet, on any free port. 300 times faster than hardware: a deploy takes about a second. */
export function startTestSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  return startSandbox({ fleet: TEST_FLEET, speed: 300, ...options });
}
