import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Place } from "../core/index.ts";
import { UsageError } from "./command.ts";

/** A resource that a state holds. */
export interface KnownResource {
  readonly id?: string;
  /** `project/stack/Type/name`, of resources of this package. */
  readonly identity?: string;
  readonly place?: Place;
}

/** What one stack's state tells. */
export interface StackState {
  /** `project/stack`; undefined where nothing in it tells. */
  readonly stack?: string;
  readonly resources: readonly KnownResource[];
  /** Identities of resources whose create a run began and did not live to end. */
  readonly begun: readonly string[];
  /** Types of components, as identities write them. */
  readonly components: readonly string[];
}

interface Stored {
  readonly urn?: string;
  readonly custom?: boolean;
  readonly id?: string;
  readonly inputs?: { readonly identity?: unknown };
  readonly outputs?: { readonly place?: Place };
}

interface Deployment {
  readonly resources?: readonly Stored[] | null;
  readonly pending_operations?: readonly { readonly type: string; readonly resource: Stored }[] | null;
}

/**
 * What states hold: files that `pulumi stack export` wrote (`-`: its output on stdin), state files of a file backend, plain or
 * gzip'ed, or folders with any of these. Throws {@link UsageError} on what is no state: whatever it holds would look lost.
 */
export function readStates(paths: readonly string[]): StackState[] {
  return paths.flatMap((path) => {
    const files = filesOf(path);
    const states = files.flatMap((file) => readState(file, file === path) ?? []);
    if (states.length === 0) throw new UsageError(`There is no state below ${path}.`);
    return states;
  });
}

/** The file itself, or those below a folder: of a backend's folder the stacks, not their backups and histories. */
function filesOf(path: string): string[] {
  if (path === "-" || !isFolder(path)) return [path];
  const stacks = [join(path, ".pulumi/stacks"), join(path, "stacks")].find((folder) => isFolder(folder, true));
  return readdirSync(stacks ?? path, { recursive: stacks !== undefined, encoding: "utf8" })
    .filter((file) => /\.json(\.gz)?$/.test(file))
    .sort()
    .map((file) => join(stacks ?? path, file));
}

function isFolder(path: string, mayLack = false): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (mayLack) return false;
    throw new UsageError(`The state ${path} cannot be read: ${(error as Error).message}`);
  }
}

/** One file; undefined where it is JSON of another kind, which only a folder may hold. */
function readState(path: string, named: boolean): StackState | undefined {
  let content: unknown;
  try {
    const bytes = readFileSync(path === "-" ? 0 : path);
    content = JSON.parse((bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8"));
  } catch (error) {
    throw new UsageError(`The state ${path} cannot be read: ${(error as Error).message}`);
  }
  const { deployment, checkpoint } = (content ?? {}) as {
    deployment?: Deployment | null;
    checkpoint?: { stack?: string; latest?: Deployment | null };
  };
  if (deployment !== undefined || checkpoint !== undefined)
    return stateOf(deployment ?? checkpoint?.latest ?? {}, checkpoint?.stack);
  if (!named) return undefined;
  throw new UsageError(`${path} is no state: give what \`pulumi stack export\` prints, or a file backend's folder.`);
}

/** @param name `organization/project/stack`, as a file backend writes it */
function stateOf({ resources, pending_operations: pending }: Deployment, name?: string): StackState {
  const all = resources ?? [];
  const begun = (pending ?? []).filter(({ type }) => type === "creating").map(({ resource }) => resource);
  const stack = name?.split("/").slice(-2).join("/") ?? stackIn([...all, ...begun]);
  return {
    ...(stack === undefined ? {} : { stack }),
    resources: all.map(({ id, inputs, outputs }) => ({
      ...(id === undefined ? {} : { id }),
      ...(typeof inputs?.identity === "string" ? { identity: inputs.identity } : {}),
      ...(outputs?.place ? { place: outputs.place } : {}),
    })),
    begun: begun.flatMap(({ inputs }) => (typeof inputs?.identity === "string" ? [inputs.identity] : [])),
    components: [...new Set(all.filter(({ custom }) => !custom).flatMap(({ urn }) => typeIn(urn)))],
  };
}

const partsOf = (urn = "") => /^urn:pulumi:(.*?)::(.*?)::(.*?)::/.exec(urn)?.slice(1);

function stackIn(resources: readonly Stored[]): string | undefined {
  const [stack, project] = partsOf(resources.find(({ urn }) => partsOf(urn))?.urn) ?? [];
  return project === undefined ? undefined : `${project}/${stack}`;
}

function typeIn(urn: string | undefined): string[] {
  const type = partsOf(urn)?.[2]?.replace("pulumi:pulumi:Stack$", "").replaceAll("/", ".");
  return type === undefined || type === "pulumi:pulumi:Stack" ? [] : [type];
}
