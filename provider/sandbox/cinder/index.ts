import { route, type Service } from "../kernel/service.ts";
import type { World } from "../world.ts";
import { deadEnds } from "./api.ts";
import { attachmentRoutes } from "./attachments.ts";
import { BackupWork } from "./backup-work.ts";
import { backupRoutes } from "./backups.ts";
import { Cinder } from "./core.ts";
import { refuse } from "./errors.ts";
import { Files } from "./files.ts";
import { messageRoutes } from "./messages.ts";
import { metadataRoutes } from "./metadata.ts";
import { operationRoutes } from "./operations.ts";
import type { Parts } from "./parts.ts";
import { Processes } from "./processes.ts";
import { qosRoutes } from "./qos.ts";
import { Quotas, quotaRoutes } from "./quotas.ts";
import { seed } from "./seed.ts";
import { seldomRoutes } from "./seldom.ts";
import { SnapshotWork } from "./snapshot-work.ts";
import { snapshotRoutes } from "./snapshots.ts";
import { transferRoutes } from "./transfers.ts";
import { typeExtraRoutes } from "./type-extras.ts";
import { typeRoutes } from "./types.ts";
import { microversion, versionDocument } from "./versions.ts";
import { volumeActionRoutes } from "./volume-actions.ts";
import { VolumeWork } from "./volume-work.ts";
import { volumeRoutes } from "./volumes.ts";

/** Cinder: volumes, their snapshots and backups, and what machines they are attached to. */
export function cinder(world: World): Service {
  const parts = partsOf(world);
  const state = parts.cinder;
  return {
    name: "cinder",
    type: "block-storage",
    prefix: "/volume",
    suffix: "/v3/{project}",
    daemon: "cinder-api",
    routes: [
      route("GET", "/", (call) => versionDocument(call, 300), { public: true }),
      route("GET", "/v3/", (call) => versionDocument(call, 200)),
      route("GET", "/v3", (call) => ({ status: 302, headers: { Location: `${call.base}/v3/` } })),
      route("GET", "/healthcheck", () => ({ status: 200, body: "OK" }), { public: true }),
      ...volumeRoutes(parts),
      ...volumeActionRoutes(parts),
      ...metadataRoutes(state),
      ...attachmentRoutes(parts),
      ...snapshotRoutes(parts),
      ...backupRoutes(parts),
      ...typeRoutes(state),
      ...typeExtraRoutes(state),
      ...qosRoutes(state),
      ...quotaRoutes(state, parts.quotas),
      ...messageRoutes(state),
      ...transferRoutes(parts),
      ...operationRoutes(parts),
      ...seldomRoutes(parts),
      ...deadEnds(),
    ],
    version: microversion,
    refuse,
    headers: ({ id }) => ({ "x-openstack-request-id": id, "x-compute-request-id": id }),
    stateOf({ params }) {
      const volume = state.volumes.get(params["volume"] ?? "");
      return volume && { status: volume.status, size: volume.size };
    },
    seed: (fleet) => seed(state, fleet),
    start(restarted) {
      if (!restarted) return;
      const { volumes, snapshots, backups } = parts;
      for (const work of [snapshots, volumes, backups]) {
        work.resume();
        work.recover();
      }
    },
  };
}

function partsOf(world: World): Parts {
  const state = new Cinder(world);
  const files = new Files(world);
  const processes = new Processes(world, (process) => {
    if (process === "cinder-volume") {
      snapshots.recover();
      volumes.recover();
    }
    if (process === "cinder-backup") backups.recover();
  });
  const volumes = new VolumeWork(state, processes, files);
  const snapshots = new SnapshotWork(state, processes, files);
  const backups = new BackupWork(state, processes, files, volumes);
  volumes.snapshots = snapshots;
  volumes.backups = backups;
  return { cinder: state, quotas: new Quotas(state), processes, volumes, snapshots, backups };
}
