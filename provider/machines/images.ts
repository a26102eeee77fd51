import { type Failure, failure } from "../core/index.ts";
import type { Cloud } from "../openstack/cloud.ts";

/** A Glance image as far as a machine is concerned. */
export interface Image {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly os_hash_algo?: string;
  readonly os_hash_value?: string;
  readonly min_disk?: number;
  readonly disk_format?: string;
}

/** Statuses of Glance out of which an image becomes usable by itself. */
const COMING = ["queued", "saving", "uploading", "importing"];

/** An image in a status in which nothing can be made of it. */
export const unusableImage = (image: string, status: string): Failure =>
  failure("image-unusable", `Glance shows image "${image}" as ${status}, not active`, {
    path: "image",
    state: status,
    next: COMING.includes(status)
      ? "wait until the image is `active` (`openstack image show`), then run the same command again."
      : "use another image, or have this one uploaded or activated again.",
  });

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What was found for an operation, by its reference. */
const resolved = new WeakMap<object, Map<string, Image>>();

/**
 * The image that a program names, by id or name. It is looked up once in an operation: what a name means must not change in the
 * middle of it. One that cannot be used yet is looked up again.
 * @throws Failure `not-found`, `ambiguous`, or `image-unusable` for one that is not active
 */
export async function resolveImage(cloud: Cloud, image: string, operation: object): Promise<Image> {
  const known = resolved.get(operation) ?? new Map<string, Image>();
  resolved.set(operation, known);
  const found = known.get(image) ?? (await findImage(cloud, image));
  known.set(image, found);
  return found;
}

async function findImage(cloud: Cloud, image: string): Promise<Image> {
  const glance = cloud.service("image");
  const byId = UUID.test(image) ? await glance.find<Image>(`/images/${image}`) : undefined;
  const found = byId ? [byId] : await glance.list<Image>("/images", "images", { query: { name: image } });
  const [only, ...others] = found;
  if (!only) throw failure("not-found", `there is no image "${image}" that this credential can see`, { path: "image" });
  if (others.length)
    throw failure(
      "ambiguous",
      `${found.length} images are called "${image}": ${found.map((one) => one.id).join(", ")}`,
      { path: "image" },
    );
  if (only.status !== "active") throw unusableImage(image, only.status);
  return only;
}
