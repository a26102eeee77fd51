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
  /** Whether it talks to the test cloud. */
  cloud?: boolean;
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
  { name: "unit", about: "the provider's parts alone", usual: "30 s", folder: "tests/unit", jobs: 2, timeout: 60 },
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
    name: "contract",
    about: "the resources on a real OpenStack, call by call",
    usual: "7 min",
    folder: "tests/contract",
    jobs: 1,
    timeout: 600,
    cloud: true,
  },
  {
    name: "lifecycle",
    about: "whole programs on a real OpenStack, from create to destroy",
    usual: "15 min",
    folder: "tests/lifecycle",
    jobs: 1,
    timeout: 1800,
    after: "build",
    cloud: true,
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
  for (const suite of SUITES) if (suite.after && asked.has(suite.name)) asked.add(suite.after);
  return SUITES.filter((suite) => asked.size === 0 || asked.has(suite.name));
}
