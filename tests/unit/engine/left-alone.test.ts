/** A program whose engine is killed ends too. Pulumi's runtime by itself goes on reporting to nobody, for ever, with more and more memory. */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { plainEnvironment } from "../../lifecycle/environment.ts";
import { processesIn } from "../../lifecycle/processes.ts";
import { projectFolder } from "./program.ts";

const ENGINE = join(import.meta.dirname, "../../../provider/engine/main.ts");

t.test("a program ends with its engine, however that ends", { timeout: 120_000 }, async (t) => {
  const folder = projectFolder(t, 'setInterval(() => console.log("still here"), 20);');
  mkdirSync(join(folder, "../state"));
  const programs = () => processesIn(folder, "/cmd/run");
  t.teardown(() => {
    for (const { pid } of programs()) process.kill(pid, "SIGKILL");
  });
  const engine = spawn(process.execPath, [ENGINE, "preview", "--stack", "dev", "--non-interactive"], {
    cwd: folder,
    env: { ...plainEnvironment(), PULUMI_BACKEND_URL: `file://${folder}/../state`, PULUMI_CONFIG_PASSPHRASE: "test" },
    stdio: "ignore",
  });
  while (programs().length === 0) await sleep(100);
  t.pass("the program runs");
  engine.kill("SIGKILL");
  while (programs().length > 0) await sleep(100);
  t.pass("and is gone");
});
