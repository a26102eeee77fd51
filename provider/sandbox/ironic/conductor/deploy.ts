import type { Json } from "../../kernel/call.ts";
import { Refusal } from "../../kernel/call.ts";
import { isUuid, list } from "../../kernel/input.ts";
import { fault } from "../errors.ts";
import type { Step } from "../rows.ts";
import { addNetwork, configureTenant, removeNetwork, unconfigureTenant, validateNetwork } from "./network.ts";
import { powerAction } from "./power.ts";
import { checkSteps, deploySteps, describeSteps, runStep, stepId } from "./steps.ts";
import { attachVolumes, validateStorage, writesImage } from "./storage.ts";
import { HardwareError, InvalidValue, type Task, textOf } from "./task.ts";

const isGlance = (image: string): boolean => image.startsWith("glance://") || isUuid(image);

/** What is wrong with what is to be deployed. Throws {@link InvalidValue}. */
export async function validateDeploy(task: Task): Promise<void> {
  await task.steer("validate").catch((error: unknown) => {
    throw new InvalidValue(textOf(error));
  });
  validateStorage(task);
  const { node } = task;
  const info = node.instance_info;
  if (writesImage(task)) {
    const image = info["image_source"];
    if (typeof image !== "string" || image === "")
      throw new InvalidValue(
        `Node ${node.id} failed to validate deploy image info. Some parameters were missing. Missing are: ['instance_info.image_source']`,
      );
    const type = info["image_type"];
    if (type !== undefined && type !== null && !["whole-disk", "partition"].includes(String(type)))
      throw new InvalidValue(`Invalid image_type "${String(type)}", valid are whole-disk, partition`);
    const local = isGlance(image) || image.startsWith("file://") || image.startsWith("oci://");
    const [algorithm, value] = [info["image_os_hash_algo"], info["image_os_hash_value"]];
    if (!local && ((value && !algorithm) || (!value && algorithm) || (!value && !info["image_checksum"])))
      throw new InvalidValue(
        `image_source's "image_checksum", or "image_os_hash_algo" and "image_os_hash_value" must be provided in instance_info for node ${node.id}`,
      );
  }
  validateTraits(task);
}

function validateTraits(task: Task): void {
  const { node } = task;
  const wanted = node.instance_info["traits"];
  if (!wanted || (Array.isArray(wanted) && wanted.length === 0)) return;
  if (!Array.isArray(wanted) || !wanted.every((trait) => typeof trait === "string"))
    throw new InvalidValue(
      `Error parsing traits from Node ${node.id} instance_info field. A list of strings is expected.`,
    );
  const missing = wanted.filter((trait) => !node.traits.includes(trait as string));
  if (missing.length > 0)
    throw new InvalidValue(
      `Cannot specify instance traits that are not also set on the node. Node ${node.id} is missing traits ${missing.join(", ")}`,
    );
}

/** Begins a deploy or rebuild: what can be seen to be wrong at once is refused (400). */
export async function startDeploy(
  task: Task,
  event: "deploy" | "rebuild",
  configdrive: unknown,
  steps: readonly Step[],
): Promise<void> {
  const { node } = task;
  if (event === "rebuild") for (const key of ["kernel", "ramdisk", "boot_iso"]) delete node.instance_info[key];
  else lease(task);
  noteImage(task);
  try {
    await validateNetwork(task);
    await validateDeploy(task);
    checkSteps("deploy", steps, {
      skipMissing: true,
      prefix: 'Validation of deploy steps from "deploy steps" argument failed.',
    });
  } catch (error) {
    if (!(error instanceof HardwareError)) throw error;
    throw fault(
      error instanceof InvalidValue ? 400 : 500,
      `Failed to validate deploy or power info for node ${node.id}: ${error.message}`,
    );
  }
  task.event(event, { starts: true });
  task.after(() => deploy(task, configdrive, steps));
}

/** Whose instance it is becomes the node's lessee, while it has none and as long as the instance stays. */
function lease(task: Task): void {
  const { node } = task;
  const project = node.instance_info["project_id"];
  if (typeof project !== "string" || project === "" || node.lessee !== null) return;
  task.internal("automatic_lessee", true);
  node.lessee = project;
  task.save();
}

/** The kind of image, as Ironic finds out and writes down. */
function noteImage(task: Task): void {
  const { node } = task;
  const image = node.instance_info["image_source"];
  if (typeof image !== "string" || image === "") return;
  const type = node.instance_info["image_type"];
  const whole = type ? type !== "partition" : true;
  task.internal("is_whole_disk_image", whole);
  node.instance_info["image_type"] = whole ? "whole-disk" : "partition";
  task.save();
}

function forgetDeploy(task: Task): void {
  task.internal("deploy_steps", null);
  for (const key of ["user_deploy_steps", "deploy_step_index"]) task.internal(key, undefined);
}

async function deploy(task: Task, configdrive: unknown, steps: readonly Step[]): Promise<void> {
  const { node } = task;
  forgetDeploy(task);
  if (configdrive) node.instance_info["configdrive"] = configdrive;
  task.save();
  try {
    await task.steer("prepare");
    await findImage(task);
    await powerAction(task, "power off");
    await attachVolumes(task);
    await unconfigureTenant(task);
    await addNetwork(task, "provisioning");
  } catch (error) {
    await fail(
      task,
      `Failed to prepare to deploy${error instanceof HardwareError ? "" : ". Exception"}: ${textOf(error)}`,
    );
    throw error;
  }
  const all = deploySteps(task, steps);
  task.internal("deploy_steps", all);
  task.save();
  task.record(`Starting deployment with steps=${describeSteps(all)}`, "deployment_start", false);
  await nextSteps(task, 0);
}

/** The image must be there for whoever deploys. */
async function findImage(task: Task): Promise<void> {
  const image = task.node.instance_info["image_source"];
  if (typeof image !== "string" || !isGlance(image) || !writesImage(task)) return;
  const id = image.replace(/^glance:\/\//, "");
  try {
    await task.ask("glance", "GET", `/v2/images/${id}`, undefined, "caller");
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) throw new HardwareError(`Image ${id} could not be found.`);
    throw new HardwareError(textOf(error));
  }
}

/** Runs the steps from one on. Ends where the node begins to wait for its ramdisk: the rest follows when that calls. */
async function nextSteps(task: Task, from: number): Promise<void> {
  const { node } = task;
  const steps = list(node.driver_internal_info["deploy_steps"]) as Step[];
  for (const [index, step] of steps.entries()) {
    if (index < from) continue;
    node.deploy_step = step as unknown as Json;
    task.internal("deploy_step_index", index);
    task.save();
    try {
      if (await perform(task, step)) return;
    } catch (error) {
      const all = describeSteps(steps);
      task.record(`Deployment aborted at step '${step.step}' with steps=${all}`, "deployment_end");
      const what = error instanceof HardwareError ? "failed" : `failed with ${(error as Error).name}`;
      await fail(task, `Deploy step ${stepId(step)} ${what}: ${textOf(error)}.`);
      if (!(error instanceof HardwareError)) throw error;
      return;
    }
  }
  task.record(`Deployment completed successfully with steps=${describeSteps(steps)}`, "deployment_end", false);
  node.deploy_step = {};
  forgetDeploy(task);
  task.event("done");
}

/** One step; answers whether the node now waits. */
async function perform(task: Task, step: Step): Promise<boolean> {
  switch (stepId(step)) {
    case "deploy.deploy":
      await powerAction(task, "power on");
      task.event("wait");
      task.ironic.conductor.expectAgent(task.node.id, task.ironic.seconds("ramdisk boot"));
      return true;
    case "deploy.switch_to_tenant_network":
      await task.steer(step.step);
      await powerAction(task, "power off");
      await removeNetwork(task, "provisioning");
      await task.sleep("tenant network");
      await configureTenant(task);
      return false;
    case "deploy.boot_instance":
      await task.steer(step.step);
      await powerAction(task, "power on");
      return false;
    default:
      return runStep(task, step);
  }
}

/** The ramdisk of a deploy calls: what it came for is done, and the steps after. */
export async function continueDeploy(task: Task): Promise<void> {
  const { node } = task;
  const step = node.deploy_step as unknown as Step;
  const index = Number(node.driver_internal_info["deploy_step_index"] ?? 0);
  if (node.deploy_step["abort_after"]) {
    task.event("fail");
    await abortDeploy(task);
    return;
  }
  if (stepId(step) === "deploy.deploy") {
    try {
      await task.steer("deploy");
      if (writesImage(task)) await task.sleep("write image");
    } catch (error) {
      const all = describeSteps(node.driver_internal_info["deploy_steps"]);
      task.record(`Deployment aborted at step 'deploy' with steps=${all}`, "deployment_end");
      await fail(task, `Deploy step deploy.deploy failed: ${textOf(error)}.`);
      return;
    }
  }
  await nextSteps(task, index + 1);
}

/** The node's deploy has failed. */
async function fail(task: Task, why: string): Promise<void> {
  const { node } = task;
  task.record(why, "deploying");
  try {
    await task.steer("clean_up");
  } catch (error) {
    task.record(`${why}. Also failed to clean up due to: ${textOf(error)}`, "deploying");
  }
  node.deploy_step = {};
  forgetDeploy(task);
  task.event("fail");
  if (node.power_state === "power on")
    await powerAction(task, "power off").catch((error: unknown) => {
      if (!(error instanceof HardwareError)) throw error;
    });
}

/** No ramdisk called in time. */
export async function deployTimeout(task: Task): Promise<void> {
  task.event("fail");
  task.record(`Timeout reached while waiting for callback for node ${task.node.id}`, "deploying");
  task.node.deploy_step = {};
  forgetDeploy(task);
  task.save();
}

/** After a deploy was aborted by request. */
export async function abortDeploy(task: Task): Promise<void> {
  const { node } = task;
  const step = node.deploy_step as unknown as Partial<Step>;
  node.last_error = `By request, the deploy operation was aborted${step.step ? ` during or after the completion of step "${stepId(step as Step)}"` : ""}`;
  node.deploy_step = {};
  forgetDeploy(task);
  task.save();
}
