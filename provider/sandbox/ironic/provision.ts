import type { Answer, Call, Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import type { Schema } from "../kernel/schema.ts";
import { accepted } from "./answers.ts";
import { argumentsOf } from "./arguments.ts";
import { abortClean, clean, cleanAborted } from "./conductor/clean.ts";
import { abortDeploy, startDeploy } from "./conductor/deploy.ts";
import { abortInspect, adopt, inspect, verify } from "./conductor/look.ts";
import { validateNetwork } from "./conductor/network.ts";
import { abortRescue, forgetPassword, rescue, unrescue } from "./conductor/rescue.ts";
import { abortService, continueService, service } from "./conductor/service.ts";
import { STEP_INTERFACES } from "./conductor/steps.ts";
import { HardwareError, type Task } from "./conductor/task.ts";
import { tearDown } from "./conductor/tear-down.ts";
import { fault, inMaintenance, locked, needs, notAcceptable, wrongState } from "./errors.ts";
import type { Ironic } from "./ironic.ts";
import { eventOf, nextState } from "./machine.ts";
import { nodeOf } from "./nodes.ts";
import { authorize } from "./policy.ts";
import type { NodeRow, Step, StepsRow } from "./rows.ts";
import { runbookFor } from "./runbooks.ts";
import { schemaErrorText } from "./schema.ts";
import { NUMBER } from "./step-kinds.ts";
import { minor, VERSIONED_VERBS } from "./versions.ts";

/** What comes with a request for a provision state. */
interface Request {
  target: string;
  configdrive?: Json | string;
  clean_steps?: Step[];
  deploy_steps?: Step[];
  service_steps?: Step[];
  rescue_password?: string;
  disable_ramdisk?: boolean;
  runbook?: string;
}

const NULLABLE = ["NoneType", "list"] as const;

/** `PUT /v1/nodes/{node}/states/provision`. */
export async function provision(ironic: Ironic, call: Call): Promise<Answer> {
  const request = argumentsOf(
    call,
    {
      "target!": "string",
      configdrive: ["NoneType", "dict", "str"],
      clean_steps: NULLABLE,
      deploy_steps: NULLABLE,
      rescue_password: "string",
      disable_ramdisk: "boolean",
      service_steps: NULLABLE,
      runbook: ["NoneType", "str"],
    },
    "both",
  ) as unknown as Request;
  const node = nodeOf(ironic, call, "baremetal:node:set_provision_state");
  const { target } = request;
  if (minor(call) < (VERSIONED_VERBS[target] ?? 0)) throw notAcceptable();
  if (!request.runbook)
    for (const kind of ["clean", "service"] as const)
      if (hasSteps(request[`${kind}_steps`]))
        authorize(call.caller, `baremetal:node:set_provision_state:${kind}_steps`, node);
  if ((target === "active" || target === "rebuild") && node.maintenance) throw inMaintenance("provisioning", node.id);
  if (nextState(node.provision_state, eventOf(target)) === undefined) {
    if (node.reservation) throw locked(node.id, node.reservation);
    throw wrongState(target, node.id, node.provision_state);
  }
  checkRequest(ironic, call, node, request);
  await begin(ironic, call, node, request);
  return accepted(ironic, call, `nodes/${call.params["node"]}/states`);
}

const hasSteps = (steps: unknown): steps is Step[] => Array.isArray(steps) && steps.length > 0;

function checkRequest(ironic: Ironic, call: Call, node: NodeRow, request: Request): void {
  const { target } = request;
  const version = minor(call);
  checkConfigDrive(call, request);
  let runbook: StepsRow | undefined;
  if (request.runbook) {
    runbook = runbookFor(ironic, call, node, request.runbook);
    for (const kind of ["clean", "service"] as const) {
      if (target !== kind) continue;
      if (hasSteps(request[`${kind}_steps`]))
        throw fault(400, `Please provide either "${kind}_steps" or a runbook, but not both.`);
      request[`${kind}_steps`] = structuredClone(runbook.steps);
    }
    request.disable_ramdisk = runbook.disable_ramdisk;
  }
  checkRamdisk(version, request);
  if (hasSteps(request.clean_steps) && target !== "clean")
    throw fault(400, '"clean_steps" is only valid when setting target provision state to clean');
  if (hasSteps(request.deploy_steps)) {
    if (version < 69) throw needs(69);
    if (target !== "active" && target !== "rebuild")
      throw fault(400, '"deploy_steps" is only valid when setting target provision state to active or rebuild');
  }
  if (request.rescue_password !== undefined && target !== "rescue")
    throw fault(400, '"rescue_password" is only valid when setting target provision state to rescue');
  if (target === "abort") {
    if (node.provision_state === "inspect wait" && version < 41) throw notAcceptable();
    if (node.provision_state === "wait call-back" && version < 110) throw notAcceptable();
  }
  if (target === "unhold" && version < 85) throw notAcceptable();
  if (hasSteps(request.service_steps) && target !== "service")
    throw fault(400, '"service_steps" is only valid when setting target provision state to service');
  if (target === "service" && version < 87) throw notAcceptable();
}

function checkRamdisk(version: number, { target, disable_ramdisk: disabled }: Request): void {
  if (disabled === undefined) return;
  const since = target === "clean" ? 70 : target === "service" ? 108 : undefined;
  if (since === undefined) throw fault(400, "disable_ramdisk is supported only with manual cleaning or servicing");
  if (version < since) throw notAcceptable("disable_ramdisk is not acceptable in this API version");
}

const DRIVE: Schema = {
  anyOf: [
    {
      type: "object",
      properties: {
        meta_data: { type: "object" },
        network_data: { type: "object" },
        user_data: { type: ["object", "array", "string", "null"] },
        vendor_data: { type: "object" },
      },
      additionalProperties: false,
    },
    { type: ["string", "null"] },
  ],
};

function checkConfigDrive(call: Call, { target, configdrive: drive }: Request): void {
  if (!drive || (isObject(drive) && Object.keys(drive).length === 0)) return;
  const version = minor(call);
  const allowed = version >= 35 ? ["active", "rebuild"] : ["active"];
  if (!allowed.includes(target))
    throw fault(400, `Adding a config drive is only supported when setting provision state to ${allowed.join(", ")}`);
  const wrong = schemaErrorText(DRIVE, drive);
  if (wrong) throw fault(400, `Invalid configdrive format: ${wrong}`);
  if (isObject(drive)) {
    if (version < 56)
      throw fault(400, "Providing a JSON object for configdrive is only supported starting with API version 1.56");
    if ("vendor_data" in drive && version < 59)
      throw fault(400, "Providing vendor_data in configdrive is only supported starting with API version 1.59");
  } else if (!drive.includes("://") && !/^[A-Za-z0-9+/=\s]*$/.test(drive))
    throw fault(400, "Invalid configdrive format: it is neither a JSON, nor a URL, nor a base64 string");
}

/** A step of a cleaning or servicing. */
const STEPS: Schema = {
  $schema: "http://json-schema.org/schema#",
  title: "Steps schema",
  type: "array",
  items: {
    type: "object",
    required: ["interface", "step"],
    properties: {
      interface: { description: "driver interface", enum: STEP_INTERFACES },
      step: { description: "name of clean step", type: "string", minLength: 1 },
      args: { description: "additional args", type: "object", properties: {} },
      order: NUMBER,
      execute_on_child_nodes: {
        description: "Boolean if the step should be executed on child nodes.",
        type: "boolean",
      },
      limit_child_node_execution: {
        description: "List of nodes upon which to execute child node steps on.",
        type: "array",
      },
    },
    additionalProperties: false,
  },
};

const DEPLOY_STEPS: Schema = {
  $schema: "http://json-schema.org/schema#",
  title: "Deploy steps schema",
  type: "array",
  items: {
    type: "object",
    required: ["interface", "step", "args", "priority"],
    properties: {
      args: { type: "object" },
      interface: { type: "string", enum: STEP_INTERFACES },
      priority: NUMBER,
      step: { type: "string", minLength: 1 },
    },
    additionalProperties: false,
  },
};

function checkSteps(kind: "clean" | "deploy" | "service", steps: unknown): Step[] {
  const wrong = schemaErrorText(kind === "deploy" ? DEPLOY_STEPS : STEPS, steps);
  if (wrong) throw fault(400, `Invalid ${kind}_steps: ${wrong}`);
  return (steps as Step[]).map((step) => ({
    ...step,
    ...(step.priority === undefined ? {} : { priority: Number(step.priority) }),
  }));
}

/** Gives the request to the conductor. */
async function begin(ironic: Ironic, call: Call, node: NodeRow, request: Request): Promise<void> {
  const { target } = request;
  const run = (work: (task: Task) => void | Promise<void>) =>
    ironic.conductor.exclusive(node.id, call.caller, async (task) => {
      const event = eventOf(target);
      if (nextState(task.node.provision_state, event) === undefined)
        throw wrongState(event === "clean" ? "manual clean" : event, node.id, task.node.provision_state);
      await work(task);
    });
  const refuseMaintenance = (task: Task, operation: string) => {
    if (task.node.maintenance) throw inMaintenance(operation, node.id);
  };
  const refuseProtected = (task: Task) => {
    if (task.node.protected)
      throw fault(403, `Node ${node.id} is protected and cannot be undeployed, rebuilt or deleted`);
  };
  switch (target) {
    case "active":
    case "deploy":
    case "rebuild": {
      const steps = hasSteps(request.deploy_steps) ? checkSteps("deploy", request.deploy_steps) : [];
      return run(async (task) => {
        refuseMaintenance(task, "provisioning");
        if (target === "rebuild") refuseProtected(task);
        await startDeploy(task, target === "rebuild" ? "rebuild" : "deploy", request.configdrive, steps);
      });
    }
    case "deleted":
    case "undeploy":
      return run((task) => {
        refuseProtected(task);
        task.event("delete", { starts: true });
        task.after(() => tearDown(task));
      });
    case "rescue": {
      const password = request.rescue_password;
      if (!password?.trim())
        throw fault(400, 'A non-empty "rescue_password" is required when setting target provision state to rescue');
      return run(async (task) => {
        refuseMaintenance(task, "rescuing");
        await validated(task, (why) =>
          fault(500, `Failed to rescue instance ${node.instance_uuid} for node ${node.id}: Validation failed: ${why}`),
        );
        task.node.instance_info["rescue_password"] = password;
        task.event("rescue", { starts: true });
        task.after(() => rescue(task));
      });
    }
    case "unrescue":
      return run((task) => {
        refuseMaintenance(task, "unrescuing");
        task.event("unrescue", { starts: true });
        task.after(() => unrescue(task));
      });
    case "inspect":
      return run((task) => {
        task.event("inspect", { starts: true });
        task.after(() => inspect(task));
      });
    case "clean":
    case "service": {
      const given = request[`${target}_steps`];
      if (!hasSteps(given))
        throw fault(400, `"${target}_steps" is required when setting target provision state to ${target}`);
      const steps = checkSteps(target, given);
      const without = request.disable_ramdisk ?? false;
      return run(async (task) => {
        refuseMaintenance(task, target === "clean" ? "cleaning" : "service");
        const purpose = target === "clean" ? "cleaning" : "servicing";
        await validated(task, (why) => fault(400, `Validation of node ${node.id} for ${purpose} failed: ${why}`));
        task.event(target, { starts: true, target: target === "clean" ? "manageable" : "active" });
        task.after(() => (target === "clean" ? clean(task, steps, without) : service(task, steps, without)));
      });
    }
    case "provide":
      return run((task) => {
        if (task.node.retired)
          throw fault(400, `The providing operation can't be performed on node ${node.id} because it is retired.`);
        task.event("provide", { starts: true });
        task.after(() => clean(task));
      });
    case "manage":
      return run((task) => {
        const enrolled = task.node.provision_state === "enroll";
        task.event("manage", enrolled ? { starts: true } : {});
        if (enrolled) task.after(() => verify(task));
      });
    case "adopt":
      return run((task) => {
        task.event("adopt", { starts: true });
        task.after(() => adopt(task));
      });
    case "abort":
      return run((task) => abort(task));
    case "unhold":
      return run((task) => unhold(task));
    default:
      throw fault(400, `The requested action "${target}" could not be understood.`);
  }
}

async function validated(task: Task, refusal: (why: string) => Error): Promise<void> {
  try {
    await validateNetwork(task);
  } catch (error) {
    if (error instanceof HardwareError) throw refusal(error.message);
    throw error;
  }
}

/** Gives up what waits. Steps that cannot be given up end first. */
function abort(task: Task): void {
  const { node } = task;
  const state = node.provision_state;
  const kind = state.startsWith("clean")
    ? "clean_step"
    : state.startsWith("service")
      ? "service_step"
      : state === "wait call-back"
        ? "deploy_step"
        : undefined;
  if (kind && state !== "service failed") {
    const step = node[kind];
    if (Object.keys(step).length > 0 && !step["abortable"]) {
      node[kind] = { ...step, abort_after: true };
      task.save();
      return;
    }
  }
  switch (state) {
    case "clean wait":
    case "clean hold":
      task.event("abort", {
        starts: true,
        error: cleanAborted(node.clean_step),
        ...(node.target_provision_state === "manageable" ? { target: "manageable" } : {}),
      });
      task.after(() => abortClean(task));
      return;
    case "service wait":
    case "service hold":
      task.event("fail");
      task.event("abort", { starts: true });
      task.after(() => abortService(task));
      return;
    case "service failed":
      if (node.maintenance)
        throw fault(
          409,
          `Can not abort service on node "${node.id}" while it is in maintenance mode. Please remove the node from maintenance prior to issuing the request to abort the service operation.`,
        );
      task.event("abort", { starts: true });
      task.after(() => abortService(task));
      return;
    case "rescue wait":
      forgetPassword(task);
      task.event("abort", { starts: true });
      task.after(() => abortRescue(task));
      return;
    case "inspect wait":
      abortInspect(task);
      return;
    case "wait call-back":
    case "deploy hold":
      task.event("abort", { starts: true });
      task.after(() => abortDeploy(task));
  }
}

function unhold(task: Task): void {
  const { node, ironic } = task;
  if (node.provision_state === "service hold") {
    task.event("unhold", { starts: true });
    task.after(async () => {
      task.event("resume");
      await continueService(task);
    });
    return;
  }
  task.event("unhold", { target: node.target_provision_state });
  ironic.conductor.expectAgent(node.id, ironic.seconds("ramdisk boot") / 10);
}
