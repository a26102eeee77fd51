import nock from "nock";
import t from "tap";
import { ApiError, type CloudConfig, Failure, type ServiceType, Session } from "./session-support.ts";
import { configOf, failsWith, hastyClock, PASSWORD, passwordConfig, tokenBody } from "./support.ts";

const KEYSTONE = "http://keystone.example:5000";
const IRON = "http://iron.example";
nock.disableNetConnect();
t.afterEach(() => nock.cleanAll());

const CATALOG = {
  baremetal: IRON,
  compute: "http://nova.example/v2.1",
  volumev3: "http://cinder.example/v3",
  network: "http://neutron.example",
};

function login(times = 1, body: object = tokenBody(CATALOG), check: (body: unknown) => boolean = () => true) {
  return nock(KEYSTONE)
    .post("/v3/auth/tokens", check)
    .times(times)
    .reply(201, body, { "x-subject-token": "the-token" });
}

function open(t: { teardown(handler: () => void): unknown }, config: CloudConfig = passwordConfig(KEYSTONE)) {
  const lines: string[] = [];
  const clock = hastyClock();
  const session = new Session(config, { clock, random: () => 1, log: (line) => lines.push(line) });
  t.teardown(() => session.close());
  return { session, lines, clock };
}

t.test("logins ask Keystone for what is configured", async (t) => {
  const rows: [what: string, values: Record<string, unknown>, wanted: unknown][] = [
    [
      "password",
      { userName: "ann", password: PASSWORD, tenantName: "shop", userDomainName: "People", projectDomainId: "d1" },
      {
        identity: {
          methods: ["password"],
          password: { user: { name: "ann", domain: { name: "People" }, password: PASSWORD } },
        },
        scope: { project: { name: "shop", domain: { id: "d1" } } },
      },
    ],
    [
      "ids need no domain",
      { userId: "u1", password: PASSWORD, tenantId: "p1" },
      {
        identity: { methods: ["password"], password: { user: { id: "u1", password: PASSWORD } } },
        scope: { project: { id: "p1" } },
      },
    ],
    [
      "system scope",
      { userId: "u1", password: PASSWORD, systemScope: true },
      {
        identity: { methods: ["password"], password: { user: { id: "u1", password: PASSWORD } } },
        scope: { system: { all: true } },
      },
    ],
    [
      "a token for a project",
      { token: "given", tenantId: "p1" },
      { identity: { methods: ["token"], token: { id: "given" } }, scope: { project: { id: "p1" } } },
    ],
    [
      "an application credential has its own scope",
      { applicationCredentialId: "ac", applicationCredentialSecret: "hush", tenantId: "p1" },
      { identity: { methods: ["application_credential"], application_credential: { id: "ac", secret: "hush" } } },
    ],
    [
      "an application credential by name",
      { applicationCredentialName: "ac", applicationCredentialSecret: "hush", userName: "ann" },
      {
        identity: {
          methods: ["application_credential"],
          application_credential: { name: "ac", user: { name: "ann", domain: { id: "default" } }, secret: "hush" },
        },
      },
    ],
  ];
  for (const [what, values, wanted] of rows) {
    let sent: unknown;
    login(1, tokenBody(CATALOG), (body) => {
      sent = body;
      return true;
    });
    const { session } = open(t, configOf({ authUrl: KEYSTONE, ...values }));
    await session.principal();
    t.strictSame(sent, { auth: wanted }, what);
  }
});

t.test("the principal is who Keystone says", async (t) => {
  login();
  const { session } = open(t);
  t.match(await session.principal(), {
    userName: "alpha",
    projectName: "alpha",
    roles: ["reader"],
    region: "R",
    authUrl: `${KEYSTONE}/v3`,
  });
});

t.test("a token that may not be rescoped is used as it is", async (t) => {
  nock(KEYSTONE)
    .post("/v3/auth/tokens")
    .reply(403, { error: { message: "rescope forbidden" } });
  nock(KEYSTONE).get("/v3/auth/tokens").matchHeader("x-subject-token", "given").reply(200, tokenBody(CATALOG));
  nock(IRON).get("/").reply(404);
  nock(IRON).get("/v1/nodes/1").matchHeader("x-auth-token", "given").reply(200, { uuid: "1" });
  const { session } = open(t, configOf({ authUrl: KEYSTONE, token: "given", tenantName: "alpha", region: "R" }));
  t.match(await session.service("baremetal").get("/nodes/1"), { uuid: "1" });
});

t.test("a refused login names where the values came from, never the values", async (t) => {
  nock(KEYSTONE)
    .post("/v3/auth/tokens")
    .reply(401, { error: { message: `no ${PASSWORD}` } }, { "x-openstack-request-id": "req-7" });
  const { session, lines } = open(t);
  const error = await session.principal().catch((one: unknown) => one);
  if (!(error instanceof Failure)) throw error;
  t.equal(error.code, "credentials-refused");
  t.match(error.message, /userName from openstack:userName, password from openstack:password/);
  t.match(error.message, /request req-7/);
  t.notMatch(`${error.message}${error.stack}${JSON.stringify(error)}${lines.join()}`, new RegExp(PASSWORD));
});

t.test("an application credential that is gone is a refused one", async (t) => {
  nock(KEYSTONE)
    .post("/v3/auth/tokens")
    .reply(404, { error: { message: "Could not find Application Credential: ac." } });
  const config = configOf({ authUrl: KEYSTONE, applicationCredentialId: "ac", applicationCredentialSecret: "hush" });
  await t.rejects(open(t, config).session.principal(), {
    code: "credentials-refused",
    message: /applicationCredentialId from/,
  });
});

t.test("what is not Keystone is told apart", async (t) => {
  nock(KEYSTONE).post("/v3/auth/tokens").reply(404, "<html><h1>Not Found</h1></html>");
  await t.rejects(open(t).session.principal(), {
    code: "service-missing",
    message: /check the auth URL \(from openstack:authUrl\)/,
  });
  nock(KEYSTONE).post("/v3/auth/tokens").reply(200, "<html>hello</html>");
  await t.rejects(open(t).session.principal(), { code: "service-missing", message: /is not Keystone's v3 API/ });
});

t.test("a service is discovered once, on first use, and behind a proxy its own links are not trusted", async (t) => {
  login();
  const document = {
    versions: [
      { id: "v1", min_version: "1.1", version: "1.90", links: [{ rel: "self", href: "http://10.0.0.1:6385/v1/" }] },
    ],
  };
  const discovery = nock(IRON).get("/").once().reply(200, document);
  nock(IRON).get("/v1/nodes").query({ fields: "uuid,name", limit: 2 }).times(2).reply(200, { nodes: [] });
  const { session } = open(t);
  const ironic = session.service("baremetal");
  t.notOk(discovery.isDone(), "nothing is asked before the first request");
  const list = () => ironic.list("/nodes", "nodes", { query: { fields: "uuid,name", limit: 2, owner: undefined } });
  await Promise.all([list(), list()]);
  t.equal(await ironic.supports("allocations"), true);
  t.equal(await ironic.supports("instance names"), false);
  t.equal(await ironic.negotiate("allocations"), "1.79");
  await t.rejects(ironic.negotiate("instance names"), {
    code: "version-too-old",
    message: /instance names needs Ironic \(baremetal\) 1\.104; this cloud has 1\.90/,
  });
  await t.rejects(ironic.negotiate("servers"), TypeError);
  t.ok(nock.isDone());
});

t.test("a failed discovery is tried again by the next request", async (t) => {
  login();
  nock(IRON).get("/").reply(500).get("/").reply(500).get("/").reply(500);
  const { session } = open(t);
  await failsWith(t, session.service("baremetal").get("/nodes"), { status: 500 });
  nock(IRON)
    .get("/")
    .reply(200, { versions: [{ id: "v1", version: "1.90", min_version: "1.1" }] })
    .get("/v1/nodes")
    .reply(200, {});
  t.ok(await session.service("baremetal").get("/nodes"));
});

t.test("paths: relative, with the version, whole, and nothing outside", async (t) => {
  login();
  const { session } = open(t);
  const cinder = session.service("block-storage");
  const root = "/v3/0123456789abcdef0123456789abcdef";
  nock("http://cinder.example").get(`${root}/volumes`).times(4).reply(200, { volumes: [] });
  for (const path of ["/volumes", "volumes", "/v3/volumes", `http://cinder.example${root}/volumes`]) {
    t.ok(await cinder.get(path), path);
  }
  await t.rejects(cinder.get("http://evil.example/volumes"), TypeError, "the token stays at home");
  await t.rejects(cinder.get("/../admin"), TypeError);
});

t.test("requests carry token, version and body", async (t) => {
  login();
  nock("http://nova.example")
    .post("/v2.1/servers", { server: { name: "db" } })
    .matchHeader("x-auth-token", "the-token")
    .matchHeader("openstack-api-version", "compute 2.90")
    .matchHeader("content-type", "application/json")
    .reply(202, { server: { id: "s1" } }, { "x-compute-request-id": "req-nova" });
  const { session, lines } = open(t);
  const answer = await session
    .service("compute")
    .request("POST", "/servers", { body: { server: { name: "db" } }, microversion: "2.90" });
  t.match(answer, { status: 202, body: { server: { id: "s1" } }, requestId: "req-nova" });
  t.match(lines.at(-1), /^POST http:\/\/nova\.example\/v2\.1\/servers -> 202 in \d+ ms req-nova$/);
  t.notMatch(lines.join(), /the-token/);
});

t.test("find and remove take 404 for an answer, others throw it", async (t) => {
  login();
  const { session } = open(t);
  const nova = session.service("compute");
  nock("http://nova.example")
    .get("/v2.1/servers/1")
    .times(3)
    .reply(404, { itemNotFound: { message: "gone" } });
  nock("http://nova.example").delete("/v2.1/servers/1").reply(204).delete("/v2.1/servers/1").reply(404);
  t.equal(await nova.find("/servers/1"), undefined);
  t.equal(await nova.remove("/servers/1"), true);
  t.equal(await nova.remove("/servers/1"), false);
  await failsWith(t, nova.get("/servers/1"), { status: 404, serviceMessage: "gone", code: "not-found" });
  t.equal((await nova.request("GET", "/servers/1", { accept: [404] })).status, 404);
});

t.test("403 says which roles there are and which it takes; quoted secrets are masked", async (t) => {
  login();
  const { session } = open(t);
  const userData = "I2Nsb3VkLWNvbmZpZw==";
  nock("http://nova.example")
    .post("/v2.1/servers")
    .query({ token: "abc" })
    .reply(
      403,
      { forbidden: { message: `Policy doesn't allow it. Value: ${userData}` } },
      { "x-openstack-request-id": "req-9" },
    );
  const error = await session
    .service("compute")
    .post("/servers?token=abc", { server: { user_data: userData, adminPass: "hush" } })
    .catch((one: unknown) => one);
  if (!(error instanceof ApiError)) throw error;
  t.match(error.message, /user alpha\) has the roles in project alpha: reader/);
  t.match(error.message, /writing needs the role member/);
  t.equal(error.requestId, "req-9");
  t.notMatch(
    `${error.message}${error.url}${JSON.stringify([error.request, error.response])}`,
    /I2Nsb3|hush|the-token|token=abc/,
  );
  t.match(error.request, { body: { server: { user_data: "[secret]", adminPass: "[secret]" } } });
});

t.test("a redirect is followed on the same host only, and only for reads", async (t) => {
  login();
  const { session } = open(t);
  const nova = session.service("compute");
  nock("http://nova.example")
    .get("/v2.1/a")
    .reply(302, "", { location: "/v2.1/b" })
    .get("/v2.1/b")
    .reply(200, { ok: 1 });
  t.match(await nova.get("/a"), { ok: 1 });
  nock("http://nova.example").get("/v2.1/a").reply(302, "", { location: "http://evil.example/" });
  await failsWith(t, nova.get("/a"), { status: 302, code: "service-refused" });
  nock("http://nova.example").post("/v2.1/a").reply(307, "", { location: "/v2.1/b" });
  await failsWith(t, nova.post("/a", {}), { status: 307 });
});

t.test("endpoint overrides and what the catalog offers", async (t) => {
  login();
  const { session } = open(t, passwordConfig(KEYSTONE, { endpointOverrides: { image: "http://glance.example/v2" } }));
  nock("http://glance.example")
    .get("/v2/images")
    .reply(200, { images: [{ id: "i" }] });
  t.equal((await session.service("image").list("/images", "images")).length, 1);
  const offered: [ServiceType, boolean][] = [
    ["image", true],
    ["baremetal", true],
    ["block-storage", true],
    ["placement", false],
    ["identity", true],
  ];
  for (const [type, wanted] of offered) t.equal(await session.offers(type), wanted, type);
  await t.rejects(session.service("placement").get("/"), { code: "service-missing" });
});
