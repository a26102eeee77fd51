import type { Known } from "../known.ts";

/** What the sandbox's Ironic does otherwise than the recorded one. */
export const known: Known[] = [
  {
    exchange: "ironic/*",
    path: "body*_interface",
    recorded: '"oscloud"',
    got: '"fake"',
    reason:
      "the test cloud drives its fake hardware through interfaces of its own (tests/cloud/plugins); here they are Ironic's",
  },
  {
    exchange: "ironic/life/an-active-machine-*",
    path: "body.instance_info.*rescue_password",
    recorded: '"******"',
    got: "(nothing)",
    reason:
      "the test cloud's fake rescue leaves the password where Ironic's own agent rescue takes it away once it is set",
  },
  {
    exchange: "ironic/allocations/an-allocation-is-found-changed-and-ended",
    step: "GET <ironic>/v1/allocations?node=*",
    path: "*",
    reason: "Ironic 39 fails (500) on this list within a project; the sandbox refuses it (400)",
  },
];
