import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";

/** Placeholder until its developer writes it. */
export function glance(_world: World): Service {
  return {
    name: "glance",
    type: "image",
    prefix: "/image",
    suffix: "",
    daemon: "glance-api",
    routes: [],
    refuse: (refusal) => ({
      status: refusal.status,
      body: { error: { code: refusal.status, message: refusal.message } },
    }),
  };
}
