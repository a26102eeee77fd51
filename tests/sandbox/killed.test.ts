/** Kill -9 with --state in the middle of deploys: after a restart nothing is lost and states are as a restarted conductor leaves them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { command, startProcess } from "./process.ts";

const folder = mkdtempSync(join(tmpdir(), "sandbox-killed-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const fleet = join(folder, "fleet.yaml");
writeFileSync(
  fleet,
  'nodes:\n  - { name: "n-{n}", count: 6, class: metal, owner: demo }\n  - { name: "bm-{n}", count: 2, class: baremetal }\n',
);
const state = join(folder, "state");

type Json = Record<string, unknown>;

/** Project demo's user at a sandbox. */
async function login(url: string) {
  const domain = { id: "default" };
  const reply = await fetch(`${url}/identity/v3/auth/tokens`, {
    method: "POST",
    body: JSON.stringify({
      auth: {
        identity: { methods: ["password"], password: { user: { name: "demo", domain, password: "secret" } } },
        scope: { project: { name: "demo", domain } },
      },
    }),
  });
  const token = reply.headers.get("x-subject-token")!;
  const as = (usedToken: string) => async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(url + path, {
      method,
      headers: {
        "x-auth-token": usedToken,
        "content-type": "application/json",
        "x-openstack-ironic-api-version": "1.82",
        "openstack-api-version": path.startsWith("/compute") ? "compute 2.90" : "volume 3.70",
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text ? JSON.parse(text) : {}) as Json };
  };
  return { token, call: as(token), as };
}

t.test("killed in the middle of deploys, and started again", { timeout: 120_000 }, async (t) => {
  // Ten times hardware's speed: a deploy takes about twenty seconds, so the kill comes in the middle.
  const first = await startProcess(t, "--state", state, "--fleet", fleet, "--speed", "10");
  const before = await login(first.url);
  const image = ((await before.call("GET", "/image/v2/images?name=debian-12")).body["images"] as Json[])[0]!["id"];
  const network = (
    (await before.call("POST", "/network/v2.0/networks", { network: { name: "kept" } })).body["network"] as Json
  )["id"];
  const subnet = { network_id: network, cidr: "10.9.0.0/24", ip_version: 4 };
  t.equal((await before.call("POST", "/network/v2.0/subnets", { subnet })).status, 201);
  const volume = (
    (await before.call("POST", "/volume/v3/volumes", { volume: { size: 1, name: "kept" } })).body["volume"] as Json
  )["id"];
  for (const name of ["n-0", "n-1", "n-2"]) {
    const patch = [{ op: "add", path: "/instance_info/image_source", value: image }];
    const port = (await before.call("POST", "/network/v2.0/ports", { port: { network_id: network } })).body[
      "port"
    ] as Json;
    t.equal((await before.call("POST", `/baremetal/v1/nodes/${name}/vifs`, { id: port["id"] })).status, 204);
    t.equal((await before.call("PATCH", `/baremetal/v1/nodes/${name}`, patch)).status, 200);
    t.equal(
      (await before.call("PUT", `/baremetal/v1/nodes/${name}/states/provision`, { target: "active" })).status,
      202,
    );
  }
  t.equal(
    (await before.call("POST", "/baremetal/v1/allocations", { name: "mine", resource_class: "metal" })).status,
    201,
  );
  const flavors = (await before.call("GET", "/compute/v2.1/flavors")).body["flavors"] as Json[];
  const flavorRef = flavors.find(({ name }) => name === "baremetal")!["id"];
  const server = { name: "web", imageRef: image, flavorRef, networks: [{ uuid: network }] };
  const made = await before.call("POST", "/compute/v2.1/servers", { server });
  t.equal(made.status, 202, JSON.stringify(made.body));
  const serverId = (made.body["server"] as Json)["id"];
  await new Promise((resolve) => setTimeout(resolve, 3000));
  const deploying = async (call: typeof before.call) =>
    Promise.all(
      ["n-0", "n-1", "n-2"].map(
        async (name) => (await call("GET", `/baremetal/v1/nodes/${name}`)).body["provision_state"],
      ),
    );
  for (const now of await deploying(before.call)) t.match(now, /deploying|wait call-back/, "it is in the middle");

  const second = await command("sandbox", "--port", "0", "--state", state);
  t.equal(second.code, 1, "two sandboxes never share a folder");
  t.match(second.stderr, /is used by a sandbox that runs/);

  first.child.kill("SIGKILL");
  await first.ended;
  const again = await startProcess(t, "--state", state, "--speed", "1000");
  const after = await login(again.url);
  const old = after.as(before.token);

  t.equal((await old("GET", "/baremetal/v1/nodes")).status, 200, "tokens are still good");
  for (const name of ["n-0", "n-1", "n-2"]) {
    const { body: node } = await after.call("GET", `/baremetal/v1/nodes/${name}`);
    // What waits for the ramdisk is nobody's work in progress: the ramdisk calls the new conductor. The rest was cut off.
    if (node["provision_state"] === "deploy failed")
      t.match(node["last_error"], /conductor|restart|taken over|interrupted/i);
    else t.match(node["provision_state"], /wait call-back|deploying|active/);
    t.equal(node["reservation"], null, "and no lock is left");
  }
  const kept = (await after.call("GET", "/network/v2.0/networks?name=kept")).body["networks"] as Json[];
  t.equal(kept[0]?.["id"], network);
  t.equal(((await after.call("GET", `/volume/v3/volumes/${volume}`)).body["volume"] as Json)["name"], "kept");
  t.match((await after.call("GET", "/baremetal/v1/allocations/mine")).body, { name: "mine", resource_class: "metal" });
  const { status } = (await after.call("GET", `/compute/v2.1/servers/${serverId}`)).body["server"] as {
    status: string;
  };
  t.match(status, /BUILD|ERROR|ACTIVE/, "the server is known");
  const nodes = (await after.call("GET", "/baremetal/v1/nodes")).body["nodes"] as Json[];
  t.equal(nodes.filter(({ name }) => String(name).startsWith("n-")).length, 6, "all nodes are there");

  t.test("what was cut off can be deployed again", async (t) => {
    const name = "n-0";
    for (let tries = 0; tries < 100; tries++) {
      const { body: node } = await after.call("GET", `/baremetal/v1/nodes/${name}`);
      if (node["provision_state"] === "active") break;
      if (node["provision_state"] === "deploy failed")
        t.equal(
          (await after.call("PUT", `/baremetal/v1/nodes/${name}/states/provision`, { target: "active" })).status,
          202,
        );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { body: node } = await after.call("GET", `/baremetal/v1/nodes/${name}`);
    t.equal(node["provision_state"], "active", String(node["last_error"]));
  });
});
