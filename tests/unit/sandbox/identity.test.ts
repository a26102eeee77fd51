/** Keystone, Glance, Placement: what parity cannot show: restarts, what the state holds, big files, a thousand machines, odd bodies. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { type Json, login, type Service, type Session } from "../../cloud/client.ts";
import { folder, start } from "./kit.ts";

/** Status of a request with a token that {@link Session} does not renew. */
async function status(url: string, token: string, path: string, method = "GET", headers: Record<string, string> = {}) {
  return (await fetch(url + path, { method, headers: { "X-Auth-Token": token, ...headers } })).status;
}

t.test("tokens and images outlive a restart; the state gives no secret away", async (t) => {
  const state = folder(t);
  const password = "a-password-to-look-for";
  const first = await start(t, { state });
  const admin = await login("admin");
  const alpha = await login("alpha");
  await admin.call("keystone", "POST", "/users", { user: { name: "somebody", password } });
  const path = `/users/${alpha.userId}/application_credentials`;
  const made = await alpha.call("keystone", "POST", path, { application_credential: { name: "one" } });
  const { secret } = made["application_credential"] as { secret: string };
  const image = (await alpha.call("glance", "POST", "/images", {
    name: "kept",
    disk_format: "raw",
    container_format: "bare",
  })) as { id: string };
  const bytes = Buffer.alloc(3_000_000, "abcdefg");
  const upload = await fetch(`${first.sandbox.url}/image/v2/images/${image.id}/file`, {
    method: "PUT",
    headers: { "X-Auth-Token": alpha.token, "Content-Type": "application/octet-stream" },
    body: bytes,
  });
  t.equal(upload.status, 204, "a file larger than any JSON body");
  const revoked = await login("beta");
  await revoked.call("keystone", "GET", "/auth/projects");
  const subject = { "X-Subject-Token": revoked.token };
  t.equal(await status(first.sandbox.url, revoked.token, "/identity/v3/auth/tokens", "DELETE", subject), 204);
  await first.stop();

  const written = readdirSync(state)
    .filter((name) => name !== "files")
    .map((name) => readFileSync(join(state, name), "utf8"))
    .join("\n");
  for (const one of [password, secret, alpha.token]) t.notOk(written.includes(one), "not in the state");

  const second = await start(t, { state });
  const { url } = second.sandbox;
  t.equal(await status(url, alpha.token, "/identity/v3/auth/projects"), 200, "the token is still good");
  t.equal(await status(url, revoked.token, "/identity/v3/auth/projects"), 401, "the revoked one is not");
  const file = await fetch(`${url}/image/v2/images/${image.id}/file`, { headers: { "X-Auth-Token": alpha.token } });
  t.equal(file.headers.get("content-md5"), createHash("md5").update(bytes).digest("hex"));
  t.ok(bytes.equals(Buffer.from(await file.arrayBuffer())), "the image has its bytes");
  const again = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "somebody", password, domain: { id: "default" } } },
        },
      },
    }),
  });
  t.equal(again.status, 201, "passwords are known");
});

t.test("a token ends by time and by revocation; other services notice within seconds", async (t) => {
  const { sandbox } = await start(t, { tokenLife: 2 });
  const short = await login("alpha");
  t.equal(await status(sandbox.url, short.token, "/image/v2/images"), 200);
  await sleep(2100);
  t.equal(await status(sandbox.url, short.token, "/image/v2/images"), 401, "expired: at once and everywhere");
  const { sandbox: other } = await start(t);
  const revoked = await login("alpha");
  t.equal(await status(other.url, revoked.token, "/image/v2/images"), 200);
  await status(other.url, revoked.token, "/identity/v3/auth/tokens", "DELETE", { "X-Subject-Token": revoked.token });
  t.equal(await status(other.url, revoked.token, "/identity/v3/auth/projects"), 401, "Keystone knows");
  t.equal(await status(other.url, revoked.token, "/image/v2/images"), 200, "Glance has heard otherwise");
  await sleep(5100);
  t.equal(await status(other.url, revoked.token, "/image/v2/images"), 401);
});

t.test("a thousand machines in Placement", async (t) => {
  await start(t);
  const admin = await login("admin");
  const call = (method: string, path: string, body?: unknown) => admin.call("placement", method, path, body);
  await call("PUT", "/resource_classes/CUSTOM_MANY");
  const ids = Array.from({ length: 1000 }, (_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`);
  for (const uuid of ids) {
    await call("POST", "/resource_providers", { name: uuid, uuid });
    await call("PUT", `/resource_providers/${uuid}/inventories`, {
      resource_provider_generation: 0,
      inventories: { CUSTOM_MANY: { total: 1 } },
    });
  }
  const candidates = async (more = "") =>
    (await call("GET", `/allocation_candidates?resources=CUSTOM_MANY:1${more}`))["allocation_requests"] as Json[];
  t.equal((await candidates()).length, 1000);
  t.equal((await candidates("&limit=5")).length, 5);
  const races = await Promise.all(
    ["a", "b", "c", "d"].map((letter) =>
      admin.raw("placement", "PUT", `/allocations/00000000-0000-4000-9000-00000000000${letter}`, {
        allocations: { [ids[0]!]: { resources: { CUSTOM_MANY: 1 } } },
        project_id: "p",
        user_id: "u",
        consumer_generation: null,
        consumer_type: "INSTANCE",
      }),
    ),
  );
  t.same(races.map((reply) => reply.status).sort(), [204, 409, 409, 409], "one of four gets the machine");
});

/** Bodies that nobody should send. */
function odd(keys: readonly string[]): unknown[] {
  const values = [null, 5, -1, 1e99, "", "x", true, [], [null], {}, { id: 5 }, { "": {} }];
  return [null, 5, "x", true, [], [[]], {}, ...keys.flatMap((key) => values.map((value) => ({ [key]: value })))];
}

t.test("no body and no query makes a service fail", async (t) => {
  await start(t);
  const admin = await login("admin");
  const id = "00000000-0000-4000-8000-000000000000";
  const places: [Service, string, string, string[]][] = [
    ["keystone", "POST", "/auth/tokens", ["auth"]],
    ["keystone", "POST", "/users", ["user"]],
    ["keystone", "PATCH", `/users/${admin.userId}`, ["parity"]],
    ["keystone", "POST", `/users/${admin.userId}/password`, ["user"]],
    ["keystone", "POST", "/projects", ["project"]],
    ["keystone", "POST", `/users/${admin.userId}/application_credentials`, ["application_credential"]],
    ["glance", "POST", "/images", ["name", "tags", "id", "visibility", "min_disk", "owner", "locations", "x"]],
    ["glance", "PUT", `/images/${id}/members/x`, ["status"]],
    ["glance", "POST", `/images/${id}/import`, ["method"]],
    ["placement", "POST", "/resource_providers", ["name", "uuid", "parent_provider_uuid"]],
    ["placement", "PUT", `/resource_providers/${id}/inventories`, ["inventories", "resource_provider_generation"]],
    ["placement", "POST", "/allocations", [id, "x"]],
    ["placement", "PUT", `/allocations/${id}`, ["allocations"]],
    ["placement", "POST", "/resource_classes", ["name"]],
  ];
  const failed: string[] = [];
  const send = async (service: Service, method: string, path: string, body?: unknown) => {
    const reply = await admin.raw(service, method, path, body);
    if (reply.status >= 500) failed.push(`${method} ${service}${path} ${JSON.stringify(body)}: ${reply.status}`);
  };
  for (const [service, method, path, keys] of places)
    for (const body of odd(keys)) await send(service, method, path, body);
  const user = { name: "x", domain: { id: "default" } };
  for (const [key, values] of Object.entries({
    user: [
      { ...user, password: 5 },
      { name: "odd", enabled: "maybe" },
      { name: "odd", domain_id: 5 },
      { name: "odd", options: 7 },
    ],
    project: [
      { name: "odd", tags: 5 },
      { name: "odd", domain_id: [] },
      { name: "odd", parent_id: {} },
    ],
    application_credential: [
      { name: "odd", roles: [null] },
      { name: "odd", roles: [{ id: [] }] },
      { name: "odd", expires_at: {} },
    ],
  }))
    for (const value of values)
      await send("keystone", "POST", key === "application_credential" ? `/users/${admin.userId}/${key}s` : `/${key}s`, {
        [key]: value,
      });
  for (const path of [
    "/images?limit=x",
    "/images?sort=:",
    "/images?marker=",
    "/images?created_at=gt:",
    "/images?name=in:",
  ])
    await send("glance", "GET", path);
  for (const path of [
    "?resources=:",
    "?resources=VCPU:x",
    "?resources=VCPU:1&required=",
    "?resources=VCPU:1&member_of=x",
  ])
    await send("placement", "GET", `/allocation_candidates${path}`);
  t.same(failed, []);
});
