import t from "tap";
import { check, diff, UNKNOWN } from "../../../provider/core/index.ts";
import { server } from "../../../provider/resources/server.ts";

const program = (more: Record<string, unknown> = {}) => ({
  identity: "shop/dev/Server/db",
  hardware: { class: "baremetal" },
  image: "debian-12",
  networks: [{ network: "n1" }],
  ...more,
});
const problemsOf = (more: Record<string, unknown>) => check(server, undefined, program(more)).problems;

t.test("bad input is refused with its property path", async (t) => {
  const cases: [string, Record<string, unknown>, string, RegExp][] = [
    ["both class and flavor", { hardware: { class: "a", flavor: "b" } }, "hardware.flavor", /say one of them/],
    ["class beside amounts", { hardware: { class: "a", cpus: 4 } }, "hardware.cpus", /says it already/],
    ["flavor beside traits", { hardware: { flavor: "a", traits: ["CUSTOM_X"] } }, "hardware.traits", /says it already/],
    ["no hardware at all", { hardware: {} }, "hardware", /is empty/],
    ["an unknown property inside", { hardware: { cpu: 4 } }, "hardware.cpu", /did you mean "cpus"/],
    ["a wrong type inside", { hardware: { cpus: "4" } }, "hardware.cpus", /whole number/],
    ["a negative amount", { hardware: { memoryGiB: -1 } }, "hardware.memoryGiB", /more than 0/],
    ["a disk of no size", { hardware: { disks: [{ sizeGiB: 0 }] } }, "hardware.disks[0].sizeGiB", /at least 1/],
    ["neither network nor port", { networks: [{}] }, "networks[0]", /either a network or a port/],
    ["network and port", { networks: [{ network: "a", port: "b" }] }, "networks[0]", /either a network or a port/],
    ["addresses on a port", { networks: [{ port: "b", addresses: ["10.0.0.1"] }] }, "networks[0]", /its own addresses/],
    [
      "no address",
      { networks: [{ network: "a", addresses: ["10.0.0.300"] }] },
      "networks[0].addresses[0]",
      /IPv4 or IPv6/,
    ],
    [
      "half an address",
      { networks: [{ network: "a", addresses: ["10.5"] }] },
      "networks[0].addresses[0]",
      /IPv4 or IPv6/,
    ],
    [
      "one IPv6 address twice, written differently",
      {
        networks: [
          { network: "a", addresses: ["fd00::1"] },
          { network: "b", addresses: ["fd00:0:0::1"] },
        ],
      },
      "networks[1].addresses[0]",
      /same address as networks\[0\]/,
    ],
    ["neither image nor boot volume", { image: undefined }, "image", /is required/],
    ["image and boot volume", { bootVolume: "v" }, "image", /boots from one of them/],
    ["the boot volume once more", { image: undefined, bootVolume: "v", volumes: ["v"] }, "volumes", /bootVolume too/],
    ["a flavor by ironic", { route: "ironic", hardware: { flavor: "a" } }, "hardware.flavor", /Nova's/],
    ["a virtual machine by ironic", { route: "ironic", kind: "virtual" }, "kind", /Nova's/],
    ["a key pair by ironic", { route: "ironic", keyPair: "k" }, "keyPair", /sshKeys/],
    ["a private key", { sshKeys: ["-----BEGIN"] }, "sshKeys[0]", /must match/],
    [
      "our own metadata",
      { metadata: { pulumi_baremetal_install: "x" } },
      "metadata.pulumi_baremetal_install",
      /keeps for itself/,
    ],
    ["a duration of no unit", { timeouts: { create: "90" } }, "timeouts.create", /must match/],
  ];
  for (const [what, more, path, reason] of cases) {
    const problems = problemsOf(more);
    t.match(
      problems.find((problem) => problem.path === path),
      { path, reason },
      `${what}: ${JSON.stringify(problems)}`,
    );
  }
  t.same(problemsOf({}), []);
});

t.test("unknowns pass at any depth", async (t) => {
  t.same(
    problemsOf({
      hardware: { cpus: UNKNOWN, disks: [UNKNOWN] },
      networks: [UNKNOWN, { network: UNKNOWN, addresses: [UNKNOWN] }],
    }),
    [],
  );
  t.same(problemsOf({ image: UNKNOWN, volumes: [UNKNOWN], metadata: UNKNOWN, sshKeys: UNKNOWN }), []);
});

t.test("what wipes the machine is refused in diff, once for all of it", async (t) => {
  const olds = { ...program(), kind: "baremetal", configDrive: true };
  const refused = (more: Record<string, unknown>) => () => diff(server, olds, { ...olds, ...more });
  t.throws(refused({ image: "debian-13" }), { code: "needs-reinstall", message: /image differs .*property image/s });
  t.throws(refused({ image: "debian-13", userData: "x" }), { message: /image and userData differ/ });
  t.doesNotThrow(refused({ image: "debian-13", allowReinstall: true }));
  t.doesNotThrow(refused({ image: "debian-13", hardware: { class: "other" } }), "another machine wipes nothing");
  t.doesNotThrow(refused({ image: UNKNOWN }), "an unknown is no difference yet");
});
