import type { Answer, Call, Json } from "../kernel/call.ts";
import { isUuid } from "../kernel/input.ts";
import type { Schema } from "../kernel/schema.ts";
import { type Route, route } from "../kernel/service.ts";
import { checkKnown, created, linksOf, nothing, ok, only, pageOf, shownFields, versioned } from "./answers.ts";
import { argumentsOf, read } from "./arguments.ts";
import { fault } from "./errors.ts";
import { dashed, type Ironic } from "./ironic.ts";
import { applyPatch, checkAllowed, readPatch } from "./patch.ts";
import { authorize } from "./policy.ts";
import type { ChassisRow } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import { minor } from "./versions.ts";

const SCHEMA: Schema = {
  type: "object",
  properties: {
    uuid: { type: ["string", "null"] },
    extra: { type: ["object", "null"] },
    description: { type: ["string", "null"], maxLength: 255 },
  },
  additionalProperties: false,
};

const KNOWN = ["uuid", "created_at", "updated_at", "description", "extra", "links", "nodes"];

/** The routes of chassis. */
export function chassisRoutes(ironic: Ironic): Route[] {
  const at = (method: string, path: string, handle: (call: Call) => Answer) =>
    route(method, `/v1/chassis${path}`, versioned(handle));
  return [
    at("GET", "", (call) => list(ironic, call)),
    at("POST", "", (call) => create(ironic, call)),
    at("GET", "/{chassis}", (call) => {
      const { fields } = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
      const row = find(ironic, call, "get");
      checkKnown(fields, KNOWN);
      return ok(only(show(ironic, call, row), fields));
    }),
    at("PATCH", "/{chassis}", (call) => change(ironic, call)),
    at("DELETE", "/{chassis}", (call) => remove(ironic, call)),
  ];
}

function show(ironic: Ironic, call: Call, row: ChassisRow): Json {
  const base = ironic.base(call);
  return {
    uuid: row.id,
    created_at: row.created_at,
    updated_at: row.updated_at,
    description: row.description,
    extra: row.extra,
    links: linksOf(base, `chassis/${row.id}`),
    nodes: [linksOf(base, `chassis/${row.id}/nodes`)],
  };
}

const missing = (id: string) => fault(404, `Chassis ${id} could not be found.`);

function list(ironic: Ironic, call: Call): Answer {
  const query = argumentsOf(call, {
    marker: "uuid",
    limit: "integer",
    sort_key: "string",
    sort_dir: "string",
    fields: "list",
    detail: "boolean",
  }) as { fields?: string[]; detail?: boolean; marker?: string };
  authorize(call.caller, "baremetal:chassis:get");
  const fields = shownFields(minor(call), query.fields, query.detail, ["uuid", "description"]);
  checkKnown(fields, KNOWN);
  const { chassis } = ironic.tables;
  return pageOf(
    ironic,
    call,
    chassis.values(),
    query,
    {
      name: "chassis",
      idOf: (row) => row.id,
      columns: ["uuid", "created_at", "updated_at", "description"],
      unsortable: ["extra"],
      exists: (marker) => chassis.get(dashed(marker)) !== undefined,
      unknown: missing,
    },
    { show: (row) => only(show(ironic, call, row), fields), fields },
  );
}

function find(ironic: Ironic, call: Call, policy: string): ChassisRow {
  authorize(call.caller, `baremetal:chassis:${policy}`);
  const { chassis: id = "" } = call.params;
  if (!isUuid(id)) throw fault(400, `Expected UUID for chassis_uuid: ${id}`);
  const row = ironic.tables.chassis.get(dashed(id));
  if (!row) throw missing(id);
  return row;
}

function create(ironic: Ironic, call: Call): Answer {
  const body = (call.body ?? {}) as Json;
  checkSchema("chassis", SCHEMA, body);
  read("uuid", "uuid", body["uuid"]);
  authorize(call.caller, "baremetal:chassis:create");
  const id = typeof body["uuid"] === "string" ? dashed(body["uuid"]) : ironic.world.random.uuid();
  if (ironic.tables.chassis.get(id)) throw fault(409, `A chassis with UUID ${id} already exists.`);
  const row = ironic.tables.chassis.put({
    id,
    created_at: ironic.now(),
    updated_at: null,
    description: (body["description"] ?? null) as string | null,
    extra: (body["extra"] ?? {}) as Json,
  });
  return created(ironic, call, `chassis/${id}`, show(ironic, call, row));
}

function change(ironic: Ironic, call: Call): Answer {
  const patch = readPatch(call.body);
  const row = find(ironic, call, "update");
  checkAllowed(patch, ["uuid", "extra", "description"]);
  const result = applyPatch({ description: row.description, extra: row.extra }, patch);
  checkSchema("patch", SCHEMA, result);
  row.description = (result["description"] ?? null) as string | null;
  row.extra = (result["extra"] ?? {}) as Json;
  row.updated_at = ironic.now();
  ironic.tables.chassis.put(row);
  return ok(show(ironic, call, row));
}

function remove(ironic: Ironic, call: Call): Answer {
  const row = find(ironic, call, "delete");
  if (ironic.tables.nodes.find((node) => node.chassis_uuid === row.id))
    throw fault(400, `Cannot complete the requested action because chassis ${row.id} contains nodes.`);
  ironic.tables.chassis.delete(row.id);
  return nothing;
}
