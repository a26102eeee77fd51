import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";

/** Placeholder until its developer writes it. */
export function placement(_world: World): Service {
  return {
    name: "placement",
    type: "placement",
    prefix: "/placement",
    suffix: "",
    daemon: "placement",
    routes: [],
    refuse: (refusal) => ({
      status: refusal.status,
      body: { error: { code: refusal.status, message: refusal.message } },
    }),
  };
}
