/** Neutron: what parity cannot show: a thousand ports, pools that run out, restarts, bodies of every kind. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Sandbox, SandboxOptions } from "../../../provider/sandbox/index.ts";
import { type Json, login, type Session } from "../../cloud/client.ts";
import { startTestSandbox, TEST_FLEET } from "../../cloud/sandbox.ts";

/** A sandbox and its people. */
async function start(t: Test, options: SandboxOptions = {}) {
  const sandbox: Sandbox = await startTestSandbox(options);
  t.teardown(() => sandbox.stop());
  process.env["SANDBOX_URL"] = sandbox.url;
  const [beta, admin]: Session[] = [await login("beta"), await login("admin")];
  const make = async (who: Session, path: string, body: Json) =>
    Object.values(await who.call("neutron", "POST", path, body))[0] as Json & { id: string };
  const network = async (cidr: string) => {
    const { id } = await make(beta!, "/networks", { network: { name: "net" } });
    await make(beta!, "/subnets", { subnet: { network_id: id, ip_version: 4, cidr } });
    return id;
  };
  return { sandbox, beta: beta!, admin: admin!, make, network };
}

t.test("a thousand ports", async (t) => {
  const { beta, admin, make, network } = await start(t);
  await admin.call("neutron", "PUT", `/quotas/${beta.projectId}`, { quota: { port: -1 } });
  const network_id = await network("10.9.0.0/22");
  const port = (n: number) => make(beta, "/ports", { port: { network_id, name: `port-${n}` } });
  const ports = await Promise.all(Array.from({ length: 1000 }, (_, n) => port(n)));
  const addresses = ports.map(({ fixed_ips }) => (fixed_ips as { ip_address: string }[])[0]?.ip_address);
  t.equal(new Set(addresses).size, 1000, "each has an address of its own");
  t.equal((await beta.list("neutron", `/ports?network_id=${network_id}`, "ports")).length, 1000);
  const left = 1022 - 1 - 1000;
  for (let n = 0; n < left; n++) await port(n);
  const full = await beta.raw("neutron", "POST", "/ports", { port: { network_id } });
  t.match(full, { status: 409, body: { NeutronError: { type: "IpAddressGenerationFailure" } } });
});

t.test("VLANs run out, then VXLANs, then networks", async (t) => {
  const fleet = { ...TEST_FLEET, segments: { vlan: [100, 101] as const, vxlan: [1, 2] as const } };
  const { beta, admin, make } = await start(t, { fleet });
  const types: unknown[] = [];
  for (let n = 0; n < 4; n++) {
    const { id } = await make(beta, "/networks", { network: {} });
    const { network } = (await admin.call("neutron", "GET", `/networks/${id}`)) as { network: Json };
    types.push(`${network["provider:network_type"]} ${network["mtu"]}`);
  }
  t.same(types, ["vlan 1500", "vlan 1500", "vxlan 1450", "vxlan 1450"]);
  const none = await beta.raw("neutron", "POST", "/networks", { network: {} });
  t.match(none, { status: 503, body: { NeutronError: { type: "NoNetworkAvailable" } } });
});

t.test("a binding fails, waits, and goes on after a restart", async (t) => {
  const state = mkdtempSync(join(tmpdir(), "sandbox-neutron-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  const options = { state, speed: 1 };
  const first = await start(t, options);
  const network_id = await first.network("10.9.0.0/24");
  const { id } = await first.make(first.beta, "/ports", { port: { network_id } });
  const bind = async (who: Session, host: string) =>
    (
      (await who.call("neutron", "PUT", `/ports/${id}`, {
        port: { "binding:vnic_type": "baremetal", "binding:host_id": host },
      })) as { port: Json }
    ).port;
  first.sandbox.backend("neutron.bind", { text: "no switch" });
  t.match(await bind(first.admin, "one"), { "binding:vif_type": "binding_failed", status: "DOWN" });
  first.sandbox.clearFaults();
  first.sandbox.backend("neutron.bind", { seconds: 0.3 });
  const began = performance.now();
  t.match(await bind(first.admin, "two"), { "binding:vif_type": "other", status: "DOWN" });
  t.ok(performance.now() - began > 280, "the request waits as long as the switch does");
  await first.sandbox.stop();
  const second = await start(t, options);
  const until = async () => {
    for (;;) {
      const { port } = (await second.admin.call("neutron", "GET", `/ports/${id}`)) as { port: Json };
      if (port["status"] === "ACTIVE") return port;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  t.match(await until(), { "binding:host_id": "two" }, "the switch is told again");
});

t.test("whatever is sent, nothing breaks", async (t) => {
  const { beta, admin, network, make } = await start(t);
  const network_id = await network("10.9.0.0/24");
  const port = await make(beta, "/ports", { port: { network_id } });
  const router = await make(beta, "/routers", { router: {} });
  const values: unknown[] = [
    null,
    0,
    -1,
    1.5,
    true,
    "",
    "x",
    [],
    [null],
    ["x"],
    [{}],
    [[]],
    {},
    { x: null },
    "10.0.0.1",
  ];
  const shapes: [string, string, Json][] = [
    ["networks", "network", {}],
    ["subnets", "subnet", { network_id, ip_version: 4, cidr: "10.77.0.0/24" }],
    ["ports", "port", { network_id }],
    ["routers", "router", {}],
    ["security-groups", "security_group", {}],
    ["subnetpools", "subnetpool", { name: "x", prefixes: ["10.0.0.0/8"] }],
    ["floatingips", "floatingip", { floating_network_id: network_id }],
    ["trunks", "trunk", { port_id: port.id }],
    ["rbac-policies", "rbac_policy", { object_type: "network", object_id: network_id, action: "access_as_shared" }],
    ["address-groups", "address_group", {}],
    ["qos/policies", "policy", {}],
    ["segments", "segment", { network_id, network_type: "vlan" }],
    ["quotas", "quota", {}],
  ];
  const broken: string[] = [];
  const send = async (who: Session, method: string, path: string, body: unknown) => {
    const { status, text } = await who.raw("neutron", method, path, body);
    if (status === 500 && !text.includes("SubnetAllocationError"))
      broken.push(`${method} ${path} ${JSON.stringify(body)}: ${text}`);
  };
  const names: Record<string, string[]> = {
    network: [
      "name",
      "mtu",
      "shared",
      "segments",
      "provider:network_type",
      "provider:segmentation_id",
      "dns_domain",
      "qos_policy_id",
      "availability_zone_hints",
    ],
    subnet: [
      "cidr",
      "ip_version",
      "gateway_ip",
      "allocation_pools",
      "host_routes",
      "dns_nameservers",
      "enable_dhcp",
      "subnetpool_id",
      "prefixlen",
      "ipv6_ra_mode",
      "service_types",
      "segment_id",
    ],
    port: [
      "network_id",
      "fixed_ips",
      "mac_address",
      "security_groups",
      "allowed_address_pairs",
      "extra_dhcp_opts",
      "binding:host_id",
      "binding:profile",
      "binding:vnic_type",
      "device_id",
      "tags",
      "dns_name",
    ],
    router: ["external_gateway_info", "routes", "ha", "distributed", "flavor_id", "availability_zone_hints"],
    security_group: ["name", "stateful", "description"],
    subnetpool: [
      "prefixes",
      "default_prefixlen",
      "min_prefixlen",
      "max_prefixlen",
      "default_quota",
      "shared",
      "address_scope_id",
    ],
    floatingip: ["floating_network_id", "floating_ip_address", "port_id", "fixed_ip_address", "subnet_id"],
    trunk: ["port_id", "sub_ports"],
    rbac_policy: ["object_type", "object_id", "action", "target_tenant"],
    address_group: ["addresses", "description"],
    policy: ["shared", "is_default"],
    segment: ["network_id", "network_type", "physical_network", "segmentation_id"],
    quota: ["network", "port"],
  };
  for (const [path, name, shape] of shapes)
    for (const value of values) {
      await send(admin, "POST", `/${path}`, value);
      await send(admin, "POST", `/${path}`, { [name]: value });
      await send(admin, "POST", `/${path}`, { [`${name}s`]: value });
      for (const attribute of names[name] ?? []) {
        await send(admin, "POST", `/${path}`, { [name]: { ...shape, [attribute]: value } });
        if (name === "port") await send(admin, "PUT", `/ports/${port.id}`, { port: { [attribute]: value } });
        if (name === "router") await send(admin, "PUT", `/routers/${router.id}`, { router: { [attribute]: value } });
      }
    }
  for (const value of values) {
    for (const action of ["add_router_interface", "remove_router_interface", "add_extraroutes", "remove_extraroutes"]) {
      await send(admin, "PUT", `/routers/${router.id}/${action}`, value);
      await send(admin, "PUT", `/routers/${router.id}/${action}`, { subnet_id: value });
      await send(admin, "PUT", `/routers/${router.id}/${action}`, { router: { routes: value } });
    }
    await send(admin, "PUT", `/networks/${network_id}/tags`, value);
    await send(admin, "PUT", `/networks/${network_id}/tags`, { tags: value });
    await send(admin, "PUT", `/quotas/${beta.projectId}`, { quota: value });
  }
  t.same(broken, []);
});
