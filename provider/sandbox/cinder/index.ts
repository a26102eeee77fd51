import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";

/** Placeholder until its developer writes it. */
export function cinder(_world: World): Service {
  return {
    name: "cinder",
    type: "block-storage",
    prefix: "/volume",
    suffix: "/v3/{project}",
    daemon: "cinder-api",
    routes: [],
    refuse: (refusal) => ({
      status: refusal.status,
      body: { error: { code: refusal.status, message: refusal.message } },
    }),
  };
}
