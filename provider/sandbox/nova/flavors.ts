import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { bool, object } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { links, type Nova, nextLink } from "./core.ts";
import { allow, bad, conflict, may, missing } from "./errors.ts";
import type { FlavorRow } from "./rows.ts";
import { type Schema, validate, validateQuery } from "./schema.ts";
import * as t from "./types.ts";

const SORT_KEYS: Record<string, (flavor: FlavorRow) => string | number | boolean> = {
  created_at: (flavor) => flavor.number,
  description: (flavor) => flavor.description ?? "",
  disabled: () => false,
  ephemeral_gb: (flavor) => flavor.ephemeral,
  flavorid: (flavor) => flavor.id,
  id: (flavor) => flavor.number,
  is_public: (flavor) => flavor.isPublic,
  memory_mb: (flavor) => flavor.ram,
  name: (flavor) => flavor.name,
  root_gb: (flavor) => flavor.disk,
  rxtx_factor: (flavor) => flavor.rxtx,
  swap: (flavor) => flavor.swap,
  updated_at: (flavor) => flavor.number,
  vcpu_weight: () => 0,
  vcpus: (flavor) => flavor.vcpus,
};

const texts = t.listOf(t.text);
const QUERY: Schema = {
  type: "object",
  properties: {
    limit: t.listOf({ type: "string", pattern: "^[0-9]*$" }),
    marker: texts,
    is_public: texts,
    minRam: texts,
    minDisk: texts,
    sort_key: t.listOf({ type: "string", enum: Object.keys(SORT_KEYS) }),
    sort_dir: texts,
  },
};
const STRICT_QUERY: Schema = { ...QUERY, additionalProperties: false };

const newFlavor = (described: boolean): Schema =>
  t.wrapped(
    "flavor",
    t.only(
      {
        name: { type: "string", format: "name", minLength: 1, maxLength: 255 },
        id: {
          type: ["string", "number", "null"],
          minLength: 0,
          maxLength: 255,
          pattern: "^(?! )[a-zA-Z0-9. _-]*(?<! )$",
        },
        ram: t.size(1),
        vcpus: t.size(1),
        disk: t.size(0),
        "OS-FLV-EXT-DATA:ephemeral": t.size(0),
        swap: t.size(0),
        rxtx_factor: { type: ["number", "string"], pattern: "^[0-9]+(.[0-9]+)?$", minimum: 0 },
        "os-flavor-access:is_public": t.boolean,
        ...(described ? { description: { type: ["string", "null"], minLength: 0, maxLength: 65535 } } : {}),
      },
      ["name", "ram", "vcpus", "disk"],
    ),
  );

const specs: Schema = {
  type: "object",
  patternProperties: {
    "^[a-zA-Z0-9-_:. ]{1,255}$": { type: ["string", "number"], minLength: 0, maxLength: 255 },
  },
  additionalProperties: false,
};

/** The flavors of nova's API. */
export class Flavors {
  readonly #nova: Nova;

  constructor(nova: Nova) {
    this.#nova = nova;
  }

  routes(): Route[] {
    const to = (handle: (call: Call) => Answer) => handle.bind(this);
    return [
      route("GET", "/v2.1/flavors", (call) => this.#list(call, false)),
      route("GET", "/v2.1/flavors/detail", (call) => this.#list(call, true)),
      route("POST", "/v2.1/flavors", to(this.#create)),
      route("GET", "/v2.1/flavors/{flavor}", to(this.#show)),
      route("PUT", "/v2.1/flavors/{flavor}", to(this.#update)),
      route("DELETE", "/v2.1/flavors/{flavor}", to(this.#delete)),
      route("POST", "/v2.1/flavors/{flavor}/action", to(this.#action)),
      route("GET", "/v2.1/flavors/{flavor}/os-flavor-access", to(this.#access)),
      route("GET", "/v2.1/flavors/{flavor}/os-extra_specs", to(this.#specs)),
      route("POST", "/v2.1/flavors/{flavor}/os-extra_specs", to(this.#setSpecs)),
      route("GET", "/v2.1/flavors/{flavor}/os-extra_specs/{key}", to(this.#spec)),
      route("PUT", "/v2.1/flavors/{flavor}/os-extra_specs/{key}", to(this.#setSpec)),
      route("DELETE", "/v2.1/flavors/{flavor}/os-extra_specs/{key}", to(this.#deleteSpec)),
    ];
  }

  #one(call: Call): FlavorRow {
    const id = call.params["flavor"] ?? "";
    const flavor = this.#nova.flavor(call.caller, id);
    if (!flavor) throw missing(`Flavor ${id} could not be found.`);
    return flavor;
  }

  #view(call: Call, flavor: FlavorRow): Json {
    const described = atLeast(call, 2, 55);
    const modern = atLeast(call, 2, 102);
    return {
      id: flavor.id,
      name: flavor.name,
      ram: flavor.ram,
      disk: flavor.disk,
      swap: flavor.swap === 0 && !atLeast(call, 2, 75) ? "" : flavor.swap,
      "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral,
      ...(modern ? {} : { "OS-FLV-DISABLED:disabled": false }),
      vcpus: flavor.vcpus,
      "os-flavor-access:is_public": flavor.isPublic,
      ...(modern ? {} : { rxtx_factor: flavor.rxtx }),
      links: links(call.base, "flavors", flavor.id),
      ...(described ? { description: flavor.description } : {}),
      ...(atLeast(call, 2, 61) ? { extra_specs: flavor.extraSpecs } : {}),
    };
  }

  #list(call: Call, detail: boolean): Answer {
    const { query, caller } = call;
    validateQuery(atLeast(call, 2, 75) ? STRICT_QUERY : QUERY, query);
    const least = (name: string): number => {
      const given = query.get(name) ?? "0";
      if (!/^-?\d+$/.test(given)) throw bad(`Invalid ${name} filter [${given}]`);
      return Number(given);
    };
    const [minRam, minDisk] = [least("minRam"), least("minDisk")];
    const asked = query.get("is_public");
    const admin = may(caller, "admin");
    const isPublic = asked === null || !admin ? true : asked.toLowerCase() === "none" ? null : bool(asked);
    if (isPublic === undefined) throw bad(`Invalid is_public filter [${asked}]`);
    const shown = (flavor: FlavorRow) =>
      (isPublic === null || flavor.isPublic === isPublic || (!admin && flavor.access.includes(caller.projectId))) &&
      flavor.ram >= minRam &&
      flavor.disk >= minDisk;
    const key = SORT_KEYS[query.get("sort_key") ?? "flavorid"] ?? SORT_KEYS["flavorid"]!;
    const down = query.get("sort_dir") === "desc" ? -1 : 1;
    const sorted = this.#nova.tables.flavors.filter(shown).sort((left, right) => {
      const [a, b] = [key(left), key(right)];
      return a < b ? -down : a > b ? down : left.number - right.number;
    });
    const marker = query.get("marker");
    const first = marker === null ? 0 : sorted.findIndex(({ id }) => id === marker) + 1;
    if (marker !== null && first === 0) throw bad(`marker [${marker}] not found`);
    const limit = Math.min(Number(query.get("limit") || 1000), 1000);
    const page = sorted.slice(first, first + limit);
    const collection = detail ? "flavors/detail" : "flavors";
    const small = (flavor: FlavorRow) => ({
      id: flavor.id,
      name: flavor.name,
      links: links(call.base, "flavors", flavor.id),
      ...(atLeast(call, 2, 55) ? { description: flavor.description } : {}),
    });
    const more = page.length === limit && page.length > 0 && query.has("limit");
    return {
      status: 200,
      body: {
        flavors: page.map((flavor) => (detail ? this.#view(call, flavor) : small(flavor))),
        ...(more ? { flavors_links: [nextLink(call, collection, page.at(-1)!.id)] } : {}),
      },
    };
  }

  #show(call: Call): Answer {
    return { status: 200, body: { flavor: this.#view(call, this.#one(call)) } };
  }

  #create(call: Call): Answer {
    allow(call.caller, "admin", "os-flavor-manage:create");
    validate(newFlavor(atLeast(call, 2, 55)), call.body);
    const given = object(object(call.body)["flavor"]);
    const { flavors } = this.#nova.tables;
    const asked = given["id"];
    const id =
      asked === undefined || asked === null || asked === "auto" || asked === ""
        ? this.#nova.world.random.uuid()
        : String(asked);
    const name = String(given["name"]);
    if (flavors.find((one) => one.name === name && one.id !== id))
      throw conflict(`Flavor with name ${name} already exists.`);
    if (flavors.get(id)) throw conflict(`Flavor with ID ${id} already exists.`);
    const flavor = flavors.put({
      id,
      number: this.#nova.next(flavors),
      name,
      ram: Number(given["ram"]),
      vcpus: Number(given["vcpus"]),
      disk: Number(given["disk"]),
      ephemeral: Number(given["OS-FLV-EXT-DATA:ephemeral"] ?? 0),
      swap: Number(given["swap"] ?? 0),
      rxtx: Number(given["rxtx_factor"] ?? 1),
      isPublic: bool(given["os-flavor-access:is_public"] ?? true) ?? true,
      description: (given["description"] as string | null | undefined) ?? null,
      extraSpecs: {},
      access: [],
    });
    return { status: 200, body: { flavor: this.#view(call, flavor) } };
  }

  #update(call: Call): Answer {
    allow(call.caller, "admin", "os-flavor-manage:update");
    const description: Schema = { type: ["string", "null"], minLength: 0, maxLength: 65535 };
    if (!atLeast(call, 2, 55)) throw missing("The resource could not be found.");
    validate(t.wrapped("flavor", t.only({ description }, ["description"])), call.body);
    const flavor = this.#one(call);
    flavor.description = object(object(call.body)["flavor"])["description"] as string | null;
    this.#nova.tables.flavors.put(flavor);
    return { status: 200, body: { flavor: this.#view(call, flavor) } };
  }

  #delete(call: Call): Answer {
    allow(call.caller, "admin", "os-flavor-manage:delete");
    this.#nova.tables.flavors.delete(this.#one(call).id);
    return { status: 202 };
  }

  #action(call: Call): Answer {
    const action = Object.keys(object(call.body))[0] ?? "";
    const flavor = this.#one(call);
    if (action !== "addTenantAccess" && action !== "removeTenantAccess")
      throw bad(`There is no such action: ${action}`);
    allow(call.caller, "admin", `os-flavor-access:${action === "addTenantAccess" ? "add" : "remove"}_tenant_access`);
    const tenant: Schema = { type: "string", minLength: 1, maxLength: 255 };
    validate({ ...t.wrapped(action, t.only({ tenant }, ["tenant"])), additionalProperties: true }, call.body);
    const project = String(object(object(call.body)[action])["tenant"]);
    const has = flavor.access.includes(project);
    if (action === "addTenantAccess") {
      if (flavor.isPublic) throw conflict("Can not add access to a public flavor.");
      if (has)
        throw conflict(`Flavor access already exists for flavor ${flavor.number} and project ${project} combination.`);
      flavor.access.push(project);
    } else {
      if (!has) throw missing(`Flavor access not found for ${flavor.number} / ${project} combination.`);
      flavor.access = flavor.access.filter((one) => one !== project);
    }
    this.#nova.tables.flavors.put(flavor);
    return this.#accessOf(flavor);
  }

  #accessOf(flavor: FlavorRow): Answer {
    const flavor_access = flavor.access.map((tenant_id) => ({ flavor_id: flavor.id, tenant_id }));
    return { status: 200, body: { flavor_access } };
  }

  #access(call: Call): Answer {
    allow(call.caller, "admin", "os-flavor-access");
    const flavor = this.#one(call);
    if (flavor.isPublic) throw missing("Access list not available for public flavors.");
    return this.#accessOf(flavor);
  }

  #specs(call: Call): Answer {
    return { status: 200, body: { extra_specs: this.#one(call).extraSpecs } };
  }

  #spec(call: Call): Answer {
    const { flavor, key, value } = this.#found(call);
    if (value === undefined) throw missing(`Flavor ${flavor.id} has no extra specs with key ${key}.`);
    return { status: 200, body: { [key]: value } };
  }

  #found(call: Call): { flavor: FlavorRow; key: string; value: string | undefined } {
    const flavor = this.#one(call);
    const key = call.params["key"] ?? "";
    return { flavor, key, value: flavor.extraSpecs[key] };
  }

  #setSpecs(call: Call): Answer {
    allow(call.caller, "admin", "os-flavor-extra-specs:create");
    validate(t.wrapped("extra_specs", specs), call.body);
    const given = object(object(call.body)["extra_specs"]);
    return this.#put(call, given, { extra_specs: given });
  }

  #setSpec(call: Call): Answer {
    allow(call.caller, "admin", "os-flavor-extra-specs:update");
    validate(specs, call.body);
    const given = object(call.body);
    const key = call.params["key"] ?? "";
    if (!(key in given)) throw bad("Request body and URI mismatch");
    return this.#put(call, { [key]: given[key] }, given);
  }

  #put(call: Call, given: Json, body: Json): Answer {
    const flavor = this.#one(call);
    for (const [key, value] of Object.entries(given)) {
      const known = KNOWN_SPECS[key];
      if (known && !known.includes(String(value)))
        throw bad(`Validation failed; '${value}' is not one of: ${known.join(", ")}.`);
    }
    for (const [key, value] of Object.entries(given)) flavor.extraSpecs[key] = String(value);
    this.#nova.tables.flavors.put(flavor);
    return { status: 200, body };
  }

  #deleteSpec(call: Call): Answer {
    allow(call.caller, "admin", "os-flavor-extra-specs:delete");
    const { flavor, key, value } = this.#found(call);
    if (value === undefined) throw missing(`Flavor ${flavor.id} has no extra specs with key ${key}.`);
    delete flavor.extraSpecs[key];
    this.#nova.tables.flavors.put(flavor);
    return { status: 200 };
  }
}

/** Extra specs whose values nova checks when they are set: the ones in use on bare metal and plain hosts. */
const KNOWN_SPECS: Record<string, readonly string[]> = {
  "hw:cpu_policy": ["dedicated", "shared", "mixed"],
  "hw:cpu_thread_policy": ["prefer", "isolate", "require"],
};
