/** The environment of a user's shell: nothing of the test runner in it, no cloud and no Pulumi settings of whoever runs the tests. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^(OS_|PULUMI_|TAP|NODE_OPTIONS|_TAPJS)/.test(key)),
  );
}
