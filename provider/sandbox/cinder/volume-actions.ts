import type { Answer, Call, Json } from "../kernel/call.ts";
import { bool, text } from "../kernel/input.ts";
import type { Route } from "../kernel/service.ts";
import { type Action, act, api, empty } from "./api.ts";
import { attachActions } from "./attach-actions.ts";
import { finishDetach } from "./attachments.ts";
import { VOLUME_ACTIONS } from "./bodies.ts";
import { authorize } from "./core.ts";
import { bad, conflict, invalidInput, invalidVolume, notFound } from "./errors.ts";
import type { Parts } from "./parts.ts";
import type { Texts, VolumeRow } from "./rows.ts";
import { typeByNameOrId } from "./types-lookup.ts";
import { since } from "./versions.ts";
import { isShared } from "./volume-work.ts";
import { deleteVolume } from "./volumes.ts";

const ACCEPTED: Answer = { status: 202 };

/** `POST /volumes/{id}/action`. */
export function volumeActionRoutes(parts: Parts): Route[] {
  const actions = {
    ...attachActions(parts),
    ...changes(parts),
    ...adminActions(parts),
    ...imageMetadataActions(parts),
  };
  return api("POST", "/volumes/{volume}/action", (call) => act(call, actions, VOLUME_ACTIONS));
}

function changes(parts: Parts): Record<string, Action> {
  const { cinder } = parts;
  const find = (call: Call): VolumeRow => cinder.volume(call.caller, call.params["volume"]!);
  return {
    "os-extend": {
      run(call, body) {
        extend(parts, call, find(call), Number(body["new_size"]));
        return ACCEPTED;
      },
    },
    "os-retype": {
      run(call, body) {
        retype(parts, call, find(call), body);
        return ACCEPTED;
      },
    },
    "os-set_bootable": {
      run(call, body) {
        const row = find(call);
        authorize(call, "volume:update", "member", row.projectId);
        row.bootable = bool(body["bootable"]) ?? false;
        cinder.touch(cinder.volumes, row);
        return { status: 200 };
      },
    },
    "os-update_readonly_flag": {
      run(call, body) {
        const row = find(call);
        authorize(call, "volume:update_readonly_flag", "member", row.projectId);
        if (row.status !== "available")
          throw invalidVolume(
            `Volume ${row.id} status must be available to update readonly flag, but current status is: ${row.status}.`,
          );
        row.adminMetadata["readonly"] = bool(body["readonly"]) ? "True" : "False";
        cinder.touch(cinder.volumes, row);
        return ACCEPTED;
      },
    },
    revert: {
      from: 40,
      run(call, body) {
        revert(parts, call, find(call), text(body["snapshot_id"]));
        return ACCEPTED;
      },
    },
  };
}

function extend(parts: Parts, call: Call, row: VolumeRow, size: number): void {
  const { cinder, quotas } = parts;
  const attached = since(call, 42) && row.status === "in-use";
  authorize(call, attached ? "volume:extend_attached_volume" : "volume:extend", "member", row.projectId);
  if (size <= row.size)
    throw invalidInput(
      `New size for extend must be greater than current size. (current: ${row.size}, extended: ${size}).`,
    );
  const expected = attached ? "in-use" : "available";
  if (row.status !== expected)
    throw invalidVolume(
      `Volume ${row.id} status must be '{'status': '${expected}'}' to extend, currently ${row.status}.`,
    );
  quotas.checkSize(call.caller.projectId, size);
  const more = size - row.size;
  quotas.check(row.projectId, { gigabytes: more }, row.typeId);
  row.previousStatus = row.status;
  row.status = "extending";
  row.growing = more;
  cinder.touch(cinder.volumes, row);
  parts.volumes.extend(row.id, size, call.id);
}

function retype(parts: Parts, call: Call, row: VolumeRow, body: Json): void {
  const { cinder, quotas } = parts;
  authorize(call, "volume:retype", "member", row.projectId);
  const type = typeByNameOrId(cinder, call.caller, String(body["new_type"]));
  if (isShared(type) !== row.multiattach && row.status !== "available")
    throw invalidInput(
      `Invalid volume_type passed, retypes affecting multiattach are only allowed on available volumes, the specified volume however currently has a status of: ${row.status}.`,
    );
  quotas.checkType(row.projectId, { volumes: 1, gigabytes: row.size }, type.id);
  const usual = row.status === "available" || row.status === "in-use";
  if (!usual || row.migrationStatus !== null || row.typeId === type.id)
    throw invalidVolume(
      "Retype needs volume to be in available or in-use state, not be part of an active migration or a consistency group, requested type has to be different that the one from the volume, and for in-use volumes front-end qos specs cannot change.",
    );
  row.previousStatus = row.status;
  row.status = "retyping";
  cinder.touch(cinder.volumes, row);
  parts.volumes.retype(row.id, type, body["migration_policy"] === "on-demand");
}

function revert(parts: Parts, call: Call, row: VolumeRow, wanted: string | undefined): void {
  const { cinder } = parts;
  const [latest] = cinder.snapshots.by("volume", row.id).sort((a, b) => b.created - a.created);
  if (!latest) throw bad(`Volume ${row.id} doesn't have any snapshots.`);
  if (latest.id !== wanted)
    throw bad(`Specified snapshot ${wanted ?? "None"} is None or not the latest one of volume ${row.id}.`);
  const cannot = `Can't revert volume ${row.id} to its latest snapshot ${latest.id}.`;
  if (row.size !== latest.size) throw bad(`${cannot} The volume size must be equal to the snapshot size.`);
  authorize(call, "volume:revert_to_snapshot", "member", row.projectId);
  if (row.status !== "available") throw conflict(`Invalid volume: ${cannot} Volume's status must be 'available'.`);
  if (latest.status !== "available")
    throw conflict(`Invalid snapshot: ${cannot} Snapshot's status must be 'available'.`);
  row.status = "reverting";
  latest.status = "restoring";
  cinder.touch(cinder.volumes, row);
  cinder.touch(cinder.snapshots, latest);
  parts.snapshots.revert(row.id, latest.id);
}

function adminActions(parts: Parts): Record<string, Action> {
  const { cinder } = parts;
  const find = (call: Call, action: string): VolumeRow => {
    const row = cinder.volume(call.caller, call.params["volume"]!);
    authorize(call, `volume_extension:volume_admin_actions:${action}`, "admin");
    return row;
  };
  return {
    "os-reset_status": {
      run(call, body) {
        resetStatus(parts, find(call, "reset_status"), body);
        return ACCEPTED;
      },
    },
    "os-force_delete": {
      run(call) {
        deleteVolume(parts, call, find(call, "force_delete"), { force: true });
        return ACCEPTED;
      },
    },
    "os-migrate_volume": {
      run(call, body) {
        const row = find(call, "migrate_volume");
        const host = text(body["host"]);
        if (!host)
          throw invalidInput(
            since(call, 16) ? "One and only one of cluster and host must be set." : "Host field is missing.",
          );
        const known = cinder.services.find(
          (service) => service.host === host.split("#")[0] && service.host.includes("@"),
        );
        if (!known) throw bad(`Invalid host: No available service named '${host}'`);
        throw invalidVolume(
          `Volume ${row.id} status must be available or in-use, must not be migrating, have snapshots, be replicated, be part of a group and destination host/cluster must be different than the current one`,
        );
      },
    },
  };
}

function resetStatus({ cinder }: Parts, row: VolumeRow, body: Json): void {
  const status = text(body["status"])?.toLowerCase();
  const attachStatus = text(body["attach_status"])?.toLowerCase();
  const migrationStatus = text(body["migration_status"])?.toLowerCase();
  if (status === "deleting") throw bad("Cannot reset-state to deleting");
  if (status === "in-use" && cinder.attachments.by("volume", row.id).length === 0)
    throw bad("Cannot reset-state to in-use because volume does not have any attachments.");
  if (status) row.status = status;
  if (attachStatus) row.attachStatus = attachStatus;
  if (migrationStatus) row.migrationStatus = migrationStatus === "none" ? null : migrationStatus;
  row.taken = false;
  cinder.touch(cinder.volumes, row);
  if (attachStatus === "detached")
    for (const { id } of cinder.attachments.by("volume", row.id)) finishDetach(cinder, row.id, id);
}

function imageMetadataActions({ cinder }: Parts): Record<string, Action> {
  const find = (call: Call, policy: string): VolumeRow => {
    const row = cinder.volume(call.caller, call.params["volume"]!);
    authorize(call, policy, policy.endsWith(":get_volume_metadata") ? "reader" : "member", row.projectId);
    return row;
  };
  return {
    "os-set_image_metadata": {
      run(call, body) {
        const row = find(call, "volume_extension:volume_image_metadata:set");
        row.imageMetadata = { ...row.imageMetadata, ...(body["metadata"] as Texts) };
        cinder.touch(cinder.volumes, row);
        return { status: 200, body: { metadata: row.imageMetadata } };
      },
    },
    "os-show_image_metadata": {
      run(call) {
        return { status: 200, body: { metadata: find(call, "volume:get_volume_metadata").imageMetadata } };
      },
    },
    "os-unset_image_metadata": {
      run(call, body) {
        const row = find(call, "volume_extension:volume_image_metadata:remove");
        const key = String(body["key"]);
        if (!Object.hasOwn(row.imageMetadata, key))
          throw notFound(`Glance metadata for volume/snapshot ${row.id} cannot be found.`);
        delete row.imageMetadata[key];
        cinder.touch(cinder.volumes, row);
        return empty(200);
      },
    },
  };
}
