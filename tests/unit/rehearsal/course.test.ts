/** The course of a rehearsal on a made-up program: what is run when, and how it is judged. */
import t from "tap";
import { type Rehearsed, rehearse } from "../../../provider/rehearsal/course.ts";
import { RehearsalError } from "../../../provider/rehearsal/error.ts";
import type { RehearsalEvent, Trouble } from "../../../provider/rehearsal/events.ts";
import type { Node } from "../../../provider/rehearsal/machines.ts";
import type { Run } from "../../../provider/rehearsal/rehearsal.ts";
import type { Change, RehearsedResource } from "../../../provider/rehearsal/resources.ts";

const web: RehearsedResource = {
  type: "Server",
  name: "web",
  urn: "urn:web",
  id: "1",
  inputs: { power: "on" },
  outputs: {},
};
const node = (power: string | null): Node => ({
  uuid: "n",
  name: "bm-0",
  resource_class: "baremetal",
  provision_state: "active",
  power_state: power,
  maintenance: false,
  instance_uuid: "1",
  instance_info: {},
});
const change = (op: Change["op"]): Change => ({
  op,
  type: "Server",
  name: "web",
  properties: [],
  seconds: 0,
  inputs: {},
});
const run = (...changes: Change[]): Run => ({ ok: true, changes, errors: [], seconds: 0, text: "" });
const failed = (code: string): Run => ({
  ...run(),
  ok: false,
  errors: [{ resource: "Server web", code, message: `Server web: it broke [${code}]` }],
});

interface Script {
  readonly ups?: readonly Run[];
  readonly destroy?: Run;
  readonly preview?: Run;
  readonly refresh?: Run;
  readonly power?: string | null;
  readonly left?: readonly string[];
  readonly trouble?: Error;
  readonly inputs?: Record<string, unknown>;
}

/** A rehearsal whose runs are given; what was asked of it is in `asked`. */
function fake(script: Script): Rehearsed & { asked: string[] } {
  const asked: string[] = [];
  const ups = [...(script.ups ?? [run(change("create"))])];
  let live: Trouble | undefined;
  const answer = (title: string, outcome: Run) => {
    asked.push(live ? `${title} under ${live.do}` : title);
    return Promise.resolve(outcome);
  };
  return {
    asked,
    settings: { project: "app" },
    sandbox: { fleet: { nodes: [{ name: "bm-0" }] } },
    speed: 1000,
    preview: () => answer("preview", script.preview ?? run(change("create"))),
    up: async (options) => {
      options?.onEvent?.({
        kind: "step-start",
        step: { op: "create", urn: "urn:pulumi:s::p::t::web", type: "x:Server", internal: false, new: { inputs: {} } },
      } as never);
      // Time for what happens during up.
      await new Promise((resolve) => setTimeout(resolve, 20));
      return answer(`up${options?.replace ? ` --replace ${options.replace}` : ""}`, ups.shift() ?? run());
    },
    refresh: () => answer("refresh", script.refresh ?? run()),
    destroy: () => answer("destroy", script.destroy ?? run(change("delete"))),
    resources: () => [{ ...web, inputs: script.inputs ?? web.inputs }],
    machine: async () => ({ node: node(script.power === undefined ? "power on" : script.power), resource: web }),
    machineUnderWay: async () => ({ node: node("power on"), resource: undefined }),
    unprotect: () => [],
    leftovers: async () => [...(script.left ?? [])],
    wait: async () => {},
    trouble: async (trouble) => {
      if (script.trouble) throw script.trouble;
      live = trouble;
      return {
        sentence: trouble.do,
        end: async () => {
          live = undefined;
        },
      };
    },
  };
}

async function course(script: Script, ...events: RehearsalEvent[]) {
  const rehearsal = fake(script);
  const silent = { begins: () => {}, line: () => {}, ended: () => {} };
  const report = await rehearse(rehearsal, events, silent, { stack: "s", began: Date.now() });
  return { report, asked: rehearsal.asked.join(", ") };
}

t.test("without events: preview, up, up again, destroy", async (t) => {
  const { report, asked } = await course({});
  t.equal(asked, "preview, up, up, destroy");
  t.match(report, { ok: true, project: "app", stack: "s", machines: 1, speed: 1000, reason: undefined });
});

t.test("what goes wrong by itself is not as expected", async (t) => {
  const rows: [Script, string, RegExp][] = [
    [{ preview: failed("invalid-input") }, "preview", /^preview: Server web: it broke/],
    [{ ups: [failed("quota")] }, "preview, up, destroy", /^up: Server web: it broke/],
    [
      { ups: [run(), run(change("update"))] },
      "preview, up, up, destroy",
      /^up again: there should be nothing to do, but: ~ Server web/,
    ],
    [{ destroy: failed("clean-failed") }, "preview, up, up, destroy", /^destroy: Server web: it broke/],
    [{ left: ["volume a"] }, "preview, up, up, destroy", /^left in the sandbox: volume a$/],
  ];
  for (const [script, runs, reason] of rows) {
    const { report, asked } = await course(script);
    t.equal(report.ok, false);
    t.equal(asked, runs);
    t.match(report.reason, reason);
  }
});

t.test("a failure that is expected, and the recovery when it is over", async (t) => {
  const event = { when: "before up", do: "capacity is gone", expect: "fails with no-capacity" } as const;
  const { report, asked } = await course({ ups: [failed("no-capacity"), run(change("create"))] }, event);
  t.equal(asked, "preview, up under capacity is gone, up, up, destroy");
  t.equal(report.ok, true);
  const other = await course({ ups: [failed("quota")] }, event);
  t.match(other.report.reason, /should have failed with no-capacity, not with quota/);
  const none = await course({}, event);
  t.match(none.report.reason, /^up: it should have failed with no-capacity$/);
  const never = await course({ ups: [failed("no-capacity"), failed("no-capacity")] }, event);
  t.equal(never.report.ok, false, "it must recover when the trouble is over");
});

t.test("a program that recovers may try once more", async (t) => {
  const event = { when: "during up", do: "keystone is down" } as const;
  const { report, asked } = await course({ ups: [failed("service-unreachable"), run(change("create"))] }, event);
  t.equal(asked, "preview, up under keystone is down, up under keystone is down, up, destroy");
  t.equal(report.ok, true);
  const twice = await course({ ups: [failed("quota"), failed("quota")] }, event);
  t.equal(twice.report.ok, false);
});

t.test("a machine after up: refresh, preview, up, and it must be on", async (t) => {
  const event = { when: "after up", do: "machine dies", machine: "web" } as const;
  const good = await course({}, event);
  t.equal(
    good.asked,
    "preview, up, up, refresh under machine dies, preview under machine dies, up under machine dies, up, destroy",
  );
  t.equal(good.report.ok, true);
  const off = await course({ power: "power off" }, event);
  t.match(off.report.reason, /^Server web: is on bm-0, which is off$/);
  const unknown = await course({ power: null, inputs: {} }, { ...event, do: "machine is switched off" });
  t.match(unknown.report.reason, /unknown power state \(the program does not ask for power: "on"\)/);
  t.equal((await course({ power: "power off", inputs: { power: "off" } }, event)).report.ok, true, "off as wanted");
  const unseen = await course({}, { ...event, expect: "is noticed" });
  t.match(unseen.report.reason, /^refresh: nothing of it shows$/);
  const seen = await course({ refresh: run(change("update")), power: "power off" }, { ...event, expect: "is noticed" });
  t.equal(seen.report.ok, true, "no more than that is asked");
  const replaced = await course({}, { ...event, recover: "replace" });
  t.match(replaced.asked, /up --replace urn:web under machine dies/);
});

t.test("a script that cannot be played", async (t) => {
  const event = { when: "after up", do: "BMC hangs", machine: "x" } as const;
  const { report, asked } = await course({ trouble: new RehearsalError("there is no machine x") }, event);
  t.match(report, { ok: false, reason: "the rehearsal: there is no machine x" });
  t.match(asked, /destroy$/, "what was made is taken away all the same");
  const late = await course({}, { when: "during up", do: "quota is gone", of: "ports", seconds: 9 });
  t.equal(late.report.ok, true);
  await t.rejects(course({ trouble: new Error("a defect") }, event), /a defect/, "a defect is none of the program's");
});

t.test("deletion protection is obeyed", async (t) => {
  const { report } = await course({ destroy: failed("protected"), left: ["server web"] });
  t.equal(report.ok, true);
  t.match(report.steps.at(-1), { title: "destroy", text: "refused", note: /deletionProtection is on/ });
});
