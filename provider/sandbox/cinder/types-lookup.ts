import type { Caller } from "../kernel/call.ts";
import { isUuid } from "../kernel/input.ts";
import { type Cinder, isAdmin } from "./core.ts";
import { failed, gone, notFound } from "./errors.ts";
import type { TypeRow } from "./rows.ts";

/** Whether the caller may use a type: private ones only with access. */
export const mayUse = (cinder: Cinder, caller: Caller, type: TypeRow): boolean =>
  type.public || isAdmin(caller) || cinder.access.get(`${type.id}/${caller.projectId}`) !== undefined;

/** A type by its id, where the caller may use it. Throws 404. */
export function typeById(cinder: Cinder, caller: Caller, id: string): TypeRow {
  const row = cinder.types.get(id);
  if (!row || !mayUse(cinder, caller, row)) throw gone("Volume type", id);
  return row;
}

/** A type by its id or name; by its name also one that the caller may not use. Throws 404. */
export function typeByNameOrId(cinder: Cinder, caller: Caller, nameOrId: string): TypeRow {
  if (isUuid(nameOrId)) return typeById(cinder, caller, nameOrId);
  const [row] = cinder.types.by("name", nameOrId);
  if (!row) throw notFound(`Volume type with name ${nameOrId} could not be found.`);
  return row;
}

/** The type of volumes that name none: the project's own default, else the cloud's. */
export function defaultType(cinder: Cinder, caller: Caller): TypeRow {
  const own = cinder.types.get(cinder.defaultTypes.get(caller.projectId)?.typeId ?? "");
  if (own) return own;
  const name = defaultTypeName(cinder);
  const [row] = cinder.types.by("name", name);
  if (!row) throw failed(`The request cannot be fulfilled as the default volume type ${name} cannot be found.`);
  return row;
}

/** Name of the cloud's default type. */
export const defaultTypeName = (cinder: Cinder): string =>
  cinder.settings.get("settings")?.defaultType ?? "__DEFAULT__";
