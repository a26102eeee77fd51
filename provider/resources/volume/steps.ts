import { type Desired, type Failure, type FailureDetails, failure, type Step, writeMark } from "../../core/index.ts";
import { unusableImage } from "../../machines/images.ts";
import type { Volume } from "../../openstack/cinder/index.ts";
import type { SeenVolume, VolumeAction, VolumeCall, VolumeInputs, VolumeOutputs } from "../volume.ts";
import { causeOf, codeOf, holders, userMetadata } from "./answers.ts";
import { MARK_KEY } from "./calls.ts";

type Answer = Step<VolumeAction>;
type Present = Extract<Desired<VolumeInputs, VolumeOutputs>, { want: "present" }>;

/**
 * What each status of Cinder means here.
 * - rest: nothing happens to it
 * - making, working: it comes to rest by itself
 * - held: a machine is getting it or letting it go
 * - going: it will be gone
 * - offered, kept: somebody's move
 * - failed: only looking at it helps
 */
export const STATUSES: Readonly<
  Record<string, "rest" | "making" | "working" | "held" | "going" | "offered" | "kept" | "failed">
> = {
  available: "rest",
  "in-use": "rest",
  creating: "making",
  downloading: "making",
  managing: "making",
  reserved: "held",
  attaching: "held",
  detaching: "held",
  uploading: "working",
  extending: "working",
  retyping: "working",
  reverting: "working",
  "backing-up": "working",
  "restoring-backup": "working",
  deleting: "going",
  unmanaging: "going",
  deleted: "going",
  "awaiting-transfer": "offered",
  maintenance: "kept",
  error: "failed",
  error_deleting: "failed",
  "error_backing-up": "failed",
  error_restoring: "failed",
  error_extending: "failed",
  error_managing: "failed",
  error_managing_deleting: "failed",
};

/** The statuses out of which Cinder takes a delete. */
const DELETABLE = ["available", "error", "error_restoring", "error_extending", "error_managing"];

/** A volume that only its transfer's end makes usable again. */
export const offered = (what: string, more: Partial<FailureDetails>): Failure =>
  failure("held-state", what, {
    next: "cancel the transfer (`openstack volume transfer request delete`) and run the same command again.",
    ...more,
  });

/** How a wait for each status reads, and how many seconds it usually takes. */
const WAITS: Readonly<Record<string, readonly [string, number?]>> = {
  creating: ["creating", 10],
  downloading: ["copying the image", 120],
  managing: ["taking in existing storage"],
  uploading: ["being copied to an image", 300],
  extending: ["growing", 10],
  retyping: ["changing its type", 300],
  reverting: ["reverting to a snapshot", 60],
  "backing-up": ["being backed up", 600],
  "restoring-backup": ["being restored from a backup", 600],
  attaching: ["being attached", 30],
  detaching: ["being detached", 30],
  reserved: ["being attached", 30],
  deleting: ["deleting", 10],
  unmanaging: ["leaving the volume service"],
};

const act = (name: string, args: VolumeCall): Answer => ({ do: { name, args } });

function waitFor(status: string): Answer {
  const [text, usual] = WAITS[status] ?? [status];
  return { wait: { for: text, interval: 10, ...(usual !== undefined && { usual }) } };
}

/** What to do about a volume that was seen. */
export function volumeStep(
  desired: Desired<VolumeInputs, VolumeOutputs>,
  seen: SeenVolume,
  taken: readonly VolumeAction[],
): Answer {
  return desired.want === "absent" ? removal(seen) : presence(desired, seen, taken);
}

function presence(desired: Present, seen: SeenVolume, taken: readonly VolumeAction[]): Answer {
  const { volume } = seen;
  if (!volume) return creation(desired, seen, taken);
  const kind = STATUSES[volume.status];
  switch (kind) {
    case "making":
    case "going":
    case "working":
      return waitFor(volume.status);
    case "failed":
      // A volume that never came to be holds nothing; it goes, so that the next run begins afresh.
      if (volume.status === "error" && desired.mark.nonce !== undefined && !volume.attachments.length)
        return act("delete the volume that failed", {
          call: "delete",
          id: volume.id,
          failed: { code: codeOf(seen), words: causeOf(seen) },
        });
      return changesOf(desired, volume)
        ? { failed: failure(codeOf(seen), causeOf(seen), { state: volume.status }) }
        : { done: volume.status };
    case "kept":
      return changesOf(desired, volume)
        ? {
            failed: failure(
              "in-maintenance",
              "the operator is moving the volume; nothing can be changed on it meanwhile",
              { state: volume.status },
            ),
          }
        : { done: volume.status };
    case "offered":
    case "held":
    case "rest":
      return changesOf(desired, volume) ?? { done: volume.status };
    default:
      return {
        failed: failure("stuck-state", `Cinder shows a status that this provider does not know: ${volume.status}`, {
          state: volume.status,
        }),
      };
  }
}

function creation(desired: Present, seen: SeenVolume, taken: readonly VolumeAction[]): Answer {
  const { inputs } = desired;
  const failed = taken.flatMap((action) => (action.args.call === "delete" ? (action.args.failed ?? []) : [])).at(-1);
  if (failed !== undefined && (desired.last || taken.some((action) => action.args.call === "create")))
    return { failed: failure(failed.code, `the volume could not be made, and was removed again: ${failed.words}`) };
  if (desired.last) return { failed: failure("gone", "the volume was deleted while this ran") };
  if (inputs.image !== undefined && seen.images?.length !== 1)
    return seen.images?.length
      ? {
          failed: failure(
            "ambiguous",
            `${seen.images.length} images are named ${inputs.image}: ${seen.images.map(({ id }) => id).join(", ")}`,
            { path: "image" },
          ),
        }
      : { failed: failure("not-found", `this credential sees no image ${inputs.image}`, { path: "image" }) };
  const image = inputs.image === undefined ? undefined : seen.images?.[0];
  if (image?.status !== undefined && image.status !== "active")
    return { failed: unusableImage(inputs.image!, image.status) };
  const body = {
    name: inputs.name ?? desired.name,
    ...(inputs.sizeGiB !== undefined && { size: inputs.sizeGiB }),
    ...(inputs.type !== undefined && { volume_type: inputs.type }),
    ...(image && { imageRef: image.id }),
    ...(inputs.snapshot !== undefined && { snapshot_id: inputs.snapshot }),
    ...(inputs.sourceVolume !== undefined && { source_volid: inputs.sourceVolume }),
    ...(inputs.backup !== undefined && { backup_id: inputs.backup }),
    ...(inputs.availabilityZone !== undefined && { availability_zone: inputs.availabilityZone }),
    ...(inputs.description !== undefined && { description: inputs.description }),
    metadata: { ...inputs.metadata, [MARK_KEY]: writeMark(desired.mark) },
  };
  return act(`create volume ${body.name}`, { call: "create", body });
}

/** The next change that a volume needs; undefined where it is as the program says. */
function changesOf(desired: Present, volume: Volume): Answer | undefined {
  const { inputs } = desired;
  const { id } = volume;
  const keeps = inputs.adopt !== undefined;
  const name = inputs.name ?? (keeps ? undefined : desired.name);
  const description = inputs.description ?? (keeps ? undefined : "");
  const changes = {
    ...(name !== undefined && name !== (volume.name ?? "") && { name }),
    ...(description !== undefined && description !== (volume.description ?? "") && { description }),
  };
  if (Object.keys(changes).length)
    return act(`set ${Object.keys(changes).join(", ")} of the volume`, { call: "update", id, changes });

  const there = userMetadata(volume);
  const last = (desired.last as Partial<VolumeInputs> | undefined)?.metadata;
  const wanted = inputs.metadata ?? {};
  const set = Object.fromEntries(Object.entries(wanted).filter(([key, value]) => there[key] !== value));
  if (Object.keys(set).length)
    return act(`set metadata ${Object.keys(set).join(", ")}`, { call: "setMetadata", id, metadata: set });
  // Without `metadata` only those keys go that the program itself had set.
  const superfluous = Object.keys(inputs.metadata ? there : (last ?? {})).find(
    (key) => key in there && !(key in wanted),
  );
  if (superfluous !== undefined)
    return act(`remove metadata ${superfluous}`, { call: "removeMetadata", id, key: superfluous });

  if (inputs.bootable !== undefined && inputs.bootable !== (volume.bootable === "true"))
    return act(`make the volume ${inputs.bootable ? "" : "not "}bootable`, {
      call: "setBootable",
      id,
      bootable: inputs.bootable,
    });

  return inputs.sizeGiB === undefined || inputs.sizeGiB === volume.size ? undefined : resizing(inputs.sizeGiB, volume);
}

function resizing(sizeGiB: number, volume: Volume): Answer {
  if (sizeGiB < volume.size)
    return {
      failed: failure(
        "would-lose-data",
        `the volume has ${volume.size} GiB and cannot become smaller (${sizeGiB} GiB)`,
        { path: "sizeGiB", next: `set \`sizeGiB\` to ${volume.size} or more.` },
      ),
    };
  switch (volume.status) {
    case "available":
      return act(`extend the volume to ${sizeGiB} GiB`, { call: "extend", id: volume.id, sizeGiB, inUse: false });
    case "in-use":
      return act(
        `extend the attached volume to ${sizeGiB} GiB (the system of a bare metal machine sees it after a rescan of its disks)`,
        {
          call: "extend",
          id: volume.id,
          sizeGiB,
          inUse: true,
        },
      );
    case "awaiting-transfer":
      return {
        failed: offered("the volume is offered for transfer to another project and cannot grow meanwhile", {
          path: "sizeGiB",
          state: volume.status,
        }),
      };
    default:
      return waitFor(volume.status);
  }
}

/** How to detach what no program knows of: what a killed create of an attachment left. */
function byHand({ id, attachments }: Volume): string {
  const [first] = attachments;
  if (!first) return "";
  const nova = first.server_id ? `\`openstack server remove volume ${first.server_id} ${id}\` or ` : "";
  return `Where no program has it: ${nova}\`openstack volume attachment delete ${first.attachment_id}\`.`;
}

function removal(seen: SeenVolume): Answer {
  const { volume } = seen;
  if (!volume) return { done: "gone" };
  const { status, attachments } = volume;
  const refused = (what: string, next: string): Answer => ({
    failed: failure("in-use", what, { state: status, next }),
  });
  const kind = STATUSES[status];
  if (kind === "going" || kind === "making" || kind === "working" || status === "detaching") return waitFor(status);
  if (kind === undefined)
    return {
      failed: failure("stuck-state", `Cinder shows a status that this provider does not know: ${status}`, {
        state: status,
      }),
    };
  if (kind === "kept")
    return {
      failed: failure("in-maintenance", "the operator is moving the volume; it cannot be deleted meanwhile", {
        state: status,
      }),
    };
  if (kind === "offered")
    return { failed: offered("the volume is offered for transfer to another project", { state: status }) };
  if (attachments.length || kind === "held" || status === "in-use")
    return refused(
      attachments.length ? `the volume is held by ${holders(attachments)}` : "a machine is about to get the volume",
      `detach it there (delete its VolumeAttachment, or take it out of the server's \`volumes\`) and run the same command again. ${byHand(volume)}`,
    );
  if (!DELETABLE.includes(status))
    return {
      failed: failure(codeOf(seen), causeOf(seen), {
        state: status,
        next: "ask the operator to reset the volume's status, then run the same command again.",
      }),
    };
  const snapshots = seen.snapshots ?? [];
  if (snapshots.length)
    return refused(
      `the volume has ${snapshots.length} snapshot${snapshots.length === 1 ? "" : "s"}: ${snapshots
        .slice(0, 8)
        .map(({ id, name }) => (name ? `${name} ${id}` : id))
        .join(", ")}`,
      "delete the snapshots first, where they are not needed any more, and run the same command again.",
    );
  return act("delete volume", { call: "delete", id: volume.id });
}
