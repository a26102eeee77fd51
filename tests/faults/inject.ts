/** The faults, each as a pair of what brings it about and what ends it. On both clouds by the same words. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { admin, CloudError, type Service, serviceUrl, until } from "../cloud/client.ts";
import {
  type BackendCall,
  clearBackendFault,
  clearNodeFault,
  type Daemon,
  freezeDaemon,
  killDaemon,
  type NodeMethod,
  resetQuota,
  restartDaemon,
  setBackendFault,
  setMaintenance,
  setNodeDelay,
  setNodeFault,
  setPassword,
  setQuota,
  thawDaemon,
} from "../cloud/faults.ts";
import { getNode, ironic, patchNode } from "../cloud/nodes.ts";
import type { Proxy as CloudProxy } from "../interruption/proxy.ts";
import type { Scene } from "./scene.ts";
import type { Row } from "./table.ts";

/** What brings a fault about, and what ends it. */
export type Injection = Pick<Row, "inject" | "clear">;

const each = (scene: Scene, work: (node: string) => Promise<void>) =>
  Promise.all(scene.stage.nodes.map(work)).then(() => undefined);

/** Ironic changes nothing of a node that it is at work on. */
const whenIdle = (node: string, method: NodeMethod) =>
  until(`${node} can be changed`, () => clearNodeFault(node, method).then(always, isBusy), 120, 0.5).then(
    () => undefined,
  );
const always = () => true;
const isBusy = (error: unknown) => {
  if (error instanceof CloudError && error.status === 409) return false;
  throw error;
};

/** A step of every node that fits fails. */
export const nodeFails = (method: NodeMethod, text: string): Injection => ({
  inject: (scene) => each(scene, (node) => setNodeFault(node, method, text)),
  clear: (scene) => each(scene, (node) => whenIdle(node, method)),
});

/** Steps of every node that fits take so many seconds more. */
export const nodeIsSlow = (methods: readonly NodeMethod[], seconds: number): Injection => ({
  inject: (scene) =>
    each(scene, async (node) => {
      for (const method of methods) await setNodeDelay(node, method, seconds);
    }),
  clear: (scene) =>
    each(scene, async (node) => {
      for (const method of methods) await whenIdle(node, method);
    }),
});

/** The BMC answers nothing until Ironic has taken the node into maintenance for it; the end is when that is over. */
export const bmcLost: Injection = {
  inject: (scene) =>
    each(scene, async (node) => {
      await setNodeFault(node, "get_power_state", "the BMC does not answer");
      await until(`${node} is in maintenance`, async () => (await getNode(node))["maintenance"] === true, 120);
    }),
  clear: (scene) =>
    each(scene, async (node) => {
      await clearNodeFault(node, "get_power_state");
      await until(`${node} is out of maintenance`, async () => (await getNode(node))["maintenance"] === false, 120);
    }),
};

/** Somebody else's slow power step holds the lock of the node. */
export const nodeLocked = (seconds: number): Injection => ({
  inject: (scene) =>
    each(scene, async (node) => {
      await setNodeDelay(node, "reboot", seconds);
      await ironic("PUT", `/nodes/${node}/states/power`, { target: "rebooting" });
      await until(`${node} is locked`, async () => (await getNode(node))["reservation"] !== null, 30, 0.1);
    }),
  clear: (scene) =>
    each(scene, async (node) => {
      await until(`${node} is free`, async () => (await getNode(node))["reservation"] === null, 120);
      await clearNodeFault(node, "reboot");
    }),
});

/** The operator has taken the nodes into maintenance, and Nova knows. */
export const maintenance = (reason: string): Injection => ({
  inject: async (scene) => {
    await each(scene, (node) => setMaintenance(node, true, reason));
    await scene.full();
  },
  clear: (scene) => each(scene, (node) => setMaintenance(node, false)),
});

/** Somebody has switched the machine off at its button, and Ironic has seen it. */
export const powerButton: Injection = {
  inject: async (scene) => {
    const node = scene.node;
    await patchNode(node, [{ op: "add", path: "/driver_info/power_state", value: "power off" }]);
    await until(`Ironic sees ${node} off`, async () => (await getNode(node))["power_state"] === "power off", 60);
    await patchNode(node, [{ op: "remove", path: "/driver_info/power_state" }]);
    // The simulated BMC goes back to what Ironic last asked of it; it is to stay off.
    await ironic("PUT", `/nodes/${node}/states/power`, { target: "power off" });
    const settled = async () => {
      const { power_state, maintenance } = await getNode(node);
      return power_state === "power off" && maintenance === false;
    };
    // Where Ironic took it for a failure of the power, it gives that up when power and record are the same.
    await until(`${node} is off`, settled, 120);
  },
  clear: async () => {},
};

/** The operator protects the node from being taken down. */
export const nodeProtected: Injection = {
  inject: (scene) => patchNode(scene.node, [{ op: "add", path: "/protected", value: true }]),
  clear: (scene) => patchNode(scene.node, [{ op: "replace", path: "/protected", value: false }]),
};

/** Somebody else of the project holds every node that fits. */
export const nodesTaken: Injection = {
  inject: async (scene) => {
    const taken: unknown[] = [];
    for (const node of scene.stage.nodes) {
      const { uuid, resource_class } = await getNode(node);
      const made = await scene.tenant.call("ironic", "POST", "/allocations", {
        name: `taken-${node}`,
        resource_class,
        candidate_nodes: [uuid],
      });
      taken.push(made["uuid"]);
    }
    scene.notes.set("taken", taken);
    for (const node of scene.stage.nodes)
      await until(`${node} is taken`, async () => (await getNode(node))["instance_uuid"] !== null, 30);
  },
  clear: async (scene) => {
    for (const uuid of (scene.notes.get("taken") ?? []) as string[])
      await scene.tenant.raw("ironic", "DELETE", `/allocations/${uuid}`);
  },
};

/** A call of a storage or network back end fails, for everybody. */
export const backendFails = (call: BackendCall, text: string): Injection => ({
  inject: () => setBackendFault(call, text),
  clear: () => clearBackendFault(call),
});

/** What the project has of what a quota counts: no service takes a limit below it. */
const USED: Readonly<Record<string, (scene: Scene) => Promise<number>>> = {
  instances: async ({ tenant }) => (await tenant.list("nova", "/servers", "servers")).length,
  volumes: async ({ tenant }) => (await tenant.list("cinder", "/volumes", "volumes")).length,
  gigabytes: async ({ tenant }) =>
    (await tenant.list("cinder", "/volumes/detail", "volumes")).reduce((sum, { size }) => sum + Number(size), 0),
  network: async ({ tenant }) =>
    (await tenant.list("neutron", `/networks?project_id=${tenant.projectId}`, "networks")).length,
  port: async ({ tenant }) => (await tenant.list("neutron", `/ports?project_id=${tenant.projectId}`, "ports")).length,
};

/** A quota of the project is used up by what it has. */
export const quota = (service: "nova" | "cinder" | "neutron", ...names: string[]): Injection => ({
  inject: async (scene) => {
    const values = await Promise.all(names.map(async (name) => [name, await USED[name]!(scene)] as const));
    await setQuota(service, scene.stage.tenant, Object.fromEntries(values));
  },
  clear: (scene) => resetQuota(service, scene.stage.tenant),
});

/** The image of this name has none any more: the operator has renamed it. */
export const imageRenamed = (...names: string[]): Injection => ({
  inject: () => rename(names.map((name) => [name, `${name}-hidden`])),
  clear: () => rename(names.map((name) => [`${name}-hidden`, name])),
});

async function rename(pairs: readonly (readonly [from: string, to: string])[]): Promise<void> {
  const { project } = await admin();
  for (const [from, to] of pairs) {
    const [image] = await project.list("glance", `/images?name=${from}`, "images");
    if (!image) continue;
    const reply = await fetch(`${serviceUrl("glance")}/v2/images/${image["id"]}`, {
      method: "PATCH",
      headers: { "X-Auth-Token": project.token, "Content-Type": "application/openstack-images-v2.1-json-patch" },
      body: JSON.stringify([{ op: "replace", path: "/name", value: to }]),
    });
    if (!reply.ok) throw new Error(`image ${from} is not renamed: ${reply.status} ${await reply.text()}`);
  }
}

/** A process hangs: connections are taken and nothing is answered. */
export const frozen = (...daemons: Daemon[]): Injection => ({
  inject: async () => {
    for (const daemon of daemons) await freezeDaemon(daemon);
  },
  clear: async () => {
    for (const daemon of daemons) await thawDaemon(daemon);
  },
});

/** A process dies; it ends with the process running again. */
export const dead = (daemon: Daemon): Injection => ({
  inject: () => killDaemon(daemon),
  clear: () => restarted(daemon),
});

/** The volume service dies, and Cinder has noticed: what is asked of it before that only waits. */
export const volumeServiceDead: Injection = {
  inject: async (scene) => {
    await dead("cinder-volume").inject(scene);
    const { project } = await admin();
    const states = async () =>
      (await project.list("cinder", "/os-services?binary=cinder-volume", "services")).map(({ state }) => state);
    await until("cinder-volume is seen down", async () => (await states()).every((state) => state === "down"), 120);
  },
  clear: dead("cinder-volume").clear,
};

/** restartDaemon waits without letting anything else run, and a program is to run meanwhile: so it runs beside this process. */
function restarted(daemon: Daemon): Promise<void> {
  if (process.env["SANDBOX_URL"]) return restartDaemon(daemon);
  const script = fileURLToPath(new URL("./restart.ts", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, daemon], { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (data) => {
      said += data;
    });
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(`${daemon} does not start: ${said}`))));
  });
}

/** All tokens of the tenant's user are revoked: Keystone does so when a password is set, here to what it was. */
export const tokensRevoked: Injection = {
  inject: (scene) => setPassword(scene.stage.tenant),
  clear: async () => {},
};

/** Whatever a fault needs that is not there: nothing. */
export const nothing: Injection = { inject: async () => {}, clear: async () => {} };

/** The operator locks the server. */
export const serverLocked: Injection = {
  inject: async (scene) => {
    const { project } = await admin();
    const [server] = await scene.objects();
    if (server) await project.call("nova", "POST", `/servers/${server}/action`, { lock: {} });
  },
  clear: async (scene) => {
    const { project } = await admin();
    const [server] = await scene.objects();
    if (server) await project.raw("nova", "POST", `/servers/${server}/action`, { unlock: null });
  },
};

/** The operator puts a volume that its back end has failed on back into use. */
export async function volumeReset(scene: Scene): Promise<void> {
  const { project } = await admin();
  for (const id of await scene.objects())
    await project.call("cinder", "POST", `/volumes/${id}/action`, { "os-reset_status": { status: "available" } });
}

/** A service answers everything so, as a web server before a service does that fails. For a stage behind a proxy. */
export const answers = (service: Service, status: "500" | "503"): Injection => ({
  inject: async (scene) => {
    proxyOf(scene).decide = (asked) => (asked.service === service ? status : undefined);
  },
  clear: async (scene) => {
    proxyOf(scene).decide = () => undefined;
  },
});

function proxyOf(scene: Scene): CloudProxy {
  const proxy = scene.notes.get("proxy") as CloudProxy | undefined;
  if (!proxy) throw new Error(`${scene.stage.title} is not behind a proxy`);
  return proxy;
}
