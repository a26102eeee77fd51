import { type Call, hasRole, type Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { type Attributes, NOTHING } from "./attributes.ts";
import { badRequest } from "./errors.ts";

/** One resource of a request's body, with what was really sent. */
export interface Given {
  /** Checked values; on create with defaults. */
  readonly values: Json;
  /** Names of what was sent, in the order of sending. */
  readonly sent: readonly string[];
}

/** The resources of a create; `bulk` where the body names them in a list. Throws what the API says of a wrong body. */
export function createBody(
  call: Call,
  resource: string,
  collection: string,
  attributes: Attributes,
): { items: Given[]; bulk: boolean } {
  const body = readBody(call.body, resource, collection);
  if (collection in body) {
    const list = body[collection];
    if (!list || (Array.isArray(list) && list.length === 0)) throw badRequest("Resources required");
    if (!Array.isArray(list)) throw badRequest("Body contains invalid data");
    const items = list.map((item) => {
      const inner = isObject(item) && resource in item ? item[resource] : item;
      return prepare(call, inner, resource, attributes, true);
    });
    return { items, bulk: true };
  }
  return { items: [prepare(call, body[resource], resource, attributes, true)], bulk: false };
}

/** The changes of an update. */
export function updateBody(call: Call, resource: string, collection: string, attributes: Attributes): Given {
  const body = readBody(call.body, resource, collection);
  if (!(resource in body)) throw badRequest("Bulk operation not supported");
  return prepare(call, body[resource], resource, attributes, false);
}

function readBody(body: unknown, resource: string, collection: string): Json {
  if (body === undefined) throw badRequest(`Unable to find '${resource}' in request body`);
  if (!isObject(body)) throw badRequest("Body contains invalid data");
  if (!(resource in body) && !(collection in body)) throw badRequest(`Unable to find '${resource}' in request body`);
  return body;
}

/** Checks one resource against the attributes that there are. */
function prepare(call: Call, given: unknown, resource: string, attributes: Attributes, create: boolean): Given {
  if (given === null || given === undefined) throw badRequest(`Unable to find '${resource}' in request body`);
  if (!isObject(given)) throw badRequest(`Object '${resource}' contains invalid data`);
  const values: Json = { ...given };
  const sent = Object.keys(values);
  setOwner(call, values, create && "tenant_id" in attributes);
  const unknown = Object.keys(values).filter((name) => !Object.hasOwn(attributes, name));
  if (unknown.length > 0) throw badRequest(`Unrecognized attribute(s) '${unknown.join(", ")}'`);
  for (const [name, attribute] of Object.entries(attributes)) {
    if (!create) {
      if (name in values && !attribute.update) throw badRequest(`Cannot update read-only attribute ${name}`);
      continue;
    }
    if (!attribute.create) {
      if (name in values) throw badRequest(`Attribute '${name}' not allowed in POST`);
    } else if (!(name in values)) {
      if (attribute.byDefault === undefined)
        throw badRequest(`Failed to parse request. Required attribute '${name}' not specified`);
      if (attribute.byDefault !== NOTHING) values[name] = attribute.byDefault;
    }
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    if (!(name in values)) continue;
    if (attribute.convert) values[name] = attribute.convert(values[name]);
    const reason = attribute.check?.(values[name]);
    if (reason !== undefined) throw badRequest(`Invalid input for ${name}. Reason: ${reason}.`);
  }
  return { values, sent };
}

/** `project_id` and `tenant_id` are one; only administrators make things for others. */
function setOwner(call: Call, values: Json, create: boolean): void {
  const { project_id: project, tenant_id: tenant } = values;
  if (project !== undefined && tenant !== undefined && project !== tenant)
    throw badRequest("'project_id' and 'tenant_id' do not match");
  const owner = project ?? tenant;
  if (owner !== undefined) {
    values["project_id"] = values["tenant_id"] = owner;
    const { caller } = call;
    if (owner !== caller.projectId && !hasRole(caller, "admin", "service", "advsvc"))
      throw badRequest(
        "Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.",
      );
  } else if (create) {
    if (!call.caller.projectId)
      throw badRequest("Running without keystone AuthN requires that project_id is specified");
    values["project_id"] = values["tenant_id"] = call.caller.projectId;
  }
}
