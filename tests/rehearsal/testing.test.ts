/** `pulumi-baremetal/testing`, and the example that shows it. */
import { join } from "node:path";
import t from "tap";
import { type Rehearsal, startRehearsal } from "../../provider/rehearsal/testing.ts";
import { example, project, rehearse, runNode } from "./projects.ts";

t.test("a program under a team's own test", async (t) => {
  const folder = project(t, {});
  const rehearsal: Rehearsal = await startRehearsal({ project: folder, config: { power: "on" }, speed: 300 });
  t.teardown(() => rehearsal.close());

  const plan = await rehearsal.preview();
  t.same(plan.changes.map(({ op, type, name }) => `${op} ${type} ${name}`).sort(), [
    "create IsolatedNetwork web",
    "create Server web",
  ]);
  t.match(plan.changes.find(({ type }) => type === "Server")?.inputs, { image: "debian-12", power: "on" });
  t.same(rehearsal.resources(), [], "a preview makes nothing");
  t.notOk(
    rehearsal.journal().some(({ method, service }) => method !== "GET" && service !== "keystone"),
    "and asks for nothing to be made",
  );

  t.same((await rehearsal.up()).errors, []);
  const server = rehearsal.resource("web", "Server");
  t.equal(rehearsal.outputs()["address"], server.outputs["address"]);
  t.match(server.outputs, { powerState: "on", place: { region: "RegionOne" } });
  t.throws(() => rehearsal.resource("web"), /IsolatedNetwork, Server are called web/);
  t.throws(() => rehearsal.resource("nothing"), /has no resource nothing; it has IsolatedNetwork web, Server web/);
  t.ok(
    rehearsal
      .journal()
      .some(({ service, method, path }) => service === "nova" && method === "POST" && path.endsWith("/servers")),
  );
  t.equal((await rehearsal.up({ expectNoChanges: true })).ok, true, "nothing to do");

  const { node } = await rehearsal.machine("web");
  const trouble = await rehearsal.trouble({ do: "machine is taken away", machine: node.name! });
  t.equal(trouble.sentence, `Server web (machine ${node.name}) is taken away by somebody else`);
  await rehearsal.wait(300);
  t.match((await rehearsal.refresh()).changes, [{ op: "delete", type: "Server", name: "web" }]);
  t.match((await rehearsal.up()).changes, [{ op: "create", type: "Server", name: "web" }], "another one is made");
  t.equal((await rehearsal.leftovers()).length > 0, true, "what is there is seen");
  t.same((await rehearsal.destroy()).errors, []);
  t.same(await rehearsal.leftovers(), [], "and that it is gone");
  await t.rejects(rehearsal.trouble({ do: "BMC hangs", machine: "web" }), /there is no machine web; there are bm-0/);
});

t.test("what cannot be rehearsed is said in words", async (t) => {
  await t.rejects(startRehearsal({ project: t.testdir({}) }), /There is no Pulumi\.yaml in/);
  const folder = project(t, {});
  await t.rejects(startRehearsal({ project: folder, speed: 5000 }), /speed is 5000/);
  await t.rejects(startRehearsal({ project: folder, fleet: "/nowhere" }), /cannot be read/);
  await t.rejects(startRehearsal({ project: folder, config: { "openstack:cloud": "x" } }), /openstack:cloud/);
});

t.test("examples/ci: its test and its rehearsal", async (t) => {
  const folder = example(t, "ci");
  const tested = await runNode(folder, ["--test"]);
  t.equal(tested.code, 0, "its own test passes", { stdout: tested.stdout, stderr: tested.stderr });
  const summary = join(folder, "node_modules", "summary.md");
  const args = ["--format", "markdown", "--output", summary];
  const rehearsed = await rehearse(folder, args, { GITHUB_STEP_SUMMARY: summary });
  t.equal(rehearsed.code, 0, "and its rehearsal", { stdout: rehearsed.stdout, stderr: rehearsed.stderr });
  t.match(rehearsed.stdout, /1 event weathered/);
});
