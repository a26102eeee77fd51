import t from "tap";
import type { Admin } from "../../../provider/rehearsal/admin.ts";
import type { Trouble } from "../../../provider/rehearsal/events.ts";
import { Leftovers } from "../../../provider/rehearsal/leftovers.ts";
import { Machines } from "../../../provider/rehearsal/machines.ts";
import type { RehearsedResource } from "../../../provider/rehearsal/resources.ts";
import { makeTrouble, type Stage } from "../../../provider/rehearsal/trouble.ts";

const node = (name: string, more: object = {}) => ({
  uuid: `uuid-${name}`,
  name,
  resource_class: "big",
  provision_state: "available",
  power_state: "power on",
  maintenance: false,
  instance_uuid: null,
  instance_info: {},
  ...more,
});

/** An administrator that answers from tables and notes what it is asked to change. */
function stage(lists: Record<string, object[]>) {
  const done: string[] = [];
  const admin = {
    list: async (service: string, path: string) => lists[`${service} ${path.split("?")[0]}`] ?? [],
    ask: async (service: string, method: string, path: string, body?: unknown) => {
      if (method === "GET") return { quota: { port: 500 }, quota_set: { instances: 10 }, maintenance: true };
      done.push([service, method, path, body === undefined ? "" : JSON.stringify(body)].join(" ").trim());
      return {};
    },
    steer: async (name: string, wanted: object) => void done.push(`steer ${name} ${JSON.stringify(wanted)}`),
  } as unknown as Admin;
  const sandbox = {
    backend: (call: string, fault: unknown) => void done.push(`backend ${call} ${JSON.stringify(fault)}`),
    daemon: (name: string, state: string) => void done.push(`daemon ${name} ${state}`),
    fault: (fault: unknown) => {
      done.push(`fault ${JSON.stringify(fault)}`);
      return () => void done.push("no fault");
    },
  };
  const server = { type: "Server", name: "web", outputs: { serverId: "s1" } } as unknown as RehearsedResource;
  const machines = new Machines(admin, () => [server]);
  return { done, admin, stage: { admin, sandbox, machines, project: "demo" } as unknown as Stage };
}

const nodes = [
  node("bm-0", { instance_uuid: "s1", provision_state: "active" }),
  node("bm-1"),
  node("bm-2", { resource_class: "small" }),
];
const lists = {
  "ironic /nodes/detail": nodes,
  "keystone /projects": [{ id: "p1" }],
  "nova /servers/detail": [{ id: "s1", name: "web" }],
};

t.test("each trouble comes by the cloud's own knobs and goes again", async (t) => {
  const rows: [Trouble, string[]][] = [
    [
      { do: "machine is switched off", machine: "web" },
      ['ironic PUT /nodes/uuid-bm-0/states/power {"target":"power off"}'],
    ],
    [
      { do: "machine dies", machine: "bm-0" },
      [
        'steer bm-0 {"power":"power off","bmc":"lost"}',
        'steer bm-0 {"power":null,"bmc":"ok"}',
        "ironic DELETE /nodes/bm-0/maintenance",
      ],
    ],
    [{ do: "machine is taken away", machine: "web" }, ["nova DELETE /servers/s1"]],
    [
      { do: "machine is taken away", machine: "bm-1" },
      ['ironic PUT /nodes/uuid-bm-1/states/provision {"target":"deleted"}'],
    ],
    [
      { do: "deploy fails", class: "small", text: "no disk" },
      ['steer bm-2 {"fail":{"deploy":"no disk"}}', 'steer bm-2 {"fail":{"deploy":null}}'],
    ],
    [
      { do: "capacity is gone", class: "big" },
      [
        'ironic PUT /nodes/uuid-bm-1/maintenance {"reason":"pulumi-baremetal rehearse"}',
        "ironic DELETE /nodes/uuid-bm-1/maintenance",
      ],
    ],
    [
      { do: "quota is gone", of: "ports" },
      ['neutron PUT /quotas/p1 {"quota":{"port":0}}', 'neutron PUT /quotas/p1 {"quota":{"port":500}}'],
    ],
    [
      { do: "quota is gone", of: "servers" },
      [
        'nova PUT /os-quota-sets/p1 {"quota_set":{"instances":0}}',
        'nova PUT /os-quota-sets/p1 {"quota_set":{"instances":10}}',
      ],
    ],
    [
      { do: "back end fails", call: "neutron.bind", text: "x" },
      ['backend neutron.bind {"text":"x"}', "backend neutron.bind undefined"],
    ],
    [{ do: "conductor is down" }, ["daemon ironic-conductor dead", "daemon ironic-conductor running"]],
    [
      { do: "requests fail", requests: { service: "nova", times: 2 } },
      ['fault {"service":"nova","times":2,"effect":"status","status":503}', "no fault"],
    ],
  ];
  for (const [trouble, expected] of rows) {
    const { done, stage: made } = stage(lists);
    const running = await makeTrouble(made, trouble);
    await running.end();
    await running.end();
    t.same(done, expected, trouble.do);
  }
});

t.test("a machine is known by its resource or its node", async (t) => {
  const { stage: made } = stage(lists);
  const sentence = async (trouble: Trouble) => (await makeTrouble(made, trouble)).sentence;
  t.equal(
    await sentence({ do: "machine is switched off", machine: "web" }),
    "Server web (machine bm-0) is switched off by somebody",
  );
  t.equal(
    await sentence({ do: "machine is switched off", machine: "bm-0" }),
    "Server web (machine bm-0) is switched off by somebody",
  );
  t.equal(await sentence({ do: "BMC hangs", machine: "bm-1" }), "the BMC of machine bm-1 hangs");
  await t.rejects(
    sentence({ do: "BMC hangs", machine: "x" }),
    /there is no machine x; there are web, bm-0, bm-1, bm-2/,
  );
  await t.rejects(
    sentence({ do: "capacity is gone", class: "x" }),
    /no machine of the fleet is of class x; there are big, small/,
  );
  const { stage: bare } = stage({ ...lists, "ironic /nodes/detail": [node("bm-1")] });
  await t.rejects(bare.machines.find("web"), /Server web is on no machine of the fleet/);
  t.match(await made.machines.underWay("web"), { name: "bm-0" });
  t.equal(await made.machines.underWay("other"), undefined);
});

t.test("what is left is what was not there before", async (t) => {
  const now: Record<string, object[]> = {
    "ironic /nodes/detail": [node("bm-0")],
    "neutron /networks": [{ id: "n0", name: "public" }],
  };
  const { admin } = stage(now);
  const leftovers = await Leftovers.begin(admin);
  t.same(await leftovers.find(0), []);
  now["neutron /networks"]!.push({ id: "n1", name: "mine", status: "ACTIVE" });
  now["neutron /security-groups"] = [{ id: "g1", name: "default" }];
  now["cinder /volumes/detail"] = [{ id: "v1", name: "" }];
  now["ironic /nodes/detail"] = [
    node("bm-0", { instance_uuid: "s1", provision_state: "active" }),
    node("bm-1", { instance_info: { image_source: "x" } }),
  ];
  t.same(await leftovers.find(0), [
    "volume (v1)",
    "network mine (n1, ACTIVE)",
    "machine bm-0 is still in use (active)",
    "machine bm-1 still has image_source",
  ]);
});

t.test("a machine that is being wiped is waited for", async (t) => {
  const busy = node("bm-0", { provision_state: "cleaning" });
  const now: Record<string, object[]> = { "ironic /nodes/detail": [busy] };
  const leftovers = await Leftovers.begin(stage(now).admin);
  setTimeout(() => {
    now["ironic /nodes/detail"] = [node("bm-0")];
  }, 50);
  t.same(await leftovers.find(5_000), []);
});
