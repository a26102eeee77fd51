/** Nova: what parity cannot show: restarts, processes that die, virtual servers, many servers at once. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { SandboxOptions } from "../../../provider/sandbox/index.ts";
import { admin, type Json, login, type Session, until } from "../../cloud/client.ts";
import { startTestSandbox } from "../../cloud/sandbox.ts";

/** A sandbox that ends with the test, and its tenant with a network. */
async function start(t: Test, options: SandboxOptions = {}) {
  const sandbox = await startTestSandbox(options);
  let running = true;
  const stop = async () => {
    if (running) await sandbox.stop();
    running = false;
  };
  t.teardown(stop);
  process.env["SANDBOX_URL"] = sandbox.url;
  const alpha = await login("alpha");
  return { sandbox, stop, alpha };
}

/** Asks for a server. Answers its id. */
async function create(alpha: Session, flavorName: string, more: Json = {}): Promise<string> {
  const image = (await alpha.list("glance", "/images?name=tiny", "images"))[0]?.["id"];
  const flavor = (await alpha.list("nova", "/flavors", "flavors")).find(({ name }) => name === flavorName)?.["id"];
  const server = { name: "one", imageRef: image, flavorRef: flavor, ...more };
  return String(((await alpha.call("nova", "POST", "/servers", { server }))["server"] as Json)["id"]);
}

async function network(alpha: Session): Promise<string> {
  const made = (await alpha.call("neutron", "POST", "/networks", { network: { name: "net" } }))["network"] as Json;
  await alpha.call("neutron", "POST", "/subnets", {
    subnet: { network_id: made["id"], cidr: "10.0.0.0/24", ip_version: 4 },
  });
  return String(made["id"]);
}

const show = async (alpha: Session, id: string) =>
  (await alpha.call("nova", "GET", `/servers/${id}`))["server"] as Json;

/** Waits until a server rests in a state. */
const rests = (alpha: Session, id: string, status: string, seconds = 20) =>
  until(
    `the server is ${status}`,
    async () => {
      const server = await show(alpha, id);
      return server["status"] === status && server["OS-EXT-STS:task_state"] === null && server;
    },
    seconds,
    0.05,
  );

const gone = (alpha: Session, id: string) =>
  until("the server is gone", async () => (await alpha.raw("nova", "GET", `/servers/${id}`)).status === 404, 20, 0.05);

const act = (alpha: Session, id: string, body: Json) => alpha.call("nova", "POST", `/servers/${id}/action`, body);

t.test("a virtual server: power, pause, resize, volumes, ports", async (t) => {
  const { alpha } = await start(t);
  const id = await create(alpha, "vm.tiny", { networks: [{ uuid: await network(alpha) }] });
  t.match(await rests(alpha, id, "ACTIVE"), { addresses: { net: [{ addr: /^10\.0\.0\./ }] } });
  await act(alpha, id, { "os-stop": null });
  t.match(await rests(alpha, id, "SHUTOFF"), { "OS-EXT-STS:power_state": 4 });
  await act(alpha, id, { "os-start": null });
  await rests(alpha, id, "ACTIVE");
  await act(alpha, id, { pause: null });
  await rests(alpha, id, "PAUSED");
  await act(alpha, id, { unpause: null });
  await rests(alpha, id, "ACTIVE");
  const flavors = await alpha.list("nova", "/flavors", "flavors");
  await act(alpha, id, { resize: { flavorRef: flavors.find(({ name }) => name === "vm.small")?.["id"] } });
  await rests(alpha, id, "VERIFY_RESIZE");
  await act(alpha, id, { confirmResize: null });
  t.match(await rests(alpha, id, "ACTIVE"), { flavor: { original_name: "vm.small" } });
  const volume = (await alpha.call("cinder", "POST", "/volumes", { volume: { size: 1 } }))["volume"] as Json;
  const status = (wanted: string) =>
    until(
      `the volume is ${wanted}`,
      async () =>
        ((await alpha.call("cinder", "GET", `/volumes/${volume["id"]}`))["volume"] as Json)["status"] === wanted,
      20,
      0.05,
    );
  await status("available");
  const path = `/servers/${id}/os-volume_attachments`;
  await alpha.call("nova", "POST", path, { volumeAttachment: { volumeId: volume["id"] } });
  await status("in-use");
  await alpha.call("nova", "DELETE", `${path}/${volume["id"]}`);
  await status("available");
  await alpha.call("nova", "DELETE", `/servers/${id}`);
  await gone(alpha, id);
  t.same(
    (await alpha.list("neutron", `/ports?project_id=${alpha.projectId}`, "ports")).filter(
      (port) => port["device_owner"] === "compute:nova",
    ),
    [],
    "its port went with it",
  );
});

t.test("bare metal: a server that is made, kept over a restart, and deleted; its machine comes back", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "sandbox-nova-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const first = await start(t, { state });
  const net = await network(first.alpha);
  const id = await create(first.alpha, "baremetal", { networks: [{ uuid: net }] });
  await rests(first.alpha, id, "ACTIVE");
  const building = await create(first.alpha, "baremetal", { networks: [{ uuid: net }] });
  const spawning = async () => (await show(first.alpha, building))["OS-EXT-STS:task_state"] === "spawning";
  await until("the second one is being deployed", spawning, 20, 0.02);
  await first.stop();
  const { alpha } = await start(t, { state });
  t.match(await show(alpha, id), { status: "ACTIVE" });
  t.match(
    await rests(alpha, building, "ERROR"),
    { "OS-EXT-STS:vm_state": "error" },
    "what was being built is in ERROR",
  );
  for (const one of [id, building]) {
    await until(
      "its deletion is done",
      async () => {
        await alpha.raw("nova", "DELETE", `/servers/${one}`);
        return (await alpha.raw("nova", "GET", `/servers/${one}`)).status === 404;
      },
      20,
      0.1,
    );
  }
  const { system } = await admin();
  await until(
    "all machines are free",
    async () =>
      (await system.list("ironic", "/nodes?fields=name,provision_state,instance_uuid", "nodes"))
        .filter(({ name }) => String(name).startsWith("bm-"))
        .every((node) => node["provision_state"] === "available" && node["instance_uuid"] === null),
    30,
    0.1,
  );
});

t.test(
  "a dead nova-compute: servers stay in BUILD, and go on once it runs; what it worked on is in ERROR",
  async (t) => {
    const { sandbox, alpha } = await start(t);
    const net = await network(alpha);
    sandbox.daemon("nova-compute-ironic", "dead");
    const id = await create(alpha, "baremetal", { networks: [{ uuid: net }] });
    await new Promise((resolve) => setTimeout(resolve, 500));
    t.match(await show(alpha, id), { status: "BUILD" });
    sandbox.daemon("nova-compute-ironic", "running");
    const task = async () => (await show(alpha, id))["OS-EXT-STS:task_state"];
    await until("it is being deployed", async () => (await task()) === "spawning", 20, 0.02);
    sandbox.daemon("nova-compute-ironic", "dead");
    await new Promise((resolve) => setTimeout(resolve, 300));
    sandbox.daemon("nova-compute-ironic", "running");
    await rests(alpha, id, "ERROR");
  },
);

t.test("more servers than machines: each machine once, the others have no host", async (t) => {
  const { alpha } = await start(t);
  const net = await network(alpha);
  const ids = await Promise.all(
    Array.from({ length: 6 }, () => create(alpha, "baremetal", { networks: [{ uuid: net }] })),
  );
  await until(
    "none is being built",
    async () => (await alpha.list("nova", "/servers?status=BUILD", "servers")).length === 0,
    30,
    0.1,
  );
  const servers = await Promise.all(ids.map((id) => show(alpha, id)));
  const of = (status: string) => servers.filter((server) => server["status"] === status);
  t.equal(of("ACTIVE").length, 4);
  t.equal(of("ERROR").length, 2);
  for (const server of of("ERROR")) t.match(server["fault"], { message: /^No valid host was found/ });
  const { project } = await admin();
  const nodes = await Promise.all(
    of("ACTIVE").map(
      async (server) => (await show(project, String(server["id"])))["OS-EXT-SRV-ATTR:hypervisor_hostname"],
    ),
  );
  t.equal(new Set(nodes).size, 4, "no machine twice");
});

t.test("a server without any network cannot be deployed on bare metal", async (t) => {
  const { alpha } = await start(t);
  const id = await create(alpha, "baremetal", { networks: "none" });
  t.match((await rests(alpha, id, "ERROR", 30))["fault"], { message: /Exceeded maximum number of retries/ });
});
