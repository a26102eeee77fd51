/** The README's first command, and with it examples/first-machine, as a newcomer runs it. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";

t.test(
  "npm run demo makes a machine on the embedded cloud and takes it away again",
  { timeout: 600_000 },
  async (t) => {
    const child = spawn("npm", ["run", "demo"], {
      cwd: join(import.meta.dirname, "../.."),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (text += data));
    const code = await new Promise((resolve) => child.on("close", resolve));
    t.equal(code, 0, "it ends well", { output: text });
    t.match(text, /What would be made[\s\S]*\+ Server first/, "a preview");
    t.match(text, /Make it[\s\S]*\+ Server first/, "the machine");
    t.match(text, /isolated +true/, "a look at it");
    t.match(text, /- Server first[\s\S]*- Volume data/, "and away");
    t.match(text, /Next: /, "and what to try next");

    // The README's first screen is what the command prints; times, addresses and what a wait happens to see are each run's own.
    const plain = (line: string) => line.replace(/\d+/g, "#").replace(/ +/g, " ").trim();
    const printed = new Set(text.split("\n").map(plain));
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
    const screen = /```\n(An OpenStack with[\s\S]*?)\n```/.exec(readme)![1]!.split("\n");
    const missing = screen.filter((line) => !/deploying \(|\(usually/.test(line) && !printed.has(plain(line)));
    t.same(missing, [], "the README shows it as it is");
  },
);
