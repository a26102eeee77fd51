import type { Answer, Call, Json } from "../kernel/call.ts";
import { bool, isObject, object, text } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { type Action, act, api, bodyOf, empty } from "./api.ts";
import { CREATE_TYPE, TYPE_ACTIONS, UPDATE_TYPE } from "./bodies.ts";
import { authorize, type Cinder, isAdmin } from "./core.ts";
import { bad, conflict, notFound } from "./errors.ts";
import { FILTERS } from "./filters.ts";
import { filters, type Listing, matching, page, stamp } from "./listing.ts";
import { literal } from "./python.ts";
import type { TypeRow } from "./rows.ts";
import { defaultType, defaultTypeName, mayUse, typeById } from "./types-lookup.ts";

/** Extra specs that everybody sees. */
const VISIBLE = ["RESKEY:availability_zones", "multiattach", "replication_enabled"];

const LISTING: Listing<TypeRow> = {
  kind: "Volume type",
  filters: FILTERS.volume_type,
  names: ["id", "created_at", "updated_at", "name", "description", "is_public", "qos_specs_id"],
  columns: (row) => ({
    id: row.id,
    created_at: stamp(row.created),
    updated_at: stamp(row.updated),
    name: row.name,
    description: row.description,
    is_public: row.public,
    qos_specs_id: row.qosId,
  }),
  tenantFilters: ["is_public"],
  refusing: 52,
  renamed: { name: "name", description: "description" },
};

/** The specs of a type that the caller may see. */
export const visibleSpecs = (call: Call, row: TypeRow): Json =>
  isAdmin(call.caller)
    ? { ...row.specs }
    : Object.fromEntries(Object.entries(row.specs).filter(([key]) => VISIBLE.includes(key)));

/** A type; `full` adds what only lists and a look at one have. */
function view(call: Call, row: TypeRow, { qos = true, access = true } = {}): Json {
  return {
    id: row.id,
    name: row.name,
    is_public: row.public,
    description: row.description,
    extra_specs: visibleSpecs(call, row),
    ...(qos && isAdmin(call.caller) ? { qos_specs_id: row.qosId } : {}),
    ...(access ? { "os-volume-type-access:is_public": row.public } : {}),
  };
}

/** `/types`: lists, one, made, changed, deleted, and who may use the private ones. */
export function typeRoutes(cinder: Cinder): Route[] {
  const find = (call: Call): TypeRow => typeById(cinder, call.caller, call.params["id"]!);
  const actions: Record<string, Action> = {
    addProjectAccess: { run: (call, body) => grant(cinder, call, find, String(body["project"])) },
    removeProjectAccess: { run: (call, body) => revoke(cinder, call, find, String(body["project"])) },
  };
  return [
    ...api("GET", "/types", (call) => list(cinder, call)),
    ...api("POST", "/types", (call) => create(cinder, call)),
    ...api("GET", "/types/default", (call) => {
      const row = defaultType(cinder, call.caller);
      return { status: 200, body: { volume_type: view(call, row, { access: false }) } };
    }),
    ...api("GET", "/types/{id}", (call) => ({ status: 200, body: { volume_type: view(call, find(call)) } })),
    ...api("PUT", "/types/{id}", (call) => update(cinder, call)),
    ...api("DELETE", "/types/{id}", (call) => {
      authorize(call, "volume_extension:type_delete", "admin");
      remove(cinder, find(call));
      return empty(202);
    }),
    ...api("POST", "/types/{id}/action", (call) => act(call, actions, TYPE_ACTIONS)),
    ...api("GET", "/types/{id}/os-volume-type-access", (call) => {
      authorize(call, "volume_extension:volume_type_access:get_all_for_type", "admin");
      const row = find(call);
      if (row.public) throw notFound("Access list not available for public volume types.");
      const projects = cinder.access.by("type", row.id);
      const body = projects.map(({ projectId }) => ({ volume_type_id: row.id, project_id: projectId }));
      return { status: 200, body: { volume_type_access: body } };
    }),
  ];
}

function list(cinder: Cinder, call: Call): Answer {
  authorize(call, "volume_extension:type_get_all", "reader");
  const given = filters(call, LISTING);
  const asked = given.get("is_public");
  const specs = given.get("extra_specs");
  given.delete("is_public");
  given.delete("extra_specs");
  const shown = visibility(call, asked);
  const wanted = specs === undefined ? undefined : literal(specs);
  const rows = matching(cinder.types.values(), given, LISTING)
    .filter((row) => mayUse(cinder, call.caller, row))
    .filter((row) => !isAdmin(call.caller) || shown === undefined || row.public === shown)
    .filter((row) => !isObject(wanted) || Object.entries(wanted).every(([key, value]) => row.specs[key] === value));
  const { rows: page_, more } = page(cinder, call, rows, LISTING, { path: "types", links: "volume_type_links" });
  return { status: 200, body: { volume_types: page_.map((row) => view(call, row)), ...more } };
}

/** What `is_public` asks an administrator for: the public ones, the private ones, or with `None` both. */
function visibility(call: Call, asked: string | undefined): boolean | undefined {
  if (!isAdmin(call.caller) || asked === undefined) return true;
  if (asked.toLowerCase() === "none") return undefined;
  const value = bool(asked);
  if (value === undefined) throw bad(`Invalid is_public filter [${asked}]`);
  return value;
}

function create(cinder: Cinder, call: Call): Answer {
  const body = bodyOf(call, CREATE_TYPE, "volume_type");
  authorize(call, "volume_extension:type_create", "admin");
  const name = String(body["name"]);
  if (cinder.types.by("name", name).length > 0) throw conflict(`Volume Type ${name} already exists.`);
  const row = cinder.types.put({
    id: cinder.newId(),
    name,
    description: text(body["description"]) ?? null,
    public: bool(body["os-volume-type-access:is_public"] ?? true) ?? true,
    specs: { ...object(body["extra_specs"]) } as Record<string, string | null>,
    qosId: null,
    created: cinder.now(),
    updated: null,
  });
  return { status: 200, body: { volume_type: view(call, row, { qos: false }) } };
}

function update(cinder: Cinder, call: Call): Answer {
  const body = bodyOf(call, UPDATE_TYPE, "volume_type");
  authorize(call, "volume_extension:type_update", "admin");
  const name = text(body["name"]);
  const description = text(body["description"]);
  const isPublic = body["is_public"] === undefined ? undefined : bool(body["is_public"]);
  if (name?.trim() === "") throw bad("Volume type name can not be empty.");
  if (name === undefined && description === undefined && isPublic === undefined)
    throw bad("Specify volume type name, description, is_public or a combination thereof.");
  const row = typeById(cinder, call.caller, call.params["id"]!);
  if (name !== undefined && cinder.types.by("name", name).some(({ id }) => id !== row.id))
    throw conflict(`Volume Type ${name} already exists.`);
  row.name = name ?? row.name;
  row.description = description ?? row.description;
  row.public = isPublic ?? row.public;
  cinder.touch(cinder.types, row);
  return { status: 200, body: { volume_type: view(call, row, { qos: false, access: false }) } };
}

/** Throws 400 where it is a default, the last one, or in use. */
function remove(cinder: Cinder, row: TypeRow): void {
  if (cinder.types.size === 1)
    throw bad(`The volume type ${row.id} is the only currently defined volume type and cannot be deleted.`);
  const isDefault = row.name === defaultTypeName(cinder) || cinder.defaultTypes.find(({ typeId }) => typeId === row.id);
  if (isDefault) throw bad(`The volume type ${row.id} is a default volume type and cannot be deleted.`);
  if (cinder.volumes.find(({ typeId }) => typeId === row.id)) throw bad("Target volume type is still in use.");
  for (const { id } of cinder.access.by("type", row.id)) cinder.access.delete(id);
  cinder.types.delete(row.id);
}

function grant(cinder: Cinder, call: Call, find: (call: Call) => TypeRow, projectId: string): Answer {
  authorize(call, "volume_extension:volume_type_access:addProjectAccess", "admin");
  const row = find(call);
  if (row.public) throw notForPublic();
  const id = `${row.id}/${projectId}`;
  if (cinder.access.get(id))
    throw conflict(`Volume type access for ${row.id} / ${projectId} combination already exists.`);
  cinder.access.put({ id, typeId: row.id, projectId });
  return empty(202);
}

function revoke(cinder: Cinder, call: Call, find: (call: Call) => TypeRow, projectId: string): Answer {
  authorize(call, "volume_extension:volume_type_access:removeProjectAccess", "admin");
  const row = find(call);
  if (row.public) throw notForPublic();
  const id = `${row.id}/${projectId}`;
  if (!cinder.access.get(id)) throw notFound(`Volume type access not found for ${row.id} / ${projectId} combination.`);
  cinder.access.delete(id);
  return empty(202);
}

const notForPublic = () =>
  bad("Invalid volume type: Type access modification is not applicable to public volume type.");
