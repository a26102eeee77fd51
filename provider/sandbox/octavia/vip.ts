import type { Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { fault, invalid, noSuch } from "./errors.ts";
import type { Octavia } from "./octavia.ts";
import type { Balancer } from "./rows.ts";

/** Where a load balancer is to be reached, after what the body asks for. */
export interface Wish {
  network: string;
  subnet: string;
  address: string | undefined;
  /** The caller's own port. */
  port: string | undefined;
  qosPolicy: string | null;
  securityGroups: string[];
  additional: { subnet_id: string; ip_address: string | undefined }[];
}

interface FixedIp {
  subnet_id: string;
  ip_address: string;
}

/** Something of Neutron's that the caller may see. Throws 400 where there is none. */
export async function seen(octavia: Octavia, call: Call, kind: string, path: string, id: string): Promise<Json> {
  try {
    const answer = await octavia.world.ask("neutron", "GET", `/v2.0/${path}/${id}`, { as: call.caller });
    return Object.values(answer)[0] as Json;
  } catch (error) {
    if (error instanceof Refusal) throw noSuch(kind, id);
    throw error;
  }
}

/** Finds network, subnet and address for the VIP. Throws the refusal that Octavia has for what does not go together. */
export async function vipOf(octavia: Octavia, call: Call, body: Json): Promise<Wish> {
  const id = (name: string) => (body[name] as string | null | undefined) ?? undefined;
  const wish: Wish = {
    network: id("vip_network_id") ?? "",
    subnet: id("vip_subnet_id") ?? "",
    address: id("vip_address"),
    port: id("vip_port_id"),
    qosPolicy: id("vip_qos_policy_id") ?? null,
    securityGroups: (body["vip_sg_ids"] as string[] | null | undefined) ?? [],
    additional: ((body["additional_vips"] as Json[] | null | undefined) ?? []).map((one) => ({
      subnet_id: one["subnet_id"] as string,
      ip_address: (one["ip_address"] as string | null | undefined) ?? undefined,
    })),
  };
  if (!wish.port && !wish.network && !wish.subnet)
    throw invalid("VIP must contain one of: vip_port_id, vip_network_id, vip_subnet_id.");
  if (wish.port) await byPort(octavia, call, wish);
  else if (wish.network) await byNetwork(octavia, call, wish);
  else wish.network = (await seen(octavia, call, "Subnet", "subnets", wish.subnet))["network_id"] as string;
  if (wish.qosPolicy) await seen(octavia, call, "qos_policy", "qos/policies", wish.qosPolicy);
  await checkSubnets(octavia, call, wish);
  for (const group of wish.securityGroups) await seen(octavia, call, "Security Group", "security-groups", group);
  return wish;
}

async function byPort(octavia: Octavia, call: Call, wish: Wish): Promise<void> {
  const port = await seen(octavia, call, "Port", "ports", wish.port!);
  if (port["device_id"]) throw invalid(`Port ${wish.port} is already used by device ${String(port["device_id"])} `);
  wish.network = port["network_id"] as string;
  wish.qosPolicy ??= (port["qos_policy_id"] as string | null | undefined) ?? null;
  const addresses = port["fixed_ips"] as FixedIp[];
  if (wish.subnet) {
    await seen(octavia, call, "Subnet", "subnets", wish.subnet);
    const found = addresses.find(({ subnet_id }) => subnet_id === wish.subnet);
    wish.address = found?.ip_address ?? wish.address;
    if (!wish.address) throw invalid("No VIP address found on the specified VIP port within the specified subnet.");
  } else if (wish.address) {
    const found = addresses.find(({ ip_address }) => ip_address === wish.address);
    if (!found) throw invalid("Specified VIP address not found on the specified VIP port.");
    wish.subnet = found.subnet_id;
  } else {
    const [only, more] = addresses;
    if (!only || more)
      throw invalid("VIP port's subnet could not be determined. Please specify either a VIP subnet or address.");
    wish.subnet = only.subnet_id;
    wish.address = only.ip_address;
  }
}

async function byNetwork(octavia: Octavia, call: Call, wish: Wish): Promise<void> {
  const network = await seen(octavia, call, "Network", "networks", wish.network);
  const subnets = network["subnets"] as string[];
  if (wish.subnet) {
    if (!subnets.includes(wish.subnet)) throw noSuch("Subnet", wish.subnet);
    return;
  }
  const all = await Promise.all(subnets.map((id) => seen(octavia, call, "Subnet", "subnets", id)));
  if (wish.address) {
    const found = all.find((subnet) => contains(subnet["cidr"] as string, wish.address!));
    if (!found) throw invalid("Supplied network does not contain a subnet for VIP address specified.");
    wish.subnet = found["id"] as string;
    return;
  }
  const [first] = all;
  if (!first) throw invalid("Supplied network does not contain a subnet.");
  wish.subnet = (all.find((subnet) => subnet["ip_version"] === 4) ?? first)["id"] as string;
}

async function checkSubnets(octavia: Octavia, call: Call, wish: Wish): Promise<void> {
  const used = [wish.subnet, ...wish.additional.map(({ subnet_id }) => subnet_id)];
  if (new Set(used).size < used.length)
    throw invalid("Duplicate VIP subnet(s) specified. Only one IP can be bound per subnet.");
  for (const { subnet_id } of wish.additional) {
    let subnet: Json;
    try {
      subnet = await seen(octavia, call, "Subnet", "subnets", subnet_id);
    } catch (error) {
      throw error instanceof Refusal ? invalid(`Subnet ${subnet_id} not found`) : error;
    }
    if (subnet["network_id"] !== wish.network) throw invalid("All VIP subnets must belong to the same network.");
  }
}

/** Whether an IPv4 network holds an address; IPv6 ones are compared by their written prefix. */
function contains(cidr: string, address: string): boolean {
  const [base = "", bits = "32"] = cidr.split("/");
  if (base.includes(":") || address.includes(":"))
    return base.includes(":") && address.includes(":") && address.startsWith(base.replace(/::?$/, ""));
  const number = (text: string) => text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return Math.floor(number(base) / size) === Math.floor(number(address) / size);
}

/** The VIP's fields of a load balancer, after Octavia has made its port where the caller brought none. */
export async function plug(
  octavia: Octavia,
  balancerId: string,
  projectId: string,
  wish: Wish,
): Promise<Pick<Balancer, "vip_address" | "vip_port_id" | "owns_port" | "additional_vips">> {
  if (wish.port) return { vip_address: wish.address!, vip_port_id: wish.port, owns_port: false, additional_vips: [] };
  const asked = [{ subnet_id: wish.subnet, ip_address: wish.address }, ...wish.additional];
  const body = {
    name: `octavia-lb-${balancerId}`,
    network_id: wish.network,
    admin_state_up: false,
    device_id: `lb-${balancerId}`,
    device_owner: "Octavia",
    project_id: projectId,
    ...(wish.securityGroups.length > 0 ? { security_groups: wish.securityGroups } : {}),
    fixed_ips: asked.map(({ subnet_id, ip_address }) => ({ subnet_id, ...(ip_address ? { ip_address } : {}) })),
  };
  let port: Json;
  try {
    await octavia.world.faults.reach("octavia.create_vip_port");
    const answer = await octavia.world.ask("neutron", "POST", "/v2.0/ports", { body: { port: body } });
    port = answer["port"] as Json;
  } catch (error) {
    if (error instanceof Refusal && error.status === 409)
      throw fault(409, `The VIP IP address is already in use: ${error.message}`);
    if (!(error instanceof Error)) throw error;
    const status = error instanceof Refusal ? error.status : 500;
    throw fault(500, `Provider 'amphora' reports error: ${exceptionName(status)}: ${status}`);
  }
  const addresses = port["fixed_ips"] as FixedIp[];
  const on = (subnet: string) => addresses.find(({ subnet_id }) => subnet_id === subnet)?.ip_address ?? "";
  return {
    vip_address: on(wish.subnet),
    vip_port_id: port["id"] as string,
    owns_port: true,
    additional_vips: wish.additional.map(({ subnet_id }) => ({
      subnet_id,
      ip_address: on(subnet_id),
      port_id: port["id"] as string,
    })),
  };
}

function exceptionName(status: number): string {
  if (status === 400) return "BadRequestException";
  if (status === 403) return "ForbiddenException";
  if (status === 404) return "NotFoundException";
  return "HttpException";
}
