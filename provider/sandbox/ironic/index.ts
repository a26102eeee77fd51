import type { Json } from "../kernel/call.ts";
import { isUuid } from "../kernel/input.ts";
import type { Service } from "../kernel/service.ts";
import type { World } from "../world.ts";
import { allocationRoutes } from "./allocations.ts";
import { catalogRoutes } from "./catalog.ts";
import { chassisRoutes } from "./chassis.ts";
import { cleanTimeout, continueClean } from "./conductor/clean.ts";
import { continueDeploy, deployTimeout } from "./conductor/deploy.ts";
import { continueInspect, inspectTimeout } from "./conductor/look.ts";
import { recover } from "./conductor/recovery.ts";
import { continueRescue, rescueTimeout } from "./conductor/rescue.ts";
import { continueService, serviceTimeout } from "./conductor/service.ts";
import { PowerSync } from "./conductor/sync.ts";
import type { Task } from "./conductor/task.ts";
import { refuse } from "./errors.ts";
import { dashed, Ironic, PREFIX } from "./ironic.ts";
import { nodePartRoutes } from "./node-parts.ts";
import { nodeRoutes } from "./nodes.ts";
import { portRoutes } from "./ports.ts";
import { stepsRoutes } from "./runbooks.ts";
import { seed } from "./seed.ts";
import { stateRoutes } from "./states.ts";
import { askedVersion } from "./versions.ts";
import { volumeRoutes } from "./volumes.ts";

/** What goes on when a node's ramdisk calls, and when it does not. */
const WAITS: Readonly<Record<string, { goesOn(task: Task): Promise<void>; fails(task: Task): Promise<void> }>> = {
  "wait call-back": { goesOn: continueDeploy, fails: deployTimeout },
  "clean wait": { goesOn: continueClean, fails: cleanTimeout },
  "rescue wait": { goesOn: continueRescue, fails: rescueTimeout },
  "inspect wait": { goesOn: continueInspect, fails: inspectTimeout },
  "service wait": { goesOn: continueService, fails: serviceTimeout },
};

/** Ironic: machines, their provision state machine, and the conductor that works on them. */
export function ironic(world: World): Service {
  const own = new Ironic(world);
  const { conductor, tables } = own;
  conductor.onAgent = Object.fromEntries(Object.entries(WAITS).map(([state, { goesOn }]) => [state, goesOn]));
  conductor.onTimeout = async (task) => WAITS[task.node.provision_state]?.fails(task);
  conductor.onRestart = () => recover(own);
  return {
    name: "ironic",
    type: "baremetal",
    prefix: PREFIX,
    suffix: "",
    daemon: "ironic-api",
    routes: [
      ...catalogRoutes(own),
      ...chassisRoutes(own),
      ...nodeRoutes(own),
      ...stateRoutes(own),
      ...nodePartRoutes(own),
      ...portRoutes(own),
      ...volumeRoutes(own),
      ...allocationRoutes(own),
      ...stepsRoutes(own),
    ].flatMap((route) => [route, { ...route, path: `${route.path}/` }]),
    version: askedVersion,
    refuse: (refusal, call) => refuse(refusal, call, `${world.url}/identity`),
    headers: ({ id }) => ({ "Openstack-Request-Id": id, "X-Openstack-Request-Id": id }),
    stateOf({ params }) {
      const { node: ident } = params;
      if (ident === undefined) return undefined;
      const node = isUuid(ident) ? tables.nodes.get(dashed(ident)) : tables.nodes.by("name", ident)[0];
      if (!node) return undefined;
      const { provision_state, power_state, maintenance, reservation } = node;
      const state: Json = { provision_state, power_state };
      if (maintenance) state["maintenance"] = true;
      if (reservation) state["locked"] = true;
      return state;
    },
    seed: (fleet) => seed(own, fleet),
    start(restarted) {
      conductor.start();
      if (restarted) recover(own);
      new PowerSync(own).start();
    },
  };
}
