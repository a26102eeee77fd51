import { freeNode } from "./allocate.ts";
import { clean } from "./clean.ts";
import { removeVifs, unconfigureTenant } from "./network.ts";
import { powerAction } from "./power.ts";
import { detachVolumes, forgetVolumes } from "./storage.ts";
import { HardwareError, type Task, textOf } from "./task.ts";

/** Takes what runs on the node away, and cleans the node for the next. */
export async function tearDown(task: Task): Promise<void> {
  const { node } = task;
  let failure: unknown;
  try {
    node.console_enabled = false;
    await task.steer("clean_up");
    await task.steer("tear_down");
    await task.sleep("tear down");
    await powerAction(task, "power off");
    await detachVolumes(task);
    forgetVolumes(task);
    await unconfigureTenant(task);
  } catch (error) {
    failure = error ?? new Error("unknown");
    task.record(`Failed to tear down: ${textOf(error)}`, "unprovision");
    task.event("fail");
  }
  node.instance_info = {};
  node.instance_uuid = null;
  node.instance_name = null;
  node.deploy_step = {};
  node.service_step = {};
  task.internal("deploy_steps", null);
  for (const key of ["instance", "is_whole_disk_image", "is_source_a_path", "deploy_step_index"])
    task.internal(key, undefined);
  if (node.driver_internal_info["automatic_lessee"]) {
    node.lessee = null;
    task.internal("automatic_lessee", undefined);
  }
  await removeVifs(task);
  freeNode(task.ironic, node);
  task.save();
  if (failure) {
    if (failure instanceof HardwareError) return;
    throw failure;
  }
  task.event("clean");
  await clean(task);
}
