import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";

/** Placeholder until its developer writes it. */
export function octavia(_world: World): Service {
  return {
    name: "octavia",
    type: "load-balancer",
    prefix: "/load-balancer",
    suffix: "",
    daemon: "octavia-api",
    routes: [],
    refuse: (refusal) => ({
      status: refusal.status,
      body: { error: { code: refusal.status, message: refusal.message } },
    }),
  };
}
