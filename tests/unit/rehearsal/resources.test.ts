import t from "tap";
import type { ExportedState, OperationResult } from "../../../provider/engine/index.ts";
import { changesOf, errorsOf, resourcesOf } from "../../../provider/rehearsal/resources.ts";

const SERVER = "pulumi-nodejs:dynamic/baremetal:Server";
const urn = (type: string, name: string) => `urn:pulumi:dev::shop::${type}::${name}`;
const secret = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(value),
});

t.test("resources are told without what is Pulumi's own, secrets in clear", async (t) => {
  const resources = [
    { urn: urn("pulumi:pulumi:Stack", "shop-dev"), type: "pulumi:pulumi:Stack" },
    { urn: urn("pulumi:providers:pulumi-nodejs", "default"), type: "pulumi:providers:pulumi-nodejs" },
    { urn: urn(SERVER, "web"), type: SERVER, id: "old", delete: true },
    {
      urn: urn(`my:comp:Pair$${SERVER}`, "web"),
      type: SERVER,
      id: "1",
      inputs: { __provider: "x", userData: secret({ a: [secret("deep")] }) },
      outputs: { address: "10.0.0.1", list: [secret(3)] },
    },
    { urn: urn("my:comp:Pair", "pair"), type: "my:comp:Pair" },
  ];
  t.same(resourcesOf({ version: 3, deployment: { resources } } as unknown as ExportedState), [
    {
      type: "Server",
      name: "web",
      urn: urn(`my:comp:Pair$${SERVER}`, "web"),
      id: "1",
      inputs: { userData: { a: ["deep"] } },
      outputs: { address: "10.0.0.1", list: [3] },
    },
    { type: "my:comp:Pair", name: "pair", urn: urn("my:comp:Pair", "pair"), id: "", inputs: {}, outputs: {} },
  ]);
  t.same(resourcesOf({ version: 3, deployment: {} }), []);
});

const result = (more: Partial<Record<keyof OperationResult, unknown>>): OperationResult =>
  ({ exitCode: 0, steps: [], diagnostics: [], stderr: "", digest: { steps: [] }, ...more }) as OperationResult;
const step = (op: string, type: string, more: object = {}) => ({
  op,
  type,
  urn: urn(type, "web"),
  diffs: [],
  keys: [],
  internal: false,
  durationMs: 1500,
  ...more,
});

t.test("changes are those that the author knows of", async (t) => {
  const changes = changesOf(
    result({
      steps: [
        step("create", "pulumi:pulumi:Stack"),
        step("same", SERVER),
        step("create", SERVER, { error: "it broke" }),
        step("create-replacement", SERVER),
        step("replace", SERVER, { keys: ["hardware"], diffs: ["hardware", "__provider"] }),
        step("update", SERVER, { detailedDiff: { "networks[0].port": {}, "networks[1]": {}, power: {} } }),
      ],
      digest: {
        steps: [
          {
            urn: urn(SERVER, "web"),
            newState: { inputs: { image: "x", later: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" } },
          },
        ],
      },
    }),
  );
  t.same(
    changes.map(({ op, type, name, properties }) => [op, type, name, properties]),
    [
      ["replace", "Server", "web", ["hardware"]],
      ["update", "Server", "web", ["networks", "power"]],
    ],
  );
  t.match(changes[0], { seconds: 1.5, inputs: { image: "x" } });
  t.notOk("later" in changes[0]!.inputs, "what is unknown is left out");
});

t.test("errors are told once, with their codes and without traces", async (t) => {
  const message = "Server web: no machine is free\nThe cloud operator's move: wait. [no-capacity]";
  const errors = errorsOf(
    result({
      exitCode: 1,
      steps: [step("create", SERVER, { error: `1 error occurred:\n\t* ${message}` })],
      diagnostics: [
        { urn: urn(SERVER, "web"), severity: "error", message },
        { urn: "", severity: "info", message: "hello" },
        { urn: "", severity: "error", message: "update failed" },
        {
          urn: "",
          severity: "error",
          message:
            "Missing required configuration variable 'shop:size'\n\tplease set a value using the command `pulumi config set shop:size <value>`\n    at main (/p/index.js:3:4)",
        },
      ],
      stderr: "error: the stack is locked\n",
    }),
  );
  t.same(errors, [
    { resource: "Server web", code: "no-capacity", message },
    {
      resource: undefined,
      code: undefined,
      message:
        "Missing required configuration variable 'shop:size'\ngive it a value for the rehearsal: --config shop:size=VALUE, or `config:` in rehearsal.yaml",
    },
    { resource: undefined, code: undefined, message: "the stack is locked" },
  ]);
  const refusal =
    '<ref *1> Error: failed to register new resource vm [aws:x:Y]: 9 FAILED_PRECONDITION: the embedded engine does not support the provider package "aws" (aws:x:Y), only dynamic providers; use the pulumi CLI for this stack: its state file is the same';
  t.match(errorsOf(result({ exitCode: 1, diagnostics: [{ urn: "", severity: "error", message: refusal }] })), [
    {
      message: /^vm: the embedded engine does not support the provider package "aws".*a rehearsal has no other engine$/,
    },
  ]);
  const crash =
    "Running program '/p/' failed with an unhandled exception:\nError: no such thing\n\u001b[90m    at f (node:x:1:2)\u001b[39m {\n  code: 'X'\n}";
  t.match(errorsOf(result({ exitCode: 1, diagnostics: [{ urn: "", severity: "error", message: crash }] })), [
    { message: "Error: no such thing" },
  ]);
  t.same(
    errorsOf(result({ exitCode: 7, stderr: "error: no changes were expected" })),
    [],
    "changes are told as changes",
  );
  t.match(errorsOf(result({ exitCode: 1 })), [{ message: /did not say why/ }]);
});
