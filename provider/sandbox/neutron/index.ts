import type { Handler, Route, Service } from "../kernel/service.ts";
import type { World } from "../world.ts";
import { addressGroupRoutes } from "./address-groups.ts";
import { agentCollection, followNodes } from "./agents.ts";
import { aroundRoutes } from "./around.ts";
import { resumeBindings } from "./binding.ts";
import { routesOf } from "./collection.ts";
import { refuse } from "./errors.ts";
import { floatingIpCollection } from "./floating-ips.ts";
import { keptRoutes } from "./kept.ts";
import { networkCollection } from "./networks.ts";
import { portForwardingRoutes } from "./port-forwardings.ts";
import { portCollection } from "./ports.ts";
import { qosCollection, qosRoutes } from "./qos.ts";
import { quotaRoutes } from "./quotas.ts";
import { rbacCollection } from "./rbac.ts";
import { routerActionRoutes } from "./router-interfaces.ts";
import { routerCollection } from "./routers.ts";
import { ruleCollection } from "./security-group-rules.ts";
import { defaultGroup, securityGroupCollection } from "./security-groups.ts";
import { seed } from "./seed.ts";
import { segmentCollection } from "./segments.ts";
import { State } from "./state.ts";
import { subnetPoolCollection } from "./subnet-pools.ts";
import { subnetCollection } from "./subnets.ts";
import { tagRoutes } from "./tags.ts";
import { trunkCollection, trunkRoutes } from "./trunks.ts";

/** Neutron: networks and whatever stands on them, with a switch that binds bare metal and no agents. */
export function neutron(world: World): Service {
  const state = new State(world);
  const networks = networkCollection(state);
  const subnets = subnetCollection(state);
  const ports = portCollection(state);
  const routers = routerCollection(state);
  const floatingIps = floatingIpCollection(state);
  const groups = securityGroupCollection(state);
  const pools = subnetPoolCollection(state);
  const routes = [
    ...aroundRoutes(state),
    ...routesOf(state, networks),
    ...routesOf(state, subnets),
    ...routesOf(state, ports),
    ...routesOf(state, routers),
    ...routerActionRoutes(state),
    ...routesOf(state, floatingIps),
    ...portForwardingRoutes(state),
    ...withDefaultGroup(state, routesOf(state, groups)),
    ...routesOf(state, ruleCollection(state)),
    ...routesOf(state, pools),
    ...routesOf(state, rbacCollection(state)),
    ...routesOf(state, segmentCollection(state)),
    ...routesOf(state, agentCollection(state)),
    ...addressGroupRoutes(state),
    ...trunkRoutes(state),
    ...qosRoutes(state),
    ...quotaRoutes(state),
    ...keptRoutes(state),
    ...tagRoutes(state, networks),
    ...tagRoutes(state, subnets),
    ...tagRoutes(state, ports),
    ...tagRoutes(state, routers),
    ...tagRoutes(state, floatingIps),
    ...tagRoutes(state, groups),
    ...tagRoutes(state, pools),
    ...tagRoutes(state, trunkCollection(state)),
    ...tagRoutes(state, qosCollection(state)),
  ];
  return {
    name: "neutron",
    type: "network",
    prefix: "/network",
    suffix: "",
    daemon: "neutron-server",
    routes,
    refuse: (failure) => refuse(failure, `${world.url}/identity`),
    headers(call): Record<string, string> {
      // The list of versions is told by something that numbers no requests.
      const versions = "path" in call && (call.path === "/" || call.path === "");
      return versions ? {} : { "X-Openstack-Request-Id": call.id };
    },
    stateOf(call) {
      const { id } = call.params;
      const port = id === undefined ? undefined : state.ports.get(id);
      return port && { status: port.status, vif_type: port.vif_type, device_owner: port.device_owner };
    },
    seed: (fleet) => seed(state, fleet),
    start(restarted) {
      followNodes(state);
      if (restarted) resumeBindings(state);
    },
  };
}

/** A project has its default group from the moment in which it first looks at its groups. */
function withDefaultGroup(state: State, routes: Route[]): Route[] {
  return routes.map((one) => {
    const handle: Handler = (call) => {
      if (one.method === "GET") defaultGroup(state, call.caller.projectId);
      return one.handle(call);
    };
    return { ...one, handle };
  });
}
