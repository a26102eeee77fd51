#!/usr/bin/env node
/** The engine as a command: `node provider/engine/main.ts up --yes --cwd <project> --stack <name>`. */
import { runCommand } from "./command.ts";
import { listenToInterrupts } from "./interrupts.ts";

const stdout = (text: string) => process.stdout.write(text);
const { exitCode } = await runCommand(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdout,
  stderr: (text) => process.stderr.write(text),
  ...listenToInterrupts(stdout),
});
process.exit(exitCode);
