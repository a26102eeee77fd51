/** Whole programs for benchmarks: each command in processes of its own, timed, with the provider's memory watched. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { plainEnvironment } from "../lifecycle/environment.ts";
import { ROUTES, type RouteName } from "./cloud.ts";

const ROOT = join(import.meta.dirname, "../..");
/** The embedded engine, in a process of its own. */
const ENGINE = ["--disable-warning=ExperimentalWarning", join(ROOT, "provider/engine/main.ts")];
const COMPILE_CACHE = join(tmpdir(), "pulumi-baremetal-compile-cache");

/** What a stack of a benchmark is made of. */
export interface Size {
  readonly networks: number;
  readonly servers: number;
  readonly volumes: number;
  readonly attachments: number;
}

const PROGRAM = `
const baremetal = require("pulumi-baremetal");
const { networks, servers, volumes, attachments, inputs, initiator } = require("./params.json");
const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));
const nets = times(networks, (i) => new baremetal.IsolatedNetwork("net-" + i, { cidr: networks > 1 ? "10.20.0.0/24" : "10.20.0.0/16" }));
const machines = times(servers, (i) => new baremetal.Server("server-" + i, {
    ...inputs, image: "debian-12", networks: [{ network: nets[i % networks].id }], metadata: { rank: String(i) },
}));
const disks = times(volumes, (i) => new baremetal.Volume("volume-" + i, { sizeGiB: 1 }));
times(attachments, (i) => new baremetal.VolumeAttachment("attachment-" + i, {
    server: machines[i].id, volume: disks[i].id, ...(initiator ? { initiator: "iqn.2026-01.bench:" + i } : { allowPowerCycle: true }),
}));
`;

/** A command that succeeded, how long it took, and the most memory that the provider's process had. */
export interface Run {
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly began: number;
  readonly ended: number;
  /** MiB; of the resident set. */
  readonly providerPeak: number;
}

/** A project folder with a stack of a benchmark. Not the tests' own, which needs tap around it. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), "pulumi-baremetal-bench-"));
  readonly #env: NodeJS.ProcessEnv;

  constructor(route: RouteName, size: Size, env: Record<string, string>) {
    // Nova attaches nothing to bare metal; there a volume is exported to the machine's own initiator.
    const params = { ...size, inputs: ROUTES[route], initiator: route === "nova" };
    const files = {
      "Pulumi.yaml": "name: bench\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n",
      "package.json": JSON.stringify({ name: "bench", main: "index.js" }),
      "index.js": PROGRAM,
      "params.json": JSON.stringify(params),
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.folder, name), text);
    mkdirSync(join(this.folder, "node_modules"));
    symlinkSync(join(ROOT, "node_modules/@pulumi"), join(this.folder, "node_modules/@pulumi"));
    symlinkSync(ROOT, join(this.folder, "node_modules/pulumi-baremetal"));
    mkdirSync(join(this.folder, "state"));
    this.#env = {
      ...plainEnvironment(),
      ...env,
      PULUMI_BACKEND_URL: `file://${this.folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "bench",
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: COMPILE_CACHE,
    };
  }

  /** Runs a command to its end. @throws where it fails */
  run(...args: string[]): Promise<Run> {
    const began = Date.now();
    const child = spawn(process.execPath, [...ENGINE, ...args, "--stack", "dev", "--non-interactive"], {
      cwd: this.folder,
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let providerPeak = 0;
    const watch = setInterval(() => {
      for (const pid of descendants(child.pid!)) providerPeak = Math.max(providerPeak, peakOf(pid));
    }, 200);
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data) => {
        text += data;
      });
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        clearInterval(watch);
        if (code === 0) resolve({ text, began, ended: Date.now(), providerPeak });
        else reject(new Error(`${args.join(" ")} ended with ${code}:\n${text.slice(-3000)}`));
      });
    });
  }

  up = (...args: string[]) => this.run("up", "--yes", "--skip-preview", ...args);
  refresh = (...args: string[]) => this.run("refresh", "--yes", "--skip-preview", ...args);

  /** The resources of the state, as it is stored. */
  stored(): Record<string, unknown>[] {
    const text = readFileSync(join(this.folder, "state/.pulumi/stacks/bench/dev.json"), "utf8");
    return (JSON.parse(text) as { checkpoint: { latest: { resources: Record<string, unknown>[] } } }).checkpoint.latest
      .resources;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The most memory of Pulumi's own server, in MiB, before any provider's code is in it: nothing that we write can take less. */
export async function emptyServer(): Promise<number> {
  const server = spawn(
    process.execPath,
    [join(ROOT, "node_modules/@pulumi/pulumi/cmd/dynamic-provider"), "127.0.0.1:9"],
    {
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  try {
    // It tells its port once it serves.
    await once(server.stdout, "data");
    return peakOf(server.pid!);
  } finally {
    server.kill();
  }
}

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
};

/** The processes that a process has started, and theirs. */
function descendants(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync("/proc")) {
    const parent = /^\d+$/.test(entry) && Number(/^PPid:\s+(\d+)$/m.exec(read(`/proc/${entry}/status`))?.[1]);
    if (parent) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const below = (of: number): number[] => (children.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/** The most memory that a process has had, in MiB, where it is the dynamic-provider server. */
function peakOf(pid: number): number {
  if (!read(`/proc/${pid}/cmdline`).includes("cmd/dynamic-provider")) return 0;
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}
