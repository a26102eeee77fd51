/** What the exchanges of cinder share: things made, waited for and taken away again. */
import type { Json, Reply } from "../../cloud/client.ts";
import { type Caller, type CallOptions, type Cloud, field } from "../exchange.ts";

/** An id that nothing has. */
export const NOTHING = "00000000-0000-4000-8000-000000000000";

/** All exchanges of cinder use tenant beta. */
export const BETA = { tenant: "beta" } as const;

/** Asks, unrecorded, until the predicate holds or a minute has passed. */
async function wait(caller: Caller, path: string, done: (reply: Reply) => boolean): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (done(await caller.call("cinder", "GET", path, undefined, { unrecorded: true }))) return;
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

/** Afterwards takes a thing of this path away and waits until it is gone. */
export function gone(cloud: Cloud, caller: Caller, path: string): void {
  cloud.cleanup(async () => {
    await caller.call("cinder", "DELETE", path);
    await wait(caller, path, (reply) => reply.status === 404);
  });
}

/** The status of a volume, snapshot or backup in an answer. */
export function status(reply: Reply): string {
  const thing = Object.values(reply.body)[0] as Json | undefined;
  return String(thing?.["status"]);
}

/** Waits, recorded, for a status. */
export function settled(caller: Caller, path: string, wanted: string, options: CallOptions = {}): Promise<Reply> {
  return caller.until("cinder", path, (reply) => status(reply) === wanted, { ...options, seconds: 60 });
}

/** Waits, recorded, until a thing is gone. */
export function vanished(caller: Caller, path: string): Promise<Reply> {
  return caller.until("cinder", path, (reply) => reply.status === 404, { seconds: 60 });
}

/** Makes a volume, waits for it, takes it away afterwards; its id. */
export async function volume(
  cloud: Cloud,
  caller: Caller,
  body: Json = {},
  options: CallOptions = {},
): Promise<string> {
  const made = await caller.call(
    "cinder",
    "POST",
    "/volumes",
    { volume: { size: 1, name: "parity-cinder-volume", ...body } },
    { unrecorded: true, ...options },
  );
  const id = String(field(made, "body.volume.id"));
  gone(cloud, caller, `/volumes/${id}`);
  await wait(caller, `/volumes/${id}`, (reply) => !["creating", "downloading"].includes(status(reply)));
  return id;
}

/** Makes a snapshot, waits for it, takes it away afterwards; its id. */
export async function snapshot(cloud: Cloud, caller: Caller, volumeId: string, body: Json = {}): Promise<string> {
  const made = await caller.call(
    "cinder",
    "POST",
    "/snapshots",
    { snapshot: { volume_id: volumeId, name: "parity-cinder-snapshot", ...body } },
    { unrecorded: true },
  );
  const id = String(field(made, "body.snapshot.id"));
  gone(cloud, caller, `/snapshots/${id}`);
  await wait(caller, `/snapshots/${id}`, (reply) => status(reply) !== "creating");
  return id;
}

/** Id of the seeded image tiny. */
export async function tinyImage(caller: Caller): Promise<string> {
  const found = await caller.call("glance", "GET", "/images?name=tiny", undefined, { unrecorded: true });
  return String((found.body["images"] as Json[])[0]?.["id"]);
}
