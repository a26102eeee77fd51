import { type Desired, failure, type Step, withMark, withoutMark } from "../../core/index.ts";
import type { Router, Subnet } from "../../openstack/neutron/index.ts";
import type {
  NetworkAction,
  NetworkCall,
  NetworkInputs,
  NetworkOutputs,
  SeenNetwork,
  SubnetInput,
} from "../isolated-network.ts";
import { overlap, parseBlock } from "./addresses.ts";
import { isOurs, listPorts, openTo, othersPorts, ROUTER_LEGS } from "./answers.ts";
import { partMark, routerText } from "./calls.ts";
import { domainOf, needsNewSubnet, subnetBody, subnetChanges, subnetOf, wantedSubnets } from "./wanted.ts";

type Answer = Step<NetworkAction>;
type Present = Extract<Desired<NetworkInputs, NetworkOutputs>, { want: "present" }>;

const act = (name: string, args: NetworkCall): Answer => ({ do: { name, args } });

/** What to do about a network that was seen. */
export function networkStep(
  desired: Desired<NetworkInputs, NetworkOutputs>,
  seen: SeenNetwork,
  taken: readonly NetworkAction[],
): Answer {
  if (desired.want === "absent") return removal(seen);
  const { inputs } = desired;
  if (inputs.externalNetwork !== undefined && seen.external?.length !== 1)
    return seen.external?.length
      ? {
          failed: failure(
            "ambiguous",
            `${seen.external.length} external networks are named ${inputs.externalNetwork}: ${seen.external.map(({ id }) => id).join(", ")}`,
            { path: "externalNetwork" },
          ),
        }
      : {
          failed: failure("not-found", `this credential sees no external network ${inputs.externalNetwork}`, {
            path: "externalNetwork",
          }),
        };
  if (!seen.network)
    return desired.last || taken.some((action) => action.args.call === "updateNetwork")
      ? { failed: failure("gone", "the network was deleted while this ran") }
      : act(`create network ${nameOf(desired) ?? ""}`.trim(), { call: "createNetwork", body: networkBody(desired) });
  return (
    writeNetwork(desired, seen) ??
    closeNetwork(desired, seen) ??
    removeSubnets(desired, seen) ??
    makeSubnets(desired, seen) ??
    makeRouter(desired, seen) ??
    openNetwork(desired, seen) ??
    finish(desired, seen)
  );
}

/** The name to give; none where an adopted network keeps its own. */
const nameOf = ({ inputs, name }: Present): string | undefined =>
  inputs.name ?? (inputs.adopt === undefined ? name : undefined);

const lastInputs = (desired: Present) => desired.last as Partial<NetworkInputs> | undefined;

function networkBody(desired: Present): Record<string, unknown> {
  const { inputs, mark } = desired;
  const { segmentation } = inputs;
  return {
    name: nameOf(desired) ?? desired.name,
    description: withMark(inputs.description, mark),
    ...(inputs.mtu !== undefined && { mtu: inputs.mtu }),
    ...(inputs.portSecurity !== undefined && { port_security_enabled: inputs.portSecurity }),
    ...(inputs.dnsDomain !== undefined && { dns_domain: domainOf(inputs.dnsDomain) }),
    ...(segmentation && { "provider:network_type": segmentation.type }),
    ...(segmentation?.id !== undefined && { "provider:segmentation_id": segmentation.id }),
    ...(segmentation?.physicalNetwork !== undefined && { "provider:physical_network": segmentation.physicalNetwork }),
  };
}

function writeNetwork(desired: Present, seen: SeenNetwork): Answer | undefined {
  const { inputs } = desired;
  const network = seen.network!;
  const name = nameOf(desired);
  const domain = inputs.dnsDomain ?? (lastInputs(desired)?.dnsDomain === undefined ? undefined : "");
  const changes = {
    ...(name !== undefined && name !== network.name && { name }),
    ...(inputs.mtu !== undefined && inputs.mtu !== network.mtu && { mtu: inputs.mtu }),
    ...(inputs.portSecurity !== undefined &&
      inputs.portSecurity !== network.port_security_enabled && { port_security_enabled: inputs.portSecurity }),
    ...(domain !== undefined && domainOf(domain) !== (network.dns_domain ?? "") && { dns_domain: domainOf(domain) }),
  };
  if (Object.keys(changes).length)
    return act(`set ${Object.keys(changes).join(", ")} of the network`, {
      call: "updateNetwork",
      id: network.id,
      changes,
    });
  const text = inputs.description ?? (inputs.adopt === undefined ? "" : undefined);
  if (text === undefined || text === withoutMark(network.description)) return undefined;
  // Text and mark share one field: nobody else's write may be lost.
  return act("set the description of the network", {
    call: "updateNetwork",
    id: network.id,
    changes: { description: withMark(text, seen.mark ?? desired.mark) },
    ...(network.revision_number !== undefined && { revision: network.revision_number }),
  });
}

/** Takes away what lets others in who are not named. */
function closeNetwork(desired: Present, seen: SeenNetwork): Answer | undefined {
  const named = desired.inputs.sharedWith ?? [];
  for (const entry of seen.sharing) {
    if (entry.action !== "access_as_shared" || named.includes(entry.target_tenant)) continue;
    const everybody = entry.target_tenant === "*";
    const users = othersPorts(seen).filter((port) =>
      everybody ? ![seen.projectId, ...named].includes(port.project_id) : port.project_id === entry.target_tenant,
    );
    const whom = everybody ? "every project" : `project ${entry.target_tenant}`;
    if (users.length)
      return {
        failed: failure(
          "in-use",
          `sharing with ${whom} cannot end while ports stand on the network: ${listPorts(users, seen.projectId)}`,
          {
            path: "sharedWith",
            next: "have these ports removed, or name the project in `sharedWith`, and run the same command again.",
          },
        ),
      };
    return act(`end sharing with ${whom}`, { call: "unshare", policy: entry.id });
  }
  return undefined;
}

/** Takes away subnets of ours that the program does not name any more. */
function removeSubnets(desired: Present, seen: SeenNetwork): Answer | undefined {
  const wanted = wantedSubnets(desired.inputs);
  const last = lastInputs(desired);
  const before = last ? wantedSubnets(last) : [];
  const missing = wanted.filter((one) => !subnetOf(seen.subnets, one.cidr));
  const gone = seen.subnets.filter((subnet) => {
    if (!isOurs(seen, subnet)) return false;
    const still = wanted.find((one) => subnetOf([subnet], one.cidr));
    return !still || needsNewSubnet(still, subnet, sameBlock(before, still));
  });
  for (const subnet of gone) {
    const blocked = stuckOn(seen, subnet);
    if (blocked) return { failed: blocked };
  }
  // New ones are made before old ones go, except where their addresses collide.
  const first = gone.find(
    (subnet) =>
      !missing.length ||
      missing.some((one) => collide(one.cidr, subnet.cidr)) ||
      wanted.some((one) => subnetOf([subnet], one.cidr)),
  );
  return first && dropSubnet(seen, first);
}

const sameBlock = (subnets: readonly SubnetInput[], one: SubnetInput) =>
  subnets.find((other) => other.cidr === one.cidr);

function collide(a: string, b: string): boolean {
  const [left, right] = [parseBlock(a), parseBlock(b)];
  return !("wrong" in left) && !("wrong" in right) && overlap(left, right);
}

function stuckOn(seen: SeenNetwork, subnet: Subnet) {
  const ports = othersPorts(seen).filter((port) => port.fixed_ips.some((ip) => ip.subnet_id === subnet.id));
  if (!ports.length) return undefined;
  return failure(
    "in-use",
    `subnet ${subnet.cidr} cannot go while ports stand on it: ${listPorts(ports, seen.projectId)}`,
    {
      path: "subnets",
      next: "free these ports first, keep the block in the program, or change `replaceTrigger` to make a new network beside the old one.",
    },
  );
}

function dropSubnet(seen: SeenNetwork, subnet: Subnet): Answer {
  const leg = legOf(seen, subnet);
  if (leg)
    return act(`disconnect ${subnet.cidr} from the router`, { call: "disconnect", router: leg.id, subnet: subnet.id });
  return act(`delete subnet ${subnet.cidr}`, { call: "deleteSubnet", id: subnet.id });
}

/** The router of ours that a subnet is connected to. */
const legOf = (seen: SeenNetwork, subnet: Subnet): Router | undefined =>
  seen.routers.find((router) =>
    seen.ports.some(
      (port) =>
        port.device_id === router.id &&
        ROUTER_LEGS.includes(port.device_owner) &&
        port.fixed_ips.some((ip) => ip.subnet_id === subnet.id),
    ),
  );

function makeSubnets(desired: Present, seen: SeenNetwork): Answer | undefined {
  const last = lastInputs(desired);
  const before = last ? wantedSubnets(last) : [];
  const name = nameOf(desired) ?? seen.network!.name;
  const mark = seen.mark ?? desired.mark;
  for (const wanted of wantedSubnets(desired.inputs)) {
    const subnet = subnetOf(seen.subnets, wanted.cidr);
    if (!subnet) {
      const body = {
        network_id: seen.network!.id,
        name,
        description: withMark(undefined, partMark(mark)),
        ...subnetBody(wanted),
      };
      return act(`create subnet ${wanted.cidr}`, { call: "createSubnet", body });
    }
    if (!isOurs(seen, subnet))
      return act(`take subnet ${wanted.cidr} under management`, {
        call: "updateSubnet",
        id: subnet.id,
        changes: { description: withMark(withoutMark(subnet.description), partMark(mark)) },
      });
    const changes = {
      ...(nameOf(desired) !== undefined && name !== subnet.name && { name }),
      ...subnetChanges(wanted, subnet, sameBlock(before, wanted)),
    };
    if (Object.keys(changes).length)
      return act(`set ${Object.keys(changes).join(", ")} of subnet ${wanted.cidr}`, {
        call: "updateSubnet",
        id: subnet.id,
        changes,
      });
  }
  // What was waiting for its successor goes now.
  return removeSubnets(desired, seen);
}

function makeRouter(desired: Present, seen: SeenNetwork): Answer | undefined {
  const network = seen.network!;
  const [router, ...twins] = seen.routers;
  if (desired.inputs.externalNetwork === undefined) return router && dropRouter(seen, router);
  if (twins[0]) return dropRouter(seen, twins[0]);
  const outside = seen.external![0]!.id;
  const name = nameOf(desired) ?? network.name;
  if (!router)
    return act("create router", {
      call: "createRouter",
      body: {
        name,
        description: withMark(routerText(network.id), partMark(seen.mark ?? desired.mark)),
        external_gateway_info: { network_id: outside },
      },
    });
  const changes = {
    ...(router.name !== name && { name }),
    ...(router.external_gateway_info?.network_id !== outside && { external_gateway_info: { network_id: outside } }),
  };
  if (Object.keys(changes).length)
    return act(`set ${Object.keys(changes).join(", ")} of the router`, {
      call: "updateRouter",
      id: router.id,
      changes,
    });
  const loose = seen.subnets.find(
    (subnet) => isOurs(seen, subnet) && subnet.gateway_ip !== null && legOf(seen, subnet)?.id !== router.id,
  );
  return loose && act(`connect ${loose.cidr} to the router`, { call: "connect", router: router.id, subnet: loose.id });
}

/** Takes a router of ours away, legs first; never legs on networks of others. */
function dropRouter(seen: SeenNetwork, router: Router): Answer {
  const legs = seen.ports.filter((port) => port.device_id === router.id && ROUTER_LEGS.includes(port.device_owner));
  const foreign = legs.filter((port) => port.network_id !== seen.network?.id);
  if (foreign.length)
    return {
      failed: failure(
        "in-use",
        `router ${router.id} cannot go while other networks are connected to it: ${[...new Set(foreign.map((port) => port.network_id))].join(", ")}`,
        {
          path: "externalNetwork",
          next: "disconnect these networks from the router and run the same command again.",
        },
      ),
    };
  const subnet = legs[0]?.fixed_ips[0]?.subnet_id;
  if (subnet === undefined) return act("delete router", { call: "deleteRouter", id: router.id });
  const cidr = seen.subnets.find((one) => one.id === subnet)?.cidr ?? subnet;
  return act(`disconnect ${cidr} from the router`, { call: "disconnect", router: router.id, subnet });
}

function openNetwork(desired: Present, seen: SeenNetwork): Answer | undefined {
  for (const project of desired.inputs.sharedWith ?? []) {
    const there = seen.sharing.some((entry) => entry.action === "access_as_shared" && entry.target_tenant === project);
    if (!there && project !== seen.projectId)
      return act(`share with project ${project}`, { call: "share", network: seen.network!.id, project });
  }
  return undefined;
}

function finish(desired: Present, seen: SeenNetwork): Answer {
  const open = openTo(seen);
  const broken = [seen.network, ...seen.routers].find((one) => one?.status === "ERROR");
  if (broken && desired.mark.nonce !== undefined)
    return {
      failed: failure("network-failed", `Neutron shows ${broken.name} in status ERROR and does not say why`, {
        where: broken.id,
        state: "ERROR",
      }),
    };
  // A create promises isolation; later, drift that we cannot close is told as the condition.
  if (open.length && desired.mark.nonce !== undefined)
    return {
      failed: failure("not-isolated", `the network is open to ${open.join(", ")}`, { where: seen.network!.id }),
    };
  return { done: "ready" };
}

/** Brings a network to absent: router, subnets, network; only what is ours, and all or nothing. */
function removal(seen: SeenNetwork): Answer {
  const { network, routers } = seen;
  if (network) {
    const ports = othersPorts(seen);
    if (ports.length)
      return {
        failed: failure(
          "in-use",
          `the network cannot go while ports stand on it: ${listPorts(ports, seen.projectId)}`,
          {
            where: network.id,
            next: "free these ports and run the same command again; ports of others are never deleted by this provider.",
          },
        ),
      };
    const foreign = seen.subnets.filter((subnet) => !isOurs(seen, subnet));
    if (foreign.length)
      return {
        failed: failure(
          "in-use",
          `the network has subnets that this resource did not make: ${foreign.map((subnet) => `${subnet.cidr} ${subnet.id}`).join(", ")}`,
          {
            where: network.id,
            next: "delete them, or name their blocks in `subnets`, and run the same command again.",
          },
        ),
      };
  }
  if (routers[0]) return dropRouter(seen, routers[0]);
  const subnet = seen.subnets[0];
  if (network && subnet) return act(`delete subnet ${subnet.cidr}`, { call: "deleteSubnet", id: subnet.id });
  if (network) return act(`delete network ${network.name}`, { call: "deleteNetwork", id: network.id });
  return { done: "gone" };
}
