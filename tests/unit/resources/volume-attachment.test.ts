import t from "tap";
import { check, diff, type Mark, type Step, UNKNOWN } from "../../../provider/core/index.ts";
import type { Volume } from "../../../provider/openstack/cinder/index.ts";
import type { Allocation, Node } from "../../../provider/openstack/ironic/index.ts";
import type { VolumeConnector, VolumeTarget } from "../../../provider/openstack/ironic/volumes.ts";
import type { NovaServer } from "../../../provider/openstack/nova/servers.ts";
import { renderLogin } from "../../../provider/resources/volume-attachment/answers.ts";
import { flavorIsPhysical } from "../../../provider/resources/volume-attachment/calls.ts";
import {
  type AttachmentAction,
  type AttachmentInputs,
  type SeenAttachment,
  volumeAttachment,
} from "../../../provider/resources/volume-attachment.ts";

const mark: Mark = { tag: "0".repeat(20), shape: "1".repeat(12), nonce: "2".repeat(12) };
const identity = "proj/dev/VolumeAttachment/data";
const program = (more: Partial<AttachmentInputs> = {}) =>
  ({
    server: "m1",
    volume: "v1",
    mode: "rw",
    allowPowerCycle: false,
    identity,
    condition: "ready",
    ...more,
  }) as AttachmentInputs;

const volume = (more: Partial<Volume> = {}): Volume => ({
  id: "v1",
  name: "data",
  description: null,
  status: "available",
  size: 10,
  volume_type: "ssd",
  availability_zone: "nova",
  bootable: "false",
  encrypted: false,
  multiattach: false,
  created_at: "",
  metadata: {},
  attachments: [],
  snapshot_id: null,
  source_volid: null,
  ...more,
});
const heldBy = (machine: string): Partial<Volume> => ({
  status: "in-use",
  attachments: [{ attachment_id: "a1", server_id: machine, device: "/dev/vdb", host_name: null }],
});
const server = (more: Partial<NovaServer> = {}): NovaServer => ({
  id: "m1",
  name: "vm",
  status: "ACTIVE",
  tenant_id: "p",
  created: "",
  "OS-EXT-STS:task_state": null,
  ...more,
});
const node = (more: Partial<Node> = {}): Node => ({
  id: "n1",
  uuid: "n1",
  name: "rack1-7",
  instance_uuid: "m1",
  provision_state: "active",
  target_provision_state: null,
  provision_updated_at: null,
  power_state: "power on",
  target_power_state: null,
  maintenance: false,
  maintenance_reason: null,
  fault: null,
  last_error: null,
  protected: false,
  protected_reason: null,
  resource_class: "metal",
  properties: {},
  traits: [],
  storage_interface: "cinder",
  instance_info: {},
  ...more,
});
const allocation = (more: Partial<Allocation> = {}): Allocation => ({
  id: "m1",
  uuid: "m1",
  name: "a",
  state: "active",
  node_uuid: "n1",
  resource_class: "metal",
  last_error: null,
  extra: {},
  created_at: "",
  ...more,
});
const target = (more: Partial<VolumeTarget> = {}): VolumeTarget => ({
  uuid: "t1",
  node_uuid: "n1",
  volume_type: "iscsi",
  boot_index: 1,
  volume_id: "v1",
  extra: { pulumi_baremetal: "x" },
  ...more,
});
const iqn: VolumeConnector = { uuid: "c1", node_uuid: "n1", type: "iqn", connector_id: "iqn.2026-01.x:n1", extra: {} };
const ours: VolumeConnector = { ...iqn, extra: { pulumi_baremetal: "x" } };

const pair = { server: "m1", volume: "v1" };
const nova = (more: Partial<SeenAttachment> = {}): SeenAttachment => ({
  pair,
  route: "nova",
  volume: volume(),
  server: server(),
  physical: false,
  connectors: [],
  targets: [],
  ...more,
});
const iron = (more: Partial<SeenAttachment> = {}): SeenAttachment => ({
  pair,
  route: "ironic",
  volume: volume(),
  allocation: allocation(),
  node: node(),
  connectors: [iqn],
  targets: [],
  ...more,
});
const off = node({ power_state: "power off" });

function short(step: Step<AttachmentAction>): string {
  if ("do" in step) return step.do.name;
  if ("wait" in step) return `wait: ${step.wait.for}`;
  if ("failed" in step) return `failed ${step.failed.code}`;
  return `done ${step.done}`;
}
const took = (...calls: string[]) => calls.map((name) => ({ name, args: {} })) as unknown as AttachmentAction[];
const present = (look: SeenAttachment, more: Partial<AttachmentInputs> = {}, taken: AttachmentAction[] = []) =>
  volumeAttachment.next({ want: "present", inputs: program(more), mark, name: "data" }, look, taken);
const absent = (look: SeenAttachment, last: Partial<AttachmentInputs> = {}, taken: AttachmentAction[] = []) =>
  volumeAttachment.next({ want: "absent", last: last as never }, look, taken);

t.test("a virtual machine of Nova", async (t) => {
  const attached = { volumeId: "v1", serverId: "m1", device: "/dev/vdb" };
  const rows: [string, SeenAttachment][] = [
    ["attach the volume", nova()],
    ["wait: the server to be built", nova({ server: server({ status: "BUILD" }) })],
    ["wait: the server to be done with rebooting", nova({ server: server({ "OS-EXT-STS:task_state": "rebooting" }) })],
    ["failed server-fault", nova({ server: server({ status: "ERROR" }) })],
    ["wait: the volume to be ready (attaching)", nova({ volume: volume({ status: "attaching" }) })],
    ["wait: the volume to be ready (creating)", nova({ volume: volume({ status: "creating" }) })],
    ["failed volume-failed", nova({ volume: volume({ status: "error" }) })],
    ["failed in-maintenance", nova({ volume: volume({ status: "maintenance" }) })],
    ["failed held-state", nova({ volume: volume({ status: "awaiting-transfer" }) })],
    ["failed in-use", nova({ volume: volume(heldBy("other")) })],
    ["attach the volume", nova({ volume: volume({ ...heldBy("other"), multiattach: true }) })],
    ["wait: the volume to be attached", nova({ attached, volume: volume({ status: "attaching" }) })],
    ["wait: the volume to be attached", nova({ attached })],
    ["done usable", nova({ attached, volume: volume(heldBy("m1")) })],
    ["failed unsupported", nova({ physical: true })],
    ["done usable", nova({ physical: true, attached, volume: volume(heldBy("m1")) })],
    ["failed not-found", { pair, connectors: [], targets: [], volume: volume() }],
    ["failed unsupported", nova({ pair: { server: "m2", volume: "v1" } })],
    ["failed not-found", { pair, connectors: [], targets: [], server: server() }],
  ];
  for (const [step, look] of rows) t.equal(short(present(look)), step);
  const back: [string, SeenAttachment][] = [
    ["done gone", { connectors: [], targets: [] }],
    ["done gone", nova()],
    ["detach the volume", nova({ attached, volume: volume(heldBy("m1")) })],
    ["wait: the volume to be detached", nova({ attached, volume: volume({ ...heldBy("m1"), status: "detaching" }) })],
    ["wait: the volume to be released", nova({ volume: volume({ ...heldBy("m1"), status: "detaching" }) })],
    ["failed unsupported", nova({ attached, physical: true, volume: volume(heldBy("m1")) })],
    ["done gone", { pair, connectors: [], targets: [], volume: volume() }],
  ];
  for (const [step, look] of back) t.equal(short(absent(look)), step);
});

t.test("a bare metal machine through Ironic: off, on again, and everything forgotten", async (t) => {
  const yes = { allowPowerCycle: true };
  const rows: [string, SeenAttachment, Partial<AttachmentInputs>?, AttachmentAction[]?][] = [
    ["failed needs-power-cycle", iron()],
    ["note that the machine is to be on again", iron(), yes],
    ["shut the machine down", iron({ offFor: "v1" }), yes],
    [
      "wait: soft power off of the machine",
      iron({ offFor: "v1", node: node({ target_power_state: "soft power off" }) }),
      yes,
      took("shut the machine down"),
    ],
    ["switch the machine off", iron({ offFor: "v1" }), yes, took("shut the machine down")],
    ["give the machine an iSCSI name", iron({ offFor: "v1", node: off, connectors: [] }), yes],
    ["register the volume with the machine", iron({ offFor: "v1", node: off }), yes],
    ["start the machine", iron({ offFor: "v1", node: off, targets: [target()] }), yes],
    [
      "failed power-failed",
      iron({ offFor: "v1", node: { ...off, last_error: "no" }, targets: [target()] }),
      yes,
      took("start the machine"),
    ],
    [
      "forget that the machine was switched off",
      iron({ offFor: "v1", targets: [target()], volume: volume(heldBy("m1")) }),
      yes,
    ],
    ["done exported", iron({ targets: [target()], volume: volume(heldBy("n1")) })],
    ["register the volume with the machine", iron({ node: off })],
    ["done prepared", iron({ node: off, targets: [target()] })],
    ["failed no-effect", iron({ targets: [target()] })],
    ["wait: the volume to be exported", iron({ targets: [target()], volume: volume({ status: "attaching" }) })],
    ["failed in-maintenance", iron({ node: node({ maintenance: true }) }), yes],
    ["failed deploy-failed", iron({ node: node({ provision_state: "deploy failed" }) }), yes],
    ["wait: the machine to be ready (deploying)", iron({ node: node({ provision_state: "deploying" }) }), yes],
    ["failed power-failed", iron({ node: node({ power_state: null }) }), yes],
    ["failed unsupported", iron({ node: node({ storage_interface: "noop" }) }), yes],
    ["failed machine-lost", iron({ node: node({ instance_uuid: "somebody" }) }), yes],
    ["wait: the machine to be reserved", iron({ allocation: allocation({ state: "allocating", node_uuid: null }) })],
  ];
  for (const [step, look, inputs, taken] of rows) t.equal(short(present(look, inputs, taken)), step);
  t.match(
    present(
      iron({
        node: off,
        targets: [target({ volume_id: "x", boot_index: 0 }), target({ volume_id: "y", boot_index: 1 })],
      }),
    ),
    { do: { args: { bootIndex: 2, thenOn: false } } },
  );

  const there = { targets: [target()], volume: volume(heldBy("m1")) };
  const back: [string, SeenAttachment, Partial<AttachmentInputs>?, AttachmentAction[]?][] = [
    ["failed needs-power-cycle", iron(there)],
    ["note that the machine is to be on again", iron(there), yes],
    ["shut the machine down", iron({ ...there, offFor: "v1" })],
    ["wait: the volume to be released", iron({ ...there, offFor: "v1", node: off }), yes],
    ["take the volume off the machine", iron({ targets: [target()], offFor: "v1", node: off }), yes],
    ["take back the machine's iSCSI name", iron({ offFor: "v1", node: off, connectors: [ours] }), yes],
    [
      "start the machine",
      iron({ offFor: "v1", node: off, connectors: [ours], targets: [target({ volume_id: "y" })] }),
      yes,
    ],
    ["start the machine", iron({ offFor: "v1", node: off }), yes],
    ["forget that the machine was switched off", iron({ offFor: "v1" }), yes],
    ["done gone", iron()],
    ["take the volume off the machine", iron({ targets: [target()], node: off })],
    ["done gone", iron({ node: node({ instance_uuid: "somebody" }) })],
    [
      "take the volume off the free machine rack1-7",
      iron({ stray: { target: target(), node: { ...off, instance_uuid: null, provision_state: "available" } } }),
    ],
    [
      "wait: the machine to be ready (cleaning)",
      iron({ stray: { target: target(), node: { ...off, instance_uuid: null, provision_state: "cleaning" } } }),
    ],
    ["failed stuck-state", iron({ stray: { target: target(), node: node({ instance_uuid: "somebody" }) } })],
    ["failed stuck-state", iron({ stray: { target: target() } })],
  ];
  for (const [step, look, last, taken] of back) t.equal(short(absent(look, last, taken)), step);
});

t.test("every provision state of Ironic has an answer", async (t) => {
  const states: Record<string, RegExp> = {
    "^(active|available|manageable)$": /^note that/,
    "^(deploy hold|clean hold|service hold)$": /^failed stuck-state/,
    "^(enroll|inspect failed|adopt failed)$": /^failed not-in-service/,
    "^(rescue failed|unrescue failed)$": /^failed rescue-failed/,
    "^(rescue)$": /^failed held-state/,
    "^(error)$": /^failed release-failed/,
    "^(deploy failed)$": /^failed deploy-failed/,
    "^(clean failed)$": /^failed clean-failed/,
    "^(service failed)$": /^failed servicing-failed/,
    "^(deploying|wait call-back|deleting|cleaning|clean wait|inspecting|inspect wait|verifying|rebuild|rescuing|rescue wait|unrescuing|adopting|servicing|service wait)$":
      /^wait/,
  };
  for (const [names, answer] of Object.entries(states))
    for (const provision_state of names.slice(2, -2).split("|"))
      t.match(
        short(present(iron({ node: node({ provision_state }) }), { allowPowerCycle: true })),
        answer,
        provision_state,
      );
});

t.test("an export to the machine's own system", async (t) => {
  const with_ = { initiator: "iqn.2026-01.x:sys" };
  const direct = { id: "a1", status: "attached", instance: "m1", volume_id: "v1" };
  const rows: [string, SeenAttachment][] = [
    ["export the volume to iqn.2026-01.x:sys", nova({ route: "direct", physical: true })],
    ["export the volume to iqn.2026-01.x:sys", iron({ route: "direct" })],
    ["complete the export", iron({ route: "direct", direct: { ...direct, status: "attaching" } })],
    ["wait: the volume to be in use", iron({ route: "direct", direct })],
    ["done exported", iron({ route: "direct", direct, volume: volume(heldBy("m1")) })],
    ["failed volume-failed", iron({ route: "direct", direct: { ...direct, status: "error_attaching" } })],
    ["failed unsupported", nova({ route: "direct" })],
    ["failed machine-lost", iron({ route: "direct", node: node({ instance_uuid: "somebody" }) })],
  ];
  for (const [step, look] of rows) t.equal(short(present(look, with_)), step);
  t.equal(short(absent(iron({ route: "direct", direct }))), "end the export");
  t.equal(short(absent(iron({ route: "direct" }))), "done gone");
});

t.test("what keeps it from being whole is told", async (t) => {
  const trouble = (look: SeenAttachment) => volumeAttachment.trouble?.({ ...look, id: "m1/v1" });
  t.equal(trouble(iron({ targets: [target()], volume: volume(heldBy("m1")) })), undefined);
  t.match(trouble(iron({ offFor: "v1", node: off })), /half-made/);
  t.match(trouble(iron({ targets: [target()] })), /does not export it/);
  t.match(trouble(iron({ stray: { target: target() } })), /still registered with node n1/);
  t.match(
    trouble(
      iron({
        targets: [target()],
        volume: volume(heldBy("m1")),
        node: node({ maintenance: true, maintenance_reason: "new disk" }),
      }),
    ),
    /maintenance: new disk/,
  );
});

t.test("a flavor for physical machines is told from one for virtual ones", async (t) => {
  t.ok(flavorIsPhysical({ "resources:CUSTOM_BAREMETAL": "1", "resources:VCPU": "0", "resources:MEMORY_MB": "0" }));
  t.notOk(flavorIsPhysical({}));
  t.notOk(flavorIsPhysical({ "resources:CUSTOM_FPGA": "1" }), "a virtual machine with a special device has CPUs");
  t.notOk(flavorIsPhysical({ "resources:VCPU": "0" }));
});

t.test("the login is valid user data, and holds a password only where one is shown", async (t) => {
  const info = {
    target_portal: "10.0.0.1:3260",
    target_iqn: "iqn.x:v1",
    target_lun: 1,
    auth_method: "CHAP",
    auth_username: "u",
    auth_password: 'p"w',
  };
  const text = renderLogin(info, "iqn.y:m");
  t.match(text, /^#cloud-config\n/);
  const { parse } = await import("yaml");
  const parsed = parse(text) as { runcmd: string[][]; write_files: { content: string }[] };
  t.equal(parsed.write_files[0]?.content, "InitiatorName=iqn.y:m\n");
  t.ok(
    parsed.runcmd.some((command) => command.at(-1) === 'p"w'),
    "quoted whatever is in it",
  );
  t.same(parsed.runcmd.at(-1)?.at(-1), "--login");
  const masked = renderLogin({ ...info, auth_password: "******" }, "iqn.y:m");
  t.notMatch(masked, /\*{6}/);
  t.match(masked, /ask the operator/);
});

t.test("inputs and replacement", async (t) => {
  const problems = (news: object) =>
    check(volumeAttachment, undefined, { identity, server: "m", volume: "v", ...news }).problems.map(
      ({ path }) => path,
    );
  t.same(problems({}), []);
  t.same(problems({ mode: "ro" }), ["mode"]);
  t.same(problems({ mode: "ro", initiator: "iqn.2026-01.x:y" }), []);
  t.same(problems({ initiator: "my machine" }), ["initiator"]);
  t.same(
    problems({ mode: UNKNOWN, initiator: UNKNOWN, server: UNKNOWN, volume: UNKNOWN, allowPowerCycle: UNKNOWN }),
    [],
  );
  t.same(diff(volumeAttachment, program(), program({ server: "m2" })), {
    replaces: ["server"],
    deleteBeforeReplace: true,
  });
  t.same(diff(volumeAttachment, program(), program({ allowPowerCycle: true })).replaces, []);
  t.same(diff(volumeAttachment, program(), program({ server: UNKNOWN })).replaces, []);
  t.equal(volumeAttachment.turn?.(program()), "machine:m1");
  t.equal(volumeAttachment.turn?.({ server: UNKNOWN }), undefined);
});
