import type { Call, Json } from "../kernel/call.ts";
import type { Route } from "../kernel/service.ts";
import { api, empty } from "./api.ts";
import { authorize, type Cinder, sees, time } from "./core.ts";
import { gone } from "./errors.ts";
import { FILTERS } from "./filters.ts";
import { links } from "./links.ts";
import { filters, type Listing, matching, page, stamp } from "./listing.ts";
import type { MessageRow } from "./rows.ts";
import { since } from "./versions.ts";

/** Milliseconds that a message is kept at least. */
const KEPT = 2592000_000;

/** What was being done. */
const ACTIONS = {
  "001": "schedule allocate volume",
  "002": "attach volume",
  "007": "extend volume",
  "008": "create volume from backend storage",
  "009": "create snapshot",
  "010": "delete snapshot",
  "013": "create backup",
  "014": "delete backup",
  "015": "restore backup",
} as const;

/** What went wrong. */
const DETAILS = {
  "001": "An unknown error occurred.",
  "003": "Could not find any available weighted backend.",
  "010": "Volume Driver failed to extend volume.",
  "012": "Driver failed to create the volume.",
  "013": "Snapshot failed to create.",
  "016": "Snapshot failed to delete.",
  "018": "Backup service is down.",
  "024": "Backup failed to schedule. Service not found for creating backup.",
} as const;

/** Writes a message for the users of a project. */
export function tell(
  cinder: Cinder,
  about: { id: string; projectId: string; requestId: string },
  action: keyof typeof ACTIONS,
  detail: keyof typeof DETAILS,
  resource: "VOLUME" | "VOLUME_SNAPSHOT" | "VOLUME_BACKUP" = "VOLUME",
): void {
  cinder.messages.put({
    id: cinder.newId(),
    projectId: about.projectId,
    requestId: about.requestId,
    resourceType: resource,
    resourceId: about.id,
    actionId: action,
    detailId: detail,
    eventId: `VOLUME_${resource}_${action}_${detail}`,
    level: "ERROR",
    created: cinder.now(),
  });
}

const LISTING: Listing<MessageRow> = {
  kind: "Message",
  filters: FILTERS.message,
  names: [
    "id",
    "created_at",
    "event_id",
    "resource_uuid",
    "resource_type",
    "request_id",
    "message_level",
    "project_id",
  ],
  columns: (row) => ({
    id: row.id,
    created_at: stamp(row.created),
    event_id: row.eventId,
    resource_uuid: row.resourceId,
    resource_type: row.resourceType,
    request_id: row.requestId,
    message_level: row.level,
    project_id: row.projectId,
  }),
  tenantFilters: ["event_id", "resource_uuid", "resource_type", "request_id", "message_level"],
};

function view(cinder: Cinder, call: Call, row: MessageRow): Json {
  const action = (ACTIONS as Record<string, string>)[row.actionId] ?? "unknown action";
  const detail = (DETAILS as Record<string, string>)[row.detailId] ?? DETAILS["001"];
  return {
    id: row.id,
    event_id: row.eventId,
    user_message: `${action}:${detail}`,
    message_level: row.level,
    created_at: time(row.created),
    guaranteed_until: time(row.created + KEPT),
    request_id: row.requestId,
    links: links(cinder, call, "messages", row.id),
    resource_type: row.resourceType,
    resource_uuid: row.resourceId,
  };
}

/** `/messages`: what cinder tells of failures. */
export function messageRoutes(cinder: Cinder): Route[] {
  const find = (call: Call): MessageRow => {
    const row = cinder.messages.get(call.params["id"]!);
    if (!row || !sees(call.caller, row.projectId)) throw gone("Message", call.params["id"]);
    return row;
  };
  const list = (call: Call) => {
    authorize(call, "message:get_all", "reader");
    const mine = cinder.messages.by("project", call.caller.projectId);
    if (!since(call, 5)) return { status: 200, body: { messages: mine.map((row) => view(cinder, call, row)) } };
    const rows = matching(mine, filters(call, LISTING), LISTING);
    const { rows: shown, more } = page(cinder, call, rows, LISTING, { path: "messages", links: "messages_links" });
    return { status: 200, body: { messages: shown.map((row) => view(cinder, call, row)), ...more } };
  };
  return [
    ...api("GET", "/messages", list, 3),
    ...api("GET", "/messages/{id}", (call) => ({ status: 200, body: { message: view(cinder, call, find(call)) } }), 3),
    ...api(
      "DELETE",
      "/messages/{id}",
      (call) => {
        const row = find(call);
        authorize(call, "message:delete", "member", row.projectId);
        cinder.messages.delete(row.id);
        return empty(204);
      },
      3,
    ),
  ];
}
