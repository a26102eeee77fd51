import { type Desired, failure, type Mark, type Step, timesTaken, writeMark } from "../../core/index.ts";
import { inMaintenance, stuck } from "../../machines/ironic/words.ts";
import type { Volume } from "../../openstack/cinder/index.ts";
import type { Node } from "../../openstack/ironic/index.ts";
import { holders } from "../volume/answers.ts";
import { offered } from "../volume/steps.ts";
import type {
  AttachmentAction,
  AttachmentCall,
  AttachmentInputs,
  AttachmentOutputs,
  SeenAttachment,
} from "../volume-attachment.ts";
import { heldByMachine, targetOf } from "./answers.ts";
import { MARK_KEY } from "./calls.ts";

type Answer = Step<AttachmentAction>;
type Wanted = Desired<AttachmentInputs, AttachmentOutputs>;
type Present = Extract<Wanted, { want: "present" }>;

const act = (name: string, args: AttachmentCall): Answer => ({ do: { name, args } });
const waitFor = (text: string, usual?: number): Answer => ({
  wait: { for: text, interval: 5, ...(usual !== undefined && { usual }) },
});

/** What to do about a volume and a machine that were seen. */
export function attachmentStep(desired: Wanted, seen: SeenAttachment, taken: readonly AttachmentAction[]): Answer {
  return desired.want === "absent" ? detachment(desired, seen, taken) : attachment(desired, seen, taken);
}

function attachment(desired: Present, seen: SeenAttachment, taken: readonly AttachmentAction[]): Answer {
  const { volume, server, allocation, pair } = seen;
  const { inputs } = desired;
  if (pair && (pair.server !== inputs.server || pair.volume !== inputs.volume))
    return {
      failed: failure(
        "unsupported",
        `this is the attachment of volume ${pair.volume} to machine ${pair.server}, and it cannot move to another in place`,
        {
          path: pair.server === inputs.server ? "volume" : "server",
          next: "run `pulumi up` again, which replaces it; an adopted one must be `SERVER/VOLUME` of the program.",
        },
      ),
    };
  if (!volume)
    return { failed: failure("not-found", `this credential sees no volume ${inputs.volume}`, { path: "volume" }) };
  if (!server && !allocation)
    return {
      failed: failure("not-found", `this credential sees no machine ${inputs.server}, neither in Nova nor in Ironic`, {
        path: "server",
      }),
    };
  const unfit = fault(seen, volume);
  if (unfit) return unfit;
  if (inputs.initiator !== undefined) return exportTo(inputs, inputs.initiator, seen, volume);
  return server ? novaAttachment(inputs, seen, volume) : ironicAttachment(desired, seen, taken);
}

/** Why the volume cannot come to this machine, or a wait until it can. */
function fault(seen: SeenAttachment, volume: Volume): Answer | undefined {
  const mine = seen.attached || seen.direct || targetOf(seen) || heldByMachine(seen);
  if (mine) return undefined;
  if (volume.attachments.length && !volume.multiattach)
    return {
      failed: failure(
        "in-use",
        `the volume is held by ${holders(volume.attachments)}, and its type allows one machine at a time`,
        {
          path: "volume",
          next: "detach it there, or use a volume type with multiattach, and run the same command again.",
        },
      ),
    };
  switch (volume.status) {
    case "available":
    case "in-use":
      return undefined;
    case "creating":
    case "downloading":
    case "attaching":
    case "detaching":
    case "extending":
    case "backing-up":
    case "restoring-backup":
    case "uploading":
    case "retyping":
    case "reserved":
      return waitFor(`the volume to be ready (${volume.status})`);
    case "maintenance":
      return {
        failed: failure("in-maintenance", "the operator is moving the volume; it cannot be attached meanwhile", {
          path: "volume",
          state: volume.status,
        }),
      };
    case "awaiting-transfer":
      return {
        failed: offered("the volume is offered for transfer to another project and cannot be attached meanwhile", {
          path: "volume",
          state: volume.status,
        }),
      };
    default:
      return {
        failed: failure("volume-failed", `a volume in status ${volume.status} cannot be attached`, {
          path: "volume",
          state: volume.status,
        }),
      };
  }
}

function novaAttachment(inputs: AttachmentInputs, seen: SeenAttachment, volume: Volume): Answer {
  const server = seen.server!;
  if (seen.physical && !seen.attached)
    return {
      failed: failure(
        "unsupported",
        `${server.name ?? server.id} is a bare metal machine of Nova, to which no volume can be attached while it stands`,
        {
          path: "server",
          next: "give the volume to the machine at its deploy (`Server.volumes`), set `initiator` to export it to the machine's running system, or take the machine through Ironic.",
        },
      ),
    };
  if (server.status === "ERROR")
    return {
      failed: failure("server-fault", server.fault?.message ?? "the server is in status ERROR", {
        path: "server",
        state: server.status,
      }),
    };
  if (server.status === "BUILD") return waitFor("the server to be built");
  if (seen.attached)
    return heldByMachine(seen) && volume.status === "in-use"
      ? { done: "usable" }
      : waitFor("the volume to be attached", 10);
  const task = server["OS-EXT-STS:task_state"];
  if (task) return waitFor(`the server to be done with ${task}`);
  return act("attach the volume", { call: "attach", server: inputs.server, volume: inputs.volume });
}

function exportTo(inputs: AttachmentInputs, initiator: string, seen: SeenAttachment, volume: Volume): Answer {
  const { direct, server, node, allocation } = seen;
  if (server && !seen.physical)
    return {
      failed: failure(
        "unsupported",
        `${server.name ?? server.id} is a virtual machine, to which the cloud attaches by itself`,
        { path: "initiator", next: "leave `initiator` out." },
      ),
    };
  if (allocation && node?.instance_uuid !== allocation.uuid) return notCarried(seen);
  if (!direct)
    return act(`export the volume to ${initiator}`, {
      call: "export",
      server: inputs.server,
      volume: inputs.volume,
      initiator,
      mode: inputs.mode ?? "rw",
    });
  if (direct.status === "attached")
    return volume.status === "in-use" ? { done: "exported" } : waitFor("the volume to be in use", 5);
  if (direct.status === "error_attaching" || direct.status === "error_detaching")
    return {
      failed: failure(
        "volume-failed",
        `Cinder could not export the volume: its attachment ${direct.id} is in status ${direct.status}`,
        { path: "volume" },
      ),
    };
  return act("complete the export", { call: "complete", attachment: direct.id, volume: inputs.volume });
}

const notCarried = ({ allocation, node }: SeenAttachment): Answer => ({
  failed: failure(
    "machine-lost",
    node
      ? `node ${node.uuid} does not carry the allocation ${allocation?.uuid} any more`
      : `the allocation ${allocation?.uuid} has no node that this credential sees (${allocation?.last_error ?? allocation?.state})`,
    { path: "server" },
  ),
});

/** States of a node in which it is somebody's machine or about to be, and nothing runs on it by itself. */
const STANDING = ["active", "available", "manageable"];

/** States that a node does not leave by itself. */
const STUCK = /^(error|rescue|enroll)$|(failed|hold)$/;

/** What must be so before anything is changed on a node. */
function nodeFault(node: Node): Answer | undefined {
  if (node.maintenance) return { failed: inMaintenance(node) };
  if (STUCK.test(node.provision_state)) return { failed: stuck(node) };
  if (!STANDING.includes(node.provision_state)) return waitFor(`the machine to be ready (${node.provision_state})`);
  if (node.target_power_state) return waitFor(`${node.target_power_state} of the machine`, 60);
  if (node.power_state !== "power on" && node.power_state !== "power off")
    return {
      failed: failure(
        "power-failed",
        `the machine's power state is not known (${node.power_state ?? "none"})${node.last_error ? `: ${node.last_error}` : ""}`,
        { where: node.name ?? node.uuid },
      ),
    };
  return undefined;
}

/** The node with what every call to it carries. */
const placeOf = (seen: SeenAttachment) => ({
  node: seen.node!.uuid,
  allocation: seen.allocation!.uuid,
  volume: seen.pair!.volume,
});

/** Brings a machine that is on to off; the note comes first, so that whoever goes on switches it on again. */
function switchOff(seen: SeenAttachment, allowed: boolean, why: string, taken: readonly AttachmentAction[]): Answer {
  const place = placeOf(seen);
  if (!allowed && seen.offFor !== place.volume)
    return {
      failed: failure("needs-power-cycle", `${why} is possible only while the machine is off, and it is on`, {
        path: "allowPowerCycle",
        where: seen.node!.name ?? place.node,
      }),
    };
  if (seen.offFor === undefined) return act("note that the machine is to be on again", { ...place, call: "note" });
  if (timesTaken(taken, SHUT_DOWN) === 0) return act(SHUT_DOWN, { ...place, call: "shutDown" });
  return act("switch the machine off", { ...place, call: "powerOff" });
}

const SHUT_DOWN = "shut the machine down";
const START = "start the machine";

/** Brings a machine that was switched off here back to on, and forgets about it. */
function restore(seen: SeenAttachment, taken: readonly AttachmentAction[], done: Answer): Answer {
  const node = seen.node!;
  const place = placeOf(seen);
  if (seen.offFor === undefined) return done;
  if (node.power_state === "power on")
    return act("forget that the machine was switched off", { ...place, call: "unnote" });
  if (timesTaken(taken, START) > 0 && node.last_error)
    return {
      failed: failure("power-failed", `the machine did not start again: ${node.last_error}`, {
        where: node.name ?? node.uuid,
      }),
    };
  return act(START, { ...place, call: "powerOn" });
}

function ironicAttachment(desired: Present, seen: SeenAttachment, taken: readonly AttachmentAction[]): Answer {
  const { node, allocation, targets, connectors } = seen;
  if (allocation!.state === "allocating") return waitFor("the machine to be reserved", 5);
  if (!node || node.instance_uuid !== allocation!.uuid) return notCarried(seen);
  const target = targetOf(seen);
  const off = node.power_state === "power off";
  if (target && !off && heldByMachine(seen) && seen.offFor === undefined) return { done: "exported" };
  const wrong = nodeFault(node);
  if (wrong) return wrong;
  if (node.storage_interface === null || node.storage_interface === "noop")
    return {
      failed: failure(
        "unsupported",
        `the machine's storage interface is ${node.storage_interface ?? "not shown"}: Ironic attaches no volumes to it`,
        {
          path: "server",
          where: node.name ?? node.uuid,
          next: "ask the operator to set the node's storage_interface to `cinder`, or set `initiator` to export the volume to the machine's running system.",
        },
      ),
    };
  if (target) {
    if (off) return restore(seen, taken, { done: "prepared" });
    if (heldByMachine(seen)) return restore(seen, taken, { done: "exported" });
    if (seen.volume!.status === "attaching" || seen.volume!.status === "reserved")
      return waitFor("the volume to be exported", 10);
    return {
      failed: failure("no-effect", "the volume is registered and the machine is on, but the cloud does not export it", {
        where: node.name ?? node.uuid,
        next: "switch the machine off and on; if it stays so, give the node to the operator.",
      }),
    };
  }
  if (!off)
    return switchOff(
      seen,
      desired.inputs.allowPowerCycle === true,
      "attaching a volume to a bare metal machine",
      taken,
    );
  const mark = writeMark(partMark(desired.mark));
  if (!connectors.some((connector) => connector.type === "iqn"))
    return act("give the machine an iSCSI name", { ...placeOf(seen), call: "createConnector", mark });
  const used = targets.map((one) => one.boot_index);
  // 0 is the disk to boot from, whether it is a volume or not.
  const bootIndex = Array.from({ length: used.length + 1 }, (_, index) => index + 1).find(
    (index) => !used.includes(index),
  )!;
  return act("register the volume with the machine", {
    ...placeOf(seen),
    call: "createTarget",
    mark,
    bootIndex,
    thenOn: seen.offFor !== undefined,
  });
}

/** Nothing of an attachment is ever searched for unfinished: its parts say only whose they are. */
const partMark = ({ tag, shape }: Mark): Mark => ({ tag, shape });

function detachment(
  desired: Extract<Wanted, { want: "absent" }>,
  seen: SeenAttachment,
  taken: readonly AttachmentAction[],
): Answer {
  const { pair, route, direct, attached, server, allocation, node } = seen;
  if (!pair) return { done: "gone" };
  if (route === "direct") {
    if (direct) return act("end the export", { call: "unexport", attachment: direct.id, volume: pair.volume });
    return released(seen);
  }
  if (server) {
    if (!attached) return released(seen);
    if (seen.physical)
      return {
        failed: failure(
          "unsupported",
          `${server.name ?? server.id} is a bare metal machine of Nova, from which no volume can be detached while it stands`,
          {
            next: "delete the server; its volumes are released with it.",
          },
        ),
      };
    const task = server["OS-EXT-STS:task_state"];
    if (task) return waitFor(`the server to be done with ${task}`);
    if (seen.volume?.status === "detaching") return waitFor("the volume to be detached", 10);
    return act("detach the volume", { call: "detach", server: pair.server, volume: pair.volume });
  }
  if (seen.stray) return strayRemoval(seen.stray, pair.volume);
  if (!allocation || !node || node.instance_uuid !== allocation.uuid) return { done: "gone" };
  return ironicDetachment(desired.last as Partial<AttachmentInputs> | undefined, seen, taken);
}

/** Takes the volume off a node that was given back with it; only while the node is nobody's. */
function strayRemoval({ target, node }: NonNullable<SeenAttachment["stray"]>, volume: string): Answer {
  const owned = (what: string): Answer => ({
    failed: failure(
      "stuck-state",
      `the volume is still registered with node ${target.node_uuid}, ${what}: its start would attach the volume there`,
      {
        next: `have the operator delete the volume target ${target.uuid} of that node, then run the same command again.`,
      },
    ),
  });
  if (!node) return owned("which this credential does not see any more");
  if (node.instance_uuid !== null) return owned("which somebody else has now");
  const wrong = nodeFault(node);
  if (wrong) return wrong;
  if (node.power_state !== "power off") return owned("which is free, but on");
  return act(`take the volume off the free machine ${node.name ?? node.uuid}`, {
    call: "deleteStray",
    node: node.uuid,
    target: target.uuid,
    volume,
  });
}

/** Detached at the machine; done when the storage has let go too. */
const released = (seen: SeenAttachment): Answer =>
  seen.volume && heldByMachine(seen) && seen.route !== "direct"
    ? waitFor("the volume to be released", 10)
    : { done: "gone" };

function ironicDetachment(
  last: Partial<AttachmentInputs> | undefined,
  seen: SeenAttachment,
  taken: readonly AttachmentAction[],
): Answer {
  const node = seen.node!;
  const target = targetOf(seen);
  if (!target && seen.offFor === undefined) return released(seen);
  const wrong = nodeFault(node);
  if (wrong) return wrong;
  const off = node.power_state === "power off";
  if (target) {
    if (!off)
      return switchOff(seen, last?.allowPowerCycle === true, "detaching a volume from a bare metal machine", taken);
    if (heldByMachine(seen)) return waitFor("the volume to be released", 10);
    return act("take the volume off the machine", { ...placeOf(seen), call: "deleteTarget", uuid: target.uuid });
  }
  const ours = seen.connectors.find((connector) => MARK_KEY in connector.extra);
  if (off && ours && !seen.targets.length)
    return act("take back the machine's iSCSI name", { ...placeOf(seen), call: "deleteConnector", uuid: ours.uuid });
  return restore(seen, taken, { done: "gone" });
}
