import "../cloud/own-sandbox.ts";
import t from "tap";
import { create, read, remove, update } from "../../provider/core/index.ts";
import { isolatedNetwork } from "../../provider/resources/isolated-network.ts";
import { admin, type Json, login } from "../cloud/client.ts";
import { cloudOrSkip, contextFor, dyingAfter, failureOf, inputsOf, unique } from "./context.ts";

const found = await cloudOrSkip("alpha", ["neutron"]);
if (typeof found === "string") {
  t.comment(found);
  t.plan(0, found);
  process.exit(0);
}
const alpha = found;
const beta = await login("beta");
const context = contextFor("alpha");
const prefix = unique("iso");

const get = async (path: string) => (await alpha.call("neutron", "GET", path)) as Record<string, Json>;
const gone = async (path: string) => (await alpha.raw("neutron", "GET", path)).status === 404;

t.teardown(async () => {
  context.close();
  // A failed test leaves things; nothing of this run may stay.
  for (const router of await alpha.list("neutron", `/routers?project_id=${alpha.projectId}`, "routers")) {
    if (!String(router["name"]).startsWith(prefix)) continue;
    for (const port of await alpha.list("neutron", `/ports?device_id=${router["id"]}`, "ports"))
      for (const ip of port["fixed_ips"] as Json[])
        await alpha.raw("neutron", "PUT", `/routers/${router["id"]}/remove_router_interface`, {
          subnet_id: ip["subnet_id"],
        });
    await alpha.raw("neutron", "DELETE", `/routers/${router["id"]}`);
  }
  for (const network of await alpha.list("neutron", `/networks?project_id=${alpha.projectId}`, "networks")) {
    if (!String(network["name"]).startsWith(prefix)) continue;
    t.fail(`${network["name"]} was left behind`);
    for (const port of await alpha.list("neutron", `/ports?network_id=${network["id"]}`, "ports"))
      await alpha.raw("neutron", "DELETE", `/ports/${port["id"]}`);
    await alpha.raw("neutron", "DELETE", `/networks/${network["id"]}`);
  }
});

t.test("the short form: made, left alone, refreshed, deleted", async (t) => {
  const inputs = inputsOf(isolatedNetwork, `${prefix}-short`, { cidr: "10.20.0.0/24" });
  const { id, outputs } = await create(isolatedNetwork, context, inputs as never);
  t.match(outputs, {
    networkId: id,
    cidr: "10.20.0.0/24",
    condition: "ready",
    isolated: true,
    segment: "unknown: needs admin",
    isolation: { shared: false, external: false, rbac: [], projectsOnIt: [] },
    subnetDetails: [{ cidr: "10.20.0.0/24", ipVersion: 4, gateway: "10.20.0.1" }],
  });
  t.notOk("sharedWith" in outputs, "what the program does not set is not there");
  const { network } = await get(`/networks/${id}`);
  t.match(network, { name: `${prefix}-short`, description: /^\[pulumi-baremetal:[0-9a-f]{20}:[0-9a-f]{12}:sealed\]$/ });

  const lines = context.lines.length;
  t.same(await update(isolatedNetwork, context, id, outputs, inputs as never), outputs, "an update without change");
  t.equal(context.lines.length, lines, "takes no step");
  const seen = await read(isolatedNetwork, context, id, outputs);
  t.same(seen?.inputs, inputs, "a refresh shows the program's own words");
  t.ok(JSON.stringify(outputs).length < 3000, "state stays small");

  t.match(
    await failureOf(create(isolatedNetwork, context, inputs as never)),
    { code: "already-there" },
    "a finished one is not made twice",
  );
  await remove(isolatedNetwork, context, id, outputs);
  t.ok(await gone(`/networks/${id}`));
  await remove(isolatedNetwork, context, id, outputs);
  t.equal(await read(isolatedNetwork, context, id, outputs), undefined);
});

const full = {
  subnets: [
    {
      cidr: "10.21.0.0/24",
      gateway: "10.21.0.254",
      allocationPools: [{ start: "10.21.0.10", end: "10.21.0.100" }],
      dnsServers: ["9.9.9.9", "149.112.112.112"],
      hostRoutes: [{ destination: "10.99.0.0/16", nextHop: "10.21.0.253" }],
    },
    { cidr: "fd00:21:0::/64", ipv6Mode: "slaac" as const },
    { cidr: "10.22.0.0/24", gateway: "none", dhcp: false },
  ],
  externalNetwork: "public",
  dnsDomain: "db.example.org",
  mtu: 1400,
  sharedWith: [beta.projectId],
  description: "our database",
};

t.test("everything at once, changed in place, drift seen and mended", async (t) => {
  const name = `${prefix}-full`;
  const inputs = inputsOf(isolatedNetwork, name, full);
  const { id, outputs } = await create(isolatedNetwork, context, inputs as never);
  t.match(outputs, {
    condition: "ready",
    isolated: true,
    routerId: String,
    externalAddress: /^203\.0\.113\./,
    isolation: { rbac: [{ projectId: beta.projectId, action: "access_as_shared" }] },
  });
  t.equal((outputs["subnetIds"] as string[]).length, 3, "in the order of the program");
  const { network } = await get(`/networks/${id}`);
  t.match(network, { mtu: 1400, dns_domain: "db.example.org.", description: /^our database \[pulumi-baremetal:/ });
  t.equal((await beta.raw("neutron", "GET", `/networks/${id}`)).status, 200, "the named project sees it");
  t.same((await read(isolatedNetwork, context, id, outputs))?.inputs, inputs);

  const changed = inputsOf(isolatedNetwork, name, {
    ...full,
    name: `${name}-renamed`,
    subnets: [
      {
        ...full.subnets[0]!,
        dnsServers: ["9.9.9.9"],
        hostRoutes: [],
        allocationPools: [{ start: "10.21.0.10", end: "10.21.0.200" }],
      },
      full.subnets[1]!,
      { cidr: "10.23.0.0/24" },
    ],
    sharedWith: [],
    description: "renamed",
    mtu: 1300,
  });
  const after = await update(isolatedNetwork, context, id, outputs, changed as never);
  t.match(after, { condition: "ready", isolated: true, networkId: id });
  t.equal((await beta.raw("neutron", "GET", `/networks/${id}`)).status, 404, "shut out again");
  t.same((await read(isolatedNetwork, context, id, after))?.inputs, changed, "all of it arrived");
  t.equal(
    (after["subnetIds"] as string[])[0],
    (outputs["subnetIds"] as string[])[0],
    "a subnet that stays is the same",
  );

  // Drift: somebody opens the network, changes a pool and takes the DNS server away.
  const { project } = await admin();
  await alpha.call("neutron", "POST", "/rbac-policies", {
    rbac_policy: { object_type: "network", object_id: id, action: "access_as_shared", target_tenant: beta.projectId },
  });
  await alpha.call("neutron", "PUT", `/subnets/${(after["subnetIds"] as string[])[0]}`, {
    subnet: { dns_nameservers: [] },
  });
  const drifted = await read(isolatedNetwork, context, id, after);
  t.match(drifted?.inputs, {
    sharedWith: [beta.projectId],
    condition: new RegExp(`open to project ${beta.projectId}`),
  });
  t.match((drifted!.inputs["subnets"] as Json[])[0], { dnsServers: [] });
  t.equal(drifted?.outputs["isolated"], false);
  const mended = await update(isolatedNetwork, context, id, drifted!.outputs, changed as never);
  t.match(mended, { isolated: true, condition: "ready", sharedWith: [] });

  // What an administrator opens is hidden from the tenant, but a port made through it is not.
  const entry = (await project.call("neutron", "POST", "/rbac-policies", {
    rbac_policy: { object_type: "network", object_id: id, action: "access_as_shared", target_tenant: beta.projectId },
  })) as Record<string, Json>;
  const { port } = (await beta.call("neutron", "POST", "/ports", {
    port: { network_id: id, name: "stranger" },
  })) as Record<string, Json>;
  const watched = await read(isolatedNetwork, context, id, mended);
  t.match(watched?.inputs, { condition: new RegExp(`open to project ${beta.projectId} \\(it has ports there\\)`) });
  t.match(watched?.outputs, { isolated: false, isolation: { projectsOnIt: [beta.projectId] } });
  t.match(
    await failureOf(remove(isolatedNetwork, context, id, watched!.outputs)),
    { code: "in-use", message: new RegExp(`${port?.["id"]}.*project ${beta.projectId} must remove it`) },
    "others' ports are never deleted",
  );
  await beta.call("neutron", "DELETE", `/ports/${port?.["id"]}`);
  await project.call("neutron", "DELETE", `/rbac-policies/${entry["rbac_policy"]?.["id"]}`);

  // Router off, then everything gone.
  const { externalNetwork: _, ...closed } = changed;
  const alone = await update(isolatedNetwork, context, id, mended, closed as never);
  t.notOk("routerId" in alone);
  t.ok(await gone(`/routers/${outputs["routerId"]}`));
  await remove(isolatedNetwork, context, id, alone);
  t.ok(await gone(`/networks/${id}`));
});

t.test("a create that dies after any step is gone on with: one network, no twins", async (t) => {
  const program = { cidr: "10.24.0.0/24", externalNetwork: "public", sharedWith: [beta.projectId] };
  for (const step of [1, 2, 3, 4, 5]) {
    const name = `${prefix}-die${step}`;
    const inputs = inputsOf(isolatedNetwork, name, program);
    const first = contextFor("alpha");
    await t.rejects(
      create(dyingAfter(isolatedNetwork, step, first), first, inputs as never),
      `dies after step ${step}`,
    );
    first.close();
    const there = await alpha.list("neutron", `/networks?name=${name}`, "networks");
    t.equal(there.length, 1, "the killed run left one");
    const { id, outputs } = await create(isolatedNetwork, context, inputs as never);
    t.equal(id, there[0]?.["id"], "which was taken over");
    t.match(outputs, { isolated: true, condition: "ready", routerId: String });
    t.equal((await alpha.list("neutron", `/routers?name=${name}`, "routers")).length, 1);
    t.equal((await alpha.list("neutron", `/subnets?network_id=${id}`, "subnets")).length, 1);
    await remove(isolatedNetwork, context, id, outputs);
    t.ok(await gone(`/networks/${id}`));
    t.ok(await gone(`/routers/${outputs["routerId"]}`));
  }
});

t.test("an existing network is adopted with its subnet, and renamed with its resource", async (t) => {
  const name = `${prefix}-adopted`;
  const { network } = (await alpha.call("neutron", "POST", "/networks", {
    network: { name, description: "made by hand" },
  })) as Record<string, Json>;
  const id = String(network?.["id"]);
  await alpha.call("neutron", "POST", "/subnets", {
    subnet: { network_id: id, cidr: "10.25.0.0/24", ip_version: 4, name: "hand" },
  });
  const inputs = inputsOf(isolatedNetwork, "other", { cidr: "10.25.0.0/24", adopt: id });
  const { id: taken, outputs } = await create(isolatedNetwork, context, inputs as never);
  t.equal(taken, id);
  t.match((await get(`/networks/${id}`))["network"], {
    name,
    description: /^made by hand \[pulumi-baremetal:.*:sealed\]$/,
  });
  t.match((await read(isolatedNetwork, context, id, outputs))?.inputs, inputs);

  const renamed = { ...inputs, identity: "proj/test/IsolatedNetwork/another" };
  const after = await update(isolatedNetwork, context, id, outputs, renamed as never);
  t.match(
    await failureOf(create(isolatedNetwork, context, { ...renamed, adopt: undefined } as never)),
    { code: "already-there" },
    "it is found under its new name",
  );
  await remove(isolatedNetwork, context, id, after);
  t.ok(await gone(`/networks/${id}`));
});

t.test("what cannot be is refused with the reason, and leaves nothing", async (t) => {
  const vlan = inputsOf(isolatedNetwork, `${prefix}-vlan`, {
    cidr: "10.26.0.0/24",
    segmentation: { type: "vlan" as const },
  });
  t.match(await failureOf(create(isolatedNetwork, context, vlan as never)), {
    code: "not-allowed",
    message: /segmentation.*role admin/s,
  });
  const nowhere = inputsOf(isolatedNetwork, `${prefix}-nowhere`, { cidr: "10.26.0.0/24", externalNetwork: "nowhere" });
  t.match(await failureOf(create(isolatedNetwork, context, nowhere as never)), {
    code: "not-found",
    message: /no external network nowhere/,
  });
  t.same(await alpha.list("neutron", `/networks?name=${prefix}-nowhere`, "networks"), []);

  const inputs = inputsOf(isolatedNetwork, `${prefix}-busy`, { cidr: "10.27.0.0/24" });
  const { id, outputs } = await create(isolatedNetwork, context, inputs as never);
  const { port } = (await alpha.call("neutron", "POST", "/ports", { port: { network_id: id } })) as Record<
    string,
    Json
  >;
  const moved = inputsOf(isolatedNetwork, `${prefix}-busy`, { cidr: "10.28.0.0/24" });
  t.match(
    await failureOf(update(isolatedNetwork, context, id, outputs, moved as never)),
    { code: "in-use", message: /subnet 10\.27\.0\.0\/24 cannot go.*replaceTrigger/s },
    "a block with ports on it stays",
  );
  t.equal((await alpha.list("neutron", `/subnets?network_id=${id}`, "subnets")).length, 1, "and nothing was begun");
  await alpha.call("neutron", "DELETE", `/ports/${port?.["id"]}`);
  const after = await update(isolatedNetwork, context, id, outputs, moved as never);
  t.match(after, { cidr: "10.28.0.0/24", networkId: id });
  await remove(isolatedNetwork, context, id, after);
});

t.test("a replacement stands beside the old network until that is deleted", async (t) => {
  const name = `${prefix}-twice`;
  const program = { cidr: "10.30.0.0/24", externalNetwork: "public" };
  const before = inputsOf(isolatedNetwork, name, program);
  const old = await create(isolatedNetwork, context, before as never);
  const next = inputsOf(isolatedNetwork, name, { ...program, replaceTrigger: "2" });
  const young = await create(isolatedNetwork, context, next as never);
  t.not(young.id, old.id);
  t.not(young.outputs["routerId"], old.outputs["routerId"], "each has its own router");
  await remove(isolatedNetwork, context, old.id, old.outputs);
  t.match((await read(isolatedNetwork, context, young.id, young.outputs))?.outputs, {
    routerId: young.outputs["routerId"],
    isolated: true,
  });
  t.ok(await gone(`/routers/${old.outputs["routerId"]}`));
  await remove(isolatedNetwork, context, young.id, young.outputs);
  t.ok(await gone(`/networks/${young.id}`));
});

t.test("an administrator sees and sets the segment", async (t) => {
  const operator = contextFor("admin");
  const inputs = inputsOf(isolatedNetwork, `${prefix}-vxlan`, {
    cidr: "10.29.0.0/24",
    segmentation: { type: "vxlan" as const, id: 1777 },
  });
  const { id, outputs } = await create(isolatedNetwork, operator, inputs as never);
  t.match(outputs, { segment: { type: "vxlan", id: 1777 } });
  t.same((await read(isolatedNetwork, operator, id, outputs))?.inputs, inputs);
  await remove(isolatedNetwork, operator, id, outputs);
  operator.close();
});
