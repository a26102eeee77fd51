/** What the sandbox's Neutron does otherwise, and why that is accepted. */
import type { Known } from "../known.ts";

export const known: Known[] = [
  {
    exchange: "neutron/binding/ports-of-bare-metal-and-of-virtual-machines",
    path: "*port.binding:host_id",
    recorded: '"fakevm1"',
    reason: "the host of virtual servers has the name that the fleet gives it",
  },
];
