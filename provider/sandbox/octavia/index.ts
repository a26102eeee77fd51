import type { Call, Json } from "../kernel/call.ts";
import { type Handler, type Route, route, type Service } from "../kernel/service.ts";
import type { World } from "../world.ts";
import { fault, outer, refuse } from "./errors.ts";
import { generalRoutes, versions } from "./general-api.ts";
import { listenerRoutes } from "./listeners-api.ts";
import { balancerRoutes } from "./loadbalancers-api.ts";
import { memberRoutes } from "./members-api.ts";
import { monitorRoutes } from "./monitors-api.ts";
import { Octavia } from "./octavia.ts";
import { policyRoutes } from "./policies-api.ts";
import { poolRoutes } from "./pools-api.ts";

/** Load balancers, without anything that balances. */
export function octavia(world: World): Service {
  const octavia = new Octavia(world);
  const below = [
    ...balancerRoutes(octavia),
    ...listenerRoutes(octavia),
    ...poolRoutes(octavia),
    ...memberRoutes(octavia),
    ...monitorRoutes(octavia),
    ...policyRoutes(octavia),
    ...generalRoutes(octavia),
  ];
  for (const path of ["loadbalancers", "listeners", "pools", "healthmonitors", "l7policies"])
    for (const method of ["PUT", "DELETE"]) below.push(route(method, `/lbaas/${path}`, missingId));
  const v2 = () => ({ status: 200, body: JSON.stringify("v2"), headers: { "Content-Type": "application/json" } });
  for (const path of ["", "/lbaas", "/octavia"]) below.push(route("GET", path, v2));
  return {
    name: "octavia",
    type: "load-balancer",
    prefix: "/load-balancer",
    suffix: "",
    daemon: "octavia-api",
    routes: [
      route("GET", "", versions, { public: true }),
      route("GET", "/", versions, { public: true }),
      ...below.flatMap(everywhere),
    ],
    refuse,
    headers: ({ id }) => ({ "x-openstack-request-id": id }),
    stateOf: ({ path }) => stateOf(octavia, path),
    start: () => octavia.worker.start(),
  };
}

/** A route below both prefixes, and with a slash behind it. */
function everywhere({ method, path, handle }: Route): Route[] {
  const careful: Handler = (call) => handle(acceptable(call));
  return ["/v2", "/v2.0"].flatMap((prefix) =>
    ["", "/"].map((slash) => route(method, `${prefix}${path}${slash}`, careful)),
  );
}

/** Throws 406 for a caller who takes no JSON. */
function acceptable(call: Call): Call {
  const accept = call.headers["accept"];
  if (accept && !/(application\/json|application\/\*|\*\/\*)/.test(accept))
    throw outer(406, "Only content type application/json is accepted.");
  return call;
}

function missingId(): never {
  throw fault(400, 'Missing argument: "id"');
}

/** The states of the load balancer, listener or pool that a path is about. */
function stateOf({ tables }: Octavia, path: string): Json | undefined {
  const [, , , kind, id] = path.split("/");
  if (!id) return undefined;
  const row =
    kind === "loadbalancers"
      ? tables.balancers.get(id)
      : kind === "listeners"
        ? tables.listeners.get(id)
        : kind === "pools"
          ? tables.pools.get(id)
          : undefined;
  return row && { provisioning_status: row.provisioning_status, operating_status: row.operating_status };
}
