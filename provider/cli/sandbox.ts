import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { Fleet, Sandbox, SandboxOptions } from "../sandbox/index.ts";
import { SandboxError, startSandbox } from "../sandbox/index.ts";
import { writeCloudsEntry } from "./clouds-file.ts";
import { type Command, type Given, numberOf, type Output, textOf, UsageError } from "./command.ts";

/** `pulumi-baremetal sandbox`. */
export const sandbox: Command = {
  name: "sandbox",
  about: "an OpenStack with simulated machines, on this machine, in a second",
  usage: "[options] [-- command …]",
  help: [
    "Starts Keystone, Ironic, Nova, Neutron, Cinder, Glance, Placement and Octavia with simulated machines. It listens on",
    "127.0.0.1 and runs until Ctrl-C. With a command after --, it runs only as long as the command, which gets OS_*",
    "variables of the first user: pulumi-baremetal sandbox -- pulumi up",
  ].join("\n"),
  options: {
    port: { value: "N", about: "port to listen on; 8900, or any free one where a command follows" },
    listen: { value: "ADDRESS", about: "address to listen on; any but loopback needs --password-file" },
    fleet: {
      value: "FILE",
      about: "YAML or JSON: nodes, projects, users, flavors, images, networks; see docs/sandbox.md",
    },
    speed: { value: "N", about: "times faster than hardware, 1 (real time) to 1000; default 100" },
    state: { value: "DIR", about: "keep everything in this folder, over restarts and kill -9" },
    seed: { value: "TEXT", about: "the same ids every time" },
    "password-file": {
      value: "FILE",
      about: "holds the password of the accounts that the fleet file gives none; without it: secret",
    },
    "token-life": { value: "SECONDS", about: "how long a token is good; default 3600" },
    journal: { value: "FILE", about: "a JSON line for each request" },
    "clouds-yaml": { value: "FILE", about: "write the entry `sandbox` into this clouds.yaml" },
  },
  async run(given, output) {
    if (given.arguments.length > 0) throw new UsageError(`sandbox takes no arguments: ${given.arguments.join(" ")}`);
    let running: Sandbox;
    try {
      running = await startSandbox(optionsOf(given));
    } catch (error) {
      if (!(error instanceof SandboxError) && !/^The fleet file/.test((error as Error).message)) throw error;
      output.complain((error as Error).message);
      return 1;
    }
    const clouds = textOf(given, "clouds-yaml");
    if (clouds) writeCloudsEntry(clouds, "sandbox", running);
    const code =
      given.rest.length > 0 ? await runCommand(given.rest, running) : await serveUntilStopped(running, output, clouds);
    await running.stop();
    return code;
  },
};

function optionsOf(given: Given): SandboxOptions {
  const text = {
    fleet: "fleet",
    state: "state",
    seed: "seed",
    journal: "journal",
    host: "listen",
  };
  const numbers = { port: "port", speed: "speed", tokenLife: "token-life" };
  const options: Record<string, unknown> = { port: given.rest.length > 0 ? 0 : 8900, password: passwordOf(given) };
  for (const [key, option] of Object.entries(text)) options[key] = textOf(given, option) ?? options[key];
  for (const [key, option] of Object.entries(numbers)) options[key] = numberOf(given, option) ?? options[key];
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as SandboxOptions;
}

/** A password is never an argument: every process of the machine could read it. */
function passwordOf(given: Given): string | undefined {
  const file = textOf(given, "password-file");
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, "utf8").trim() || undefined;
  } catch (error) {
    throw new UsageError(`The password file cannot be read: ${(error as Error).message}`);
  }
}

async function serveUntilStopped(running: Sandbox, output: Output, clouds: string | undefined): Promise<number> {
  const stop = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  output.say(`OpenStack with simulated machines at ${running.url}\n`);
  for (const line of describeFleet(running.fleet)) output.say(`  ${line}`);
  if (clouds) output.say(`\n${clouds} has it as \`sandbox\`:\n\n  export OS_CLOUD=sandbox`);
  else output.say(`\nIn the shell that is to use it:\n\n${exports(running)}`);
  output.say("\nKnobs and the journal of requests: docs/sandbox.md. Ctrl-C stops it.");
  await stop;
  output.say("Stopped.");
  return 0;
}

/** Lines that tell what a fleet has. */
function describeFleet(fleet: Fleet): string[] {
  const groups = new Map<string, number>();
  for (const node of fleet.nodes) {
    const whose = node.owner ? `owned by ${node.owner}` : node.lessee ? `leased to ${node.lessee}` : "Nova's";
    const kind = `${node.class}: ${node.cpus} CPUs, ${node.memoryGiB} GiB, ${whose}`;
    groups.set(kind, (groups.get(kind) ?? 0) + 1);
  }
  const names = (list: readonly { readonly name: string }[]) => list.map(({ name }) => name).join(", ");
  const accounts = fleet.users.map(({ name, roles, system }) => {
    const projects = Object.entries(roles).map(([project, held]) => `${held.join(" and ")} of ${project}`);
    return `${name} (${[...projects, ...(system ? ["administrator of the system"] : [])].join("; ")})`;
  });
  return [
    ...[...groups].map(([kind, count], index) => `${index === 0 ? "machines" : "        "}   ${count} × ${kind}`),
    `flavors    ${names(fleet.flavors)}`,
    `images     ${names(fleet.images)}`,
    `accounts   ${accounts.join(", ")}`,
  ];
}

function exports(running: Sandbox): string {
  return Object.entries(running.environment())
    .filter(([name]) => name.startsWith("OS_"))
    .map(
      ([name, value]) =>
        `  export ${name}=${/^[\w./:-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`,
    )
    .join("\n");
}

/** Runs a command with the OS_* variables of the sandbox in place of any others; its exit code. */
function runCommand(command: readonly string[], running: Sandbox): Promise<number> {
  const [file = "", ...args] = command;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("OS_"));
  const env = { ...Object.fromEntries(inherited), ...running.environment() };
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: "inherit", env });
    // Both get Ctrl-C from the terminal; the sandbox lives as long as the command needs.
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => child.kill("SIGTERM"));
    child.on("error", (error: NodeJS.ErrnoException) =>
      error.code === "ENOENT" ? reject(new UsageError(`There is no command ${file}.`)) : reject(error),
    );
    child.on("close", (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}
