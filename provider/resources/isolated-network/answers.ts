import { type CommonOutputs, readMark, withoutMark } from "../../core/index.ts";
import type { Network, Port, Subnet } from "../../openstack/neutron/index.ts";
import type { NetworkInputs, NetworkOutputs, SeenNetwork } from "../isolated-network.ts";
import { actualSubnet, domainOf, logicalName, subnetOf, wantedSubnets } from "./wanted.ts";

/** What stands for a segment that the credential may not see. */
export const HIDDEN = "unknown: needs admin";

/** Port owners that Neutron makes for itself and removes with the network. */
const ITS_OWN = ["network:dhcp", "network:distributed", "network:floatingip_agent_gateway"];
/** Port owners of a router's leg on a subnet. */
export const ROUTER_LEGS = [
  "network:router_interface",
  "network:router_interface_distributed",
  "network:ha_router_replicated_interface",
];

/** Whether a subnet is this resource's: it carries the network's tag. */
export const isOurs = (seen: SeenNetwork, subnet: Subnet): boolean =>
  seen.mark !== undefined && readMark(subnet.description)?.tag === seen.mark.tag;

/** Ports on the network that belong neither to Neutron itself nor to a router of ours. */
export const othersPorts = (seen: SeenNetwork): Port[] =>
  seen.ports.filter(
    (port) =>
      port.network_id === seen.network?.id &&
      !ITS_OWN.includes(port.device_owner) &&
      !seen.routers.some((router) => router.id === port.device_id),
  );

/** A line that names ports and says who can take each away. */
export function listPorts(ports: readonly Port[], projectId: string): string {
  const shown = ports
    .slice(0, 10)
    .map(
      (port) =>
        `${port.device_owner || "no owner"} ${port.id}${port.device_id ? ` of ${port.device_id}` : ""} (${moverOf(port, projectId)})`,
    );
  return `${shown.join("; ")}${ports.length > 10 ? `; and ${ports.length - 10} more` : ""}`;
}

function moverOf(port: Port, projectId: string): string {
  if (port.project_id !== projectId) return `project ${port.project_id} must remove it`;
  if (port.device_owner.startsWith("compute:")) return "delete that server or detach it";
  if (port.device_owner.startsWith("baremetal:")) return "release that machine or detach it";
  if (ROUTER_LEGS.includes(port.device_owner)) return "take the network off that router";
  if (/loadbalancer|octavia/i.test(port.device_owner)) return "delete that load balancer";
  return "delete the port where nothing uses it";
}

/** Entries and ports by which somebody who is not named reaches the network. */
function openings(seen: SeenNetwork): string[] {
  const { network, named, projectId } = seen;
  if (!network) return [];
  const found = seen.sharing
    .filter((entry) => !named.includes(entry.target_tenant) && entry.target_tenant !== projectId)
    .map(
      (entry) =>
        `${entry.target_tenant === "*" ? "every project" : `project ${entry.target_tenant}`} (${entry.action})`,
    );
  // `shared` is also true for a network of another project that is shared with this one.
  if (network.shared && network.project_id === projectId && !seen.sharing.some((entry) => entry.target_tenant === "*"))
    found.push("every project (shared)");
  if (network["router:external"] && !seen.sharing.some((entry) => entry.action === "access_as_external"))
    found.push("every project (external network)");
  for (const project of strangersOn(seen))
    if (!named.includes(project) && !found.some((one) => one.includes(project)))
      found.push(`project ${project} (it has ports there)`);
  return found;
}

/** Other projects with ports on the network; Neutron's own ports name none. */
const strangersOn = (seen: SeenNetwork): string[] =>
  [...new Set(seen.ports.filter((port) => port.network_id === seen.network?.id).map((port) => port.project_id))]
    .filter((project) => project !== "" && project !== seen.projectId)
    .sort();

/** What keeps a network from being whole, in one line. */
export function troubleOf(seen: SeenNetwork): string | undefined {
  const { network } = seen;
  if (!network) return undefined;
  const open = openings(seen);
  const foreign = seen.subnets.filter((subnet) => !isOurs(seen, subnet));
  const parts = [
    open.length && `open to ${open.join(", ")}`,
    network.status === "ERROR" && "the network is in status ERROR",
    network.admin_state_up === false && "the network is switched off (admin state down)",
    seen.routers.some((router) => router.status === "ERROR") && "its router is in status ERROR",
    seen.routers.length > 1 && `it has several routers: ${seen.routers.map((router) => router.id).join(", ")}`,
    foreign.length && `it has subnets of others: ${foreign.map((subnet) => `${subnet.cidr} ${subnet.id}`).join(", ")}`,
  ].filter((part): part is string => typeof part === "string");
  return parts.length ? parts.join("; ") : undefined;
}

/** Whom the network is open to beside those named; for a create that must not end so. */
export const openTo = openings;

/** What of a network goes to state. */
export function networkResult(seen: SeenNetwork, inputs: NetworkInputs): Omit<NetworkOutputs, keyof CommonOutputs> {
  const { network, subnets, routers, sharing } = seen;
  const asked = wantedSubnets(inputs).flatMap((wanted) => subnetOf(subnets, wanted.cidr) ?? []);
  const ordered = [...asked, ...subnets.filter((subnet) => isOurs(seen, subnet) && !asked.includes(subnet))];
  const [router] = routers;
  const externalAddress = router?.external_gateway_info?.external_fixed_ips?.[0]?.ip_address;
  return {
    networkId: network?.id ?? "",
    subnetIds: ordered.map((subnet) => subnet.id),
    subnetDetails: ordered.map((subnet) => ({
      id: subnet.id,
      cidr: subnet.cidr,
      ipVersion: subnet.ip_version,
      gateway: subnet.gateway_ip,
    })),
    ...(router && { routerId: router.id }),
    ...(externalAddress && { externalAddress }),
    segment: network ? (segmentOf(network) ?? HIDDEN) : HIDDEN,
    isolation: {
      shared: network?.shared ?? false,
      external: network?.["router:external"] ?? false,
      rbac: sharing
        .slice(0, 10)
        .map((entry) => ({ projectId: entry.target_tenant, action: entry.action, id: entry.id })),
      projectsOnIt: strangersOn(seen).slice(0, 10),
    },
    isolated: network !== undefined && openings(seen).length === 0,
  };
}

function segmentOf(network: Network): { type: string; id?: number; physicalNetwork?: string } | undefined {
  const segment = network["provider:network_type"] ? network : network.segments?.[0];
  const type = segment?.["provider:network_type"];
  if (!type) return undefined;
  const id = segment["provider:segmentation_id"];
  const physicalNetwork = segment["provider:physical_network"];
  return { type, ...(typeof id === "number" && { id }), ...(physicalNetwork && { physicalNetwork }) };
}

/** The inputs as the cloud has them, in the program's own words where they still hold. */
export function actualInputs(seen: SeenNetwork, inputs: NetworkInputs): NetworkInputs {
  const { network } = seen;
  if (!network) return inputs;
  const {
    name: _name,
    cidr: _cidr,
    subnets: _subnets,
    externalNetwork: _external,
    sharedWith: _shared,
    description: _text,
    ...rest
  } = inputs;
  const text = withoutMark(network.description);
  const description = inputs.description === undefined && inputs.adopt !== undefined ? undefined : text || undefined;
  return {
    ...rest,
    ...nameOf(network, inputs),
    ...subnetsOf(seen, inputs),
    ...routerOf(seen, inputs),
    ...sharedOf(seen, inputs),
    ...(description !== undefined && { description }),
    ...(inputs.mtu !== undefined && network.mtu !== undefined && { mtu: network.mtu }),
    ...(inputs.portSecurity !== undefined &&
      network.port_security_enabled !== undefined && { portSecurity: network.port_security_enabled }),
    ...(inputs.dnsDomain !== undefined &&
      domainOf(inputs.dnsDomain) !== network.dns_domain && { dnsDomain: network.dns_domain ?? "" }),
    ...segmentationOf(network, inputs),
  };
}

function nameOf(network: Network, inputs: NetworkInputs): { name?: string } {
  if (inputs.name !== undefined) return { name: network.name };
  return inputs.adopt !== undefined || network.name === logicalName(inputs.identity) ? {} : { name: network.name };
}

function subnetsOf(seen: SeenNetwork, inputs: NetworkInputs): Pick<NetworkInputs, "cidr" | "subnets"> {
  const wanted = wantedSubnets(inputs);
  const pairs = wanted.flatMap((one) => {
    const subnet = subnetOf(seen.subnets, one.cidr);
    return subnet ? [{ one, subnet }] : [];
  });
  const more = seen.subnets.filter(
    (subnet) => isOurs(seen, subnet) && !pairs.some((pair) => pair.subnet.id === subnet.id),
  );
  if (inputs.cidr !== undefined && !more.length) return pairs.length ? { cidr: inputs.cidr } : {};
  if (inputs.cidr === undefined && inputs.subnets === undefined && !more.length) return {};
  return {
    subnets: [...pairs.map(({ one, subnet }) => actualSubnet(one, subnet)), ...more.map(({ cidr }) => ({ cidr }))],
  };
}

function routerOf(seen: SeenNetwork, inputs: NetworkInputs): { externalNetwork?: string } {
  const at = seen.routers[0]?.external_gateway_info?.network_id;
  if (at === undefined) return {};
  const meant = seen.external?.some((network) => network.id === at) || inputs.externalNetwork === at;
  return { externalNetwork: meant ? inputs.externalNetwork! : at };
}

function sharedOf(seen: SeenNetwork, inputs: NetworkInputs): { sharedWith?: string[] } {
  const with_ = seen.sharing.filter((entry) => entry.action === "access_as_shared").map((entry) => entry.target_tenant);
  const kept = (inputs.sharedWith ?? []).filter((project) => with_.includes(project));
  const added = [...new Set(with_)].filter((project) => !kept.includes(project)).sort();
  return inputs.sharedWith === undefined && !added.length ? {} : { sharedWith: [...kept, ...added] };
}

function segmentationOf(network: Network, inputs: NetworkInputs): Pick<NetworkInputs, "segmentation"> {
  const segment = segmentOf(network);
  if (!inputs.segmentation || !segment) return {};
  const { id, physicalNetwork } = inputs.segmentation;
  return {
    segmentation: {
      type: segment.type as "vlan",
      ...(id !== undefined && segment.id !== undefined && { id: segment.id }),
      ...(physicalNetwork !== undefined &&
        segment.physicalNetwork !== undefined && { physicalNetwork: segment.physicalNetwork }),
    },
  };
}
