import type { Answer, Call } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { repr, str } from "../kernel/python.ts";
import { type Route, route } from "../kernel/service.ts";
import { type Attributes, attribute, BASE, STANDARD, TAGS, toBoolean, uuid } from "./attributes.ts";
import { type Collection, found, routesOf } from "./collection.ts";
import { badRequest, refusal } from "./errors.ts";
import { enforce } from "./policy.ts";
import type { TrunkRow } from "./rows.ts";
import type { State } from "./state.ts";

type SubPort = TrunkRow["sub_ports"][number];

function subPorts(value: unknown): string | undefined {
  if (!Array.isArray(value)) return `Invalid data format for subports: '${str(value)}' is not a list`;
  const seen = new Set<unknown>();
  for (const one of value) {
    if (!isObject(one)) return `Invalid data format for subport: '${str(one)}' is not a dict`;
    const id = one["port_id"];
    if (id === undefined) return "A valid port UUID must be specified";
    if (uuid(id)) return `Invalid UUID for subport: '${str(id)}'`;
    if (seen.has(id)) return `Non unique UUID for subport: '${str(id)}'`;
    seen.add(id);
    const { segmentation_type: type, segmentation_id: number } = one;
    if (type !== undefined && type !== "inherit" && number === undefined)
      return `Invalid subport details '${repr(one)}': missing segmentation information. Must specify both segmentation_id and segmentation_type`;
    if (number !== undefined && !/^\d+$/.test(str(number)))
      return `Segmentation ID '${str(number)}' for '${str(id)}' is not an integer`;
  }
  return undefined;
}

const TRUNK: Attributes = {
  ...BASE,
  admin_state_up: attribute("cufs", { byDefault: true, convert: toBoolean }),
  port_id: attribute("crfs", { check: uuid }),
  status: attribute("fs"),
  sub_ports: attribute("ce", { byDefault: [], check: subPorts }),
  ...STANDARD,
  ...TAGS,
};

/** `/v2.0/trunks` and their subports. */
export function trunkRoutes(state: State): Route[] {
  const trunks = trunkCollection(state);
  const one = "/v2.0/trunks/{id}";
  return [
    ...routesOf(state, trunks),
    route("GET", `${one}/get_subports`, (call) => {
      const trunk = found(trunks, call.caller, call.params["id"]!);
      return { status: 200, body: { sub_ports: trunk.sub_ports } };
    }),
    route("PUT", `${one}/add_subports`, (call) => change(state, trunks, call, "add_subports")),
    route("PUT", `${one}/remove_subports`, (call) => change(state, trunks, call, "remove_subports")),
  ];
}

/** The collection itself, for tags. */
export function trunkCollection(state: State): Collection<TrunkRow> {
  return {
    path: "trunks",
    resource: "trunk",
    plural: "trunks",
    quota: "trunk",
    attributes: TRUNK,
    table: state.trunks,
    missing: (id) => refusal(404, "TrunkNotFound", `Trunk ${id} could not be found.`),
    sees: (caller, row) => row.project_id === caller.projectId || state.seesAll(caller),
    target: (_, of) => ({ owner: String(of.project_id) }),
    view: (row) => ({ ...row, tenant_id: row.project_id }),
    create({ values }, call) {
      const port = state.port(call.caller, values["port_id"] as string);
      if (inTrunk(state, port.id)) throw taken(port.id);
      if (state.trunks.find(({ port_id }) => port_id === port.id) || port.vif_type === "other")
        throw refusal(
          409,
          "ParentPortInUse",
          `Port ${port.id} is currently in use and is not eligible for use as a parent port.`,
        );
      const subs = (values["sub_ports"] as SubPort[]).map((sub) => checked(state, call, sub));
      return state.trunks.put({
        id: state.id(),
        name: values["name"] as string,
        description: values["description"] as string,
        project_id: values["project_id"] as string,
        admin_state_up: values["admin_state_up"] as boolean,
        port_id: port.id,
        status: "DOWN",
        sub_ports: subs,
        ...state.stamps(0),
      });
    },
    update(row, { values }) {
      Object.assign(row, values);
      return state.touch(state.trunks, row);
    },
    remove(row) {
      const port = state.ports.get(row.port_id);
      if (port && (port.vif_type === "other" || port.vif_type === "ovs"))
        throw refusal(409, "TrunkInUse", `Trunk ${row.id} is currently in use.`);
      state.trunks.delete(row.id);
    },
  };
}

const inTrunk = (state: State, port: string): boolean =>
  state.trunks.find(({ sub_ports }) => sub_ports.some(({ port_id }) => port_id === port)) !== undefined;

const taken = (port: string) => refusal(409, "TrunkPortInUse", `Port ${port} is in use by another trunk.`);

function checked(state: State, call: Call, sub: SubPort): SubPort {
  const port = state.port(call.caller, sub.port_id);
  if (inTrunk(state, port.id) || state.trunks.find(({ port_id }) => port_id === port.id)) throw taken(port.id);
  return {
    port_id: port.id,
    segmentation_type: sub.segmentation_type ?? "vlan",
    segmentation_id: Number(sub.segmentation_id ?? 1),
  };
}

function change(state: State, trunks: Collection<TrunkRow>, call: Call, action: string): Answer {
  const row = found(trunks, call.caller, call.params["id"]!);
  enforce(call.caller, action, { owner: row.project_id }, undefined, "get_trunk");
  const given = isObject(call.body) ? call.body["sub_ports"] : undefined;
  const reason = subPorts(given);
  if (reason) throw badRequest(`Invalid input for sub_ports. Reason: ${reason}.`);
  if (action === "add_subports") {
    const subs = (given as SubPort[]).map((sub) => checked(state, call, sub));
    for (const sub of subs)
      if (row.sub_ports.some((one) => one.segmentation_id === sub.segmentation_id))
        throw refusal(
          409,
          "DuplicateSubPort",
          `segmentation_type ${sub.segmentation_type} and segmentation_id ${sub.segmentation_id} already in use on trunk ${row.id}.`,
        );
    row.sub_ports = [...row.sub_ports, ...subs];
  } else
    for (const { port_id } of given as SubPort[]) {
      if (!row.sub_ports.some((one) => one.port_id === port_id))
        throw refusal(404, "SubPortNotFound", `SubPort ${port_id} on trunk ${row.id} could not be found.`);
      row.sub_ports = row.sub_ports.filter((one) => one.port_id !== port_id);
    }
  state.trunks.put(row);
  return { status: 200, body: trunks.view(row, call.caller) };
}
