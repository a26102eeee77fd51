import { rmSync } from "node:fs";
import type { Call } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { isObject } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { bad, denied } from "./errors.ts";
import { bodyOf, type Glance, imageView } from "./glance.ts";
import { listImages } from "./list.ts";
import { patchImage } from "./patch.ts";
import type { ImageRow, Visibility } from "./rows.ts";
import { checkImage } from "./schema.ts";

/** What only Glance itself writes. */
const READ_ONLY = ["created_at", "updated_at", "status", "checksum", "size", "virtual_size"];
const DISALLOWED = ["direct_url", "self", "file", "schema", "stores"];
const RESERVED = ["location", "deleted", "deleted_at", "locations"];
const HASHES = ["os_hash_algo", "os_hash_value"];

/** Images: listed, made, shown, changed, deleted, tagged, switched off and on. */
export function imageRoutes(glance: Glance): Route[] {
  return [
    route("GET", "/v2/images", (call) => listImages(glance, call)),
    route("POST", "/v2/images", (call) => {
      const image = create(glance, call);
      return {
        status: 201,
        headers: {
          Location: `${call.base}/v2/images/${image.id}`,
          "OpenStack-image-import-methods": "glance-direct",
        },
        body: imageView(image),
      };
    }),
    route("GET", "/v2/images/{image}", (call) => {
      const image = glance.find(call);
      glance.must("get_image", call.caller, image);
      return { status: 200, body: imageView(image) };
    }),
    route("PATCH", "/v2/images/{image}", (call) => ({
      status: 200,
      body: imageView(patchImage(glance, call)),
    })),
    route("DELETE", "/v2/images/{image}", (call) => {
      const image = glance.find(call, (id) => new Refusal(404, `Failed to find image ${id} to delete`));
      glance.must("delete_image", call.caller, image);
      if (image.protected) throw new Refusal(403, `Image ${image.id} is protected and cannot be deleted.`);
      remove(glance, image);
      return { status: 204, headers: { "content-type": "text/html; charset=UTF-8" } };
    }),
    route("PUT", "/v2/images/{image}/tags/{tag}", (call) => {
      const image = glance.find(call);
      glance.must("modify_image", call.caller, image);
      const tag = call.params["tag"]!;
      if (tag.length > 255) throw bad("Invalid image tag value, expecting 255 or less characters.");
      if (!image.tags.includes(tag)) glance.save({ ...image, tags: [...image.tags, tag] });
      return { status: 204, headers: { "content-type": "text/html; charset=UTF-8" } };
    }),
    route("DELETE", "/v2/images/{image}/tags/{tag}", (call) => {
      const image = glance.find(call);
      glance.must("modify_image", call.caller, image);
      const tag = call.params["tag"]!;
      if (!image.tags.includes(tag)) throw new Refusal(404, "The resource could not be found.");
      glance.save({ ...image, tags: image.tags.filter((one) => one !== tag) });
      return { status: 204, headers: { "content-type": "text/html; charset=UTF-8" } };
    }),
    ...(["deactivate", "reactivate"] as const).map((action) =>
      route("POST", `/v2/images/{image}/actions/${action}`, (call) => {
        const image = glance.find(call);
        glance.must(action, call.caller, image);
        const status = action === "deactivate" ? "deactivated" : "active";
        if (image.status !== "active" && image.status !== "deactivated")
          throw new Refusal(403, `Not allowed to ${action} image in status '${image.status}'`);
        glance.save({ ...image, status });
        return { status: 204, headers: { "content-type": "text/html; charset=UTF-8" } };
      }),
    ),
  ];
}

function create(glance: Glance, call: Call): ImageRow {
  const body = bodyOf(call);
  if (!isObject(body)) throw bad("Request body must be a JSON object.");
  for (const key of DISALLOWED) if (key in body) throw readOnly(key);
  checkImage(body);
  const properties: Record<string, string> = {};
  for (const [key, value] of Object.entries(body))
    if (!BASE.has(key)) {
      if (key.length > 255) throw bad(`Custom property should not be greater than 255 characters.`);
      properties[key] = value as string;
    }
  for (const key of RESERVED) if (key in body) throw new Refusal(403, `Attribute '${key}' is reserved.`);
  for (const key of [...READ_ONLY, ...HASHES]) if (key in body) throw readOnly(key);
  const {
    caller,
    caller: { projectId },
  } = call;
  const owner = typeof body["owner"] === "string" ? body["owner"] : projectId;
  const visibility = (body["visibility"] ?? "shared") as Visibility;
  for (const key of Object.keys(properties))
    if (key.startsWith("os_glance")) throw denied(`Attribute '${key}' is reserved.`);
  if (!caller.roles.has("admin") && owner !== projectId)
    throw denied(`You are not permitted to create images owned by '${owner}'`);
  glance.must("add_image", caller, undefined);
  if (visibility === "public") glance.must("publicize_image", caller, undefined);
  if (visibility === "community") glance.must("communitize_image", caller, undefined);
  for (const key of ["min_disk", "min_ram"]) notNegative(key, body[key]);
  const id = typeof body["id"] === "string" ? body["id"].toLowerCase() : glance.world.random.uuid();
  if (glance.images.get(id)) throw new Refusal(409, `Image ID ${id} already exists!`);
  const now = glance.world.clock.now();
  return glance.images.put({
    id,
    name: (body["name"] as string | null | undefined) ?? null,
    disk_format: (body["disk_format"] as string | null | undefined) ?? null,
    container_format: (body["container_format"] as string | null | undefined) ?? null,
    visibility,
    size: null,
    virtual_size: null,
    status: "queued",
    checksum: null,
    protected: (body["protected"] as boolean | undefined) ?? false,
    min_ram: (body["min_ram"] as number | undefined) ?? 0,
    min_disk: (body["min_disk"] as number | undefined) ?? 0,
    owner,
    os_hidden: (body["os_hidden"] as boolean | undefined) ?? false,
    os_hash_algo: null,
    os_hash_value: null,
    created: now,
    updated: now,
    tags: [...new Set((body["tags"] as string[] | undefined) ?? [])],
    properties,
  });
}

const BASE = new Set([
  ...READ_ONLY,
  ...HASHES,
  ...RESERVED,
  "id",
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
]);

/** 403 of a field that only Glance writes. */
export function readOnly(key: string): Refusal {
  return new Refusal(403, `Attribute '${key}' is read-only.`);
}

/** Refuses a size below zero. */
export function notNegative(key: string, value: unknown): void {
  if (typeof value === "number" && value < 0)
    throw bad(`Invalid value '${value}' for parameter '${key}': Cannot be a negative value`);
}

/** Takes an image away, with its bytes and members. */
function remove(glance: Glance, image: ImageRow): void {
  for (const { id } of glance.members.by("image", image.id)) glance.members.delete(id);
  for (const { id } of glance.tasks.by("image", image.id)) glance.tasks.delete(id);
  glance.images.delete(image.id);
  rmSync(glance.world.file("image", image.id), { force: true });
}
