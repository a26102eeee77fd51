import { type Failure, failure, type Step } from "../../core/index.ts";
import { type NodeLook, visible } from "../../openstack/ironic/index.ts";
import { STATES, type StateMeaning } from "./states.ts";

/** How people call a node. */
export const nameOf = (node: Pick<NodeLook, "name" | "uuid">): string =>
  node.name ? `${node.name} (${node.uuid})` : node.uuid;

/** Ironic's own words about what went wrong, or why there are none. */
export const wordsOf = (node: NodeLook): string =>
  visible(node.last_error) ?? "Ironic's reason (last_error) is not shown to this credential; the operator can see it";

/** Why an operator keeps a machine from its user. */
export const maintenanceOf = (node: NodeLook): string =>
  [node.fault, node.maintenance_reason].filter(Boolean).join(": ") || "no reason given";

export const inMaintenance = (node: NodeLook): Failure =>
  failure("in-maintenance", `node ${nameOf(node)} is in maintenance: ${maintenanceOf(node)}`, {
    state: node.provision_state,
  });

/** The reservation stands, its node does not show: a lease has ended, or the node went to somebody else. */
export const hidden = (node: string | null): Failure =>
  failure(
    "not-allowed",
    `node ${node ?? "of this reservation"} is hidden from this credential: it is neither owned nor leased by the project any more`,
    {
      mover: "operator",
      next: "ask the operator who owns or leases the node now; nothing was changed.",
    },
  );

/** Waits for what a state says is under way. */
export const waitFor = (meaning: StateMeaning): Step<never> => ({
  wait: {
    for: meaning.text,
    ...(meaning.usual && { usual: meaning.usual }),
    interval: meaning.text.includes("wip") || meaning.kind === "hold" ? 30 : 10,
  },
});

/** A state that no step of ours leads out of, with whose move it is. */
export function stuck(node: NodeLook): Failure {
  const state = node.provision_state;
  const text = STATES[state]?.text ?? "this release does not know that state";
  const what = `node ${nameOf(node)} is in state "${state}": ${text}${visible(node.last_error) ? `: ${node.last_error}` : ""}`;
  const you = (next: string) => failure("stuck-state", what, { state, mover: "you", next });
  switch (state) {
    case "clean failed":
      return failure("clean-failed", `node ${nameOf(node)} could not be wiped: ${wordsOf(node)}`, { state });
    case "rescue":
      return you("end rescue mode (`openstack baremetal node unrescue`), then run the same command again.");
    case "rescue failed":
    case "unrescue failed":
      return you(
        "unrescue the node (`openstack baremetal node unrescue`), then run the same command again; `pulumi destroy` releases it.",
      );
    case "service failed":
      return you(
        "end the servicing (`openstack baremetal node abort`) when the reason is known, then run the same command again; `pulumi destroy` releases it.",
      );
    case "deleting":
      return you("somebody is taking this machine down: run `pulumi refresh` when that has ended.");
    case "error":
      return you("run `pulumi destroy` to release the machine, then make a new one.");
    default:
      return failure("stuck-state", what, { state });
  }
}
