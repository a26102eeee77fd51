/** What the exchanges of Ironic share: machines, networks and ports of a tenant, and how they are given back. */
import { makeAvailable } from "../../cloud/reset.ts";
import { type Caller, type Cloud, field } from "../exchange.ts";

/** Who drives, and the node that it drives. */
export interface Driver {
  tenant: Caller;
  /** Path of the node: `/nodes/alpha-0`. */
  node: string;
  uuid: string;
}

/** Logs the tenant in and names the ids of its nodes. Afterwards the node is available again. */
export async function drive(cloud: Cloud, name = `${cloud.tenant}-0`): Promise<Driver> {
  const tenant = await cloud.as(cloud.tenant);
  const node = `/nodes/${name}`;
  const reply = await tenant.call("ironic", "GET", `${node}?fields=uuid`, undefined, { unrecorded: true });
  const uuid = String(field(reply, "body.uuid"));
  cloud.name(uuid, `node ${name}`);
  return { tenant, node, uuid };
}

/** The node is available, without faults and VIFs, when the exchange is over. */
export function giveBack(cloud: Cloud, { node }: Driver): void {
  cloud.cleanup(() => makeAvailable(node.slice("/nodes/".length)));
}

/** Makes a network with a subnet and a port, unrecorded; the port's id. They go afterwards. */
export async function makePort(cloud: Cloud, { tenant }: Driver): Promise<string> {
  const quiet = { unrecorded: true };
  const made = await tenant.call("neutron", "POST", "/networks", { network: { name: "parity-ironic-net" } }, quiet);
  const network = String(field(made, "body.network.id"));
  cloud.name(network, "network");
  cloud.cleanup(() => tenant.call("neutron", "DELETE", `/networks/${network}`));
  const subnet = { network_id: network, ip_version: 4, cidr: "10.77.0.0/24" };
  const second = await tenant.call("neutron", "POST", "/subnets", { subnet }, quiet);
  cloud.name(String(field(second, "body.subnet.id")), "subnet");
  const port = await tenant.call(
    "neutron",
    "POST",
    "/ports",
    { port: { network_id: network, name: "parity-ironic-port" } },
    quiet,
  );
  const id = String(field(port, "body.port.id"));
  cloud.name(id, "port");
  cloud.cleanup(() => tenant.call("neutron", "DELETE", `/ports/${id}`));
  return id;
}

/** Id of the image tiny, unrecorded. */
export async function tinyImage(cloud: Cloud, { tenant }: Driver): Promise<string> {
  const reply = await tenant.call("glance", "GET", "/images?name=tiny", undefined, { unrecorded: true });
  const id = String(field(reply, "body.images.0.id"));
  cloud.name(id, "image tiny");
  return id;
}

/** Waits until the node is in a state and nobody works on it; states on the way are those of `through`. */
export async function until({ tenant, node }: Driver, state: string, through: string[], fields = STATE): Promise<void> {
  await tenant.until(
    "ironic",
    `${node}?fields=${fields}`,
    ({ body }) => body["provision_state"] === state && !String(body["reservation"] ?? "").startsWith("localhost"),
    { sequence: "body.provision_state", through: [...through, state], seconds: 90 },
  );
}

/** Fields that tell a node's state. */
export const STATE =
  "uuid,name,provision_state,target_provision_state,power_state,target_power_state,last_error,maintenance,maintenance_reason,fault,reservation,instance_uuid,instance_info,protected";

/** Waits, unrecorded, until the node's power is so and nobody works on it. */
export async function untilPower({ tenant, node }: Driver, state: string): Promise<void> {
  await tenant.until(
    "ironic",
    `${node}?fields=uuid,power_state,target_power_state,reservation,last_error`,
    ({ body }) =>
      body["power_state"] === state &&
      body["target_power_state"] === null &&
      !String(body["reservation"] ?? "").startsWith("localhost"),
    { seconds: 60 },
  );
}

/** States between a request to deploy and its end. */
export const DEPLOYING = ["deploying", "wait call-back", "deploying"];

/** States between the end of a machine and the next use. */
export const CLEANING = ["deleting", "cleaning", "clean wait", "cleaning"];

/** Puts the tenant's port on the node and sets what is to be deployed, unrecorded. */
export async function prepare(cloud: Cloud, driver: Driver): Promise<string> {
  const image = await tinyImage(cloud, driver);
  const port = await makePort(cloud, driver);
  const { tenant, node } = driver;
  const patch = [{ op: "add", path: "/instance_info/image_source", value: image }];
  await tenant.call("ironic", "PATCH", node, patch, { unrecorded: true });
  await tenant.call("ironic", "POST", `${node}/vifs`, { id: port }, { unrecorded: true });
  return port;
}
