import { failure, type Step, timesTaken, type Wait } from "../../core/index.ts";
import { deletePort, type MachinePort } from "../ports.ts";
import { type DesiredMachine, isAdopted, WIPE_NOT_VISIBLE } from "../route.ts";
import type { NovaAction } from "./actions.ts";
import { describeFault, dropFailedBuild, nextCreate } from "./next-create.ts";
import {
  act,
  type Case,
  kept,
  maintenance,
  metadata,
  network,
  power,
  protection,
  reinstall,
  reinstallReasons,
  rename,
} from "./next-update.ts";
import type { Last, Machine, MachineNode, NovaSeen } from "./seen.ts";
import { judgeFault, meaningOf, RETURNING, type StatusMeaning } from "./states.ts";

/** How often a delete that Nova gives up is asked for: long where Ironic is at work on the node, else the node does not want. */
const GIVEN_UP = { busy: 100, other: 6 };
/** Seconds after which a server that looks put down is put down: where its node shows it, and where no node can be seen. */
const PUT_DOWN = { seen: 120, unseen: 1200 };
/** What helps where a server was never finished and never will be. */
const MAKE_NEW = "run `pulumi up --replace URN` with this resource's URN: it releases the machine and makes a new one.";
/** Nova's tasks that end with the server gone. */
const DELETING = ["deleting", "soft-deleting"];

/** What to do about a machine on the nova route. Pure. */
export function next(desired: DesiredMachine, seen: NovaSeen, taken: readonly NovaAction[]): Step<NovaAction> {
  if (desired.want === "absent") return nextAbsent(desired, seen, taken);
  const { server } = seen;
  const last = desired.last as Last | undefined;
  if (server) return nextPresent({ desired, last, seen, server, taken });
  if (last === undefined) return nextCreate(desired, seen, taken);
  return {
    failed: failure("gone", "the server is gone from the cloud", seen.was === undefined ? {} : { where: seen.was }),
  };
}

function nextPresent(given: Case): Step<NovaAction> {
  const { desired, last, server, taken } = given;
  const meaning = meaningOf(server.status);
  if (DELETING.includes(server.task ?? "")) return { wait: { for: "the server is being deleted", usual: 60 } };
  if (!meaning) return unheardOf(server);
  if (meaning.kind === "error") return nextInError(given);
  if (meaning.kind === "hidden") return hidden();
  if (meaning.kind === "moving" || server.task !== undefined) return moving(given, meaning);
  if (server.status === "SOFT_DELETED") return { failed: softDeleted(server, meaning) };
  // Adopting changes nothing but the mark; what differs from the program is for the next update.
  if (last === undefined && isAdopted(desired.inputs)) return { done: server.status };
  const steps = [kept, reinstall, rename, metadata, network, power, protection];
  for (const step of steps) {
    const decision = step(given);
    if (decision) return decision;
  }
  return { done: timesTaken(taken, "reinstall") ? "reinstalled" : server.status };
}

/** A server in ERROR never waits. Whether it may be given up depends on whether it was ever finished. */
function nextInError(given: Case): Step<NovaAction> {
  const { desired, last, seen, server, taken } = given;
  const { node } = seen;
  const words = server.fault?.message ?? "Nova gives no reason";
  const about = { where: server.id, state: server.status };
  const unfinished = server.mark?.nonce !== undefined;
  const adopting = last === undefined && isAdopted(desired.inputs);
  if (unfinished && last === undefined && !adopting) return dropFailedBuild(desired, server, seen.tried);
  if (node?.maintenance !== undefined) {
    return { failed: maintenance(node, server.id, `; Nova's fault: ${words}`).with({ state: server.status }) };
  }
  if (timesTaken(taken, "reinstall"))
    return { failed: failure("deploy-failed", `the reinstall failed: ${words}`, about) };
  if (unfinished) {
    return { failed: failure(judgeFault(server.fault).code, describeFault(server), { ...about, next: MAKE_NEW }) };
  }
  if (!adopting && desired.inputs.allowReinstall && reinstallReasons(given).length) {
    const again = reinstall(given);
    if (again) return again;
  }
  return {
    failed: failure("server-fault", `Nova reports the server in ERROR: ${words}`, {
      ...about,
      next: "where the machine itself is well the operator can set it right (`openstack server set --state active`); where it is not, a changed `replaceTrigger` releases it and makes a new one.",
    }),
  };
}

const moving = ({ seen, server }: Case, meaning: StatusMeaning): Step<NovaAction> => {
  const node = seen.node ? `, node ${seen.node.name ?? seen.node.id}: ${seen.node.state}` : "";
  const what = meaning.kind === "moving" ? meaning.words : "Nova is at work on it";
  const task = server.task ? ` (${server.task}${node})` : node ? ` (${node.slice(2)})` : "";
  const stuck = putDown(server, seen.node);
  return {
    wait: {
      for: `${what}${task}`,
      ...(meaning.usual === undefined ? {} : { usual: meaning.usual }),
      ...(stuck && { stuck }),
    },
  };
};

/**
 * A server in BUILD on which nobody works: where Nova cannot even say that it gives a build up, because Keystone or its database does
 * not answer, it leaves the server so for ever. For a moment it looks so too while Nova goes on.
 */
function putDown(server: Machine, node: MachineNode | undefined): Wait["stuck"] {
  if (server.status !== "BUILD" || server.task !== undefined) return undefined;
  const about = { where: server.id, state: server.status };
  const what = "Nova has put the server down while it was building it, without a word";
  if (!node) {
    const next = `ask the operator whether Nova still builds it; if it does not, ${MAKE_NEW}`;
    return { after: PUT_DOWN.unseen, failed: failure("stuck-state", what, { ...about, next }) };
  }
  if (node.state !== "deploy failed") return undefined;
  const failed = `${what}; the deploy of node ${node.name ?? node.id} has failed${node.lastError ? `: ${node.lastError}` : ""}`;
  return { after: PUT_DOWN.seen, failed: failure("stuck-state", failed, { ...about, mover: "you", next: MAKE_NEW }) };
}

const hidden = (): Step<NovaAction> => ({
  wait: {
    for: "Nova cannot reach the part of the cloud where the server is recorded",
    interval: 30,
    late: {
      mover: "operator",
      next: "tell the operator that Nova shows the server as UNKNOWN: one of its cells does not answer.",
    },
  },
});

const softDeleted = (server: Machine, meaning: StatusMeaning) =>
  failure("held-state", `the server is ${meaning.words}`, {
    where: server.id,
    state: server.status,
    next: `bring it back with \`${meaning.leave} ${server.id}\`, or let it go: \`pulumi destroy --target\` and then \`pulumi up\`.`,
  });

const unheardOf = (server: Machine): Step<NovaAction> =>
  server.task === undefined
    ? {
        failed: failure("stuck-state", `Nova reports the status ${server.status}, which this provider does not know`, {
          where: server.id,
          state: server.status,
        }),
      }
    : { wait: { for: `Nova is at work on it (${server.status}, ${server.task})` } };

/** From whatever there is to nothing: server, then our ports, then the node's wiping as far as it can be seen. */
function nextAbsent(
  desired: Extract<DesiredMachine, { want: "absent" }>,
  seen: NovaSeen,
  taken: readonly NovaAction[],
): Step<NovaAction> {
  const { server } = seen;
  const last = desired.last as Last | undefined;
  if (server) return nextDelete(last, server, taken);
  const isOurs = (port: MachinePort) =>
    port.ours && ((port.device === "" && !desired.beside) || port.device === seen.was);
  const ours = (seen.ports ?? []).find(isOurs);
  if (ours) return { do: deletePort(ours, seen.was) };
  return nextWiped(seen, last?.kind === "virtual" || seen.was === undefined);
}

function nextDelete(last: Last | undefined, server: Machine, taken: readonly NovaAction[]): Step<NovaAction> {
  const about = { where: server.id, state: server.status };
  const meaning = meaningOf(server.status);
  if (DELETING.includes(server.task ?? "")) return { wait: { for: "releasing the machine", usual: 60 } };
  if (meaning?.kind === "hidden") return hidden();
  if (last?.deletionProtection) return { failed: failure("protected", "deletion protection is on", about) };
  if (server.locked) {
    // A lock of ours on a machine whose program does not ask for protection is left from an interrupted change.
    if (server.lockIsOurs) return act("unlock", server.id, { unlock: null });
    const next = `unlock it (\`openstack server unlock ${server.id}\`) and run the same command again.`;
    return { failed: failure("protected", "the server is locked, and the lock is not ours", { ...about, next }) };
  }
  if (server.status === "SOFT_DELETED") return act("delete for good", server.id, { forceDelete: null });
  const tries = timesTaken(taken, "delete server");
  // While Ironic works on the node Nova gives the delete up and puts the server into ERROR, to be deleted once more.
  const again = tries > 0 && meaning?.kind === "error";
  const busy = server.fault?.message.startsWith("ConflictException") ?? false;
  if (tries >= (again ? GIVEN_UP[busy ? "busy" : "other"] : 2)) {
    const words = server.fault ? `: ${server.fault.message}` : "";
    const what = `Nova accepted ${tries} times to delete the server and did not${words}`;
    return { failed: failure("release-failed", what, about) };
  }
  const attempt = again ? tries + 1 : Math.max(tries, 1);
  return { do: { name: "delete server", args: { step: "delete", id: server.id, attempt } } };
}

/** The machine is released; it is free only when it is wiped. A node that serves another already is none of ours. */
function nextWiped({ node, was }: NovaSeen, isVirtual: boolean): Step<NovaAction> {
  if (!node) return isVirtual ? { done: "gone" } : { done: "gone", note: WIPE_NOT_VISIBLE };
  const name = node.name ?? node.id;
  const about = { where: name, state: node.state };
  if (node.instance !== undefined && node.instance !== was) return { done: "gone" };
  if (node.state === "clean failed")
    return {
      failed: failure(
        "clean-failed",
        `node ${name} was released and could not be wiped${node.lastError ? `: ${node.lastError}` : ""}`,
        about,
      ),
    };
  if (RETURNING.includes(node.state)) {
    const maintenance = node.maintenance === undefined ? "" : `, in maintenance: ${node.maintenance}`;
    return { wait: { for: `wiping node ${name} (${node.state}${maintenance})`, usual: 600, interval: 30 } };
  }
  if (node.instance === undefined) return { done: "wiped" };
  return {
    failed: failure(
      "release-failed",
      `Nova has no server any more, but node ${name} still carries it${node.lastError ? `: ${node.lastError}` : ""}`,
      about,
    ),
  };
}
