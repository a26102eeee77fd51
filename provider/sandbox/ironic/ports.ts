import type { Answer, Call, Json } from "../kernel/call.ts";
import { isObject, isUuid } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Table } from "../kernel/store.ts";
import { checkKnown, created, linksOf, nothing, ok, only, pageOf, shownFields, versioned } from "./answers.ts";
import { type Arguments, argumentsOf, isName, read, readBoolean } from "./arguments.ts";
import { TENANT } from "./conductor/network.ts";
import { aborted, denied, fault, notAcceptable } from "./errors.ts";
import { dashed, type Ironic } from "./ironic.ts";
import { applyPatch, checkAllowed, type Operation, readPatch, rootOf, valuesOf } from "./patch.ts";
import { authorize, listScope, may } from "./policy.ts";
import { PORT, PORTGROUP, type PortKind } from "./port-kinds.ts";
import type { NodeRow, PortgroupRow, PortRow } from "./rows.ts";
import { checkSchema } from "./schema.ts";
import { minor } from "./versions.ts";

type AnyPort = PortRow | PortgroupRow;

const LIST: Arguments = {
  node: "uuid_or_name",
  node_uuid: "uuid",
  address: "mac",
  marker: "uuid",
  limit: "integer",
  sort_key: "string",
  sort_dir: "string",
  portgroup: "uuid_or_name",
  shard: "list",
  description_contains: "string",
  conductor_groups: "list",
};

/** States in which how a port is wired can be changed. */
const WIRING = ["enroll", "inspecting", "inspect wait", "manageable"];

/** The routes of ports and port groups. */
export function portRoutes(ironic: Ironic): Route[] {
  return [PORT, PORTGROUP].flatMap((kind) => {
    const ports = new Ports(ironic, kind);
    const path = `/v1/${kind.path}`;
    const at = (method: string, where: string, handle: (call: Call) => Answer | Promise<Answer>, since = kind.since) =>
      route(
        method,
        where,
        versioned((call) => {
          if (minor(call) < since) throw aborted(404);
          return handle(call);
        }),
      );
    const below = kind === PORT ? 1 : 24;
    const routes = [
      at("GET", path, (call) => ports.list(call, false)),
      at("GET", `${path}/detail`, (call) => ports.list(call, true)),
      at("POST", path, (call) => ports.create(call)),
      at("GET", `${path}/{id}`, (call) => ports.show(call)),
      at("PATCH", `${path}/{id}`, (call) => ports.change(call)),
      at("DELETE", `${path}/{id}`, (call) => ports.remove(call)),
      at("GET", `/v1/nodes/{node}/${kind.path}`, (call) => ports.list(call, false), below),
    ];
    if (kind === PORT)
      routes.push(at("GET", "/v1/portgroups/{portgroup}/ports", (call) => ports.list(call, false), 24));
    return routes;
  });
}

class Ports {
  readonly #ironic: Ironic;
  readonly #kind: PortKind;
  readonly #table: Table<AnyPort>;

  constructor(ironic: Ironic, kind: PortKind) {
    this.#ironic = ironic;
    this.#kind = kind;
    const { ports, portgroups } = ironic.tables;
    this.#table = (kind === PORT ? ports : portgroups) as unknown as Table<AnyPort>;
  }

  #known(call: Call): string[] {
    const version = minor(call);
    const own = this.#kind.fields.filter((field) => version >= (this.#kind.versions[field] ?? 0));
    return [
      "uuid",
      "created_at",
      "updated_at",
      "node_uuid",
      "links",
      ...own,
      ...(this.#kind === PORT ? [] : ["ports"]),
    ];
  }

  #show(call: Call, row: AnyPort): Json {
    const base = this.#ironic.base(call);
    const path = `${this.#kind.path}/${row.id}`;
    const all: Json = {
      uuid: row.id,
      created_at: row.created_at,
      updated_at: row.updated_at,
      node_uuid: row.node_uuid,
    };
    for (const field of this.#known(call)) if (field in row) all[field] = (row as unknown as Json)[field];
    all["links"] = linksOf(base, path);
    if (this.#kind === PORTGROUP) all["ports"] = linksOf(base, `${path}/ports`);
    return all;
  }

  #missing(ident: string): Error {
    return fault(404, `${this.#kind.title} ${ident} could not be found.`);
  }

  /** The node that the path or the query names. A name in the path is not understood, as in the real one. */
  #parent(call: Call, query: Json): string | undefined {
    const { node: inPath } = call.params;
    if (inPath !== undefined) {
      if (!isUuid(inPath)) throw fault(404, "Portgroup None could not be found.");
      const node = this.#ironic.node(inPath, minor(call));
      if (!may(call.caller, "baremetal:node:get", node)) throw fault(404, `Node ${inPath} could not be found.`);
      return node.id;
    }
    const ident = (query["node_uuid"] ?? query["node"]) as string | undefined;
    if (ident === undefined) return undefined;
    if (minor(call) < 5 && !isUuid(ident)) throw notAcceptable();
    return this.#ironic.node(ident, minor(call)).id;
  }

  list(call: Call, detailed: boolean): Answer {
    const query = argumentsOf(call, detailed ? LIST : { ...LIST, fields: "list" as const, detail: "boolean" as const });
    const version = minor(call);
    const asked = query["fields"] as string[] | undefined;
    const detail = query["detail"] as boolean | undefined;
    const parent = this.#parent(call, query);
    const project = listScope(call.caller, this.#kind.word);
    if (asked && version < 8) throw notAcceptable();
    this.#checkFields(call, [...(asked ?? []), String(query["sort_key"] ?? "id")]);
    const fields = detailed ? undefined : shownFields(version, asked, detail, this.#kind.usual);
    checkKnown(fields, this.#known(call));
    const { address } = query;
    const group = this.#group(call, query);
    const rows = (parent === undefined ? this.#table.values() : this.#table.by("node", parent)).filter((row) => {
      if (address !== undefined && row.address !== address) return false;
      if (group !== undefined && (!("portgroup_uuid" in row) || row.portgroup_uuid !== group)) return false;
      const node = this.#ironic.tables.nodes.get(row.node_uuid);
      return !project || node?.owner === project || node?.lessee === project;
    });
    const path = detailed ? `${this.#kind.path}/detail` : this.#kind.path;
    return pageOf(
      this.#ironic,
      call,
      rows,
      query,
      {
        name: this.#kind.path,
        path,
        idOf: (row) => row.id,
        columns: ["uuid", "created_at", "updated_at", ...this.#kind.fields],
        unsortable: ["extra", "internal_info", "local_link_connection", "properties"],
        exists: (marker) => this.#table.get(dashed(marker)) !== undefined,
        unknown: (marker) => this.#missing(marker),
      },
      {
        show: (row) => only(this.#show(call, row), fields),
        parameters: detail === undefined ? {} : { detail },
        fields,
      },
    );
  }

  #group(call: Call, query: Json): string | undefined {
    const ident = (call.params["portgroup"] ?? query["portgroup"]) as string | undefined;
    if (ident === undefined) return undefined;
    if (minor(call) < 24) throw notAcceptable();
    const { portgroups } = this.#ironic.tables;
    const row = isUuid(ident) ? portgroups.get(dashed(ident)) : portgroups.find(({ name }) => name === ident);
    if (!row) throw fault(404, `Portgroup ${ident} could not be found.`);
    return row.id;
  }

  #checkFields(call: Call, fields: readonly string[]): void {
    for (const field of fields) if (minor(call) < (this.#kind.versions[field] ?? 0)) throw notAcceptable();
  }

  #find(call: Call, policy: string): { row: AnyPort; node: NodeRow } {
    const { id: ident = "" } = call.params;
    if (!isName(ident)) throw fault(400, `Expected UUID or name for ${this.#kind.word}_ident: ${ident}`);
    const row = isUuid(ident)
      ? this.#table.get(dashed(ident))
      : this.#table.find(({ name, address }) => name === ident || address === ident);
    const node = row && this.#ironic.tables.nodes.get(row.node_uuid);
    if (!row || !node || !may(call.caller, "baremetal:node:get", node)) throw this.#missing(ident);
    authorize(call.caller, `baremetal:${this.#kind.word}:${policy}`, node);
    return { row, node };
  }

  show(call: Call): Answer {
    const { fields } = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
    const { row } = this.#find(call, "get");
    if (fields && minor(call) < 8) throw notAcceptable();
    this.#checkFields(call, fields ?? []);
    checkKnown(fields, this.#known(call));
    return ok(only(this.#show(call, row), fields));
  }

  async create(call: Call): Promise<Answer> {
    const body = (call.body ?? {}) as Json;
    const { word, title } = this.#kind;
    checkSchema(word, this.#kind.schema, body);
    const values = this.#read(body);
    const policy = `baremetal:${word}:create`;
    const ident = (body["node_ident"] ?? body["node_uuid"]) as string;
    if (body["node_ident"] !== undefined && minor(call) < 94) throw notAcceptable();
    const node = this.#nodeFor(ident);
    const visible = node && may(call.caller, "baremetal:node:get", node);
    if (!visible || !may(call.caller, policy, node)) {
      if (!may(call.caller, policy, visible ? node : undefined)) throw denied(policy);
      throw fault(400, `Node ${ident} could not be found.`);
    }
    this.#checkFields(call, Object.keys(body));
    const name = (body["name"] ?? null) as string | null;
    if (name !== null && !isName(name)) throw fault(400, `Cannot create ${word} with invalid name '${name}'`);
    const group = values["portgroup_uuid"] as string | null | undefined;
    if (group) this.#checkGroup(group, node.id);
    if (body["physical_network"] === "")
      throw fault(400, "A non-empty value is required when setting physical_network");
    await this.#ironic.conductor.reach();
    const id = typeof values["uuid"] === "string" ? dashed(values["uuid"]) : this.#ironic.world.random.uuid();
    const row = {
      ...this.#kind.blank,
      ...Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== null)),
      id,
      node_uuid: node.id,
      created_at: this.#ironic.now(),
      updated_at: null,
    } as unknown as AnyPort & Json;
    for (const extra of ["uuid", "node_ident"]) delete row[extra];
    this.#checkUnique(row);
    if (this.#table.get(id)) throw fault(409, `A ${title.toLowerCase()} with UUID ${id} already exists.`);
    this.#table.put(structuredClone(row));
    return created(this.#ironic, call, `${this.#kind.path}/${id}`, this.#show(call, row));
  }

  #nodeFor(ident: string): NodeRow | undefined {
    const { nodes } = this.#ironic.tables;
    return isUuid(ident) ? nodes.get(dashed(ident)) : nodes.by("name", ident)[0];
  }

  #checkGroup(group: string, node: string): void {
    const row = this.#ironic.tables.portgroups.get(dashed(group));
    if (!row) throw fault(400, `Portgroup ${group} could not be found.`);
    if (row.node_uuid !== node) throw fault(400, "Port can not be added to a portgroup belonging to a different node.");
  }

  /** The values of a body in the form in which they are kept. Throws 400. */
  #read(body: Json): Json {
    const values: Json = { ...body };
    if (body["address"] !== undefined) values["address"] = read("address", "mac", body["address"]) ?? null;
    for (const name of ["node_uuid", "portgroup_uuid", "uuid"]) read(name, "uuid", body[name]);
    for (const name of ["is_smartnic", "pxe_enabled", "standalone_ports_supported"])
      if (name in body) values[name] = readBoolean(name, body[name]);
    const link = body["local_link_connection"];
    if (isObject(link) && typeof link["switch_id"] === "string") {
      const id = link["switch_id"].toLowerCase();
      if (!/^([0-9a-f]{2}:){5}([0-9a-f]{2}:){0,2}[0-9a-f]{2}$/.test(id))
        throw fault(400, `Expected a MAC address or OpenFlow datapath ID but received ${link["switch_id"]}.`);
      values["local_link_connection"] = { ...link, switch_id: id };
    }
    return values;
  }

  #checkUnique(row: AnyPort): void {
    const { title } = this.#kind;
    const word = title.toLowerCase();
    if (row.address !== null && this.#table.find((other) => other.id !== row.id && other.address === row.address))
      throw fault(409, `A ${word} with MAC address ${row.address} already exists.`);
    if (row.name !== null && this.#table.find((other) => other.id !== row.id && other.name === row.name))
      throw fault(409, `A ${word} with name ${row.name} already exists.`);
  }

  async change(call: Call): Promise<Answer> {
    const patch = readPatch(call.body);
    checkAllowed(patch, this.#kind.allowed);
    this.#checkFields(call, patch.map(rootOf));
    const { row, node } = this.#find(call, "update");
    const document: Json = { node_uuid: row.node_uuid };
    for (const field of this.#kind.fields) document[field] = (row as unknown as Json)[field] ?? null;
    const result = applyPatch(document, patch);
    const checked: Json = {};
    for (const field of [...this.#kind.allowed, "node_uuid"]) if (field in result) checked[field] = result[field];
    checkSchema("patch", this.#kind.schema, checked);
    const values = this.#read(checked);
    if (values["node_uuid"] !== row.node_uuid)
      throw fault(
        400,
        `Unable to apply the requested node_uuid '${values["node_uuid"]}'. Requested value was invalid.`,
      );
    if (typeof values["portgroup_uuid"] === "string") this.#checkGroup(values["portgroup_uuid"], node.id);
    if (valuesOf(patch, "/physical_network").includes(""))
      throw fault(400, "A non-empty value is required when setting physical_network");
    if (node.provision_state === "inspecting" && minor(call) >= 39)
      throw fault(
        409,
        `Cannot update ${this.#kind.word} "${row.id}" on "${node.id}" while it is in state "inspecting".`,
      );
    await this.#ironic.conductor.exclusive(node.id, call.caller, () => {
      this.#checkWiring(row, node, values, patch);
      const next = { ...row, ...this.#withDefaults(values), updated_at: this.#ironic.now() } as AnyPort;
      this.#checkUnique(next);
      Object.assign(row, next);
      this.#table.put(row);
    });
    return ok(this.#show(call, row));
  }

  /** Fields that were taken away are what they are at first. */
  #withDefaults(values: Json): Json {
    const all: Json = {};
    for (const field of this.#kind.allowed)
      if (field !== "node_ident") all[field] = values[field] ?? this.#kind.blank[field] ?? null;
    return all;
  }

  #checkWiring(row: AnyPort, node: NodeRow, values: Json, patch: readonly Operation[]): void {
    if (this.#kind !== PORT) return;
    const changed = patch
      .map(rootOf)
      .filter((field) => JSON.stringify(values[field]) !== JSON.stringify((row as unknown as Json)[field]));
    if (node.maintenance) return;
    if (changed.includes("address") && (node.provision_state === "active" || node.instance_uuid))
      throw fault(
        409,
        `Cannot update hardware address for port ${row.id} as node ${node.id} is active or has instance UUID assigned`,
      );
    const wiring = ["portgroup_uuid", "pxe_enabled", "local_link_connection", "physical_network"];
    if (changed.some((field) => wiring.includes(field)) && !WIRING.includes(node.provision_state))
      throw fault(
        409,
        `Port ${row.id} can not have any connectivity attributes (portgroup_id, pxe_enabled, local_link_connection, physical_network) updated unless node ${node.id} is in a ${WIRING.join(", ")} state or in maintenance mode. The current state is ${node.provision_state}.`,
      );
  }

  async remove(call: Call): Promise<Answer> {
    const { row, node } = this.#find(call, "delete");
    const { ports } = this.#ironic.tables;
    await this.#ironic.conductor.exclusive(node.id, call.caller, () => {
      if (this.#kind === PORT) {
        const vif = row.internal_info[TENANT];
        if (vif && !node.maintenance)
          throw fault(409, `Cannot delete the port ${row.id} as it is bound to VIF ${String(vif)} for use.`);
      } else if (ports.by("node", node.id).some((port) => port.portgroup_uuid === row.id))
        throw fault(400, `Cannot complete the requested action because portgroup ${row.id} contains ports.`);
      this.#table.delete(row.id);
    });
    return nothing;
  }
}
