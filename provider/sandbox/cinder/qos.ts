import type { Call, Json } from "../kernel/call.ts";
import { list, object } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { api, bodyOf, empty } from "./api.ts";
import { CREATE_QOS, QOS_KEYS, UPDATE_QOS } from "./bodies.ts";
import { authorize, type Cinder } from "./core.ts";
import { bad, conflict, notFound } from "./errors.ts";
import { links } from "./links.ts";
import { filters, flag, type Listing, matching, page, stamp } from "./listing.ts";
import type { QosRow, Texts, TypeRow } from "./rows.ts";
import { validate } from "./schema.ts";
import { typeById } from "./types-lookup.ts";

const LISTING: Listing<QosRow> = {
  kind: "No such QoS spec",
  names: ["id", "created_at", "name", "consumer"],
  columns: (row) => ({ id: row.id, created_at: stamp(row.created), name: row.name, consumer: row.consumer }),
  refusing: Number.POSITIVE_INFINITY,
  renamed: { name: "name" },
};

const CONSUMERS = ["front-end", "back-end", "both"];

const view = (row: QosRow): Json => ({ id: row.id, name: row.name, consumer: row.consumer, specs: row.specs });

/** `/qos-specs`: the administrator's. */
export function qosRoutes(cinder: Cinder): Route[] {
  const admin = (call: Call, policy: string) => authorize(call, `volume_extension:qos_specs_manage:${policy}`, "admin");
  const find = (call: Call): QosRow => {
    const row = cinder.qos.get(call.params["id"]!);
    if (!row) throw notFound(`No such QoS spec ${call.params["id"]}.`);
    return row;
  };
  const detail = (call: Call, row: QosRow) => ({
    status: 200,
    body: { qos_specs: view(row), links: links(cinder, call, "qos-specs", row.id) },
  });
  const users = (row: QosRow): TypeRow[] => cinder.types.filter(({ qosId }) => qosId === row.id);
  const setQos = (type: TypeRow, qosId: string | null): void => {
    type.qosId = qosId;
    cinder.touch(cinder.types, type);
  };
  const typeOf = (call: Call): TypeRow => {
    const id = call.query.get("vol_type_id");
    if (!id) throw bad("Volume Type id must not be None.");
    return typeById(cinder, call.caller, id);
  };
  return [
    ...api("GET", "/qos-specs", (call) => {
      admin(call, "get_all");
      const rows = matching(cinder.qos.values(), filters(call, LISTING), LISTING);
      const { rows: shown } = page(cinder, call, rows, LISTING, { path: "qos-specs", links: "qos_specs_links" });
      return { status: 200, body: { qos_specs: shown.map(view) } };
    }),
    ...api("POST", "/qos-specs", (call) => {
      const { name: named, consumer = "back-end", ...specs } = bodyOf(call, CREATE_QOS, "qos_specs");
      admin(call, "create");
      const name = String(named).trim();
      if (!CONSUMERS.includes(String(consumer)))
        throw bad(`Invalid qos specs: Valid consumer of QoS specs are: ['front-end', 'back-end', 'both']`);
      if (cinder.qos.find((row) => row.name === name)) throw conflict(`QoS Specs ${name} already exists.`);
      const texts = Object.fromEntries(Object.entries(specs).map(([key, value]) => [key, String(value)]));
      const row = { id: cinder.newId(), name, consumer: String(consumer), specs: texts, created: cinder.now() };
      return detail(call, cinder.qos.put(row));
    }),
    ...api("GET", "/qos-specs/{id}", (call) => {
      admin(call, "get");
      return detail(call, find(call));
    }),
    ...api("PUT", "/qos-specs/{id}", (call) => {
      const specs = bodyOf(call, UPDATE_QOS, "qos_specs");
      admin(call, "update");
      const row = find(call);
      const { consumer = row.consumer, ...rest } = specs;
      cinder.qos.put({ ...row, consumer: String(consumer), specs: { ...row.specs, ...(rest as Texts) } });
      return { status: 200, body: { qos_specs: specs } };
    }),
    ...api("DELETE", "/qos-specs/{id}", (call) => {
      admin(call, "delete");
      const force = flag(call, "force");
      const row = find(call);
      if (!force && users(row).length > 0) throw bad("Qos specs still in use.");
      for (const type of users(row)) setQos(type, null);
      cinder.qos.delete(row.id);
      return empty(202);
    }),
    ...api("PUT", "/qos-specs/{id}/delete_keys", (call) => {
      validate(QOS_KEYS, call.body);
      admin(call, "delete");
      const row = find(call);
      const keys = list(object(call.body)["keys"]).map(String);
      const missing = keys.find((key) => !Object.hasOwn(row.specs, key));
      if (missing !== undefined) throw notFound(`QoS spec ${row.id} has no spec with key ${missing}.`);
      for (const key of keys) delete row.specs[key];
      cinder.qos.put(row);
      return empty(202);
    }),
    ...api("GET", "/qos-specs/{id}/associations", (call) => {
      admin(call, "get_all");
      const found = users(find(call)).map(({ id, name }) => ({ association_type: "volume_type", name, id }));
      return { status: 200, body: { qos_associations: found } };
    }),
    ...api("GET", "/qos-specs/{id}/associate", (call) => {
      admin(call, "update");
      const row = find(call);
      const type = typeOf(call);
      if (type.qosId !== null && type.qosId !== row.id)
        throw bad(`Invalid volume type: Type ${type.id} is already associated with another qos specs: ${type.qosId}`);
      setQos(type, row.id);
      return empty(202);
    }),
    ...api("GET", "/qos-specs/{id}/disassociate", (call) => {
      admin(call, "update");
      find(call);
      setQos(typeOf(call), null);
      return empty(202);
    }),
    ...api("GET", "/qos-specs/{id}/disassociate_all", (call) => {
      admin(call, "update");
      for (const type of users(find(call))) setQos(type, null);
      return empty(202);
    }),
  ];
}
