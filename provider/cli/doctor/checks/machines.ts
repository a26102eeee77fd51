import { describeOffer } from "../../../machines/hardware.ts";
import { offersOf } from "../../../machines/ironic/index.ts";
import { STATES } from "../../../machines/ironic/states.ts";
import { DEAD_ENDS, FAULTS, inMaintenance, nameOf } from "../../../machines/ironic/words.ts";
import { flavorOffers, normalizeClass } from "../../../machines/nova/offers.ts";
import type { Principal } from "../../../openstack/index.ts";
import type { Network } from "../../../openstack/neutron/index.ts";
import type { DoctorNode, Facts } from "../facts.ts";
import { count, type Finding, failed, lacks, note, type Read, some, unknown, works } from "../finding.ts";

const value = <T>(read: Read<T>): T | undefined => ("value" in read ? read.value : undefined);

/** Whether a node is a project's own or leased to it: only such nodes can be reserved by its users. */
const isOf = (node: DoctorNode, projectId: string) => node.owner === projectId || node.lessee === projectId;

/** Flavors of whole machines, and whether one is free as far as this credential sees nodes. */
export function checkFlavors({
  flavors,
  nodes,
  services,
  principal: { projectId },
}: Pick<Facts, "flavors" | "nodes" | "services" | "principal">): Finding[] {
  const area = "Machines by Nova";
  if ("failure" in flavors) return services.compute?.failure ? [] : [failed(area, flavors.failure, ["nova"])];
  const offers = flavorOffers(flavors.value).filter((offer) => offer.kind === "baremetal");
  if (!offers.length) {
    const hidden = flavors.value.every((flavor) => flavor.extra_specs === undefined);
    const text = `none of ${count(flavors.value.length, "flavor")} is of whole machines`;
    return [
      hidden && flavors.value.length
        ? unknown(area, `${text}, as far as this credential sees: it may not read what flavors ask for`)
        : lacks(area, "nothing-fits", text, {
            next: "ask the operator for access to a bare metal flavor, or for nodes of your own (route ironic).",
            shuts: ["nova"],
          }),
    ];
  }
  // Ironic shows a tenant the nodes of its own servers: they tell nothing of those that are free.
  const lent = (node: DoctorNode) => node.lessee === projectId && node.owner !== projectId && node.instance_uuid;
  const seen = (value(nodes) ?? []).filter((node) => !lent(node));
  return offers.map((offer) => {
    const fitting = seen.filter((node) => offer.classes.includes(normalizeClass(node.resource_class ?? "")));
    const free = offersOf(fitting).reduce((sum, one) => sum + (one.free ?? 0), 0);
    const what = `flavor ${describeOffer(offer)}`;
    if (!fitting.length) return works(area, `${what}; whether a node is free this credential cannot see`);
    return free > 0
      ? works(area, `${what}; ${free} of ${fitting.length} nodes free`)
      : lacks(area, "no-capacity", `${what}; none of ${count(fitting.length, "node")} is free`);
  });
}

/** The project's nodes by class and state, and what keeps each from use. */
export function checkNodes(
  { nodes, services }: Pick<Facts, "nodes" | "services">,
  { projectId, roles }: Pick<Principal, "projectId" | "roles">,
): Finding[] {
  const area = "Machines by Ironic";
  if ("failure" in nodes) return services.baremetal?.failure ? [] : [failed(area, nodes.failure, ["ironic"])];
  const mine = nodes.value.filter((node) => isOf(node, projectId));
  const others = nodes.value.length - mine.length;
  const more = others
    ? [note(area, `${count(others, "node")} of others can be seen, which this project cannot reserve`)]
    : [];
  if (!mine.length)
    return [
      lacks(area, "nothing-fits", "the project neither owns nor leases a node", {
        next: "ask the operator to make the project owner or lessee of nodes, or take machines by Nova.",
        mover: "operator",
        shuts: ["ironic"],
      }),
      ...more,
    ];
  const offers = offersOf(mine);
  const free = offers.reduce((sum, offer) => sum + (offer.free ?? 0), 0);
  const leased = mine.filter((node) => node.owner !== projectId);
  const mayNot = leased.length === mine.length && !roles.some((role) => /^(admin|manager)$/i.test(role));
  return [
    ...offers.map((offer) => (offer.free ? works(area, describeOffer(offer)) : note(area, describeOffer(offer)))),
    ...(free
      ? []
      : [lacks(area, "no-capacity", `none of ${count(mine.length, "node")} is free`, { shuts: ["ironic"] })]),
    ...(mayNot
      ? [
          lacks(area, "not-allowed", "the nodes are leased, and to deploy leased nodes needs the role manager", {
            shuts: ["ironic"],
          }),
        ]
      : []),
    ...stateLine(mine),
    ...mine.flatMap(whatKeeps),
    ...more,
  ];
}

function stateLine(nodes: readonly DoctorNode[]): Finding[] {
  const states = new Map<string, number>();
  for (const { provision_state } of nodes) states.set(provision_state, (states.get(provision_state) ?? 0) + 1);
  const text = [...states]
    .sort()
    .map(([state, number]) => `${number} ${state}`)
    .join(", ");
  return [note("Machines by Ironic", `${count(nodes.length, "node")}: ${text}`)];
}

/** What keeps one node from use, in Ironic's words. */
function whatKeeps(node: DoctorNode): Finding[] {
  const area = "Machines by Ironic";
  const state = node.provision_state;
  if (node.maintenance) return [failed(area, inMaintenance(node))];
  const said = node.last_error ? `: ${node.last_error}` : "";
  if (STATES[state]?.kind === "failure")
    return [lacks(area, DEAD_ENDS[state] ?? "stuck-state", `node ${nameOf(node)} is in state "${state}"${said}`)];
  const fault = FAULTS[node.fault ?? ""];
  if (fault) return [lacks(area, fault, `node ${nameOf(node)} has the fault "${node.fault}"${said}`)];
  if (node.retired) return [note(area, `node ${nameOf(node)} is retired: it is given to nobody any more`)];
  if (!node.resource_class) return [note(area, `node ${nameOf(node)} has no resource class and cannot be reserved`)];
  if (state === "available" && node.power_state === null)
    return [lacks(area, "power-failed", `node ${nameOf(node)} is free, but Ironic does not know its power state`)];
  return [];
}

/**
 * Ironic makes the ports of its own work in the name of whoever asks: the networks for it must be the project's, or be set
 * on each node by the operator to such ones.
 */
export function checkProvisioning(
  { nodes, networks }: Pick<Facts, "nodes" | "networks">,
  projectId: string,
): Finding[] {
  const area = "Machines by Ironic";
  const mine = (value(nodes) ?? []).filter((node) => isOf(node, projectId) && node.network_interface === "neutron");
  if (!mine.length || !("value" in networks)) return [];
  const shown = mine.filter((node) => node.wiringShown);
  const wrong = shown.flatMap((node) => {
    const names = [node.provisioningNetwork, node.cleaningNetwork];
    const foreign = names.find((name) => name !== undefined && !ownedNetwork(networks.value, name, projectId));
    return foreign === undefined ? [] : [{ node, foreign }];
  });
  const open = shown.filter((node) => !node.provisioningNetwork || !node.cleaningNetwork);
  const found: Finding[] = [];
  if (wrong.length)
    found.push(
      lacks(
        area,
        "network-failed",
        `${some(wrong.map(({ node, foreign }) => `node ${nameOf(node)} is provisioned on network ${foreign}`))}: not a network of this project, on which Ironic cannot make ports for it`,
        {
          next: "ask the operator for a provisioning network that the project owns, set in the nodes' driver_info (provisioning_network, cleaning_network).",
          ...(wrong.length === mine.length && { shuts: ["ironic"] }),
        },
      ),
    );
  const fine = shown.length - wrong.length - open.filter((node) => !wrong.some((one) => one.node === node)).length;
  if (fine > 0) found.push(works(area, `${count(fine, "node")} provisioned on networks of this project`));
  const hidden = mine.length - shown.length;
  if (hidden)
    found.push(
      unknown(
        area,
        `the network on which ${count(hidden, "leased node is", "leased nodes are")} provisioned is hidden from this credential`,
      ),
    );
  if (open.length)
    found.push(
      unknown(
        area,
        `${count(open.length, "node")} provisioned on the cloud's own network, which must be one of this project: ${some(open.map(nameOf))}`,
      ),
    );
  return found;
}

const ownedNetwork = (networks: readonly Network[], nameOrId: string, projectId: string) =>
  networks.some(
    (network) => (network.id === nameOrId || network.name === nameOrId) && network.project_id === projectId,
  );

/** Whether nodes can reach volumes: a storage interface that attaches, and a name for Cinder to export to. */
export function checkConnectors(
  { nodes, connectors }: Pick<Facts, "nodes" | "connectors">,
  projectId: string,
): Finding[] {
  const area = "Volumes";
  const mine = (value(nodes) ?? []).filter((node) => isOf(node, projectId));
  if (!mine.length) return [];
  const able = mine.filter((node) => node.storage_interface !== null && node.storage_interface !== "noop");
  if (!able.length)
    return [
      lacks(area, "unsupported", "no node of the project attaches volumes by Ironic: their storage interface is noop", {
        mover: "operator",
        next: "ask the operator for storage interface `cinder`, or export volumes to the running system (`initiator` of VolumeAttachment).",
      }),
    ];
  const known = value(connectors);
  if (!known) return [unknown(area, `${count(able.length, "node")} attach volumes; their connectors are not shown`)];
  const named = able.filter((node) =>
    known.some((one) => one.node_uuid === node.uuid && (one.type === "iqn" || one.type === "wwpn")),
  );
  const text = `${able.length} of ${count(mine.length, "node")} attach volumes by Ironic, ${named.length} have a connector`;
  return [works(area, named.length < able.length ? `${text}; the others get one when they need it` : text)];
}
