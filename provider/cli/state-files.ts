import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Place, tagOf } from "../core/index.ts";
import { UsageError } from "./command.ts";

/** What state files know: ids of objects, and tags of resources. */
export interface KnownObjects {
  readonly ids: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
  /** How many states were read. */
  readonly states: number;
}

interface StoredResource {
  id?: string;
  inputs?: { identity?: unknown };
  outputs?: { place?: Place };
}

/**
 * What is known to states: files that `pulumi stack export` wrote, state files of a file backend, or folders with any of
 * these. Throws {@link UsageError} on a file that is no state.
 */
export function readStates(paths: readonly string[]): KnownObjects {
  const ids = new Set<string>();
  const tags = new Set<string>();
  let states = 0;
  for (const path of paths.flatMap(filesOf)) {
    states++;
    for (const { id, inputs, outputs } of resourcesOf(path)) {
      if (id) ids.add(id);
      const identity = inputs?.identity;
      if (typeof identity === "string" && outputs?.place) tags.add(tagOf(identity, outputs.place.projectId));
    }
  }
  return { ids, tags, states };
}

/** The file itself, or the stacks below a folder; backups and histories are of the past. */
function filesOf(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
  } catch (error) {
    throw new UsageError(`The state ${path} cannot be read: ${(error as Error).message}`);
  }
  const files = readdirSync(path, { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".json") && !/(^|\/)(backups|history|locks|meta\.yaml)(\/|$)/.test(file))
    .map((file) => join(path, file));
}

function resourcesOf(path: string): StoredResource[] {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new UsageError(`The state ${path} is no JSON: ${(error as Error).message}`);
  }
  const { deployment, checkpoint } = (content ?? {}) as {
    deployment?: { resources?: StoredResource[] };
    checkpoint?: { latest?: { resources?: StoredResource[] } | null };
  };
  if (!deployment && !checkpoint)
    throw new UsageError(`${path} is no state: give what \`pulumi stack export\` prints, or a file backend's folder.`);
  return deployment?.resources ?? checkpoint?.latest?.resources ?? [];
}
