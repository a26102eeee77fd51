import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { EngineEvent } from "../../../provider/engine/index.ts";
import { openStack, storedState } from "../../../provider/engine/index.ts";
import { Crypter } from "../../../provider/engine/secrets.ts";
import { contentsOf, projectFolder } from "./program.ts";

t.setTimeout(120_000);

const PROGRAM = `
const config = new pulumi.Config();
const a = new Thing("a", { word: config.require("word"), token: config.requireSecret("token") });
exports.size = a.size;
`;

t.test("with settings and state kept elsewhere, nothing is written into the project's folder", async (t) => {
  const crypter = Crypter.create("test");
  const settings = `encryptionsalt: ${crypter.state}\nconfig:\n  app:word: theirs\n  app:token:\n    secure: ${crypter.encrypt("t0")}\n`;
  const folder = projectFolder(t, PROGRAM, { "Pulumi.dev.yaml": settings, "notes/deep.txt": "mine" });
  const before = contentsOf(folder);
  t.ok("notes/deep.txt" in before, "the comparison sees every file");
  const [backendDir, settingsDir] = [join(folder, "../state"), join(folder, "../settings")];
  const stack = openStack({ projectDir: folder, stack: "dev", backendDir, settingsDir, passphrase: "test" });
  t.equal((await stack.preview()).exitCode, 0);
  const up = await stack.up();
  t.equal(up.exitCode, 0, up.stderr);
  t.equal(up.steps.find(({ urn }) => urn.endsWith("::a"))?.new?.inputs["word"], "theirs", "its settings are read");
  stack.setConfig("word", "ours");
  t.match(readFileSync(join(settingsDir, "Pulumi.dev.yaml"), "utf8"), /word: ours[\s\S]*token/, "a copy is changed");
  const again = await stack.up();
  t.equal(again.steps.find(({ urn }) => urn.endsWith("::a"))?.new?.inputs["word"], "ours");
  t.equal((await stack.refresh()).exitCode, 0);
  t.equal((await stack.destroy()).exitCode, 0);
  t.same(contentsOf(folder), before);
});

t.test("a new stack with settings elsewhere leaves the project's folder alone too", async (t) => {
  const folder = projectFolder(t, 'new Thing("a", {});');
  const before = contentsOf(folder);
  const elsewhere = {
    backendDir: join(folder, "../state"),
    settingsDir: join(folder, "../settings"),
    passphrase: "test",
    config: { word: "given" },
  };
  t.equal(storedState({ projectDir: folder, stack: "dev", ...elsewhere }), undefined);
  t.notOk(existsSync(elsewhere.backendDir), "looking makes nothing");
  openStack({ projectDir: folder, stack: "dev", ...elsewhere });
  t.ok(storedState({ projectDir: folder, stack: "dev", ...elsewhere }));
  t.ok(existsSync(join(elsewhere.settingsDir, "Pulumi.dev.yaml")));
  t.same(contentsOf(folder), before);
});

t.test("a run tells each operation as it starts and ends, and its result holds them", async (t) => {
  const folder = projectFolder(
    t,
    'const a = new Thing("a", {}); new Thing("b", { of: a.size, fail: "no room" }); exports.size = a.size;',
  );
  const events: EngineEvent[] = [];
  const stack = openStack({
    projectDir: folder,
    stack: "dev",
    backendDir: join(folder, "../state"),
    passphrase: "test",
  });
  const result = await stack.up({ onEvent: (event) => events.push(event) });
  t.equal(result.exitCode, 1);
  const steps = events.flatMap((event) => ("moment" in event ? [event] : []));
  const of = (name: string) => steps.filter(({ step }) => step.urn.endsWith(`::${name}`));
  t.same(
    of("a").map(({ kind }) => kind),
    ["step-start", "step-end"],
  );
  t.match(of("b"), [
    { kind: "step-start", step: { op: "create" }, moment: { startedAt: /^\d{4}-.*Z$/, durationMs: 0 } },
    { kind: "step-failed", step: { op: "create" }, moment: { durationMs: Number }, error: "no room" },
  ]);
  const lines = events.flatMap((event) => (event.kind === "diagnostic" ? [event.diagnostic.message] : []));
  t.ok(lines.includes("making a\n"), "what a provider prints comes line by line");
  t.match(
    result.steps.filter(({ internal }) => !internal).map(({ urn, op, error }) => [urn.split("::").pop(), op, error]),
    [
      ["app-dev", "create", undefined],
      ["a", "create", undefined],
      ["b", "create", "no room"],
    ],
  );
});

t.test("a result holds detailed differences and outputs", async (t) => {
  const folder = projectFolder(t, PROGRAM);
  const at = (word: string) =>
    openStack({
      projectDir: folder,
      stack: "dev",
      backendDir: join(folder, "../state"),
      passphrase: "test",
      config: { word, token: { value: "t0", secret: true } },
    });
  t.equal((await at("one").up()).exitCode, 0);
  const result = await at("two").up();
  const step = result.steps.find(({ urn }) => urn.endsWith("::a"));
  t.match(step, { op: "update", diffs: ["word"], detailedDiff: { word: { kind: "update" } }, error: undefined });
  t.match(result.outputs, { size: { value: 7, secret: false } });
  t.match(result.summary, { update: 1, same: 1 });

  const copied = storedState({ projectDir: folder, stack: "dev", backendDir: join(folder, "../state") });
  const copy = openStack({
    projectDir: folder,
    stack: "dev",
    backendDir: join(folder, "../copy"),
    settingsDir: join(folder, "../copy"),
    passphrase: "test",
    config: { word: "two", token: { value: "t0", secret: true } },
  });
  if (copied) copy.importState(copied);
  t.match(await copy.preview({ expectNoChanges: true }), { exitCode: 0, summary: { same: 2 } }, "a copy has the same");
});
