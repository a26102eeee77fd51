/** The README's first command, and with it examples/first-machine, as a newcomer runs it. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { cloudIsUp, describeLeftovers, leftovers, resetTenant } from "../cloud/admin.ts";

const skip = !(await cloudIsUp()) && "the test cloud is not up (npm run cloud:up)";

t.test("npm run demo makes a machine and takes it away again", { timeout: 600_000, skip }, async (t) => {
  await resetTenant("alpha");
  const child = spawn("npm", ["run", "demo"], {
    cwd: join(import.meta.dirname, "../.."),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
  const code = await new Promise((resolve) => child.on("close", resolve));
  t.equal(code, 0, "it ends well", { output: text });
  t.match(text, /\+ 4 to create/, "a preview");
  t.match(text, /\+ 4 created/, "the machine");
  t.match(text, /isolated: true/, "a look at it");
  t.match(text, /4 unchanged/, "nothing to do the second time");
  t.match(text, /- 4 deleted/, "and away");
  t.match(text, /Next: /, "and what to try next");
  t.equal(describeLeftovers(await leftovers("alpha")), "", "nothing is left");
});
