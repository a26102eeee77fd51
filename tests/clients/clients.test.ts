/** openstackclient, as PyPI has it, drives a sandbox. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import t, { type Test } from "tap";
import { startTestSandbox } from "../cloud/sandbox.ts";
import { clientsPython } from "./environment.ts";
import { gone, Shell, settled } from "./shell.ts";

const run = promisify(execFile);

t.setTimeout(600_000);
const python = await clientsPython();
const sandbox = await startTestSandbox();
t.teardown(() => sandbox.stop());

const variables = (user: string) => sandbox.environment(user, user);
const shells = new Map<string, Shell>();
t.teardown(() => {
  for (const shell of shells.values()) shell.end();
});

/** A user's command line: one process for all tests, which run one after the other. `system`: the administrator, for the system. */
function shell(t: Test, user: "alpha" | "beta" | "admin" | "system"): Shell {
  let shell = shells.get(user);
  if (!shell) {
    const { OS_PROJECT_NAME: _, OS_PROJECT_DOMAIN_NAME: __, ...bare } = variables("admin");
    shell =
      user === "system"
        ? new Shell(python, { ...bare, OS_SYSTEM_SCOPE: "all" })
        : new Shell(python, variables(user), "--os-placement-api-version", "1.39");
    shells.set(user, shell);
  }
  shell.test = t;
  return shell;
}

t.test("one command as its own process", async (t) => {
  const env = { PATH: process.env["PATH"], ...variables("alpha") };
  const { stdout } = await run(join(python, "../openstack"), ["catalog", "list", "-f", "json"], { env }).catch(() =>
    run(python, ["-m", "openstackclient.shell", "catalog", "list", "-f", "json"], { env }),
  );
  const names = (JSON.parse(stdout) as { Name: string }[]).map(({ Name }) => Name);
  for (const name of ["ironic", "nova", "neutron", "cinder", "glance", "octavia", "placement", "keystone"])
    t.ok(names.includes(name), `${name} is in the catalog`);
});

t.test("who and what: tokens, quotas, limits, flavors, key pairs", async (t) => {
  const alpha = shell(t, "alpha");
  await alpha.json("token issue", [], { id: String, project_id: String, expires: String });
  await alpha.json("catalog show ironic", [], { type: "baremetal" });
  t.ok((await alpha.list("flavor list")).some(({ Name }) => Name === "baremetal"));
  await alpha.json("flavor show baremetal", [], { name: "baremetal", vcpus: 16 });
  t.ok((await alpha.list("quota show")).length > 0);
  t.ok((await alpha.list("limits show --absolute")).length > 0);
  const folder = mkdtempSync(join(tmpdir(), "clients-key-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(
    join(folder, "key.pub"),
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMyBbn7mQCzJHbV0l1sxSCKkUyPGoZgHTp6IWzZiCtVN clients\n",
  );
  await alpha.json("keypair create clients-key --public-key", [join(folder, "key.pub")], { name: "clients-key" });
  t.ok((await alpha.list("keypair list")).some(({ Name }) => Name === "clients-key"));
  await alpha.json("keypair show clients-key", [], { name: "clients-key" });
  await alpha.ok("keypair delete clients-key");
  t.ok((await alpha.list("extension list --network")).length > 0);
  t.same(await alpha.list("keypair list"), []);
});

t.test("networks, routers, security groups, floating addresses", async (t) => {
  const alpha = shell(t, "alpha");
  await alpha.json("network create clients-net --tag clients", [], { name: "clients-net", status: "ACTIVE" });
  await alpha.ok("network set --description of-the-clients clients-net");
  await alpha.json("network show clients-net", [], { description: "of-the-clients" });
  await alpha.json(
    "subnet create --network clients-net --subnet-range 10.77.0.0/24 --dns-nameserver 192.0.2.53 clients-subnet",
    [],
    { cidr: "10.77.0.0/24", gateway_ip: "10.77.0.1", dns_nameservers: ["192.0.2.53"] },
  );
  await alpha.ok("subnet set --name clients-subnet-2 clients-subnet");
  t.equal((await alpha.list("subnet list --network clients-net")).length, 1);
  await alpha.json(
    "port create --network clients-net --fixed-ip subnet=clients-subnet-2,ip-address=10.77.0.9 clients-port",
    [],
    {
      name: "clients-port",
      fixed_ips: [{ ip_address: "10.77.0.9" }],
    },
  );
  await alpha.ok("port set --description d clients-port");
  await alpha.json("port show clients-port", [], { description: "d", status: String });
  await alpha.json("router create clients-router", [], { name: "clients-router", status: "ACTIVE" });
  await alpha.ok("router set --external-gateway public clients-router");
  await alpha.ok("router add subnet clients-router clients-subnet-2");
  await alpha.json("router show clients-router", [], { interfaces_info: [{ ip_address: "10.77.0.1" }] });
  const floating = await alpha.json("floating ip create public", [], { floating_ip_address: /^203\.0\.113\./ });
  const id = String(floating["id"]);
  await alpha.ok(`floating ip set --port clients-port ${id}`);
  await alpha.json(`floating ip show ${id}`, [], { fixed_ip_address: "10.77.0.9" });
  t.equal((await alpha.list("floating ip list")).length, 1);
  await alpha.ok(`floating ip unset --port ${id}`);
  await alpha.ok(`floating ip delete ${id}`);
  await alpha.json("security group create clients-group", [], { name: "clients-group" });
  const rule = await alpha.json(
    "security group rule create --protocol tcp --dst-port 22 --remote-ip 192.0.2.0/24 clients-group",
    [],
    {
      protocol: "tcp",
      port_range_min: 22,
    },
  );
  await alpha.ok("security group set --description d clients-group");
  t.ok((await alpha.list("security group rule list clients-group")).some(({ ID }) => ID === rule["id"]));
  await alpha.ok(`security group rule delete ${String(rule["id"])}`);
  await alpha.ok("port set --security-group clients-group clients-port");
  const refused = await alpha.run("security group delete clients-group");
  t.equal(refused.code, 1, "a group in use stays");
  t.match(refused.stderr, /in use/i);
  await alpha.ok("port delete clients-port");
  await alpha.ok("security group delete clients-group");
  await alpha.ok("router remove subnet clients-router clients-subnet-2");
  await alpha.ok("router delete clients-router");
  await alpha.ok("subnet delete clients-subnet-2");
  await alpha.ok("network delete clients-net");
  t.notOk((await alpha.list("network list")).some(({ Name }) => Name === "clients-net"));
  const missing = await alpha.run("network show clients-net");
  t.equal(missing.code, 1);
  t.match(missing.stderr, /No Network found for clients-net/);
});

t.test("images", async (t) => {
  const alpha = shell(t, "alpha");
  const folder = mkdtempSync(join(tmpdir(), "clients-image-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "image.raw"), Buffer.alloc(70_000, "clients"));
  t.ok((await alpha.list("image list")).some(({ Name }) => Name === "tiny"));
  await alpha.json("image show tiny", [], { name: "tiny", status: "active" });
  await alpha.json("image create --disk-format raw --container-format bare --min-disk 1 --property os_distro=debian", [
    "--file",
    join(folder, "image.raw"),
    "clients-image",
  ]);
  await alpha.json("image show clients-image", [], {
    status: "active",
    size: 70_000,
    properties: { os_distro: "debian" },
  });
  await alpha.ok("image set --property purpose=clients clients-image");
  await alpha.json("image show clients-image", [], { properties: { purpose: "clients" } });
  await alpha.ok("image save --file", join(folder, "copy.raw"), "clients-image");
  await alpha.ok("image delete clients-image");
});

t.test("volumes, snapshots, backups", async (t) => {
  // By ids: by names only the administrator finds volumes where Cinder has no file of filters, as on the test cloud.
  const alpha = shell(t, "alpha");
  const made = async (command: string) => String((await alpha.json(command))["id"]);
  t.ok((await alpha.list("volume type list")).length >= 2);
  const volume = await made("volume create --size 1 --type nfs clients-volume");
  await settled(t, alpha, `volume show ${volume}`, "available", { name: "clients-volume", size: 1 });
  await alpha.ok(`volume set --name clients-volume-2 --property a=b ${volume}`);
  await alpha.json(`volume show ${volume}`, [], { name: "clients-volume-2", properties: { a: "b" } });
  t.equal((await alpha.list("volume list")).length, 1);
  await alpha.ok(`volume set --size 2 ${volume}`);
  await settled(t, alpha, `volume show ${volume}`, "available", { size: 2 });
  const snapshot = await made(`volume snapshot create --volume ${volume} clients-snapshot`);
  await settled(t, alpha, `volume snapshot show ${snapshot}`, "available", { name: "clients-snapshot" });
  t.equal((await alpha.list("volume snapshot list")).length, 1);
  const refused = await alpha.run(`volume delete ${volume}`);
  t.equal(refused.code, 1, "a volume with a snapshot stays");
  await alpha.ok(`volume snapshot delete ${snapshot}`);
  await gone(t, alpha, `volume snapshot show ${snapshot}`);
  const backup = await made(`volume backup create --name clients-backup ${volume}`);
  await settled(t, alpha, `volume backup show ${backup}`, "available", { name: "clients-backup", size: 2 });
  t.equal((await alpha.list("volume backup list")).length, 1);
  await alpha.json(`volume backup restore ${backup}`, ["clients-restored"]);
  const restored = (await alpha.list("volume list")).find(({ Name }) => Name === "clients-restored");
  t.ok(restored, "the backup has become a volume");
  await settled(t, alpha, `volume show ${String(restored?.["ID"])}`, "available", { size: 2 });
  await alpha.ok(`volume backup delete ${backup}`);
  await gone(t, alpha, `volume backup show ${backup}`);
  await alpha.ok(`volume delete ${volume} ${String(restored?.["ID"])}`);
  await gone(t, alpha, `volume show ${volume}`);
  await gone(t, alpha, `volume show ${String(restored?.["ID"])}`);
  t.same(await alpha.list("volume list"), []);
});

t.test("load balancers", async (t) => {
  const beta = shell(t, "beta");
  await beta.ok("network create clients-net -f json");
  await beta.ok("subnet create --network clients-net --subnet-range 10.78.0.0/24 clients-subnet -f json");
  await beta.json("loadbalancer create --name clients-lb --vip-subnet-id clients-subnet --wait", [], {
    provisioning_status: "ACTIVE",
    vip_address: /^10\.78\.0\./,
  });
  // The client's own --wait sleeps for seconds each time.
  const make = async (kind: string, options: string, pattern: object) => {
    await beta.json(`loadbalancer ${kind} create ${options}`, [], {
      provisioning_status: "PENDING_CREATE",
      ...pattern,
    });
    await active();
  };
  const active = () =>
    settled(t, beta, "loadbalancer show clients-lb", "ACTIVE", { name: "clients-lb" }, "provisioning_status");
  const early = await beta.run("loadbalancer set --name early clients-lb");
  t.equal(early.code, 0);
  const pending = await beta.run("loadbalancer listener create --protocol HTTP --protocol-port 81 clients-lb");
  t.match(
    pending.stderr,
    /No load_balancer found|is immutable|Unable to locate/,
    "a load balancer that changes is not to be touched",
  );
  await settled(t, beta, "loadbalancer show early", "ACTIVE", {}, "provisioning_status");
  await beta.ok("loadbalancer set --name clients-lb early");
  await active();
  await make("listener", "--name clients-listener --protocol HTTP --protocol-port 80 clients-lb", { protocol: "HTTP" });
  await make("pool", "--name clients-pool --protocol HTTP --lb-algorithm ROUND_ROBIN --listener clients-listener", {
    lb_algorithm: "ROUND_ROBIN",
  });
  await make("member", "--name clients-member --address 10.78.0.20 --protocol-port 80 clients-pool", {
    operating_status: "NO_MONITOR",
  });
  await make("healthmonitor", "--name clients-monitor --type HTTP --delay 5 --timeout 3 --max-retries 3 clients-pool", {
    type: "HTTP",
  });
  await make("l7policy", "--name clients-policy --action REJECT clients-listener", { action: "REJECT" });
  await make("l7rule", "--type PATH --compare-type STARTS_WITH --value /x clients-policy", {
    compare_type: "STARTS_WITH",
  });
  await beta.ok("loadbalancer set --description d clients-lb");
  await active();
  await beta.ok("loadbalancer member set --weight 5 clients-pool clients-member");
  await active();
  await beta.json("loadbalancer show clients-lb", [], { description: "d" });
  const tree = await beta.ok("loadbalancer status show clients-lb");
  t.match(JSON.parse(tree.stdout), {
    loadbalancer: { listeners: [{ pools: [{ members: [{ address: "10.78.0.20" }] }] }] },
  });
  await beta.json("loadbalancer stats show clients-lb", [], { total_connections: 0 });
  for (const kind of ["", "listener ", "pool ", "healthmonitor ", "l7policy "])
    t.equal((await beta.list(`loadbalancer ${kind}list`)).length, 1, `one ${kind || "load balancer"}`);
  t.equal((await beta.list("loadbalancer member list clients-pool")).length, 1);
  t.equal((await beta.list("loadbalancer l7rule list clients-policy")).length, 1);
  t.ok((await beta.list("loadbalancer provider list")).some(({ name }) => name === "amphora"));
  for (const kind of ["flavor", "availabilityzone", "quota"]) await beta.ok(`loadbalancer ${kind} list`);
  const project = String((await beta.json("token issue"))["project_id"]);
  await beta.json(`loadbalancer quota show ${project}`, [], { pool: -1 });
  const refused = await beta.run("loadbalancer delete clients-lb");
  t.match(refused.stderr, /it has children/);
  await beta.ok("loadbalancer delete --cascade --wait clients-lb");
  t.same(await beta.list("loadbalancer list"), []);
  await beta.ok("network delete clients-net");
});

t.test("a bare metal node from enrolment to its end", async (t) => {
  const admin = shell(t, "system");
  const alpha = shell(t, "alpha");
  // The client's own --wait asks every ten seconds; it is used where that matters least.
  const state = (wanted: string) =>
    settled(t, alpha, "baremetal node show clients-0", wanted, { last_error: null }, "provision_state");
  const project = String((await alpha.json("token issue"))["project_id"]);
  t.match(await admin.list("baremetal driver list"), [{ name: "fake-hardware" }]);
  t.ok((await admin.list("baremetal conductor list")).length > 0);
  const node = await admin.json(
    "baremetal node create --driver fake-hardware --name clients-0 --resource-class clients --property cpu_arch=x86_64",
    ["--owner", project, "--network-interface", "noop", "--property", "memory_mb=1024"],
    { provision_state: "enroll", name: "clients-0", owner: project },
  );
  const uuid = String(node["uuid"]);
  const port = await admin.json("baremetal port create 52:54:00:0c:00:01 --node", [uuid], {
    address: "52:54:00:0c:00:01",
  });
  t.equal((await admin.list(`baremetal port list --node ${uuid}`)).length, 1);
  await admin.ok(`baremetal port set --extra a=b ${String(port["uuid"])}`);
  await admin.ok("baremetal node manage clients-0 --wait 60");
  await admin.ok("baremetal node inspect clients-0");
  await state("manageable");
  await admin.ok("baremetal node provide clients-0");
  await state("available");
  await admin.ok("baremetal node add trait clients-0 CUSTOM_CLIENTS");
  t.match(await alpha.json("baremetal node trait list clients-0"), [{ traits: "CUSTOM_CLIENTS" }]);
  await alpha.ok(
    "baremetal node set --instance-info image_source=http://192.0.2.1/x.raw --instance-info image_checksum=d41d8cd98f00b204e9800998ecf8427e clients-0",
  );
  await alpha.ok("baremetal node set --extra purpose=clients clients-0");
  t.match(await alpha.list("baremetal node list --resource-class clients --long"), [{ name: "clients-0" }]);
  t.match(await alpha.list("baremetal node validate clients-0"), [{ Interface: "bios", Result: Boolean }]);
  await alpha.json(
    "baremetal allocation create --name clients-allocation --resource-class clients --trait CUSTOM_CLIENTS --wait 60",
    [],
    {
      state: "active",
      node_uuid: uuid,
    },
  );
  await alpha.json("baremetal allocation show clients-allocation", [], { name: "clients-allocation" });
  t.match(await alpha.list("baremetal allocation list"), [{ name: "clients-allocation", state: "active" }]);
  await alpha.ok("baremetal node deploy clients-0");
  await state("active");
  await alpha.json("baremetal node show clients-0 --fields provision_state power_state", [], {
    provision_state: "active",
    power_state: "power on",
  });
  const busy = await alpha.run("baremetal allocation delete clients-allocation");
  t.equal(busy.code, 1, "the allocation of a node in use stays");
  await alpha.ok("baremetal node power off clients-0");
  await settled(t, alpha, "baremetal node show clients-0", "power off", {}, "power_state");
  await alpha.ok("baremetal node maintenance set --reason clients clients-0");
  await alpha.json("baremetal node show clients-0", [], { maintenance: true, maintenance_reason: "clients" });
  await alpha.ok("baremetal node maintenance unset clients-0");
  await alpha.ok("baremetal node rebuild clients-0");
  await state("active");
  await alpha.ok("baremetal node undeploy clients-0");
  await state("available");
  await alpha.json("baremetal node show clients-0", [], { allocation_uuid: null, instance_info: {} });
  await alpha.json("baremetal allocation create --name clients-again --resource-class clients --wait 60", [], {
    state: "active",
  });
  await alpha.ok("baremetal allocation delete clients-again");
  await alpha.json("baremetal allocation create --name clients-none --resource-class nothing-like-it");
  await settled(t, alpha, "baremetal allocation show clients-none", "error", {}, "state");
  await alpha.ok("baremetal allocation delete clients-none");
  const refused = await alpha.run("baremetal node delete clients-0");
  t.equal(refused.code, 1, "a tenant cannot delete a node");
  await admin.ok("baremetal node delete clients-0");
  const missing = await admin.run("baremetal node show clients-0");
  t.equal(missing.code, 1);
  t.match(missing.stderr, /could not be found/);
});

t.test("what Placement knows", async (t) => {
  const admin = shell(t, "admin");
  const providers = await admin.list("resource provider list");
  t.ok(providers.length > 0);
  await admin.list(`resource provider inventory list ${String(providers[0]?.["uuid"])}`);
  await admin.list("allocation candidate list --resource VCPU=1");
  t.ok((await admin.list("trait list")).some(({ name }) => name === "CUSTOM_GPU"));
});

t.test("a bare metal server", async (t) => {
  const alpha = shell(t, "alpha");
  await alpha.ok("network create clients-net -f json");
  await alpha.ok("subnet create --network clients-net --subnet-range 10.79.0.0/24 clients-subnet -f json");
  await alpha.json("server create --flavor baremetal --image tiny --network clients-net --wait clients-server", [], {
    status: "ACTIVE",
    name: "clients-server",
  });
  t.equal((await alpha.list("server list"))[0]?.["Name"], "clients-server");
  await alpha.json("server show clients-server", [], { status: "ACTIVE", addresses: { "clients-net": [/^10\.79/] } });
  await alpha.ok("server set --property a=b --name clients-renamed clients-server");
  await alpha.json("server show clients-renamed", [], { properties: { a: "b" } });
  await alpha.ok("server stop clients-renamed");
  await settled(t, alpha, "server show clients-renamed", "SHUTOFF");
  await alpha.ok("server start clients-renamed");
  await settled(t, alpha, "server show clients-renamed", "ACTIVE");
  await alpha.ok("server reboot --hard --wait clients-renamed");
  const actions = (await alpha.list("server event list clients-renamed")).map(({ Action }) => Action);
  for (const action of ["create", "stop", "start", "reboot"]) t.ok(actions.includes(action), `${action} is remembered`);
  await alpha.ok("server delete --wait clients-renamed");
  t.same(await alpha.list("server list"), []);
  await alpha.ok("network delete clients-net");
});

t.test("a virtual server with a volume and a floating address", async (t) => {
  const alpha = shell(t, "alpha");
  await alpha.ok("network create clients-net -f json");
  await alpha.ok("subnet create --network clients-net --subnet-range 10.84.0.0/24 clients-subnet -f json");
  await alpha.ok("router create --external-gateway public clients-router -f json");
  await alpha.ok("router add subnet clients-router clients-subnet");
  await alpha.json("server group create --policy soft-anti-affinity clients-servers", [], {
    policy: "soft-anti-affinity",
  });
  await alpha.json("server create --flavor vm.tiny --image tiny --network clients-net --wait clients-vm", [], {
    status: "ACTIVE",
  });
  const volume = String((await alpha.json("volume create --size 1 --type nfs clients-data"))["id"]);
  await settled(t, alpha, `volume show ${volume}`, "available");
  await alpha.json(`server add volume clients-vm ${volume}`, [], { "Volume ID": volume });
  await settled(t, alpha, `volume show ${volume}`, "in-use");
  t.equal((await alpha.list("server volume list clients-vm")).length, 1);
  await alpha.ok(`server remove volume clients-vm ${volume}`);
  await settled(t, alpha, `volume show ${volume}`, "available");
  await alpha.ok(`volume delete ${volume}`);
  const floating = await alpha.json("floating ip create public");
  await alpha.ok(`server add floating ip clients-vm ${String(floating["floating_ip_address"])}`);
  const fixed = /^10\.84/;
  await settled(t, alpha, "server show clients-vm", "ACTIVE", {
    addresses: { "clients-net": [fixed, /^203\.0\.113/] },
  });
  await alpha.ok(`server remove floating ip clients-vm ${String(floating["floating_ip_address"])}`);
  await alpha.ok(`floating ip delete ${String(floating["id"])}`);
  await alpha.ok("console log show clients-vm");
  await alpha.ok("server delete --wait clients-vm");
  await alpha.ok("server group delete clients-servers");
  await alpha.ok("router remove subnet clients-router clients-subnet");
  await alpha.ok("router delete clients-router");
  await gone(t, alpha, `volume show ${volume}`);
  await alpha.ok("network delete clients-net");
});
