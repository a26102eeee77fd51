import type { Answer, Call, Json } from "../kernel/call.ts";
import { atLeast } from "../kernel/call.ts";
import { isUuid } from "../kernel/input.ts";
import { type Route, route } from "../kernel/service.ts";
import { hostId, longStamp, type Nova, nextLink } from "./core.ts";
import { bad, may, missing } from "./errors.ts";
import type { ActionRow, ServerRow } from "./rows.ts";

/** What was asked of servers, and what became of it: also of deleted ones. */
export class ActionLog {
  readonly #nova: Nova;

  constructor(nova: Nova) {
    this.#nova = nova;
  }

  routes(): Route[] {
    const path = "/v2.1/servers/{server}/os-instance-actions";
    return [
      route("GET", path, (call) => this.#list(call)),
      route("GET", `${path}/{request}`, (call) => this.#show(call)),
    ];
  }

  #server(call: Call, rule: string): ServerRow {
    const id = call.params["server"] ?? "";
    const gone = isUuid(id) ? this.#nova.tables.servers.get(id) : undefined;
    const visible = gone && (gone.project === call.caller.projectId || may(call.caller, "admin"));
    if (gone?.deleted != null && visible && atLeast(call, 2, 21)) return gone;
    return this.#nova.serverFor(call, "reader", rule);
  }

  #view(call: Call, action: ActionRow): Json {
    return {
      action: action.action,
      instance_uuid: action.server,
      request_id: action.request,
      user_id: action.user,
      project_id: action.project,
      start_time: longStamp(action.started),
      message: action.message,
      ...(atLeast(call, 2, 58) ? { updated_at: longStamp(action.updated) } : {}),
    };
  }

  #list(call: Call): Answer {
    const server = this.#server(call, "os-instance-actions:list");
    const actions = this.#nova.tables.actions.by("server", server.id).reverse();
    const paged = atLeast(call, 2, 58);
    const marker = paged ? call.query.get("marker") : null;
    const first = marker === null ? 0 : actions.findIndex(({ request }) => request === marker) + 1;
    if (marker !== null && first === 0) throw bad(`Marker ${marker} could not be found.`);
    const limit = paged ? Number(call.query.get("limit") ?? 1000) || 1000 : actions.length;
    const page = actions.slice(first, first + limit);
    const more = paged && first + limit < actions.length;
    return {
      status: 200,
      body: {
        instanceActions: page.map((action) => this.#view(call, action)),
        ...(more ? { links: [nextLink(call, `servers/${server.id}/os-instance-actions`, page.at(-1)!.request)] } : {}),
      },
    };
  }

  #show(call: Call): Answer {
    const server = this.#server(call, "os-instance-actions:show");
    const request = call.params["request"] ?? "";
    const action = this.#nova.tables.actions.by("server", server.id).find((one) => one.request === request);
    if (!action) throw missing(`Action ${request} not found`);
    const admin = may(call.caller, "admin");
    const events = action.events.map((event) => ({
      event: event.name,
      start_time: longStamp(event.started),
      finish_time: longStamp(event.finished),
      result: event.result,
      ...(admin ? { traceback: event.traceback } : {}),
      ...(admin && atLeast(call, 2, 62) ? { host: event.host } : {}),
      ...(atLeast(call, 2, 62) ? { hostId: hostId(event.host, server.project) } : {}),
      ...(admin && atLeast(call, 2, 84) ? { details: event.details } : {}),
    }));
    const shown = admin || atLeast(call, 2, 51);
    return { status: 200, body: { instanceAction: { ...this.#view(call, action), ...(shown ? { events } : {}) } } };
  }
}
