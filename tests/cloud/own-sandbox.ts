/**
 * With SANDBOX_URL=own this test process starts a sandbox for itself alone, so that test files run side by side. Its journal goes
 * into the folder $SANDBOX_JOURNALS, where that is set.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { startTestSandbox } from "./sandbox.ts";

if (process.env["SANDBOX_URL"] === "own") {
  const folder = process.env["SANDBOX_JOURNALS"];
  if (folder) mkdirSync(folder, { recursive: true });
  const sandbox = await startTestSandbox(folder ? { journal: join(folder, `${process.pid}.jsonl`) } : {});
  process.env["SANDBOX_URL"] = sandbox.url;
  t.teardown(() => sandbox.stop());
}
