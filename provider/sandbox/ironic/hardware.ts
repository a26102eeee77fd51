import { repr } from "../kernel/python.ts";
import { INTERFACES, type NodeRow } from "./rows.ts";

type Kind = (typeof INTERFACES)[number];

/** Drivers of the sandbox. */
export const DRIVERS = ["fake-hardware"];

/** Implementations of each interface that the driver has; the first is the usual one. */
export const ENABLED: Readonly<Record<Kind, readonly string[]>> = {
  bios: ["fake", "no-bios"],
  boot: ["fake", "ipxe", "pxe"],
  console: ["fake", "no-console"],
  deploy: ["fake", "direct", "ramdisk"],
  firmware: ["fake", "no-firmware"],
  inspect: ["fake", "no-inspect", "agent"],
  management: ["fake"],
  network: ["flat", "neutron", "noop"],
  power: ["fake"],
  raid: ["fake", "agent", "no-raid"],
  rescue: ["fake", "agent", "no-rescue"],
  storage: ["noop", "cinder", "external", "fake"],
  vendor: ["fake", "no-vendor"],
};

/** The interfaces of a node that names none. */
export function usualInterfaces(): Pick<NodeRow, `${Kind}_interface`> {
  return Object.fromEntries(INTERFACES.map((kind) => [`${kind}_interface`, ENABLED[kind][0]])) as Pick<
    NodeRow,
    `${Kind}_interface`
  >;
}

/** What is wrong with an interface's implementation; undefined where the driver has it. */
export function interfaceError(kind: Kind, name: string): string | undefined {
  if (ENABLED[kind].includes(name)) return undefined;
  return `Could not find the following interface in the 'ironic.hardware.interfaces.${kind}' entrypoint: ${name}. Valid interfaces are ${repr([...ENABLED[kind]])}.`;
}
