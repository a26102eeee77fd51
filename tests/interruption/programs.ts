/** The programs that are interrupted: a network, a volume and a machine, by each route. */
import type { Tenant } from "../cloud/client.ts";
import type { Declared } from "./stack.ts";

/** How a machine is got, and what stands in the cloud once the program is whole. */
export interface Route {
  readonly title: string;
  readonly tenant: Tenant;
  readonly machine: Record<string, unknown>;
  /** Inputs by which a volume is attached to the machine while it runs. */
  readonly attachment: Record<string, unknown>;
  /** Whole: what {@link countOf} says. */
  readonly whole: Record<string, number>;
}

export const ROUTES: readonly Route[] = [
  {
    title: "nova, bare metal",
    tenant: "alpha",
    machine: { route: "nova", hardware: { class: "baremetal" } },
    attachment: { initiator: "iqn.2026-01.org.example:machine" },
    whole: { network: 1, subnet: 1, volume: 1, server: 1, port: 1, attachment: 1 },
  },
  {
    title: "ironic",
    tenant: "beta",
    machine: { route: "ironic", hardware: { class: "metal" } },
    attachment: { allowPowerCycle: true },
    whole: { network: 1, subnet: 1, volume: 1, allocation: 1, port: 1, deployment: 1, vif: 1, "volume target": 1 },
  },
  {
    title: "nova, virtual",
    tenant: "alpha",
    machine: { kind: "virtual", hardware: { flavor: "vm.tiny" } },
    attachment: {},
    whole: { network: 1, subnet: 1, volume: 1, server: 1, port: 1, attachment: 1 },
  },
];

/** Edits of the program. */
export interface Edits {
  /** Inputs of the machine. */
  readonly machine?: Record<string, unknown>;
  /** A second volume: there, or attached to the machine by a resource of its own. */
  readonly second?: "there" | "attached";
  /** Ids to adopt, by resource name. */
  readonly adopt?: Readonly<Record<string, string>>;
}

/** A program of a route. */
export function programOf(route: Route, { machine = {}, second, adopt = {} }: Edits = {}): Declared[] {
  const adopted = (name: string) => (adopt[name] ? { adopt: adopt[name] } : {});
  const program: Declared[] = [
    { type: "IsolatedNetwork", name: "net", inputs: () => ({ cidr: "10.71.0.0/24", ...adopted("net") }) },
    { type: "Volume", name: "data", inputs: () => ({ sizeGiB: 1, ...adopted("data") }) },
    {
      type: "Server",
      name: "machine",
      inputs: (idOf) => ({
        image: "tiny",
        networks: [{ network: idOf("net") }],
        volumes: [idOf("data")],
        ...route.machine,
        ...machine,
        ...adopted("machine"),
      }),
    },
  ];
  if (second) program.push({ type: "Volume", name: "more", inputs: () => ({ sizeGiB: 1, ...adopted("more") }) });
  if (second === "attached")
    program.push({
      type: "VolumeAttachment",
      name: "attached",
      inputs: (idOf) => ({
        volume: idOf("more"),
        server: idOf("machine"),
        ...route.attachment,
        ...adopted("attached"),
      }),
    });
  return program;
}
