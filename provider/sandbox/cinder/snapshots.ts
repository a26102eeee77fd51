import type { Answer, Call, Json } from "../kernel/call.ts";
import { bool, object, text } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { type Action, act, api, bodyOf, empty } from "./api.ts";
import { CREATE_SNAPSHOT, SNAPSHOT_ACTIONS, UPDATE_SNAPSHOT } from "./bodies.ts";
import { authorize, isAdmin } from "./core.ts";
import { bad, invalidVolume } from "./errors.ts";
import { FILTERS } from "./filters.ts";
import { filters, flag, type Listing, matching, page, stamp } from "./listing.ts";
import type { Parts } from "./parts.ts";
import type { SnapshotRow, Texts } from "./rows.ts";
import { since } from "./versions.ts";
import { snapshotSummary, snapshotView } from "./views.ts";
import { trimmed } from "./volume-create.ts";

const LISTING: Listing<SnapshotRow> = {
  kind: "Snapshot",
  filters: FILTERS.snapshot,
  names: [
    ..."id created_at updated_at display_name display_description status volume_size volume_id project_id".split(" "),
    ..."user_id volume_type_id progress use_quota metadata".split(" "),
  ],
  columns: (row) => ({
    id: row.id,
    created_at: stamp(row.created),
    updated_at: stamp(row.updated),
    display_name: row.name,
    display_description: row.description,
    status: row.status,
    volume_size: row.size,
    volume_id: row.volumeId,
    project_id: row.projectId,
    user_id: row.userId,
    volume_type_id: row.typeId,
    progress: row.progress,
    use_quota: !row.temporary,
  }),
  metadata: (row) => row.metadata,
  tenantFilters: ["status", "volume_id", "name", "metadata"],
};

/** `/snapshots`: lists, one, made, changed, deleted, actions. */
export function snapshotRoutes(parts: Parts): Route[] {
  const { cinder } = parts;
  const find = (call: Call): SnapshotRow => cinder.snapshot(call.caller, call.params["id"]!);
  const list = (detail: boolean) => (call: Call) => {
    const given = filters(call, LISTING);
    authorize(call, "volume:get_all_snapshots", "reader");
    const all = isAdmin(call.caller) && flag(call, "all_tenants");
    const mine = all ? cinder.snapshots.values() : cinder.snapshots.by("project", call.caller.projectId);
    const path = detail ? "snapshots/detail" : "snapshots";
    const rows = matching(mine, given, LISTING);
    const { rows: shown, more } = page(cinder, call, rows, LISTING, { path, links: "snapshots_links", count: true });
    const view = detail ? (row: SnapshotRow) => snapshotView(call, row) : snapshotSummary;
    return { status: 200, body: { snapshots: shown.map(view), ...more } };
  };
  const remove = (call: Call, row: SnapshotRow, force = false): void => {
    authorize(call, "volume:delete_snapshot", "member", row.projectId);
    if (!force && row.status !== "available" && row.status !== "error")
      throw bad("Invalid snapshot: Snapshot status must be available or error and must not be part of a group.");
    row.status = "deleting";
    row.taken = false;
    cinder.touch(cinder.snapshots, row);
    parts.snapshots.delete(row.id);
  };
  const actions: Record<string, Action> = {
    "os-reset_status": {
      run(call, body) {
        const row = find(call);
        authorize(call, "volume_extension:snapshot_admin_actions:reset_status", "admin");
        row.status = String(body["status"]).toLowerCase();
        row.taken = false;
        cinder.touch(cinder.snapshots, row);
        return { status: 202 };
      },
    },
    "os-force_delete": {
      run(call) {
        const row = find(call);
        authorize(call, "volume_extension:snapshot_admin_actions:force_delete", "admin");
        remove(call, row, true);
        return { status: 202 };
      },
    },
  };
  return [
    ...api("GET", "/snapshots", list(false)),
    ...api("GET", "/snapshots/detail", list(true)),
    ...api("POST", "/snapshots", (call) => create(parts, call)),
    ...api("GET", "/snapshots/{id}", (call) => ({ status: 200, body: { snapshot: snapshotView(call, find(call)) } })),
    ...api("PUT", "/snapshots/{id}", (call) => {
      const body = bodyOf(call, UPDATE_SNAPSHOT, "snapshot");
      const row = find(call);
      authorize(call, "volume:update_snapshot", "member", row.projectId);
      for (const key of ["display_name", "name"]) if (key in body) row.name = trimmed(body[key]);
      for (const key of ["display_description", "description"]) if (key in body) row.description = trimmed(body[key]);
      cinder.touch(cinder.snapshots, row);
      return { status: 200, body: { snapshot: snapshotView(call, row, false) } };
    }),
    ...api("DELETE", "/snapshots/{id}", (call) => {
      remove(call, find(call));
      return empty(202);
    }),
    ...api("POST", "/snapshots/{id}/action", (call) => act(call, actions, SNAPSHOT_ACTIONS)),
  ];
}

function create(parts: Parts, call: Call): Answer {
  const { cinder, quotas } = parts;
  const body = bodyOf(call, CREATE_SNAPSHOT, "snapshot");
  const volume = cinder.volume(call.caller, text(body["volume_id"]));
  const inUse = since(call, 66);
  const force = bool(body["force"] ?? false) ?? false;
  if (inUse && body["force"] !== undefined && !force)
    throw bad(
      "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compatability, however, when the 'force' flag is passed with a value evaluating to True, it is silently ignored.",
    );
  authorize(call, "volume:create_snapshot", "member", volume.projectId);
  if (volume.host === null)
    throw invalidVolume("The snapshot cannot be created because volume has not been scheduled to any host.");
  if (volume.status === "maintenance")
    throw invalidVolume("The snapshot cannot be created when the volume is in maintenance mode.");
  if (volume.status === "error")
    throw invalidVolume("The snapshot cannot be created when the volume is in error status.");
  const expected = force || inUse ? ["available", "in-use"] : ["available"];
  if (!expected.includes(volume.status))
    throw invalidVolume(
      `Volume ${volume.id} status must be ${expected.join(", ")}, but current status is: ${volume.status}.`,
    );
  const { projectId, userId } = call.caller;
  quotas.check(projectId, { snapshots: 1, gigabytes: volume.size }, volume.typeId);
  const row: SnapshotRow = cinder.snapshots.put({
    id: cinder.newId(),
    projectId,
    userId,
    name: nameOf(body),
    description: trimmed(body["description"]),
    created: cinder.now(),
    updated: null,
    status: "creating",
    volumeId: volume.id,
    size: volume.size,
    typeId: volume.typeId,
    metadata: { ...object(body["metadata"]) } as Texts,
    progress: "0%",
    taken: false,
    temporary: false,
    requestId: call.id,
  });
  parts.snapshots.create(row.id);
  return { status: 202, body: { snapshot: snapshotView(call, row, false) } };
}

const nameOf = (body: Json): string | null => trimmed(body["name"] ?? body["display_name"]);
