import type { Answer, Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import {
  type Attributes,
  address,
  attribute,
  between,
  oneOf,
  STANDARD,
  text,
  toInteger,
  toLowerCase,
  uuid,
} from "./attributes.ts";
import { createBody, updateBody } from "./body.ts";
import { badFor, forbidden, refusal } from "./errors.ts";
import { routerBetween } from "./floating-ips.ts";
import { may } from "./policy.ts";
import { withFields } from "./query.ts";
import type { FloatingIpRow, PortForwarding } from "./rows.ts";
import type { State } from "./state.ts";

const PORT_FORWARDING: Attributes = {
  ...STANDARD,
  description: attribute("cuf", { byDefault: "", check: text(1024) }),
  external_port: attribute("crufs", { convert: toInteger, check: between(1, 65535) }),
  internal_port: attribute("cru", { convert: toInteger, check: between(1, 65535) }),
  internal_ip_address: attribute("cru", { check: address }),
  protocol: attribute("crufs", {
    convert: toLowerCase,
    check: oneOf("dccp", "icmp", "ipv6-icmp", "sctp", "tcp", "udp"),
  }),
  internal_port_id: attribute("crufs", { check: uuid }),
};

/** `/v2.0/floatingips/ID/port_forwardings`: one floating IP for ports of several machines. */
export function portForwardingRoutes(state: State): Route[] {
  const all = "/v2.0/floatingips/{floating}/port_forwardings";
  const one = `${all}/{id}`;
  return [
    route("GET", all, (call) => ({
      status: 200,
      body: {
        port_forwardings: floatingOf(state, call, "get").forwardings.map((it) => withFields({ ...it }, call.query)),
      },
    })),
    route("GET", one, (call) => answer(200, forwardingOf(floatingOf(state, call, "get"), call))),
    route("POST", all, (call) => create(state, call)),
    route("PUT", one, (call) => update(state, call)),
    route("DELETE", one, (call) => {
      const floating = floatingOf(state, call, "delete");
      const gone = forwardingOf(floating, call);
      floating.forwardings = floating.forwardings.filter((it) => it !== gone);
      if (floating.forwardings.length === 0) floating.router_id = null;
      state.touch(state.floatingIps, floating);
      return { status: 204 };
    }),
  ];
}

function answer(status: number, forwarding: PortForwarding): Answer {
  return { status, body: { port_forwarding: { ...forwarding } } };
}

function floatingOf(state: State, call: Call, verb: string): FloatingIpRow {
  const id = call.params["floating"]!;
  const floating = state.floatingIps.get(id);
  const { caller } = call;
  if (!floating || !(floating.project_id === caller.projectId || state.seesAll(caller)))
    throw refusal(404, "FloatingIPNotFound", `Floating IP ${id} could not be found`);
  const rule = verb === "get" ? "get_port_forwarding" : "change_port_forwarding";
  if (!may(caller, rule, { owner: "", parentOwner: floating.project_id }))
    throw forbidden(`rule:${verb}_floatingip_port_forwarding`);
  return floating;
}

function forwardingOf(floating: FloatingIpRow, call: Call): PortForwarding {
  const id = call.params["id"]!;
  const found = floating.forwardings.find((one) => one.id === id);
  if (!found) throw refusal(404, "PortForwardingNotFound", `Port Forwarding ${id} could not be found.`);
  return found;
}

function create(state: State, call: Call): Answer {
  const { items } = createBody(call, "port_forwarding", "port_forwardings", PORT_FORWARDING);
  const floating = floatingOf(state, call, "create");
  if (floating.port_id !== null)
    throw badFor(
      "port_forwarding",
      `Floating IP ${floating.id} is already in use by port ${floating.port_id} and cannot have port forwardings`,
    );
  const made = complete(state, floating, { id: state.id(), ...items[0]!.values }, call);
  floating.forwardings = [...floating.forwardings, made];
  state.touch(state.floatingIps, floating);
  return answer(201, made);
}

function update(state: State, call: Call): Answer {
  const { values } = updateBody(call, "port_forwarding", "port_forwardings", PORT_FORWARDING);
  const floating = floatingOf(state, call, "update");
  const before = forwardingOf(floating, call);
  const after = complete(state, floating, { ...before, ...values }, call);
  floating.forwardings = floating.forwardings.map((one) => (one === before ? after : one));
  state.touch(state.floatingIps, floating);
  return answer(200, after);
}

/** A forwarding with what follows from it. Throws where it cannot be. */
function complete(state: State, floating: FloatingIpRow, values: Json, call: Call): PortForwarding {
  const wanted = values as unknown as PortForwarding;
  const range = (number: number) => `${number}:${number}`;
  for (const other of floating.forwardings) {
    if (other.id === wanted.id || other.protocol !== wanted.protocol) continue;
    const same = (side: "external" | "internal", number: number) =>
      badFor(
        "port_forwarding",
        `There is a port collision with the ${side}_port_range. The following ranges collide: ${range(number)} and ${range(number)}`,
      );
    if (other.external_port === wanted.external_port) throw same("external", wanted.external_port);
    if (other.internal_port_id === wanted.internal_port_id && other.internal_port === wanted.internal_port)
      throw same("internal", wanted.internal_port);
  }
  const port = state.port(call.caller, wanted.internal_port_id);
  const fixed = port.fixed_ips.find(({ ip_address }) => ip_address === wanted.internal_ip_address);
  if (!fixed)
    throw badFor(
      "port_forwarding",
      `Requested internal IP address ${wanted.internal_ip_address} does not correspond to internal port ${port.id}`,
    );
  const router = routerBetween(state, port, fixed.subnet_id, floating.floating_network_id);
  if (!router || (floating.router_id !== null && floating.router_id !== router))
    throw refusal(
      404,
      "ExternalGatewayForFloatingIPNotFound",
      `External network ${floating.floating_network_id} is not reachable from subnet ${fixed.subnet_id}.  Therefore, cannot associate Port ${port.id} with a Floating IP.`,
    );
  floating.router_id = router;
  return {
    id: wanted.id,
    external_port: wanted.external_port,
    external_port_range: range(wanted.external_port),
    protocol: wanted.protocol,
    internal_port_id: port.id,
    internal_ip_address: wanted.internal_ip_address,
    internal_port: wanted.internal_port,
    internal_port_range: range(wanted.internal_port),
    description: wanted.description,
  };
}
