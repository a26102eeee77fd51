import t from "tap";
import { programEnvironment, StackConfigFile } from "../../../provider/engine/config.ts";
import { runCommand } from "../../../provider/engine/index.ts";
import { readProject } from "../../../provider/engine/project.ts";
import { Refusal } from "../../../provider/engine/refusals.ts";
import { seconds } from "../../../provider/engine/registration.ts";
import { Crypter } from "../../../provider/engine/secrets.ts";
import { Targets } from "../../../provider/engine/targets.ts";

t.test("a project tells where and how its program runs", async (t) => {
  const yaml =
    "name: app\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n    nodeargs: --a --b\nconfig:\n  size: 3\n  zone:\n    default: z1\n";
  const folder = t.testdir({ "Pulumi.yaml": yaml });
  const project = readProject(folder);
  t.match(project, { name: "app", entryPoint: ".", typescript: false, nodeArguments: ["--a", "--b"] });
  t.same(project.defaults, { "app:size": 3, "app:zone": "z1" });
});

t.test("projects the engine cannot run are refused in words", async (t) => {
  t.throws(() => readProject(t.testdir({})), /no Pulumi.yaml/);
  t.throws(() => readProject(t.testdir({ "Pulumi.yaml": "name: app\nruntime: python\n" })), /runtime "python"/);
  t.throws(() => readProject(t.testdir({ "Pulumi.yaml": "name: app\nruntime: nodejs\npackages:\n  x: y\n" })), Refusal);
});

t.test("stack configuration reads back, secrets included, and reaches the program", async (t) => {
  const path = `${t.testdir()}/Pulumi.dev.yaml`;
  const crypter = Crypter.create("test");
  const file = new StackConfigFile(path, "app");
  file.set("plain", "one");
  file.set("openstack:region", "r1");
  file.set("hidden", "two", { crypter });
  file.set("obj.list[0]", "x", { path: true });
  const config = new StackConfigFile(path, "app").read({ "app:plain": "default", "app:more": 4 }, crypter);
  t.same(config, {
    "app:plain": { text: "one", secret: false },
    "app:more": { text: "4", secret: false },
    "openstack:region": { text: "r1", secret: false },
    "app:hidden": { text: "two", secret: true },
    "app:obj": { text: '{"list":["x"]}', secret: false },
  });
  const env = programEnvironment(config);
  t.equal(JSON.parse(env["PULUMI_CONFIG"] ?? "")["openstack:config:region"], "r1");
  t.same(JSON.parse(env["PULUMI_CONFIG_SECRET_KEYS"] ?? ""), ["app:hidden"]);
});

t.test("configuration the engine cannot honour is refused", async (t) => {
  const file = (text: string) => `${t.testdir({ "Pulumi.dev.yaml": text })}/Pulumi.dev.yaml`;
  t.throws(() => new StackConfigFile(file("environment: [x]\n"), "app"), /ESC/);
  t.throws(() => new StackConfigFile(file("secretsprovider: awskms://x\n"), "app"), /secrets provider/);
});

t.test("durations are Go's", async (t) => {
  for (const [text, value] of [
    ["90m", 5400],
    ["1h30m", 5400],
    ["1.5s", 1.5],
    ["250ms", 0.25],
  ] as const)
    t.equal(seconds(text), value, text);
  for (const text of ["", "5", "5 minutes"]) t.throws(() => seconds(text), /customTimeout/);
});

t.test("targets are URNs or patterns", async (t) => {
  const targets = new Targets(["urn:a::b::t::x", "**::y*"]);
  t.ok(targets.contains("urn:a::b::t::x"));
  t.ok(targets.contains("urn:a::b::t::yes"));
  t.notOk(targets.contains("urn:a::b::t::z"));
  t.ok(new Targets([]).contains("anything"));
});

t.test("flags and commands that are not there are named", async (t) => {
  const folder = t.testdir({ "Pulumi.yaml": "name: app\nruntime: nodejs\n" });
  const run = async (...args: string[]) => {
    let stderr = "";
    const options = { env: { PULUMI_CONFIG_PASSPHRASE: "x" }, cwd: folder, stdout: () => {} };
    const { exitCode } = await runCommand(args, {
      ...options,
      stderr: (text) => {
        stderr += text;
      },
    });
    t.equal(exitCode, 1);
    return stderr;
  };
  t.match(await run("up", "--policy-pack", "x"), /does not support policy packs/);
  t.match(await run("up", "--nonsense"), /Unknown option/);
  t.match(await run("watch"), /unknown command "watch"/);
  t.match(await run("up"), /--yes or --skip-preview/);
  t.match(await run("up", "--run-program"), /unknown flag: --run-program/);
  t.match(await run("refresh", "--yes", "--import-pending-creates", "urn"), /followed by an ID/);
});
