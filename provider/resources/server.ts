import ipaddr from "ipaddr.js";
import { type Static, Type } from "typebox";
import {
  type Action,
  type Context,
  changedInputs,
  commonInputs,
  commonOutputs,
  defineResource,
  type Failure,
  failure,
  hasUnknown,
  isHalfMade,
  isUnknown,
  type ObjectSchema,
  type Problem,
  type Reference,
  replacingInputs,
  type Seen,
  type Step,
} from "../core/index.ts";
import { describeOffer, lacks } from "../machines/hardware.ts";
import { ironicRoute } from "../machines/ironic/index.ts";
import { novaRoute } from "../machines/nova/index.ts";
import { findPorts } from "../machines/ports.ts";
import type { Route } from "../machines/route.ts";
import {
  type Hardware,
  type MachineInputs,
  type MachineOutputs,
  machineInputs,
  machineOutputs,
} from "../machines/spec.ts";
import type { Cloud } from "../openstack/cloud.ts";

const inputs = Type.Object({ ...machineInputs, ...commonInputs }, { additionalProperties: false });
const outputs = Type.Object({ ...machineOutputs, ...commonOutputs });

type RouteName = MachineOutputs["via"];

interface ServerSeen extends Seen {
  readonly route: RouteName;
  /** What the route saw; only it knows the form. */
  readonly machine: Seen;
}

interface ServerAction extends Action {
  readonly args: { readonly route: RouteName; readonly action: Action };
}

// Each route's own types meet only inside the route.
const routes = { nova: novaRoute, ironic: ironicRoute } as unknown as Record<RouteName, Route>;

export const server = defineResource<typeof inputs, typeof outputs, ServerSeen, ServerAction, Cloud>({
  type: "Server",
  description:
    'A machine of one\'s own: a whole physical one (`kind: "baremetal"`, the default) or a virtual one with the same interface. It is taken through Nova where the cloud offers bare metal flavors, or through Ironic where the project owns or leases nodes. A create that was interrupted is gone on with, never doubled. Nothing wipes or reinstalls the machine unless the program says so in words; deleting it releases it, and the cloud wipes it.',
  example: `import * as baremetal from "pulumi-baremetal";

const network = new baremetal.IsolatedNetwork("db", { cidr: "10.20.0.0/24" });
const server = new baremetal.Server("db", {
    hardware: { cpus: 16, memoryGiB: 64, disks: [{ sizeGiB: 480 }] },
    image: "debian-12",
    networks: [{ network: network.id }],
});
export const address = server.address;`,
  inputs,
  outputs,
  deleteBeforeReplace: true,
  timeouts: { create: 90 * 60, update: 90 * 60, delete: 6 * 60 * 60 },
  stateVersion: 1,
  problems,
  refuse: refuseReinstall,
  // Saying in words the route that was chosen before changes nothing.
  stays: (name, olds, news) => name === "route" && news.route === olds.via,
  turn: (_, id) => (id === undefined ? undefined : `machine:${id}`),

  async find(context, tag) {
    const found = await Promise.all((await offered(context)).map((route) => route.find(context, tag)));
    return found.flat();
  },
  findParts: (context) => findPorts(context.cloud),
  async observe(context, reference, wanted) {
    const route = await routeOf(context, reference, wanted);
    const machine = await route.observe(context, reference, wanted);
    return { id: machine.id, mark: machine.mark, route: route.name, machine };
  },
  next(desired, seen, taken): Step<ServerAction> {
    const route = routes[seen.route];
    const step = route.next(
      desired,
      seen.machine,
      taken.map((action) => action.args.action),
    );
    return "do" in step ? { do: { name: step.do.name, args: { route: seen.route, action: step.do } } } : step;
  },
  perform: (context, { args }) => routes[args.route].perform(context, args.action),
  async mark(context, id, mark, last) {
    const route = await routeOf(context, { id, mark, last });
    await route.mark(context, id, mark, last);
  },
  async proveVisible(context, last) {
    if (last.via) await routes[last.via].proveVisible(context);
  },
  result: (seen, wanted) => routes[seen.route].result(seen.machine, wanted),
  actual: (seen, wanted) => ({ ...wanted, ...routes[seen.route].actual(seen.machine, wanted) }),
  trouble: (seen) => routes[seen.route].trouble(seen.machine),
});

/** The routes whose service this cloud has. */
async function offered(context: Context<Cloud>): Promise<Route[]> {
  const { cloud } = context;
  const [nova, ironic] = await Promise.all([cloud.offers("compute"), cloud.offers("baremetal")]);
  return [...(nova ? [routes.nova] : []), ...(ironic ? [routes.ironic] : [])];
}

/** The route once found for a reference, which lives as long as its operation. */
const found = new WeakMap<object, Route>();

/** The route that an object is on, or that a new one will take. */
async function routeOf(
  context: Context<Cloud>,
  reference: Reference<MachineOutputs>,
  wanted?: MachineInputs,
): Promise<Route> {
  if (reference.last?.via) return routes[reference.last.via];
  const known = found.get(reference);
  if (known) return known;
  const route = reference.id === undefined ? await choose(context, wanted) : await probe(context, reference, wanted);
  found.set(reference, route);
  return route;
}

/** The route on which an id exists; for an id that is on none, the one that the program would take. */
async function probe(
  context: Context<Cloud>,
  reference: Reference<MachineOutputs>,
  wanted?: MachineInputs,
): Promise<Route> {
  for (const route of await offered(context)) {
    const seen = await route.observe(context, reference);
    if (seen.id !== undefined) return route;
  }
  return choose(context, wanted);
}

/**
 * Chooses once: what the program says; Nova for what only Nova has; else the first route, Nova before Ironic, that
 * offers what is asked.
 */
async function choose(context: Context<Cloud>, wanted?: MachineInputs): Promise<Route> {
  if (wanted?.route) return routes[wanted.route];
  const [first, ...others] = await offered(context);
  if (!first) throw failure("service-missing", "this cloud offers neither Nova (compute) nor Ironic (baremetal)");
  if (!wanted || !others.length || wanted.kind === "virtual" || wanted.hardware.flavor || wanted.keyPair) return first;
  const seen: string[] = [];
  for (const route of [first, ...others]) {
    const offers = await route.offers(context, wanted);
    if (offers.some((offer) => lacks(wanted.hardware, offer).length === 0)) return route;
    seen.push(
      ...offers.map(
        (offer) => `  by ${route.name}: ${describeOffer(offer)}: ${lacks(wanted.hardware, offer).join(", ")}`,
      ),
    );
  }
  throw failure(
    "nothing-fits",
    seen.length
      ? `nothing fits what is asked; there are\n${seen.join("\n")}`
      : "this credential may take no machine by any route",
    { path: "hardware" },
  );
}

/** Rules that the schema cannot say. */
function problems(news: Partial<Static<typeof inputs>>): Problem[] {
  const { hardware, networks } = news;
  return [
    ...(hardware && !isUnknown(hardware) ? hardwareProblems(hardware, news) : []),
    ...(Array.isArray(networks) ? networkProblems(networks) : []),
    ...bootProblems(news),
  ];
}

function hardwareProblems(hardware: Hardware, news: Partial<MachineInputs>): Problem[] {
  const { class: resourceClass, flavor, traits: _, ...amounts } = hardware;
  const asked = Object.keys(amounts);
  const list: Problem[] = [];
  if (resourceClass !== undefined && flavor !== undefined)
    list.push({ path: "hardware.flavor", reason: "cannot stand beside hardware.class: say one of them" });
  if ((resourceClass ?? flavor) !== undefined && asked.length)
    list.push({
      path: `hardware.${asked[0]}`,
      reason: `cannot stand beside hardware.${flavor === undefined ? "class" : "flavor"}, which says it already`,
    });
  if (flavor !== undefined && hardware.traits)
    list.push({ path: "hardware.traits", reason: "cannot stand beside hardware.flavor, which says it already" });
  if (flavor !== undefined && news.route === "ironic")
    list.push({ path: "hardware.flavor", reason: 'is Nova\'s; on route "ironic" say hardware.class or amounts' });
  if (resourceClass === undefined && flavor === undefined && !asked.length && !hardware.traits?.length)
    list.push({
      path: "hardware",
      reason: "is empty: say a class, a flavor or amounts such as { cpus: 16, memoryGiB: 64 }",
    });
  return list;
}

function networkProblems(networks: MachineInputs["networks"]): Problem[] {
  const list: Problem[] = [];
  const used = new Map<string, string>();
  for (const [index, entry] of networks.entries()) {
    if (isUnknown(entry)) continue;
    const path = `networks[${index}]`;
    if ((entry.network === undefined) === (entry.port === undefined))
      list.push({ path, reason: "needs either a network or a port" });
    if (entry.port !== undefined && (entry.addresses || entry.securityGroups))
      list.push({ path, reason: "an existing port brings its own addresses and security groups" });
    for (const [at, address] of (Array.isArray(entry.addresses) ? entry.addresses : []).entries()) {
      if (isUnknown(address)) continue;
      const where = `${path}.addresses[${at}]`;
      if (!ipaddr.isValid(address) || (!address.includes(":") && address.split(".").length !== 4)) {
        list.push({ path: where, reason: `must be an IPv4 or IPv6 address, not ${JSON.stringify(address)}` });
        continue;
      }
      const same = ipaddr.parse(address).toNormalizedString();
      const other = used.get(same);
      if (other) list.push({ path: where, reason: `is the same address as ${other}` });
      else used.set(same, where);
    }
  }
  return list;
}

function bootProblems(news: Partial<MachineInputs>): Problem[] {
  const list: Problem[] = [];
  if ((news.image === undefined) === (news.bootVolume === undefined))
    list.push({
      path: "image",
      reason:
        news.image === undefined
          ? "is required, or else bootVolume"
          : "cannot stand beside bootVolume: the machine boots from one of them",
    });
  if (news.kind === "virtual" && news.route === "ironic")
    list.push({ path: "kind", reason: 'virtual machines are Nova\'s; leave route out or say "nova"' });
  if (news.keyPair !== undefined && news.route === "ironic")
    list.push({ path: "keyPair", reason: 'is Nova\'s; on route "ironic" use sshKeys' });
  if (Array.isArray(news.volumes) && news.bootVolume !== undefined && news.volumes.includes(news.bootVolume))
    list.push({ path: "volumes", reason: "holds the bootVolume too" });
  for (const key of Object.keys(news.metadata ?? {}))
    if (key.startsWith("pulumi_baremetal"))
      list.push({ path: `metadata.${key}`, reason: "is a name that the provider keeps for itself" });
  return list;
}

/** A change that wipes the machine is refused in preview already, unless the program allows it. */
function refuseReinstall(
  olds: Partial<Static<typeof inputs>>,
  news: Partial<Static<typeof inputs>>,
): Failure | undefined {
  const schema = inputs as unknown as ObjectSchema;
  if (news.allowReinstall || isHalfMade(olds) || replacingInputs(schema, olds, news).length) return undefined;
  const changed = changedInputs(schema, olds, news).filter(
    (name) => schema.properties[name]?.reinstalls === true && !hasUnknown(news[name as keyof MachineInputs]),
  );
  if (!changed.length) return undefined;
  return failure(
    "needs-reinstall",
    `${changed.join(" and ")} differ${changed.length > 1 ? "" : "s"} from what is installed, and the change would wipe the machine's disk`,
    { path: changed[0]! },
  );
}
