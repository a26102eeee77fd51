/** The harness itself: what it replaces, and that it finds what differs. */
import t from "tap";
import { serviceUrl } from "../cloud/client.ts";
import { compare, markKnown } from "./compare.ts";
import type { Outcome } from "./exchange.ts";
import { normalise, type RawStep, type Step } from "./normalise.ts";

const A = "11111111-2222-4333-8444-555555555555";
const B = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

function raw(body: unknown, more: Partial<RawStep> = {}): RawStep {
  return {
    caller: "alpha in alpha",
    service: "ironic",
    method: "GET",
    url: `${serviceUrl("ironic")}/v1/nodes`,
    sentHeaders: {},
    status: 200,
    headers: new Headers({ "content-type": "application/json; charset=UTF-8", "x-openstack-request-id": `req-${A}` }),
    text: JSON.stringify(body),
    ...more,
  };
}

function steps(...raws: RawStep[]): Step[] {
  const outcome: Outcome = { steps: raws, names: new Map([[B, "node alpha-0"]]), tokens: new Set(), cleanupErrors: [] };
  return normalise(outcome);
}

const step = (body: unknown, request = "GET <ironic>/v1/nodes"): Step => ({
  caller: "alpha in alpha",
  request,
  status: 200,
  headers: {},
  body,
});

const paths = (recorded: Step[], got: Step[]) => compare(recorded, got).map((one) => one.path);

t.test("what differs by nature is replaced", async (t) => {
  const [one] = steps(
    raw(
      {
        id: A,
        text: `node ${B} and ${A}, req-${A}`,
        at: "2026-11-22T15:07:10.123456",
        old: "2013-07-23T11:33:21Z",
        mac: "fa:16:3e:00:11:22",
        ip: "10.0.0.7",
        wanted: "10.0.0.9",
        gateway_ip: "10.0.0.1",
        checksum: A.replaceAll("-", ""),
        href: `${serviceUrl("ironic")}/v1/nodes/${A}`,
        in_use: 3,
        tags: ["b", "a"],
        dns_nameservers: ["b", "a"],
      },
      { method: "POST", sent: { ip: "10.0.0.9" }, varies: ["body.in_use"] },
    ),
  );
  t.same(one?.headers, { "content-type": "application/json", "x-openstack-request-id": "<present>" });
  t.equal(one?.request, "POST <ironic>/v1/nodes");
  t.same(one?.body, {
    id: "<id 1>",
    text: "node <node alpha-0> and <id 1>, <request id>",
    at: "<time 0000-00-00T00:00:00.000000>",
    old: "2013-07-23T11:33:21Z",
    mac: "<mac 1>",
    ip: "<ip 1>",
    wanted: "10.0.0.9",
    gateway_ip: "10.0.0.1",
    checksum: A.replaceAll("-", ""),
    href: "<ironic>/v1/nodes/<id 1>",
    in_use: "<varies>",
    tags: ["a", "b"],
    dns_nameservers: ["b", "a"],
  });
});

t.test("a list without order is the same in any order", async (t) => {
  const nodes = [
    { id: A, name: "x" },
    { id: B, name: "y" },
  ];
  const options = { unordered: ["body.nodes"] };
  t.same(steps(raw({ nodes }, options)), steps(raw({ nodes: nodes.toReversed() }, options)));
  t.notSame(steps(raw({ nodes }))[0]?.body, steps(raw({ nodes: nodes.toReversed() }))[0]?.body);
});

t.test("numbers need only mean the same", async (t) => {
  const recorded = [step({ a: "<id 1>", b: "<id 2>" }), step({ b: "<id 2>" })];
  t.same(paths(recorded, [step({ a: "<id 7>", b: "<id 3>" }), step({ b: "<id 3>" })]), []);
  t.same(paths(recorded, [step({ a: "<id 7>", b: "<id 3>" }), step({ b: "<id 7>" })]), ["body.b"]);
  t.same(paths(recorded, [step({ a: "<id 7>", b: "<id 7>" }), step({ b: "<id 7>" })]), ["body.b", "body.b"]);
  t.same(paths([step({ ids: ["<id 1>", "<id 2>"] })], [step({ ids: ["<id 2>", "<id 1>"] })]), []);
});

t.test("differences are found where they are", async (t) => {
  const item = (name: string, more: object = {}) => ({ name, kind: `kind of ${name}`, ...more });
  const recorded = [step({ list: [item("a"), item("b"), item("c")], n: 1, s: "x", gone: null })];
  t.same(paths(recorded, [step({ list: [item("a"), item("c")], n: "1", s: "x", more: 1 })]), [
    "body.list.1",
    "body.n",
    "body.gone",
    "body.more",
  ]);
  const swapped = [step({ list: [item("b"), item("a"), item("c")], n: 1, s: "x", gone: null })];
  t.equal(paths(recorded, swapped).length, 4, "order counts");
  const ports = "GET <neutron>/v2.0/ports";
  t.same(paths([step({ ports: [item("a"), item("b")] }, ports)], [step({ ports: [item("b"), item("a")] }, ports)]), []);
  t.same(paths(recorded, []), ["request"]);
  t.same(paths([{ ...step({}), status: 404 }], [step({})]), ["status"]);
});

t.test("known differences are those that the entry describes", async (t) => {
  const differences = compare([step({ a: 1, b: 2 })], [step({ a: 9, b: 9 })]);
  const entry = { exchange: "ironic/*", step: "GET *nodes", path: "body.*", recorded: "1", reason: "test" };
  markKnown("ironic/nodes/list", "list", differences, [entry]);
  t.same(
    differences.map((one) => one.known?.reason),
    ["test", undefined],
  );
});
