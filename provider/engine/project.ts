/** Reads Pulumi.yaml. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { EngineError } from "./errors.ts";
import { Refusal } from "./refusals.ts";

/** A Pulumi project, as far as the engine needs it. */
export interface Project {
  name: string;
  /** The folder of Pulumi.yaml. */
  directory: string;
  /** The folder the program runs in. */
  programDirectory: string;
  /** What Node.js is asked to run, relative to the program's folder. */
  entryPoint: string;
  /** Whether Pulumi compiles TypeScript on the fly. */
  typescript: boolean;
  nodeArguments: string[];
  /** Configuration values the project sets for every stack, by full key. */
  defaults: Record<string, unknown>;
  backendUrl: string | undefined;
  /** The folder of the stacks' configuration files. */
  stackConfigDirectory: string;
}

/** Reads the project in a folder; throws when there is none or when it is not a Node.js project. */
export function readProject(directory: string): Project {
  const file = ["Pulumi.yaml", "Pulumi.yml"].map((name) => join(directory, name)).find(existsSync);
  if (!file) throw new EngineError(`no Pulumi.yaml project file found in ${directory}`);
  const yaml = (parse(readFileSync(file, "utf8")) ?? {}) as Record<string, unknown>;
  if (typeof yaml["name"] !== "string") throw new EngineError(`${file} has no project name`);
  const runtime = yaml["runtime"];
  const { name: runtimeName, options = {} } = (typeof runtime === "string" ? { name: runtime } : (runtime ?? {})) as {
    name?: string;
    options?: Record<string, unknown>;
  };
  if (runtimeName !== "nodejs") throw new Refusal("runtime", String(runtimeName));
  if (yaml["packages"]) throw new Refusal("packages");
  const main = typeof yaml["main"] === "string" ? resolve(directory, yaml["main"]) : directory;
  const mainIsFolder = !existsSync(main) || statSync(main).isDirectory();
  return {
    name: yaml["name"],
    directory,
    programDirectory: mainIsFolder ? main : resolve(main, ".."),
    entryPoint: mainIsFolder ? "." : main,
    typescript: options["typescript"] !== false,
    nodeArguments: String(options["nodeargs"] ?? "")
      .split(/\s+/)
      .filter(Boolean),
    defaults: projectDefaults(yaml["name"], (yaml["config"] ?? {}) as Record<string, unknown>),
    backendUrl: (yaml["backend"] as { url?: string } | undefined)?.url,
    stackConfigDirectory: resolve(directory, String(yaml["stackConfigDir"] ?? ".")),
  };
}

/** Values of the `config` block: `key: value`, or a schema with `value` or `default`. */
function projectDefaults(project: string, config: Record<string, unknown>): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(config)) {
    const schema = entry as { value?: unknown; default?: unknown; secret?: boolean } | null;
    const isSchema = typeof schema === "object" && schema !== null && !Array.isArray(schema);
    if (isSchema && schema.secret) throw new Refusal("project-secret", `config.${key}`);
    const value = isSchema ? (schema.value ?? schema.default) : entry;
    if (value !== undefined) defaults[key.includes(":") ? key : `${project}:${key}`] = value;
  }
  return defaults;
}
