import type { Json } from "../../kernel/call.ts";
import { isObject, list } from "../../kernel/input.ts";
import { repr } from "../../kernel/python.ts";
import type { Step } from "../rows.ts";
import { configureTenant, unconfigureTenant } from "./network.ts";
import { powerAction } from "./power.ts";
import { InvalidValue, type Task } from "./task.ts";

/** What steps are for. */
export type StepKind = "clean" | "deploy" | "service";

/** A step that the hardware knows. */
interface Known {
  step: string;
  interface: string;
  priority: number;
  abortable?: boolean;
  argsinfo?: Json;
  ramdisk?: boolean;
}

const SETTINGS: Json = { settings: { description: "list of settings", required: true } };
const BIOS: Json = {
  settings: {
    description: "List of BIOS settings, each item needs to contain a dictionary with name/value pairs",
    required: true,
  },
};

const KNOWN: Readonly<Record<StepKind, readonly Known[]>> = {
  clean: [
    { interface: "deploy", step: "erase_devices_metadata", priority: 10, abortable: true },
    { interface: "deploy", step: "erase_devices", priority: 0, abortable: true },
    { interface: "management", step: "update_firmware", priority: 0 },
    { interface: "raid", step: "create_configuration", priority: 0 },
    { interface: "raid", step: "delete_configuration", priority: 0 },
    { interface: "bios", step: "apply_configuration", priority: 0, argsinfo: BIOS },
    { interface: "bios", step: "factory_reset", priority: 0 },
    { interface: "bios", step: "cache_bios_settings", priority: 0 },
    { interface: "firmware", step: "update", priority: 0, argsinfo: SETTINGS },
    { interface: "vendor", step: "log_passthrough", priority: 1 },
  ],
  deploy: [
    { interface: "deploy", step: "deploy", priority: 100 },
    { interface: "deploy", step: "switch_to_tenant_network", priority: 30 },
    { interface: "deploy", step: "boot_instance", priority: 20 },
    { interface: "bios", step: "apply_configuration", priority: 0, argsinfo: BIOS },
  ],
  service: [
    { interface: "deploy", step: "burnin", priority: 0, abortable: true },
    { interface: "deploy", step: "out_of_band", priority: 0, ramdisk: false },
    { interface: "management", step: "update_firmware", priority: 0 },
    { interface: "raid", step: "create_configuration", priority: 0 },
    { interface: "raid", step: "delete_configuration", priority: 0 },
    { interface: "bios", step: "apply_configuration", priority: 0, argsinfo: BIOS, ramdisk: false },
    { interface: "bios", step: "factory_reset", priority: 0, ramdisk: false },
    { interface: "firmware", step: "update", priority: 0, argsinfo: SETTINGS, ramdisk: false },
    { interface: "vendor", step: "log_passthrough", priority: 0, ramdisk: false },
    { interface: "network", step: "reattach_networking", priority: 0, ramdisk: false },
  ],
};

/** Steps that every node knows, whatever the interface. */
const RESERVED = ["power_on", "power_off", "reboot", "hold", "wait"];

const ORDER: Readonly<Record<string, number>> = {
  vendor: 7,
  power: 6,
  management: 5,
  firmware: 4,
  deploy: 3,
  bios: 2,
  raid: 1,
};

/** Interfaces that a step can name. */
export const STEP_INTERFACES = Object.keys(ORDER);

/** `deploy.erase_devices`. */
export const stepId = (step: Pick<Step, "interface" | "step">): string => `${step.interface}.${step.step}`;

/** Steps of the hardware that run by themselves, the most important first. */
export function ownSteps(kind: StepKind): Step[] {
  return KNOWN[kind]
    .filter(({ priority }) => priority > 0)
    .sort(
      (left, right) => right.priority - left.priority || (ORDER[right.interface] ?? 0) - (ORDER[left.interface] ?? 0),
    )
    .map(({ step, interface: of, priority, abortable = false, argsinfo = null, ramdisk = true }) => ({
      step,
      priority,
      abortable: kind === "deploy" || abortable,
      argsinfo,
      interface: of,
      ...(kind === "deploy" ? {} : { requires_ramdisk: ramdisk }),
    }));
}

const WORD: Readonly<Record<StepKind, string>> = { clean: "clean", deploy: "deploy", service: "service" };

/**
 * Steps of a user as the hardware takes them. Throws {@link InvalidValue} for those that it does not know, unless they may be missing,
 * and for wrong arguments.
 */
export function checkSteps(
  kind: StepKind,
  steps: readonly Step[],
  options: { skipMissing?: boolean; noRamdisk?: boolean; prefix?: string } = {},
): Step[] {
  const errors: string[] = [];
  const result: Step[] = [];
  for (const given of steps) {
    const step = { ...given };
    if (RESERVED.includes(step.step)) {
      result.push(step);
      continue;
    }
    const known = KNOWN[kind].find((one) => stepId(one) === stepId(step));
    if (!known) {
      if (!options.skipMissing) errors.push(`node does not support this ${WORD[kind]} step: ${repr(given)}`);
      continue;
    }
    errors.push(...argumentErrors(kind, step, known, options.noRamdisk ?? false));
    if (kind !== "deploy") {
      step.abortable = known.abortable ?? false;
      step.priority = known.priority;
      step.requires_ramdisk = known.ramdisk ?? true;
    }
    result.push(step);
  }
  if (errors.length > 0) throw new InvalidValue((options.prefix ?? "") + errors.join("; "));
  return result;
}

function argumentErrors(kind: StepKind, step: Step, known: Known, noRamdisk: boolean): string[] {
  const wanted = known.argsinfo ?? {};
  const given = step.args ?? {};
  const errors: string[] = [];
  const unexpected = Object.keys(given).filter((name) => !(name in wanted));
  if (unexpected.length > 0)
    errors.push(`${WORD[kind]} step ${repr(step)} has these unexpected arguments: ${unexpected.join(", ")}`);
  if (kind === "deploy" && !((step.priority ?? 0) > 0)) return errors;
  const missing = Object.entries(wanted)
    .filter(([name, info]) => isObject(info) && info["required"] === true && !(name in given))
    .map(([name, info]) => `${name} (${(info as Json)["description"]})`);
  if (missing.length > 0)
    errors.push(`${WORD[kind]} step ${repr(step)} is missing these required arguments: ${missing.join(", ")}`);
  if (noRamdisk && known.ramdisk !== false) errors.push(`${WORD[kind]} step ${repr(step)} requires booting a ramdisk`);
  if (kind === "deploy" && stepId(step) === "deploy.deploy")
    errors.push(
      "deploy step deploy on interface deploy is a core step and cannot be overridden by user steps. It may be disabled by setting the priority to 0",
    );
  return errors;
}

/** All steps of a deploy: the hardware's, the user's, those of matching deploy templates. */
export function deploySteps(task: Task, own: readonly Step[]): Step[] {
  const users = [...checkSteps("deploy", own, { skipMissing: true })];
  for (const name of list(task.node.instance_info["traits"]).map(String))
    for (const template of task.ironic.tables.templates.by("name", name))
      for (const step of template.steps)
        if (!users.some((one) => stepId(one) === stepId(step))) users.push({ ...step });
  const hardware = ownSteps("deploy").filter((step) => !users.some((one) => stepId(one) === stepId(step)));
  return [...hardware, ...users.filter((step) => (step.priority ?? 0) > 0)].sort(
    (left, right) =>
      (right.priority ?? 0) - (left.priority ?? 0) || (ORDER[right.interface] ?? 0) - (ORDER[left.interface] ?? 0),
  );
}

/** What a step that is not of the deploy itself does. Answers whether the node now waits: held, or for its ramdisk. */
export async function runStep(task: Task, step: Step): Promise<boolean> {
  switch (step.step) {
    case "power_on":
      await powerAction(task, "power on");
      return false;
    case "power_off":
      await powerAction(task, "power off");
      return false;
    case "reboot":
      await powerAction(task, "rebooting");
      return false;
    case "hold":
      task.event("hold");
      return true;
    case "wait":
      task.event("wait", { target: task.node.target_provision_state });
      task.ironic.conductor.expectAgent(task.node.id, Number(step.args?.["seconds"] ?? 30));
      return true;
    case "reattach_networking":
      await unconfigureTenant(task);
      await configureTenant(task);
      return false;
    default:
      await task.steer(step.interface === "firmware" ? "firmware_update" : step.step);
      applyStep(task, step);
      return false;
  }
}

/** What a step leaves behind in the node. */
function applyStep(task: Task, step: Step): void {
  const { node, ironic } = task;
  const { tables } = ironic;
  const settings = list(step.args?.["settings"]).filter(isObject);
  switch (stepId(step)) {
    case "raid.create_configuration":
      node.raid_config = structuredClone(node.target_raid_config);
      break;
    case "raid.delete_configuration":
      node.raid_config = {};
      break;
    case "bios.factory_reset":
      for (const row of tables.bios.by("node", node.id)) tables.bios.delete(row.id);
      break;
    case "bios.apply_configuration":
      for (const { name, value } of settings) {
        const id = `${node.id}/${String(name)}`;
        const have = tables.bios.get(id);
        tables.bios.put({
          id,
          node_uuid: node.id,
          name: String(name),
          value: value === null || value === undefined ? null : String(value),
          created_at: have?.created_at ?? ironic.now(),
          updated_at: have ? ironic.now() : null,
        });
      }
      break;
    case "firmware.update":
      for (const { component, url } of settings) {
        const row = tables.firmware.by("node", node.id).find((one) => one.component === component);
        if (!row) continue;
        row.current_version = String(url).split("/").at(-1) ?? "";
        row.last_version_flashed = row.current_version;
        row.updated_at = ironic.now();
        tables.firmware.put(row);
      }
      break;
    default:
      return;
  }
  task.save();
}

/** What a history says of steps. */
export const describeSteps = (steps: unknown): string => repr(steps ?? []);
