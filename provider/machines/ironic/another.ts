import { failure, type Step, timesTaken } from "../../core/index.ts";
import { visible } from "../../openstack/ironic/index.ts";
import { isAdopted } from "../route.ts";
import type { GivenUp, IronicAction } from "./actions.ts";
import type { Present } from "./install.ts";
import { judgeInstall } from "./judge.ts";
import { type IronicSeen, type NodeDetails, volumesOf } from "./observe.ts";
import { type IronicOffer, isOffered, without } from "./offers.ts";
import { recordedOf } from "./records.ts";
import { STATES } from "./states.ts";
import { inMaintenance, nameOf, stuck, waitFor, wordsOf } from "./words.ts";

type Answer = Step<IronicAction>;
type GivingUp = IronicAction & { readonly args: { readonly because: GivenUp } };

const isGivingUp = (action: IronicAction): action is GivingUp =>
  typeof action.args === "object" && "because" in action.args;

/** The machine that this create gave up because its install failed. */
export const givenUp = (taken: readonly IronicAction[]): GivenUp | undefined => taken.find(isGivingUp)?.args.because;

/** How often this create tried to install the machine that it has now. */
export function installsHere(taken: readonly IronicAction[]): number {
  const here = taken.slice(taken.findIndex(isGivingUp) + 1);
  return timesTaken(here, "install") + timesTaken(here, "reinstall");
}

/** What became of the machine that was given up, for the messages of what comes after it. */
export const toldOf = ({ name, words, tries }: GivenUp): string =>
  `node ${name} could not be installed, ${tries} times (${words}), and was given up`;

/**
 * After an install that failed for good on one machine: gives it up and takes another, once, where the machine was the
 * cause. Only in a create, which has nothing to lose, only without volumes, which might stay held by the machine that is given
 * up, and only where another that fits is free. Giving up wipes the machine, and Ironic drops its reservation itself, so
 * that there are never two.
 */
export function giveUp(
  desired: Present,
  seen: IronicSeen,
  { node }: NodeDetails,
  taken: readonly IronicAction[],
): Answer | undefined {
  const { inputs } = desired;
  const create = desired.last === undefined && !isAdopted(inputs) && recordedOf(seen.allocation!) === undefined;
  if (!create || node.maintenance || node.protected || givenUp(taken) || volumesOf(inputs).length) return undefined;
  if (!judgeInstall(visible(node.last_error)).another || !others(desired, seen, node.uuid).length) return undefined;
  const because = { node: node.uuid, name: nameOf(node), words: wordsOf(node), tries: installsHere(taken) };
  return {
    do: {
      name: `give up node ${node.name ?? node.uuid}, whose install failed, and take another`,
      args: { do: "undeploy", node: node.uuid, allocation: seen.allocation!.uuid, attempt: 1, because },
    },
  };
}

const others = ({ inputs: { hardware } }: Present, seen: IronicSeen, node: string): IronicOffer[] =>
  without(seen.offers ?? [], node).filter((offer) => offer.nodes.length > 0 && isOffered(hardware, offer));

/** While the machine that is given up still comes off; undefined once that is done. */
export function comingOff(seen: IronicSeen, taken: readonly IronicAction[]): Answer | undefined {
  const before = givenUp(taken);
  const { allocation, node } = seen;
  if (!before || (allocation && allocation.node_uuid !== before.node)) return undefined;
  if (node?.uuid === before.node && node.provision_state === "error") return notTakenDown(seen, before, taken);
  if (!allocation) return seen.offers ? undefined : { wait: { for: `node ${before.name} to come off`, interval: 1 } };
  if (!node || seen.carries !== "ours") return { wait: { for: `node ${before.name} to come off`, interval: 2 } };
  if (node.maintenance) return { failed: inMaintenance(node) };
  const state = STATES[node.provision_state];
  // Accepted, and does not show yet: the loop gives it time.
  if (node.provision_state === "deploy failed") return { do: taken.find(isGivingUp)! };
  return state && state.kind !== "failure" && state.kind !== "stable" ? waitFor(state, node) : { failed: stuck(node) };
}

/** Taking it down failed. While it still carries our reservation it is tried once more; without one it is left to the clearing up. */
function notTakenDown(seen: IronicSeen, before: GivenUp, taken: readonly IronicAction[]): Answer {
  const node = seen.node!;
  if (seen.allocation && seen.carries === "ours" && timesTaken(taken, "take the machine down") === 0)
    return {
      do: {
        name: "take the machine down",
        args: { do: "undeploy", node: node.uuid, allocation: seen.allocation.uuid, attempt: 2 },
      },
    };
  if (seen.allocation && seen.carries !== "ours")
    return { wait: { for: `node ${before.name} to come off`, interval: 2 } };
  return {
    failed: failure("deploy-failed", `${toldOf(before)}; it could not be taken down either: ${wordsOf(node)}`, {
      state: node.provision_state,
    }),
  };
}
