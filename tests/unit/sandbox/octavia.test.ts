/** Octavia's worker: what becomes of work when it dies, fails, or the sandbox is started again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Sandbox, SandboxOptions } from "../../../provider/sandbox/index.ts";
import { login, type Session } from "../../cloud/client.ts";
import { startTestSandbox } from "../../cloud/sandbox.ts";

const PATH = "/lbaas/loadbalancers";

/** A sandbox, a user of it, and what these tests ask again and again. */
async function start(t: Test, options: SandboxOptions = {}) {
  const sandbox: Sandbox = await startTestSandbox(options);
  t.teardown(() => sandbox.stop());
  process.env["SANDBOX_URL"] = sandbox.url;
  const beta: Session = await login("beta");
  const call = async (method: string, path: string, body?: unknown) =>
    (await beta.raw("octavia", method, path, body)).body;
  const id = (made: Record<string, unknown>) => (Object.values(made)[0] as { id: string }).id;
  const state = async (path: string) =>
    (Object.values(await call("GET", path))[0] as { provisioning_status?: string }).provisioning_status;
  const until = async (path: string, wanted: string | undefined) => {
    while ((await state(path)) !== wanted) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  const network = async () => {
    const net = id((await beta.raw("neutron", "POST", "/networks", { network: { name: "net" } })).body);
    const subnet = { network_id: net, ip_version: 4, cidr: "10.9.0.0/24" };
    await beta.raw("neutron", "POST", "/subnets", { subnet });
    return net;
  };
  const make = async (vip_network_id: string) =>
    `${PATH}/${id(await call("POST", PATH, { loadbalancer: { vip_network_id } }))}`;
  const pause = () => new Promise((resolve) => setTimeout(resolve, 600));
  return { sandbox, beta, call, id, state, until, network, make, pause };
}

t.test("without a worker everything waits, and goes on with the next one", async (t) => {
  const { sandbox, call, state, until, network, make, pause } = await start(t);
  const net = await network();
  sandbox.daemon("octavia-worker", "dead");
  const path = await make(net);
  await pause();
  t.equal(await state(path), "PENDING_CREATE");
  t.match(await call("DELETE", path), { faultstring: /Invalid state PENDING_CREATE/ });
  sandbox.daemon("octavia-worker", "running");
  await until(path, "ACTIVE");
});

t.test("what a worker was doing when it died is pending for ever", async (t) => {
  const { sandbox, call, state, network, make, pause } = await start(t);
  const path = await make(await network());
  sandbox.daemon("octavia-worker", "dead");
  sandbox.daemon("octavia-worker", "running");
  await pause();
  t.equal(await state(path), "PENDING_CREATE");
  t.match(await call("DELETE", path), { faultstring: /Invalid state PENDING_CREATE/ });
});

t.test("a frozen worker goes on where it was", async (t) => {
  const { sandbox, state, until, network, make, pause } = await start(t);
  const path = await make(await network());
  sandbox.daemon("octavia-worker", "frozen");
  await pause();
  t.equal(await state(path), "PENDING_CREATE");
  sandbox.daemon("octavia-worker", "running");
  await until(path, "ACTIVE");
});

t.test("pending work is done after a restart with the same state", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "sandbox-octavia-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const before = await start(t, { state, speed: 1 });
  const path = await before.make(await before.network());
  await before.sandbox.stop();
  const after = await start(t, { state, speed: 300 });
  t.equal(await after.state(path), "PENDING_CREATE");
  await after.until(path, "ACTIVE");
  await after.call("DELETE", path);
  await after.until(path, undefined);
  const ports = await after.beta.list("neutron", "/ports?device_owner=Octavia", "ports");
  t.same(ports, [], "the VIP's port goes with it");
});

t.test("work that fails", async (t) => {
  const { sandbox, call, id, state, until, network, make } = await start(t);
  const net = await network();
  sandbox.backend("octavia.create_load_balancer", { text: "no amphora" });
  const failed = await make(net);
  await until(failed, "ERROR");
  t.match(await call("PUT", failed, { loadbalancer: { name: "x" } }), { faultstring: /Invalid state ERROR/ });
  await call("DELETE", failed);
  await until(failed, undefined);
  sandbox.clearFaults();

  const path = await make(net);
  await until(path, "ACTIVE");
  sandbox.backend("octavia.create_listener", { text: "no haproxy" });
  const listener = { protocol: "HTTP", protocol_port: 80, loadbalancer_id: path.slice(PATH.length + 1) };
  const below = `/lbaas/listeners/${id(await call("POST", "/lbaas/listeners", { listener }))}`;
  await until(below, "ERROR");
  t.equal(await state(path), "ACTIVE", "only the listener is broken");
  sandbox.clearFaults();
  await call("DELETE", below);
  await until(below, undefined);
});

t.test("hundreds of load balancers at once", async (t) => {
  const { beta, network, call, until, make } = await start(t, { speed: 1000 });
  const net = await network();
  const paths: string[] = [];
  for (let batch = 0; batch < 4; batch++)
    paths.push(...(await Promise.all(Array.from({ length: 60 }, () => make(net)))));
  for (const path of paths) await until(path, "ACTIVE");
  t.equal((await beta.list("octavia", PATH, "loadbalancers")).length, paths.length);
  t.match(await call("GET", `${PATH}?limit=10`), { loadbalancers_links: [{ rel: "next" }] });
});
