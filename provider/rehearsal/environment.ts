import { join } from "node:path";

/** Variables that could lead a program to a real cloud, or to the user's own Pulumi. */
const NEVER = /^(OS_|PULUMI_|ST_AUTH|SWIFT_)/;

/**
 * The environment of a rehearsed program: the sandbox's OS_* in place of all others, no clouds.yaml of anybody, nothing of
 * the user's own Pulumi.
 * @param inherited the caller's environment
 * @param sandbox what the sandbox says: OS_AUTH_URL and the rest
 * @param folder the rehearsal's own folder; an empty clouds.yaml and secure.yaml are expected in it
 */
export function safeEnvironment(
  inherited: NodeJS.ProcessEnv,
  sandbox: Readonly<Record<string, string>>,
  folder: string,
): NodeJS.ProcessEnv {
  const kept = Object.entries(inherited).filter(([name]) => !NEVER.test(name.toUpperCase()));
  return {
    ...Object.fromEntries(kept),
    ...sandbox,
    OS_CLIENT_CONFIG_FILE: join(folder, "clouds.yaml"),
    OS_CLIENT_SECURE_FILE: join(folder, "secure.yaml"),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  };
}
