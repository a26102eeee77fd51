import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Ajv, type ErrorObject } from "ajv";
import { parse, stringify } from "yaml";
import { type Fleet, type FleetFile, readFleet } from "../sandbox/index.ts";
import { RehearsalError } from "./error.ts";
import { eventSchema, type RehearsalEvent, schemaOf, WORDS } from "./events.ts";

/** The name of the file in a project that says how it is rehearsed. */
export const FILE = "rehearsal.yaml";

/** What rehearsal.yaml says; everything may be left out. */
export interface RehearsalFile {
  /** Name of the stack; `Pulumi.<stack>.yaml` is read where there is one. Default `rehearsal`. */
  stack?: string;
  /** Configuration values, over the stack's own. */
  config?: Record<string, unknown>;
  /** Path of a fleet file, from this file's folder, or the fleet itself. Default: nine machines, project demo. */
  fleet?: string | FleetFile;
  /** Times faster than hardware, 1 to 1000. Default 100. */
  speed?: number;
  /** Longest time of one step, in real seconds. Default 300. */
  limit?: number;
  events?: RehearsalEvent[];
}

const SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    stack: { type: "string", pattern: "^[A-Za-z0-9_.-]+$" },
    config: { type: "object" },
    fleet: { type: ["string", "object"] },
    speed: { type: "number", minimum: 1, maximum: 1000 },
    limit: { type: "number", exclusiveMinimum: 0 },
    events: { type: "array", items: eventSchema },
  },
};

/** Reads the rehearsal file of a project; an empty one where there is none. Throws a {@link RehearsalError}. */
export function readRehearsalFile(folder: string): RehearsalFile {
  const path = [FILE, "rehearsal.yml"].map((name) => join(folder, name)).find(existsSync);
  if (!path) return {};
  const file = checkRehearsalFile(readYaml(path), path);
  return typeof file.fleet === "string" ? { ...file, fleet: resolve(dirname(path), file.fleet) } : file;
}

/** Reads a file of events: a list, or an object with `events`. Throws a {@link RehearsalError}. */
export function readEvents(path: string): RehearsalEvent[] {
  const content = readYaml(path);
  return checkRehearsalFile(Array.isArray(content) ? { events: content } : content, path).events ?? [];
}

function readYaml(path: string): unknown {
  try {
    return parse(readFileSync(path, "utf8")) ?? {};
  } catch (error) {
    throw new RehearsalError(`${path} cannot be read: ${(error as Error).message.split("\n")[0]}`);
  }
}

/** Checks what a rehearsal file says. Throws a {@link RehearsalError} with the place and reason of each mistake. */
export function checkRehearsalFile(content: unknown, name: string): RehearsalFile {
  const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
  const mistakes: string[] = [];
  const check = (schema: object, value: unknown, at: string) => {
    const validate = ajv.compile(schema);
    if (validate(value)) return;
    for (const error of validate.errors!) mistakes.push(mistakeOf(error, at));
  };
  check(SCHEMA, content, "");
  const { events } = (content ?? {}) as { events?: unknown };
  // Each kind of event by itself: one schema with alternatives would answer with the mistakes of all of them.
  if (mistakes.length === 0 && Array.isArray(events))
    for (const [index, event] of events.entries())
      check(schemaOf((event as { do: string }).do)!, event, `events[${index}]`);
  if (mistakes.length > 0)
    throw new RehearsalError(`${name} is wrong:\n${[...new Set(mistakes)].map((one) => `  ${one}`).join("\n")}`);
  const file = content as RehearsalFile;
  for (const [index, event] of (file.events ?? []).entries()) sensible(event, `${name} is wrong:\n  events[${index}]`);
  return file;
}

/** Rules that the schema cannot say. */
function sensible(event: RehearsalEvent, at: string): void {
  if (event.recover === "replace" && (!("machine" in event) || event.when !== "after up"))
    throw new RehearsalError(`${at}: recover: replace is for a machine, after up`);
  if (event.expect === "is noticed" && event.when !== "after up")
    throw new RehearsalError(`${at}: expect: is noticed is for what happens after up`);
  if ("machine" in event && event.do === "deploy fails" && event.class !== undefined)
    throw new RehearsalError(`${at}: says machine and class; one of them is enough`);
  if (event.do === "requests fail" && event.requests.path !== undefined)
    try {
      new RegExp(event.requests.path);
    } catch {
      throw new RehearsalError(`${at}.requests.path: ${event.requests.path} is no regular expression`);
    }
}

function mistakeOf({ instancePath, keyword, message, params }: ErrorObject, at: string): string {
  const path = (at + instancePath.replace(/\/(\d+)/g, "[$1]").replaceAll("/", ".")).replace(/^\./, "");
  const where = path || "the file";
  switch (keyword) {
    case "additionalProperties":
      return `${where}: ${params["additionalProperty"]} is not known here`;
    case "required":
      return `${where}: ${params["missingProperty"]} is missing`;
    case "enum":
      return `${where}: is one of ${(path.endsWith(".do") ? WORDS : (params["allowedValues"] as string[])).join(", ")}`;
    case "pattern":
      return path.endsWith(".expect")
        ? `${where}: is recovers, is noticed, fails, or fails with CODE`
        : `${where}: letters, digits, ".", "_" and "-" only`;
    default:
      return `${where}: ${message}`;
  }
}

/** The fleet that a file names or holds; undefined for the sandbox's own. Throws a {@link RehearsalError}. */
export function fleetOf(asked: string | FleetFile | undefined): Fleet | undefined {
  if (asked === undefined) return undefined;
  if (typeof asked === "string") return readable(() => readFleet(asked));
  // As a file, for its mistakes are then told with their places.
  const folder = mkdtempSync(join(tmpdir(), "pulumi-baremetal-fleet-"));
  const path = join(folder, "fleet.yaml");
  try {
    writeFileSync(path, stringify(asked));
    return readable(
      () => readFleet(path),
      (message) => message.replace(`The fleet file ${path}`, "fleet"),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readable(read: () => Fleet, words: (message: string) => string = (message) => message): Fleet {
  try {
    return read();
  } catch (error) {
    throw new RehearsalError(words((error as Error).message));
  }
}
