import type { Call } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { object } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { api, bodyOf } from "./api.ts";
import { CREATE_SPECS, DEFAULT_TYPE, UPDATE_SPEC } from "./bodies.ts";
import { authorize, type Cinder, isAdmin } from "./core.ts";
import { bad, failed, notFound } from "./errors.ts";
import type { TypeRow } from "./rows.ts";
import { validate } from "./schema.ts";
import { visibleSpecs } from "./types.ts";
import { typeById, typeByNameOrId } from "./types-lookup.ts";

/** `/types/{id}/extra_specs` and `/default-types`. */
export const typeExtraRoutes = (cinder: Cinder): Route[] => [...specRoutes(cinder), ...defaultTypeRoutes(cinder)];

function specRoutes(cinder: Cinder): Route[] {
  const path = "/types/{id}/extra_specs";
  const find = (call: Call): TypeRow => typeById(cinder, call.caller, call.params["id"]!);
  const missing = (row: TypeRow, key: string) => notFound(`Volume Type ${row.id} has no extra specs with key ${key}.`);
  const checkUnused = (id: string): void => {
    if (cinder.volumes.find(({ typeId }) => typeId === id)) throw bad("Volume Type is currently in use.");
  };
  const merge = (row: TypeRow, specs: Record<string, unknown>): void => {
    const next = { ...row.specs, ...specs } as TypeRow["specs"];
    if (next["cacheable"] === "<is> True" && next["multiattach"] === "<is> True")
      throw bad("cacheable cannot be set with multiattach.");
    row.specs = next;
    cinder.touch(cinder.types, row);
  };
  return [
    ...api("GET", path, (call) => ({ status: 200, body: { extra_specs: visibleSpecs(call, find(call)) } })),
    ...api("POST", path, (call) => {
      const specs = bodyOf(call, CREATE_SPECS, "extra_specs");
      authorize(call, "volume_extension:types_extra_specs:create", "admin");
      checkUnused(call.params["id"]!);
      merge(find(call), specs);
      return { status: 200, body: { extra_specs: specs } };
    }),
    ...api("GET", `${path}/{key}`, (call) => {
      const row = find(call);
      const key = call.params["key"]!;
      const specs = visibleSpecs(call, row);
      if (!Object.hasOwn(specs, key)) throw missing(row, key);
      return { status: 200, body: { [key]: specs[key] } };
    }),
    ...api("PUT", `${path}/{key}`, (call) => {
      if (call.body === undefined) throw failed();
      validate(UPDATE_SPEC, call.body);
      authorize(call, "volume_extension:types_extra_specs:update", "admin");
      checkUnused(call.params["id"]!);
      const row = find(call);
      const specs = object(call.body);
      if (!Object.hasOwn(specs, call.params["key"]!)) throw bad("Request body and URI mismatch");
      merge(row, specs);
      return { status: 200, body: specs };
    }),
    ...api("DELETE", `${path}/{key}`, (call) => {
      const row = find(call);
      authorize(call, "volume_extension:types_extra_specs:delete", "admin");
      checkUnused(row.id);
      const key = call.params["key"]!;
      if (!Object.hasOwn(row.specs, key)) throw missing(row, key);
      delete row.specs[key];
      cinder.touch(cinder.types, row);
      return { status: 202 };
    }),
  ];
}

function defaultTypeRoutes(cinder: Cinder): Route[] {
  const first = 62;
  const admin = (call: Call): void => {
    if (!isAdmin(call.caller)) throw new Refusal(403, "You are not authorized to perform this operation.");
  };
  const project = (call: Call): string => {
    const id = call.params["target"]!;
    admin(call);
    if (!cinder.world.identity.project(id)) throw notFound(`Project with id ${id} not found.`);
    return id;
  };
  const view = (row: { id: string; typeId: string }) => ({ project_id: row.id, volume_type_id: row.typeId });
  return [
    ...api(
      "GET",
      "/default-types",
      (call) => {
        admin(call);
        return { status: 200, body: { default_types: cinder.defaultTypes.values().map(view) } };
      },
      first,
    ),
    ...api(
      "GET",
      "/default-types/{target}",
      (call) => {
        const id = project(call);
        const row = cinder.defaultTypes.get(id);
        if (!row) throw notFound(`Default type for project ${id} not found.`);
        return { status: 200, body: { default_type: view(row) } };
      },
      first,
    ),
    ...api(
      "PUT",
      "/default-types/{target}",
      (call) => {
        const body = bodyOf(call, DEFAULT_TYPE, "default_type");
        const id = project(call);
        const row = cinder.defaultTypes.put({ id, typeId: existing(cinder, call, String(body["volume_type"])) });
        return { status: 200, body: { default_type: view(row) } };
      },
      first,
    ),
    ...api(
      "DELETE",
      "/default-types/{target}",
      (call) => {
        admin(call);
        cinder.defaultTypes.delete(call.params["target"]!);
        return { status: 204 };
      },
      first,
    ),
  ];
}

/** The id of a type; one that is not there is 400 here. */
function existing(cinder: Cinder, call: Call, nameOrId: string): string {
  try {
    return typeByNameOrId(cinder, call.caller, nameOrId).id;
  } catch (error) {
    throw error instanceof Refusal ? bad(error.message) : error;
  }
}
