import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Test } from "tap";
import t from "tap";
import { backendFolder, StackStore } from "../../../provider/engine/backend.ts";
import { Callbacks } from "../../../provider/engine/callbacks.ts";
import { readSnapshot } from "../../../provider/engine/checkpoint.ts";
import { StackConfigFile } from "../../../provider/engine/config.ts";
import { Hooks } from "../../../provider/engine/hooks.ts";
import type { RefusalId } from "../../../provider/engine/index.ts";
import { REFUSALS, Refusal, runCommand } from "../../../provider/engine/index.ts";
import { Monitor } from "../../../provider/engine/monitor.ts";
import { readProject } from "../../../provider/engine/project.ts";
import { readGoal } from "../../../provider/engine/registration.ts";
import type { RunContext } from "../../../provider/engine/run-context.ts";
import { newState } from "../../../provider/engine/state.ts";
import { importStep } from "../../../provider/engine/steps.ts";
import type { JsonObject } from "../../../provider/engine/stubs.ts";
import {
  alias,
  engine,
  engineRpc,
  grpc,
  resource as pb,
  resourceRpc,
  toStruct,
} from "../../../provider/engine/stubs.ts";
import { decode, SIGNATURE } from "../../../provider/engine/values.ts";

type Request = InstanceType<typeof pb.RegisterResourceRequest>;

const request = (change: (request: Request) => void = () => {}): Request => {
  const made = new pb.RegisterResourceRequest();
  made.setType("pulumi-nodejs:dynamic:Resource");
  made.setName("a");
  made.setCustom(true);
  made.setObject(toStruct({ value: 1 }));
  change(made);
  return made;
};
const NAME = "pulumi-nodejs:dynamic:Resource a";

t.test("a dynamic resource is read as the program wants it", async (t) => {
  const goal = readGoal(
    request((made) => {
      made.setDependenciesList(["urn:b", "urn:b"]);
      made.setCustomtimeouts(new pb.RegisterResourceRequest.CustomTimeouts().setCreate("90m"));
      made.setHooks(new pb.RegisterResourceRequest.ResourceHooksBinding().setBeforeCreateList(["h"]));
    }),
    undefined,
    "/",
  );
  t.match(goal, { name: "a", inputs: { value: 1 }, dependencies: ["urn:b"], customTimeouts: { create: 5400 } });
  t.same(goal.propertyDependencies, { value: ["urn:b"] }, "a program that says nothing about properties means all");
  t.same(goal.hooks, { BeforeCreate: ["h"] });
});

t.test("a child takes over from its parent what it leaves open", async (t) => {
  const parent = readGoal(
    request((made) => made.setProtect(true)),
    undefined,
    "/",
  );
  const provider = "urn:pulumi:dev::app::pulumi:providers:pulumi-nodejs::own::id";
  const child = readGoal(request(), { ...parent, deletedWith: "urn:owner", provider }, "/");
  t.match(child, { protect: true, deletedWith: "urn:owner", provider });
  t.equal(
    readGoal(
      request((made) => made.setProtect(false)),
      parent,
      "/",
    ).protect,
    false,
  );
  const other = "urn:pulumi:dev::app::pulumi:providers:openstack::own::id";
  t.equal(readGoal(request(), { ...parent, provider: other }, "/").provider, "", "not that of another package");
});

/** What a provocation met, and what its message must name. */
interface Provoked {
  message: string;
  subject?: string;
}

/** The message that something throws. */
function thrown(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof Refusal ? error.message : `no refusal: ${error}`;
  }
  return "nothing was refused";
}

const registering = (change: (request: Request) => void, subject = NAME): Provoked => ({
  message: thrown(() => readGoal(request(change), undefined, "/")),
  subject,
});

const project = (t: Test, text: string, subject = ""): Provoked => ({
  message: thrown(() => readProject(t.testdir({ "Pulumi.yaml": `name: app\n${text}` }))),
  subject,
});

const settings = (t: Test, text: string, subject = ""): Provoked => ({
  message: thrown(() => new StackConfigFile(`${t.testdir({ "Pulumi.dev.yaml": text })}/Pulumi.dev.yaml`, "app")),
  subject,
});

const state = (deployment: JsonObject, features: string[] = [], subject = ""): Provoked => ({
  message: thrown(() => readSnapshot({ version: 4, features, deployment }, () => "test")),
  subject,
});

const value = (kind: string, rest: JsonObject = {}): Provoked => ({
  message: thrown(() => decode({ [SIGNATURE]: kind, ...rest })),
  subject: kind,
});

/** Runs a command and takes its error. */
async function command(t: Test, ...args: string[]): Promise<Provoked> {
  let stderr = "";
  await runCommand(args, {
    env: { PULUMI_CONFIG_PASSPHRASE: "test" },
    cwd: t.testdir({ "Pulumi.yaml": "name: app\nruntime: nodejs\n" }),
    stdout: () => {},
    stderr: (text) => {
      stderr += text;
    },
  });
  return { message: stderr.replace(/^error: /, "").trim() };
}

const callbacks = new Callbacks();
const monitor = new Monitor({
  project: "app",
  stack: "dev",
  organization: "organization",
  preview: false,
  parallel: 1,
  config: {},
  providerInputs: {},
  programDirectory: "/",
  callbacks,
  hooks: new Hooks(callbacks),
  onProgram: () => {},
  emit: () => {},
});
await monitor.start();
t.teardown(() => monitor.stop());
const credentials = grpc.credentials.createInsecure();
const program = new resourceRpc.ResourceMonitorClient(monitor.address, credentials);
const reports = new engineRpc.EngineClient(monitor.address, credentials);

/** Asks the engine's server as a program does. */
function asking(call: (done: (error: grpc.ServiceError | null) => void) => unknown, subject = ""): Promise<Provoked> {
  return new Promise((resolve) => {
    call((error) => resolve({ message: error?.details ?? "nothing was refused", subject }));
  });
}

const reading = (type: string, name: string, subject: string) =>
  asking((done) => program.readResource(new pb.ReadResourceRequest().setType(type).setName(name), done), subject);

/** An import whose provider finds the object. */
async function importing(): Promise<Provoked> {
  const provider = { read: async () => ({ id: "i-1", outputs: {}, inputs: {} }) };
  const run = { registry: { get: () => provider } } as unknown as RunContext;
  const imported = newState({ urn: "urn:pulumi:dev::app::t:m:T::a", type: "t:m:T", custom: true, importID: "i-1" });
  const step = importStep(run, imported, { goal: readGoal(request(), undefined, "/"), resolve: () => {} });
  const message = await step.apply().then(
    () => "nothing was refused",
    (error: Error) => error.message,
  );
  return { message, subject: "i-1" };
}

/** One way to meet each refusal. */
const PROVOKE: Record<RefusalId, (t: Test) => Provoked | Promise<Provoked>> = {
  "other-package": () =>
    registering((made) => made.setType("openstack:compute:Instance"), '"openstack" (openstack:compute:Instance)'),
  "remote-component": () => registering((made) => made.setRemote(true)),
  "component-method": () =>
    asking((done) => program.call(new pb.ResourceCallRequest().setTok("t:m:T/method"), done), "t:m:T/method"),
  "parameterized-package": () => registering((made) => made.setPackageref("ref")),
  "provider-function": () =>
    asking((done) => program.invoke(new pb.ResourceInvokeRequest().setTok("t:m:get"), done), "t:m:get"),
  "stack-reference": () => reading("pulumi:pulumi:StackReference", "org/app/prod", "org/app/prod"),
  get: () => reading("pulumi-nodejs:dynamic:Resource", "a", NAME),
  "import-found": importing,
  "replacement-trigger": () =>
    registering((made) => made.setReplacementTrigger(toStruct({ v: 1 }).getFieldsMap().get("v"))),
  "error-hook": () =>
    registering((made) => made.setHooks(new pb.RegisterResourceRequest.ResourceHooksBinding().setOnErrorList(["h"]))),
  "old-alias": () => registering((made) => made.setAliasesList([new alias.Alias()])),
  debugger: (t) => command(t, "up", "--attach-debugger"),
  "require-version": () =>
    asking(
      (done) =>
        reports.requirePulumiVersion(new engine.RequirePulumiVersionRequest().setPulumiVersionRange(">=9"), done),
      ">=9",
    ),
  archive: () => value("0def7320c3a5731c473e5ecbe6d01bc7"),
  "asset-uri": () => value("c44067f5952c0a294b673a41bacd8c17", { uri: "https://example.org/x" }),
  "value-kind": () => value("another"),
  runtime: (t) => project(t, "runtime: python\n", "python"),
  packages: (t) => project(t, "runtime: nodejs\npackages:\n  x: y\n"),
  "project-secret": (t) =>
    project(t, "runtime: nodejs\nconfig:\n  word:\n    value: x\n    secret: true\n", "config.word"),
  environment: (t) => settings(t, "environment: [x]\n"),
  "secrets-provider": (t) => settings(t, "secretsprovider: awskms://x\n", "awskms://x"),
  "key-service": (t) => settings(t, "encryptedkey: x\n"),
  backend: () => ({ message: thrown(() => backendFolder("s3://bucket")), subject: "s3://bucket" }),
  "compressed-state": (t) => {
    const store = new StackStore(t.testdir(), "app", "dev");
    mkdirSync(dirname(store.file), { recursive: true });
    writeFileSync(`${store.file}.gz`, "");
    return { message: thrown(() => store.load()) };
  },
  "state-feature": () => state({}, ["taint", "novelty"], "novelty"),
  "state-extension": () => state({ snippets: [{}] }),
  "state-view": () => state({ resources: [{ urn: "urn:v", type: "t:m:T", viewOf: "urn:x" }] }, [], "urn:v"),
  "policy-pack": (t) => command(t, "up", "--policy-pack", "x"),
  plan: (t) => command(t, "preview", "--save-plan=x"),
  "refresh-program": (t) => command(t, "refresh", "--yes", "--run-program"),
  exclude: (t) => command(t, "up", "--exclude", "x"),
  "import-file": (t) => command(t, "preview", "--import-file", "x"),
  "remote-run": (t) => command(t, "up", "--remote"),
  json: (t) => command(t, "up", "--yes", "--json"),
};

t.test("what the engine does not do it refuses in the words of its table", async (t) => {
  for (const [id, provoke] of Object.entries(PROVOKE) as [RefusalId, (typeof PROVOKE)[RefusalId]][]) {
    const { what, instead } = REFUSALS[id];
    await t.test(id, async (t) => {
      const { message, subject = "" } = await provoke(t);
      t.equal(message, `the embedded engine does not support ${what.replace("{}", subject)}; ${instead}`);
      t.notMatch(message, /\{\}| \(\)/, "it names the case at hand");
    });
  }
  t.same(Object.keys(PROVOKE).sort(), Object.keys(REFUSALS).sort(), "each is provoked");
});

t.test("other secrets providers are refused in the state as well", async (t) => {
  const deployment = { secrets_providers: { type: "service", state: {} } };
  t.throws(() => readSnapshot({ version: 3, deployment }, () => "test"), { name: "Refusal", id: "secrets-provider" });
});
