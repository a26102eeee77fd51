/**
 * With SANDBOX_URL=own this test process starts a sandbox for itself alone, so that test files run side by side. Its journal goes
 * into the folder $SANDBOX_JOURNALS, where that is set; its tokens live for $SANDBOX_TOKEN_LIFE seconds, else for an hour.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { startTestSandbox } from "./sandbox.ts";

if (process.env["SANDBOX_URL"] === "own") {
  const folder = process.env["SANDBOX_JOURNALS"];
  if (folder) mkdirSync(folder, { recursive: true });
  const tokenLife = process.env["SANDBOX_TOKEN_LIFE"];
  const sandbox = await startTestSandbox({
    ...(folder ? { journal: join(folder, `${process.pid}.jsonl`) } : {}),
    ...(tokenLife ? { tokenLife: Number(tokenLife) } : {}),
  });
  process.env["SANDBOX_URL"] = sandbox.url;
  t.teardown(() => sandbox.stop());
}
