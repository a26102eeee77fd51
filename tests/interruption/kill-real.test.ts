/**
 * Whole programs, whose provider process is killed at an API call, and then the same command: on the real cloud, and on an
 * embedded one of its own. What the deployment engine knows after a killed provider is as recorded (tests/golden).
 *
 * A round is a whole life, create to delete, each command of which is killed several times, each time in the run after the last
 * kill; then it must finish. KILL_ROUNDS says how many rounds, each of which kills at other requests; KILL_ROUTE is a part of
 * the route's name.
 */
import t, { type Test } from "tap";
import { cloudIsUp, describeLeftovers, leftovers, login, resetTenant, tenantEnv, until } from "../cloud/admin.ts";
import { deployers, type Outcome, Project } from "../lifecycle/deployer.ts";
import { providersIn } from "../lifecycle/processes.ts";
import { countOf, deedsIn, machinesOf } from "./cloud.ts";
import { ROUTES, type Route } from "./programs.ts";
import { atRequest, type Proxy as CloudProxy, startProxy } from "./proxy.ts";

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const { machine, second, attachment, adopt = {} } = require("./params.json");
const adopted = (name) => (adopt[name] ? { adopt: adopt[name] } : {});
const network = new baremetal.IsolatedNetwork("net", { cidr: "10.72.0.0/24", ...adopted("net") });
const data = new baremetal.Volume("data", { sizeGiB: 1, ...adopted("data") });
const more = new baremetal.Volume("more", { sizeGiB: 1, ...adopted("more") });
const server = new baremetal.Server("machine", {
    image: "tiny", networks: [{ network: network.id }], volumes: [data.id], allowReinstall: true, ...machine, ...adopted("machine"),
});
if (second === "attached")
    new baremetal.VolumeAttachment("attached", { volume: more.id, server: server.id, ...attachment, ...adopted("attached") });
`;

/** A command of a life. */
interface Command {
  readonly title: string;
  /** The program; none for `destroy`. */
  readonly edits?: { readonly machine: object; readonly second?: "attached" };
  /** Requests of one run after which it is killed, one run after the other; a run may be done before. */
  readonly points: readonly number[];
  /** Kinds of requests that take something away or switch a machine, and may occur. */
  readonly mayAsk?: RegExp;
  /** How often it may ask for what installs or wipes a machine. */
  readonly installs?: number;
}

const renamed = { power: "on", name: "renamed", metadata: { tier: "db" } };
const SWITCHING = /\/states\/power |\/action os-st/;

const LIFE: readonly Command[] = [
  { title: "create", edits: { machine: { power: "on" } }, points: [12, 30, 45, 60], installs: 1 },
  {
    title: "rename and metadata",
    edits: { machine: renamed },
    points: [4, 8, 13],
  },
  { title: "power off", edits: { machine: { ...renamed, power: "off" } }, points: [3, 7, 10], mayAsk: SWITCHING },
  { title: "power on", edits: { machine: renamed }, points: [2, 6, 11], mayAsk: SWITCHING },
  { title: "attach", edits: { machine: renamed, second: "attached" }, points: [5, 9, 14], mayAsk: SWITCHING },
  {
    title: "detach",
    edits: { machine: renamed },
    points: [3, 8, 12],
    mayAsk: /\/states\/power |attachments\/|\/volume\/(targets|connectors)\/|terminate_connection|os-detach/,
  },
  { title: "reinstall", edits: { machine: { ...renamed, image: "tiny-2" } }, points: [6, 12, 18, 26], installs: 1 },
  { title: "delete", points: [8, 16, 25, 38], mayAsk: /./, installs: Number.POSITIVE_INFINITY },
];

/** The same command asks about so many times as often by Ironic's route. */
const stretch = ({ title }: Route) => (title === "ironic" ? 2 : 1);

/** How often the same command is typed before giving up. */
const TRIES = 5;
const ROUNDS = Number(process.env["KILL_ROUNDS"] ?? 1);
const only = process.env["KILL_ROUTE"] ?? "";
const skip = !(await cloudIsUp()) && "the test cloud is not up (npm run cloud:up)";

const [embedded] = deployers();

for (const route of ROUTES)
  t.test(route.title, { skip: skip || !route.title.includes(only), timeout: 7_200_000 }, async (t) => {
    const proxy = await startProxy();
    t.teardown(() => proxy.close());
    await resetTenant(route.tenant);
    let points = 0;
    for (let round = 0; round < ROUNDS; round++)
      await t.test(`round ${round + 1}`, { timeout: 7_200_000 }, async (t) => {
        points += await life(t, route, proxy, round);
      });
    const all = LIFE.flatMap((one) => one.points).length * ROUNDS;
    t.ok(points > all / 2, `killed at ${points} points; the other ${all - points} were not come to`);
  });

function projectOf(t: Test, route: Route, proxy: CloudProxy): Project {
  const env = proxy.env(tenantEnv(route.tenant));
  const project = new Project(t, embedded!, { name: "killed", program: PROGRAM, env });
  proxy.kill = async () => {
    const running = providersIn(project.folder);
    for (const { pid } of running) process.kill(pid, "SIGKILL");
    if (running.length === 0) throw new Error("there is no provider process to kill");
    await until("the provider is dead", async () => providersIn(project.folder).length === 0, 10, 0.01);
  };
  return project;
}

/** Runs a command once. */
function run(project: Project, route: Route, { edits }: Command, adopt: object = {}): Promise<Outcome> {
  if (!edits) return project.destroy();
  const { machine, second } = edits;
  project.edit({ second, machine: { ...route.machine, ...machine }, attachment: route.attachment, adopt });
  return project.up();
}

/** A life whose every command is killed again and again before it is done. Answers how often. */
async function life(t: Test, route: Route, proxy: CloudProxy, round: number): Promise<number> {
  const project = projectOf(t, route, proxy);
  let points = 0;
  let machine: string | undefined;
  for (const command of LIFE) {
    const { title, edits, installs = 0, mayAsk } = command;
    const adopted: Record<string, string> = {};
    proxy.restart();
    for (const point of command.points) {
      const at = proxy.log.length + (point + round) * stretch(route);
      proxy.decide = atRequest(at, "kill after");
      const outcome = await run(project, route, command, adopted);
      await proxy.settled();
      proxy.decide = () => undefined;
      const struck = proxy.log[at - 1];
      if (!struck) {
        t.ok(outcome.exitCode === 0 || refused(outcome, adopted), `${title}: not come to the next kill`, {
          output: outcome.text,
        });
        if (outcome.exitCode === 0) break;
        continue;
      }
      points++;
      t.not(outcome.exitCode, 0, `${title}, killed after request ${(point + round) * stretch(route)}, ${struck.kind}`);
      const begun = await machinesOf(route.tenant);
      if (edits) t.ok(begun.length <= 1, "one machine", { begun });
      if (edits && machine) t.same(begun, [machine], "and the one that was begun");
      machine ??= begun[0];
    }
    const outcome = await sameAgain(project, route, command, adopted);
    if (!t.equal(outcome.exitCode, 0, `${title}, the same command again`, { output: outcome.text })) break;
    t.ok(Object.keys(adopted).length <= command.points.length, "refused once for each kill at most", adopted);
    const { wipes, taking } = deedsIn(proxy.log);
    const count = Object.values(wipes).reduce((sum, one) => sum + one, 0);
    t.ok(count <= installs, `it asks for ${installs} installations at most`, wipes);
    t.same(
      taking.filter((kind) => !mayAsk?.test(kind)),
      [],
      "and takes nothing away that should stay",
    );
    if (!edits) break;
    await expectWhole(t, route, project, edits.second === "attached");
    const id = (await project.resource("machine"))?.id;
    t.equal(id, machine ?? id, "it is the machine that was begun");
    machine = id;
  }
  const left = describeLeftovers(await leftovers(route.tenant));
  t.equal(left, "", "nothing is left");
  if (left) await resetTenant(route.tenant);
  return points;
}

/** One of each in the cloud, the second volume attached or not, and nothing else. */
async function expectWhole(t: Test, route: Route, project: Project, attached: boolean): Promise<void> {
  // What Ironic keeps at a node, and Cinder's own records, whose number follows the machine's power.
  const beside = ["attachment", "instance_info", "instance_uuid"];
  const without = (counts: Record<string, number>) =>
    Object.fromEntries(Object.entries(counts).filter(([kind]) => !beside.includes(kind)));
  const counts = without(await countOf(route.tenant));
  const whole = without(route.whole);
  const targets = whole["volume target"];
  t.same(
    counts,
    { ...whole, volume: 2, ...(targets ? { "volume target": targets + (attached ? 1 : 0) } : {}) },
    "one of each, and nothing else",
    { found: describeLeftovers(await leftovers(route.tenant)) },
  );
  const volume = (await project.resource("more"))?.id;
  const attachments = await (await login(route.tenant)).list("cinder", "/attachments", "attachments");
  t.equal(
    attachments.filter((one) => one["volume_id"] === volume).length,
    attached ? 1 : 0,
    attached ? "the second volume is attached once" : "the second volume is not attached",
  );
}

/** The same command until it is done; what it names as finished already is adopted, as it says. */
async function sameAgain(
  project: Project,
  route: Route,
  command: Command,
  adopted: Record<string, string>,
): Promise<Outcome> {
  let outcome = await run(project, route, command, adopted);
  for (let tried = 1; tried < TRIES && outcome.exitCode !== 0 && refused(outcome, adopted); tried++)
    outcome = await run(project, route, command, adopted);
  return outcome;
}

/** Whether a run has refused because something is there already that its state does not know; that is to be adopted next. */
function refused({ text }: Outcome, adopted: Record<string, string>): boolean {
  const named = [...text.matchAll(/ (\w+) exists already as (\S+),[^[]*\[already-there\]/g)];
  for (const [, name, id] of named) adopted[name!] = id!;
  return named.length > 0;
}
