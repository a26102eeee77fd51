import type { CallFault, Sandbox } from "../sandbox/index.ts";
import type { Admin, AdminService, Json } from "./admin.ts";
import { RehearsalError } from "./error.ts";
import { type Quota, sentenceOf, type Trouble } from "./events.ts";
import { type Machines, type Node, nodeName, nodesOf } from "./machines.ts";

/** Trouble that is there. */
export interface RunningTrouble {
  /** What happened, as a sentence. */
  readonly sentence: string;
  /** Ends it: the operator has repaired what can be repaired. A second call does nothing. */
  end(): Promise<void>;
}

/** What {@link makeTrouble} works with. */
export interface Stage {
  readonly sandbox: Sandbox;
  readonly admin: Admin;
  readonly machines: Machines;
  /** The project that the program runs in, by name. */
  readonly project: string;
}

type Undo = () => void | Promise<void>;

/** Lets trouble come. Throws a {@link RehearsalError} on trouble that cannot be. */
export async function makeTrouble(stage: Stage, trouble: Trouble & { for?: number }): Promise<RunningTrouble> {
  const { undo, subject } = await begin(stage, trouble);
  let over = false;
  return {
    sentence: sentenceOf(trouble, subject),
    async end() {
      if (over) return;
      over = true;
      await undo();
    },
  };
}

async function begin(stage: Stage, trouble: Trouble): Promise<{ undo: Undo; subject?: string }> {
  const { sandbox } = stage;
  switch (trouble.do) {
    case "machine is switched off":
    case "machine dies":
    case "machine is taken away":
    case "BMC hangs":
      return befall(stage, trouble);
    case "deploy fails":
      return { undo: await failDeploys(stage, trouble) };
    case "capacity is gone":
      return { undo: await takeCapacity(stage, trouble.class) };
    case "quota is gone":
      return { undo: await takeQuota(stage, trouble.of) };
    case "back end fails":
      sandbox.backend(trouble.call, { text: trouble.text ?? "the back end does not answer" });
      return { undo: () => sandbox.backend(trouble.call, undefined) };
    case "requests fail": {
      const { status = 503, ...which } = trouble.requests;
      return { undo: sandbox.fault({ ...which, effect: "status", status } satisfies CallFault) };
    }
    default: {
      const daemon = DAEMONS[trouble.do.replace(/ is down$/, "")]!;
      sandbox.daemon(daemon, "dead");
      return { undo: () => sandbox.daemon(daemon, "running") };
    }
  }
}

/** The process that answers for each service. */
const DAEMONS: Readonly<Record<string, string>> = {
  keystone: "keystone",
  nova: "nova-api",
  ironic: "ironic-api",
  conductor: "ironic-conductor",
  neutron: "neutron-server",
  cinder: "cinder-api",
  glance: "glance-api",
  placement: "placement",
  octavia: "octavia-api",
};

/** Something befalls one machine. */
async function befall(
  { admin, machines }: Stage,
  trouble: Extract<Trouble, { machine: string; do: `machine ${string}` | "BMC hangs" }>,
): Promise<{ undo: Undo; subject: string }> {
  const { node, resource } = await machines.find(trouble.machine);
  const name = nodeName(node);
  const subject = resource ? `${resource.type} ${resource.name} (machine ${name})` : `machine ${name}`;
  switch (trouble.do) {
    case "machine is switched off":
      await admin.ask("ironic", "PUT", `/nodes/${node.uuid}/states/power`, { target: "power off" });
      return { subject, undo: () => {} };
    case "machine dies":
      await admin.steer(name, { power: "power off", bmc: "lost" });
      return { subject, undo: () => heal(admin, name) };
    case "BMC hangs":
      await admin.steer(name, { bmc: "lost" });
      return { subject, undo: () => heal(admin, name) };
    case "machine is taken away":
      await takeAway(admin, node);
      return { subject, undo: () => {} };
  }
}

/** The BMC answers again, and with it the node leaves the maintenance that Ironic put it into. */
async function heal(admin: Admin, name: string): Promise<void> {
  await admin.steer(name, { power: null, bmc: "ok" });
  const node = await admin.ask("ironic", "GET", `/nodes/${name}`);
  if (node["maintenance"]) await admin.ask("ironic", "DELETE", `/nodes/${name}/maintenance`);
}

/** Releases a machine behind Pulumi's back, by the service it was taken from. */
async function takeAway(admin: Admin, node: Node): Promise<void> {
  const servers = await admin.list("nova", "/servers/detail?all_tenants=1", "servers");
  const server = servers.find((one) => one["id"] === node.instance_uuid);
  if (server) await admin.ask("nova", "DELETE", `/servers/${server["id"]}`);
  else await admin.ask("ironic", "PUT", `/nodes/${node.uuid}/states/provision`, { target: "deleted" });
}

async function failDeploys(
  { admin, machines }: Stage,
  { machine, class: wanted, text }: Extract<Trouble, { do: "deploy fails" }>,
): Promise<Undo> {
  const nodes = machine === undefined ? await classOf(admin, wanted) : [(await machines.find(machine)).node];
  const words = text ?? "The image could not be written: the disk does not answer";
  for (const node of nodes) await admin.steer(nodeName(node), { fail: { deploy: words } });
  return async () => {
    for (const node of nodes) await admin.steer(nodeName(node), { fail: { deploy: null } });
  };
}

async function takeCapacity({ admin }: Stage, wanted: string | undefined): Promise<Undo> {
  const free = (await classOf(admin, wanted)).filter((node) => !node.instance_uuid && !node.maintenance);
  for (const node of free)
    await admin.ask("ironic", "PUT", `/nodes/${node.uuid}/maintenance`, { reason: "pulumi-baremetal rehearse" });
  return async () => {
    for (const node of free) await admin.ask("ironic", "DELETE", `/nodes/${node.uuid}/maintenance`);
  };
}

/** The nodes of a class, all without one. Throws where there is none. */
async function classOf(admin: Admin, wanted: string | undefined): Promise<Node[]> {
  const nodes = await nodesOf(admin);
  const found = nodes.filter((node) => wanted === undefined || node.resource_class === wanted);
  if (found.length > 0) return found;
  const classes = [...new Set(nodes.map((node) => node.resource_class))].join(", ");
  throw new RehearsalError(`no machine of the fleet is of class ${wanted}; there are ${classes}`);
}

const QUOTA_PLACES: Readonly<Record<Quota, { service: AdminService; name: string }>> = {
  servers: { service: "nova", name: "instances" },
  volumes: { service: "cinder", name: "volumes" },
  gigabytes: { service: "cinder", name: "gigabytes" },
  networks: { service: "neutron", name: "network" },
  subnets: { service: "neutron", name: "subnet" },
  routers: { service: "neutron", name: "router" },
  ports: { service: "neutron", name: "port" },
};

/** Sets a quota of the program's project to nothing. */
async function takeQuota({ admin, project }: Stage, of: Quota): Promise<Undo> {
  const { service, name } = QUOTA_PLACES[of];
  const id = await projectId(admin, project);
  const [path, wrap] = service === "neutron" ? [`/quotas/${id}`, "quota"] : [`/os-quota-sets/${id}`, "quota_set"];
  const before = ((await admin.ask(service, "GET", path))[wrap] as Json)[name];
  await admin.ask(service, "PUT", path, { [wrap]: { [name]: 0 } });
  return async () => {
    await admin.ask(service, "PUT", path, { [wrap]: { [name]: before } });
  };
}

async function projectId(admin: Admin, name: string): Promise<string> {
  const [project] = await admin.list("keystone", `/projects?name=${encodeURIComponent(name)}`, "projects");
  if (!project) throw new RehearsalError(`the sandbox has no project ${name}`);
  return String(project["id"]);
}
