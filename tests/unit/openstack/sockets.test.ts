import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import t from "tap";
import { systemClock } from "../../../provider/core/clock.ts";
import { ConnectionError, hasUnknownOutcome, Session } from "../../../provider/openstack/index.ts";
import { failsWith, hastyClock, passwordConfig, serve, serveCloud } from "./support.ts";

type Tap = { teardown(handler: () => void): unknown };

function open(t: Tap, url: string, more: Record<string, unknown> = {}, timeouts = {}) {
  const clock = hastyClock();
  const session = new Session(passwordConfig(url, more), { clock, random: () => 1, timeouts });
  t.teardown(() => session.close());
  return { clock, session, ironic: session.service("baremetal") };
}

t.test("connections are kept and used again", async (t) => {
  const ports = new Set<number | undefined>();
  const { url } = await serveCloud(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end("{}");
  });
  const { ironic } = open(t, url);
  for (let round = 0; round < 5; round++) await ironic.get("/nodes");
  t.equal(ports.size, 1);
  await ironic.post("/nodes", {});
  t.equal(ports.size, 2, "a write that may not be repeated takes a new one");
});

t.test("a cut connection: reads and idempotent writes are sent again", async (t) => {
  let cuts = 2;
  const { url } = await serveCloud(t, (request, response) => {
    if (cuts-- > 0) request.socket.destroy();
    else response.end('{"ok": true}');
  });
  const { ironic, clock } = open(t, url);
  t.match(await ironic.get("/nodes"), { ok: true });
  t.strictSame(clock.slept, [500, 1000]);
  cuts = 1;
  t.match(await ironic.put("/nodes/1/states/power", { target: "power on" }), { ok: true });
  cuts = 1;
  t.match(await ironic.post("/allocations", {}, { repeatable: true }), { ok: true });
});

t.test("a write that is refused after its answer was lost may have been done: its outcome is unknown", async (t) => {
  let lost = 1;
  const { url } = await serveCloud(t, (request, response) => {
    if (lost-- > 0) request.socket.destroy();
    else if (request.method === "DELETE") response.writeHead(404).end("{}");
    else response.writeHead(409).end('{"error_message": "Node 1 is locked by host c, please retry"}');
  });
  const { ironic, clock } = open(t, url);
  const put = () => ironic.put("/nodes/1/states/provision", { target: "active" });
  await failsWith(t, put(), { code: "answer-lost", unknownOutcome: true, status: 409 });
  t.equal(clock.slept.length, 1, "and it is not waited for the lock that may be our own");
  lost = 1;
  t.equal(await ironic.remove("/nodes/1/vifs/2"), false, "what a lost DELETE took away is gone");
  lost = 0;
  await failsWith(t, put(), { code: "busy", unknownOutcome: false });
});

t.test("who waits for an answer is told", async (t) => {
  let answer = 503;
  const { url } = await serveCloud(t, (_request, response) => {
    if (answer === 200) setTimeout(() => response.end("{}"), 2_500);
    else response.writeHead(answer).end();
  });
  const told: string[] = [];
  const longest = { clock: hastyClock(), random: () => 1 };
  const hasty = new Session(passwordConfig(url), { ...longest, progress: (line) => told.push(line) });
  t.teardown(() => hasty.close());
  await failsWith(t, hasty.service("baremetal").get("/nodes"), { code: "service-broken" });
  t.match(told, [/^Ironic \(baremetal\) is asked again for GET \/v1\/nodes: unavailable \(503\) \(\d s so far\)$/]);

  told.length = 0;
  answer = 200;
  const began = Date.now();
  const fast = { ...systemClock, now: () => began + (Date.now() - began) * 8 };
  const session = new Session(passwordConfig(url), { clock: fast, progress: (line) => told.push(line) });
  t.teardown(() => session.close());
  const ironic = session.service("baremetal");
  await Promise.all([ironic.get("/nodes"), ironic.get("/nodes"), ironic.get("/nodes")]);
  t.match(told, [/^Ironic \(baremetal\) has not answered GET \/v1\/nodes yet \(\d+ s\)$/]);
  t.equal(told.length, 1, "one line for all who wait for a service");
});

t.test("a cut connection: the outcome of a POST is unknown, and said so", async (t) => {
  let received = 0;
  const { url } = await serveCloud(t, (request, _response) => {
    received++;
    request.socket.destroy();
  });
  const { ironic } = open(t, url);
  const error = await ironic.post("/nodes", {}).catch((one: unknown) => one);
  t.equal(received, 1, "sent once");
  t.ok(error instanceof ConnectionError && error.unknownOutcome && hasUnknownOutcome(error));
  t.match(error, { code: "answer-lost", message: /nobody knows whether it took effect/ });
});

t.test("an answer that is cut in its middle is no answer", async (t) => {
  let cuts = 1;
  const { url } = await serveCloud(t, (request, response) => {
    response.writeHead(200, { "content-length": "1000" });
    response.write('{"nodes": [');
    if (cuts-- > 0) setTimeout(() => request.socket.destroy(), 20);
    else response.end(`{"ok": true}${" ".repeat(977)}]}`);
  });
  const { ironic, clock } = open(t, url);
  await ironic.get("/nodes");
  t.equal(clock.slept.length, 1);
});

t.test("time-outs: no first byte, no end", async (t) => {
  let mode: "silent" | "endless" = "silent";
  const { url } = await serveCloud(t, (_request, response) => {
    if (mode === "endless") response.writeHead(200).write("{");
  });
  const { ironic } = open(t, url, { maxRetries: 0 }, { firstByteMs: 400, bodyMs: 400 });
  await failsWith(t, ironic.get("/nodes"), { errorCode: "FIRST_BYTE_TIMEOUT", unknownOutcome: false });
  await failsWith(t, ironic.post("/nodes", {}), { errorCode: "FIRST_BYTE_TIMEOUT", unknownOutcome: true });
  mode = "endless";
  await failsWith(t, ironic.get("/nodes"), { errorCode: "BODY_TIMEOUT" });
});

t.test("time-outs: a port that takes the connection and never speaks TLS", async (t) => {
  const mute = createServer(() => {}).listen(0, "127.0.0.1");
  await new Promise((resolve) => mute.once("listening", resolve));
  t.teardown(() => mute.close());
  const { port } = mute.address() as AddressInfo;
  const { session } = open(t, `https://127.0.0.1:${port}`, { maxRetries: 0 }, { connectMs: 60 });
  await failsWith(t, session.principal(), { errorCode: "CONNECT_TIMEOUT", message: /no answer from Keystone/ });
});

t.test("nobody listens: tried a few times, whatever the method, then said plainly", async (t) => {
  const { url, server } = await serve(t, () => {});
  await new Promise((resolve) => server.close(resolve));
  const { session, clock } = open(t, url);
  await failsWith(t, session.principal(), {
    code: "service-unreachable",
    errorCode: "ECONNREFUSED",
    message: /after 6 tries/,
  });
  t.strictSame(clock.slept, [500, 1000, 2000, 4000, 8000]);
});

t.test("100 requests at once log in once; a refused token is renewed once and each request sent again", async (t) => {
  let good = "token-1";
  const { url, logins } = await serveCloud(t, (request, response) => {
    response.statusCode = request.headers["x-auth-token"] === good ? 200 : 401;
    response.end("{}");
  });
  const { ironic, session } = open(t, url);
  await Promise.all(Array.from({ length: 100 }, () => ironic.get("/nodes")));
  t.equal(logins(), 1);
  good = "token-2";
  await Promise.all(Array.from({ length: 100 }, () => ironic.post("/nodes", {})));
  t.equal(logins(), 2);
  good = "none";
  await failsWith(t, ironic.get("/nodes"), { status: 401, code: "token-refused" });
  t.equal(logins(), 3, "one renewal a request, no more");
  t.match(await session.principal(), { userName: "alpha" });
});

t.test("a locked node, a full queue and a busy service are waited for", async (t) => {
  const answers: [number, string, Record<string, string>?][] = [
    [409, '{"error_message": "{\\"faultstring\\": \\"Node 1 is locked by host c1, please retry\\"}"}'],
    [
      503,
      '{"error_message": {"faultstring": "Requested action cannot be performed due to lack of free conductor workers."}}',
    ],
    [429, "", { "retry-after": "7" }],
  ];
  const { url } = await serveCloud(t, (_request, response) => {
    const [status, body, headers] = answers.shift() ?? [202, "{}"];
    response.writeHead(status, headers).end(body);
  });
  const { ironic, clock } = open(t, url);
  await ironic.patch("/nodes/1", []);
  t.strictSame(clock.slept, [2000, 4000, 8000], "growing, and no less than Retry-After");
});

t.test("another 409 is not repeated; a caller's own bound is kept", async (t) => {
  let message = "Node 1 is associated with instance 2";
  let received = 0;
  const { url } = await serveCloud(t, (_request, response) => {
    received++;
    response.writeHead(409).end(JSON.stringify({ error_message: { faultstring: message } }));
  });
  const { ironic } = open(t, url);
  await failsWith(t, ironic.put("/nodes/1/states/power", {}), { status: 409, serviceMessage: message });
  t.equal(received, 1);
  message = "Node 1 is locked by host c1";
  await failsWith(t, ironic.put("/nodes/1/states/power", {}, { retryForMs: 5000 }), { status: 409 });
  t.equal(received, 3, "2 s, then 4 s would be too late");
  await failsWith(t, ironic.put("/nodes/1/states/power", {}, { retryForMs: 0 }), { status: 409 });
  t.equal(received, 4);
});

t.test("504 on a write that may not be repeated is an unknown outcome", async (t) => {
  let received = 0;
  const { url } = await serveCloud(t, (_request, response) => {
    received++;
    response.writeHead(504).end("<html><h1>504 Gateway Time-out</h1></html>");
  });
  const { ironic } = open(t, url);
  await failsWith(t, ironic.post("/nodes", {}), {
    status: 504,
    unknownOutcome: true,
    serviceMessage: "504 Gateway Time-out",
  });
  t.equal(received, 1);
  await failsWith(t, ironic.get("/nodes"), { status: 504, unknownOutcome: false });
  t.equal(received, 7);
});

t.test("an abort ends a request, a wait between two and a queue for a connection", async (t) => {
  const { url } = await serveCloud(t, () => {});
  const { ironic } = open(t, url);
  const stop = new AbortController();
  const request = ironic.get("/nodes", { signal: stop.signal });
  setTimeout(() => stop.abort(new Error("ctrl-c")), 50);
  await t.rejects(request, { message: "ctrl-c" });
  await t.rejects(ironic.get("/nodes", { signal: stop.signal }), { message: "ctrl-c" });
});

t.test("close leaves no connection behind", async (t) => {
  const { url, server } = await serveCloud(t, (_request, response) => response.end("{}"));
  const { ironic, session } = open(t, url);
  await ironic.get("/nodes");
  session.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const open_ = await new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count)));
  t.equal(open_, 0);
  connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }).destroy();
});
