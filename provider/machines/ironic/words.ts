import { type Failure, type FailureCode, type FailureDetails, failure, type Step } from "../../core/index.ts";
import { type NodeLook, visible } from "../../openstack/ironic/index.ts";
import { STATES, type StateMeaning } from "./states.ts";

/** How people call a node. */
export const nameOf = (node: Pick<NodeLook, "name" | "uuid">): string =>
  node.name ? `${node.name} (${node.uuid})` : node.uuid;

/** Ironic's own words about what went wrong, or why there are none. */
export const wordsOf = (node: NodeLook): string =>
  visible(node.last_error)?.replace(/[.\s]+$/, "") ??
  "Ironic's reason (last_error) is not shown to this credential; the operator can see it";

/** Why an operator keeps a machine from its user. */
export const maintenanceOf = (node: NodeLook): string =>
  [node.fault, node.maintenance_reason].filter(Boolean).join(": ") || "no reason given";

/** What each fault means that Ironic itself puts a node into maintenance for. */
export const FAULTS: Readonly<Record<string, FailureCode>> = {
  "power failure": "power-failed",
  "clean failure": "clean-failed",
  "service failure": "servicing-failed",
  "rescue abort failure": "rescue-failed",
};

/** A machine that is in maintenance: by an operator's hand, or for a fault that Ironic saw itself. */
export function inMaintenance(node: NodeLook): Failure {
  const said = visible(node.last_error);
  return failure(
    FAULTS[node.fault ?? ""] ?? "in-maintenance",
    `node ${nameOf(node)} is in maintenance: ${maintenanceOf(node)}${said ? `; Ironic says: ${said}` : ""}`,
    { state: node.provision_state },
  );
}

/** The reservation stands, its node does not show: a lease has ended, or the node went to somebody else. */
export const hidden = (node: string | null): Failure =>
  failure(
    "machine-lost",
    `node ${node ?? "of this reservation"} is hidden from this credential: it is neither owned nor leased by the project any more`,
    { next: "ask the operator who owns or leases the node now; nothing was changed." },
  );

/** Waits for what a node's state says is under way, and tells node and state. A hold ends by the operator's hand only. */
export const waitFor = (meaning: StateMeaning, node: NodeLook): Step<never> => ({
  wait: {
    for: `${meaning.text} (node ${node.name ?? node.uuid}: ${node.provision_state})`,
    ...(meaning.usual && { usual: meaning.usual }),
    ...((meaning.text.includes("wip") || meaning.kind === "hold") && { interval: 30 }),
    ...(meaning.kind === "hold" && {
      late: {
        mover: "operator",
        next: "ask the operator to let the node go on (`openstack baremetal node unhold`), then run the same command again.",
      },
    }),
  },
});

/** What each state ends in that no step of ours leads out of. */
export const DEAD_ENDS: Readonly<Record<string, FailureCode>> = {
  enroll: "not-in-service",
  manageable: "not-in-service",
  "inspect failed": "not-in-service",
  "adopt failed": "not-in-service",
  "clean failed": "clean-failed",
  "deploy failed": "deploy-failed",
  deleting: "machine-lost",
  error: "release-failed",
  rescue: "held-state",
  "rescue failed": "rescue-failed",
  "unrescue failed": "rescue-failed",
  "service failed": "servicing-failed",
};

/** What only the author of the program can do about some of them. */
const YOURS: Readonly<Record<string, string>> = {
  deleting: "somebody is taking this machine down: run `pulumi refresh` when that has ended.",
  error: "run `pulumi destroy` to release the machine, then make a new one.",
  rescue: "end rescue mode (`openstack baremetal node unrescue`), then run the same command again.",
};

/** A state that no step of ours leads out of, in Ironic's own words where there are any. */
export function stuck(node: NodeLook, more: Partial<FailureDetails> = {}): Failure {
  const state = node.provision_state;
  const text = STATES[state]?.text ?? "this release does not know that state";
  const failed = STATES[state]?.kind === "failure";
  const said = failed ? wordsOf(node) : visible(node.last_error);
  const what = `node ${nameOf(node)} is in state "${state}": ${text}${said ? `: ${said}` : ""}`;
  const next = YOURS[state];
  return failure(DEAD_ENDS[state] ?? "stuck-state", what, {
    state,
    ...(next && { mover: "you", next }),
    ...more,
  });
}
