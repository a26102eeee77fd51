import { join } from "node:path";
import t from "tap";
import type { OperationResult } from "../../../provider/engine/index.ts";
import { openStack } from "../../../provider/engine/index.ts";
import { projectFolder } from "./program.ts";

t.setTimeout(120_000);

const open = (folder: string) =>
  openStack({ projectDir: folder, stack: "dev", backendDir: join(folder, "../state"), passphrase: "test" });

/** What the resources of a stack hold, by name. */
const resources = (stack: ReturnType<typeof open>) => {
  const state = stack.exportState({ showSecrets: true }).deployment["resources"] as {
    urn: string;
    inputs?: Record<string, unknown>;
    dependencies?: string[];
    propertyDependencies?: Record<string, string[]>;
    protect?: boolean;
  }[];
  return new Map(state.map((resource) => [resource.urn.split("::").pop(), resource]));
};

const told = (result: OperationResult) =>
  result.diagnostics.map(({ severity, message }) => `${severity} ${message.trim()}`);

t.test("transforms: the resource's own, then its parents', then the stack's; secrets and needs survive", async (t) => {
  const folder = projectFolder(
    t,
    `
const add = (mark) => async (args) => ({ props: { ...args.props, marks: (args.props.marks || "") + mark }, opts: args.opts });
pulumi.runtime.registerStackTransform(async (args) =>
  args.type === "pulumi:pulumi:Stack" ? undefined : { props: { ...args.props, marks: (args.props.marks || "") + " stack" }, opts: { ...args.opts, protect: true } });
const group = new pulumi.ComponentResource("app:index:Group", "group", {}, { transforms: [add(" parent")] });
const first = new Thing("first", { password: pulumi.secret("hidden") }, { parent: group, transforms: [add("own")] });
new Thing("second", { of: first.size }, { transforms: [async (args) => ({
  props: { ...args.props, seen: pulumi.Output.isInstance(args.props.of) ? "an output" : "plain" }, opts: args.opts })] });
new Thing("third", { of: first.size });
`,
  );
  const stack = open(folder);
  const result = await stack.up();
  t.equal(result.exitCode, 0, result.stdout + result.stderr);
  const made = resources(stack);
  const first = made.get("first");
  t.equal(first?.inputs?.["marks"], "own parent stack");
  t.equal(first?.protect, true);
  t.match(first?.inputs?.["password"], { plaintext: '"hidden"' }, "still a secret");
  const second = made.get("second");
  t.equal(second?.inputs?.["seen"], "an output");
  t.match(second?.dependencies, [/::first$/]);
  const third = made.get("third");
  t.equal(third?.inputs?.["marks"], " stack");
  t.match(third?.propertyDependencies?.["of"], [/::first$/], "a stack transform leaves what a property needs");
});

t.test("a transform that throws ends the run, and nothing is made", async (t) => {
  const folder = projectFolder(
    t,
    'new Thing("a", {}, { transforms: [async () => { throw new Error("not like this"); }] });',
  );
  const stack = open(folder);
  const result = await stack.up();
  t.equal(result.exitCode, 1);
  t.match(told(result).join("\n"), /not like this/);
  t.notOk(resources(stack).has("a"));
});

t.test(
  "hooks: in preview only where asked, warnings where allowed, failures after the fact keep what was made",
  async (t) => {
    const folder = projectFolder(
      t,
      `
const hook = (name, opts, fail) => new pulumi.ResourceHook(name, async (args) => {
  console.log(name + " of " + args.name + " id=" + args.id + " size=" + (args.newOutputs || {}).size);
  if (fail) throw new Error(fail);
}, opts);
new Thing("a", {}, { hooks: {
  beforeCreate: [hook("dry", { onDryRun: true }), hook("lenient", { ignoreErrors: true }, "never mind")],
  afterCreate: [hook("strict", {}, "too late")],
} });
`,
    );
    const stack = open(folder);
    const preview = await stack.preview();
    t.equal(preview.exitCode, 0, preview.stderr);
    t.match(told(preview), ["info dry of a id= size=undefined"]);
    t.notMatch(told(preview).join("\n"), /lenient|strict/);
    const up = await stack.up();
    const lines = told(up).join("\n");
    // What a program prints and what the engine warns of come by two ways: either may be first.
    t.match(lines, /info lenient of a/);
    t.match(lines, /warning BeforeCreate hook "lenient" failed: never mind/);
    t.match(lines, /info strict of a id=id-a size=7/);
    t.match(lines, /error after hook "strict" failed: too late/);
    t.equal(up.exitCode, 1);
    t.ok(resources(stack).has("a"), "it was made, so that it is in the state");
  },
);

t.test("a destroy that runs the program deletes what is there, hooks included, and makes nothing", async (t) => {
  const folder = projectFolder(
    t,
    `
const hook = (name) => new pulumi.ResourceHook(name, async (args) => console.log(name + " of " + args.name));
const group = new pulumi.ComponentResource("app:index:Group", "group", {}, { hooks: {
  afterCreate: [hook("group made")], beforeDelete: [hook("group goes")] } });
group.registerOutputs({ done: true });
const a = new Thing("a", {}, { parent: group, hooks: { afterDelete: [hook("a gone")] } });
if (new pulumi.Config().getBoolean("more")) new Thing("late", { of: a.size });
`,
  );
  const at = (more: string) =>
    openStack({
      projectDir: folder,
      stack: "dev",
      backendDir: join(folder, "../state"),
      passphrase: "test",
      config: { more },
    });
  const up = await at("false").up();
  t.equal(up.exitCode, 0, up.stderr);
  t.ok(told(up).includes("info group made of group"), "a component is made when it has its outputs");
  const refused = await at("false").destroy();
  t.equal(refused.exitCode, 1);
  t.match(refused.stderr, /--run-program/);
  t.match(told(refused).join("\n"), /delete hooks registered.*a gone/);
  const destroyed = await at("true").destroy({ runProgram: true });
  t.equal(destroyed.exitCode, 0, destroyed.stdout + destroyed.stderr);
  const lines = told(destroyed);
  t.ok(lines.includes("info a gone of a") && lines.includes("info group goes of group"), lines.join("\n"));
  t.notOk(
    lines.some((line) => line.includes("making late")),
    "what is not there is not made",
  );
  t.equal(at("true").exportState().deployment["resources"], undefined);
});
