/** Accepted differences of nova. */
import type { Known } from "../known.ts";

export const known: Known[] = [
  {
    exchange: "nova/*",
    path: "*mac_addr*",
    reason:
      "which of the free machines nova takes is chance, and with it its MAC address; nova notices with its next look at the port that Ironic gave the port that address",
    real: true,
  },
  {
    exchange: "nova/*",
    path: "*OS-EXT-STS:power_state",
    recorded: "4",
    got: "1",
    reason: "a round of nova's look at power sees some machines off while Ironic switches them to the tenant's network",
    real: true,
  },
  {
    exchange: "nova/metal/*",
    path: "body.instanceActions.*",
    recorded: "(nothing)",
    reason:
      "the sandbox's machines boot a ramdisk to deploy, the test cloud's do not: Ironic tells nova of each change of power",
  },
  {
    exchange: "nova/servers/lists-of-servers",
    path: "body.badRequest.message",
    recorded: '"Invalid input for query parameters sort_key*',
    got: '"Invalid input for query parameters sort_key*',
    reason: "nova lists the keys in an order that its process chose by chance",
    real: true,
  },
  {
    exchange: "nova/servers/*",
    path: "body.ports.0.revision_number",
    reason:
      "each of Ironic's and nova's changes of a port counts; the two clouds need not make the same number of them",
    real: true,
  },
  {
    exchange: "nova/operator/*",
    path: "body.services.0.state",
    recorded: '"down"',
    got: '"up"',
    reason: "the test cloud's nova-compute for virtual machines was dead when this was recorded",
  },
  {
    exchange: "nova/keypairs/key-pairs",
    path: "body.keypair.id",
    reason: "a counter of nova's database",
    real: true,
  },
  {
    exchange: "nova/flavors/*",
    path: "body.*.message",
    recorded: '"Flavor access *',
    got: '"Flavor access *',
    reason: "the number of the flavor in nova's database, which grows with each flavor that was ever made",
    real: true,
  },
];
