/** What the exchanges of Octavia have in common: a network, load balancers, and taking them away. Everything is tenant beta's. */
import { type Caller, type Cloud, exchange, field } from "../exchange.ts";

/** An exchange of tenant beta. */
export function betaExchange(name: string, run: (cloud: Cloud, beta: Caller) => Promise<void>) {
  return exchange(name, async (cloud) => run(cloud, await cloud.as("beta")), { tenant: "beta" });
}

/** Takes a load balancer and what is below it away, and waits until it is gone. */
async function remove(beta: Caller, id: string): Promise<void> {
  const path = `/lbaas/loadbalancers/${id}`;
  const settled = (status: unknown) => status === undefined || !String(status).startsWith("PENDING");
  await beta.until("octavia", path, (reply) => settled(field(reply, "body.loadbalancer.provisioning_status")));
  await beta.call("octavia", "DELETE", `${path}?cascade=true`);
  await beta.until("octavia", path, ({ status }) => status === 404);
}

/** Makes a network with a subnet, unrecorded. */
export async function network(cloud: Cloud, beta: Caller, cidr = "10.91.0.0/24") {
  const quiet = { unrecorded: true };
  const made = await beta.call("neutron", "POST", "/networks", { network: { name: "parity-octavia-net" } }, quiet);
  if (made.status !== 201) throw new Error(`no network: ${made.status} ${made.text}`);
  const id = String(field(made, "body.network.id"));
  cloud.cleanup(() => beta.call("neutron", "DELETE", `/networks/${id}`));
  const subnet = { network_id: id, ip_version: 4, cidr, name: "parity-octavia-subnet" };
  const below = await beta.call("neutron", "POST", "/subnets", { subnet }, quiet);
  cloud.name(id, "network");
  cloud.name(String(field(below, "body.subnet.id")), "subnet");
  return { id, subnet: String(field(below, "body.subnet.id")) };
}

/** Asks for a load balancer. Its answer is recorded unless `unrecorded`. */
export async function balancer(
  cloud: Cloud,
  beta: Caller,
  body: Record<string, unknown>,
  options: { unrecorded?: boolean; varies?: string[] } = {},
): Promise<string> {
  const loadbalancer = { name: "parity-octavia-lb", ...body };
  const made = await beta.call("octavia", "POST", "/lbaas/loadbalancers", { loadbalancer }, options);
  if (made.status !== 201) throw new Error(`no load balancer: ${made.status} ${made.text}`);
  const id = String(field(made, "body.loadbalancer.id"));
  cloud.cleanup(() => remove(beta, id));
  cloud.name(id, "load balancer");
  cloud.name(String(field(made, "body.loadbalancer.vip_port_id")), "vip port");
  return id;
}

/** Waits until a load balancer is ACTIVE; the answer is recorded. */
export function active(beta: Caller, id: string) {
  return beta.until(
    "octavia",
    `/lbaas/loadbalancers/${id}`,
    (reply) => field(reply, "body.loadbalancer.provisioning_status") === "ACTIVE",
  );
}

/** Makes something below /lbaas and records the answer; its id. */
export async function make(
  cloud: Cloud,
  beta: Caller,
  path: string,
  kind: string,
  body: Record<string, unknown>,
): Promise<string> {
  const made = await beta.call("octavia", "POST", path, { [kind]: body });
  const id = String(field(made, `body.${kind}.id`));
  cloud.name(id, String(body["name"] ?? kind));
  return id;
}
