import type { Answer, Call, Json } from "../kernel/call.ts";
import { Refusal } from "../kernel/call.ts";
import { isUuid, object, text } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { act, api, bodyOf } from "./api.ts";
import { createAttachmentBody, UPDATE_ATTACHMENT } from "./bodies.ts";
import { BackendError, connect, disconnect, reachable } from "./connections.ts";
import { authorize, type Cinder, isAdmin } from "./core.ts";
import { bad, conflict, failed, invalidInput, invalidVolume, notFound } from "./errors.ts";
import { FILTERS } from "./filters.ts";
import { filters, type Listing, matching, page, stamp } from "./listing.ts";
import type { Parts } from "./parts.ts";
import type { AttachmentRow, VolumeRow } from "./rows.ts";
import { since } from "./versions.ts";
import { attachmentSummary, attachmentView } from "./views.ts";

const FIRST = 27;

const LISTING: Listing<AttachmentRow> = {
  kind: "Volume attachment",
  filters: FILTERS.attachment,
  names: [
    "id",
    "created_at",
    "volume_id",
    "attach_status",
    "instance_uuid",
    "attached_host",
    "mountpoint",
    "attach_mode",
  ],
  columns: (row) => ({
    id: row.id,
    created_at: stamp(row.created),
    volume_id: row.volumeId,
    attach_status: row.status,
    instance_uuid: row.instance,
    attached_host: row.host,
    mountpoint: row.mountpoint,
    attach_mode: row.mode,
  }),
  tenantFilters: ["volume_id", "status", "instance_id", "attach_status"],
  renamed: { instance_id: "instance_uuid", status: "attach_status" },
};

/** An attachment by its id. Cinder shows it to anybody who knows the id. Throws 404. */
function find(cinder: Cinder, id: string): AttachmentRow {
  const row = cinder.attachments.get(id);
  if (!row) throw notFound(`Volume attachment could not be found with filter: attachment_id = ${id}.`);
  return row;
}

/** `/attachments`. */
export function attachmentRoutes(parts: Parts): Route[] {
  const { cinder } = parts;
  const list = (detail: boolean) => (call: Call) => {
    const given = filters(call, LISTING);
    const all = isAdmin(call.caller) && given.has("all_tenants");
    const mine = all ? cinder.attachments.values() : cinder.attachments.by("project", call.caller.projectId);
    const rows = matching(mine, given, LISTING);
    const { rows: shown } = page(cinder, call, rows, LISTING, { path: "attachments", links: "attachments_links" });
    return { status: 200, body: { attachments: shown.map(detail ? attachmentView : attachmentSummary) } };
  };
  return [
    ...api("GET", "/attachments", list(false), FIRST),
    ...api("GET", "/attachments/detail", list(true), FIRST),
    ...api("POST", "/attachments", (call) => create(parts, call), FIRST),
    ...api(
      "GET",
      "/attachments/{id}",
      (call) => ({ status: 200, body: { attachment: attachmentView(find(cinder, call.params["id"]!)) } }),
      FIRST,
    ),
    ...api("PUT", "/attachments/{id}", (call) => update(parts, call), FIRST),
    ...api("DELETE", "/attachments/{id}", (call) => remove(parts, call), FIRST),
    ...api("POST", "/attachments/{id}/action", (call) =>
      act(call, { "os-complete": { from: 44, run: () => complete(cinder, call) } }, { "os-complete": {} }),
    ),
  ];
}

async function create(parts: Parts, call: Call): Promise<Answer> {
  const { cinder } = parts;
  const body = bodyOf(call, createAttachmentBody(call.version[1]), "attachment");
  const volume = cinder.volume(call.caller, text(body["volume_uuid"]));
  authorize(call, "volume:attachment_create", "member", volume.projectId);
  if (volume.status.includes("error"))
    throw invalidVolume(
      `Volume attachments can not be created if the volume is in an error state. The Volume ${volume.id} currently has a status of: ${volume.status} `,
    );
  const row = reserve(cinder, volume, text(body["instance_uuid"]) ?? null);
  const mode = since(call, 54) ? (text(body["mode"]) ?? "null") : "null";
  const connector = body["connector"];
  if (connector) await export_(parts, row, volume, object(connector), "create");
  const shown = {
    ...attachmentView({ ...row, status: "reserved", attached: null }),
    connection_info: row.connectionInfo ?? {},
  };
  row.mode = volume.adminMetadata["readonly"] === undefined ? mode : "ro";
  cinder.attachments.put(row);
  return { status: 200, body: { attachment: { ...shown, attach_mode: row.mode } } };
}

/** Takes the volume for a machine. Throws 400 where it is taken already, but not by the same machine. */
function reserve(cinder: Cinder, volume: VolumeRow, instance: string | null): AttachmentRow {
  const expected = volume.multiattach ? ["available", "in-use", "downloading"] : ["available", "downloading"];
  if (expected.includes(volume.status)) {
    volume.status = "reserved";
    cinder.touch(cinder.volumes, volume);
  } else {
    const same =
      instance !== null &&
      ["in-use", "reserved"].includes(volume.status) &&
      cinder.attachments.by("volume", volume.id).some((one) => one.instance === instance);
    if (!same)
      throw invalidVolume(
        `Volume ${volume.id} status must be ${expected.join(" or ")} to reserve, but the current status is ${volume.status}.`,
      );
  }
  return cinder.attachments.put(newAttachment(cinder, volume, { status: "reserved", instance }));
}

/** An attachment's row. */
export function newAttachment(
  cinder: Cinder,
  volume: VolumeRow,
  given: Partial<AttachmentRow> & Pick<AttachmentRow, "status">,
): AttachmentRow {
  return {
    id: cinder.newId(),
    volumeId: volume.id,
    projectId: volume.projectId,
    instance: null,
    host: null,
    mountpoint: null,
    mode: null,
    connector: null,
    connectionInfo: null,
    created: cinder.now(),
    attached: null,
    ...given,
  };
}

/** Makes the export and notes on attachment and volume that the machine is attaching. Throws 500 where the back end cannot. */
async function export_(
  { cinder, processes }: Parts,
  row: AttachmentRow,
  volume: VolumeRow,
  connector: Json,
  verb: "create" | "update",
): Promise<void> {
  let info: Json;
  try {
    await reachable(cinder, processes);
    info = await connect(cinder, volume, connector, { export: "Create export for volume failed", end: "." });
  } catch (error) {
    if (error instanceof BackendError)
      throw failed(
        verb === "create"
          ? `Unable to create attachment for volume (${error.message}).`
          : `Unable to update attachment (${error.message}).`,
      );
    if (error instanceof Refusal)
      throw failed(verb === "create" ? "Unable to create attachment for volume." : "Unable to update the attachment.");
    throw error;
  }
  const { data, ...rest } = info;
  row.connectionInfo = { ...object(data), ...rest, attachment_id: row.id };
  row.connector = connector;
  row.status = "attaching";
  row.mode = row.mode !== null && row.mode !== "null" ? row.mode : (text(connector["mode"]) ?? "rw");
  row.host = text(connector["host"]) ?? "";
  row.mountpoint = text(connector["mountpoint"]) ?? "na";
  row.attached = cinder.now();
  cinder.attachments.put(row);
  volume.status = "attaching";
  volume.attachStatus = "attaching";
  cinder.touch(cinder.volumes, volume);
}

async function update(parts: Parts, call: Call): Promise<Answer> {
  const { cinder } = parts;
  const body = bodyOf(call, UPDATE_ATTACHMENT, "attachment");
  const row = find(cinder, call.params["id"]!);
  authorize(call, "volume:attachment_update", "member", row.projectId);
  const volume = cinder.volume(call.caller, row.volumeId);
  if (volume.status.includes("error"))
    throw bad(
      `Resource conflict: Volume attachments can not be updated if the volume is in an error state. The Volume ${volume.id} currently has a status of: ${volume.status} `,
    );
  const others = cinder.attachments.by("volume", volume.id);
  if (others.length > 1 && !volume.multiattach && others.some((one) => one.connectionInfo !== null))
    throw bad(`Resource conflict: duplicate connectors detected on volume ${volume.id}`);
  // the answer shows the attachment as it was before, and only its connection is new
  const before = attachmentView(row);
  await export_(parts, row, volume, object(body["connector"]), "update");
  return { status: 200, body: { attachment: { ...before, connection_info: row.connectionInfo } } };
}

function complete(cinder: Cinder, call: Call): Answer {
  const row = find(cinder, call.params["id"]!);
  const volume = cinder.volume(call.caller, row.volumeId);
  authorize(call, "volume:attachment_complete", "member", row.projectId);
  row.status = "attached";
  cinder.attachments.put(row);
  volume.status = "in-use";
  volume.attachStatus = "attached";
  cinder.touch(cinder.volumes, volume);
  return { status: 204 };
}

async function remove(parts: Parts, call: Call): Promise<Answer> {
  const { cinder, processes } = parts;
  const row = find(cinder, call.params["id"]!);
  authorize(call, "volume:attachment_delete", "member", row.projectId);
  await mayDetach(cinder, call, row);
  if (row.status !== "reserved") {
    await reachable(cinder, processes);
    try {
      if (row.connector) await disconnect(cinder);
    } catch (error) {
      throw error instanceof BackendError ? failed() : error;
    }
  }
  const left = finishDetach(cinder, row.volumeId, row.id);
  return { status: 200, body: { attachments: left.map(attachmentSummary) } };
}

/** Removes an attachment and gives the volume the state that its other attachments ask for. */
export function finishDetach(cinder: Cinder, volumeId: string, attachmentId: string | null): AttachmentRow[] {
  if (attachmentId !== null) cinder.attachments.delete(attachmentId);
  const left = cinder.attachments.by("volume", volumeId);
  const volume = cinder.volumes.get(volumeId);
  if (!volume) return left;
  const { attached_mode: _, ...rest } = volume.adminMetadata;
  volume.adminMetadata = rest;
  const has = (status: string) => left.some((one) => one.status === status);
  const found = ["attached", "attaching", "detaching", "reserved"].find(has);
  volume.attachStatus = found ?? "detached";
  volume.status = found === undefined ? "available" : found === "attached" ? "in-use" : found;
  cinder.touch(cinder.volumes, volume);
  return left;
}

/** Throws 409 where Nova's machine uses the attachment: only Nova may end it. */
export async function mayDetach(
  cinder: Cinder,
  call: Call,
  attachment: AttachmentRow | undefined,
  volume?: VolumeRow,
): Promise<void> {
  if (call.inner) return;
  if (!attachment) throw usedByNova("");
  if (volume && volume.id !== attachment.volumeId) throw invalidInput("Mismatched volume and attachment");
  const { instance, connectionInfo, volumeId } = attachment;
  if (instance === null || !connectionInfo || !isUuid(instance)) return;
  try {
    const path = `/v2.1/servers/${instance}/os-volume_attachments/${volumeId}`;
    const answer = await cinder.world.ask("nova", "GET", path, { as: call.caller, version: [2, 89] });
    if (object(answer["volumeAttachment"])["attachment_id"] === attachment.id) throw usedByNova(instance);
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 404) throw error;
  }
}

const usedByNova = (instance: string) =>
  conflict(`ConflictNovaUsingAttachment: Detach volume from instance ${instance} using the Compute API`);
