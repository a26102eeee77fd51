import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";

/** Placeholder until its developer writes it. */
export function neutron(_world: World): Service {
  return {
    name: "neutron",
    type: "network",
    prefix: "/network",
    suffix: "",
    daemon: "neutron-server",
    routes: [],
    refuse: (refusal) => ({
      status: refusal.status,
      body: { error: { code: refusal.status, message: refusal.message } },
    }),
  };
}
