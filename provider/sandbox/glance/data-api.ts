import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  createWriteStream,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Answer, Call } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { DURATIONS } from "../kernel/durations.ts";
import { isObject } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { bad, wrongType } from "./errors.ts";
import { formatOf, HEAD, virtualSize } from "./formats.ts";
import { bodyOf, type Glance } from "./glance.ts";
import type { ImageRow, Status, TaskRow } from "./rows.ts";

const EMPTY: Answer = { status: 204, headers: { "content-type": "text/html; charset=UTF-8" } };
const STAGED = "staged";

/** An image's bytes: uploaded, staged, imported, downloaded. */
export function dataRoutes(glance: Glance): Route[] {
  return [
    route("PUT", "/v2/images/{image}/file", (call) => upload(glance, call), { raw: true }),
    route("GET", "/v2/images/{image}/file", (call) => download(glance, call)),
    route("PUT", "/v2/images/{image}/stage", (call) => stage(glance, call), { raw: true }),
    route("POST", "/v2/images/{image}/import", (call) => startImport(glance, call)),
    route("GET", "/v2/images/{image}/tasks", (call) => {
      const image = glance.find(call);
      glance.must("get_image", call.caller, image);
      return { status: 200, body: { tasks: glance.tasks.by("image", image.id).map(taskView) } };
    }),
  ];
}

/** Imports that a restart cut off have failed: the image waits for its bytes again. */
export function afterRestart(glance: Glance): void {
  for (const image of glance.images.values())
    if (image.status === "saving" || image.status === "importing" || image.status === "uploading") {
      rmSync(glance.world.file("image", image.id), { force: true });
      rmSync(stagePath(glance, image.id), { force: true });
      glance.save({ ...image, status: "queued", size: null });
    }
  for (const task of glance.tasks.values())
    if (task.status === "processing") glance.tasks.put({ ...task, status: "failure" });
}

function stagePath(glance: Glance, id: string): string {
  return glance.world.file("image", `${id}.${STAGED}`);
}

/** Only a raw body is data; services of the sandbox hand over a text, bytes, or the path of a file. */
function dataOf(call: Call): Readable {
  if (call.stream) {
    const type = (call.headers["content-type"] ?? "").split(";")[0]!.trim();
    if (type !== "application/octet-stream") throw wrongType(type, `Invalid content type ${type}`);
    return call.stream;
  }
  if (isObject(call.body) && typeof call.body["file"] === "string") return createReadStream(call.body["file"]);
  return Readable.from([Buffer.from((call.body ?? "") as string | Uint8Array)]);
}

function transition(image: ImageRow, from: readonly Status[], to: Status): void {
  if (!from.includes(image.status))
    throw new Refusal(409, `Image status transition from ${image.status} to ${to} is not allowed`);
}

function mustHaveFormats(image: ImageRow): void {
  const missing = (["disk_format", "container_format"] as const).filter((key) => image[key] === null);
  if (missing.length > 0) throw bad(`Properties ${missing.join(", ")} must be set prior to saving data.`);
}

async function upload(glance: Glance, call: Call): Promise<Answer> {
  const data = dataOf(call);
  const image = glance.find(call);
  glance.must("upload_image", call.caller, image);
  mustHaveFormats(image);
  transition(image, ["queued"], "saving");
  glance.save({ ...image, status: "saving" });
  const path = glance.world.file("image", image.id);
  let stored: Stored;
  try {
    stored = await store(data, path);
  } catch (error) {
    requeue(glance, image.id, path);
    throw error instanceof Refusal ? error : bad(`Error uploading image: ${(error as Error).message}`);
  }
  const now = glance.images.get(image.id);
  if (!now) {
    rmSync(path, { force: true });
    throw new Refusal(
      410,
      `Image ${image.id} could not be found after upload. The image may have been deleted during the upload.`,
    );
  }
  const type = call.headers["content-type"] ?? "application/octet-stream";
  finish(glance, now, stored, (detail) => wrongType(type, detail));
  return EMPTY;
}

function requeue(glance: Glance, id: string, path: string): void {
  const image = glance.images.get(id);
  if (image) glance.save({ ...image, status: "queued", size: null });
  rmSync(path, { force: true });
}

interface Stored {
  readonly size: number;
  readonly md5: string;
  readonly sha512: string;
  readonly head: Buffer;
}

/** Writes a stream into a file, with the hashes of what it was. */
async function store(data: Readable, path: string): Promise<Stored> {
  const md5 = createHash("md5");
  const sha512 = createHash("sha512");
  let size = 0;
  await pipeline(
    data,
    async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        md5.update(chunk);
        sha512.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  return { size, md5: md5.digest("hex"), sha512: sha512.digest("hex"), head: headOf(path) };
}

function headOf(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(HEAD);
    return head.subarray(0, readSync(file, head, 0, HEAD, 0));
  } finally {
    closeSync(file);
  }
}

/** An image has its bytes: it is active, unless they are not of the format that it was said to have. */
function finish(
  glance: Glance,
  image: ImageRow,
  { size, md5, sha512, head }: Stored,
  mismatch: (detail: string) => Refusal,
): void {
  const hashes = { checksum: md5, os_hash_algo: "sha512", os_hash_value: sha512 };
  const virtual = image.container_format === "bare" ? virtualSize(image.disk_format ?? "raw", head, size) : null;
  if (virtual === undefined) {
    glance.save({ ...image, ...hashes, status: "queued", size: null });
    rmSync(glance.world.file("image", image.id), { force: true });
    throw mismatch(`Image disk_format ${image.disk_format} does not match stream data ${formatOf(head).format}`);
  }
  glance.save({ ...image, ...hashes, status: "active", size, virtual_size: virtual });
}

function download(glance: Glance, call: Call): Answer {
  const image = glance.find(call);
  if (image.status === "deactivated" && !call.caller.roles.has("admin"))
    throw new Refusal(403, "The requested image has been deactivated. Image data download is forbidden.");
  glance.must("download_image", call.caller, image);
  if (image.status !== "active" && image.status !== "deactivated") return { status: 204 };
  const path = glance.world.file("image", image.id);
  const headers = { "content-type": "application/octet-stream", "Content-MD5": image.checksum ?? "" };
  const range = /^bytes=(\d*)-(\d*)$/.exec(call.headers["range"] ?? "");
  if (!range || (range[1] === "" && range[2] === "")) return { status: 200, headers, file: path };
  const size = image.size ?? 0;
  const first = range[1] === "" ? Math.max(0, size - Number(range[2])) : Number(range[1]);
  const last = range[1] === "" || range[2] === "" ? size - 1 : Math.min(Number(range[2]), size - 1);
  if (first >= size || last < first)
    throw new Refusal(416, "The Range requested is not available.", {
      detail: {
        detail: `Invalid start position in Range header. Start position MUST be in the inclusive range [0, ${size - 1}].`,
      },
    });
  return {
    status: 206,
    headers: { ...headers, "Content-Range": `bytes ${first}-${last}/${size}` },
    body: readFileSync(path).subarray(first, last + 1),
  };
}

async function stage(glance: Glance, call: Call): Promise<Answer> {
  const data = dataOf(call);
  const image = glance.find(call);
  glance.must("modify_image", call.caller, image);
  transition(image, ["queued"], "uploading");
  glance.save({ ...image, status: "uploading" });
  const path = stagePath(glance, image.id);
  try {
    const { size } = await store(data, path);
    const now = glance.images.get(image.id);
    if (now) glance.save({ ...now, size });
  } catch (error) {
    requeue(glance, image.id, path);
    throw bad(`Error staging image: ${(error as Error).message}`);
  }
  return EMPTY;
}

function startImport(glance: Glance, call: Call): Answer {
  const body = bodyOf(call);
  const method = isObject(body) ? body["method"] : undefined;
  if (method === undefined) throw bad("Import request requires a 'method' field.");
  const name = isObject(method) ? method["name"] : undefined;
  if (name === undefined) throw bad("Import request requires a 'name' field.");
  if (name !== "glance-direct") throw bad(`Unknown import method name '${String(name)}'.`);
  const image = glance.find(call);
  glance.must("modify_image", call.caller, image);
  if (image.status === "active") throw new Refusal(409, "Image with status active cannot be target for import");
  if (image.status !== "uploading")
    throw new Refusal(409, "Image needs to be staged before 'glance-direct' method can be used");
  mustHaveFormats(image);
  const { world } = glance;
  const now = world.clock.now();
  const task = glance.tasks.put({
    id: world.random.uuid(),
    image_id: image.id,
    owner: call.caller.projectId,
    user_id: call.caller.userId,
    request_id: call.id,
    status: "processing",
    import: body as Record<string, unknown>,
    created: now,
    updated: now,
  });
  glance.save({
    ...image,
    status: "importing",
    properties: {
      ...image.properties,
      os_glance_import_task: task.id,
      os_glance_importing_to_stores: "",
      os_glance_failed_import: "",
    },
  });
  world.clock.after(DURATIONS["image import"], () => runImport(glance, task));
  return { status: 202, headers: { "content-type": "text/html; charset=UTF-8" } };
}

async function runImport(glance: Glance, task: TaskRow): Promise<void> {
  const done = (status: TaskRow["status"]) =>
    glance.tasks.get(task.id) && glance.tasks.put({ ...task, status, updated: glance.world.clock.now() });
  const staged = stagePath(glance, task.image_id);
  const path = glance.world.file("image", task.image_id);
  if (!glance.images.get(task.image_id)) {
    rmSync(staged, { force: true });
    return;
  }
  const stored = await store(createReadStream(staged), `${path}.import`);
  rmSync(staged, { force: true });
  renameSync(`${path}.import`, path);
  const image = glance.images.get(task.image_id);
  if (!image) return rmSync(path, { force: true });
  const { os_glance_import_task: _, ...properties } = image.properties;
  try {
    finish(glance, { ...image, properties }, stored, bad);
    done("success");
  } catch {
    done("failure");
  }
}

function taskView(task: TaskRow) {
  const time = (at: number) => `${new Date(at).toISOString().slice(0, 19)}.000000`;
  const ended = task.status !== "processing";
  return {
    id: task.id,
    type: "api_image_import",
    status: task.status,
    owner: task.owner,
    expires_at: ended ? time(task.updated + 48 * 3600 * 1000) : null,
    created_at: time(task.created),
    updated_at: time(task.updated),
    deleted_at: null,
    deleted: false,
    image_id: task.image_id,
    request_id: task.request_id,
    user_id: task.user_id,
    input: { image_id: task.image_id, import_req: task.import, backend: [null] },
    result: task.status === "success" ? { image_id: task.image_id } : null,
    message: task.status === "success" ? "Copied 0 MiB" : "",
  };
}
