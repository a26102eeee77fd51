/** Must show 3: bad input is refused with its property path before any request. Needs no cloud. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import t from "tap";
import { deployers, Project } from "./deployer.ts";

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const { type, args } = require("./params.json");
new baremetal[type]("x", args);
`;

const machine = { hardware: { class: "baremetal" }, image: "tiny", networks: [] };
const CASES: readonly [string, string, object, RegExp][] = [
  ["a wrong type", "Volume", { sizeGiB: "ten" }, /sizeGiB.*must be a whole number/],
  ["a negative size", "Volume", { sizeGiB: -1 }, /sizeGiB.*at least 1/],
  ["an unknown property", "Server", { ...machine, flavour: "x" }, /flavour.*not a property/],
  ["a bad CIDR", "IsolatedNetwork", { cidr: "10.0.0.0/99" }, /cidr/],
  ["both class and flavor", "Server", { ...machine, hardware: { class: "a", flavor: "b" } }, /hardware\.flavor.*class/],
  [
    "a duplicate fixed address",
    "Server",
    {
      ...machine,
      networks: [
        { network: "n", addresses: ["10.0.0.5"] },
        { network: "n", addresses: ["10.0.0.5"] },
      ],
    },
    /networks\[1\]\.addresses\[0\].*same address/,
  ],
];

for (const deployer of deployers())
  t.test(`bad input, run by ${deployer.name}`, { timeout: 300_000 }, async (t) => {
    let requests = 0;
    const cloud = createServer((_, response) => {
      requests++;
      response.writeHead(500).end();
    });
    await new Promise<void>((resolve) => cloud.listen(0, "127.0.0.1", resolve));
    t.teardown(() => cloud.close());
    const env = {
      OS_AUTH_URL: `http://127.0.0.1:${(cloud.address() as AddressInfo).port}/v3`,
      OS_USERNAME: "x",
      OS_PASSWORD: "x",
      OS_PROJECT_NAME: "x",
    };
    const project = new Project(t, deployer, { name: "input", program: PROGRAM, env });
    for (const [what, type, args, message] of CASES) {
      project.edit({ type, args });
      const refused = await project.preview();
      t.equal(refused.exitCode, 1, what);
      t.match(refused.text.replaceAll("\n", " "), message, what);
    }
    t.equal(requests, 0, "the cloud was asked nothing");
  });
