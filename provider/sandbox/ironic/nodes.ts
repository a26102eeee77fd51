import type { Answer, Call, Json } from "../kernel/call.ts";
import { repr } from "../kernel/python.ts";
import type { Route } from "../kernel/service.ts";
import { route } from "../kernel/service.ts";
import { ok, pageOf, shownFields, versioned } from "./answers.ts";
import { type Arguments, argumentsOf, isName } from "./arguments.ts";
import { aborted, fault, needs, notAcceptable } from "./errors.ts";
import { HOST } from "./host.ts";
import { dashed, type Ironic } from "./ironic.ts";
import { isState } from "./machine.ts";
import { createNode, removeNode } from "./node-create.ts";
import { checkNodeFields, NODE_FIELDS, NodeView } from "./node-view.ts";
import { changeNode } from "./nodes-change.ts";
import { authorizeNode, listScope } from "./policy.ts";
import type { NodeRow } from "./rows.ts";
import { checkFields, minor } from "./versions.ts";

const LIST: Arguments = {
  chassis_uuid: "uuid",
  instance_uuid: "uuid",
  associated: "boolean",
  maintenance: "boolean",
  retired: "boolean",
  provision_state: "string",
  marker: "uuid",
  limit: "integer",
  sort_key: "string",
  sort_dir: "string",
  driver: "string",
  resource_class: "string",
  fault: "string",
  conductor_group: "string",
  conductor: "string",
  owner: "string",
  description_contains: "string",
  lessee: "string",
  project: "string",
  shard: "list",
  sharded: "boolean",
  include_children: "boolean",
  parent_node: "string",
  instance_name: "string",
};

const DEFAULT_FIELDS = ["instance_uuid", "maintenance", "power_state", "provision_state", "uuid", "name"];
const FAULTS = ["power failure", "clean failure", "rescue abort failure", "service failure"];
const UNSORTABLE = [
  "properties",
  "driver_info",
  "extra",
  "instance_info",
  "driver_internal_info",
  "clean_step",
  "deploy_step",
  "raid_config",
  "target_raid_config",
  "traits",
  "network_data",
  "service_step",
];

/** Since which version a filter is there. */
const FILTERS: readonly [string, number][] = [
  ["driver", 16],
  ["resource_class", 21],
  ["fault", 42],
  ["conductor_group", 46],
  ["conductor", 49],
  ["owner", 50],
  ["lessee", 65],
  ["shard", 82],
  ["sharded", 82],
];

/** Names that are paths below `/v1/nodes`. */
const RESERVED = ["maintenance", "management", "states", "vendor_passthru", "detail", "validate"];

/** The routes of the nodes themselves. */
export function nodeRoutes(ironic: Ironic): Route[] {
  return [
    route(
      "GET",
      "/v1/nodes",
      versioned((call) => list(ironic, call, false)),
    ),
    route(
      "GET",
      "/v1/nodes/detail",
      versioned((call) => list(ironic, call, true)),
    ),
    route(
      "POST",
      "/v1/nodes",
      versioned((call) => createNode(ironic, call)),
    ),
    route(
      "GET",
      "/v1/nodes/{node}",
      versioned((call) => show(ironic, call)),
    ),
    route(
      "GET",
      "/v1/nodes/{node}/{field}",
      versioned((call) => show(ironic, call)),
    ),
    route(
      "PATCH",
      "/v1/nodes/{node}",
      versioned((call) => patch(ironic, call)),
    ),
    route(
      "DELETE",
      "/v1/nodes/{node}",
      versioned((call) => removeNode(ironic, call)),
    ),
    route(
      "PUT",
      "/v1/nodes/{node}/maintenance",
      versioned((call) => maintain(ironic, call, true)),
    ),
    route(
      "DELETE",
      "/v1/nodes/{node}/maintenance",
      versioned((call) => maintain(ironic, call, false)),
    ),
  ];
}

/** The node that a path names, if the policy lets the caller. Throws 400, 404, 403. */
export function nodeOf(ironic: Ironic, call: Call, policy: string): NodeRow {
  const ident = call.params["node"] ?? "";
  if (!isName(ident)) throw aborted(400, `Expected UUID or name for node: ${ident}`);
  const node = ironic.node(ident, minor(call));
  authorizeNode(call.caller, policy, node, ident);
  return node;
}

function list(ironic: Ironic, call: Call, detailed: boolean): Answer {
  const version = minor(call);
  const wanted = detailed ? LIST : { ...LIST, fields: "list" as const, detail: "boolean" as const };
  const query = argumentsOf(call, wanted);
  const { conductor, detail, provision_state: state, fault: error } = query;
  const asked = query["fields"] as string[] | undefined;
  const project = listScope(call.caller, "node", query["project"] as string | undefined);
  if (asked && version < 8) throw notAcceptable();
  checkFields(call, asked);
  checkFields(call, [String(query["sort_key"] ?? "id")]);
  if (state !== undefined) {
    if (version < 9) throw notAcceptable();
    if (!isState(String(state))) throw fault(400, `Provision state "${state}" is not valid`);
  }
  for (const [name, since] of FILTERS) if (query[name] !== undefined && version < since) throw needs(since);
  if (error !== undefined && !FAULTS.includes(String(error)))
    throw fault(400, `Unrecognized fault "${error}" is specified, allowed faults are (${FAULTS.map(repr).join(", ")})`);
  if (query["instance_name"] !== undefined && version < 104)
    throw notAcceptable("instance_name is not acceptable in this API version");
  if ((query["include_children"] !== undefined || query["parent_node"] !== undefined) && version < 83) throw needs(83);
  const fields = detailed ? undefined : shownFields(version, asked, detail as boolean | undefined, DEFAULT_FIELDS);
  checkNodeFields(fields, true);
  let found = filtered(ironic, query, project);
  if (conductor !== undefined && (conductor !== HOST || !ironic.conductor.seenAlive)) found = [];
  const view = new NodeView(ironic, call);
  const parameters: Json = {};
  for (const name of ["associated", "maintenance", "retired"]) if (query[name]) parameters[name] = query[name];
  if (!detailed && detail !== undefined) parameters["detail"] = detail;
  return pageOf(
    ironic,
    call,
    found,
    query,
    {
      name: "nodes",
      path: detailed ? "nodes/detail" : "nodes",
      idOf: (node) => node.id,
      columns: ["uuid", "created_at", "updated_at", ...NODE_FIELDS],
      unsortable: UNSORTABLE,
      exists: (marker) => ironic.tables.nodes.get(dashed(marker)) !== undefined,
      unknown: (marker) => fault(404, `Node ${marker} could not be found.`),
    },
    { show: (node) => view.show(node, fields), parameters, fields, whole: query["instance_uuid"] !== undefined },
  );
}

/** The nodes that a query asks for. */
function filtered(ironic: Ironic, query: Json, project: string | undefined): NodeRow[] {
  const { nodes, chassis } = ironic.tables;
  const tests: ((node: NodeRow) => boolean)[] = [];
  for (const name of [
    "maintenance",
    "retired",
    "provision_state",
    "driver",
    "resource_class",
    "fault",
    "conductor_group",
    "owner",
    "lessee",
    "instance_name",
    "instance_uuid",
    "chassis_uuid",
  ] as const) {
    const value = query[name];
    if (value !== undefined) tests.push((node) => node[name] === value);
  }
  if (typeof query["chassis_uuid"] === "string" && !chassis.get(query["chassis_uuid"]))
    throw fault(404, `Chassis ${query["chassis_uuid"]} could not be found.`);
  const { associated, sharded, shard, description_contains: words, parent_node: parent } = query;
  if (associated !== undefined) tests.push((node) => (node.instance_uuid !== null) === associated);
  if (sharded !== undefined) tests.push((node) => (node.shard !== null) === sharded);
  if (Array.isArray(shard)) tests.push((node) => shard.includes(node.shard));
  if (typeof words === "string")
    tests.push((node) => (node.description ?? "").toLowerCase().includes(words.toLowerCase()));
  if (project) tests.push((node) => node.owner === project || node.lessee === project);
  if (!query["include_children"]) tests.push((node) => node.parent_node === (parent ?? null));
  return nodes.filter((node) => tests.every((test) => test(node)));
}

function show(ironic: Ironic, call: Call): Answer {
  const query = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
  const { field } = call.params;
  const fields = field === undefined ? query.fields : [field];
  const node = nodeOf(ironic, call, "baremetal:node:get");
  if (fields && minor(call) < 8) throw notAcceptable();
  checkFields(call, fields);
  checkNodeFields(fields, false);
  return ok(new NodeView(ironic, call).show(node, fields));
}

/** Refuses (400, before 1.5 406) names that no node can have. */
export function checkName(call: Call, name: string, wrong: (name: string) => string): void {
  if (minor(call) < 5) throw notAcceptable();
  if (!isName(name) || /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(name)) throw fault(400, wrong(name));
  if (RESERVED.includes(name))
    throw fault(
      400,
      `The word "${name}" is reserved and can not be used as a node name. Reserved words are: ${RESERVED.join(", ")}.`,
    );
}

async function patch(ironic: Ironic, call: Call): Promise<Answer> {
  const view = new NodeView(ironic, call);
  return ok(await changeNode(ironic, call, (node) => view.show(node)));
}

async function maintain(ironic: Ironic, call: Call, on: boolean): Promise<Answer> {
  const { reason } = argumentsOf(call, on ? { reason: "string" } : {}, "both");
  const { id } = nodeOf(ironic, call, on ? "baremetal:node:set_maintenance" : "baremetal:node:clear_maintenance");
  await ironic.conductor.exclusive(id, call.caller, (task) => {
    const { node } = task;
    node.maintenance = on;
    node.maintenance_reason = on ? ((reason ?? null) as string | null) : null;
    if (!on) node.fault = null;
    task.save();
  });
  return { status: 202 };
}
