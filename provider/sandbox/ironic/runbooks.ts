import type { Answer, Call, Json } from "../kernel/call.ts";
import { isObject, isUuid } from "../kernel/input.ts";
import { repr } from "../kernel/python.ts";
import type { Schema } from "../kernel/schema.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Table } from "../kernel/store.ts";
import { checkKnown, created, linksOf, nothing, ok, only, pageOf, shownFields, versioned } from "./answers.ts";
import { argumentsOf, isName, read } from "./arguments.ts";
import { stepId } from "./conductor/steps.ts";
import { aborted, denied, fault, notAcceptable } from "./errors.ts";
import { dashed, type Ironic } from "./ironic.ts";
import { masked } from "./node-view.ts";
import { applyPatch, checkAllowed, type Operation, readPatch, valuesOf } from "./patch.ts";
import { authorize, listScope, may } from "./policy.ts";
import type { NodeRow, Step, StepsRow } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import { type Kind, RUNBOOK, schemaOf, TEMPLATE } from "./step-kinds.ts";
import { TRAIT } from "./traits.ts";
import { minor } from "./versions.ts";

/** The routes of runbooks and deploy templates. */
export function stepsRoutes(ironic: Ironic): Route[] {
  return [RUNBOOK, TEMPLATE].flatMap((kind) => {
    const book = new Steps(ironic, kind);
    const path = `/v1/${kind.path}`;
    const at = (method: string, rest: string, handle: (call: Call) => Answer) =>
      route(
        method,
        path + rest,
        versioned((call) => {
          book.checkVersion(call);
          return handle(call);
        }),
      );
    const routes = [
      at("GET", "", (call) => book.list(call)),
      at("POST", "", (call) => book.create(call)),
      at("GET", "/{ident}", (call) => book.show(call)),
      at("PATCH", "/{ident}", (call) => book.change(call)),
      at("DELETE", "/{ident}", (call) => book.remove(call)),
    ];
    if (kind === RUNBOOK)
      routes.push(
        at("GET", "/{ident}/traits", (call) => book.traits(call)),
        at("PUT", "/{ident}/traits", (call) => book.setTraits(call)),
        at("PUT", "/{ident}/traits/{trait}", (call) => book.addTrait(call)),
        at("DELETE", "/{ident}/traits", (call) => book.removeTraits(call)),
        at("DELETE", "/{ident}/traits/{trait}", (call) => book.removeTraits(call)),
      );
    return routes;
  });
}

/** Runbooks, or deploy templates. */
class Steps {
  readonly #ironic: Ironic;
  readonly #kind: Kind;
  readonly #table: Table<StepsRow>;

  constructor(ironic: Ironic, kind: Kind) {
    this.#ironic = ironic;
    this.#kind = kind;
    this.#table = kind === RUNBOOK ? ironic.tables.runbooks : ironic.tables.templates;
  }

  checkVersion(call: Call): void {
    if (minor(call) >= this.#kind.since) return;
    const words = this.#kind === RUNBOOK ? "runbooks" : "deploy templates";
    throw aborted(call.method === "GET" ? 404 : 405, `The API version does not allow ${words}`);
  }

  #policy(what: string): string {
    return `baremetal:${this.#kind.word}:${what}`;
  }

  list(call: Call): Answer {
    const query = argumentsOf(call, {
      marker: "name",
      limit: "integer",
      sort_key: "string",
      sort_dir: "string",
      fields: "list",
      detail: "boolean",
      ...(this.#kind === RUNBOOK ? { project: "boolean" as const } : {}),
    });
    let scope: string | undefined;
    if (this.#kind === RUNBOOK) scope = listScope(call.caller, "runbook");
    else authorize(call.caller, this.#policy("get"));
    const fields = shownFields(
      minor(call),
      query["fields"] as string[] | undefined,
      query["detail"] as boolean | undefined,
      ["uuid", "name"],
    );
    checkKnown(fields, this.#known(call));
    const rows = this.#table.filter((row) => !scope || row.owner === scope || row.public);
    return pageOf(
      this.#ironic,
      call,
      rows,
      query,
      {
        name: this.#kind.path,
        idOf: (row) => row.id,
        columns: ["uuid", "name", "created_at", "updated_at", "owner", "public", "disable_ramdisk", "description"],
        unsortable: ["extra", "steps", "traits"],
        exists: (marker) => this.#table.get(marker) !== undefined,
        unknown: (marker) => this.#missing(marker),
      },
      {
        show: (row) => only(this.#show(call, row), fields),
        parameters: query["detail"] === undefined ? {} : { detail: query["detail"] },
        fields,
      },
    );
  }

  #known(call: Call): string[] {
    const known = ["uuid", "created_at", "updated_at", "name", "extra", "steps", "links"];
    if (this.#kind === TEMPLATE) return known;
    known.push("public", "owner", "disable_ramdisk");
    return minor(call) >= 112 ? [...known, "description", "traits"] : known;
  }

  #show(call: Call, row: StepsRow): Json {
    const { priority, path } = this.#kind;
    const all: Json = {
      uuid: row.id,
      created_at: row.created_at,
      updated_at: row.updated_at,
      name: row.name,
      extra: row.extra,
      public: row.public,
      owner: row.owner,
      disable_ramdisk: row.disable_ramdisk,
      description: row.description,
      traits: row.traits,
      steps: row.steps.map((step) => ({
        interface: step.interface,
        step: step.step,
        args: masked(step.args ?? {}),
        [priority]: step[priority] ?? 0,
      })),
      links: linksOf(this.#ironic.base(call), `${path}/${row.id}`),
    };
    return only(all, this.#known(call));
  }

  #missing(ident: string): Error {
    return fault(404, `${this.#kind.title} ${ident} could not be found.`);
  }

  #find(ident: string): StepsRow {
    if (!isName(ident)) throw fault(400, `Expected UUID or name for ${this.#kind.word}_ident: ${ident}`);
    const row = isUuid(ident) ? this.#table.get(dashed(ident)) : this.#table.by("name", ident)[0];
    if (!row) throw this.#missing(ident);
    return row;
  }

  #allowed(call: Call, policy: string): StepsRow {
    if (this.#kind === TEMPLATE) authorize(call.caller, this.#policy(policy));
    const row = this.#find(call.params["ident"] ?? "");
    if (this.#kind === RUNBOOK && !may(call.caller, this.#policy(policy), row)) {
      if (policy === "get" && row.public) return row;
      // The real one's words: it forgets to fill them in.
      if (policy === "get") throw denied("%(resource)s");
      throw denied(this.#policy(policy));
    }
    return row;
  }

  show(call: Call): Answer {
    const { fields } = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
    const row = this.#allowed(call, "get");
    checkKnown(fields, this.#known(call));
    return ok(only(this.#show(call, row), fields));
  }

  create(call: Call): Answer {
    authorize(call.caller, this.#policy("create"));
    const name = this.#kind === RUNBOOK ? "runbook" : "template";
    const body: unknown = call.body ?? {};
    checkSchema(name, schemaOf(this.#kind, minor(call)), body);
    if (!isObject(body)) throw fault(400, "Schema error");
    this.#checkSteps(body["steps"] as Step[]);
    read("uuid", "uuid", body["uuid"]);
    const { caller } = call;
    let owner = (body["owner"] ?? null) as string | null;
    if (this.#kind === RUNBOOK && !caller.system) {
      if (owner && owner !== caller.projectId)
        throw fault(
          400,
          "Cannot create a runbook as a project scoped admin with an owner other than your own project.",
        );
      if (caller.projectId && body["public"])
        throw fault(400, "Cannot create a public runbook as a project scoped admin.");
      owner = caller.projectId || null;
    }
    const row: StepsRow = {
      id: typeof body["uuid"] === "string" ? dashed(body["uuid"]) : this.#ironic.world.random.uuid(),
      created_at: this.#ironic.now(),
      updated_at: null,
      name: String(body["name"]),
      steps: stepsOf(body["steps"]),
      extra: (body["extra"] ?? {}) as Json,
      description: (body["description"] ?? null) as string | null,
      owner,
      public: body["public"] === true,
      disable_ramdisk: body["disable_ramdisk"] === true,
      traits: [],
    };
    this.#checkUnique(row);
    if (this.#table.get(row.id))
      throw fault(409, `A ${this.#kind.title.toLowerCase()} with UUID ${row.id} already exists.`);
    this.#table.put(row);
    return created(this.#ironic, call, `${this.#kind.path}/${row.id}`, this.#show(call, row));
  }

  #checkUnique(row: StepsRow): void {
    if (this.#table.by("name", row.name).some((other) => other.id !== row.id))
      throw fault(409, `A ${this.#kind.title.toLowerCase()} with name ${row.name} already exists.`);
  }

  #checkSteps(steps: readonly Step[]): void {
    const ids = steps.map(stepId);
    const twice = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
    if (twice.length === 0) return;
    const told = twice.map((id) => `interface: ${id.split(".")[0]}, step: ${id.slice(id.indexOf(".") + 1)}`);
    throw fault(
      400,
      `Deploy template invalid: Duplicate deploy steps. A template cannot have multiple deploy steps with the same interface and step. Duplicates: ${told.join("; ")}.`,
    );
  }

  change(call: Call): Answer {
    const patch = readPatch(call.body);
    checkAllowed(patch, this.#kind.allowed);
    const row = this.#kind === RUNBOOK ? this.#authorizePatch(call, patch) : this.#allowed(call, "update");
    const document: Json = {
      name: row.name,
      steps: row.steps.map(({ interface: of, step, args = {}, ...rest }) => ({
        interface: of,
        step,
        args,
        [this.#kind.priority]: rest[this.#kind.priority] ?? 0,
      })),
      extra: row.extra,
      ...(this.#kind === RUNBOOK ? { public: row.public, owner: row.owner, disable_ramdisk: row.disable_ramdisk } : {}),
      description: row.description,
    };
    const owner = valuesOf(patch, "/owner");
    const isPublic = valuesOf(patch, "/public");
    if (owner.length > 0 && ((row.public && isPublic.length === 0) || isPublic[0]))
      throw fault(400, `Couldn't apply patch '${repr(patch)}'. Reason: There cannot be an owner for a public runbook`);
    if (isPublic.length > 0) document["owner"] = null;
    const result = applyPatch(document, patch);
    checkSchema("patch", schemaOf(this.#kind, 115), result);
    this.#checkSteps(result["steps"] as Step[]);
    const next: StepsRow = {
      ...row,
      name: String(result["name"]),
      steps: stepsOf(result["steps"]),
      extra: (result["extra"] ?? {}) as Json,
      description: (result["description"] ?? null) as string | null,
      public: this.#kind === RUNBOOK && result["public"] === true,
      owner: (result["owner"] ?? null) as string | null,
      disable_ramdisk: result["disable_ramdisk"] === true,
      updated_at: this.#ironic.now(),
    };
    this.#checkUnique(next);
    this.#table.put(next);
    return ok(this.#show(call, next));
  }

  #authorizePatch(call: Call, patch: readonly Operation[]): StepsRow {
    const policies = patch.map(({ path }) =>
      path.startsWith("/owner") ? "update:owner" : path.startsWith("/public") ? "update:public" : "update",
    );
    const row = this.#find(call.params["ident"] ?? "");
    for (const policy of policies.length > 0 ? policies : ["update"]) authorize(call.caller, this.#policy(policy), row);
    return row;
  }

  remove(call: Call): Answer {
    const row = this.#allowed(call, "delete");
    this.#table.delete(row.id);
    return nothing;
  }

  traits(call: Call): Answer {
    return ok({ traits: this.#allowed(call, "get").traits });
  }

  #keep(row: StepsRow, traits: readonly string[]): Answer {
    this.#table.put({ ...row, traits: [...new Set(traits)].sort(), updated_at: this.#ironic.now() });
    return nothing;
  }

  setTraits(call: Call): Answer {
    const body: unknown = call.body ?? {};
    const wanted: Schema = {
      type: "object",
      properties: { traits: { type: "array", items: TRAIT } },
      additionalProperties: false,
    };
    checkSchema("body", wanted, body);
    const row = this.#allowed(call, "update");
    const traits = isObject(body) ? body["traits"] : undefined;
    if (!Array.isArray(traits))
      throw fault(
        400,
        "A single runbook trait may be added via PUT /v1/runbooks/<runbook identifier>/traits/<trait> with no body, or all runbook traits may be replaced via PUT /v1/runbooks/<runbook identifier>/traits with the list of traits specified in the request body.",
      );
    return this.#keep(row, traits.map(String));
  }

  addTrait(call: Call): Answer {
    const { trait = "" } = call.params;
    checkSchema("trait", TRAIT, trait);
    const row = this.#allowed(call, "update");
    const Location = `${this.#ironic.base(call)}/v1/runbooks/${call.params["ident"]}/traits/${trait}`;
    return { ...this.#keep(row, [...row.traits, trait]), headers: { Location } };
  }

  removeTraits(call: Call): Answer {
    const row = this.#allowed(call, "update");
    const { trait } = call.params;
    return this.#keep(row, trait === undefined ? [] : row.traits.filter((one) => one !== trait));
  }
}

const stepsOf = (steps: unknown): Step[] =>
  (steps as Step[]).map((step) => ({
    ...step,
    args: step.args ?? {},
    ...(step.order === undefined ? {} : { order: Number(step.order) }),
    ...(step.priority === undefined ? {} : { priority: Number(step.priority) }),
  }));

/** The runbook that a request for a provision state names, if the caller may use it on the node. */
export function runbookFor(ironic: Ironic, call: Call, node: NodeRow, ident: string): StepsRow {
  if (minor(call) < 92) throw notAcceptable();
  const { runbooks } = ironic.tables;
  const row = isUuid(ident) ? runbooks.get(dashed(ident)) : runbooks.by("name", ident)[0];
  if (!row) throw fault(404, `Runbook ${ident} could not be found.`);
  authorize(call.caller, "baremetal:runbook:use", row);
  const begin = `This runbook has not been approved for use on this node ${node.id}.`;
  if (minor(call) < 112) {
    if (!node.traits.includes(row.name))
      throw fault(400, `${begin} Please ask an administrator to add it to your node traits.`);
  } else if (row.traits.length === 0)
    throw fault(
      400,
      `Runbook ${row.id} has no traits configured. Please ask an administrator to add traits to the runbook.`,
    );
  else if (!row.traits.some((trait) => node.traits.includes(trait)))
    throw fault(
      400,
      `${begin} The node does not have any of the runbook's traits ${repr([...row.traits].sort())}. Please ask an administrator to add a matching trait to your node.`,
    );
  return {
    ...row,
    steps: row.steps.map(({ interface: of, step, args = {}, order = 0 }) => ({ interface: of, step, args, order })),
  };
}
