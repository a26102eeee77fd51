import { Failure, failure, type Step, timesTaken } from "../../core/index.ts";
import type { ServerAction } from "../../openstack/nova/servers.ts";
import { installRecord, matchesInstall, userDataWithKeys } from "../install.ts";
import { FAULTS } from "../ironic/words.ts";
import { adoptPort, deletePort, type MachinePort, nextPortAction, surplusPorts } from "../ports.ts";
import { type DesiredMachine, isAdopted } from "../route.ts";
import type { NovaAction } from "./actions.ts";
import {
  droppedPorts,
  INSTALL_KEY,
  type Last,
  LOCK_REASON,
  type Machine,
  type MachineNode,
  type NovaSeen,
  PENDING,
  powerNow,
} from "./seen.ts";
import { meaningOf } from "./states.ts";

/** Everything that one decision about an existing server needs. */
export interface Case {
  readonly desired: Extract<DesiredMachine, { want: "present" }>;
  readonly last: Last | undefined;
  readonly seen: NovaSeen;
  readonly server: Machine;
  readonly taken: readonly NovaAction[];
}

type Decision = Step<NovaAction> | undefined;

/** An action of `POST /servers/{id}/action` as a step. */
export const act = (
  name: Extract<NovaAction, { args: { step: "act" } }>["name"],
  id: string,
  action: ServerAction,
): Step<NovaAction> => ({ do: { name, args: { step: "act", id, action } } });

/** The node under a server is in maintenance: by an operator's hand, or for a fault that Ironic saw itself. */
export function maintenance(node: MachineNode, server: string, more = ""): Failure {
  const why = [node.fault, node.maintenance].filter(Boolean).join(": ");
  const what = `node ${node.name ?? node.id} is in maintenance: ${why}${node.lastError ? `; Ironic says: ${node.lastError}` : ""}${more}`;
  return failure(FAULTS[node.fault ?? ""] ?? "in-maintenance", what, { where: server });
}

/** What Nova refuses while a server is locked: our own lock is opened first and closed at the end, another's is respected. */
function unlocked({ desired, last, server }: Case, step: Step<NovaAction>): Step<NovaAction> {
  if (!server.locked) return step;
  if (server.lockIsOurs || last?.deletionProtection || desired.inputs.deletionProtection !== undefined)
    return act("unlock", server.id, { unlock: null });
  const next = `unlock it (\`openstack server unlock ${server.id}\`), or set \`deletionProtection: false\`.`;
  return { failed: failure("protected", "the server is locked, and the lock is not ours", { where: server.id, next }) };
}

/** What needs the machine itself: not in maintenance, not while somebody holds it in a state of their own, not while it is locked. */
function onMachine(given: Case, what: string, step: () => Step<NovaAction>): Step<NovaAction> {
  const { seen, server } = given;
  if (seen.node?.maintenance !== undefined) return { failed: maintenance(seen.node, server.id) };
  const meaning = meaningOf(server.status);
  if (meaning?.kind === "held")
    return {
      failed: failure("held-state", `it is ${meaning.words}, and ${what} needs it running or powered off`, {
        where: server.id,
        state: server.status,
        next: `take it out of that state (\`${meaning.leave} ${server.id}\`) and run \`pulumi up\` again.`,
      }),
    };
  return unlocked(given, step());
}

/** What a reinstall is wanted for, in words; empty when none is. */
export function reinstallReasons({ desired, last, seen, server }: Case): string[] {
  const { inputs } = desired;
  const reasons: string[] = [];
  if (typeof seen.image === "string" && server.imageId !== undefined && seen.image !== server.imageId)
    reasons.push(`image ${inputs.image} (${seen.image}) in place of ${server.imageId}`);
  // Of an adopted machine nobody knows what was handed to it: what the program said then counts as it.
  const record = server.install ?? last?.installDigest;
  if (record !== undefined && !matchesInstall(record, inputs)) reasons.push("other ssh keys or user data");
  if (!reasons.length && server.installPending && server.status === "ERROR") reasons.push("a reinstall that failed");
  return reasons;
}

/** Installs anew where the program asks for it and allows it; a machine that is not finished yet has nothing to lose. */
export function reinstall(given: Case): Decision {
  const { desired, seen, server, taken } = given;
  const { inputs } = desired;
  if (seen.image instanceof Failure) return { failed: seen.image };
  const reasons = reinstallReasons(given);
  if (!reasons.length) return undefined;
  const why = reasons.join(" and ");
  if (server.imageId === undefined)
    return {
      failed: failure("unsupported", `a machine that boots from a volume cannot be reinstalled in place (${why})`, {
        where: server.id,
        next: "set `replaceTrigger` to make a new machine in its place, or undo the change.",
      }),
    };
  if (!inputs.allowReinstall && server.mark?.nonce === undefined)
    return { failed: failure("needs-reinstall", `the program asks for ${why}`, { where: server.id }) };
  if (timesTaken(taken, "reinstall") >= 2)
    return {
      failed: failure("no-effect", `the server was reinstalled and still asks for ${why}`, { where: server.id }),
    };
  const userData = userDataWithKeys(inputs);
  const rebuild = {
    imageRef: typeof seen.image === "string" ? seen.image : server.imageId,
    name: inputs.name ?? desired.name,
    metadata: { ...wantedMetadata(given), [INSTALL_KEY]: `${installRecord(seen.tag, inputs)}${PENDING}` },
    user_data: userData === undefined ? null : Buffer.from(userData).toString("base64"),
  };
  return onMachine(given, "a reinstall", () => act("reinstall", server.id, { rebuild }));
}

/** The name in the cloud. */
export function rename({ desired, server }: Case): Decision {
  const to = desired.inputs.name ?? desired.name;
  // A machine that was adopted keeps its name until the program gives it one.
  const keeps = desired.inputs.name === undefined && isAdopted(desired.inputs);
  if (server.name === to || keeps) return undefined;
  return { do: { name: "rename server", args: { step: "rename", id: server.id, to } } };
}

/** The user's metadata as it shall be: all of it where the program sets it, else what is there without what it set before. */
function wantedMetadata({ desired, last, server }: Case): Record<string, string> {
  const { metadata } = desired.inputs;
  if (metadata !== undefined) return { ...metadata };
  return Object.fromEntries(Object.entries(server.metadata).filter(([key]) => !(key in (last?.metadata ?? {}))));
}

/** Metadata: keys set in one call, keys taken away one by one. And the note that a reinstall has ended. */
export function metadata(given: Case): Decision {
  const { server } = given;
  const wanted = wantedMetadata(given);
  const set = Object.fromEntries(Object.entries(wanted).filter(([key, value]) => server.metadata[key] !== value));
  if (Object.keys(set).length)
    return unlocked(given, {
      do: { name: "set metadata", args: { step: "set metadata", id: server.id, metadata: set } },
    });
  const surplus = Object.keys(server.metadata).find((key) => !(key in wanted));
  if (surplus !== undefined)
    return unlocked(given, {
      do: { name: `remove metadata ${surplus}`, args: { step: "remove metadata", id: server.id, key: surplus } },
    });
  if (server.installPending && server.install !== undefined)
    return unlocked(given, {
      do: {
        name: "note the install",
        args: { step: "set metadata", id: server.id, metadata: { [INSTALL_KEY]: server.install } },
      },
    });
  return undefined;
}

/** Network cards: what is no longer wanted leaves first, then ports are made and changed, then given to the machine. */
export function network(given: Case): Decision {
  const { desired, last, seen, server } = given;
  const { inputs } = desired;
  const ports = seen.ports ?? [];
  const detach = (name: Extract<NovaAction, { args: { step: "attach" | "detach" } }>["name"], portId: string) =>
    onMachine(given, "detaching a port", () => ({ do: { name, args: { step: "detach", id: server.id, portId } } }));

  const leaving = surplusPorts(inputs.networks, ports).find((port) => port.device === server.id || port.device === "");
  if (leaving)
    return leaving.device === "" ? { do: deletePort(leaving) } : detach(`detach port ${leaving.index}`, leaving.id);
  const dropped = droppedPorts(inputs, last).find((id) => seen.strays.some((stray) => stray.id === id));
  if (dropped) return detach("detach port", dropped);

  const adopted = adoptable(given, ports);
  if (adopted) return { do: adopted };
  const change = nextPortAction(seen.tag, inputs.name ?? desired.name, inputs.networks, ports);
  if (change) return { do: change };
  for (const index of seen.missing) {
    const entry = inputs.networks[index];
    const port = ports.find(
      (one) => one.index === index && (entry?.port === undefined ? one.ours : one.id === entry.port),
    );
    const path = `networks[${index}]${entry?.port === undefined ? "" : ".port"}`;
    if (!port)
      return { failed: failure("not-found", `there is no port ${entry?.port} that this credential can see`, { path }) };
    if (port.device !== "")
      return {
        failed: failure("in-use", `port ${port.id} is in use by ${port.owner} ${port.device}`, { path }),
      };
    return onMachine(given, "attaching a port", () => ({
      do: { name: `attach port ${index}`, args: { step: "attach", id: server.id, portId: port.id } },
    }));
  }
  return undefined;
}

/** An adopted machine has ports that are not ours yet: one on the wanted network is taken over in place of making another. */
function adoptable({ desired, last, seen }: Case, ports: readonly MachinePort[]) {
  const { networks } = desired.inputs;
  const dropped = droppedPorts(desired.inputs, last);
  for (const index of seen.missing) {
    const entry = networks[index];
    if (entry?.network === undefined || ports.some((port) => port.index === index && port.ours)) continue;
    const stray = seen.strays.find((one) => one.network === entry.network && !dropped.includes(one.id));
    if (stray) return adoptPort(seen.tag, index, stray.id);
  }
  return undefined;
}

/** Power, only where the program sets it. */
export function power(given: Case): Decision {
  const { desired, seen, server, taken } = given;
  const wanted = desired.inputs.power;
  const now = powerNow(seen);
  const runsUnmeant = now === "on" && server.status === "SHUTOFF";
  if (wanted === undefined || (now === wanted && !runsUnmeant)) return undefined;
  const asked = timesTaken(taken, `power ${wanted}`) + timesTaken(taken, "reboot");
  // Nova says stopped and tries no more for minutes: what it was asked for has failed.
  if (asked >= (wanted === "off" && runsUnmeant ? 1 : 2)) {
    const node = seen.node?.fault ? `; node ${seen.node.name ?? seen.node.id}: ${seen.node.fault}` : "";
    const fault = server.fault ? `; Nova says: ${server.fault.message}` : "";
    return {
      failed: failure(
        "power-failed",
        `power ${wanted} was asked for${asked === 1 ? "" : ` ${asked} times`} and the machine is ${now}${fault}${node}`,
        {
          where: server.id,
          state: server.status,
        },
      ),
    };
  }
  // Restarting a machine on a record that is about to change would be worse than to wait for it.
  if (wanted === "on" && now === "unknown" && server.status === "ACTIVE")
    return { wait: { for: "Nova means it to run and has no record of its power yet", usual: 60, interval: 15 } };
  return onMachine(given, `power ${wanted}`, () => {
    // Nova stops only what it takes to run; for a machine that does run this changes the record and nothing else.
    if (wanted === "off" && runsUnmeant) return act("note that it runs", server.id, { "os-start": null });
    if (wanted === "off") return act("power off", server.id, { "os-stop": null });
    // Nova starts only what it knows to be stopped; a machine that went off behind its back comes up by a reboot.
    if (server.status === "ACTIVE") return act("reboot", server.id, { reboot: { type: "HARD" } });
    return act("power on", server.id, { "os-start": null });
  });
}

/** Deletion protection is Nova's lock. It comes last: it would refuse everything before it. */
export function protection({ desired, last, server }: Case): Decision {
  const wanted = desired.inputs.deletionProtection;
  if (wanted && !server.locked) return act("lock", server.id, { lock: { locked_reason: LOCK_REASON } });
  const ours = server.lockIsOurs || last?.deletionProtection === true;
  if (server.locked && (wanted === false || (wanted === undefined && ours)))
    return act("unlock", server.id, { unlock: null });
  return undefined;
}

/** What a create promised and Nova left out in silence. */
export function kept({ desired, last, server }: Case): Decision {
  if (last !== undefined || isAdopted(desired.inputs)) return undefined;
  const lost = (desired.inputs.volumes ?? []).filter((id) => !server.volumes.includes(id));
  if (!lost.length) return undefined;
  return {
    failed: failure("no-effect", `Nova made the server without the volumes ${lost.join(", ")}`, {
      where: server.id,
      path: "volumes",
    }),
  };
}
