import type { Json } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { repr } from "../kernel/python.ts";
import type { Schema } from "../kernel/schema.ts";
import { fault } from "./errors.ts";
import { checkSchema } from "./schema.ts";

/** One operation of a JSON patch. */
export interface Operation {
  op: "add" | "replace" | "remove";
  path: string;
  value?: unknown;
}

const PATCH: Schema = {
  type: "array",
  items: {
    type: "object",
    properties: {
      path: { type: "string", pattern: "^(/[\\w-]+)+$" },
      op: { type: "string", enum: ["add", "replace", "remove"] },
      value: {},
    },
    additionalProperties: false,
    required: ["op", "path"],
  },
};

const ANY_PATCH: Schema = {
  type: "array",
  items: {
    type: "object",
    properties: { path: { type: "string" }, op: { enum: ["add", "replace", "remove"] }, value: {} },
    required: ["op", "path"],
    additionalProperties: false,
  },
};

/** The body as a patch. Refuses (400) any other. */
export function readPatch(body: unknown, form: "named" | "schema" = "named"): Operation[] {
  if (form === "named") checkSchema("patch", PATCH, body ?? {});
  else checkSchema(undefined, ANY_PATCH, body ?? {});
  return body as Operation[];
}

/** The first name of a path. */
export const rootOf = (operation: Operation): string => operation.path.split("/")[1] ?? "";

/** Refuses (400) fields that cannot be changed. */
export function checkAllowed(patch: readonly Operation[], allowed: readonly string[]): void {
  for (const operation of patch)
    if (!allowed.includes(rootOf(operation)))
      throw fault(400, `Cannot patch ${operation.path}. Only the following can be updated: ${allowed.join(", ")}`);
}

/** Values that the patch gives to exactly this path. */
export function valuesOf(patch: readonly Operation[], path: string): unknown[] {
  return patch.filter((one) => one.path === path && one.op !== "remove").map((one) => one.value);
}

/** The document with the patch applied; the document itself stays. Throws 400. */
export function applyPatch(document: Json, patch: readonly Operation[]): Json {
  for (const { op, path } of patch)
    if (op === "add" && path.lastIndexOf("/") === 0 && !Object.hasOwn(document, path.slice(1)))
      throw fault(400, `Adding a new attribute (${path}) to the root of the resource is not allowed`);
  const result = structuredClone(document);
  for (const operation of patch) {
    const problem = applyOne(result, operation);
    if (problem) throw fault(400, `Couldn't apply patch '${repr(operation)}'. Reason: ${problem}`);
  }
  return result;
}

/** What kept the operation from being applied. */
function applyOne(document: Json, { op, path, value }: Operation): string | undefined {
  const keys = path
    .split("/")
    .slice(1)
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = keys.pop() as string;
  let at: unknown = document;
  for (const key of keys) {
    if (Array.isArray(at) && /^\d+$/.test(key)) at = at[Number(key)];
    else if (isObject(at) && Object.hasOwn(at, key)) at = at[key];
    else return `member ${repr(key)} not found in ${repr(at)}`;
  }
  if (op !== "remove" && value === undefined) return "The operation does not contain a 'value' member";
  if (Array.isArray(at)) return applyToList(at, op, last, value);
  if (!isObject(at)) return `invalid document type ${repr(at)}`;
  if (op !== "add" && !Object.hasOwn(at, last)) return `can't ${op} a non-existent object ${repr(last)}`;
  if (op === "remove") delete at[last];
  else at[last] = structuredClone(value);
  return undefined;
}

function applyToList(list: unknown[], op: Operation["op"], key: string, value: unknown): string | undefined {
  const index = key === "-" ? list.length : Number(key);
  if (!Number.isInteger(index)) return `${repr(key)} is not a valid sequence index`;
  if (op === "add") {
    if (index > list.length) return "can't insert outside of list";
    list.splice(index, 0, structuredClone(value));
    return undefined;
  }
  if (index >= list.length) return `can't ${op} a non-existent object ${repr(key)}`;
  if (op === "remove") list.splice(index, 1);
  else list[index] = structuredClone(value);
  return undefined;
}
