#!/usr/bin/env node
/** The engine as a command: `node provider/engine/main.ts up --yes --cwd <project> --stack <name>`. */
import { runCommand } from "./command.ts";

const cancel = new AbortController();
const terminate = new AbortController();
const interrupt = () => {
  if (cancel.signal.aborted) {
    terminate.abort();
    return;
  }
  process.stdout.write(
    "^C received; cancelling. If you would like to terminate immediately, press ^C again.\n" +
      "Note that terminating immediately may lead to orphaned resources and other inconsistencies.\n\n",
  );
  cancel.abort();
};
process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);

const { exitCode } = await runCommand(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  signal: cancel.signal,
  terminate: terminate.signal,
});
process.exit(exitCode);
