import t from "tap";
import { fleet, type Sandbox, startSandbox } from "../../../provider/sandbox/index.ts";
import { type Json, login, type Session, until } from "../../cloud/client.ts";
import { folder, start } from "./kit.ts";

const NODE = "/nodes/alpha-0";

const node = (session: Session): Promise<Json> => session.call("ironic", "GET", NODE);

/** Waits until the node is in the state; with `idle`, until nobody works on it either. */
const reaches = (session: Session, state: string, idle = true) =>
  until(
    `${NODE} is ${state}`,
    async () => {
      const now = await node(session);
      return now["provision_state"] === state && (!idle || now["reservation"] === null) && now;
    },
    20,
    0.02,
  );

const ask = (session: Session, target: string) => session.raw("ironic", "PUT", `${NODE}/states/provision`, { target });

/** Image, network and port of the tenant's, ready to deploy. */
async function prepare(alpha: Session): Promise<string> {
  const [image] = await alpha.list("glance", "/images?name=tiny", "images");
  const made = (await alpha.call("neutron", "POST", "/networks", { network: { name: "n" } }))["network"] as Json;
  const subnet = { network_id: made["id"], ip_version: 4, cidr: "10.1.0.0/24" };
  await alpha.call("neutron", "POST", "/subnets", { subnet });
  const port = (await alpha.call("neutron", "POST", "/ports", { port: { network_id: made["id"] } }))["port"] as Json;
  const patch = [{ op: "add", path: "/instance_info/image_source", value: image?.["id"] }];
  await alpha.call("ironic", "PATCH", NODE, patch as unknown as Json);
  await alpha.call("ironic", "POST", `${NODE}/vifs`, { id: port["id"] });
  return String(port["id"]);
}

/** Makes one of a node's methods slow or fail. */
async function steer(info: Json): Promise<void> {
  const system = await login("admin", "system");
  for (const [key, value] of Object.entries(info)) {
    const path = `/driver_info/${key}`;
    const patch = [value === null ? { op: "remove", path } : { op: "add", path, value }];
    await system.call("ironic", "PATCH", NODE, patch);
  }
}

t.test("a restart ends work that was cut off as failed, and ramdisks call again", async (t) => {
  const state = folder(t);
  const first = await start(t, { state });
  const alpha = await login("alpha");
  await prepare(alpha);
  await steer({ delay_deploy: 60 });
  await ask(alpha, "active");
  await until(
    "the conductor is in the deploy step",
    async () => {
      const now = await node(alpha);
      return (
        now["provision_state"] === "deploying" &&
        Number((now["driver_internal_info"] as Json)["deploy_step_index"]) === 0 &&
        now["power_state"] === "power on"
      );
    },
    20,
    0.02,
  );
  await first.stop();
  await start(t, { state });
  const again = await login("alpha");
  const failed = await reaches(again, "deploy failed");
  t.match(failed["last_error"], /^The deploying state can't be resumed by conductor .*\. Moving to fail state\.$/);
  await steer({ delay_deploy: null });
  t.equal((await ask(again, "active")).status, 202);
  await reaches(again, "active");
});

t.test("a node that waits for its ramdisk goes on after a restart", async (t) => {
  const state = folder(t);
  const first = await start(t, { state, speed: 50 });
  const alpha = await login("alpha");
  await prepare(alpha);
  await ask(alpha, "active");
  await reaches(alpha, "wait call-back");
  await first.stop();
  await start(t, { state });
  await reaches(await login("alpha"), "active");
});

t.test("a dead conductor: reads go on, writes do not; what it did has failed when it comes back", async (t) => {
  const { sandbox } = await start(t);
  const alpha = await login("alpha");
  await prepare(alpha);
  await steer({ delay_deploy: 60 });
  await ask(alpha, "active");
  await reaches(alpha, "wait call-back");
  await reaches(alpha, "deploying", false);
  sandbox.daemon("ironic-conductor", "dead");
  t.equal((await node(alpha))["provision_state"], "deploying");
  const refused = await alpha.raw("ironic", "PUT", `${NODE}/maintenance`, {});
  t.equal(refused.status, 500);
  t.match(refused.text, /Unable to establish connection to http/);
  await until(
    "nobody takes it for alive",
    async () => (await alpha.raw("ironic", "GET", `${NODE}/vifs`)).status === 503,
    10,
    0.05,
  );
  t.match((await alpha.raw("ironic", "GET", `${NODE}/vifs`)).text, /Resource temporarily unavailable, please retry\./);
  t.equal((await node(alpha))["conductor"], null);
  sandbox.daemon("ironic-conductor", "running");
  const failed = await reaches(alpha, "deploy failed");
  t.match(failed["last_error"], /can't be resumed/);
  t.equal(failed["reservation"], null);
});

t.test("a frozen conductor answers later", async (t) => {
  const { sandbox } = await start(t);
  const alpha = await login("alpha");
  sandbox.daemon("ironic-conductor", "frozen");
  let answered = false;
  const asked = alpha.raw("ironic", "PUT", `${NODE}/maintenance`, { reason: "x" }).then((reply) => {
    answered = true;
    return reply;
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  t.equal(answered, false);
  t.equal((await node(alpha))["maintenance"], false);
  sandbox.daemon("ironic-conductor", "running");
  t.equal((await asked).status, 202);
  t.equal((await node(alpha))["maintenance"], true);
});

t.test("a lost BMC: maintenance after some looks, and out of it by itself", async (t) => {
  await start(t, { speed: 1000 });
  const alpha = await login("alpha");
  await steer({ fault_get_power_state: "no answer" });
  const lost = await until("the BMC is lost", async () => {
    const now = await node(alpha);
    return now["fault"] === "power failure" && now;
  });
  t.equal(lost["maintenance"], true);
  t.match(lost["maintenance_reason"], /max retries exceeded .* Error: no answer$/);
  await steer({ fault_get_power_state: null });
  await until("it is found again", async () => (await node(alpha))["maintenance"] === false);
});

t.test("what the BMC says wins in the end over what Ironic wrote down", async (t) => {
  const { sandbox } = await start(t, { speed: 1000 });
  const alpha = await login("alpha");
  const knob = (power: string | null) =>
    fetch(`${sandbox.url}/sandbox/nodes/alpha-0`, { method: "PUT", body: JSON.stringify({ power }) });
  await knob("power on");
  await until("Ironic gave up", async () => (await node(alpha))["power_state"] === "power on", 20, 0.02);
  const { history } = await alpha.call("ironic", "GET", `${NODE}/history?detail=true`);
  const told = (history as Json[]).map(({ event }) => String(event));
  t.ok(told.some((event) => /node state power on does not match expected state 'power off'/.test(event)));
  await knob(null);
});

t.test("a switch that does not bind fails the deploy with Ironic's words", async (t) => {
  const { sandbox } = await start(t);
  const alpha = await login("alpha");
  const port = await prepare(alpha);
  sandbox.backend("neutron.bind", { text: "the switch refuses" });
  await ask(alpha, "active");
  const failed = await reaches(alpha, "deploy failed");
  t.match(failed["last_error"], /^Failed to prepare to deploy: Failed to create neutron ports for node's/);
  sandbox.backend("neutron.bind", undefined);
  await ask(alpha, "active");
  await reaches(alpha, "wait call-back");
  sandbox.backend("neutron.bind", { text: "the switch refuses" });
  const late = await reaches(alpha, "deploy failed");
  t.match(
    late["last_error"],
    new RegExp(`Could not add public network VIF ${port} to node .*Binding failed for neutron port`),
  );
  sandbox.backend("neutron.bind", undefined);
});

t.test("an attach that fails gives the volume back", async (t) => {
  const { sandbox } = await start(t);
  const alpha = await login("alpha");
  await prepare(alpha);
  const { volume } = (await alpha.call("cinder", "POST", "/volumes", { volume: { size: 1 } })) as { volume: Json };
  const status = async () =>
    ((await alpha.call("cinder", "GET", `/volumes/${volume["id"]}`))["volume"] as Json)["status"];
  await until("the volume is made", async () => (await status()) === "available", 10, 0.05);
  const { uuid } = (await node(alpha)) as { uuid: string };
  const target = { node_uuid: uuid, volume_type: "iscsi", boot_index: 1, volume_id: volume["id"] };
  await alpha.call("ironic", "POST", "/volume/targets", target);
  sandbox.backend("cinder.initialize_connection", { text: "no path" });
  await ask(alpha, "active");
  const failed = await reaches(alpha, "deploy failed");
  t.match(failed["last_error"], /^Failed to prepare to deploy: Failed to initialize connection for volume/);
});

t.test("aborting and undeploying a machine that waits for its ramdisk", async (t) => {
  await start(t, { speed: 30 });
  const alpha = await login("alpha");
  await prepare(alpha);
  await ask(alpha, "active");
  await reaches(alpha, "wait call-back");
  t.equal((await ask(alpha, "abort")).status, 202);
  const aborted = await reaches(alpha, "deploy failed");
  t.match(aborted["last_error"], /By request, the deploy operation was aborted/);
  await ask(alpha, "active");
  await reaches(alpha, "wait call-back");
  t.equal((await ask(alpha, "deleted")).status, 202);
  await reaches(alpha, "clean wait");
  t.equal((await ask(alpha, "abort")).status, 202);
  await reaches(alpha, "clean failed");
});

t.test("a thousand nodes are listed at once", async (t) => {
  const machines = fleet({ nodes: [{ name: "m-{n}", count: 1000, class: "metal", owner: "demo" }] });
  const sandbox: Sandbox = await startSandbox({ fleet: machines, speed: 300 });
  t.teardown(() => sandbox.stop());
  process.env["SANDBOX_URL"] = sandbox.url;
  const demo = await login("demo");
  const list = () => demo.list("ironic", "/nodes?fields=uuid,name,provision_state,power_state,last_error", "nodes");
  t.equal((await list()).length, 1000);
});
