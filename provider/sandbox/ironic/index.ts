import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";

/** Placeholder until its developer writes it. */
export function ironic(_world: World): Service {
  return {
    name: "ironic",
    type: "baremetal",
    prefix: "/baremetal",
    suffix: "",
    daemon: "ironic-api",
    routes: [],
    refuse: (refusal) => ({
      status: refusal.status,
      body: { error: { code: refusal.status, message: refusal.message } },
    }),
  };
}
