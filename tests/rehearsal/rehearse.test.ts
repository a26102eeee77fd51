/** `pulumi-baremetal rehearse` as a team's pull request runs it. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import type { Report } from "../../provider/rehearsal/index.ts";
import { contents, example, project, rehearse as rehearseIn } from "./projects.ts";

/** Where all rehearsals of this file keep what they need for a while. */
const temporary = mkdtempSync(join(tmpdir(), "rehearsals-"));
t.teardown(() => rmSync(temporary, { recursive: true, force: true }));

const rehearse = (folder: string, args: readonly string[] = [], env: Record<string, string> = {}) =>
  rehearseIn(folder, args, { TMPDIR: temporary, ...env });
const titles = (report: Report) => report.steps.map(({ title, text }) => (text ? `${title}: ${text}` : title));

t.test("a clean rehearsal: plan, up, nothing to do, destroy, nothing left", async (t) => {
  const folder = example(t, "first-machine");
  const before = contents(folder);
  const { code, stdout, stderr } = await rehearse(folder);
  t.equal(stderr, "", "nothing is complained of");
  t.equal(code, 0, "exit code 0", { stdout });
  t.match(stdout, /Rehearsal of first-machine \(stack rehearsal\) on a sandbox with 9 simulated machines/);
  t.match(stdout, /preview\n(.*\n)*.*\+ Server first\n(.*\n)*.*3 to create/, "the plan");
  t.match(stdout, /3 created\n.*up again\n.*nothing to do\n/, "and what came of it");
  t.match(stdout, /3 deleted\n.*left in the sandbox: nothing\n\nAs expected: 3 resources made/);
  t.same(contents(folder), before, "the user's folder is as it was");
});

t.test("a machine that somebody switches off is switched on again; the report is Markdown", async (t) => {
  const folder = project(t, {
    "rehearsal.yaml":
      'config:\n  power: "on"\nevents:\n  - when: after up\n    do: machine is switched off\n    machine: web\n    expect: recovers\n',
  });
  const { code, stdout } = await rehearse(folder, ["--format", "markdown"]);
  t.equal(code, 0, "as expected", { stdout });
  t.match(stdout, /^### ✅ Rehearsal of `shop`, stack `rehearsal`/, "only the report is on stdout");
  t.match(stdout, /⚡ Server web \(machine bm-\d\) is switched off by somebody/);
  t.match(stdout, /\| up \| 1 updated \(Server web: power\) \|/, "the program's power: on is made true again");
});

t.test("a machine that dies stops the program until it is repaired; one that is taken away is replaced", async (t) => {
  const folder = project(t, {
    "rehearsal.yaml": `
config:
  power: "on"
  class: metal
events:
  - when: after up
    do: machine dies
    machine: web
    expect: fails with power-failed
  - when: after up
    do: machine is taken away
    machine: web
`,
  });
  const { code, stdout, stderr } = await rehearse(folder, ["--format", "json"]);
  t.equal(code, 0, "as expected", { stdout, stderr });
  const report = JSON.parse(stdout) as Report;
  const told = titles(report);
  t.ok(told.some((one) => /^Server web \(machine metal-\d\) dies/.test(one)));
  t.ok(told.includes("the machine is repaired: its BMC answers again"));
  t.match(
    report.steps.find(({ text }) => text === "failed"),
    { ok: true, errors: [{ code: "power-failed" }] },
  );
  t.ok(told.includes("refresh: 1 gone"), "the refresh sees what was taken away", { told });
  t.ok(told.includes("left in the sandbox: nothing"));
});

t.test("a deploy that fails is expected to, and the next up recovers", async (t) => {
  const folder = project(t, {
    "rehearsal.yaml":
      "events:\n  - when: before up\n    do: deploy fails\n    class: baremetal\n    expect: fails with deploy-failed\n",
  });
  const { code, stdout } = await rehearse(folder);
  t.equal(code, 0, "as expected", { stdout });
  t.match(stdout, /! every deploy of class baremetal fails/);
  t.match(stdout, /\[deploy-failed\]\n.* failed \(as expected\)\n/);
  t.match(stdout, /! over: deploys work again\n.*up\n(.*\n)*.*1 created/, "the second up goes on from there");
});

t.test("what is not as expected ends with exit code 1 and the reason", async (t) => {
  const folder = project(t, {
    "events.yaml": "- when: before up\n  do: capacity is gone\n  class: baremetal\n  expect: recovers\n",
  });
  const output = join(folder, "report.md");
  const { code, stdout } = await rehearse(folder, [
    "--events",
    join(folder, "events.yaml"),
    "--format=markdown",
    "--output",
    output,
  ]);
  t.equal(code, 1, "exit code 1", { stdout });
  t.match(stdout, /\nNot as expected: up: Server web.*\(\d+ s\)\n$/, "the reason is the last line");
  t.match(stdout, /\[no-capacity\]/, "with the failure's code");
  t.notMatch(stdout, /\n\s+at .*:\d+:\d+/, "no stack trace");
  t.match(stdout, /left in the sandbox: nothing/, "it is taken away all the same");
  t.match(readFileSync(output, "utf8"), /^### ❌/);
});

t.test("a program that does not run, and a command line that cannot be", async (t) => {
  const folder = project(t, {
    "index.js": 'const pulumi = require("@pulumi/pulumi");\nnew pulumi.Config().require("size");\n',
    "Pulumi.sealed.yaml": "encryptionsalt: v1:a:v1:b:c\nconfig:\n  shop:key:\n    secure: v1:x:y\n",
  });
  const missing = await rehearse(folder);
  t.equal(missing.code, 1);
  t.match(missing.stdout, /Missing required configuration variable 'shop:size'\n.*--config shop:size=VALUE/);
  const sealed = await rehearse(folder, ["--stack", "sealed"]);
  t.equal(sealed.code, 2);
  t.match(sealed.stderr, /Pulumi\.sealed\.yaml has encrypted values that cannot be decrypted here.*: key\./);
  for (const args of [["--speed", "x"], ["nowhere"], ["--config", "x"], ["--format", "xml"], ["--stak", "x"]])
    t.equal((await rehearse(folder, args)).code, 2, args.join(" "));
});

t.test("a real cloud is never reached", async (t) => {
  // Whatever a request comes from: this is the real cloud, and none may arrive.
  const reached: string[] = [];
  const real = createServer((request, response) => {
    reached.push(`${request.method} ${request.url}`);
    response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => real.listen(0, "127.0.0.1", () => resolve()));
  t.teardown(() => real.close());
  const url = `http://127.0.0.1:${(real.address() as AddressInfo).port}/v3`;
  const clouds = `clouds:\n  production:\n    auth:\n      auth_url: ${url}\n      username: u\n      password: p\n      project_name: real\n`;
  const home = t.testdir({ ".config": { openstack: { "clouds.yaml": clouds } }, state: {} });
  const folder = project(t, {
    "clouds.yaml": clouds,
    "Pulumi.yaml":
      "name: shop\nruntime:\n  name: nodejs\n  options:\n    typescript: false\nconfig:\n  openstack:cloud: production\n",
    "Pulumi.dev.yaml": `config:\n  openstack:authUrl: ${url}\n  openstack:password: p\n  openstack:endpointOverrides:\n    compute: ${url}\n`,
    "index.js": `
const pulumi = require("@pulumi/pulumi");
const baremetal = require("pulumi-baremetal");
const network = new baremetal.IsolatedNetwork("web", { cidr: "10.20.0.0/24" });
exports.place = network.place;
exports.seen = JSON.stringify([process.env, new pulumi.Config("openstack").get("authUrl") ?? null]);
`,
  });
  const before = contents(folder);
  const { code, stdout, stderr } = await rehearse(folder, ["--stack", "dev", "--format", "json"], {
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    OS_AUTH_URL: url,
    OS_USERNAME: "u",
    OS_PASSWORD: "p",
    OS_PROJECT_NAME: "real",
    OS_CLOUD: "production",
    OS_COMPUTE_ENDPOINT_OVERRIDE: url,
    OS_CLIENT_CONFIG_FILE: join(home, ".config/openstack/clouds.yaml"),
    PULUMI_BACKEND_URL: `file://${home}/state`,
  });
  t.equal(code, 0, "as expected", { stdout, stderr });
  t.match(stderr, /Left out, for the cloud is the sandbox: openstack:authUrl, openstack:password/);
  t.same(reached, [], "not one request");
  t.notMatch(stdout + stderr, url, "not even its name");
  t.same(contents(folder), before, "the user's folder is as it was");
  t.same(readdirSync(join(home, "state")), [], "and so is the user's state");
  t.notOk(existsSync(join(home, ".pulumi")));
});

t.test("another package's resource is refused in words", async (t) => {
  const folder = project(t, {
    "index.js":
      'const pulumi = require("@pulumi/pulumi");\nnew pulumi.CustomResource("openstack:compute/instance:Instance", "vm", {});\n',
  });
  const { code, stdout } = await rehearse(folder);
  t.equal(code, 1);
  t.match(stdout, / {2}vm: the embedded engine does not support the provider package "openstack"/);
});

t.test("nothing stays behind on this machine", async (t) => {
  t.same(
    readdirSync(temporary).filter((name) => name.startsWith("pulumi-baremetal-")),
    [],
  );
});
