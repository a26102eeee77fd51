import { Failure, failure, type Step, withMark } from "../../core/index.ts";
import type { BlockDevice, NewServer } from "../../openstack/nova/servers.ts";
import { installRecord, userDataWithKeys } from "../install.ts";
import { deletePort, type MachinePort, nextPortAction, surplusPorts } from "../ports.ts";
import type { DesiredMachine } from "../route.ts";
import type { MachineInputs } from "../spec.ts";
import type { FailedBuild, NovaAction } from "./actions.ts";
import { chooseFlavor, type FlavorOffer } from "./offers.ts";
import { INSTALL_KEY, type Machine, type NovaSeen, serverTag } from "./seen.ts";
import { judgeFault } from "./states.ts";

type Present = Extract<DesiredMachine, { want: "present" }>;

/** How often a deploy is tried on another node before it counts as failed. */
const TRIES = 2;

/** The steps from nothing to a server: resolve everything, make the ports, ask for the server. */
export function nextCreate(desired: Present, seen: NovaSeen, taken: readonly NovaAction[]): Step<NovaAction> {
  const { inputs } = desired;
  const ports = seen.ports ?? [];
  const builds = failedBuilds(taken);
  const lastBuild = builds.at(-1);
  if (lastBuild && (!lastBuild.again || builds.length >= TRIES)) return clearAndFail(ports, builds, lastBuild);

  const plan = resolvePlan(inputs, seen);
  if ("failed" in plan || "wait" in plan) return plan;
  const surplus = surplusPorts(inputs.networks, ports)[0];
  if (surplus && surplus.device === "") return { do: deletePort(surplus) };
  const name = inputs.name ?? desired.name;
  const change = nextPortAction(seen.tag, name, inputs.networks, ports);
  if (change) return { do: change };
  const chosen = portsInOrder(inputs, ports);
  const busy = chosen.find((port) => port.device !== "");
  if (busy && builds.length + Number(busy.ours) > 0)
    return { wait: { for: `waiting for port ${busy.index} to come free`, usual: 30 } };
  if (busy)
    return {
      failed: failure("in-use", `port ${busy.id} is in use by ${busy.owner || "a machine"} ${busy.device}`, {
        path: `networks[${busy.index}].port`,
      }),
    };
  const server = newServer(desired, seen, plan, name, chosen);
  return { do: { name: "create server", args: { step: "create", server } } };
}

interface DeletedBuild extends FailedBuild {
  /** The server's id. */
  readonly server: string;
}

/** What goes wrong with a server that is being made: the ones deleted again in this run, in order. */
const failedBuilds = (taken: readonly NovaAction[]): DeletedBuild[] =>
  taken.flatMap((action) =>
    action.name === "delete failed server" && action.args.because
      ? [{ ...action.args.because, server: action.args.id }]
      : [],
  );

/** The step for a server that went to ERROR while it was made in this very run: it is worth nothing, and would only be in the way. */
export function dropFailedBuild({ inputs }: Present, server: Machine, nodes?: readonly string[]): Step<NovaAction> {
  const judged = judgeFault(server.fault);
  // Nova speaks of block devices too where Ironic or Keystone did not answer it.
  const blamesNothing = /prepping block device/i.test(server.fault?.message ?? "") && !inputs.volumes?.length;
  const { code, again } = blamesNothing ? { code: "deploy-failed" as const, again: true } : judged;
  const because = { code, again, what: describeFault(server), ...(nodes && { nodes }) };
  return { do: { name: "delete failed server", args: { step: "delete", id: server.id, because } } };
}

/** Nova's words about a failed server, with the flavor, which they do not name. */
export function describeFault(server: Machine): string {
  const flavor = server.flavor ? ` of flavor ${server.flavor.original_name}` : "";
  return `Nova could not make server ${server.id}${flavor}: ${server.fault?.message ?? "it gives no reason"}`;
}

/** A create that is given up leaves nothing: its ports go too, then it fails with what happened. */
function clearAndFail(
  ports: readonly MachinePort[],
  builds: readonly DeletedBuild[],
  last: FailedBuild,
): Step<NovaAction> {
  const ours = ports.find((port) => port.ours);
  if (ours) return { do: deletePort(ours, ...builds.map(({ server }) => server)) };
  // No node for another try: what there is to tell is why the one before failed.
  const told = (last.code === "no-capacity" && builds.findLast(({ code }) => code !== "no-capacity")) || last;
  const words = told.what.replace(/\.$/, "");
  const what =
    told !== last
      ? `${words}; then no other node was free`
      : builds.length > 1
        ? `${words}, in ${builds.length} tries`
        : last.what;
  const nodes = [...new Set(builds.flatMap((build) => build.nodes ?? []))];
  const where = nodes.length > 0 ? { where: `node${nodes.length > 1 ? "s" : ""} ${nodes.join(", ")}` } : {};
  const next =
    "nothing of it is left, so `pulumi up` starts afresh; if it fails again give nodes and words above to the operator.";
  return { failed: failure(told.code, what, { ...where, ...(told.code === "deploy-failed" && { next }) }) };
}

interface Plan {
  readonly flavor: FlavorOffer;
  readonly image?: string;
}

/** Everything that the program names, found and fit for use; nothing has been touched yet. */
function resolvePlan(
  inputs: MachineInputs,
  seen: NovaSeen,
): Plan | Extract<Step<NovaAction>, { failed: unknown } | { wait: unknown }> {
  let flavor: FlavorOffer;
  try {
    flavor = chooseFlavor(inputs, seen.offers);
  } catch (error) {
    if (error instanceof Failure) return { failed: error };
    throw error;
  }
  if (seen.image instanceof Failure) return { failed: seen.image };
  for (const volume of seen.volumes) {
    const { id, path, status } = volume;
    if (status === undefined)
      return { failed: failure("not-found", `there is no volume ${id} that this credential can see`, { path }) };
    if (status.startsWith("error")) return { failed: failure("volume-failed", `volume ${id} is ${status}`, { path }) };
    if (status === "in-use" && !volume.multiattach)
      return { failed: failure("in-use", `volume ${id} is in use by another machine`, { path }) };
    if (status === "maintenance")
      return { failed: failure("in-maintenance", `the operator is moving volume ${id}`, { path, state: status }) };
    if (status === "awaiting-transfer")
      return {
        failed: failure("held-state", `volume ${id} is offered for transfer to another project`, {
          path,
          state: status,
          next: "cancel the transfer (`openstack volume transfer request delete`) and run the same command again.",
        }),
      };
    if (status !== "available" && status !== "in-use")
      return { wait: { for: `waiting for volume ${id} (${status})`, usual: 60 } };
    if (path === "bootVolume" && !volume.bootable)
      return { failed: failure("invalid-input", `volume ${id} is not bootable`, { path }) };
  }
  const gone = inputs.networks.findIndex(
    (entry, index) =>
      entry.port !== undefined && !(seen.ports ?? []).some((port) => port.index === index && port.id === entry.port),
  );
  if (gone >= 0)
    return {
      failed: failure("not-found", `there is no port ${inputs.networks[gone]?.port} that this credential can see`, {
        path: `networks[${gone}].port`,
      }),
    };
  return { flavor, ...(seen.image === undefined ? {} : { image: seen.image }) };
}

/** One port for each network of the program, in its order. */
function portsInOrder(inputs: MachineInputs, ports: readonly MachinePort[]): MachinePort[] {
  const surplus = surplusPorts(inputs.networks, ports);
  return inputs.networks.flatMap((entry, index) => {
    const fits = (port: MachinePort) =>
      port.index === index &&
      !surplus.includes(port) &&
      (entry.port === undefined ? port.ours : port.id === entry.port);
    return ports.filter(fits).slice(0, 1);
  });
}

function newServer(
  desired: Present,
  seen: NovaSeen,
  plan: Plan,
  name: string,
  ports: readonly MachinePort[],
): NewServer {
  const { inputs, mark } = desired;
  const devices = blockDevices(inputs, plan.image);
  const userData = userDataWithKeys(inputs);
  return {
    name,
    description: withMark(undefined, mark),
    flavorRef: plan.flavor.id,
    ...(plan.image === undefined ? {} : { imageRef: plan.image }),
    ...(devices.length ? { block_device_mapping_v2: devices } : {}),
    networks: ports.length ? ports.map((port) => ({ port: port.id })) : "none",
    ...(inputs.keyPair === undefined ? {} : { key_name: inputs.keyPair }),
    ...(userData === undefined ? {} : { user_data: Buffer.from(userData).toString("base64") }),
    config_drive: inputs.configDrive ?? true,
    metadata: { ...inputs.metadata, [INSTALL_KEY]: installRecord(seen.tag, inputs) },
    tags: [serverTag(seen.tag)],
  };
}

/** Volumes of a new server. With an image and further volumes the image must stand in the list too. */
function blockDevices(inputs: MachineInputs, image: string | undefined): BlockDevice[] {
  const volume = (uuid: string, boot_index: number): BlockDevice => ({
    boot_index,
    uuid,
    source_type: "volume",
    destination_type: "volume",
    delete_on_termination: false,
  });
  const data = (inputs.volumes ?? []).map((id) => volume(id, -1));
  if (inputs.bootVolume !== undefined) return [volume(inputs.bootVolume, 0), ...data];
  if (!data.length || image === undefined) return [];
  const disk: BlockDevice = {
    boot_index: 0,
    uuid: image,
    source_type: "image",
    destination_type: "local",
    delete_on_termination: true,
  };
  return [disk, ...data];
}
