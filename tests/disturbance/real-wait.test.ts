/**
 * Ten real minutes with tokens of two, by a whole program, on either cloud: LONG=1. In the middle the user's tokens are all
 * revoked. LONG_SECONDS makes it shorter, for who works on this test.
 */
import "./short-tokens.ts";
import t from "tap";
import {
  cloudIsUp,
  describeLeftovers,
  leftovers,
  login,
  nodesOf,
  resetTenant,
  serviceUrl,
  tenantEnv,
} from "../cloud/admin.ts";
import { clearNodeFault, setNodeDelay, setPassword } from "../cloud/faults.ts";
import { deployers, Project } from "../lifecycle/deployer.ts";
import { TOKEN_LIFE } from "./short-tokens.ts";

const SECONDS = Number(process.env["LONG_SECONDS"] ?? 600);

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const network = new baremetal.IsolatedNetwork("net", { cidr: "10.74.0.0/24" });
new baremetal.Server("machine", { route: "ironic", hardware: { class: "metal" }, image: "tiny", networks: [{ network: network.id }] });
`;

/** Seconds that a token of this cloud lives. */
async function tokenLife(): Promise<number> {
  const { token } = await login("beta");
  const headers = { "X-Auth-Token": token, "X-Subject-Token": token };
  const reply = await fetch(`${serviceUrl("keystone")}/v3/auth/tokens`, { headers });
  const { expires_at, issued_at } = ((await reply.json()) as { token: Record<string, string> }).token;
  return (Date.parse(expires_at!) - Date.parse(issued_at!)) / 1000;
}

async function reasonToSkip(): Promise<string | false> {
  if (process.env["LONG"] !== "1") return "takes more than ten minutes: LONG=1";
  if (!(await cloudIsUp())) return "the test cloud is not up (npm run cloud:up)";
  const life = await tokenLife();
  return (
    life > TOKEN_LIFE + 5 && `tokens live for ${life} s here: start the cloud with OSCLOUD_TOKEN_LIFE=${TOKEN_LIFE}`
  );
}

const skip = await reasonToSkip();
const NODES = nodesOf("beta").map((node) => node.name);

t.test(
  `a deploy of ${SECONDS} s with tokens of ${TOKEN_LIFE} s`,
  { skip, timeout: (SECONDS + 600) * 1000 },
  async (t) => {
    await resetTenant("beta");
    const tenant = await login("beta");
    const [deployer] = deployers();
    const project = new Project(t, deployer!, { name: "wait", program: PROGRAM, env: tenantEnv("beta") });
    await Promise.all(NODES.map((node) => setNodeDelay(node, "deploy", SECONDS)));
    t.teardown(() => Promise.all(NODES.map((node) => clearNodeFault(node, "deploy"))));
    // Keystone takes all tokens of a user away whose password is set, even to what it was.
    const revoking = setTimeout(() => setPassword("beta").catch(t.threw), (SECONDS / 2) * 1000);
    t.teardown(() => clearTimeout(revoking));

    const began = Date.now();
    const up = await project.up();
    const took = (Date.now() - began) / 1000;
    t.comment(up.text);
    t.equal(up.exitCode, 0, "one up makes the machine");
    t.ok(took >= SECONDS, `in ${Math.round(took)} s`);
    t.equal((await tenant.list("ironic", "/allocations", "allocations")).length, 1, "and no second one");
    const lines = up.text.split("\n").filter((line) => /installing the machine \(node .* \(.*usually/.test(line));
    t.ok(
      lines.length >= Math.floor(SECONDS / 60),
      `${lines.length} lines tell of the wait, with the time and the usual one`,
    );
    t.equal((await project.up("--expect-no-changes")).exitCode, 0, "nothing is left to do");
    t.equal((await project.destroy()).exitCode, 0);
    t.equal(describeLeftovers(await leftovers("beta")), "", "and destroy leaves nothing");
  },
);
