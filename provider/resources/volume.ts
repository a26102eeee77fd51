import { type Static, Type } from "typebox";
import {
  commonInputs,
  commonOutputs,
  defineResource,
  type FailureCode,
  failure,
  hasUnknown,
  isHalfMade,
  type Mark,
  type ObjectSchema,
  type Problem,
  readMark,
  replacingInputs,
  type Seen,
  writeMark,
} from "../core/index.ts";
import {
  listVolumes,
  type Message,
  proveVolumesReadable,
  type SourceImage,
  setVolumeMetadata,
  type Volume,
} from "../openstack/cinder/index.ts";
import type { Cloud } from "../openstack/cloud.ts";
import { actualVolume, volumeResult, volumeTrouble } from "./volume/answers.ts";
import { MARK_KEY, observeVolume, performVolume } from "./volume/calls.ts";
import { volumeStep } from "./volume/steps.ts";

const source = (description: string) => Type.Optional(Type.String({ minLength: 1, replaces: true, description }));

const inputs = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: "The volume's name in the cloud. Default: the resource's name. Changed in place.",
      }),
    ),
    sizeGiB: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          "Size in GiB: `500`. Required unless the volume is made from a snapshot, a volume or a backup, whose size it then has. Larger: in place, also while attached where the cloud has Cinder 3.42; a virtual machine sees it at once, the system of a bare metal machine after it looks at its disks again (`iscsiadm -m session --rescan`). Smaller: never.",
      }),
    ),
    type: source(
      "Volume type, by name: `ssd`. Default: the project's or the cloud's default type. It also decides encryption and whether several machines may attach at once. A change would need a new volume without the data; it is refused unless `replaceTrigger` changes too.",
    ),
    image: source(
      "Name or id of the image to begin with. Needs `sizeGiB`. At most one of `image`, `snapshot`, `sourceVolume`, `backup`; a change is refused unless `replaceTrigger` changes too.",
    ),
    snapshot: source("Id of the snapshot to begin with. A change is refused unless `replaceTrigger` changes too."),
    sourceVolume: source("Id of the volume to copy. A change is refused unless `replaceTrigger` changes too."),
    backup: source(
      "Id of the backup to restore into this new volume. Needs Cinder 3.47. A change is refused unless `replaceTrigger` changes too.",
    ),
    availabilityZone: source(
      "The storage's availability zone: `nova`. Default: the cloud's choice. A change is refused unless `replaceTrigger` changes too.",
    ),
    description: Type.Optional(
      Type.String({ maxLength: 255, description: "Free text in the cloud's listing. Default none. Changed in place." }),
    ),
    metadata: Type.Optional(
      Type.Record(Type.String(), Type.String({ maxLength: 255 }), {
        description:
          'Keys and values on the volume: `{ team: "db" }`. Exactly these; keys that somebody else adds show as drift. Default: left alone. Changed in place. This provider\'s own key is not shown.',
      }),
    ),
    bootable: Type.Optional(
      Type.Boolean({
        description:
          "Whether machines may start from it. Default: as the cloud finds it, true for a volume from an image. Changed in place.",
      }),
    ),
    ...commonInputs,
  },
  { additionalProperties: false },
);

const outputs = Type.Object({
  volumeId: Type.String({
    description:
      "The volume's id in Cinder, the same as the resource's id. What `VolumeAttachment` and a machine's `volumes` take.",
  }),
  status: Type.String({ description: "Cinder's status: `available`, `in-use`." }),
  actualSizeGiB: Type.Integer({ description: "Size in GiB as it is." }),
  volumeType: Type.String({ description: "Volume type by name, also where the program sets none." }),
  actualBootable: Type.Boolean({ description: "Whether machines may start from it." }),
  multiattach: Type.Boolean({
    description: "Whether several machines may attach it at once; the volume type decides.",
  }),
  encrypted: Type.Boolean({ description: "Whether the storage encrypts it; the volume type decides." }),
  zone: Type.String({ description: "Availability zone of the storage." }),
  attachments: Type.Array(
    Type.Object({
      attachmentId: Type.String(),
      serverId: Type.Optional(Type.String()),
      device: Type.Optional(Type.String()),
    }),
    { description: "Who holds it: machine, device there, Cinder's attachment. At most eight." },
  ),
  ...commonOutputs,
});

/** The program's side of a volume. */
export type VolumeInputs = Static<typeof inputs>;
/** What state keeps of a volume beside its inputs. */
export type VolumeOutputs = Static<typeof outputs>;

/** What the cloud shows of a volume. */
export interface SeenVolume extends Seen {
  readonly volume?: Volume;
  /** What Cinder said about its failure, the newest first; looked at only in a status of failure. */
  readonly messages: readonly Message[];
  /** What the program's `image` fits; looked at only before the volume exists. */
  readonly images?: readonly SourceImage[];
  /** Snapshots that hold it; looked at only when it is to go. */
  readonly snapshots?: readonly { readonly id: string; readonly name: string | null }[];
}

/** One API call. */
export type VolumeCall =
  | { readonly call: "create"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly call: "update"; readonly id: string; readonly changes: Readonly<Record<string, unknown>> }
  | { readonly call: "setMetadata"; readonly id: string; readonly metadata: Readonly<Record<string, string>> }
  | { readonly call: "removeMetadata"; readonly id: string; readonly key: string }
  | { readonly call: "setBootable"; readonly id: string; readonly bootable: boolean }
  | { readonly call: "extend"; readonly id: string; readonly sizeGiB: number; readonly inUse: boolean }
  /** `failed` is why: a volume that never came to be is taken away again. */
  | { readonly call: "delete"; readonly id: string; readonly failed?: FailedVolume };

/** Why a volume that could not be made is deleted again; kept with the step, for the message at the end. */
export interface FailedVolume {
  readonly code: FailureCode;
  readonly words: string;
}

/** One step; its name is the progress line. */
export interface VolumeAction {
  readonly name: string;
  readonly args: VolumeCall;
}

/** A block storage volume. Follows Cinder's API v3. */
export const volume = defineResource<typeof inputs, typeof outputs, SeenVolume, VolumeAction, Cloud>({
  type: "Volume",
  description: `A block storage volume of the cloud. It grows in place and never shrinks; whatever would lose its data is refused in preview.

Deleting is refused while a machine or a snapshot holds it, with the names of who does.`,
  example: `import * as baremetal from "pulumi-baremetal";

const data = new baremetal.Volume("db-data", { sizeGiB: 500, metadata: { team: "db" } });

export const volumeId = data.id;`,
  inputs,
  outputs,
  deleteBeforeReplace: false,
  timeouts: { create: 3600, update: 3600, delete: 1800 },
  stateVersion: 1,
  problems: volumeProblems,
  refuse(olds, news) {
    // Nothing is lost with a volume that was never finished, and whoever changes the trigger asks for a new one.
    if (isHalfMade(olds) || hasUnknown(news.replaceTrigger) || olds.replaceTrigger !== news.replaceTrigger)
      return undefined;
    const changed = replacingInputs(inputs as unknown as ObjectSchema, olds, news).filter(
      (name) => !isAsItWas(name, olds, news),
    );
    if (!changed.length) return undefined;
    const names = changed.map((name) => `\`${name}\``).join(", ");
    return failure("would-lose-data", `${names} cannot be changed on a volume; a new one would not have its data`, {
      path: changed[0]!,
      next: "undo the change; or change `replaceTrigger` too, to accept a new volume without the data.",
    });
  },
  stays: isAsItWas,
  async find(context, tag) {
    const volumes = await listVolumes(context.cloud);
    return volumes.flatMap(({ id, name, metadata, created_at: created, status }) => {
      const mark = readMark(metadata[MARK_KEY]);
      if (!mark || (tag !== undefined && mark.tag !== tag) || status === "deleting") return [];
      return [{ id, name: name ?? "", mark, created }];
    });
  },
  observe: observeVolume,
  next: volumeStep,
  perform: (context, action) => performVolume(context.cloud, action.args),
  mark: (context, id, mark: Mark) => setVolumeMetadata(context.cloud, id, { [MARK_KEY]: writeMark(mark) }),
  proveVisible: (context) => proveVolumesReadable(context.cloud),
  result: volumeResult,
  actual: actualVolume,
  trouble: volumeTrouble,
});

/** Whether a change only names what the volume has already, or stops naming it. */
function isAsItWas(name: string, olds: Partial<VolumeInputs & VolumeOutputs>, news: Partial<VolumeInputs>): boolean {
  if (name === "replaceTrigger") return false;
  if (name === "type" && news.type !== undefined && news.type === olds.volumeType) return true;
  if (name === "availabilityZone" && news.availabilityZone !== undefined && news.availabilityZone === olds.zone)
    return true;
  return news[name as keyof VolumeInputs] === undefined;
}

const SOURCES = ["image", "snapshot", "sourceVolume", "backup"] as const;

function volumeProblems(news: Partial<VolumeInputs>, olds?: Partial<VolumeInputs>): Problem[] {
  const problems: Problem[] = [];
  const sources = SOURCES.filter((name) => news[name] !== undefined);
  for (const name of sources.slice(1))
    problems.push({ path: name, reason: `cannot stand beside \`${sources[0]}\`: a volume begins with one thing` });
  if (news.sizeGiB === undefined && (!sources.length || sources[0] === "image"))
    problems.push({
      path: "sizeGiB",
      reason: "is required unless `snapshot`, `sourceVolume` or `backup` gives the size",
    });
  const { sizeGiB } = news;
  const before = olds?.sizeGiB;
  const replaced =
    olds !== undefined && (hasUnknown(news.replaceTrigger) || news.replaceTrigger !== olds.replaceTrigger);
  if (typeof sizeGiB === "number" && typeof before === "number" && sizeGiB < before && !replaced)
    problems.push({
      path: "sizeGiB",
      reason: `cannot become smaller than it is (${before} GiB): the data would be lost`,
    });
  if (news.metadata !== undefined && !hasUnknown(news.metadata) && MARK_KEY in news.metadata)
    problems.push({ path: `metadata.${MARK_KEY}`, reason: "is this provider's own key" });
  return problems;
}
