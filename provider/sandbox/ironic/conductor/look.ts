import type { Json } from "../../kernel/call.ts";
import { object } from "../../kernel/input.ts";
import { addNetwork, removeNetwork } from "./network.ts";
import { powerAction, readPower } from "./power.ts";
import { HardwareError, type Task, textOf } from "./task.ts";

/** Finds out whether an enrolled node can be managed. */
export async function verify(task: Task): Promise<void> {
  const { node } = task;
  let state: string;
  try {
    await task.sleep("verify");
    state = await readPower(task);
  } catch (error) {
    task.record(`Failed to get power state for node ${node.id}. Error: ${textOf(error)}`, "verify");
    task.event("fail");
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  cacheFirmware(task);
  node.power_state = state;
  task.event("done");
}

/** Writes down which firmware the node has. */
function cacheFirmware(task: Task): void {
  const { firmware } = task.ironic.tables;
  const have = firmware.by("node", task.node.id).map(({ component }) => component);
  for (const component of ["bios", "bmc"])
    if (!have.includes(component)) firmware.put(firmwareOf(task.node, component, task.ironic.now()));
}

/** The row of a firmware component as it leaves the factory. */
export function firmwareOf(
  node: { id: string; name: string | null; properties: Json },
  component: string,
  now: string,
) {
  return {
    id: `${node.id}/${component}`,
    node_uuid: node.id,
    created_at: now,
    updated_at: null,
    component,
    initial_version: "1.0.0",
    current_version: "1.0.0",
    last_version_flashed: null,
    vendor: String(node.properties["vendor"] ?? "sandbox"),
    model: "bm",
    serial_number: `F-${node.name}`,
  };
}

/** Looks at the node's hardware from a ramdisk. */
export async function inspect(task: Task): Promise<void> {
  try {
    await addNetwork(task, "inspection").catch((error: unknown) => {
      if (!(error instanceof HardwareError)) throw error;
    });
    await powerAction(task, "rebooting");
  } catch (error) {
    fail(task, textOf(error));
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  task.event("wait");
  task.ironic.conductor.expectAgent(task.node.id, task.ironic.seconds("inspect"));
}

/** The ramdisk tells what it found. */
export async function continueInspect(task: Task): Promise<void> {
  const { node, ironic } = task;
  try {
    await task.steer("inspect_hardware");
    node.properties = { ...node.properties, ...object(node.driver_info["inspect_properties"]) };
    ironic.tables.inventories.put({
      id: node.id,
      inventory: { ...inventory(task), ...object(node.driver_info["inventory"]) },
      plugin_data: {},
    });
    await removeNetwork(task, "inspection").catch((error: unknown) => {
      if (!(error instanceof HardwareError)) throw error;
    });
    await powerAction(task, "power off");
  } catch (error) {
    fail(task, textOf(error));
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  cacheFirmware(task);
  task.event("done");
}

/** What the ramdisk of a machine like this sends. */
function inventory(task: Task): Json {
  const { node, ironic } = task;
  const amount = (name: string, otherwise: number) => Number(node.properties[name] ?? otherwise);
  const memory = amount("memory_mb", 1024);
  const vendor = String(node.properties["vendor"] ?? "sandbox");
  return {
    cpu: {
      count: amount("cpus", 1),
      architecture: node.properties["cpu_arch"] ?? "x86_64",
      model_name: vendor,
      flags: [],
    },
    memory: { physical_mb: memory, total: memory * 2 ** 20 },
    disks: [
      {
        name: "/dev/sda",
        size: amount("local_gb", 10) * 2 ** 30,
        rotational: false,
        model: vendor,
        serial: `S-${node.name}`,
      },
    ],
    interfaces: ironic.tables.ports
      .by("node", node.id)
      .map(({ address }, index) => ({ name: `eth${index}`, mac_address: address, has_carrier: true })),
    system_vendor: { manufacturer: vendor, product_name: "bm", serial_number: `N-${node.name}` },
    boot: { current_boot_mode: "uefi" },
    bmc_address: "127.0.0.1",
  };
}

function fail(task: Task, why: string): void {
  task.record(why, "introspection");
  task.event("fail");
}

/** An inspection is given up by request. */
export function abortInspect(task: Task): void {
  task.record("Inspection was aborted by request.", "introspection");
  task.event("abort");
}

/** No ramdisk called in time. */
export async function inspectTimeout(task: Task): Promise<void> {
  task.event("fail");
  task.record(
    "Timeout reached while inspecting the node. Please check if the ramdisk responsible for the inspection is running on the node.",
    "introspection",
  );
  task.save();
}

/** Takes over a machine that somebody else deployed. */
export async function adopt(task: Task): Promise<void> {
  const { node } = task;
  try {
    await task.steer("prepare");
  } catch (error) {
    node.power_state = null;
    task.record(`Error while attempting to adopt node ${node.id}: ${textOf(error)}.`, "adoption");
    task.event("fail");
    if (!(error instanceof HardwareError)) throw error;
    return;
  }
  task.event("done");
}
