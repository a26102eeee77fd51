import { isUnknown, type Problem } from "../../core/index.ts";
import type { NetworkInputs, SubnetInput } from "../isolated-network.ts";
import { type Block, overlap, parseAddress, parseBlock, within } from "./addresses.ts";

/** Semantic rules of a network's inputs: pure, and blind to what is not known yet. */
export function networkProblems(news: Partial<NetworkInputs>): Problem[] {
  const problems: Problem[] = [];
  const wrong = (path: string, reason: string) => void problems.push({ path, reason });
  const { cidr, subnets, sharedWith, segmentation } = news;
  if (cidr !== undefined && subnets !== undefined)
    wrong("cidr", "is the short form of one subnet and cannot stand beside `subnets`");
  if (cidr === undefined && subnets === undefined)
    wrong("cidr", "is required unless `subnets` is given (an empty list for a network without addresses)");
  if (cidr !== undefined && !isUnknown(cidr)) blockOf(cidr, "cidr", wrong);

  if (Array.isArray(subnets)) {
    const blocks = subnets.map((subnet, index) =>
      isUnknown(subnet) ? undefined : subnetProblems(subnet, `subnets[${index}]`, wrong),
    );
    for (const [index, block] of blocks.entries()) {
      const other = block && blocks.findIndex((candidate, at) => at < index && candidate && overlap(candidate, block));
      if (other !== undefined && other >= 0) wrong(`subnets[${index}].cidr`, `overlaps subnets[${other}].cidr`);
    }
  }
  if (Array.isArray(sharedWith)) {
    for (const [index, project] of sharedWith.entries()) {
      if (isUnknown(project)) continue;
      if (project === "*")
        wrong(`sharedWith[${index}]`, "must be a project's id; a network open to everybody is not isolated");
      const other = sharedWith.indexOf(project);
      if (other < index) wrong(`sharedWith[${index}]`, `is named twice, first in sharedWith[${other}]`);
    }
  }
  if (segmentation !== undefined && !isUnknown(segmentation)) {
    const { type, id, physicalNetwork } = segmentation;
    const highest = { vlan: 4094, vxlan: 16_777_215, geneve: 16_777_215, flat: 0 }[type];
    if (id !== undefined && !isUnknown(id) && highest !== undefined) {
      if (type === "flat") wrong("segmentation.id", "has no meaning for a flat network");
      else if (id < 1 || id > highest) wrong("segmentation.id", `must be from 1 to ${highest} for ${type}, not ${id}`);
    }
    if (type === "flat" && physicalNetwork === undefined)
      wrong("segmentation.physicalNetwork", "is required for a flat network");
    if ((type === "vxlan" || type === "geneve") && physicalNetwork !== undefined && !isUnknown(physicalNetwork))
      wrong("segmentation.physicalNetwork", `has no meaning for ${type}: it is an overlay`);
  }
  return problems;
}

type Wrong = (path: string, reason: string) => void;

function blockOf(text: string, path: string, wrong: Wrong): Block | undefined {
  const block = parseBlock(text);
  if (!("wrong" in block)) return block;
  wrong(path, block.wrong);
  return undefined;
}

function subnetProblems(subnet: SubnetInput, path: string, wrong: Wrong): Block | undefined {
  if (isUnknown(subnet.cidr)) return undefined;
  const block = blockOf(subnet.cidr, `${path}.cidr`, wrong);
  if (!block) return undefined;
  const { gateway, allocationPools, dnsServers, hostRoutes, ipv6Mode, dhcp } = subnet;
  const inside = (text: string, where: string) => {
    if (isUnknown(text)) return;
    if (!parseAddress(text)) wrong(where, `is not an address: ${text}`);
    else if (!within(block, text)) wrong(where, `is not in ${subnet.cidr}: ${text}`);
  };
  if (gateway !== undefined && gateway !== "none") inside(gateway, `${path}.gateway`);
  for (const [index, pool] of listed(allocationPools)) {
    const where = `${path}.allocationPools[${index}]`;
    inside(pool.start, `${where}.start`);
    inside(pool.end, `${where}.end`);
    const [start, end] = [parseAddress(pool.start), parseAddress(pool.end)];
    if (start && end && start.value > end.value) wrong(`${where}.end`, `comes before its start ${pool.start}`);
    const at = gateway === undefined ? undefined : parseAddress(gateway)?.value;
    if (start && end && at !== undefined && at >= start.value && at <= end.value)
      wrong(where, `holds the gateway ${gateway}`);
    for (const [earlier, other] of listed(allocationPools)) {
      const [from, to] = [parseAddress(other.start), parseAddress(other.end)];
      if (earlier < index && start && end && from && to && start.value <= to.value && from.value <= end.value)
        wrong(where, `overlaps allocationPools[${earlier}]`);
    }
  }
  for (const [index, server] of listed(dnsServers))
    if (!parseAddress(server)) wrong(`${path}.dnsServers[${index}]`, `is not an address: ${server}`);
  for (const [index, route] of listed(hostRoutes)) {
    const where = `${path}.hostRoutes[${index}]`;
    const target = isUnknown(route.destination) ? undefined : blockOf(route.destination, `${where}.destination`, wrong);
    if (target && target.version !== block.version)
      wrong(`${where}.destination`, `must be IPv${block.version}, as the subnet is`);
    if (isUnknown(route.nextHop)) continue;
    const hop = parseAddress(route.nextHop);
    if (!hop) wrong(`${where}.nextHop`, `is not an address: ${route.nextHop}`);
    else if (hop.version !== block.version) wrong(`${where}.nextHop`, `must be IPv${block.version}, as the subnet is`);
  }
  if (ipv6Mode !== undefined && !isUnknown(ipv6Mode)) {
    if (block.version === 4) wrong(`${path}.ipv6Mode`, "has no meaning for an IPv4 subnet");
    if (dhcp === false) wrong(`${path}.ipv6Mode`, "needs `dhcp`: the cloud announces addresses only then");
    if (ipv6Mode !== "dhcpv6-stateful" && block.version === 6 && block.prefix !== 64)
      wrong(`${path}.cidr`, `must have the prefix 64 with ${ipv6Mode}, not ${block.prefix}`);
  }
  return block;
}

/** Items of a list that are known. */
function listed<T>(list: readonly T[] | undefined): [number, T][] {
  return Array.isArray(list) ? [...list.entries()].filter(([, item]) => !isUnknown(item)) : [];
}
