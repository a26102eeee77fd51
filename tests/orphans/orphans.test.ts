/** `pulumi-baremetal orphans` as a person runs it: what it lists, what it takes away, and what it never touches. */
import "../cloud/own-sandbox.ts";
import { spawn } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { cloudIsUp, login, resetTenant, tenantEnv } from "../cloud/admin.ts";
import { countOf } from "../interruption/cloud.ts";
import { programOf, ROUTES } from "../interruption/programs.ts";
import { startProvider } from "../interruption/provider.ts";
import { Stack } from "../interruption/stack.ts";
import { exportState } from "./state.ts";

const skip = !(await cloudIsUp()) && "the test cloud is not up (npm run cloud:up)";
const MAIN = join(import.meta.dirname, "../../provider/cli/main.ts");

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command; nobody sits at its terminal. */
function run(env: Record<string, string>, args: readonly string[], input?: string): Promise<Outcome> {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [MAIN, "orphans", ...args], { env: { PATH, HOME: "/nonexistent", ...env } });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (data) => (stdout += data));
  child.stderr.on("data", (data) => (stderr += data));
  child.stdin.end(input ?? "");
  return new Promise((resolve) => child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr })));
}

interface Listed {
  readonly type: string;
  readonly id?: string;
  readonly tag: string;
  readonly unfinished: boolean;
  readonly stack?: string;
  readonly resource?: string;
  readonly deleted?: boolean;
  readonly code?: string;
}
const listed = ({ stdout }: Outcome) => JSON.parse(stdout) as { younger: number; orphans: Listed[] };

for (const route of ROUTES.slice(0, 2))
  t.test(route.title, { skip, timeout: 600_000 }, async (t) => {
    const folder = t.testdir();
    const file = (name: string) => join(folder, `${name}.json`);
    const other = route.tenant === "alpha" ? "beta" : "alpha";
    for (const tenant of [route.tenant, other] as const) await resetTenant(tenant);
    const session = await login(route.tenant);
    const orphans = (...args: string[]) => run(tenantEnv(route.tenant), args);
    const provider = () => startProvider(route.tenant);
    const program = programOf(route);

    // A stack that is well; one whose state was lost when all was made; ports of a machine that never came; things of other people.
    const well = new Stack("well");
    t.equal((await well.up(provider(), program.slice(0, 2))).ended, "done");
    const lost = new Stack("lost");
    t.equal((await lost.up(provider(), program)).ended, "done");
    const network = well.state.find(({ name }) => name === "net")!.id;
    const tag = "0123456789abcdef0123";
    const description = `pulumi-baremetal:${tag} port 0`;
    await session.call("neutron", "POST", "/ports", { port: { name: "web port 0", network_id: network, description } });
    await session.call("neutron", "POST", "/networks", {
      network: { name: "by hand", description: "pulumi-baremetal" },
    });
    await session.call("cinder", "POST", "/volumes", { volume: { name: "by hand", size: 1 } });
    const neighbour = new Stack("neighbour");
    const beside = programOf({ ...route, tenant: other }).slice(0, 2);
    t.equal((await neighbour.up(startProvider(other), beside)).ended, "done");
    const known = exportState(well, file("well"));
    const whole = exportState(lost, file("lost"));
    const ids = Object.fromEntries(lost.state.map(({ name, id }) => [name, id]));
    const all = await countOf(route.tenant);

    await t.test("what it lists", async (t) => {
      const young = await orphans("--state", known);
      t.equal(young.code, 0, "nothing is old enough", { young });
      t.match(
        young.stdout,
        /^No orphans in .*: the states given \(well\/dev\) know everything of ours that is at least 2 h old\.$/m,
      );
      t.match(young.stdout, /4 more are younger than 2 h: a run may be at work there/);

      const now = await orphans("--state", known, "--older-than", "0");
      t.equal(now.code, 1, "some are there", { now });
      t.match(
        now.stdout,
        new RegExp(`Volume data {2}${ids["data"]} {2}finished, .* old\n {6}of a stack that was not given`),
      );
      t.match(now.stdout, new RegExp(`Server web {2}tag ${tag} {2}ports without a machine`));
      t.match(now.stdout, /with --delete/, "and what to type next");
      t.notMatch(now.stdout, /by hand/, "nothing without our mark");
      t.notMatch(now.stdout, new RegExp(well.state.map(({ id }) => id).join("|")), "nothing that a state knows");

      const json = listed(await orphans("--state", known, "--older-than", "0", "--json"));
      t.same(
        json.orphans.map(({ type, id }) => [type, id]).sort(),
        [
          ["IsolatedNetwork", ids["net"]],
          ["Server", ids["machine"]],
          ["Server", undefined],
          ["Volume", ids["data"]],
        ].sort(),
      );

      const both = await orphans("--state", known, "--state", whole, "--older-than", "0", "--json");
      t.same(
        listed(both).orphans.map((one) => one.tag),
        [tag],
        "with both states only the ports",
      );
      const without = await orphans("--older-than", "0");
      t.match(without.stdout, /ours and there, whether a state knows it or not \(no --state was given\)/);
      t.match(without.stdout, new RegExp(network), "without a state everything of ours");
    });

    await t.test("whose they are", async (t) => {
      const begun = new Stack("lost");
      exportState(begun, file("begun"), program);
      const { orphans: found } = listed(
        await orphans("--state", known, "--state", file("begun"), "--older-than", "0", "--json"),
      );
      const named = found.filter(({ stack }) => stack === "lost/dev");
      t.same(named.map(({ resource }) => resource).sort(), ["data", "machine", "net"], "told by the name in the cloud");
      const text = await orphans("--state", known, "--state", file("begun"), "--older-than", "0");
      t.match(text.stdout, new RegExp(`Volume data of lost/dev: to keep it, set .adopt: "${ids["data"]}". there`));
      const input = JSON.stringify({ version: 3, deployment: { resources: [] } });
      const piped = await run(tenantEnv(route.tenant), ["--state", "-", "--older-than", "0", "--json"], input);
      t.equal(listed(piped).orphans.length, 6, "an export of an empty stack, on stdin");
    });

    // What is refused is so by any route.
    const refusing = { skip: route !== ROUTES[0] && "shown on the first route" };
    await t.test("what is refused, touching nothing", refusing, async (t) => {
      exportState(neighbour, file("neighbour"));
      const rows: [string, string[], RegExp][] = [
        ["nobody to ask", ["--state", known, "--delete"], /nobody can be asked here: .*--yes/],
        ["no state", ["--delete", "--yes"], /--no-state/],
        ["a state and none", ["--state", known, "--no-state", "--delete", "--yes"], /cannot stand beside/],
        ["a state of another project", ["--state", file("neighbour"), "--delete", "--yes"], /\[wrong-cloud\]/],
        ["no such state", ["--state", file("typo"), "--delete", "--yes"], /cannot be read/],
        ["an empty folder", ["--state", t.testdir(), "--delete", "--yes"], /There is no state below/],
        [
          "an id that is none",
          ["--state", known, "--older-than", "0", "--delete", "--yes", network],
          /Not among the orphans/,
        ],
        ["an age that is none", ["--older-than", "soon"], /is a number/],
        ["an age before now", ["--older-than", "-5"], /ambiguous|at least 0/],
      ];
      for (const [what, args, words] of rows) {
        const { code, stdout, stderr } = await orphans(...args);
        t.equal(code, 2, what, { stdout, stderr });
        t.match(stderr, words, what);
      }
      const young = await orphans("--state", known, "--delete", "--yes");
      t.equal(young.code, 0, "what is young is left alone");
      const wrong = await run({ ...tenantEnv(route.tenant), OS_PASSWORD: "no" }, ["--state", known]);
      t.equal(wrong.code, 2, "it could not be looked for");
      t.match(wrong.stderr, /\[credentials-refused\]/);
      t.same(await countOf(route.tenant), all);
    });

    await t.test("what it takes away", async (t) => {
      const one = await orphans("--state", known, "--older-than", "0", "--delete", "--yes", tag);
      t.equal(one.code, 0, "only what was named", { one });
      t.match(one.stdout, /deleted Server web/);
      t.same(await countOf(route.tenant), { ...all, port: all["port"]! - 1 });

      const rest = await orphans("--state", known, "--older-than", "0", "--delete", "--yes", "--json");
      t.equal(rest.code, 0, "the rest", { rest });
      t.same(
        listed(rest).orphans.map(({ type, deleted }) => [type, deleted]),
        [
          ["Server", true],
          ["Volume", true],
          ["IsolatedNetwork", true],
        ],
        "machine before volume and network",
      );
      t.same(await countOf(route.tenant), { network: 2, subnet: 1, volume: 2 }, "what is known or not ours stays");
      t.equal((await orphans("--state", known, "--older-than", "0")).code, 0, "nothing is left to find");
      t.equal((await neighbour.destroy(startProvider(other))).ended, "done");
      t.equal((await well.destroy(provider())).ended, "done");
      await resetTenant(route.tenant);
    });
  });

t.test("what cannot be deleted is said, and the rest goes", { skip, timeout: 300_000 }, async (t) => {
  const route = ROUTES[0]!;
  await resetTenant(route.tenant);
  const session = await login(route.tenant);
  const stack = new Stack("held");
  t.equal((await stack.up(startProvider(route.tenant), programOf(route).slice(0, 2))).ended, "done");
  const network_id = stack.state.find(({ name }) => name === "net")!.id;
  await session.call("neutron", "POST", "/ports", { port: { name: "somebody's", network_id } });
  const args = ["--no-state", "--older-than", "0", "--delete", "--yes", "--json"];
  const outcome = await run(tenantEnv(route.tenant), args);
  t.equal(outcome.code, 1);
  t.match(listed(outcome).orphans, [
    { type: "Volume", deleted: true },
    { type: "IsolatedNetwork", deleted: false, code: "in-use" },
  ]);
  t.match(outcome.stderr, /not deleted: IsolatedNetwork net, .*somebody's|not deleted: IsolatedNetwork net/);
  await resetTenant(route.tenant);
});
