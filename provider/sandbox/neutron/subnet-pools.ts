import type { Caller, Json } from "../kernel/call.ts";
import { formatPrefix, holds, lastOf, overlap, type Prefix, parsePrefix, sizeOf } from "./addresses.ts";
import type { Given } from "./body.ts";
import type { Collection } from "./collection.ts";
import { refusal } from "./errors.ts";
import type { SubnetPoolRow } from "./rows.ts";
import type { State } from "./state.ts";
import { SUBNET_POOL } from "./subnet-attributes.ts";

const missing = (id: string) => refusal(404, "SubnetPoolNotFound", `Subnet pool ${id} could not be found.`);

/** `/v2.0/subnetpools`. */
export function subnetPoolCollection(state: State): Collection<SubnetPoolRow> {
  return {
    path: "subnetpools",
    resource: "subnetpool",
    plural: "subnetpools",
    quota: "subnetpool",
    attributes: SUBNET_POOL,
    table: state.subnetPools,
    missing,
    sees: (caller, row) => sees(state, caller, row),
    target: (caller, of) => ({
      owner: String(of.project_id),
      shared: of["shared"] === true || (of.id !== undefined && state.isShared(String(of.id), caller)),
    }),
    view: (row) => ({
      ...row,
      default_prefixlen: String(row.default_prefixlen),
      min_prefixlen: String(row.min_prefixlen),
      max_prefixlen: String(row.max_prefixlen),
      tenant_id: row.project_id,
    }),
    updated: ({ default_quota: _, address_scope_id: __, ...row }) => ({ ...row, tenant_id: row.project_id }),
    create: (given) => create(state, given),
    update: (row, given) => update(state, row, given),
    remove(row) {
      if (state.subnets.by("pool", row.id).length > 0)
        throw refusal(
          400,
          "SubnetPoolDeleteError",
          "Unable to delete subnet pool: Subnet pool has existing allocations.",
        );
      state.subnetPools.delete(row.id);
    },
  };
}

function sees(state: State, caller: Caller, row: SubnetPoolRow): boolean {
  return row.project_id === caller.projectId || row.shared || state.seesAll(caller) || state.isShared(row.id, caller);
}

function checkPrefixes(texts: string[]): { version: 4 | 6; prefixes: string[] } {
  const parsed = texts.map((one) => parsePrefix(one)!);
  const [first] = parsed;
  if (!first) throw refusal(400, "EmptySubnetPoolPrefixList", "Empty subnet pool prefix list.");
  if (parsed.some(({ version }) => version !== first.version))
    throw refusal(400, "PrefixVersionMismatch", "Cannot mix IPv4 and IPv6 prefixes in a subnet pool.");
  return { version: first.version, prefixes: compact(parsed).map(formatPrefix) };
}

/** Without those that others hold already. */
function compact(prefixes: Prefix[]): Prefix[] {
  return prefixes
    .filter(
      (one, n) =>
        !prefixes.some(
          (other, m) =>
            m !== n && holds(other, one) && other.length <= one.length && (other.length < one.length || m < n),
        ),
    )
    .sort((one, other) => (one.value < other.value ? -1 : 1));
}

function checkLengths(values: { min: number; max: number; byDefault: number }, version: 4 | 6): void {
  const { min, max, byDefault } = values;
  const width = version === 4 ? 32 : 128;
  const illegal = (what: string, than: string) =>
    refusal(400, "IllegalSubnetPoolPrefixBounds", `Illegal prefix bounds: ${what}, ${than}.`);
  if (min < (version === 4 ? 8 : 1) && version === 4)
    throw refusal(400, "UnsupportedMinSubnetPoolPrefix", `Prefix '${min}' not supported in IPv${version} pool.`);
  if (max > width) throw illegal(`max_prefixlen=${max}`, `max_prefixlen=${width}`);
  if (min > max) throw illegal(`min_prefixlen=${min}`, `max_prefixlen=${max}`);
  if (byDefault < min) throw illegal(`default_prefixlen=${byDefault}`, `min_prefixlen=${min}`);
  if (byDefault > max) throw illegal(`default_prefixlen=${byDefault}`, `max_prefixlen=${max}`);
}

function create(state: State, { values }: Given): SubnetPoolRow {
  const { version, prefixes } = checkPrefixes(values["prefixes"] as string[]);
  const min = (values["min_prefixlen"] as number | undefined) ?? (version === 4 ? 8 : 64);
  const max = (values["max_prefixlen"] as number | undefined) ?? (version === 4 ? 32 : 128);
  const byDefault = (values["default_prefixlen"] as number | undefined) ?? min;
  checkLengths({ min, max, byDefault }, version);
  return state.subnetPools.put({
    id: state.id(),
    name: values["name"] as string,
    project_id: values["project_id"] as string,
    description: values["description"] as string,
    default_prefixlen: byDefault,
    min_prefixlen: min,
    max_prefixlen: max,
    is_default: values["is_default"] as boolean,
    shared: values["shared"] as boolean,
    prefixes,
    ip_version: version,
    default_quota: (values["default_quota"] as number | undefined) ?? null,
    address_scope_id: (values["address_scope_id"] as string | undefined) ?? null,
    ...state.stamps(0),
  });
}

function update(state: State, row: SubnetPoolRow, { values }: Given): SubnetPoolRow {
  const changes: Json = { ...values };
  if (changes["prefixes"]) {
    const { prefixes } = checkPrefixes(changes["prefixes"] as string[]);
    const inside = row.prefixes.every((old) =>
      prefixes.some((one) => {
        const [wide, narrow] = [parsePrefix(one)!, parsePrefix(old)!];
        return holds(wide, narrow) && wide.length <= narrow.length;
      }),
    );
    if (!inside)
      throw refusal(
        400,
        "IllegalSubnetPoolPrefixUpdate",
        "Illegal update to prefixes: Existing prefixes must be a subset of the new prefixes.",
      );
    changes["prefixes"] = prefixes;
  }
  const next = { ...row, ...changes } as SubnetPoolRow;
  checkLengths({ min: next.min_prefixlen, max: next.max_prefixlen, byDefault: next.default_prefixlen }, row.ip_version);
  Object.assign(row, changes);
  return state.touch(state.subnetPools, row);
}

/** Takes a prefix out of a pool: the one asked for, or the first free one of the length. Throws where there is none. */
export function takePrefix(
  state: State,
  caller: Caller,
  poolId: string,
  asked: number | undefined,
  cidr: Prefix | undefined,
): Prefix {
  const pool = state.subnetPools.get(poolId);
  if (!pool || !sees(state, caller, pool)) throw missing(poolId);
  const length = cidr?.length ?? asked ?? pool.default_prefixlen;
  const bound = (type: string, which: string, limit: number) =>
    refusal(400, type, `Unable to allocate subnet with prefix length ${length}, ${which} allowed prefix is ${limit}.`);
  if (length < pool.min_prefixlen) throw bound("MinPrefixSubnetAllocationError", "minimum", pool.min_prefixlen);
  if (length > pool.max_prefixlen) throw bound("MaxPrefixSubnetAllocationError", "maximum", pool.max_prefixlen);
  const taken = state.subnets.by("pool", pool.id).map((subnet) => parsePrefix(subnet.cidr)!);
  const failed = (why: string) => refusal(500, "SubnetAllocationError", `Failed to allocate subnet: ${why}.`);
  if (cidr) {
    const inside = pool.prefixes
      .map((one) => parsePrefix(one)!)
      .some((one) => holds(one, cidr) && one.length <= length);
    if (!inside || taken.some((one) => overlap(one, cidr)))
      throw failed("Cannot allocate requested subnet from the available set of prefixes");
    return cidr;
  }
  for (const text of pool.prefixes) {
    const whole = parsePrefix(text)!;
    if (whole.length > length) continue;
    let candidate: Prefix = { ...whole, length };
    const step = sizeOf(candidate);
    while (candidate.value <= lastOf(whole)) {
      const inTheWay = taken.find((one) => overlap(one, candidate));
      if (!inTheWay) return candidate;
      const after = lastOf(inTheWay) + 1n;
      candidate = { ...candidate, value: ((after + step - 1n) / step) * step };
    }
  }
  throw failed(`Insufficient prefix space to allocate subnet size /${length}`);
}
