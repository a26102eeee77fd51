/** The dynamic host as Pulumi reaches it: the real dynamic-provider server, over gRPC. Asks no cloud. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import t from "tap";
import { plainEnvironment } from "../lifecycle/environment.ts";

const root = join(import.meta.dirname, "../..");
const require = createRequire(import.meta.url);
const grpc = require("@grpc/grpc-js");
const { ResourceProviderClient } = require("@pulumi/pulumi/proto/provider_grpc_pb.js");
const messages = require("@pulumi/pulumi/proto/provider_pb.js");
const { Struct } = require("google-protobuf/google/protobuf/struct_pb.js");

const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const providerText = (type: string) => `exports.handler = () => require("pulumi-baremetal/dynamic").resources.${type};`;

const folder = mkdtempSync(join(tmpdir(), "pulumi-baremetal-host-"));
mkdirSync(join(folder, "node_modules"));
symlinkSync(root, join(folder, "node_modules/pulumi-baremetal"));
const server = spawn(process.execPath, [require.resolve("@pulumi/pulumi/cmd/dynamic-provider"), "127.0.0.1:1"], {
  cwd: folder,
  env: { ...plainEnvironment(), HOME: folder, PULUMI_PROJECT: "host" },
  stdio: ["ignore", "pipe", "ignore"],
});
t.teardown(() => {
  server.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});
const port = await new Promise<string>((resolve) => createInterface({ input: server.stdout }).once("line", resolve));
const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
t.teardown(() => client.close());

type Values = Record<string, unknown>;
interface Message {
  toObject(): Values;
  [name: string]: (...args: never[]) => unknown;
}

/** One call; the request's fields by the names of their setters. */
function call(method: string, request: string, fields: Record<string, unknown>): Promise<Message> {
  const message = new messages[request]();
  for (const [name, value] of Object.entries(fields))
    message[`set${name}`](typeof value === "object" && value !== null ? Struct.fromJavaScript(value) : value);
  return new Promise((resolve, reject) =>
    client[method](message, (error: Error | null, answer: Message) => (error ? reject(error) : resolve(answer))),
  );
}

const own = (type: string, values: Values) => ({
  ...values,
  __provider: providerText(type),
  identity: `host/dev/${type}/x`,
});
const check = (type: string, news: Values, olds: Values = {}) =>
  call("check", "CheckRequest", { Olds: olds, News: own(type, news) });
const failuresOf = (answer: Message) =>
  (answer["getFailuresList"]!() as Message[]).map((failure) => [failure["getProperty"]!(), failure["getReason"]!()]);

await call("configure", "ConfigureRequest", { Args: { "host:x": "y" } });

t.test("the provider's text in state is short and holds no code", async (t) => {
  for (const type of ["Server", "IsolatedNetwork", "Volume", "VolumeAttachment"])
    t.ok(providerText(type).length <= 300);
});

t.test("check names every mistake by its path and fills defaults", async (t) => {
  t.match(failuresOf(await check("Volume", { sizeGiB: -1, sise: 3 })), [
    ["sise", /not a property/],
    ["sizeGiB", /at least 1/],
  ]);
  const good = await check("Server", { hardware: { class: "a" }, image: "i", networks: [] });
  t.same(failuresOf(good), []);
  t.match((good["getInputs"]!() as { toJavaScript(): Values }).toJavaScript(), {
    kind: "baremetal",
    configDrive: true,
    condition: "ready",
  });
});

t.test("check lets what is not known yet pass, whatever it will be", async (t) => {
  t.same(
    failuresOf(
      await check("Server", {
        hardware: UNKNOWN,
        image: UNKNOWN,
        networks: [{ network: UNKNOWN }],
        volumes: UNKNOWN,
        power: UNKNOWN,
      }),
    ),
    [],
  );
});

const diff = (olds: Values, news: Values) =>
  call("diff", "DiffRequest", { Id: "1", Olds: own("Server", olds), News: own("Server", news) });
const machine = {
  hardware: { class: "a" },
  image: "i",
  networks: [],
  kind: "baremetal",
  configDrive: true,
  condition: "ready",
  via: "nova",
};

t.test("diff leaves ordinary edits to the engine and names what needs another machine", async (t) => {
  const edit = await diff(machine, { ...machine, name: "b" });
  t.same(edit["getReplacesList"]!(), []);
  t.equal(edit["getChanges"]!(), messages.DiffResponse.DiffChanges.DIFF_UNKNOWN);
  const other = await diff(machine, { ...machine, hardware: { class: "b" } });
  t.same(other["getReplacesList"]!(), ["hardware"]);
  t.equal(other["getDeletebeforereplace"]!(), true);
});

t.test("diff never throws a machine away for an unknown, nor for the route that it has", async (t) => {
  t.same((await diff(machine, { ...machine, hardware: UNKNOWN }))["getReplacesList"]!(), []);
  t.same((await diff(machine, { ...machine, route: "nova" }))["getReplacesList"]!(), []);
  t.same((await diff(machine, { ...machine, route: "ironic" }))["getReplacesList"]!(), ["route"]);
});

t.test(
  "diff refuses a change that would wipe the machine, unless it is allowed or the machine is half-made",
  async (t) => {
    await t.rejects(diff(machine, { ...machine, image: "j" }), { message: /allowReinstall: true/ });
    await t.resolves(diff(machine, { ...machine, image: "j", allowReinstall: true }));
    await t.resolves(
      diff({ ...machine, condition: "half-made: its create was interrupted" }, { ...machine, image: "j" }),
    );
  },
);

t.test("without credentials an operation names every source it tried", async (t) => {
  const failed = call("create", "CreateRequest", { Properties: own("Volume", { sizeGiB: 1, condition: "ready" }) });
  const error = (await failed.catch((caught) => caught)) as Error;
  t.match(error.message, /Volume x/);
  t.match(error.message, /openstack:/);
  t.match(error.message, /OS_/);
  t.match(error.message, /clouds\.yaml/);
  t.match(error.message, /no-credentials/);
});
