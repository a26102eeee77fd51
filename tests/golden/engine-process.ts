/** The engine as a process of its own that writes what it does to a file: `engine-process.ts <file> <command...>`. */
import { appendFileSync } from "node:fs";
import { listenToInterrupts, runCommand } from "../../provider/engine/index.ts";

const [file, ...args] = process.argv.slice(2) as [string, ...string[]];
const write = (line: unknown) => appendFileSync(file, `${JSON.stringify(line)}\n`);
const stdout = (text: string) => process.stdout.write(text);
const { exitCode } = await runCommand(args, {
  env: process.env,
  cwd: process.cwd(),
  stdout,
  stderr: (text) => process.stderr.write(text),
  trace: (call) => write({ call }),
  onEvent: (event) => write({ event }),
  ...listenToInterrupts(stdout),
});
process.exit(exitCode);
