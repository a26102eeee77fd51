import type { Mark, Step } from "../../../provider/core/index.ts";
import { installRecord } from "../../../provider/machines/install.ts";
import { type NovaAction, type NovaSeen, novaRoute } from "../../../provider/machines/nova/index.ts";
import { flavorOffers } from "../../../provider/machines/nova/offers.ts";
import { LOCK_REASON, toMachine } from "../../../provider/machines/nova/seen.ts";
import type { MachinePort } from "../../../provider/machines/ports.ts";
import type { DesiredMachine } from "../../../provider/machines/route.ts";
import type { MachineInputs, MachineOutputs } from "../../../provider/machines/spec.ts";
import type { NovaFlavor } from "../../../provider/openstack/nova/flavors.ts";
import type { NovaServer } from "../../../provider/openstack/nova/servers.ts";

export const TAG = "0123456789abcdef0123";
export const SEALED: Mark = { tag: TAG, shape: "0123456789ab" };
export const OPEN: Mark = { ...SEALED, nonce: "ba9876543210" };

const whole = { "resources:VCPU": "0", "resources:MEMORY_MB": "0", "resources:DISK_GB": "0" };
const flavor = (
  id: string,
  vcpus: number,
  ram: number,
  disk: number,
  extra_specs: Record<string, string>,
): NovaFlavor => ({
  id: `id-${id}`,
  name: id,
  vcpus,
  ram,
  disk,
  extra_specs,
});

export const FLAVORS: readonly NovaFlavor[] = [
  flavor("metal.large", 64, 524288, 1920, {
    ...whole,
    "resources:CUSTOM_METAL_LARGE": "1",
    "trait:CUSTOM_UPLINK_25G": "required",
  }),
  flavor("metal.small", 16, 65536, 480, { ...whole, "resources:CUSTOM_METAL": "1" }),
  flavor("metal.gpu", 16, 65536, 480, { ...whole, "resources:CUSTOM_METAL": "1", "trait:CUSTOM_GPU": "required" }),
  {
    ...flavor("metal.old", 1, 1024, 10, { ...whole, "resources:CUSTOM_METAL": "1" }),
    "OS-FLV-DISABLED:disabled": true,
  },
  flavor("vm.tiny", 1, 128, 1, {}),
  // A virtual machine with an accelerator of a custom class is still a virtual machine.
  flavor("vm.gpu", 4, 4096, 20, { "resources:CUSTOM_VGPU": "1" }),
];
export const OFFERS = flavorOffers(FLAVORS);

export const INPUTS: MachineInputs = {
  kind: "baremetal",
  hardware: { flavor: "metal.small" },
  image: "debian",
  networks: [{ network: "net-a" }],
  configDrive: true,
};

export const port = (more: Partial<MachinePort> = {}): MachinePort => ({
  id: "port-0",
  index: 0,
  ours: true,
  network: "net-a",
  mac: "52:54:00:00:00:01",
  addresses: ["10.0.0.5"],
  securityGroups: [],
  device: "srv",
  owner: "compute:nova",
  status: "ACTIVE",
  ...more,
});

/** A healthy server as Nova shows it. */
export const raw = (more: Partial<NovaServer> = {}, mark: Mark = SEALED): NovaServer => ({
  id: "srv",
  status: "ACTIVE",
  tenant_id: "project",
  created: "2026-01-01T00:00:00Z",
  name: "db",
  description: `[pulumi-baremetal:${mark.tag}:${mark.shape}:${mark.nonce ?? "sealed"}]`,
  metadata: { pulumi_baremetal_install: installRecord(TAG, {}) },
  tags: [`pulumi-baremetal-${TAG}`],
  image: { id: "img-1" },
  flavor: {
    original_name: "metal.small",
    vcpus: 16,
    ram: 65536,
    disk: 480,
    extra_specs: { ...whole, "resources:CUSTOM_METAL": "1" },
  },
  locked: false,
  locked_reason: null,
  "OS-EXT-STS:task_state": null,
  "OS-EXT-STS:power_state": 1,
  "os-extended-volumes:volumes_attached": [],
  ...more,
});

export const LOCKED = { locked: true, locked_reason: LOCK_REASON };

/** What is seen where there is a server. */
export function seen(server: Partial<NovaServer> = {}, more: Partial<NovaSeen> = {}, mark: Mark = SEALED): NovaSeen {
  const machine = toMachine(raw(server, mark));
  return {
    id: machine.id,
    ...(machine.mark ? { mark: machine.mark } : {}),
    tag: TAG,
    was: machine.id,
    server: machine,
    ports: [port()],
    strays: [],
    missing: [],
    offers: [],
    volumes: [],
    lastImage: "img-1",
    ...more,
  };
}

/** What is seen where there is none. */
export const nothing = (more: Partial<NovaSeen> = {}): NovaSeen => ({
  tag: TAG,
  ports: [],
  strays: [],
  missing: [],
  offers: OFFERS,
  image: "img-1",
  volumes: [],
  ...more,
});

export const LAST = {
  serverId: "srv",
  imageId: "img-1",
  networks: INPUTS.networks,
  image: "debian",
} as Partial<MachineOutputs>;

/** A create. */
export const creating = (more: Partial<MachineInputs> = {}): DesiredMachine => ({
  want: "present",
  inputs: { ...INPUTS, ...more },
  mark: OPEN,
  name: "db",
});

/** An update. */
export const updating = (more: Partial<MachineInputs> = {}, last: object = {}): DesiredMachine => ({
  want: "present",
  inputs: { ...INPUTS, ...more },
  mark: SEALED,
  name: "db",
  last: { ...LAST, ...last },
});

/** A delete. */
export const absent = (last: object = LAST): DesiredMachine => ({ want: "absent", last });

/** The step in one word or two, as tables write it. */
export function word(step: Step<NovaAction>): string {
  if ("do" in step) return step.do.name;
  if ("wait" in step) return "wait";
  if ("done" in step) return "done";
  return `failed ${step.failed.code}`;
}

export const next = (desired: DesiredMachine, given: NovaSeen, taken: readonly NovaAction[] = []) =>
  novaRoute.next(desired, given, taken);

/** The failure of a step that failed. */
export function failed(step: Step<NovaAction>) {
  if (!("failed" in step)) throw new Error(`it did not fail but: ${word(step)}`);
  return step.failed;
}

/** The action of a step that does something. */
export function action(step: Step<NovaAction>): NovaAction {
  if (!("do" in step)) throw new Error(`it does nothing but: ${word(step)}`);
  return step.do;
}

/** A step that counts only by its name, for what was taken before. */
export function named(name: string): NovaAction {
  return { name, args: { step: "rename", id: "srv", to: "" } } as unknown as NovaAction;
}
