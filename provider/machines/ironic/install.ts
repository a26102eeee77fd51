import { canonical, type Desired, type Failure, failure, type Step, timesTaken } from "../../core/index.ts";
import { visible } from "../../openstack/ironic/index.ts";
import { installDigest } from "../install.ts";
import { adoptPort, deletePort, nextPortAction, surplusPorts } from "../ports.ts";
import { isAdopted } from "../route.ts";
import type { MachineInputs, MachineOutputs } from "../spec.ts";
import type { Held, IronicAction } from "./actions.ts";
import { givenUp, giveUp, installsHere, toldOf } from "./another.ts";
import { configDriveOf } from "./config-drive.ts";
import { judgeInstall } from "./judge.ts";
import { type IronicSeen, type Known, type NodeDetails, volumesOf } from "./observe.ts";
import { begunOf, type Install, imageSourceOf, KEYS, metadataOf, OWNER_KEY, recordedOf } from "./records.ts";
import { hasPath } from "./volumes.ts";
import { inMaintenance, nameOf, wordsOf } from "./words.ts";

/** What is wanted of a machine that shall be there. */
export type Present = Extract<Desired<MachineInputs, MachineOutputs>, { want: "present" }>;
type Answer = Step<IronicAction>;

/** What belongs on the machine. */
export const wanted = (desired: Present, seen: IronicSeen): Install => ({
  image: seen.image?.id ?? null,
  digest: installDigest(seen.allocation!.uuid, desired.inputs),
});

export const heldBy = (seen: IronicSeen): Held => ({ node: seen.node!.uuid, allocation: seen.allocation!.uuid });

/** Steps on a node are not begun in maintenance: Ironic would take them in and not do them. */
export const touch = (seen: IronicSeen, action: IronicAction | undefined): Answer | undefined =>
  action && (seen.node!.maintenance ? { failed: inMaintenance(seen.node!) } : { do: action });

/** Ports: surplus ones go, wanted ones are made, brought in line and attached. */
export function ports(desired: Present, seen: IronicSeen, { vifs }: NodeDetails): Answer | undefined {
  const { inputs, mark, name } = desired;
  const before = (desired.last as Known | undefined)?.networks ?? [];
  const dropped = before.find(
    ({ port }) => port && vifs.includes(port) && !inputs.networks.some((entry) => entry.port === port),
  );
  if (dropped?.port)
    return touch(seen, { name: "detach a port", args: { do: "detach", ...heldBy(seen), vif: dropped.port } });
  const [surplus] = surplusPorts(inputs.networks, seen.ports);
  if (surplus && vifs.includes(surplus.id))
    return touch(seen, { name: "detach a port", args: { do: "detach", ...heldBy(seen), vif: surplus.id } });
  if (surplus) return { do: deletePort(surplus) };
  const adopted = adoptable(desired, seen);
  if (adopted) return { do: adopted };
  const action = nextPortAction(mark.tag, inputs.name ?? name, inputs.networks, seen.ports);
  if (action) return { do: action };
  const gone = missingPort(inputs, seen);
  if (gone) return { failed: gone };
  const loose = wantedPorts(inputs, seen).find((port) => !vifs.includes(port.id));
  return (
    loose && touch(seen, { name: `attach port ${loose.index}`, args: { do: "attach", ...heldBy(seen), vif: loose.id } })
  );
}

/** An adopted machine has ports that are not ours yet: one on the wanted network is taken over in place of making another. */
function adoptable({ inputs, mark }: Present, seen: IronicSeen) {
  for (const [index, entry] of inputs.networks.entries()) {
    if (entry.network === undefined || seen.ports.some((port) => port.ours && port.index === index)) continue;
    const stray = seen.strays?.find((port) => port.network === entry.network);
    if (stray) return adoptPort(mark.tag, index, stray.id);
  }
  return undefined;
}

/** A port of the program's own that is not there. */
export function missingPort({ networks }: MachineInputs, seen: IronicSeen): Failure | undefined {
  const gone = networks.findIndex(({ port }) => port !== undefined && !seen.ports.some(({ id }) => id === port));
  if (gone < 0) return undefined;
  const path = `networks[${gone}].port`;
  return failure("not-found", `there is no port ${networks[gone]?.port} that this credential can see`, { path });
}

const wantedPorts = (inputs: MachineInputs, seen: IronicSeen) =>
  seen.ports.filter((port) => (port.ours ? inputs.networks[port.index]?.network !== undefined : true));

/** Volumes that Ironic shall attach. Left-overs of an earlier server of ours must not be attached with them. */
export function volumes(
  desired: Present,
  seen: IronicSeen,
  { node, targets, connectors, volumes: shown }: NodeDetails,
): Answer | undefined {
  const held = heldBy(seen);
  const off = node.power_state === "power off";
  const foreign = targets.find(
    (target) => target.extra[OWNER_KEY] !== undefined && target.extra[OWNER_KEY] !== held.allocation,
  );
  if (foreign && off)
    return touch(seen, { name: "remove a volume", args: { do: "untarget", ...held, target: foreign.uuid } });
  const ids = volumesOf(desired.inputs);
  const attached = new Set(targets.map((target) => target.volume_id));
  // A failed install leaves a volume that it could not attach in this status, and the next one refuses it.
  const half = ids.find((id) => attached.has(id) && shown[id]?.status === "attaching" && !shown[id].attachments.length);
  if (half !== undefined && node.provision_state === "deploy failed")
    return { do: { name: "free a volume that was not attached", args: { do: "unreserve", ...held, volume: half } } };
  const volume = ids.find((id) => !attached.has(id));
  if (volume === undefined) return undefined;
  if (node.storage_interface === "noop")
    return {
      failed: failure("unsupported", `node ${nameOf(node)} cannot use volumes (its storage interface is noop)`, {
        mover: "operator",
        next: "ask the operator for nodes with the cinder storage interface.",
      }),
    };
  if (node.provision_state === "active" && !off)
    return {
      failed: failure(
        "needs-power-cycle",
        `volume ${volume} is not attached, and attaching needs the machine powered off`,
        { next: 'power it off (`power: "off"`), run `pulumi up`, then power it on; or use VolumeAttachment.' },
      ),
    };
  if (!hasPath(connectors)) return touch(seen, { name: "make a volume connector", args: { do: "connector", ...held } });
  const taken = new Set(targets.map((target) => target.boot_index));
  const free = Array.from({ length: targets.length + 1 }, (_, index) => index + 1).find((index) => !taken.has(index))!;
  const bootIndex = volume === desired.inputs.bootVolume ? 0 : free;
  return touch(seen, { name: "add a volume", args: { do: "target", ...held, volume, bootIndex } });
}

/** What the node says of what is installed: image and name. */
export function describe(
  desired: Present,
  seen: IronicSeen,
  { node }: NodeDetails,
  image: string | null,
): Answer | undefined {
  const name = desired.inputs.name ?? desired.name;
  const patches = [];
  if (imageSourceOf(node) !== image)
    patches.push(
      image === null
        ? { op: "remove" as const, path: "/instance_info/image_source" }
        : { op: "add" as const, path: "/instance_info/image_source", value: image },
    );
  // A machine that was adopted keeps its name until the program gives it one.
  const keeps = desired.inputs.name === undefined && isAdopted(desired.inputs);
  if (!keeps && node.instance_info["display_name"] !== name)
    patches.push({ op: "add" as const, path: "/instance_info/display_name", value: name });
  if (!patches.length) return undefined;
  return touch(seen, {
    name: "describe the machine",
    args: { do: "describe", ...heldBy(seen), patches, instanceName: name },
  });
}

/** Notes metadata, so that the next look knows what the program gave. */
export function metadata(desired: Present, seen: IronicSeen): Answer | undefined {
  const allocation = seen.allocation!;
  if (canonical(metadataOf(allocation) ?? {}) === canonical(desired.inputs.metadata ?? {})) return undefined;
  const patches = [{ op: "add" as const, path: `/extra/${KEYS.metadata}`, value: desired.inputs.metadata ?? {} }];
  return { do: { name: "note metadata", args: { do: "note", allocation: allocation.uuid, patches } } };
}

/** From a reserved node to one that is being installed. */
export function install(
  desired: Present,
  seen: IronicSeen,
  details: NodeDetails,
  taken: readonly IronicAction[],
): Answer {
  if (details.node.maintenance) return { failed: inMaintenance(details.node) };
  const goal = wanted(desired, seen);
  return (
    ports(desired, seen, details) ??
    volumes(desired, seen, details) ??
    describe(desired, seen, details, goal.image) ??
    metadata(desired, seen) ??
    begin(seen, goal, "") ??
    provision(desired, seen, "active", timesTaken(taken, "install") + 1)
  );
}

/** Notes what is about to be installed; `at` as in {@link Begun}. */
export function begin(seen: IronicSeen, goal: Install, at: string): Answer | undefined {
  const allocation = seen.allocation!;
  const begun = begunOf(allocation);
  if (begun && begun.image === goal.image && begun.digest === goal.digest && begun.at === at) return undefined;
  const patches = [{ op: "add" as const, path: `/extra/${KEYS.begun}`, value: { ...goal, at } }];
  return { do: { name: "note what is to be installed", args: { do: "note", allocation: allocation.uuid, patches } } };
}

export function provision(desired: Present, seen: IronicSeen, target: "active" | "rebuild", attempt: number): Answer {
  const { inputs, name } = desired;
  const drive =
    inputs.configDrive === false
      ? {}
      : { configdrive: configDriveOf(seen.allocation!.uuid, inputs.name ?? name, inputs, wantedPorts(inputs, seen)) };
  const args = { do: "provision" as const, ...heldBy(seen), target, attempt, ...drive };
  return { do: { name: target === "active" ? "install" : "reinstall", args } };
}

/**
 * After a failed install: once more on the same node, in a create or where this run began it; then in a create once on
 * another; else it is told.
 */
export function retry(
  desired: Present,
  seen: IronicSeen,
  details: NodeDetails,
  taken: readonly IronicAction[],
): Answer {
  const { node } = details;
  const before = givenUp(taken);
  const tries = installsHere(taken);
  const fresh = recordedOf(seen.allocation!) === undefined;
  const ours = fresh || begunOf(seen.allocation!) !== undefined || desired.inputs.allowReinstall === true;
  if (tries >= (before ? 1 : 2) || !ours || node.maintenance) {
    const another = giveUp(desired, seen, details, taken);
    if (another) return another;
    const again = tries > 1 ? `, ${tries} times` : "";
    const also = before ? `; before it ${toldOf(before)}` : "";
    const next = ours
      ? {}
      : {
          next: "set `allowReinstall: true` to install it anew, or give the node and the words above to the operator.",
        };
    const { code } = judgeInstall(visible(node.last_error));
    return {
      failed: failure(code, `node ${nameOf(node)} could not be installed${again}: ${wordsOf(node)}${also}`, {
        state: node.provision_state,
        ...next,
      }),
    };
  }
  const goal = wanted(desired, seen);
  const prepared =
    ports(desired, seen, details) ??
    volumes(desired, seen, details) ??
    describe(desired, seen, details, goal.image) ??
    metadata(desired, seen);
  return (
    prepared ??
    begin(seen, goal, begunOf(seen.allocation!)?.at ?? "") ??
    provision(desired, seen, fresh ? "active" : "rebuild", tries + 1)
  );
}
