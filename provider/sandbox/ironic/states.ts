import type { Answer, Call, Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import type { Schema } from "../kernel/schema.ts";
import type { Route } from "../kernel/service.ts";
import { route } from "../kernel/service.ts";
import { accepted, nothing, ok, versioned } from "./answers.ts";
import { argumentsOf } from "./arguments.ts";
import { POWER_TARGETS, type PowerTarget, powerAction, powerEnd } from "./conductor/power.ts";
import { HardwareError, textOf } from "./conductor/task.ts";
import { fault, notAcceptable, wrongState } from "./errors.ts";
import type { Ironic } from "./ironic.ts";
import { UNSTABLE } from "./machine.ts";
import { shownState } from "./node-view.ts";
import { nodeOf } from "./nodes.ts";
import { provision } from "./provision.ts";
import { schemaError } from "./schema.ts";
import { minor } from "./versions.ts";

/** The routes below `/v1/nodes/{node}/states`. */
export function stateRoutes(ironic: Ironic): Route[] {
  const put = (path: string, handle: (call: Call) => Answer | Promise<Answer>) =>
    route("PUT", `/v1/nodes/{node}/states/${path}`, versioned(handle));
  return [
    route(
      "GET",
      "/v1/nodes/{node}/states",
      versioned((call) => states(ironic, call)),
    ),
    put("power", (call) => power(ironic, call)),
    put("provision", (call) => provision(ironic, call)),
    put("raid", (call) => raid(ironic, call)),
    put("boot_mode", (call) => bootMode(ironic, call)),
    put("secure_boot", (call) => secureBoot(ironic, call)),
    put("console", (call) => setConsole(ironic, call)),
    route(
      "GET",
      "/v1/nodes/{node}/states/console",
      versioned((call) => showConsole(ironic, call)),
    ),
  ];
}

const statesOf = (ironic: Ironic, call: Call, path = "states") =>
  accepted(ironic, call, `nodes/${call.params["node"]}/${path}`);

function states(ironic: Ironic, call: Call): Answer {
  argumentsOf(call, {});
  const node = nodeOf(ironic, call, "baremetal:node:get_states");
  const version = minor(call);
  return ok({
    console_enabled: node.console_enabled,
    last_error: node.last_error,
    power_state: node.power_state,
    provision_state: shownState(node.provision_state, version),
    target_power_state: node.target_power_state,
    target_provision_state: node.target_provision_state,
    provision_updated_at: node.provision_updated_at,
    ...(version >= 12 ? { raid_config: node.raid_config, target_raid_config: node.target_raid_config } : {}),
    ...(version >= 75 ? { boot_mode: node.boot_mode, secure_boot: node.secure_boot } : {}),
  });
}

async function power(ironic: Ironic, call: Call): Promise<Answer> {
  const { target, timeout } = argumentsOf(call, { "target!": "string", timeout: "integer" }, "both") as {
    target: string;
    timeout?: number;
  };
  const {
    id,
    provision_state: state,
    power_state: now,
    disable_power_off: kept,
  } = nodeOf(ironic, call, "baremetal:node:set_power_state");
  const ident = call.params["node"] ?? "";
  if ((/^soft/.test(target) || timeout) && minor(call) < 27) throw notAcceptable();
  if (timeout !== undefined && timeout < 1) throw fault(400, "timeout has to be positive integer");
  if (!(POWER_TARGETS as readonly string[]).includes(target)) throw wrongState(target, ident, now);
  if (state === "clean wait" || state === "cleaning") throw wrongState(target, ident, state);
  const wanted = target as PowerTarget;
  if (kept && powerEnd(wanted) === "power off") throw fault(409, `Failed to set node power state to ${target}.`);
  await ironic.conductor.exclusive(id, call.caller, (task) => {
    task.node.target_power_state = powerEnd(wanted);
    task.node.last_error = null;
    task.save();
    task.after(() => powerAction(task, wanted));
  });
  return statesOf(ironic, call);
}

const DISK: Schema = {
  type: "object",
  properties: {
    raid_level: { type: "string", enum: ["JBOD", "0", "1", "2", "5", "6", "1+0", "5+0", "6+0"] },
    size_gb: {
      anyOf: [
        { type: "integer", minimum: 0 },
        { type: "string", enum: ["MAX"] },
      ],
    },
    is_root_volume: { type: "boolean" },
    volume_name: { type: "string" },
    share_physical_disks: { type: "boolean" },
    disk_type: { type: "string", enum: ["hdd", "ssd"] },
    interface_type: { type: "string", enum: ["sata", "scsi", "sas"] },
    number_of_physical_disks: { type: "integer", minimum: 0 },
    controller: { type: "string" },
    physical_disks: { type: "array", items: { anyOf: [{ type: "string" }, { type: "object" }] } },
  },
  required: ["raid_level", "size_gb"],
  additionalProperties: false,
};

const RAID: Schema = {
  type: "object",
  properties: { logical_disks: { type: "array", items: DISK, minItems: 1 } },
  required: ["logical_disks"],
  additionalProperties: false,
};

async function raid(ironic: Ironic, call: Call): Promise<Answer> {
  argumentsOf({ ...call, body: undefined }, {});
  const wanted: unknown = call.body ?? {};
  if (!isObject(wanted))
    throw fault(400, `Expected types <class 'dict'> for target_raid_config: ${JSON.stringify(wanted)}`);
  const { id } = nodeOf(ironic, call, "baremetal:node:set_raid_state");
  if (minor(call) < 12) throw notAcceptable();
  await ironic.conductor.exclusive(id, call.caller, (task) => {
    const wrong = Object.keys(wanted).length > 0 ? schemaError(RAID, wanted) : undefined;
    if (wrong) throw fault(400, `RAID config validation error: ${wrong}`);
    task.node.target_raid_config = wanted;
    task.save();
  });
  return nothing;
}

/** What the fake hardware says of boot modes. */
const unsupported = (driver: string, what: string) =>
  `Driver ${driver} does not support ${what} (disabled or not implemented).`;

async function bootMode(ironic: Ironic, call: Call): Promise<Answer> {
  const { target } = argumentsOf(call, { "target!": "string" }, "both");
  const node = nodeOf(ironic, call, "baremetal:node:set_boot_mode");
  needsBootMode(call);
  if (target !== "bios" && target !== "uefi")
    throw fault(400, `Invalid boot mode ${target ?? "None"} requested for node. Allowed boot modes are: bios, uefi`);
  refuseMoving(node.provision_state, "the boot mode");
  await ironic.conductor.exclusive(node.id, call.caller, (task) => {
    task.node.last_error = null;
    task.save();
    task.after(async () => {
      task.node.last_error = `Failed to change boot mode to '${target}: ${unsupported(node.driver, "set_boot_mode")}`;
      task.save();
    });
  });
  return statesOf(ironic, call);
}

async function secureBoot(ironic: Ironic, call: Call): Promise<Answer> {
  const { target } = argumentsOf(call, { "target!": "boolean" }, "both");
  const node = nodeOf(ironic, call, "baremetal:node:set_secure_boot");
  needsBootMode(call);
  if (target === undefined)
    throw fault(400, "Invalid secure_boot None requested for node. Allowed secure_boot states are: True, False) ");
  refuseMoving(node.provision_state, "the boot mode");
  await ironic.conductor.exclusive(node.id, call.caller, (task) => {
    task.node.last_error = null;
    task.save();
    task.after(async () => {
      const shown = target ? "True" : "False";
      task.node.last_error = `Failed to change secure_boot state to '${shown}': ${unsupported(node.driver, "set_secure_boot_state")}`;
      task.save();
    });
  });
  return statesOf(ironic, call);
}

function needsBootMode(call: Call): void {
  if (minor(call) < 76) throw fault(404, "This endpoint is supported starting with the API version 1.76");
}

function refuseMoving(state: string, what: string): void {
  if (UNSTABLE.has(state))
    throw fault(
      409,
      `Node is in %(state)s state. Since node is transitioning, ${what} will not be set as this may interfere with ongoing changes and result in erroneous modification. Try again later.`,
    );
}

async function setConsole(ironic: Ironic, call: Call): Promise<Answer> {
  const { enabled } = argumentsOf(call, { "enabled!": "boolean" }, "both");
  const { id, console_enabled: now } = nodeOf(ironic, call, "baremetal:node:set_console_state");
  if (enabled === now) await ironic.conductor.reach();
  else
    await ironic.conductor.exclusive(id, call.caller, (task) => {
      task.node.last_error = null;
      task.save();
      task.after(async () => {
        const { node } = task;
        try {
          if (enabled) await task.steer("start_console");
        } catch (error) {
          const verb = enabled ? "enabling" : "disabling";
          task.record(`Error ${verb} the console on node ${id}. Reason: ${textOf(error)}`, "console");
          task.save();
          if (!(error instanceof HardwareError)) throw error;
          return;
        }
        node.console_enabled = enabled === true;
        node.last_error = null;
        task.save();
      });
    });
  return statesOf(ironic, call, "states/console");
}

async function showConsole(ironic: Ironic, call: Call): Promise<Answer> {
  argumentsOf(call, {});
  const node = nodeOf(ironic, call, "baremetal:node:get_console");
  await ironic.conductor.reach();
  if (!node.console_enabled) return ok({ console_enabled: false, console_info: null });
  const named = node.driver_info["console_url"];
  const url = typeof named === "string" ? named : "tcp://127.0.0.1:10000";
  const info: Json = { type: url.startsWith("tcp") ? "socat" : "shellinabox", url };
  return ok({ console_enabled: true, console_info: info });
}
