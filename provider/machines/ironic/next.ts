import { Failure, failure, type Step } from "../../core/index.ts";
import { describeOffer } from "../hardware.ts";
import type { DesiredMachine } from "../route.ts";
import type { MachineInputs } from "../spec.ts";
import { absent } from "./absent.ts";
import type { IronicAction } from "./actions.ts";
import { comingOff, givenUp, toldOf } from "./another.ts";
import { install, missingPort, type Present, retry } from "./install.ts";
import { keep } from "./keep.ts";
import { type IronicSeen, volumesOf } from "./observe.ts";
import { choiceOf, fittingOffers, type IronicOffer, without } from "./offers.ts";
import { allocationName, firstNotes } from "./records.ts";
import { STATES } from "./states.ts";
import { hidden, inMaintenance, nameOf, stuck, waitFor } from "./words.ts";

type Answer = Step<IronicAction>;

/** How often a machine is asked for while those that fit are locked. */
const LOCKED_TRIES = 8;

/** Decides the next step. Every provision state has an answer in it, and none that failed waits. */
export function next(desired: DesiredMachine, seen: IronicSeen, taken: readonly IronicAction[]): Answer {
  return desired.want === "absent" ? absent(seen, taken) : present(desired, seen, taken);
}

function present(desired: Present, seen: IronicSeen, taken: readonly IronicAction[]): Answer {
  const { allocation, node } = seen;
  const impossible = refusals(desired.inputs);
  if (impossible) return { failed: impossible };
  const comes = comingOff(seen, taken);
  if (comes) return comes;
  if (!allocation) return reserve(desired, seen, taken);
  if (allocation.state === "error")
    return {
      do: {
        name: "drop the failed reservation",
        args: { do: "drop", allocation: allocation.uuid, words: allocation.last_error ?? "no reason given" },
      },
    };
  if (allocation.state === "allocating") return { wait: { for: "Ironic choosing a machine", usual: 3, interval: 3 } };
  if (!node) return { failed: hidden(allocation.node_uuid) };
  if (seen.carries !== "ours")
    return {
      failed: failure(
        "machine-lost",
        `node ${nameOf(node)} is no longer reserved for this server: the machine is not yours any more`,
        { mover: "you", next: "run `pulumi refresh`; if the operator took it away, ask for another." },
      ),
    };
  const state = node.provision_state;
  const meaning = STATES[state];
  if (state === "available" || state === "deploy failed" || state === "active") {
    if (!seen.details) return { wait: { for: "the node's state to settle", interval: 2 } };
    if (state === "available") return install(desired, seen, seen.details, taken);
    return state === "active" ? keep(desired, seen, seen.details, taken) : retry(desired, seen, seen.details, taken);
  }
  if (!meaning || meaning.kind === "failure" || meaning.kind === "stable" || state === "deleting")
    return { failed: stuck(node) };
  if (node.maintenance) return { failed: inMaintenance(node) };
  return waitFor(meaning, node);
}

/** What this route cannot do, whatever the cloud shows. */
function refusals(inputs: MachineInputs): Failure | undefined {
  const no = (what: string, path: string, next: string) => failure("unsupported", what, { path, next });
  if (inputs.kind === "virtual")
    return no("virtual machines come from Nova only", "kind", "set `route: nova`, or leave `route` out.");
  if (inputs.hardware.flavor !== undefined)
    return no(
      "a flavor means nothing to Ironic",
      "hardware.flavor",
      "use `hardware.class` or amounts, or `route: nova`.",
    );
  if (inputs.keyPair !== undefined)
    return no("Ironic knows no key pairs", "keyPair", "put the public key into `sshKeys`.");
  if (inputs.image === undefined && inputs.bootVolume === undefined)
    return failure("invalid-input", "there is neither an image nor a boot volume", { path: "image" });
  if (inputs.image !== undefined && inputs.bootVolume !== undefined)
    return failure("invalid-input", "there is an image and a boot volume; one of them boots", { path: "bootVolume" });
  return undefined;
}

/** Asks for a machine, once it is clear that there can be one. */
function reserve(desired: Present, seen: IronicSeen, taken: readonly IronicAction[]): Answer {
  const { inputs, mark } = desired;
  const before = givenUp(taken);
  const offers = before ? without(seen.offers ?? [], before.node) : (seen.offers ?? []);
  const drops = taken.flatMap((action) => (action.name === "drop the failed reservation" ? [action.args] : []));
  const dropped = drops.at(-1);
  // Machines fit and are free, and somebody's work on them holds their locks for the moment.
  const locked =
    dropped !== undefined && /could not reserve any of/i.test(dropped.words) && drops.length < LOCKED_TRIES;
  const code = before ? "deploy-failed" : "no-capacity";
  const also = before ? `${toldOf(before)}; then ` : "";
  const list = (some: readonly IronicOffer[]) => some.map((offer) => `\n  ${describeOffer(offer)}`).join("");
  if (dropped && !locked)
    return {
      failed: failure(code, `${also}Ironic found no machine: ${dropped.words}; there are${list(offers) || " none"}`, {
        path: "hardware",
      }),
    };
  if (desired.last?.allocationId !== undefined)
    return {
      failed: failure("gone", "its reservation is gone"),
    };
  for (const volume of volumesOf(inputs)) {
    const found = seen.volumes?.[volume];
    const path = volume === inputs.bootVolume ? "bootVolume" : `volumes[${inputs.volumes?.indexOf(volume)}]`;
    if (!found)
      return { failed: failure("not-found", `there is no volume ${volume} that this credential can see`, { path }) };
    if (found.status.startsWith("error"))
      return { failed: failure("volume-failed", `volume ${volume} is ${found.status}`, { path, state: found.status }) };
    if (found.status !== "available" && !found.multiattach)
      return {
        failed: failure("in-use", `volume ${volume} is ${found.status}, not available`, {
          path,
          state: found.status,
          next: "detach it from where it is, or use another, then run the same command again.",
        }),
      };
    if (volume === inputs.bootVolume && found.bootable !== "true")
      return { failed: failure("service-refused", `volume ${volume} is not bootable`, { path }) };
  }
  const gone = missingPort(inputs, seen);
  if (gone) return { failed: gone };
  let fitting: IronicOffer[];
  try {
    fitting = fittingOffers(inputs, offers);
  } catch (error) {
    if (error instanceof Failure) return { failed: error };
    throw error;
  }
  if (!fitting.length) {
    const asked = [`class ${inputs.hardware.class}`, ...(inputs.hardware.traits ?? [])].join(" with ");
    return {
      failed: failure("nothing-fits", `this credential sees no node of ${asked}; there are${list(offers) || " none"}`, {
        path: "hardware",
      }),
    };
  }
  const free = fitting.filter((offer) => offer.nodes.length > 0);
  if (!free.length)
    return {
      failed: failure(code, `${also}every machine that fits is taken:${list(fitting)}`, { path: "hardware" }),
    };
  const { candidate_nodes, ...choice } = choiceOf(inputs.hardware, free);
  const byAmounts = inputs.hardware.class === undefined || volumesOf(inputs).length > 0;
  const others = before && !byAmounts && free.flatMap((offer) => offer.nodes).sort();
  const request = {
    name: allocationName(mark.tag),
    ...choice,
    ...(byAmounts && { candidate_nodes }),
    ...(others && { candidate_nodes: others }),
    extra: firstNotes(mark),
  };
  const attempt = drops.length + 1;
  return { do: { name: "reserve a machine", args: { do: "reserve", request, ...(attempt > 1 && { attempt }) } } };
}
