import { type Static, Type } from "typebox";
import { commonInputs, commonOutputs, defineResource, type Mark, readMark, type Seen } from "../core/index.ts";
import type { Cloud } from "../openstack/cloud.ts";
import type { Network, Port, RbacPolicy, Router, Subnet } from "../openstack/neutron/index.ts";
import { listOwnNetworks, proveNetworksReadable } from "../openstack/neutron/index.ts";
import { actualInputs, networkResult, troubleOf } from "./isolated-network/answers.ts";
import { markNetwork, observeNetwork, performNetwork } from "./isolated-network/calls.ts";
import { networkProblems } from "./isolated-network/problems.ts";
import { networkStep } from "./isolated-network/steps.ts";

const SubnetInputs = Type.Object(
  {
    cidr: Type.String({
      format: "cidr",
      description:
        "The subnet's addresses, IPv4 or IPv6, without host bits: `10.20.0.0/24`. A subnet is known by it: another block makes a new subnet and removes the old one, which the cloud refuses while ports stand on it.",
    }),
    gateway: Type.Optional(
      Type.String({
        description:
          "Address of the gateway inside the block, or `none`. Default: what the cloud chooses, for IPv4 the first host address. Changed in place.",
      }),
    ),
    dhcp: Type.Optional(
      Type.Boolean({
        description: "Whether the cloud answers DHCP (IPv6: announces the prefix). Default true. Changed in place.",
      }),
    ),
    allocationPools: Type.Optional(
      Type.Array(
        Type.Object(
          {
            start: Type.String({ format: "ip", description: "First address: `10.20.0.10`." }),
            end: Type.String({ format: "ip", description: "Last address: `10.20.0.200`." }),
          },
          { additionalProperties: false },
        ),
        {
          minItems: 1,
          description:
            "The ranges from which addresses are given out. Default: every host address but the gateway's. Changed in place; addresses given out already stay.",
        },
      ),
    ),
    dnsServers: Type.Optional(
      Type.Array(Type.String({ format: "ip" }), {
        description:
          'Addresses of the DNS servers that machines are told, in order: `["9.9.9.9"]`. Default: the cloud\'s own. Changed in place.',
      }),
    ),
    hostRoutes: Type.Optional(
      Type.Array(
        Type.Object(
          {
            destination: Type.String({ format: "cidr", description: "Where the route leads: `10.99.0.0/16`." }),
            nextHop: Type.String({ format: "ip", description: "The router's address: `10.20.0.254`." }),
          },
          { additionalProperties: false },
        ),
        { description: "Routes that machines are told by DHCP. Default none. Changed in place." },
      ),
    ),
    ipv6Mode: Type.Optional(
      Type.Union([Type.Literal("slaac"), Type.Literal("dhcpv6-stateful"), Type.Literal("dhcpv6-stateless")], {
        description:
          "How machines get their IPv6 address; the cloud's router announces it in the same mode. Default: neither is announced. A change makes the subnet anew, which is refused while ports stand on it.",
      }),
    ),
  },
  { additionalProperties: false },
);

const Segmentation = Type.Object(
  {
    type: Type.Union([Type.Literal("vlan"), Type.Literal("vxlan"), Type.Literal("geneve"), Type.Literal("flat")], {
      description: "How the network is kept apart on the wire.",
    }),
    id: Type.Optional(
      Type.Integer({
        description:
          "VLAN id (1 to 4094) or VXLAN/Geneve network id (1 to 16777215). Default: one of the cloud's own range.",
      }),
    ),
    physicalNetwork: Type.Optional(
      Type.String({
        minLength: 1,
        description: "The physical network under a vlan or flat network: `physnet1`. Default: the cloud's choice.",
      }),
    ),
  },
  {
    additionalProperties: false,
    replaces: true,
    description:
      "How the network is kept apart on the wire. Default: as the cloud does it for tenants. Only administrators may set it (Neutron's rule `create_network:provider:network_type`); for others the create is refused with the role that is missing. A change makes a new network.",
  },
);

const inputs = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 255,
        description: "The network's name in the cloud. Default: the resource's name. Changed in place.",
      }),
    ),
    cidr: Type.Optional(
      Type.String({
        format: "cidr",
        description:
          "Short form of one subnet with the cloud's defaults: `10.20.0.0/24`. Either this or `subnets`. A change makes a new subnet in the same network and removes the old one; it is refused while ports stand on the old one. To move everything at once change `replaceTrigger`: the new network is made before the old one is deleted.",
      }),
    ),
    subnets: Type.Optional(
      Type.Array(SubnetInputs, {
        description:
          "The network's subnets, each known by its `cidr`; they come and go in place. An empty list is a network without addresses. Either this or `cidr`.",
      }),
    ),
    dnsDomain: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 254,
        description:
          "Domain of the machines' names in the cloud's DNS: `db.example.org`. Default none. Changed in place.",
      }),
    ),
    externalNetwork: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "Name or id of the cloud's external network. A router of this resource then connects every subnet that has a gateway to it, with address translation. Default: no router; nothing leaves the network. Changed in place, router on and off too.",
      }),
    ),
    segmentation: Type.Optional(Segmentation),
    mtu: Type.Optional(
      Type.Integer({
        minimum: 68,
        maximum: 9216,
        description:
          "Largest packet in bytes: `9000`. Default: what the cloud's network carries; an overlay takes 50 bytes or more of it. Changed in place.",
      }),
    ),
    portSecurity: Type.Optional(
      Type.Boolean({
        description:
          "Whether new ports begin with security groups and protection against forged addresses. Default: the cloud's, mostly true. Changed in place for ports made afterwards. On bare metal the switch enforces it, or nobody does.",
      }),
    ),
    sharedWith: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description:
          "Ids of the other projects that may put ports on this network. Exactly these: sharing with anybody else is shown as drift and taken away by the next `pulumi up`. Default: nobody. Changed in place; a project whose ports stand on the network cannot be shut out before they are gone.",
      }),
    ),
    description: Type.Optional(
      Type.String({
        maxLength: 150,
        description:
          "Free text in the cloud's listing; this provider's mark stands behind it. Default none. Changed in place.",
      }),
    ),
    ...commonInputs,
  },
  { additionalProperties: false },
);

const Known = (description: string) => Type.Union([Type.String(), Type.Null()], { description });

const outputs = Type.Object({
  networkId: Type.String({
    description: "The network's id in Neutron, the same as the resource's id. What a machine's `networks` takes.",
  }),
  subnetIds: Type.Array(Type.String(), { description: "Ids of the subnets, in the order of the inputs." }),
  subnetDetails: Type.Array(
    Type.Object({
      id: Type.String(),
      cidr: Type.String(),
      ipVersion: Type.Integer(),
      gateway: Known("The gateway's address; null where there is none."),
    }),
    { description: "The subnets as they are, in the same order." },
  ),
  routerId: Type.Optional(
    Type.String({ description: "Id of this resource's router, where `externalNetwork` is set." }),
  ),
  externalAddress: Type.Optional(
    Type.String({
      description: "The address under which machines of this network appear outside, where `externalNetwork` is set.",
    }),
  ),
  segment: Type.Union(
    [
      Type.Object({
        type: Type.String(),
        id: Type.Optional(Type.Integer()),
        physicalNetwork: Type.Optional(Type.String()),
      }),
      Type.String(),
    ],
    {
      description:
        "How the network is kept apart on the wire: type, id, physical network. `unknown: needs admin` where the credential may not see it.",
    },
  ),
  isolation: Type.Object(
    {
      shared: Type.Boolean({ description: "Whether Neutron shows the network as open to everybody." }),
      external: Type.Boolean({
        description: "Whether it is an external network, on which others make floating addresses.",
      }),
      rbac: Type.Array(Type.Object({ projectId: Type.String(), action: Type.String(), id: Type.String() }), {
        description: "Every entry of access control on it that this credential may see.",
      }),
      projectsOnIt: Type.Array(Type.String(), {
        description:
          "Ids of the other projects that have ports on it. Entries that an administrator makes are hidden from tenants; the ports made through them are not.",
      }),
    },
    { description: "What was looked at to say `isolated`." },
  ),
  isolated: Type.Boolean({
    description:
      "Whether nobody but this project and those in `sharedWith` can be seen on this network or is let onto it.",
  }),
  ...commonOutputs,
});

/** The program's side of a network. */
export type NetworkInputs = Static<typeof inputs>;
/** One of its subnets. */
export type SubnetInput = Static<typeof SubnetInputs>;
/** What state keeps of a network beside its inputs. */
export type NetworkOutputs = Static<typeof outputs>;

/** What the cloud shows of a network and of everything that stands on it. */
export interface SeenNetwork extends Seen {
  readonly network?: Network;
  /** The credential's own project. */
  readonly projectId: string;
  readonly subnets: readonly Subnet[];
  /** Routers made for this network. */
  readonly routers: readonly Router[];
  /** Ports on the network and ports of those routers, each once. */
  readonly ports: readonly Port[];
  readonly sharing: readonly RbacPolicy[];
  /** What the program's `externalNetwork` fits; absent where it names none. */
  readonly external?: readonly { readonly id: string; readonly name: string }[];
  /** The projects that the program lets onto it. */
  readonly named: readonly string[];
}

/** One API call. */
export type NetworkCall =
  | { readonly call: "createNetwork"; readonly body: Readonly<Record<string, unknown>> }
  | {
      readonly call: "updateNetwork";
      readonly id: string;
      readonly changes: Readonly<Record<string, unknown>>;
      readonly revision?: number;
    }
  | { readonly call: "deleteNetwork"; readonly id: string }
  | { readonly call: "createSubnet"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly call: "updateSubnet"; readonly id: string; readonly changes: Readonly<Record<string, unknown>> }
  | { readonly call: "deleteSubnet"; readonly id: string }
  | { readonly call: "createRouter"; readonly body: Readonly<Record<string, unknown>> }
  | { readonly call: "updateRouter"; readonly id: string; readonly changes: Readonly<Record<string, unknown>> }
  | { readonly call: "deleteRouter"; readonly id: string }
  | { readonly call: "connect" | "disconnect"; readonly router: string; readonly subnet: string }
  | { readonly call: "share"; readonly network: string; readonly project: string }
  | { readonly call: "unshare"; readonly policy: string };

/** One step; its name is the progress line. */
export interface NetworkAction {
  readonly name: string;
  readonly args: NetworkCall;
}

/** A network of this project only, with proof of it among its outputs. Follows Neutron's API v2.0. */
export const isolatedNetwork = defineResource<typeof inputs, typeof outputs, SeenNetwork, NetworkAction, Cloud>({
  type: "IsolatedNetwork",
  description: `A network that only this project and the projects it names can use, with its subnets and, where wanted, a router to the outside.

What makes it isolated is looked at on every refresh and stands in \`isolation\`; when somebody opens it, \`condition\` says so and \`sharedWith\` shows as drift.
A replacement is made before the old network is deleted, so that machines can move.

Left alone are subnets, ports and routers that others made on it: deleting is refused while they are there, with a list.`,
  example: `import * as baremetal from "pulumi-baremetal";

const net = new baremetal.IsolatedNetwork("db", { cidr: "10.20.0.0/24", externalNetwork: "public" });

export const proof = net.isolation;`,
  inputs,
  outputs,
  deleteBeforeReplace: false,
  timeouts: { create: 300, update: 300, delete: 300 },
  stateVersion: 1,
  problems: networkProblems,
  // Naming the segment that the network has already, or not naming it any more, changes nothing.
  stays: (name, olds, news) =>
    name === "segmentation" && (news.segmentation === undefined || isSegment(olds.segment, news.segmentation)),
  async find(context, tag) {
    const { projectId } = await context.place();
    const networks = await listOwnNetworks(context.cloud, projectId);
    return networks.flatMap(({ id, name, description, created_at: created = "" }) => {
      const mark = readMark(description);
      return mark && (tag === undefined || mark.tag === tag) ? [{ id, name, mark, created }] : [];
    });
  },
  observe: observeNetwork,
  next: networkStep,
  perform: (context, action) => performNetwork(context.cloud, action.args),
  mark: (context, id, mark: Mark) => markNetwork(context.cloud, id, mark),
  async proveVisible(context) {
    await proveNetworksReadable(context.cloud, (await context.place()).projectId);
  },
  result: networkResult,
  actual: actualInputs,
  trouble: troubleOf,
});

/** Whether a segment as it was last seen is the one that is asked for. */
function isSegment(there: NetworkOutputs["segment"] | undefined, asked: NonNullable<NetworkInputs["segmentation"]>) {
  if (typeof there !== "object") return false;
  const { type, id = there.id, physicalNetwork = there.physicalNetwork } = asked;
  return there.type === type && there.id === id && there.physicalNetwork === physicalNetwork;
}
