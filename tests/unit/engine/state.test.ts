import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { backendFolder, StackStore } from "../../../provider/engine/backend.ts";
import { emptySnapshot, readSnapshot, verify, writeSnapshot } from "../../../provider/engine/checkpoint.ts";
import { DependencyGraph } from "../../../provider/engine/graph.ts";
import { CheckpointJournal } from "../../../provider/engine/journal.ts";
import { importPendingCreates } from "../../../provider/engine/pending.ts";
import { Refusal } from "../../../provider/engine/refusals.ts";
import { withoutAliases } from "../../../provider/engine/rename.ts";
import { Crypter } from "../../../provider/engine/secrets.ts";
import type { ResourceState } from "../../../provider/engine/state.ts";
import { needsOf, newState, readState, revealed, writeState } from "../../../provider/engine/state.ts";
import { makeUrn, parseReference, parseUrn } from "../../../provider/engine/urn.ts";
import { makeSecret, Secret } from "../../../provider/engine/values.ts";

const crypter = Crypter.create("test");
const urn = (name: string) => `urn:pulumi:dev::app::my:mod:Thing::${name}`;
const resource = (name: string, fields: Partial<ResourceState> = {}) =>
  newState({ urn: urn(name), type: "my:mod:Thing", custom: true, id: `${name}-1`, ...fields });

t.test("a resource reads back as it was written", async (t) => {
  const state = resource("a", {
    inputs: { value: makeSecret("x"), n: 1 },
    outputs: { value: makeSecret("x"), list: [1, { deep: null }] },
    dependencies: [urn("b")],
    propertyDependencies: { value: [urn("b")], n: [] },
    initErrors: ["half made"],
    customTimeouts: { create: 60 },
    protect: true,
  });
  t.same(writeState(readState(writeState(state, revealed), crypter), revealed), writeState(state, revealed));
});

t.test("fields the engine does not know are written back", async (t) => {
  const json = {
    urn: urn("a"),
    custom: true,
    id: "a",
    type: "my:mod:Thing",
    sourcePosition: "project:///index.ts#1,1",
  };
  t.same(writeState(readState(json, undefined), revealed), json);
});

t.test("a secret is encrypted once and keeps its ciphertext", async (t) => {
  const base = { ...emptySnapshot(), resources: [resource("a", { outputs: { password: makeSecret("hunter2") } })] };
  const first = writeSnapshot(base, crypter);
  t.notMatch(JSON.stringify(first), "hunter2");
  const read = readSnapshot(first, () => "test");
  const password = read.resources[0]?.outputs["password"];
  t.ok(password instanceof Secret && password.element === "hunter2");
  t.same(writeSnapshot(read, crypter).deployment["resources"], first.deployment["resources"]);
  t.match(JSON.stringify(writeSnapshot(base, crypter, true)), /hunter2/);
});

t.test("a tainted resource asks for state format 4, as the CLI does", async (t) => {
  t.equal(writeSnapshot(emptySnapshot(), crypter).version, 3);
  const tainted = writeSnapshot({ ...emptySnapshot(), resources: [resource("a", { taint: true })] }, crypter);
  t.same([tainted.version, tainted.features], [4, ["taint"]]);
});

t.test("state that would be misread is refused", async (t) => {
  const deployment = { manifest: {} };
  t.throws(() => readSnapshot({ version: 4, features: ["snippets-prototype"], deployment }, () => ""), Refusal);
  t.throws(() => readSnapshot({ version: 2, deployment }, () => ""), /version 2/);
  const cloud = { secrets_providers: { type: "cloud" } };
  t.throws(() => readSnapshot({ version: 3, deployment: cloud }, () => ""), /secrets provider "cloud"/);
});

t.test("a state in which something stands before what it needs is not sound", async (t) => {
  const [a, b] = [resource("a"), resource("b", { dependencies: [urn("a")] })];
  t.doesNotThrow(() => verify([a, b], needsOf));
  t.throws(() => verify([b, a], needsOf), /not sound/);
});

t.test("the graph answers who depends on whom", async (t) => {
  const a = resource("a");
  const b = resource("b", { dependencies: [a.urn] });
  const c = resource("c", { propertyDependencies: { x: [b.urn] } });
  const child = resource("child", { parent: a.urn });
  const graph = new DependencyGraph([a, b, c, child]);
  t.same(
    graph.dependingOn(a, new Set(), false).map(({ id }) => id),
    ["b-1", "c-1"],
  );
  t.same(
    graph.dependingOn(a, new Set([b.urn]), true).map(({ id }) => id),
    ["child-1"],
  );
  t.same(
    [...graph.dependenciesOf(c)].map(({ id }) => id),
    ["b-1"],
  );
  t.same([...graph.transitiveDependenciesOf(c)].map(({ id }) => id).sort(), ["a-1", "b-1"]);
});

t.test("a renamed resource is renamed wherever it is mentioned", async (t) => {
  const renamed = resource("new", { aliases: [urn("old")] });
  const other = resource("other", { dependencies: [urn("old")], propertyDependencies: { v: [urn("old")] } });
  const [first, second] = withoutAliases([renamed, other]);
  t.same(first?.aliases, []);
  t.same([second?.dependencies, second?.propertyDependencies], [[urn("new")], { v: [urn("new")] }]);
});

t.test("the journal keeps interrupted operations in the file until they have ended", async (t) => {
  const folder = t.testdir();
  const store = new StackStore(folder, "app", "dev");
  const journal = new CheckpointJournal(emptySnapshot(), store, crypter);
  const pending = () => {
    const { deployment } = store.load() as { deployment: Record<string, unknown> };
    return [deployment["pending_operations"], deployment["resources"]].map((list) =>
      Array.isArray(list) ? list.length : 0,
    );
  };
  const a = resource("a");
  await journal.begin(a, "creating");
  t.same(pending(), [1, 0]);
  await journal.end(a, (changes) => changes.add(a));
  t.same(pending(), [0, 1]);
  const b = resource("b");
  await journal.begin(b, "creating");
  journal.abandon();
  await journal.end(b, (changes) => changes.add(b));
  t.same(pending(), [1, 1], "an abandoned journal leaves the file as it is");
});

t.test("only an interrupted create is remembered by later runs", async (t) => {
  const store = new StackStore(t.testdir(), "app", "dev");
  const base = {
    ...emptySnapshot(),
    pendingOperations: [
      { resource: resource("a"), type: "creating" as const },
      { resource: resource("b"), type: "updating" as const },
    ],
  };
  const journal = new CheckpointJournal(base, store, crypter);
  t.same(
    journal.snapshot().pendingOperations.map(({ type }) => type),
    ["creating"],
  );
});

t.test("two runs on one stack refuse each other, and cancel makes way", async (t) => {
  const folder = t.testdir();
  const [one, other] = [new StackStore(folder, "app", "dev"), new StackStore(folder, "app", "dev")];
  one.lock();
  t.throws(() => other.lock(), /currently locked by 1 lock\(s\)[\s\S]*pid \d+/);
  t.doesNotThrow(() => new StackStore(folder, "app", "another").lock());
  other.cancel();
  t.doesNotThrow(() => other.lock());
  other.unlock();
  t.doesNotThrow(() => one.lock());
});

t.test("the checkpoint is laid out as the CLI's file backend does and leaves no half-written file", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "engine-unit-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const store = new StackStore(folder, "app", "dev");
  store.save(writeSnapshot(emptySnapshot(), crypter));
  store.save(writeSnapshot(emptySnapshot(), crypter));
  t.same(readdirSync(join(folder, ".pulumi/stacks/app")).sort(), ["dev.json", "dev.json.bak"]);
  const { version, checkpoint } = JSON.parse(readFileSync(store.file, "utf8"));
  t.same([version, checkpoint.stack], [3, "organization/app/dev"]);
  writeFileSync(`${join(folder, ".pulumi/stacks/app")}/other.json.gz`, "");
  t.throws(() => new StackStore(folder, "app", "other").load(), /compressed/);
});

t.test("backends other than files are refused", async (t) => {
  t.equal(backendFolder("file:///tmp/x?no_tmp_dir=true"), "/tmp/x");
  t.throws(() => backendFolder("s3://bucket"), Refusal);
});

t.test("URNs and provider references take apart and together", async (t) => {
  const parent = makeUrn("dev", "app", "", "my:mod:Comp", "c");
  const child = makeUrn("dev", "app", parent, "my:mod:Thing", "a::b");
  t.equal(child, "urn:pulumi:dev::app::my:mod:Comp$my:mod:Thing::a::b");
  t.same(parseUrn(child), {
    stack: "dev",
    project: "app",
    qualifiedType: "my:mod:Comp$my:mod:Thing",
    type: "my:mod:Thing",
    name: "a::b",
  });
  t.same(parseReference(`${parent}::id-1`), { urn: parent, id: "id-1" });
});

t.test("pending creates that the user names are marked as imports, and the next write drops them", async (t) => {
  const pending = (name: string) => ({
    resource: newState({ urn: `urn:pulumi:dev::p::t:m:T::${name}`, type: "t:m:T", custom: true }),
    type: "creating" as const,
  });
  const base = { ...emptySnapshot(), pendingOperations: [pending("a"), pending("b")] };
  const warnings = importPendingCreates(base, [
    { urn: "urn:pulumi:dev::p::t:m:T::a", id: "i-1" },
    { urn: "urn:pulumi:dev::p::t:m:T::c", id: "i-2" },
  ]);
  t.match(base.pendingOperations, [
    { type: "importing", resource: { id: "i-1" } },
    { type: "creating", resource: { id: "" } },
  ]);
  t.match(warnings, [/"i-1" is not taken into the state/, /::c" did not correspond to a pending create/]);
  const store = new StackStore(t.testdir(), "p", "dev");
  const journal = new CheckpointJournal(base, store, Crypter.create("test"));
  t.match(
    journal.snapshot().pendingOperations.map(({ resource }) => resource.urn),
    [/::b$/],
  );
});
