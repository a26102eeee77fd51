import { isIPv6 } from "node:net";
import type { ConfigDrive } from "../../openstack/ironic/index.ts";
import type { MachinePort } from "../ports.ts";
import type { MachineInputs } from "../spec.ts";

/** A host name out of any name: letters, digits and hyphens, at most 63 of them. */
export function hostNameOf(name: string): string {
  const host = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+/, "")
    .slice(0, 63)
    .replace(/-+$/, "");
  return host || "server";
}

/**
 * What the installed system is told, as Ironic's JSON form of a config drive (1.56).
 * The network part names every card: without it cloud-init sets up the first one only.
 */
export function configDriveOf(
  id: string,
  name: string,
  inputs: Pick<MachineInputs, "sshKeys" | "userData" | "metadata">,
  ports: readonly MachinePort[],
): ConfigDrive {
  const keys = Object.fromEntries((inputs.sshKeys ?? []).map((key, index) => [`key-${index}`, key]));
  return {
    meta_data: {
      uuid: id,
      name,
      hostname: hostNameOf(name),
      ...(inputs.sshKeys?.length && { public_keys: keys }),
      ...(inputs.metadata && { meta: inputs.metadata }),
    },
    ...(inputs.userData !== undefined && { user_data: inputs.userData }),
    ...(ports.length > 0 && { network_data: networkDataOf(ports) }),
  };
}

/** OpenStack's network_data.json: one link a port, each address family by DHCP or router advertisement. */
function networkDataOf(ports: readonly MachinePort[]) {
  const links = ports.map((port, index) => ({
    id: `link${index}`,
    type: "phy",
    ethernet_mac_address: port.mac,
    vif_id: port.id,
  }));
  const networks = ports.flatMap((port, index) => {
    const families = new Set(port.addresses.map((address) => (isIPv6(address) ? "ipv6_slaac" : "ipv4_dhcp")));
    return [...families].map((type) => ({
      id: `network${index}-${type.slice(0, 4)}`,
      link: `link${index}`,
      type,
      network_id: port.network,
    }));
  });
  return { links, networks, services: [] };
}
