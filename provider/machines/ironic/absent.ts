import { failure, type Step, timesTaken } from "../../core/index.ts";
import { deletePort } from "../ports.ts";
import { WIPE_NOT_VISIBLE } from "../route.ts";
import type { IronicAction } from "./actions.ts";
import type { IronicSeen, NodeDetails } from "./observe.ts";
import { OWNER_KEY } from "./records.ts";
import { STATES } from "./states.ts";
import { hidden, inMaintenance, nameOf, stuck, waitFor, wordsOf } from "./words.ts";

type Answer = Step<IronicAction>;

/** States from which Ironic takes a machine down. */
const UNDEPLOYS = new Set([
  "active",
  "deploy failed",
  "wait call-back",
  "error",
  "rescue",
  "rescue wait",
  "rescue failed",
  "unrescue failed",
  "service wait",
  "service failed",
]);
/** States in which nothing of ours is installed, so that the reservation can simply be given back. */
const UNUSED = new Set(["available", "manageable", "enroll", "inspect failed", "adopt failed", "clean failed"]);

/** Brings a machine to absent, from wherever it is; a second time goes on where the first one stopped. */
export function absent(seen: IronicSeen, taken: readonly IronicAction[]): Answer {
  const { allocation, node } = seen;
  if (!allocation) return released(seen, taken);
  if (allocation.state === "allocating") return { wait: { for: "Ironic choosing a machine", usual: 3, interval: 3 } };
  if (allocation.state === "error")
    return {
      do: {
        name: "drop the failed reservation",
        args: { do: "drop", allocation: allocation.uuid, words: allocation.last_error ?? "no reason given" },
      },
    };
  if (!node) return { failed: hidden(allocation.node_uuid) };
  if (seen.carries === "other") return { failed: stuck(node) };
  const state = node.provision_state;
  const meaning = STATES[state];
  if (node.protected)
    return {
      failed: failure(
        "protected",
        `node ${nameOf(node)} is protected${node.protected_reason ? `: ${node.protected_reason}` : ""}`,
        { state },
      ),
    };
  if (UNUSED.has(state))
    return seen.details ? giveBack(seen, seen.details) : { wait: { for: "the node's state to settle", interval: 2 } };
  if (node.maintenance) return { failed: inMaintenance(node) };
  if (UNDEPLOYS.has(state)) return takeDown(seen, taken);
  return meaning && meaning.kind !== "failure" && meaning.kind !== "stable"
    ? waitFor(meaning, node)
    : { failed: stuck(node) };
}

const owned = (details: NodeDetails | undefined, id: string | undefined) => ({
  target: details?.targets.find(
    (target) => target.extra[OWNER_KEY] !== undefined && (id === undefined || target.extra[OWNER_KEY] === id),
  ),
  connector: details?.connectors.find(
    (connector) => connector.extra[OWNER_KEY] !== undefined && (id === undefined || connector.extra[OWNER_KEY] === id),
  ),
});

/** Never installed: what was put on the node goes, then the reservation. */
function giveBack(seen: IronicSeen, details: NodeDetails): Answer {
  const { node, vifs } = details;
  const held = { node: node.uuid, allocation: seen.allocation!.uuid };
  const [vif] = vifs;
  if (seen.carries === "ours" && vif !== undefined)
    return { do: { name: "detach a port", args: { do: "detach", ...held, vif } } };
  const storage = removeStorage(details, held.allocation, held.allocation);
  if (storage) return storage;
  // Ironic clears these when it takes a machine down, not when a reservation is given back.
  const told = ["image_source", "display_name", "traits"].filter((key) => node.instance_info[key] !== undefined);
  if (seen.carries === "ours" && told.length) {
    const patches = told.map((key) => ({ op: "remove" as const, path: `/instance_info/${key}` }));
    return { do: { name: "forget the machine", args: { do: "describe", ...held, patches, instanceName: null } } };
  }
  return { do: { name: "give the machine back", args: { do: "release", ...held } } };
}

/** Volume targets and connectors that we made; Ironic lets go of them only while the machine is off. */
function removeStorage(details: NodeDetails, owner: string | undefined, allocation: string | null): Answer | undefined {
  if (details.node.power_state !== "power off") return undefined;
  const { target, connector } = owned(details, owner);
  if (target)
    return {
      do: {
        name: "remove a volume",
        args: { do: "untarget", node: details.node.uuid, allocation, target: target.uuid },
      },
    };
  if (connector)
    return {
      do: {
        name: "remove a volume connector",
        args: { do: "unconnector", node: details.node.uuid, allocation, connector: connector.uuid },
      },
    };
  return undefined;
}

/**
 * Installed or half so. Ironic's agent deploy takes volume targets off a node that it tears down, other deploy interfaces
 * may not, and the next user of the node would get our volumes with it: so an active machine is powered off first, which
 * detaches them, and they are taken off the node while it still is ours. What could not be detached stays for Ironic's
 * own, stricter detaching.
 */
function takeDown(seen: IronicSeen, taken: readonly IronicAction[]): Answer {
  const node = seen.node!;
  const allocation = seen.allocation!.uuid;
  const tries = timesTaken(taken, "take the machine down");
  if (tries >= 2)
    return {
      failed: failure(
        "release-failed",
        `node ${nameOf(node)} could not be taken down, ${tries} times: ${wordsOf(node)}`,
        {
          state: node.provision_state,
        },
      ),
    };
  if (node.provision_state === "active" && seen.details) {
    const { target } = owned(seen.details, allocation);
    if (node.target_power_state)
      return { wait: { for: `power to change to ${node.target_power_state}`, usual: 30, interval: 5 } };
    if (target && node.power_state !== "power off" && timesTaken(taken, "power off") === 0)
      return {
        do: { name: "power off", args: { do: "power", node: node.uuid, allocation, target: "power off", attempt: 1 } },
      };
    const volume = target && seen.details.volumes[target.volume_id];
    const stillThere = volume?.attachments.some(({ server_id }) => server_id === allocation || server_id === node.uuid);
    const storage = stillThere ? undefined : removeStorage(seen.details, allocation, allocation);
    if (storage) return storage;
  }
  return {
    do: { name: "take the machine down", args: { do: "undeploy", node: node.uuid, allocation, attempt: tries + 1 } },
  };
}

/** The reservation is gone: our ports go, and the wipe is watched to its end where the node is known and still shows. */
function released(seen: IronicSeen, taken: readonly IronicAction[]): Answer {
  const { node } = seen;
  const port = seen.ports.find((candidate) => candidate.ours);
  if (port) return { do: deletePort(port) };
  if (!node)
    return seen.last?.nodeId === undefined ? { done: "released" } : { done: "released", note: WIPE_NOT_VISIBLE };
  if (seen.carries === "other") return { done: "released; the node is somebody else's now" };
  const state = node.provision_state;
  const meaning = STATES[state];
  if (state === "error") return errorAfterRelease(seen, taken);
  if (state === "clean failed") return { failed: stuck(node) };
  if (["deleting", "cleaning", "clean wait", "clean hold"].includes(state)) {
    return node.maintenance ? { failed: inMaintenance(node) } : waitFor(meaning!, node);
  }
  // Ours can only be left on a node that nobody has taken since: whoever takes it gets rid of them too.
  const left = seen.details && removeStorage(seen.details, seen.last?.allocationId, null);
  return left ?? { done: "released" };
}

/** Taking it down failed. Ironic has dropped the reservation all the same, and the node waits to be taken down again. */
function errorAfterRelease(seen: IronicSeen, taken: readonly IronicAction[]): Answer {
  const node = seen.node!;
  if (node.maintenance) return { failed: inMaintenance(node) };
  const tries = timesTaken(taken, "take the machine down");
  if (tries >= 2)
    return {
      failed: failure(
        "release-failed",
        `node ${nameOf(node)} could not be taken down, ${tries} times: ${wordsOf(node)}`,
        {
          state: node.provision_state,
        },
      ),
    };
  return {
    do: {
      name: "take the machine down",
      args: { do: "undeploy", node: node.uuid, allocation: null, attempt: tries + 1 },
    },
  };
}
