import type { Answer, Call, Json } from "../kernel/call.ts";
import { type Route, route } from "../kernel/service.ts";
import { checkKnown, linksOf, ok, only, versioned } from "./answers.ts";
import { argumentsOf } from "./arguments.ts";
import { aborted, fault, NEWEST, notAcceptable } from "./errors.ts";
import { DRIVERS, ENABLED } from "./hardware.ts";
import { HOST } from "./host.ts";
import type { Ironic } from "./ironic.ts";
import { authorize } from "./policy.ts";
import { INTERFACES } from "./rows.ts";
import { minor } from "./versions.ts";

/** The version documents, drivers, conductors, shards: what a cloud tells of itself. */
export function catalogRoutes(ironic: Ironic): Route[] {
  const get = (path: string, handle: (call: Call) => Answer | Promise<Answer>, since = 1) =>
    route(
      "GET",
      path,
      versioned((call) => {
        if (minor(call) < since) throw aborted(404);
        return handle(call);
      }),
    );
  const open = (path: string, handle: (call: Call) => Answer) =>
    route("GET", path, versioned(handle), { public: true });
  return [
    open("", (call) => ok(root(ironic, call))),
    open("/", (call) => ok(root(ironic, call))),
    open("/v1", (call) => ok(v1(ironic, call))),
    open("/v1/", (call) => ok(v1(ironic, call))),
    get("/v1/drivers", (call) => drivers(ironic, call)),
    get("/v1/drivers/{driver}", (call) => driver(ironic, call)),
    get("/v1/drivers/{driver}/properties", (call) => properties(call)),
    get("/v1/conductors", (call) => conductors(ironic, call), 49),
    get("/v1/conductors/{host}", (call) => conductor(ironic, call), 49),
    get("/v1/shards", (call) => shards(ironic, call), 82),
    get("/v1/inspection_rules", (call) => rules(call), 96),
  ];
}

const document = (base: string): Json => ({
  id: "v1",
  links: [{ href: `${base}/v1/`, rel: "self" }],
  status: "CURRENT",
  min_version: "1.1",
  version: `1.${NEWEST}`,
});

function root(ironic: Ironic, call: Call): Json {
  const version = document(ironic.base(call));
  return {
    name: "OpenStack Ironic API",
    description: "Ironic is an OpenStack project which enables the provision and management of baremetal machines.",
    default_version: version,
    versions: [version],
  };
}

/** Collections of newer versions. */
const SINCE: Readonly<Record<string, number>> = {
  portgroups: 23,
  volume: 32,
  lookup: 22,
  heartbeat: 22,
  conductors: 49,
  allocations: 52,
  events: 54,
  deploy_templates: 55,
  shards: 82,
  runbooks: 92,
  inspection_rules: 96,
  continue_inspection: 84,
};

function v1(ironic: Ironic, call: Call): Json {
  const base = ironic.base(call);
  const names = [
    "chassis",
    "nodes",
    "ports",
    "drivers",
    ...Object.keys(SINCE).filter((name) => minor(call) >= (SINCE[name] ?? 0)),
  ];
  return {
    id: "v1",
    links: [
      { href: `${base}/v1/`, rel: "self" },
      {
        href: "https://docs.openstack.org//ironic/latest/contributor//webapi.html",
        rel: "describedby",
        type: "text/html",
      },
    ],
    media_types: { base: "application/json", type: "application/vnd.openstack.ironic.v1+json" },
    ...Object.fromEntries(names.map((name) => [name, linksOf(base, `${name}/`)])),
    version: document(base),
  };
}

function driverView(ironic: Ironic, call: Call, name: string, detail: boolean): Json {
  const version = minor(call);
  const base = ironic.base(call);
  const shown: Json = { name, hosts: [HOST], links: linksOf(base, `drivers/${name}`) };
  if (version >= 14) shown["properties"] = linksOf(base, `drivers/${name}/properties`);
  if (version < 30) return shown;
  shown["type"] = "dynamic";
  const since: Readonly<Record<string, number>> = { storage: 33, rescue: 38, bios: 40, firmware: 86 };
  if (detail)
    for (const kind of INTERFACES) {
      if (version < (since[kind] ?? 0)) continue;
      shown[`default_${kind}_interface`] = ENABLED[kind][0];
      shown[`enabled_${kind}_interfaces`] = ENABLED[kind];
    }
  return shown;
}

function drivers(ironic: Ironic, call: Call): Answer {
  const { type, detail, fields } = argumentsOf(call, { type: "string", detail: "boolean", fields: "list" }) as {
    type?: string;
    detail?: boolean;
    fields?: string[];
  };
  if (fields && detail) throw fault(400, "Can not specify ?detail=True and fields in the same request.");
  authorize(call.caller, "baremetal:driver:get");
  if (fields && minor(call) < 77) throw notAcceptable();
  if (type !== undefined && type !== "classic" && type !== "dynamic")
    throw fault(400, '"type" filter must be one of "classic" or "dynamic", if specified.');
  const alive = type !== "classic" && ironic.conductor.seenAlive ? DRIVERS : [];
  return ok({
    drivers: alive.map((name) => {
      const shown = driverView(ironic, call, name, detail ?? false);
      checkKnown(fields, Object.keys(shown));
      return only(shown, fields);
    }),
  });
}

function driver(ironic: Ironic, call: Call): Answer {
  const { fields } = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
  authorize(call.caller, "baremetal:driver:get");
  if (fields && minor(call) < 77) throw notAcceptable();
  const shown = driverView(ironic, call, known(ironic, call), true);
  checkKnown(fields, Object.keys(shown));
  return ok(only(shown, fields));
}

function known(ironic: Ironic, call: Call): string {
  const { driver: name = "" } = call.params;
  if (!DRIVERS.includes(name) || !ironic.conductor.seenAlive)
    throw fault(404, `Could not find the following driver(s) or hardware type(s): ${name}.`);
  return name;
}

function properties(call: Call): Answer {
  authorize(call.caller, "baremetal:driver:get_properties");
  const { driver: name = "" } = call.params;
  if (!DRIVERS.includes(name)) throw fault(404, `Could not find the following driver(s) or hardware type(s): ${name}.`);
  return ok({ B1: "B1 description. Required.", B2: "B2 description. Required." });
}

function conductorView(ironic: Ironic, call: Call): Json {
  const now = ironic.now();
  return {
    created_at: now,
    updated_at: now,
    hostname: HOST,
    conductor_group: "",
    drivers: DRIVERS,
    links: linksOf(ironic.base(call), `conductors/${HOST}`),
    alive: ironic.conductor.seenAlive,
  };
}

function conductors(ironic: Ironic, call: Call): Answer {
  const { fields, detail } = argumentsOf(call, {
    marker: "string",
    limit: "integer",
    sort_key: "string",
    sort_dir: "string",
    fields: "list",
    detail: "boolean",
  }) as { fields?: string[]; detail?: boolean };
  authorize(call.caller, "baremetal:conductor:get");
  if (fields && detail) throw fault(400, "Can not specify ?detail=True and fields in the same request.");
  const shown = conductorView(ironic, call);
  const wanted = fields ?? (detail ? undefined : ["hostname", "conductor_group", "alive"]);
  checkKnown(wanted, Object.keys(shown));
  return ok({ conductors: [only(shown, wanted)] });
}

function conductor(ironic: Ironic, call: Call): Answer {
  const { fields } = argumentsOf(call, { fields: "list" }) as { fields?: string[] };
  authorize(call.caller, "baremetal:conductor:get");
  const { host = "" } = call.params;
  if (host !== HOST) throw fault(404, `Conductor ${host} could not be found.`);
  const shown = conductorView(ironic, call);
  checkKnown(fields, Object.keys(shown));
  return ok(only(shown, fields));
}

function shards(ironic: Ironic, call: Call): Answer {
  authorize(call.caller, "baremetal:shards:get");
  const counts = new Map<string, number>();
  for (const { shard } of ironic.tables.nodes.values()) {
    const name = shard ?? "None";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return ok({ shards: [...counts].map(([name, count]) => ({ name, count })) });
}

function rules(call: Call): Answer {
  authorize(call.caller, "baremetal:inspection_rule:list_all");
  return ok({ inspection_rules: [] });
}
