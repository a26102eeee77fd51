import type { Answer, Call, Json } from "../kernel/call.ts";
import { isObject, isUuid } from "../kernel/input.ts";
import { repr } from "../kernel/python.ts";
import type { Schema } from "../kernel/schema.ts";
import { type Route, route } from "../kernel/service.ts";
import { created, linksOf, nothing, ok, only, pageOf, versioned } from "./answers.ts";
import { argumentsOf, isName, read } from "./arguments.ts";
import { allocateSoon, backfill, checkDeallocation, endAllocation } from "./conductor/allocate.ts";
import { aborted, fault, notAcceptable } from "./errors.ts";
import { dashed, type Ironic } from "./ironic.ts";
import { applyPatch, checkAllowed, readPatch, valuesOf } from "./patch.ts";
import { authorize, listScope, may } from "./policy.ts";
import type { AllocationRow, NodeRow } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import { TRAIT } from "./traits.ts";
import { minor } from "./versions.ts";

const FIELDS = [
  "candidate_nodes",
  "created_at",
  "extra",
  "last_error",
  "links",
  "name",
  "node_uuid",
  "resource_class",
  "state",
  "traits",
  "updated_at",
  "uuid",
];

const IDENT: Schema = {
  anyOf: [
    { type: "string", format: "uuid" },
    { type: "string", minLength: 1, maxLength: 255, pattern: "^[A-Za-z0-9-._~]+$" },
  ],
};

const PROPERTIES: Readonly<Record<string, Schema>> = {
  candidate_nodes: { type: ["array", "null"], items: IDENT },
  extra: { type: ["object", "null"] },
  name: { type: ["string", "null"] },
  owner: { type: ["string", "null"] },
  resource_class: { type: ["string", "null"], maxLength: 80 },
  traits: { type: ["array", "null"], items: TRAIT },
  uuid: { type: ["string", "null"] },
};

const bodySchema = (version: number): Schema => ({
  type: "object",
  properties: version >= 58 ? { ...PROPERTIES, node: { type: ["string", "null"] } } : PROPERTIES,
  additionalProperties: false,
});

/** The routes of allocations. */
export function allocationRoutes(ironic: Ironic): Route[] {
  const all = new Allocations(ironic);
  const gated = (handle: (call: Call) => Answer | Promise<Answer>, since = 52, word = "allocations") =>
    versioned((call) => {
      if (minor(call) < since) throw fault(call.method === "GET" ? 404 : 405, `The API version does not allow ${word}`);
      return handle(call);
    });
  const ofNode = (handle: (call: Call) => Answer | Promise<Answer>) =>
    versioned((call) => {
      if (minor(call) < 52) throw aborted(404);
      return handle(call);
    });
  return [
    route(
      "GET",
      "/v1/allocations",
      gated((call) => all.list(call)),
    ),
    route(
      "POST",
      "/v1/allocations",
      gated((call) => all.create(call)),
    ),
    route(
      "GET",
      "/v1/allocations/{allocation}",
      gated((call) => all.show(call)),
    ),
    route(
      "PATCH",
      "/v1/allocations/{allocation}",
      gated((call) => all.change(call), 57, "updating allocations"),
    ),
    route(
      "DELETE",
      "/v1/allocations/{allocation}",
      gated((call) => all.remove(call)),
    ),
    route(
      "GET",
      "/v1/nodes/{node}/allocation",
      ofNode((call) => all.showOfNode(call)),
    ),
    route(
      "DELETE",
      "/v1/nodes/{node}/allocation",
      ofNode((call) => all.removeOfNode(call)),
    ),
  ];
}

class Allocations {
  readonly #ironic: Ironic;

  constructor(ironic: Ironic) {
    this.#ironic = ironic;
  }

  #show(call: Call, row: AllocationRow): Json {
    return {
      uuid: row.id,
      created_at: row.created_at,
      updated_at: row.updated_at,
      candidate_nodes: row.candidate_nodes,
      extra: row.extra,
      last_error: row.last_error,
      name: row.name,
      ...(minor(call) >= 60 ? { owner: row.owner } : {}),
      resource_class: row.resource_class,
      state: row.state,
      traits: row.traits,
      links: linksOf(this.#ironic.base(call), `allocations/${row.id}`),
      node_uuid: row.node_uuid,
    };
  }

  #fields(call: Call, fields: readonly string[] | undefined): void {
    const known = minor(call) >= 60 ? [...FIELDS, "owner"] : FIELDS;
    for (const field of fields ?? [])
      if (!known.includes(field)) throw fault(400, `Schema error: ${repr(field)} is not one of ${repr(known)}`);
  }

  list(call: Call): Answer {
    const query = argumentsOf(call, {
      node: "string",
      resource_class: "string",
      state: "string",
      marker: "string",
      limit: "integer",
      sort_key: "string",
      sort_dir: "string",
      fields: "list",
      owner: "string",
    }) as Record<string, string> & { fields?: string[] };
    this.#fields(call, query.fields as unknown as string[] | undefined);
    const fields = query.fields as unknown as string[] | undefined;
    const { node: ident, owner: asked, marker, resource_class: wanted, state } = query;
    if (ident !== undefined && !isName(ident))
      throw fault(
        400,
        `Schema error: ${repr(ident)} is not valid under any of the given schemas. Possible root cause: ${repr(ident)} is not a 'uuid'`,
      );
    if (marker !== undefined && !isUuid(marker)) throw fault(400, `Schema error: ${repr(marker)} is not a 'uuid'`);
    const owner = listScope(call.caller, "allocation", asked);
    if (asked !== undefined && minor(call) < 60) throw notAcceptable();
    const node = ident === undefined ? undefined : this.#listedNode(call, ident, owner);
    const { allocations } = this.#ironic.tables;
    const rows = (node ? allocations.by("node", node.id) : allocations.values()).filter(
      (row) =>
        (!owner || row.owner === owner) &&
        (wanted === undefined || row.resource_class === wanted) &&
        (state === undefined || row.state === state),
    );
    return pageOf(
      this.#ironic,
      call,
      rows,
      query as Json,
      {
        name: "allocations",
        idOf: (row) => row.id,
        columns: ["uuid", "created_at", "updated_at", "name", "owner", "resource_class", "state", "last_error"],
        unsortable: ["extra", "candidate_nodes", "traits"],
        exists: (id) => allocations.get(dashed(id)) !== undefined,
        unknown: (id) => this.#missing(id),
      },
      { show: (row) => only(this.#show(call, row), fields), fields },
    );
  }

  /** The node of a list: one that is hidden is not found (404), and within a project Ironic 39 cannot ask for a node's (500 there). */
  #listedNode(call: Call, ident: string, owner: string | undefined): NodeRow {
    const node = this.#existing(call, ident);
    if (!may(call.caller, "baremetal:node:get", node)) throw fault(404, "Resource could not be found.");
    if (owner !== undefined)
      throw fault(400, 'Attribute name "owner" is ambiguous; it exists in multiple FROM clause entities');
    return node;
  }

  #existing(call: Call, ident: string): NodeRow {
    try {
      return this.#ironic.node(ident, minor(call));
    } catch {
      throw fault(400, `Node ${ident} could not be found.`);
    }
  }

  /** A node that a request names: one that is hidden does not exist (400). */
  #node(call: Call, ident: string): NodeRow {
    const node = this.#existing(call, ident);
    if (!may(call.caller, "baremetal:node:get", node)) throw fault(400, `Node ${ident} could not be found.`);
    return node;
  }

  #missing(ident: string): Error {
    return fault(404, `Allocation ${ident} could not be found.`);
  }

  #find(call: Call, policy: string): AllocationRow {
    const { allocation: ident = "" } = call.params;
    if (!isName(ident)) throw fault(400, `Expected a logical name or UUID but received ${ident}.`);
    const { allocations } = this.#ironic.tables;
    const row = isUuid(ident) ? allocations.get(dashed(ident)) : allocations.by("name", ident)[0];
    if (!row || !may(call.caller, "baremetal:allocation:get", row)) throw this.#missing(ident);
    authorize(call.caller, `baremetal:allocation:${policy}`, row);
    return row;
  }

  show(call: Call): Answer {
    const { fields } = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
    this.#fields(call, fields);
    return ok(only(this.#show(call, this.#find(call, "get")), fields));
  }

  /** Who will own the allocation. Throws 403. */
  #owner(call: Call, asked: string | null): string | null {
    const { caller } = call;
    if (!may(caller, "baremetal:allocation:create")) authorize(caller, "baremetal:allocation:create_restricted");
    if (caller.system || may(caller, "baremetal:allocation:create_restricted")) return asked;
    if (asked && asked !== caller.projectId)
      throw fault(
        403,
        `Cannot create allocation with an owner Project ID value ${asked} not matching the requester Project ID ${caller.projectId}. Policy baremetal:allocation:create_restricted is required for this capability.`,
      );
    return caller.projectId;
  }

  async create(call: Call): Promise<Answer> {
    const body: unknown = call.body ?? {};
    checkSchema(undefined, bodySchema(minor(call)), body);
    if (!isObject(body)) throw fault(400, "Schema error");
    const owner = this.#owner(call, (body["owner"] ?? null) as string | null);
    const name = (body["name"] || null) as string | null;
    if (name !== null && !isName(name)) throw fault(400, `Cannot create allocation with invalid name '${name}'`);
    const node = body["node"] ? this.#node(call, String(body["node"])) : undefined;
    const resourceClass = (body["resource_class"] || node?.resource_class || null) as string | null;
    if (!body["resource_class"] && !node)
      throw fault(400, "The resource_class field is mandatory when not backfilling");
    const candidates = this.#candidates(call, (body["candidate_nodes"] ?? []) as string[]);
    read("uuid", "uuid", body["uuid"]);
    const id =
      typeof body["uuid"] === "string"
        ? dashed(body["uuid"])
        : (node?.instance_uuid ?? this.#ironic.world.random.uuid());
    await this.#ironic.conductor.reach();
    const { allocations } = this.#ironic.tables;
    if (name !== null && allocations.by("name", name).length > 0)
      throw fault(409, `An allocation with name ${name} already exists.`);
    if (allocations.get(id)) throw fault(409, `An allocation with UUID ${id} already exists.`);
    const row = allocations.put({
      id,
      created_at: this.#ironic.now(),
      updated_at: null,
      name,
      node_uuid: null,
      state: "allocating",
      last_error: null,
      resource_class: resourceClass,
      traits: (body["traits"] ?? []) as string[],
      candidate_nodes: candidates,
      extra: (body["extra"] ?? {}) as Json,
      owner,
    });
    if (node)
      await this.#ironic.conductor.exclusive(node.id, call.caller, (task) => backfill(this.#ironic, row, task.node));
    else allocateSoon(this.#ironic, id);
    return created(this.#ironic, call, `allocations/${id}`, this.#show(call, row));
  }

  /** The uuids of the named nodes. Throws 400 for those that do not exist for the caller. */
  #candidates(call: Call, idents: readonly string[]): string[] {
    const missing: string[] = [];
    const { projectId } = call.caller;
    const restricted = !may(call.caller, "baremetal:allocation:create_restricted");
    const found = idents.map((ident) => {
      const { nodes } = this.#ironic.tables;
      const node = isUuid(ident) ? nodes.get(dashed(ident)) : nodes.by("name", ident)[0];
      if (node && (!restricted || node.owner === projectId || node.lessee === projectId)) return node.id;
      missing.push(ident);
      return "";
    });
    if (missing.length > 0) throw fault(400, `Nodes cannot be found: ${missing.join(", ")}`);
    return found;
  }

  change(call: Call): Answer {
    const patch = readPatch(call.body, "schema");
    const row = this.#find(call, "update");
    checkAllowed(patch, ["name", "extra"]);
    for (const name of valuesOf(patch, "/name"))
      if (name && !isName(name)) throw fault(400, `Cannot update allocation with invalid name '${String(name)}'`);
    const result = applyPatch({ name: row.name, extra: row.extra }, patch);
    checkSchema("patch", bodySchema(115), result);
    const name = (result["name"] ?? null) as string | null;
    const { allocations } = this.#ironic.tables;
    if (name !== null && allocations.by("name", name).some((other) => other !== row))
      throw fault(409, `An allocation with name ${name} already exists.`);
    row.name = name;
    row.extra = (result["extra"] ?? {}) as Json;
    row.updated_at = this.#ironic.now();
    allocations.put(row);
    return ok(this.#show(call, row));
  }

  remove(call: Call): Promise<Answer> {
    return this.#end(call, this.#find(call, "delete"));
  }

  async #end(call: Call, row: AllocationRow): Promise<Answer> {
    await this.#ironic.conductor.reach();
    const node = row.node_uuid ? this.#ironic.tables.nodes.get(row.node_uuid) : undefined;
    if (node)
      await this.#ironic.conductor.exclusive(node.id, call.caller, (task) => {
        checkDeallocation(task.node, row);
        if (!this.#ironic.tables.allocations.get(row.id)) throw this.#missing(row.id);
        endAllocation(this.#ironic, row.id);
      });
    else endAllocation(this.#ironic, row.id);
    return nothing;
  }

  #ofNode(call: Call): AllocationRow {
    const { node: ident = "" } = call.params;
    const node = this.#ironic.node(ident, minor(call));
    if (!may(call.caller, "baremetal:node:get", node)) throw fault(404, `Node ${ident} could not be found.`);
    const [row] = this.#ironic.tables.allocations.by("node", node.id);
    if (!row) throw fault(404, `Allocation for node ${ident} was not found`);
    return row;
  }

  showOfNode(call: Call): Answer {
    const { fields } = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
    const row = this.#ofNode(call);
    authorize(call.caller, "baremetal:allocation:get", row);
    return ok(only(this.#show(call, row), fields));
  }

  removeOfNode(call: Call): Promise<Answer> {
    const row = this.#ofNode(call);
    authorize(call.caller, "baremetal:allocation:delete", row);
    return this.#end(call, row);
  }
}
