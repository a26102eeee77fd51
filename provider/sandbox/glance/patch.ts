import type { Call, Json } from "../kernel/call.ts";
import { hasRole, Refusal } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { bad, conflict, denied, wrongType } from "./errors.ts";
import { bodyOf, type Glance } from "./glance.ts";
import { notNegative, readOnly } from "./images-api.ts";
import type { ImageRow } from "./rows.ts";
import { checkImage } from "./schema.ts";

const TYPES: Readonly<Record<string, 4 | 10>> = {
  "application/openstack-images-v2.0-json-patch": 4,
  "application/openstack-images-v2.1-json-patch": 10,
};
const OPERATIONS = ["add", "remove", "replace"];
const READ_ONLY = [
  "created_at",
  "updated_at",
  "status",
  "checksum",
  "size",
  "virtual_size",
  "direct_url",
  "self",
  "file",
  "schema",
  "id",
  "os_hash_algo",
  "os_hash_value",
];
const RESERVED = ["location", "deleted", "deleted_at"];
const FIELDS = [
  "name",
  "owner",
  "visibility",
  "protected",
  "os_hidden",
  "disk_format",
  "container_format",
  "min_disk",
  "min_ram",
  "tags",
] as const;

interface Change {
  readonly operation: string;
  readonly key: string;
  readonly value: unknown;
  /** Draft of JSON patch that the client speaks. */
  readonly draft: 4 | 10;
}

/** PATCH /v2/images/ID. */
export function patchImage(glance: Glance, call: Call): ImageRow {
  const changes = changesOf(call);
  const image = glance.find(call);
  let changed: ImageRow = { ...image, properties: { ...image.properties } };
  for (const change of changes) changed = apply(glance, call, image, changed, change);
  return changes.length > 0 ? glance.save(changed) : image;
}

function changesOf(call: Call): Change[] {
  const type = (call.headers["content-type"] ?? "").split(";")[0]!.trim();
  const draft = TYPES[type];
  if (!draft) {
    const accepted = Object.keys(TYPES).join(", ");
    throw wrongType(type, `Image PATCH expects Content-Type one of: ${accepted}`, { "Accept-Patch": accepted });
  }
  const body = bodyOf(call);
  if (!Array.isArray(body)) throw bad("Request body must be a JSON array of operation objects.");
  return body.map((raw: unknown) => {
    if (!isObject(raw)) throw bad("Operations must be JSON objects.");
    const operation = draft === 10 ? operationOf(raw) : oldOperationOf(raw);
    const path = draft === 10 ? raw["path"] : raw[operation];
    if (path === undefined) throw bad("Unable to find 'path' in JSON Schema change");
    const steps = pointer(String(path));
    const [key = ""] = steps;
    const deep = key === "locations" && operation !== "replace";
    if (steps.length !== (deep ? 2 : 1)) throw bad(`Invalid JSON pointer for this resource: '/${steps.join("/")}'`);
    if (operation !== "remove" && !("value" in raw))
      throw bad(`Operation "${operation}" requires a member named "value".`);
    const value = raw["value"];
    if (READ_ONLY.includes(key)) throw readOnly(key);
    if (RESERVED.includes(key) || key.startsWith("os_glance"))
      throw new Refusal(403, `Attribute '${key}' is reserved.`);
    if (operation !== "remove" && key !== "locations") checkImage({ [key]: value });
    return { operation, key, value, draft };
  });
}

function operationOf(raw: Json): string {
  const operation = raw["op"];
  const choice = `It must be one of the following: ${OPERATIONS.join(", ")}.`;
  if (operation === undefined || operation === null)
    throw bad(`Unable to find \`op\` in JSON Schema change. ${choice}`);
  if (!OPERATIONS.includes(String(operation))) throw bad(`Invalid operation: \`${String(operation)}\`. ${choice}`);
  return String(operation);
}

function oldOperationOf(raw: Json): string {
  const found = OPERATIONS.filter((operation) => operation in raw);
  if (found.length > 1)
    throw bad('Operation objects must contain only one member named "add", "remove", or "replace".');
  if (found.length === 0)
    throw bad('Operation objects must contain exactly one member named "add", "remove", or "replace".');
  return found[0]!;
}

function pointer(text: string): string[] {
  if (!text.startsWith("/")) throw bad(`Pointer \`${text}\` does not start with "/".`);
  if (/\/\s*\//.test(text.slice(1))) throw bad(`Pointer \`${text}\` contains adjacent "/".`);
  if (text.length > 1 && text.endsWith("/")) throw bad(`Pointer \`${text}\` end with "/".`);
  if (/~[^01]|~$/.test(text)) throw bad(`Pointer \`${text}\` contains "~" not part of a recognized escape sequence.`);
  return text
    .replace(/^\/+/, "")
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~").trim());
}

function apply(glance: Glance, call: Call, image: ImageRow, changed: ImageRow, change: Change): ImageRow {
  const { operation, key, value } = change;
  if (key === "locations") {
    if (operation === "replace" && Array.isArray(value) && value.length === 0)
      throw denied("Cannot set locations to empty list.");
    throw denied("It's not allowed to update locations if locations are invisible.");
  }
  const { caller } = call;
  if (operation === "replace" && key === "owner" && !hasRole(caller, "admin"))
    throw denied("Owner can't be updated by non admin.");
  if (key === "visibility" && value === "public") glance.must("publicize_image", caller, image);
  if (key === "visibility" && value === "community") glance.must("communitize_image", caller, image);
  glance.must("modify_image", caller, image);
  const field = FIELDS.find((one) => one === key);
  if (field) {
    if (operation === "remove") throw denied(`Property ${key} may not be removed.`);
    if (operation === "add" && change.draft === 4) throw conflict(`Property ${key} already present.`);
    if ((key === "disk_format" || key === "container_format") && image.status !== "queued")
      throw new Refusal(403, `Attribute ${key} can be only replaced for a queued image.`);
    if (key === "min_disk" || key === "min_ram") notNegative(key, value);
    return { ...changed, [field]: key === "tags" ? [...new Set(value as string[])] : value };
  }
  const has = key in changed.properties;
  if (operation === "add" && has && change.draft === 4) throw conflict(`Property ${key} already present.`);
  if (operation !== "add" && !has) throw conflict(`Property ${key} does not exist.`);
  const properties = { ...changed.properties };
  if (operation === "remove") delete properties[key];
  else properties[key] = value as string;
  return { ...changed, properties };
}
