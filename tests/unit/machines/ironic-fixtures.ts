import type { Mark, Step } from "../../../provider/core/index.ts";
import { installDigest } from "../../../provider/machines/install.ts";
import { type IronicAction, type IronicSeen, STATES } from "../../../provider/machines/ironic/index.ts";
import type { NodeDetails } from "../../../provider/machines/ironic/observe.ts";
import type { MachinePort } from "../../../provider/machines/ports.ts";
import type { DesiredMachine } from "../../../provider/machines/route.ts";
import type { MachineInputs } from "../../../provider/machines/spec.ts";
import type { Allocation, Node } from "../../../provider/openstack/ironic/index.ts";

/** The reservation. */
export const ID = "11111111-1111-4111-8111-111111111111";
export const NODE = "22222222-2222-4222-8222-222222222222";
export const IMAGE = "33333333-3333-4333-8333-333333333333";
export const mark: Mark = { tag: "0123456789abcdef0123", shape: "0123456789ab", nonce: "ba9876543210" };
export const inputs: MachineInputs = { hardware: { class: "metal" }, image: "debian", networks: [{ network: "net" }] };
export const digest = installDigest(ID, inputs);

export const node = (more: Partial<Node> = {}): Node => ({
  id: NODE,
  uuid: NODE,
  name: "n1",
  instance_uuid: ID,
  provision_state: "active",
  target_provision_state: null,
  provision_updated_at: "T2",
  power_state: "power on",
  target_power_state: null,
  maintenance: false,
  maintenance_reason: null,
  fault: null,
  last_error: null,
  protected: false,
  protected_reason: null,
  resource_class: "metal",
  properties: { cpus: "16", memory_mb: 65536, local_gb: 480 },
  traits: ["CUSTOM_NVME"],
  storage_interface: "cinder",
  instance_info: { image_source: IMAGE, display_name: "db" },
  ...more,
});

export const port: MachinePort = {
  id: "port",
  index: 0,
  ours: true,
  network: "net",
  mac: "52:54:00:00:00:01",
  addresses: ["10.0.0.5"],
  securityGroups: [],
  device: NODE,
  owner: "",
  status: "ACTIVE",
};

export const allocation = (extra: Record<string, unknown> = {}, more: Partial<Allocation> = {}): Allocation => ({
  id: ID,
  uuid: ID,
  name: "pulumi-baremetal-x",
  state: "active",
  node_uuid: NODE,
  resource_class: "metal",
  last_error: null,
  extra,
  created_at: "T0",
  ...more,
});

export const INSTALLED = { pulumi_baremetal_install: { image: IMAGE, digest } };

/** A machine that is as the program wants it, but for what is given. */
export function seenWith(
  more: Partial<Node> = {},
  extra: Record<string, unknown> = INSTALLED,
  rest: Partial<IronicSeen> = {},
): IronicSeen {
  const full = node(more);
  const kind = STATES[full.provision_state]?.kind;
  const details: NodeDetails = { node: full, vifs: ["port"], targets: [], connectors: [], volumes: {} };
  return {
    id: ID,
    mark,
    allocation: allocation(extra),
    node: full,
    carries: "ours",
    ports: [port],
    image: { id: IMAGE },
    ...(kind === "transient" || kind === "wait" || kind === "hold" ? {} : { details }),
    ...rest,
  };
}

export const wants = (more: Partial<MachineInputs> = {}): DesiredMachine => ({
  want: "present",
  inputs: { ...inputs, ...more },
  mark,
  name: "db",
});
export const ABSENT: DesiredMachine = { want: "absent", last: { nodeId: NODE, allocationId: ID } };

/** A step in one word: what is done, `wait`, `done`, or the failure's code. */
export function word(step: Step<IronicAction>): string {
  if ("do" in step) return step.do.name;
  if ("wait" in step) return "wait";
  return "done" in step ? "done" : `failed: ${step.failed.code}`;
}
export const taking = (...names: IronicAction["name"][]) =>
  names.map((name) => ({ name, args: { do: "x" } }) as unknown as IronicAction);
