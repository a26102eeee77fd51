import { visible } from "../../openstack/ironic/index.ts";
import { actualNetworks, firstAddress, portOutputs } from "../ports.ts";
import type { MachineInputs, MachineOutputs } from "../spec.ts";
import type { IronicSeen } from "./observe.ts";
import { amounts } from "./offers.ts";
import { installedOf, metadataOf, recordedOf } from "./records.ts";
import { STATES } from "./states.ts";
import { maintenanceOf } from "./words.ts";

const powerOf = (state: string | null | undefined): MachineOutputs["powerState"] =>
  state === "power on" ? "on" : state === "power off" ? "off" : "unknown";

/** What is installed now; what state last knew while something is under way. */
function installed(seen: IronicSeen): string | undefined {
  if (!seen.allocation || !seen.details) return seen.last?.imageId;
  // Nothing whole is on the disk yet, whatever the node was told.
  if (["available", "deploy failed"].includes(seen.details.node.provision_state)) return undefined;
  return installedOf(seen.allocation, seen.details.node, false).image ?? undefined;
}

/** The outputs. While the conductor is at work on the node only what a short look shows is new. */
export function result(seen: IronicSeen): MachineOutputs {
  const { allocation, node, details, last } = seen;
  const ports = details ? seen.ports.filter((port) => port.device !== "") : undefined;
  const address = ports ? firstAddress(ports) : last?.address;
  const full = details?.node;
  const imageId = installed(seen);
  const digest = allocation && recordedOf(allocation)?.digest;
  const fault = node && (visible(node.last_error) ?? node.fault ?? undefined);
  const resourceClass = full?.resource_class ?? allocation?.resource_class ?? last?.resourceClass;
  return {
    via: "ironic",
    ...(allocation && { allocationId: allocation.uuid }),
    ...(node && { nodeId: node.uuid }),
    ...(node?.name && { nodeName: node.name }),
    ...(address !== undefined && { address }),
    ports: ports ? portOutputs(ports) : (last?.ports ?? []),
    ...(imageId !== undefined && { imageId }),
    ...(resourceClass != null && { resourceClass }),
    powerState: powerOf(node?.power_state),
    provisionState: node?.provision_state ?? "unknown",
    facts: full ? { ...amounts(full.properties), traits: [...full.traits].sort() } : (last?.facts ?? {}),
    ...(fault && { fault }),
    ...(digest !== undefined && { installDigest: digest }),
    wiped: "notVisible",
  };
}

/** The inputs as the cloud has them, in the program's own words where they still hold. */
export function actual(seen: IronicSeen, inputs: MachineInputs): MachineInputs {
  const { allocation, details, last } = seen;
  // While something is under way nothing is settled; but an image that is not on the machine yet must not look so.
  if (!allocation || !details)
    return last?.image !== undefined && inputs.image !== undefined ? { ...inputs, image: last.image } : inputs;
  const { node, targets } = details;
  const has = installed(seen);
  const isThere = (volume: string) => targets.some((target) => target.volume_id === volume);
  const { name, image, power, volumes, deletionProtection, metadata, ...rest } = inputs;
  const display = node.instance_info["display_name"];
  const given = metadataOf(allocation);
  return {
    ...rest,
    ...(name !== undefined && { name: typeof display === "string" ? display : name }),
    ...(image !== undefined && { image: has === undefined || has === seen.image?.id ? image : has }),
    ...(power !== undefined && {
      power:
        node.target_power_state || powerOf(node.power_state) === "unknown"
          ? power
          : (powerOf(node.power_state) as "on" | "off"),
    }),
    ...(volumes !== undefined && { volumes: volumes.filter(isThere) }),
    ...(deletionProtection !== undefined && { deletionProtection: node.protected }),
    ...(metadata !== undefined && { metadata: given ?? metadata }),
    networks: actualNetworks(inputs.networks ?? [], seen.ports, node.uuid),
  };
}

/** What keeps a machine that is there from being whole, in one line. */
export function trouble(seen: IronicSeen): string | undefined {
  const { allocation, node } = seen;
  if (!allocation) return undefined;
  if (!node) return `hidden: node ${allocation.node_uuid ?? ""} is neither owned nor leased by the project any more`;
  if (seen.carries !== "ours") return "lost: the node is no longer reserved for this server";
  const state = node.provision_state;
  const text = STATES[state]?.text ?? "a state that this release does not know";
  const said = visible(node.last_error);
  if (STATES[state]?.kind === "failure") return `${state}: ${said ?? node.fault ?? text}`;
  if (node.maintenance) return `maintenance: ${maintenanceOf(node)}`;
  if (node.fault) return `${node.fault}${said ? `: ${said}` : ""}`;
  if (state !== "active") return `${state}: ${text}`;
  if (node.power_state === "error") return `power error${said ? `: ${said}` : ""}`;
  return undefined;
}
