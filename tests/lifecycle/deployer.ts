/**
 * Runs Pulumi programs by whatever runs them here: the embedded engine always, the real CLI as well where `pulumi` is on
 * PATH. Both take the same commands and flags, so a test is written once.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { plainEnvironment } from "./environment.ts";
import "../cloud/own-sandbox.ts";
import { runCommand } from "../../provider/engine/index.ts";

const root = join(import.meta.dirname, "../..");

/** What runs programs. */
export interface Deployer {
  readonly name: string;
  readonly command: readonly string[];
}

const embedded: Deployer = {
  name: "the embedded engine",
  command: [process.execPath, "--disable-warning=ExperimentalWarning", join(root, "provider/engine/main.ts")],
};

/** The oldest CLI that the tests are written for. */
const OLDEST = [3, 200];

/** The deployers of this machine, each with a word said about it. */
export function deployers(): Deployer[] {
  let version: string;
  try {
    version = execFileSync("pulumi", ["version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    t.comment("no `pulumi` on PATH: the embedded engine only");
    return [embedded];
  }
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  if (major < OLDEST[0]! || (major === OLDEST[0] && minor < OLDEST[1]!)) {
    t.comment(`pulumi ${version} is older than ${OLDEST.join(".")}: the embedded engine only`);
    return [embedded];
  }
  t.comment(`the embedded engine and pulumi ${version}`);
  return [embedded, { name: `pulumi ${version}`, command: ["pulumi"] }];
}

/** How a command ended. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as a person reads them. */
  readonly text: string;
}

/** A change that a preview shows: operation, logical name, and the property paths behind it. */
export interface PlannedStep {
  readonly op: string;
  readonly name: string;
  readonly paths: readonly string[];
}

interface StoredResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  initErrors?: string[];
}

const nameOf = (urn: string) => urn.split("::").slice(3).join("::");

/** A project folder of its own with a program, a stack and its state; gone when the test ends. */
export class Project {
  readonly folder: string;
  readonly deployer: Deployer;
  readonly stack: string;
  readonly env: NodeJS.ProcessEnv;
  #begun = false;

  /**
   * @param program CommonJS text of the program; `require("./params.json")` gives what {@link edit} sets
   * @param env the tenant's OS_* variables
   */
  constructor(
    t: Test,
    deployer: Deployer,
    options: { name: string; program: string; env: Record<string, string>; stack?: string; folder?: string },
  ) {
    this.deployer = deployer;
    this.stack = options.stack ?? "dev";
    this.folder = mkdtempSync(join(tmpdir(), "pulumi-baremetal-lifecycle-"));
    t.teardown(() => rmSync(this.folder, { recursive: true, force: true }));
    this.#write("Pulumi.yaml", `name: ${options.name}\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n`);
    this.#write("package.json", JSON.stringify({ name: options.name, main: "index.js" }));
    this.#write("index.js", options.program);
    mkdirSync(join(this.folder, "node_modules"));
    symlinkSync(join(root, "node_modules/@pulumi"), join(this.folder, "node_modules/@pulumi"));
    symlinkSync(root, join(this.folder, "node_modules/pulumi-baremetal"));
    mkdirSync(join(this.folder, "state"));
    this.env = {
      ...plainEnvironment(),
      ...options.env,
      PULUMI_BACKEND_URL: `file://${this.folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "lifecycle",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      NO_COLOR: "1",
      // A run starts three Node processes; compiled once, they start in a fraction of the time.
      NODE_COMPILE_CACHE: join(tmpdir(), "pulumi-baremetal-compile-cache"),
    };
    this.edit({});
  }

  /** Sets what the program reads from params.json. */
  edit(params: object): void {
    this.#write("params.json", JSON.stringify(params));
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** Any command, with this project's stack. */
  async run(args: readonly string[], more: { onSpawn?(pid: number): void } = {}): Promise<Outcome> {
    if (!this.#begun) {
      this.#begun = true;
      if (this.deployer.command[0] === "pulumi") await this.#spawn(["stack", "init", this.stack]);
    }
    return this.#spawn([...args, "--stack", this.stack], more.onSpawn);
  }

  #spawn(args: readonly string[], onSpawn?: (pid: number) => void): Promise<Outcome> {
    // The embedded engine needs a process of its own only where a test is about that process.
    if (this.deployer === embedded && !onSpawn) return this.#runHere(args);
    const [file, ...first] = this.deployer.command as [string, ...string[]];
    return new Promise((resolve, reject) => {
      const child = spawn(file, [...first, ...args, "--non-interactive"], {
        cwd: this.folder,
        env: this.env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      let text = "";
      child.stdout.on("data", (data) => {
        stdout += data;
        text += data;
      });
      child.stderr.on("data", (data) => {
        stderr += data;
        text += data;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ exitCode: code ?? -1, stdout, stderr, text }));
      if (child.pid !== undefined) onSpawn?.(child.pid);
    });
  }

  async #runHere(args: readonly string[]): Promise<Outcome> {
    let stdout = "";
    let stderr = "";
    let text = "";
    const { exitCode } = await runCommand([...args, "--non-interactive"], {
      cwd: this.folder,
      env: this.env,
      stdout(data) {
        stdout += data;
        text += data;
      },
      stderr(data) {
        stderr += data;
        text += data;
      },
    });
    return { exitCode, stdout, stderr, text };
  }

  up = (...args: string[]) => this.run(["up", "--yes", "--skip-preview", ...args]);
  refresh = (...args: string[]) => this.run(["refresh", "--yes", "--skip-preview", ...args]);
  destroy = (...args: string[]) => this.run(["destroy", "--yes", "--skip-preview", ...args]);

  /** What an `up` would do, without what stays as it is. */
  async preview(...args: string[]): Promise<Outcome & { steps: PlannedStep[] }> {
    const outcome = await this.run(["preview", "--json", ...args]);
    let steps: PlannedStep[] = [];
    if (outcome.exitCode === 0) {
      const digest = JSON.parse(outcome.stdout) as {
        steps: { op: string; urn: string; detailedDiff?: Record<string, unknown> | null }[];
      };
      steps = digest.steps
        .filter((step) => step.op !== "same")
        .map((step) => ({ op: step.op, name: nameOf(step.urn), paths: Object.keys(step.detailedDiff ?? {}).sort() }));
    }
    return { ...outcome, steps };
  }

  /** The state as `stack export` prints it. */
  async state(): Promise<StoredResource[]> {
    const { stdout } = await this.run(["stack", "export"]);
    return (JSON.parse(stdout) as { deployment: { resources?: StoredResource[] } }).deployment.resources ?? [];
  }

  /** One resource of the state by its logical name; undefined where there is none. */
  async resource(name: string): Promise<StoredResource | undefined> {
    return (await this.state()).find((one) => nameOf(one.urn) === name && one.type !== "pulumi:pulumi:Stack");
  }

  /** The whole state file, for searches in it. */
  stateText(): string {
    return readFileSync(
      join(this.folder, "state/.pulumi/stacks", readProjectName(this.folder), `${this.stack}.json`),
      "utf8",
    );
  }
}

const readProjectName = (folder: string) =>
  /^name: (.*)$/m.exec(readFileSync(join(folder, "Pulumi.yaml"), "utf8"))![1]!;
