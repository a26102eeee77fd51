import type { Json } from "../../kernel/call.ts";
import { bool, list, object } from "../../kernel/input.ts";
import type { ConnectorRow, NodeRow, TargetRow } from "../rows.ts";
import { HardwareError, InvalidValue, sdkText, type Task } from "./task.ts";

/** Times that detaching a volume is tried again, and the seconds between. */
const RETRIES = 3;
const INTERVAL = 5;

const connectors = (task: Task): ConnectorRow[] => task.ironic.tables.connectors.by("node", task.node.id);
const targets = (task: Task): TargetRow[] => task.ironic.tables.targets.by("node", task.node.id);

/** A capability of a node: `iscsi_boot:True` in its properties. */
function capability(node: NodeRow, name: string): boolean {
  const all = node.properties["capabilities"];
  const pairs = typeof all === "string" ? all.split(",").map((pair) => pair.split(":")) : Object.entries(object(all));
  const value = pairs.find(([key]) => String(key).trim() === name)?.[1];
  return bool(value) === true;
}

/** Throws {@link InvalidValue} where the node's volumes cannot be attached to it. */
export function validateStorage(task: Task): void {
  const { node } = task;
  if (node.storage_interface !== "cinder") return;
  const fail = (reason: string): never => {
    throw new InvalidValue(`Failed to validate cinder storage interface for node ${node.id}. ${reason}`);
  };
  const all = connectors(task);
  const count = (type: string) => all.filter((one) => one.type === type).length;
  const iscsi = count("iqn") > 0;
  const [wwpn, wwnn] = [count("wwpn"), count("wwnn")];
  if (wwpn !== wwnn)
    throw new HardwareError(
      `Failed to validate cinder storage interface for node ${node.id}. Cinder requires both wwnn and wwpn entries for FCoE connections. There must be a wwpn entry for every wwnn entry. There are ${wwpn} wwpn entries and ${wwnn} wwnn entries.`,
    );
  const boots = { iscsi: capability(node, "iscsi_boot"), fibre: capability(node, "fibre_channel_boot") };
  if (boots.iscsi && !iscsi)
    fail(
      "In order to enable the 'iscsi_boot' capability for the node, an associated volume_connector type must be valid for iSCSI (iqn).",
    );
  if (boots.fibre && wwpn === 0)
    fail(
      "In order to enable the 'fibre_channel_boot' capability for the node, an associated volume_connector type must be valid for Fibre Channel (wwpn, wwnn).",
    );
  for (const target of targets(task)) {
    if (target.volume_type === "fibre_channel") {
      if (!boots.fibre && target.boot_index === 0)
        fail(
          `Volume target ${target.id} is configured for 'fibre_channel', however the capability 'fibre_channel_boot' is not set on node.`,
        );
      if (wwpn === 0)
        fail(
          `Volume target ${target.id} is configured for 'fibre_channel', however no Fibre Channel WWPNs are configured for the node volume connectors.`,
        );
    } else if (target.volume_type === "iscsi") {
      if (!boots.iscsi && target.boot_index === 0)
        fail(
          `Volume target ${target.id} is configured for 'iscsi', however the capability 'iscsi_boot' is not set for the node.`,
        );
      if (!iscsi)
        fail(
          `Volume target ${target.id} is configured for 'iscsi', however no iSCSI connectors are configured for the node.`,
        );
    } else
      fail(
        `Volume target ${target.id} is of an unknown type '${target.volume_type}'. Supported types: 'iscsi' or 'fibre_channel'`,
      );
  }
}

/** Whether an image is written to a disk of the node: not where it boots from a volume. */
export function writesImage(task: Task): boolean {
  if (task.node.instance_info["image_source"] !== undefined) return true;
  return !targets(task).some((target) => target.boot_index === 0);
}

function connector(task: Task): Json {
  const data: Json = {};
  let valid = false;
  const all = connectors(task);
  for (const { type, connector_id: id } of all) {
    if (type.includes("iqn") && !("initiator" in data)) {
      data["initiator"] = id;
      valid = true;
    } else if (type.includes("ip") && !("ip" in data)) data["ip"] = id;
    else if (type.includes("wwpn") || type.includes("wwnn")) {
      const key = type.includes("wwpn") ? "wwpns" : "wwnns";
      data[key] = [...list(data[key]), id];
      valid = true;
    }
  }
  if (!valid)
    throw new HardwareError(
      `Insufficient or incompatible volume connection records for node ${task.node.id}. Valid connector types: wwpn, wwnn, iqn`,
    );
  data["host"] = task.node.id;
  if (all.length > 1 && Object.keys(data).length > 2) data["multipath"] = true;
  return data;
}

interface Volume {
  id: string;
  attachments?: { server_id?: string; attachment_id?: string }[];
}

/** A volume through the API of its project. */
class CinderVolume {
  readonly #task: Task;
  readonly #id: string;
  readonly #path: string;

  constructor(task: Task, id: string) {
    this.#task = task;
    this.#id = id;
    this.#path = `/v3/${task.asker("caller").projectId}/volumes/${encodeURIComponent(id)}`;
  }

  async #ask<T>(method: string, path: string, body: unknown, failure: (why: string) => string): Promise<T> {
    try {
      return await this.#task.ask<T>("cinder", method, this.#path + path, body, "caller");
    } catch (error) {
      throw new HardwareError(failure(sdkText(error, `${this.#task.ironic.world.url}/volume${this.#path}${path}`)));
    }
  }

  async get(): Promise<Volume> {
    const failure = (why: string) =>
      `Failed to get volume ${this.#id} from cinder for node ${this.#task.node.id}: ${why}`;
    return (await this.#ask<{ volume: Volume }>("GET", "", undefined, failure)).volume;
  }

  act<T = Json>(action: Json, failure: (why: string) => string): Promise<T> {
    return this.#ask<T>("POST", "/action", action, failure);
  }

  /** Notes on the volume what Ironic did; whether that works does not matter. */
  async note(action: "attached" | "detached"): Promise<void> {
    const { node } = this.#task;
    const seen = new Date().toISOString().replace("Z", "000");
    const value = `{"instance_uuid": "${node.instance_uuid ?? node.id}", "last_seen": "${seen}", "last_action": "${action}"}`;
    await this.#ask("POST", "/metadata", { metadata: { [`ironic_node_${node.id}`]: value } }, String).catch(
      (error: unknown) => {
        if (!(error instanceof HardwareError)) throw error;
      },
    );
  }
}

const attachmentOf = (node: NodeRow, volume: Volume) =>
  volume.attachments?.find(({ server_id: id }) => id === node.instance_uuid || id === node.id);

/** Attaches the node's volumes through Cinder. Throws, with nothing attached, where one fails. */
export async function attachVolumes(task: Task): Promise<void> {
  const { node } = task;
  const wanted = targets(task);
  if (node.storage_interface !== "cinder" || wanted.length === 0) return;
  const data = connector(task);
  try {
    for (const target of wanted) await attach(task, target, data);
  } catch (error) {
    if (error instanceof HardwareError) await detachVolumes(task, true);
    throw error;
  }
}

async function attach(task: Task, target: TargetRow, data: Json): Promise<void> {
  const { node } = task;
  const id = target.volume_id;
  const cinder = new CinderVolume(task, id);
  if (attachmentOf(node, await cinder.get())) return;
  await cinder.act({ "os-reserve": null }, (why) => `Failed to reserve volume ${id} for node ${node.id}: ${why})`);
  const answer = await cinder.act<{ connection_info: Json }>(
    { "os-initialize_connection": { connector: data } },
    (why) => `Failed to initialize connection for volume ${id} to node ${node.id}: ${why}`,
  );
  await cinder.act(
    { "os-attach": { mountpoint: "ironic_mountpoint", instance_uuid: node.instance_uuid ?? node.id } },
    (why) =>
      `Failed to inform cinder that the attachment for volume ${id} for node ${node.id} has been completed: ${why}`,
  );
  await cinder.note("attached");
  target.properties = { volume_id: id, ...object(object(answer.connection_info)["data"]), ironic_volume_uuid: id };
  target.updated_at = task.ironic.now();
  task.ironic.tables.targets.put(target);
}

/** Detaches the node's volumes. Errors of an active node, and of an attach that is given up, are passed over in the end. */
export async function detachVolumes(task: Task, aborting = false): Promise<void> {
  const wanted = targets(task);
  if (task.node.storage_interface !== "cinder" || wanted.length === 0) return;
  const data = connector(task);
  for (let attempt = 0; ; attempt++) {
    const lenient = task.node.provision_state === "active" || (aborting && attempt > 0);
    try {
      for (const { volume_id: id } of wanted) await detach(task, id, data, lenient);
      return;
    } catch (error) {
      if (!(error instanceof HardwareError) || attempt >= RETRIES) throw error;
    }
    await task.ironic.world.clock.sleep(INTERVAL);
    await task.alive();
  }
}

async function detach(task: Task, id: string, data: Json, lenient: boolean): Promise<void> {
  const { node } = task;
  const cinder = new CinderVolume(task, id);
  /** Whether it worked. */
  const tried = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof HardwareError) || !lenient) throw error;
      return false;
    }
  };
  let volume: Volume | undefined;
  if (!(await tried(async () => (volume = await cinder.get())))) return;
  const attachment = volume && attachmentOf(node, volume);
  if (!attachment) return;
  await tried(() =>
    cinder.act(
      { "os-begin_detaching": null },
      (why) => `Failed to request detach for volume ${id} from cinder for node ${node.id}: ${why}`,
    ),
  );
  const ended = await tried(() =>
    cinder.act(
      { "os-terminate_connection": { connector: data } },
      (why) => `Failed to detach volume ${id} from node ${node.id}: ${why}`,
    ),
  );
  if (!ended) return;
  await tried(() =>
    cinder.act(
      { "os-detach": { attachment_id: attachment.attachment_id } },
      (why) =>
        `Failed to inform cinder that the detachment for volume ${id} from node ${node.id} has been completed: ${why}`,
    ),
  );
  await cinder.note("detached");
}

/** Forgets the node's volumes: the next user must not get them. */
export function forgetVolumes(task: Task): void {
  for (const target of targets(task)) task.ironic.tables.targets.delete(target.id);
}
