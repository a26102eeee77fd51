import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { list, object } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import type { Nova } from "./core.ts";
import { allow, bad, forbidden, may, missing, notAllowed } from "./errors.ts";
import type { Quotas } from "./quotas.ts";
import type { GroupRow } from "./rows.ts";
import { type Schema, validate } from "./schema.ts";
import * as t from "./types.ts";

const POLICIES = ["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"];

function newGroup(minor: number): Schema {
  const policies = minor >= 15 ? POLICIES : POLICIES.slice(0, 2);
  if (minor < 64)
    return t.wrapped(
      "server_group",
      t.only(
        {
          name: t.name,
          policies: t.listOf({ type: "string", enum: policies }, { minItems: 1, maxItems: 1, uniqueItems: true }),
        },
        ["name", "policies"],
      ),
    );
  const rules = t.only({ max_server_per_host: t.atLeast(1) });
  const group = t.only({ name: t.name, policy: { type: "string", enum: policies }, rules }, ["name", "policy"]);
  return t.wrapped("server_group", group);
}

/** The server groups of nova's API. */
export class Groups {
  readonly #nova: Nova;
  readonly #quotas: Quotas;

  constructor(nova: Nova, quotas: Quotas) {
    this.#nova = nova;
    this.#quotas = quotas;
  }

  routes(): Route[] {
    return [
      route("GET", "/v2.1/os-server-groups", (call) => this.#list(call)),
      route("POST", "/v2.1/os-server-groups", (call) => this.#create(call)),
      route("GET", "/v2.1/os-server-groups/{group}", (call) => ({
        status: 200,
        body: { server_group: this.#view(call, this.#one(call, "reader", "show")) },
      })),
      route("DELETE", "/v2.1/os-server-groups/{group}", (call) => {
        this.#nova.tables.groups.delete(this.#one(call, "member", "delete").id);
        return { status: 204 };
      }),
    ];
  }

  #one(call: Call, right: "reader" | "member", rule: string): GroupRow {
    const id = call.params["group"] ?? "";
    const group = this.#nova.tables.groups.get(id);
    if (!group || (group.project !== call.caller.projectId && !may(call.caller, "admin")))
      throw missing(`Instance group ${id} could not be found.`);
    if (!may(call.caller, right)) throw notAllowed(`os-server-groups:${rule}`);
    return group;
  }

  #view(call: Call, group: GroupRow): Json {
    const modern = atLeast(call, 2, 64);
    return {
      id: group.id,
      name: group.name,
      ...(modern ? { policy: group.policy, rules: group.rules } : { policies: [group.policy], metadata: {} }),
      members: this.#nova.tables.servers
        .by("project", group.project)
        .filter((server) => server.group === group.id && server.deleted === null)
        .map(({ id }) => id),
      ...(atLeast(call, 2, 13) ? { project_id: group.project, user_id: group.user } : {}),
    };
  }

  #list(call: Call): Answer {
    allow(call.caller, "reader", "os-server-groups:index");
    const { groups } = this.#nova.tables;
    const all =
      call.query.has("all_projects") && may(call.caller, "admin")
        ? groups.values()
        : groups.by("project", call.caller.projectId);
    const offset = Number(call.query.get("offset") ?? 0) || 0;
    const limit = Number(call.query.get("limit") ?? 1000) || 1000;
    const page = all.slice(offset, offset + limit);
    return { status: 200, body: { server_groups: page.map((group) => this.#view(call, group)) } };
  }

  #create(call: Call): Answer {
    const { caller } = call;
    validate(newGroup(call.version[1]), call.body);
    allow(caller, "member", "os-server-groups:create");
    const given = object(object(call.body)["server_group"]);
    const policy = String(given["policy"] ?? list(given["policies"])[0]);
    const rules = object(given["rules"]);
    if (Object.keys(rules).length > 0 && policy !== "anti-affinity")
      throw bad("Only anti-affinity policy supports rules.");
    const { groups } = this.#nova.tables;
    const limit = this.#quotas.limit(caller.projectId, "server_groups");
    if (limit >= 0 && groups.by("project", caller.projectId).length >= limit)
      throw forbidden("Quota exceeded, too many server groups.");
    const group = groups.put({
      id: this.#nova.world.random.uuid(),
      project: caller.projectId,
      user: caller.userId,
      name: String(given["name"]),
      policy,
      rules: Object.fromEntries(Object.entries(rules).map(([key, value]) => [key, Number(value)])),
    });
    return { status: 200, body: { server_group: this.#view(call, group) } };
  }
}
