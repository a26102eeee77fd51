/** What the exchanges of Neutron share. */
import type { Json } from "../../cloud/client.ts";
import { type Caller, type CallOptions, type Cloud, field } from "../exchange.ts";

/** Options for an exchange of this service: tenant beta, so that others may use alpha meanwhile. */
export const BETA = { tenant: "beta" } as const;

/** A UUID that nothing has. */
export const NOTHING = "00000000-0000-4000-8000-000000000000";

/** Makes something, recorded, and deletes it afterwards. Answers what was made, {} where it was refused. */
export async function make(
  cloud: Cloud,
  caller: Caller,
  collection: string,
  body: Record<string, unknown>,
  options: CallOptions = {},
): Promise<Json & { id: string }> {
  const name = Object.keys(body)[0] as string;
  const sent = JSON.parse(JSON.stringify(body)) as unknown;
  const reply = await caller.call("neutron", "POST", `/${collection}`, sent, options);
  const made = (reply.body[name] ?? {}) as Json & { id: string };
  if (made.id) cloud.cleanup(() => caller.call("neutron", "DELETE", `/${collection}/${made.id}`));
  return made;
}

/**
 * A network with one subnet, recorded like everything else. Where an exchange asks for addresses by itself, a /16 makes it unlikely
 * that one of them is chosen for another port.
 */
export async function networkWith(
  cloud: Cloud,
  caller: Caller,
  name: string,
  cidr: string,
  more: { network?: Json; subnet?: Json; unrecorded?: boolean } = {},
): Promise<{ network: string; subnet: string }> {
  const options = more.unrecorded ? { unrecorded: true } : {};
  const network = await make(cloud, caller, "networks", { network: { name, ...more.network } }, options);
  const subnet = await make(
    cloud,
    caller,
    "subnets",
    { subnet: { network_id: network.id, cidr, ip_version: 4, name, ...more.subnet } },
    options,
  );
  return { network: network.id, subnet: subnet.id };
}

/** A port on a network. */
export function portOn(
  cloud: Cloud,
  caller: Caller,
  network: string,
  more: Json = {},
  options: CallOptions = {},
): Promise<Json & { id: string }> {
  return make(cloud, caller, "ports", { port: { network_id: network, ...more } }, options);
}

/** Id of the seed's external network. */
export async function publicNetwork(caller: Caller): Promise<{ network: string; subnet: string }> {
  const reply = await caller.call("neutron", "GET", "/networks?name=public", undefined, { unrecorded: true });
  const network = (field(reply, "body.networks.0") ?? {}) as { id: string; subnets: string[] };
  return { network: network.id, subnet: network.subnets[0] as string };
}
