import { addNetwork, configureTenant, removeNetwork, unconfigureTenant } from "./network.ts";
import { powerAction } from "./power.ts";
import { HardwareError, type Task, textOf } from "./task.ts";

/** Takes the password of a rescue out of the node. */
export function forgetPassword(task: Task): void {
  delete task.node.instance_info["rescue_password"];
  delete task.node.instance_info["hashed_rescue_password"];
}

/** Starts the node from a rescue system. */
export async function rescue(task: Task): Promise<void> {
  try {
    await powerAction(task, "power off");
    await unconfigureTenant(task);
    await addNetwork(task, "rescuing");
    await powerAction(task, "power on");
  } catch (error) {
    fail(task, `Failed to rescue: ${textOf(error)}`);
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  task.event("wait");
  task.ironic.conductor.expectAgent(task.node.id, task.ironic.seconds("rescue"));
}

/** The rescue system calls. */
export async function continueRescue(task: Task): Promise<void> {
  try {
    await task.steer("rescue");
    await removeNetwork(task, "rescuing");
    await configureTenant(task);
  } catch (error) {
    fail(task, `Failed to rescue: ${textOf(error)}`);
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  forgetPassword(task);
  task.event("done");
}

function fail(task: Task, why: string): void {
  forgetPassword(task);
  task.record(why, "rescue");
  task.event("fail");
}

/** Starts the node from its own disk again. */
export async function unrescue(task: Task): Promise<void> {
  try {
    await task.steer("unrescue");
    await powerAction(task, "power off");
    await removeNetwork(task, "rescuing");
    await configureTenant(task);
    await powerAction(task, "power on");
  } catch (error) {
    task.record(`Failed to unrescue: ${textOf(error)}`, "rescue");
    task.event("fail");
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  task.event("done");
}

/** After a rescue was aborted by request. */
export async function abortRescue(task: Task): Promise<void> {
  const { node } = task;
  try {
    await removeNetwork(task, "rescuing");
  } catch {
    const why = "Failed to clean up rescue after aborting the operation";
    task.record(why, "rescue");
    node.maintenance = true;
    node.maintenance_reason = why;
    node.fault = "rescue abort failure";
    task.save();
    return;
  }
  task.record("By request, the rescue operation was aborted.", "rescue", false);
  task.save();
}

/** No rescue system called in time. */
export async function rescueTimeout(task: Task): Promise<void> {
  task.event("fail");
  forgetPassword(task);
  try {
    await powerAction(task, "power off");
    task.record("Timeout reached while waiting for rescue ramdisk callback for node", "rescue");
  } catch (error) {
    task.record(`Rescue operation was unsuccessful, clean up failed for node: ${textOf(error)}`, "rescue");
  }
  task.save();
}
