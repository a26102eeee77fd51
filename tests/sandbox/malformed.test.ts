/** Whatever is sent: an answer below 500 in the service's own form, and the sandbox goes on. */
import t, { type Test } from "tap";
import type { Sandbox } from "../../provider/sandbox/index.ts";
import { startTestSandbox } from "../cloud/sandbox.ts";
import { Dice } from "./dice.ts";

interface Route {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly raw: boolean;
}

const SEED = process.env["FUZZ_SEED"] ?? "20261122";
/** Requests of each route. */
const ROUNDS = Number(process.env["FUZZ_ROUNDS"] ?? 12);

const sandbox = await startTestSandbox({ seed: "fuzz" });
t.teardown(() => sandbox.stop());
const { routes } = (await (await fetch(`${sandbox.url}/sandbox/routes`)).json()) as { routes: Route[] };

async function token(cloud: Sandbox, user: string, scope: object): Promise<string> {
  const reply = await fetch(`${cloud.url}/identity/v3/auth/tokens`, {
    method: "POST",
    body: JSON.stringify({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: user, domain: { id: "default" }, password: "secret" } },
        },
        scope,
      },
    }),
  });
  return reply.headers.get("x-subject-token")!;
}

const project = (name: string) => ({ project: { name, domain: { id: "default" } } });
const system = { system: { all: true } };

/** Whether an error is in some form that OpenStack's clients read. */
function isShaped(service: string, status: number, type: string, body: string): boolean {
  if (status < 400) return true;
  if (service === "glance" || type.includes("html")) return body.includes(String(status));
  if (!type.includes("json")) return body === "";
  const parsed: unknown = JSON.parse(body);
  return typeof parsed === "object" && parsed !== null && /message|faultstring|detail|title/i.test(body);
}

/** The listed answers that break the promise. */
async function provoke(requests: { route: Route; url: string; init: RequestInit; note: string }[]): Promise<string[]> {
  const broken: string[] = [];
  for (const { route, url, init, note } of requests) {
    const what = `${route.service} ${init.method} ${url.slice(sandbox.url.length)} ${note}`;
    try {
      const reply = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(10_000) });
      const body = await reply.text();
      const type = reply.headers.get("content-type") ?? "";
      const head = init.method === "HEAD";
      if (reply.status >= 500 || (!head && !isShaped(route.service, reply.status, type, body)))
        broken.push(`${what} -> ${reply.status} ${body.slice(0, 200)}`);
    } catch (error) {
      broken.push(`${what} -> ${String((error as { cause?: unknown }).cause ?? error)}`);
    }
  }
  return broken;
}

const services = [...new Set(routes.map(({ service }) => service))];

t.test("random bodies, parameters and queries", async (t) => {
  t.ok(routes.length > 200, `${routes.length} kinds of requests`);
  for (const service of services)
    await t.test(service, async (t: Test) => {
      const dice = new Dice(`${SEED}:${service}`);
      // Whoever is not the administrator hits policies first; so mostly the administrator, whose requests get furthest.
      const tokens = [
        await token(sandbox, "admin", system),
        await token(sandbox, "admin", project("admin")),
        await token(sandbox, "alpha", project("alpha")),
      ];
      const requests = routes
        .filter((route) => route.service === service && !(service === "keystone" && /auth\/tokens/.test(route.path)))
        .flatMap((route) =>
          Array.from({ length: ROUNDS }, () => {
            const path = route.path.replace(/\{[^}]+\}/g, () => encodeURIComponent(dice.name()));
            const query = dice.chance(0.4) ? `?${dice.query()}` : "";
            const withBody = route.method !== "GET" && route.method !== "HEAD";
            const body = withBody ? dice.body(route.path) : undefined;
            const init: RequestInit = {
              method: route.method,
              headers: {
                "x-auth-token": dice.pick(tokens),
                "content-type": "application/json",
                ...dice.versionHeader(),
              },
              ...(body === undefined ? {} : { body }),
            };
            return { route, url: sandbox.url + path + query, init, note: body?.slice(0, 300) ?? "" };
          }),
        );
      const broken = await provoke(requests);
      t.same(broken.slice(0, 20), [], `${requests.length} requests, seed ${SEED}, ${broken.length} broken`);
    });
});

t.test("a huge body is 413, wrong versions and tokens are refused, on every service", async (t) => {
  const admin = await token(sandbox, "admin", project("admin"));
  for (const service of services.filter((one) => one !== "keystone")) {
    const route =
      routes.find((one) => one.service === service && one.method === "POST" && !one.raw && !one.path.includes("{")) ??
      routes.find((one) => one.service === service && one.method === "POST" && !one.raw)!;
    const url = sandbox.url + route.path.replace(/\{[^}]+\}/g, "x");
    const huge = await fetch(url, {
      method: "POST",
      headers: { "x-auth-token": admin, "content-type": "application/json" },
      body: JSON.stringify({ x: "y".repeat(300_000) }),
    });
    t.equal(huge.status, 413, `${service}: a body of 300 kB`);
    for (const bad of ["", "gAAAAA-no-such-token", "x".repeat(8000)]) {
      const refused = await fetch(url, { method: "POST", headers: bad ? { "x-auth-token": bad } : {}, body: "{}" });
      t.equal(refused.status, 401, `${service}: token "${bad.slice(0, 10)}"`);
    }
  }
  const versions: [string, string, string, number[]][] = [
    ["/baremetal/v1/nodes", "X-OpenStack-Ironic-API-Version", "1.999", [406]],
    ["/baremetal/v1/nodes", "X-OpenStack-Ironic-API-Version", "nonsense", [400, 406]],
    ["/compute/v2.1/servers", "OpenStack-API-Version", "compute 2.999", [406]],
    ["/compute/v2.1/servers", "OpenStack-API-Version", "compute nonsense", [400]],
    ["/volume/v3/x/volumes", "OpenStack-API-Version", "volume 3.999", [406]],
    ["/placement/resource_providers", "OpenStack-API-Version", "placement 1.999", [406]],
  ];
  for (const [path, header, value, wanted] of versions) {
    const refused = await fetch(sandbox.url + path, { headers: { "x-auth-token": admin, [header]: value } });
    t.ok(wanted.includes(refused.status), `${path} ${value}: ${refused.status}`);
  }
});

t.test("a token that ran out", async (t) => {
  const brief = await startTestSandbox({ tokenLife: 1 });
  t.teardown(() => brief.stop());
  const old = await token(brief, "alpha", project("alpha"));
  await new Promise((resolve) => setTimeout(resolve, 1200));
  for (const path of [
    "/compute/v2.1/servers",
    "/baremetal/v1/nodes",
    "/network/v2.0/ports",
    "/volume/v3/volumes",
    "/image/v2/images",
  ])
    t.equal((await fetch(brief.url + path, { headers: { "x-auth-token": old } })).status, 401, path);
});

t.test("bytes that are no HTTP", async (t) => {
  const { connect } = await import("node:net");
  for (const bytes of ["\0\0\0\0", "GET\r\n\r\n", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "x".repeat(100_000)])
    await new Promise<void>((resolve) => {
      const socket = connect(Number(new URL(sandbox.url).port), "127.0.0.1", () => socket.end(bytes));
      socket.on("error", () => resolve());
      socket.on("close", () => resolve());
      socket.resume();
    });
  t.equal((await fetch(`${sandbox.url}/identity/v3`)).status, 200, "it still answers");
});
