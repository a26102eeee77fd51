/**
 * examples/first-machine on machines that cannot be installed, as a newcomer meets it. docs/when-a-node-fails.md shows what is
 * printed; here it is printed anew and compared. UPDATE_DOCS=1 writes it into the page.
 */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { startSandbox } from "../../provider/sandbox/index.ts";
import { example } from "../rehearsal/projects.ts";
import { plainEnvironment } from "./environment.ts";

const root = join(import.meta.dirname, "../..");
const page = join(root, "docs/when-a-node-fails.md");
const ENGINE = join(root, "provider/engine/main.ts");
const ORPHANS = join(root, "provider/cli/main.ts");
const WORDS = "Unable to find a suitable disk: no block device of at least 4 GiB";
/** Nova's machines of the class that the example is given. */
const NODES = ["bm-0", "bm-1", "bm-2", "bm-3"];

/** A line without what each run has for itself: times, ids, and which node came when. */
const plain = (line: string) =>
  line
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}/g, "ID")
    .replace(/http:\/\/[\d.:]+/g, "URL")
    .replace(/nodes? (bm-\d(, )?)+/g, "nodes ")
    .replace(/\d+(\.\d+)?/g, "#")
    .replace(/# min/g, "# s")
    .replace(/# s( # s)+/g, "# s")
    .trim();
/** What a wait happens to see is each run's own, and so is which of two that run at once is first. */
const linesOf = (text: string) =>
  [...new Set(text.split("\n").map(plain))].filter((line) => line !== "" && !/usually # s/.test(line)).sort();

t.test("the page shows what is printed", { timeout: 900_000 }, async (t) => {
  const sandbox = await startSandbox({ seed: "first-machine" });
  t.teardown(() => sandbox.stop());
  const folder = example(t, "first-machine");
  mkdirSync(join(folder, "state"));
  const env = {
    ...plainEnvironment(),
    ...sandbox.environment(),
    PULUMI_BACKEND_URL: `file://${folder}/state`,
    PULUMI_CONFIG_PASSPHRASE: "first",
    NO_COLOR: "1",
  };
  const run = (file: string, ...args: string[]): Promise<{ code: number; text: string }> =>
    new Promise((resolve) =>
      execFile(
        process.execPath,
        ["--disable-warning=ExperimentalWarning", file, ...args],
        { cwd: folder, env },
        (error, stdout, stderr) =>
          resolve({ code: typeof error?.code === "number" ? error.code : 0, text: `${stdout}${stderr}`.trim() }),
      ),
    );
  const up = () => run(ENGINE, "up", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive");
  const knob = (node: string, text: string | null) =>
    fetch(`${sandbox.url}/sandbox/nodes/${node}`, { method: "PUT", body: JSON.stringify({ fail: { deploy: text } }) });

  for (const node of NODES) await knob(node, WORDS);
  const failed = await up();
  t.equal(failed.code, 1, "it fails", { failed });
  for (const said of [
    WORDS,
    "Server first, nodes bm-",
    "The cloud operator's move: ",
    "`pulumi up`",
    "[deploy-failed]",
  ])
    t.ok(failed.text.includes(said), `it says ${said}`);
  const left = await run(ORPHANS, "orphans", "--state", "state", "--older-than", "0");
  t.equal(left.code, 0, "and leaves nothing that the state does not know", { left });
  for (const node of NODES) await knob(node, null);
  const mended = await up();
  t.equal(mended.code, 0, "when the operator has mended the machines the same command makes it", { mended });
  const outputs = [failed.text, left.text, mended.text];

  let text = readFileSync(page, "utf8");
  const shown = [...text.matchAll(/```text\n([\s\S]*?)\n```/g)].map((match) => match[1]!);
  t.equal(shown.length, outputs.length);
  if (process.env["UPDATE_DOCS"]) {
    for (const [index, output] of outputs.entries()) text = text.replace(shown[index]!, () => output);
    writeFileSync(page, text);
  } else
    for (const [index, output] of outputs.entries())
      t.same(linesOf(shown[index]!), linesOf(output), `output ${index + 1}`);

  const gone = await run(ENGINE, "destroy", "--yes", "--skip-preview", "--stack", "dev", "--non-interactive");
  t.equal(gone.code, 0, "and it goes again", { gone });
});
