import { failure, type Step, timesTaken } from "../../core/index.ts";
import { isAdopted } from "../route.ts";
import type { IronicAction } from "./actions.ts";
import {
  begin,
  describe,
  heldBy,
  metadata,
  type Present,
  ports,
  provision,
  touch,
  volumes,
  wanted,
} from "./install.ts";
import type { IronicSeen, NodeDetails } from "./observe.ts";
import { type Install, installedOf, isInstalled, KEYS, PROTECTED_BY_US, recordedOf } from "./records.ts";
import { inMaintenance, nameOf, wordsOf } from "./words.ts";

type Answer = Step<IronicAction>;

/** Keeps a machine that is installed as the program wants it. */
export function keep(desired: Present, seen: IronicSeen, details: NodeDetails, taken: readonly IronicAction[]): Answer {
  const { node } = details;
  if (node.target_power_state)
    return { wait: { for: `power to change to ${node.target_power_state}`, usual: 30, interval: 5 } };
  const goal = wanted(desired, seen);
  // Adopting changes nothing but the notes in the reservation; the first update brings it in line.
  if (desired.last === undefined && isAdopted(desired.inputs)) return { done: "adopted" };
  const finished = timesTaken(taken, "install") + timesTaken(taken, "reinstall") > 0;
  const has = installedOf(seen.allocation!, node, finished);
  const target = isInstalled(has, goal) ? undefined : reinstall(desired, seen, details, has, goal, taken);
  return (
    target ??
    note(seen, has, goal) ??
    describe(desired, seen, details, goal.image) ??
    metadata(desired, seen) ??
    ports(desired, seen, details) ??
    volumes(desired, seen, details) ??
    protection(desired, seen, details) ??
    power(desired, seen, details, taken) ?? { done: "active" }
  );
}

/** Writes down what is installed, once it is. */
function note(seen: IronicSeen, has: Install, goal: Install): Answer | undefined {
  const allocation = seen.allocation!;
  const recorded = recordedOf(allocation);
  const begun = allocation.extra[KEYS.begun] !== undefined;
  const value = { image: has.image, digest: has.digest ?? goal.digest };
  if (!begun && recorded && recorded.image === value.image && recorded.digest === value.digest) return undefined;
  const patches = [
    { op: "add" as const, path: `/extra/${KEYS.install}`, value },
    ...(begun ? [{ op: "remove" as const, path: `/extra/${KEYS.begun}` }] : []),
  ];
  return { do: { name: "note what is installed", args: { do: "note", allocation: allocation.uuid, patches } } };
}

/** A wipe and a new install, only where the program allows it. */
function reinstall(
  desired: Present,
  seen: IronicSeen,
  details: NodeDetails,
  has: Install,
  goal: Install,
  taken: readonly IronicAction[],
): Answer {
  const { node } = details;
  if (!desired.inputs.allowReinstall) {
    const why =
      has.image === goal.image
        ? "ssh keys or user data differ from what was installed"
        : `image ${goal.image} is wanted and ${has.image ?? "none"} is installed`;
    return {
      failed: failure("needs-reinstall", `${why} on node ${nameOf(node)}`, {
        path: has.image === goal.image ? "userData" : "image",
      }),
    };
  }
  if (node.maintenance) return { failed: inMaintenance(node) };
  if (node.protected) return { do: { name: "unprotect", args: { do: "protect", ...heldBy(seen), on: false } } };
  return (
    begin(seen, goal, node.provision_updated_at ?? "") ??
    describe(desired, seen, details, goal.image) ??
    provision(desired, seen, "rebuild", timesTaken(taken, "reinstall") + 1)
  );
}

function protection(desired: Present, seen: IronicSeen, { node }: NodeDetails): Answer | undefined {
  const { deletionProtection } = desired.inputs;
  const unwanted =
    deletionProtection === false || (deletionProtection === undefined && node.protected_reason === PROTECTED_BY_US);
  if (deletionProtection && !node.protected)
    return touch(seen, { name: "protect", args: { do: "protect", ...heldBy(seen), on: true } });
  if (unwanted && node.protected)
    return touch(seen, { name: "unprotect", args: { do: "protect", ...heldBy(seen), on: false } });
  return undefined;
}

function power(
  desired: Present,
  seen: IronicSeen,
  { node }: NodeDetails,
  taken: readonly IronicAction[],
): Answer | undefined {
  if (desired.inputs.power === undefined) return undefined;
  const target = desired.inputs.power === "on" ? "power on" : "power off";
  if (node.power_state === target) return undefined;
  const tries = timesTaken(taken, target);
  if (node.fault === "power failure" || tries >= 2)
    return {
      failed: failure(
        "power-failed",
        `node ${nameOf(node)} is ${node.power_state ?? "unknown"}, not ${target}: ${wordsOf(node)}`,
      ),
    };
  // Ironic clears last_error when it begins: one that stands now is this try's.
  const attempt = tries > 0 && node.last_error ? tries + 1 : Math.max(tries, 1);
  return touch(seen, { name: target, args: { do: "power", ...heldBy(seen), target, attempt } });
}
