import t from "tap";
import { check, UNKNOWN } from "../../../provider/core/index.ts";
import { defaultPools, normal, parseBlock } from "../../../provider/resources/isolated-network/addresses.ts";
import { isolatedNetwork } from "../../../provider/resources/isolated-network.ts";

const identity = "proj/dev/IsolatedNetwork/db";

t.test("inputs are checked without a cloud", async (t) => {
  const problems = (news: object) =>
    check(isolatedNetwork, undefined, { identity, ...news }).problems.map(({ path, reason }) => `${path}: ${reason}`);
  const subnets = (one: object) => problems({ subnets: [one] });
  t.same(problems({ cidr: "10.0.0.0/24" }), []);
  t.same(problems({ subnets: [] }), []);
  t.match(problems({}), [/^cidr: is required/]);
  t.match(problems({ cidr: "10.0.0.0/24", subnets: [] }), [/^cidr: is the short form/]);
  t.match(problems({ cidr: "10.0.0.5/24" }), [/^cidr: has host bits set; the block is 10\.0\.0\.0\/24/]);
  for (const wrong of ["10.0.0.0", "10.0.0/24", "10.0.0.0/33", "fd00::/129", "x/8", "010.0.0.0/8", "10.0.0.0/"])
    t.equal(problems({ cidr: wrong }).length, 1, wrong);
  t.match(problems({ subnets: [{ cidr: "10.0.0.0/16" }, { cidr: "fd00::/64" }, { cidr: "10.0.3.0/24" }] }), [
    /^subnets\[2\]\.cidr: overlaps subnets\[0\]/,
  ]);
  t.match(subnets({ cidr: "10.0.0.0/24", gateway: "10.0.1.1" }), [/^subnets\[0\]\.gateway: is not in/]);
  t.same(subnets({ cidr: "10.0.0.0/24", gateway: "none" }), []);
  t.match(subnets({ cidr: "10.0.0.0/24", allocationPools: [{ start: "10.0.0.9", end: "10.0.0.3" }] }), [
    /allocationPools\[0\]\.end: comes before/,
  ]);
  t.match(
    subnets({ cidr: "10.0.0.0/24", gateway: "10.0.0.5", allocationPools: [{ start: "10.0.0.3", end: "10.0.0.9" }] }),
    [/allocationPools\[0\]: holds the gateway/],
  );
  t.match(
    subnets({
      cidr: "10.0.0.0/24",
      allocationPools: [
        { start: "10.0.0.3", end: "10.0.0.9" },
        { start: "10.0.0.9", end: "10.0.0.10" },
      ],
    }),
    [/allocationPools\[1\]: overlaps/],
  );
  t.match(subnets({ cidr: "10.0.0.0/24", dnsServers: ["dns.example"] }), [/dnsServers\[0\]: is not an address/]);
  t.match(subnets({ cidr: "10.0.0.0/24", hostRoutes: [{ destination: "fd00::/64", nextHop: "fd00::1" }] }), [
    /destination: must be IPv4/,
    /nextHop: must be IPv4/,
  ]);
  t.match(subnets({ cidr: "10.0.0.0/24", ipv6Mode: "slaac" }), [/ipv6Mode: has no meaning/]);
  t.match(subnets({ cidr: "fd00::/48", ipv6Mode: "slaac" }), [/cidr: must have the prefix 64/]);
  t.match(problems({ cidr: "10.0.0.0/24", sharedWith: ["a", "b", "a"] }), [/^sharedWith\[2\]: is named twice/]);
  t.match(problems({ cidr: "10.0.0.0/24", sharedWith: ["*"] }), [/open to everybody/]);
  t.match(problems({ cidr: "10.0.0.0/24", segmentation: { type: "vlan", id: 4095 } }), [
    /^segmentation\.id: must be from 1 to 4094/,
  ]);
  t.match(problems({ cidr: "10.0.0.0/24", segmentation: { type: "flat" } }), [
    /^segmentation\.physicalNetwork: is required/,
  ]);
  t.match(problems({ cidr: "10.0.0.0/24", mtu: 67 }), [/^mtu: must be at least 68/]);
  t.match(problems({ cidr: "10.0.0.0/24", mtu: 9217 }), [/^mtu: must be at most 9216/]);
});

t.test("what is not known yet passes everywhere", async (t) => {
  const problems = (news: object) => check(isolatedNetwork, undefined, { identity, ...news }).problems;
  const whole = [
    "cidr",
    "subnets",
    "sharedWith",
    "segmentation",
    "mtu",
    "externalNetwork",
    "portSecurity",
    "description",
    "name",
    "dnsDomain",
  ];
  for (const name of whole)
    t.same(problems({ ...(name !== "subnets" && { cidr: "10.0.0.0/24" }), [name]: UNKNOWN }), [], name);
  const subnet = {
    cidr: "10.0.0.0/24",
    gateway: UNKNOWN,
    dhcp: UNKNOWN,
    allocationPools: [{ start: UNKNOWN, end: "10.0.0.9" }],
    dnsServers: [UNKNOWN],
    hostRoutes: [{ destination: UNKNOWN, nextHop: UNKNOWN }, UNKNOWN],
    ipv6Mode: UNKNOWN,
  };
  t.same(problems({ subnets: [subnet, UNKNOWN, { cidr: UNKNOWN }] }), []);
  t.same(
    problems({
      subnets: [{ cidr: "10.0.0.0/24", allocationPools: UNKNOWN, dnsServers: UNKNOWN, hostRoutes: UNKNOWN }],
    }),
    [],
  );
  t.same(
    problems({
      cidr: "10.0.0.0/24",
      sharedWith: [UNKNOWN, UNKNOWN],
      segmentation: { type: UNKNOWN, id: UNKNOWN, physicalNetwork: UNKNOWN },
    }),
    [],
  );
});

t.test("addresses are compared as numbers", async (t) => {
  t.equal(normal("FD00:0::0/064"), "fd00::/64");
  t.equal(normal("10.0.0.0/24"), "10.0.0.0/24");
  const pools = (cidr: string, gateway: string | null) => defaultPools(parseBlock(cidr) as never, gateway);
  t.same(pools("10.0.0.0/24", "10.0.0.1"), [{ start: "10.0.0.2", end: "10.0.0.254" }]);
  t.same(pools("10.0.0.0/24", "10.0.0.9"), [
    { start: "10.0.0.1", end: "10.0.0.8" },
    { start: "10.0.0.10", end: "10.0.0.254" },
  ]);
  t.same(pools("10.0.0.0/24", null), [{ start: "10.0.0.1", end: "10.0.0.254" }]);
  t.same(pools("fd00::/64", "fd00::"), [{ start: "fd00::1", end: "fd00::ffff:ffff:ffff:ffff" }]);
});
