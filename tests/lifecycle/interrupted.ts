/**
 * Runs that end in the middle: the engine killed, everything killed at once as by a reboot, Ctrl-C once and twice, and a
 * provider that lives on while the next run has begun. The same command again goes on with the same machine, and wipes nothing more.
 */
import t from "tap";
import { describeLeftovers, leftovers, nodesOf, resetTenant, tenantEnv, until } from "../cloud/admin.ts";
import { clearNodeFaults, type NodeMethod, setNodeDelay } from "../cloud/faults.ts";
import { NODES } from "../cloud/nodes.ts";
import { machinesOf } from "../interruption/cloud.ts";
import { deployers, type Outcome, Project } from "./deployer.ts";
import { forget, wipesIn, writes } from "./journal.ts";
import type { KINDS } from "./machines.ts";
import { processesIn, providersIn } from "./processes.ts";

const skip = process.env["SANDBOX_URL"] === undefined && "needs the journal of the embedded cloud: npm test lifecycle";

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const params = require("./params.json");
const network = new baremetal.IsolatedNetwork("net", { cidr: "10.65.0.0/24" });
new baremetal.Server("machine", { image: "tiny", networks: [{ network: network.id }], ...params });
`;

/** What of a machine is under way when the run ends: the request that began it, by route, and the step of the node that takes long. */
const MOMENTS = {
  create: { step: "deploy", nova: /^POST nova\/v2.1\/servers /, ironic: /states\/provision .*"active"/ },
  power: { step: "set_power_state", nova: /"os-stop"/, ironic: /states\/power / },
  reinstall: { step: "deploy", nova: /"rebuild"/, ironic: /states\/provision .*"rebuild"/ },
  delete: { step: "tear_down", nova: /^DELETE nova\/v2.1\/servers\//, ironic: /states\/provision .*"deleted"/ },
} as const satisfies Record<string, { step: NodeMethod; nova: RegExp; ironic: RegExp }>;
type Moment = keyof typeof MOMENTS;

/** Waits until the provider has made the request with which something begins. */
const hasBegun = (moment: Moment, route: "nova" | "ironic") =>
  until(`${moment} has begun`, async () => (await writes()).some((line) => MOMENTS[moment][route].test(line)), 240);

/** All of it by one route. */
export function testInterrupted(kind: (typeof KINDS)[number]): void {
  for (const deployer of deployers())
    t.test(`${kind.title}, run by ${deployer.name}`, { timeout: 900_000, skip }, async (t) => {
      const route = "route" in kind.inputs ? kind.inputs.route : "nova";
      await resetTenant(kind.tenant);
      const nodes = (route === "nova" ? NODES.filter(({ name }) => /^bm-[0-3]$/.test(name)) : nodesOf(kind.tenant)).map(
        ({ name }) => name,
      );
      const project = new Project(t, deployer, { name: "cut", program: PROGRAM, env: tenantEnv(kind.tenant) });
      const edit = (more: object = {}) => project.edit({ ...kind.inputs, power: "on", allowReinstall: true, ...more });
      const id = async () => (await project.resource("machine"))?.id;
      const silent = () =>
        until("no process of the run is left", async () => processesIn(project.folder).length === 0, 60);

      /** Runs a command and, as soon as `moment` has begun, does `what` to its processes. */
      async function cut(
        args: string[],
        moment: Moment,
        what: (engine: number) => Promise<void> | void,
      ): Promise<Outcome> {
        await forget();
        let pid = 0;
        const running = project.run([...args, "--yes", "--skip-preview"], { onSpawn: (started) => (pid = started) });
        await hasBegun(moment, route);
        await what(pid);
        return running;
      }
      const killEngine = (engine: number) => void process.kill(engine, "SIGKILL");
      const reboot = (engine: number) => {
        for (const pid of [engine, ...processesIn(project.folder).map((one) => one.pid)])
          try {
            process.kill(pid, "SIGKILL");
          } catch {
            // the engine's end has ended it
          }
      };

      /** The same command again, and what it must come to: this machine, and no more wiped than asked. */
      async function again(what: string, machine: string | undefined, wipes: number): Promise<void> {
        await project.run(["cancel", "--yes"]);
        const outcome = await project.up();
        t.equal(outcome.exitCode, 0, `${what}: the next up ends well`, { output: outcome.text });
        if (machine !== undefined) t.equal(await id(), machine, `${what}: with the same machine`);
        t.equal((await machinesOf(kind.tenant)).length, 1, `${what}: there is one`);
        const taken = wipesIn(await writes());
        t.ok(taken.length <= wipes, `${what}: nothing more is wiped than asked`, { taken });
      }

      // Long enough to be met half way, whatever the machine that tests.
      for (const node of nodes)
        for (const step of new Set(Object.values(MOMENTS).map((moment) => moment.step)))
          await setNodeDelay(node, step, 2);
      t.teardown(async () => {
        for (const node of nodes) await clearNodeFaults(node);
      });

      edit();
      await cut(["up"], "create", killEngine);
      t.ok(providersIn(project.folder).length > 0, "the provider outlives its engine");
      const [machine] = await machinesOf(kind.tenant);
      t.equal(await id(), undefined, "the state knows nothing of the machine");
      await again("an up beside the provider that lives on", machine, 0);
      await silent();
      t.same(await machinesOf(kind.tenant), [machine], "nor does the one that lived on make a second one");

      edit({ power: "off" });
      await cut(["up"], "power", killEngine);
      await silent();
      await again("engine killed while power changes", machine, 0);
      t.match((await project.resource("machine"))?.outputs, { powerState: "off", condition: "ready" });

      edit({ image: "tiny-2" });
      await cut(["up"], "reinstall", reboot);
      await again("reboot in the middle of a reinstall", machine, 1);
      t.equal((await project.up("--expect-no-changes")).exitCode, 0, "and nothing is left to do");

      await cut(["destroy"], "delete", killEngine);
      await silent();
      await project.run(["cancel", "--yes"]);
      const gone = await project.destroy();
      t.equal(gone.exitCode, 0, "engine killed while the machine is deleted: the next destroy ends well", {
        output: gone.text,
      });
      t.equal(describeLeftovers(await leftovers(kind.tenant)), "", "and nothing is left");

      edit();
      await cut(["up"], "create", reboot);
      const [second] = await machinesOf(kind.tenant);
      await silent();
      await again("reboot in the middle of a create", second, 0);

      edit({ replaceTrigger: "2" });
      const once = await cut(["up"], "create", (engine) => void process.kill(engine, "SIGINT"));
      t.not(once.exitCode, 0, "Ctrl-C once: the run is cancelled");
      const third = await id();
      t.ok(third && third !== second, "but what was begun is ended and saved", { output: once.text });
      await again("after Ctrl-C", third, 1);

      edit({ replaceTrigger: "3" });
      const twice = await cut(["up"], "create", async (engine) => {
        process.kill(engine, "SIGINT");
        await new Promise((resolve) => setTimeout(resolve, 300));
        process.kill(engine, "SIGINT");
      });
      t.not(twice.exitCode, 0, "Ctrl-C twice: it ends at once");
      await silent();
      const [fourth] = await machinesOf(kind.tenant);
      await again("after Ctrl-C twice", fourth, 1);

      t.equal((await project.destroy()).exitCode, 0);
      t.equal(describeLeftovers(await leftovers(kind.tenant)), "", "nothing is left");
    });
}
