/** The test suites in the order in which `npm test` runs them. */

/** One suite: either a command of its own, or the test files below a folder, run by tap. */
export interface Suite {
  name: string;
  /** What it shows, in a few words for somebody who reads the output for the first time. */
  about: string;
  /** How long it usually takes, for people. */
  usual: string;
  /** A command that passes or fails as one test. */
  command?: string[];
  /** Folder whose *.test.ts files tap runs. */
  folder?: string;
  /** Test files at a time; 1 where they share the cloud. */
  jobs?: number;
  /** Longest time of one test file, in seconds. */
  timeout?: number;
  /** Which cloud it talks to: the real one (`npm run cloud:up`), a sandbox that is started for it, or one for each file. */
  cloud?: "real" | "sandbox" | "own sandbox";
  /** Of the folder only these files. */
  only?: string[];
  /** Runs only when it is asked for by name. */
  onRequest?: boolean;
  /** A suite that must have run before. */
  after?: string;
}

export const SUITES: Suite[] = [
  { name: "types", about: "TypeScript's checks", usual: "10 s", command: ["tsc", "--project", "tsconfig.json"] },
  { name: "lint", about: "style and import rules", usual: "2 s", command: ["biome", "check", "--error-on-warnings"] },
  {
    name: "generated",
    about: "schema.json and the SDK are as the definitions say",
    usual: "3 s",
    command: ["node", "scripts/generate.ts", "--check"],
  },
  { name: "unit", about: "the provider's parts alone", usual: "30 s", folder: "tests/unit", jobs: 2, timeout: 300 },
  {
    name: "golden",
    about: "the embedded engine against recordings of the real one",
    usual: "7 min",
    folder: "tests/golden",
    jobs: 2,
    timeout: 1800,
  },
  {
    name: "build",
    about: "dist/, for the suites that run whole programs",
    usual: "15 s",
    command: ["node", "scripts/build.ts"],
  },
  {
    name: "package",
    about: "the npm package as a user installs it",
    usual: "1 min",
    folder: "tests/package",
    jobs: 1,
    timeout: 600,
    after: "build",
  },
  {
    name: "parity",
    about: "the embedded cloud answers as the real one did, exchange by exchange",
    usual: "2 min",
    folder: "tests/parity",
    jobs: 1,
    timeout: 900,
  },
  {
    name: "sandbox",
    about: "the embedded cloud: 1,000 nodes, kill -9, malformed requests, who it listens to",
    usual: "2 min",
    folder: "tests/sandbox",
    jobs: 1,
    timeout: 300,
    after: "build",
  },
  {
    name: "contract-sandbox",
    about: "the resources on the embedded cloud, call by call",
    usual: "1 min",
    folder: "tests/contract",
    jobs: 4,
    timeout: 600,
    cloud: "own sandbox",
  },
  {
    name: "lifecycle",
    about: "whole programs on the embedded cloud, from create to destroy",
    usual: "3 min",
    folder: "tests/lifecycle",
    jobs: 4,
    timeout: 900,
    after: "build",
    cloud: "own sandbox",
  },
  {
    name: "coverage",
    about: "the exchanges of parity cover every kind of request of the lifecycle tests",
    usual: "2 s",
    folder: "tests/coverage",
    after: "lifecycle",
  },
  {
    name: "trouble",
    about:
      "killed, disturbed, failed on purpose, left over: on the embedded cloud, a part of each (see the suites below)",
    usual: "6 min",
    folder: "tests",
    only: [
      "disturbance/ironic.test.ts",
      "disturbance/long-wait.test.ts",
      "disturbance/nova-metal.test.ts",
      "faults/ironic.test.ts",
      "faults/network.test.ts",
      "faults/nova.test.ts",
      "faults/volume.test.ts",
      "interruption/chaos.test.ts",
      "interruption/kill.test.ts",
      "orphans/orphans.test.ts",
      "orphans/every-kill.test.ts",
    ],
    jobs: 4,
    timeout: 1200,
    after: "build",
    cloud: "own sandbox",
  },
  {
    name: "interruption",
    about: "killed at API calls and disturbed at random, on the embedded cloud: one of each, nothing left over",
    usual: "3 min",
    folder: "tests/interruption",
    only: ["kill.test.ts", "chaos.test.ts"],
    jobs: 2,
    timeout: 1800,
    cloud: "own sandbox",
    onRequest: true,
  },
  {
    name: "disturbance",
    about: "every kind of request disturbed once, and waits of hours, on the embedded cloud",
    usual: "3 min",
    folder: "tests/disturbance",
    only: ["ironic.test.ts", "nova-metal.test.ts", "long-wait.test.ts"],
    jobs: 2,
    timeout: 900,
    after: "build",
    cloud: "own sandbox",
    onRequest: true,
  },
  {
    name: "orphans",
    about: "what a killed first up leaves is found and taken away, and only that",
    usual: "2 min",
    folder: "tests/orphans",
    jobs: 2,
    timeout: 900,
    cloud: "own sandbox",
    onRequest: true,
  },
  {
    name: "rehearsal",
    about: "`pulumi-baremetal rehearse`, and users' own tests",
    usual: "2 min",
    folder: "tests/rehearsal",
    jobs: 2,
    timeout: 1800,
    after: "build",
  },
  {
    name: "clients",
    about: "openstackclient and openstacksdk, as PyPI has them, on the embedded cloud",
    usual: "3 min",
    folder: "tests/clients",
    jobs: 1,
    timeout: 900,
  },
  {
    name: "contract",
    about: "the resources on a real OpenStack, call by call",
    usual: "7 min",
    folder: "tests/contract",
    jobs: 1,
    timeout: 900,
    cloud: "real",
    onRequest: true,
  },
  {
    name: "faults",
    about: "one fault a class on a real OpenStack: what is said, what is left, what recovers",
    usual: "6 min",
    folder: "tests/faults",
    jobs: 1,
    timeout: 1800,
    after: "build",
    cloud: "real",
    onRequest: true,
  },
  {
    name: "real",
    about: "whole programs on a real OpenStack, by both routes, from create to destroy",
    usual: "6 min",
    folder: "tests/lifecycle",
    only: ["server-nova.test.ts", "server-ironic.test.ts"],
    jobs: 1,
    timeout: 1800,
    after: "build",
    cloud: "real",
  },
  {
    name: "parity-real",
    about: "the recordings are still what the real OpenStack answers",
    usual: "10 min",
    folder: "tests/parity-real",
    jobs: 1,
    timeout: 3600,
    cloud: "real",
    onRequest: true,
  },
  {
    name: "kill-real",
    about: "whole programs killed at API calls on a real OpenStack",
    usual: "15 min",
    folder: "tests/interruption",
    only: ["kill-real.test.ts"],
    jobs: 1,
    timeout: 7200,
    after: "build",
    cloud: "real",
    onRequest: true,
  },
  {
    name: "faults-sandbox",
    about: "one fault a class on the embedded cloud; FAULTS=all: the whole matrix",
    usual: "10 min",
    folder: "tests/faults",
    jobs: 4,
    timeout: 3600,
    after: "build",
    cloud: "own sandbox",
    onRequest: true,
  },
  {
    name: "disturbance-long",
    about:
      "virtual machines disturbed; 30-second hangs at each kind of request; ten real minutes with tokens of two (LONG=1)",
    usual: "25 min",
    folder: "tests/disturbance",
    only: ["nova-virtual.test.ts", "hangs.test.ts", "real-wait.test.ts"],
    jobs: 1,
    timeout: 3600,
    after: "build",
    cloud: "own sandbox",
    onRequest: true,
  },
  {
    name: "real-all",
    about: "all whole programs on a real OpenStack",
    usual: "15 min",
    folder: "tests/lifecycle",
    jobs: 1,
    timeout: 1800,
    after: "build",
    cloud: "real",
    onRequest: true,
  },
];

/** Names for several suites at once. */
export const GROUPS: Record<string, string[]> = { check: ["types", "lint", "generated", "unit"] };

/** The suites that were asked for, in running order; all when nothing was. Throws on a name that does not exist. */
export function chooseSuites(names: string[]): Suite[] {
  const asked = new Set(names.flatMap((name) => GROUPS[name] ?? [name]));
  const unknown = [...asked].filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    const known = [...SUITES.map((suite) => suite.name), ...Object.keys(GROUPS)];
    throw new Error(`There is no test suite ${unknown.join(", ")}. There are: ${known.join(" ")}`);
  }
  // From the last to the first: what a suite needs may need another.
  for (const suite of [...SUITES].reverse()) if (suite.after && asked.has(suite.name)) asked.add(suite.after);
  return SUITES.filter((suite) => (asked.size === 0 ? !suite.onRequest : asked.has(suite.name)));
}
