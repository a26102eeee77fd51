/** What the tests of the services start with. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Test } from "tap";
import type { SandboxOptions } from "../../../provider/sandbox/index.ts";
import { startTestSandbox } from "../../cloud/sandbox.ts";

/** A sandbox that ends with the test. */
export async function start(t: Test, options: SandboxOptions = {}) {
  const sandbox = await startTestSandbox(options);
  let running = true;
  const stop = async () => {
    if (running) await sandbox.stop();
    running = false;
  };
  t.teardown(stop);
  process.env["SANDBOX_URL"] = sandbox.url;
  return { sandbox, stop };
}

/** A folder for a state, which goes with the test. */
export function folder(t: Test): string {
  const state = mkdtempSync(join(tmpdir(), "sandbox-unit-"));
  t.teardown(() => rmSync(state, { recursive: true, force: true }));
  return state;
}
