import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { Failure, type FailureDetails } from "../core/failure.ts";
import { type FileReader, readCloudsYaml } from "./clouds-yaml.ts";
import type { CloudConfig, EndpointInterface, TlsConfig } from "./config.ts";
import { type Chosen, chooseCredential, chooseScope } from "./credential.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { emptyLayer, isTrue, type Layer, type Sourced, type ValueName } from "./layer.ts";
import { redactUrl, Secret } from "./redact.ts";
import { readStackConfig, type StackConfig } from "./stack-config.ts";

export type { FileReader } from "./clouds-yaml.ts";

/** Where configuration is read from, so that tests can give their own. What is left out is empty. */
export interface ConfigSources {
  /** The stack's configuration by full key: `openstack:authUrl`. */
  stack?: StackConfig;
  env?: Environment;
  readFile?: FileReader;
  /** The working directory: relative paths start here. Default `/`. */
  directory?: string;
  home?: string;
}

/** The sources of this process; only the stack's configuration must be given. */
export function systemSources(stack?: StackConfig): ConfigSources {
  return {
    ...(stack && { stack }),
    env: process.env,
    directory: process.cwd(),
    home: homedir(),
    readFile(file) {
      try {
        return readFileSync(file, "utf8");
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        if (code === "ENOENT" || code === "ENOTDIR") return undefined;
        throw error;
      }
    },
  };
}

/**
 * Reads a cloud's configuration. Pure but for the given readers.
 *
 * Precedence, for each value by itself:
 * 1. the stack's configuration, namespace `openstack:`, keys as @pulumi/openstack names them;
 * 2. OS_* variables;
 * 3. the clouds.yaml entry named by `openstack:cloud`, else by OS_CLOUD, else the file's only entry where neither the
 *    stack nor the environment gives an auth URL; within it secure.yaml, then the region's own values, the entry, its
 *    profile in clouds-public.yaml.
 *
 * Values that mean one thing count as one: id and name of a project, a user, a domain or an application credential
 * come from the first source that has either. How to log in is decided by the first source that holds a secret
 * (application credential, token, password, in this order unless `auth_type` says otherwise).
 *
 * One thing is refused rather than decided: a stack that names a cloud while OS_* variables point to another auth URL
 * or project. @pulumi/openstack would follow the stack, the order above the shell; machines must not end up in two clouds.
 *
 * @throws Failure `no-credentials`: one for all that is wrong, naming each source, what it has and what it lacks
 */
export function resolveCloudConfig(sources: ConfigSources = {}): CloudConfig {
  const env = sources.env ?? {};
  const stack = sources.stack ? readStackConfig(sources.stack) : emptyLayer("stack configuration (openstack:)");
  const environment = readEnvironment(env);
  const { layer: files, cloud } = readFiles(sources, env, stack, environment);
  const layers = [stack, environment, files];
  const problems = conflicts(stack, environment, files);
  const pick = picker(layers);

  const authUrl = pick("authUrl");
  const url = authUrl && identityUrl(authUrl.value);
  if (authUrl && !url) problems.push(`${authUrl.source} is not an http(s) address: ${redactUrl(authUrl.value)}`);
  const chosen = chooseCredential(layers);
  const scope = chooseScope(layers, chosen);
  const tls = readTls(pick, sources, problems);
  const endpointInterface = readInterface(pick("interface"), problems);
  const maxRetries = readCount(pick("maxRetries"), problems);
  const missing = [...(authUrl ? [] : ["an auth URL"]), ...chosen.missing, ...scope.missing];
  problems.push(...chosen.problems);
  // An asked-for cloud that is not there is wrong even where the rest would do.
  const absent = files.problems.length > 0 && (pick("cloud") !== undefined || missing.length > 0);
  if (missing.length || problems.length || absent || !chosen.credential || !scope.scope || !url) {
    throw incomplete(layers, missing, problems);
  }

  const overrides: Record<string, Sourced> = Object.assign({}, ...layers.map((one) => one.endpointOverrides).reverse());
  const region = pick("region");
  return {
    authUrl: url,
    credential: chosen.credential,
    scope: scope.scope,
    ...(region && { region: region.value }),
    interface: endpointInterface,
    endpointOverrides: Object.fromEntries(Object.entries(overrides).map(([type, { value }]) => [type, value])),
    tls,
    ...(maxRetries !== undefined && { maxRetries }),
    allowReauth: pick("allowReauth") ? isTrue(pick("allowReauth")!.value) : true,
    ...(cloud && { cloud }),
    sources: remember(pick, chosen, overrides, cloud !== undefined),
  };
}

function readFiles(sources: ConfigSources, env: Environment, stack: Layer, environment: Layer) {
  const cloud = stack.values.cloud ?? environment.values.cloud;
  const enough = stack.values.authUrl ?? environment.values.authUrl;
  if (!cloud && enough) {
    const layer = emptyLayer("clouds.yaml");
    layer.problems.push(`not read, as ${enough.source} is set and no cloud is named`);
    return { layer, cloud: undefined };
  }
  return readCloudsYaml({
    readFile: sources.readFile ?? (() => undefined),
    env,
    directory: sources.directory ?? "/",
    home: sources.home ?? "/",
    cloud: cloud?.value,
    region: (stack.values.region ?? environment.values.region)?.value,
  });
}

/** Picks a value from the first layer that has it. */
type Picker = (name: ValueName) => Sourced | undefined;

function picker(layers: readonly Layer[]): Picker {
  return (name) => layers.map((layer) => layer.values[name]).find((found) => found !== undefined);
}

/** A cloud named by the stack, and a shell that points elsewhere. */
function conflicts(stack: Layer, environment: Layer, files: Layer): string[] {
  const cloud = stack.values.cloud;
  if (!cloud) return [];
  const found: string[] = [];
  for (const name of ["authUrl", "projectId", "projectName"] as const) {
    const shell = environment.values[name];
    const file = files.values[name];
    if (!shell || !file || stack.values[name]) continue;
    const same = name === "authUrl" ? identityUrl(shell.value) === identityUrl(file.value) : shell.value === file.value;
    if (!same) {
      found.push(
        `openstack:cloud names "${cloud.value}", but ${shell.source} points elsewhere than ${file.source}; unset ${shell.source}, or say in the stack's configuration which one is meant`,
      );
    }
  }
  return found;
}

/** Keystone's v3 root for what users write: with or without version, with a slash at the end. */
export function identityUrl(text: string): string | undefined {
  if (!URL.canParse(text.trim())) return undefined;
  const url = new URL(text.trim());
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  const base = url.pathname.replace(/\/+$/, "").replace(/\/v[23](\.\d+)?$/, "");
  return `${url.origin}${base}/v3`;
}

function readTls(pick: Picker, sources: ConfigSources, problems: string[]): TlsConfig {
  const pem = (name: "cacert" | "cert" | "key"): string | undefined => {
    const found = pick(name);
    if (!found) return undefined;
    // @pulumi/openstack takes a path or the text itself.
    if (found.value.includes("-----BEGIN")) return found.value;
    const home = sources.home ?? "/";
    const expanded = found.value.replace(/^~(?=\/|$)/, home);
    const file = path.resolve(sources.directory ?? "/", expanded);
    let reason = "does not exist";
    try {
      const text = sources.readFile?.(file);
      if (text !== undefined) return text;
    } catch (error) {
      reason = `cannot be read (${(error as { code?: string }).code ?? "error"})`;
    }
    problems.push(`${file} (from ${found.source}) ${reason}`);
    return undefined;
  };
  const ca = pem("cacert");
  const cert = pem("cert");
  const key = pem("key");
  return {
    verify: !isTrue(pick("insecure")?.value),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key: new Secret(key) }),
  };
}

function readInterface(found: Sourced | undefined, problems: string[]): EndpointInterface {
  const name = (found?.value ?? "public").replace(/URL$/, "");
  if (name === "public" || name === "internal" || name === "admin") return name;
  problems.push(`${found?.source} must be public, internal or admin`);
  return "public";
}

function readCount(found: Sourced | undefined, problems: string[]): number | undefined {
  if (!found) return undefined;
  if (/^\d+$/.test(found.value)) return Number(found.value);
  problems.push(`${found.source} must be a whole number`);
  return undefined;
}

function remember(pick: Picker, chosen: Chosen, overrides: Record<string, Sourced>, fromFile: boolean) {
  const sources: Record<string, string> = {};
  const plain = ["authUrl", "region", "interface", "cacert", "cert", "key", "insecure", "maxRetries"] as const;
  for (const name of [...plain, "allowReauth", "systemScope"] as const) {
    const found = pick(name);
    if (found) sources[name] = found.source;
  }
  const cloud = pick("cloud");
  if (fromFile) sources["cloud"] = cloud?.source ?? "the only entry of clouds.yaml";
  Object.assign(sources, chosen.sources);
  for (const [type, { source }] of Object.entries(overrides)) sources[`endpointOverrides.${type}`] = source;
  return sources;
}

/** Which needs a source's own values meet, for the message. */
const NEEDS: readonly [string, readonly ValueName[]][] = [
  ["auth URL", ["authUrl"]],
  ["user", ["userId", "userName", "applicationCredentialId", "token"]],
  ["secret", ["password", "token", "applicationCredentialSecret"]],
  ["project", ["projectId", "projectName", "applicationCredentialId", "applicationCredentialName", "systemScope"]],
];

function incomplete(layers: readonly Layer[], missing: readonly string[], problems: readonly string[]): Failure {
  const tried = layers.map((layer) => {
    const has = Object.values(layer.values).map(({ source }) => source.split(" ").at(-1)!);
    const lacks = NEEDS.filter(([, names]) => !names.some((name) => layer.values[name])).map(([need]) => need);
    const facts = [
      has.length ? `has ${has.join(", ")}` : layer.problems.length ? "" : "has nothing",
      missing.length && lacks.length && !(layer.problems.length && !has.length) ? `lacks ${lacks.join(", ")}` : "",
      ...layer.problems,
    ];
    return `- ${layer.label}: ${facts.filter(Boolean).join("; ")}`;
  });
  const head = missing.length
    ? `the OpenStack configuration is incomplete: ${missing.join(", ")} missing`
    : "the OpenStack configuration is wrong";
  const details: FailureDetails = {
    code: "no-credentials",
    what: [`${head}. Tried, in this order:`, ...tried, ...problems.map((problem) => `- wrong: ${problem}`)].join("\n"),
    mover: "you",
    next: problems.length
      ? "correct what is wrong above"
      : "set `pulumi config set openstack:cloud NAME` (clouds.yaml) or the OS_* variables of your cloud's openrc file",
  };
  return new Failure(details);
}
