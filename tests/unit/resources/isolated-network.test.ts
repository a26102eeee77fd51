import t from "tap";
import { diff, type Mark, type Step, withMark } from "../../../provider/core/index.ts";
import type { Network, Port, RbacPolicy, Router, Subnet } from "../../../provider/openstack/neutron/index.ts";
import { routerText } from "../../../provider/resources/isolated-network/calls.ts";
import {
  isolatedNetwork,
  type NetworkAction,
  type NetworkInputs,
  type SeenNetwork,
} from "../../../provider/resources/isolated-network.ts";

const mark: Mark = { tag: "0".repeat(20), shape: "1".repeat(12) };
const unsealed: Mark = { ...mark, nonce: "2".repeat(12) };
const identity = "proj/dev/IsolatedNetwork/db";
const program = (more: Partial<NetworkInputs> = {}) =>
  ({ cidr: "10.0.0.0/24", identity, condition: "ready", ...more }) as NetworkInputs;

const network = (more: Partial<Network> = {}): Network => ({
  id: "n1",
  name: "db",
  description: withMark(undefined, mark),
  project_id: "mine",
  shared: false,
  "router:external": false,
  status: "ACTIVE",
  admin_state_up: true,
  mtu: 1500,
  dns_domain: "",
  port_security_enabled: true,
  revision_number: 7,
  ...more,
});
const subnet = (more: Partial<Subnet> = {}): Subnet => ({
  id: "s1",
  name: "db",
  description: withMark(undefined, mark),
  network_id: "n1",
  cidr: "10.0.0.0/24",
  ip_version: 4,
  gateway_ip: "10.0.0.1",
  enable_dhcp: true,
  allocation_pools: [{ start: "10.0.0.2", end: "10.0.0.254" }],
  dns_nameservers: [],
  host_routes: [],
  ipv6_address_mode: null,
  ipv6_ra_mode: null,
  ...more,
});
const router = (more: Partial<Router> = {}): Router => ({
  id: "r1",
  name: "db",
  description: withMark(routerText("n1"), mark),
  external_gateway_info: { network_id: "ext", external_fixed_ips: [{ ip_address: "203.0.113.9" }] },
  ...more,
});
const port = (more: Partial<Port> = {}): Port => ({
  id: "p1",
  name: "",
  description: "",
  status: "ACTIVE",
  mac_address: "52:54:00:00:00:01",
  security_groups: [],
  network_id: "n1",
  project_id: "mine",
  device_owner: "compute:nova",
  device_id: "vm",
  fixed_ips: [{ subnet_id: "s1", ip_address: "10.0.0.5" }],
  ...more,
});
const leg = (more: Partial<Port> = {}) =>
  port({ id: "leg", device_owner: "network:router_interface", device_id: "r1", ...more });
const entry = (target: string, action = "access_as_shared"): RbacPolicy => ({
  id: `rbac-${target}`,
  project_id: "mine",
  action,
  object_id: "n1",
  target_tenant: target,
});
const seen = (more: Partial<SeenNetwork> = {}): SeenNetwork => ({
  id: "n1",
  mark,
  network: network(),
  projectId: "mine",
  subnets: [subnet()],
  routers: [],
  ports: [],
  sharing: [],
  named: [],
  ...more,
});
const nothing: SeenNetwork = { projectId: "mine", subnets: [], routers: [], ports: [], sharing: [], named: [] };
const outside = { external: [{ id: "ext", name: "public" }] };

function short(step: Step<NetworkAction>): string {
  if ("do" in step) return step.do.name;
  if ("wait" in step) return "wait";
  if ("failed" in step) return `failed ${step.failed.code}`;
  return "done";
}
const present = (inputs: NetworkInputs, look: SeenNetwork, more = {}) =>
  isolatedNetwork.next({ want: "present", inputs, mark, name: "db", ...more }, look, []);
const absent = (look: SeenNetwork) => isolatedNetwork.next({ want: "absent" }, look, []);

t.test("from nothing to a network, in the order in which it is made", async (t) => {
  const inputs = program({
    externalNetwork: "public",
    sharedWith: ["friend"],
    dnsDomain: "db.example",
    mtu: 1400,
    segmentation: { type: "vlan", id: 7, physicalNetwork: "p" },
  });
  t.match(present(inputs, { ...nothing, ...outside }, { mark: unsealed }), {
    do: {
      args: {
        call: "createNetwork",
        body: {
          name: "db",
          description: withMark(undefined, unsealed),
          mtu: 1400,
          dns_domain: "db.example.",
          "provider:network_type": "vlan",
          "provider:segmentation_id": 7,
          "provider:physical_network": "p",
        },
      },
    },
  });
  const there = network({ mtu: 1400, dns_domain: "db.example." });
  const stages: [string, Partial<SeenNetwork>][] = [
    ["create subnet 10.0.0.0/24", { subnets: [] }],
    ["create router", {}],
    ["connect 10.0.0.0/24 to the router", { routers: [router()] }],
    ["share with project friend", { routers: [router()], ports: [leg()] }],
    ["done", { routers: [router()], ports: [leg()], sharing: [entry("friend")], named: ["friend"] }],
  ];
  for (const [step, look] of stages)
    t.equal(short(present(inputs, seen({ ...outside, network: there, ...look }))), step);
  t.equal(
    short(present(inputs, { ...nothing, ...outside }, { last: {} })),
    "failed gone",
    "an update makes no new one",
  );
});

t.test("and back, only what is ours, all or nothing", async (t) => {
  const stages: [string, SeenNetwork][] = [
    ["disconnect 10.0.0.0/24 from the router", seen({ routers: [router()], ports: [leg()] })],
    ["delete router", seen({ routers: [router()] })],
    ["delete subnet 10.0.0.0/24", seen()],
    ["delete network db", seen({ subnets: [] })],
    ["done", nothing],
    ["delete router", { ...nothing, routers: [router()] }],
    ["failed in-use", seen({ ports: [port()] })],
    ["failed in-use", seen({ subnets: [subnet({ description: "by hand" })] })],
    ["failed in-use", seen({ routers: [router()], ports: [leg({ network_id: "other" })] })],
    ["delete subnet 10.0.0.0/24", seen({ ports: [port({ device_owner: "network:dhcp" })] })],
  ];
  for (const [step, look] of stages) t.equal(short(absent(look)), step);
  t.match(absent(seen({ ports: [port(), port({ id: "p2", project_id: "other", device_owner: "" })] })), {
    failed: {
      message:
        /compute:nova p1 of vm \(delete that server or detach it\); no owner p2 of vm \(project other must remove it\)/,
    },
  });
});

t.test("changes in place", async (t) => {
  const long = {
    cidr: "10.0.0.0/24",
    gateway: "10.0.0.254",
    dnsServers: ["9.9.9.9"],
    allocationPools: [{ start: "10.0.0.10", end: "10.0.0.20" }],
  };
  const rows: [string, Partial<NetworkInputs>, Partial<SeenNetwork>, object?][] = [
    ["done", {}, {}],
    ["set name of the network", { name: "x" }, {}],
    ["set mtu of the network", { mtu: 9000 }, {}],
    ["set the description of the network", { description: "text" }, {}],
    ["set the description of the network", {}, { network: network({ description: withMark("stray words", mark) }) }],
    ["set dns_domain of the network", {}, { network: network({ dns_domain: "x." }) }, { dnsDomain: "x" }],
    ["done", {}, { network: network({ dns_domain: "x." }) }],
    [
      "set gateway_ip, allocation_pools, dns_nameservers of subnet 10.0.0.0/24",
      { cidr: undefined, subnets: [long] },
      {},
    ],
    [
      "done",
      { cidr: undefined, subnets: [{ cidr: "10.0.0.0/24" }] },
      { subnets: [subnet({ dns_nameservers: ["9.9.9.9"] })] },
    ],
    [
      "set dns_nameservers of subnet 10.0.0.0/24",
      { cidr: undefined, subnets: [{ cidr: "10.0.0.0/24" }] },
      { subnets: [subnet({ dns_nameservers: ["9.9.9.9"] })] },
      { subnets: [long] },
    ],
    ["take subnet 10.0.0.0/24 under management", {}, { subnets: [subnet({ description: "by hand" })] }],
    ["create subnet 10.1.0.0/24", { cidr: "10.1.0.0/24" }, {}],
    [
      "delete subnet 10.0.0.0/24",
      { cidr: "10.1.0.0/24" },
      { subnets: [subnet(), subnet({ id: "s2", cidr: "10.1.0.0/24" })] },
    ],
    ["delete subnet 10.0.0.0/24", { cidr: "10.0.0.0/16" }, {}],
    ["failed in-use", { cidr: "10.1.0.0/24" }, { ports: [port()] }],
    ["disconnect 10.0.0.0/24 from the router", { cidr: "10.0.0.0/16" }, { routers: [router()], ports: [leg()] }],
    ["disconnect 10.0.0.0/24 from the router", {}, { routers: [router()], ports: [leg()] }],
    ["delete router", {}, { routers: [router()] }],
    ["end sharing with project foe", {}, { sharing: [entry("foe")] }],
    ["end sharing with every project", { sharedWith: ["friend"] }, { sharing: [entry("friend"), entry("*")] }],
    ["failed in-use", {}, { sharing: [entry("foe")], ports: [port({ project_id: "foe" })] }],
    ["failed not-found", { externalNetwork: "public" }, { external: [] }],
    [
      "failed ambiguous",
      { externalNetwork: "public" },
      {
        external: [
          { id: "a", name: "public" },
          { id: "b", name: "public" },
        ],
      },
    ],
    [
      "set external_gateway_info of the router",
      { externalNetwork: "public" },
      { ...outside, routers: [router({ external_gateway_info: { network_id: "old" } })] },
    ],
    [
      "done",
      { adopt: "n1" },
      { network: network({ name: "hand", description: withMark("words", mark) }), subnets: [subnet({ name: "sub" })] },
    ],
  ];
  for (const [step, inputs, look, last] of rows)
    t.equal(short(present(program(inputs), seen(look), last && { last })), step, `${step} ${JSON.stringify(inputs)}`);
  t.match(
    present(program({ description: "text" }), seen()),
    { do: { args: { changes: { description: withMark("text", mark) }, revision: 7 } } },
    "nobody's write is lost",
  );
  const slaac = { cidr: undefined, subnets: [{ cidr: "fd00::/64", ipv6Mode: "slaac" as const }] };
  t.equal(
    short(
      present(program(slaac), seen({ subnets: [subnet({ cidr: "fd00::/64", ipv6_address_mode: "dhcpv6-stateful" })] })),
    ),
    "delete subnet fd00::/64",
    "another mode needs a new subnet",
  );
});

t.test("a network that is open to others says so", async (t) => {
  const rows: [RegExp | undefined, Partial<SeenNetwork>][] = [
    [undefined, {}],
    [undefined, { sharing: [entry("friend")], named: ["friend"] }],
    [/open to project foe \(access_as_shared\)/, { sharing: [entry("foe")] }],
    [/open to every project \(access_as_shared\)/, { sharing: [entry("*")], network: network({ shared: true }) }],
    [/open to every project \(shared\)/, { network: network({ shared: true }) }],
    [/open to every project \(external network\)/, { network: network({ "router:external": true }) }],
    [/open to project foe \(it has ports there\)/, { ports: [port({ project_id: "foe" })] }],
    [undefined, { ports: [port({ project_id: "friend" })], named: ["friend"] }],
    [undefined, { ports: [port({ project_id: "", device_owner: "network:dhcp" })] }],
    [/switched off/, { network: network({ admin_state_up: false }) }],
    [
      /subnets of others: 10\.9\.0\.0\/24 s9/,
      { subnets: [subnet(), subnet({ id: "s9", cidr: "10.9.0.0/24", description: "" })] },
    ],
  ];
  for (const [text, look] of rows) {
    const trouble = isolatedNetwork.trouble?.(seen(look));
    if (text) t.match(trouble, text);
    else t.equal(trouble, undefined);
    const open = /open to/.test(text?.source ?? "");
    t.equal(isolatedNetwork.result(seen(look), program()).isolated, !open);
  }
  t.equal(
    short(present(program(), seen({ network: network({ shared: true }) }), { mark: unsealed })),
    "failed not-isolated",
    "a create does not end so",
  );
  const broken = seen({ network: network({ status: "ERROR" }) });
  t.equal(short(present(program(), broken, { mark: unsealed })), "failed network-failed", "nor in status ERROR");
  t.equal(short(present(program(), broken)), "done", "later it is told as the condition");
  t.equal(
    short(present(program(), seen({ network: network({ shared: true }) }))),
    "done",
    "later it is told, not fought",
  );
});

t.test("a refresh shows drift in the program's own words", async (t) => {
  const inputs = program({
    cidr: undefined,
    subnets: [
      { cidr: "10.0.0.0/24", gateway: "10.0.0.1", hostRoutes: [{ destination: "10.9.0.0/16", nextHop: "10.0.0.9" }] },
    ],
    sharedWith: ["b", "a"],
    externalNetwork: "public",
  });
  const look = seen({
    ...outside,
    routers: [router()],
    subnets: [subnet({ host_routes: [{ destination: "10.9.0.0/16", nexthop: "10.0.0.9" }] })],
    sharing: [entry("a"), entry("b")],
    named: ["b", "a"],
  });
  const { cidr: _, ...asWritten } = inputs;
  t.same(isolatedNetwork.actual(look, inputs), asWritten);
  t.same(isolatedNetwork.actual(seen(), program()), program(), "what the program does not set does not appear");
  t.same(isolatedNetwork.actual(seen({ subnets: [] }), program()).cidr, undefined);
  t.match(isolatedNetwork.actual(seen({ subnets: [subnet(), subnet({ id: "s2", cidr: "10.1.0.0/24" })] }), program()), {
    subnets: [{ cidr: "10.0.0.0/24" }, { cidr: "10.1.0.0/24" }],
  });
  t.match(
    isolatedNetwork.actual(
      { ...look, subnets: [subnet({ gateway_ip: null })], sharing: [entry("foe"), entry("a")], routers: [] },
      inputs,
    ),
    {
      subnets: [{ gateway: "none", hostRoutes: [] }],
      sharedWith: ["a", "foe"],
      externalNetwork: undefined,
    },
  );
  t.match(isolatedNetwork.actual(seen({ sharing: [entry("foe")] }), program()), { sharedWith: ["foe"] });
  t.match(isolatedNetwork.actual(seen({ network: network({ name: "other", mtu: 1400 }) }), program({ mtu: 1500 })), {
    name: "other",
    mtu: 1400,
  });
});

t.test("the segment is told as far as it is shown", async (t) => {
  const result = (more: Partial<Network>) =>
    isolatedNetwork.result(seen({ network: network(more) }), program()).segment;
  t.equal(result({}), "unknown: needs admin");
  t.same(result({ "provider:network_type": "vlan", "provider:segmentation_id": 7, "provider:physical_network": "p" }), {
    type: "vlan",
    id: 7,
    physicalNetwork: "p",
  });
  t.same(
    result({
      segments: [
        { "provider:network_type": "vxlan", "provider:segmentation_id": 8, "provider:physical_network": null },
      ],
    }),
    { type: "vxlan", id: 8 },
  );
});

t.test("only another segment needs another network", async (t) => {
  const state = { ...program(), segment: { type: "vlan", id: 7, physicalNetwork: "p" } };
  const replaces = (more: Partial<NetworkInputs>) => diff(isolatedNetwork, state, program(more)).replaces;
  t.same(replaces({ segmentation: { type: "vlan" } }), []);
  t.same(replaces({ segmentation: { type: "vlan", id: 7 } }), []);
  t.same(replaces({ segmentation: { type: "vlan", id: 8 } }), ["segmentation"]);
  t.same(replaces({ cidr: "10.1.0.0/24", mtu: 1400, externalNetwork: "public", sharedWith: ["x"] }), []);
  t.same(diff(isolatedNetwork, state, program({ replaceTrigger: "2" })), {
    replaces: ["replaceTrigger"],
    deleteBeforeReplace: false,
  });
});
