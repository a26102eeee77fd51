import type { Answer, Call, Json } from "../kernel/call.ts";
import { isUuid } from "../kernel/input.ts";
import { repr } from "../kernel/python.ts";
import type { Schema } from "../kernel/schema.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Table } from "../kernel/store.ts";
import { created, linksOf, nothing, ok, only, pageOf, versioned } from "./answers.ts";
import { argumentsOf, read } from "./arguments.ts";
import { aborted, denied, fault, wrongState } from "./errors.ts";
import { dashed, type Ironic } from "./ironic.ts";
import { DELETABLE } from "./machine.ts";
import { masked } from "./node-view.ts";
import { nodeOf } from "./nodes.ts";
import { applyPatch, checkAllowed, readPatch, valuesOf } from "./patch.ts";
import { authorize, listScope, may } from "./policy.ts";
import type { ConnectorRow, NodeRow, TargetRow } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import { minor } from "./versions.ts";

type VolumeRow = (ConnectorRow | TargetRow) & { node_uuid: string };

/** Connectors, or targets. */
interface Kind {
  path: "connectors" | "targets";
  /** Of messages: `Volume target`. */
  title: string;
  ident: string;
  usual: readonly string[];
  own: readonly string[];
  schema: Schema;
}

const CONNECTOR: Kind = {
  path: "connectors",
  title: "Volume connector",
  ident: "connector_uuid",
  usual: ["uuid", "node_uuid", "type", "connector_id"],
  own: ["connector_id", "extra", "type"],
  schema: {
    type: "object",
    properties: {
      connector_id: { type: "string" },
      extra: { type: ["object", "null"] },
      node_uuid: { type: "string" },
      type: { type: "string" },
      uuid: { type: ["string", "null"] },
    },
    required: ["connector_id", "node_uuid", "type"],
    additionalProperties: false,
  },
};

const TARGET: Kind = {
  path: "targets",
  title: "Volume target",
  ident: "target_uuid",
  usual: ["uuid", "node_uuid", "volume_type", "boot_index", "volume_id"],
  own: ["boot_index", "extra", "properties", "volume_id", "volume_type"],
  schema: {
    type: "object",
    properties: {
      boot_index: { type: "integer" },
      extra: { type: ["object", "null"] },
      node_uuid: { type: "string" },
      properties: { type: ["object", "null"] },
      volume_id: { type: "string" },
      volume_type: { type: "string" },
      uuid: { type: ["string", "null"] },
    },
    required: ["boot_index", "node_uuid", "volume_id", "volume_type"],
    additionalProperties: false,
  },
};

/** The routes of volume connectors and targets. */
export function volumeRoutes(ironic: Ironic): Route[] {
  const gated = (handle: (call: Call) => Answer | Promise<Answer>) =>
    versioned((call) => {
      if (minor(call) < 32) throw aborted(404);
      return handle(call);
    });
  return [
    route(
      "GET",
      "/v1/volume",
      gated((call) => overview(ironic, call)),
    ),
    route(
      "GET",
      "/v1/nodes/{node}/volume",
      gated((call) => overview(ironic, call)),
    ),
    ...[CONNECTOR, TARGET].flatMap((kind) => {
      const volumes = new Volumes(ironic, kind);
      const path = `/v1/volume/${kind.path}`;
      return [
        route(
          "GET",
          path,
          gated((call) => volumes.list(call)),
        ),
        route(
          "GET",
          `/v1/nodes/{node}/volume/${kind.path}`,
          gated((call) => volumes.list(call)),
        ),
        route(
          "POST",
          path,
          gated((call) => volumes.create(call)),
        ),
        route(
          "GET",
          `${path}/{id}`,
          gated((call) => volumes.show(call)),
        ),
        route(
          "PATCH",
          `${path}/{id}`,
          gated((call) => volumes.change(call)),
        ),
        route(
          "DELETE",
          `${path}/{id}`,
          gated((call) => volumes.remove(call)),
        ),
      ];
    }),
  ];
}

function overview(ironic: Ironic, call: Call): Answer {
  authorize(call.caller, "baremetal:volume:get");
  const { node } = call.params;
  const base = node === undefined ? "volume" : `nodes/${node}/volume`;
  const address = ironic.base(call);
  return ok({
    links: linksOf(address, `${base}/`),
    connectors: linksOf(address, `${base}/connectors`),
    targets: linksOf(address, `${base}/targets`),
  });
}

/** One of the two collections. */
class Volumes {
  readonly #ironic: Ironic;
  readonly #kind: Kind;
  readonly #table: Table<VolumeRow>;

  constructor(ironic: Ironic, kind: Kind) {
    this.#ironic = ironic;
    this.#kind = kind;
    const { connectors, targets } = ironic.tables;
    this.#table = (kind === CONNECTOR ? connectors : targets) as unknown as Table<VolumeRow>;
  }

  #show(call: Call, row: VolumeRow): Json {
    const all: Json = { uuid: row.id, created_at: row.created_at, updated_at: row.updated_at };
    for (const field of this.#kind.own) all[field] = (row as unknown as Json)[field];
    if ("properties" in row)
      all["properties"] = may(call.caller, "baremetal:volume:view_target_properties")
        ? masked(row.properties)
        : {
            redacted_contents:
              "** Value redacted: Requires permission baremetal:volume:view_target_properties access. Permission denied. **",
          };
    all["links"] = linksOf(this.#ironic.base(call), `volume/${this.#kind.path}/${row.id}`);
    all["node_uuid"] = row.node_uuid;
    return all;
  }

  #checkFields(fields: readonly string[] | undefined): void {
    const known = ["uuid", "created_at", "updated_at", "links", "node_uuid", ...this.#kind.own].sort();
    for (const field of fields ?? [])
      if (!known.includes(field)) throw fault(400, `Schema error: ${repr(field)} is not one of ${repr(known)}`);
  }

  list(call: Call): Answer {
    const query = argumentsOf(call, {
      node: "uuid_or_name",
      marker: "uuid",
      limit: "integer",
      sort_key: "string",
      sort_dir: "string",
      fields: "list",
      detail: "boolean",
    }) as { node?: string; fields?: string[]; detail?: boolean; marker?: string };
    const parent = call.params["node"] === undefined ? undefined : nodeOf(this.#ironic, call, "baremetal:node:get");
    const project = listScope(call.caller, "volume");
    const { detail } = query;
    if (query.fields && detail) throw fault(400, "Can't fetch a subset of fields with 'detail' set");
    const fields = query.fields ?? (detail ? undefined : this.#kind.usual);
    this.#checkFields(fields);
    const node = parent ?? (query.node === undefined ? undefined : this.#ironic.node(query.node, minor(call)));
    const rows = (node ? this.#table.by("node", node.id) : this.#table.values()).filter((row) => {
      if (!project) return true;
      const of = this.#ironic.tables.nodes.get(row.node_uuid);
      return of?.owner === project || of?.lessee === project;
    });
    return pageOf(
      this.#ironic,
      call,
      rows,
      query,
      {
        name: this.#kind.path,
        path: `volume/${this.#kind.path}`,
        idOf: (row) => row.id,
        columns: ["uuid", "created_at", "updated_at", "node_uuid", ...this.#kind.own],
        unsortable: ["extra", "properties"],
        exists: (marker) => this.#table.get(dashed(marker)) !== undefined,
        unknown: (marker) => this.#missing(marker),
      },
      {
        show: (row) => only(this.#show(call, row), fields),
        parameters: detail ? { detail } : {},
        fields,
      },
    );
  }

  #missing(id: string): Error {
    return fault(404, `${this.#kind.title} ${id} could not be found.`);
  }

  #find(call: Call, policy: string): { row: VolumeRow; node: NodeRow } {
    const { id = "" } = call.params;
    if (!isUuid(id)) throw fault(400, `Expected UUID for ${this.#kind.ident}: ${id}`);
    const row = this.#table.get(dashed(id));
    const node = row && this.#ironic.tables.nodes.get(row.node_uuid);
    if (!row || !node || !may(call.caller, "baremetal:node:get", node)) throw this.#missing(id);
    authorize(call.caller, `baremetal:volume:${policy}`, node);
    return { row, node };
  }

  show(call: Call): Answer {
    const { fields } = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
    const { row } = this.#find(call, "get");
    this.#checkFields(fields);
    return ok(only(this.#show(call, row), fields));
  }

  create(call: Call): Answer {
    const name = this.#kind === CONNECTOR ? "connector" : "target";
    const body = (call.body ?? {}) as Json;
    checkSchema(name, this.#kind.schema, body);
    read("node_uuid", "uuid", body["node_uuid"]);
    read("uuid", "uuid", body["uuid"]);
    const node = this.#ironic.tables.nodes.get(dashed(String(body["node_uuid"])));
    const hidden = !node || !may(call.caller, "baremetal:node:get", node);
    if (hidden || !may(call.caller, "baremetal:volume:create", node)) {
      if (!may(call.caller, "baremetal:volume:create", hidden ? undefined : node))
        throw denied("baremetal:volume:create");
      throw fault(400, `Invalid input for field/attribute node_uuid. Value: '${body["node_uuid"]}'. `);
    }
    const common = {
      id: typeof body["uuid"] === "string" ? dashed(body["uuid"]) : this.#ironic.world.random.uuid(),
      node_uuid: node.id,
      created_at: this.#ironic.now(),
      updated_at: null,
      extra: (body["extra"] ?? {}) as Json,
    };
    const row: VolumeRow =
      this.#kind === CONNECTOR
        ? { ...common, type: String(body["type"]), connector_id: String(body["connector_id"]) }
        : {
            ...common,
            volume_type: String(body["volume_type"]),
            boot_index: Number(body["boot_index"]),
            volume_id: String(body["volume_id"]),
            properties: (body["properties"] ?? {}) as Json,
          };
    this.#checkUnique(row);
    if (this.#table.get(row.id))
      throw fault(409, `A ${this.#kind.title.toLowerCase()} with UUID ${row.id} already exists.`);
    this.#table.put(row);
    const shown = this.#show(call, row);
    if ("properties" in row) shown["properties"] = masked(row.properties);
    // The answer to the request that makes it knows the time to the microsecond, as the real one does.
    shown["created_at"] = row.created_at.replace("+00:00", ".000000+00:00");
    return created(this.#ironic, call, `volume/${this.#kind.path}/${row.id}`, shown);
  }

  #checkUnique(row: VolumeRow): void {
    if ("boot_index" in row) {
      const twin = this.#ironic.tables.targets
        .by("node", row.node_uuid)
        .some((other) => other.id !== row.id && other.boot_index === row.boot_index);
      if (twin)
        throw fault(409, `A volume target with boot index '${row.boot_index}' for the same node already exists.`);
      return;
    }
    const twin = this.#ironic.tables.connectors.find(
      (other) => other.id !== row.id && other.type === row.type && other.connector_id === row.connector_id,
    );
    if (twin)
      throw fault(409, `A volume connector with type ${row.type} and connector ID ${row.connector_id} already exists.`);
  }

  async change(call: Call): Promise<Answer> {
    const { id = "" } = call.params;
    if (!isUuid(id)) throw fault(400, `Expected UUID for ${this.#kind.ident}: ${id}`);
    const patch = readPatch(call.body);
    const { row, node } = this.#find(call, "update");
    checkAllowed(patch, ["node_uuid", ...this.#kind.own].sort());
    for (const value of valuesOf(patch, "/node_uuid"))
      if (!isUuid(value)) throw fault(400, `Expected a UUID for node_uuid, but received ${String(value)}.`);
    const document: Json = { node_uuid: row.node_uuid };
    for (const field of this.#kind.own) document[field] = (row as unknown as Json)[field];
    const result = applyPatch(document, patch);
    checkSchema("patch", this.#kind.schema, result);
    const wanted = String(result["node_uuid"]);
    const other = this.#ironic.tables.nodes.get(dashed(wanted));
    if (!other || !may(call.caller, "baremetal:node:get", other) || other.owner !== node.owner)
      throw fault(400, `Unable to apply the requested node_uuid '${wanted}'. Requested value was invalid.`);
    const next = { ...row, ...result, node_uuid: other.id, updated_at: this.#ironic.now() } as VolumeRow;
    next.extra ??= {};
    await this.#ironic.conductor.exclusive(other.id, call.caller, (task) => {
      if (task.node.power_state !== "power off")
        throw wrongState(`${this.#kind.title.toLowerCase()} update`, other.id, task.node.power_state);
      this.#checkUnique(next);
      this.#table.put(next);
    });
    return ok(this.#show(call, next));
  }

  async remove(call: Call): Promise<Answer> {
    const { row } = this.#find(call, "delete");
    await this.#ironic.conductor.exclusive(row.node_uuid, call.caller, ({ node }) => {
      const idle = (DELETABLE as readonly string[]).includes(node.provision_state);
      if (!idle && node.power_state !== "power off")
        throw wrongState(`${this.#kind.title.toLowerCase()} deletion`, node.id, node.power_state);
      if (!this.#table.get(row.id)) throw this.#missing(row.id);
      this.#table.delete(row.id);
    });
    return nothing;
  }
}
