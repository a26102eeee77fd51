/** What fails or dies half way is gone on with: one machine, whatever happened to the run. */
import t from "tap";
import {
  cloudIsUp,
  describeLeftovers,
  leftovers,
  login,
  nodesOf,
  resetTenant,
  tenantEnv,
  until,
} from "../cloud/admin.ts";
import { clearNodeFault, setNodeDelay, setNodeFault } from "../cloud/faults.ts";
import { deployers, Project } from "./deployer.ts";
import { providersIn } from "./processes.ts";

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const network = new baremetal.IsolatedNetwork("net", { cidr: "10.64.0.0/24" });
new baremetal.Server("machine", { route: "ironic", hardware: { class: "metal" }, image: "tiny", networks: [{ network: network.id }] });
`;

const skip = !(await cloudIsUp()) && "the test cloud is not up (npm run cloud:up)";
const NODES = nodesOf("beta").map((node) => node.name);

for (const deployer of deployers()) {
  t.test(`a deploy that fails, run by ${deployer.name}`, { timeout: 600_000, skip }, async (t) => {
    await resetTenant("beta");
    const tenant = await login("beta");
    const project = new Project(t, deployer, { name: "resume", program: PROGRAM, env: tenantEnv("beta") });
    const allocations = async () =>
      (await tenant.list("ironic", "/allocations", "allocations")).map((one) => one["uuid"]);

    await Promise.all(NODES.map((node) => setNodeFault(node, "deploy", "disk not found")));
    const failed = await project.up();
    t.equal(failed.exitCode, 1);
    t.match(failed.text, /deploy-failed/, "the catalogue's entry");
    t.match(failed.text, /Server machine/, "the resource");
    t.match(failed.text, /pulumi up/, "and what to type next");
    const half = (await project.resource("machine"))!;
    t.ok(half.initErrors?.length, "state holds the half-made machine and why");
    t.same(await allocations(), [half.id]);

    await Promise.all(NODES.map((node) => clearNodeFault(node, "deploy")));
    const again = await project.up();
    t.equal(again.exitCode, 0, again.text);
    t.same(await allocations(), [half.id], "the next up goes on with the same machine");
    t.match((await project.resource("machine"))?.outputs, { condition: "ready", provisionState: "active" });
    t.equal((await project.up("--expect-no-changes")).exitCode, 0, "and nothing is left to do");
    t.equal((await project.destroy()).exitCode, 0);
    t.equal(describeLeftovers(await leftovers("beta")), "");
  });

  t.test(`an engine killed while a machine is made, run by ${deployer.name}`, { timeout: 600_000, skip }, async (t) => {
    await resetTenant("beta");
    const tenant = await login("beta");
    const project = new Project(t, deployer, { name: "killed", program: PROGRAM, env: tenantEnv("beta") });
    const allocations = async () =>
      (await tenant.list("ironic", "/allocations", "allocations")).map((one) => one["uuid"]);

    await Promise.all(NODES.map((node) => setNodeDelay(node, "deploy", 8)));
    let pid = 0;
    const killed = project.run(["up", "--yes", "--skip-preview"], { onSpawn: (started) => (pid = started) });
    const [first] = await until("a machine is being made", async () => {
      const found = await allocations();
      return found.length > 0 && found;
    });
    process.kill(pid, "SIGKILL");
    await killed;
    await until("the provider that was left alone has ended", async () => providersIn(project.folder).length === 0, 60);
    t.notOk(await project.resource("machine"), "the state knows nothing of the machine");

    await project.run(["cancel", "--yes"]);
    const again = await project.up();
    t.equal(again.exitCode, 0, again.text);
    t.same(await allocations(), [first], "the next up goes on with it and takes no second one");
    t.equal((await project.resource("machine"))?.id, first);
    await Promise.all(NODES.map((node) => clearNodeFault(node, "deploy")));
    t.equal((await project.destroy()).exitCode, 0);
    t.equal(describeLeftovers(await leftovers("beta")), "");
  });
}
