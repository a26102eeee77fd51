import path from "node:path";
import { parseDocument } from "yaml";
import type { Environment } from "./environment.ts";
import { emptyLayer, type Layer, textOf, type ValueName } from "./layer.ts";

/** A file's text; `undefined` where there is no such file. Throws where it cannot be read. */
export type FileReader = (file: string) => string | undefined;

/** Where clouds.yaml is looked for. */
export interface CloudsSearch {
  readFile: FileReader;
  env: Environment;
  /** The working directory. */
  directory: string;
  /** The user's home folder. */
  home: string;
  /** The cloud asked for; where left out the only one of the file counts. */
  cloud?: string | undefined;
  /** The region asked for elsewhere; chooses among an entry's `regions`. */
  region?: string | undefined;
}

/** Where each value stands in an entry; a dotted path, the first that is there counts. */
const PATHS: Partial<Record<ValueName, readonly string[]>> = {
  authUrl: ["auth.auth_url"],
  authType: ["auth_type"],
  userId: ["auth.user_id"],
  userName: ["auth.username"],
  userDomainId: ["auth.user_domain_id"],
  userDomainName: ["auth.user_domain_name"],
  password: ["auth.password"],
  token: ["auth.token"],
  applicationCredentialId: ["auth.application_credential_id"],
  applicationCredentialName: ["auth.application_credential_name"],
  applicationCredentialSecret: ["auth.application_credential_secret"],
  projectId: ["auth.project_id", "auth.tenant_id"],
  projectName: ["auth.project_name", "auth.tenant_name"],
  projectDomainId: ["auth.project_domain_id"],
  projectDomainName: ["auth.project_domain_name"],
  domainId: ["auth.domain_id"],
  domainName: ["auth.domain_name"],
  defaultDomain: ["auth.default_domain", "auth.default_domain_id"],
  systemScope: ["auth.system_scope"],
  region: ["region_name"],
  interface: ["interface", "endpoint_type"],
  cacert: ["cacert"],
  cert: ["cert"],
  key: ["key"],
  insecure: ["insecure"],
};

type Entry = Record<string, unknown>;

/** A part of the answer: an entry of one file, named for messages. */
interface Part {
  entry: Entry;
  where: string;
}

interface Loaded {
  file: string;
  entries: Record<string, Entry>;
}

/** The result of the search: what the entry gives, and all files' clouds for messages. */
export interface CloudsAnswer {
  layer: Layer;
  /** The entry that was used. */
  cloud?: string;
}

/**
 * Reads a cloud's entry from clouds.yaml, secure.yaml and clouds-public.yaml.
 *
 * - clouds.yaml: `OS_CLIENT_CONFIG_FILE` alone where it is set; else the first of the working directory, the user's
 *   configuration folder (`$XDG_CONFIG_HOME` or `~/.config`, then `openstack/`) and `/etc/openstack`. `.yml` is as good.
 * - secure.yaml: `OS_CLIENT_SECURE_FILE`, else beside the clouds.yaml found, else the same search. Its values come first.
 * - an entry's `profile` (or `cloud`) names an entry of clouds-public.yaml (`public-clouds`), found the same way, whose
 *   values fill what the entry leaves out.
 * - an entry's `regions` may hold `{name, values}`; the values of the region in use come before the entry's own.
 */
export function readCloudsYaml(search: CloudsSearch): CloudsAnswer {
  const layer = emptyLayer("clouds.yaml");
  const clouds = load(search, "clouds", search.env["OS_CLIENT_CONFIG_FILE"], "clouds", [], layer.problems);
  const beside = clouds ? [path.dirname(clouds.file)] : [];
  const secure = load(search, "secure", search.env["OS_CLIENT_SECURE_FILE"], "clouds", beside);
  const names = [...new Set([...Object.keys(clouds?.entries ?? {}), ...Object.keys(secure?.entries ?? {})])];
  if (!names.length && !search.cloud) return { layer };
  const cloud = search.cloud ?? (names.length === 1 ? names[0]! : undefined);
  if (cloud === undefined) {
    layer.problems.push(`${clouds?.file} has ${names.join(", ")} and none is named by openstack:cloud or OS_CLOUD`);
    return { layer };
  }
  if (!names.includes(cloud)) {
    if (clouds) layer.problems.push(`${clouds.file} has no cloud "${cloud}" (it has ${names.join(", ") || "none"})`);
    return { layer };
  }
  layer.label = `clouds.yaml (${clouds?.file ?? secure?.file}, cloud ${cloud})`;
  const parts: Part[] = [];
  const add = (loaded: Loaded | undefined, name: string, root = "clouds") => {
    const entry = loaded?.entries[name];
    if (entry && loaded) parts.push({ entry, where: `${loaded.file} ${root}.${name}` });
  };
  add(secure, cloud);
  add(clouds, cloud);
  const profile = textOf(first(parts, "profile")?.value) ?? textOf(first(parts, "cloud")?.value);
  if (profile) {
    const vendors = load(search, "clouds-public", undefined, "public-clouds", beside);
    if (vendors?.entries[profile]) add(vendors, profile, "public-clouds");
    else layer.problems.push(`profile "${profile}" is in no clouds-public.yaml`);
  }
  const region = search.region ?? textOf(first(parts, "region_name")?.value);
  fill(layer, withRegion(parts, region, layer));
  return { layer, cloud };
}

function fill(layer: Layer, parts: readonly Part[]): void {
  for (const [name, paths] of Object.entries(PATHS) as [ValueName, readonly string[]][]) {
    for (const dotted of paths) {
      const found = first(parts, dotted);
      const value = textOf(Array.isArray(found?.value) ? found.value[0] : found?.value);
      if (!found || value === undefined) continue;
      layer.values[name] = { value, source: `${found.where}.${dotted}` };
      break;
    }
  }
  const verify = first(parts, "verify");
  if (verify && textOf(verify.value) !== undefined && !layer.values.insecure) {
    const value = String(/^(false|no|off|0)$/i.test(textOf(verify.value)!));
    layer.values.insecure = { value, source: `${verify.where}.verify` };
  }
  for (const part of [...parts].reverse()) {
    for (const [key, value] of Object.entries(part.entry)) {
      const type = /^(.+)_endpoint_override$/.exec(key)?.[1];
      const text = type && textOf(value);
      if (text) layer.endpointOverrides[type.replaceAll("_", "-")] = { value: text, source: `${part.where}.${key}` };
    }
  }
}

function withRegion(parts: readonly Part[], wanted: string | undefined, layer: Layer): readonly Part[] {
  const listed = first(parts, "regions");
  if (!listed || !Array.isArray(listed.value)) return parts;
  const regions: { name: string; values: Entry }[] = listed.value.flatMap((one: unknown) => {
    if (typeof one === "string") return [{ name: one, values: {} }];
    if (!isEntry(one) || typeof one["name"] !== "string") return [];
    return [{ name: one["name"], values: isEntry(one["values"]) ? one["values"] : {} }];
  });
  const region = wanted ? regions.find((one) => one.name === wanted) : regions.length === 1 ? regions[0] : undefined;
  if (!region) return parts;
  const where = `${listed.where}.regions.${region.name}`;
  if (!wanted) layer.values.region = { value: region.name, source: where };
  return [{ entry: region.values, where }, ...parts];
}

/** The first part that has something under a dotted path. */
function first(parts: readonly Part[], dotted: string): { value: unknown; where: string } | undefined {
  for (const { entry, where } of parts) {
    let value: unknown = entry;
    for (const key of dotted.split(".")) value = isEntry(value) ? value[key] : undefined;
    if (value !== undefined && value !== null) return { value, where };
  }
  return undefined;
}

function load(
  search: CloudsSearch,
  name: string,
  only: string | undefined,
  root: string,
  beside: readonly string[],
  problems: string[] = [],
): Loaded | undefined {
  const candidates = only ? [path.resolve(search.directory, only)] : candidatesFor(search, name, beside);
  for (const file of candidates) {
    let text: string | undefined;
    try {
      text = search.readFile(file);
    } catch (error) {
      problems.push(`${file} cannot be read (${(error as { code?: string }).code ?? "error"})`);
      continue;
    }
    if (text === undefined) continue;
    const document = parseDocument(text, { prettyErrors: false });
    const wrong = document.errors[0];
    if (wrong) {
      // The parser's own message would quote the line, and a password with it.
      const line = text.slice(0, wrong.pos[0]).split("\n").length;
      problems.push(`${file} is not valid YAML (${wrong.code} in line ${line})`);
      return undefined;
    }
    const content: unknown = document.toJS();
    const section = isEntry(content) ? content[root] : undefined;
    if (!isEntry(section)) {
      problems.push(`${file} has no "${root}:" section`);
      return undefined;
    }
    const entries = Object.entries(section).flatMap(([key, value]) => (isEntry(value) ? [[key, value] as const] : []));
    return { file, entries: Object.fromEntries(entries) };
  }
  problems.push(
    only ? `${candidates[0]} (OS_CLIENT_CONFIG_FILE) does not exist` : `not found (${folders(candidates)})`,
  );
  return undefined;
}

function candidatesFor({ env, home, directory }: CloudsSearch, name: string, beside: readonly string[]): string[] {
  const user = env["XDG_CONFIG_HOME"] || path.join(home, ".config");
  const places = [...beside, directory, path.join(user, "openstack"), "/etc/openstack"];
  return [...new Set(places)].flatMap((folder) => [
    path.join(folder, `${name}.yaml`),
    path.join(folder, `${name}.yml`),
  ]);
}

function folders(files: readonly string[]): string {
  return `looked in ${[...new Set(files.map((file) => path.dirname(file)))].join(", ")}`;
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
