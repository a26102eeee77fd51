import {
  type Context,
  Failure,
  failure,
  type Mark,
  type Reference,
  readMark,
  withMark,
  withoutMark,
} from "../../core/index.ts";
import { isStatus } from "../../openstack/api-error.ts";
import type { Cloud } from "../../openstack/cloud.ts";
import * as neutron from "../../openstack/neutron/index.ts";
import type { NetworkCall, NetworkInputs, NetworkOutputs, SeenNetwork } from "../isolated-network.ts";
import { ROUTER_LEGS } from "./answers.ts";

/** Everything that decides about a network, read in a handful of calls. */
export async function observeNetwork(
  context: Context<Cloud>,
  reference: Reference<NetworkOutputs>,
  inputs?: NetworkInputs,
): Promise<SeenNetwork> {
  const { cloud } = context;
  const { projectId } = await context.place();
  const named = inputs?.sharedWith ?? [];
  const [id, external] = await Promise.all([
    reference.id ?? lookFor(cloud, projectId, reference.mark),
    inputs?.externalNetwork === undefined ? undefined : neutron.findExternalNetworks(cloud, inputs.externalNetwork),
  ]);
  const nothing = { projectId, subnets: [], routers: [], ports: [], sharing: [], named, ...(external && { external }) };
  if (id === undefined) return nothing;
  const everyRouter = () => neutron.listRouters(cloud, projectId);
  const [network, subnets, on, sharing, all] = await Promise.all([
    neutron.findNetwork(cloud, id),
    neutron.listSubnets(cloud, id),
    neutron.listPortsOn(cloud, id),
    neutron.listNetworkSharing(cloud, id),
    cloud.refresh ? undefined : everyRouter(),
  ]);
  // A refresh looks for a router only where one is known, asked for, or stands on the network.
  const routed =
    (reference.last?.routerId ?? inputs?.externalNetwork) !== undefined ||
    on.some((port) => ROUTER_LEGS.includes(port.device_owner));
  const routers = all ?? (routed ? await everyRouter() : []);
  const mine = routers.filter((router) => isRouterOf(router.description, id));
  const ofRouters = (await Promise.all(mine.map((router) => neutron.listPortsOf(cloud, router.id)))).flat();
  const ports = [...new Map([...on, ...ofRouters].map((port) => [port.id, port])).values()];
  if (!network) return { ...nothing, routers: mine, ports };
  const mark = readMark(network.description);
  return {
    id,
    network,
    projectId,
    subnets,
    routers: mine,
    ports,
    sharing,
    named,
    ...(mark && { mark }),
    ...(external && { external }),
  };
}

/** The network that this very run made, where the answer to its create was lost. */
async function lookFor(cloud: Cloud, projectId: string, wanted: Mark): Promise<string | undefined> {
  if (wanted.nonce === undefined) return undefined;
  const networks = await neutron.listOwnNetworks(cloud, projectId);
  return networks.find(({ description }) => {
    const mark = readMark(description);
    return mark?.tag === wanted.tag && mark.nonce === wanted.nonce;
  })?.id;
}

/** What the description of a router of ours says before the mark. */
export const routerText = (networkId: string): string => `router of network ${networkId}`;

const isRouterOf = (description: string, networkId: string): boolean =>
  readMark(description) !== undefined && withoutMark(description) === routerText(networkId);

/** The mark that parts of a network carry: whose they are. Only the network itself is ever unfinished. */
export const partMark = ({ tag, shape }: Mark): Mark => ({ tag, shape });

/** One call; answers with the network's id when it made it. */
export async function performNetwork(cloud: Cloud, args: NetworkCall): Promise<string | undefined> {
  switch (args.call) {
    case "createNetwork":
      try {
        return (await neutron.createNetwork(cloud, args.body)).id;
      } catch (error) {
        throw segmentationRefused(error, args.body) ?? error;
      }
    case "updateNetwork":
      // Where somebody wrote in between, the next look shows what, and decides anew.
      await neutron.updateNetwork(cloud, args.id, args.changes, args.revision);
      return undefined;
    case "deleteNetwork":
      await neutron.deleteNetwork(cloud, args.id);
      return undefined;
    case "createSubnet":
      await neutron.createSubnet(cloud, args.body);
      return undefined;
    case "updateSubnet":
      await neutron.updateSubnet(cloud, args.id, args.changes);
      return undefined;
    case "deleteSubnet":
      await neutron.deleteSubnet(cloud, args.id);
      return undefined;
    case "createRouter":
      await neutron.createRouter(cloud, args.body);
      return undefined;
    case "updateRouter":
      await neutron.updateRouter(cloud, args.id, args.changes);
      return undefined;
    case "deleteRouter":
      await neutron.deleteRouter(cloud, args.id);
      return undefined;
    case "connect":
      await neutron.addRouterInterface(cloud, args.router, args.subnet);
      return undefined;
    case "disconnect":
      await neutron.removeRouterInterface(cloud, args.router, args.subnet);
      return undefined;
    case "share":
      await neutron.shareNetwork(cloud, args.network, args.project);
      return undefined;
    case "unshare":
      await neutron.unshareNetwork(cloud, args.policy);
      return undefined;
  }
}

function segmentationRefused(error: unknown, body: Readonly<Record<string, unknown>>): Failure | undefined {
  if (!isStatus(error, 403) || !Object.keys(body).some((key) => key.startsWith("provider:"))) return undefined;
  const said = error instanceof Failure ? error.details.what : "";
  return failure("not-allowed", `\`segmentation\` may only be set with the role admin: ${said}`, {
    path: "segmentation",
    cause: error,
    next: "leave `segmentation` out, so that the cloud chooses it, or ask the operator to make the network.",
  });
}

/**
 * Writes the mark on a network and, where the resource was renamed, on its parts; the parts first, so that an
 * interrupted rename is found and finished. The user's own words stay.
 */
export async function markNetwork(cloud: Cloud, id: string, mark: Mark): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const network = await neutron.findNetwork(cloud, id);
    if (!network) throw failure("not-found", `network ${id} is gone`);
    const old = readMark(network.description);
    if (old && old.tag !== mark.tag) await markParts(cloud, network, old, mark);
    const description = withMark(withoutMark(network.description), mark);
    if (description === network.description) return;
    if (await neutron.updateNetwork(cloud, id, { description }, network.revision_number)) return;
    if (attempt === 3) throw failure("taken-over", `network ${id} is being written by somebody else at the same time`);
  }
}

async function markParts(cloud: Cloud, network: neutron.Network, old: Mark, mark: Mark): Promise<void> {
  const renamed = (description: string) => withMark(withoutMark(description), partMark(mark));
  for (const subnet of await neutron.listSubnets(cloud, network.id))
    if (readMark(subnet.description)?.tag === old.tag)
      await neutron.updateSubnet(cloud, subnet.id, { description: renamed(subnet.description) });
  for (const router of await neutron.listRouters(cloud, network.project_id))
    if (isRouterOf(router.description, network.id))
      await neutron.updateRouter(cloud, router.id, { description: renamed(router.description) });
}
