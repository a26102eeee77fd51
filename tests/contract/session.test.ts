/**
 * The session against a real cloud: OS_* variables where they are set, else the one on loopback (`npm run cloud:up`).
 * It makes one application credential and deletes it; nothing else is changed.
 */
import "../cloud/own-sandbox.ts";
import { randomUUID } from "node:crypto";
import nodeFetch from "node-fetch";
import t from "tap";
import { Failure } from "../../provider/core/failure.ts";
import {
  ApiError,
  type Feature,
  type FetchFunction,
  REQUIREMENTS,
  resolveCloudConfig,
  Session,
  type SessionOptions,
  systemSources,
} from "../../provider/openstack/index.ts";
import { tenantEnv } from "../cloud/client.ts";

const given = process.env["OS_AUTH_URL"] !== undefined || process.env["OS_CLOUD"] !== undefined;
const sources = given ? systemSources() : { env: tenantEnv("alpha") };
const config = resolveCloudConfig(sources);
const login = (env: Record<string, string>) =>
  resolveCloudConfig({
    env: { OS_AUTH_URL: config.authUrl, ...(config.region && { OS_REGION_NAME: config.region }), ...env },
  });

/** A session and the tokens it sent. */
function open(t: { teardown(handler: () => void): unknown }, one = config, options: SessionOptions = {}) {
  const tokens: string[] = [];
  const lines: string[] = [];
  const fetch: FetchFunction = (url, init) => {
    const token = init.headers["X-Auth-Token"];
    if (token && token !== tokens.at(-1)) tokens.push(token);
    return (nodeFetch as unknown as FetchFunction)(url, init);
  };
  const session = new Session(one, { fetch, log: (line) => lines.push(line), ...options });
  t.teardown(() => session.close());
  return {
    session,
    tokens,
    lines,
    logins: () => lines.filter((line) => /^POST \S+\/auth\/tokens -> 201/.test(line)).length,
  };
}

async function absent(): Promise<string | undefined> {
  const session = new Session({ ...config, maxRetries: 0 }, { timeouts: { connectMs: 3000, firstByteMs: 10_000 } });
  try {
    await session.principal();
    return undefined;
  } catch (error) {
    // Somebody named this cloud: that it cannot be used is a failure then, not a reason to skip.
    if (given) throw error;
    return `no cloud on loopback: ${(error as Error).message.split("\n")[0]}`;
  } finally {
    session.close();
  }
}

const reason = await absent();
if (reason) {
  t.comment(reason);
  console.error(`skipped: ${reason}`);
}
const skip = reason ?? false;

t.test("login by password, and who it is", { skip }, async (t) => {
  const { session } = open(t);
  const principal = await session.principal();
  t.ok(principal.userId);
  t.ok(principal.projectId);
  t.ok(principal.roles.length > 0, `roles: ${principal.roles.join(", ")}`);
  t.equal(principal.authUrl, config.authUrl);
});

t.test("login by token, for the same project and as it is", { skip }, async (t) => {
  const { session, tokens } = open(t);
  await session.service("identity").get("/auth/catalog");
  const principal = await session.principal();
  const token = tokens[0] ?? "";
  const scoped = open(t, login({ OS_TOKEN: token, OS_PROJECT_ID: principal.projectId })).session;
  t.match(await scoped.principal(), { userId: principal.userId, projectId: principal.projectId });
  const plain = open(t, login({ OS_TOKEN: token })).session;
  t.match(await plain.principal(), { userId: principal.userId, projectId: principal.projectId });
  t.ok(Array.isArray(await plain.service("network").list("/networks", "networks")));
});

t.test("login by application credential, by id and by name", { skip }, async (t) => {
  const { session } = open(t);
  const { userId, projectId } = await session.principal();
  const identity = session.service("identity");
  const name = `pulumi-baremetal-contract-${randomUUID()}`;
  const { application_credential: made } = await identity.post<{
    application_credential: { id: string; secret: string };
  }>(`/users/${userId}/application_credentials`, { application_credential: { name } });
  try {
    const secret = { OS_APPLICATION_CREDENTIAL_SECRET: made.secret };
    const byId = open(t, login({ ...secret, OS_APPLICATION_CREDENTIAL_ID: made.id })).session;
    t.match(await byId.principal(), { userId, projectId });
    t.ok(Array.isArray(await byId.service("baremetal").list("/nodes", "nodes")));
    const byName = open(t, login({ ...secret, OS_APPLICATION_CREDENTIAL_NAME: name, OS_USER_ID: userId })).session;
    t.match(await byName.principal(), { userId, projectId });
  } finally {
    t.equal(await identity.remove(`/users/${userId}/application_credentials/${made.id}`), true);
  }
  t.equal(await identity.remove(`/users/${userId}/application_credentials/${made.id}`), false, "already gone");
  await t.rejects(
    open(
      t,
      login({ OS_APPLICATION_CREDENTIAL_ID: made.id, OS_APPLICATION_CREDENTIAL_SECRET: made.secret }),
    ).session.principal(),
    { code: "credentials-refused" },
  );
});

const LISTS = [
  ["baremetal", "/nodes", "nodes"],
  ["compute", "/servers/detail", "servers"],
  ["compute", "/flavors", "flavors"],
  ["network", "/networks", "networks"],
  ["network", "/security-groups", "security_groups"],
  ["block-storage", "/volumes/detail", "volumes"],
  ["block-storage", "/types", "volume_types"],
  ["image", "/images", "images"],
] as const;

for (const [type, path, key] of LISTS) {
  t.test(`${type}${path}: page by page is the same as in one go`, { skip }, async (t) => {
    const service = open(t).session.service(type);
    const ids = (list: { id?: string; uuid?: string }[]) => list.map((one) => one.uuid ?? one.id).sort();
    const whole = await service.list<{ id?: string }>(path, key);
    const paged = await service.list<{ id?: string }>(path, key, { query: { limit: 1 } });
    t.strictSame(ids(paged), ids(whole), `${whole.length} of them`);
  });
}

t.test("versions are negotiated, and each service takes its own header", { skip }, async (t) => {
  const { session } = open(t);
  for (const [name, { service, minimum }] of Object.entries(REQUIREMENTS)) {
    const feature = name as Feature;
    const negotiated = session.service(service).negotiate(feature);
    const version = await negotiated.catch((error: unknown) => {
      if (error instanceof Failure && error.code === "version-too-old") return undefined;
      throw error;
    });
    t.comment(`${feature}: ${service} ${version ?? `too old (needs ${minimum})`}`);
    t.equal(await session.service(service).supports(feature), version !== undefined, feature);
  }
  for (const [type, path] of [
    ["baremetal", "/nodes"],
    ["compute", "/servers"],
    ["block-storage", "/volumes"],
  ] as const) {
    const service = session.service(type);
    const range = await service.versions();
    const answer = await service.request("GET", path, { microversion: range!.maximum });
    const said = answer.headers.get("openstack-api-version") ?? answer.headers.get("x-openstack-ironic-api-version");
    t.match(said, range!.maximum, `${type} answers in ${range!.maximum}`);
  }
});

t.test("a revoked token is replaced without anybody noticing", { skip, timeout: 60_000 }, async (t) => {
  const { session, tokens, logins } = open(t);
  const ironic = session.service("baremetal");
  await ironic.list("/nodes", "nodes");
  t.equal(logins(), 1);
  await session.service("identity").request("DELETE", "/auth/tokens", { headers: { "X-Subject-Token": tokens[0]! } });
  // Services believe a token for a while that they have just checked.
  const end = Date.now() + 30_000;
  while (logins() < 2 && Date.now() < end) {
    await ironic.list("/nodes", "nodes");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  t.equal(logins(), 2, "Ironic refused it, and the request was sent again with a new one");
  await ironic.list("/nodes", "nodes");
  t.equal(logins(), 2);
});

t.test("many requests at once log in once", { skip }, async (t) => {
  const { session, logins } = open(t);
  await Promise.all(
    Array.from({ length: 30 }, () => session.service("network").get("/networks", { query: { limit: 1 } })),
  );
  t.equal(logins(), 1);
});

async function errorOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => new Error("was not rejected"),
    (one: unknown) => one,
  );
  if (error instanceof Failure) return error;
  throw error;
}

t.test("401: the text names the sources and no secret", { skip }, async (t) => {
  const wrong = login({ OS_USERNAME: "alpha", OS_PASSWORD: "not-the-password", OS_PROJECT_NAME: "alpha" });
  const error = await errorOf(open(t, wrong).session.principal());
  t.match(error, { code: "credentials-refused" });
  t.match(error.message, /\(401: .*userName from OS_USERNAME, password from OS_PASSWORD/);
  t.notMatch(error.message, /not-the-password/);
});

t.test("404: each service's own words", { skip }, async (t) => {
  const { session } = open(t);
  const nowhere = randomUUID();
  const rows = [
    ["baremetal", `/nodes/${nowhere}`, /Ironic \(baremetal\) answered 404 .*could not be found[\s\S]*may not see/],
    ["compute", `/servers/${nowhere}`, /Nova \(compute\) answered 404 .*could not be found/],
    ["network", `/networks/${nowhere}`, /Neutron \(network\) answered 404 .*could not be found/],
    ["block-storage", `/volumes/${nowhere}`, /Cinder \(block-storage\) answered 404 .*could not be found/],
    ["image", `/images/${nowhere}`, /Glance \(image\) answered 404 .*No image found/],
  ] as const;
  for (const [type, path, pattern] of rows) {
    const error = await errorOf(session.service(type).get(path));
    t.match(error.message, pattern, type);
    t.match(error.details.requestId, /^req-/, `${type} gives its request id`);
    t.equal(await session.service(type).find(path), undefined);
  }
});

t.test("400: each service's own words", { skip }, async (t) => {
  const { session } = open(t);
  const userData = "c2VjcmV0LXVzZXItZGF0YQ";
  const rows = [
    ["compute", "/servers", { server: { name: "x", flavorRef: "1", user_data: userData } }, /Invalid|Bad|required/i],
    ["network", "/networks", { network: { name: 5 } }, /Invalid input for name/],
    ["block-storage", "/volumes", { volume: { size: "large" } }, /Invalid input/],
  ] as const;
  for (const [type, path, body, pattern] of rows) {
    const error = await errorOf(session.service(type).post(path, body));
    if (!(error instanceof ApiError)) throw error;
    t.equal(error.status, 400);
    t.match(error.serviceMessage, pattern, type);
    t.notMatch(error.message, new RegExp(userData));
  }
});

t.test(
  "403: a reader is told what it lacks",
  { skip: skip || (given && "needs the seed's alpha-reader") },
  async (t) => {
    const reader = login({ OS_USERNAME: "alpha-reader", OS_PASSWORD: "secret", OS_PROJECT_NAME: "alpha" });
    const { session } = open(t, reader);
    t.ok(Array.isArray(await session.service("baremetal").list("/nodes", "nodes")), "reading is allowed");
    // No such flavor: where a reader may do this after all, nothing comes of it.
    const server = { name: "contract", flavorRef: randomUUID(), imageRef: randomUUID(), networks: "none" };
    const error = await errorOf(session.service("compute").post("/servers", { server }, { microversion: "2.90" }));
    t.match(error, { code: "not-allowed" });
    t.match(error.message, /user alpha-reader\) has the roles in project alpha: reader/);
    t.match(error.message, /writing needs the role member/);
  },
);

t.test("wrong addresses are told apart", { skip }, async (t) => {
  const nobody = open(t, { ...config, authUrl: "http://127.0.0.1:9/v3", maxRetries: 0 }).session;
  await t.rejects(nobody.principal(), { code: "service-unreachable" });
  const elsewhere = open(t, { ...config, region: "Nowhere" }).session;
  await t.rejects(elsewhere.service("compute").get("/servers"), {
    code: "service-missing",
    message: /in region Nowhere; there is one in/,
  });
  t.equal(await elsewhere.offers("compute"), false);
});
