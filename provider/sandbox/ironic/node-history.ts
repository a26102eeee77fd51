import type { Answer, Call, Json } from "../kernel/call.ts";
import { linksOf, ok, pageOf } from "./answers.ts";
import { argumentsOf } from "./arguments.ts";
import { fault } from "./errors.ts";
import { HOST } from "./host.ts";
import type { Ironic } from "./ironic.ts";
import { nodeOf } from "./nodes.ts";
import type { HistoryRow } from "./rows.ts";
import { minor } from "./versions.ts";

const EVENT = ["uuid", "created_at", "severity", "event"];
const EVENT_DETAIL = [
  "uuid",
  "created_at",
  "severity",
  "event_type",
  "event",
  "conductor",
  "user",
  "project",
  "state",
  "target_provision_state",
  "duration_seconds",
];

function eventView(ironic: Ironic, call: Call, row: HistoryRow, detailed: boolean): Json {
  const { id: uuid, created_at, severity, event, event_type, user, state, duration_seconds } = row;
  const links = linksOf(ironic.base(call), `nodes/${row.node_uuid}/history/${uuid}`).slice(0, 1);
  const version = minor(call);
  if (!detailed)
    return { uuid, created_at, severity, event: event.length > 255 ? `${event.slice(0, 251)}...` : event, links };
  return {
    uuid,
    created_at,
    severity,
    event_type,
    event,
    conductor: HOST,
    user,
    ...(version >= 113 ? { project: null } : {}),
    ...(version >= 115 ? { state, target_provision_state: row.target_provision_state, duration_seconds } : {}),
    links,
  };
}

/** `GET /v1/nodes/{node}/history`: what happened to it. */
export function history(ironic: Ironic, call: Call): Answer {
  const query = argumentsOf(call, {
    detail: "boolean",
    marker: "uuid",
    limit: "integer",
    sort_key: "string",
    sort_dir: "string",
  });
  const node = nodeOf(ironic, call, "baremetal:node:history:get");
  const detailed = query["detail"] === true;
  const { history: table } = ironic.tables;
  const missing = (marker: string) => fault(404, `Node history record ${marker} could not be found.`);
  return pageOf(
    ironic,
    call,
    table.by("node", node.id),
    { sort_key: "created_at", ...query },
    {
      name: "history",
      path: `nodes/${call.params["node"]}/history`,
      idOf: (row) => row.id,
      columns: ["uuid", "created_at", "severity", "event_type", "event", "user", "state"],
      unsortable: [],
      exists: (marker) => table.get(marker) !== undefined,
      unknown: missing,
    },
    {
      show: (row) => eventView(ironic, call, row, detailed),
      parameters: {},
      fields: detailed ? EVENT_DETAIL : EVENT,
    },
  );
}

/** One event of it. */
export function showEvent(ironic: Ironic, call: Call): Answer {
  nodeOf(ironic, call, "baremetal:node:history:get");
  const { event = "" } = call.params;
  const row = ironic.tables.history.get(event);
  if (!row) throw fault(404, `Node history record ${event} could not be found.`);
  return ok(eventView(ironic, call, row, true));
}
