import type { Json } from "../../kernel/call.ts";
import { list } from "../../kernel/input.ts";
import { repr } from "../../kernel/python.ts";
import type { Step } from "../rows.ts";
import { addNetwork, removeNetwork, validateNetwork } from "./network.ts";
import { powerAction } from "./power.ts";
import { checkSteps, describeSteps, ownSteps, runStep, stepId } from "./steps.ts";
import { HardwareError, type Task, textOf } from "./task.ts";

/** Whether the node goes back to manageable: cleaning by hand. */
const byHand = (task: Task): boolean => task.node.target_provision_state === "manageable";
const flow = (task: Task): string => (byHand(task) ? "manual_cleaning" : "automated_cleaning");
const words = (task: Task): string => (byHand(task) ? "manual cleaning" : "automated cleaning");
const keepTarget = (task: Task) => (byHand(task) ? { target: "manageable" } : {});

function forget(task: Task): void {
  task.internal("clean_steps", null);
  for (const key of ["clean_step_index", "cleaning_disable_ramdisk"]) task.internal(key, undefined);
}

/** Cleans the node: by itself after its use, or with a user's steps. */
export async function clean(task: Task, steps?: readonly Step[], noRamdisk = false): Promise<void> {
  const { node } = task;
  if (!steps && node.automated_clean === false) {
    node.clean_step = {};
    task.event("done");
    return;
  }
  try {
    if (!noRamdisk) await validateNetwork(task);
  } catch (error) {
    return failCleaning(task, `Validation of node ${node.id} for cleaning failed: ${textOf(error)}`);
  }
  forget(task);
  let all: Step[];
  try {
    all = steps ? checkSteps("clean", steps, { noRamdisk }) : ownSteps("clean");
  } catch (error) {
    return failCleaning(task, `Cannot clean node ${node.id}: ${textOf(error)}`);
  }
  node.clean_step = {};
  task.internal("clean_steps", all);
  if (noRamdisk) task.internal("cleaning_disable_ramdisk", true);
  task.save();
  if (noRamdisk) return nextSteps(task, begin(task));
  try {
    await task.steer("prepare_cleaning");
    await addNetwork(task, "cleaning");
    await powerAction(task, "rebooting");
  } catch (error) {
    await failCleaning(task, `Failed to prepare node ${node.id} for cleaning: ${textOf(error)}`);
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  task.event("wait", keepTarget(task));
  task.ironic.conductor.expectAgent(node.id, task.ironic.seconds("ramdisk boot"));
}

/** Says in the history that the steps begin; answers the first one's number. */
function begin(task: Task): number {
  const steps = describeSteps(task.node.driver_internal_info["clean_steps"]);
  task.record(`Starting ${words(task)} with steps=${steps}`, `${flow(task)}_start`, false);
  return 0;
}

/** The ramdisk of a cleaning calls. */
export async function continueClean(task: Task): Promise<void> {
  const { node } = task;
  const index = node.driver_internal_info["clean_step_index"];
  if (node.clean_step["abort_after"]) {
    task.event("fail", keepTarget(task));
    await abortClean(task);
    return;
  }
  await nextSteps(task, typeof index === "number" ? index + 1 : begin(task));
}

async function nextSteps(task: Task, from: number): Promise<void> {
  const { node } = task;
  const steps = list(node.driver_internal_info["clean_steps"]) as Step[];
  for (const [index, step] of steps.entries()) {
    if (index < from) continue;
    node.clean_step = step as unknown as Json;
    task.internal("clean_step_index", index);
    task.save();
    try {
      const waits = await runStep(task, step);
      if (waits) return;
      if (/^erase_devices/.test(step.step)) await task.sleep("clean");
    } catch (error) {
      const title = byHand(task) ? "Manual Cleaning" : "Automated Cleaning";
      task.record(`${title} aborted at step '${step.step}' with steps=${describeSteps(steps)}`, `${flow(task)}_end`);
      await failCleaning(task, `Node ${node.id} failed step ${repr(node.clean_step)}: ${textOf(error)}`);
      if (!(error instanceof HardwareError)) throw error;
      return;
    }
  }
  const noRamdisk = node.driver_internal_info["cleaning_disable_ramdisk"] === true;
  node.clean_step = {};
  const done = describeSteps(steps);
  forget(task);
  task.save();
  try {
    if (!noRamdisk) await tearDown(task);
  } catch (error) {
    return failCleaning(task, `Failed to tear down from cleaning for node ${node.id}, reason: ${textOf(error)}`, false);
  }
  const title = byHand(task) ? "Manual Cleaning" : "Automated Cleaning";
  task.record(`${title} completed successfully with steps=${done}`, `${flow(task)}_end`, false);
  task.event(byHand(task) || node.retired ? "manage" : "done");
}

async function tearDown(task: Task): Promise<void> {
  await removeNetwork(task, "cleaning");
  await powerAction(task, "power off");
}

/** The cleaning has failed. In the middle of a step the node also goes into maintenance. */
async function failCleaning(task: Task, why: string, undo = true): Promise<void> {
  const { node } = task;
  const inStep = Object.keys(node.clean_step).length > 0;
  let told = why;
  if (inStep) {
    node.fault = "clean failure";
    node.maintenance = true;
  }
  if (undo) {
    try {
      await tearDown(task);
    } catch (error) {
      told = `${why}. Also Failed to tear down cleaning on node ${node.id}, reason: ${textOf(error)}`;
    }
  }
  node.clean_step = {};
  task.internal("clean_step_index", undefined);
  task.record(told, "cleaning");
  if (inStep && !node.maintenance_reason) node.maintenance_reason = told;
  task.save();
  if (node.provision_state !== "clean failed") task.event("fail", keepTarget(task));
}

/** What `last_error` says of a cleaning that was aborted. */
export function cleanAborted(step: Json): string {
  const during = step["step"] ? ` during or after the completion of step "${stepId(step as unknown as Step)}"` : "";
  return `By request, the clean operation was aborted${during}`;
}

/** After a cleaning was aborted by request. */
export async function abortClean(task: Task): Promise<void> {
  const { node } = task;
  try {
    await tearDown(task);
  } catch {
    task.record("Failed to tear down cleaning after aborting the operation", "cleaning");
    node.clean_step = {};
    task.save();
    return;
  }
  node.last_error = cleanAborted(node.clean_step);
  node.clean_step = {};
  forget(task);
  task.save();
}

/** No ramdisk called in time. */
export async function cleanTimeout(task: Task): Promise<void> {
  task.event("fail", keepTarget(task));
  await failCleaning(
    task,
    `Timeout reached while cleaning the node. Please check if the ramdisk responsible for the cleaning is running on the node. Failed on step ${repr(task.node.clean_step)}.`,
  );
}
