/** `pulumi-baremetal sandbox`: what it prints and writes, whom it listens to, how it ends. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { command, startProcess } from "./process.ts";

const folder = mkdtempSync(join(tmpdir(), "sandbox-command-"));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, text?: string) => {
  const path = join(folder, name);
  if (text !== undefined) writeFileSync(path, text);
  return path;
};

/** An address of this machine that other machines can reach, where it has one. */
const outside = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find((one) => one.family === "IPv4" && !one.internal)?.address;

t.test("it prints what it serves and how to reach it, and ends by Ctrl-C", async (t) => {
  const running = await startProcess(t);
  t.match(running.text(), /4 × baremetal/);
  t.match(running.text(), `export OS_AUTH_URL=${running.url}/identity/v3`);
  t.match(running.text(), /export OS_PASSWORD=secret/);
  t.equal((await fetch(`${running.url}/identity/v3`)).status, 200);
  running.child.kill("SIGINT");
  t.equal(await running.ended, 0);
  t.match(running.text(), /Stopped/);
});

t.test("it listens on loopback only", { skip: !outside && "this machine has no other address" }, async (t) => {
  const running = await startProcess(t);
  const port = new URL(running.url).port;
  await t.rejects(fetch(`http://${outside}:${port}/`), "the machine's own address does not answer");
  t.equal((await fetch(`http://127.0.0.1:${port}/`)).status, 200);
});

t.test("another address needs a password of one's own", async (t) => {
  const refused = await command("sandbox", "--listen", "0.0.0.0", "--port", "0");
  t.equal(refused.code, 1);
  t.match(refused.stderr, /other machines.*password/s);
  const open = await startProcess(t, "--listen", "0.0.0.0", "--password-file", file("password", "correct horse\n"));
  const url = open.url.replace("0.0.0.0", "127.0.0.1");
  const login = (password: string) =>
    fetch(`${url}/identity/v3/auth/tokens`, {
      method: "POST",
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ["password"],
            password: { user: { name: "demo", domain: { id: "default" }, password } },
          },
        },
      }),
    });
  t.equal((await login("secret")).status, 401, "the usual password does not let in");
  t.equal((await login("correct horse")).status, 201);
  t.equal((await fetch(`${url}/sandbox/journal`)).status, 401, "nor do the knobs turn without it");
  const knobs = await fetch(`${url}/sandbox/journal`, { headers: { authorization: "Bearer correct horse" } });
  t.equal(knobs.status, 200);
  t.notMatch(await knobs.text(), /correct horse/, "and the journal does not tell it");
});

t.test("it writes its entry into a clouds.yaml and keeps the others", async (t) => {
  const clouds = file("clouds.yaml", "# ours\nclouds:\n  prod:\n    auth: { auth_url: https://prod }\n");
  const running = await startProcess(t, "--clouds-yaml", clouds);
  const text = readFileSync(clouds, "utf8");
  t.match(text, /# ours/);
  t.match(parse(text), {
    clouds: {
      prod: { auth: { auth_url: "https://prod" } },
      sandbox: { auth: { auth_url: `${running.url}/identity/v3`, username: "demo", project_name: "demo" } },
    },
  });
});

t.test("a command after -- runs with its OS_* variables only, and its exit code is ours", async (t) => {
  const script = "console.log(process.env.OS_AUTH_URL, process.env.OS_CLOUD); process.exit(7)";
  process.env["OS_CLOUD"] = "production";
  const ran = await command("sandbox", "--", process.execPath, "-e", script);
  delete process.env["OS_CLOUD"];
  t.equal(ran.code, 7);
  t.match(ran.stdout, /^http:\/\/127\.0\.0\.1:\d+\/identity\/v3 undefined\n$/);
});

t.test("what cannot be is refused in words", async (t) => {
  const cases: [string[], RegExp, number][] = [
    [["--speed", "0"], /from 1 \(real time\) to 1000/, 1],
    [["--speed", "fast"], /--speed is a number/, 2],
    [["--sped", "5"], /--sped/, 2],
    [["--fleet", file("none")], /none cannot be read/, 1],
    [["--fleet", file("f.yaml", "nodes: [{ name: a, class: b, cpus: many }]")], /nodes\.0\.cpus must be integer/, 1],
    [["--fleet", file("g.yaml", "nodez: []")], /nodez/, 1],
  ];
  for (const [args, message, code] of cases) {
    const refused = await command("sandbox", ...args);
    t.equal(refused.code, code, args.join(" "));
    t.match(refused.stderr, message);
    t.notMatch(refused.stderr, /at .*\.ts:\d+/, "and not by a stack trace");
  }
});

t.test("a fleet file fills it", async (t) => {
  const fleet = file(
    "fleet.yaml",
    "nodes:\n  - { name: 'big-{n}', count: 3, class: big, cpus: 64, memoryGiB: 512, rack: r9 }\n",
  );
  const running = await startProcess(t, "--fleet", fleet);
  t.match(running.text(), /3 × big: 64 CPUs, 512 GiB, Nova's/);
});
