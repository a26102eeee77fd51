import { type Static, Type } from "typebox";

const closed = { additionalProperties: false } as const;

/** A disk inside the machine. */
const Disk = Type.Object(
  {
    type: Type.Optional(
      Type.Union([Type.Literal("hdd"), Type.Literal("ssd"), Type.Literal("nvme")], {
        description: "Kind of disk. `ssd` is met by NVMe too. Any kind where left out.",
      }),
    ),
    sizeGiB: Type.Integer({ minimum: 1, description: "Smallest size, in GiB." }),
  },
  closed,
);

const HARDWARE =
  "What the machine must have: a `class`, a `flavor`, or amounts. Amounts are met by the smallest kind that this credential may use. A change replaces the machine.";

/** What the machine must have. */
export const Hardware = Type.Object(
  {
    class: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "Ironic resource class, for example `baremetal`. Taken as it is; nothing else but `traits` may stand beside it.",
      }),
    ),
    flavor: Type.Optional(
      Type.String({
        minLength: 1,
        description: "Nova flavor, by name or id. Taken as it is; nothing else may stand beside it. Nova route only.",
      }),
    ),
    cpus: Type.Optional(
      Type.Integer({ minimum: 1, description: "At least so many CPUs (hardware threads as the cloud counts them)." }),
    ),
    memoryGiB: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: "At least so much memory, in GiB." })),
    disks: Type.Optional(
      Type.Array(Disk, { minItems: 1, description: "Disks inside the machine, each at least as described." }),
    ),
    uplinkGbps: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: "At least so fast a network card, in Gbit/s." }),
    ),
    fabric: Type.Optional(
      Type.Union([Type.Literal("ethernet"), Type.Literal("roce"), Type.Literal("infiniband")], {
        description: "Kind of network fabric.",
      }),
    ),
    traits: Type.Optional(
      Type.Array(Type.String({ pattern: "^[A-Z0-9_]+$" }), {
        uniqueItems: true,
        description: "Traits that the machine must have, for example `CUSTOM_GPU` or `HW_CPU_X86_AVX2`.",
      }),
    ),
  },
  { ...closed, replaces: true, description: HARDWARE },
);
/** The values of {@link Hardware}. */
export type Hardware = Static<typeof Hardware>;

const NetworkAttachment = Type.Object(
  {
    network: Type.Optional(
      Type.String({ minLength: 1, description: "Network, by id. A port is made on it, and goes with the machine." }),
    ),
    port: Type.Optional(
      Type.String({
        minLength: 1,
        description: "An existing port, by id, in place of `network`. It is left alone when the machine goes.",
      }),
    ),
    addresses: Type.Optional(
      Type.Array(Type.String({ format: "ip" }), {
        minItems: 1,
        uniqueItems: true,
        description: "Fixed addresses on the network, IPv4 or IPv6. The cloud chooses where left out.",
      }),
    ),
    securityGroups: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        uniqueItems: true,
        description:
          "Security groups, by id. The project's default group where left out. Whether a bare metal port enforces them depends on the cloud's switches.",
      }),
    ),
  },
  closed,
);

/** The inputs of a machine on either route, without the ones that every resource has. */
export const machineInputs = {
  name: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      description: "Name in the cloud. Default: the resource's logical name. Changed in place.",
    }),
  ),
  kind: Type.Optional(
    Type.Union([Type.Literal("baremetal"), Type.Literal("virtual")], {
      default: "baremetal",
      replaces: true,
      description: "A whole physical machine, or a virtual one with the same interface. Default `baremetal`.",
    }),
  ),
  route: Type.Optional(
    Type.Union([Type.Literal("nova"), Type.Literal("ironic")], {
      replaces: true,
      description:
        "Through which service the machine is taken: `nova` (clouds that offer bare metal flavors) or `ironic` (nodes that the project owns or leases). Chosen once when left out, then kept.",
    }),
  ),
  hardware: Hardware,
  image: Type.Optional(
    Type.String({
      minLength: 1,
      reinstalls: true,
      description: "Image, by name or id. A change reinstalls the machine, only where `allowReinstall` says so.",
    }),
  ),
  bootVolume: Type.Optional(
    Type.String({
      minLength: 1,
      replaces: true,
      description: "A bootable volume, by id, to boot from in place of an image on the internal disk.",
    }),
  ),
  networks: Type.Array(NetworkAttachment, {
    description:
      "Networks that the machine is on, in the order of its network cards. Changed in place: ports are added, changed and removed.",
  }),
  sshKeys: Type.Optional(
    Type.Array(Type.String({ pattern: "^(ssh|ecdsa|sk)-" }), {
      reinstalls: true,
      description: "Public keys for the image's first user, as in authorized_keys. A change reinstalls.",
    }),
  ),
  keyPair: Type.Optional(
    Type.String({ minLength: 1, replaces: true, description: "Name of an existing Nova key pair. Nova route only." }),
  ),
  userData: Type.Optional(
    Type.String({
      secret: true,
      maxLength: 48_000,
      reinstalls: true,
      description: "User data for cloud-init, in clear text. Kept encrypted in state. A change reinstalls.",
    }),
  ),
  metadata: Type.Optional(
    Type.Record(Type.String({ minLength: 1, maxLength: 255 }), Type.String({ maxLength: 255 }), {
      description:
        "Metadata of the machine. On the nova route changed in place; on the ironic route it reaches the machine with the next install.",
    }),
  ),
  configDrive: Type.Optional(
    Type.Boolean({
      default: true,
      replaces: true,
      description: "Whether the machine gets its configuration on a config drive. Default true.",
    }),
  ),
  volumes: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      uniqueItems: true,
      replaces: true,
      description:
        "Volumes, by id, attached when the machine is deployed. For one that comes later use VolumeAttachment.",
    }),
  ),
  power: Type.Optional(
    Type.Union([Type.Literal("on"), Type.Literal("off")], {
      description: "Power state to keep. Left alone where it is not set.",
    }),
  ),
  allowReinstall: Type.Optional(
    Type.Boolean({
      description:
        "Allows that a change of image, ssh keys or user data wipes the machine's disk and installs anew. Default false.",
    }),
  ),
  deletionProtection: Type.Optional(
    Type.Boolean({
      description: "Whether deleting is refused, here and in the cloud (Nova lock, Ironic `protected`). Default false.",
    }),
  ),
};

/** A machine's own outputs on either route. */
export const machineOutputs = {
  via: Type.Union([Type.Literal("nova"), Type.Literal("ironic")], {
    description: "The route by which the machine was taken, also where the program leaves `route` out.",
  }),
  serverId: Type.Optional(
    Type.String({ description: "Nova's id of the server, on the nova route. Fits `instanceId` of @pulumi/openstack." }),
  ),
  allocationId: Type.Optional(Type.String({ description: "Ironic's id of the allocation, on the ironic route." })),
  nodeId: Type.Optional(Type.String({ description: "Ironic's id of the node, where this credential may see it." })),
  nodeName: Type.Optional(Type.String({ description: "Ironic's name of the node, where this credential may see it." })),
  address: Type.Optional(Type.String({ description: "The first IPv4 address, else the first address." })),
  ports: Type.Array(
    Type.Object(
      { id: Type.String(), network: Type.String(), mac: Type.String(), addresses: Type.Array(Type.String()) },
      closed,
    ),
    { description: "The machine's ports in the order of `networks`: id, network, MAC and addresses." },
  ),
  imageId: Type.Optional(Type.String({ description: "Id of the image that is installed." })),
  flavorName: Type.Optional(
    Type.String({ description: "The flavor that the hardware resolved to, on the nova route." }),
  ),
  resourceClass: Type.Optional(
    Type.String({ description: "The resource class of the node, where this credential may see it." }),
  ),
  powerState: Type.String({ description: "`on`, `off` or `unknown`, as the cloud last recorded it." }),
  provisionState: Type.String({ description: "Nova's status or Ironic's provision state, in their own words." }),
  facts: Type.Object(
    {
      cpus: Type.Optional(Type.Number()),
      memoryGiB: Type.Optional(Type.Number()),
      diskGiB: Type.Optional(Type.Number()),
      traits: Type.Optional(Type.Array(Type.String())),
    },
    { ...closed, description: "What the cloud says of the hardware, as far as this credential may see it." },
  ),
  fault: Type.Optional(Type.String({ description: "Nova's fault or Ironic's last error, while there is one." })),
  installDigest: Type.Optional(
    Type.String({ description: "Digest of what was handed to the installed system (ssh keys, user data)." }),
  ),
  wiped: Type.Union([Type.Literal("proven"), Type.Literal("attested"), Type.Literal("notVisible")], {
    description: "What is known of the wipe before this machine was handed over. Reserved: `notVisible` for now.",
  }),
};

const Inputs = Type.Object(machineInputs);
const Outputs = Type.Object(machineOutputs);
/** The values of {@link machineInputs}. */
export type MachineInputs = Static<typeof Inputs>;
/** The values of {@link machineOutputs}. */
export type MachineOutputs = Static<typeof Outputs>;
