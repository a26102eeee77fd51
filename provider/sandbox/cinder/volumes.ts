import type { Call } from "../kernel/call.ts";
import { bool, object } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { api, bodyOf, empty } from "./api.ts";
import { updateVolumeBody } from "./bodies.ts";
import { authorize, type Cinder, isAdmin } from "./core.ts";
import { bad, invalidVolume } from "./errors.ts";
import { FILTERS } from "./filters.ts";
import { filters, flag, type Listing, matching, page, stamp } from "./listing.ts";
import type { Parts } from "./parts.ts";
import type { Texts, VolumeRow } from "./rows.ts";
import { since } from "./versions.ts";
import { volumeSummary, volumeView } from "./views.ts";
import { createVolume, trimmed } from "./volume-create.ts";

const LISTING: Listing<VolumeRow> = {
  kind: "Volume",
  filters: FILTERS.volume,
  names: [
    ..."id created_at updated_at display_name display_description status size availability_zone user_id".split(" "),
    ..."project_id volume_type_id snapshot_id source_volid bootable multiattach attach_status migration_status".split(
      " ",
    ),
    ..."host use_quota group_id metadata".split(" "),
  ],
  columns: (row) => ({
    id: row.id,
    created_at: stamp(row.created),
    updated_at: stamp(row.updated),
    display_name: row.name,
    display_description: row.description,
    status: row.status,
    size: row.size,
    availability_zone: row.zone,
    user_id: row.userId,
    project_id: row.projectId,
    volume_type_id: row.typeId,
    snapshot_id: row.snapshotId,
    source_volid: row.sourceId,
    bootable: row.bootable,
    multiattach: row.multiattach,
    attach_status: row.attachStatus,
    migration_status: row.migrationStatus,
    host: row.host,
    use_quota: true,
    group_id: null,
  }),
  metadata: (row) => row.metadata,
};

/** The volumes that a list is about: the project's, or with `all_tenants` an administrator's everything. */
const listed = (cinder: Cinder, call: Call): VolumeRow[] =>
  isAdmin(call.caller) && flag(call, "all_tenants")
    ? cinder.volumes.values()
    : cinder.volumes.by("project", call.caller.projectId);

/** `/volumes`: lists, one, made, changed, deleted. */
export function volumeRoutes(parts: Parts): Route[] {
  const { cinder } = parts;
  const find = (call: Call): VolumeRow => cinder.volume(call.caller, call.params["volume"]!);
  const list = (detail: boolean) => (call: Call) => {
    const given = filters(call, LISTING);
    authorize(call, "volume:get_all", "reader");
    const bootable = given.get("bootable");
    if (bootable !== undefined && bool(bootable) === undefined)
      throw bad(`Invalid input received: 'bootable = ${bootable}'`);
    const rows = matching(listed(cinder, call), given, LISTING);
    const path = detail ? "volumes/detail" : "volumes";
    const { rows: shown, more } = page(cinder, call, rows, LISTING, { path, links: "volumes_links", count: true });
    const view = detail ? volumeView : volumeSummary;
    return { status: 200, body: { volumes: shown.map((row) => view(cinder, call, row)), ...more } };
  };
  return [
    ...api("GET", "/volumes", list(false)),
    ...api("GET", "/volumes/detail", list(true)),
    ...api("GET", "/volumes/summary", (call) => summary(cinder, call), 12),
    ...api("POST", "/volumes", (call) => createVolume(parts, call)),
    ...api("GET", "/volumes/{volume}", (call) => ({
      status: 200,
      body: { volume: volumeView(cinder, call, find(call)) },
    })),
    ...api("PUT", "/volumes/{volume}", (call) => {
      const body = bodyOf(call, updateVolumeBody(call.version[1]), "volume");
      const row = find(call);
      authorize(call, "volume:update", "member", row.projectId);
      if (row.status === "maintenance") throw invalidVolume("The volume cannot be updated during maintenance.");
      for (const key of ["display_name", "name"]) if (key in body) row.name = trimmed(body[key]);
      for (const key of ["display_description", "description"]) if (key in body) row.description = trimmed(body[key]);
      if ("metadata" in body) row.metadata = { ...object(body["metadata"]) } as Texts;
      cinder.touch(cinder.volumes, row);
      return { status: 200, body: { volume: volumeView(cinder, call, row, { extended: false }) } };
    }),
    ...api("DELETE", "/volumes/{volume}", (call) => {
      const cascade = flag(call, "cascade");
      const force = since(call, 23) && flag(call, "force");
      const row = find(call);
      if (force) authorize(call, "volume:force_delete", "admin");
      deleteVolume(parts, call, row, { cascade, force });
      return empty(202);
    }),
  ];
}

function summary(cinder: Cinder, call: Call) {
  authorize(call, "volume:get_all", "reader");
  const rows = listed(cinder, call);
  const metadata: Record<string, string[]> = {};
  for (const row of rows)
    for (const [key, value] of Object.entries(row.metadata)) {
      metadata[key] ??= [];
      if (!metadata[key].includes(value)) metadata[key].push(value);
    }
  const total = { total_count: rows.length, total_size: rows.reduce((sum, { size }) => sum + size, 0) };
  return { status: 200, body: { "volume-summary": { ...total, ...(since(call, 36) ? { metadata } : {}) } } };
}

const DELETABLE = ["available", "error", "error_restoring", "error_extending", "error_managing"];

/** Begins to delete a volume; one that no back end has is gone at once. Throws 403 and 400. */
export function deleteVolume(
  { cinder, volumes }: Parts,
  call: Call,
  row: VolumeRow,
  { cascade = false, force = false },
): void {
  authorize(call, "volume:delete", "member", row.projectId);
  if (row.host === null) {
    volumes.destroy(row);
    return;
  }
  const snapshots = cinder.snapshots.by("volume", row.id);
  const kept = cascade
    ? !force && snapshots.some(({ status }) => status !== "available" && status !== "error")
    : snapshots.length > 0;
  const free = row.attachStatus !== "attached" && row.migrationStatus === null;
  if (!free || kept || !(force || DELETABLE.includes(row.status))) {
    const status = force ? "" : `status must be ${DELETABLE.join(" or ")} and`;
    throw bad(
      `Invalid volume: Volume ${status} must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.`,
    );
  }
  row.status = "deleting";
  row.taken = false;
  cinder.touch(cinder.volumes, row);
  for (const snapshot of cascade ? snapshots : []) {
    snapshot.status = "deleting";
    // the volume's deletion takes it along
    snapshot.taken = true;
    cinder.touch(cinder.snapshots, snapshot);
  }
  volumes.delete(row.id, cascade);
}
