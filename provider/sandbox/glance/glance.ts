import { type Call, type Caller, hasRole, type Json, Refusal } from "../kernel/call.ts";
import type { Table } from "../kernel/store.ts";
import type { World } from "../world.ts";
import { noImage, notAllowed } from "./errors.ts";
import type { ImageRow, MemberRow, TaskRow } from "./rows.ts";

/** What a policy of Glance asks for. */
type Action =
  | "get_images"
  | "get_image"
  | "add_image"
  | "modify_image"
  | "delete_image"
  | "upload_image"
  | "download_image"
  | "publicize_image"
  | "communitize_image"
  | "deactivate"
  | "reactivate"
  | "add_member"
  | "delete_member"
  | "modify_member"
  | "get_members"
  | "get_member";

/** What all parts of Glance's API work with. */
export class Glance {
  readonly world: World;
  readonly images: Table<ImageRow>;
  readonly members: Table<MemberRow>;
  readonly tasks: Table<TaskRow>;

  constructor(world: World) {
    this.world = world;
    this.images = world.store.table<ImageRow>("glance.images");
    this.members = world.store.table<MemberRow>("glance.members").index("image", ({ image_id }) => image_id);
    this.tasks = world.store.table<TaskRow>("glance.tasks").index("image", ({ image_id }) => image_id);
  }

  /** Whether an image is there for somebody at all. */
  isVisible(image: ImageRow, caller: Caller): boolean {
    if (hasRole(caller, "admin") || image.owner === caller.projectId) return true;
    if (image.visibility === "public" || image.visibility === "community") return true;
    return image.visibility === "shared" && this.member(image, caller.projectId) !== undefined;
  }

  /** The sharing of an image with a project. */
  member(image: ImageRow, project: string): MemberRow | undefined {
    return this.members.get(`${image.id} ${project}`);
  }

  /** The image of a request. Throws 404 where the caller has none of this id. */
  find(call: Call, refusal = noImage): ImageRow {
    const id = call.params["image"]!;
    const image = this.images.get(id.toLowerCase());
    if (!image || !this.isVisible(image, call.caller)) throw refusal(id);
    return image;
  }

  /** Refuses what the policy does not allow with an image that the caller sees. */
  must(action: Action, caller: Caller, image: ImageRow | undefined): void {
    if (!this.may(action, caller, image)) throw notAllowed(action);
  }

  may(action: Action, caller: Caller, image: ImageRow | undefined): boolean {
    if (hasRole(caller, "admin")) return true;
    const own = image === undefined || image.owner === caller.projectId;
    const shared =
      image !== undefined && (image.visibility !== "private" || this.member(image, caller.projectId) !== undefined);
    switch (action) {
      case "publicize_image":
        return false;
      case "get_images":
      case "get_image":
      case "get_members":
      case "get_member":
        return hasRole(caller, "reader") && (own || shared);
      case "download_image":
        return hasRole(caller, "member") && (own || shared);
      default:
        return hasRole(caller, "member") && own;
    }
  }

  /** Writes down a changed image. */
  save(image: ImageRow): ImageRow {
    return this.images.put({ ...image, updated: this.world.clock.now() });
  }
}

/** An image in its API form. */
export function imageView(image: ImageRow): Json {
  return {
    ...image.properties,
    name: image.name,
    disk_format: image.disk_format,
    container_format: image.container_format,
    visibility: image.visibility,
    size: image.size,
    virtual_size: image.virtual_size,
    status: image.status,
    checksum: image.checksum,
    protected: image.protected,
    min_ram: image.min_ram,
    min_disk: image.min_disk,
    owner: image.owner || null,
    os_hidden: image.os_hidden,
    os_hash_algo: image.os_hash_algo,
    os_hash_value: image.os_hash_value,
    id: image.id,
    created_at: isoZ(image.created),
    updated_at: isoZ(image.updated),
    tags: [...image.tags].sort(),
    self: `/v2/images/${image.id}`,
    file: `/v2/images/${image.id}/file`,
    schema: "/v2/schemas/image",
  };
}

/** `2026-11-22T16:04:10Z`. */
export function isoZ(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** The JSON of a request. Throws 400 where there is none. */
export function bodyOf(call: Call): unknown {
  if (call.body === undefined) throw new Refusal(400, "Body expected in request.");
  return call.body;
}
