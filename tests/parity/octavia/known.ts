/** What the sandbox's load balancers do otherwise, and why that is accepted. */
import type { Known } from "../known.ts";

export const known: Known[] = [
  {
    exchange: "octavia/service/*",
    path: "body.providers.*",
    recorded: '{"name":"noop_driver"*',
    got: "(nothing)",
    reason: "the test cloud's second provider only tries out the API; clouds have the amphora driver",
  },
  {
    exchange: "octavia/*",
    path: "headers.x-openstack-request-id",
    recorded: "(nothing)",
    got: '"<present>"',
    reason: "the sandbox numbers also what is refused for want of a token",
  },
];
