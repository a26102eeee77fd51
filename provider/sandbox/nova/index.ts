import type { Route, Service } from "../kernel/service.ts";
import type { World } from "../world.ts";
import { ActionLog } from "./action-log.ts";
import { Actions } from "./actions.ts";
import { Attachments } from "./attachments.ts";
import { Build } from "./build.ts";
import { Computes } from "./compute.ts";
import { Consoles } from "./consoles.ts";
import { Nova, stamp } from "./core.ts";
import { Create } from "./create.ts";
import { Refuser } from "./errors.ts";
import { Flavors } from "./flavors.ts";
import { Groups } from "./groups.ts";
import { Hosts } from "./hosts.ts";
import { Items } from "./items.ts";
import { Keypairs } from "./keypairs.ts";
import { leftBehind } from "./left-behind.ts";
import { Life } from "./life.ts";
import { Metal } from "./metal.ts";
import { Network } from "./network.ts";
import { Nodes } from "./nodes.ts";
import { Operator } from "./operator.ts";
import { ServerPorts } from "./ports.ts";
import { Quotas } from "./quotas.ts";
import { seed } from "./seed.ts";
import { Servers } from "./servers.ts";
import { Storage } from "./storage.ts";
import { askedVersion, documents, versionHeaders } from "./versions.ts";
import { statusOf } from "./view.ts";
import { VirtualMachines } from "./virtual.ts";

/** Nova calls its answers JSON also where they are empty. */
function typed(one: Route): Route {
  return {
    ...one,
    handle: async (call) => {
      const answer = await one.handle(call);
      return answer.body === undefined
        ? { ...answer, headers: { "content-type": "application/json", ...answer.headers } }
        : answer;
    },
  };
}

/** OpenStack's Compute service: servers on Ironic's machines, and virtual ones that only seem to run. */
export function nova(world: World): Service {
  const core = new Nova(world);
  const nodes = new Nodes(world);
  const hosts = new Hosts(core, nodes);
  const computes = new Computes(core);
  const network = new Network(core);
  const storage = new Storage(core);
  const quotas = new Quotas(core);
  const drivers = { metal: new Metal(core, nodes), virtual: new VirtualMachines(core) };
  const driver = ({ kind }: { kind: "metal" | "virtual" }) => drivers[kind];
  const build = new Build(core, { hosts, computes, network, storage, driver });
  const life = new Life(core, { hosts, computes, network, storage, nodes, build, drivers });
  const create = new Create(core, { quotas, network, storage, build });
  const refuser = new Refuser();
  return {
    name: "nova",
    type: "compute",
    prefix: "/compute",
    suffix: "/v2.1",
    daemon: "nova-api",
    routes: [
      ...documents((call, headers) => refuser.mark(call, headers)),
      ...new Servers(core, create, life, network).routes(),
      ...new Items(core, quotas).routes(),
      ...new Actions(core, { life, network, storage, quotas }).routes(),
      ...new Consoles(core, life).routes(),
      ...new ActionLog(core).routes(),
      ...new ServerPorts(core, life, network).routes(),
      ...new Attachments(core, life, storage).routes(),
      ...new Flavors(core).routes(),
      ...new Keypairs(core).routes(),
      ...new Groups(core, quotas).routes(),
      ...quotas.routes(),
      ...new Operator(core, hosts).routes(),
      ...leftBehind(),
    ].map(typed),
    version: askedVersion,
    refuse: (refusal, call) => refuser.refuse(refusal, call),
    headers: (call) => {
      // What Keystone's middleware turns away never reaches the versioned API.
      const known = world.identity.callerOf(call.headers["x-auth-token"] ?? "") !== undefined;
      const kind = refuser.marked(call) ?? (known ? "versioned" : "plain");
      if (kind === "none") return {};
      return {
        "x-openstack-request-id": call.id,
        "x-compute-request-id": call.id,
        ...(kind === "versioned" ? versionHeaders(call.version.join(".")) : {}),
      };
    },
    stateOf: ({ params }) => {
      const server = params["server"] === undefined ? undefined : core.tables.servers.get(params["server"]);
      if (!server) return undefined;
      return { status: statusOf(server), task: server.taskState, updated: stamp(server.updated) };
    },
    seed: (fleet) => seed(core, hosts, nodes, fleet),
    start: (restarted) => {
      hosts.start();
      life.start();
      if (restarted) life.recoverAll();
    },
  };
}
