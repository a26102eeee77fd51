import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";

/** Placeholder until its developer writes it. */
export function keystone(_world: World): Service {
  return {
    name: "keystone",
    type: "identity",
    prefix: "/identity",
    suffix: "/v3",
    daemon: "keystone",
    routes: [],
    refuse: (refusal) => ({
      status: refusal.status,
      body: { error: { code: refusal.status, message: refusal.message } },
    }),
  };
}
