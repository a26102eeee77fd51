import { isIPv4 } from "node:net";
import type { Json } from "../kernel/call.ts";
import { badOption, fault, unsupported } from "./errors.ts";
import { common, type Octavia } from "./octavia.ts";
import type { Member, Pool } from "./rows.ts";

/** A new member of a pool from the body that makes it. */
export function memberFields(octavia: Octavia, pool: Pool, body: Json): Member {
  const { description: _, ...fields } = common(body);
  const monitored = octavia.tables.monitors.by("parent", pool.id).length > 0;
  return {
    ...octavia.fresh(pool.project_id),
    ...fields,
    operating_status: monitored ? "OFFLINE" : "NO_MONITOR",
    pool_id: pool.id,
    address: body["address"] as string,
    protocol_port: body["protocol_port"] as number,
    weight: (body["weight"] as number | null) ?? 1,
    backup: Boolean(body["backup"]),
    subnet_id: (body["subnet_id"] as string | null | undefined) ?? null,
    monitor_address: (body["monitor_address"] as string | null | undefined) ?? null,
    monitor_port: (body["monitor_port"] as number | null | undefined) ?? null,
  };
}

/** The changes of a member that a body asks for. */
export function memberChanges(body: Json): Partial<Member> {
  const fields: Partial<Member> = {};
  if (body["weight"] !== undefined) fields.weight = (body["weight"] as number | null) ?? 1;
  if (body["backup"] !== undefined) fields.backup = Boolean(body["backup"]);
  if (body["monitor_address"] !== undefined) fields.monitor_address = body["monitor_address"] as string | null;
  if (body["monitor_port"] !== undefined) fields.monitor_port = body["monitor_port"] as number | null;
  return fields;
}

/** Throws where a member cannot be: a reserved address, a port of its machine that another member has, a kind of port. */
export function checkMember(octavia: Octavia, pool: Pool, body: Json): void {
  const address = body["address"] as string | null;
  if (address === null) throw badOption("None", "address");
  if (body["protocol_port"] === null) throw badOption("None", "protocol_port");
  checkAddress(address);
  if (body["request_sriov"]) throw fault(400, "The load balancer flavor does not allow SR-IOV member ports.");
  for (const other of octavia.tables.members.by("parent", pool.id))
    if (other.address === address && other.protocol_port === body["protocol_port"])
      throw fault(
        409,
        `Another member on this pool is already using ip ${address} on protocol_port ${other.protocol_port}`,
      );
  if (pool.protocol !== "UDP" && pool.protocol !== "SCTP") return;
  for (const listener of octavia.tables.listenersOf(pool.id)) {
    const balancer = octavia.tables.balancers.get(listener.load_balancer_id)!;
    const vips = [balancer.vip_address, ...balancer.additional_vips.map(({ ip_address }) => ip_address)];
    if (!vips.some((vip) => isIPv4(vip) === isIPv4(address)))
      throw unsupported(
        `This provider doesn't support mixing IPv4 and IPv6 addresses for its VIP and members in ${pool.protocol} load balancers.`,
      );
  }
}

/** Throws 400 for an address that no member may have. */
export function checkAddress(address: string): void {
  if (address === "169.254.169.254") throw badOption(address, "member address");
}
