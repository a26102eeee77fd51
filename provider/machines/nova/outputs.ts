import { installRecord } from "../install.ts";
import { actualNetworks, firstAddress, portOutputs } from "../ports.ts";
import type { MachineInputs, MachineOutputs } from "../spec.ts";
import { traitsOf } from "./offers.ts";
import { type NovaSeen, powerNow } from "./seen.ts";
import { meaningOf } from "./states.ts";

/** What state keeps of a machine on the nova route. */
export function result(seen: NovaSeen, inputs: MachineInputs): MachineOutputs {
  const { server, node } = seen;
  const ports = orderedPorts(seen, inputs);
  const traits = node?.traits.length ? [...node.traits] : traitsOf(server?.flavor?.extra_specs);
  const address = firstAddress(ports);
  return {
    via: "nova",
    ...(server ? { serverId: server.id } : {}),
    ...(node ? { nodeId: node.id } : {}),
    ...(node?.name ? { nodeName: node.name } : {}),
    ...(address === undefined ? {} : { address }),
    ports: portOutputs(ports),
    ...(server?.imageId === undefined ? {} : { imageId: server.imageId }),
    ...(server?.flavor ? { flavorName: server.flavor.original_name } : {}),
    ...(node?.resourceClass ? { resourceClass: node.resourceClass } : {}),
    powerState: powerNow(seen),
    provisionState: server?.status ?? "gone",
    facts: server?.flavor
      ? {
          cpus: server.flavor.vcpus,
          memoryGiB: server.flavor.ram / 1024,
          diskGiB: server.flavor.disk,
          ...(traits.length ? { traits } : {}),
        }
      : {},
    ...(server?.fault ? { fault: server.fault.message } : {}),
    installDigest: server?.install ?? installRecord(seen.tag, inputs),
    wiped: "notVisible",
  };
}

/** The ports on the machine in the order of its networks. */
const orderedPorts = (seen: NovaSeen, inputs: MachineInputs) =>
  (seen.ports ?? []).filter(
    (port) => port.index < inputs.networks.length && seen.server !== undefined && port.device === seen.server.id,
  );

/** The inputs as the cloud has them, in the program's own words where they still hold. */
export function actual(seen: NovaSeen, inputs: MachineInputs): MachineInputs {
  const { server } = seen;
  if (!server || meaningOf(server.status)?.kind === "hidden") return inputs;
  const settled = seen.ports !== undefined;
  const now = powerNow(seen);
  const power = now === "unknown" || !settled ? inputs.power : now;
  return {
    ...inputs,
    ...(inputs.name === undefined ? {} : { name: server.name }),
    ...imageNow(seen, inputs),
    ...(inputs.metadata === undefined ? {} : { metadata: { ...server.metadata } }),
    ...(settled ? { networks: actualNetworks(inputs.networks, seen.ports ?? [], server.id) } : {}),
    ...(inputs.volumes === undefined || !settled
      ? {}
      : { volumes: inputs.volumes.filter((id) => server.volumes.includes(id)) }),
    ...(inputs.power === undefined ? {} : { power }),
    ...(inputs.deletionProtection === undefined ? {} : { deletionProtection: server.locked }),
  };
}

/** The image's name stays while it means what is installed; else the id of what is. */
function imageNow({ server, image, lastImage }: NovaSeen, inputs: MachineInputs): Partial<MachineInputs> {
  const id = server?.imageId;
  if (inputs.image === undefined || id === undefined || inputs.image === id) return {};
  return image === id || (image === undefined && (lastImage === undefined || lastImage === id)) ? {} : { image: id };
}

/** What keeps a machine from being whole, in one line. */
export function trouble(seen: NovaSeen): string | undefined {
  const { server, node, missing } = seen;
  if (!server) return undefined;
  const meaning = meaningOf(server.status);
  if (node?.maintenance !== undefined) return `maintenance: ${node.maintenance}`;
  if (meaning?.kind === "error") return `fault: ${server.fault?.message ?? "Nova reports ERROR and gives no reason"}`;
  if (!meaning) return `status ${server.status}, which this provider does not know`;
  if (meaning.kind === "held" || meaning.kind === "hidden") return `${server.status}: ${meaning.words}`;
  if (node?.fault !== undefined) return `node fault: ${node.fault}`;
  if (missing.length)
    return `its port${missing.length > 1 ? "s" : ""} for ${missing.map((index) => `networks[${index}]`).join(", ")} ${missing.length > 1 ? "are" : "is"} not on it`;
  if (server.installPending && meaning.kind === "steady") return "a reinstall was begun and not seen to its end";
  return undefined;
}
