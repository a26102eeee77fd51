import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";

/** Placeholder until its developer writes it. */
export function nova(_world: World): Service {
  return {
    name: "nova",
    type: "compute",
    prefix: "/compute",
    suffix: "/v2.1",
    daemon: "nova-api",
    routes: [],
    refuse: (refusal) => ({
      status: refusal.status,
      body: { error: { code: refusal.status, message: refusal.message } },
    }),
  };
}
