import type { Json } from "../../kernel/call.ts";
import { list } from "../../kernel/input.ts";
import { repr } from "../../kernel/python.ts";
import type { Step } from "../rows.ts";
import { addNetwork, configureTenant, removeNetwork, unconfigureTenant, validateNetwork } from "./network.ts";
import { powerAction } from "./power.ts";
import { checkSteps, describeSteps, runStep, stepId } from "./steps.ts";
import { HardwareError, type Task, textOf } from "./task.ts";

function forget(task: Task): void {
  task.internal("service_steps", null);
  for (const key of ["service_step_index", "service_disable_ramdisk"]) task.internal(key, undefined);
}

/** Works on an active node: steps of a user, in a ramdisk where one of them needs it. */
export async function service(task: Task, steps: readonly Step[], noRamdisk = false): Promise<void> {
  const { node } = task;
  try {
    if (!noRamdisk) await validateNetwork(task);
  } catch (error) {
    return failService(task, `Validation of node ${node.id} for service failed: ${textOf(error)}`);
  }
  forget(task);
  let all: Step[];
  try {
    all = checkSteps("service", steps, { noRamdisk });
  } catch (error) {
    return failService(task, `Cannot service node ${node.id}: ${textOf(error)}`, false);
  }
  node.service_step = {};
  const ramdisk = !noRamdisk && all.some((step) => step.requires_ramdisk !== false && step.interface !== "network");
  task.internal("service_steps", all);
  task.internal("service_disable_ramdisk", !ramdisk);
  task.save();
  task.record(`Starting servicing with steps=${describeSteps(all)}`, "servicing_start", false);
  if (!ramdisk) {
    await task.sleep("service", 0.1);
    return nextSteps(task, 0);
  }
  try {
    await task.steer("prepare_service");
    await powerAction(task, "power off");
    await unconfigureTenant(task);
    await addNetwork(task, "servicing");
    await powerAction(task, "power on");
  } catch (error) {
    await failService(task, `Failed to prepare node ${node.id} for service: ${textOf(error)}`);
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  task.event("wait");
  task.ironic.conductor.expectAgent(node.id, task.ironic.seconds("ramdisk boot"));
}

/** The ramdisk of a servicing calls. */
export async function continueService(task: Task): Promise<void> {
  const { node } = task;
  const index = node.driver_internal_info["service_step_index"];
  if (node.service_step["abort_after"]) {
    task.event("fail");
    await abortService(task);
    return;
  }
  await nextSteps(task, typeof index === "number" ? index + 1 : 0);
}

async function nextSteps(task: Task, from: number): Promise<void> {
  const { node } = task;
  const steps = list(node.driver_internal_info["service_steps"]) as Step[];
  for (const [index, step] of steps.entries()) {
    if (index < from) continue;
    node.service_step = step as unknown as Json;
    task.internal("service_step_index", index);
    task.save();
    try {
      if (await runStep(task, step)) return;
      if (step.requires_ramdisk !== false) await task.sleep("service");
    } catch (error) {
      const all = describeSteps(steps);
      task.record(`Servicing aborted at step '${step.step}' with steps=${all}`, "servicing_end");
      await failService(task, `Node ${node.id} failed step ${repr(node.service_step)}: ${textOf(error)}`);
      if (!(error instanceof HardwareError)) throw error;
      return;
    }
  }
  const ramdisk = node.driver_internal_info["service_disable_ramdisk"] !== true;
  node.service_step = {};
  forget(task);
  task.save();
  task.record(`Servicing completed successfully with steps=${describeSteps([])}`, "servicing_end", false);
  try {
    if (ramdisk) await tearDown(task);
  } catch (error) {
    return failService(task, `Failed to tear down from service for node ${node.id}, reason: ${textOf(error)}`, false);
  }
  task.event("done");
}

async function tearDown(task: Task): Promise<void> {
  await task.steer("tear_down_service");
  await removeNetwork(task, "servicing");
  await powerAction(task, "power off");
  await configureTenant(task);
  await powerAction(task, "power on");
}

/** The servicing has failed. In the middle of a step the node also goes into maintenance. */
async function failService(task: Task, why: string, undo = true): Promise<void> {
  const { node } = task;
  const inStep = Object.keys(node.service_step).length > 0;
  let told = why;
  if (inStep) {
    node.fault = "service failure";
    node.maintenance = true;
  }
  if (undo) {
    try {
      await tearDown(task);
    } catch {
      told = `${why}. Also failed to tear down servicing.`;
    }
  }
  node.service_step = {};
  task.internal("service_step_index", undefined);
  task.record(told, "servicing");
  if (inStep && !node.maintenance_reason) node.maintenance_reason = told;
  task.save();
  if (node.provision_state !== "service failed") task.event("fail");
}

/** After a servicing was aborted by request. */
export async function abortService(task: Task): Promise<void> {
  const { node } = task;
  try {
    await tearDown(task);
  } catch {
    task.record("Failed to tear down service after aborting the operation", "servicing");
    node.service_step = {};
    task.save();
    return;
  }
  const step = node.service_step;
  const during = step["step"] ? ` during or after the completion of step "${stepId(step as unknown as Step)}"` : "";
  node.last_error = `By request, the service operation was aborted${during}`;
  node.service_step = {};
  forget(task);
  task.save();
}

/** No ramdisk called in time. */
export async function serviceTimeout(task: Task): Promise<void> {
  task.event("fail");
  await failService(
    task,
    `Timeout reached while servicing the node. Please check if the ramdisk responsible for the servicing is running on the node. Failed on step ${repr(task.node.service_step)}.`,
  );
}
