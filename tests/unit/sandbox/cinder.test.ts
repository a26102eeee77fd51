/** Cinder: what parity cannot show: restarts, processes that die, bytes, a thousand volumes. */
import { closeSync, existsSync, openSync, readSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { type Json, login, type Session, until } from "../../cloud/client.ts";
import { folder, start } from "./kit.ts";

const NOWHERE = "11111111-2222-4333-8444-555555555555";

/** A few bytes of a large file. */
function bytesOf(path: string, at = 0, length = 16): string {
  const buffer = Buffer.alloc(length);
  const file = openSync(path, "r");
  readSync(file, buffer, 0, length, at);
  closeSync(file);
  return buffer.toString();
}

async function make(session: Session, path: string, body: Json): Promise<string> {
  const answer = await session.call("cinder", "POST", path, body);
  return String((Object.values(answer)[0] as Json)["id"]);
}

const makeVolume = (session: Session, volume: Json = {}) =>
  make(session, "/volumes", { volume: { size: 1, ...volume } });

async function statusOf(session: Session, path: string): Promise<string> {
  const { status, body } = await session.raw("cinder", "GET", path);
  return status === 404 ? "gone" : String((Object.values(body)[0] as Json)["status"]);
}

const reaches = (session: Session, path: string, wanted: string) =>
  until(`${path} is ${wanted}`, async () => (await statusOf(session, path)) === wanted, 20, 0.02);

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

t.test("what a restart cuts off ends as a restarted cinder leaves it", async (t) => {
  const state = folder(t);
  const { sandbox, stop } = await start(t, { state });
  const beta = await login("beta");
  const whole = await makeVolume(beta, { name: "whole", metadata: { a: "b" } });
  const going = await makeVolume(beta);
  const saved = await makeVolume(beta);
  for (const id of [whole, going, saved]) await reaches(beta, `/volumes/${id}`, "available");
  const snapshot = await make(beta, "/snapshots", { snapshot: { volume_id: whole } });
  await reaches(beta, `/snapshots/${snapshot}`, "available");
  for (const call of ["create_volume", "delete_volume", "create_snapshot"])
    sandbox.backend(`cinder.${call}`, { seconds: 60 });
  const cut = await makeVolume(beta);
  const cutSnapshot = await make(beta, "/snapshots", { snapshot: { volume_id: whole } });
  await beta.call("cinder", "DELETE", `/volumes/${going}`);
  await pause(0.2);
  await stop();

  await start(t, { state });
  const again = await login("beta");
  await reaches(again, `/volumes/${cut}`, "error");
  await reaches(again, `/snapshots/${cutSnapshot}`, "error");
  await reaches(again, `/volumes/${going}`, "gone");
  const { volume } = (await again.call("cinder", "GET", `/volumes/${whole}`)) as { volume: Json };
  t.match(volume, { name: "whole", metadata: { a: "b" }, status: "available" });
  t.equal(await statusOf(again, `/snapshots/${snapshot}`), "available");
  await again.call("cinder", "DELETE", `/volumes/${saved}`);
  await reaches(again, `/volumes/${saved}`, "gone");
});

t.test("a dead volume process: what waits goes on, what it was about is broken", async (t) => {
  const { sandbox } = await start(t);
  const beta = await login("beta");
  sandbox.daemon("cinder-volume", "dead");
  const waiting = await makeVolume(beta);
  await pause(0.05);
  t.equal(await statusOf(beta, `/volumes/${waiting}`), "creating");
  sandbox.daemon("cinder-volume", "running");
  await reaches(beta, `/volumes/${waiting}`, "available");

  sandbox.backend("cinder.create_volume", { seconds: 0.3 });
  const cut = await makeVolume(beta);
  await pause(0.1);
  sandbox.daemon("cinder-volume", "dead");
  await pause(0.4);
  t.equal(await statusOf(beta, `/volumes/${cut}`), "creating", "nobody is there to change it");
  sandbox.daemon("cinder-volume", "running");
  await reaches(beta, `/volumes/${cut}`, "error");

  sandbox.backend("cinder.create_volume", undefined);
  sandbox.daemon("cinder-volume", "dead");
  await pause(0.4);
  const late = await makeVolume(beta);
  await reaches(beta, `/volumes/${late}`, "error");
  const messages = await beta.list("cinder", "/messages", "messages");
  t.match(
    messages.find((one) => one["resource_uuid"] === late),
    { user_message: "schedule allocate volume:Could not find any available weighted backend." },
  );
  const connector = { host: "h", initiator: "iqn.x:y" };
  const attachment = { volume_uuid: waiting, instance_uuid: NOWHERE, connector };
  const refused = await beta.raw("cinder", "POST", "/attachments", { attachment });
  t.match([refused.status, refused.text], [500, /Unable to create attachment for volume/]);
});

t.test("a backup process that dies", async (t) => {
  const { sandbox } = await start(t, { speed: 20 });
  const beta = await login("beta");
  const id = await makeVolume(beta);
  await reaches(beta, `/volumes/${id}`, "available");
  const cut = await make(beta, "/backups", { backup: { volume_id: id } });
  await pause(0.05);
  t.equal(await statusOf(beta, `/volumes/${id}`), "backing-up");
  sandbox.daemon("cinder-backup", "dead");
  sandbox.daemon("cinder-backup", "running");
  await reaches(beta, `/backups/${cut}`, "error");
  t.equal(await statusOf(beta, `/volumes/${id}`), "available");
  const { backup } = (await beta.call("cinder", "GET", `/backups/${cut}`)) as { backup: Json };
  t.equal(backup["fail_reason"], "incomplete backup reset on manager restart");
});

t.test("bytes go from the image to the volume, its snapshot, its backup and back", async (t) => {
  const state = folder(t);
  await start(t, { state });
  const file = (kind: string, id: string) => join(state, "files", `${kind}-${id}`);
  const beta = await login("beta");
  const [image] = await beta.list("glance", "/images?name=tiny", "images");
  const id = await makeVolume(beta, { imageRef: image?.["id"] });
  await reaches(beta, `/volumes/${id}`, "available");
  t.equal(bytesOf(file("volume", id)), "oscloud raw disk");
  t.equal(statSync(file("volume", id)).size, 2 ** 30);
  const snapshot = await make(beta, "/snapshots", { snapshot: { volume_id: id } });
  await reaches(beta, `/snapshots/${snapshot}`, "available");
  const backup = await make(beta, "/backups", { backup: { volume_id: id } });
  await reaches(beta, `/backups/${backup}`, "available");
  t.equal(bytesOf(file("backup", backup)), "oscloud raw disk");

  const disk = await open(file("volume", id), "r+");
  await disk.write("overwritten data", 0);
  await disk.write("far behind that", 64 * 2 ** 20);
  await disk.close();
  const copy = await makeVolume(beta, { source_volid: id, size: undefined });
  await reaches(beta, `/volumes/${copy}`, "available");
  t.equal(bytesOf(file("volume", copy), 64 * 2 ** 20, 15), "far behind that");
  await beta.call("cinder", "POST", `/volumes/${id}/action`, { revert: { snapshot_id: snapshot } });
  await reaches(beta, `/volumes/${id}`, "available");
  t.equal(bytesOf(file("volume", id)), "oscloud raw disk");
  await beta.call("cinder", "POST", `/backups/${backup}/restore`, { restore: { volume_id: copy } });
  await reaches(beta, `/volumes/${copy}`, "available");
  t.equal(bytesOf(file("volume", copy)), "oscloud raw disk");

  const large = await makeVolume(beta, { size: 500 });
  await reaches(beta, `/volumes/${large}`, "available");
  t.notOk(existsSync(file("volume", large)), "an empty volume takes no room");
  await beta.call("cinder", "DELETE", `/volumes/${copy}`);
  await reaches(beta, `/volumes/${copy}`, "gone");
  t.notOk(existsSync(file("volume", copy)));
});

t.test("a thousand volumes at once", async (t) => {
  await start(t);
  const admin = await login("admin");
  const beta = await login("beta");
  const quota_set = { volumes: -1, gigabytes: -1 };
  await admin.call("cinder", "PUT", `/os-quota-sets/${beta.projectId}`, { quota_set });
  const ids = await Promise.all(Array.from({ length: 1000 }, (_, n) => makeVolume(beta, { name: `v-${n}` })));
  await until(
    "all are there",
    async () =>
      (await beta.list("cinder", "/volumes/detail", "volumes")).every((volume) => volume["status"] === "available"),
    20,
  );
  const listed = await beta.list("cinder", "/volumes/detail", "volumes");
  t.equal(listed.length, ids.length);
});
