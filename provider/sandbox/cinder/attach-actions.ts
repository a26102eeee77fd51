import type { Answer, Call } from "../kernel/call.ts";
import { object, text } from "../kernel/input.ts";
import type { Action } from "./api.ts";
import { finishDetach, mayDetach, newAttachment } from "./attachments.ts";
import { BackendError, connect, disconnect, reachable } from "./connections.ts";
import { authorize, type Cinder } from "./core.ts";
import { bad, failed, invalidVolume } from "./errors.ts";
import type { Parts } from "./parts.ts";
import type { AttachmentRow, VolumeRow } from "./rows.ts";

const ACCEPTED: Answer = { status: 202 };

/** The older way to attach, as ironic uses it: reserve, initialize, attach; begin to detach, terminate, detach. */
export function attachActions(parts: Parts): Record<string, Action> {
  const { cinder, processes } = parts;
  const find = (call: Call, action: string): VolumeRow => {
    const row = cinder.volume(call.caller, call.params["volume"]!);
    authorize(call, `volume_extension:volume_actions:${action}`, "member", row.projectId);
    return row;
  };
  const set = (row: VolumeRow, status: string) => {
    row.status = status;
    cinder.touch(cinder.volumes, row);
  };
  return {
    "os-reserve": {
      run(call) {
        const row = find(call, "reserve");
        const expected = row.multiattach ? ["available", "in-use"] : ["available"];
        if (!expected.includes(row.status))
          throw invalidVolume(
            `Volume status must be ${expected.join(" or ")} to reserve, but the status is ${row.status}.`,
          );
        set(row, "attaching");
        return ACCEPTED;
      },
    },
    "os-unreserve": {
      run(call) {
        unreserve(cinder, find(call, "unreserve"));
        return ACCEPTED;
      },
    },
    "os-begin_detaching": {
      run(call) {
        const row = find(call, "begin_detaching");
        if (row.status !== "in-use" || row.attachStatus !== "attached")
          throw invalidVolume(
            "Unable to detach volume. Volume status must be 'in-use' and attach_status must be 'attached' to detach.",
          );
        set(row, "detaching");
        return ACCEPTED;
      },
    },
    "os-roll_detaching": {
      run(call) {
        const row = find(call, "roll_detaching");
        if (row.status === "detaching") set(row, "in-use");
        return ACCEPTED;
      },
    },
    "os-initialize_connection": {
      async run(call, body) {
        const row = find(call, "initialize_connection");
        if (row.status === "maintenance")
          throw invalidVolume("The volume connection cannot be initialized in maintenance mode.");
        await reachable(cinder, processes);
        const connector = object(body["connector"]);
        try {
          const info = await connect(cinder, row, connector, { export: "Create export of volume failed", end: "" });
          const enforce_multipath = connector["enforce_multipath"] ?? false;
          return { status: 200, body: { connection_info: { ...info, enforce_multipath } } };
        } catch (error) {
          throw error instanceof BackendError ? failed("Unable to fetch connection information from backend.") : error;
        }
      },
    },
    "os-terminate_connection": {
      async run(call) {
        await terminate(parts, call, find(call, "terminate_connection"));
        return ACCEPTED;
      },
    },
    "os-attach": {
      async run(call, body) {
        const row = find(call, "attach");
        await reachable(cinder, processes);
        attach(cinder, row, {
          instance: text(body["instance_uuid"]) ?? null,
          host: sanitized(text(body["host_name"])),
          mountpoint: String(body["mountpoint"]),
          mode: text(body["mode"]) ?? "rw",
        });
        return ACCEPTED;
      },
    },
    "os-detach": {
      async run(call, body) {
        const row = find(call, "detach");
        await detach(parts, call, row, text(body["attachment_id"]));
        return ACCEPTED;
      },
    },
    "os-force_detach": {
      async run(call, body) {
        const row = cinder.volume(call.caller, call.params["volume"]!);
        authorize(call, "volume_extension:volume_admin_actions:force_detach", "admin");
        await terminate(parts, call, row);
        await detach(parts, call, row, text(body["attachment_id"]));
        return ACCEPTED;
      },
    },
  };
}

/** A volume that waits for its attachment is free again, or in use where it has others. */
function unreserve(cinder: Cinder, row: VolumeRow): void {
  if (row.status !== "attaching") return;
  row.status = cinder.attachments.by("volume", row.id).some(({ status }) => status !== "detached")
    ? "in-use"
    : "available";
  cinder.touch(cinder.volumes, row);
}

async function terminate(parts: Parts, call: Call, row: VolumeRow): Promise<void> {
  const { cinder, processes } = parts;
  await mayEnd(parts, call, row, undefined);
  await reachable(cinder, processes);
  try {
    await disconnect(cinder);
  } catch (error) {
    throw error instanceof BackendError ? failed("Unable to terminate volume connection from backend.") : error;
  }
  unreserve(cinder, row);
}

/** Throws 409 where only Nova may end the attachment; without an id it is about the only one that there is. */
async function mayEnd({ cinder }: Parts, call: Call, row: VolumeRow, id: string | undefined): Promise<void> {
  const all = cinder.attachments.by("volume", row.id);
  if (id === undefined && all.length === 0) return;
  const one = id === undefined ? (all.length === 1 ? all[0] : undefined) : cinder.attachments.get(id);
  await mayDetach(cinder, call, one, row);
}

interface Wanted {
  readonly instance: string | null;
  readonly host: string | null;
  readonly mountpoint: string;
  readonly mode: string;
}

/** A host's name without what a name must not have. */
const sanitized = (host: string | undefined): string | null =>
  host === undefined
    ? null
    : host
        .replaceAll(" ", "-")
        .replaceAll(/[^\w.-]+/g, "")
        .replaceAll(/^[.-]+|[.-]+$/g, "")
        .toLowerCase();

/** Notes that a machine or a host has the volume. Throws 400. */
function attach(cinder: Cinder, row: VolumeRow, wanted: Wanted): void {
  const { instance, host, mountpoint, mode } = wanted;
  if (row.status === "maintenance") throw invalidVolume("The volume cannot be attached in maintenance mode.");
  row.adminMetadata = { readonly: "False", ...row.adminMetadata };
  const readonly = row.adminMetadata["readonly"] === "True";
  if (readonly && mode !== "ro") throw bad(`Invalid attaching mode '${mode}' for volume ${row.id}.`);
  if (row.status === "attaching" && (row.adminMetadata["attached_mode"] ?? mode) !== mode)
    throw bad("Error attaching volume - InvalidVolume: Invalid volume: being attached by different mode");
  const mine = cinder.attachments
    .by("volume", row.id)
    .find((one) => (instance === null ? one.host === host : one.instance === instance));
  // cinder fails at the answer of its own process then, with everything as it was
  if (mine) throw failed();
  if (row.status === "in-use" && !row.multiattach)
    throw invalidVolume("volume is already attached and multiple attachments are not enabled");
  row.adminMetadata["attached_mode"] = mode;
  const given: Partial<AttachmentRow> = { instance, host, mountpoint, mode, attached: cinder.now() };
  cinder.attachments.put(newAttachment(cinder, row, { ...given, status: "attached" }));
  row.status = "in-use";
  row.attachStatus = "attached";
  cinder.touch(cinder.volumes, row);
}

async function detach(parts: Parts, call: Call, row: VolumeRow, id: string | undefined): Promise<void> {
  const { cinder, processes } = parts;
  await mayEnd(parts, call, row, id);
  if (row.status === "maintenance") throw invalidVolume("The volume cannot be detached in maintenance mode.");
  await reachable(cinder, processes);
  const all = cinder.attachments.by("volume", row.id);
  if (id === undefined && all.length > 1)
    throw bad(
      "Error detaching volume - InvalidVolume: Invalid volume: Detach volume failed: More than one attachment, but no attachment_id provided.",
    );
  finishDetach(cinder, row.id, id ?? all[0]?.id ?? null);
}
