import { FAILED } from "../machine.ts";
import { powered } from "./conductor.ts";
import { attachVolumes, detachVolumes } from "./storage.ts";
import { HardwareError, type Task, textOf } from "./task.ts";

/** What can be asked of a node's power. */
export const POWER_TARGETS = ["power on", "power off", "rebooting", "soft rebooting", "soft power off"] as const;

/** One of them. */
export type PowerTarget = (typeof POWER_TARGETS)[number];

/** Where it ends. */
export const powerEnd = (target: PowerTarget): "power on" | "power off" =>
  target === "power off" || target === "soft power off" ? "power off" : "power on";

/** What the node's BMC says now. Throws where it does not answer. */
export async function readPower(task: Task): Promise<string> {
  await task.steer("get_power_state");
  return powered(task.node) ?? "power off";
}

const cannot = (target: PowerTarget) => new HardwareError(`Failed to set node power state to ${target}.`);

/** Changes a node's power, with what goes along: volumes of an active node, what is noted in the node. */
export async function powerAction(task: Task, target: PowerTarget): Promise<void> {
  const { node } = task;
  const end = powerEnd(target);
  if (end === "power off" && node.disable_power_off) throw cannot(target);
  if (await isThere(task, target)) return;
  node.target_power_state = end;
  if (!FAILED.has(node.provision_state)) node.last_error = null;
  task.internal("last_power_state_change", new Date().toISOString().replace("Z", "000"));
  for (const key of ["agent_url", "agent_secret_token", "agent_verify_ca"])
    if (target !== "power on") task.internal(key, undefined);
  task.save();
  try {
    if (end === "power on" && node.provision_state === "active") await attachVolumes(task);
    await actOnBmc(task, target);
  } catch (error) {
    node.target_power_state = null;
    task.record(`Failed to change power state to '${end}' by '${target}': ${textOf(error)}`, "UNKNOWN");
    task.save();
    throw error;
  }
  node.power_state = end;
  node.target_power_state = null;
  task.save();
  await tellNova(task);
  if (end === "power off" && node.provision_state === "active")
    await detachVolumes(task).catch((error: unknown) => {
      if (!(error instanceof HardwareError)) throw error;
    });
}

/** Whether the node is where it should go. */
async function isThere(task: Task, target: PowerTarget): Promise<boolean> {
  if (target === "rebooting" || target === "soft rebooting") return false;
  const { node } = task;
  let now: string;
  try {
    now = await readPower(task);
  } catch (error) {
    task.record(`Failed to change power state to '${target}': ${textOf(error)}`, "UNKNOWN");
    node.target_power_state = null;
    task.save();
    throw error;
  }
  if (now !== powerEnd(target)) return false;
  node.last_error = null;
  node.power_state = now;
  node.target_power_state = null;
  task.save();
  return true;
}

async function actOnBmc(task: Task, target: PowerTarget): Promise<void> {
  if (target === "rebooting") {
    await task.steer("reboot");
    await task.sleep("reboot");
    return;
  }
  await task.steer("set_power_state");
  await task.sleep(target === "soft rebooting" ? "reboot" : powerEnd(target));
}

/** Nova hears of the power of its machines; whether it listens does not matter. */
export async function tellNova(task: Task): Promise<void> {
  const { instance_uuid: server, power_state: state } = task.node;
  if (!server || task.node.allocation_id) return;
  const tag = state === "power on" ? "POWER_ON" : "POWER_OFF";
  const events = [{ name: "power-update", server_uuid: server, tag }];
  await task.ask("nova", "POST", "/v2.1/os-server-external-events", { events }).catch(() => {});
}
