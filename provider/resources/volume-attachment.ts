import { type Static, Type } from "typebox";
import { commonInputs, commonOutputs, defineResource, isUnknown, type Problem, type Seen } from "../core/index.ts";
import { type Attachment, proveVolumesReadable, type Volume } from "../openstack/cinder/index.ts";
import type { Cloud } from "../openstack/cloud.ts";
import { type Allocation, type Node, proveAllocationsVisible } from "../openstack/ironic/index.ts";
import type { VolumeConnector, VolumeTarget } from "../openstack/ironic/volumes.ts";
import { type NovaServer, proveServersReadable } from "../openstack/nova/servers.ts";
import type { ServerVolume } from "../openstack/nova/volume-attachments.ts";
import { attachmentResult, attachmentTrouble } from "./volume-attachment/answers.ts";
import { observeAttachment, performAttachment } from "./volume-attachment/calls.ts";
import { attachmentStep } from "./volume-attachment/steps.ts";

const inputs = Type.Object(
  {
    volume: Type.String({
      minLength: 1,
      replaces: true,
      description: "Id of the volume: `data.id`. A change detaches the old one and attaches the new.",
    }),
    server: Type.String({
      minLength: 1,
      replaces: true,
      description:
        "Id of the machine: a `Server`'s id, that is Nova's server or Ironic's allocation. A change detaches from the old one and attaches to the new.",
    }),
    allowPowerCycle: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "Whether a machine taken through Ironic may be shut down and started again for it: attaching and detaching are possible there only while it is off. Its system is asked to shut down and has three minutes; then it is switched off. Default false: it is refused while the machine is on. It counts for detaching too, as it was set last.",
      }),
    ),
    mode: Type.Optional(
      Type.Union([Type.Literal("rw"), Type.Literal("ro")], {
        default: "rw",
        replaces: true,
        description:
          "`rw`, or `ro` for an export that the storage keeps read-only; that needs `initiator`. Default `rw`.",
      }),
    ),
    initiator: Type.Optional(
      Type.String({
        pattern: "^(iqn|eui|naa)\\.[A-Za-z0-9.:-]+$",
        replaces: true,
        description:
          "iSCSI name of a bare metal machine's system: `iqn.2026-01.org.example:db`. The volume is then exported to it directly, while the machine runs and without power cycle, and its system must log in (`loginUserData`). The only way for a running bare metal machine of Nova. Default: the cloud attaches.",
      }),
    ),
    ...commonInputs,
  },
  { additionalProperties: false },
);

const outputs = Type.Object({
  route: Type.Union([Type.Literal("nova"), Type.Literal("ironic"), Type.Literal("direct")], {
    description:
      "Who attaches: `nova` (virtual machines), `ironic` (at the machine's start), `direct` (exported to `initiator`).",
  }),
  state: Type.Union([Type.Literal("usable"), Type.Literal("exported"), Type.Literal("prepared")], {
    description:
      "`usable`: the device is in the virtual machine. `exported`: the cloud exports the volume to the machine, whose system must log in. `prepared`: it will be exported at the machine's next start; it is off now.",
  }),
  attachmentId: Type.Optional(Type.String({ description: "Id of Cinder's attachment." })),
  device: Type.Optional(
    Type.String({ description: "The device as Nova names it: `/dev/vdb`. The guest need not follow." }),
  ),
  targetId: Type.Optional(Type.String({ description: "Id of Ironic's volume target." })),
  connectorId: Type.Optional(Type.String({ description: "Id of Ironic's volume connector that it uses." })),
  iscsi: Type.Optional(
    Type.Object(
      {
        initiator: Type.Optional(Type.String({ description: "The machine's iSCSI name." })),
        portal: Type.Optional(Type.String({ description: "Address and port of the storage." })),
        target: Type.Optional(Type.String({ description: "The storage's iSCSI name of the volume." })),
        lun: Type.Optional(Type.Integer({ description: "Logical unit." })),
      },
      {
        description:
          "How the machine reaches the volume, without secrets, as far as this credential may see it: all of it with `initiator`; of a machine taken through Ironic mostly the initiator only (Ironic's rule `baremetal:volume:view_target_properties`).",
      },
    ),
  ),
  loginUserData: Type.Optional(
    Type.String({
      secret: true,
      description:
        "Cloud-init user data that makes a Linux system log in to the volume and do so at every start; absent where the storage's address is hidden from this credential. It holds the CHAP password where the storage wants one and shows it; kept encrypted.",
    }),
  ),
  ...commonOutputs,
});

/** The program's side of an attachment. */
export type AttachmentInputs = Static<typeof inputs>;
/** What state keeps of an attachment beside its inputs. */
export type AttachmentOutputs = Static<typeof outputs>;

/** Which volume goes to which machine. */
export interface Pair {
  readonly server: string;
  readonly volume: string;
}

/** What the cloud shows of volume, machine and what joins them. */
export interface SeenAttachment extends Seen {
  /** Absent where nothing says which pair is meant. */
  readonly pair?: Pair;
  readonly route?: AttachmentOutputs["route"];
  readonly initiator?: string;
  readonly volume?: Volume;
  /** Nova's side. */
  readonly server?: NovaServer;
  readonly attached?: ServerVolume;
  /** Whether Nova's server is a physical machine. */
  readonly physical?: boolean;
  /** Ironic's side. */
  readonly allocation?: Allocation;
  readonly node?: Node;
  readonly connectors: readonly VolumeConnector[];
  readonly targets: readonly VolumeTarget[];
  /**
   * What Ironic still keeps of the attachment on a node that does not carry the allocation any more: Ironic takes no
   * target away when a machine is given back, and would attach the volume to whoever gets the node next.
   */
  readonly stray?: { readonly target: VolumeTarget; readonly node?: Node };
  /** The volume for which the machine was switched off and must be switched on again. */
  readonly offFor?: string;
  /** Cinder's side of a direct export. */
  readonly direct?: Attachment;
}

/** One call. Those to Ironic name the node and the allocation that it must still carry. */
export type AttachmentCall =
  | { readonly call: "attach" | "detach"; readonly server: string; readonly volume: string }
  | {
      readonly call: "export";
      readonly server: string;
      readonly volume: string;
      readonly initiator: string;
      readonly mode: string;
    }
  | { readonly call: "complete" | "unexport"; readonly attachment: string; readonly volume: string }
  | { readonly call: "deleteStray"; readonly node: string; readonly target: string; readonly volume: string }
  | ({
      readonly node: string;
      readonly allocation: string;
      readonly volume: string;
    } & (
      | { readonly call: "note" | "unnote" | "shutDown" | "powerOff" | "powerOn" }
      | { readonly call: "createConnector"; readonly mark: string }
      | { readonly call: "createTarget"; readonly mark: string; readonly bootIndex: number; readonly thenOn: boolean }
      | { readonly call: "deleteTarget" | "deleteConnector"; readonly uuid: string }
    ));

/** One step; its name is the progress line. */
export interface AttachmentAction {
  readonly name: string;
  readonly args: AttachmentCall;
}

/** The id of an attachment. */
export const pairId = ({ server, volume }: Pair): string => `${server}/${volume}`;

/** A volume at a machine. Follows Nova's os-volume_attachments, Ironic's volume targets, and Cinder's attachments. */
export const volumeAttachment = defineResource<typeof inputs, typeof outputs, SeenAttachment, AttachmentAction, Cloud>({
  type: "VolumeAttachment",
  description: `A volume at a machine. How it gets there depends on the machine:

- virtual machine: at once, while it runs;
- bare metal machine taken through Ironic: from its next start on; with \`allowPowerCycle\` it is restarted for it;
- bare metal machine with \`initiator\`: exported at once to that iSCSI name;
- bare metal machine of Nova otherwise: refused. Nova accepts such a request and then undoes it silently; give the volume to the machine at its deploy (\`Server.volumes\`) instead.

The system of a bare metal machine logs in to the volume itself; \`loginUserData\` does it by cloud-init.`,
  example: `import * as baremetal from "pulumi-baremetal";

const server = new baremetal.Server("app", { kind: "virtual", image: "debian-12", networks: [] });
const data = new baremetal.Volume("data", { sizeGiB: 100 });
const attached = new baremetal.VolumeAttachment("data", { server: server.id, volume: data.id });

export const device = attached.device;`,
  inputs,
  outputs,
  deleteBeforeReplace: true,
  timeouts: { create: 1800, update: 1800, delete: 1800 },
  stateVersion: 1,
  problems(news): Problem[] {
    const { mode, initiator } = news;
    return mode === "ro" && initiator === undefined && !isUnknown(mode)
      ? [{ path: "mode", reason: "can be `ro` only with `initiator`: Nova and Ironic attach for writing" }]
      : [];
  },
  // Nothing carries a mark that could be searched for: an attachment is known by its volume and machine.
  find: async () => [],
  observe: observeAttachment,
  next: attachmentStep,
  perform: (context, action) => performAttachment(context.cloud, action.args),
  mark: async () => {},
  async proveVisible({ cloud }) {
    const [compute, baremetal] = await Promise.all([cloud.offers("compute"), cloud.offers("baremetal")]);
    await Promise.all([
      proveVolumesReadable(cloud),
      compute && proveServersReadable(cloud),
      baremetal && proveAllocationsVisible(cloud),
    ]);
  },
  result: attachmentResult,
  // What is attached is attached to these two; everything else is the program's own wish.
  actual: (_seen, wanted) => wanted,
  trouble: attachmentTrouble,
  turn: ({ server }) => (server === undefined || isUnknown(server) ? undefined : `machine:${server}`),
});
