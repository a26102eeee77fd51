/** Making the test cloud fail on purpose: per node, per storage or network call, per process, by quota. Undo with clearAllFaults. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { admin, login, PASSWORD, PORT_BASE, RELEASE, ROOT, type Tenant, until } from "./client.ts";
import { turnKnob } from "./knobs.ts";
import { getNode, ironic, NODES, patchNode } from "./nodes.ts";
import { clearFileFaults, clearNodeFaults } from "./reset.ts";

export { clearFileFaults, clearNodeFaults } from "./reset.ts";

/** What Ironic does with a node that a test can make fail or slow (plugins/oscloud_ironic.py). */
export type NodeMethod =
  | "set_power_state"
  | "reboot"
  | "get_power_state"
  | "validate"
  | "prepare"
  | "deploy"
  | "switch_to_tenant_network"
  | "boot_instance"
  | "tear_down"
  | "clean_up"
  | "prepare_cleaning"
  | "erase_devices_metadata"
  | "erase_devices"
  | "prepare_service"
  | "tear_down_service"
  | "burnin"
  | "out_of_band"
  | "set_boot_device"
  | "inject_nmi"
  | "update_firmware"
  | "firmware_update"
  | "inspect_hardware"
  | "rescue"
  | "unrescue"
  | "create_configuration"
  | "delete_configuration"
  | "start_console"
  | "start_container";

/** From now on `method` of this node fails with the text; Ironic shows it in last_error ("Deploy step deploy.deploy failed: TEXT"). */
export function setNodeFault(node: string, method: NodeMethod, text: string): Promise<void> {
  return patchNode(node, [{ op: "add", path: `/driver_info/fault_${method}`, value: text }]);
}

/** From now on `method` of this node takes this many seconds more; meanwhile the node is locked (409). */
export function setNodeDelay(node: string, method: NodeMethod, seconds: number): Promise<void> {
  return patchNode(node, [{ op: "add", path: `/driver_info/delay_${method}`, value: seconds }]);
}

/** Takes one fault and its delay off a node; clearNodeFaults takes all. */
export async function clearNodeFault(node: string, method: NodeMethod): Promise<void> {
  // Added before they are removed: others may take them off at the same time.
  const paths = [`/driver_info/fault_${method}`, `/driver_info/delay_${method}`];
  await patchNode(
    node,
    paths.flatMap((path) => [
      { op: "add" as const, path, value: null },
      { op: "remove" as const, path },
    ]),
  );
}

/** Runs `work` while a method of the node fails, and takes the fault off again whatever happens. */
export async function withNodeFault<T>(
  node: string,
  method: NodeMethod,
  text: string,
  work: () => Promise<T>,
): Promise<T> {
  await setNodeFault(node, method, text);
  try {
    return await work();
  } finally {
    await clearNodeFault(node, method);
  }
}

/** Operator's maintenance on or off. Nova does not place on such a node, Ironic refuses most work on it. */
export async function setMaintenance(node: string, on: boolean, reason = "test"): Promise<void> {
  await ironic(on ? "PUT" : "DELETE", `/nodes/${node}/maintenance`, on ? { reason } : undefined);
}

/** Somebody presses the power button: the BMC reports another state than Ironic asked for. Returns when Ironic has seen it (5 to 10 s). */
export async function powerBehindTheBack(node: string, state: "power on" | "power off"): Promise<void> {
  await patchNode(node, [{ op: "add", path: "/driver_info/power_state", value: state }]);
  await until(`Ironic sees ${node} ${state}`, async () => (await getNode(node))["power_state"] === state, 60);
  await patchNode(node, [{ op: "remove", path: "/driver_info/power_state" }]);
}

/** Calls of cinder's and neutron's back ends that a test can make fail or slow for everybody. */
export type BackendCall =
  | `cinder.${
      | "create_volume"
      | "create_volume_from_snapshot"
      | "create_cloned_volume"
      | "delete_volume"
      | "create_snapshot"
      | "delete_snapshot"
      | "extend_volume"
      | "revert_to_snapshot"
      | "copy_image_to_volume"
      | "copy_volume_to_image"
      | "create_export"
      | "initialize_connection"
      | "terminate_connection"}`
  | "neutron.bind"
  | "neutron.firewall";

function writeFault(file: string, text: string): void {
  mkdirSync(`${ROOT}/faults`, { recursive: true });
  writeFileSync(`${ROOT}/faults/${file}`, text);
}

/** From now on the call fails: cinder volumes go to error with a user message, neutron ports do not bind. */
export async function setBackendFault(call: BackendCall, text = "injected fault"): Promise<void> {
  if (!(await turnKnob("PUT", `backends/${call}`, { text }))) writeFault(call, text);
}

/** From now on the call takes this many seconds more. */
export async function setBackendDelay(call: BackendCall, seconds: number): Promise<void> {
  if (!(await turnKnob("PUT", `backends/${call}`, { seconds }))) writeFault(`${call}.delay`, String(seconds));
}

/** Takes one fault and its delay off a back end; clearFileFaults takes all. */
export async function clearBackendFault(call: BackendCall): Promise<void> {
  if (await turnKnob("DELETE", `backends/${call}`)) return;
  for (const file of [call, `${call}.delay`]) rmSync(`${ROOT}/faults/${file}`, { force: true });
}

/** Services with quotas, and the path of a project's quota. */
const QUOTAS = {
  nova: { path: "/os-quota-sets/", body: "quota_set" },
  cinder: { path: "/os-quota-sets/", body: "quota_set" },
  neutron: { path: "/quotas/", body: "quota" },
} as const;

/** Sets a tenant's quotas, for example ("cinder", "alpha", {volumes: 0}). Over it: neutron 409, nova 403, cinder 413. -1 is no limit. */
export async function setQuota(
  service: keyof typeof QUOTAS,
  project: Tenant,
  values: Record<string, number>,
): Promise<void> {
  const { path, body } = QUOTAS[service];
  const { projectId } = await login(project);
  await (await admin()).project.call(service, "PUT", path + projectId, { [body]: values });
}

/** Back to the cloud's own quotas. */
export async function resetQuota(service: keyof typeof QUOTAS, project: Tenant): Promise<void> {
  const { projectId } = await login(project);
  await (await admin()).project.raw(service, "DELETE", QUOTAS[service].path + projectId);
}

/** The cloud's processes, as their pid files are named, each with the service of up.sh that starts it again. */
export const DAEMONS = {
  keystone: "keystone",
  "ironic-api": "ironic",
  "ironic-conductor": "ironic",
  "ironic-novncproxy": "ironic",
  "ironic-neutron-agent": "ironic",
  "neutron-server": "neutron",
  "neutron-rpc": "neutron",
  "cinder-api": "cinder",
  "cinder-scheduler": "cinder",
  "cinder-volume": "cinder",
  "cinder-backup": "cinder",
  "glance-api": "glance",
  placement: "placement",
  "nova-api": "nova",
  "nova-conductor": "nova",
  "nova-scheduler": "nova",
  "nova-compute-ironic": "nova",
  "nova-compute-fake": "novafake",
  "octavia-api": "octavia",
  "octavia-worker": "octavia",
  "masakari-api": "masakari",
  "masakari-engine": "masakari",
  redfish: "redfish",
} as const;

/** Name of a process of the cloud. */
export type Daemon = keyof typeof DAEMONS;

function signal(daemon: Daemon, name: NodeJS.Signals): void {
  const pid = Number(readFileSync(`${ROOT}/run/${daemon}.pid`, "utf8"));
  if (!(pid > 1)) throw new Error(`no pid of ${daemon} in ${ROOT}/run`);
  process.kill(-pid, name);
}

/** The process dies at once (SIGKILL), with its workers. Bring it back with restartDaemon. */
export async function killDaemon(daemon: Daemon): Promise<void> {
  if (!(await turnKnob("PUT", `daemons/${daemon}`, { state: "dead" }))) signal(daemon, "SIGKILL");
}

/** The process hangs (SIGSTOP): connections are taken and never answered. Continue with thawDaemon. */
export async function freezeDaemon(daemon: Daemon): Promise<void> {
  if (!(await turnKnob("PUT", `daemons/${daemon}`, { state: "frozen" }))) signal(daemon, "SIGSTOP");
}

/** A frozen process goes on. */
export async function thawDaemon(daemon: Daemon): Promise<void> {
  if (!(await turnKnob("PUT", `daemons/${daemon}`, { state: "running" }))) signal(daemon, "SIGCONT");
}

/** Starts what is missing of the daemon's service and waits until it answers (usually 4 to 10 s). */
export async function restartDaemon(daemon: Daemon): Promise<void> {
  if (await turnKnob("PUT", `daemons/${daemon}`, { state: "running" })) return;
  const services: string[] = [DAEMONS[daemon]];
  if (services[0] === "ironic") services.push("neutron");
  const up = fileURLToPath(new URL("./up.sh", import.meta.url));
  const env = {
    ...process.env,
    OSCLOUD_RELEASE: RELEASE,
    OSCLOUD_ROOT: ROOT,
    OSCLOUD_PORT_BASE: String(PORT_BASE),
  };
  const { status, stdout, stderr } = spawnSync("bash", [up, "only", ...services], { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`up.sh only ${services.join(" ")} failed:\n${stdout}${stderr}`);
  if (daemon === "cinder-volume")
    await until("Cinder's scheduler knows its back ends again", async () => {
      const { project } = await admin();
      return (await project.list("cinder", "/scheduler-stats/get_pools", "pools")).length > 1;
    });
}

/** The token stops being good; services notice within 5 s (token_cache_time) and answer 401. */
export async function revokeToken(token: string): Promise<void> {
  const { project } = await admin();
  await project.raw("keystone", "DELETE", "/auth/tokens", undefined, { "X-Subject-Token": token });
}

/** The tenant's password changes (default: back to the usual one), for a run that meets a wrong password. */
export async function setPassword(user: string, password: string = PASSWORD): Promise<void> {
  const { project } = await admin();
  const [found] = await project.list("keystone", `/users?name=${user}`, "users");
  if (!found) throw new Error(`no user ${user}`);
  await project.call("keystone", "PATCH", `/users/${found["id"]}`, { user: { password } });
}

/** Takes every fault of nodes and back ends off and thaws every process. Dead processes stay dead: see restartDaemon. */
export async function clearAllFaults(): Promise<void> {
  await clearFileFaults();
  for (const daemon of Object.keys(DAEMONS) as Daemon[]) {
    try {
      await thawDaemon(daemon);
    } catch {
      // not running
    }
  }
  for (const node of NODES) await clearNodeFaults(node.name);
}
