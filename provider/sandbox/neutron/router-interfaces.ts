import type { Answer, Call, Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { str } from "../kernel/python.ts";
import { type Route, route } from "../kernel/service.ts";
import { holds, overlap, parseAddress, parsePrefix } from "./addresses.ts";
import { uuid } from "./attributes.ts";
import { badFor, badRequest, forbidden, hidden, refusal } from "./errors.ts";
import { may } from "./policy.ts";
import { deletePort } from "./port-removal.ts";
import { addPort } from "./ports.ts";
import { interfacesOf } from "./routers.ts";
import type { PortRow, RouterRow, SubnetRow } from "./rows.ts";
import type { State } from "./state.ts";
import { routes } from "./subnet-attributes.ts";

/** What is done to a router besides writing it. */
export function routerActionRoutes(state: State): Route[] {
  const path = "/v2.0/routers/{id}";
  return [
    route("PUT", `${path}/add_router_interface`, (call) => add(state, call)),
    route("PUT", `${path}/remove_router_interface`, (call) => remove(state, call)),
    route("PUT", `${path}/add_extraroutes`, (call) => changeRoutes(state, call, "add_extraroutes")),
    route("PUT", `${path}/remove_extraroutes`, (call) => changeRoutes(state, call, "remove_extraroutes")),
    route("GET", `${path}/l3-agents`, (call) => {
      state.router(call.caller, call.params["id"]!);
      if (!call.caller.roles.has("admin")) throw forbidden("rule:get_l3-agents");
      return { status: 200, body: { agents: [] } };
    }),
  ];
}

function mine(state: State, call: Call, action: string): RouterRow {
  const router = state.router(call.caller, call.params["id"]!);
  const target = { owner: router.project_id };
  if (!may(call.caller, action, target)) {
    if (!may(call.caller, "get_router", target)) throw hidden();
    const attributes = ["ha", "flavor_id", "distributed"];
    throw forbidden(attributes.reduce((text, name) => `(${text} and rule:${action}:${name})`, `rule:${action}`));
  }
  return router;
}

/** Subnet or port that a request names. Throws 400 on none, both or nonsense. */
function named(call: Call): { subnet?: string; port?: string } {
  if (call.body !== undefined && !isObject(call.body)) throw badRequest("Body contains invalid data");
  const body: Json = (call.body as Json | undefined) ?? {};
  const { subnet_id: subnet, port_id: port } = body;
  const given = "subnet_id" in body || "port_id" in body;
  if (!given) throw badFor("router", "Either subnet_id or port_id must be specified");
  for (const id of [port, subnet]) {
    if (id === undefined) continue;
    const reason = uuid(id);
    if (reason) throw badFor("router", reason);
  }
  return {
    ...(subnet === undefined ? {} : { subnet: String(subnet) }),
    ...(port === undefined ? {} : { port: String(port) }),
  };
}

function answer(router: RouterRow, port: Pick<PortRow, "id" | "network_id" | "fixed_ips">, subnet: string): Answer {
  return {
    status: 200,
    body: {
      id: router.id,
      project_id: router.project_id,
      port_id: port.id,
      network_id: port.network_id,
      subnet_id: subnet,
      subnet_ids: [subnet],
    },
  };
}

function add(state: State, call: Call): Answer {
  const router = mine(state, call, "add_router_interface");
  const { subnet: subnetId, port: portId } = named(call);
  if (subnetId !== undefined && portId !== undefined)
    throw badFor("router", "Cannot specify both subnet-id and port-id");
  if (portId !== undefined) return addByPort(state, call, router, portId);
  const subnet = state.subnet(call.caller, subnetId!);
  checkSubnet(state, router, subnet);
  if (subnet.gateway_ip === null) throw badFor("router", "Subnet for router interface must have a gateway IP");
  const network = state.networks.get(subnet.network_id)!;
  const port = addPort(state, call, network, {
    name: "",
    description: "",
    project_id: router.project_id,
    mac_address: undefined,
    fixed_ips: [{ subnet_id: subnet.id, ip_address: subnet.gateway_ip }],
    admin_state_up: true,
    device_id: router.id,
    device_owner: "network:router_interface",
    port_security_enabled: false,
    security_groups: [],
  });
  state.touch(state.routers, router);
  return answer(router, port, subnet.id);
}

function addByPort(state: State, call: Call, router: RouterRow, id: string): Answer {
  const port = state.port(call.caller, id);
  if (port.device_id !== "")
    throw refusal(
      409,
      "PortInUse",
      `Unable to complete operation on port ${port.id} for network ${port.network_id}. Port already has an attached device ${port.device_id}.`,
    );
  const [first] = port.fixed_ips;
  if (!first) throw badFor("router", "Router port must have at least one fixed IP");
  const subnet = state.subnets.get(first.subnet_id)!;
  checkSubnet(state, router, subnet);
  Object.assign(port, { device_id: router.id, device_owner: "network:router_interface" });
  state.touch(state.ports, port);
  state.touch(state.routers, router);
  return answer(router, port, subnet.id);
}

/** A router has one address in a subnet, and none in two that overlap. */
function checkSubnet(state: State, router: RouterRow, subnet: SubnetRow): void {
  const own = parsePrefix(subnet.cidr)!;
  const gateway = router.gateway_port_id === null ? undefined : state.ports.get(router.gateway_port_id);
  for (const port of [...interfacesOf(state, router.id), ...(gateway ? [gateway] : [])])
    for (const { subnet_id } of port.fixed_ips) {
      if (subnet_id === subnet.id) throw badFor("router", `Router already has a port on subnet ${subnet.id}`);
      const other = state.subnets.get(subnet_id);
      if (other && overlap(own, parsePrefix(other.cidr)!))
        throw badFor(
          "router",
          `Cidr ${subnet.cidr} of subnet ${subnet.id} overlaps with cidr ${other.cidr} of subnet ${other.id}`,
        );
    }
}

function remove(state: State, call: Call): Answer {
  const router = mine(state, call, "remove_router_interface");
  const { subnet: subnetId, port: portId } = named(call);
  const ports = interfacesOf(state, router.id);
  let port: PortRow | undefined;
  if (portId !== undefined) {
    port = ports.find(({ id }) => id === portId);
    if (!port)
      throw refusal(404, "RouterInterfaceNotFound", `Router ${router.id} does not have an interface with id ${portId}`);
    if (subnetId !== undefined && !port.fixed_ips.some(({ subnet_id }) => subnet_id === subnetId))
      throw refusal(
        400,
        "SubnetMismatchForPort",
        `Subnet on port ${portId} does not match the requested subnet ${subnetId}.`,
      );
  } else {
    state.subnet(call.caller, subnetId!);
    port = ports.find(({ fixed_ips }) => fixed_ips.some(({ subnet_id }) => subnet_id === subnetId));
    if (!port)
      throw refusal(
        404,
        "RouterInterfaceNotFoundForSubnet",
        `Router ${router.id} has no interface on subnet ${subnetId}`,
      );
  }
  const subnet = state.subnets.get(subnetId ?? port.fixed_ips[0]!.subnet_id)!;
  mayLeave(state, router, subnet);
  deletePort(state, port);
  state.touch(state.routers, router);
  return answer(router, port, subnet.id);
}

/** Neither a floating IP nor a route may need the interface. */
function mayLeave(state: State, router: RouterRow, subnet: SubnetRow): void {
  const prefix = parsePrefix(subnet.cidr)!;
  const inside = (address: string | null) => {
    const parsed = parseAddress(address);
    return parsed !== undefined && holds(prefix, parsed);
  };
  const cannot = (type: string, what: string) =>
    refusal(
      409,
      type,
      `Router interface for subnet ${subnet.id} on router ${router.id} cannot be deleted, as it is required by one or more ${what}.`,
    );
  if (state.floatingIps.by("router", router.id).some(({ fixed_ip_address }) => inside(fixed_ip_address)))
    throw cannot("RouterInterfaceInUseByFloatingIP", "floating IPs");
  if (router.routes.some(({ nexthop }) => inside(nexthop))) throw cannot("RouterInterfaceInUseByRoute", "routes");
}

function changeRoutes(state: State, call: Call, action: string): Answer {
  const router = mine(state, call, action);
  const body = isObject(call.body) && isObject(call.body["router"]) ? call.body["router"] : {};
  const given = body["routes"] ?? [];
  const reason = routes(given);
  if (reason) throw badRequest(`Invalid input for routes. Reason: ${reason}.`);
  const key = (one: { destination: string; nexthop: string }) => `${one.destination} ${one.nexthop}`;
  const keys = new Set((given as RouterRow["routes"]).map(key));
  const others = router.routes.filter((one) => !keys.has(key(one)));
  router.routes = action === "add_extraroutes" ? [...others, ...(given as RouterRow["routes"])] : others;
  state.touch(state.routers, router);
  return {
    status: 200,
    body: { router: { id: router.id, name: router.name, routes: router.routes, project_id: str(router.project_id) } },
  };
}
