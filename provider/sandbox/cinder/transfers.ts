import type { Answer, Call, Json } from "../kernel/call.ts";
import { bool, text } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { api, bodyOf, empty } from "./api.ts";
import { ACCEPT_TRANSFER, createTransferBody } from "./bodies.ts";
import { authorize, isAdmin, sees, time } from "./core.ts";
import { bad, gone, invalidVolume } from "./errors.ts";
import { links } from "./links.ts";
import { filters, flag, type Listing, matching, page, stamp } from "./listing.ts";
import type { Parts } from "./parts.ts";
import type { TransferRow } from "./rows.ts";
import { since } from "./versions.ts";

const LISTING: Listing<TransferRow> = {
  kind: "Transfer",
  names: ["id", "created_at", "display_name", "volume_id"],
  columns: (row) => ({
    id: row.id,
    created_at: stamp(row.created),
    display_name: row.name,
    volume_id: row.volumeId,
  }),
  tenantFilters: ["name", "volume_id"],
  refusing: Number.POSITIVE_INFINITY,
};

/** `/volume-transfers`, and under its older name `/os-volume-transfer`. */
export function transferRoutes(parts: Parts): Route[] {
  const { cinder } = parts;
  const selfLinks = (call: Call, row: TransferRow) => links(cinder, call, "os-volume-transfer", row.id);
  const summary = (call: Call, row: TransferRow): Json => ({
    id: row.id,
    volume_id: row.volumeId,
    name: row.name,
    links: selfLinks(call, row),
  });
  const detail = (call: Call, row: TransferRow): Json => ({
    id: row.id,
    created_at: time(row.created),
    name: row.name,
    volume_id: row.volumeId,
    links: selfLinks(call, row),
    ...(since(call, 55) ? { no_snapshots: row.noSnapshots } : {}),
    ...(since(call, 57) ? { destination_project_id: null, source_project_id: row.projectId, accepted: false } : {}),
  });
  const find = (call: Call): TransferRow => {
    const row = cinder.transfers.get(call.params["id"]!);
    if (!row || !sees(call.caller, row.projectId)) throw gone("Transfer", call.params["id"]);
    return row;
  };
  const list = (view: (call: Call, row: TransferRow) => Json) => (call: Call) => {
    authorize(call, "volume:get_all_transfers", "reader");
    const all = isAdmin(call.caller) && flag(call, "all_tenants");
    const mine = all ? cinder.transfers.values() : cinder.transfers.by("project", call.caller.projectId);
    const rows = matching(mine, filters(call, LISTING), LISTING);
    const { rows: shown, more } = page(cinder, call, rows, LISTING, {
      path: "os-volume-transfer",
      links: "transfers_links",
    });
    return { status: 200, body: { transfers: shown.map((row) => view(call, row)), ...more } };
  };
  return ["/volume-transfers", "/os-volume-transfer"].flatMap((path) => [
    ...api("GET", path, list(summary)),
    ...api("GET", `${path}/detail`, list(detail)),
    ...api("POST", path, (call) => {
      const row = offer(parts, call);
      return { status: 202, body: { transfer: { ...detail(call, row), auth_key: row.authKey } } };
    }),
    ...api("GET", `${path}/{id}`, (call) => {
      authorize(call, "volume:get_transfer", "reader");
      return { status: 200, body: { transfer: detail(call, find(call)) } };
    }),
    ...api("POST", `${path}/{id}/accept`, (call) => {
      const row = accept(parts, call);
      return { status: 202, body: { transfer: summary(call, row) } };
    }),
    ...api("DELETE", `${path}/{id}`, (call) => takeBack(parts, call, find(call))),
  ]);
}

function offer({ cinder }: Parts, call: Call): TransferRow {
  const body = bodyOf(call, createTransferBody(call.version[1]), "transfer");
  const volume = cinder.volume(call.caller, text(body["volume_id"]));
  authorize(call, "volume:create_transfer", "member", volume.projectId);
  if (volume.status !== "available") throw invalidVolume("status must be available");
  const noSnapshots = bool(body["no_snapshots"] ?? false) ?? false;
  const busy = cinder.snapshots.by("volume", volume.id).find(({ status }) => status !== "available");
  if (!noSnapshots && busy) throw bad(`Invalid snapshot: snapshot: ${busy.id} status must be available`);
  volume.status = "awaiting-transfer";
  cinder.touch(cinder.volumes, volume);
  return cinder.transfers.put({
    id: cinder.newId(),
    projectId: volume.projectId,
    volumeId: volume.id,
    name: text(body["name"])?.trim() ?? null,
    authKey: cinder.world.random.hex(16),
    noSnapshots,
    created: cinder.now(),
  });
}

function takeBack({ cinder }: Parts, call: Call, row: TransferRow): Answer {
  authorize(call, "volume:delete_transfer", "member", row.projectId);
  const volume = cinder.volumes.get(row.volumeId);
  if (volume?.status === "awaiting-transfer") {
    volume.status = "available";
    cinder.touch(cinder.volumes, volume);
  }
  cinder.transfers.delete(row.id);
  return empty(202);
}

/** The volume, and its snapshots where they come along, belong to the caller's project now. */
function accept({ cinder, quotas }: Parts, call: Call): TransferRow {
  const body = bodyOf(call, ACCEPT_TRANSFER, "accept");
  authorize(call, "volume:accept_transfer", "member");
  const id = call.params["id"]!;
  const row = cinder.transfers.get(id);
  const volume = cinder.volumes.get(row?.volumeId ?? "");
  if (!row || !volume) throw gone("Transfer", id);
  if (String(body["auth_key"]) !== row.authKey)
    throw bad(`Invalid auth key: Attempt to transfer ${id} with invalid auth key.`);
  const { projectId, userId } = call.caller;
  quotas.checkSize(projectId, volume.size);
  quotas.check(projectId, { volumes: 1, gigabytes: volume.size }, volume.typeId);
  const snapshots = row.noSnapshots ? [] : cinder.snapshots.by("volume", volume.id);
  const size = snapshots.reduce((sum, one) => sum + one.size, 0);
  if (snapshots.length > 0) quotas.check(projectId, { snapshots: snapshots.length, gigabytes: size }, volume.typeId);
  Object.assign(volume, { projectId, userId, status: "available" });
  cinder.touch(cinder.volumes, volume);
  for (const snapshot of snapshots) {
    Object.assign(snapshot, { projectId, userId });
    cinder.touch(cinder.snapshots, snapshot);
  }
  cinder.transfers.delete(id);
  return row;
}
