import type { Call, Json } from "../kernel/call.ts";
import { repr, str } from "../kernel/python.ts";
import { holds, overlap, parseAddress, parsePrefix } from "./addresses.ts";
import type { WantedIp } from "./allocation.ts";
import { type Attributes, attribute, BASE, orEmptyList, STANDARD, TAGS, toBoolean, uuid } from "./attributes.ts";
import type { Given } from "./body.ts";
import type { Collection } from "./collection.ts";
import { badFor, refusal } from "./errors.ts";
import { deletePort } from "./port-removal.ts";
import { addPort } from "./ports.ts";
import { quotasOf } from "./quota.ts";
import type { RouterRow } from "./rows.ts";
import type { State } from "./state.ts";
import { routes, wrongKeys } from "./subnet-attributes.ts";

const GATEWAY_KEYS = ["network_id", "external_fixed_ips", "enable_snat", "qos_policy_id"];

function gatewayInfo(value: unknown): string | undefined {
  if (value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) return `'${str(value)}' is not a dictionary`;
  const keys = Object.keys(value as Json);
  if (keys.length === 0) return undefined;
  const info = value as Json;
  if (!("network_id" in info)) return wrongKeys(Object.fromEntries(keys.map((key) => [key, null])), ["network_id"]);
  const unknown = keys.filter((key) => !GATEWAY_KEYS.includes(key));
  if (unknown.length > 0) return `Unexpected keys supplied: ${unknown.join(", ")}`;
  if (info["enable_snat"] !== undefined) info["enable_snat"] = toBoolean(info["enable_snat"]);
  if (info["external_fixed_ips"] !== undefined && !Array.isArray(info["external_fixed_ips"]))
    return `Invalid data format for fixed IP: '${str(info["external_fixed_ips"])}'`;
  return uuid(info["network_id"]);
}

const orNull = (value: unknown): unknown => (value === null ? null : toBoolean(value));

const ROUTER: Attributes = {
  ...BASE,
  admin_state_up: attribute("cufs", { byDefault: true, convert: toBoolean }),
  status: attribute("s"),
  external_gateway_info: attribute("cue", { byDefault: null, check: gatewayInfo, keys: GATEWAY_KEYS }),
  ...STANDARD,
  availability_zones: attribute(""),
  ha: attribute("cue", { convert: orNull }),
  availability_zone_hints: attribute("c", { byDefault: [] }),
  routes: attribute("u", { convert: orEmptyList, check: routes }),
  flavor_id: attribute("cse"),
  distributed: attribute("cue", { convert: orNull }),
  ...TAGS,
};

/** `/v2.0/routers`. */
export function routerCollection(state: State): Collection<RouterRow> {
  return {
    path: "routers",
    resource: "router",
    plural: "routers",
    quota: "router",
    attributes: ROUTER,
    table: state.routers,
    guarded: ["distributed", "ha"],
    missing: (id) => refusal(404, "RouterNotFound", `Router ${id} could not be found`),
    sees: (caller, row) => row.project_id === caller.projectId || state.seesAll(caller),
    target: (_, of) => ({ owner: String(of.project_id) }),
    view: (row) => view(state, row),
    narrow(filters) {
      const owners = filters.get("project_id") ?? filters.get("tenant_id");
      return owners?.flatMap((owner) => state.routers.by("project", String(owner)));
    },
    create: (given, call) => create(state, given, call),
    update: (row, given, call) => update(state, row, given, call),
    remove(row) {
      const ports = interfacesOf(state, row.id);
      if (ports.length > 0)
        throw refusal(
          409,
          "RouterInUse",
          `Router ${row.id} has ports still attached: ${ports.map(({ id }) => id).join(", ")}`,
        );
      clearGateway(state, row);
      state.routers.delete(row.id);
    },
  };
}

/** The ports by which a router stands in its subnets. */
export function interfacesOf(state: State, router: string) {
  return state.ports.by("device", router).filter(({ device_owner }) => device_owner === "network:router_interface");
}

function view(state: State, row: RouterRow): Json {
  const { gateway_port_id, enable_snat, ...rest } = row;
  const port = gateway_port_id === null ? undefined : state.ports.get(gateway_port_id);
  return {
    ...rest,
    tenant_id: row.project_id,
    external_gateway_info: port
      ? { network_id: port.network_id, external_fixed_ips: port.fixed_ips, enable_snat }
      : null,
    availability_zones: [],
    availability_zone_hints: [],
    flavor_id: null,
  };
}

function create(state: State, { values }: Given, call: Call): RouterRow {
  const flavor = values["flavor_id"];
  if (flavor !== undefined && flavor !== null)
    throw refusal(404, "FlavorNotFound", `Flavor ${str(flavor)} could not be found.`);
  const hints = values["availability_zone_hints"] as unknown[];
  if (Array.isArray(hints) && hints.length > 0)
    throw refusal(404, "AvailabilityZoneNotFound", `AvailabilityZone ${hints.join(", ")} could not be found.`);
  const router: RouterRow = {
    id: state.id(),
    name: values["name"] as string,
    description: values["description"] as string,
    project_id: values["project_id"] as string,
    admin_state_up: values["admin_state_up"] as boolean,
    status: "ACTIVE",
    gateway_port_id: null,
    enable_snat: true,
    distributed: values["distributed"] === true,
    ha: values["ha"] === true,
    routes: [],
    ...state.stamps(1),
  };
  const info = values["external_gateway_info"] as Json | null;
  if (info && Object.keys(info).length > 0) {
    setGateway(state, router, info, call);
    router.revision_number++;
  }
  return state.routers.put(router);
}

function update(state: State, row: RouterRow, { values }: Given, call: Call): RouterRow {
  if (values["routes"] !== undefined) checkRoutes(state, row, values["routes"] as RouterRow["routes"]);
  let written = false;
  let writes = 1;
  if ("external_gateway_info" in values) {
    const info = values["external_gateway_info"] as Json | null;
    if (!info || Object.keys(info).length === 0) {
      if (row.gateway_port_id !== null) {
        written = true;
        writes = 2;
      }
      clearGateway(state, row);
    } else {
      setGateway(state, row, info, call);
      written = true;
    }
  }
  const direct = ["name", "description", "admin_state_up", "routes", "distributed", "ha"] as const;
  for (const name of direct) {
    if (values[name] === undefined || values[name] === null) continue;
    if (name === "routes" && repr(values["routes"]) === repr(row.routes)) continue;
    Object.assign(row, { [name]: values[name] });
    written = true;
  }
  return written ? state.touch(state.routers, row, writes) : state.routers.put(row);
}

function setGateway(state: State, router: RouterRow, info: Json, call: Call): void {
  const network = state.network(call.caller, String(info["network_id"]));
  if (!state.isExternal(network.id)) throw badFor("router", `Network ${network.id} is not an external network`);
  if (info["enable_snat"] !== undefined) router.enable_snat = info["enable_snat"] === true;
  const wanted = info["external_fixed_ips"] as WantedIp[] | undefined;
  const have = router.gateway_port_id === null ? undefined : state.ports.get(router.gateway_port_id);
  if (have?.network_id === network.id && wanted === undefined) return;
  for (const subnet of state.subnets.by("network", network.id))
    for (const port of interfacesOf(state, router.id))
      for (const { subnet_id } of port.fixed_ips) {
        const mine = state.subnets.get(subnet_id);
        if (mine && overlap(parsePrefix(mine.cidr)!, parsePrefix(subnet.cidr)!))
          throw badFor(
            "router",
            `Cidr ${subnet.cidr} of subnet ${subnet.id} overlaps with cidr ${mine.cidr} of subnet ${mine.id}`,
          );
      }
  clearGateway(state, router);
  const port = addPort(state, call, network, {
    name: "",
    description: "",
    project_id: "",
    mac_address: undefined,
    fixed_ips: wanted,
    admin_state_up: true,
    device_id: router.id,
    device_owner: "network:router_gateway",
    port_security_enabled: false,
    security_groups: [],
  });
  router.gateway_port_id = port.id;
}

function clearGateway(state: State, router: RouterRow): void {
  const port = router.gateway_port_id === null ? undefined : state.ports.get(router.gateway_port_id);
  if (!port) return;
  if (state.floatingIps.by("router", router.id).length > 0)
    throw refusal(
      409,
      "RouterExternalGatewayInUseByFloatingIp",
      `Gateway cannot be updated for router ${router.id}, since a gateway to external network ${port.network_id} is required by one or more floating IPs.`,
    );
  router.gateway_port_id = null;
  router.enable_snat = true;
  deletePort(state, port);
}

function checkRoutes(state: State, router: RouterRow, wanted: RouterRow["routes"]): void {
  const limit = quotasOf(state, router.project_id)["router_route"] ?? -1;
  if (limit >= 0 && wanted.length > limit)
    throw refusal(
      400,
      "RoutesExhausted",
      `Unable to complete operation for ${router.id}. The number of routes exceeds the maximum ${limit}.`,
    );
  const invalid = (why: string) => refusal(400, "InvalidRoutes", `Invalid format for routes: ${repr(wanted)}, ${why}`);
  const ports = [...interfacesOf(state, router.id)];
  const gateway = router.gateway_port_id === null ? undefined : state.ports.get(router.gateway_port_id);
  if (gateway) ports.push(gateway);
  const addresses = ports.flatMap(({ fixed_ips }) => fixed_ips);
  for (const { nexthop } of wanted) {
    const hop = parseAddress(nexthop)!;
    const near = addresses.some(({ subnet_id }) => {
      const subnet = state.subnets.get(subnet_id);
      return subnet !== undefined && holds(parsePrefix(subnet.cidr)!, hop);
    });
    if (!near) throw invalid("the nexthop is not connected with router");
    if (addresses.some(({ ip_address }) => ip_address === nexthop)) throw invalid("the nexthop is used by router");
  }
}
