import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { readProject } from "../engine/project.ts";
import { Crypter, passphraseOf } from "../engine/secrets.ts";
import { RehearsalError } from "./error.ts";

/** A configuration value as the engine takes it. */
export type ConfigValue = string | { value: string; secret: boolean };

/** What a rehearsal takes over from a stack's configuration. */
export interface StackSettings {
  /** Name of the project. */
  readonly project: string;
  /** The stack's file, undefined where there is none. */
  readonly file: string | undefined;
  /** Text of the stack's file without secrets, clouds and secrets providers: what the engine reads in its place. */
  readonly text: string;
  /** What goes over the file: given values, secrets that could be decrypted, and nothing for each `openstack:` key. */
  readonly config: Record<string, ConfigValue>;
  /** `openstack:` keys that were left out. */
  readonly leftOut: readonly string[];
}

/** Where a stack's configuration is, and what is given over it. */
export interface SettingsQuestion {
  readonly folder: string;
  readonly stack: string;
  /** Values over the stack's own; a key without a namespace is the project's. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Where a passphrase may be: PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE. */
  readonly env: NodeJS.ProcessEnv;
}

const CLOUD = /^openstack:/;

/**
 * Reads a stack's configuration for a rehearsal. Every `openstack:` key is left out, for it could name a real cloud.
 * Throws a {@link RehearsalError} that names the encrypted values which can neither be decrypted nor are given.
 */
export function readSettings({ folder, stack, given, env }: SettingsQuestion): StackSettings {
  const project = readProject(folder);
  const fullKey = (key: string) => (key.includes(":") ? key : `${project.name}:${key}`);
  const asked = Object.keys(given).filter((key) => CLOUD.test(key));
  if (asked.length > 0)
    throw new RehearsalError(
      `config: ${asked.join(", ")} cannot be given: a rehearsal takes no cloud but the sandbox. Leave it out.`,
    );
  const path = join(project.stackConfigDirectory, `Pulumi.${stack}.yaml`);
  const file = existsSync(path) ? path : undefined;
  const content = (file ? readYaml(file) : {}) as Record<string, unknown>;
  const stored = Object.fromEntries(
    Object.entries((content["config"] ?? {}) as Record<string, unknown>).map(([key, value]) => [fullKey(key), value]),
  );
  // What is encrypted in the stack stays a secret with its stand-in, too.
  const values = Object.fromEntries(
    Object.entries(given).map(([key, value]): [string, ConfigValue] => {
      const text = textOf(value);
      return [fullKey(key), hasSecret(stored[fullKey(key)]) ? { value: text, secret: true } : text];
    }),
  );
  const leftOut = [...new Set([...Object.keys(stored), ...Object.keys(project.defaults)])].filter((key) =>
    CLOUD.test(key),
  );
  const open = Object.entries(stored).filter(([key, value]) => !CLOUD.test(key) && !hasSecret(value));
  const sealed = Object.entries(stored).filter(
    ([key, value]) => !CLOUD.test(key) && hasSecret(value) && values[key] === undefined,
  );
  return {
    project: project.name,
    file,
    text: stringify({ config: Object.fromEntries(open) }),
    config: {
      ...Object.fromEntries(leftOut.map((key) => [key, ""])),
      ...unseal(sealed, content, env, `Pulumi.${stack}.yaml`, project.name),
      ...values,
    },
    leftOut,
  };
}

function readYaml(file: string): unknown {
  try {
    return parse(readFileSync(file, "utf8")) ?? {};
  } catch (error) {
    throw new RehearsalError(`${file} is no YAML: ${(error as Error).message.split("\n")[0]}`);
  }
}

const textOf = (value: unknown): string => (typeof value === "object" ? JSON.stringify(value) : String(value));

const isSealed = (value: object): value is { secure: string } =>
  Object.keys(value).length === 1 && typeof (value as { secure?: unknown }).secure === "string";

function hasSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return (!Array.isArray(value) && isSealed(value)) || Object.values(value).some(hasSecret);
}

/** Encrypted values in clear, as secrets. */
function unseal(
  sealed: readonly (readonly [string, unknown])[],
  content: Record<string, unknown>,
  env: NodeJS.ProcessEnv,
  file: string,
  project: string,
): Record<string, ConfigValue> {
  if (sealed.length === 0) return {};
  const refuse = (why: string): never => {
    const names = sealed.map(([key]) => key.replace(`${project}:`, ""));
    throw new RehearsalError(
      [
        `${file} has encrypted values that cannot be decrypted here (${why}): ${names.join(", ")}.`,
        "Give them values for the rehearsal, in rehearsal.yaml or with --config KEY=VALUE; any that the program accepts will do:",
        "",
        "  config:",
        ...names.map((name) => `    ${name}: something`),
      ].join("\n"),
    );
  };
  const provider = content["secretsprovider"];
  if (content["encryptedkey"] || (provider && provider !== "passphrase")) return refuse("their key is elsewhere");
  const salt = content["encryptionsalt"];
  const passphrase = passphraseOf(env);
  if (typeof salt !== "string" || passphrase === undefined) return refuse("PULUMI_CONFIG_PASSPHRASE is not set");
  let crypter: Crypter;
  try {
    crypter = Crypter.open(passphrase, salt);
  } catch {
    return refuse("PULUMI_CONFIG_PASSPHRASE is another one");
  }
  const clear = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(clear);
    if (isSealed(value)) return crypter.decrypt(value.secure);
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, clear(one)]));
  };
  return Object.fromEntries(sealed.map(([key, value]) => [key, { value: textOf(clear(value)), secret: true }]));
}
