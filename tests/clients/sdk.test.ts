/** A program with openstacksdk, as PyPI has it, drives a sandbox. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import t from "tap";
import { startTestSandbox } from "../cloud/sandbox.ts";
import { clientsPython } from "./environment.ts";

const run = promisify(execFile);
t.setTimeout(600_000);
const python = await clientsPython();
const sandbox = await startTestSandbox();
t.teardown(() => sandbox.stop());

t.test("a program with openstacksdk", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "clients-sdk-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const auth = (user: string) => {
    const env = sandbox.environment(user, user);
    return {
      auth_url: env["OS_AUTH_URL"],
      username: env["OS_USERNAME"],
      password: env["OS_PASSWORD"],
      user_domain_name: "Default",
    };
  };
  const project = (name: string) => ({
    auth: { ...auth(name), project_name: name, project_domain_name: "Default" },
    region_name: "RegionOne",
  });
  const clouds = {
    alpha: project("alpha"),
    beta: project("beta"),
    system: { auth: { ...auth("admin"), system_scope: "all" }, region_name: "RegionOne" },
  };
  const file = join(folder, "clouds.yaml");
  writeFileSync(file, JSON.stringify({ clouds }));
  const script = join(import.meta.dirname, "sdk.py");
  const env = {
    PATH: process.env["PATH"],
    OS_CLIENT_CONFIG_FILE: file,
    NO_PROXY: "127.0.0.1",
    PYTHONWARNINGS: "ignore",
  };
  const { stdout, stderr } = await run(python, [script], { env, maxBuffer: 1 << 24 }).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  for (const line of stdout.trim().split("\n")) {
    const step = JSON.parse(line) as { step: string; error?: string };
    if (step.error) t.fail(step.step, { error: step.error });
    else t.pass(step.step);
  }
  t.match(stdout, /"the end"/, stderr);
});
