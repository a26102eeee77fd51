import type { Json } from "../kernel/call.ts";
import { type Attributes, attribute, text, textOrNone, toInteger, uuid } from "./attributes.ts";
import type { Collection } from "./collection.ts";
import { invalidInput, refusal } from "./errors.ts";
import type { NetworkRow, SegmentRow } from "./rows.ts";
import { type State, segmentKey } from "./state.ts";

/** What a segment is asked to be. */
export interface Wanted {
  network_type?: string | null;
  physical_network?: string | null;
  segmentation_id?: number | null;
}

const OVERLAYS: Record<string, number> = { vxlan: 50, geneve: 68 };

/** The largest packets of networks of a kind. */
export function mtuOf(type: string): number {
  return 1500 - (OVERLAYS[type] ?? 0);
}

/** Chooses and takes the segment of a network. Throws 400 on what cannot be, 409 on what is taken, 503 where none is left. */
export function takeSegment(state: State, wanted: Wanted): Required<Wanted> & { network_type: string } {
  const type = wanted.network_type;
  const physical = wanted.physical_network ?? null;
  const number = wanted.segmentation_id ?? null;
  if (type === undefined || type === null) {
    if (physical !== null || number !== null) throw invalidInput("network_type required");
    return takeTenantSegment(state);
  }
  if (type === "vlan") return takeVlan(state, physical, number);
  if (type === "flat") return takeFlat(state, physical, number);
  if (type in OVERLAYS) return takeOverlay(state, type, physical, number);
  if (type !== "local") throw invalidInput(`network_type value '${type}' not supported`);
  if (physical !== null) throw invalidInput("provider:physical_network prohibited for local provider network");
  if (number !== null) throw invalidInput("provider:segmentation_id prohibited for local provider network");
  return { network_type: type, physical_network: null, segmentation_id: null };
}

const pools = (state: State) => state.pools.get("pools")!;

function isFree(state: State, segment: Required<Wanted> & { network_type: string }): boolean {
  return state.segments.by("number", segmentKey(segment)).length === 0;
}

/** The first free VLAN, then the first free VXLAN. */
function takeTenantSegment(state: State): Required<Wanted> & { network_type: string } {
  return freeVlan(state) ?? freeOverlay(state, "vxlan") ?? noneLeft();
}

function noneLeft(): never {
  throw refusal(
    503,
    "NoNetworkAvailable",
    "Unable to create the network. No project network is available for allocation.",
  );
}

/** A free VLAN of a physical network; undefined where all are taken. */
export function freeVlan(state: State): (Required<Wanted> & { network_type: string }) | undefined {
  const { vlan, physical_network } = pools(state);
  return free(state, "vlan", physical_network, vlan);
}

function freeOverlay(state: State, type: string): (Required<Wanted> & { network_type: string }) | undefined {
  return free(state, type, null, type === "geneve" ? pools(state).geneve : pools(state).vxlan);
}

function free(
  state: State,
  network_type: string,
  physical_network: string | null,
  [first, last]: readonly [number, number],
): (Required<Wanted> & { network_type: string }) | undefined {
  const count = last - first + 1;
  const begin = state.world.random.below(count);
  for (let n = 0; n < count; n++) {
    const segment = { network_type, physical_network, segmentation_id: first + ((begin + n) % count) };
    if (isFree(state, segment)) return segment;
  }
  return undefined;
}

function takeVlan(state: State, physical: string | null, number: number | null) {
  if (physical === null) {
    if (number !== null) throw invalidInput("segmentation_id requires physical_network for VLAN provider network");
    return freeVlan(state) ?? noneLeft();
  }
  if (physical !== pools(state).physical_network)
    throw invalidInput(`physical_network '${physical}' unknown for VLAN provider network`);
  if (number === null) return freeVlan(state) ?? noneLeft();
  if (number < 1 || number > 4094) throw invalidInput("segmentation_id out of range (1 through 4094)");
  const segment = { network_type: "vlan", physical_network: physical, segmentation_id: number };
  if (!isFree(state, segment))
    throw refusal(
      409,
      "VlanIdInUse",
      `Unable to create the network. The VLAN ${number} on physical network ${physical} is in use.`,
    );
  return segment;
}

function takeFlat(state: State, physical: string | null, number: number | null) {
  if (physical === null) throw invalidInput("physical_network required for flat provider network");
  if (number !== null) throw invalidInput("segmentation_id prohibited for flat provider network");
  const segment = { network_type: "flat", physical_network: physical, segmentation_id: null };
  if (!isFree(state, segment))
    throw refusal(
      409,
      "FlatNetworkInUse",
      `Unable to create the flat network. Physical network ${physical} is in use.`,
    );
  return segment;
}

function takeOverlay(state: State, type: string, physical: string | null, number: number | null) {
  if (physical !== null) throw invalidInput(`provider:physical_network specified for ${type} network`);
  if (number === null) return freeOverlay(state, type) ?? noneLeft();
  if (number < 1 || number > 0xffffff)
    throw invalidInput(`provider:segmentation_id ${number} out of range (1 through ${0xffffff})`);
  const segment = { network_type: type, physical_network: null, segmentation_id: number };
  if (!isFree(state, segment))
    throw refusal(409, "TunnelIdInUse", `Unable to create the network. The tunnel ID ${number} is in use.`);
  return segment;
}

/** Writes down the segment of a network. */
export function addSegment(
  state: State,
  network: string,
  segment: Required<Wanted> & { network_type: string },
  dynamic = false,
): SegmentRow {
  const { created_at, updated_at } = state.stamps(0);
  return state.segments.put({
    id: state.id(),
    network_id: network,
    name: null,
    description: null,
    ...segment,
    dynamic,
    created_at,
    updated_at,
    revision_number: 0,
  });
}

/** The segments that a network shows. */
export function segmentsOf(state: State, network: NetworkRow): SegmentRow[] {
  return state.segments.by("network", network.id).filter((segment) => !segment.dynamic);
}

const SEGMENT: Attributes = {
  id: attribute("fs"),
  tenant_id: attribute("c"),
  project_id: attribute("c"),
  network_id: attribute("crfs", { check: uuid }),
  physical_network: attribute("cfs", { check: text(64) }),
  network_type: attribute("crfs", { check: text(32) }),
  segmentation_id: attribute("cs", { convert: toInteger }),
  name: attribute("cufs", { check: textOrNone(255) }),
  description: attribute("cufs", { check: textOrNone(255) }),
  revision_number: attribute("f"),
};

/** `/v2.0/segments`, for administrators. */
export function segmentCollection(state: State): Collection<SegmentRow> {
  return {
    path: "segments",
    resource: "segment",
    plural: "segments",
    attributes: SEGMENT,
    table: state.segments,
    missing: (id) => refusal(404, "SegmentNotFound", `Segment ${id} could not be found.`),
    sees: () => true,
    target: () => ({ owner: "" }),
    view: ({ dynamic: _, ...row }) => ({ ...row }),
    narrow: (filters) => filters.get("network_id")?.flatMap((network) => state.segments.by("network", String(network))),
    create({ values }, call) {
      const network = state.network(call.caller, String(values["network_id"]));
      const segment = addSegment(state, network.id, takeSegment(state, values as Wanted));
      segment.name = (values["name"] as string | undefined) ?? null;
      segment.description = (values["description"] as string | undefined) ?? null;
      return state.segments.put(segment);
    },
    update(row, { values }) {
      Object.assign(row, values as Json);
      return state.touch(state.segments, row);
    },
    remove(row) {
      const subnet = state.subnets.by("network", row.network_id).find(({ segment_id }) => segment_id === row.id);
      if (subnet)
        throw refusal(
          409,
          "SegmentInUse",
          `Segment '${row.id}' cannot be deleted: The segment is still associated with subnet(s) ${subnet.id}.`,
        );
      state.segments.delete(row.id);
    },
  };
}
